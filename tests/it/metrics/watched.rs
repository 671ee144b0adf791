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

#[tokio::test]
async fn an_archived_metric_is_watched_by_no_new_rule_and_compared_with_nothing() {
    let retailer = Tenant::sign_up().await;
    let owner = &retailer.owner;
    let fees = owner.post("/v1/metrics", own("fees", ["Fees", "费用"], &json!({}))).await.ok();
    let net = json!({ "kind": "formula", "formula": "sales - refunds" });
    let net = owner.post("/v1/metrics", own("net", ["Net", "净额"], &net)).await.ok();
    let rule = owner.post("/v1/rules", below("fees", 1.0)).await.ok();
    judged(&retailer, &[day("sales", "2026-03-02", 100.0)]).await;
    let on_screen = async || {
        let kpis = owner.get("/v1/kpis?day=2026-03-02").await.ok();
        kpis["data"].as_array().unwrap().iter().any(|line| line["metric"] == "net")
    };
    let before = on_screen().await;
    judged(&retailer, &[day("refunds", "2026-03-02", 1.0)]).await;
    assert!(!before && on_screen().await, "a part that was never counted, then both");
    let archive =
        async |metric: &Value| owner.post(&format!("/v1/metrics/{}/archive", text(&metric["id"])), json!({})).await;
    // Not while a rule that judges watches it: that one is named, and what to do with it.
    let watched = archive(&fees).await.refused(Code::StateConflict);
    let told = text(&watched["detail"]);
    assert!(told.contains("fees sinks") && told.contains(text(&rule["id"])) && told.contains("archive"), "{watched}");
    let path = format!("/v1/rules/{}", text(&rule["id"]));
    owner.patch(&path, 1, json!({ "enabled": false })).await.ok();
    for metric in [&fees, &net] {
        archive(metric).await.ok();
    }
    assert!(!on_screen().await);
    let refused = owner.post("/v1/rules", below("fees", 1.0)).await.refused(Code::ValidationFailed);
    let of = |refused: &Value| (refused["errors"][0]["pointer"].clone(), refused["errors"][0]["code"].clone());
    assert_eq!(of(&refused), (json!("/spec/metric"), json!("archived_metric")));
    let usual = json!({ "group": "apparel", "metric": "fees", "value": 1, "year": 2025, "source": "An example" });
    let refused = owner.post("/v1/benchmarks", json!({ "benchmarks": [usual] })).await.refused(Code::ValidationFailed);
    assert_eq!(of(&refused), (json!("/benchmarks/0/metric"), json!("archived_metric")));
    // The rule that watched it before is changed and ended as any other.
    assert_eq!(owner.patch(&path, 2, json!({ "name": "Fees sank" })).await.ok()["name"], "Fees sank");
    let refused = owner.patch(&path, 3, json!({ "enabled": true })).await.refused(Code::ValidationFailed);
    assert_eq!(of(&refused), (json!("/spec/metric"), json!("archived_metric")), "nor does it judge again");
    let ended = owner.post(&format!("{path}/archive"), json!({})).await.ok();
    assert!(ended["archived_at"].is_string(), "{ended}");
}

#[tokio::test]
async fn a_rule_and_the_archiving_of_its_metric_that_come_at_once_do_not_both_happen() {
    let retailer = Tenant::sign_up().await;
    let owner = &retailer.owner;
    for round in 0..6 {
        let key = format!("fees_{round}");
        let metric = owner.post("/v1/metrics", own(&key, ["Fees", "费用"], &json!({}))).await.ok();
        let archive = format!("/v1/metrics/{}/archive", text(&metric["id"]));
        let (ruled, archived) =
            tokio::join!(owner.post("/v1/rules", below(&key, 1.0)), owner.post(&archive, json!({})));
        let done = [ruled.status, archived.status].map(|status| status < 300);
        assert!(done == [true, false] || done == [false, true], "{}\n{}", ruled.text(), archived.text());
    }
}
