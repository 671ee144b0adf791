//! The pure part of judging and of back-tests: a rule, the figures of its series, and what it says of some of them.
//!
//! A series is prepared once: its hours or days in local time, what is empty filled in for a kind that minds it, and with a
//! window the sum of so many of them (a ratio stays a ratio of sums). Then any stretch of it can be judged; what lies
//! before the stretch is history.

use super::kinds::{self, Case, Judge, Plan, Silence, width};
use crate::measure::samples::buckets::Counted;
use crate::measure::samples::calendar::{day_start, hour_start, local_date};
use crate::plan::goals;
use crate::watch::rules::detect::{Bucket, NoDataReason, Verdict};
use chrono::{DateTime, Days, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use std::collections::HashMap;
use tillwatch_shared::ids::ChannelId;
use tillwatch_shared::watch::{RuleBucket, RuleSpec, Timing};

/// A window is no figure over a hole of more than so many whole days: a weekend is none, an outage is.
const LONGEST_HOLE: TimeDelta = TimeDelta::days(2);

/// Figures that cannot be judged are passed over in a row of breaches, but no more of them than this.
const MOST_PASSED_OVER: i32 = 31;

/// What a goal that has been over for long counts lies further back than the longest goal, and is read no more.
const LONGEST_GOAL: TimeDelta = TimeDelta::days(goals::smart::LONGEST + 1);

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
    fn look_back(&self) -> TimeDelta {
        // A row of breaches may pass over figures that are not there.
        let row = if self.timing.lasts > 1 { i32::from(self.timing.lasts) + MOST_PASSED_OVER } else { 1 };
        let pieces = i32::from(self.timing.window) + row;
        self.kind().look_back(self.timing) + width(self.calendar().bucket) * pieces + TimeDelta::days(1)
    }

    /// From when on figures must be read to judge those from `first` on; of a goal from its first day on, too.
    pub fn begin_of_reading(&self, first: DateTime<Utc>, plan: Option<&Plan>) -> DateTime<Utc> {
        let back = self.calendar().start_of(first - self.look_back());
        match plan {
            Some(Plan::Goal(course)) => back.min(day_start(self.zone, course.starts_on).max(first - LONGEST_GOAL)),
            _ => back,
        }
    }
}

/// The series of a rule, ready to be judged.
#[derive(Debug)]
pub struct Prepared<'a> {
    how: How<'a>,
    plan: Option<Plan>,
    series: Vec<(Option<ChannelId>, Vec<Timed>)>,
    /// The figures of each time, for a kind that compares with peers.
    peers: HashMap<DateTime<Utc>, Vec<(Option<ChannelId>, Bucket)>>,
}

impl<'a> Prepared<'a> {
    /// Prepares what was counted; for a kind that minds silence through the piece that begins at `through`.
    pub fn new(
        how: How<'a>,
        counted: Vec<(Option<ChannelId>, Vec<Counted>)>,
        plan: Option<Plan>,
        through: DateTime<Utc>,
    ) -> Self {
        // A goal's forecast rests on what was before it, too.
        let begin = match &plan {
            Some(Plan::Spend(plan)) => Some(day_start(how.zone, plan.starts_on)),
            _ => None,
        };
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

/// Whether more than [`LONGEST_HOLE`] is missing in one piece of a window that begins at `opens`.
fn has_hole(window: &[Timed], opens: NaiveDateTime, piece: TimeDelta) -> bool {
    let mut until = opens;
    window.iter().any(|(_, bucket)| {
        let hole = bucket.start - until;
        until = bucket.start + piece;
        hole > LONGEST_HOLE
    })
}

/// Each bucket as the sum of the window that it ends; for a kind of totals, of all up to it. A window that begins before the
/// series does, or has a hole, is no figure.
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
    let piece = width(how.calendar().bucket);
    let reach = piece * i32::from(how.timing.window);
    let minds_holes = how.kind().silence() == Silence::PassedOver;
    let is_day = how.calendar().bucket == RuleBucket::Day;
    let begin = buckets.first().map(|(_, bucket)| bucket.start);
    let mut first = 0;
    let sum = |(place, (start, last)): (usize, &Timed)| {
        // Days are counted on the calendar; hours as they pass, also where the clocks change.
        let is_out = |(from, bucket): &Timed| {
            if is_day { bucket.start <= last.start - reach } else { *from <= *start - reach }
        };
        while is_out(&buckets[first]) {
            first += 1;
        }
        let window = &buckets[first..=place];
        let opens = last.start - (reach - piece);
        // A shorter sum is no low one.
        if minds_holes && (begin.is_none_or(|begin| begin > opens) || has_hole(window, opens, piece)) {
            return (*start, Bucket::missing(last.start));
        }
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
mod tests;
