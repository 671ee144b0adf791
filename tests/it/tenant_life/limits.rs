//! What a retailer may use.

use super::{operator, try_operator};
use crate::harness::Tenant;
use crate::harness::service::UNLIMITED;
use crate::harness::tenant::text;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::{Permission, Role};

const LIMITS: &str = "/v1/tenant/limits";

fn rows(keys: std::ops::Range<usize>) -> Value {
    let row = |n| json!({ "metric": "sales", "at": "2026-02-03T15:00:00Z", "key": format!("k{n}"), "value": 1 });
    json!({ "samples": keys.map(row).collect::<Vec<_>>() })
}

#[tokio::test]
async fn limits_come_from_the_plan_and_the_operator_changes_both() {
    let retailer = Tenant::sign_up().await;
    retailer.partner(&[Permission::SamplesWrite]).await;
    retailer.staff(Role::Viewer).await;
    retailer.owner.post("/v1/samples", rows(0..3)).await.ok();
    retailer.owner.post("/v1/samples", rows(0..3)).await.ok();
    let seen = retailer.owner.get(LIMITS).await.ok();
    assert_eq!(seen["plan"], "trial");
    assert_eq!(
        seen["samples_per_day"],
        json!({ "limit": 2_000_000, "used": 3, "own": false }),
        "sent again is not counted"
    );
    assert_eq!((&seen["staff"]["used"], &seen["api_tokens"]["used"]), (&json!(2), &json!(1)));
    // The usual number of this installation.
    let usual = UNLIMITED.of_tenant;
    assert_eq!(seen["requests_per_minute"], json!({ "limit": usual, "used": null, "own": false }));

    let (database, id) = (&retailer.database, retailer.id.to_string());
    assert_eq!(operator(database, &["plan", &id, "standard"]).await, "changed");
    assert_eq!(operator(database, &["plan", &id, "standard"]).await, "nothing changed");
    let own = ["limits", &id, "--samples-per-day", "5", "--requests-per-minute", "77"];
    assert_eq!(operator(database, &own).await, "changed");
    let seen = retailer.owner.get(LIMITS).await.ok();
    assert_eq!((&seen["plan"], &seen["staff"]["limit"]), (&json!("standard"), &json!(500)));
    assert_eq!(seen["samples_per_day"], json!({ "limit": 5, "used": 3, "own": true }));
    let shown = operator(database, &["show", &id]).await;
    assert!(
        shown.contains("samples per day: 3 of 5 (its own)") && shown.contains("requests per minute: 77"),
        "{shown}"
    );
    assert!(operator(database, &["list"]).await.contains(&format!("{id} active standard {}", retailer.name)));
    let audited = retailer.audited().await;
    let changed: Vec<_> = audited.iter().filter(|entry| entry["via"] == "operator").collect();
    assert_eq!(
        changed.iter().map(|entry| text(&entry["action"])).collect::<Vec<_>>(),
        ["tenant.limits_changed", "tenant.plan_changed"]
    );
    assert_eq!((&changed[1]["before"]["plan"], &changed[1]["actor_kind"]), (&json!("trial"), &json!("system")));

    // One sentence for what cannot be.
    let nobody = tillwatch_shared::ids::TenantId::new().to_string();
    let (code, _, errors) = try_operator(database, &["show", &nobody]).await;
    assert!(code == 1 && errors.contains("no retailer"), "{errors}");
    assert_ne!(try_operator(database, &["plan", &id, "gold"]).await.0, 0);
    assert_ne!(try_operator(database, &["show", "cmp_1"]).await.0, 0);
    let (code, _, errors) = try_operator(database, &["limits", &id, "--staff=-1", "--api-tokens=-2"]).await;
    assert!(code == 1 && errors.contains("/staff: A limit is") && errors.contains("/api_tokens: "), "{errors}");
}

#[tokio::test]
async fn samples_beyond_the_day_are_refused_whole_until_midnight() {
    let retailer = Tenant::sign_up().await;
    operator(&retailer.database, &["limits", &retailer.id.to_string(), "--samples-per-day", "10"]).await;
    retailer.owner.post("/v1/samples", rows(0..8)).await.ok();
    let answer = retailer.owner.post("/v1/samples", rows(8..11)).await;
    let wait: i64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=90_001).contains(&wait), "{wait}");
    let refused = answer.refused(Code::TooManyRequests);
    assert!(text(&refused["detail"]).contains("10 samples a day"), "{refused}");
    assert_eq!(retailer.owner.get(LIMITS).await.ok()["samples_per_day"]["used"], 8, "nothing of it was taken");
    // Of many at once exactly as many are taken as there is room for.
    let answers = join_all((20..40).map(|n| retailer.owner.post("/v1/samples", rows(n..n + 1)))).await;
    let taken = answers.iter().filter(|answer| answer.status == 200).count();
    let refused = answers.iter().filter(|answer| answer.status == 429).count();
    assert!(taken == 2 && refused == 18, "{taken} taken, {refused} refused");
    let kept = format!("SELECT count(*) FROM samples WHERE tenant_id = '{}'", retailer.id.0);
    assert_eq!(retailer.database.number(&kept).await, 10);
    retailer.owner.post("/v1/samples", rows(90..91)).await.refused(Code::TooManyRequests);
    // Whose answer was lost asks again and is told what was done.
    let again = retailer.owner.post("/v1/samples", rows(0..8)).await.ok();
    assert_eq!(again["unchanged"], 8);
}

#[tokio::test]
async fn no_more_tokens_are_made_than_are_allowed_however_many_ask_at_once() {
    let retailer = Tenant::sign_up().await;
    operator(&retailer.database, &["limits", &retailer.id.to_string(), "--api-tokens", "3"]).await;
    let wish = json!({ "name": "A feed", "scopes": [Permission::SamplesWrite] });
    let answers = join_all((0..8).map(|_| retailer.owner.post("/v1/api-tokens", &wish))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 3);
    let refused = answers.into_iter().find(|answer| answer.status == 409).unwrap().refused(Code::StateConflict);
    assert!(text(&refused["detail"]).contains("3 API tokens"), "{refused}");
    let one = text(&retailer.owner.get("/v1/api-tokens").await.ok()["data"][0]["id"]).to_owned();
    retailer.owner.post(&format!("/v1/api-tokens/{one}/revoke"), json!({})).await.ok();
    retailer.owner.post("/v1/api-tokens", &wish).await.ok();
}
