//! Back-tests of the demo retailer's real weeks: what a rule would have paused, saved and lost, held against figures that
//! are added up here from the same rows.

use super::{place, wish};
use crate::harness::Tenant;
use crate::harness::feed::{feed, of, sample};
use crate::harness::tenant::text;
use crate::rules_alerts::day;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tillwatch_backend::demo::extract::{DemoRow, Extract};
use tillwatch_shared::errors::Code;

/// The mailing that runs for exactly the eight weeks of the replay.
const MAILING: &str = "campaign-18";

/// Cents, so that sums are exact.
fn cents<'a>(rows: impl IntoIterator<Item = &'a &'a DemoRow>) -> i64 {
    rows.into_iter().map(|row| format!("{:.0}", row.value * 100.0).parse::<i64>().unwrap()).sum()
}

fn money(cents: i64) -> f64 {
    format!("{}.{:02}", cents / 100, cents % 100).parse().unwrap()
}

fn near(value: &Value, expected: f64) -> bool {
    let value = value.as_f64().or_else(|| value.as_str()?.parse().ok());
    value.is_some_and(|value| (value - expected).abs() < 1e-9)
}

/// A US retailer with the mailing's own rows, as a draft: nothing is paused by the history itself.
async fn mailed(extract: &Extract) -> (Tenant, String) {
    let retailer = Tenant::sign_up().await;
    let about = extract.campaigns.iter().find(|campaign| campaign.key == MAILING).unwrap();
    let plan = json!({
        "name": about.name, "external_key": MAILING, "starts_on": about.starts_on, "ends_on": about.ends_on,
    });
    let campaign = text(&retailer.owner.post("/v1/campaigns", plan).await.ok()["id"]).to_owned();
    let own = extract.rows.iter().filter(|row| row.campaign.as_deref() == Some(MAILING));
    let rows: Vec<Value> = own.map(|row| sample(&row.metric, &row.at.to_rfc3339(), &row.channel, row.value)).collect();
    let taken = feed(&retailer.owner, &of("campaign", &campaign, rows)).await.ok();
    assert_eq!(taken["refused"], 0, "{taken}");
    retailer.settled().await;
    (retailer, campaign)
}

#[tokio::test]
async fn the_coupon_mailing_would_have_stopped_on_14_november_and_saved_269_dollars() {
    let extract = Extract::us_grocer().unwrap();
    let (retailer, campaign) = mailed(&extract).await;
    let own = |metric: &str| -> Vec<&DemoRow> {
        let of_campaign = extract.rows.iter().filter(|row| row.campaign.as_deref() == Some(MAILING));
        of_campaign.filter(|row| &*row.metric == metric).collect()
    };
    // By hand: hour by hour until the total reaches the line of $169.95.
    let (mut total, mut stopped): (i64, Option<DateTime<Utc>>) = (0, None);
    let spend = own("spend");
    let mut hours: BTreeMap<DateTime<Utc>, i64> = BTreeMap::new();
    for row in &spend {
        *hours.entry(row.at).or_default() += cents([row]);
    }
    for (hour, cost) in &hours {
        if stopped.is_none() {
            total += cost;
            stopped = (total >= 16_995).then_some(*hour);
        }
    }
    let (stopped, left) = (stopped.unwrap(), cents(&spend) - total);
    assert_eq!((total, left, stopped.to_rfc3339().as_str()), (17_483, 26_904, "2017-11-14T22:00:00+00:00"));
    let redeemed = own("coupons_redeemed");
    let lost: Vec<&DemoRow> = redeemed.iter().copied().filter(|row| row.at > stopped).collect();
    let lost = cents(&lost) / 100;
    assert!(lost > 100, "{lost}");

    let spec = json!({ "kind": "stop_loss", "metric": "spend", "line": 169.95 });
    let rule = wish("Coupons stop", spec, &json!({ "campaign": campaign }));
    let window =
        json!({ "from": "2017-10-30T04:00:00Z", "to": "2017-12-25T05:00:00Z", "conversions": "coupons_redeemed" });
    let preview = json!({ "rule": rule, "window": window });
    let seen = retailer.owner.post("/v1/rules/preview", &preview).await.ok();
    assert_eq!((&seen["fired"], &seen["series"]), (&json!(1), &json!(1)));
    assert_eq!(seen["episodes"][0]["opened"], "2017-11-14T22:00:00Z");
    assert!(near(&seen["episodes"][0]["figures"]["value"], money(total)), "{seen}");
    let pause = &seen["pause"];
    assert_eq!((&pause["campaign"], &pause["at"]), (&json!(campaign), &json!("2017-11-14T23:00:00Z")));
    // The end of 24 December in New York.
    assert_eq!((&pause["until"], &pause["currency"]), (&json!("2017-12-25T05:00:00Z"), &json!("USD")));
    assert!(near(&pause["spent"], money(total)) && near(&pause["spend_saved"], money(left)), "{pause}");
    assert_eq!(pause["conversions"], "coupons_redeemed");
    assert!(near(&pause["conversions_lost"], format!("{lost}").parse().unwrap()), "{pause}");
    assert_eq!(retailer.owner.get("/v1/rules").await.ok()["data"], json!([]), "a preview makes nothing");

    // The rule itself says the same, and is known to be back-tested.
    let made = retailer.owner.post("/v1/rules", &rule).await.ok();
    let tested = retailer.owner.post(&format!("{}/backtest", place(&made)), &window).await.ok();
    assert_eq!(tested, seen);
    let made = retailer.owner.get(&place(&made)).await.ok();
    assert!(!made["backtested_at"].is_null());
    let audited = retailer.audited().await;
    assert!(audited.iter().any(|entry| entry["action"] == "rule.backtested" && entry["object"] == made["id"]));
    // A window that ends before the line is reached fires for nothing.
    let early = json!({ "from": "2017-10-30T04:00:00Z", "to": "2017-11-14T22:00:00Z" });
    let early = retailer.owner.post(&format!("{}/backtest", place(&made)), &early).await.ok();
    assert_eq!((&early["fired"], &early["pause"]), (&json!(0), &Value::Null));
}

#[tokio::test]
async fn the_two_sigma_rule_would_have_fired_on_the_eight_days_that_the_readme_names() {
    let extract = Extract::us_grocer().unwrap();
    let retailer = Tenant::sign_up().await;
    // What each store sold on each local day: the sums are the same as those of the hours.
    let mut sold: BTreeMap<(&str, String), i64> = BTreeMap::new();
    for row in extract.rows.iter().filter(|row| &*row.metric == "sales") {
        let date = row.at.with_timezone(&extract.time_zone).date_naive().to_string();
        *sold.entry((&row.channel, date)).or_default() += cents([&row]);
    }
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for channel in &extract.channels {
        let id = retailer.channel(&channel.name).await;
        let own = sold.iter().filter(|((key, _), _)| *key == channel.key);
        let rows: Vec<Value> = own.map(|((_, date), cents)| day("sales", date, money(*cents))).collect();
        let taken = feed(&retailer.owner, &of("channel", &id, rows)).await.ok();
        assert_eq!(taken["refused"], 0, "{taken}");
        names.insert(id, channel.key.clone());
    }
    retailer.settled().await;
    let spec = json!({ "kind": "deviation", "metric": "sales", "side": "below" });
    let rule = wish("Below the same weekday", spec, &json!({ "per_channel": true }));
    let window = json!({ "from": "2017-10-30T04:00:00Z", "to": "2017-12-25T05:00:00Z" });
    let seen = retailer.owner.post("/v1/rules/preview", json!({ "rule": rule, "window": window })).await.ok();
    let episodes = seen["episodes"].as_array().unwrap();
    let days: u64 = episodes.iter().map(|episode| episode["figures_in_breach"].as_u64().unwrap()).sum();
    assert_eq!((days, seen["series"].as_u64(), &seen["pause"]), (8, Some(11), &Value::Null), "{seen}");
    let mut first: Vec<String> = episodes
        .iter()
        .map(|episode| {
            let at: DateTime<Utc> = text(&episode["opened"]).parse().unwrap();
            let date = at.with_timezone(&extract.time_zone).date_naive();
            format!("{} {date} {:.2}", names[text(&episode["channel"])], episode["figures"]["z"].as_f64().unwrap())
        })
        .collect();
    first.sort();
    for expected in ["store-292 2017-11-06 -2.19", "store-others 2017-11-23 -2.56", "store-367 2017-11-26 -2.48"] {
        assert!(first.iter().any(|one| one == expected), "{first:?}");
    }
}

#[tokio::test]
async fn a_window_that_cannot_be_replayed_is_refused_with_every_reason() {
    let retailer = Tenant::sign_up().await;
    let spec = json!({ "kind": "threshold", "metric": "sales", "side": "below", "line": 1 });
    let rule = wish("R", spec, &json!({}));
    let told = async |window: Value| -> Vec<String> {
        let body = json!({ "rule": rule, "window": window });
        let refused = retailer.owner.post("/v1/rules/preview", body).await.refused(Code::ValidationFailed);
        refused["errors"].as_array().unwrap().iter().map(|fault| text(&fault["pointer"]).to_owned()).collect()
    };
    let long = json!({ "from": "2020-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z", "conversions": "cpa" });
    assert_eq!(told(long).await, ["/window/from", "/window/conversions"]);
    assert_eq!(told(json!({ "from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z" })).await, ["/window/from"]);
    let wrong = json!({ "rule": wish("", json!({ "kind": "threshold", "metric": "salez", "side": "below", "line": 1 }), &json!({})) });
    let refused = retailer.owner.post("/v1/rules/preview", wrong).await.refused(Code::ValidationFailed);
    let pointers: Vec<&str> =
        refused["errors"].as_array().unwrap().iter().map(|fault| text(&fault["pointer"])).collect();
    assert_eq!(pointers, ["/rule/name", "/rule/spec/metric"]);
    // Nothing stored is nothing found.
    let empty = retailer.owner.post("/v1/rules/preview", json!({ "rule": rule })).await.ok();
    assert_eq!((&empty["fired"], &empty["judged"], &empty["episodes"]), (&json!(0), &json!(0), &json!([])));
}
