//! Samples are removed after their time; what was added up of them stays.

use crate::harness::feed::{counts, feed, points, sample, series};
use crate::harness::tenant::text;
use crate::harness::{Tenant, shared};
use chrono::{TimeDelta, Utc};
use serde_json::json;
use tillwatch_backend::app::App;
use tillwatch_backend::measure::retention;
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Role;

#[tokio::test]
async fn old_samples_go_and_every_figure_stays() {
    let (retailer, neighbour) = (Tenant::sign_up().await, Tenant::sign_up().await);
    let owner = &retailer.owner;
    let app = App::new(shared().inside()).expect("a view of the service");
    let old = "2024-02-05T15:00:00Z";
    let rows = [
        sample("sales", old, "a", 10.5),
        sample("sales", old, "b", 1),
        sample("followers", old, "f", 100),
        sample("queue_time", old, "q", json!([10, 20, 30])),
        sample("sales", "2026-10-05T15:00:00Z", "n", 7),
    ];
    for place in [owner, &neighbour.owner] {
        assert_eq!(counts(&feed(place, &rows).await.ok()), [5, 0, 0, 0]);
    }
    let usual = owner.get("/v1/sample-retention").await.ok();
    assert_eq!((&usual["months"], &usual["kept_from"]), (&json!(25), &json!(null)));
    let shorter = owner.patch("/v1/sample-retention", 1, json!({ "months": 3 })).await.ok();
    assert_eq!((&shorter["months"], &shorter["version"]), (&json!(3), &json!(2)));

    // The first round sets the mark, and only a later one removes: whatever was being written is done by then.
    let question = "from=2024-02-05&to=2024-02-05";
    let raw = async |metric: &str| series(owner, &format!("metric={metric}&resolution=raw&{question}")).await.len();
    let now = Utc::now();
    retention::keep(&app, retailer.id, now).await.unwrap();
    assert_eq!(raw("sales").await, 2);
    assert!(text(&owner.get("/v1/sample-retention").await.ok()["kept_from"]) > "2026-01-01");
    retention::keep(&app, retailer.id, now + TimeDelta::hours(1)).await.unwrap();
    retention::keep(&app, retailer.id, now + TimeDelta::hours(1)).await.unwrap();
    assert_eq!((raw("sales").await, raw("followers").await, raw("queue_time").await), (0, 0, 0));
    let day = "2024-02-05T05:00:00Z";
    assert_eq!(series(owner, &format!("metric=sales&{question}")).await, points([(day, 11.5)]));
    assert_eq!(series(owner, &format!("metric=followers&{question}")).await, points([(day, 100.0)]));
    let queue = owner.get(&format!("/v1/series?metric=queue_time&{question}")).await.ok();
    assert_eq!(queue["data"][0]["samples"], 3);
    assert_eq!(series(&neighbour.owner, &format!("metric=sales&resolution=raw&{question}")).await.len(), 2);

    // Nobody could tell a new one from a correction any more.
    let late =
        feed(owner, &[sample("sales", old, "a", 99), sample("sales", "2026-10-05T15:00:00Z", "n", 8)]).await.ok();
    assert_eq!(counts(&late), [0, 1, 0, 1]);
    assert_eq!(late["results"][0]["code"], "too_old");
    assert!(text(&late["results"][0]["detail"]).contains("are not kept"), "{late}");
    assert_eq!(series(owner, &format!("metric=sales&{question}")).await, points([(day, 11.5)]));
}

#[tokio::test]
async fn how_long_is_a_setting_of_the_whole_retailer() {
    let retailer = Tenant::sign_up().await;
    let owner = &retailer.owner;
    for months in [2, 121] {
        let refused = owner.patch("/v1/sample-retention", 1, json!({ "months": months })).await;
        assert_eq!(refused.refused(Code::ValidationFailed)["errors"][0]["pointer"], "/months");
    }
    assert_eq!(owner.patch("/v1/sample-retention", 1, json!({ "months": 25 })).await.ok()["version"], 1);
    owner.patch("/v1/sample-retention", 1, json!({ "months": 60 })).await.ok();
    owner.patch("/v1/sample-retention", 1, json!({ "months": 36 })).await.refused(Code::VersionStale);
    let analyst = retailer.staff(Role::Analyst).await;
    analyst.patch("/v1/sample-retention", 2, json!({ "months": 36 })).await.refused(Code::PermissionDenied);
    assert_eq!(analyst.get("/v1/sample-retention").await.ok()["months"], 60);
}
