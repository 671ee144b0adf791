//! Which channel moved a figure, and by how much: the day that was judged against the same weekday of the weeks before.
//!
//! For a sum a channel contributed what it changed itself: the parts add up to the whole change. For a ratio N/D, with
//! r0 = N0/D0 before and r1 = N1/D1 now, a channel with n and d contributed (n1 - r0·d1)/D1 - (n0 - r0·d0)/D0. Over all
//! channels the second term adds up to (N0 - r0·D0)/D0 = 0 and the first to r1 - r0, so these parts add up to the whole
//! change, too, and a channel counts both for having got worse and for having grown while being worse than the whole
//! (the linear decomposition of a ratio estimator: W. G. Cochran, Sampling Techniques, 3rd ed. 1977, 6.4).

use crate::error::Result;
use crate::identity::tenants;
use crate::measure::metrics;
use crate::measure::samples::buckets::{self, Counted, Whose};
use crate::measure::samples::calendar::{day_end, day_start, local_date};
use crate::platform::db::Tx;
use crate::watch::alerts::Breach;
use crate::watch::rules::kinds::{self, Silence};
use chrono::{Datelike as _, NaiveDate, TimeDelta};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tillwatch_shared::ids::{ChannelId, TenantId};
use tillwatch_shared::measure::Resolution;
use tillwatch_shared::watch::RuleBucket;

/// The weeks before that are compared with.
const WEEKS: i64 = 4;
/// The channels that are named.
const NAMED: usize = 5;

/// A change and its parts, as it is kept on the alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Contribution {
    /// The figure before: the mean of the days that are compared with; of a ratio, the ratio of their sums.
    pub(super) before: f64,
    /// What is to be explained, in the metric's unit.
    pub(super) change: f64,
    /// How many days are compared with.
    pub(super) days: u32,
    /// The channels that moved it most, with what each contributed.
    pub(super) parts: Vec<(ChannelId, f64)>,
    /// What the other channels, and what was counted on none, contributed.
    pub(super) rest: f64,
}

/// What was counted on a local day.
struct DayBucket {
    day: NaiveDate,
    numerator: f64,
    denominator: Option<f64>,
}

impl DayBucket {
    fn new(zone: Tz, counted: &Counted) -> Self {
        let Counted { numerator, denominator, .. } = *counted;
        Self { day: local_date(zone, counted.start), numerator, denominator }
    }
}

/// The sums of some days: numerator, and denominator for a ratio.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sums {
    numerator: f64,
    denominator: Option<f64>,
}

impl Sums {
    fn of<'a>(days: impl Iterator<Item = &'a DayBucket>) -> Self {
        days.fold(Self::default(), |sums, day| Self {
            numerator: sums.numerator + day.numerator,
            denominator: day.denominator.map(|more| more + sums.denominator.unwrap_or(0.0)).or(sums.denominator),
        })
    }

    /// The figure: of a sum the mean over `days`, of a ratio the quotient.
    fn figure(self, days: f64) -> Option<f64> {
        match self.denominator {
            None => Some(self.numerator / days),
            Some(denominator) => (denominator > 0.0).then(|| self.numerator / denominator),
        }
    }
}

/// What of the change from `before` (`days` of them) to `now` each channel contributed. `None` where there is nothing to
/// compare with, or nothing changed. Pure.
fn contributions(
    now: Sums,
    before: Sums,
    days: u32,
    channels: &BTreeMap<ChannelId, (Sums, Sums)>,
) -> Option<Contribution> {
    let count = f64::from(days);
    let (r1, r0) = (now.figure(1.0)?, before.figure(count)?);
    let change = r1 - r0;
    if days == 0 || !change.is_finite() || change == 0.0 {
        return None;
    }
    let part = |sums: Sums, whole: Sums, days: f64| match whole.denominator {
        None => sums.numerator / days,
        Some(all) => (sums.numerator - r0 * sums.denominator.unwrap_or(0.0)) / all,
    };
    let mut parts: Vec<(ChannelId, f64)> = channels
        .iter()
        .map(|(channel, (one, earlier))| (*channel, part(*one, now, 1.0) - part(*earlier, before, count)))
        .filter(|(_, part)| part.is_finite() && *part != 0.0)
        .collect();
    // The largest in either direction first; of equals, by id.
    parts.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
    parts.truncate(NAMED);
    let rest = change - parts.iter().map(|(_, part)| part).sum::<f64>();
    (!parts.is_empty()).then_some(Contribution { before: r0, change, days, parts, rest })
}

/// Which channels moved the figure of a breach of a whole retailer or campaign, where that is what was counted on one
/// day; `None` for one channel's own. A stop-loss is not asked: the way from a sample to the chat is short, and its
/// figure is a campaign's whole life.
///
/// # Errors
/// When the database fails.
pub(super) async fn of(tx: &mut Tx, tenant: TenantId, breach: &Breach<'_>) -> Result<Option<Contribution>> {
    let Some(metric) = metrics::find(breach.rule.spec.metric()) else { return Ok(None) };
    let kind = kinds::of(&breach.rule.spec);
    let of_one_day = (breach.rule.timing.bucket, breach.rule.timing.window) == (RuleBucket::Day, 1);
    if breach.channel.is_some() || !of_one_day || kind.sums_up() || kind.silence() != Silence::PassedOver {
        return Ok(None);
    }
    let zone = tenants::settings(tx, tenant).await?.time_zone;
    let day = local_date(zone, breach.window_start);
    let from = day - TimeDelta::weeks(WEEKS);
    let span = day_start(zone, from)..day_end(zone, day);
    let whose = Whose { channel: None, campaign: breach.campaign };
    let whole = buckets::of(tx, tenant, metric, Resolution::Day, whose, span.clone()).await?;
    let channels = buckets::by_channel(tx, tenant, metric, Resolution::Day, breach.campaign, span).await?;
    let days = |counted: &[Counted]| counted.iter().map(|one| DayBucket::new(zone, one)).collect::<Vec<_>>();
    let (whole, channels) =
        (days(&whole), channels.iter().map(|(channel, counted)| (*channel, days(counted))).collect());
    Ok(compare(&whole, &channels, day))
}

/// The judged day against the same weekdays before it. Pure.
fn compare(
    whole: &[DayBucket],
    channels: &BTreeMap<ChannelId, Vec<DayBucket>>,
    day: NaiveDate,
) -> Option<Contribution> {
    let earlier = |one: &&DayBucket| one.day < day && one.day.weekday() == day.weekday();
    let days = u32::try_from(whole.iter().filter(earlier).count()).ok()?;
    let split = |buckets: &[DayBucket]| {
        let now = Sums::of(buckets.iter().filter(|one| one.day == day));
        (now, Sums::of(buckets.iter().filter(earlier)))
    };
    let (now, before) = split(whole);
    let channels = channels.iter().map(|(channel, buckets)| (*channel, split(buckets))).collect();
    contributions(now, before, days, &channels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Numerator and denominator now, and those of before.
    type Four = (f64, f64, f64, f64);

    fn bucket(day: u32, numerator: f64, denominator: Option<f64>) -> DayBucket {
        DayBucket { day: NaiveDate::from_ymd_opt(2026, 3, day).unwrap(), numerator, denominator }
    }

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, day).unwrap()
    }

    #[test]
    fn of_a_sum_each_channel_contributed_what_it_changed() {
        let [a, b] = [ChannelId::new(), ChannelId::new()];
        let whole = [bucket(2, 100.0, None), bucket(3, 7.0, None), bucket(9, 120.0, None), bucket(16, 50.0, None)];
        let channels = BTreeMap::from([
            (a, vec![bucket(2, 60.0, None), bucket(9, 80.0, None), bucket(16, 5.0, None)]),
            (b, vec![bucket(2, 40.0, None), bucket(9, 30.0, None), bucket(16, 45.0, None)]),
        ]);
        let found = compare(&whole, &channels, day(16)).unwrap();
        // 110 on the two Mondays before; the Tuesday is none. Ten of it were counted on no channel.
        assert_eq!((found.before, found.change, found.days), (110.0, -60.0, 2));
        assert_eq!(found.parts, [(a, -65.0), (b, 10.0)]);
        assert!((found.rest - -5.0).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn of_a_ratio_a_channel_counts_for_getting_worse_and_for_growing_while_worse() {
        let [good, bad] = [ChannelId::new(), ChannelId::new()];
        // Both keep their rates (10 % and 2 %): the bad one has grown.
        let whole = [bucket(2, 12.0, Some(200.0)), bucket(9, 20.0, Some(600.0))];
        let channels = BTreeMap::from([
            (good, vec![bucket(2, 10.0, Some(100.0)), bucket(9, 10.0, Some(100.0))]),
            (bad, vec![bucket(2, 2.0, Some(100.0)), bucket(9, 10.0, Some(500.0))]),
        ]);
        let found = compare(&whole, &channels, day(9)).unwrap();
        let sum: f64 = found.parts.iter().map(|(_, part)| part).sum();
        assert!((sum - found.change).abs() < 1e-12 && found.rest.abs() < 1e-12, "{found:?}");
        assert!((found.change - (20.0 / 600.0 - 0.06)).abs() < 1e-12);
    }

    #[test]
    fn without_a_day_to_compare_with_nothing_is_said() {
        let channels = BTreeMap::from([(ChannelId::new(), vec![bucket(9, 5.0, None)])]);
        assert_eq!(compare(&[bucket(9, 5.0, None)], &channels, day(9)), None);
        assert_eq!(compare(&[bucket(2, 5.0, Some(0.0)), bucket(9, 5.0, Some(1.0))], &channels, day(9)), None);
        assert_eq!(compare(&[bucket(2, 5.0, None), bucket(9, 5.0, None)], &channels, day(9)), None, "no change");
    }

    proptest! {
        #[test]
        fn the_parts_add_up_to_the_whole_change(
            parts in prop::collection::vec((0.0..1e6, 1.0..1e6, 0.0..1e6, 1.0..1e6), 1..12), ratio: bool,
        ) {
            let sums = |n: f64, d: f64| Sums { numerator: n, denominator: ratio.then_some(d) };
            let channels: BTreeMap<ChannelId, (Sums, Sums)> =
                parts.iter().map(|(n1, d1, n0, d0)| (ChannelId::new(), (sums(*n1, *d1), sums(*n0, *d0)))).collect();
            let whole = |pick: fn(&Four) -> (f64, f64)| {
                let (n, d) = parts.iter().map(pick).fold((0.0, 0.0), |(n, d), (m, e)| (n + m, d + e));
                sums(n, d)
            };
            if let Some(found) = contributions(whole(|p| (p.0, p.1)), whole(|p| (p.2, p.3)), 1, &channels) {
                let sum: f64 = found.parts.iter().map(|(_, part)| part).sum::<f64>() + found.rest;
                prop_assert!((sum - found.change).abs() <= 1e-9 * found.change.abs().max(1.0));
            }
        }
    }
}
