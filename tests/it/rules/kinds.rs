//! What each kind says of the figures that people know.

use super::wish;
use crate::harness::Tenant;
use crate::harness::feed::of;
use crate::harness::tenant::text;
use crate::rules_alerts::{alerts, day, judged, make};
use chrono::{Days, NaiveDate};
use serde_json::json;
use tillwatch_shared::errors::Code;

#[tokio::test]
async fn sales_that_fall_by_a_fifth_against_the_week_before_are_told_with_both_figures() {
    let retailer = Tenant::sign_up().await;
    let spec = json!({ "kind": "change", "metric": "sales", "side": "below", "versus": "week", "percent": 20 });
    make(&retailer, wish("比上周下降", spec, &json!({}))).await;
    // A Monday and its week before; the day before was far lower, which says nothing.
    judged(&retailer, &[day("sales", "2026-02-23", 100.0), day("sales", "2026-03-01", 20.0)]).await;
    judged(&retailer, &[day("sales", "2026-03-02", 80.0), day("sales", "2026-03-03", 90.0)]).await;
    let [alert] = &alerts(&retailer.owner, "").await[..] else { panic!("one alert") };
    let figures = &alert["figures"];
    assert_eq!(
        (&figures["value"], &figures["expected"], &figures["line"]),
        (&json!(80.0), &json!(100.0), &json!(80.0))
    );
    assert_eq!((&alert["rule_version"], &alert["spec"]["kind"]), (&json!(1), &json!("change")));
    // Tuesday has no Tuesday before it, so nothing is over; Monday's correction is.
    judged(&retailer, &[day("sales", "2026-03-04", 90.0)]).await;
    assert_eq!(alerts(&retailer.owner, "").await[0]["state"], "firing");
    judged(&retailer, &[day("sales", "2026-03-09", 75.0), day("sales", "2026-03-10", 90.0)]).await;
    assert_eq!(alerts(&retailer.owner, "").await[0]["state"], "resolved", "75 of 80 is no fall by a fifth");
}

#[tokio::test]
async fn the_last_seven_days_are_held_against_the_seven_before() {
    let retailer = Tenant::sign_up().await;
    let spec = json!({
        "kind": "change", "metric": "conversion_rate", "side": "below", "versus": "previous", "percent": 10,
        "minimum_volume": 1000,
    });
    make(&retailer, wish("Conversion of the week", spec, &json!({ "timing": { "window": 7 } }))).await;
    let rate = |date: String, buyers: f64| [day("visitors", &date, 200.0), day("buyers", &date, buyers)];
    let first: Vec<_> = (1..=7).flat_map(|number| rate(format!("2026-02-{number:02}"), 10.0)).collect();
    // Ratios of sums: 70 of 1400, then 62 of 1400.
    let second: Vec<_> = (8..=14)
        .flat_map(|number| rate(format!("2026-02-{number:02}"), if number == 10 { 2.0 } else { 10.0 }))
        .collect();
    judged(&retailer, &first).await;
    judged(&retailer, &second).await;
    judged(&retailer, &rate("2026-02-15".to_owned(), 10.0)).await;
    let [alert] = &alerts(&retailer.owner, "").await[..] else { panic!("one alert") };
    let close = |field: &str, expected: f64| (alert["figures"][field].as_f64().unwrap() - expected).abs() < 1e-9;
    assert!(close("value", 6200.0 / 1400.0) && close("expected", 5.0), "{alert}");
    assert_eq!(alert["timing"], json!({ "bucket": "day", "window": 7, "for": 1 }));
}

#[tokio::test]
async fn a_channel_is_judged_against_the_other_five_and_fewer_are_refused_with_the_reason() {
    let retailer = Tenant::sign_up().await;
    let spec = json!({ "kind": "deviation", "metric": "sales", "side": "below", "comparison": "peers" });
    let rule = wish("Behind the others", spec, &json!({ "per_channel": true }));
    let mut channels = Vec::new();
    for number in 1..=5 {
        channels.push(retailer.channel(&format!("Store {number}")).await);
    }
    let refused = retailer.owner.post("/v1/rules", &rule).await.refused(Code::ValidationFailed);
    assert_eq!(
        (&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]),
        (&json!("/spec/comparison"), &json!("too_few"))
    );
    assert!(text(&refused["errors"][0]["detail"]).contains("There are 5 channels"), "{refused}");
    channels.push(retailer.channel("六号店").await);
    make(&retailer, rule).await;
    let sold = |date: &str, values: [f64; 6]| -> Vec<_> {
        channels
            .iter()
            .zip(values)
            .flat_map(|(channel, value)| of("channel", channel, [day("sales", date, value)]))
            .collect()
    };
    // No history is needed: the first day tells.
    judged(&retailer, &sold("2026-03-02", [98.0, 99.0, 100.0, 101.0, 102.0, 90.0])).await;
    judged(&retailer, &sold("2026-03-03", [98.0, 99.0, 100.0, 101.0, 102.0, 99.0])).await;
    let [alert] = &alerts(&retailer.owner, "").await[..] else { panic!("one alert, of the sixth store") };
    assert_eq!((&alert["channel"]["name"], &alert["figures"]["n"]), (&json!("六号店"), &json!(5)));
    assert_eq!((&alert["figures"]["expected"], &alert["state"]), (&json!(100.0), &json!("firing")));
    // On a day on which only five have reported nobody is judged; on the next all have, and it is well again.
    judged(&retailer, &sold("2026-03-04", [98.0, 99.0, 100.0, 101.0, 102.0, 99.0])[1..]).await;
    let [alert] = &alerts(&retailer.owner, "").await[..] else { panic!("the same alert") };
    assert_eq!((&alert["state"], alert["no_data_since"].is_null()), (&json!("resolved"), true));
}

#[tokio::test]
async fn a_campaign_that_spends_faster_than_its_plan_is_told_with_where_it_will_end() {
    let retailer = Tenant::sign_up().await;
    let bare = retailer.campaign("Without a plan").await;
    let pace = |campaign: &str| {
        wish("Too fast", json!({ "kind": "budget_pace", "side": "above" }), &json!({ "campaign": campaign }))
    };
    let refused = retailer.owner.post("/v1/rules", pace(&bare)).await.refused(Code::ValidationFailed);
    assert_eq!(
        (&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]),
        (&json!("/campaign"), &json!("incomplete"))
    );
    let planned = json!({
        "name": "春季投放", "external_key": "spring", "starts_on": "2026-03-01", "ends_on": "2026-03-10",
        "budget": { "amount_minor": 100_000, "currency": "USD" },
    });
    let campaign = text(&retailer.owner.post("/v1/campaigns", planned).await.ok()["id"]).to_owned();
    make(&retailer, pace(&campaign)).await;
    let spent = |date: &str, value: f64| of("campaign", &campaign, [day("spend", date, value)]);
    // 100 a day is the plan. Nothing on the third; 480 of 400 on the fourth.
    for (date, value) in [("2026-03-01", 100.0), ("2026-03-02", 100.0), ("2026-03-04", 280.0)] {
        judged(&retailer, &spent(date, value)).await;
        assert!(alerts(&retailer.owner, "").await.is_empty(), "{date}");
    }
    judged(&retailer, &spent("2026-03-05", 20.0)).await;
    let [alert] = &alerts(&retailer.owner, "").await[..] else { panic!("one alert") };
    let figures = &alert["figures"];
    assert_eq!(
        (&figures["value"], &figures["expected"], &figures["line"], &figures["forecast"]),
        (&json!(480.0), &json!(400.0), &json!(480.0), &json!(1200.0))
    );
    assert_eq!(alert["metric"], "spend");
    // 500 of 500 on the fifth is on its plan again.
    judged(&retailer, &spent("2026-03-06", 100.0)).await;
    assert_eq!(alerts(&retailer.owner, "").await[0]["state"], "resolved");
    let picture = retailer.owner.get(&format!("/v1/alerts/{}/picture", text(&alert["id"]))).await;
    assert_eq!(picture.status, 200);
}

#[tokio::test]
async fn a_collapse_that_no_line_was_drawn_for_is_told_by_what_was_learned() {
    let retailer = Tenant::sign_up().await;
    let first = NaiveDate::from_ymd_opt(2025, 9, 1).unwrap();
    let ordinary = |number: u32| {
        let date = first + Days::new(u64::from(number));
        let weekend = f64::from(u8::from(number % 7 >= 5));
        day("sales", &date.to_string(), 1000.0 + 300.0 * weekend + f64::from(number * 37 % 50))
    };
    let history: Vec<_> = (0..180).map(ordinary).collect();
    judged(&retailer, &history).await;
    let more = json!({ "message": "{metric}异常：{value}" });
    make(&retailer, wish("学习型异常", json!({ "kind": "anomaly", "metric": "sales" }), &more)).await;
    assert!(alerts(&retailer.owner, "").await.is_empty(), "half a year of ordinary days");
    let low = first + Days::new(180);
    judged(&retailer, &[day("sales", &low.to_string(), 5.0), ordinary(181)]).await;
    let [alert] = &alerts(&retailer.owner, "").await[..] else { panic!("one alert") };
    let figures = &alert["figures"];
    assert_eq!(
        (&figures["value"], &figures["pattern"], &alert["spec"]["kind"]),
        (&json!(5.0), &json!("drop"), &json!("anomaly"))
    );
    assert!(figures["score"].as_f64().unwrap() >= 0.5 && figures["low"].as_f64().unwrap() > 5.0, "{figures}");
    // Three ordinary days end it.
    judged(&retailer, &(182..200).map(ordinary).collect::<Vec<_>>()).await;
    let all = alerts(&retailer.owner, "").await;
    assert_eq!((all.len(), &all[0]["state"]), (1, &json!("resolved")));
    // It is tried over the same days before it is made; only rises, so that the collapse is not what was asked for.
    let rises = wish("Rises", json!({ "kind": "anomaly", "metric": "sales", "side": "above" }), &json!({}));
    let window = json!({ "from": "2026-02-01T05:00:00Z", "to": "2026-03-15T05:00:00Z" });
    let seen = retailer.owner.post("/v1/rules/preview", json!({ "rule": rises, "window": window })).await.ok();
    assert_eq!(seen["fired"], 0, "{seen}");
}
