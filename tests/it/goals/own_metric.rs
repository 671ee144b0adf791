//! Goals on what a retailer counts for itself.

use super::{activate, all, day, defined, each, fed, in_shanghai, made, morning, pursued, shown, wish};
use crate::harness::Tenant;
use crate::harness::tenant::text;
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;

/// The first thing that is wrong: where, which, and in words.
fn wrong(refused: &Value) -> (&str, &str, &str) {
    let first = &refused["errors"][0];
    (text(&first["pointer"]), text(&first["code"]), text(&first["detail"]))
}

/// A goal on this metric is refused.
async fn refused(retailer: &Tenant, metric: &str) -> Value {
    let wish = wish(retailer, json!({ "metric": metric })).await;
    retailer.owner.post("/v1/goals", wish).await.refused(Code::ValidationFailed)
}

fn archive_of(metric: &Value) -> String {
    format!("/v1/metrics/{}/archive", text(&metric["id"]))
}

#[tokio::test]
async fn a_goal_on_a_metric_of_ones_own_is_checked_pursued_and_told_by_its_names() {
    let retailer = in_shanghai().await;
    defined(&retailer, "walk_ins", json!({})).await;
    fed(&retailer, "walk_ins", each(-80, -11, 100.0).chain(each(-10, -1, 80.0))).await;
    let days = json!({ "metric": "walk_ins", "starts_on": day(-10), "ends_on": day(19), "target": 3000 });
    let half = wish(&retailer, json!({ "metric": "walk_ins", "target": 10.5 })).await;
    let half = retailer.owner.post("/v1/goals", half).await.refused(Code::ValidationFailed);
    assert_eq!((wrong(&half).0, wrong(&half).1), ("/target", "not_whole"));
    let place = made(&retailer, days).await;
    let draft = shown(&retailer, &place).await;
    assert_eq!((&draft["goal"]["baseline"], &draft["goal"]["baseline_source"]), (&json!(3000), &json!("stored")));
    let lines = &draft["check"]["lines"];
    assert_eq!(all(lines, "passed"), [true, true, false, true, true].map(|passed| json!(passed)), "{lines}");
    assert!(text(&lines[1]["detail_zh"]).starts_with("进店人次最近一次有数据是"), "{lines}");
    let detail = text(&lines[2]["detail_zh"]);
    assert!(detail.starts_with("每20天需要达到2,200人次；历史最好的20天为2,000人次。"), "{detail}");
    activate(&retailer, &place, json!({ "achievable_anyway": "We try" })).await.ok();

    let goal = shown(&retailer, &place).await;
    assert_eq!((&goal["metric_en"], &goal["metric_zh"]), (&json!("Walk-ins"), &json!("进店人次")));
    let progress = &goal["progress"];
    assert_eq!(
        (&progress["value"], &progress["expected"], &progress["pace"]),
        (&json!(800.0), &json!(1000.0), &json!(0.8)),
        "{progress}"
    );
    assert_eq!((&progress["unit"], &progress["aim"]), (&json!("count"), &json!("at_least")));
    assert!(progress["forecast"]["value"].as_f64().is_some_and(|value| value > 800.0 && value < 3_000.0), "{progress}");
    let periods = retailer.owner.get(&format!("{place}/periods")).await.ok();
    let brought: f64 = all(&periods["data"], "value").iter().filter_map(Value::as_f64).sum();
    assert!((brought - 800.0).abs() < 1e-9, "{periods}");
    let picture = retailer.owner.get(&format!("{place}/picture?locale=zh-CN")).await;
    assert_eq!((picture.status, picture.header("content-type")), (200, "image/png"));

    // A rule on the goal watches the same days.
    let spec = json!({ "kind": "goal_pace", "metric": "walk_ins", "goal": place.rsplit('/').next().unwrap() });
    let rule = json!({ "name": "Behind", "severity": "warning", "spec": spec });
    retailer.owner.post("/v1/rules", rule).await.ok();
    fed(&retailer, "walk_ins", each(-10, 0, 60.0)).await;
    retailer.settled().await;
    let alert = retailer.owner.get("/v1/alerts").await.ok()["data"][0].clone();
    assert_eq!((&alert["metric_zh"], &alert["state"]), (&json!("进店人次"), &json!("firing")), "{alert}");
    assert!(alert["figures"]["value"].as_f64().is_some_and(|value| value < 900.0), "{alert}");
    // The morning after it was reached.
    fed(&retailer, "walk_ins", each(-1, -1, 2_700.0)).await;
    morning(&retailer, &place, day(0)).await;
    assert_eq!(shown(&retailer, &place).await["goal"]["state"], "reached");
}

#[tokio::test]
async fn a_metric_on_which_a_goal_is_pursued_is_neither_archived_nor_turned_round() {
    let retailer = in_shanghai().await;
    let owner = &retailer.owner;
    let metric = defined(&retailer, "walk_ins", json!({})).await;
    fed(&retailer, "walk_ins", each(-30, -1, 100.0)).await;
    let place = pursued(&retailer, json!({ "metric": "walk_ins", "name": "更多进店" })).await;
    let draft = made(&retailer, json!({ "metric": "walk_ins", "name": "A wish" })).await;
    let (goal, path) = (place.rsplit('/').next().unwrap(), format!("/v1/metrics/{}", text(&metric["id"])));
    let needed = owner.post(&archive_of(&metric), json!({})).await.refused(Code::StateConflict);
    let told = text(&needed["detail"]);
    assert!(told.contains("“更多进店”") && told.contains(goal) && told.contains("Archive the goal first"), "{told}");
    assert!(!told.contains("A wish"), "a draft needs nothing yet: {told}");
    let round = json!({ "direction": "lower_is_better" });
    let kept = owner.patch(&path, 1, &round).await.refused(Code::StateConflict);
    assert!(text(&kept["detail"]).contains(goal) && text(&kept["detail"]).contains("turn round"), "{kept}");
    owner.patch(&path, 1, json!({ "name_zh": "进店客流" })).await.ok();
    assert_eq!(shown(&retailer, &place).await["metric_zh"], "进店客流", "other changes are free");

    owner.post(&format!("{place}/archive"), json!({})).await.ok();
    owner.patch(&path, 2, &round).await.ok();
    owner.post(&archive_of(&metric), json!({})).await.ok();
    let late = refused(&retailer, "walk_ins").await;
    assert_eq!((wrong(&late).0, wrong(&late).1), ("/metric", "archived_metric"));
    // A draft from before is read and renamed, and pursued only with another metric.
    let gaps = shown(&retailer, &draft).await["check"]["lines"][1].clone();
    assert_eq!(
        (&gaps["passed"], text(&gaps["detail_zh"])),
        (&json!(false), "进店客流已归档，不再接收数据点。请另选指标。")
    );
    let stopped = activate(&retailer, &draft, json!({ "achievable_anyway": "We try" })).await;
    let stopped = stopped.refused(Code::ValidationFailed);
    assert_eq!(all(&stopped["errors"], "pointer"), ["/check/measurable"], "{stopped}");
    assert_eq!(owner.patch(&draft, 1, json!({ "name": "Still a wish" })).await.ok()["version"], 2);
    fed(&retailer, "orders", each(-30, -1, 100.0)).await;
    owner.patch(&draft, 2, json!({ "metric": "orders" })).await.ok();
    activate(&retailer, &draft, json!({ "achievable_anyway": "We try" })).await.ok();
}

#[tokio::test]
async fn what_does_not_add_up_or_is_anothers_is_refused_with_words() {
    let retailer = in_shanghai().await;
    defined(&retailer, "walk_ins", json!({})).await;
    let money = json!({ "unit": "money", "whole": false, "kind": "formula", "formula": "sales - refunds" });
    defined(&retailer, "net_sales", money).await;
    defined(&retailer, "queue_length", json!({ "kind": "level" })).await;
    let formula = refused(&retailer, "net_sales").await;
    let (pointer, code, detail) = wrong(&formula);
    assert_eq!((pointer, code), ("/metric", "wrong_kind"));
    assert!(detail.contains("`net_sales` is a formula") && detail.contains("A goal takes a sum"), "{detail}");
    let level = refused(&retailer, "queue_length").await;
    assert!(wrong(&level).2.contains("is a level"), "{level}");
    let slip = refused(&retailer, "walk_inns").await;
    assert!(wrong(&slip).1 == "unknown_metric" && wrong(&slip).2.contains("Did you mean `walk_ins`?"), "{slip}");
    // Another retailer has no such metric, and is told of none.
    let neighbour = in_shanghai().await;
    for key in ["walk_ins", "walk_inns"] {
        let theirs = refused(&neighbour, key).await;
        assert_eq!(wrong(&theirs), ("/metric", "unknown_metric", "There is no such metric."), "{theirs}");
    }
}

#[tokio::test]
async fn a_goal_and_the_archiving_of_its_metric_that_come_at_once_do_not_both_happen() {
    let retailer = in_shanghai().await;
    for round in 0..6 {
        let key = format!("walk_ins_{round}");
        let metric = defined(&retailer, &key, json!({})).await;
        fed(&retailer, &key, each(-3, -1, 10.0)).await;
        let (place, archive) = (made(&retailer, json!({ "metric": key })).await, archive_of(&metric));
        let (pursued, archived) = tokio::join!(
            activate(&retailer, &place, json!({ "achievable_anyway": "We try" })),
            retailer.owner.post(&archive, json!({}))
        );
        if pursued.status < 300 {
            archived.refused(Code::StateConflict);
        } else {
            let gaps = pursued.refused(Code::ValidationFailed);
            assert_eq!(all(&gaps["errors"], "pointer"), ["/check/measurable"], "{gaps}");
            archived.ok();
        }
    }
}
