//! Rules over metrics that are no sums, and over a retailer's own.

use crate::harness::Tenant;
use crate::harness::tenant::text;
use crate::rules_alerts::{alerts, day, judged, make};
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;

fn below(metric: &str, line: f64) -> Value {
    let spec = json!({ "kind": "threshold", "metric": metric, "side": "below", "line": line });
    json!({ "name": format!("{metric} sinks"), "severity": "warning", "spec": spec })
}

fn own(key: &str, names: [&str; 2], more: &Value) -> Value {
    let mut wish = json!({
        "key": key, "name_en": names[0], "name_zh": names[1], "kind": "sum", "unit": "money", "direction": "neutral",
        "family": "financial",
    });
    wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    wish
}

#[tokio::test]
async fn a_rule_watches_what_the_retailer_computes_for_itself() {
    let retailer = Tenant::sign_up().await;
    let owner = &retailer.owner;
    owner.post("/v1/metrics", own("platform_fees", ["Platform fees", "平台费用"], &json!({}))).await.ok();
    let net = json!({ "kind": "formula", "formula": "sales - platform_fees" });
    owner.post("/v1/metrics", own("net_sales", ["Net sales", "净销售额"], &net)).await.ok();
    let margin = json!({ "kind": "formula", "unit": "percent", "formula": "100 * net_sales / sales" });
    owner.post("/v1/metrics", own("net_share", ["Net share", "净占比"], &margin)).await.ok();
    make(&retailer, below("net_share", 90.0)).await;

    // 95 %, then 80 %: the rule follows the fees, which stand two formulas away.
    judged(&retailer, &[day("sales", "2026-03-02", 100.0), day("platform_fees", "2026-03-02", 5.0)]).await;
    judged(&retailer, &[day("sales", "2026-03-03", 100.0), day("platform_fees", "2026-03-03", 20.0)]).await;
    judged(&retailer, &[day("sales", "2026-03-04", 1.0)]).await;
    let [alert] = &alerts(owner, "").await[..] else { panic!("one alert") };
    assert_eq!((&alert["figures"]["value"], &alert["state"]), (&json!(80.0), &json!("firing")));
    assert_eq!(
        (text(&alert["metric_en"]), text(&alert["metric_zh"]), text(&alert["unit"])),
        ("Net share", "净占比", "percent")
    );
    assert_eq!(owner.get(&format!("/v1/alerts/{}/picture", text(&alert["id"]))).await.status, 200);
    // A correction of the fees alone is judged, too.
    judged(&retailer, &[day("platform_fees", "2026-03-03", 5.0)]).await;
    assert_eq!(alerts(owner, "").await[0]["state"], "resolved");

    let mut week = below("net_share", 90.0);
    week["timing"] = json!({ "window": 7 });
    let refused = owner.post("/v1/rules", &week).await.refused(Code::ValidationFailed);
    assert_eq!(
        (&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]),
        (&json!("/timing/window"), &json!("not_added"))
    );
    let neighbour = Tenant::sign_up().await.owner;
    let refused = neighbour.post("/v1/rules", below("net_share", 90.0)).await.refused(Code::ValidationFailed);
    assert_eq!(refused["errors"][0]["code"], "unknown_metric");
}

#[tokio::test]
async fn a_rule_watches_a_level_and_a_median_wait() {
    let retailer = Tenant::sign_up().await;
    make(&retailer, below("followers", 1_000.0)).await;
    let mut waits = below("queue_time", 0.0);
    waits["spec"] = json!({ "kind": "threshold", "metric": "queue_time", "side": "above", "line": 120 });
    make(&retailer, waits).await;
    let waited = |date: &str, seconds: Value| {
        let mut row = day("queue_time", date, 0.0);
        row["value"] = seconds;
        row
    };
    judged(&retailer, &[day("followers", "2026-03-02", 1_200.0), waited("2026-03-02", json!([30, 60, 90, 600, 20]))])
        .await;
    assert!(alerts(&retailer.owner, "").await.is_empty());
    judged(&retailer, &[day("followers", "2026-03-03", 900.0), waited("2026-03-03", json!([30, 300, 320, 600, 20]))])
        .await;
    judged(&retailer, &[day("followers", "2026-03-04", 900.0), waited("2026-03-04", json!([30]))]).await;
    let mut told: Vec<(String, f64)> = alerts(&retailer.owner, "")
        .await
        .iter()
        .map(|alert| (text(&alert["metric"]).to_owned(), alert["figures"]["value"].as_f64().unwrap()))
        .collect();
    told.sort_by(|a, b| a.0.cmp(&b.0));
    let [(followers, level), (queue, median)] = &told[..] else { panic!("two alerts: {told:?}") };
    assert_eq!((followers.as_str(), queue.as_str(), *level), ("followers", "queue_time", 900.0));
    assert!((median / 300.0 - 1.0).abs() < 0.009, "{median}");
}
