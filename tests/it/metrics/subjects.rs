//! Content items, keywords and products beside channel and campaign.

use crate::harness::Tenant;
use crate::harness::feed::{counts, feed, of, points, sample, send, series};
use crate::harness::tenant::text;
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Permission;

fn about(subject: &str, mut row: Value) -> Value {
    row["subject"] = json!(subject);
    row
}

#[tokio::test]
async fn sums_over_subjects_stay_exact_and_each_can_be_asked_for() {
    let retailer = Tenant::sign_up().await;
    let owner = &retailer.owner;
    let shop = retailer.channel("Web shop").await;
    let at = "2026-02-03T15:00:00Z";
    // The same key of three products and of none: four samples.
    let mut rows: Vec<Value> = ["product:sku-1", "product:sku-2", "keyword:生鲜 配送"]
        .iter()
        .zip([0.1, 0.2, 0.3])
        .map(|(subject, value)| about(subject, sample("sales", at, "k", value)))
        .collect();
    rows.push(sample("sales", at, "k", 1));
    let rows = of("channel", &shop, rows);
    assert_eq!(counts(&feed(owner, &rows).await.ok()), [4, 0, 0, 0]);
    assert_eq!(counts(&feed(owner, &rows).await.ok()), [0, 0, 4, 0]);
    let range = "metric=sales&from=2026-02-03&to=2026-02-03";
    let day = "2026-02-03T05:00:00Z";
    assert_eq!(series(owner, range).await, points([(day, 1.6)]));
    assert_eq!(series(owner, &format!("{range}&subject=product:sku-2")).await, points([(day, 0.2)]));
    let keyword =
        series(owner, &format!("{range}&channel={shop}&subject=keyword:%E7%94%9F%E9%B2%9C%20%E9%85%8D%E9%80%81")).await;
    assert_eq!(keyword, points([(day, 0.3)]));
    assert_eq!(series(owner, &format!("{range}&subject=product:unheard-of")).await, []);
    let csv = format!("metric,at,key,value,channel,subject\nsales,{at},k,0.5,{shop},product:sku-2\n");
    assert_eq!(counts(&send(owner, "text/csv", csv).await.ok()), [0, 1, 0, 0], "a correction of that product alone");
    assert_eq!(series(owner, range).await, points([(day, 1.9)]));

    let list = owner.get("/v1/subjects?kind=product").await.ok();
    let mut keys: Vec<&str> = list["data"].as_array().unwrap().iter().map(|one| text(&one["key"])).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["sku-1", "sku-2"]);
    let first = owner.get("/v1/subjects?limit=2").await.ok();
    let rest = owner.get(&format!("/v1/subjects?limit=2&cursor={}", text(&first["next_cursor"]))).await.ok();
    assert_eq!((first["data"].as_array().unwrap().len(), rest["data"].as_array().unwrap().len()), (2, 1));
    assert_eq!(Tenant::sign_up().await.owner.get("/v1/subjects").await.ok()["data"], json!([]));
}

#[tokio::test]
async fn what_names_no_subject_is_refused_in_its_row() {
    let owner = Tenant::sign_up().await.owner;
    let at = "2026-02-03T15:00:00Z";
    let wrong = ["sku-1", "shelf:3", "product:", "product:a\u{202e}b"];
    let rows: Vec<Value> =
        wrong.iter().enumerate().map(|(n, subject)| about(subject, sample("sales", at, &n.to_string(), 1))).collect();
    let taken = feed(&owner, &rows).await.ok();
    let codes: Vec<&str> = taken["results"].as_array().unwrap().iter().map(|result| text(&result["code"])).collect();
    assert_eq!(codes, ["invalid_subject", "invalid_subject", "invalid_key", "invalid_key"]);
    assert!(taken["results"].as_array().unwrap().iter().all(|result| result["pointer"] == "/subject"));
    let refused = owner.get("/v1/series?metric=sales&subject=sku-1").await.refused(Code::ValidationFailed);
    assert_eq!(refused["errors"][0]["pointer"], "?subject");
}

#[tokio::test]
async fn a_partner_of_one_channel_sees_its_subjects_alone() {
    let retailer = Tenant::sign_up().await;
    let (mine, other) = (retailer.channel("Mine").await, retailer.channel("Other").await);
    let at = "2026-02-03T15:00:00Z";
    for (channel, subject) in [(&mine, "content:post-1"), (&other, "content:post-2")] {
        feed(&retailer.owner, &of("channel", channel, [about(subject, sample("views", at, "k", 5))])).await.ok();
    }
    let wish = json!({ "name": "agency", "scopes": [Permission::MetricsRead], "channels": [mine] });
    let token = retailer.owner.post("/v1/api-tokens", wish).await.ok();
    let agency = retailer.anonymous.bearing(text(&token["secret"]));
    let list = agency.get("/v1/subjects").await.ok();
    let keys: Vec<&str> = list["data"].as_array().unwrap().iter().map(|one| text(&one["key"])).collect();
    assert_eq!(keys, ["post-1"]);
    assert_eq!(series(&agency, "metric=views&from=2026-02-03&to=2026-02-03&subject=content:post-2").await, []);
}
