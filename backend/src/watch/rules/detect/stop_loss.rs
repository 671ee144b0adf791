//! Stop-loss: the line at which a campaign is paused. Money, so exact integers only.
//!
//! Amounts are `i64` in ten-thousandths of the currency unit (12.5 CNY = 125 000). Decisions compare integers, products
//! in `i128`, which no pair of `i64` overflows; the shares and scores beside them are for reading.
//!
//! Cast: [`judge`] (a cost against its line), [`judge_ratio`] (a cost per action against its line), [`LossVerdict`].
//!
//! Invariants
//! - A cost that **reaches or passes** its line is a breach: the line is the most that may be lost, and what is spent
//!   after it is reached would be lost beyond it. So the line itself stops.
//! - Nothing is lost where nothing is spent: a total of 0 or less (refunds) is no breach of any line.
//! - A line below 0 is read as 0: the first ten-thousandth spent is a breach.
//! - Judged afresh each time, from totals alone: a late or corrected cost needs no memory of earlier verdicts. There is
//!   no recovery band, since resuming after a stop-loss is a person's decision.

use serde::{Deserialize, Serialize};

use super::{Figures, score};

/// Ten-thousandths in one currency unit.
pub const SCALE: i64 = 10_000;

/// What the stop-loss says.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "detail")]
pub enum LossVerdict {
    /// A cost per action is not judged before this much is spent.
    TooLittleCost {
        /// Spent, in ten-thousandths.
        have: i64,
        /// Least cost that is judged, in ten-thousandths.
        need: i64,
    },
    /// Before the line.
    Within(LossFigures),
    /// The line is reached or passed: pause.
    Breached(LossFigures),
}

impl LossVerdict {
    /// Whether the campaign must be paused.
    #[must_use]
    pub fn is_breach(&self) -> bool {
        matches!(self, Self::Breached(_))
    }
}

/// The figures of a stop-loss, in ten-thousandths of the currency unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LossFigures {
    /// Spent so far.
    pub cost: i64,
    /// Actions so far (orders, leads); `None` where the line is on the cost itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub actions: Option<i64>,
    /// The line, at least 0: a cost, or a cost per action.
    pub line: i64,
    /// Money spent beyond what the line allows for the actions so far; 0 within the line.
    pub overshoot: i64,
    /// The overshoot as a share of what the line allows (0.25 = a quarter past it); `None` for a line of 0.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub overshoot_share: Option<f64>,
    /// See [`score`].
    pub score: f64,
}

impl LossFigures {
    /// Cost per action, rounded half up to a ten-thousandth, for showing; `None` without actions.
    #[must_use]
    pub fn cost_per_action(&self) -> Option<i64> {
        let actions = i128::from(self.actions.filter(|&actions| actions > 0)?);
        let rounded = (i128::from(self.cost) * 2 + actions).div_euclid(actions * 2);
        // At least one action, so the quotient is no larger than the cost; the bound only spares a panic path.
        Some(i64::try_from(rounded).unwrap_or(i64::MAX))
    }

    /// The same in the vocabulary of the other rules, in currency units, for the alert's explanation. The overshoot is
    /// the money beyond the line (not the difference of the costs per action).
    #[must_use]
    pub fn to_figures(self) -> Figures {
        let over = self.overshoot_share.is_some() || self.overshoot > 0;
        Figures {
            value: units(self.cost_per_action().unwrap_or(self.cost)),
            line: Some(units(self.line)),
            overshoot: over.then(|| units(self.overshoot)),
            overshoot_share: self.overshoot_share,
            score: self.score,
            ..Figures::default()
        }
    }
}

/// Judges a cost (total spent so far) against its line, both in ten-thousandths of the currency unit.
#[must_use]
pub fn judge(total: i64, line: i64) -> LossVerdict {
    weigh(total, None, line)
}

/// Judges a cost per action against its line by cross-multiplication: `cost >= line x actions`.
///
/// Without any action the cost itself stands against the line: the next action would bring the cost per action down to
/// the cost at best, so from there on it can only be a breach. `min_cost` is what must be spent before anything is said
/// (one early click without an order proves nothing); all amounts are in ten-thousandths of the currency unit. A negative
/// count of actions (a correction on its way) is read as none.
#[must_use]
pub fn judge_ratio(cost: i64, actions: i64, line: i64, min_cost: i64) -> LossVerdict {
    if cost < min_cost {
        return LossVerdict::TooLittleCost { have: cost, need: min_cost };
    }
    weigh(cost, Some(actions.max(0)), line)
}

/// The one comparison: what is spent against what the line allows for the actions.
fn weigh(cost: i64, actions: Option<i64>, line: i64) -> LossVerdict {
    let line = line.max(0);
    let allowed = i128::from(line) * i128::from(actions.unwrap_or(1).max(1));
    let past = i128::from(cost) - allowed;
    let breached = cost > 0 && past >= 0;
    let mut figures = LossFigures {
        cost,
        actions,
        line,
        // From 0 to the cost, since what is allowed is not negative: it fits.
        overshoot: if breached { i64::try_from(past).unwrap_or(i64::MAX) } else { 0 },
        overshoot_share: None,
        score: if breached { 1.0 } else { 0.0 },
    };
    if allowed > 0 {
        figures.overshoot_share = breached.then(|| approximate(past) / approximate(allowed));
        figures.score = score(approximate(past), approximate(allowed));
    }
    if breached { LossVerdict::Breached(figures) } else { LossVerdict::Within(figures) }
}

/// For shares and scores, which are read by people.
#[expect(clippy::cast_precision_loss, reason = "53 bits are plenty for a share; decisions compare integers")]
fn approximate(amount: i128) -> f64 {
    amount as f64
}

/// Ten-thousandths to currency units, for showing.
fn units(amount: i64) -> f64 {
    approximate(i128::from(amount)) / approximate(i128::from(SCALE))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn breached(verdict: LossVerdict) -> LossFigures {
        match verdict {
            LossVerdict::Breached(figures) => figures,
            other => panic!("not breached: {other:?}"),
        }
    }

    #[test]
    fn reaching_the_line_stops_and_one_ten_thousandth_less_does_not() {
        let line = 500 * SCALE;
        assert!(!judge(line - 1, line).is_breach());
        let at = breached(judge(line, line));
        assert_eq!((at.overshoot, at.overshoot_share, at.score), (0, Some(0.0), 0.5));
        let over = breached(judge(625 * SCALE, line));
        assert_eq!((over.overshoot, over.overshoot_share), (125 * SCALE, Some(0.25)));
        let figures = over.to_figures();
        assert_eq!((figures.value, figures.line, figures.overshoot), (625.0, Some(500.0), Some(125.0)));
    }

    #[test]
    fn the_extremes_of_i64_are_exact() {
        assert!(!judge(i64::MAX - 1, i64::MAX).is_breach());
        assert!(judge(i64::MAX, i64::MAX).is_breach());
        assert_eq!(breached(judge(i64::MAX, i64::MAX - 1)).overshoot, 1);
        assert_eq!(breached(judge(i64::MAX, i64::MIN)).overshoot, i64::MAX);
        assert!(!judge(i64::MIN, i64::MIN).is_breach() && !judge(i64::MIN, i64::MAX).is_breach());
        assert!(!judge_ratio(i64::MAX, i64::MAX, i64::MAX, 0).is_breach(), "the product needs 126 bits");
        assert!(judge_ratio(i64::MAX, 1, i64::MAX, 0).is_breach());
        assert!(!judge_ratio(i64::MAX - 1, 1, i64::MAX, i64::MIN).is_breach());
        // 9 223 372 036 854 775 807 = 7 x 1 317 624 576 693 539 401: the quotient is whole, so the line is just reached.
        assert_eq!(breached(judge_ratio(i64::MAX, 7, 1_317_624_576_693_539_401, 0)).overshoot, 0);
        assert!(!judge_ratio(i64::MAX, 7, 1_317_624_576_693_539_402, 0).is_breach());
    }

    #[test]
    fn nothing_spent_is_nothing_lost() {
        assert!(!judge(0, 0).is_breach() && !judge(-5, -10).is_breach() && !judge_ratio(0, 0, 0, 0).is_breach());
        let first = breached(judge(1, 0));
        assert_eq!((first.overshoot, first.overshoot_share, first.score), (1, None, 1.0));
    }

    #[test]
    fn a_cost_per_action_is_compared_without_dividing() {
        // 100.0001 for 3 orders against 33.3333 each: 99.9999 allowed.
        let figures = breached(judge_ratio(1_000_001, 3, 333_333, 0));
        assert_eq!((figures.overshoot, figures.cost_per_action()), (2, Some(333_334)));
        assert!(!judge_ratio(1_000_001, 3, 333_334, 0).is_breach(), "33.33336.. is under 33.3334");
    }

    #[test]
    fn no_action_at_all_is_a_breach_once_the_cost_reaches_the_line() {
        let line = 80 * SCALE;
        assert!(!judge_ratio(line - 1, 0, line, 0).is_breach());
        let figures = breached(judge_ratio(100 * SCALE, 0, line, 0));
        assert_eq!((figures.overshoot_share, figures.cost_per_action()), (Some(0.25), None));
        assert_eq!(figures.to_figures().overshoot, Some(20.0));
        assert!(judge_ratio(line, -3, line, 0).is_breach());
    }

    #[test]
    fn before_the_minimum_cost_nothing_is_said() {
        let verdict = judge_ratio(99, 0, 10, 100);
        assert_eq!(verdict, LossVerdict::TooLittleCost { have: 99, need: 100 });
        assert!(judge_ratio(100, 0, 10, 100).is_breach());
    }

    proptest! {
        #[test]
        fn a_breach_is_exactly_the_comparison(cost: i64, actions: i64, line: i64) {
            let allowed = i128::from(line.max(0)) * i128::from(actions.max(1));
            let verdict = judge_ratio(cost, actions, line, i64::MIN);
            prop_assert_eq!(verdict.is_breach(), cost > 0 && i128::from(cost) >= allowed);
            if let LossVerdict::Breached(figures) | LossVerdict::Within(figures) = verdict {
                prop_assert!((0.0..=1.0).contains(&figures.score));
                let on_its_side = if verdict.is_breach() { figures.score >= 0.5 } else { figures.score <= 0.5 };
                prop_assert!(on_its_side);
                prop_assert_eq!(i128::from(figures.overshoot),
                    if verdict.is_breach() { i128::from(cost) - allowed } else { 0 });
            }
        }

        #[test]
        fn the_next_unit_of_cost_never_undoes_a_breach(cost in 0..i64::MAX, line: i64) {
            prop_assert!(!judge(cost, line).is_breach() || judge(cost + 1, line).is_breach());
        }
    }
}
