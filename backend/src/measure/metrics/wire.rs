//! The catalogue as clients see it.

use super::{Direction, Family, Metric};
use tillwatch_shared::measure as wire;

/// What a client is told about `metric`.
pub fn info(metric: &Metric) -> wire::MetricInfo {
    wire::MetricInfo {
        key: metric.key.to_owned(),
        name_en: metric.name.en.to_owned(),
        name_zh: metric.name.zh.to_owned(),
        kind: if metric.is_sum() { wire::MetricKind::Sum } else { wire::MetricKind::Ratio },
        unit: metric.unit.code().to_owned(),
        direction: direction(metric.direction),
        family: family(metric.family).to_owned(),
        formula: metric.formula(),
    }
}

/// The direction's word.
pub const fn direction(direction: Direction) -> wire::Direction {
    match direction {
        Direction::HigherIsBetter => wire::Direction::HigherIsBetter,
        Direction::LowerIsBetter => wire::Direction::LowerIsBetter,
        Direction::Neutral => wire::Direction::Neutral,
    }
}

const fn family(family: Family) -> &'static str {
    match family {
        Family::Financial => "financial",
        Family::Behaviour => "behaviour",
        Family::Brand => "brand",
        Family::Service => "service",
        Family::Data => "data",
    }
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;

    #[test]
    fn a_ratio_says_how_it_is_computed_and_a_sum_does_not() {
        let ctr = info(find("ctr").unwrap());
        assert_eq!((ctr.kind, ctr.unit.as_str()), (wire::MetricKind::Ratio, "percent"));
        assert_eq!(ctr.formula.as_deref(), Some("100 * clicks / impressions"));
        assert_eq!((ctr.name_zh.as_str(), ctr.family.as_str()), ("点击率", "behaviour"));
        let spend = info(find("spend").unwrap());
        assert_eq!((spend.kind, spend.formula), (wire::MetricKind::Sum, None));
        assert_eq!(spend.direction, wire::Direction::Neutral);
    }
}
