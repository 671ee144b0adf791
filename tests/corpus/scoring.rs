//! What counts: an alert inside a labelled window is a hit, once for each window; a second one in the same window is a
//! repeat, neither good nor false; any other alert is false. A window without an alert is missed. Delay: hours from the
//! begin of the window to its first alert.

use super::Series;

/// Counts of one or more series.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Tally {
    pub(crate) hits: u32,
    pub(crate) misses: u32,
    pub(crate) false_alerts: u32,
    pub(crate) repeats: u32,
    /// Of all hits together, in hours.
    delay: f64,
}

impl Tally {
    /// What alerts at these rows are worth.
    pub(crate) fn of(series: &Series, alerts: &[usize]) -> Self {
        let mut tally = Self::default();
        let inside = |time: i64| series.windows.iter().position(|(from, to)| (*from..=*to).contains(&time));
        let mut found = vec![false; series.windows.len()];
        for row in alerts {
            let time = series.times[*row];
            match inside(time) {
                None => tally.false_alerts += 1,
                Some(window) if found[window] => tally.repeats += 1,
                Some(window) => {
                    found[window] = true;
                    tally.hits += 1;
                    tally.delay += (time - series.windows[window].0) as f64 / 3_600.0;
                }
            }
        }
        tally.misses = found.iter().filter(|found| !**found).count() as u32;
        tally
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.hits += other.hits;
        self.misses += other.misses;
        self.false_alerts += other.false_alerts;
        self.repeats += other.repeats;
        self.delay += other.delay;
    }

    /// Share of the alerts that are hits; `None` without an alert.
    pub(crate) fn precision(&self) -> Option<f64> {
        share(self.hits, self.hits + self.false_alerts)
    }

    /// Share of the windows that were hit; `None` without a window.
    pub(crate) fn recall(&self) -> Option<f64> {
        share(self.hits, self.hits + self.misses)
    }

    /// Harmonic mean of both; `None` where there is nothing to find and nothing was found.
    pub(crate) fn f1(&self) -> Option<f64> {
        share(2 * self.hits, 2 * self.hits + self.false_alerts + self.misses)
    }

    /// Mean hours from a window's begin to its alert; `None` without a hit.
    pub(crate) fn mean_delay(&self) -> Option<f64> {
        (self.hits > 0).then(|| self.delay / f64::from(self.hits))
    }
}

fn share(part: u32, whole: u32) -> Option<f64> {
    (whole > 0).then(|| f64::from(part) / f64::from(whole))
}
