//! The SMART check of a goal, a line a letter (Doran, There's a S.M.A.R.T. way to write management's goals and objectives,
//! Management Review 70, 1981). Pure: today is an argument.
//!
//! Specific: metric, scope (the whole retailer unless one is named), owner and name. Measurable: a target of a metric that was
//! counted there in the last 28 days and is not archived. Achievable: the pace that is needed from today on, against the best
//! stretch as long that the last 400 days ever saw. Relevant: a reason or a campaign. Time-bound: a deadline ahead, and 7
//! days to 3 years. Only the achievable may be overridden, by a reason that is kept.

use super::course::{DayFigure, LEVEL_DAYS, ratio_between, sum_between};
use super::periods::days_of;
use super::words::{self, Gap};
use crate::measure::metrics::Definition;
use chrono::{Days, NaiveDate};
use tillwatch_shared::goals::{Goal, GoalAim, SmartCheck, SmartLetter, SmartLine};

/// Within so many days a metric must have been counted.
pub const COUNTED_WITHIN: i64 = 28;
/// How far back the best stretch is looked for, in days.
pub const HISTORY_DAYS: u64 = 400;
/// The shortest goal, in days.
pub const SHORTEST: i64 = 7;
/// The longest one: three years with a leap day.
pub const LONGEST: i64 = 1_096;

/// What the check looks at.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The goal.
    pub goal: &'a Goal,
    /// Its metric.
    pub metric: Option<&'a Definition<'a>>,
    /// Whether that was archived.
    pub archived: bool,
    /// Why it is pursued although it was never reached, if somebody says so.
    pub anyway: Option<&'a str>,
    /// The retailer's local day.
    pub today: NaiveDate,
    /// The last day on which the metric was counted in the goal's scope.
    pub newest: Option<NaiveDate>,
    /// What is needed and what there was.
    pub best: Option<Best>,
    /// The retailer's currency.
    pub currency: &'a str,
}

/// The pace that is needed, against the best that was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Best {
    /// What so many days are to bring; of a ratio, the target.
    pub needed: f64,
    /// What the best of as many days brought; `None` where fewer are stored.
    pub best: Option<f64>,
    /// How many days.
    pub days: u64,
    /// Whether that is enough.
    pub is_enough: bool,
}

/// What is checked.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Whether the metric adds up.
    pub adds_up: bool,
    /// Which way the goal goes.
    pub aim: GoalAim,
    /// Its target.
    pub target: f64,
    /// Its first day.
    pub starts_on: NaiveDate,
    /// Its last day.
    pub ends_on: NaiveDate,
}

/// What a goal needs from `today` on, and the best that the days before ever brought. `None` when its deadline has passed.
pub fn best(wanted: &Wanted, days: &[DayFigure], today: NaiveDate) -> Option<Best> {
    let from = wanted.starts_on.max(today);
    let left = days_of(from, wanted.ends_on);
    let yesterday = today.pred_opt()?;
    if left < 1 {
        return None;
    }
    let stretch = if wanted.adds_up { u64::try_from(left).ok()?.min(LEVEL_DAYS) } else { LEVEL_DAYS };
    let needed = if wanted.adds_up {
        let brought = sum_between(days, wanted.starts_on, yesterday);
        #[expect(clippy::cast_precision_loss, reason = "days")]
        let (part, whole) = (stretch as f64, left as f64);
        (wanted.target - brought) * part / whole
    } else {
        wanted.target
    };
    let best = best_stretch(wanted, days, stretch, yesterday);
    // What was done to the last bit may come out of a division a bit short.
    let slack = needed.abs() * 1e-9;
    let is_enough = best.is_some_and(|best| match wanted.aim {
        GoalAim::AtLeast => needed <= best + slack,
        GoalAim::AtMost => needed >= best - slack,
    });
    Some(Best { needed, best, days: stretch, is_enough })
}

/// The best figure of any `stretch` days in a row up to `last`.
fn best_stretch(wanted: &Wanted, days: &[DayFigure], stretch: u64, last: NaiveDate) -> Option<f64> {
    let first = days.first()?.day;
    let last = days.last()?.day.min(last);
    let mut best: Option<f64> = None;
    let mut begin = first;
    while let Some(end) = begin.checked_add_days(Days::new(stretch - 1)).filter(|end| *end <= last) {
        let figure = if wanted.adds_up { Some(sum_between(days, begin, end)) } else { ratio_between(days, begin, end) };
        best = match (best, figure) {
            (Some(best), Some(figure)) => Some(match wanted.aim {
                GoalAim::AtLeast => best.max(figure),
                GoalAim::AtMost => best.min(figure),
            }),
            (best, figure) => best.or(figure),
        };
        begin = begin.succ_opt()?;
    }
    best
}

/// The check.
pub fn check(facts: &Facts<'_>) -> SmartCheck {
    let lines = vec![
        line(SmartLetter::Specific, specific(facts)),
        line(SmartLetter::Measurable, measurable(facts)),
        achievable(facts),
        line(SmartLetter::Relevant, relevant(facts)),
        line(SmartLetter::TimeBound, time_bound(facts)),
    ];
    SmartCheck { complete: lines.iter().all(|line| line.passed), lines }
}

/// A line of what is missing, or of what holds.
fn line(letter: SmartLetter, said: Result<Gap<'_>, Vec<Gap<'_>>>) -> SmartLine {
    let (passed, gaps) = match said {
        Ok(holds) => (true, vec![holds]),
        Err(gaps) => (false, gaps),
    };
    let [detail_en, detail_zh] = words::sentences(&gaps);
    SmartLine { letter, passed, overridden: false, detail_en, detail_zh }
}

fn specific<'a>(facts: &Facts<'a>) -> Result<Gap<'a>, Vec<Gap<'a>>> {
    let mut gaps = Vec::new();
    if facts.metric.is_none() {
        gaps.push(Gap::NoMetric);
    }
    if facts.goal.owner.is_none() {
        gaps.push(Gap::NoOwner);
    }
    if gaps.is_empty() { Ok(Gap::Specific) } else { Err(gaps) }
}

fn measurable<'a>(facts: &Facts<'a>) -> Result<Gap<'a>, Vec<Gap<'a>>> {
    let Some(metric) = facts.metric else { return Err(vec![Gap::NoMetric]) };
    let mut gaps = Vec::new();
    if facts.goal.target.is_none() {
        gaps.push(Gap::NoTarget);
    }
    if facts.archived {
        gaps.push(Gap::Archived { metric });
        return Err(gaps);
    }
    let fresh = facts.newest.is_some_and(|newest| (facts.today - newest).num_days() <= COUNTED_WITHIN);
    if !fresh {
        gaps.push(Gap::NotCounted { metric, newest: facts.newest });
    }
    match facts.newest.filter(|_| gaps.is_empty()) {
        Some(newest) => Ok(Gap::Counted { metric, newest }),
        None => Err(gaps),
    }
}

fn achievable(facts: &Facts<'_>) -> SmartLine {
    let (Some(metric), Some(best)) = (facts.metric, facts.best) else {
        return line(SmartLetter::Achievable, Err(vec![Gap::Untold]));
    };
    let figures = Gap::Best { metric, best, currency: facts.currency };
    if best.is_enough {
        return line(SmartLetter::Achievable, Ok(figures));
    }
    match facts.anyway {
        Some(reason) => {
            let [detail_en, detail_zh] = words::sentences(&[figures, Gap::Anyway { reason }]);
            SmartLine { letter: SmartLetter::Achievable, passed: true, overridden: true, detail_en, detail_zh }
        }
        None => line(SmartLetter::Achievable, Err(vec![figures, Gap::SayWhy])),
    }
}

fn relevant<'a>(facts: &Facts<'a>) -> Result<Gap<'a>, Vec<Gap<'a>>> {
    let said = !facts.goal.relevance.trim().is_empty() || !facts.goal.campaigns.is_empty();
    if said { Ok(Gap::Relevant) } else { Err(vec![Gap::NotRelevant]) }
}

fn time_bound<'a>(facts: &Facts<'a>) -> Result<Gap<'a>, Vec<Gap<'a>>> {
    let (Some(starts_on), Some(ends_on)) = (facts.goal.starts_on, facts.goal.ends_on) else {
        return Err(vec![Gap::NoDays]);
    };
    let mut gaps = Vec::new();
    if ends_on <= facts.today {
        gaps.push(Gap::Past { ends_on });
    }
    let days = days_of(starts_on, ends_on);
    if !(SHORTEST..=LONGEST).contains(&days) {
        gaps.push(Gap::Length { days });
    }
    if gaps.is_empty() { Ok(Gap::TimeBound { days, ends_on }) } else { Err(gaps) }
}

#[cfg(test)]
mod tests;
