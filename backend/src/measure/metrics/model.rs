//! What a metric is, and the value of a ratio of sums.
//!
//! Pure: no clock, no store. Quantities are exact (`shared`); a ratio is the one place where they become
//! a double, after all adding is done.

use serde::Serialize;
use tillwatch_shared::quantity::Quantity;

/// A text in both languages of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Text {
    /// English.
    pub en: &'static str,
    /// Simplified Chinese.
    pub zh: &'static str,
}

/// What a value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things, with the Chinese classifier that follows the number (`3 次`).
    Count(&'static str),
    /// The tenant's currency, in its main unit (yuan, not fen).
    Money,
    /// Per cent: 12.5 means 12.5 %.
    Percent,
    /// Seconds.
    Seconds,
    /// A multiple: 3 means three times.
    Times,
    /// A place in a list, 1 being the first.
    Rank,
    /// Points of a score, such as the net promoter score.
    Points,
    /// So many of one thing for each of another, with the Chinese pair (`2.5 单/人`).
    Per(&'static str),
}

impl Unit {
    /// The name of the unit on the wire.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Count(_) => "count",
            Self::Money => "money",
            Self::Percent => "percent",
            Self::Seconds => "seconds",
            Self::Times => "times",
            Self::Rank => "rank",
            Self::Points => "points",
            Self::Per(_) => "per",
        }
    }

    /// What is written after the number. Empty where the number stands alone: English counts are named by
    /// the metric, and money is written with the tenant's currency.
    #[must_use]
    pub const fn suffix(self) -> Text {
        let (en, zh) = match self {
            Self::Count(classifier) | Self::Per(classifier) => ("", classifier),
            Self::Money => ("", ""),
            Self::Percent => ("%", "%"),
            Self::Seconds => ("s", "秒"),
            Self::Times => ("x", "倍"),
            Self::Rank => ("", "位"),
            Self::Points => ("", "分"),
        };
        Text { en, zh }
    }
}

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

/// One part of a ratio: a sum metric's key with its sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// Added.
    Plus(&'static str),
    /// Taken away.
    Minus(&'static str),
}

impl Term {
    /// The sum metric's key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Plus(key) | Self::Minus(key) => key,
        }
    }
}

/// How a metric gets its value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// The sum of its samples.
    Sum,
    /// `factor` x sum of `numerator` / sum of `denominator`, each summed over the whole window first.
    Ratio {
        /// What is divided.
        numerator: &'static [Term],
        /// What it is divided by.
        denominator: &'static [Term],
        /// 100 for per cent, 1000 for CPM, else 1.
        factor: f64,
    },
}

/// A measure of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// Stable name on the wire, in `snake_case`.
    pub key: &'static str,
    /// Name on the screen.
    pub name: Text,
    /// What a value counts.
    pub unit: Unit,
    /// Sum or ratio.
    pub kind: Kind,
    /// Which way is better.
    pub direction: Direction,
    /// Its family.
    pub family: Family,
    /// Whether its samples are whole numbers.
    pub whole: bool,
    /// Whether a value below zero makes sense.
    pub may_be_negative: bool,
}

impl Metric {
    /// Whether it takes samples.
    #[must_use]
    pub const fn is_sum(&self) -> bool {
        matches!(self.kind, Kind::Sum)
    }

    /// The sums that a ratio is computed from, each once, in the order of the formula; none for a sum.
    #[must_use]
    pub fn parts(&self) -> Vec<&'static str> {
        let mut parts = Vec::new();
        if let Kind::Ratio { numerator, denominator, .. } = self.kind {
            for term in numerator.iter().chain(denominator) {
                if !parts.contains(&term.key()) {
                    parts.push(term.key());
                }
            }
        }
        parts
    }

    /// The sums that it is computed from; a sum is computed from itself.
    pub fn sums(&self) -> Vec<&'static str> {
        if self.is_sum() { vec![self.key] } else { self.parts() }
    }

    /// The formula of a ratio in keys, such as `100 * clicks / impressions`; `None` for a sum.
    #[must_use]
    pub fn formula(&self) -> Option<String> {
        let Kind::Ratio { numerator, denominator, factor } = self.kind else {
            return None;
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
    /// `None` for a sum metric, and when the denominator is zero or negative: without impressions there is
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
fn total(terms: &[Term], sum_of: &impl Fn(&str) -> Quantity) -> i128 {
    terms
        .iter()
        .map(|term| match term {
            Term::Plus(key) => i128::from(sum_of(key).e4()),
            Term::Minus(key) => -i128::from(sum_of(key).e4()),
        })
        .sum()
}

fn written(terms: &[Term]) -> String {
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
