//! What a value counts, and which quantities may be added, divided and multiplied.
//!
//! A [`Dimension`] is what is left of a unit when its scale is forgotten: exponents of the few kinds of quantity that
//! metrics are made of. Only like is added to like; what is divided takes exponents away, so that money by clicks is
//! money for each click. Pure.

use serde::Serialize;
use tillwatch_shared::measure::MetricUnit;

/// A text in both languages of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Text<'a> {
    /// English.
    pub en: &'a str,
    /// Simplified Chinese.
    pub zh: &'a str,
}

/// What a value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit<'a> {
    /// Things, with the Chinese classifier that follows the number (`3 次`).
    Count(&'a str),
    /// The tenant's currency, in its main unit (yuan, not fen).
    Money,
    /// Per cent: 12.5 means 12.5 %.
    Percent,
    /// Thousandths of a second.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Minutes.
    Minutes,
    /// Days.
    Days,
    /// A multiple: 3 means three times.
    Times,
    /// A place in a list, 1 being the first.
    Rank,
    /// Points of a score, such as the net promoter score.
    Points,
    /// So many of one thing for each of another, with the Chinese pair (`2.5 单/人`).
    Per(&'a str),
}

impl<'a> Unit<'a> {
    /// The name of the unit on the wire.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Count(_) => "count",
            Self::Money => "money",
            Self::Percent => "percent",
            Self::Milliseconds => "milliseconds",
            Self::Seconds => "seconds",
            Self::Minutes => "minutes",
            Self::Days => "days",
            Self::Times => "times",
            Self::Rank => "rank",
            Self::Points => "points",
            Self::Per(_) => "per",
        }
    }

    /// The unit of this name, with the classifier of those that have one.
    #[must_use]
    pub const fn of(unit: MetricUnit, classifier: &'a str) -> Self {
        match unit {
            MetricUnit::Count => Self::Count(classifier),
            MetricUnit::Money => Self::Money,
            MetricUnit::Percent => Self::Percent,
            MetricUnit::Milliseconds => Self::Milliseconds,
            MetricUnit::Seconds => Self::Seconds,
            MetricUnit::Minutes => Self::Minutes,
            MetricUnit::Days => Self::Days,
            MetricUnit::Times => Self::Times,
            MetricUnit::Rank => Self::Rank,
            MetricUnit::Points => Self::Points,
            MetricUnit::Per => Self::Per(classifier),
        }
    }

    /// What is written after the number. Empty where the number stands alone: English counts are named by
    /// the metric, and money is written with the tenant's currency.
    #[must_use]
    pub const fn suffix(self) -> Text<'a> {
        let (en, zh) = match self {
            Self::Count(classifier) | Self::Per(classifier) => ("", classifier),
            Self::Money => ("", ""),
            Self::Percent => ("%", "%"),
            Self::Milliseconds => ("ms", "毫秒"),
            Self::Seconds => ("s", "秒"),
            Self::Minutes => ("min", "分钟"),
            Self::Days => ("d", "天"),
            Self::Times => ("x", "倍"),
            Self::Rank => ("", "位"),
            Self::Points => ("", "分"),
        };
        Text { en, zh }
    }

    /// Whether it measures how long something takes.
    #[must_use]
    pub const fn is_time(self) -> bool {
        matches!(self, Self::Milliseconds | Self::Seconds | Self::Minutes | Self::Days)
    }

    /// Whether two values of it add up to a third: things, money and time do; shares, multiples, places, scores and pairs
    /// do not.
    #[must_use]
    pub const fn adds(self) -> bool {
        matches!(self, Self::Count(_) | Self::Money) || self.is_time()
    }

    /// Its dimension. A multiple and a pair such as orders for each person are pure numbers.
    #[must_use]
    pub const fn dimension(self) -> Dimension {
        let mut exponents = [0; KINDS];
        let place = match self {
            Self::Times | Self::Per(_) => return Dimension { exponents },
            Self::Money => MONEY,
            Self::Count(_) => COUNT,
            Self::Percent => PERCENT,
            Self::Points => 3,
            Self::Rank => 4,
            Self::Milliseconds => 5,
            Self::Seconds => 6,
            Self::Minutes => 7,
            Self::Days => 8,
        };
        exponents[place] = 1;
        Dimension { exponents }
    }

    /// Whether what has this dimension may be shown in this unit. Money and times may be for each of some things; a pure
    /// number may be shown as a percentage or a score, since the formula says by how much it is multiplied.
    #[must_use]
    pub fn shows(self, dimension: Dimension) -> bool {
        let own = self.dimension();
        let mut for_each = dimension;
        for_each.exponents[COUNT] = for_each.exponents[COUNT].max(0);
        match self {
            Self::Money | Self::Milliseconds | Self::Seconds | Self::Minutes | Self::Days => for_each == own,
            Self::Percent | Self::Points => dimension == own || dimension == Dimension::PURE,
            Self::Count(_) | Self::Times | Self::Rank | Self::Per(_) => dimension == own,
        }
    }
}

/// Kinds of quantity. Units of time are kinds of their own: minutes and seconds are not added unseen.
const KINDS: usize = 9;
const MONEY: usize = 0;
const COUNT: usize = 1;
const PERCENT: usize = 2;
const NAMES: [&str; KINDS] =
    ["money", "count", "percent", "points", "rank", "milliseconds", "seconds", "minutes", "days"];

/// The exponents of a quantity: money 1 and count -1 is money for each thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dimension {
    exponents: [i8; KINDS],
}

impl Dimension {
    /// A number and nothing else.
    pub const PURE: Self = Self { exponents: [0; KINDS] };

    /// Of a product.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        Self { exponents: std::array::from_fn(|at| self.exponents[at].saturating_add(other.exponents[at])) }
    }

    /// Of a quotient.
    #[must_use]
    pub fn over(self, other: Self) -> Self {
        Self { exponents: std::array::from_fn(|at| self.exponents[at].saturating_sub(other.exponents[at])) }
    }

    /// In words: `money / count`, `a pure number`.
    #[must_use]
    pub fn told(self) -> String {
        let side = |sign: i8| {
            let mut words = Vec::new();
            for (name, exponent) in NAMES.iter().zip(self.exponents) {
                let times = usize::from(exponent.saturating_mul(sign).max(0).unsigned_abs());
                words.extend(std::iter::repeat_n(*name, times));
            }
            words.join(" x ")
        };
        match (side(1), side(-1)) {
            (above, below) if above.is_empty() && below.is_empty() => "a pure number".to_owned(),
            (above, below) if below.is_empty() => above,
            (above, below) if above.is_empty() => format!("1 / {below}"),
            (above, below) => format!("{above} / {below}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_by_things_is_money_for_each() {
        let (money, count) = (Unit::Money.dimension(), Unit::Count("次").dimension());
        let price = money.over(count);
        assert_eq!(price.told(), "money / count");
        assert!(Unit::Money.shows(price) && Unit::Money.shows(money));
        assert!(!Unit::Money.shows(count) && !Unit::Money.shows(money.times(money)) && !Unit::Percent.shows(price));
        assert!(Unit::Percent.shows(money.over(money)) && Unit::Times.shows(Dimension::PURE));
        assert!(!Unit::Times.shows(Unit::Percent.dimension()));
        assert_eq!(count.over(count).told(), "a pure number");
        assert_eq!(Dimension::PURE.over(Unit::Days.dimension()).told(), "1 / days");
    }

    #[test]
    fn every_unit_is_found_by_its_name() {
        for &unit in MetricUnit::ALL {
            assert_eq!(Unit::of(unit, "个").code(), unit.as_str());
        }
        assert!(Unit::Minutes.is_time() && !Unit::Money.is_time());
    }
}
