//! Every change of a rule is kept, with who made it; an alert names the version that raised it.

use super::{place, wish};
use crate::harness::Tenant;
use crate::harness::tenant::text;
use crate::rules_alerts::{alerts, day, judged, make};
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Role;

fn below(line: u32) -> Value {
    json!({ "kind": "threshold", "metric": "sales", "side": "below", "line": line })
}

#[tokio::test]
async fn a_rule_keeps_what_it_was_and_who_made_it_so() {
    let retailer = Tenant::sign_up().await;
    let analyst = retailer.staff(Role::Analyst).await;
    let rule = make(&retailer, wish("Low sales", below(50), &json!({}))).await;
    let at = place(&rule);
    analyst.patch(&at, 1, json!({ "spec": below(60), "name": "改名" })).await.ok();
    // What changes nothing is no version.
    analyst.patch(&at, 2, json!({ "name": "改名" })).await.ok();
    retailer.settled().await;
    judged(&retailer, &[day("sales", "2026-03-02", 55.0), day("sales", "2026-03-03", 100.0)]).await;
    let alert = alerts(&retailer.owner, "").await.remove(0);
    assert_eq!((&alert["rule_version"], &alert["spec"]["line"]), (&json!(2), &json!(60.0)));
    retailer.owner.post(&format!("{at}/archive"), json!({})).await.ok();

    let versions = retailer.owner.get(&format!("{at}/versions")).await.ok();
    let kept: Vec<_> = versions["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|kept| {
            (
                &kept["rule"]["version"],
                text(&kept["rule"]["name"]),
                &kept["rule"]["spec"]["line"],
                text(&kept["actor_name"]),
            )
        })
        .collect();
    assert_eq!(
        kept,
        [
            (&json!(3), "改名", &json!(60.0), "Olive Owner"),
            (&json!(2), "改名", &json!(60.0), "A analyst"),
            (&json!(1), "Low sales", &json!(50.0), "Olive Owner"),
        ]
    );
    assert_eq!(versions["data"][2]["rule"], rule);
    // Page by page, and not for others.
    let first = retailer.owner.get(&format!("{at}/versions?limit=2")).await.ok();
    let rest = retailer.owner.get(&format!("{at}/versions?limit=2&cursor={}", text(&first["next_cursor"]))).await.ok();
    assert_eq!(rest["data"], json!([versions["data"][2]]));
    Tenant::sign_up().await.owner.get(&format!("{at}/versions")).await.refused(Code::NotFound);
}

#[tokio::test]
async fn a_rule_from_before_versions_keeps_what_it_was_with_its_first_change() {
    let retailer = Tenant::sign_up().await;
    let rule = make(&retailer, wish("Old", below(50), &json!({}))).await;
    let id = format!("tenant_id = '{}'", retailer.id.0);
    retailer
        .database
        .execute(&format!(
            "DELETE FROM rule_versions WHERE {id}; UPDATE rules SET timing = NULL, action = NULL WHERE {id}"
        ))
        .await;
    assert_eq!(retailer.owner.get(&place(&rule)).await.ok(), rule, "it reads as it always did");
    retailer.owner.patch(&place(&rule), 1, json!({ "severity": "critical" })).await.ok();
    let versions = retailer.owner.get(&format!("{}/versions", place(&rule))).await.ok();
    let kept: Vec<_> = versions["data"].as_array().unwrap().iter().map(|kept| text(&kept["actor_kind"])).collect();
    assert_eq!(kept, ["staff", "system"]);
}

#[tokio::test]
async fn a_rule_pauses_its_campaign_only_when_a_person_has_seen_what_it_would_have_done() {
    let retailer = Tenant::sign_up().await;
    let campaign = retailer.active_campaign("Dear clicks").await;
    let spec = json!({ "kind": "threshold", "metric": "spend", "side": "above", "line": 50 });
    let rule = make(&retailer, wish("Dear days", spec.clone(), &json!({ "campaign": campaign }))).await;
    let at = place(&rule);
    assert_eq!((&rule["action"], &rule["backtested_at"]), (&json!("notify"), &Value::Null));
    let pause = json!({ "action": "pause_campaign" });
    let refused = retailer.owner.patch(&at, 1, &pause).await.refused(Code::ValidationFailed);
    assert_eq!(
        (&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]),
        (&json!("/action"), &json!("not_backtested"))
    );
    // A back-test of nothing shows nobody anything.
    let window = json!({ "from": "2026-02-01T05:00:00Z", "to": "2026-03-01T05:00:00Z" });
    assert_eq!(retailer.owner.post(&format!("{at}/backtest"), &window).await.ok()["judged"], 0);
    retailer.owner.patch(&at, 1, &pause).await.refused(Code::ValidationFailed);
    let cost = |date: &str| crate::harness::feed::of("campaign", &campaign, [day("spend", date, 1.0)]);
    judged(&retailer, &cost("2026-02-20")).await;
    retailer.owner.post(&format!("{at}/backtest"), &window).await.ok();
    let armed = retailer.owner.patch(&at, 1, &pause).await.ok();
    assert_eq!((&armed["action"], &armed["version"]), (&json!("pause_campaign"), &json!(2)));
    // Another line is another rule: it notifies until somebody has looked again.
    let mut other = spec.clone();
    other["line"] = json!(40);
    let changed = retailer.owner.patch(&at, 2, json!({ "spec": other })).await.ok();
    assert_eq!((&changed["action"], &changed["backtested_at"]), (&json!("notify"), &Value::Null));
    retailer.owner.patch(&at, 3, &pause).await.refused(Code::ValidationFailed);
    retailer.owner.post(&format!("{at}/backtest"), &window).await.ok();
    retailer.owner.patch(&at, 3, &pause).await.ok();
    retailer.settled().await;

    let spent = |date: &str, value: f64| crate::harness::feed::of("campaign", &campaign, [day("spend", date, value)]);
    judged(&retailer, &spent("2026-03-02", 45.0)).await;
    assert_eq!(retailer.owner.get(&format!("/v1/campaigns/{campaign}")).await.ok()["state"], "active");
    judged(&retailer, &spent("2026-03-03", 1.0)).await;
    let paused = retailer.owner.get(&format!("/v1/campaigns/{campaign}")).await.ok();
    assert_eq!(paused["state"], "paused");
    assert_eq!(paused["state_reason"], "Rule “Dear days”: Marketing spend was 45.00 USD.");
    let alert = alerts(&retailer.owner, "").await.remove(0);
    assert_eq!((&alert["paused_campaign"], &paused["stopped_by"]), (&json!(true), &alert["id"]));
    // A stop-loss acts from its first judgement and does nothing less; a rule without a campaign pauses none.
    let stop = retailer.stop_loss(&campaign, 1000).await;
    let refused = retailer.owner.patch(&format!("/v1/rules/{stop}"), 1, json!({ "action": "notify" })).await;
    refused.refused(Code::ValidationFailed);
    let free = make(&retailer, wish("All", below(1), &json!({}))).await;
    let refused = retailer.owner.patch(&place(&free), 1, &pause).await.refused(Code::ValidationFailed);
    assert_eq!(refused["errors"][0]["code"], "no_campaign");
}
