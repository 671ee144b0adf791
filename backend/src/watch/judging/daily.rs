//! Judging closed days, one rule a transaction.

use super::{model, store, wire_figures};
use crate::app::App;
use crate::error::Result;
use crate::identity::tenants;
use crate::measure::metrics::{self, Metric};
use crate::measure::samples::calendar::day_start;
use crate::measure::samples::query::{self, DayBucket};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use crate::platform::wake::Topic;
use crate::watch::alerts::{self, Breach, OpenAlert};
use crate::watch::rules::detect::Verdict;
use crate::watch::rules::{self, ActiveRule, series};
use crate::watch::trail;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use std::collections::BTreeMap;
use tillwatch_shared::ids::{AlertId, ChannelId, RuleId};
use tillwatch_shared::watch::RuleSpec;

/// Judges the rules that watch one of `touched` (sums), up to the newest closed day. `closed` is a day that the clock
/// closed.
///
/// # Errors
/// When the database fails.
pub async fn judge_touched(app: &App, who: &Who, touched: &[String], closed: Option<NaiveDate>) -> Result<()> {
    let rules = app.db.read(who, async |tx| rules::daily(tx, who.tenant).await).await?;
    let concerned = rules.into_iter().filter(|rule| {
        metrics::find(rule.spec.metric())
            .is_some_and(|metric| metric.sums().iter().any(|part| touched.iter().any(|t| t == part)))
    });
    for rule in concerned {
        judge_rule(app, who, rule.id, closed).await?;
    }
    Ok(())
}

/// Judges one rule: the newest closed days, or a stop-loss's totals.
///
/// # Errors
/// When the database fails.
pub async fn judge_rule(app: &App, who: &Who, id: RuleId, closed: Option<NaiveDate>) -> Result<()> {
    let at = now();
    app.db
        .write(who, async |tx| {
            let Some(rule) = rules::lock_active(tx, who.tenant, id).await? else {
                return resolve_all(tx, who, id, at).await;
            };
            if let (RuleSpec::StopLoss { .. }, Some(campaign)) = (&rule.spec, rule.campaign) {
                return super::stop_loss::judge_now(tx, who, &rule, campaign, at).await;
            }
            judge_days(tx, who, &rule, closed, at).await
        })
        .await?;
    app.wake(Topic::Deliveries);
    Ok(())
}

/// A rule that was switched off or archived has nothing open.
async fn resolve_all(tx: &mut Tx, who: &Who, id: RuleId, at: DateTime<Utc>) -> Result<()> {
    for open in alerts::open_of_rule(tx, who.tenant, id).await? {
        alerts::resolve(tx, who, &open, None, at).await?;
    }
    Ok(())
}

async fn judge_days(
    tx: &mut Tx,
    who: &Who,
    rule: &ActiveRule,
    closed: Option<NaiveDate>,
    at: DateTime<Utc>,
) -> Result<()> {
    let Some(metric) = metrics::find(rule.spec.metric()) else { return Ok(()) };
    let zone = tenants::settings(tx, who.tenant).await?.time_zone;
    let Some(newest) = query::last_day(tx, who.tenant, zone, metric).await? else { return Ok(()) };
    let progress = store::progress(tx, who.tenant, rule.id).await?;
    let last = model::closed_through(zone, newest, closed, progress.values().max().copied(), at);
    let from = model::reads_from(progress.values().copied(), last);
    let since = from - TimeDelta::days(series::look_back(&rule.spec));
    let mut open: BTreeMap<String, OpenAlert> =
        alerts::open_of_rule(tx, who.tenant, rule.id).await?.into_iter().map(|open| (open.key.clone(), open)).collect();
    let judged = Judged { rule, metric, zone, at };
    for (channel, days) in series_of(tx, who, rule, metric, zone, since, last).await? {
        let Some(newest) = days.last().map(|bucket| bucket.day) else { continue };
        let known = progress.get(&channel).copied();
        let first = model::first_day(known, newest, last);
        let key = alerts::breach_key(rule.id, channel, rule.campaign);
        judged.series(tx, who, channel, &days, first, open.remove(&key)).await?;
        // Its own newest day, not the retailer's: who reports late is judged from there on.
        if newest >= first && known.is_none_or(|known| known < newest) {
            store::set_progress(tx, who.tenant, rule.id, channel, newest).await?;
        }
    }
    Ok(())
}

/// The days of each series that the rule judges: of its channel or campaign, of all together, or of each channel.
async fn series_of(
    tx: &mut Tx,
    who: &Who,
    rule: &ActiveRule,
    metric: &Metric,
    zone: Tz,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<(Option<ChannelId>, Vec<DayBucket>)>> {
    if rule.per_channel {
        let by_channel = query::day_buckets_by_channel(tx, who.tenant, zone, metric, rule.campaign, from, to).await?;
        return Ok(by_channel.into_iter().map(|(channel, days)| (Some(channel), days)).collect());
    }
    let days = query::day_buckets(tx, who.tenant, zone, metric, rule.channel, rule.campaign, from, to).await?;
    Ok(vec![(rule.channel, days)])
}

struct Judged<'a> {
    rule: &'a ActiveRule,
    metric: &'a Metric,
    zone: Tz,
    at: DateTime<Utc>,
}

impl Judged<'_> {
    async fn series(
        &self,
        tx: &mut Tx,
        who: &Who,
        channel: Option<ChannelId>,
        days: &[DayBucket],
        first: NaiveDate,
        mut open: Option<OpenAlert>,
    ) -> Result<()> {
        let as_rule = who.as_rule(self.rule.id);
        let mut trail = Vec::new();
        for (day, verdict) in series::judge(&self.rule.spec, days, first, open.is_some()) {
            let key = alerts::breach_key(self.rule.id, channel, self.rule.campaign);
            let breach = |figures| Breach {
                rule: self.rule,
                channel,
                campaign: self.rule.campaign,
                figures: wire_figures(figures),
                window_start: day_start(self.zone, day),
                paused_campaign: false,
                key: key.clone(),
            };
            let before = open.as_ref().map(|alert| alert.id);
            match (&verdict, &open) {
                (Verdict::Firing(figures), None) => {
                    tracing::info!(rule = %self.rule.id, metric = self.metric.key, %day, "a rule fires");
                    alerts::raise(tx, &as_rule, AlertId::new(), breach(figures), self.at).await?;
                    open = alerts::open(tx, who.tenant, &key).await?;
                }
                (Verdict::Firing(figures), Some(alert)) => {
                    alerts::update(tx, &as_rule, alert, breach(figures), self.at).await?;
                    open = alerts::open(tx, who.tenant, &key).await?;
                }
                (Verdict::Recovered(figures) | Verdict::Quiet(figures), Some(alert)) => {
                    alerts::resolve(tx, &as_rule, alert, Some(breach(figures)), self.at).await?;
                    open = None;
                }
                _ => {}
            }
            trail.push(trail::Entry {
                channel,
                window_start: day_start(self.zone, day),
                at: self.at,
                outcome: trail::model::outcome(&verdict, before.is_some()),
                reason: trail::model::reason(&verdict),
                figures: verdict.figures().map(wire_figures),
                alert: open.as_ref().map(|alert| alert.id).or(before),
            });
        }
        trail::record(tx, who.tenant, self.rule.id, &trail).await
    }
}
