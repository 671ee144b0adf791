//! Counts what may happen thousands of times, so that the log says that it happens without being flooded by it.
//!
//! The first time is told at once; after that, one line at most in a while, with how often it happened since the last.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A count for each of a few names.
#[derive(Debug)]
pub struct Tally {
    every: Duration,
    counts: Mutex<BTreeMap<&'static str, Count>>,
}

#[derive(Debug)]
struct Count {
    told: Instant,
    since: u64,
}

impl Tally {
    /// Counts that are told at most once in `every`.
    pub const fn new(every: Duration) -> Self {
        Self { every, counts: Mutex::new(BTreeMap::new()) }
    }

    /// Counts `what`. When it is time for a line, how often it happened since the last one (this time included).
    pub fn count(&self, what: &'static str, now: Instant) -> Option<u64> {
        // A count is changed whole, so a panic elsewhere leaves it valid.
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(count) = counts.get_mut(what) else {
            counts.insert(what, Count { told: now, since: 0 });
            return Some(1);
        };
        count.since += 1;
        if now.saturating_duration_since(count.told) < self.every {
            return None;
        }
        count.told = now;
        Some(std::mem::take(&mut count.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_at_once_and_the_others_together() {
        let tally = Tally::new(Duration::from_secs(5));
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        assert_eq!(tally.count("one", at(0)), Some(1));
        for ms in 1..1_000 {
            assert_eq!(tally.count("one", at(ms)), None);
        }
        assert_eq!(tally.count("other", at(1_000)), Some(1), "names are counted apart");
        assert_eq!(tally.count("one", at(5_000)), Some(1_000), "the silent ones and this one");
        assert_eq!(tally.count("one", at(9_999)), None);
        assert_eq!(tally.count("one", at(20_000)), Some(2));
    }
}
