//! Holds the extract to the figures that `backend/demo/README.md` states, and the shift to its promises.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::LazyLock;

use chrono::{Datelike, Timelike, Weekday};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::*;

fn us() -> Extract {
    Extract::us_grocer().unwrap()
}

fn cn() -> Extract {
    Extract::cn_retailer().unwrap()
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Hundredths, as a whole number: sums of them are exact.
fn hundredths(value: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "demo values are far below 2^53")]
    let whole = (value * 100.0).round() as i64;
    whole
}

/// Rows and sum (in hundredths) of each metric.
fn totals(extract: &Extract) -> BTreeMap<&str, (usize, i64)> {
    let mut totals = BTreeMap::new();
    for row in &extract.rows {
        let (rows, sum) = totals.entry(&*row.metric).or_default();
        *rows += 1;
        *sum += hundredths(row.value);
    }
    totals
}

/// Sum in hundredths by local day and weekday, channel and metric.
fn days(extract: &Extract) -> BTreeMap<(NaiveDate, &str, &str), i64> {
    let mut days = BTreeMap::new();
    for row in &extract.rows {
        let day = row.at.with_timezone(&extract.time_zone).date_naive();
        *days.entry((day, &*row.channel, &*row.metric)).or_default() += hundredths(row.value);
    }
    days
}

/// The row with which a campaign's spend passes its line, and the sum then, in minor units.
fn passed(extract: &Extract, key: &str) -> Option<(DateTime<Utc>, i64)> {
    let line = extract.campaigns.iter().find(|c| c.key == key)?.stop_loss_minor?;
    let mut spent = 0;
    extract.rows.iter().filter(|row| &*row.metric == "spend" && row.campaign.as_deref() == Some(key)).find_map(|row| {
        spent += hundredths(row.value);
        (spent > line).then_some((row.at, spent))
    })
}

#[test]
fn us_grocer_has_the_figures_of_the_readme() {
    let us = us();
    assert_eq!((us.channels.len(), us.campaigns.len(), us.rows.len()), (11, 17, 42_137));
    assert_eq!(
        totals(&us).into_iter().collect::<Vec<_>>(),
        [
            ("coupon_orders", (3_918, 680_400)),
            ("coupons_redeemed", (921, 196_500)),
            ("orders", (18_340, 10_303_100)),
            ("sales", (18_340, 303_860_282)),
            ("spend", (618, 123_244)),
        ]
    );
    assert_eq!(us.rows.iter().filter(|row| row.at < us.replay_from).count(), 32_483);
    assert_eq!(us.replay_from, utc("2017-10-30T04:00:00Z"));
    assert!(us.rows.iter().all(|row| row.at.minute() == 0 && row.at.second() == 0));
}

#[test]
fn us_grocer_passes_its_lines_when_the_readme_says() {
    let us = us();
    let lines = ["campaign-16", "campaign-17", "campaign-18", "campaign-19"];
    assert_eq!(
        lines.map(|key| passed(&us, key).unwrap()),
        [
            (utc("2017-11-04T22:00:00Z"), 3_000),
            (utc("2017-11-18T21:00:00Z"), 3_125),
            (utc("2017-11-14T22:00:00Z"), 17_483),
            (utc("2017-12-03T16:00:00Z"), 2_100),
        ]
    );
    let stopped: Vec<_> = us.campaigns.iter().filter(|c| passed(&us, &c.key).is_some()).collect();
    assert_eq!(stopped.len(), lines.len(), "{stopped:?}");
}

#[test]
fn cn_retailer_has_the_figures_of_the_readme() {
    let cn = cn();
    assert_eq!((cn.channels.len(), cn.campaigns.len(), cn.rows.len()), (5, 4, 6_972));
    assert_eq!(cn.name, "禾田优选");
    assert_eq!(totals(&cn)["spend"], (644, 9_581_618));
    assert_eq!(totals(&cn)["sales"], (1_680, 751_379_314));
    assert_eq!(passed(&cn, "live-ads"), Some((utc("2025-05-17T06:00:00Z"), 2_018_162)));
    assert_eq!(passed(&cn, "member-coupon"), None);
    // The failed payment, on Wednesday and Thursday of the first replay week.
    let days = days(&cn);
    let orders = |day: &str| days[&(day.parse().unwrap(), "mini-program", "orders")];
    assert_eq!((orders("2025-05-07"), orders("2025-05-08")), (6_400, 6_100));
}

#[test]
fn both_fit_the_repository_and_name_only_what_they_describe() {
    for extract in [us(), cn()] {
        assert!(extract.rows.is_sorted_by(|a, b| a.key() < b.key()));
        assert!(extract.rows.iter().all(|row| row.value >= 0.0));
        assert!(extract.campaigns.iter().all(|c| c.starts_on <= c.ends_on && c.budget_minor > 0));
        assert!(extract.campaigns.iter().all(|c| c.stop_loss_minor.is_none_or(|line| line > 0)));
        let midnight = extract.replay_from.with_timezone(&extract.time_zone);
        assert_eq!((midnight.hour(), midnight.weekday()), (0, Weekday::Mon));
    }
}

/// In July the retailer's summer rows land in winter and the winter ones in summer: every day must keep its weekday,
/// its sums and its distance from the others all the same.
#[test]
fn a_shift_keeps_days_weekdays_and_sums() {
    let before = us();
    let after = before.shifted(utc("2026-07-15T12:00:00Z"));
    let weeks = TimeDelta::weeks(446);
    let expected: BTreeMap<_, _> =
        days(&before).into_iter().map(|((day, c, m), sum)| ((day + weeks, c, m), sum)).collect();
    assert_eq!(days(&after), expected);
    assert_eq!(before.campaigns[0].starts_on + weeks, after.campaigns[0].starts_on);
    assert_eq!(after.replay_from.with_timezone(&after.time_zone).hour(), 0);
    assert!(after.rows.is_sorted_by(|a, b| a.key() < b.key()), "no key twice");
}

/// 02:30 does not exist on the morning when the clocks go forward: its hour joins the next one.
#[test]
fn a_swallowed_hour_joins_the_next() {
    let mut extract = us();
    let row = extract.rows.swap_remove(0);
    let at = |hour: &str, value| DemoRow { at: utc(hour), value, ..row.clone() };
    // Sunday 2017-10-29, 02:00 and 03:00 in New York; 19 weeks later the clocks go from 02:00 to 03:00.
    extract.rows = vec![at("2017-10-29T06:00:00Z", 0.1), at("2017-10-29T07:00:00Z", 0.2)];
    let moved = extract.shifted(utc("2018-03-11T12:00:00Z"));
    assert_eq!(moved.rows.len(), 1);
    assert_eq!(moved.rows[0].at, utc("2018-03-11T07:00:00Z"));
    assert_eq!(hundredths(moved.rows[0].value), 30);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever the time: nothing lies in the future, and one more week would be too far.
    #[test]
    fn a_shift_ends_within_the_last_week(
        // Also the seconds around the last row's own moment of the week, where daylight saving time decides.
        seconds in prop_oneof![
            1_400_000_000_i64..2_500_000_000,
            (0..1_700_i64, -4_000..4_000_i64).prop_map(|(week, off)| 2_347_567_201 - week * 604_800 + off),
        ],
    ) {
        // The last rows say it all, and unpacking the file for each case would take most of the time.
        static LAST: LazyLock<Extract> = LazyLock::new(|| {
            let mut extract = us();
            extract.rows.drain(..extract.rows.len() - 3);
            extract
        });
        let now = DateTime::from_timestamp(seconds, 0).unwrap();
        let last = LAST.shifted(now).rows.last().unwrap().at;
        prop_assert!(last < now);
        prop_assert!(LAST.moved(last, 1) >= now);
    }
}

#[test]
fn the_campaign_to_pause_by_hand_stays_below_its_line_and_the_readme_names_it() {
    for (extract, name) in [(us(), "Coupon mailing 20 (type C)"), (Extract::cn_retailer().unwrap(), "会员日满减券")]
    {
        let campaign = extract.steadiest_campaign().unwrap();
        assert_eq!(campaign.name, name);
        let own = extract.rows.iter().filter(|row| row.campaign.as_deref() == Some(campaign.key.as_str()));
        let spend: f64 = own.filter(|row| &*row.metric == "spend").map(|row| row.value).sum();
        assert!(spend < minor_units(campaign.stop_loss_minor.unwrap()), "{spend}");
    }
    let readme = include_str!("../../../../README.md");
    assert!(readme.contains("campaign pause \"Coupon mailing 20 (type C)\" because"));
}

#[test]
fn bad_rows_are_refused_with_their_line() {
    let about = br#"{"name":"n","locale":"en","time_zone":"UTC","currency":"USD","replay_from":"2025-01-01T00:00:00Z",
        "channels":[{"key":"a","name":"A","kind":"store","online":false}],"campaigns":[
        {"key":"c","name":"C","starts_on":"2025-01-01","ends_on":"2025-01-02","budget_minor":1,"stop_loss_minor":null}]}"#;
    let read = |rows: &str| {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        write!(packed, "at,channel,campaign,metric,value\n{rows}").unwrap();
        Extract::parse(about, &packed.finish().unwrap())
    };
    let good = "2025-01-01T00:00:00Z,a,,sales,1.5\n";
    assert_eq!(read(good).unwrap().rows.len(), 1);
    for (rows, reason) in [
        (format!("{good}{good}"), "line 3: not sorted"),
        (format!("{good}2025-01-02T00:00:00Z,a,c,sales,1\n"), "line 3: a metric is given"),
        ("2025-01-01T00:00:00Z,b,,sales,1\n".into(), "line 2: unknown channel"),
        ("2025-01-01T00:00:00Z,a,d,sales,1\n".into(), "line 2: unknown campaign"),
        ("2025-01-01T00:00:00Z,a,,sales,-1\n".into(), "line 2: a value"),
        ("2025-01-01T00:00:00Z,a,,sales,NaN\n".into(), "line 2: a value"),
        ("yesterday,a,,sales,1\n".into(), "demo rows: CSV"),
    ] {
        let error = read(&rows).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
    assert!(matches!(Extract::parse(b"{}", b""), Err(ExtractError::About(_))));
    assert!(matches!(Extract::parse(about, b"\x1f\x8b\x08"), Err(ExtractError::Rows(_))));
}
