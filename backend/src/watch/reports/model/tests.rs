use super::*;
use chrono_tz::America::{New_York, Santiago};
use chrono_tz::Asia::Shanghai;
use tillwatch_shared::measure::Direction;

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn calendar(zone: Tz, week_start: Weekday) -> Calendar {
    Calendar { zone, week_start }
}

#[test]
fn a_daily_report_is_due_each_morning_of_the_retailers_zone() {
    let (daily, shanghai) = (Schedule::usual(ReportKind::Daily), calendar(Shanghai, Weekday::Mon));
    // 09:00 in Shanghai is 01:00 UTC.
    assert_eq!(shanghai.next(&daily, utc("2026-11-22T00:59:59Z")), Some(utc("2026-11-22T01:00:00Z")));
    assert_eq!(shanghai.next(&daily, utc("2026-11-22T01:00:00Z")), Some(utc("2026-11-23T01:00:00Z")));
    assert_eq!(shanghai.last(&daily, utc("2026-11-22T01:00:00Z")), Some(utc("2026-11-22T01:00:00Z")));
    assert_eq!(shanghai.last(&daily, utc("2026-11-22T00:59:59Z")), Some(utc("2026-11-21T01:00:00Z")));
}

#[test]
fn a_weekly_report_is_due_on_the_first_day_of_the_fiscal_week() {
    let weekly = Schedule::usual(ReportKind::Weekly);
    // 2026-11-22 is a Sunday.
    let sunday = calendar(New_York, Weekday::Sun);
    assert_eq!(sunday.next(&weekly, utc("2026-11-22T12:00:00Z")), Some(utc("2026-11-22T14:30:00Z")));
    assert_eq!(sunday.next(&weekly, utc("2026-11-22T14:30:00Z")), Some(utc("2026-11-29T14:30:00Z")));
    assert_eq!(
        calendar(New_York, Weekday::Mon).last(&weekly, utc("2026-11-22T12:00:00Z")),
        Some(utc("2026-11-16T14:30:00Z"))
    );
    assert_eq!(sunday.week_of(day("2026-11-21")), day("2026-11-15"));
    assert_eq!(calendar(Shanghai, Weekday::Mon).week_of(day("2026-11-22")), day("2026-11-16"));
    for start in [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun] {
        let first = calendar(Shanghai, start).week_of(day("2026-11-22"));
        assert!((0..7).contains(&(day("2026-11-22") - first).num_days()), "{start}");
    }
}

#[test]
fn clocks_that_skip_the_hour_do_not_skip_the_report() {
    let early = Schedule { minute: 150, ..Schedule::usual(ReportKind::Daily) };
    // New York goes from 02:00 to 03:00.
    let spring = calendar(New_York, Weekday::Mon).next(&early, utc("2026-03-08T05:00:00Z"));
    assert_eq!(spring, Some(utc("2026-03-08T07:00:00Z")));
    // It goes from 02:00 back to 01:00: the first of the two.
    let twice = Schedule { minute: 90, ..early };
    assert_eq!(
        calendar(New_York, Weekday::Mon).next(&twice, utc("2026-11-01T04:00:00Z")),
        Some(utc("2026-11-01T05:30:00Z"))
    );
    // Chile skips midnight.
    let midnight = Schedule { minute: 0, ..twice };
    assert_eq!(
        calendar(Santiago, Weekday::Mon).next(&midnight, utc("2024-09-07T12:00:00Z")),
        Some(utc("2024-09-08T04:00:00Z"))
    );
}

#[test]
fn campaigns_are_told_by_what_there_is_to_do() {
    let today = day("2026-11-22");
    let one = |name: &str, state, starts: &str, ends: &str, share: Option<f64>| Planned {
        id: CampaignId::new(),
        name: name.to_owned(),
        state,
        state_reason: None,
        starts_on: starts.parse().ok(),
        ends_on: ends.parse().ok(),
        spent_share: share,
    };
    let (active, paused, scheduled) = (CampaignState::Active, CampaignState::Paused, CampaignState::Scheduled);
    let all = [
        one("begins", scheduled, "2026-11-22", "2026-12-22", None),
        one("later", scheduled, "2026-11-23", "", None),
        one("ends", active, "2026-11-01", "2026-11-22", Some(0.5)),
        one("over", active, "2026-11-01", "2026-11-20", Some(0.95)),
        one("soon", paused, "", "2026-11-29", Some(0.99)),
        one("far", active, "", "2026-11-30", Some(0.9)),
        one("双十一", active, "", "", Some(0.89)),
    ];
    let told = sorted(&all, today);
    let names = |some: &ReportCampaigns| some.first.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
    assert_eq!(told.running, 4);
    assert_eq!(names(&told.starting), ["begins"]);
    assert_eq!(names(&told.ending), ["ends"]);
    assert_eq!(names(&told.paused), ["soon"]);
    assert_eq!(names(&told.due), ["over", "soon"], "what ends first comes first");
    assert_eq!(names(&told.near_budget), ["over", "far"], "a paused one spends nothing");
    let many: Vec<Planned> = (0..25).map(|n| one(&format!("{n:02}"), paused, "", "", None)).collect();
    let paused = sorted(&many, today).paused;
    assert_eq!((paused.total, paused.first.len(), paused.first[9].name.as_str()), (25, NAMED, "09"));
    assert_eq!(sorted(&[], today).paused, ReportCampaigns { total: 0, first: Vec::new() });
}

#[test]
fn what_a_retailer_lives_by_is_told_before_the_rest_which_stays_in_its_order() {
    let kpi = |metric: &str| Kpi {
        metric: metric.to_owned(),
        name_en: metric.to_owned(),
        name_zh: metric.to_owned(),
        unit: "count".to_owned(),
        direction: Direction::HigherIsBetter,
        value: Some(1.0),
        week_before: None,
        change: None,
        benchmark: None,
    };
    let told = pulse_first(["impressions", "visits", "clicks", "spend", "orders", "ctr", "sales"].map(kpi).to_vec());
    let keys: Vec<&str> = told.iter().map(|kpi| kpi.metric.as_str()).collect();
    assert_eq!(keys, ["sales", "orders", "visits", "spend", "impressions", "clicks", "ctr"]);
}
