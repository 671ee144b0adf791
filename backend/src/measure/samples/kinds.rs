//! What a batch changes of metrics that are not added: which buckets' last values are to be found anew, and how many
//! durations of which length there are more.
//!
//! Pure. A level, a distinct count and a model's value are *renewed*: whoever wrote last finds the last sample of the
//! bucket in the table itself, behind a lock on the bucket, so that late and corrected values end the same in any order.
//! Durations are added, and taken back when corrected.

use super::Outcome;
use super::bins::bin;
use super::calendar::{Calendar, local_date};
use super::model::{Addition, Arranged, OutOfRange, Placed, SeriesKey, Sums, Touched};
use crate::measure::metrics::Takes;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tillwatch_shared::measure::Resolution;
use uuid::Uuid;

/// A bucket whose last value is to be found anew. Sorted as it is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Renewed {
    /// The series.
    pub(super) series: Uuid,
    /// How wide the bucket is.
    pub(super) resolution: Resolution,
    /// When it begins.
    pub(super) bucket: DateTime<Utc>,
    /// The first instant behind it.
    pub(super) until: DateTime<Utc>,
}

/// How many durations a bin has more. Sorted as it is locked.
pub(super) type InBin = (Uuid, Resolution, DateTime<Utc>, i32);

/// What a batch changed of metrics that are not added.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes<'a> {
    /// The buckets of levels, distinct counts and model values.
    pub(super) renewed: BTreeSet<Renewed>,
    /// Durations by local day: their sum, and how many.
    pub(super) days: Vec<Addition>,
    /// Durations by local hour.
    pub(super) hours: Vec<Addition>,
    /// Durations by bin; none that are zero.
    pub(super) bins: BTreeMap<InBin, i64>,
    /// What the rules must look at.
    pub(super) touched: Touched<'a>,
}

/// What the others of a batch changed, given what became of each sample (by the caller's place) and, where durations
/// were corrected, those that stood there before.
pub(super) fn changes<'a>(
    calendar: Calendar,
    batch: &Arranged<'a>,
    outcomes: &[Outcome],
    before: &HashMap<usize, Vec<i64>>,
) -> Result<Changes<'a>, OutOfRange> {
    let mut changes = Changes::default();
    let (mut days, mut hours) = (Sums::default(), Sums::default());
    for sample in &batch.others {
        let outcome = outcomes[sample.index];
        if outcome == Outcome::Unchanged {
            continue;
        }
        let (_, key) = &batch.series[sample.rank];
        let date = local_date(calendar.zone, sample.at);
        changes.touched.entry((key.metric.key, key.channel)).or_default().insert(date);
        if key.metric.takes != Takes::Durations {
            changes.renewed.extend(widths(key).iter().map(|&resolution| {
                let bucket = calendar.start(resolution, sample.at);
                Renewed { series: sample.series, resolution, bucket, until: calendar.end(resolution, bucket) }
            }));
            continue;
        }
        let was = before.get(&sample.index).map_or(&[] as &[i64], Vec::as_slice);
        let is = lengths(sample);
        let more = i64::try_from(is.len()).unwrap_or(i64::MAX) - i64::try_from(was.len()).unwrap_or(i64::MAX);
        let total = |all: &[i64]| all.iter().map(|e4| i128::from(*e4)).sum::<i128>();
        for (resolution, sums) in [(Resolution::Day, &mut days), (Resolution::Hour, &mut hours)] {
            let bucket = calendar.start(resolution, sample.at);
            sums.add((sample.rank, bucket), total(is) - total(was), more);
            let mut count = |e4: i64, by: i64| {
                *changes.bins.entry((sample.series, resolution, bucket, bin(e4))).or_default() += by;
            };
            for e4 in is {
                count(*e4, 1);
            }
            for e4 in was {
                count(*e4, -1);
            }
        }
    }
    changes.bins.retain(|_, count| *count != 0);
    (changes.days, changes.hours) = (days.finish(batch)?, hours.finish(batch)?);
    Ok(changes)
}

/// The durations of a sample.
fn lengths<'p>(sample: &'p Placed<'_>) -> &'p [i64] {
    if sample.many.is_empty() { std::slice::from_ref(&sample.value_e4) } else { sample.many }
}

/// The widths of the buckets in which a series is kept: a distinct count in that of its period alone.
fn widths(key: &SeriesKey<'_>) -> &'static [Resolution] {
    match key.period {
        None | Some(Resolution::Raw) => &[Resolution::Hour, Resolution::Day],
        Some(Resolution::Hour) => &[Resolution::Hour],
        Some(Resolution::Day) => &[Resolution::Day],
        Some(Resolution::Week) => &[Resolution::Week],
        Some(Resolution::Month) => &[Resolution::Month],
    }
}

/// Several durations as the table keeps them.
pub(super) fn to_text(many: &[i64]) -> Option<String> {
    let words = || many.iter().map(i64::to_string).collect::<Vec<_>>().join(" ");
    (!many.is_empty()).then(words)
}

/// The durations that the table kept: several, or the value alone.
pub(super) fn from_table(value_e4: i64, many: Option<&str>) -> Vec<i64> {
    many.map_or_else(|| vec![value_e4], |text| text.split(' ').filter_map(|word| word.parse().ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::super::NewSample;
    use super::super::model::arrange;
    use super::*;
    use crate::measure::metrics::find;
    use chrono::Weekday;
    use tillwatch_shared::ids::TenantId;
    use tillwatch_shared::quantity::Quantity;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn calendar() -> Calendar {
        Calendar { zone: chrono_tz::Asia::Shanghai, week: Weekday::Mon }
    }

    fn row<'a>(metric: &str, period: Option<Resolution>, key: &'a str, many: &'a [i64]) -> NewSample<'a> {
        let metric = find(metric).unwrap().base().unwrap();
        let value = Quantity::from_e4(if many.is_empty() { 50_000 } else { many.iter().sum() });
        let at = utc("2026-05-06T15:30:00Z");
        NewSample { metric, channel: None, campaign: None, subject: None, period, at, key, value, many }
    }

    #[test]
    fn a_distinct_count_is_kept_for_its_own_period_and_a_level_by_hour_and_day() {
        let rows = [
            row("unique_visitors", Some(Resolution::Week), "a", &[]),
            row("unique_visitors", Some(Resolution::Month), "a", &[]),
            row("followers", None, "a", &[]),
        ];
        let batch = arrange(TenantId::new(), &rows).unwrap();
        assert_eq!((batch.samples.len(), batch.others.len(), batch.series.len()), (0, 3, 3));
        let changes = changes(calendar(), &batch, &[Outcome::Accepted; 3], &HashMap::new()).unwrap();
        let mut widths: Vec<(&str, DateTime<Utc>)> =
            changes.renewed.iter().map(|one| (one.resolution.as_str(), one.bucket)).collect();
        widths.sort_unstable();
        let day = utc("2026-05-05T16:00:00Z");
        let expected = [
            ("day", day),
            ("hour", utc("2026-05-06T15:00:00Z")),
            ("month", utc("2026-04-30T16:00:00Z")),
            ("week", utc("2026-05-03T16:00:00Z")),
        ];
        assert_eq!(widths, expected);
        assert!(changes.days.is_empty() && changes.bins.is_empty());
        assert_eq!(changes.touched.len(), 2);
    }

    #[test]
    fn a_corrected_duration_is_taken_out_of_its_bin() {
        let rows = [row("queue_time", None, "a", &[]), row("queue_time", None, "b", &[10_000, 20_000])];
        let batch = arrange(TenantId::new(), &rows).unwrap();
        let outcomes = [Outcome::Corrected { from: Quantity::from_e4(10_000) }, Outcome::Accepted];
        let before = HashMap::from([(0, vec![10_000])]);
        let changes = changes(calendar(), &batch, &outcomes, &before).unwrap();
        // 5 s instead of 1 s, and 1 s and 2 s more: the second that is taken back cancels the one that came.
        let day: Vec<(i32, i64)> = changes
            .bins
            .iter()
            .filter(|((_, resolution, ..), _)| *resolution == Resolution::Day)
            .map(|((.., bin), count)| (*bin, *count))
            .collect();
        assert_eq!(day, [(bin(20_000), 1), (bin(50_000), 1)]);
        assert_eq!((changes.days[0].sum_e4, changes.days[0].samples), (70_000, 2));
        assert!(changes.renewed.is_empty());
    }

    #[test]
    fn several_durations_come_back_from_the_table_as_they_went() {
        assert_eq!(to_text(&[10_000, 0, 25]).as_deref(), Some("10000 0 25"));
        assert_eq!(from_table(10_025, Some("10000 0 25")), [10_000, 0, 25]);
        assert_eq!((to_text(&[]), from_table(7, None)), (None, vec![7]));
    }
}
