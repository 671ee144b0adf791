//! Nothing arrives for a series that used to be fed (接口不稳定).
//!
//! A day (or hour) is waited for when the same weekday (and hour) had samples in at least three quarters of the last four
//! weeks, as far as the series goes back, two at least: a shop that closes on Sundays is not missed on Sunday. What counts is how many
//! of those waited for have stayed empty since the last samples. Only samples end it; silence never does.

use super::{Case, Judge, Silence, no_window};
use crate::platform::validate::Checks;
use crate::watch::rules::detect::{Bucket, Figures, NoDataReason, Verdict, score};
use chrono::{NaiveDateTime, TimeDelta};
use tillwatch_shared::watch::{CreateRule, MissingDataSpec, RuleBucket, Timing};

/// How many weeks tell whether something is waited for.
const WEEKS: u32 = 4;

/// The fewest of them: what came once is no habit.
const FEWEST_WEEKS: u32 = 2;

/// The longest grace: behind two weeks of silence no day is waited for any more, since most of the last four were empty.
const LONGEST_GRACE_OF_DAYS: u16 = 13;
const LONGEST_GRACE_OF_HOURS: u16 = 168;

/// The rows of a series that are read: the weeks that tell, before the longest silence that is still counted.
const LOOK_BACK: TimeDelta = TimeDelta::weeks(9);

fn came(bucket: &Bucket) -> bool {
    bucket.value().is_some_and(|samples| samples > 0.0)
}

/// Whether `start` is waited for, judging by the weeks before it. `buckets` are without gaps, oldest first.
fn is_expected(buckets: &[Bucket], first: NaiveDateTime, start: NaiveDateTime) -> bool {
    let (mut known, mut fed) = (0, 0);
    for weeks in 1..=WEEKS {
        let then = start - TimeDelta::weeks(i64::from(weeks));
        if then < first {
            break;
        }
        known += 1;
        fed += u32::from(buckets.binary_search_by_key(&then, |bucket| bucket.start).is_ok_and(|at| came(&buckets[at])));
    }
    known >= FEWEST_WEEKS && fed * 4 >= known * 3
}

impl Judge for MissingDataSpec {
    fn check(&self, rule: &CreateRule, checks: &mut Checks) {
        let (most, detail) = match rule.timing.bucket {
            RuleBucket::Day => (LONGEST_GRACE_OF_DAYS, "Takes 0 to 13 days."),
            RuleBucket::Hour => (LONGEST_GRACE_OF_HOURS, "Takes 0 to 168 hours."),
        };
        checks.ensure(self.grace <= most, "/spec/grace", "out_of_range", detail);
        no_window(rule, checks);
        let once = rule.timing.lasts == 1;
        checks.ensure(once, "/timing/for", "contradiction", "Missing data have a grace instead: set `grace`.");
    }

    /// The buckets hold how many samples came.
    fn judge(&self, case: &Case<'_>) -> Verdict {
        let Some(first) = case.earlier.first() else {
            return Verdict::NoData(NoDataReason::TooLittleHistory { have: 0, need: 1 });
        };
        let line = f64::from(self.grace) + 1.0;
        let figures = |missing: u32| Figures {
            value: f64::from(missing),
            line: Some(line),
            overshoot: (f64::from(missing) >= line).then_some(f64::from(missing) - line),
            score: score(f64::from(missing) - line, line),
            ..Figures::default()
        };
        if came(case.judged) {
            return if case.open { Verdict::Recovered(figures(0)) } else { Verdict::Quiet(figures(0)) };
        }
        let silent = case.earlier.iter().rev().take_while(|bucket| !came(bucket)).chain([case.judged]);
        let expected = silent.filter(|bucket| is_expected(case.earlier, first.start, bucket.start)).count();
        let missing = u32::try_from(expected).unwrap_or(u32::MAX);
        // On a day that nobody waits for nothing new is known.
        if !is_expected(case.earlier, first.start, case.judged.start) {
            return Verdict::Holding(Figures { score: figures(missing).score.min(0.5), ..figures(missing) });
        }
        if f64::from(missing) >= line { Verdict::Firing(figures(missing)) } else { Verdict::Holding(figures(missing)) }
    }

    fn look_back(&self, _: &Timing) -> TimeDelta {
        LOOK_BACK
    }

    fn silence(&self) -> Silence {
        Silence::Judged
    }

    fn drawn(&self) -> super::Drawn {
        super::Drawn::Counted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    /// What the rule says of each day from the first on: `1` had samples, `0` had none.
    fn said(grace: u16, days: &str) -> Vec<Verdict> {
        // A Monday.
        let first = NaiveDate::from_ymd_opt(2026, 1, 5).unwrap().and_hms_opt(0, 0, 0).unwrap();
        let buckets: Vec<Bucket> = days
            .chars()
            .filter(|sign| !sign.is_whitespace())
            .enumerate()
            .map(|(i, sign)| {
                let start = first + TimeDelta::days(i64::try_from(i).unwrap());
                if sign == '1' { Bucket::plain(start, 3.0) } else { Bucket::missing(start) }
            })
            .collect();
        let rule = MissingDataSpec { metric: "orders".to_owned(), grace };
        let mut open = false;
        (1..buckets.len())
            .map(|i| {
                let timing = Timing::default();
                let case =
                    Case { earlier: &buckets[..i], judged: &buckets[i], peers: &[], timing: &timing, plan: None, open };
                let verdict = rule.judge(&case);
                open = verdict.leaves_open(open);
                verdict
            })
            .collect()
    }

    fn fires(verdict: &Verdict) -> bool {
        matches!(verdict, Verdict::Firing(_))
    }

    #[test]
    fn a_day_that_is_waited_for_is_missed_behind_its_grace_and_only_samples_end_it() {
        let verdicts = said(1, "1111111 1111111 1000111");
        assert_eq!(verdicts.iter().filter(|verdict| fires(verdict)).count(), 2, "{verdicts:?}");
        assert!(fires(&verdicts[15]) && fires(&verdicts[16]) && matches!(verdicts[17], Verdict::Recovered(_)));
        assert_eq!(verdicts[16].figures().unwrap().value.to_bits(), 3.0_f64.to_bits());
    }

    #[test]
    fn a_shop_that_closes_on_sundays_is_not_missed_then_but_on_monday() {
        assert!(!said(0, "1111110 1111110 1111110 1111110").iter().any(fires));
        let verdicts = said(0, "1111110 1111110 1111110 1111100 0111111");
        // Saturday, then a Sunday that says nothing new, then Monday; Tuesday ends it.
        assert!(fires(&verdicts[25]) && matches!(verdicts[26], Verdict::Holding(_)) && fires(&verdicts[27]));
        assert!(matches!(verdicts[28], Verdict::Recovered(_)));
    }

    #[test]
    fn what_was_never_fed_or_is_new_is_not_missed() {
        assert!(!said(0, "1110000").iter().any(fires), "no two weeks are behind it");
        assert!(!said(0, "1000000 0000000 0000000").iter().any(fires), "one day is no habit");
    }
}
