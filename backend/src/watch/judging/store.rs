//! The only SQL of judging: how far each rule has judged each series.

use crate::error::Result;
use crate::measure::samples::calendar::{day_start, local_date};
use crate::platform::db::Tx;
use crate::platform::db::schema::rule_progress as progress;
use crate::watch::rules::series::Calendar;
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use std::collections::BTreeMap;
use tillwatch_shared::ids::{ChannelId, RuleId, TenantId};
use tillwatch_shared::watch::RuleBucket;
use uuid::Uuid;

/// The begin of the last judged day or hour of each series of a rule.
pub(super) async fn progress(
    tx: &mut Tx,
    tenant: TenantId,
    rule: RuleId,
    calendar: Calendar,
) -> Result<BTreeMap<Option<ChannelId>, DateTime<Utc>>> {
    let rows: Vec<(Uuid, NaiveDate, Option<DateTime<Utc>>)> = progress::table
        .select((progress::channel_id, progress::judged_through, progress::judged_bucket))
        .filter(progress::tenant_id.eq(tenant.0))
        .filter(progress::rule_id.eq(rule.0))
        .load(tx)
        .await?;
    // The day alone stands in rows from before hours were judged, and is what counts where days are.
    let start = |day: NaiveDate, hour: Option<DateTime<Utc>>| {
        hour.filter(|_| calendar.bucket == RuleBucket::Hour).unwrap_or_else(|| day_start(calendar.zone, day))
    };
    let channel = |id: Uuid| (!id.is_nil()).then_some(ChannelId(id));
    Ok(rows.into_iter().map(|(id, day, hour)| (channel(id), start(day, hour))).collect())
}

/// Says how far a series was judged: through the day or hour that begins at `through`.
pub(super) async fn set_progress(
    tx: &mut Tx,
    tenant: TenantId,
    rule: RuleId,
    channel: Option<ChannelId>,
    calendar: Calendar,
    through: DateTime<Utc>,
) -> Result<()> {
    let day = local_date(calendar.zone, through);
    diesel::insert_into(progress::table)
        .values((
            progress::tenant_id.eq(tenant.0),
            progress::rule_id.eq(rule.0),
            progress::channel_id.eq(channel.map_or(Uuid::nil(), |id| id.0)),
            progress::judged_through.eq(day),
            progress::judged_bucket.eq(through),
        ))
        .on_conflict((progress::tenant_id, progress::rule_id, progress::channel_id))
        .do_update()
        .set((progress::judged_through.eq(day), progress::judged_bucket.eq(through)))
        .execute(tx)
        .await?;
    Ok(())
}
