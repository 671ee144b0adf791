//! Rules: what a retailer wants to be told of, or stopped.
//!
//! Vocabulary: a *rule* has a *specification* (threshold, stop-loss, deviation), a *scope* (a channel, a campaign, each
//! channel by itself, or everything) and a severity. Cast: [`detect`] (the arithmetic, pure), [`series`] (the
//! days of one series held against a rule, pure), [`model`] (what a sensible rule is, pure). Judging happens in [`crate::watch::judging`]. Invariants: a stop-loss has a campaign and
//! acts from its first evaluation; the other kinds notify only; a changed rule is judged again at once; an archived one
//! is kept for the alerts that it raised and judges no more; a caller who is narrowed to channels reaches the rules whose
//! channel and campaign they reach, and makes no others ([`crate::identity::reach`]).

pub mod detect;
pub mod model;
pub mod routes;
pub mod series;
mod store;

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::events::{self, Happened};
use crate::identity::reach::{self, Place};
use crate::plan::{campaigns, channels};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::page::Paging;
use crate::platform::http::params::IfMatch;
use crate::platform::http::who::{Reach, Who};
use crate::platform::jobs::queue;
use crate::platform::validate::Checks;
use crate::platform::wake::Topic;
use chrono::{DateTime, Utc};
use serde_json::json;
use tillwatch_shared::Page;
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::{CampaignId, ChannelId, RuleId, TenantId};
use tillwatch_shared::watch::{CreateRule, Rule, RuleSpec, Severity, UpdateRule};
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
}

/// Makes a rule.
///
/// # Errors
/// 422 with every wrong field.
pub async fn create(app: &App, who: &Who, request: CreateRule) -> Result<Rule> {
    model::check(&request)?;
    let rule = Rule {
        id: RuleId::new(),
        name: request.name.trim().to_owned(),
        spec: request.spec,
        channel: request.channel,
        campaign: request.campaign,
        per_channel: request.per_channel,
        severity: request.severity,
        enabled: true,
        created_at: now(),
        archived_at: None,
        version: 1,
    };
    app.db
        .write(who, async |tx| {
            check_scope(tx, who, &rule).await?;
            store::insert(tx, who.tenant, &rule).await?;
            let after = Some(json!({ "name": rule.name, "spec": rule.spec, "severity": rule.severity }));
            let object = Some(rule.id.to_string());
            audit::record(tx, who, Entry { action: "rule.created", object, after, ..Entry::default() }).await?;
            tell(tx, who, &rule, EventType::RuleCreated, rule.created_at).await?;
            judge_soon(tx, who, rule.id).await
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
    let seen = who.reach == Reach::All || rule.channel.is_some() || rule.campaign.is_some();
    let detail = "Your permissions are narrowed to channels: name one of them, or a campaign that runs on them alone.";
    checks.ensure(seen, "/channel", "required", detail);
    checks.done()
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
    let rule = app
        .db
        .write(who, async |tx| {
            let before = reached_rule(tx, who, id, true).await?;
            read.check(before.version)?;
            if before.archived_at.is_some() {
                return Err(Error::conflict("This rule is archived: it can be read, not changed. Make another one."));
            }
            let mut rule = before.clone();
            if let Some(name) = change.name {
                name.trim().clone_into(&mut rule.name);
            }
            if let Some(spec) = change.spec {
                if spec.kind() != before.spec.kind() {
                    return Err(Error::field("/spec/kind", "fixed", "A rule keeps its kind. Make another rule."));
                }
                rule.spec = spec;
            }
            rule.severity = change.severity.unwrap_or(rule.severity);
            rule.enabled = change.enabled.unwrap_or(rule.enabled);
            model::check(&CreateRule {
                name: rule.name.clone(),
                spec: rule.spec.clone(),
                channel: rule.channel,
                campaign: rule.campaign,
                per_channel: rule.per_channel,
                severity: rule.severity,
            })?;
            if rule == before {
                return Ok(before);
            }
            rule.version += 1;
            store::update(tx, who.tenant, &rule).await?;
            let shown = |rule: &Rule| {
                Some(
                    json!({ "name": rule.name, "spec": rule.spec, "severity": rule.severity, "enabled": rule.enabled }),
                )
            };
            let object = Some(id.to_string());
            let entry = Entry {
                action: "rule.updated",
                object,
                before: shown(&before),
                after: shown(&rule),
                ..Entry::default()
            };
            audit::record(tx, who, entry).await?;
            tell(tx, who, &rule, EventType::RuleUpdated, now()).await?;
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
            let mut rule = reached_rule(tx, who, id, true).await?;
            if rule.archived_at.is_some() {
                return Ok(rule);
            }
            rule.archived_at = Some(at);
            rule.version += 1;
            store::update(tx, who.tenant, &rule).await?;
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

/// The rules that judge closed days.
///
/// # Errors
/// When the database fails.
pub async fn daily(tx: &mut Tx, tenant: TenantId) -> Result<Vec<ActiveRule>> {
    store::daily(tx, tenant).await
}

/// A rule that judges now, locked so that only one transaction judges it; `None` when it is off or archived.
///
/// # Errors
/// When the database fails.
pub async fn lock_active(tx: &mut Tx, tenant: TenantId, id: RuleId) -> Result<Option<ActiveRule>> {
    store::lock_active(tx, tenant, id).await
}
