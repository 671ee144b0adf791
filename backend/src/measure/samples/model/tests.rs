use super::*;
use crate::measure::metrics::find;
use chrono_tz::America::New_York;
use chrono_tz::Asia::Shanghai;
use proptest::prelude::*;
use tillwatch_shared::quantity::Quantity;

fn tenant() -> TenantId {
    TenantId(Uuid::from_u128(7))
}

fn channel(n: u128) -> ChannelId {
    ChannelId(Uuid::from_u128(n))
}

fn campaign(n: u128) -> CampaignId {
    CampaignId(Uuid::from_u128(n))
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn base(metric: &str) -> Base<'static> {
    find(metric).unwrap().base().unwrap()
}

fn sample<'a>(metric: &str, at: &str, key: &'a str, e4: i64) -> NewSample<'a> {
    let metric = base(metric);
    let (at, value) = (utc(at), Quantity::from_e4(e4));
    NewSample { metric, channel: None, campaign: None, subject: None, period: None, at, key, value, many: &[] }
}

#[test]
fn a_series_id_depends_on_each_part_and_on_nothing_else() {
    let key =
        SeriesKey { metric: base("spend"), channel: Some(channel(1)), campaign: None, subject: None, period: None };
    let same = SeriesKey { ..key };
    assert_eq!(key.id(tenant()), same.id(tenant()));
    assert_eq!(key.id(tenant()).get_version_num(), 8);
    let others = [
        SeriesKey { metric: base("sales"), ..key }.id(tenant()),
        SeriesKey { channel: None, ..key }.id(tenant()),
        SeriesKey { channel: None, campaign: Some(campaign(1)), ..key }.id(tenant()),
        SeriesKey { campaign: Some(campaign(1)), ..key }.id(tenant()),
        SeriesKey { subject: Some(Uuid::from_u128(1)), ..key }.id(tenant()),
        SeriesKey { period: Some(Resolution::Week), ..key }.id(tenant()),
        key.id(TenantId(Uuid::from_u128(8))),
    ];
    let all: BTreeSet<Uuid> = others.into_iter().chain([key.id(tenant())]).collect();
    assert_eq!(all.len(), 8);
    // Ids are stored: another way to compute them would count everything twice.
    assert_eq!(key.id(tenant()).to_string(), "c2a26fd6-434f-8820-ba0f-95b815091cac");
}

#[test]
fn what_the_table_cannot_tell_apart_is_a_repetition() {
    let twice = |second: &str| {
        let rows = [sample("spend", "2026-05-01T10:00:00.000001Z", "a", 1), sample("spend", second, "a", 2)];
        arrange(tenant(), &rows).map(|batch| batch.samples.len())
    };
    assert_eq!(twice("2026-05-01T10:00:00.000001999Z"), Err(Repeated));
    assert_eq!(twice("2026-05-01T10:00:00.000002Z"), Ok(2));
}

#[test]
fn new_rows_count_corrections_shift_and_repetitions_do_nothing() {
    let row = |at, key, e4| NewSample {
        campaign: Some(campaign(5)),
        channel: Some(channel(3)),
        ..sample("spend", at, key, e4)
    };
    // 23:30 and 00:30 of two days in Shanghai.
    let rows = [
        row("2026-05-01T15:30:00Z", "a", 100),
        row("2026-05-01T16:30:00Z", "b", 30),
        row("2026-05-01T16:40:00Z", "c", 999),
        row("2026-05-01T16:50:00Z", "d", 10),
    ];
    let batch = arrange(tenant(), &rows).unwrap();
    let outcomes =
        [Outcome::Accepted, Outcome::Corrected { from: Quantity::from_e4(50) }, Outcome::Unchanged, Outcome::Accepted];
    let tally = tally(Shanghai, &batch, &outcomes).unwrap();
    let plain = |list: &[Addition]| list.iter().map(|a| (a.bucket, a.sum_e4, a.samples)).collect::<Vec<_>>();
    let days = [(utc("2026-04-30T16:00:00Z"), 100, 1), (utc("2026-05-01T16:00:00Z"), -10, 1)];
    assert_eq!(plain(&tally.days), days);
    assert_eq!(plain(&tally.hours), [(utc("2026-05-01T15:00:00Z"), 100, 1), (utc("2026-05-01T16:00:00Z"), -10, 1)]);
    assert_eq!(tally.campaigns, BTreeMap::from([((campaign(5), "spend"), 90)]));
    let dates = ["2026-05-01", "2026-05-02"].map(|d| d.parse().unwrap());
    assert_eq!(tally.touched, Touched::from([(("spend", Some(channel(3))), BTreeSet::from(dates))]));
}

#[test]
fn a_batch_that_changes_nothing_writes_nothing() {
    let rows = [sample("spend", "2026-05-01T15:30:00Z", "a", 100)];
    let batch = arrange(tenant(), &rows).unwrap();
    assert_eq!(tally(Shanghai, &batch, &[Outcome::Unchanged]).unwrap(), Tally::default());
}

#[test]
fn corrections_that_cancel_are_judged_but_not_added() {
    let rows = [sample("spend", "2026-05-01T15:30:00Z", "a", 100), sample("spend", "2026-05-01T15:30:00Z", "b", 200)];
    let batch = arrange(tenant(), &rows).unwrap();
    let corrected = |from| Outcome::Corrected { from: Quantity::from_e4(from) };
    let tally = tally(Shanghai, &batch, &[corrected(150), corrected(150)]).unwrap();
    assert_eq!((tally.days.len(), tally.hours.len(), tally.touched.len()), (0, 0, 1));
}

#[test]
fn the_hour_that_new_york_has_twice_is_added_up_twice() {
    let rows = [sample("spend", "2026-11-01T05:30:00Z", "a", 1), sample("spend", "2026-11-01T06:30:00Z", "a", 2)];
    let batch = arrange(tenant(), &rows).unwrap();
    let tally = tally(New_York, &batch, &[Outcome::Accepted; 2]).unwrap();
    assert_eq!((tally.hours.len(), tally.days.len(), tally.days[0].sum_e4), (2, 1, 3));
}

#[test]
fn a_sum_beyond_the_range_is_refused_and_one_that_comes_back_is_not() {
    let sums = |values: &[i64]| {
        let keys: Vec<String> = (0..values.len()).map(|n| n.to_string()).collect();
        let at = "2026-05-01T15:30:00Z";
        let rows: Vec<_> = keys.iter().zip(values).map(|(k, v)| sample("spend", at, k, *v)).collect();
        let batch = arrange(tenant(), &rows).unwrap();
        tally(Shanghai, &batch, &vec![Outcome::Accepted; rows.len()]).map(|tally| tally.days[0].sum_e4)
    };
    assert_eq!(sums(&[i64::MAX, 1]), Err(OutOfRange { metric: "spend".to_owned() }));
    assert_eq!(sums(&[i64::MAX, 1, -2]), Ok(i64::MAX - 1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// However samples are split into batches, ordered and corrected, days, hours and campaigns add up to the same.
    #[test]
    fn the_rollups_are_the_sum_of_the_samples(
        list in prop::collection::vec((0_u128..3, 0_i64..200, -1_000_i64..1_000, prop::option::of(-1_000_i64..1_000)), 1..60),
    ) {
        let keys: Vec<String> = (0..list.len()).map(|n| n.to_string()).collect();
        let rows: Vec<NewSample<'_>> = list.iter().zip(&keys).map(|((of, hours, value, _), key)| NewSample {
            campaign: (*of > 0).then(|| campaign(*of)),
            at: utc("2026-10-30T00:10:00Z") + chrono::TimeDelta::minutes(hours * 17),
            ..sample("spend", "2026-01-01T00:00:00Z", key, *value)
        }).collect();
        let outcomes: Vec<Outcome> = list.iter().map(|(.., value, from)| match from {
            None => Outcome::Accepted,
            Some(from) if from == value => Outcome::Unchanged,
            Some(from) => Outcome::Corrected { from: Quantity::from_e4(*from) },
        }).collect();
        let batch = arrange(tenant(), &rows).unwrap();
        let tally = tally(New_York, &batch, &outcomes).unwrap();
        let expected: i64 = list.iter().map(|(.., value, from)| value - from.unwrap_or(0)).sum();
        let accepted = i64::try_from(outcomes.iter().filter(|o| **o == Outcome::Accepted).count()).unwrap();
        for sums in [&tally.days, &tally.hours] {
            prop_assert_eq!(sums.iter().map(|a| a.sum_e4).sum::<i64>(), expected);
            prop_assert_eq!(sums.iter().map(|a| a.samples).sum::<i64>(), accepted);
            prop_assert!(sums.windows(2).all(|w| (w[0].series, w[0].bucket) < (w[1].series, w[1].bucket)));
        }
        let of_campaigns: i64 = list.iter().filter(|(of, ..)| *of > 0).map(|(.., value, from)| value - from.unwrap_or(0)).sum();
        prop_assert_eq!(tally.campaigns.values().sum::<i64>(), of_campaigns);
        prop_assert!(tally.campaigns.values().all(|delta| *delta != 0));
    }
}
