//! What a metric is, and the value of a ratio of sums.
//!
//! Pure: no clock, no store. Quantities are exact (`shared`); a ratio is the one place where they become
//! a double, after all adding is done. What a retailer defines for itself is borrowed from its book
//! ([`super::book`]), what ships is `'static`: one type serves both.

use super::unit::{Text, Unit};
use serde::Serialize;
use tillwatch_shared::quantity::Quantity;

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better.
    HigherIsBetter,
    /// Less is better.
    LowerIsBetter,
    /// Neither: an input such as spend, or a base such as messages sent.
    Neutral,
}

/// The family of a metric. A set of goals that lacks one of the first three is one-sided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Money: sales, costs, returns.
    Financial,
    /// What people do.
    Behaviour,
    /// How far and how well the brand is known.
    Brand,
    /// How people are served.
    Service,
    /// How good the data is.
    Data,
}

/// One part of a ratio: a metric's key with its sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term<'a> {
    /// Added.
    Plus(&'a str),
    /// Taken away.
    Minus(&'a str),
}

impl<'a> Term<'a> {
    /// The metric's key.
    #[must_use]
    pub const fn key(self) -> &'a str {
        match self {
            Self::Plus(key) | Self::Minus(key) => key,
        }
    }
}

/// How a metric gets its value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind<'a> {
    /// The sum of its samples, over time, channels and campaigns.
    Sum,
    /// A count of different people or things, as its source counted it for one period and one place. It is never
    /// added: who came on Monday and on Tuesday is one person of the week.
    Distinct,
    /// How much there is at a time. Over time the last value holds.
    Level {
        /// Whether the levels of several channels add up (followers of two accounts), or each place stands by itself.
        adds: bool,
    },
    /// How long something took, told by quantiles over all that took place.
    Duration,
    /// What a model reckons, shown with its source as it came.
    Model,
    /// `factor` x sum of `numerator` / sum of `denominator`, each taken over the whole window first.
    Ratio {
        /// What is divided.
        numerator: &'a [Term<'a>],
        /// What it is divided by.
        denominator: &'a [Term<'a>],
        /// 100 for per cent, 1000 for CPM, else 1.
        factor: f64,
    },
    /// A formula over other metrics, as [`super::formula`] reads it.
    Formula(&'a str),
}

/// How the values of a metric that takes samples are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Takes {
    /// Added.
    Sums,
    /// One for each period and place.
    Distinct,
    /// The last holds.
    Last,
    /// Counted by length.
    Durations,
}

/// As much of a metric as taking a sample asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Base<'a> {
    /// The metric's key.
    pub key: &'a str,
    /// How its values are put together.
    pub takes: Takes,
}

/// A metric: of the catalogue, or of a retailer's own book.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Definition<'a> {
    /// Stable name on the wire, in `snake_case`.
    pub key: &'a str,
    /// Name on the screen.
    pub name: Text<'a>,
    /// What a value counts.
    pub unit: Unit<'a>,
    /// How it gets its value.
    pub kind: Kind<'a>,
    /// Which way is better.
    pub direction: Direction,
    /// Its family.
    pub family: Family,
    /// Whether its samples are whole numbers.
    pub whole: bool,
    /// Whether a value below zero makes sense.
    pub may_be_negative: bool,
}

/// A metric of the catalogue.
pub type Metric = Definition<'static>;

impl<'a> Definition<'a> {
    /// Whether it is the sum of its samples.
    #[must_use]
    pub const fn is_sum(&self) -> bool {
        matches!(self.kind, Kind::Sum)
    }

    /// What its samples are of; `None` for one that is computed and takes none.
    #[must_use]
    pub const fn base(&self) -> Option<Base<'a>> {
        let takes = match self.kind {
            Kind::Sum => Takes::Sums,
            Kind::Distinct => Takes::Distinct,
            Kind::Level { .. } | Kind::Model => Takes::Last,
            Kind::Duration => Takes::Durations,
            Kind::Ratio { .. } | Kind::Formula(_) => return None,
        };
        Some(Base { key: self.key, takes })
    }

    /// Whether a value belongs to exactly the channel and campaign that it was sent for, so that nothing of other
    /// places is added to it.
    #[must_use]
    pub const fn keeps_its_place(&self) -> bool {
        matches!(self.kind, Kind::Distinct | Kind::Level { adds: false } | Kind::Model)
    }

    /// The metrics that it is computed from directly, each once, in the order of the formula; none for one that takes
    /// samples.
    #[must_use]
    pub fn parts(&self) -> Vec<&'a str> {
        let mut parts = Vec::new();
        let mut add = |key| {
            if !parts.contains(&key) {
                parts.push(key);
            }
        };
        match self.kind {
            Kind::Ratio { numerator, denominator, .. } => {
                numerator.iter().chain(denominator).for_each(|term| add(term.key()));
            }
            Kind::Formula(text) => super::formula::names(text).for_each(add),
            _ => {}
        }
        parts
    }

    /// The metrics whose samples it is computed from; one that takes samples is computed from itself. (What stands in a
    /// formula may be computed in turn: [`super::Book::bases`] goes to the ground.)
    pub fn sums(&self) -> Vec<&'a str> {
        if self.base().is_some() { vec![self.key] } else { self.parts() }
    }

    /// The formula of a computed metric in keys, such as `100 * clicks / impressions`; `None` for one that takes
    /// samples.
    #[must_use]
    pub fn formula(&self) -> Option<String> {
        let (numerator, denominator, factor) = match self.kind {
            Kind::Ratio { numerator, denominator, factor } => (numerator, denominator, factor),
            Kind::Formula(text) => return Some(text.to_owned()),
            _ => return None,
        };
        let (above, below) = (written(numerator), written(denominator));
        // Factors are small whole numbers or one: comparing says whether to write it at all.
        Some(if (factor - 1.0).abs() < f64::EPSILON {
            format!("{above} / {below}")
        } else {
            format!("{factor} * {above} / {below}")
        })
    }

    /// The value of a ratio from the sums of its parts over one window, in the metric's unit.
    ///
    /// `None` for any other metric, and when the denominator is zero or negative: without impressions there is
    /// no click rate, which is not the same as a click rate of zero.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a ratio is a double; its parts are added exactly before")]
    pub fn ratio(&self, sum_of: impl Fn(&str) -> Quantity) -> Option<f64> {
        let Kind::Ratio { numerator, denominator, factor } = self.kind else {
            return None;
        };
        let below = total(denominator, &sum_of);
        (below > 0).then(|| total(numerator, &sum_of) as f64 * factor / below as f64)
    }
}

/// The signed sum of the terms, in ten-thousandths. An i128 can't overflow with a handful of i64.
fn total(terms: &[Term<'_>], sum_of: &impl Fn(&str) -> Quantity) -> i128 {
    terms
        .iter()
        .map(|term| match term {
            Term::Plus(key) => i128::from(sum_of(key).e4()),
            Term::Minus(key) => -i128::from(sum_of(key).e4()),
        })
        .sum()
}

fn written(terms: &[Term<'_>]) -> String {
    let mut text = String::new();
    for term in terms {
        match (term, text.is_empty()) {
            (Term::Plus(key), true) => text.push_str(key),
            (Term::Plus(key), false) => text.extend([" + ", key]),
            (Term::Minus(key), true) => text.extend(["-", key]),
            (Term::Minus(key), false) => text.extend([" - ", key]),
        }
    }
    if terms.len() > 1 {
        text = format!("({text})");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;

    fn units(units: i64) -> Quantity {
        Quantity::from_units(units).unwrap()
    }

    #[test]
    fn a_ratio_is_a_ratio_of_sums_and_not_a_mean_of_ratios() {
        // Monday 1 of 10 (10 %), Tuesday 1 of 1000 (0.1 %): together 2 of 1010, not 5.05 %.
        let ctr = find("ctr").unwrap();
        let value = ctr
            .ratio(|key| match key {
                "clicks" => units(1 + 1),
                "impressions" => units(10 + 1000),
                other => panic!("{other} is no part of ctr"),
            })
            .unwrap();
        assert!((value - 200.0 / 1010.0).abs() < 1e-12, "{value}");
        assert!((value - 5.05).abs() > 4.0);
    }

    #[test]
    fn roi_takes_the_cost_away_and_roas_does_not() {
        let sums = |key: &str| match key {
            "sales" => Quantity::from_e4(3_000_000),
            "spend" => Quantity::from_e4(1_000_000),
            other => panic!("{other}"),
        };
        assert_eq!(find("roi").unwrap().ratio(sums), Some(200.0));
        assert_eq!(find("roas").unwrap().ratio(sums), Some(3.0));
        assert_eq!(find("roi").unwrap().formula().unwrap(), "100 * (sales - spend) / spend");
        assert_eq!(find("roas").unwrap().formula().unwrap(), "sales / spend");
        assert_eq!(find("roi").unwrap().parts(), ["sales", "spend"]);
    }

    #[test]
    fn cpm_is_the_price_of_a_thousand() {
        let value = find("cpm").unwrap().ratio(|key| match key {
            "spend" => Quantity::from_e4(125_000),
            _ => units(5_000),
        });
        assert_eq!(value, Some(2.5));
    }

    #[test]
    fn without_a_denominator_there_is_no_value() {
        assert_eq!(find("ctr").unwrap().ratio(|_| Quantity::ZERO), None);
        assert_eq!(find("ctr").unwrap().ratio(|_| units(-1)), None);
        assert_eq!(find("clicks").unwrap().ratio(|_| units(1)), None);
        assert!(find("clicks").unwrap().parts().is_empty());
        assert_eq!(find("clicks").unwrap().formula(), None);
    }

    #[test]
    fn the_largest_sums_do_not_overflow() {
        let most = |_: &str| Quantity::from_e4(i64::MAX);
        assert_eq!(find("roi").unwrap().ratio(most), Some(0.0));
        assert_eq!(find("nps").unwrap().ratio(most), Some(0.0));
    }
}
