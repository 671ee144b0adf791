//! What the service itself says of alerts, in both languages: the labels of the picture, and why a stop-loss paused a
//! campaign. (What the chat says, the bot words.)

use crate::measure::metrics::{self, Definition, Unit};
use crate::platform::chart::ChartState;
use tillwatch_shared::Locale;
use tillwatch_shared::quantity::Quantity;
use tillwatch_shared::watch::Figures;

/// Why a stop-loss pauses a campaign: `metric` (a catalogue key) has `reached` its `line`, both in the major unit of
/// `currency`.
pub fn stop_reason(locale: Locale, metric: &str, reached: Quantity, line: Quantity, currency: &str) -> String {
    let name = metrics::find(metric).map(|metric| metric.name);
    match locale {
        Locale::En => {
            let name = name.map_or(metric, |name| name.en);
            format!("Stop-loss: {name} reached {reached} {currency} (line {line} {currency}).")
        }
        Locale::ZhCn => {
            let name = name.map_or(metric, |name| name.zh);
            format!("止损：{name}已达 {reached} {currency}（止损线 {line} {currency}）。")
        }
    }
}

/// Why another rule pauses a campaign: `rule` (its name) saw `metric` at this figure, money in `currency`.
pub fn pause_reason(locale: Locale, rule: &str, metric: &Definition<'_>, figures: &Figures, currency: &str) -> String {
    let value = format!("{:.2}", figures.value);
    let zh = locale == Locale::ZhCn;
    let unit = match metric.unit {
        Unit::Money => format!(" {currency}"),
        other => if zh { other.suffix().zh } else { other.suffix().en }.to_owned(),
    };
    if zh {
        format!("规则“{rule}”：{}为 {value}{unit}。", metric.name.zh)
    } else {
        format!("Rule “{rule}”: {} was {value}{unit}.", metric.name.en)
    }
}

/// The line of a stop-loss in the picture.
pub(super) fn stop_line(locale: Locale) -> &'static str {
    match locale {
        Locale::En => "Stop-loss",
        Locale::ZhCn => "止损线",
    }
}

/// The state in the picture.
pub(super) fn state(locale: Locale, state: ChartState) -> &'static str {
    match (state, locale) {
        (ChartState::Firing, Locale::En) => "Firing",
        (ChartState::Firing, Locale::ZhCn) => "告警中",
        (ChartState::Silenced, Locale::En) => "Silenced",
        (ChartState::Silenced, Locale::ZhCn) => "静默",
        (ChartState::Acknowledged, Locale::En) => "Acknowledged",
        (ChartState::Acknowledged, Locale::ZhCn) => "已认领",
        (ChartState::Resolved, Locale::En) => "Resolved",
        (ChartState::Resolved, Locale::ZhCn) => "已恢复",
        (ChartState::Stopped, Locale::En) => "Paused by stop-loss",
        (ChartState::Stopped, Locale::ZhCn) => "止损暂停",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_is_explained_in_the_retailers_language_with_the_metrics_name() {
        let say = |locale, metric, currency| {
            stop_reason(locale, metric, Quantity::from_e4(1_105_000), Quantity::from_e4(1_000_000), currency)
        };
        assert_eq!(say(Locale::En, "spend", "USD"), "Stop-loss: Marketing spend reached 110.5 USD (line 100 USD).");
        assert_eq!(say(Locale::ZhCn, "cpa", "CNY"), "止损：单次行动成本已达 110.5 CNY（止损线 100 CNY）。");
    }

    #[test]
    fn a_pause_by_another_rule_names_the_rule_and_the_figure() {
        let figures = Figures { value: 1.25, ..Figures::default() };
        let say = |locale, key| pause_reason(locale, "转化", metrics::find(key).unwrap(), &figures, "CNY");
        assert_eq!(say(Locale::ZhCn, "conversion_rate"), "规则“转化”：转化率为 1.25%。");
        assert_eq!(say(Locale::En, "spend"), "Rule “转化”: Marketing spend was 1.25 CNY.");
    }
}
