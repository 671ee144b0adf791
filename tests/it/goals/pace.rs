//! A goal's pace, forecast, end and alert, and its picture.

use super::{day, each, fed, in_shanghai, made, morning, pursued, shown};
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;

#[tokio::test]
async fn pace_and_forecast_follow_what_is_counted_and_say_when_they_do_not_know() {
    let retailer = in_shanghai().await;
    fed(&retailer, "sales", each(-9, -1, 80.0)).await;
    let days = json!({ "starts_on": day(-4), "ends_on": day(25), "target": 3000 });
    let place = pursued(&retailer, days).await;
    let young = shown(&retailer, &place).await["progress"].clone();
    assert_eq!((&young["outlook"], &young["forecast"]), (&json!("not_enough_data"), &Value::Null), "{young}");
    assert_eq!((&young["value"], &young["expected"], &young["pace"]), (&json!(320.0), &json!(400.0), &json!(0.8)));
    assert_eq!(
        (&young["through"], &young["aim"], &young["unit"]),
        (&json!(day(-1)), &json!("at_least"), &json!("money"))
    );
    fed(&retailer, "sales", each(-80, -10, 80.0)).await;
    let known = shown(&retailer, &place).await["progress"].clone();
    // Four days and twenty-six to come of eighty.
    assert_eq!(known["outlook"], "off_track", "{known}");
    assert!((known["forecast"]["value"].as_f64().unwrap() - 2_400.0).abs() < 1e-6, "{known}");
    // What comes today is not a whole day yet.
    fed(&retailer, "sales", each(0, 0, 9_000.0)).await;
    assert_eq!(shown(&retailer, &place).await["progress"]["value"], 320.0);
    // A late correction counts.
    fed(&retailer, "sales", each(-1, -1, 3_000.0)).await;
    let late = shown(&retailer, &place).await["progress"].clone();
    assert_eq!((&late["value"], &late["outlook"]), (&json!(3240.0), &json!("on_track")), "{late}");
}

#[tokio::test]
async fn a_goal_is_reached_by_itself_or_missed_a_day_behind_its_deadline() {
    let retailer = in_shanghai().await;
    fed(&retailer, "sales", each(-60, -1, 100.0)).await;
    let days = json!({ "starts_on": day(-5), "ends_on": day(8) });
    let place = pursued(&retailer, days.clone()).await;
    morning(&retailer, &place, day(1)).await;
    assert_eq!(shown(&retailer, &place).await["goal"]["state"], "active");
    fed(&retailer, "sales", each(-1, -1, 1_500.0)).await;
    morning(&retailer, &place, day(1)).await;
    let reached = shown(&retailer, &place).await["goal"].clone();
    assert_eq!((&reached["state"], &reached["version"]), (&json!("reached"), &json!(3)));
    morning(&retailer, &place, day(20)).await;
    assert_eq!(shown(&retailer, &place).await["goal"]["version"], 3, "once");
    let other = pursued(&retailer, json!({ "target": 9000, "starts_on": day(-5), "ends_on": day(8) })).await;
    morning(&retailer, &other, day(9)).await;
    assert_eq!(shown(&retailer, &other).await["goal"]["state"], "active", "the last day may be late");
    morning(&retailer, &other, day(10)).await;
    assert_eq!(shown(&retailer, &other).await["goal"]["state"], "missed");
    let history = retailer.owner.get(&format!("{other}/history")).await.ok();
    assert_eq!((&history["data"][0]["step"], &history["data"][0]["actor_kind"]), (&json!("missed"), &json!("system")));
    // Its job waits for the morning.
    let waiting = format!(
        "SELECT count(*) FROM queue_jobs WHERE kind = 'goal_check' AND for_tenant = '{}' AND run_at > now()",
        retailer.id.0
    );
    assert_eq!(retailer.database.number(&waiting).await, 2);
}

#[tokio::test]
async fn the_goals_job_orders_its_next_morning_and_ends_with_the_goal() {
    let retailer = in_shanghai().await;
    fed(&retailer, "sales", each(-60, -1, 100.0)).await;
    let place = pursued(&retailer, json!({})).await;
    // As if it had been ordered the day before: another order of today is another job.
    let due = format!(
        "UPDATE queue_jobs SET run_at = now(), job_id = gen_random_uuid() WHERE kind = 'goal_check' AND for_tenant = '{}'",
        retailer.id.0
    );
    let jobs =
        format!("SELECT count(*) FROM queue_jobs WHERE kind = 'goal_check' AND for_tenant = '{}'", retailer.id.0);
    retailer.database.execute(&due).await;
    retailer.settled().await;
    assert_eq!(retailer.database.number(&jobs).await, 1);
    retailer.owner.post(&format!("{place}/archive"), json!({})).await.ok();
    retailer.database.execute(&due).await;
    retailer.settled().await;
    assert_eq!(retailer.database.number(&jobs).await, 0);
}

#[tokio::test]
async fn a_goal_behind_its_plan_raises_an_alert_that_its_end_resolves() {
    let retailer = in_shanghai().await;
    fed(&retailer, "sales", each(-80, -11, 100.0)).await;
    let place = pursued(&retailer, json!({ "starts_on": day(-10), "ends_on": day(19), "target": 3000 })).await;
    let goal = place.rsplit('/').next().unwrap();
    let rule = |more: Value| {
        let mut spec = json!({ "kind": "goal_pace", "metric": "sales", "goal": goal });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "name": "Behind", "severity": "warning", "spec": spec })
    };
    let refused = retailer.owner.post("/v1/rules", rule(json!({ "metric": "orders" }))).await;
    assert_eq!(refused.refused(Code::ValidationFailed)["errors"][0]["pointer"], "/spec/metric");
    let refused = retailer.owner.post("/v1/rules", rule(json!({ "goal": "gol_1BoGGnUpDfnNHm6bRBKnHx" }))).await;
    assert_eq!(refused.refused(Code::ValidationFailed)["errors"][0]["pointer"], "/spec/goal");
    let refused = retailer.owner.post("/v1/rules", rule(json!({ "pace_under": 0 }))).await;
    assert_eq!(refused.refused(Code::ValidationFailed)["errors"][0]["pointer"], "/spec/pace_under");
    let made = retailer.owner.post("/v1/rules", rule(json!({}))).await.ok();
    fed(&retailer, "sales", each(-10, 0, 60.0)).await;
    retailer.settled().await;
    let alerts = retailer.owner.get("/v1/alerts").await.ok();
    let alert = &alerts["data"][0];
    assert_eq!((&alert["rule"], &alert["state"]), (&made["id"], &json!("firing")), "{alerts}");
    let figures = &alert["figures"];
    assert_eq!(
        (&figures["value"], &figures["expected"], &figures["line"]),
        (&json!(600.0), &json!(1000.0), &json!(900.0))
    );
    assert!(figures["forecast"].as_f64().is_some_and(|forecast| forecast < 3_000.0), "{figures}");
    retailer.owner.post(&format!("{place}/archive"), json!({})).await.ok();
    retailer.settled().await;
    assert_eq!(retailer.owner.get("/v1/alerts").await.ok()["data"][0]["state"], "resolved");
}

#[tokio::test]
async fn a_goal_has_a_picture_once_there_is_something_to_draw() {
    let retailer = in_shanghai().await;
    fed(&retailer, "sales", each(-60, -1, 100.0)).await;
    let draft = retailer.owner.post("/v1/goals", json!({ "name": "空" })).await.header("location").to_owned();
    retailer.owner.get(&format!("{draft}/picture")).await.refused(Code::NotFound);
    let place = made(&retailer, json!({ "starts_on": day(-20), "ends_on": day(20), "target": 4500 })).await;
    for locale in ["en", "zh-CN"] {
        let answer = retailer.owner.get(&format!("{place}/picture?locale={locale}")).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "image/png"));
        assert!(answer.bytes.starts_with(b"\x89PNG") && answer.bytes.len() > 5_000);
    }
}
