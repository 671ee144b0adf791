//! The only SQL of metrics: those that retailers define for themselves, which rules watch them, and which goals are set
//! on them.

use super::own::OwnMetric;
use crate::error::{Error, Result};
use crate::platform::db::Tx;
use crate::platform::db::schema::{goals, own_metrics as table, rules};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::goals::GoalState;
use tillwatch_shared::ids::{GoalId, MetricId, RuleId, TenantId};
use uuid::Uuid;

#[derive(Queryable, Selectable)]
#[diesel(table_name = table)]
struct Row {
    metric_id: Uuid,
    key: String,
    name_en: String,
    name_zh: String,
    unit: String,
    classifier: String,
    kind: String,
    adds_over_channels: bool,
    formula: Option<String>,
    direction: String,
    family: String,
    whole: bool,
    may_be_negative: bool,
    stands_for: Option<String>,
    archived_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    version: i64,
}

impl Row {
    fn into_metric(self) -> Result<OwnMetric> {
        Ok(OwnMetric {
            id: MetricId(self.metric_id),
            key: self.key,
            name_en: self.name_en,
            name_zh: self.name_zh,
            unit: self.unit.parse().map_err(Error::internal)?,
            classifier: self.classifier,
            kind: self.kind.parse().map_err(Error::internal)?,
            adds_over_channels: self.adds_over_channels,
            formula: self.formula,
            direction: self.direction.parse().map_err(Error::internal)?,
            family: self.family.parse().map_err(Error::internal)?,
            whole: self.whole,
            may_be_negative: self.may_be_negative,
            stands_for: self.stands_for.map(|word| word.parse().map_err(Error::internal)).transpose()?,
            archived_at: self.archived_at,
            created_at: self.created_at,
            version: self.version,
        })
    }
}

/// All of a retailer's own, archived ones too, by key. There are few ([`super::own::MOST`]).
pub(super) async fn all(tx: &mut Tx, tenant: TenantId) -> Result<Vec<OwnMetric>> {
    let rows: Vec<Row> =
        table::table.select(Row::as_select()).filter(table::tenant_id.eq(tenant.0)).order(table::key).load(tx).await?;
    rows.into_iter().map(Row::into_metric).collect()
}

/// Keeps a metric of the retailer's own from being archived until the transaction ends; nothing for the catalogue's. Who
/// archives it holds it against these ([`hold_to_archive`]).
pub(super) async fn hold(tx: &mut Tx, tenant: TenantId, key: &str) -> Result<()> {
    let own = table::table.select(table::metric_id).filter(table::tenant_id.eq(tenant.0)).filter(table::key.eq(key));
    own.for_share().load::<Uuid>(tx).await?;
    Ok(())
}

/// Waits for those who [`hold`] a metric, and has those who come later wait.
pub(super) async fn hold_to_archive(tx: &mut Tx, tenant: TenantId, id: MetricId) -> Result<()> {
    let own = table::table.select(table::metric_id).filter(table::tenant_id.eq(tenant.0));
    own.filter(table::metric_id.eq(id.0)).for_no_key_update().load::<Uuid>(tx).await?;
    Ok(())
}

/// Adds a metric.
pub(super) async fn insert(tx: &mut Tx, tenant: TenantId, own: &OwnMetric) -> Result<()> {
    let added = diesel::insert_into(table::table)
        .values((
            table::tenant_id.eq(tenant.0),
            table::metric_id.eq(own.id.0),
            table::key.eq(&own.key),
            table::name_en.eq(&own.name_en),
            table::name_zh.eq(&own.name_zh),
            table::unit.eq(own.unit.as_str()),
            table::classifier.eq(&own.classifier),
            table::kind.eq(own.kind.as_str()),
            table::adds_over_channels.eq(own.adds_over_channels),
            table::formula.eq(&own.formula),
            table::direction.eq(own.direction.as_str()),
            table::family.eq(own.family.as_str()),
            table::whole.eq(own.whole),
            table::may_be_negative.eq(own.may_be_negative),
            table::stands_for.eq(own.stands_for.map(tillwatch_shared::measure::StandsFor::as_str)),
            table::created_at.eq(own.created_at),
            table::version.eq(own.version),
        ))
        .execute(tx)
        .await;
    let taken =
        || Error::taken("/key", "Another metric of yours has this key, perhaps an archived one. Choose another.");
    Error::unless_taken(added, taken)?;
    Ok(())
}

/// Writes what can change in a metric.
pub(super) async fn update(tx: &mut Tx, tenant: TenantId, own: &OwnMetric) -> Result<()> {
    diesel::update(table::table)
        .filter(table::tenant_id.eq(tenant.0))
        .filter(table::metric_id.eq(own.id.0))
        .set((
            table::name_en.eq(&own.name_en),
            table::name_zh.eq(&own.name_zh),
            table::formula.eq(&own.formula),
            table::direction.eq(own.direction.as_str()),
            table::family.eq(own.family.as_str()),
            table::stands_for.eq(own.stands_for.map(tillwatch_shared::measure::StandsFor::as_str)),
            table::archived_at.eq(own.archived_at),
            table::version.eq(own.version),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

/// The rules that judge a metric, with their names, oldest first. A tenant has few, and only its own are looked at.
pub(super) async fn watched_by(tx: &mut Tx, tenant: TenantId, key: &str) -> Result<Vec<(RuleId, String)>> {
    let rows: Vec<(Uuid, String)> = rules::table
        .select((rules::rule_id, rules::name))
        .filter(rules::tenant_id.eq(tenant.0))
        .filter(rules::metric.eq(key))
        .filter(rules::enabled)
        .filter(rules::archived_at.is_null())
        .order(rules::rule_id)
        .load(tx)
        .await?;
    Ok(rows.into_iter().map(|(id, name)| (RuleId(id), name)).collect())
}

/// The goals on a metric that are pursued, with their names, oldest first. A tenant has few, and only its own are looked at.
pub(super) async fn pursued_by(tx: &mut Tx, tenant: TenantId, key: &str) -> Result<Vec<(GoalId, String)>> {
    let rows: Vec<(Uuid, String)> = goals::table
        .select((goals::goal_id, goals::name))
        .filter(goals::tenant_id.eq(tenant.0))
        .filter(goals::metric.eq(key))
        .filter(goals::state.eq(GoalState::Active.as_str()))
        .order(goals::goal_id)
        .load(tx)
        .await?;
    Ok(rows.into_iter().map(|(id, name)| (GoalId(id), name)).collect())
}
