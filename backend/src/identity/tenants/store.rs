//! The only SQL of retailers.

use super::Settings;
use super::model::{OwnLimits, Standing, quiet_hours};
use crate::error::{Error, Result};
use crate::platform::db::Tx;
use crate::platform::db::schema::{campaigns, series, tenants};
use crate::platform::time_of_day;
use chrono::{DateTime, Utc};
use diesel::dsl::{exists, select};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::TenantId;
use tillwatch_shared::sessions::SecondFactorRule;
use tillwatch_shared::tenant::{Plan, TenantSettings, TenantState, WeekDay};

pub(super) async fn settings(tx: &mut Tx, tenant: TenantId) -> Result<Settings> {
    type Row = (String, String, String, String, DateTime<Utc>);
    let (name, locale, time_zone, currency, created_at): Row = tenants::table
        .select((tenants::name, tenants::locale, tenants::time_zone, tenants::currency, tenants::created_at))
        .filter(tenants::tenant_id.eq(tenant.0))
        .first(tx)
        .await?;
    Ok(Settings {
        id: tenant,
        name,
        locale: locale.parse().map_err(Error::internal)?,
        time_zone: time_zone.parse().map_err(Error::internal)?,
        currency,
        created_at,
    })
}

pub(super) async fn week_start(tx: &mut Tx, tenant: TenantId) -> Result<WeekDay> {
    let week: String =
        tenants::table.select(tenants::fiscal_week_start).filter(tenants::tenant_id.eq(tenant.0)).first(tx).await?;
    week.parse().map_err(Error::internal)
}

pub(super) async fn insert(tx: &mut Tx, settings: &Settings) -> Result<()> {
    diesel::insert_into(tenants::table)
        .values((
            tenants::tenant_id.eq(settings.id.0),
            tenants::name.eq(&settings.name),
            tenants::locale.eq(settings.locale.as_str()),
            tenants::time_zone.eq(settings.time_zone.name()),
            tenants::currency.eq(&settings.currency),
            tenants::created_at.eq(settings.created_at),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = tenants)]
struct Row {
    name: String,
    locale: String,
    time_zone: String,
    currency: String,
    fiscal_week_start: String,
    quiet_from: Option<i32>,
    quiet_until: Option<i32>,
    residency: Option<String>,
    resume_needs_two: bool,
    plan: String,
    state: String,
    created_at: DateTime<Utc>,
    version: i64,
}

impl Row {
    fn into_settings(self, id: TenantId) -> Result<TenantSettings> {
        Ok(TenantSettings {
            id,
            name: self.name,
            locale: self.locale.parse().map_err(Error::internal)?,
            time_zone: self.time_zone,
            currency: self.currency,
            fiscal_week_start: self.fiscal_week_start.parse().map_err(Error::internal)?,
            quiet_hours: quiet_hours(self.quiet_from, self.quiet_until),
            residency: self.residency,
            resume_needs_two: self.resume_needs_two,
            plan: self.plan.parse().map_err(Error::internal)?,
            state: self.state.parse().map_err(Error::internal)?,
            created_at: self.created_at,
            version: self.version,
        })
    }
}

pub(super) async fn all_settings(tx: &mut Tx, tenant: TenantId) -> Result<TenantSettings> {
    let row: Row = tenants::table.select(Row::as_select()).filter(tenants::tenant_id.eq(tenant.0)).first(tx).await?;
    row.into_settings(tenant)
}

/// The settings, locked even against whoever refers to the retailer for the first time: a series that is made at this
/// moment is waited for.
pub(super) async fn lock(tx: &mut Tx, tenant: TenantId) -> Result<TenantSettings> {
    let row: Row =
        tenants::table.select(Row::as_select()).filter(tenants::tenant_id.eq(tenant.0)).for_update().first(tx).await?;
    row.into_settings(tenant)
}

pub(super) async fn update(tx: &mut Tx, is: &TenantSettings) -> Result<()> {
    let minute = |text: Option<&String>| text.and_then(|text| time_of_day::parse(text));
    diesel::update(tenants::table.filter(tenants::tenant_id.eq(is.id.0)))
        .set((
            tenants::name.eq(&is.name),
            tenants::locale.eq(is.locale.as_str()),
            tenants::time_zone.eq(&is.time_zone),
            tenants::currency.eq(&is.currency),
            tenants::fiscal_week_start.eq(is.fiscal_week_start.as_str()),
            tenants::quiet_from.eq(minute(is.quiet_hours.as_ref().map(|quiet| &quiet.from))),
            tenants::quiet_until.eq(minute(is.quiet_hours.as_ref().map(|quiet| &quiet.until))),
            tenants::residency.eq(&is.residency),
            tenants::resume_needs_two.eq(is.resume_needs_two),
            tenants::version.eq(is.version),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

/// Whether anything was ever counted: a series is made with its first sample and never removed.
pub(super) async fn has_counted(tx: &mut Tx, tenant: TenantId) -> Result<bool> {
    Ok(select(exists(series::table.filter(series::tenant_id.eq(tenant.0)))).get_result(tx).await?)
}

/// Whether a campaign has a budget.
pub(super) async fn has_budgets(tx: &mut Tx, tenant: TenantId) -> Result<bool> {
    let found =
        campaigns::table.filter(campaigns::tenant_id.eq(tenant.0)).filter(campaigns::budget_minor.is_not_null());
    Ok(select(exists(found)).get_result(tx).await?)
}

/// The time zone in which a retailer's samples are counted. Before the first of them it could still be changed, so then
/// it is kept from being changed until the transaction ends.
pub(super) async fn counting_zone(tx: &mut Tx, tenant: TenantId) -> Result<(String, Standing)> {
    let counted = exists(series::table.filter(series::tenant_id.eq(tenant.0)));
    let (zone, standing, counted): (String, StandingRow, bool) = tenants::table
        .select((tenants::time_zone, StandingRow::as_select(), counted))
        .filter(tenants::tenant_id.eq(tenant.0))
        .first(tx)
        .await?;
    let standing = standing.into_standing()?;
    if counted {
        return Ok((zone, standing));
    }
    let kept: String = tenants::table
        .select(tenants::time_zone)
        .filter(tenants::tenant_id.eq(tenant.0))
        .for_key_share()
        .first(tx)
        .await?;
    Ok((kept, standing))
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = tenants)]
struct StandingRow {
    state: String,
    plan: String,
    limit_requests_per_minute: Option<i64>,
    limit_concurrent_requests: Option<i64>,
    limit_samples_per_day: Option<i64>,
    limit_staff: Option<i64>,
    limit_api_tokens: Option<i64>,
}

impl StandingRow {
    fn into_standing(self) -> Result<Standing> {
        Ok(Standing {
            state: self.state.parse().map_err(Error::internal)?,
            plan: self.plan.parse().map_err(Error::internal)?,
            own: OwnLimits {
                requests_per_minute: self.limit_requests_per_minute,
                concurrent_requests: self.limit_concurrent_requests,
                samples_per_day: self.limit_samples_per_day,
                staff: self.limit_staff,
                api_tokens: self.limit_api_tokens,
            },
        })
    }
}

pub(super) async fn standing(tx: &mut Tx, tenant: TenantId) -> Result<Standing> {
    let row: StandingRow =
        tenants::table.select(StandingRow::as_select()).filter(tenants::tenant_id.eq(tenant.0)).first(tx).await?;
    row.into_standing()
}

/// The standing, locked against others who would change or count by it.
pub(super) async fn lock_standing(tx: &mut Tx, tenant: TenantId) -> Result<Standing> {
    let row: StandingRow = tenants::table
        .select(StandingRow::as_select())
        .filter(tenants::tenant_id.eq(tenant.0))
        .for_no_key_update()
        .first(tx)
        .await
        .optional()?
        .ok_or_else(|| Error::not_found("retailer"))?;
    row.into_standing()
}

pub(super) async fn set_plan(tx: &mut Tx, tenant: TenantId, plan: Plan) -> Result<()> {
    diesel::update(tenants::table.filter(tenants::tenant_id.eq(tenant.0)))
        .set((tenants::plan.eq(plan.as_str()), tenants::version.eq(tenants::version + 1)))
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn set_limits(tx: &mut Tx, tenant: TenantId, own: &OwnLimits) -> Result<()> {
    diesel::update(tenants::table.filter(tenants::tenant_id.eq(tenant.0)))
        .set((
            tenants::limit_requests_per_minute.eq(own.requests_per_minute),
            tenants::limit_concurrent_requests.eq(own.concurrent_requests),
            tenants::limit_samples_per_day.eq(own.samples_per_day),
            tenants::limit_staff.eq(own.staff),
            tenants::limit_api_tokens.eq(own.api_tokens),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn set_state(tx: &mut Tx, tenant: TenantId, state: TenantState, now: DateTime<Utc>) -> Result<()> {
    diesel::update(tenants::table.filter(tenants::tenant_id.eq(tenant.0)))
        .set((
            tenants::state.eq(state.as_str()),
            tenants::state_since.eq(now),
            tenants::version.eq(tenants::version + 1),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

/// Sets of whom a second factor is asked; the rule before, or nothing when it was so.
pub(super) async fn set_second_factor(
    tx: &mut Tx,
    tenant: TenantId,
    rule: SecondFactorRule,
) -> Result<Option<SecondFactorRule>> {
    let before: String = tenants::table
        .select(tenants::second_factor)
        .filter(tenants::tenant_id.eq(tenant.0))
        .for_no_key_update()
        .first(tx)
        .await?;
    let before = before.parse().map_err(Error::internal)?;
    if before == rule {
        return Ok(None);
    }
    diesel::update(tenants::table.filter(tenants::tenant_id.eq(tenant.0)))
        .set(tenants::second_factor.eq(rule.as_str()))
        .execute(tx)
        .await?;
    Ok(Some(before))
}
