//! What a sensible rule is, pure.

use super::kinds;
use crate::error::Result;
use crate::measure::metrics::{self, Book, Kind, Metric, Term};
use crate::platform::time_of_day;
use crate::platform::validate::Checks;
use tillwatch_shared::watch::{CreateRule, Rule, RuleAction, RuleSpec, Timing, template};

/// The longest words of a retailer's own, in characters.
const LONGEST_MESSAGE: usize = 500;

/// The longest window of days, and of hours.
const WINDOWS: [u16; 2] = [366, 168];

/// Refuses a rule that could never judge, or that would judge nonsense. `book` is one in which its metric is, if there is
/// such a one.
///
/// # Errors
/// 422 with every wrong field.
pub fn check(rule: &CreateRule, book: &Book) -> Result<()> {
    faults(rule, book).done()
}

/// As [`check`], for a rule that is made, or that is to watch another metric, or to judge again: it does not begin with
/// an archived one. A rule that watched it before is changed and ended as any other.
///
/// # Errors
/// 422 with every wrong field.
pub fn check_new(rule: &CreateRule, book: &Book) -> Result<()> {
    let mut checks = faults(rule, book);
    let archived = book.own(rule.spec.metric()).is_some_and(|own| own.archived_at.is_some());
    let detail = "This metric is archived: it takes no samples any more, so a rule would judge nothing. Watch another.";
    checks.ensure(!archived, "/spec/metric", "archived_metric", detail);
    checks.done()
}

fn faults(rule: &CreateRule, book: &Book) -> Checks {
    let mut checks = Checks::default();
    checks.line("/name", &rule.name, 1, 120);
    if let Some(metric) = book.find(rule.spec.metric()) {
        let adds_up = book.plan(metric).is_some_and(|plan| plan.adds_up());
        let detail = "Only sums and ratios of sums are put together over a window. Watch this metric piece by piece.";
        checks.ensure(adds_up || rule.timing.window <= 1, "/timing/window", "not_added", detail);
    } else {
        let nearest = book.suggest(rule.spec.metric()).map(|key| format!(" Did you mean `{key}`?"));
        let detail = format!("There is no such metric.{}", nearest.unwrap_or_default());
        checks.refuse("/spec/metric", "unknown_metric", detail);
    }
    if rule.per_channel && (rule.channel.is_some() || rule.campaign.is_some()) {
        checks.refuse("/per_channel", "contradiction", "Either each channel by itself, or one channel or campaign.");
    }
    check_timing(rule.timing, &mut checks);
    if let Some(quiet) = &rule.quiet_hours {
        time_of_day::check_quiet_hours(quiet, &mut checks);
    }
    if let Some(message) = &rule.message {
        checks.text("/message", message, 1, LONGEST_MESSAGE);
        if let Some(fault) = template::fault(message) {
            checks.refuse("/message", "invalid", fault);
        }
    }
    kinds::of(&rule.spec).check(rule, &mut checks);
    checks
}

fn check_timing(timing: Timing, checks: &mut Checks) {
    use tillwatch_shared::watch::RuleBucket::{Day, Hour};
    let (longest, detail) = match timing.bucket {
        Day => (WINDOWS[0], "Takes 1 to 366 days."),
        Hour => (WINDOWS[1], "Takes 1 to 168 hours."),
    };
    checks.ensure((1..=longest).contains(&timing.window), "/timing/window", "out_of_range", detail);
    checks.ensure((1..=100).contains(&timing.lasts), "/timing/for", "out_of_range", "Takes 1 to 100.");
}

/// What a rule of this kind does from the beginning.
pub const fn first_action(spec: &RuleSpec) -> RuleAction {
    if spec.is_stop_loss() { RuleAction::PauseCampaign } else { RuleAction::Notify }
}

/// Refuses an action that a rule may not take as it is.
///
/// # Errors
/// 422 for a stop-loss that shall only notify, and for a pause without a campaign or a back-test.
pub fn check_action(rule: &Rule, action: RuleAction) -> Result<()> {
    let mut checks = Checks::default();
    if rule.spec.is_stop_loss() {
        let detail = "A stop-loss pauses its campaign. Make a threshold to be told only.";
        checks.ensure(action == RuleAction::PauseCampaign, "/action", "fixed", detail);
    } else if action == RuleAction::PauseCampaign {
        checks.ensure(rule.campaign.is_some(), "/action", "no_campaign", "This rule stands on no campaign to pause.");
        let detail =
            "Back-test the rule as it is first (POST /v1/rules/{id}/backtest), and look at what it would have done.";
        checks.ensure(rule.backtested_at.is_some(), "/action", "not_backtested", detail);
    }
    checks.done()
}

/// The two sums of a cost ratio (cost per acquisition: spend by new customers), if `metric` is a plain one.
pub fn cost_ratio(metric: &Metric) -> Option<(&'static str, &'static str)> {
    match &metric.kind {
        Kind::Ratio { numerator: [Term::Plus(cost)], denominator: [Term::Plus(actions)], factor }
            if (factor - 1.0).abs() < f64::EPSILON =>
        {
            Some((cost, actions))
        }
        _ => None,
    }
}

/// Whether some cost of `spend` is counted by this metric: `actions` for `cpa`.
pub fn divides_cost(metric: &str) -> bool {
    metrics::all().iter().filter_map(cost_ratio).any(|(cost, actions)| cost == "spend" && actions == metric)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tillwatch_shared::ids::{CampaignId, ChannelId};
    use tillwatch_shared::quantity::Quantity;
    use tillwatch_shared::tenant::QuietHours;
    use tillwatch_shared::watch::{Severity, Side, StopLossSpec, ThresholdSpec};

    fn rule(spec: RuleSpec) -> CreateRule {
        CreateRule {
            name: "r".into(),
            spec,
            channel: None,
            campaign: None,
            per_channel: false,
            severity: Severity::Warning,
            timing: Timing::default(),
            quiet_hours: None,
            message: None,
        }
    }

    fn stop_loss(metric: &str, line: i64) -> RuleSpec {
        let line = Quantity::from_e4(line);
        StopLossSpec { metric: metric.into(), line, minimum_spend: Quantity::ZERO }.into()
    }

    fn pointers(rule: &CreateRule) -> Vec<String> {
        check(rule, Book::shipped())
            .err()
            .map(|e| e.fields.into_iter().map(|f| f.pointer).collect())
            .unwrap_or_default()
    }

    #[test]
    fn a_stop_loss_needs_a_campaign_a_cost_and_a_line() {
        assert_eq!(pointers(&rule(stop_loss("spend", 1))), ["/campaign"]);
        let on = |spec| CreateRule { campaign: Some(CampaignId::new()), ..rule(spec) };
        assert!(pointers(&on(stop_loss("spend", 1))).is_empty());
        assert!(pointers(&on(stop_loss("cpa", 1))).is_empty());
        assert_eq!(pointers(&on(stop_loss("sales", 0))), ["/spec/line", "/spec/metric"]);
    }

    #[test]
    fn an_unknown_metric_and_a_contradicting_scope_are_told_together() {
        let spec =
            ThresholdSpec { metric: "salez".into(), side: Side::Below, line: 1.0, recover: None, minimum_volume: 0.0 };
        let both = CreateRule { per_channel: true, channel: Some(ChannelId::new()), ..rule(spec.into()) };
        assert_eq!(pointers(&both), ["/spec/metric", "/per_channel"]);
    }

    #[test]
    fn what_is_not_added_is_watched_piece_by_piece() {
        let over = |window, metric: &str| {
            let spec = serde_json::json!({ "kind": "threshold", "metric": metric, "side": "below", "line": 1.0 });
            let timing = Timing { window, ..Timing::default() };
            pointers(&CreateRule { timing, ..rule(serde_json::from_value(spec).unwrap()) })
        };
        assert!(over(1, "followers").is_empty() && over(7, "sales").is_empty() && over(7, "ctr").is_empty());
        for metric in ["followers", "unique_visitors", "queue_time", "ltv", "visit_frequency", "member_lift"] {
            assert_eq!(over(7, metric), ["/timing/window"], "{metric}");
        }
    }

    #[test]
    fn a_window_shorter_than_its_history_is_refused() {
        let spec: RuleSpec = serde_json::from_value(serde_json::json!({
            "kind": "deviation", "metric": "sales", "side": "below", "window": 4, "minimum_history": 6
        }))
        .unwrap();
        assert_eq!(pointers(&rule(spec)), ["/spec/minimum_history"]);
        let spec: RuleSpec = serde_json::from_value(serde_json::json!({
            "kind": "deviation", "metric": "sales", "side": "below", "window": 53, "sigmas": 0.0, "minimum_volume": -1.0
        }))
        .unwrap();
        assert_eq!(pointers(&rule(spec)), ["/spec/window", "/spec/sigmas"]);
    }
    #[test]
    fn what_a_kind_does_not_know_is_refused() {
        let spec = |kind: &str, more: serde_json::Value| -> RuleSpec {
            let mut spec = serde_json::json!({ "kind": kind, "metric": "sales", "side": "below" });
            spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            serde_json::from_value(spec).unwrap()
        };
        let quiet = QuietHours { from: "22:00".into(), until: "07:00".into() };
        let on_campaign = CreateRule {
            campaign: Some(CampaignId::new()),
            timing: Timing { window: 7, lasts: 0, ..Timing::default() },
            quiet_hours: Some(quiet),
            message: Some("{colour}".into()),
            ..rule(stop_loss("spend", 1))
        };
        assert_eq!(pointers(&on_campaign), ["/timing/for", "/message", "/timing", "/quiet_hours"]);
        let peers = rule(spec("deviation", serde_json::json!({ "comparison": "peers" })));
        assert_eq!(pointers(&peers), ["/per_channel"]);
        let change = serde_json::json!({ "versus": "week", "percent": 0, "recover_percent": 5, "absolute": -1 });
        let change = rule(spec("change", change));
        assert_eq!(pointers(&change), ["/spec/percent", "/spec/recover_percent", "/spec/absolute"]);
        let silent: RuleSpec =
            serde_json::from_value(serde_json::json!({ "kind": "missing_data", "metric": "sales", "grace": 169 }))
                .unwrap();
        let windowed = CreateRule { timing: Timing { window: 2, lasts: 2, ..Timing::default() }, ..rule(silent) };
        assert_eq!(pointers(&windowed), ["/spec/grace", "/timing/window", "/timing/for"]);
        let pace: RuleSpec =
            serde_json::from_value(serde_json::json!({ "kind": "budget_pace", "side": "above" })).unwrap();
        assert_eq!(pointers(&rule(pace)), ["/campaign"]);
    }
}
