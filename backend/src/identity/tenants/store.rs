//! The only SQL of retailers.

use super::Settings;
use crate::error::{Error, Result};
use crate::platform::db::Tx;
use crate::platform::db::schema::tenants;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::TenantId;
use tillwatch_shared::sessions::SecondFactorRule;

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

/// Sets of whom a second factor is asked; the rule before, or nothing when it was so.
pub(super) async fn set_second_factor(
    tx: &mut Tx,
    tenant: TenantId,
    rule: SecondFactorRule,
) -> Result<Option<SecondFactorRule>> {
    let before: String = tenants::table
        .select(tenants::second_factor)
        .filter(tenants::tenant_id.eq(tenant.0))
        .for_update()
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
