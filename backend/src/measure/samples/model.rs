//! The arithmetic of samples: series ids, the order of writing, what a batch adds to the rollups, figures.
//!
//! Pure. All adding is done in integers (an `i128` between, the `i64` of the tables in the end), so a correction
//! takes back exactly what was counted; only a finished ratio is a double.

use super::calendar::{Buckets, buckets};
use super::{NewSample, Outcome};
use crate::measure::metrics::{Kind, Metric, Term};
use chrono::{DateTime, NaiveDate, SubsecRound as _, Utc};
use chrono_tz::Tz;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tillwatch_shared::ids::{CampaignId, ChannelId, TenantId};
use tillwatch_shared::quantity::Quantity;
use uuid::Uuid;

/// What a series counts. Ordered as ids are given, not as they sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct SeriesKey {
    /// The sum metric's key.
    pub(super) metric: &'static str,
    /// The channel, if any.
    pub(super) channel: Option<ChannelId>,
    /// The campaign, if any.
    pub(super) campaign: Option<CampaignId>,
}

impl SeriesKey {
    /// The channel as the table keeps it: nil for none.
    pub(super) fn channel_uuid(&self) -> Uuid {
        self.channel.map_or(Uuid::nil(), |id| id.0)
    }

    /// The campaign as the table keeps it: nil for none.
    pub(super) fn campaign_uuid(&self) -> Uuid {
        self.campaign.map_or(Uuid::nil(), |id| id.0)
    }

    /// The series' id: the first 16 bytes of SHA-256 over tenant, metric, channel and campaign, marked as a uuid of
    /// version 8. Everybody computes the same id, so nobody has to ask for it or agree on it.
    pub(super) fn id(&self, tenant: TenantId) -> Uuid {
        let mut hash = Sha256::new();
        hash.update(tenant.0.as_bytes());
        // The metric comes last: everything before it has a fixed length, so no two keys read the same.
        hash.update(self.channel_uuid().as_bytes());
        hash.update(self.campaign_uuid().as_bytes());
        hash.update(self.metric.as_bytes());
        let mut id = [0; 16];
        id.copy_from_slice(&hash.finalize()[..16]);
        uuid::Builder::from_custom_bytes(id).into_uuid()
    }
}

/// A sample in the order of writing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed<'a> {
    /// Its place in the caller's batch.
    pub(super) index: usize,
    /// The place of its series in [`Arranged::series`].
    pub(super) rank: usize,
    /// Its series' id.
    pub(super) series: Uuid,
    /// When; to the microsecond, which is what the table keeps.
    pub(super) at: DateTime<Utc>,
    /// The source's key.
    pub(super) key: &'a str,
    /// The value in ten-thousandths.
    pub value_e4: i64,
}

/// A batch in the order of writing, which is the same for every writer, so that none waits for another in a circle.
#[derive(Debug)]
pub(super) struct Arranged<'a> {
    /// The series, sorted by id.
    pub(super) series: Vec<(Uuid, SeriesKey)>,
    /// The samples, sorted by series, time and key.
    pub(super) samples: Vec<Placed<'a>>,
}

/// Two samples of one batch have the same series, time and key.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Repeated;

/// Puts `rows` into the order of writing.
pub(super) fn arrange<'a>(tenant: TenantId, rows: &[NewSample<'a>]) -> Result<Arranged<'a>, Repeated> {
    let mut ids: HashMap<SeriesKey, Uuid> = HashMap::new();
    let keys: Vec<SeriesKey> = rows
        .iter()
        .map(|row| SeriesKey { metric: row.metric.key, channel: row.channel, campaign: row.campaign })
        .collect();
    for key in &keys {
        ids.entry(*key).or_insert_with(|| key.id(tenant));
    }
    let mut series: Vec<(Uuid, SeriesKey)> = ids.into_iter().map(|(key, id)| (id, key)).collect();
    series.sort_unstable_by_key(|(id, _)| *id);
    let ranks: HashMap<SeriesKey, usize> = series.iter().enumerate().map(|(rank, (_, key))| (*key, rank)).collect();
    let mut samples: Vec<Placed<'a>> = rows
        .iter()
        .zip(&keys)
        .enumerate()
        .map(|(index, (row, key))| {
            let rank = ranks[key];
            let (series, _) = series[rank];
            Placed { index, rank, series, at: row.at.trunc_subsecs(6), key: row.key, value_e4: row.value.e4() }
        })
        .collect();
    samples.sort_unstable_by(|a, b| (a.rank, a.at, a.key).cmp(&(b.rank, b.at, b.key)));
    if samples.windows(2).any(|pair| (pair[0].rank, pair[0].at, pair[0].key) == (pair[1].rank, pair[1].at, pair[1].key))
    {
        return Err(Repeated);
    }
    Ok(Arranged { series, samples })
}

/// What is to be added to one rollup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Addition {
    /// The series.
    pub(super) series: Uuid,
    /// When the bucket begins.
    pub(super) bucket: DateTime<Utc>,
    /// What its sum grows by, in ten-thousandths.
    pub sum_e4: i64,
    /// How many samples are new.
    pub(super) samples: i64,
}

/// What the rules must look at: per metric and channel, the local days on which something changed.
pub type Touched = BTreeMap<(&'static str, Option<ChannelId>), BTreeSet<NaiveDate>>;

/// What a batch changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// By local day, sorted by series and bucket.
    pub(super) days: Vec<Addition>,
    /// By local hour, sorted by series and bucket.
    pub(super) hours: Vec<Addition>,
    /// By campaign and metric, in ten-thousandths; none that are zero.
    pub(super) campaigns: BTreeMap<(CampaignId, &'static str), i64>,
    /// What the rules must look at.
    pub(super) touched: Touched,
}

/// A sum beyond what is kept (about 9.2e14 units).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OutOfRange {
    /// Of which metric.
    pub(super) metric: &'static str,
}

/// Adds up what a batch changed, given what became of each of its samples (by the caller's place).
pub(super) fn tally(zone: Tz, batch: &Arranged<'_>, outcomes: &[Outcome]) -> Result<Tally, OutOfRange> {
    let (mut days, mut hours) = (Sums::default(), Sums::default());
    let mut touched = Touched::new();
    let mut last: Option<(i64, Buckets)> = None;
    for sample in &batch.samples {
        let (delta, new) = match outcomes[sample.index] {
            Outcome::Unchanged => continue,
            Outcome::Accepted => (i128::from(sample.value_e4), 1),
            Outcome::Corrected { from } => (i128::from(sample.value_e4) - i128::from(from.e4()), 0),
        };
        // No zone has changed its clocks within a minute since 1972, and neighbours often share theirs.
        let minute = sample.at.timestamp().div_euclid(60);
        let at = match last {
            Some((same, at)) if same == minute => at,
            _ => buckets(zone, sample.at),
        };
        last = Some((minute, at));
        hours.add((sample.rank, at.hour), delta, new);
        if days.add((sample.rank, at.day), delta, new) {
            let (_, key) = batch.series[sample.rank];
            touched.entry((key.metric, key.channel)).or_default().insert(at.date);
        }
    }
    let mut campaigns: BTreeMap<(CampaignId, &'static str), i128> = BTreeMap::new();
    for ((rank, _), delta, _) in &days.runs {
        let (_, key) = batch.series[*rank];
        if let Some(campaign) = key.campaign {
            *campaigns.entry((campaign, key.metric)).or_default() += delta;
        }
    }
    let campaigns = campaigns
        .into_iter()
        .filter(|(_, delta)| *delta != 0)
        .map(|((campaign, metric), delta)| Ok(((campaign, metric), fits(delta, metric)?)))
        .collect::<Result<_, _>>()?;
    Ok(Tally { days: days.finish(batch)?, hours: hours.finish(batch)?, campaigns, touched })
}

/// Sums by series and bucket, met in order: the last one grows, or the next begins.
#[derive(Default)]
struct Sums {
    runs: Vec<((usize, DateTime<Utc>), i128, i64)>,
}

impl Sums {
    /// Adds, and says whether that began another bucket.
    fn add(&mut self, place: (usize, DateTime<Utc>), delta: i128, new: i64) -> bool {
        if let Some((last, sum, samples)) = self.runs.last_mut()
            && *last == place
        {
            *sum += delta;
            *samples += new;
            return false;
        }
        self.runs.push((place, delta, new));
        true
    }

    /// Each bucket once, sorted, without those to which nothing is added.
    fn finish(mut self, batch: &Arranged<'_>) -> Result<Vec<Addition>, OutOfRange> {
        // In order already, but where a clock showed an old day again.
        self.runs.sort_by_key(|(place, ..)| *place);
        self.runs.dedup_by(|later, first| {
            let same = later.0 == first.0;
            if same {
                first.1 += later.1;
                first.2 += later.2;
            }
            same
        });
        self.runs.retain(|(_, sum, samples)| *sum != 0 || *samples != 0);
        self.runs
            .into_iter()
            .map(|((rank, bucket), sum, samples)| {
                let (series, key) = batch.series[rank];
                Ok(Addition { series, bucket, sum_e4: fits(sum, key.metric)?, samples })
            })
            .collect()
    }
}

fn fits(sum: i128, metric: &'static str) -> Result<i64, OutOfRange> {
    i64::try_from(sum).map_err(|_| OutOfRange { metric })
}

/// The sums of one bucket by the metrics that they are of, and how many samples stand behind them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    sums: Vec<(String, Quantity)>,
    /// How many samples stand behind the sums.
    pub(super) samples: i64,
}

impl Parts {
    /// Adds the sum of another metric.
    pub(super) fn push(&mut self, metric: String, sum: Quantity, samples: i64) {
        self.sums.push((metric, sum));
        self.samples = self.samples.saturating_add(samples);
    }

    /// Adds to the sum of a metric, of another bucket; `None` beyond what can be counted.
    pub(super) fn add(&mut self, metric: String, sum: Quantity, samples: i64) -> Option<()> {
        match self.sums.iter_mut().find(|(key, _)| *key == metric) {
            Some((_, total)) => *total = total.checked_add(sum)?,
            None => self.sums.push((metric, sum)),
        }
        self.samples = self.samples.saturating_add(samples);
        Some(())
    }

    /// The sum of a metric; nothing where nothing came.
    pub(super) fn sum(&self, metric: &str) -> Quantity {
        self.sums.iter().find(|(key, _)| key == metric).map_or(Quantity::ZERO, |(_, sum)| *sum)
    }

    /// Whether anything came of a metric.
    pub(super) fn has(&self, metric: &str) -> bool {
        self.sums.iter().any(|(key, _)| key == metric)
    }

    /// The figure of `metric`: its sum, or its ratio if the denominator is above zero.
    pub(super) fn figure(&self, metric: &Metric) -> Option<f64> {
        if metric.is_sum() { Some(self.sum(metric.key).to_f64()) } else { metric.ratio(|key| self.sum(key)) }
    }

    /// What a rule divides: `numerator` holds the factor of a ratio already, so that the quotient is in the metric's
    /// unit. A denominator below zero counts as zero: there is no figure then.
    pub(super) fn fraction(&self, metric: &Metric) -> (f64, Option<f64>) {
        match metric.kind {
            Kind::Sum => (self.sum(metric.key).to_f64(), None),
            Kind::Ratio { numerator, denominator, factor } => {
                (self.total(numerator) * factor, Some(self.total(denominator).max(0.0)))
            }
        }
    }

    /// The signed sum of `terms` in units.
    #[expect(clippy::cast_precision_loss, reason = "added exactly before; a ratio is a double")]
    fn total(&self, terms: &[Term]) -> f64 {
        let sum: i128 = terms
            .iter()
            .map(|term| match term {
                Term::Plus(key) => i128::from(self.sum(key).e4()),
                Term::Minus(key) => -i128::from(self.sum(key).e4()),
            })
            .sum();
        sum as f64 / 10_000.0
    }
}

/// (value - before) / |before|, so that a rise is above zero also from a loss; `None` when either is missing or
/// `before` is zero.
pub(super) fn change(value: Option<f64>, before: Option<f64>) -> Option<f64> {
    let (value, before) = (value?, before?);
    let change = (value - before) / before.abs();
    change.is_finite().then_some(change)
}

#[cfg(test)]
mod tests;
