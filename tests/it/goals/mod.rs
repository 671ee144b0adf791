//! Goals as a team lives them: written with gaps, checked, pursued, judged, corrected.
//!
//! Days are the retailer's, counted from today: samples of the past are fed, and the mornings to come are passed as arguments.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod corrected;
mod drafts;
mod own_metric;
mod pace;
mod periods;
mod reach;

use crate::harness::feed::{feed, sample};
use crate::harness::service::shared;
use crate::harness::tenant::{Style, text};
use crate::harness::{Answer, Tenant};
use chrono::{Datelike as _, Days, NaiveDate, TimeDelta, Utc, Weekday};
use serde_json::{Value, json};
use tillwatch_backend::app::App;
use tillwatch_backend::plan::goals::life;
use tillwatch_backend::platform::http::who::Who;
use tillwatch_shared::ids::GoalId;

const SHANGHAI: Style = Style { locale: "zh-CN", time_zone: "Asia/Shanghai", currency: "CNY" };

/// A retailer in Shanghai, eight hours ahead of UTC all year.
async fn in_shanghai() -> Tenant {
    Tenant::sign_up_at(shared(), SHANGHAI).await
}

/// The retailer's local day, so many days from now.
fn day(from_now: i64) -> NaiveDate {
    let today = (Utc::now() + TimeDelta::hours(8)).date_naive();
    if from_now < 0 { today - Days::new(from_now.unsigned_abs()) } else { today + Days::new(from_now.unsigned_abs()) }
}

/// The Monday after today, on which the retailer's next week begins.
fn monday() -> NaiveDate {
    (1..=7).map(day).find(|day| day.weekday() == Weekday::Mon).unwrap()
}

/// What was counted of a metric on these days, at midnight, so that today's is never in the future.
async fn fed(retailer: &Tenant, metric: &str, days: impl IntoIterator<Item = (NaiveDate, f64)>) {
    let at = |day: NaiveDate| format!("{}T16:00:00Z", day.pred_opt().unwrap());
    let rows: Vec<Value> = days.into_iter().map(|(day, value)| sample(metric, &at(day), "day", value)).collect();
    let taken = feed(&retailer.owner, &rows).await.ok();
    assert_eq!(taken["refused"], 0, "{taken}");
}

/// Defines what the retailer counts for itself, visitors who walk in unless more is said of it.
async fn defined(retailer: &Tenant, key: &str, more: Value) -> Value {
    let mut wish = json!({
        "key": key, "name_en": "Walk-ins", "name_zh": "进店人次", "kind": "sum", "unit": "count", "classifier": "人次",
        "whole": true, "direction": "higher_is_better", "family": "behaviour",
    });
    wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    retailer.owner.post("/v1/metrics", wish).await.ok()
}

/// So much on each of the days from `from` to `to`, counted from today.
fn each(from: i64, to: i64, value: f64) -> impl Iterator<Item = (NaiveDate, f64)> {
    (from..=to).map(move |number| (day(number), value))
}

/// The id of the owner of a retailer.
async fn owner_of(retailer: &Tenant) -> String {
    text(&retailer.owner.get("/v1/me").await.ok()["staff"]["id"]).to_owned()
}

/// A goal on sales that lacks nothing, and what else is said of it.
async fn wish(retailer: &Tenant, more: Value) -> Value {
    let mut wish = json!({
        "name": "秋季销售", "metric": "sales", "target": 1400, "starts_on": day(1), "ends_on": day(14),
        "owner": owner_of(retailer).await, "relevance": "The shop pays its rent.",
    });
    wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    wish
}

/// Makes a goal; its address.
async fn made(retailer: &Tenant, more: Value) -> String {
    let wish = wish(retailer, more).await;
    let answer = retailer.owner.post("/v1/goals", wish).await;
    let place = answer.header("location").to_owned();
    answer.ok();
    place
}

async fn activate(retailer: &Tenant, place: &str, body: Value) -> Answer {
    retailer.owner.post(&format!("{place}/activate"), body).await
}

/// Makes a goal that is pursued, whatever the history; its address.
async fn pursued(retailer: &Tenant, more: Value) -> String {
    let place = made(retailer, more).await;
    let answer = activate(retailer, &place, json!({ "achievable_anyway": "We try" })).await.ok();
    assert_eq!((&answer["changed"], &answer["goal"]["state"]), (&json!(true), &json!("active")));
    place
}

async fn shown(retailer: &Tenant, place: &str) -> Value {
    retailer.owner.get(place).await.ok()
}

/// The morning of a day, as the goal's own job lives it.
async fn morning(retailer: &Tenant, place: &str, of: NaiveDate) {
    morning_at(&App::new(shared().inside()).unwrap(), retailer, place, of).await;
}

/// As [`morning`], at a service of one's own.
async fn morning_at(app: &App, retailer: &Tenant, place: &str, of: NaiveDate) {
    let who = Who::system(retailer.id, "schedule", "test");
    let id: GoalId = place.rsplit('/').next().unwrap().parse().unwrap();
    let at = of.and_hms_opt(0, 0, 0).unwrap().and_utc() - TimeDelta::hours(5);
    life::check(app, &who, id, at).await.unwrap();
}

/// The values of a list's field.
fn all(list: &Value, field: &str) -> Vec<Value> {
    let rows = list.as_array().unwrap_or_else(|| panic!("a list, not {list}"));
    rows.iter().map(|row| row[field].clone()).collect()
}
