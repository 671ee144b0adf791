//! Putting together what the rollups hold, each kind in its own way: sums are added, the last value of a level holds,
//! a distinct count is taken as its source counted it, durations are merged by length.

use super::calendar::Calendar;
use super::out_of_range;
use super::parts::Parts;
use super::store::{self, LastRow, Place, Scope, Span};
use crate::error::Result;
use crate::measure::metrics::{Definition, Takes};
use crate::platform::db::Tx;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeMap, HashMap};
use tillwatch_shared::ids::TenantId;
use tillwatch_shared::measure::Resolution;
use tillwatch_shared::quantity::Quantity;
use uuid::Uuid;

/// How long a level holds when its source says nothing more.
pub(super) const HOLDS: TimeDelta = TimeDelta::days(35);

/// What is known of each bucket, oldest first.
pub(super) type Buckets = BTreeMap<DateTime<Utc>, Parts>;

/// The buckets of `resolution` that begin in `[from, to)`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// How weeks and months are cut; hours and days are taken as they are stored.
    pub(super) calendar: Option<Calendar>,
    /// How wide a bucket is: an hour or wider.
    pub(super) resolution: Resolution,
    /// The first instant.
    pub(super) from: DateTime<Utc>,
    /// The first instant after.
    pub(super) to: DateTime<Utc>,
    /// Whether a level is told of the first bucket, too, when nothing was counted in it.
    pub(super) standing: bool,
}

impl Frame {
    /// The hours or days that begin in `span`.
    pub(super) fn stored(span: Span) -> Self {
        Self { calendar: None, resolution: span.resolution, from: span.from, to: span.to, standing: false }
    }

    /// One day, with what stands on it.
    pub(super) fn of_day(from: DateTime<Utc>, to: DateTime<Utc>) -> Self {
        Self { standing: true, ..Self::stored(Span { resolution: Resolution::Day, from, to }) }
    }

    /// The rollups that the buckets are put together from.
    fn fine(&self) -> Span {
        let resolution = if self.resolution == Resolution::Hour { Resolution::Hour } else { Resolution::Day };
        Span { resolution, from: self.from, to: self.to }
    }

    /// The bucket in which the rollup that begins at `at` lies.
    fn bucket(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        self.calendar.map_or(at, |calendar| calendar.start(self.resolution, at))
    }

    /// The end of a bucket, near enough to say how long a level was not heard of.
    fn end(&self, bucket: DateTime<Utc>) -> DateTime<Utc> {
        let width = if self.resolution == Resolution::Hour { TimeDelta::hours(1) } else { TimeDelta::days(1) };
        self.calendar.map_or(bucket + width, |calendar| calendar.end(self.resolution, bucket)).min(self.to)
    }
}

/// The values of `bases` in the buckets of `frame` in which any of them was counted: of all of `scope` together, under
/// the nil id, or of each channel by itself.
///
/// # Errors
/// When the database fails, or a sum leaves the range that is kept.
pub(super) async fn load(
    tx: &mut Tx,
    tenant: TenantId,
    bases: &[Definition<'_>],
    scope: &Scope,
    by_channel: bool,
    frame: Frame,
) -> Result<BTreeMap<Uuid, Buckets>> {
    let sums = keys(bases, |_, takes| takes == Takes::Sums);
    let mut found = Found { frame, by_channel, channels: BTreeMap::new() };
    if !sums.is_empty() {
        let rows = if by_channel {
            store::sums_by_channel(tx, tenant, &sums, scope, frame.fine()).await?
        } else {
            store::sums(tx, tenant, &sums, scope, frame.fine()).await?
        };
        for row in rows {
            let added = found.parts(row.channel, row.bucket).add(&row.metric, row.sum(), row.samples());
            added.ok_or_else(|| out_of_range(&row.metric))?;
        }
    }
    let durations = keys(bases, |_, takes| takes == Takes::Durations);
    if !durations.is_empty() {
        let rows = if by_channel {
            store::bins_by_channel(tx, tenant, &durations, scope, frame.fine()).await?
        } else {
            store::bins(tx, tenant, &durations, scope, frame.fine()).await?
        };
        for (bucket, metric, channel, bin, count) in rows.into_iter().filter(|(.., count)| *count != 0) {
            found.parts(channel, bucket).add_durations(&metric, bin, count);
        }
    }
    let exactly = if by_channel { Place::EachChannel } else { Place::Exactly };
    let distinct = keys(bases, |_, takes| takes == Takes::Distinct);
    if !distinct.is_empty() {
        // Of the very period alone: smaller ones never add up to it.
        let span = Span { resolution: frame.resolution, ..frame.fine() };
        for row in store::last_values(tx, tenant, &distinct, (scope, exactly), span).await? {
            let parts = found.parts(row.channel, row.bucket);
            parts.set(&row.metric, Quantity::from_e4(row.value_e4));
            parts.samples = parts.samples.saturating_add(row.samples);
            parts.source = row.key;
        }
    }
    let mut standing = Vec::new();
    let before = Span { from: frame.from - HOLDS, ..frame.fine() };
    let adding = keys(bases, |base, takes| takes == Takes::Last && !base.keeps_its_place());
    if !adding.is_empty() {
        standing.extend(store::last_values(tx, tenant, &adding, (scope, Place::Within), before).await?);
    }
    let apart = keys(bases, |base, takes| takes == Takes::Last && base.keeps_its_place());
    if !apart.is_empty() {
        standing.extend(store::last_values(tx, tenant, &apart, (scope, exactly), before).await?);
    }
    found.stand(standing);
    let mut channels = found.channels;
    for parts in channels.values_mut().flat_map(BTreeMap::values_mut) {
        parts.settle(&sums);
    }
    Ok(channels)
}

/// The keys of those of `bases` that are `wanted`.
fn keys<'b>(bases: &[Definition<'b>], wanted: impl Fn(&Definition<'b>, Takes) -> bool) -> Vec<&'b str> {
    let chosen = bases.iter().filter(|metric| metric.base().is_some_and(|base| wanted(metric, base.takes)));
    chosen.map(|metric| metric.key).collect()
}

struct Found {
    frame: Frame,
    by_channel: bool,
    channels: BTreeMap<Uuid, Buckets>,
}

impl Found {
    /// The bucket that holds `at`, of the channel where each stands by itself.
    fn parts(&mut self, channel: Uuid, at: DateTime<Utc>) -> &mut Parts {
        let channel = if self.by_channel { channel } else { Uuid::nil() };
        self.channels.entry(channel).or_default().entry(self.frame.bucket(at)).or_default()
    }

    /// Puts levels into every bucket: the last value of each series, as long as it holds, added over series.
    fn stand(&mut self, rows: Vec<LastRow>) {
        let mut series: BTreeMap<(Uuid, String), Vec<LastRow>> = BTreeMap::new();
        for row in rows {
            if self.by_channel && row.channel.is_nil() {
                continue;
            }
            if row.bucket >= self.frame.from {
                let parts = self.parts(row.channel, row.bucket);
                parts.samples = parts.samples.saturating_add(row.samples);
            }
            let channel = if self.by_channel { row.channel } else { Uuid::nil() };
            series.entry((channel, row.metric.clone())).or_default().push(row);
        }
        let frame = self.frame;
        if frame.standing {
            self.parts(Uuid::nil(), frame.from);
        }
        for ((channel, metric), rows) in &series {
            if let Some(buckets) = self.channels.get_mut(channel) {
                stand(frame, metric, rows, buckets);
            }
        }
    }
}

/// Walks along the buckets with what stands at the end of each. `rows` are sorted by time.
fn stand(frame: Frame, metric: &str, rows: &[LastRow], buckets: &mut Buckets) {
    let mut rows = rows.iter().peekable();
    let mut standing: HashMap<Uuid, &LastRow> = HashMap::new();
    for (at, parts) in buckets {
        while let Some(row) = rows.next_if(|row| frame.bucket(row.bucket) <= *at) {
            standing.insert(row.series, row);
        }
        standing.retain(|_, row| row.bucket + HOLDS >= frame.end(*at));
        let total: i128 = standing.values().map(|row| i128::from(row.value_e4)).sum();
        if let (false, Ok(total)) = (standing.is_empty(), i64::try_from(total)) {
            parts.set(metric, Quantity::from_e4(total));
            parts.source = standing.values().max_by_key(|row| row.bucket).and_then(|row| row.key.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Weekday;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn row(series: u128, day: &str, value: i64) -> LastRow {
        LastRow {
            bucket: utc(&format!("{day}T00:00:00Z")),
            series: Uuid::from_u128(series),
            metric: "followers".to_owned(),
            channel: Uuid::from_u128(series),
            value_e4: value * 10_000,
            samples: 1,
            key: Some(format!("{series}/{day}")),
        }
    }

    fn totals(resolution: Resolution, rows: Vec<LastRow>) -> Vec<(String, Option<f64>)> {
        let calendar = Calendar { zone: chrono_tz::UTC, week: Weekday::Mon };
        let (from, to) = (utc("2026-06-01T00:00:00Z"), utc("2026-09-01T00:00:00Z"));
        let frame = Frame { calendar: Some(calendar), resolution, from, to, standing: false };
        let mut found = Found { frame, by_channel: false, channels: BTreeMap::new() };
        found.stand(rows);
        let buckets = found.channels.remove(&Uuid::nil()).unwrap_or_default();
        let value = |parts: &Parts| parts.value("followers").map(Quantity::to_f64);
        buckets.iter().map(|(at, parts)| (at.date_naive().to_string(), value(parts))).collect()
    }

    #[test]
    fn a_level_holds_until_the_next_one_and_adds_up_over_channels() {
        let rows = vec![row(1, "2026-05-20", 100), row(2, "2026-06-02", 7), row(1, "2026-06-03", 110)];
        let days = totals(Resolution::Day, rows.clone());
        assert_eq!(days, [("2026-06-02".to_owned(), Some(107.0)), ("2026-06-03".to_owned(), Some(117.0))]);
        assert_eq!(totals(Resolution::Month, rows), [("2026-06-01".to_owned(), Some(117.0))]);
    }

    #[test]
    fn a_level_of_which_nothing_was_heard_for_long_holds_no_more() {
        let rows = vec![row(1, "2026-06-02", 100), row(2, "2026-08-01", 7)];
        let days = totals(Resolution::Day, rows);
        assert_eq!(days.last(), Some(&("2026-08-01".to_owned(), Some(7.0))));
    }
}
