//! Rules: what a retailer wants to be told of, or stopped.
//!
//! Vocabulary: a rule has a *specification* of a *kind* (threshold, stop-loss, deviation, change, missing data, budget
//! pace, goal pace), a *timing* (hours or days, a window of them, for how long), a *scope* (a channel, a campaign, each channel by
//! itself, or everything), a severity, *quiet hours* in which its alerts wait, and an *action*.
//!
//! Cast: [`kinds`] (what each kind refuses and says, one file a kind), [`detect`] (the arithmetic, pure), [`series`] (the
//! figures of a series held against a rule, pure), [`reading`] (those figures from the rollups), [`quiet`] and [`model`]
//! (what a sensible rule is, pure), [`backtest`] (a rule replayed over what is stored), [`versions`] (who made it what).
//! Judging happens in [`crate::watch::judging`].
//!
//! Invariants: a stop-loss has a campaign and acts from its first judgement; another rule notifies only, until a person
//! who has back-tested it as it is tells it to pause its campaign; a changed rule is judged again at once, and each
//! change is kept as a version; an archived one is kept for the alerts that it raised and judges no more; a caller who is
//! narrowed to channels reaches the rules whose channel and campaign they reach, and makes no others
//! ([`crate::identity::reach`]).

pub mod backtest;
mod change;
pub mod detect;
pub mod kinds;
pub mod model;
pub mod quiet;
pub mod reading;
pub mod routes;
pub mod series;
mod store;
pub mod versions;

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::events::{self, Happened};
use crate::identity::reach::{self, Place};
use crate::measure::metrics;
use crate::plan::{campaigns, channels};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::page::Paging;
use crate::platform::http::params::IfMatch;
use crate::platform::http::who::{Reach, Who};
use crate::platform::jobs::queue;
use crate::platform::validate::Checks;
use crate::platform::wake::Topic;
use change::{changed, rule_of, shown};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::json;
use series::How;
use tillwatch_shared::Page;
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::{CampaignId, ChannelId, RuleId, TenantId};
use tillwatch_shared::tenant::QuietHours;
use tillwatch_shared::watch::{
    Comparison, CreateRule, Figures, Rule, RuleAction, RuleSpec, Severity, Timing, UpdateRule,
};
use tillwatch_shared::webhooks::{EventType, RuleTold};
use uuid::Uuid;

pub use model::{cost_ratio, divides_cost};

/// The job that judges one rule: after it was made or changed.
pub const JUDGE_RULE: &str = "judge_rule";

/// A rule that judges now.
#[derive(Clone, Debug)]
pub struct ActiveRule {
    /// Its id.
    pub id: RuleId,
    /// Its name.
    pub name: String,
    /// What it watches for.
    pub spec: RuleSpec,
    /// Only this channel.
    pub channel: Option<ChannelId>,
    /// Only this campaign.
    pub campaign: Option<CampaignId>,
    /// Judges each channel by itself.
    pub per_channel: bool,
    /// How loud.
    pub severity: Severity,
    /// When it judges.
    pub timing: Timing,
    /// Hours of the local day in which its alerts wait.
    pub quiet_hours: Option<QuietHours>,
    /// What its alerts say first.
    pub message: Option<String>,
    /// What it does.
    pub action: RuleAction,
    /// Which version of it this is.
    pub version: i64,
    /// Whether samples of its metric were seen to come in live.
    pub fed: bool,
}

impl ActiveRule {
    /// How it judges, in `zone`.
    pub fn how(&self, zone: Tz) -> How<'_> {
        How { spec: &self.spec, timing: &self.timing, zone }
    }

    /// Where it judges.
    pub fn scope(&self) -> reading::Scope {
        reading::Scope { channel: self.channel, campaign: self.campaign, per_channel: self.per_channel }
    }
}

/// The figures of a verdict as the wire shows them.
pub fn wire_figures(figures: &detect::Figures) -> Figures {
    Figures {
        value: figures.value,
        expected: figures.expected,
        sigma: figures.sigma,
        n: figures.n.map(|n| n as usize),
        z: figures.z,
        line: figures.line,
        overshoot: figures.overshoot,
        overshoot_share: figures.overshoot_share,
        low: figures.low,
        high: figures.high,
        forecast: figures.forecast,
        pattern: figures.pattern.map(kinds::pattern),
        score: figures.score,
    }
}

/// Makes a rule.
///
/// # Errors
/// 422 with every wrong field.
pub async fn create(app: &App, who: &Who, request: CreateRule) -> Result<Rule> {
    let rule = app
        .db
        .write(who, async |tx| {
            let book = metrics::book_to_watch(tx, who.tenant, request.spec.metric()).await?;
            model::check_new(&request, &book)?;
            let rule = rule_of(request, now());
            check_scope(tx, who, &rule).await?;
            store::insert(tx, who.tenant, &rule).await?;
            store::keep_version(tx, who, &rule, rule.created_at).await?;
            let (object, after) = (Some(rule.id.to_string()), Some(shown(&rule)));
            audit::record(tx, who, Entry { action: "rule.created", object, after, ..Entry::default() }).await?;
            tell(tx, who, &rule, EventType::RuleCreated, rule.created_at).await?;
            judge_soon(tx, who, rule.id).await?;
            Ok(rule)
        })
        .await?;
    app.wake(Topic::Jobs);
    Ok(rule)
}

/// Has customers' own systems told what became of a rule.
async fn tell(tx: &mut Tx, who: &Who, rule: &Rule, kind: EventType, at: DateTime<Utc>) -> Result<()> {
    let told = RuleTold {
        rule: rule.id,
        kind: rule.spec.kind().to_owned(),
        metric: rule.spec.metric().to_owned(),
        severity: rule.severity,
        channel: rule.channel,
        campaign: rule.campaign,
        enabled: rule.enabled && rule.archived_at.is_none(),
        by: who.actor.kind().to_owned(),
    };
    events::emit(tx, who, &Happened::Rule(kind, told), at).await?;
    Ok(())
}

async fn check_scope(tx: &mut Tx, who: &Who, rule: &Rule) -> Result<()> {
    let mut checks = Checks::default();
    if let Some(channel) = rule.channel {
        let found = channels::named(tx, who.tenant, &[channel.0]).await?;
        let there = found.contains_key(&channel.0) && who.reach.holds(channel);
        checks.ensure(there, "/channel", "not_found", "There is no such channel.");
    }
    if let Some(campaign) = rule.campaign {
        let found = campaigns::named(tx, who.tenant, &[campaign.0]).await?;
        let there = found.contains_key(&campaign.0)
            && reach::holds(tx, who, Place { channel: None, campaign: Some(campaign) }).await?;
        checks.ensure(there, "/campaign", "not_found", "There is no such campaign.");
    }
    check_kind_in_place(tx, who, rule, &mut checks).await?;
    let seen = who.reach == Reach::All || rule.channel.is_some() || rule.campaign.is_some();
    let detail = "Your permissions are narrowed to channels: name one of them, or a campaign that runs on them alone.";
    checks.ensure(seen, "/channel", "required", detail);
    checks.done()
}

/// Refuses a kind that lacks what it needs of its place: peers, or a plan.
async fn check_kind_in_place(tx: &mut Tx, who: &Who, rule: &Rule, checks: &mut Checks) -> Result<()> {
    if let RuleSpec::Deviation(spec) = &rule.spec
        && spec.comparison == Comparison::Peers
    {
        let there = channels::in_use(tx, who.tenant).await?;
        let needed = i64::from(kinds::FEWEST_CHANNELS);
        if there < needed {
            let detail = format!(
                "There are {there} channels; a channel is compared with at least five others, so {needed} are needed: \
                 among fewer none can lie two standard deviations off. Compare with its own history."
            );
            checks.refuse("/spec/comparison", "too_few", detail);
        }
    }
    if let RuleSpec::GoalPace(spec) = &rule.spec {
        reading::check_goal(tx, who, rule, spec, checks).await?;
    }
    if let Some(campaign) = rule.campaign.filter(|_| kinds::of(&rule.spec).wants_plan()) {
        let plan = campaigns::plan_of(tx, who.tenant, campaign).await;
        let whole = plan.is_ok_and(|plan| plan.starts_on.is_some() && plan.ends_on.is_some() && plan.budget.is_some());
        let detail = "A budget pace needs the campaign's first and last day and its budget. Plan them first.";
        checks.ensure(whole, "/campaign", "incomplete", detail);
    }
    Ok(())
}

async fn judge_soon(tx: &mut Tx, who: &Who, rule: RuleId) -> Result<()> {
    queue::enqueue(tx, who, JUDGE_RULE, &json!({ "rule_id": rule }), now()).await
}

/// A page of the rules, oldest first: those in use, or the archived ones.
///
/// # Errors
/// When the database fails.
pub async fn list(app: &App, who: &Who, archived: bool, paging: &Paging) -> Result<Page<Rule>> {
    let rows = app
        .db
        .read(who, async |tx| {
            let within = reach::within(tx, who).await?;
            store::list(tx, who.tenant, within.as_ref(), archived, paging).await
        })
        .await?;
    Ok(paging.page(rows, |rule| rule.id.0, |rule| rule))
}

/// One rule.
///
/// # Errors
/// 404.
pub async fn get(app: &App, who: &Who, id: RuleId) -> Result<Rule> {
    app.db.read(who, async |tx| reached_rule(tx, who, id, false).await).await
}

/// A rule, if it is there and `who` reaches it.
async fn reached_rule(tx: &mut Tx, who: &Who, id: RuleId, lock: bool) -> Result<Rule> {
    let rule = store::get(tx, who.tenant, id, lock).await?;
    reach::check(tx, who, Place { channel: rule.channel, campaign: rule.campaign }, "rule").await?;
    Ok(rule)
}

/// A rule that `who` reaches, if there is such a one.
///
/// # Errors
/// When the database fails.
pub async fn find(tx: &mut Tx, who: &Who, id: RuleId) -> Result<Option<Rule>> {
    match reached_rule(tx, who, id, false).await {
        Err(error) if error.code == Code::NotFound => Ok(None),
        found => found.map(Some),
    }
}

/// Changes a rule.
///
/// # Errors
/// 404, 409 when it is archived, 412 for a stale version, 422 for a change of kind or wrong fields.
pub async fn update(app: &App, who: &Who, id: RuleId, read: &IfMatch, change: UpdateRule) -> Result<Rule> {
    let at = now();
    let rule = app
        .db
        .write(who, async |tx| {
            let before = reached_rule(tx, who, id, true).await?;
            read.check(before.version)?;
            if before.archived_at.is_some() {
                return Err(Error::conflict("This rule is archived: it can be read, not changed. Make another one."));
            }
            let key = change.spec.as_ref().unwrap_or(&before.spec).metric();
            let book = metrics::book_to_watch(tx, who.tenant, key).await?;
            let rule = changed(&before, change, &book)?;
            if rule == before {
                return Ok(before);
            }
            if rule.spec != before.spec {
                check_scope(tx, who, &rule).await?;
            }
            if rule.spec.metric() != before.spec.metric() || rule.timing.bucket != before.timing.bucket {
                // What was judged of other figures says nothing of these.
                store::begin_anew(tx, who.tenant, id).await?;
            }
            store::update(tx, who.tenant, &rule).await?;
            versions::keep_change(tx, who, &before, &rule, at).await?;
            let object = Some(id.to_string());
            let (was, is) = (Some(shown(&before)), Some(shown(&rule)));
            let entry = Entry { action: "rule.updated", object, before: was, after: is, ..Entry::default() };
            audit::record(tx, who, entry).await?;
            tell(tx, who, &rule, EventType::RuleUpdated, at).await?;
            judge_soon(tx, who, id).await?;
            Ok(rule)
        })
        .await?;
    app.wake(Topic::Jobs);
    Ok(rule)
}

/// Archives a rule: it judges no more, and the job that would judge it resolves what it has open. One that is archived
/// stays as it is.
///
/// # Errors
/// 404.
pub async fn archive(app: &App, who: &Who, id: RuleId) -> Result<Rule> {
    let at = now();
    let rule = app
        .db
        .write(who, async |tx| {
            let before = reached_rule(tx, who, id, true).await?;
            if before.archived_at.is_some() {
                return Ok(before);
            }
            let mut rule = before.clone();
            rule.archived_at = Some(at);
            rule.version += 1;
            store::update(tx, who.tenant, &rule).await?;
            versions::keep_change(tx, who, &before, &rule, at).await?;
            let object = Some(id.to_string());
            audit::record(tx, who, Entry { action: "rule.archived", object, ..Entry::default() }).await?;
            tell(tx, who, &rule, EventType::RuleArchived, at).await?;
            judge_soon(tx, who, id).await?;
            Ok(rule)
        })
        .await?;
    app.wake(Topic::Jobs);
    Ok(rule)
}

/// The stop-losses of these campaigns that judge now, sorted by campaign.
///
/// # Errors
/// When the database fails.
pub async fn stop_losses(tx: &mut Tx, tenant: TenantId, campaigns: &[CampaignId]) -> Result<Vec<ActiveRule>> {
    let ids: Vec<Uuid> = campaigns.iter().map(|id| id.0).collect();
    store::stop_losses(tx, tenant, &ids).await
}

/// The rules that judge closed days or hours.
///
/// # Errors
/// When the database fails.
pub async fn of_closed(tx: &mut Tx, tenant: TenantId) -> Result<Vec<ActiveRule>> {
    store::of_closed(tx, tenant).await
}

/// A rule that judges now; `None` when it is off or archived.
///
/// # Errors
/// When the database fails.
pub async fn active(tx: &mut Tx, tenant: TenantId, id: RuleId) -> Result<Option<ActiveRule>> {
    store::active(tx, tenant, id, false).await
}

/// As [`active`], locked so that only one transaction judges it.
///
/// # Errors
/// When the database fails.
pub async fn lock_active(tx: &mut Tx, tenant: TenantId, id: RuleId) -> Result<Option<ActiveRule>> {
    store::active(tx, tenant, id, true).await
}

/// Whether samples of a rule's metric come in live, and not from a file or a replay: they were `fresh` once.
///
/// # Errors
/// When the database fails.
pub async fn note_fed(
    tx: &mut Tx,
    tenant: TenantId,
    rule: &ActiveRule,
    fresh: bool,
    at: DateTime<Utc>,
) -> Result<bool> {
    if fresh && !rule.fed {
        store::set_fed(tx, tenant, rule.id, at).await?;
    }
    Ok(fresh || rule.fed)
}
