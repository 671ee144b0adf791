//! Distinct counts, levels, durations and model values, by hour to month, in any order of arrival.

use crate::harness::feed::{counts, feed, of, points, sample, send, series};
use crate::harness::tenant::{Style, text};
use crate::harness::{Tenant, shared};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;

fn chinese() -> Style {
    Style { locale: "zh-CN", time_zone: "Asia/Shanghai", currency: "CNY" }
}

/// A distinct count of a period.
fn distinct(at: &str, key: &str, period: &str, value: u32) -> Value {
    let mut row = sample("unique_visitors", at, key, value);
    row["period"] = json!(period);
    row
}

#[tokio::test]
async fn unique_visitors_are_of_their_very_period_and_place_and_never_added() {
    let retailer = Tenant::sign_up_named(shared(), chinese(), "海港超市").await;
    let owner = &retailer.owner;
    let shop = retailer.channel("Web shop").await;
    // Monday 40 and Tuesday 50 people, of whom 20 came on both days: 70 in the week.
    let mut rows = vec![
        sample("unique_visitors", "2026-02-02T10:00:00+08:00", "d", 40),
        distinct("2026-02-03T10:00:00+08:00", "d", "day", 50),
        distinct("2026-02-03T12:00:00+08:00", "w", "week", 70),
        distinct("2026-02-28T23:59:00+08:00", "m", "month", 300),
        sample("visits", "2026-02-02T10:00:00+08:00", "v", 100),
    ];
    rows.extend(of("channel", &shop, [distinct("2026-02-02T10:00:00+08:00", "d", "day", 30)]));
    assert_eq!(counts(&feed(owner, &rows).await.ok()), [6, 0, 0, 0]);

    let asked =
        async |more: &str| series(owner, &format!("metric=unique_visitors&from=2026-02-01&to=2026-02-28{more}")).await;
    let days = [("2026-02-01T16:00:00Z", 40.0), ("2026-02-02T16:00:00Z", 50.0)];
    assert_eq!(asked("").await, points(days), "the shop's 30 are no part of the retailer's 40");
    assert_eq!(asked(&format!("&channel={shop}")).await, points([("2026-02-01T16:00:00Z", 30.0)]));
    assert_eq!(asked("&resolution=week").await, points([("2026-02-01T16:00:00Z", 70.0)]), "not 90");
    assert_eq!(asked("&resolution=month").await, points([("2026-01-31T16:00:00Z", 300.0)]));
    assert_eq!(asked(&format!("&resolution=week&channel={shop}")).await, [], "nobody counted the shop's week");
    let answer = owner.get("/v1/series?metric=unique_visitors").await.ok();
    assert_eq!(answer["kind"], "distinct");
    assert!(text(&answer["note"]).contains("never added"), "{answer}");

    // A rate over them has a value for a period whose people were counted, and none for another.
    let frequency = async |width: &str| {
        let range = "from=2026-02-02&to=2026-02-02";
        series(owner, &format!("metric=visit_frequency&resolution={width}&{range}")).await
    };
    assert_eq!(frequency("day").await, points([("2026-02-01T16:00:00Z", 2.5)]));
    assert_eq!(frequency("month").await, points([("2026-01-31T16:00:00Z", 100.0 / 300.0)]));
    assert_eq!(frequency("hour").await, [("2026-02-02T02:00:00Z".to_owned(), Value::Null)]);
    let kpis = owner.get("/v1/kpis?day=2026-02-02").await.ok();
    let line = |key: &str| kpis["data"].as_array().unwrap().iter().find(|line| line["metric"] == key).cloned();
    assert_eq!(line("unique_visitors").unwrap()["value"], 40.0);
    assert_eq!(line("visit_frequency").unwrap()["value"], 2.5);

    // A correction replaces; a later count of the same period holds over an earlier one.
    let again = [
        distinct("2026-02-03T12:00:00+08:00", "w", "week", 71),
        distinct("2026-02-08T23:00:00+08:00", "w", "week", 75),
    ];
    assert_eq!(counts(&feed(owner, &again).await.ok()), [1, 1, 0, 0]);
    assert_eq!(asked("&resolution=week").await, points([("2026-02-01T16:00:00Z", 75.0)]));
}

#[tokio::test]
async fn a_period_is_said_for_distinct_counts_alone() {
    let owner = Tenant::sign_up().await.owner;
    let mut of_sum = sample("sales", "2026-02-02T10:00:00Z", "k", 1);
    of_sum["period"] = json!("day");
    let wrong = [
        distinct("2026-02-02T10:00:00Z", "a", "fortnight", 1),
        of_sum,
        distinct("2026-02-02T10:00:00Z", "b", "raw", 1),
    ];
    let taken = feed(&owner, &wrong).await.ok();
    assert_eq!(counts(&taken), [0, 0, 0, 3]);
    for result in taken["results"].as_array().unwrap() {
        assert_eq!((&result["code"], &result["pointer"]), (&json!("invalid_period"), &json!("/period")));
    }
    assert!(text(&taken["results"][0]["detail"]).contains("hour, day, week or month"), "{taken}");
}

#[tokio::test]
async fn a_level_holds_and_adds_up_over_channels_where_it_may() {
    let retailer = Tenant::sign_up_named(shared(), chinese(), "海港超市").await;
    let owner = &retailer.owner;
    let (one, two) = (retailer.channel("抖音").await, retailer.channel("微信").await);
    let followers =
        |channel: &str, at: &str, value: u32| of("channel", channel, [sample("followers", at, at, value)]).remove(0);
    let rows = [
        followers(&one, "2026-02-02T09:00:00+08:00", 1_000),
        // Late: the evening of the day before comes after, and what is last by its own time holds.
        followers(&one, "2026-02-02T21:00:00+08:00", 1_010),
        followers(&one, "2026-02-02T12:00:00+08:00", 1_005),
        followers(&two, "2026-02-04T09:00:00+08:00", 500),
        sample("members", "2026-02-02T09:00:00+08:00", "all", 80),
    ];
    for row in rows {
        assert_eq!(counts(&feed(owner, &[row]).await.ok()), [1, 0, 0, 0]);
    }
    let asked = async |question: &str| series(owner, &format!("{question}&from=2026-02-01&to=2026-02-28")).await;
    let days = [("2026-02-01T16:00:00Z", 1_010.0), ("2026-02-03T16:00:00Z", 1_510.0)];
    assert_eq!(asked("metric=followers").await, points(days), "the first account still has its followers");
    assert_eq!(asked("metric=followers&resolution=month").await, points([("2026-01-31T16:00:00Z", 1_510.0)]));
    assert_eq!(asked(&format!("metric=followers&channel={two}")).await, points([("2026-02-03T16:00:00Z", 500.0)]));
    // Members of one channel may be members of another: they do not add up.
    assert_eq!(
        counts(
            &feed(owner, &of("channel", &one, [sample("members", "2026-02-02T09:00:00+08:00", "c", 70)])).await.ok()
        ),
        [1, 0, 0, 0]
    );
    assert_eq!(asked("metric=members").await, points([("2026-02-01T16:00:00Z", 80.0)]));

    // The screen of a day shows what stands on it, reported or not, until nothing was heard of it for 35 days.
    let shown = async |day: &str| {
        let kpis = owner.get(&format!("/v1/kpis?day={day}")).await.ok();
        let line = kpis["data"].as_array().unwrap().iter().find(|line| line["metric"] == "followers").cloned();
        line.map(|line| line["value"].clone())
    };
    assert_eq!(shown("2026-02-20").await, Some(json!(1_510.0)));
    assert_eq!(shown("2026-03-09").await, Some(json!(500.0)), "the first account fell silent");
    assert_eq!(shown("2026-03-31").await, None);

    // The last value is corrected: the bucket follows.
    assert_eq!(counts(&feed(owner, &[followers(&one, "2026-02-02T21:00:00+08:00", 990)]).await.ok()), [0, 1, 0, 0]);
    assert_eq!(asked("metric=followers").await[0].1, 990.0);
}

#[tokio::test]
async fn durations_are_told_by_quantiles_however_they_come() {
    let retailer = Tenant::sign_up().await;
    let owner = &retailer.owner;
    let (one, two) = (retailer.channel("Store 1").await, retailer.channel("Store 2").await);
    // 1 to 50 seconds at one store, each by itself, and 51 to 100 at the other, in one row.
    let singles = (1..=50).map(|second| sample("queue_time", "2026-02-03T15:00:00Z", &format!("k{second}"), second));
    let list: Vec<u32> = (51..=100).collect();
    assert_eq!(counts(&feed(owner, &of("channel", &one, singles)).await.ok())[0], 50);
    let several = of("channel", &two, [sample("queue_time", "2026-02-03T17:00:00Z", "list", json!(list))]);
    assert_eq!(counts(&feed(owner, &several).await.ok()), [1, 0, 0, 0]);
    assert_eq!(counts(&feed(owner, &several).await.ok()), [0, 0, 1, 0], "the same list again changes nothing");
    let point = async |more: &str| {
        let answer = owner.get(&format!("/v1/series?metric=queue_time&from=2026-02-03&to=2026-02-03{more}")).await.ok();
        answer["data"][0].clone()
    };
    let near = |value: &Value, expected: f64| (value.as_f64().unwrap() / expected - 1.0).abs() < 0.009;
    for more in ["", "&resolution=week", "&resolution=month"] {
        let day = point(more).await;
        assert_eq!(day["samples"], 100);
        for (quantile, expected) in [("p50", 50.0), ("p90", 90.0), ("p95", 95.0), ("p99", 99.0)] {
            assert!(near(&day["quantiles"][quantile], expected), "{quantile} of {day}");
        }
        assert!(near(&day["value"], 50.0) && day["sum"].is_null(), "{day}");
    }
    assert!(near(&point(&format!("&channel={one}")).await["quantiles"]["p90"], 45.0));

    // The list is corrected to one long wait: the fifty others were never there.
    let corrected = format!("metric,at,key,value,channel\nqueue_time,2026-02-03T17:00:00Z,list,600;0.5,{two}\n");
    assert_eq!(counts(&send(owner, "text/csv", corrected).await.ok()), [0, 1, 0, 0]);
    let day = point("").await;
    assert_eq!(day["samples"], 52);
    assert!(near(&day["quantiles"]["p99"], 600.0) && near(&day["quantiles"]["p50"], 25.0), "{day}");

    let wrong = [
        sample("sales", "2026-02-03T15:00:00Z", "k", json!([1, 2])),
        sample("queue_time", "2026-02-03T15:00:00Z", "n", json!([1, -2])),
        sample("queue_time", "2026-02-03T15:00:00Z", "e", json!([])),
        sample("queue_time", "2026-02-03T15:00:00Z", "m", json!(vec![1; 1_001])),
    ];
    let taken = feed(owner, &wrong).await.ok();
    let codes: Vec<&str> = taken["results"].as_array().unwrap().iter().map(|result| text(&result["code"])).collect();
    assert_eq!(codes, ["wrong_type", "negative_value", "not_a_number", "row_too_long"]);
}

#[tokio::test]
async fn a_models_value_is_shown_with_its_source() {
    let owner = Tenant::sign_up().await.owner;
    assert_eq!(
        counts(&feed(&owner, &[sample("ltv", "2026-02-03T15:00:00Z", "bg-nbd 2026-02", 412.5)]).await.ok()),
        [1, 0, 0, 0]
    );
    let answer = owner.get("/v1/series?metric=ltv&from=2026-02-03&to=2026-02-03").await.ok();
    let point = &answer["data"][0];
    assert_eq!((&point["value"], &point["source"]), (&json!(412.5), &json!("bg-nbd 2026-02")));
}

#[tokio::test]
async fn weeks_and_months_are_sums_of_days_in_the_retailers_own_calendar() {
    let owner = Tenant::sign_up_named(shared(), chinese(), "海港超市").await.owner;
    // Saturday 31 January to Monday 2 February 2026.
    let rows: Vec<Value> = ["2026-01-31", "2026-02-01", "2026-02-02"]
        .iter()
        .zip([1, 10, 100])
        .flat_map(|(day, value)| {
            let at = format!("{day}T12:00:00+08:00");
            [sample("sales", &at, "s", value), sample("orders", &at, "o", 1)]
        })
        .collect();
    assert_eq!(counts(&feed(&owner, &rows).await.ok()), [6, 0, 0, 0]);
    let asked = async |question: &str| series(&owner, &format!("{question}&from=2026-01-25&to=2026-02-03")).await;
    let months = [("2025-12-31T16:00:00Z", 1.0), ("2026-01-31T16:00:00Z", 110.0)];
    assert_eq!(asked("metric=sales&resolution=month").await, points(months));
    let from_monday = [("2026-01-25T16:00:00Z", 11.0), ("2026-02-01T16:00:00Z", 100.0)];
    assert_eq!(asked("metric=sales&resolution=week").await, points(from_monday));
    let ratio = [("2026-01-25T16:00:00Z", 5.5), ("2026-02-01T16:00:00Z", 100.0)];
    assert_eq!(asked("metric=aov&resolution=week").await, points(ratio), "a ratio of the week's sums");
    let version = owner.get("/v1/tenant").await.ok()["version"].as_i64().unwrap();
    owner.patch("/v1/tenant", version, json!({ "fiscal_week_start": "sun" })).await.ok();
    let from_sunday = [("2026-01-24T16:00:00Z", 1.0), ("2026-01-31T16:00:00Z", 110.0)];
    assert_eq!(asked("metric=sales&resolution=week").await, points(from_sunday));

    // A page at a time gives the same points.
    let first = owner.get("/v1/series?metric=sales&resolution=week&from=2026-01-25&to=2026-02-03&limit=1").await.ok();
    let next = text(&first["next_cursor"]);
    let second = owner
        .get(&format!("/v1/series?metric=sales&resolution=week&from=2026-01-25&to=2026-02-03&limit=1&cursor={next}"))
        .await
        .ok();
    assert_eq!((&first["data"][0]["value"], &second["data"][0]["value"]), (&json!(1.0), &json!(110.0)));
    let refused =
        owner.get("/v1/series?metric=sales&resolution=week&from=2010-01-01").await.refused(Code::ValidationFailed);
    assert!(text(&refused["detail"]).contains("five years"), "{refused}");
}

#[tokio::test]
async fn eight_writers_of_one_level_and_one_queue_end_exact() {
    let retailer = Tenant::sign_up().await;
    let owner = &retailer.owner;
    let channel = retailer.channel("Store").await;
    join_all((0..8).map(|writer| {
        let channel = &channel;
        async move {
            for minute in 0..5 {
                let at = format!("2026-02-03T15:{:02}:{:02}Z", minute * 10, writer);
                let rows = of(
                    "channel",
                    channel,
                    [
                        sample("followers", &at, "l", 100 * minute + writer),
                        sample("queue_time", &at, "q", json!([1, 2])),
                        sample("sales", &at, "s", 1),
                    ],
                );
                let mut answer = feed(owner, &rows).await;
                // Eight wait for one row: a slow machine says so, and what is sent again changes nothing.
                for _ in 0..50 {
                    if answer.status != 503 {
                        break;
                    }
                    answer = feed(owner, &rows).await;
                }
                assert_eq!(answer.status, 200, "{}", answer.text());
            }
        }
    }))
    .await;
    let day = "from=2026-02-03&to=2026-02-03";
    assert_eq!(series(owner, &format!("metric=followers&{day}")).await[0].1, 407.0, "the last by its own time");
    assert_eq!(series(owner, &format!("metric=sales&{day}")).await[0].1, 40.0);
    let queue = owner.get(&format!("/v1/series?metric=queue_time&{day}")).await.ok();
    assert_eq!(queue["data"][0]["samples"], 80);
}
