//! The only SQL of the running totals.

use crate::error::Result;
use crate::platform::db::Tx;
use crate::platform::db::schema::campaign_totals;
use diesel::prelude::*;
use diesel::result::Error as Diesel;
use diesel::sql_types::{Array, BigInt, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::BTreeMap;
use tillwatch_shared::ids::{CampaignId, TenantId};
use uuid::Uuid;

/// One statement for any number of totals, which the query builder cannot say. It is ordered so that all writers
/// lock in one order, whatever the plan.
const ADD: &str = "INSERT INTO campaign_totals AS t (tenant_id, campaign_id, metric, total_e4) \
    SELECT $1, d.campaign_id, d.metric, d.delta FROM unnest($2, $3, $4) AS d (campaign_id, metric, delta) \
    ORDER BY d.campaign_id, d.metric COLLATE \"C\" \
    ON CONFLICT (tenant_id, campaign_id, metric) DO UPDATE SET total_e4 = t.total_e4 + excluded.total_e4 \
    RETURNING campaign_id, metric, total_e4 AS total";

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    campaign_id: Uuid,
    #[diesel(sql_type = Text)]
    metric: String,
    #[diesel(sql_type = BigInt)]
    total: i64,
}

/// Adds to the totals and returns them; `None` when one would overflow, after which the transaction can only be
/// rolled back.
pub(super) async fn add(
    tx: &mut Tx,
    tenant: TenantId,
    sums: &BTreeMap<(CampaignId, &str), i64>,
) -> Result<Option<Vec<(CampaignId, String, i64)>>> {
    let (campaigns, metrics): (Vec<Uuid>, Vec<&str>) = sums.keys().map(|&(id, metric)| (id.0, metric)).unzip();
    let added = diesel::sql_query(ADD)
        .bind::<SqlUuid, _>(tenant.0)
        .bind::<Array<SqlUuid>, _>(campaigns)
        .bind::<Array<Text>, _>(metrics)
        .bind::<Array<BigInt>, _>(sums.values().copied().collect::<Vec<i64>>())
        .load::<Row>(tx)
        .await;
    match added {
        Ok(rows) => {
            Ok(Some(rows.into_iter().map(|row| (CampaignId(row.campaign_id), row.metric, row.total)).collect()))
        }
        Err(Diesel::DatabaseError(_, info)) if info.message() == "bigint out of range" => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The totals of one campaign.
pub(super) async fn of_campaign(tx: &mut Tx, tenant: TenantId, campaign: CampaignId) -> Result<Vec<(String, i64)>> {
    Ok(campaign_totals::table
        .select((campaign_totals::metric, campaign_totals::total_e4))
        .filter(campaign_totals::tenant_id.eq(tenant.0))
        .filter(campaign_totals::campaign_id.eq(campaign.0))
        .load(tx)
        .await?)
}
