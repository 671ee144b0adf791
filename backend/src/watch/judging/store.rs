//! The only SQL of judging: how far each rule has judged each series.

use crate::error::Result;
use crate::platform::db::Tx;
use crate::platform::db::schema::rule_progress as progress;
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use std::collections::BTreeMap;
use tillwatch_shared::ids::{ChannelId, RuleId, TenantId};
use uuid::Uuid;

/// The last judged day of each series of a rule.
pub(super) async fn progress(
    tx: &mut Tx,
    tenant: TenantId,
    rule: RuleId,
) -> Result<BTreeMap<Option<ChannelId>, NaiveDate>> {
    let rows: Vec<(Uuid, NaiveDate)> = progress::table
        .select((progress::channel_id, progress::judged_through))
        .filter(progress::tenant_id.eq(tenant.0))
        .filter(progress::rule_id.eq(rule.0))
        .load(tx)
        .await?;
    Ok(rows.into_iter().map(|(id, day)| ((!id.is_nil()).then_some(ChannelId(id)), day)).collect())
}

/// Says how far a series was judged.
pub(super) async fn set_progress(
    tx: &mut Tx,
    tenant: TenantId,
    rule: RuleId,
    channel: Option<ChannelId>,
    through: NaiveDate,
) -> Result<()> {
    diesel::insert_into(progress::table)
        .values((
            progress::tenant_id.eq(tenant.0),
            progress::rule_id.eq(rule.0),
            progress::channel_id.eq(channel.map_or(Uuid::nil(), |id| id.0)),
            progress::judged_through.eq(through),
        ))
        .on_conflict((progress::tenant_id, progress::rule_id, progress::channel_id))
        .do_update()
        .set(progress::judged_through.eq(through))
        .execute(tx)
        .await?;
    Ok(())
}
