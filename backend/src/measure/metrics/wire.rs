//! The catalogue as clients see it.

use super::own::OwnMetric;
use super::{Definition, Direction, Family, Kind};
use tillwatch_shared::measure as wire;

/// What a client is told about `metric`.
pub fn info(metric: &Definition<'_>) -> wire::MetricInfo {
    wire::MetricInfo {
        key: metric.key.to_owned(),
        name_en: metric.name.en.to_owned(),
        name_zh: metric.name.zh.to_owned(),
        kind: kind(metric.kind),
        unit: metric.unit.code().to_owned(),
        direction: direction(metric.direction),
        family: family(metric.family).to_owned(),
        formula: metric.formula(),
        id: None,
        adds_over_channels: if let Kind::Level { adds } = metric.kind { Some(adds) } else { None },
        classifier: None,
        whole: None,
        may_be_negative: None,
        stands_for: None,
        archived_at: None,
        version: None,
    }
}

/// What a client is told about a metric of the retailer's own.
pub fn own_info(own: &OwnMetric) -> wire::MetricInfo {
    wire::MetricInfo {
        id: Some(own.id),
        classifier: Some(own.classifier.clone()),
        whole: Some(own.whole),
        may_be_negative: Some(own.may_be_negative),
        stands_for: own.stands_for,
        archived_at: own.archived_at,
        version: Some(own.version),
        ..info(&own.definition())
    }
}

/// The direction that a word means.
pub const fn direction_of(word: wire::Direction) -> Direction {
    match word {
        wire::Direction::HigherIsBetter => Direction::HigherIsBetter,
        wire::Direction::LowerIsBetter => Direction::LowerIsBetter,
        wire::Direction::Neutral => Direction::Neutral,
    }
}

/// The family that a word means.
pub const fn family_of(word: wire::MetricFamily) -> Family {
    match word {
        wire::MetricFamily::Financial => Family::Financial,
        wire::MetricFamily::Behaviour => Family::Behaviour,
        wire::MetricFamily::Brand => Family::Brand,
        wire::MetricFamily::Service => Family::Service,
        wire::MetricFamily::Data => Family::Data,
    }
}

/// The kind's word.
pub const fn kind(kind: Kind<'_>) -> wire::MetricKind {
    match kind {
        Kind::Sum => wire::MetricKind::Sum,
        Kind::Distinct => wire::MetricKind::Distinct,
        Kind::Level { .. } => wire::MetricKind::Level,
        Kind::Duration => wire::MetricKind::Duration,
        Kind::Model => wire::MetricKind::Model,
        Kind::Ratio { .. } => wire::MetricKind::Ratio,
        Kind::Formula(_) => wire::MetricKind::Formula,
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
