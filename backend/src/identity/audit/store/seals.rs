//! The seals, and entries as they are sealed.

use crate::error::Result;
use crate::identity::audit::canon::{Hash, Sealable};
use crate::identity::audit::seal::{Link, Seal};
use crate::platform::db::Tx;
use crate::platform::db::schema::{audit_entries as audit, audit_seals as seals};
use chrono::{DateTime, Utc};
use diesel::dsl::{exists, select, sql};
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use tillwatch_shared::ids::{AuditId, TenantId};
use uuid::Uuid;

/// The newest seal, without its entries.
#[derive(Clone, Debug)]
pub(in crate::identity::audit) struct Head {
    pub(in crate::identity::audit) link: Link,
    pub(in crate::identity::audit) kid: String,
    pub(in crate::identity::audit) signature: [u8; 64],
    pub(in crate::identity::audit) sealed_at: DateTime<Utc>,
}

/// Bytes of a fixed length. A row of another length was made by hand, and zeros do not verify.
fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().unwrap_or([0; N])
}

pub(in crate::identity::audit) async fn head(tx: &mut Tx, tenant: TenantId) -> Result<Option<Head>> {
    type Row = (i64, Vec<u8>, Uuid, String, Vec<u8>, DateTime<Utc>);
    let row: Option<Row> = seals::table
        .select((seals::number, seals::hash, seals::through, seals::key_id, seals::signature, seals::sealed_at))
        .filter(seals::tenant_id.eq(tenant.0))
        .order(seals::number.desc())
        .first(tx)
        .await
        .optional()?;
    Ok(row.map(|(number, hash, through, kid, signature, sealed_at)| Head {
        link: Link { number, hash: fixed(&hash), through },
        kid,
        signature: fixed(&signature),
        sealed_at,
    }))
}

/// The link that the seal behind `number` is tied to; `None` when there is no such seal.
pub(in crate::identity::audit) async fn link(tx: &mut Tx, tenant: TenantId, number: i64) -> Result<Option<Link>> {
    let row: Option<(Vec<u8>, Uuid)> = seals::table
        .select((seals::hash, seals::through))
        .filter(seals::tenant_id.eq(tenant.0))
        .filter(seals::number.eq(number))
        .first(tx)
        .await
        .optional()?;
    Ok(row.map(|(hash, through)| Link { number, hash: fixed(&hash), through }))
}

/// Whether a seal has this hash.
pub(in crate::identity::audit) async fn has_hash(tx: &mut Tx, tenant: TenantId, hash: &Hash) -> Result<bool> {
    let found = seals::table.filter(seals::tenant_id.eq(tenant.0)).filter(seals::hash.eq(hash.as_slice()));
    Ok(select(exists(found)).get_result(tx).await?)
}

/// Up to `most` seals behind the one with number `after`.
pub(in crate::identity::audit) async fn seals(
    tx: &mut Tx,
    tenant: TenantId,
    after: i64,
    most: i64,
) -> Result<Vec<Seal>> {
    #[derive(Queryable, Selectable)]
    #[diesel(table_name = seals)]
    struct Row {
        number: i64,
        form: i32,
        entries: Vec<Uuid>,
        hashes: Vec<u8>,
        through: Uuid,
        previous_hash: Vec<u8>,
        hash: Vec<u8>,
        signature: Vec<u8>,
        key_id: String,
        sealed_at: DateTime<Utc>,
    }
    let rows: Vec<Row> = seals::table
        .select(Row::as_select())
        .filter(seals::tenant_id.eq(tenant.0))
        .filter(seals::number.gt(after))
        .order(seals::number)
        .limit(most)
        .load(tx)
        .await?;
    let seal = |row: Row| Seal {
        number: row.number,
        form: row.form,
        entries: row.entries.into_iter().zip(row.hashes.chunks(32).map(fixed)).collect(),
        through: row.through,
        previous: fixed(&row.previous_hash),
        hash: fixed(&row.hash),
        signature: fixed(&row.signature),
        kid: row.key_id,
        sealed_at: row.sealed_at,
    };
    Ok(rows.into_iter().map(seal).collect())
}

/// Adds a seal; `false` when somebody else has made one with its number.
pub(in crate::identity::audit) async fn insert(tx: &mut Tx, tenant: TenantId, seal: &Seal) -> Result<bool> {
    let ids: Vec<Uuid> = seal.entries.iter().map(|(id, _)| *id).collect();
    let hashes: Vec<u8> = seal.entries.iter().flat_map(|(_, hash)| *hash).collect();
    let added = diesel::insert_into(seals::table)
        .values((
            seals::tenant_id.eq(tenant.0),
            seals::number.eq(seal.number),
            seals::form.eq(seal.form),
            seals::entries.eq(ids),
            seals::hashes.eq(hashes),
            seals::through.eq(seal.through),
            seals::previous_hash.eq(seal.previous.as_slice()),
            seals::hash.eq(seal.hash.as_slice()),
            seals::signature.eq(seal.signature.as_slice()),
            seals::key_id.eq(&seal.kid),
            seals::sealed_at.eq(seal.sealed_at),
        ))
        .on_conflict_do_nothing()
        .execute(tx)
        .await?;
    Ok(added == 1)
}

/// The entries behind `after` and up to `last`, sorted, at most `most`.
pub(in crate::identity::audit) async fn ids(
    tx: &mut Tx,
    tenant: TenantId,
    after: Uuid,
    last: Uuid,
    most: i64,
) -> Result<Vec<Uuid>> {
    Ok(audit::table
        .select(audit::audit_id)
        .filter(audit::tenant_id.eq(tenant.0))
        .filter(audit::audit_id.gt(after))
        .filter(audit::audit_id.le(last))
        .order(audit::audit_id)
        .limit(most)
        .load(tx)
        .await?)
}

/// Every entry of the seals that reach beyond `floor`.
pub(in crate::identity::audit) async fn sealed_beyond(
    tx: &mut Tx,
    tenant: TenantId,
    floor: Uuid,
) -> Result<Vec<Vec<Uuid>>> {
    Ok(seals::table
        .select(seals::entries)
        .filter(seals::tenant_id.eq(tenant.0))
        .filter(seals::through.gt(floor))
        .load(tx)
        .await?)
}

/// The number of a seal that holds the entry.
pub(in crate::identity::audit) async fn holder(tx: &mut Tx, tenant: TenantId, entry: Uuid) -> Result<Option<i64>> {
    Ok(seals::table
        .select(seals::number)
        .filter(seals::tenant_id.eq(tenant.0))
        // A seal that holds it reaches at least as far.
        .filter(seals::through.ge(entry))
        .filter(seals::entries.contains(vec![entry]))
        .order(seals::number)
        .first(tx)
        .await
        .optional()?)
}

/// How many entries lie behind `through`, counted to `most`.
pub(in crate::identity::audit) async fn count_beyond(
    tx: &mut Tx,
    tenant: TenantId,
    through: Uuid,
    most: i64,
) -> Result<i64> {
    let some = ids(tx, tenant, through, Uuid::max(), most).await?;
    Ok(i64::try_from(some.len()).unwrap_or(most))
}

type SealableRow = (
    Uuid,
    DateTime<Utc>,
    String,
    Option<Uuid>,
    String,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    String,
);

/// These entries as they are sealed, by id. JSON is read as the database's text, so that no digit is lost.
pub(in crate::identity::audit) async fn sealable(
    tx: &mut Tx,
    tenant: TenantId,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Sealable>> {
    let rows: Vec<SealableRow> = audit::table
        .select((
            audit::audit_id,
            audit::at,
            audit::actor_kind,
            audit::actor_id,
            audit::via,
            audit::action,
            audit::object,
            audit::reason,
            sql::<Nullable<Text>>("before::text"),
            sql::<Nullable<Text>>("after::text"),
            audit::request_id,
        ))
        .filter(audit::tenant_id.eq(tenant.0))
        .filter(audit::audit_id.eq_any(ids))
        .load(tx)
        .await?;
    let entry = |row: SealableRow| {
        let (id, at, actor_kind, actor, via, action, object, reason, before, after, request_id) = row;
        let at_micros = at.timestamp_micros();
        let id = AuditId(id);
        (id.0, Sealable { id, at_micros, actor_kind, actor, via, action, object, reason, before, after, request_id })
    };
    Ok(rows.into_iter().map(entry).collect())
}

/// The number of the last seal that ends before `first`; 0 when there is none.
pub(in crate::identity::audit) async fn before(tx: &mut Tx, tenant: TenantId, first: Uuid) -> Result<i64> {
    let found: Option<i64> = seals::table
        .select(seals::number)
        .filter(seals::tenant_id.eq(tenant.0))
        .filter(seals::through.lt(first))
        .order(seals::number.desc())
        .first(tx)
        .await
        .optional()?;
    Ok(found.unwrap_or(0))
}
