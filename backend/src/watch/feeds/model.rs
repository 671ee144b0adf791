//! When a feed is due, how it fares, and what a sensible one is. Pure.

mod checks;

pub(super) use checks::{check_headers, check_mapping, check_times};

use chrono::{DateTime, Days, NaiveTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use tillwatch_shared::feeds::{
    FeedCadence, FeedFault, FeedFormat, FeedKind, FeedMapping, FeedOutcome, FeedState, FeedTrouble,
};
use tillwatch_shared::ids::FeedId;

/// The minute of the local day of a daily feed, unless another is chosen: 06:00.
pub(super) const USUAL_MINUTE: i32 = 6 * 60;
/// Failures in a row from which on a feed is failing.
const TOO_MANY: i32 = 3;
/// Runs that the error rate is of.
const LOOKED_AT: i32 = 20;
/// The pause behind the first failure; each further one doubles it.
const FIRST_PAUSE: TimeDelta = TimeDelta::minutes(5);
/// The longest pause behind a failure.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);
/// Feeds are spread over so much of their cadence, so that not all are fetched at the full hour.
const SPREAD: TimeDelta = TimeDelta::minutes(1);
/// And daily ones over so much: most want the same hour.
const DAILY_SPREAD: TimeDelta = TimeDelta::minutes(15);
/// A feed that was not looked at for so long and two cadences was not missed: the service or the retailer rested.
const RESTED: TimeDelta = TimeDelta::minutes(130);
/// What a person sets.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Setup {
    pub(super) name: String,
    pub(super) kind: FeedKind,
    /// The address up to its `?`, this one included: see [`parted`].
    pub(super) url: String,
    pub(super) format: FeedFormat,
    pub(super) mapping: FeedMapping,
    /// The names of its secret headers.
    pub(super) header_names: Vec<String>,
    pub(super) every: FeedCadence,
    /// The minute of the local day of a daily one.
    pub(super) minute: i32,
    pub(super) grace_minutes: Option<i32>,
    /// Samples from before it are left out.
    pub(super) taken_from: Option<DateTime<Utc>>,
}

/// Where a feed is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    Active,
    Paused,
    Archived,
}

impl Life {
    /// Its word in the database.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Archived => "archived",
        }
    }

    /// Of a word in the database.
    pub(super) fn of(word: &str) -> Self {
        match word {
            "active" => Self::Active,
            "paused" => Self::Paused,
            _ => Self::Archived,
        }
    }
}

/// What the last good answer was known by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
    pub(super) digest: Option<Vec<u8>>,
}

/// How a feed has fared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) watched_since: DateTime<Utc>,
    pub(super) seen: Seen,
    pub(super) last_run_at: Option<DateTime<Utc>>,
    pub(super) last_success_at: Option<DateTime<Utc>>,
    pub(super) last_new_at: Option<DateTime<Utc>>,
    pub(super) newest_at: Option<DateTime<Utc>>,
    pub(super) failures: i32,
    /// The last runs, a bit each, the newest lowest: set where it failed.
    pub(super) recent: i32,
    pub(super) recent_runs: i32,
    pub(super) last_fault: Option<FeedFault>,
    pub(super) unwell_since: Option<DateTime<Utc>>,
    pub(super) trouble: Option<FeedTrouble>,
    /// Why it failed when the team was told.
    pub(super) told_fault: Option<FeedFault>,
    pub(super) episode: i32,
}

/// What a run means for its feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ran {
    pub(super) outcome: FeedOutcome,
    pub(super) fault: Option<FeedFault>,
    /// Whether more rows were refused than were in order.
    pub(super) mostly_refused: bool,
    /// What the answer is known by, where it need not be taken in again; `None` leaves what was known.
    pub(super) seen: Option<Seen>,
    /// The time of the newest sample of the document.
    pub(super) newest_at: Option<DateTime<Utc>>,
}

/// What the team is told behind a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Unwell,
    Well,
}

impl Progress {
    /// Of a feed that is watched from `at` on.
    pub(super) fn new(at: DateTime<Utc>) -> Self {
        Self {
            watched_since: at,
            seen: Seen::default(),
            last_run_at: None,
            last_success_at: None,
            last_new_at: None,
            newest_at: None,
            failures: 0,
            recent: 0,
            recent_runs: 0,
            last_fault: None,
            unwell_since: None,
            trouble: None,
            told_fault: None,
            episode: 0,
        }
    }

    /// Of another source, or fetched otherwise: what was before is not held against it.
    pub(super) fn watched_anew(&self, at: DateTime<Utc>, elsewhere: bool) -> Self {
        let (seen, failures) = if elsewhere { (Seen::default(), 0) } else { (self.seen.clone(), self.failures) };
        Self { watched_since: at, seen, failures, ..self.clone() }
    }

    /// Watched anew from `at` on: what was before is not held against it, and nobody is told that it is well.
    pub(super) fn begun_again(&self, at: DateTime<Utc>) -> Self {
        Self { watched_since: at, failures: 0, last_fault: None, unwell_since: None, ..self.clone() }
    }

    /// Behind a run that ended at `at`, with what the team is told.
    pub(super) fn after(&self, setup: &Setup, ran: &Ran, at: DateTime<Utc>) -> (Self, Option<Told>) {
        let failed = ran.outcome == FeedOutcome::Failed || ran.mostly_refused;
        let cadence = TimeDelta::minutes(minutes(setup.every).into());
        let rested = self.last_run_at.is_some_and(|last| at - last > cadence * 2 + RESTED);
        let mut is = Self {
            watched_since: if rested { at } else { self.watched_since },
            last_run_at: Some(at),
            failures: if failed { self.failures.saturating_add(1) } else { 0 },
            recent: ((self.recent << 1) | i32::from(failed)) & ((1 << LOOKED_AT) - 1),
            recent_runs: (self.recent_runs + 1).min(LOOKED_AT),
            last_fault: ran.fault,
            newest_at: self.newest_at.max(ran.newest_at),
            ..self.clone()
        };
        if !failed {
            is.last_success_at = Some(at);
        }
        if ran.outcome == FeedOutcome::Taken {
            is.last_new_at = Some(at);
        }
        if let Some(seen) = &ran.seen {
            is.seen = seen.clone();
        }
        let told = match (self.unwell_since, is.trouble_at(setup, at)) {
            (None, Some(trouble)) => {
                is.unwell_since = Some(at);
                is.trouble = Some(trouble);
                is.told_fault = ran.fault;
                is.episode += 1;
                Some(Told::Unwell)
            }
            // What the matter was is kept, for whoever is told late.
            (Some(_), None) if !failed => {
                is.unwell_since = None;
                // A longer grace is no new data.
                let brought = self.trouble != Some(FeedTrouble::Silent) || ran.outcome == FeedOutcome::Taken;
                brought.then_some(Told::Well)
            }
            _ => None,
        };
        (is, told)
    }

    /// What the matter is.
    fn trouble_at(&self, setup: &Setup, at: DateTime<Utc>) -> Option<FeedTrouble> {
        if self.failures >= TOO_MANY {
            return Some(FeedTrouble::Failing);
        }
        (at >= self.missed_from(setup)).then_some(FeedTrouble::Silent)
    }

    /// From when on the feed is missed, if it brings nothing new until then.
    fn missed_from(&self, setup: &Setup) -> DateTime<Utc> {
        let since = self.last_new_at.map_or(self.watched_since, |new| new.max(self.watched_since));
        since + TimeDelta::minutes(setup.grace().into())
    }

    /// When it is fetched next behind a run that ended at `at`. Where it would be missed before that, it is fetched then,
    /// so that what was late by a moment is not missed. `chance` lies between 0 and 1.
    pub(super) fn due(&self, setup: &Setup, id: FeedId, zone: Tz, at: DateTime<Utc>, chance: f64) -> DateTime<Utc> {
        let planned = if self.failures > 0 {
            let doubled = FIRST_PAUSE * (1 << (self.failures - 1).clamp(0, 8));
            let pause = doubled.min(LONGEST_PAUSE);
            at + pause + share(pause, chance.clamp(0.0, 1.0) / 10.0)
        } else {
            setup.next(id, zone, at)
        };
        let missed = self.missed_from(setup);
        if self.unwell_since.is_none() && missed > at && missed < planned { missed } else { planned }
    }

    /// The share of the last runs that failed.
    pub(super) fn error_rate(&self) -> Option<f64> {
        (self.recent_runs > 0).then(|| f64::from(self.recent.count_ones()) / f64::from(self.recent_runs))
    }

    /// How old the newest sample is, or how long ago the last success was, in seconds.
    pub(super) fn lag(&self, at: DateTime<Utc>) -> Option<i64> {
        Some((at - self.newest_at.or(self.last_success_at)?).num_seconds().max(0))
    }

    /// How a feed is.
    pub(super) fn state(&self, life: Life) -> FeedState {
        match (life, self.unwell_since.and(self.trouble)) {
            (Life::Paused, _) => FeedState::Paused,
            (Life::Archived, _) => FeedState::Archived,
            (Life::Active, None) => FeedState::Active,
            (Life::Active, Some(FeedTrouble::Failing)) => FeedState::Failing,
            (Life::Active, Some(FeedTrouble::Silent)) => FeedState::Silent,
        }
    }
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a share of an hour, in milliseconds")]
fn share(pause: TimeDelta, share: f64) -> TimeDelta {
    TimeDelta::milliseconds((pause.num_milliseconds() as f64 * share) as i64)
}

/// The minutes between two fetches.
pub(super) const fn minutes(every: FeedCadence) -> i32 {
    match every {
        FeedCadence::FiveMinutes => 5,
        FeedCadence::QuarterHour => 15,
        FeedCadence::HalfHour => 30,
        FeedCadence::Hour => 60,
        FeedCadence::Day => 24 * 60,
    }
}

impl Setup {
    /// After so many minutes without anything new it is missed.
    pub(super) fn grace(&self) -> i32 {
        self.grace_minutes.unwrap_or(3 * minutes(self.every))
    }

    /// The next time of the schedule after `at`; each feed has a moment of its own behind it.
    fn next(&self, id: FeedId, zone: Tz, at: DateTime<Utc>) -> DateTime<Utc> {
        let spread = if self.every == FeedCadence::Day { DAILY_SPREAD } else { SPREAD };
        let spread = u64::try_from(spread.num_seconds()).unwrap_or(1).max(1);
        // The low half of an id is random.
        let own = TimeDelta::seconds(i64::try_from(id.0.as_u64_pair().1 % spread).unwrap_or(0));
        if self.every != FeedCadence::Day {
            let step = i64::from(minutes(self.every)) * 60;
            let begun = (at - own).timestamp().div_euclid(step) + 1;
            return DateTime::from_timestamp(begun * step, 0).unwrap_or(at + TimeDelta::hours(1)) + own;
        }
        let today = at.with_timezone(&zone).date_naive();
        let days = (0..=2).filter_map(|ahead| today.checked_add_days(Days::new(ahead)));
        let mut times = days.map(|day| {
            let local = day.and_time(NaiveTime::MIN) + TimeDelta::minutes(self.minute.into());
            // A time that the clocks skip is the one an hour later.
            let found =
                [local, local + TimeDelta::hours(1)].iter().find_map(|time| zone.from_local_datetime(time).earliest());
            found.map_or_else(|| local.and_utc(), |time| time.to_utc()) + own
        });
        times.find(|time| *time > at).unwrap_or(at + TimeDelta::days(1))
    }
}

/// Whether a mapping tells samples from each other otherwise than another one: the same rows would be counted once more.
pub(super) fn told_otherwise(one: &FeedMapping, other: &FeedMapping) -> bool {
    let told = |mapping: &FeedMapping| {
        (mapping.time.clone(), mapping.channel.clone(), mapping.campaign.clone(), mapping.key_columns.clone())
    };
    told(one) != told(other)
}

/// The two parts of an address: what is kept in the open, which ends in the `?` if there is one, and what stands behind
/// that, which may be a secret. No address of a feed has a `#`.
pub(super) fn parted(url: &str) -> (&str, Option<&str>) {
    let Some(mark) = url.find('?') else { return (url, None) };
    let (open, query) = url.split_at(mark + 1);
    (open, Some(query))
}

/// Whether something stands behind what is kept in the open of an address.
pub(super) fn hides(url: &str) -> bool {
    url.ends_with('?')
}

/// What is kept in the open of an address, as it is shown: that there is more is not hidden.
pub(super) fn shown_url(url: &str) -> String {
    if hides(url) { format!("{url}…") } else { url.to_owned() }
}

/// What tells one server from another: secrets of one are not sent to the other.
pub(super) fn same_server(one: &str, other: &str) -> bool {
    let origin = |url: &str| url::Url::parse(url).ok().map(|url| url.origin());
    origin(one).is_some() && origin(one) == origin(other)
}

#[cfg(test)]
mod tests;
