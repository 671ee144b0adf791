//! A goal is decomposed into periods that add up, by days or like last year, and people edit them.

use super::{all, day, each, fed, in_shanghai, made, monday, wish};
use crate::harness::tenant::text;
use chrono::Days;
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;

fn sum(periods: &Value) -> f64 {
    periods["data"].as_array().unwrap().iter().map(|period| period["target"].as_f64().unwrap()).sum()
}

#[tokio::test]
async fn a_sum_is_spread_by_days_over_the_retailers_weeks_and_adds_up() {
    let retailer = in_shanghai().await;
    retailer.owner.patch("/v1/tenant", 1, json!({ "fiscal_week_start": "sun" })).await.ok();
    fed(&retailer, "sales", each(-3, -1, 70.0)).await;
    let (first, last) = ("2026-01-28", "2026-02-10");
    let place = made(&retailer, json!({ "starts_on": first, "ends_on": last, "target": 100.01 })).await;
    let answer = retailer.owner.get(&format!("{place}/periods")).await;
    assert_eq!(answer.header("etag"), "\"1\"");
    let periods = answer.ok();
    // Wednesday to Saturday, a week, Sunday to Tuesday.
    assert_eq!(all(&periods["data"], "starts_on"), ["2026-01-28", "2026-02-01", "2026-02-08"]);
    assert_eq!(all(&periods["data"], "ends_on"), ["2026-01-31", "2026-02-07", last]);
    let targets = all(&periods["data"], "target");
    assert_eq!(targets, [json!(28.5742), json!(50.005), json!(21.4308)]);
    // Counted things stay whole.
    let orders = json!({ "metric": "orders", "starts_on": first, "ends_on": last, "target": 100, "period": "month" });
    let place = made(&retailer, orders).await;
    let months = retailer.owner.get(&format!("{place}/periods")).await.ok();
    assert_eq!(all(&months["data"], "target"), [json!(28), json!(72)]);
}

#[tokio::test]
async fn a_sum_follows_last_years_days_where_they_are_stored() {
    let retailer = in_shanghai().await;
    let (first, last) = (day(1), day(14));
    let ago = |number: i64| day(number - 364);
    fed(
        &retailer,
        "sales",
        (1..=7).map(|number| (ago(number), 10.0)).chain((8..=14).map(|number| (ago(number), 30.0))),
    )
    .await;
    let spread =
        json!({ "starts_on": first, "ends_on": last, "target": 1000, "period": "month", "spread": "last_year" });
    let place = made(&retailer, spread.clone()).await;
    let periods = retailer.owner.get(&format!("{place}/periods")).await.ok();
    assert!((sum(&periods) - 1_000.0).abs() < 1e-9, "{periods}");
    // 70 and 210 of 280, however a month's end cuts them.
    let before: f64 = periods["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|period| text(&period["ends_on"]) <= day(7).to_string().as_str())
        .map(|period| period["target"].as_f64().unwrap())
        .sum();
    assert!(before <= 250.01, "{periods}");
    let mut unknown = spread;
    unknown["ends_on"] = json!(day(80));
    let wanted = wish(&retailer, unknown).await;
    let refused = retailer.owner.post("/v1/goals", wanted).await.refused(Code::ValidationFailed);
    assert_eq!(
        (&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]),
        (&json!("/spread"), &json!("not_stored"))
    );
}

#[tokio::test]
async fn a_ratio_goes_a_path_from_its_baseline_to_its_target() {
    let retailer = in_shanghai().await;
    fed(&retailer, "clicks", each(-30, -1, 20.0)).await;
    fed(&retailer, "impressions", each(-30, -1, 1_000.0)).await;
    let more = json!({ "metric": "ctr", "target": 4, "starts_on": monday(), "ends_on": monday() + Days::new(27) });
    let place = made(&retailer, more).await;
    let goal = retailer.owner.get(&place).await.ok();
    assert_eq!((&goal["goal"]["baseline"], &goal["goal"]["baseline_source"]), (&json!(2), &json!("stored")));
    let periods = retailer.owner.get(&format!("{place}/periods")).await.ok();
    assert_eq!(all(&periods["data"], "target"), [json!(2.5), json!(3), json!(3.5), json!(4)]);
    let given = retailer.owner.patch(&place, 1, json!({ "baseline": 3 })).await.ok();
    assert_eq!(given["baseline_source"], "given");
    let periods = retailer.owner.get(&format!("{place}/periods")).await.ok();
    assert_eq!(all(&periods["data"], "target"), [json!(3.25), json!(3.5), json!(3.75), json!(4)]);
}

#[tokio::test]
async fn people_edit_periods_as_long_as_they_add_up() {
    let retailer = in_shanghai().await;
    fed(&retailer, "sales", each(-60, -1, 110.0)).await;
    let place = made(&retailer, json!({ "starts_on": monday(), "ends_on": monday() + Days::new(13) })).await;
    let path = format!("{place}/periods");
    let put = async |version: i64, targets: [Value; 2]| {
        let [first, second] = targets;
        let body = json!({ "periods": [
            { "starts_on": monday(), "target": first }, { "starts_on": monday() + Days::new(7), "target": second },
        ]});
        let version = format!("\"{version}\"");
        let headers = [("content-type", "application/json"), ("if-match", version.as_str())];
        retailer.owner.send("PUT", &path, &headers, Some(serde_json::to_vec(&body).unwrap())).await
    };
    let refused = put(1, [json!(500), json!(899.5)]).await.refused(Code::ValidationFailed);
    assert_eq!(refused["errors"][0]["code"], "wrong_sum");
    assert!(text(&refused["errors"][0]["detail"]).contains("1399.5"), "{refused}");
    let edited = put(1, [json!(500), json!(900)]).await.ok();
    assert_eq!((all(&edited["data"], "target"), &edited["version"]), (vec![json!(500), json!(900)], &json!(2)));
    put(1, [json!(700), json!(700)]).await.refused(Code::VersionStale);
    let same = put(2, [json!(500), json!(900)]).await.ok();
    assert_eq!(same["version"], 2, "nothing was changed");
    let one = json!({ "periods": [{ "starts_on": monday(), "target": 1400 }] });
    let headers = [("content-type", "application/json"), ("if-match", "\"2\"")];
    let refused = retailer.owner.send("PUT", &path, &headers, Some(serde_json::to_vec(&one).unwrap())).await;
    assert_eq!(refused.refused(Code::ValidationFailed)["errors"][0]["code"], "incomplete");
    // Another name leaves them, another deadline spreads anew.
    retailer.owner.patch(&place, 2, json!({ "name": "圣诞" })).await.ok();
    assert_eq!(all(&retailer.owner.get(&path).await.ok()["data"], "target"), [json!(500), json!(900)]);
    retailer.owner.patch(&place, 3, json!({ "ends_on": monday() + Days::new(20) })).await.ok();
    let anew = retailer.owner.get(&path).await.ok();
    assert_eq!(all(&anew["data"], "target"), [json!(466.6666), json!(466.6667), json!(466.6667)]);
    let history = retailer.owner.get(&format!("{place}/history")).await.ok();
    assert_eq!(all(&history["data"], "step"), ["changed", "changed", "periods_changed", "created"]);
    assert_eq!(all(&history["data"][2]["periods"], "target"), [json!(500), json!(900)]);
}

#[tokio::test]
async fn of_racing_editors_one_wins_and_the_periods_still_add_up() {
    let retailer = in_shanghai().await;
    fed(&retailer, "sales", each(-60, -1, 110.0)).await;
    let place = made(&retailer, json!({ "starts_on": monday(), "ends_on": monday() + Days::new(13) })).await;
    let racing = (0..10).map(|number| {
        let (owner, place) = (retailer.owner.clone(), place.clone());
        async move { owner.patch(&place, 1, json!({ "target": 1_000 + number })).await.status }
    });
    let mut statuses = futures_util::future::join_all(racing).await;
    statuses.sort_unstable();
    assert_eq!((statuses[0], &statuses[1..]), (200, [412_u16; 9].as_slice()));
    let goal = retailer.owner.get(&place).await.ok();
    let periods = retailer.owner.get(&format!("{place}/periods")).await.ok();
    assert!((sum(&periods) - goal["goal"]["target"].as_f64().unwrap()).abs() < 1e-9, "{periods}");
}
