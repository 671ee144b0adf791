//! Judging closed days and hours, one rule a transaction.

use super::{model, store};
use crate::app::App;
use crate::error::Result;
use crate::identity::tenants;
use crate::measure::metrics::{self, Definition};
use crate::measure::samples::buckets;
use crate::plan::campaigns::{self, Held};
use crate::plan::channels;
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use crate::platform::jobs::queue;
use crate::platform::wake::Topic;
use crate::watch::alerts::{self, Breach, OpenAlert, words};
use crate::watch::rules::detect::Verdict;
use crate::watch::rules::kinds::{self, Silence};
use crate::watch::rules::series::{Calendar, Prepared};
use crate::watch::rules::{self, ActiveRule, quiet, reading, wire_figures};
use crate::watch::trail;
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use tillwatch_shared::ids::{AlertId, ChannelId, GoalId, RuleId};
use tillwatch_shared::watch::{Figures, RuleAction, RuleBucket, RuleSpec};

/// Judges the rules that watch one of `touched` (sums), up to the newest closed day or hour. `closed` is a day that the
/// clock closed. A rule that cannot be judged stops no other.
///
/// # Errors
/// When the database fails: what failed first.
pub async fn judge_touched(app: &App, who: &Who, touched: &[String], closed: Option<NaiveDate>) -> Result<()> {
    let rules = app.db.read(who, async |tx| rules::of_closed(tx, who.tenant).await).await?;
    let book = metrics::read_book_of(app, who, rules.iter().map(|rule| rule.spec.metric())).await?;
    let concerned = rules.into_iter().filter(|rule| {
        let plan = book.find(rule.spec.metric()).and_then(|metric| book.plan(metric));
        plan.is_some_and(|plan| plan.bases().iter().any(|base| touched.iter().any(|key| key == base.key)))
    });
    let mut judged = Ok(());
    for rule in concerned {
        let one = judge_rule(app, who, rule.id, closed).await;
        judged = judged.and(one);
    }
    judged
}

/// Judges the rules on a goal, which fire no longer when it has ended. A rule that cannot be judged stops no other.
///
/// # Errors
/// When the database fails: what failed first.
pub async fn judge_goal(app: &App, who: &Who, goal: GoalId) -> Result<()> {
    let rules = app.db.read(who, async |tx| rules::of_closed(tx, who.tenant).await).await?;
    let mut judged = Ok(());
    for rule in rules {
        if matches!(&rule.spec, RuleSpec::GoalPace(spec) if spec.goal == goal) {
            let one = judge_rule(app, who, rule.id, None).await;
            judged = judged.and(one);
        }
    }
    judged
}

/// Judges one rule: the newest closed days or hours, or a stop-loss's totals.
///
/// # Errors
/// When the database fails.
pub async fn judge_rule(app: &App, who: &Who, id: RuleId, closed: Option<NaiveDate>) -> Result<()> {
    let at = now();
    keep_the_clock(app, who, id, at).await?;
    app.db
        .write(who, async |tx| {
            let Some(rule) = rules::lock_active(tx, who.tenant, id).await? else {
                return resolve_all(tx, who, id, at).await;
            };
            if let (true, Some(campaign)) = (rule.spec.is_stop_loss(), rule.campaign) {
                return super::stop_loss::judge_now(tx, who, &rule, campaign, at).await;
            }
            judge_closed(tx, who, &rule, closed, at).await
        })
        .await?;
    app.wake(Topic::Deliveries);
    Ok(())
}

/// Has a rule that judges hours, minds silence or has an alert open judged again when the present day or hour is closed, whether or not
/// anything comes by then. Before the judgement and by itself: one that fails must not stop the rule's clock.
async fn keep_the_clock(app: &App, who: &Who, id: RuleId, at: DateTime<Utc>) -> Result<()> {
    let Some(rule) = app.db.read(who, async |tx| rules::active(tx, who.tenant, id).await).await? else { return Ok(()) };
    let silence = kinds::of(&rule.spec).silence();
    let by_clock = rule.timing.bucket == RuleBucket::Hour || silence != Silence::PassedOver;
    if rule.spec.is_stop_loss() {
        return Ok(());
    }
    app.db
        .write(who, async |tx| {
            if !by_clock && alerts::open_of_rule(tx, who.tenant, id).await?.is_empty() {
                return Ok(());
            }
            let zone = tenants::settings(tx, who.tenant).await?.time_zone;
            judge_at_closing(tx, who, &rule, rule.how(zone).calendar(), at).await
        })
        .await
}

/// Orders the judgement of a rule for the end of the present day or hour; a job that waits for it already is enough.
async fn judge_at_closing(
    tx: &mut Tx,
    who: &Who,
    rule: &ActiveRule,
    calendar: Calendar,
    at: DateTime<Utc>,
) -> Result<()> {
    let (start, closing) = model::next_closing(calendar, at);
    let once = format!("{}/{}/{}/{}", who.tenant, rules::JUDGE_RULE, rule.id, start.timestamp());
    queue::enqueue_once(tx, who, rules::JUDGE_RULE, &json!({ "rule_id": rule.id }), closing, &once).await?;
    Ok(())
}

/// A rule that was switched off or archived has nothing open.
async fn resolve_all(tx: &mut Tx, who: &Who, id: RuleId, at: DateTime<Utc>) -> Result<()> {
    for open in alerts::open_of_rule(tx, who.tenant, id).await? {
        alerts::resolve(tx, who, &open, None, at).await?;
    }
    Ok(())
}

async fn judge_closed(
    tx: &mut Tx,
    who: &Who,
    rule: &ActiveRule,
    closed: Option<NaiveDate>,
    at: DateTime<Utc>,
) -> Result<()> {
    let book = metrics::book_of(tx, who.tenant, [rule.spec.metric()]).await?;
    let Some(metric) = book.find(rule.spec.metric()) else { return Ok(()) };
    let settings = tenants::settings(tx, who.tenant).await?;
    let how = rule.how(settings.time_zone);
    let calendar = how.calendar();
    let newest = buckets::newest(tx, who.tenant, &metric, reading::resolution(calendar.bucket)).await?;
    let Some(newest) = newest else { return Ok(()) };
    let live = rules::note_fed(tx, who.tenant, rule, model::is_fresh(calendar, newest, at), at).await?;
    let by_clock = model::closed_by_clock(calendar, closed, live, at);
    let progress = store::progress(tx, who.tenant, rule.id, calendar).await?;
    let last = model::closed_through(calendar, newest, by_clock, progress.values().max().copied());
    // Who minds silence looks on when nothing comes; the others end with the newest that came.
    let through = by_clock.map_or(last, |clock| clock.max(last));
    let end = if how.kind().silence() == Silence::PassedOver { last } else { through };
    let from = model::reads_from(calendar, progress.values().copied(), end);
    let plan = reading::plan(tx, who.tenant, how, rule.campaign).await?;
    let span = how.begin_of_reading(from, plan.as_ref())..calendar.end_of(end);
    let counted = reading::series(tx, who.tenant, how, &metric, rule.scope(), span).await?;
    // Of a channel that is closed nobody waits for anything.
    let gone = if rule.per_channel { channels::archived_ids(tx, who.tenant).await? } else { BTreeSet::new() };
    let counted = counted.into_iter().filter(|(channel, _)| channel.is_none_or(|id| !gone.contains(&id))).collect();
    let prepared = Prepared::new(how, counted, plan, end);
    let mut open: BTreeMap<String, OpenAlert> =
        alerts::open_of_rule(tx, who.tenant, rule.id).await?.into_iter().map(|open| (open.key.clone(), open)).collect();
    let judged = Judged { rule, metric: &metric, calendar, settings: &settings, at };
    let series: Vec<(Option<ChannelId>, Option<DateTime<Utc>>)> = prepared.newest().collect();
    for channel in gone {
        if let Some(alert) = open.remove(&alerts::breach_key(rule.id, Some(channel), rule.campaign)) {
            alerts::resolve(tx, &who.as_rule(rule.id), &alert, None, at).await?;
        }
    }
    let mut is_open = false;
    for (place, (channel, newest)) in series.into_iter().enumerate() {
        let Some(newest) = newest else { continue };
        let known = progress.get(&channel).copied();
        let first = model::first_judged(calendar, known, newest, end);
        let key = alerts::breach_key(rule.id, channel, rule.campaign);
        let verdicts = prepared.judge(place, first, open.contains_key(&key));
        if let Some(alert) = judged.series(tx, who, channel, verdicts, open.remove(&key)).await? {
            judged.silence(tx, who, &alert, newest, through).await?;
            is_open = true;
        }
        // Its own newest, not the retailer's: who reports late is judged from there on.
        if newest >= first && known.is_none_or(|known| known < newest) {
            store::set_progress(tx, who.tenant, rule.id, channel, calendar, newest).await?;
        }
    }
    // What is open and was not read at all has been silent for longer than the rule looks back.
    for alert in open.into_values() {
        judged.silence(tx, who, &alert, alert.window_start, through).await?;
        is_open = true;
    }
    if is_open {
        // Its data may vanish, which no write tells.
        judge_at_closing(tx, who, rule, calendar, at).await?;
    }
    Ok(())
}

struct Judged<'a> {
    rule: &'a ActiveRule,
    metric: &'a Definition<'a>,
    calendar: Calendar,
    settings: &'a tenants::Settings,
    at: DateTime<Utc>,
}

impl Judged<'_> {
    /// Raises, updates and resolves what the verdicts say; what is open in the end.
    async fn series(
        &self,
        tx: &mut Tx,
        who: &Who,
        channel: Option<ChannelId>,
        verdicts: Vec<(DateTime<Utc>, Verdict)>,
        mut open: Option<OpenAlert>,
    ) -> Result<Option<OpenAlert>> {
        let as_rule = who.as_rule(self.rule.id);
        let key = alerts::breach_key(self.rule.id, channel, self.rule.campaign);
        let mut trail = Vec::with_capacity(verdicts.len());
        for (start, verdict) in verdicts {
            let before = open.as_ref().map(|alert| alert.id);
            let breach = |figures, paused_campaign| Breach {
                rule: self.rule,
                channel,
                campaign: self.rule.campaign,
                figures: wire_figures(figures),
                window_start: start,
                paused_campaign,
                speaks_at: quiet::speaks_at(self.rule.quiet_hours.as_ref(), self.settings.time_zone, self.at),
                key: key.clone(),
            };
            match (&verdict, &open) {
                (Verdict::Firing(figures), None) => {
                    tracing::info!(rule = %self.rule.id, metric = self.metric.key, %start, "a rule fires");
                    let id = AlertId::new();
                    let paused = self.act(tx, &as_rule, id, &wire_figures(figures)).await?;
                    alerts::raise(tx, &as_rule, id, breach(figures, paused), self.at).await?;
                    open = alerts::open(tx, who.tenant, &key).await?;
                }
                // Its campaign did not run, or nobody had told it to pause, when the alert was raised.
                (Verdict::Firing(figures), Some(alert))
                    if !alert.paused_campaign && self.act(tx, &as_rule, alert.id, &wire_figures(figures)).await? =>
                {
                    alerts::stop(tx, &as_rule, alert, breach(figures, true), self.at).await?;
                    open = alerts::open(tx, who.tenant, &key).await?;
                }
                (Verdict::Firing(figures), Some(alert)) => {
                    let paused = alert.paused_campaign;
                    alerts::update(tx, &as_rule, alert, breach(figures, paused), self.at).await?;
                    open = alerts::open(tx, who.tenant, &key).await?;
                }
                (Verdict::Recovered(figures) | Verdict::Quiet(figures), Some(alert)) => {
                    let paused = alert.paused_campaign;
                    alerts::resolve(tx, &as_rule, alert, Some(breach(figures, paused)), self.at).await?;
                    open = None;
                }
                _ => {}
            }
            trail.push(trail::Entry {
                channel,
                window_start: start,
                at: self.at,
                outcome: trail::model::outcome(&verdict, before.is_some()),
                reason: trail::model::reason(&verdict),
                figures: verdict.figures().map(wire_figures),
                alert: open.as_ref().map(|alert| alert.id).or(before),
            });
        }
        trail::record(tx, who.tenant, self.rule.id, &trail).await?;
        Ok(open)
    }

    /// Does what a person has told the rule to do when it fires; says whether its campaign stands still for it.
    async fn act(&self, tx: &mut Tx, as_rule: &Who, alert: AlertId, figures: &Figures) -> Result<bool> {
        let (RuleAction::PauseCampaign, Some(campaign)) = (self.rule.action, self.rule.campaign) else {
            return Ok(false);
        };
        let Self { settings, metric, .. } = self;
        let reason = words::pause_reason(settings.locale, &self.rule.name, metric, figures, &settings.currency);
        let held = campaigns::pause_by_rule(tx, as_rule, campaign, alert, &reason, self.at).await?;
        Ok(held != Held::NotRunning)
    }

    /// Says of an open alert whether anything still comes for it. What is silent for two whole pieces is told so; one may
    /// be late.
    async fn silence(
        &self,
        tx: &mut Tx,
        who: &Who,
        open: &OpenAlert,
        newest: DateTime<Utc>,
        through: DateTime<Utc>,
    ) -> Result<()> {
        if self.rule.how(self.settings.time_zone).kind().silence() != Silence::PassedOver {
            return Ok(());
        }
        let ended = self.calendar.end_of(newest);
        let silent = self.calendar.end_of(ended) <= through;
        let as_rule = who.as_rule(self.rule.id);
        alerts::silent(tx, &as_rule, open, silent.then_some(ended), self.at).await
    }
}
