//! The stop-loss, inside the write that brings the cost.
//!
//! The campaign's total row is locked by its own upsert, so writers of one campaign judge one after the other, and
//! exactly one of them sees the line reached first. An alert that is open already is brought up to date; a corrected
//! cost that falls back under the line resolves it (the campaign stays paused: resuming is a person's decision).
//! A campaign that a person resumed is not stopped again by the same open breach: raise the line to arm it anew.

use crate::error::Result;
use crate::identity::tenants;
use crate::measure::metrics;
use crate::plan::{budgets, campaigns};
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use crate::watch::alerts::{self, Breach};
use crate::watch::rules::detect::stop_loss::{self as detect, LossVerdict};
use crate::watch::rules::{self, ActiveRule, cost_ratio, divides_cost};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, HashMap};
use tillwatch_shared::ids::{AlertId, CampaignId};
use tillwatch_shared::quantity::Quantity;
use tillwatch_shared::samples::Stopped;
use tillwatch_shared::watch::{Figures, RuleSpec};

/// Books `deltas` on the campaigns' totals, judges the lines of the campaigns that moved, and pauses.
///
/// # Errors
/// When the database fails or a total would overflow.
pub async fn judge(
    tx: &mut Tx,
    who: &Who,
    deltas: &BTreeMap<(CampaignId, &'static str), i64>,
    at: DateTime<Utc>,
) -> Result<Vec<Stopped>> {
    let moved: Vec<(CampaignId, &str, i64)> =
        deltas.iter().filter(|(_, delta)| **delta != 0).map(|((id, metric), delta)| (*id, *metric, *delta)).collect();
    if moved.is_empty() {
        return Ok(Vec::new());
    }
    let mut ids: Vec<CampaignId> = moved.iter().map(|(id, _, _)| *id).collect();
    ids.dedup();
    // A cost per action is judged by two totals. Whoever moves the actions holds the cost too, so that of two writers
    // who come at once the second one sees both.
    let costs = moved.iter().filter(|(_, metric, _)| divides_cost(metric)).map(|(id, _, _)| (*id, budgets::SPEND, 0));
    let held: Vec<(CampaignId, &str, i64)> = moved.iter().copied().chain(costs).collect();
    budgets::add_totals(tx, who.tenant, &held).await?;
    let rules = rules::stop_losses(tx, who.tenant, &ids).await?;
    let mut stopped = Vec::new();
    // Sorted by campaign, as every transaction locks them.
    for rule in rules {
        let Some(campaign) = rule.campaign else { continue };
        let totals = budgets::totals(tx, who.tenant, campaign).await?;
        if let Some(stop) = judge_one(tx, who, &rule, campaign, &totals, at).await? {
            stopped.push(stop);
        }
    }
    Ok(stopped)
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
    // Held as a write holds it: a cost that is corrected meanwhile is judged behind this, not overtaken by it.
    budgets::add_totals(tx, who.tenant, &[(campaign, budgets::SPEND, 0)]).await?;
    let totals = budgets::totals(tx, who.tenant, campaign).await?;
    judge_one(tx, who, rule, campaign, &totals, at).await?;
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
) -> Result<Option<Stopped>> {
    let RuleSpec::StopLoss { line, minimum_spend, .. } = &rule.spec else { return Ok(None) };
    let Some(verdict) = verdict(&rule.spec, totals, *line, *minimum_spend) else { return Ok(None) };
    let key = alerts::breach_key(rule.id, None, Some(campaign));
    let open = alerts::open(tx, who.tenant, &key).await?;
    let as_rule = who.as_rule(rule.id);
    let breach = |figures: &detect::LossFigures, paused: bool| Breach {
        rule,
        channel: None,
        campaign: Some(campaign),
        figures: super::wire_figures(&figures.to_figures()),
        window_start: at,
        paused_campaign: paused,
        key: key.clone(),
    };
    match (verdict, open) {
        (LossVerdict::Breached(figures), None) => {
            let alert = AlertId::new();
            let currency = tenants::settings(tx, who.tenant).await?.currency;
            let reason = format!(
                "Stop-loss: {} reached {} {currency} (line {} {currency}).",
                rule.spec.metric(),
                Quantity::from_e4(figures.cost_per_action().unwrap_or(figures.cost)),
                line,
            );
            let paused = campaigns::pause_by_rule(tx, &as_rule, campaign, alert, &reason, at).await?;
            alerts::raise(tx, &as_rule, alert, breach(&figures, paused), at).await?;
            let total = Quantity::from_e4(figures.cost);
            Ok(paused.then_some(Stopped { campaign, rule: rule.id, alert, total, line: *line }))
        }
        (LossVerdict::Breached(figures), Some(open)) => {
            if is_worth_showing(&figures, &open.figures) {
                alerts::update(tx, &as_rule, &open, breach(&figures, open.paused_campaign), at).await?;
            }
            Ok(None)
        }
        (LossVerdict::Within(figures), Some(open)) => {
            let paused = open.paused_campaign;
            alerts::resolve(tx, &as_rule, &open, Some(breach(&figures, paused)), at).await?;
            Ok(None)
        }
        _ => Ok(None),
    }
}

/// Whether the figures moved by a twentieth of the line since the alert showed them: what trickles in behind a pause
/// does not have the message edited with every sale.
fn is_worth_showing(figures: &detect::LossFigures, shown: &Figures) -> bool {
    let now = figures.to_figures();
    (now.value - shown.value).abs() >= now.line.unwrap_or(0.0).abs() / 20.0
}

fn verdict(
    spec: &RuleSpec,
    totals: &HashMap<String, i64>,
    line: Quantity,
    minimum_spend: Quantity,
) -> Option<LossVerdict> {
    let metric = metrics::find(spec.metric())?;
    let total = |key: &str| totals.get(key).copied().unwrap_or(0);
    match cost_ratio(metric) {
        None => Some(detect::judge(total(metric.key), line.e4())),
        Some((cost, actions)) => {
            // Actions are counted in whole things, so nothing is lost.
            let actions = total(actions) / detect::SCALE;
            Some(detect::judge_ratio(total(cost), actions, line.e4(), minimum_spend.e4()))
        }
    }
}
