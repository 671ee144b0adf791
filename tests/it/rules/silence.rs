//! Data that do not come: told after a grace, and never taken for a recovery.

use super::{by_the_clock, live, steps, wish};
use crate::harness::Tenant;
use crate::harness::feed::of;
use crate::rules_alerts::{alerts, day, judged, make};
use chrono::{Days, NaiveDate, Utc};
use serde_json::{Value, json};

/// Days of March 2026, from the 1st, as one text each.
fn march(days: std::ops::RangeInclusive<u32>) -> impl Iterator<Item = String> {
    days.map(|number| format!("2026-03-{number:02}"))
}

#[tokio::test]
async fn a_shop_whose_figures_stop_is_told_after_a_day_of_grace_and_the_others_are_not() {
    let retailer = Tenant::sign_up().await;
    let (shop, kiosk) = (retailer.channel("南京路店").await, retailer.channel("Kiosk").await);
    let sold = |channel: &str, date: &str| of("channel", channel, [day("orders", date, 3.0)]);
    for date in march(1..=16) {
        judged(&retailer, &[sold(&shop, &date), sold(&kiosk, &date)].concat()).await;
    }
    let spec = json!({ "kind": "missing_data", "metric": "orders", "grace": 1 });
    make(&retailer, wish("接口不稳定", spec, &json!({ "per_channel": true }))).await;
    // The shop's interface fails on the 17th. The kiosk's figures close its days.
    for date in march(17..=18) {
        judged(&retailer, &sold(&kiosk, &date)).await;
    }
    assert!(alerts(&retailer.owner, "").await.is_empty(), "one day may be late");
    judged(&retailer, &sold(&kiosk, "2026-03-19")).await;
    let [alert] = &alerts(&retailer.owner, "").await[..] else { panic!("one alert, of the shop") };
    assert_eq!((&alert["channel"]["name"], &alert["figures"]["value"]), (&json!("南京路店"), &json!(2.0)));
    assert_eq!((&alert["figures"]["line"], &alert["no_data_since"]), (&json!(2.0), &Value::Null));
    for date in march(20..=21) {
        judged(&retailer, &sold(&kiosk, &date)).await;
    }
    assert_eq!(alerts(&retailer.owner, "").await[0]["figures"]["value"], 4.0);
    // It works again: the late days do not matter, the first closed day with figures ends it.
    judged(&retailer, &[sold(&shop, "2026-03-21"), sold(&kiosk, "2026-03-22")].concat()).await;
    let all = alerts(&retailer.owner, "").await;
    assert_eq!((all.len(), &all[0]["state"]), (1, &json!("resolved")));
}

#[tokio::test]
async fn a_feed_that_falls_silent_altogether_is_told_by_the_clock_once_it_was_live() {
    let retailer = Tenant::sign_up().await;
    let today: NaiveDate = Utc::now().date_naive();
    let ago = |days: u64| (today - Days::new(days)).to_string();
    let rows: Vec<Value> = (4..=30).map(|days| day("orders", &ago(days), 3.0)).collect();
    judged(&retailer, &rows).await;
    let spec = json!({ "kind": "missing_data", "metric": "orders" });
    let rule = make(&retailer, wish("Silence", spec, &json!({}))).await;
    by_the_clock(&retailer, &rule).await;
    assert!(alerts(&retailer.owner, "").await.is_empty(), "a file of old figures is no feed");
    live(&retailer).await;
    by_the_clock(&retailer, &rule).await;
    let [alert] = &alerts(&retailer.owner, "").await[..] else { panic!("one alert") };
    assert!(alert["figures"]["value"].as_f64().unwrap() >= 2.0, "{alert}");
    // The rule keeps its own clock: it is judged again though nothing comes.
    let waits = format!(
        "SELECT count(*) FROM queue_jobs WHERE for_tenant = '{}' AND kind = 'judge_rule' AND run_at > now()",
        retailer.id.0
    );
    // Another hour or day may have begun meanwhile.
    assert!((1..=2).contains(&retailer.database.number(&waits).await));
    by_the_clock(&retailer, &rule).await;
    assert_eq!(alerts(&retailer.owner, "").await.len(), 1, "once");
}

#[tokio::test]
async fn an_alert_whose_data_vanish_stays_open_and_says_so() {
    let retailer = Tenant::sign_up().await;
    let (shop, kiosk) = (retailer.channel("Shop").await, retailer.channel("Kiosk").await);
    let sold = |channel: &str, date: &str, value: f64| of("channel", channel, [day("sales", date, value)]);
    let spec = json!({ "kind": "threshold", "metric": "sales", "side": "below", "line": 50 });
    let rule = make(&retailer, wish("Low sales", spec, &json!({ "per_channel": true }))).await;
    judged(&retailer, &[sold(&shop, "2026-03-02", 10.0), sold(&kiosk, "2026-03-03", 100.0)].concat()).await;
    let [low] = &alerts(&retailer.owner, "").await[..] else { panic!("the shop is low") };
    assert_eq!((&low["state"], &low["no_data_since"]), (&json!("firing"), &Value::Null));
    // From here on nothing comes from the shop. A day may be late; two whole days are silence.
    judged(&retailer, &sold(&kiosk, "2026-03-04", 100.0)).await;
    assert_eq!(alerts(&retailer.owner, "").await[0]["no_data_since"], Value::Null);
    for date in march(5..=20) {
        judged(&retailer, &sold(&kiosk, &date, 100.0)).await;
    }
    let [silent] = &alerts(&retailer.owner, "").await[..] else { panic!("one alert still") };
    assert_eq!((&silent["id"], &silent["state"]), (&low["id"], &json!("firing")));
    assert_eq!(silent["no_data_since"], "2026-03-03T05:00:00Z");
    // Told once, however long it lasts, and however often it is judged.
    by_the_clock(&retailer, &rule).await;
    assert_eq!(steps(&retailer.owner, silent).await, ["opened", "no_data"]);
    // Figures come again and are well: now it is over.
    judged(&retailer, &[sold(&shop, "2026-03-20", 100.0), sold(&kiosk, "2026-03-21", 100.0)].concat()).await;
    let over = &alerts(&retailer.owner, "").await[0];
    assert_eq!((&over["id"], &over["state"]), (&low["id"], &json!("resolved")));
}
