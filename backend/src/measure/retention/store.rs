//! The only SQL of retention.

use super::model::Retention;
use crate::error::{Error, Result};
use crate::platform::db::Tx;
use crate::platform::db::schema::{sample_retention as table, samples};
use chrono::{DateTime, Utc};
use diesel::dsl::{exists, select};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::TenantId;

/// What a retailer keeps; the usual where it said nothing.
pub(super) async fn get(tx: &mut Tx, tenant: TenantId) -> Result<Retention> {
    type Row = (i32, Option<DateTime<Utc>>, Option<DateTime<Utc>>, i64);
    let row: Option<Row> = table::table
        .select((table::months, table::kept_from, table::marked_at, table::version))
        .filter(table::tenant_id.eq(tenant.0))
        .first(tx)
        .await
        .optional()?;
    let Some((months, kept_from, marked_at, version)) = row else { return Ok(Retention::default()) };
    Ok(Retention { months: u16::try_from(months).map_err(Error::internal)?, mark: kept_from.zip(marked_at), version })
}

/// Writes what a retailer keeps.
pub(super) async fn put(tx: &mut Tx, tenant: TenantId, retention: &Retention) -> Result<()> {
    let values = || {
        (
            table::months.eq(i32::from(retention.months)),
            table::kept_from.eq(retention.mark.map(|(kept_from, _)| kept_from)),
            table::marked_at.eq(retention.mark.map(|(_, set)| set)),
            table::version.eq(retention.version),
        )
    };
    diesel::insert_into(table::table)
        .values((table::tenant_id.eq(tenant.0), values()))
        .on_conflict(table::tenant_id)
        .do_update()
        .set(values())
        .execute(tx)
        .await?;
    Ok(())
}

/// Whether there is a sample before `mark`.
pub(super) async fn has_before(tx: &mut Tx, tenant: TenantId, mark: DateTime<Utc>) -> Result<bool> {
    let older = samples::table.filter(samples::tenant_id.eq(tenant.0)).filter(samples::at.lt(mark));
    Ok(select(exists(older)).get_result(tx).await?)
}

/// Removes up to `most` samples before `mark`; how many it removed.
pub(super) async fn remove(tx: &mut Tx, tenant: TenantId, mark: DateTime<Utc>, most: i64) -> Result<i64> {
    let removed = diesel::sql_query(
        "DELETE FROM samples AS s USING ( \
             SELECT o.series_id, o.at, o.source_key FROM samples AS o \
             WHERE o.tenant_id = $1 AND o.at < $2 LIMIT $3) AS old \
         WHERE s.tenant_id = $1 AND s.at < $2 AND s.series_id = old.series_id AND s.at = old.at \
         AND s.source_key = old.source_key",
    )
    .bind::<SqlUuid, _>(tenant.0)
    .bind::<Timestamptz, _>(mark)
    .bind::<BigInt, _>(most)
    .execute(tx)
    .await?;
    i64::try_from(removed).map_err(Error::internal)
}
