//! The settings: changed, refused, and kept from falsifying what was counted.

use crate::harness::Tenant;
use crate::harness::tenant::text;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::{Permission, Role};

const TENANT: &str = "/v1/tenant";

#[tokio::test]
async fn every_setting_is_changed_and_the_change_is_audited() {
    let retailer = Tenant::sign_up().await;
    let admin = retailer.staff(Role::Admin).await;
    let wish = json!({
        "name": " 河边超市 ", "locale": "zh-CN", "time_zone": "Asia/Shanghai", "currency": "CNY", "fiscal_week_start": "sun",
        "quiet_hours": { "from": "22:00", "until": "07:30" }, "residency": "CN",
    });
    let answer = admin.patch(TENANT, 1, &wish).await;
    assert_eq!(answer.header("etag"), "\"2\"");
    let changed = answer.ok();
    assert_eq!((text(&changed["name"]), &changed["quiet_hours"]), ("河边超市", &wish["quiet_hours"]));
    assert_eq!(retailer.owner.get(TENANT).await.ok(), changed);
    let entry = &retailer.audited().await[0];
    assert_eq!((text(&entry["action"]), &entry["before"]["currency"]), ("tenant.changed", &json!("USD")));
    assert_eq!((&entry["after"]["residency"], entry["after"].get("version")), (&json!("CN"), None));
    // Nothing differs: nothing is written. Null clears, and what is absent stays.
    assert_eq!(admin.patch(TENANT, 2, &wish).await.header("etag"), "\"2\"");
    let cleared = admin.patch(TENANT, 2, json!({ "quiet_hours": null, "residency": null })).await.ok();
    assert_eq!(
        (&cleared["quiet_hours"], &cleared["residency"], &cleared["version"]),
        (&Value::Null, &Value::Null, &json!(3))
    );
    assert_eq!(cleared["name"], "河边超市");
}

#[tokio::test]
async fn wrong_settings_are_told_all_at_once_and_only_some_may_change_them() {
    let retailer = Tenant::sign_up().await;
    let wish = json!({
        "name": "", "time_zone": "Mars/Olympus", "currency": "yuan", "quiet_hours": { "from": "25:00", "until": "x" },
        "residency": "ZZ",
    });
    let refused = retailer.owner.patch(TENANT, 1, wish).await.refused(Code::ValidationFailed);
    let pointers: Vec<&str> = refused["errors"].as_array().unwrap().iter().map(|e| text(&e["pointer"])).collect();
    let all = ["/name", "/time_zone", "/currency", "/quiet_hours/from", "/quiet_hours/until", "/residency"];
    assert_eq!(pointers, all);
    for (wish, code) in [
        (json!({ "plan": "enterprise" }), Code::ValidationFailed),
        (json!({ "name": null }), Code::ValidationFailed),
        (json!({ "name": "x".repeat(121) }), Code::ValidationFailed),
        (json!({ "fiscal_week_start": "monday" }), Code::ValidationFailed),
    ] {
        retailer.owner.patch(TENANT, 1, wish).await.refused(code);
    }
    retailer.owner.patch(TENANT, 7, json!({ "name": "B" })).await.refused(Code::VersionStale);
    let json = [("content-type", "application/json")];
    retailer.owner.send("PATCH", TENANT, &json, Some(b"{}".to_vec())).await.refused(Code::PreconditionRequired);
    retailer.staff(Role::Marketer).await.patch(TENANT, 1, json!({ "name": "B" })).await.refused(Code::PermissionDenied);
    assert!(!Permission::TenantWrite.for_tokens());
}

#[tokio::test]
async fn the_time_zone_is_settled_with_the_first_sample_and_the_currency_with_the_first_amount() {
    let retailer = Tenant::sign_up().await;
    retailer.owner.patch(TENANT, 1, json!({ "time_zone": "UTC", "currency": "EUR" })).await.ok();
    let budget = json!({ "name": "C", "budget": { "amount_minor": 100, "currency": "EUR" } });
    retailer.owner.post("/v1/campaigns", budget).await.ok();
    retailer.owner.patch(TENANT, 2, json!({ "currency": "USD" })).await.refused(Code::StateConflict);
    retailer.owner.patch(TENANT, 2, json!({ "time_zone": "Asia/Shanghai" })).await.ok();
    let row = json!({ "metric": "sales", "at": "2026-02-03T15:00:00Z", "key": "k", "value": 1 });
    retailer.owner.post("/v1/samples", json!({ "samples": [row] })).await.ok();
    retailer.owner.patch(TENANT, 3, json!({ "time_zone": "UTC" })).await.refused(Code::StateConflict);
    // The present one again is no change, and the others still change.
    let same = json!({ "time_zone": "Asia/Shanghai", "fiscal_week_start": "sat" });
    assert_eq!(retailer.owner.patch(TENANT, 3, same).await.ok()["fiscal_week_start"], "sat");
}

#[tokio::test]
async fn no_change_of_many_at_once_is_lost() {
    let retailer = Tenant::sign_up().await;
    let owner = &retailer.owner;
    let change = |n: usize| async move {
        loop {
            let read = owner.get(TENANT).await.ok();
            let name = format!("{} {n}", text(&read["name"]));
            let answer = owner.patch(TENANT, read["version"].as_i64().unwrap(), json!({ "name": name })).await;
            if answer.status != 412 && answer.status != 503 {
                return answer.ok();
            }
        }
    };
    join_all((0..10).map(change)).await;
    let settled = retailer.owner.get(TENANT).await.ok();
    assert_eq!(settled["version"], 11);
    assert!((0..10).all(|n| text(&settled["name"]).contains(&format!(" {n}"))), "{settled}");
}
