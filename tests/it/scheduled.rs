//! Campaigns that wait for their first day: they start by themselves when it begins where the retailer is, once, and
//! nobody else's doing is put over.

#![expect(clippy::expect_used, reason = "tests")]

use crate::harness::tenant::{Style, text};
use crate::harness::{Tenant, shared};
use chrono::{Days, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;

/// A retailer in Shanghai, eight hours ahead of UTC all year.
async fn in_shanghai() -> Tenant {
    let style = Style { locale: "zh-CN", time_zone: "Asia/Shanghai", currency: "CNY" };
    Tenant::sign_up_at(shared(), style).await
}

/// The retailer's local day, so many days from now.
fn day(from_now: i64) -> NaiveDate {
    let today = (Utc::now() + TimeDelta::hours(8)).date_naive();
    if from_now < 0 { today - Days::new(from_now.unsigned_abs()) } else { today + Days::new(from_now.unsigned_abs()) }
}

/// Makes a campaign of these days and schedules it; its address.
async fn scheduled(retailer: &Tenant, starts_on: NaiveDate, ends_on: Option<NaiveDate>) -> String {
    let wish = json!({ "name": "Opening week", "starts_on": starts_on, "ends_on": ends_on });
    let place = retailer.owner.post("/v1/campaigns", wish).await.header("location").to_owned();
    let answer = retailer.owner.post(&format!("{place}/schedule"), json!({ "reason": "Signed off" })).await.ok();
    assert_eq!(answer["campaign"]["state"], "scheduled");
    place
}

async fn history(retailer: &Tenant, place: &str) -> Vec<Value> {
    let page = retailer.owner.get(&format!("{place}/history")).await.ok();
    page["data"].as_array().expect("steps").clone()
}

/// When the campaign's jobs are due, as the database says it.
async fn due(retailer: &Tenant, place: &str) -> Vec<String> {
    let id = place.rsplit('/').next().expect("an id");
    let jobs = format!(
        "SELECT run_at AT TIME ZONE 'Asia/Shanghai' FROM queue_jobs \
         WHERE kind = 'launch_due_campaign' AND payload->>'campaign_id' = '{id}' ORDER BY run_at"
    );
    retailer.database.texts(&jobs).await
}

/// As if the jobs' time had come.
async fn time_comes(retailer: &Tenant) {
    let tenant = retailer.id.0;
    let hasten = format!("UPDATE queue_jobs SET run_at = now() WHERE for_tenant = '{tenant}' AND run_at > now()");
    retailer.database.execute(&hasten).await;
    retailer.settled().await;
}

#[tokio::test]
async fn a_campaign_whose_first_day_has_begun_starts_by_itself() {
    let retailer = in_shanghai().await;
    for first in [day(0), day(-3)] {
        let place = scheduled(&retailer, first, Some(day(30))).await;
        retailer.settled().await;
        assert_eq!(retailer.owner.get(&place).await.ok()["state"], "active");
        let steps = history(&retailer, &place).await;
        let to: Vec<&str> = steps.iter().map(|step| text(&step["to"])).collect();
        assert_eq!(to, ["draft", "scheduled", "active"]);
        let (signed_off, started) = (&steps[1], &steps[2]);
        assert_eq!((&signed_off["actor_kind"], &signed_off["actor_name"]), (&json!("staff"), &json!("Olive Owner")));
        assert_eq!((&started["actor_kind"], &started["via"]), (&json!("system"), &json!("schedule")));
        assert_eq!(
            (&started["reason"], &started["actor_name"]),
            (&json!(format!("Scheduled for {first}.")), &Value::Null)
        );
        let id = place.rsplit('/').next().expect("an id");
        let entries = retailer.owner.get(&format!("/v1/audit-entries?object={id}&limit=1")).await.ok();
        let entry = &entries["data"][0];
        assert_eq!((&entry["action"], &entry["via"]), (&json!("campaign.launched"), &json!("schedule")));
    }
}

#[tokio::test]
async fn it_waits_for_the_midnight_of_its_first_day_and_follows_it_when_it_is_moved() {
    let retailer = in_shanghai().await;
    let place = scheduled(&retailer, day(10), None).await;
    assert_eq!(due(&retailer, &place).await, [format!("{} 00:00:00", day(10))]);
    // The old day's job finds that it is not yet time.
    retailer.owner.patch(&place, 2, json!({ "starts_on": day(20) })).await.ok();
    assert_eq!(due(&retailer, &place).await, [format!("{} 00:00:00", day(10)), format!("{} 00:00:00", day(20))]);
    time_comes(&retailer).await;
    assert_eq!(due(&retailer, &place).await, Vec::<String>::new());
    assert_eq!(retailer.owner.get(&place).await.ok()["state"], "scheduled");
    // Moved to a day that has begun, it starts.
    retailer.owner.patch(&place, 3, json!({ "starts_on": day(-1) })).await.ok();
    retailer.settled().await;
    assert_eq!(retailer.owner.get(&place).await.ok()["state"], "active");
}

#[tokio::test]
async fn what_people_did_meanwhile_stands() {
    let retailer = in_shanghai().await;
    let reason = json!({ "reason": "Not this year" });
    let (cancelled, paused, archived, dayless) = (
        scheduled(&retailer, day(5), None).await,
        scheduled(&retailer, day(5), None).await,
        scheduled(&retailer, day(5), None).await,
        scheduled(&retailer, day(5), None).await,
    );
    retailer.owner.post(&format!("{cancelled}/cancel"), &reason).await.ok();
    for verb in ["launch", "pause"] {
        retailer.owner.post(&format!("{paused}/{verb}"), &reason).await.ok();
    }
    retailer.owner.post(&format!("{archived}/archive"), json!({})).await.ok();
    // It waits for a day, so it must have one.
    let problem = retailer.owner.patch(&dayless, 2, json!({ "starts_on": null })).await.refused(Code::ValidationFailed);
    assert_eq!(problem["errors"][0]["pointer"], "/starts_on");
    // Their days come: the job finds nothing to do.
    let id = format!("UPDATE campaigns SET starts_on = '{}' WHERE tenant_id = '{}'", day(-1), retailer.id.0);
    retailer.database.execute(&id).await;
    time_comes(&retailer).await;
    for (place, state) in [(cancelled, "cancelled"), (paused, "paused"), (archived, "scheduled"), (dayless, "active")] {
        assert_eq!(retailer.owner.get(&place).await.ok()["state"], state);
    }
}

#[tokio::test]
async fn a_campaign_that_is_over_is_not_scheduled_and_not_started() {
    let retailer = in_shanghai().await;
    let wish = json!({ "name": "Last year's", "starts_on": day(-9), "ends_on": day(-2) });
    let place = retailer.owner.post("/v1/campaigns", wish).await.header("location").to_owned();
    let schedule = retailer.owner.post(&format!("{place}/schedule"), json!({ "reason": "Signed off" })).await;
    let problem = schedule.refused(Code::StateConflict);
    assert!(text(&problem["detail"]).contains("ends_on"), "{problem}");
    assert_eq!(retailer.owner.get(&place).await.ok()["state"], "draft", "nothing was written");
    // The service was away for as long as the campaign should have run.
    let missed = scheduled(&retailer, day(3), Some(day(4))).await;
    let days = format!("starts_on = '{}', ends_on = '{}'", day(-5), day(-1));
    retailer.database.execute(&format!("UPDATE campaigns SET {days} WHERE tenant_id = '{}'", retailer.id.0)).await;
    time_comes(&retailer).await;
    assert_eq!(retailer.owner.get(&missed).await.ok()["state"], "scheduled");
    // Whoever gives it more days has it start.
    retailer.owner.patch(&missed, 2, json!({ "ends_on": day(9) })).await.ok();
    retailer.settled().await;
    assert_eq!(retailer.owner.get(&missed).await.ok()["state"], "active");
}
