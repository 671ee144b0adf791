//! The only SQL of subjects.

use super::model::{Named, id};
use crate::error::{Error, Result};
use crate::paged;
use crate::platform::db::Tx;
use crate::platform::db::schema::{series, subjects};
use crate::platform::http::page::Paging;
use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_types::{Array, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::HashSet;
use tillwatch_shared::ids::{SubjectId, TenantId};
use tillwatch_shared::measure::{Subject, SubjectKind};
use uuid::Uuid;

/// Those of `ids` that are there.
pub(super) async fn known(tx: &mut Tx, tenant: TenantId, ids: &[Uuid]) -> Result<HashSet<Uuid>> {
    let found: Vec<Uuid> = subjects::table
        .select(subjects::subject_id)
        .filter(subjects::tenant_id.eq(tenant.0))
        .filter(subjects::subject_id.eq_any(ids))
        .load(tx)
        .await?;
    Ok(found.into_iter().collect())
}

/// How many subjects a retailer has.
pub(super) async fn count(tx: &mut Tx, tenant: TenantId) -> Result<i64> {
    Ok(subjects::table.filter(subjects::tenant_id.eq(tenant.0)).count().get_result(tx).await?)
}

/// Adds those of `named` that are not there.
pub(super) async fn ensure(tx: &mut Tx, tenant: TenantId, named: &[Named<'_>], now: DateTime<Utc>) -> Result<()> {
    let ids: Vec<Uuid> = named.iter().map(|one| id(tenant, *one)).collect();
    let known = known(tx, tenant, &ids).await?;
    let missing: Vec<(&Uuid, &Named<'_>)> = ids.iter().zip(named).filter(|(id, _)| !known.contains(id)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    diesel::sql_query(
        "INSERT INTO subjects (tenant_id, subject_id, kind, key, created_at) \
         SELECT $1, n.*, $5 FROM unnest($2, $3, $4) AS n ON CONFLICT DO NOTHING",
    )
    .bind::<SqlUuid, _>(tenant.0)
    .bind::<Array<SqlUuid>, _>(missing.iter().map(|(id, _)| **id).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(missing.iter().map(|(_, one)| one.kind.as_str()).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(missing.iter().map(|(_, one)| one.key).collect::<Vec<_>>())
    .bind::<Timestamptz, _>(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// A page of subjects, by id; with `reached` only those of which something was counted on these channels.
pub(super) async fn list(
    tx: &mut Tx,
    tenant: TenantId,
    kind: Option<SubjectKind>,
    reached: Option<&[Uuid]>,
    paging: &Paging,
) -> Result<Vec<Subject>> {
    let query = subjects::table
        .select((subjects::subject_id, subjects::kind, subjects::key, subjects::created_at))
        .filter(subjects::tenant_id.eq(tenant.0));
    let mut query = paged!(query, paging, subjects::subject_id, oldest);
    if let Some(kind) = kind {
        query = query.filter(subjects::kind.eq(kind.as_str()));
    }
    if let Some(reached) = reached {
        let counted = series::table
            .filter(series::tenant_id.eq(tenant.0))
            .filter(series::subject_id.eq(subjects::subject_id))
            .filter(series::channel_id.eq_any(reached.to_vec()));
        query = query.filter(exists(counted));
    }
    let rows: Vec<(Uuid, String, String, DateTime<Utc>)> = query.load(tx).await?;
    let subject = |(id, kind, key, first_counted_at): (Uuid, String, String, DateTime<Utc>)| {
        Ok(Subject { id: SubjectId(id), kind: kind.parse().map_err(Error::internal)?, key, first_counted_at })
    };
    rows.into_iter().map(subject).collect()
}
