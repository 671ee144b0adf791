//! Reference values of others beside one's own figures.

use crate::harness::Tenant;
use crate::harness::feed::{counts, feed, sample};
use crate::harness::tenant::text;
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Role;

fn usual(group: &str, metric: &str, value: f64, year: u16) -> Value {
    json!({ "group": group, "metric": metric, "value": value, "year": year, "source": "An example, not a report" })
}

#[tokio::test]
async fn what_is_usual_elsewhere_stands_beside_ones_own_figures_with_its_source() {
    let retailer = Tenant::sign_up().await;
    let owner = &retailer.owner;
    let groups = ["supermarket", "fresh_food", "apparel", "beauty", "electronics", "home"];
    let mut list: Vec<Value> = groups.iter().map(|group| usual(group, "ctr", 2.5, 2025)).collect();
    list.push(usual("apparel", "ctr", 2.0, 2023));
    list.push(json!({
        "group": "apparel", "metric": "aov", "value": 320, "low": 200, "high": 500, "year": 2025,
        "source": "示例，并非报告", "source_url": "https://reports.example/2025",
    }));
    let loaded = owner.post("/v1/benchmarks", json!({ "benchmarks": list })).await.ok();
    assert_eq!(loaded, json!({ "created": 8, "changed": 0, "unchanged": 0 }));
    list[0]["value"] = json!(3);
    let again = owner.post("/v1/benchmarks", json!({ "benchmarks": list })).await.ok();
    assert_eq!(again, json!({ "created": 0, "changed": 1, "unchanged": 7 }));

    let at = "2026-02-03T15:00:00Z";
    let rows = [
        sample("clicks", at, "c", 3),
        sample("impressions", at, "i", 100),
        sample("sales", at, "s", 90),
        sample("orders", at, "o", 1),
    ];
    assert_eq!(counts(&feed(owner, &rows).await.ok()), [4, 0, 0, 0]);
    let kpis = owner.get("/v1/kpis?day=2026-02-03&benchmark=apparel").await.ok();
    let line = |key: &str| kpis["data"].as_array().unwrap().iter().find(|line| line["metric"] == key).cloned().unwrap();
    let ctr = line("ctr");
    assert_eq!(
        (&ctr["value"], &ctr["benchmark"]["value"], &ctr["benchmark"]["year"]),
        (&json!(3.0), &json!(2.5), &json!(2025))
    );
    let aov = line("aov")["benchmark"].clone();
    assert_eq!((text(&aov["source"]), &aov["low"], &aov["high"]), ("示例，并非报告", &json!(200), &json!(500)));
    assert!(line("sales")["benchmark"].is_null(), "nothing was loaded for it");
    let series = owner.get("/v1/series?metric=ctr&benchmark=supermarket&from=2026-02-03&to=2026-02-03").await.ok();
    assert_eq!((&series["data"][0]["value"], &series["benchmark"]["value"]), (&json!(3.0), &json!(3)));
    assert!(owner.get("/v1/kpis?day=2026-02-03").await.ok()["data"][0]["benchmark"].is_null());

    let page = owner.get("/v1/benchmarks?group=apparel&metric=ctr").await.ok();
    let years: Vec<&Value> = page["data"].as_array().unwrap().iter().map(|one| &one["year"]).collect();
    assert_eq!(years.len(), 2);
    let id = text(&page["data"][0]["id"]);
    owner.post(&format!("/v1/benchmarks/{id}/remove"), json!({})).await.ok();
    assert_eq!(owner.get("/v1/benchmarks?group=apparel&metric=ctr").await.ok()["data"].as_array().unwrap().len(), 1);
    owner.post(&format!("/v1/benchmarks/{id}/remove"), json!({})).await.refused(Code::NotFound);
    let actions: Vec<Value> = retailer.audited().await.iter().map(|entry| entry["action"].clone()).collect();
    assert_eq!(actions.iter().filter(|action| **action == "benchmarks.loaded").count(), 2);
    assert_eq!(Tenant::sign_up().await.owner.get("/v1/benchmarks").await.ok()["data"], json!([]), "none ships");
}

#[tokio::test]
async fn hearsay_is_refused_and_nothing_of_the_request_is_kept() {
    let retailer = Tenant::sign_up().await;
    let owner = &retailer.owner;
    let mut without = usual("beauty", "ctr", 2.0, 2025);
    without.as_object_mut().unwrap().remove("source");
    let refused =
        owner.post("/v1/benchmarks", json!({ "benchmarks": [without] })).await.refused(Code::ValidationFailed);
    assert_eq!(refused["errors"][0]["pointer"], "/benchmarks/0/source");
    let mut blank = usual("beauty", "ctrr", 2.0, 2099);
    blank["source"] = json!("   ");
    let both = json!({ "benchmarks": [usual("beauty", "ctr", 2.0, 2025), blank] });
    let refused = owner.post("/v1/benchmarks", both).await.refused(Code::ValidationFailed);
    let pointers: Vec<&str> =
        refused["errors"].as_array().unwrap().iter().map(|field| text(&field["pointer"])).collect();
    assert_eq!(pointers, ["/benchmarks/1/metric", "/benchmarks/1/year", "/benchmarks/1/source"]);
    assert_eq!(owner.get("/v1/benchmarks").await.ok()["data"], json!([]));
    let viewer = retailer.staff(Role::Viewer).await;
    let wish = json!({ "benchmarks": [usual("beauty", "ctr", 2.0, 2025)] });
    viewer.post("/v1/benchmarks", wish).await.refused(Code::PermissionDenied);
}
