//! Back-test: a rule replayed over past buckets in their order, as it would have run.
//!
//! Cast: [`Replay`] (a rule with its memory: baselines, and whether a breach is open), [`Step`] (what it says of one
//! bucket), [`Episode`] (one breach), [`Summary`] (all of it in a few lines).
//!
//! Invariants: a step depends on the buckets before it only, so what comes later never changes what was said earlier; an
//! episode fires once, at its first bucket; memory is bounded by the slots of a season times the window, not by the
//! length of the history.

use std::collections::{HashMap, VecDeque};
use std::fmt;

use chrono::{NaiveDateTime, TimeDelta};
use serde::Serialize;

use super::{Bucket, Comparable, Deviation, Learned, NoDataReason, RuleError, Season, Threshold, Verdict};

/// The rules that can be replayed over a single series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ReplayRule {
    /// A fixed line.
    Threshold(Threshold),
    /// The 2-sigma rule.
    Deviation(Deviation),
    /// The learned anomaly; it has no setting.
    Learned,
}

impl ReplayRule {
    fn season(&self) -> Season {
        match self {
            Self::Threshold(_) | Self::Learned => Season::None,
            Self::Deviation(rule) => rule.season,
        }
    }
}

/// What the rule says of one bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The verdict, with its figures.
    pub verdict: Verdict,
    /// True at the first bucket of an episode: here the alert would have been raised.
    pub fired: bool,
    /// Whether an alert is open after this bucket.
    pub open: bool,
}

/// One breach.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Episode {
    /// The bucket that fired.
    pub from: NaiveDateTime,
    /// The last bucket before recovery.
    pub to: NaiveDateTime,
    /// Buckets from the first to the last, those without data in between included.
    pub buckets: u64,
    /// Highest score among them.
    pub score: f64,
}

/// The outcome of a replay.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Summary {
    /// Buckets replayed.
    pub buckets: u64,
    /// Start of the first bucket.
    pub from: Option<NaiveDateTime>,
    /// Start of the last bucket.
    pub to: Option<NaiveDateTime>,
    /// Buckets that were judged.
    pub judged: u64,
    /// Buckets without a value.
    pub without_value: u64,
    /// Buckets with too few comparable ones before them.
    pub too_little_history: u64,
    /// Comparable buckets that are asked for, where a bucket lacked them.
    pub history_needed: Option<u32>,
    /// Buckets that could not be judged for another reason (volume, spread, range).
    pub unjudged: u64,
    /// Episodes, each counted once however long.
    pub episodes: u64,
    /// The first episode.
    pub first: Option<Episode>,
    /// The last episode.
    pub last: Option<Episode>,
    /// The episode with the most buckets; the earliest of equals.
    pub longest: Option<Episode>,
    /// Whether the last episode is still open at the end.
    pub open: bool,
    /// The usual distance of the timestamps in seconds, where it was measured.
    pub cadence_seconds: Option<i64>,
}

/// A rule on its way through a history.
#[derive(Debug)]
pub struct Replay {
    rule: ReplayRule,
    /// One baseline for each slot of the season.
    baselines: HashMap<u32, VecDeque<Comparable>>,
    /// What the learned anomaly knows.
    learned: Learned,
    /// How far into its slot the series begins; known from the first bucket on.
    phase: Option<TimeDelta>,
    /// The open episode.
    episode: Option<Episode>,
    summary: Summary,
}

impl Replay {
    /// A replay that has seen nothing yet.
    ///
    /// # Errors
    /// Settings of the rule that make no sense.
    pub fn new(rule: ReplayRule) -> Result<Self, RuleError> {
        match &rule {
            ReplayRule::Threshold(rule) => rule.check()?,
            ReplayRule::Deviation(rule) => rule.check()?,
            ReplayRule::Learned => {}
        }
        Ok(Self {
            rule,
            baselines: HashMap::new(),
            learned: Learned::new(),
            phase: None,
            episode: None,
            summary: Summary::default(),
        })
    }

    /// Judges the next bucket and remembers it. Buckets come in order of time, each once: that is the caller's duty.
    pub fn step(&mut self, bucket: &Bucket) -> Step {
        let open = self.episode.is_some();
        let verdict = match self.rule {
            ReplayRule::Threshold(rule) => rule.judge(bucket, open),
            ReplayRule::Deviation(rule) => {
                let season = self.rule.season();
                let phase = *self.phase.get_or_insert_with(|| season.phase(bucket.start));
                let baseline = self.baselines.entry(season.slot(bucket.start - phase)).or_default();
                let verdict = rule.judge_against(baseline.make_contiguous(), bucket, open);
                rule.remember(baseline, bucket);
                verdict
            }
            // It keeps its own episode, which is open exactly when this one is.
            ReplayRule::Learned => {
                let second = bucket.start.and_utc().timestamp();
                self.learned.judge(second, bucket.value().unwrap_or(f64::NAN)).verdict()
            }
        };
        self.count(bucket.start, &verdict);
        let now_open = verdict.leaves_open(open);
        self.follow(bucket.start, verdict.score(), now_open);
        Step { fired: now_open && !open, open: now_open, verdict }
    }

    /// The outcome.
    #[must_use]
    pub fn finish(mut self) -> Summary {
        self.summary.open = self.episode.is_some();
        self.close();
        self.summary
    }

    fn count(&mut self, start: NaiveDateTime, verdict: &Verdict) {
        let summary = &mut self.summary;
        summary.buckets += 1;
        summary.from.get_or_insert(start);
        summary.to = Some(start);
        match verdict {
            Verdict::NoData(NoDataReason::NoValue) => summary.without_value += 1,
            Verdict::NoData(NoDataReason::TooLittleHistory { need, .. }) => {
                summary.too_little_history += 1;
                summary.history_needed = Some(*need);
            }
            Verdict::NoData(_) => summary.unjudged += 1,
            _ => summary.judged += 1,
        }
    }

    fn follow(&mut self, start: NaiveDateTime, score: f64, open: bool) {
        if !open {
            self.close();
            return;
        }
        let fresh = Episode { from: start, to: start, buckets: 0, score };
        let episode = self.episode.get_or_insert(fresh);
        episode.to = start;
        episode.buckets += 1;
        episode.score = episode.score.max(score);
    }

    fn close(&mut self) {
        let Some(episode) = self.episode.take() else {
            return;
        };
        let summary = &mut self.summary;
        summary.episodes += 1;
        summary.first.get_or_insert(episode);
        summary.last = Some(episode);
        if summary.longest.is_none_or(|longest| episode.buckets > longest.buckets) {
            summary.longest = Some(episode);
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(from), Some(to)) = (self.from, self.to) else {
            return write!(f, "No rows: there is nothing to judge.");
        };
        write!(f, "{}", counted(self.buckets, "row"))?;
        if let Some(seconds) = self.cadence_seconds {
            write!(f, ", one every {}", duration(seconds))?;
        }
        write!(f, ", from {from} to {to}.\n{} judged", self.judged)?;
        for (count, why) in [
            (self.too_little_history, "with too little history"),
            (self.without_value, "without a value"),
            (self.unjudged, "not judgeable (no spread, or too little volume)"),
        ] {
            if count > 0 {
                write!(f, ", {count} {why}")?;
            }
        }
        writeln!(f, ".")?;
        if let (0, Some(need)) = (self.judged, self.history_needed) {
            return write!(
                f,
                "Nothing could be judged: a row needs {need} earlier ones (for a deviation: comparable ones, of the same \
                 weekday and time of day, unless a shorter season is chosen)."
            );
        }
        let (Some(first), Some(last), Some(longest)) = (self.first, self.last, self.longest) else {
            return write!(f, "The rule would not have fired.");
        };
        write!(f, "The rule would have fired {}.", counted(self.episodes, "time"))?;
        write!(f, "\n  first:   {first}")?;
        if self.episodes > 1 {
            write!(f, "\n  last:    {last}\n  longest: {longest}")?;
        }
        if self.open {
            write!(f, "\nThe last one is still open at the end.")?;
        }
        Ok(())
    }
}

impl fmt::Display for Episode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, buckets, score } = self;
        write!(f, "{from} to {to} ({}, highest score {score:.2})", counted(*buckets, "row"))
    }
}

fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Seconds in the widest unit that leaves no remainder.
fn duration(seconds: i64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let (size, noun) = units.into_iter().find(|(size, _)| seconds % size == 0).unwrap_or((1, "second"));
    match seconds / size {
        1 => noun.to_owned(),
        many => format!("{many} {noun}s"),
    }
}

impl Summary {
    /// With the measured distance of the timestamps.
    #[must_use]
    pub fn with_cadence(self, cadence: Option<TimeDelta>) -> Self {
        Self { cadence_seconds: cadence.map(|gap| gap.num_seconds()), ..self }
    }
}

#[cfg(test)]
mod tests;
