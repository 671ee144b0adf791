//! The pure part of judging and of back-tests: a rule, the figures of its series, and what it says of some of them.
//!
//! A series is prepared once: its hours or days in local time, what is empty filled in for a kind that minds it, and with a
//! window the sum of so many of them (a ratio stays a ratio of sums). Then any stretch of it can be judged; what lies
//! before the stretch is history.

use super::kinds::{self, Case, Judge, Silence, SpendPlan, width};
use crate::measure::samples::buckets::Counted;
use crate::measure::samples::calendar::{day_start, hour_start, local_date};
use crate::watch::rules::detect::{Bucket, NoDataReason, Verdict};
use chrono::{DateTime, Days, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use std::collections::HashMap;
use tillwatch_shared::ids::ChannelId;
use tillwatch_shared::watch::{RuleBucket, RuleSpec, Timing};

/// Figures that cannot be judged are passed over in a row of breaches, but no more of them than this.
const MOST_PASSED_OVER: usize = 31;

/// Local hours or days, as instants.
#[derive(Clone, Copy, Debug)]
pub struct Calendar {
    /// Where the retailer's clocks stand.
    pub zone: Tz,
    /// Hours or days.
    pub bucket: RuleBucket,
}

impl Calendar {
    /// The begin of the hour or day of `at`.
    pub fn start_of(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        match self.bucket {
            RuleBucket::Hour => hour_start(self.zone, at),
            RuleBucket::Day => day_start(self.zone, local_date(self.zone, at)),
        }
    }

    /// The first instant after the hour or day that begins at `start`.
    pub fn end_of(&self, start: DateTime<Utc>) -> DateTime<Utc> {
        match self.bucket {
            RuleBucket::Hour => start + TimeDelta::hours(1),
            RuleBucket::Day => day_start(self.zone, local_date(self.zone, start) + Days::new(1)),
        }
    }

    /// The begin of the hour or day before the one that begins at `start`.
    pub fn before(&self, start: DateTime<Utc>) -> DateTime<Utc> {
        self.start_of(start - TimeDelta::minutes(1))
    }

    /// The local time of a begin; a day begins at midnight, also where the clocks skip that.
    fn local(self, start: DateTime<Utc>) -> NaiveDateTime {
        let local = start.with_timezone(&self.zone).naive_local();
        match self.bucket {
            RuleBucket::Hour => local,
            RuleBucket::Day => local.date().and_time(NaiveTime::MIN),
        }
    }
}

/// How a rule judges, without where.
#[derive(Clone, Copy, Debug)]
pub struct How<'a> {
    /// What it watches for.
    pub spec: &'a RuleSpec,
    /// When it judges.
    pub timing: &'a Timing,
    /// In whose time.
    pub zone: Tz,
}

impl<'a> How<'a> {
    /// What its kind does.
    pub fn kind(&self) -> &'a dyn Judge {
        kinds::of(self.spec)
    }

    /// Its hours or days.
    pub fn calendar(&self) -> Calendar {
        Calendar { zone: self.zone, bucket: self.kind().bucket(self.timing) }
    }

    /// How far before the first judged figure its figures must be read.
    pub fn look_back(&self) -> TimeDelta {
        let pieces = i32::from(self.timing.window) + i32::from(self.timing.lasts);
        self.kind().look_back(self.timing) + width(self.calendar().bucket) * pieces + TimeDelta::days(1)
    }
}

/// The series of a rule, ready to be judged.
#[derive(Debug)]
pub struct Prepared<'a> {
    how: How<'a>,
    plan: Option<SpendPlan>,
    series: Vec<(Option<ChannelId>, Vec<Timed>)>,
    /// The figures of each time, for a kind that compares with peers.
    peers: HashMap<DateTime<Utc>, Vec<(Option<ChannelId>, Bucket)>>,
}

impl<'a> Prepared<'a> {
    /// Prepares what was counted; for a kind that minds silence through the piece that begins at `through`.
    pub fn new(
        how: How<'a>,
        counted: Vec<(Option<ChannelId>, Vec<Counted>)>,
        plan: Option<SpendPlan>,
        through: DateTime<Utc>,
    ) -> Self {
        let begin = plan.map(|plan| day_start(how.zone, plan.starts_on));
        let ready = |rows: Vec<Counted>| rolled(how, filled(how, &rows, begin, through));
        let series: Vec<_> = counted.into_iter().map(|(channel, rows)| (channel, ready(rows))).collect();
        let mut peers: HashMap<DateTime<Utc>, Vec<(Option<ChannelId>, Bucket)>> = HashMap::new();
        if how.kind().wants_peers() {
            for (channel, buckets) in &series {
                for (start, bucket) in buckets {
                    peers.entry(*start).or_default().push((*channel, *bucket));
                }
            }
        }
        Self { how, plan, series, peers }
    }

    /// The channel of each series, with the begin of its newest figure.
    pub fn newest(&self) -> impl Iterator<Item = (Option<ChannelId>, Option<DateTime<Utc>>)> {
        self.series.iter().map(|(channel, buckets)| (*channel, buckets.last().map(|(start, _)| *start)))
    }

    /// What the rule says of the figures of the series at `place` from `first` on, in order, given whether an alert was
    /// open before.
    pub fn judge(&self, place: usize, first: DateTime<Utc>, mut open: bool) -> Vec<(DateTime<Utc>, Verdict)> {
        let Some((channel, buckets)) = self.series.get(place) else { return Vec::new() };
        let plain: Vec<Bucket> = buckets.iter().map(|(_, bucket)| *bucket).collect();
        let begin = buckets.partition_point(|(start, _)| *start < first);
        if let Some(learned) = self.how.kind().replay(&plain) {
            // What is fired once an episode and what is open here may begin apart: an episode that goes on opens nothing.
            return learned
                .into_iter()
                .zip(buckets)
                .skip(begin)
                .map(|(verdict, (start, _))| (*start, verdict))
                .collect();
        }
        let lasts = usize::from(self.how.timing.lasts);
        let mut row = self.row_before(*channel, &plain, buckets, begin, lasts);
        let mut verdicts = Vec::with_capacity(buckets.len() - begin);
        for (index, (start, _)) in buckets.iter().enumerate().skip(begin) {
            let mut verdict = self.one(*channel, &plain, *start, index, open);
            match &verdict {
                Verdict::Firing(_) => row += 1,
                Verdict::NoData(_) => {}
                Verdict::Quiet(_) | Verdict::Recovered(_) | Verdict::Holding(_) => row = 0,
            }
            // In breach, but not for long enough: nothing is opened yet, and nothing is over.
            if let (Verdict::Firing(figures), false, true) = (&verdict, open, row < lasts) {
                verdict = Verdict::Holding(*figures);
            }
            open = verdict.leaves_open(open);
            verdicts.push((*start, verdict));
        }
        verdicts
    }

    /// How many figures right before `begin` were in breach one after the other, as far as that matters.
    fn row_before(
        &self,
        channel: Option<ChannelId>,
        plain: &[Bucket],
        buckets: &[Timed],
        begin: usize,
        lasts: usize,
    ) -> usize {
        let (mut row, mut passed) = (0, 0);
        for index in (0..begin).rev() {
            if row + 1 >= lasts || passed >= MOST_PASSED_OVER {
                break;
            }
            match self.one(channel, plain, buckets[index].0, index, false) {
                Verdict::Firing(_) => row += 1,
                Verdict::NoData(_) => passed += 1,
                _ => break,
            }
        }
        row
    }

    fn one(
        &self,
        channel: Option<ChannelId>,
        plain: &[Bucket],
        start: DateTime<Utc>,
        index: usize,
        open: bool,
    ) -> Verdict {
        let at_once = self.peers.get(&start);
        let others = at_once.into_iter().flatten().filter(|(other, _)| *other != channel);
        let peers: Vec<Bucket> = others.map(|(_, bucket)| *bucket).collect();
        let Some(judged) = plain.get(index) else { return Verdict::NoData(NoDataReason::NoValue) };
        let case = Case {
            earlier: &plain[..index],
            judged,
            peers: &peers,
            timing: self.how.timing,
            plan: self.plan.as_ref(),
            open,
        };
        self.how.kind().judge(&case)
    }
}

/// A figure with the instant at which it begins.
type Timed = (DateTime<Utc>, Bucket);

/// The buckets of what was counted from `begin` on, if there is one, without gaps for a kind that minds them.
fn filled(how: How<'_>, counted: &[Counted], begin: Option<DateTime<Utc>>, through: DateTime<Utc>) -> Vec<Timed> {
    let (calendar, silence) = (how.calendar(), how.kind().silence());
    let mut buckets: Vec<Timed> = Vec::with_capacity(counted.len());
    for one in counted.iter().filter(|one| begin.is_none_or(|begin| one.start >= begin)) {
        fill_gap(&mut buckets, how, begin, one.start);
        let start = calendar.local(one.start);
        #[expect(clippy::cast_precision_loss, reason = "a number of samples is far below 2^53")]
        let bucket = match (silence, one.denominator) {
            (Silence::Judged, _) => Bucket::plain(start, one.samples as f64),
            (_, None) => Bucket::plain(start, one.numerator),
            (_, Some(denominator)) => Bucket::ratio(start, one.numerator, denominator),
        };
        buckets.push((one.start, bucket));
    }
    fill_gap(&mut buckets, how, begin, calendar.end_of(through));
    buckets
}

/// Adds what is empty between the last bucket (or `begin`) and `until`.
fn fill_gap(buckets: &mut Vec<Timed>, how: How<'_>, begin: Option<DateTime<Utc>>, until: DateTime<Utc>) {
    let calendar = how.calendar();
    loop {
        let Some(next) =
            buckets.last().map(|(start, _)| calendar.end_of(*start)).or(begin).filter(|next| *next < until)
        else {
            return;
        };
        let empty = match how.kind().silence() {
            Silence::PassedOver => return,
            Silence::Nothing => Bucket::plain(calendar.local(next), 0.0),
            Silence::Judged => Bucket::missing(calendar.local(next)),
        };
        buckets.push((next, empty));
    }
}

/// Each bucket as the sum of the window that it ends; for a kind of totals, of all up to it.
fn rolled(how: How<'_>, buckets: Vec<Timed>) -> Vec<Timed> {
    if how.kind().sums_up() {
        let (mut above, mut below) = (0.0, 0.0);
        let total = |(start, last): (DateTime<Utc>, Bucket)| {
            above += last.numerator;
            below += last.denominator.unwrap_or(0.0);
            let bucket = last
                .denominator
                .map_or_else(|| Bucket::plain(last.start, above), |_| Bucket::ratio(last.start, above, below));
            (start, bucket)
        };
        return buckets.into_iter().map(total).collect();
    }
    if how.timing.window <= 1 {
        return buckets;
    }
    let reach = width(how.calendar().bucket) * i32::from(how.timing.window);
    let mut first = 0;
    let sum = |(place, (start, last)): (usize, &Timed)| {
        while buckets[first].1.start <= last.start - reach {
            first += 1;
        }
        let window = &buckets[first..=place];
        let numerator = window.iter().map(|(_, bucket)| bucket.numerator).sum();
        let bucket = if last.denominator.is_some() {
            let denominator = window.iter().filter_map(|(_, bucket)| bucket.denominator).sum();
            Bucket::ratio(last.start, numerator, denominator)
        } else {
            Bucket::plain(last.start, numerator)
        };
        (*start, bucket)
    };
    buckets.iter().enumerate().map(sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;
    use chrono_tz::America::New_York;
    use serde_json::{Value, json};

    fn day(number: i64) -> DateTime<Utc> {
        day_start(New_York, NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + TimeDelta::days(number))
    }

    /// Days from the first on; one that is not a number was not counted.
    fn days(values: impl IntoIterator<Item = f64>) -> Vec<Counted> {
        let counted = |(i, numerator): (usize, f64)| Counted {
            start: day(i64::try_from(i).unwrap()),
            numerator,
            denominator: None,
            samples: 1,
        };
        values.into_iter().enumerate().map(counted).filter(|one| !one.numerator.is_nan()).collect()
    }

    fn judged(spec: Value, timing: &Value, values: Vec<f64>, first: i64, open: bool) -> Vec<Verdict> {
        let spec: RuleSpec = serde_json::from_value(spec).unwrap();
        let timing: Timing = serde_json::from_value(timing.clone()).unwrap();
        let how = How { spec: &spec, timing: &timing, zone: New_York };
        let through = day(i64::try_from(values.len()).unwrap() - 1);
        let prepared = Prepared::new(how, vec![(None, days(values))], None, through);
        prepared.judge(0, day(first), open).into_iter().map(|(_, verdict)| verdict).collect()
    }

    fn below(line: f64) -> Value {
        json!({ "kind": "threshold", "metric": "sales", "side": "below", "line": line, "recover": line + 50.0 })
    }

    #[test]
    fn a_low_day_fires_and_the_next_ordinary_one_recovers() {
        let spec = json!({ "kind": "deviation", "metric": "sales", "side": "below" });
        // Nine weeks with a weekly season and a little noise; then a collapse, then an ordinary day.
        let ordinary =
            |i: usize| 1000.0 + 300.0 * f64::from(u8::from(i % 7 >= 5)) + f64::from(u8::try_from(i * 37 % 50).unwrap());
        let mut values: Vec<f64> = (0..63).map(ordinary).collect();
        values.extend([200.0, ordinary(64)]);
        let verdicts = judged(spec, &json!({}), values, 60, false);
        assert_eq!(verdicts.len(), 5);
        assert!(verdicts[..3].iter().all(|v| !matches!(v, Verdict::Firing(_))), "{verdicts:?}");
        assert!(matches!(verdicts[3], Verdict::Firing(_)), "{:?}", verdicts[3]);
        assert!(matches!(verdicts[4], Verdict::Recovered(_)), "{:?}", verdicts[4]);
    }

    #[test]
    fn a_threshold_needs_no_history_and_holds_between_its_lines() {
        let verdicts = judged(below(100.0), &json!({}), vec![90.0, 120.0, 160.0], 0, false);
        assert!(
            matches!(verdicts[..], [Verdict::Firing(_), Verdict::Holding(_), Verdict::Recovered(_)]),
            "{verdicts:?}"
        );
    }

    #[test]
    fn with_for_the_third_breach_in_a_row_fires_wherever_judging_begins() {
        let timing = json!({ "for": 3 });
        let values = || vec![90.0, 90.0, 200.0, 90.0, f64::NAN, 90.0, 90.0, 90.0, 200.0];
        let fires = |first, open| -> Vec<bool> {
            let verdicts = judged(below(100.0), &timing, values(), first, open);
            verdicts.iter().map(|verdict| matches!(verdict, Verdict::Firing(_))).collect()
        };
        // The day without samples neither counts nor breaks the row.
        assert_eq!(fires(0, false), [false, false, false, false, false, true, true, false]);
        assert_eq!(fires(6, false), [true, true, false], "the row before is known");
        assert_eq!(fires(5, false), [false, true, true, false]);
        assert_eq!(fires(5, true), [true, true, true, false], "an open alert goes on at once");
    }

    #[test]
    fn a_window_of_days_is_one_figure_and_a_day_without_samples_is_nothing_in_it() {
        let timing = json!({ "window": 3 });
        let verdicts = judged(below(100.0), &timing, vec![50.0, 60.0, 70.0, f64::NAN, 20.0, 80.0], 0, false);
        let values: Vec<f64> = verdicts.iter().map(|verdict| verdict.figures().unwrap().value).collect();
        assert_eq!(values, [50.0, 110.0, 180.0, 90.0, 100.0]);
    }

    #[test]
    fn a_budget_is_judged_on_days_without_spend_from_the_campaigns_first_day_on() {
        let spec: RuleSpec = serde_json::from_value(json!({ "kind": "budget_pace", "side": "below" })).unwrap();
        let timing = Timing::default();
        let how = How { spec: &spec, timing: &timing, zone: New_York };
        let first = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        let plan = SpendPlan { starts_on: first, ends_on: first + TimeDelta::days(9), budget: 100.0 };
        let prepared = Prepared::new(how, vec![(None, Vec::new())], Some(plan), day(4));
        let verdicts = prepared.judge(0, day(0), false);
        assert_eq!(verdicts.len(), 5);
        assert!(matches!(verdicts[1].1, Verdict::NoData(_)) && matches!(verdicts[2].1, Verdict::Firing(_)));
    }
}
