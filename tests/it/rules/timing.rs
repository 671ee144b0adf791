//! When a rule judges and speaks: hours, breaches in a row, quiet hours, words of one's own.

use super::{by_the_clock, live, place, steps, wish};
use crate::harness::Tenant;
use crate::harness::feed::{feed, of, sample};
use crate::harness::tenant::text;
use crate::rules_alerts::{alerts, day, judged, make};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::America::New_York;
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;

fn below(line: u32) -> Value {
    json!({ "kind": "threshold", "metric": "sales", "side": "below", "line": line, "recover": line + 10 })
}

#[tokio::test]
async fn with_for_only_the_third_low_day_in_a_row_is_told() {
    let retailer = Tenant::sign_up().await;
    make(&retailer, wish("三天偏低", below(50), &json!({ "timing": { "for": 3 } }))).await;
    let sold = async |date: &str, value: f64| {
        judged(&retailer, &[day("sales", date, value)]).await;
        alerts(&retailer.owner, "").await
    };
    for (date, value) in [
        ("2026-03-01", 10.0),
        ("2026-03-02", 10.0),
        ("2026-03-03", 90.0),
        ("2026-03-04", 10.0),
        ("2026-03-05", 10.0),
        ("2026-03-06", 10.0),
    ] {
        assert!(sold(date, value).await.is_empty(), "before {date} is over no three days in a row were low");
    }
    let [alert] = &sold("2026-03-07", 10.0).await[..] else { panic!("4, 5 and 6 March") };
    assert_eq!(alert["window_start"], "2026-03-06T05:00:00Z");
    // Judged again with a late sample it is the same alert; one ordinary day ends it.
    judged(&retailer, &[sample("sales", "2026-03-06T18:00:00Z", "late", 1)]).await;
    assert_eq!(alerts(&retailer.owner, "").await.len(), 1);
    sold("2026-03-08", 90.0).await;
    let all = sold("2026-03-09", 90.0).await;
    assert_eq!((all.len(), &all[0]["state"]), (1, &json!("resolved")));
}

#[tokio::test]
async fn hours_are_closed_by_data_and_judged_one_by_one() {
    let retailer = Tenant::sign_up().await;
    let rule =
        make(&retailer, wish("Low hours", below(50), &json!({ "timing": { "bucket": "hour", "window": 2 } }))).await;
    let hour = |hour: u32, value: f64| sample("sales", &format!("2026-03-02T{hour:02}:30:00Z"), "till", value);
    judged(&retailer, &[hour(14, 40.0), hour(15, 40.0)]).await;
    judged(&retailer, &[hour(16, 5.0)]).await;
    assert!(alerts(&retailer.owner, "").await.iter().all(|alert| alert["window_start"] != "2026-03-02T16:00:00Z"));
    judged(&retailer, &[hour(17, 100.0)]).await;
    let [low, ..] = &alerts(&retailer.owner, "").await[..] else { panic!("15 and 16 o'clock together are low") };
    assert_eq!((&low["window_start"], &low["figures"]["value"]), (&json!("2026-03-02T16:00:00Z"), &json!(45.0)));
    assert_eq!(low["timing"], json!({ "bucket": "hour", "window": 2, "for": 1 }));
    judged(&retailer, &[hour(18, 1.0)]).await;
    assert_eq!(alerts(&retailer.owner, "").await[0]["state"], "resolved", "105 in the two hours from 16");
    let picture = retailer.owner.get(&format!("/v1/alerts/{}/picture", text(&low["id"]))).await;
    assert_eq!(picture.status, 200);
    // The clock closes the last hour of a feed that is live, so that the end of a day is not waited for.
    by_the_clock(&retailer, &rule).await;
    assert_eq!(alerts(&retailer.owner, "?state=firing").await.len(), 0, "a file of old hours has no clock");
    let now = Utc::now();
    let ago = |hours: i64| (now - TimeDelta::hours(hours)).to_rfc3339();
    judged(&retailer, &[sample("sales", &ago(4), "till", 100), sample("sales", &ago(3), "till", 1)]).await;
    live(&retailer).await;
    by_the_clock(&retailer, &rule).await;
    by_the_clock(&retailer, &rule).await;
    let next = format!(
        "SELECT count(*) FROM queue_jobs WHERE for_tenant = '{}' AND kind = 'judge_rule' AND run_at > now()",
        retailer.id.0
    );
    // One for the end of the present hour, and one more where that has just begun.
    assert!((1..=2).contains(&retailer.database.number(&next).await));
}

/// The chat messages that the retailer's alerts have, or shall have.
async fn messages(retailer: &Tenant) -> i64 {
    let query = format!("SELECT count(*) FROM queue_deliveries WHERE for_tenant = '{}'", retailer.id.0);
    retailer.database.number(&query).await
}

#[tokio::test]
async fn an_alert_of_the_night_is_listed_at_once_and_told_in_the_morning() {
    let retailer = Tenant::sign_up().await;
    retailer.link(&retailer.owner, &format!("quiet-{}", retailer.id.0), "olive").await;
    // Quiet hours around this very moment, in the retailer's own time.
    let here = Utc::now().with_timezone(&New_York);
    let clock = |hours: i64| (here + TimeDelta::hours(hours)).format("%H:%M").to_string();
    let quiet = json!({ "from": clock(-2), "until": clock(3) });
    let night = make(&retailer, wish("夜间", below(50), &json!({ "quiet_hours": quiet }))).await;
    judged(&retailer, &[day("sales", "2026-03-02", 10.0), day("sales", "2026-03-03", 100.0)]).await;
    let [alert] = &alerts(&retailer.owner, "").await[..] else { panic!("raised and listed") };
    assert_eq!((&alert["state"], &alert["quiet"]["why"]), (&json!("firing"), &json!("quiet_hours")));
    let until: DateTime<Utc> = text(&alert["quiet"]["until"]).parse().unwrap();
    assert!((TimeDelta::hours(2)..=TimeDelta::hours(3)).contains(&(until - Utc::now())), "{until}");
    assert_eq!(
        (steps(&retailer.owner, alert).await, messages(&retailer).await),
        (vec!["opened".to_owned(), "in_quiet_hours".to_owned()], 0)
    );
    // A rule without quiet hours speaks at once, and so does a stop-loss, which takes none.
    make(&retailer, wish("Day and night", below(50), &json!({}))).await;
    let campaign = retailer.active_campaign("Coupons").await;
    retailer.stop_loss(&campaign, 100).await;
    let cost = of("campaign", &campaign, [sample("spend", "2026-03-03T15:00:00Z", "all", 150)]);
    assert_eq!(feed(&retailer.owner, &cost).await.ok()["stopped"].as_array().unwrap().len(), 1);
    retailer.settled().await;
    assert_eq!((alerts(&retailer.owner, "").await.len(), messages(&retailer).await), (3, 2));
    let spec = json!({ "kind": "stop_loss", "metric": "spend", "line": 5 });
    let hushed = wish("Hushed", spec, &json!({ "campaign": campaign, "quiet_hours": quiet }));
    let refused = retailer.owner.post("/v1/rules", hushed).await.refused(Code::ValidationFailed);
    assert_eq!(refused["errors"][0]["pointer"], "/quiet_hours");

    // The morning comes: the hours are over, and the job that waited for it is due.
    let own = format!("'{}'", retailer.id.0);
    retailer
        .database
        .execute(&format!(
            "UPDATE alerts SET quiet_until = now() - interval '1 second' WHERE tenant_id = {own} AND quiet_why = 'quiet_hours'; \
             UPDATE queue_jobs SET run_at = now() WHERE for_tenant = {own} AND kind = 'alerts_settle'"
        ))
        .await;
    retailer.settled().await;
    let told = retailer.owner.get(&format!("/v1/alerts/{}", text(&alert["id"]))).await.ok();
    assert_eq!((&told["state"], told["quiet"].is_null(), messages(&retailer).await), (&json!("firing"), true, 3));
    assert_eq!(steps(&retailer.owner, alert).await, ["opened", "in_quiet_hours", "spoke"]);
    // Null clears them.
    let cleared = retailer.owner.patch(&place(&night), 1, json!({ "quiet_hours": null })).await.ok();
    assert_eq!((&cleared["quiet_hours"], &cleared["version"]), (&Value::Null, &json!(2)));
}

#[tokio::test]
async fn what_is_over_before_the_morning_is_listed_and_not_told() {
    let retailer = Tenant::sign_up().await;
    retailer.link(&retailer.owner, &format!("night-{}", retailer.id.0), "olive").await;
    let here = Utc::now().with_timezone(&New_York);
    let clock = |hours: i64| (here + TimeDelta::hours(hours)).format("%H:%M").to_string();
    let quiet = json!({ "quiet_hours": { "from": clock(-1), "until": clock(6) } });
    make(&retailer, wish("Night", below(50), &quiet)).await;
    judged(&retailer, &[day("sales", "2026-03-02", 10.0), day("sales", "2026-03-03", 100.0)]).await;
    judged(&retailer, &[day("sales", "2026-03-04", 100.0)]).await;
    let [over] = &alerts(&retailer.owner, "").await[..] else { panic!("listed") };
    assert_eq!((&over["state"], messages(&retailer).await), (&json!("resolved"), 0));
    assert_eq!(steps(&retailer.owner, over).await, ["opened", "in_quiet_hours", "resolved"]);
}

#[tokio::test]
async fn a_retailers_own_words_come_with_the_alert_and_placeholders_are_checked() {
    let retailer = Tenant::sign_up().await;
    let words = "{place}：{metric} {value}，请联系林店长。";
    make(&retailer, wish("自定", below(50), &json!({ "message": words }))).await;
    judged(&retailer, &[day("sales", "2026-03-02", 10.0), day("sales", "2026-03-03", 100.0)]).await;
    assert_eq!(alerts(&retailer.owner, "").await[0]["message"], words);
    for (message, said) in
        [("{colour}", "stands for nothing"), ("{value", "brace"), ("", "at least"), (&"长".repeat(501), "500")]
    {
        let refused = retailer.owner.post("/v1/rules", wish("R", below(1), &json!({ "message": message }))).await;
        let refused = refused.refused(Code::ValidationFailed);
        assert_eq!(refused["errors"][0]["pointer"], "/message");
        assert!(text(&refused["errors"][0]["detail"]).contains(said), "{refused}");
    }
}
