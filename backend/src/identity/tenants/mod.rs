//! Retailers and their settings: the language, time zone and currency that everything else is counted in.
//!
//! Cast: [`Settings`], [`Standing`] (whether a retailer is served, and what it may use), [`operator`] (what only the
//! operator of the service changes), `model` (pure). Invariants: one row a retailer; a time zone is one that `chrono-tz` knows,
//! a currency three capital letters, so whoever reads them need not check again; the time zone is settled with the first
//! sample and the currency with the first amount. While a retailer is suspended nobody of it gets in within a second,
//! its jobs and deliveries wait, and nothing of it is lost; while it is closing it is read and copied, and not changed.

mod model;
pub mod operator;
pub mod routes;
mod store;

pub use model::{Limits, OwnLimits, Standing};

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::platform::db::Tx;
use crate::platform::http::params::IfMatch;
use crate::platform::http::who::Who;
use chrono::{DateTime, Utc, Weekday};
use chrono_tz::Tz;
use serde_json::json;
use tillwatch_shared::Locale;
use tillwatch_shared::identity::Tenant;
use tillwatch_shared::ids::TenantId;
use tillwatch_shared::sessions::SecondFactorRule;
use tillwatch_shared::tenant::{TenantSettings, TenantState, UpdateTenant, WeekDay};

/// A retailer's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The retailer.
    pub id: TenantId,
    /// Its name.
    pub name: String,
    /// Language of messages.
    pub locale: Locale,
    /// Hours and days are counted in it.
    pub time_zone: Tz,
    /// ISO 4217 currency of every money metric.
    pub currency: String,
    /// When it signed up.
    pub created_at: DateTime<Utc>,
}

impl Settings {
    /// As the wire shows it.
    pub fn to_wire(&self) -> Tenant {
        Tenant {
            id: self.id,
            name: self.name.clone(),
            locale: self.locale,
            time_zone: self.time_zone.name().to_owned(),
            currency: self.currency.clone(),
        }
    }
}

/// The settings of the retailer that asks, all of them.
///
/// # Errors
/// When the database fails.
pub async fn get(app: &App, who: &Who) -> Result<TenantSettings> {
    app.db.read(who, async |tx| store::all_settings(tx, who.tenant).await).await
}

/// Changes settings. When nothing differs, nothing is written and the version stays.
///
/// # Errors
/// 412 when `version` is stale, 422 with every wrong field, 409 for another time zone once something was counted (its
/// hours and days are another zone's) and for another currency once there is an amount.
pub async fn update(app: &App, who: &Who, version: &IfMatch, wanted: UpdateTenant) -> Result<TenantSettings> {
    model::check(&wanted)?;
    app.db
        .write(who, async |tx| {
            let before = store::lock(tx, who.tenant).await?;
            version.check(before.version)?;
            let mut after = model::changed(&before, wanted);
            let Some((was, is)) = model::difference(&before, &after)? else { return Ok(before) };
            let (zone, currency) = (after.time_zone != before.time_zone, after.currency != before.currency);
            let counted = (zone || currency) && store::has_counted(tx, who.tenant).await?;
            if zone && counted {
                return Err(Error::conflict(
                    "Samples were counted in hours and days of the present time zone, so it cannot be changed any more.",
                ));
            }
            if currency && (counted || store::has_budgets(tx, who.tenant).await?) {
                return Err(Error::conflict(
                    "There are amounts in the present currency (samples or budgets), so it cannot be changed any more.",
                ));
            }
            after.version += 1;
            store::update(tx, &after).await?;
            let object = Some(who.tenant.to_string());
            let (before, changes) = (Some(was), Some(is));
            let entry = Entry { action: "tenant.changed", object, before, after: changes, ..Entry::default() };
            audit::record(tx, who, entry).await?;
            Ok(after)
        })
        .await
}

/// How `tenant` stands with the service.
///
/// # Errors
/// When the database fails.
pub async fn standing(tx: &mut Tx, tenant: TenantId) -> Result<Standing> {
    store::standing(tx, tenant).await
}

/// As [`standing`], and nobody else changes it or counts by it until the transaction ends.
///
/// # Errors
/// 404 for a retailer that is not there.
pub async fn lock_standing(tx: &mut Tx, tenant: TenantId) -> Result<Standing> {
    store::lock_standing(tx, tenant).await
}

/// The time zone in which samples are counted now, which stays so until the transaction ends, and how the retailer
/// stands.
///
/// # Errors
/// When the database fails.
pub async fn for_counting(tx: &mut Tx, tenant: TenantId) -> Result<(Tz, Standing)> {
    let (zone, standing) = store::counting_zone(tx, tenant).await?;
    Ok((zone.parse().map_err(Error::internal)?, standing))
}

/// Asks a second factor of these staff from now on: within a second they reach nothing before they have enrolled one.
/// `false` when it was so.
///
/// # Errors
/// When the database fails.
pub async fn require_second_factor(app: &App, who: &Who, rule: SecondFactorRule) -> Result<bool> {
    app.db
        .write(who, async |tx| {
            let Some(was) = store::set_second_factor(tx, who.tenant, rule).await? else { return Ok(false) };
            let (before, after) = (Some(json!({ "second_factor": was })), Some(json!({ "second_factor": rule })));
            let object = Some(who.tenant.to_string());
            let entry = Entry { action: "tenant.second_factor_changed", object, before, after, ..Entry::default() };
            audit::record(tx, who, entry).await?;
            Ok(true)
        })
        .await
}

/// The first day of `tenant`'s week.
///
/// # Errors
/// When the tenant is not there or the database fails.
pub async fn week_start(tx: &mut Tx, tenant: TenantId) -> Result<Weekday> {
    Ok(match store::week_start(tx, tenant).await? {
        WeekDay::Mon => Weekday::Mon,
        WeekDay::Tue => Weekday::Tue,
        WeekDay::Wed => Weekday::Wed,
        WeekDay::Thu => Weekday::Thu,
        WeekDay::Fri => Weekday::Fri,
        WeekDay::Sat => Weekday::Sat,
        WeekDay::Sun => Weekday::Sun,
    })
}

/// The settings of `tenant`.
///
/// # Errors
/// When the tenant is not there or the database fails.
pub async fn settings(tx: &mut Tx, tenant: TenantId) -> Result<Settings> {
    store::settings(tx, tenant).await
}

/// Whether two people resume what a stop-loss of `tenant` paused.
///
/// # Errors
/// When the tenant is not there or the database fails.
pub async fn resume_needs_two(tx: &mut Tx, tenant: TenantId) -> Result<bool> {
    Ok(store::all_settings(tx, tenant).await?.resume_needs_two)
}

/// Locks the retailer's row until `tx` ends, for what one retailer does one after the other. Rows that refer to the
/// retailer can be written meanwhile.
///
/// # Errors
/// When the database fails.
pub async fn lock(tx: &mut Tx, tenant: TenantId) -> Result<()> {
    store::lock_standing(tx, tenant).await?;
    Ok(())
}

/// Sets whether a retailer is served, as part of `tx`, which has locked its row.
///
/// # Errors
/// When the database fails.
pub async fn set_state(tx: &mut Tx, tenant: TenantId, state: TenantState, at: DateTime<Utc>) -> Result<()> {
    store::set_state(tx, tenant, state, at).await
}

/// Makes a retailer, as part of its sign-up.
///
/// # Errors
/// When the database fails.
pub async fn create(tx: &mut Tx, settings: &Settings) -> Result<()> {
    store::insert(tx, settings).await
}
