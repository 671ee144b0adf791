//! The stop-loss, inside the write that brings the cost.
//!
//! The campaign's total row is locked by its own upsert, so writers of one campaign judge one after the other, and
//! exactly one of them sees the line reached first. An alert that is open already is brought up to date; a corrected
//! cost that falls back under the line, or under what is judged at all, resolves it (the campaign stays paused: resuming
//! is a person's decision). A breach stops its campaign once: one that a person resumed behind that is not stopped again
//! by the same open breach (raise the line to arm it anew), while one that did not run when the alert was raised is
//! stopped as soon as it runs, by [`after_change`].

use crate::error::Result;
use crate::identity::tenants;
use crate::plan::campaigns::{CampaignChanged, Held};
use crate::plan::{budgets, campaigns};
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use crate::watch::alerts::{self, Breach, words};
use crate::watch::rules::detect::stop_loss::{LossFigures, LossVerdict};
use crate::watch::rules::kinds::stop_loss_verdict;
use crate::watch::rules::{self, ActiveRule, divides_cost, wire_figures};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, HashMap};
use tillwatch_shared::ids::{AlertId, CampaignId};
use tillwatch_shared::plan::CampaignState;
use tillwatch_shared::quantity::Quantity;
use tillwatch_shared::samples::Stopped;
use tillwatch_shared::watch::{Figures, RuleSpec};

/// What judging came to.
#[derive(Debug, Default)]
pub struct Judged {
    /// The campaigns that were paused.
    pub stopped: Vec<Stopped>,
    /// Whether an alert was raised, changed or resolved: there are deliveries and jobs that are due now.
    pub told: bool,
}

/// Books `deltas` on the campaigns' totals, judges the lines of the campaigns that moved, and pauses.
///
/// # Errors
/// When the database fails or a total would overflow.
pub async fn judge(
    tx: &mut Tx,
    who: &Who,
    deltas: &BTreeMap<(CampaignId, &str), i64>,
    at: DateTime<Utc>,
) -> Result<Judged> {
    let moved: Vec<(CampaignId, &str, i64)> =
        deltas.iter().filter(|(_, delta)| **delta != 0).map(|((id, metric), delta)| (*id, *metric, *delta)).collect();
    if moved.is_empty() {
        return Ok(Judged::default());
    }
    let mut ids: Vec<CampaignId> = moved.iter().map(|(id, _, _)| *id).collect();
    ids.dedup();
    // A cost per action is judged by two totals. Whoever moves the actions holds the cost too, so that of two writers
    // who come at once the second one sees both.
    let costs = moved.iter().filter(|(_, metric, _)| divides_cost(metric)).map(|(id, _, _)| (*id, budgets::SPEND, 0));
    let held: Vec<(CampaignId, &str, i64)> = moved.iter().copied().chain(costs).collect();
    budgets::add_totals(tx, who.tenant, &held).await?;
    let rules = rules::stop_losses(tx, who.tenant, &ids).await?;
    let mut judged = Judged::default();
    // Sorted by campaign, as every transaction locks them.
    for rule in rules {
        let Some(campaign) = rule.campaign else { continue };
        let totals = budgets::totals(tx, who.tenant, campaign).await?;
        let one = judge_one(tx, who, &rule, campaign, &totals, at).await?;
        judged.told |= one.told;
        judged.stopped.extend(one.stopped);
    }
    Ok(judged)
}

/// Judges one rule by what its campaign has cost by now: when it was made or its line moved.
///
/// # Errors
/// When the database fails.
pub(super) async fn judge_now(
    tx: &mut Tx,
    who: &Who,
    rule: &ActiveRule,
    campaign: CampaignId,
    at: DateTime<Utc>,
) -> Result<()> {
    hold(tx, who, campaign).await?;
    let totals = budgets::totals(tx, who.tenant, campaign).await?;
    judge_one(tx, who, rule, campaign, &totals, at).await?;
    Ok(())
}

/// Shows what a person did to a campaign on its open alerts, and judges the lines of one that runs now: what it cost
/// before may have reached them.
///
/// # Errors
/// When the database fails.
pub(super) async fn after_change(tx: &mut Tx, who: &Who, change: CampaignChanged, at: DateTime<Utc>) -> Result<()> {
    let CampaignChanged { campaign_id: campaign, verb, .. } = change;
    let runs = verb.aim() == CampaignState::Active;
    let rules = if runs { rules::stop_losses(tx, who.tenant, &[campaign]).await? } else { Vec::new() };
    if !rules.is_empty() {
        // Before the alerts, as every write locks them.
        hold(tx, who, campaign).await?;
    }
    alerts::campaign_changed(tx, who, change, at).await?;
    let totals = budgets::totals(tx, who.tenant, campaign).await?;
    for rule in rules {
        judge_one(tx, who, &rule, campaign, &totals, at).await?;
    }
    Ok(())
}

/// Holds a campaign's cost as a write holds it: what is corrected meanwhile is judged behind this, not overtaken by it.
async fn hold(tx: &mut Tx, who: &Who, campaign: CampaignId) -> Result<()> {
    budgets::add_totals(tx, who.tenant, &[(campaign, budgets::SPEND, 0)]).await?;
    Ok(())
}

/// Judges one rule against its campaign's totals.
async fn judge_one(
    tx: &mut Tx,
    who: &Who,
    rule: &ActiveRule,
    campaign: CampaignId,
    totals: &HashMap<String, i64>,
    at: DateTime<Utc>,
) -> Result<Judged> {
    let RuleSpec::StopLoss(spec) = &rule.spec else { return Ok(Judged::default()) };
    let total = |key: &str| totals.get(key).copied().unwrap_or(0);
    let Some(verdict) = stop_loss_verdict(spec, total) else { return Ok(Judged::default()) };
    let key = alerts::breach_key(rule.id, None, Some(campaign));
    let open = alerts::open(tx, who.tenant, &key).await?;
    let as_rule = who.as_rule(rule.id);
    let breach = |figures: &LossFigures, paused: bool| Breach {
        rule,
        channel: None,
        campaign: Some(campaign),
        figures: wire_figures(&figures.to_figures()),
        window_start: at,
        paused_campaign: paused,
        speaks_at: at,
        key: key.clone(),
    };
    let stopped = |held: Held, alert: AlertId, figures: &LossFigures| {
        let total = Quantity::from_e4(figures.cost);
        let stopped = Stopped { campaign, rule: rule.id, alert, total, line: spec.line };
        if held == Held::Paused { vec![stopped] } else { Vec::new() }
    };
    let told = |stopped: Vec<Stopped>| Ok(Judged { stopped, told: true });
    match (verdict, open) {
        (LossVerdict::Breached(figures), None) => {
            let alert = AlertId::new();
            let held = pause(tx, &as_rule, rule, campaign, alert, &figures, at).await?;
            alerts::raise(tx, &as_rule, alert, breach(&figures, held != Held::NotRunning), at).await?;
            told(stopped(held, alert, &figures))
        }
        (LossVerdict::Breached(figures), Some(open)) => {
            let held = if open.paused_campaign {
                Held::NotRunning
            } else {
                pause(tx, &as_rule, rule, campaign, open.id, &figures, at).await?
            };
            if held != Held::NotRunning {
                alerts::stop(tx, &as_rule, &open, breach(&figures, true), at).await?;
            } else if is_worth_showing(&figures, &open.figures) {
                alerts::update(tx, &as_rule, &open, breach(&figures, open.paused_campaign), at).await?;
            } else {
                return Ok(Judged::default());
            }
            told(stopped(held, open.id, &figures))
        }
        (LossVerdict::Within(figures), Some(open)) => {
            let paused = open.paused_campaign;
            alerts::resolve(tx, &as_rule, &open, Some(breach(&figures, paused)), at).await?;
            told(Vec::new())
        }
        (LossVerdict::TooLittleCost { .. }, Some(open)) => {
            alerts::resolve(tx, &as_rule, &open, None, at).await?;
            told(Vec::new())
        }
        (LossVerdict::Within(_) | LossVerdict::TooLittleCost { .. }, None) => Ok(Judged::default()),
    }
}

/// Pauses the campaign if it runs, and says why in the retailer's language.
async fn pause(
    tx: &mut Tx,
    as_rule: &Who,
    rule: &ActiveRule,
    campaign: CampaignId,
    alert: AlertId,
    figures: &LossFigures,
    at: DateTime<Utc>,
) -> Result<Held> {
    let RuleSpec::StopLoss(spec) = &rule.spec else { return Ok(Held::NotRunning) };
    let settings = tenants::settings(tx, as_rule.tenant).await?;
    let reached = Quantity::from_e4(figures.cost_per_action().unwrap_or(figures.cost));
    let reason = words::stop_reason(settings.locale, &spec.metric, reached, spec.line, &settings.currency);
    campaigns::pause_by_rule(tx, as_rule, campaign, alert, &reason, at).await
}

/// Whether the figures moved by a twentieth of the line since the alert showed them: what trickles in behind a pause
/// does not have the message edited with every sale.
fn is_worth_showing(figures: &LossFigures, shown: &Figures) -> bool {
    let now = figures.to_figures();
    (now.value - shown.value).abs() >= now.line.unwrap_or(0.0).abs() / 20.0
}
