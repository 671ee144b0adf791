//! The only SQL of closing a retailer.

use crate::error::{Error, Result};
use crate::platform::db::schema::{
    directory_closings as closings, directory_erasures as erasures, directory_staff as places,
};
use crate::platform::db::{SystemTx, Tx};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Integer, Jsonb, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::Value;
use std::collections::BTreeMap;
use tillwatch_shared::ids::{ErasureId, TenantId};
use tillwatch_shared::tenant::TenantState;
use uuid::Uuid;

/// A retailer that is being closed, or was to be.
#[derive(Clone, Debug)]
pub(super) struct Closing {
    pub(super) id: ErasureId,
    pub(super) tenant: TenantId,
    pub(super) name_hash: Vec<u8>,
    pub(super) state_before: TenantState,
    pub(super) asked_at: DateTime<Utc>,
    pub(super) closes_at: DateTime<Utc>,
    pub(super) kept_open_at: Option<DateTime<Utc>>,
    pub(super) counts: Value,
}

type Row = (Uuid, Uuid, Vec<u8>, String, DateTime<Utc>, DateTime<Utc>, Option<DateTime<Utc>>, Value);

fn kept((id, tenant, name_hash, state_before, asked_at, closes_at, kept_open_at, counts): Row) -> Result<Closing> {
    let (id, tenant) = (ErasureId(id), TenantId(tenant));
    let state_before = state_before.parse().map_err(Error::internal)?;
    Ok(Closing { id, tenant, name_hash, state_before, asked_at, closes_at, kept_open_at, counts })
}

pub(super) async fn insert(tx: &mut Tx, closing: &Closing) -> Result<()> {
    diesel::insert_into(closings::table)
        .values((
            closings::erasure_id.eq(closing.id.0),
            closings::for_tenant.eq(closing.tenant.0),
            closings::name_hash.eq(&closing.name_hash),
            closings::state_before.eq(closing.state_before.as_str()),
            closings::asked_at.eq(closing.asked_at),
            closings::closes_at.eq(closing.closes_at),
            closings::counts.eq(&closing.counts),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

/// The closing of a retailer that was not kept open.
pub(super) async fn open(tx: &mut SystemTx, tenant: TenantId) -> Result<Option<Closing>> {
    let query = closings::table.filter(closings::for_tenant.eq(tenant.0)).filter(closings::kept_open_at.is_null());
    query.first::<Row>(&mut **tx).await.optional()?.map(kept).transpose()
}

/// A closing by its erasure's id.
pub(super) async fn closing(tx: &mut SystemTx, id: ErasureId) -> Result<Option<Closing>> {
    let query = closings::table.filter(closings::erasure_id.eq(id.0));
    query.first::<Row>(&mut **tx).await.optional()?.map(kept).transpose()
}

/// A closing, locked, unless it was kept open or is over.
pub(super) async fn lock(tx: &mut SystemTx, id: ErasureId) -> Result<Option<Closing>> {
    let query =
        closings::table.filter(closings::erasure_id.eq(id.0)).filter(closings::kept_open_at.is_null()).for_update();
    query.first::<Row>(&mut **tx).await.optional()?.map(kept).transpose()
}

/// Keeps a retailer open whose time has not come.
pub(super) async fn keep_open(tx: &mut SystemTx, tenant: TenantId, now: DateTime<Utc>) -> Result<()> {
    let open = closings::table
        .filter(closings::for_tenant.eq(tenant.0))
        .filter(closings::kept_open_at.is_null())
        .filter(closings::closes_at.gt(now));
    diesel::update(open).set(closings::kept_open_at.eq(now)).execute(&mut **tx).await?;
    Ok(())
}

/// What a retailer was before the newest closing that it was kept open from.
pub(super) async fn state_before(tx: &mut SystemTx, tenant: TenantId) -> Result<Option<TenantState>> {
    let before: Option<String> = closings::table
        .select(closings::state_before)
        .filter(closings::for_tenant.eq(tenant.0))
        .filter(closings::kept_open_at.is_not_null())
        .order(closings::asked_at.desc())
        .first(&mut **tx)
        .await
        .optional()?;
    before.map(|before| before.parse().map_err(Error::internal)).transpose()
}

/// Up to `most` closings that were due before `before`.
pub(super) async fn due(tx: &mut SystemTx, before: DateTime<Utc>, most: i64) -> Result<Vec<(ErasureId, TenantId)>> {
    let found: Vec<(Uuid, Uuid)> = closings::table
        .select((closings::erasure_id, closings::for_tenant))
        .filter(closings::kept_open_at.is_null())
        .filter(closings::closes_at.le(before))
        .order(closings::closes_at)
        .limit(most)
        .load(&mut **tx)
        .await?;
    Ok(found.into_iter().map(|(id, tenant)| (ErasureId(id), TenantId(tenant))).collect())
}

pub(super) async fn count(tx: &mut SystemTx, id: ErasureId, counts: &Value) -> Result<()> {
    diesel::update(closings::table.filter(closings::erasure_id.eq(id.0)))
        .set(closings::counts.eq(counts))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// A certificate, its key, and when the last row was gone.
pub(super) async fn erasure(tx: &mut SystemTx, id: ErasureId) -> Result<Option<(String, Value, DateTime<Utc>)>> {
    Ok(erasures::table
        .select((erasures::certificate, erasures::key, erasures::erased_at))
        .filter(erasures::erasure_id.eq(id.0))
        .first(&mut **tx)
        .await
        .optional()?)
}

pub(super) async fn insert_erasure(
    tx: &mut SystemTx,
    id: ErasureId,
    certificate: &str,
    key: &Value,
    at: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(erasures::table)
        .values((
            erasures::erasure_id.eq(id.0),
            erasures::certificate.eq(certificate),
            erasures::key.eq(key),
            erasures::erased_at.eq(at),
        ))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Forgets the closings of a retailer of whom nothing else is left.
pub(super) async fn forget(tx: &mut SystemTx, tenant: TenantId) -> Result<()> {
    diesel::delete(closings::table.filter(closings::for_tenant.eq(tenant.0))).execute(&mut **tx).await?;
    Ok(())
}

#[derive(QueryableByName)]
struct Erased {
    #[diesel(sql_type = Jsonb)]
    erased: Value,
}

/// Erases up to `most` rows of the retailer's own tables; how many of each, none when none was left.
pub(super) async fn erase_rows(tx: &mut SystemTx, tenant: TenantId, most: i32) -> Result<BTreeMap<String, i64>> {
    let row: Erased = diesel::sql_query("SELECT tillwatch_erase($1, $2) AS erased")
        .bind::<SqlUuid, _>(tenant.0)
        .bind::<Integer, _>(most)
        .get_result(&mut **tx)
        .await?;
    serde_json::from_value(row.erased).map_err(Error::internal)
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// The local tables that have a column, as the catalogue lists them, quoted.
async fn local_tables(tx: &mut SystemTx, column: &str) -> Result<Vec<Name>> {
    Ok(diesel::sql_query(
        "SELECT quote_ident(c.relname) AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = $1 \
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition \
         AND NOT EXISTS (SELECT FROM pg_attribute o WHERE o.attrelid = c.oid AND o.attname = 'tenant_id') ORDER BY 1",
    )
    .bind::<Text, _>(column)
    .load(&mut **tx)
    .await?)
}

/// Erases up to `most` rows of each local table that names the retailer, and the logins that have no other place; how
/// many of each, none when none was left. The closing itself stays.
pub(super) async fn erase_local(tx: &mut SystemTx, tenant: TenantId, most: i32) -> Result<BTreeMap<String, i64>> {
    let mut erased = BTreeMap::new();
    let mut count = |name: &str, rows: usize| {
        if rows > 0 {
            *erased.entry(name.to_owned()).or_default() += i64::try_from(rows).unwrap_or(i64::MAX);
        }
    };
    for Name { name } in local_tables(tx, "for_tenant").await? {
        if name == "directory_closings" || name == "directory_staff" {
            continue;
        }
        let delete = format!(
            "DELETE FROM {name} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {name} WHERE for_tenant = $1 LIMIT $2))"
        );
        let delete = diesel::sql_query(delete).bind::<SqlUuid, _>(tenant.0).bind::<Integer, _>(most);
        count(&name, delete.execute(&mut **tx).await?);
    }
    let logins: Vec<Uuid> = places::table
        .select(places::login_id)
        .filter(places::for_tenant.eq(tenant.0))
        .limit(i64::from(most))
        .load(&mut **tx)
        .await?;
    let elsewhere: Vec<Uuid> = places::table
        .select(places::login_id)
        .filter(places::login_id.eq_any(&logins))
        .filter(places::for_tenant.ne(tenant.0))
        .load(&mut **tx)
        .await?;
    let here = places::table.filter(places::for_tenant.eq(tenant.0)).filter(places::login_id.eq_any(&logins));
    count("directory_staff", diesel::delete(here).execute(&mut **tx).await?);
    // Somebody who joins another retailer at this moment keeps the login from being deleted (`directory_staff_login`): all
    // of this is undone then, and done again without them.
    let lone: Vec<Uuid> = logins.iter().copied().filter(|login| !elsewhere.contains(login)).collect();
    for Name { name } in local_tables(tx, "login_id").await? {
        if name == "directory_staff" {
            continue;
        }
        let delete = diesel::sql_query(format!("DELETE FROM {name} WHERE login_id = ANY ($1)"));
        count(&name, delete.bind::<Array<SqlUuid>, _>(&lone).execute(&mut **tx).await?);
    }
    Ok(erased)
}
