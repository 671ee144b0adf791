//! The only SQL of limits: what is used.

use crate::error::Result;
use crate::platform::db::Tx;
use crate::platform::db::schema::{api_tokens, daily_usage as usage, staff};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::TenantId;

pub(super) async fn samples(tx: &mut Tx, tenant: TenantId, day: NaiveDate) -> Result<i64> {
    let used: Option<i64> = usage::table
        .select(usage::samples)
        .filter(usage::tenant_id.eq(tenant.0))
        .filter(usage::day.eq(day))
        .first(tx)
        .await
        .optional()?;
    Ok(used.unwrap_or(0))
}

/// Adds to the day's count; the count behind it.
pub(super) async fn add_samples(tx: &mut Tx, tenant: TenantId, day: NaiveDate, more: i64) -> Result<i64> {
    Ok(diesel::insert_into(usage::table)
        .values((usage::tenant_id.eq(tenant.0), usage::day.eq(day), usage::samples.eq(more)))
        .on_conflict((usage::tenant_id, usage::day))
        .do_update()
        .set(usage::samples.eq(usage::samples + excluded(usage::samples)))
        .returning(usage::samples)
        .get_result(tx)
        .await?)
}

/// Staff who may sign in.
pub(super) async fn staff(tx: &mut Tx, tenant: TenantId) -> Result<i64> {
    let working = staff::table.filter(staff::tenant_id.eq(tenant.0)).filter(staff::disabled_at.is_null());
    Ok(working.count().get_result(tx).await?)
}

/// Tokens that work.
pub(super) async fn tokens(tx: &mut Tx, tenant: TenantId, now: DateTime<Utc>) -> Result<i64> {
    let working = api_tokens::table
        .filter(api_tokens::tenant_id.eq(tenant.0))
        .filter(api_tokens::revoked_at.is_null())
        .filter(api_tokens::expires_at.gt(now));
    Ok(working.count().get_result(tx).await?)
}
