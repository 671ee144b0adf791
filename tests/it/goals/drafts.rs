//! A goal is written with gaps, told what it lacks, and pursued when nothing is missing.

use super::{activate, all, day, each, fed, in_shanghai, made, owner_of, shown, wish};
use crate::harness::service::shared;
use crate::harness::tenant::text;
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::{Permission, Role};

fn passed(shown: &Value) -> Vec<Value> {
    all(&shown["check"]["lines"], "passed")
}

#[tokio::test]
async fn a_draft_says_what_each_letter_lacks_and_is_refused_with_the_same_words() {
    let retailer = in_shanghai().await;
    let made = retailer.owner.post("/v1/goals", json!({ "name": "更多销售额" })).await;
    let place = made.header("location").to_owned();
    assert_eq!((made.status, made.header("etag")), (201, "\"1\""));
    let draft = shown(&retailer, &place).await;
    assert_eq!(passed(&draft), [json!(false), json!(false), json!(false), json!(false), json!(false)]);
    assert_eq!(draft["check"]["lines"][0]["detail_zh"], "请指定指标。请指定负责人。");
    assert_eq!((&draft["progress"], &draft["check"]["complete"]), (&Value::Null, &json!(false)));
    let refused = activate(&retailer, &place, json!({})).await.refused(Code::ValidationFailed);
    let pointers = all(&refused["errors"], "pointer");
    assert_eq!(
        pointers,
        ["/check/specific", "/check/measurable", "/check/achievable", "/check/relevant", "/check/time_bound"]
    );
    assert_eq!(refused["errors"][4]["detail"], "Set its first day and its deadline.");
    // A reason mends nothing but the achievable.
    let refused = activate(&retailer, &place, json!({ "achievable_anyway": "because" })).await;
    assert_eq!(refused.refused(Code::ValidationFailed)["errors"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn a_draft_is_filled_in_step_by_step_and_pursued() {
    let retailer = in_shanghai().await;
    fed(&retailer, "sales", each(-60, -1, 110.0)).await;
    let place = retailer.owner.post("/v1/goals", json!({ "name": "Autumn" })).await.header("location").to_owned();
    let more = json!({ "metric": "sales", "target": 1400, "starts_on": day(1), "ends_on": day(14) });
    let filled = retailer.owner.patch(&place, 1, more).await.ok();
    assert_eq!((&filled["baseline"], &filled["baseline_source"]), (&json!(1540), &json!("stored")), "{filled}");
    assert_eq!(passed(&shown(&retailer, &place).await), [false, true, true, false, true].map(|passed| json!(passed)));
    let more = json!({ "owner": owner_of(&retailer).await, "relevance": "It pays the rent." });
    retailer.owner.patch(&place, 2, more).await.ok();
    retailer.owner.patch(&place, 2, json!({ "name": "lost" })).await.refused(Code::VersionStale);
    let draft = shown(&retailer, &place).await;
    assert_eq!(draft["check"]["complete"], true, "{draft}");
    assert_eq!(
        draft["check"]["lines"][2]["detail_en"],
        "It needs CN¥1,400 in 14 days; the best 14 days so far had CN¥1,540."
    );
    let first = activate(&retailer, &place, json!({})).await.ok();
    assert_eq!((&first["changed"], &first["goal"]["achievable_anyway"]), (&json!(true), &Value::Null));
    let again = activate(&retailer, &place, json!({})).await.ok();
    assert_eq!((&again["changed"], &again["goal"]["version"]), (&json!(false), &first["goal"]["version"]));
    let pursued = shown(&retailer, &place).await;
    assert_eq!((&pursued["check"], &pursued["owner_name"]), (&Value::Null, &json!("Olive Owner")));
    let steps = all(&retailer.owner.get(&format!("{place}/history")).await.ok()["data"], "step");
    assert_eq!(steps, ["activated", "changed", "changed", "created"]);
    let actions = all(&json!(retailer.audited().await), "action");
    for action in ["goal.created", "goal.changed", "goal.activated"] {
        assert!(actions.contains(&json!(action)), "{action}: {actions:?}");
    }
}

#[tokio::test]
async fn what_was_never_reached_is_pursued_with_a_reason_that_is_kept() {
    let retailer = in_shanghai().await;
    fed(&retailer, "sales", each(-60, -1, 10.0)).await;
    let place = made(&retailer, json!({})).await;
    let refused = activate(&retailer, &place, json!({})).await.refused(Code::ValidationFailed);
    assert_eq!(all(&refused["errors"], "pointer"), ["/check/achievable"]);
    let detail = text(&refused["errors"][0]["detail"]);
    assert!(
        detail.contains("CN¥1,400") && detail.contains("CN¥140") && detail.contains("achievable_anyway"),
        "{detail}"
    );
    let pursued = activate(&retailer, &place, json!({ "achievable_anyway": "两家新店开业" })).await.ok();
    assert_eq!(pursued["goal"]["achievable_anyway"], "两家新店开业");
    let kept = retailer.owner.get(&format!("{place}/history")).await.ok();
    assert_eq!(kept["data"][0]["goal"]["achievable_anyway"], "两家新店开业");
    assert_eq!(
        (&kept["data"][0]["actor_kind"], &kept["data"][0]["actor_name"]),
        (&json!("staff"), &json!("Olive Owner"))
    );
}

#[tokio::test]
async fn an_active_goal_keeps_its_metric_and_gets_another_target_only_if_it_can_be_reached() {
    let retailer = in_shanghai().await;
    fed(&retailer, "sales", each(-60, -1, 110.0)).await;
    let place = made(&retailer, json!({})).await;
    activate(&retailer, &place, json!({})).await.ok();
    let wrong = json!({ "metric": "orders", "starts_on": day(2), "owner": null, "relevance": "" });
    let refused = retailer.owner.patch(&place, 2, wrong).await.refused(Code::ValidationFailed);
    assert_eq!(all(&refused["errors"], "pointer"), ["/metric", "/starts_on", "/owner", "/relevance"]);
    let refused = retailer.owner.patch(&place, 2, json!({ "target": 5000 })).await.refused(Code::ValidationFailed);
    assert_eq!(all(&refused["errors"], "pointer"), ["/check/achievable"]);
    let raised = json!({ "target": 5000, "achievable_anyway": "A fair" });
    let raised = retailer.owner.patch(&place, 2, raised).await.ok();
    assert_eq!((&raised["target"], &raised["version"]), (&json!(5000), &json!(3)));
    let same = retailer.owner.patch(&place, 3, json!({ "name": "秋季销售" })).await.ok();
    assert_eq!(same["version"], 3, "nothing was changed");
    let archived = retailer.owner.post(&format!("{place}/archive"), json!({})).await.ok();
    assert_eq!((&archived["changed"], &archived["goal"]["state"]), (&json!(true), &json!("archived")));
    let again = retailer.owner.post(&format!("{place}/archive"), json!({})).await.ok();
    assert_eq!(again["changed"], false);
    retailer.owner.patch(&place, 4, json!({ "name": "late" })).await.refused(Code::StateConflict);
    activate(&retailer, &place, json!({})).await.refused(Code::StateConflict);
    let listed = |query: &'static str| retailer.owner.get(query);
    assert_eq!(listed("/v1/goals").await.ok()["data"], json!([]));
    assert_eq!(listed("/v1/goals?state=archived").await.ok()["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn nonsense_is_refused_with_every_field_at_once() {
    let retailer = in_shanghai().await;
    let wrong = json!({
        "name": " ", "metric": "sale", "target": 1e12, "baseline": -5, "starts_on": day(5), "ends_on": day(1),
        "owner": "stf_1BoGGnUpDfnNHm6bRBKnHx", "channel": "chn_1BoGGnUpDfnNHm6bRBKnHx",
        "campaigns": ["cmp_1BoGGnUpDfnNHm6bRBKnHx", "cmp_1BoGGnUpDfnNHm6bRBKnHx"],
    });
    let refused = retailer.owner.post("/v1/goals", wrong).await.refused(Code::ValidationFailed);
    let told: Vec<(String, String)> = refused["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| (text(&field["pointer"]).to_owned(), text(&field["code"]).to_owned()))
        .collect();
    for wanted in [
        ("/name", "required"),
        ("/metric", "unknown_metric"),
        ("/target", "too_large"),
        ("/ends_on", "out_of_order"),
        ("/campaigns/1", "duplicate"),
        ("/channel", "not_found"),
        ("/campaigns/0", "not_found"),
        ("/owner", "not_found"),
    ] {
        assert!(told.iter().any(|(pointer, code)| (pointer.as_str(), code.as_str()) == wanted), "{wanted:?}: {told:?}");
    }
    let orders = wish(&retailer, json!({ "metric": "orders", "target": 10.5 })).await;
    let refused = retailer.owner.post("/v1/goals", orders).await.refused(Code::ValidationFailed);
    assert_eq!(
        (&refused["errors"][0]["code"], &refused["errors"][0]["pointer"]),
        (&json!("not_whole"), &json!("/target"))
    );
    let long = wish(&retailer, json!({ "ends_on": day(1 + 1_096) })).await;
    let refused = retailer.owner.post("/v1/goals", long).await.refused(Code::ValidationFailed);
    assert_eq!(refused["errors"][0]["pointer"], "/ends_on");
    assert_eq!(retailer.owner.get("/v1/goals").await.ok()["data"], json!([]));
}

#[tokio::test]
async fn who_only_reads_makes_no_goal_and_a_program_decides_no_correction() {
    let retailer = in_shanghai().await;
    let viewer = retailer.staff(Role::Viewer).await;
    viewer.post("/v1/goals", json!({ "name": "Mine" })).await.refused(Code::PermissionDenied);
    assert_eq!(viewer.get("/v1/goals").await.ok()["data"], json!([]));
    let partner = retailer.partner(&[Permission::GoalsRead]).await;
    assert_eq!(partner.get("/v1/goals").await.ok()["data"], json!([]));
}

#[tokio::test]
async fn one_more_than_two_hundred_is_refused_until_one_is_archived() {
    let retailer = in_shanghai().await;
    let draft = json!({ "name": "Reserve" });
    let first = retailer.owner.post("/v1/goals", &draft).await.ok();
    // All but the last place.
    let others = format!(
        "INSERT INTO goals SELECT (jsonb_populate_record(g, jsonb_build_object('goal_id', gen_random_uuid()))).* \
         FROM goals g, generate_series(1, 198) WHERE g.tenant_id = '{}'",
        retailer.id.0
    );
    shared().database.execute(&others).await;
    let owner = &retailer.owner;
    let (one, other) = tokio::join!(owner.post("/v1/goals", &draft), owner.post("/v1/goals", &draft));
    let (made, late) = if one.status == 201 { (one, other) } else { (other, one) };
    made.ok();
    let refused = late.refused(Code::StateConflict);
    assert!(text(&refused["detail"]).contains("at most 200 goals"), "{refused}");
    owner.post(&format!("/v1/goals/{}/archive", text(&first["id"])), json!({})).await.ok();
    owner.post("/v1/goals", &draft).await.ok();
}
