//! What a sensible rule is, pure.

use super::detect::{Deviation, Method, RuleError, Season, Side as DetectSide, Threshold};
use crate::error::Result;
use crate::measure::metrics::{self, Kind, Metric, Term};
use crate::platform::validate::Checks;
use std::ops::RangeInclusive;
use tillwatch_shared::watch::{Baseline, CreateRule, RuleSpec, Side};

/// How many weeks a deviation can look back upon.
const WEEKS: RangeInclusive<u16> = 3..=52;

/// Refuses a rule that could never judge, or that would judge nonsense.
///
/// # Errors
/// 422 with every wrong field.
pub fn check(rule: &CreateRule) -> Result<()> {
    let mut checks = Checks::default();
    checks.line("/name", &rule.name, 1, 120);
    let metric = metrics::find(rule.spec.metric());
    if metric.is_none() {
        let nearest = metrics::suggest(rule.spec.metric()).map(|key| format!(" Did you mean `{key}`?"));
        let detail = format!("There is no such metric.{}", nearest.unwrap_or_default());
        checks.refuse("/spec/metric", "unknown_metric", detail);
    }
    if rule.per_channel && (rule.channel.is_some() || rule.campaign.is_some()) {
        checks.refuse("/per_channel", "contradiction", "Either each channel by itself, or one channel or campaign.");
    }
    match &rule.spec {
        RuleSpec::StopLoss { line, minimum_spend, .. } => {
            checks.ensure(
                rule.campaign.is_some(),
                "/campaign",
                "required",
                "A stop-loss stands on a campaign. Name it.",
            );
            checks.ensure(rule.channel.is_none(), "/channel", "contradiction", "A stop-loss takes no channel.");
            checks.ensure(line.e4() > 0, "/spec/line", "out_of_range", "The line is more than zero.");
            checks.ensure(!line.is_absurd(), "/spec/line", "out_of_range", "The line is at most 100 billion.");
            let minimum = !minimum_spend.is_negative() && !minimum_spend.is_absurd();
            checks.ensure(minimum, "/spec/minimum_spend", "out_of_range", "Takes 0 to 100 billion.");
            if let Some(metric) = metric {
                let cost = is_cost(metric);
                let detail = "A stop-loss watches `spend`, or a cost made of it, such as `cpa` or `cac`.";
                checks.ensure(cost, "/spec/metric", "not_a_cost", detail);
            }
        }
        spec => {
            if let RuleSpec::Deviation { window, minimum_history, .. } = spec {
                checks.ensure(WEEKS.contains(window), "/spec/window", "out_of_range", "Takes 3 to 52 weeks.");
                let history = WEEKS.contains(minimum_history) && minimum_history <= window;
                checks.ensure(
                    history,
                    "/spec/minimum_history",
                    "out_of_range",
                    "Takes 3 to as many weeks as the window.",
                );
            }
            let faults = [threshold(spec).map(|rule| rule.check()), deviation(spec).map(|rule| rule.check())];
            for error in faults.into_iter().flatten().filter_map(Result::err) {
                refuse(&mut checks, &error);
            }
        }
    }
    checks.done()
}

/// Refuses what the arithmetic refused, under the name that the caller gave it.
fn refuse(checks: &mut Checks, error: &RuleError) {
    let (RuleError::OutOfRange { field, .. } | RuleError::Missing { field } | RuleError::UnknownWord { field, .. }) =
        error;
    let detail = match error {
        RuleError::OutOfRange { expected, .. } => format!("Has to be {expected}."),
        RuleError::Missing { .. } => "Is needed for this kind of rule.".to_owned(),
        RuleError::UnknownWord { expected, .. } => format!("Takes one of: {expected}."),
    };
    let field = match *field {
        // Told already, with the weeks that can be asked for.
        "window" | "min_history" => return,
        "recovery_line" => "recover",
        "min_volume" => "minimum_volume",
        "k" => "sigmas",
        other => other,
    };
    checks.refuse(&format!("/spec/{field}"), "out_of_range", detail);
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

/// Whether a stop-loss can stand on it: `spend`, or a cost made of it.
pub fn is_cost(metric: &Metric) -> bool {
    metric.key == "spend" || cost_ratio(metric).is_some_and(|(cost, _)| cost == "spend")
}

/// Whether some cost of `spend` is counted by this metric: `actions` for `cpa`.
pub fn divides_cost(metric: &str) -> bool {
    metrics::all().iter().filter_map(cost_ratio).any(|(cost, actions)| cost == "spend" && actions == metric)
}

/// The arithmetic of a threshold.
pub fn threshold(spec: &RuleSpec) -> Option<Threshold> {
    match spec {
        RuleSpec::Threshold { side, line, recover, minimum_volume, .. } => {
            let mut rule = Threshold::new(side_of(*side), *line);
            rule.recovery_line = *recover;
            rule.min_volume = *minimum_volume;
            Some(rule)
        }
        _ => None,
    }
}

/// The arithmetic of a deviation from the same weekday.
pub fn deviation(spec: &RuleSpec) -> Option<Deviation> {
    match spec {
        RuleSpec::Deviation { side, sigmas, window, minimum_history, minimum_volume, baseline, .. } => {
            Some(Deviation {
                side: side_of(*side),
                k: *sigmas,
                window: u32::from(*window),
                min_history: u32::from(*minimum_history),
                min_volume: *minimum_volume,
                method: match baseline {
                    Baseline::MeanSigma => Method::MeanSigma,
                    Baseline::MedianMad => Method::MedianMad,
                },
                season: Season::WEEKDAY,
                ..Deviation::default()
            })
        }
        _ => None,
    }
}

fn side_of(side: Side) -> DetectSide {
    match side {
        Side::Below => DetectSide::Below,
        Side::Above => DetectSide::Above,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tillwatch_shared::ids::{CampaignId, ChannelId};
    use tillwatch_shared::quantity::Quantity;
    use tillwatch_shared::watch::Severity;

    fn rule(spec: RuleSpec) -> CreateRule {
        CreateRule {
            name: "r".into(),
            spec,
            channel: None,
            campaign: None,
            per_channel: false,
            severity: Severity::Warning,
        }
    }

    fn stop_loss(metric: &str, line: i64) -> RuleSpec {
        RuleSpec::StopLoss { metric: metric.into(), line: Quantity::from_e4(line), minimum_spend: Quantity::ZERO }
    }

    fn pointers(rule: &CreateRule) -> Vec<String> {
        check(rule).err().map(|e| e.fields.into_iter().map(|f| f.pointer).collect()).unwrap_or_default()
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
        let spec = RuleSpec::Threshold {
            metric: "salez".into(),
            side: Side::Below,
            line: 1.0,
            recover: None,
            minimum_volume: 0.0,
        };
        let both = CreateRule { per_channel: true, channel: Some(ChannelId::new()), ..rule(spec) };
        assert_eq!(pointers(&both), ["/spec/metric", "/per_channel"]);
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
}
