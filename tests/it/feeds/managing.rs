//! The register and its endpoints: who may, what is refused, what a change means.

use super::source::Source;
use super::{Fed, came, retailer, service, wish};
use crate::authority::{give, staff_id};
use crate::harness::eventually;
use crate::harness::tenant::text;
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Role;

fn pointers(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().unwrap().iter().map(|one| text(&one["pointer"])).collect()
}

#[tokio::test]
async fn a_feed_is_changed_with_its_version_paused_resumed_and_archived() {
    let retailer = retailer().await;
    let source = Source::giving("日期,活动,花费\n").await;
    let owner = &retailer.owner;
    let feed = Fed::make(&retailer, &wish(&source.url)).await;
    assert_eq!(came(&feed.ran(1).await[0]), ("unchanged", [0; 4]), "nothing yet is not wrong");

    // Every fault is told at once.
    let wrong = json!({
        "name": " ", "kind": "crm", "url": "http://10.0.0.1/x", "format": "csv", "every": "5m", "at": "25:00", "grace_minutes": 1,
        "headers": [{ "name": "Host", "value": "a" }],
        "mapping": {
            "rows": "/data", "measures": [{ "value": "v", "metric": { "constant": "roas" } }],
            "time": { "column": "t", "format": "date", "time_zone": "Mars" },
            "channel": { "constant": "nobody" }, "campaign": {},
        },
    });
    let problem = owner.post("/v1/feeds", wrong).await.refused(Code::ValidationFailed);
    let told = [
        "/name",
        "/url",
        "/mapping/rows",
        "/mapping/time/time_zone",
        "/mapping/campaign",
        "/at",
        "/at",
        "/grace_minutes",
        "/headers/0/name",
        "/mapping/measures/0/metric/constant",
        "/mapping/channel/constant",
    ];
    assert_eq!(pointers(&problem), told, "{problem}");

    // A version, and what is absent stays.
    let path = feed.path("");
    let changed = owner.patch(&path, 1, json!({ "every": "1d", "at": "07:15", "grace_minutes": 1440 })).await.ok();
    assert_eq!(
        (&changed["version"], &changed["every"], &changed["at"], &changed["grace_minutes"], &changed["headers"]),
        (&json!(2), &json!("1d"), &json!("07:15"), &json!(1440), &json!(["Authorization"]))
    );
    assert_eq!(owner.patch(&path, 2, json!({ "every": "1d" })).await.ok()["version"], json!(2), "nothing differs");
    owner.patch(&path, 1, json!({ "name": "B" })).await.refused(Code::VersionStale);
    let usual = owner.patch(&path, 2, json!({ "grace_minutes": null })).await.ok();
    assert_eq!(usual["grace_minutes"], json!(3 * 24 * 60));
    // Another server does not get the secrets of the one before.
    let elsewhere = Source::giving("日期,活动,花费\n").await;
    let problem = owner.patch(&path, 3, json!({ "url": elsewhere.url })).await.refused(Code::ValidationFailed);
    assert_eq!(pointers(&problem), ["/headers"]);
    assert_eq!(elsewhere.asked().len(), 0);

    // Paused it is not fetched, and resumed it is at once.
    let paused = owner.post(&feed.path("/pause"), json!({})).await.ok();
    assert_eq!(
        (&paused["changed"], &paused["feed"]["state"], &paused["feed"]["next_run_at"]),
        (&json!(true), &json!("paused"), &json!(null))
    );
    assert_eq!(owner.post(&feed.path("/pause"), json!({})).await.ok()["changed"], json!(false));
    owner.post(&feed.path("/run"), json!({})).await.refused(Code::StateConflict);
    feed.hasten().await;
    let before = feed.ran(1).await.len();
    let resumed = owner.post(&feed.path("/resume"), json!({})).await.ok();
    assert_eq!((&resumed["changed"], &resumed["feed"]["state"]), (&json!(true), &json!("active")));
    assert_eq!(owner.post(&feed.path("/resume"), json!({})).await.ok()["changed"], json!(false));
    feed.ran(before + 1).await;

    // Archived it is over, its secrets are gone, and its history stays.
    let archived = owner.post(&feed.path("/archive"), json!({})).await.ok();
    assert_eq!((&archived["feed"]["state"], &archived["feed"]["headers"]), (&json!("archived"), &json!([])));
    assert_eq!(owner.post(&feed.path("/archive"), json!({})).await.ok()["changed"], json!(false));
    let secrets = format!("SELECT count(*) FROM feeds WHERE tenant_id = '{}' AND secrets IS NOT NULL", retailer.id.0);
    assert_eq!(service().database.number(&secrets).await, 0);
    for verb in ["pause", "resume", "run"] {
        owner.post(&feed.path(&format!("/{verb}")), json!({})).await.refused(Code::StateConflict);
    }
    assert_eq!(owner.get("/v1/feeds").await.ok()["data"], json!([]));
    assert_eq!(owner.get("/v1/feeds?archived=true").await.ok()["data"][0]["id"], json!(feed.id));
    let audit = retailer.audited().await;
    let entries = audit.iter().filter(|entry| entry["object"] == feed.id.as_str());
    let actions: Vec<&str> = entries.map(|entry| text(&entry["action"])).collect();
    assert_eq!(
        actions,
        ["feed.archived", "feed.resumed", "feed.paused", "feed.updated", "feed.updated", "feed.created"]
    );
}

#[tokio::test]
async fn whoever_reads_figures_reads_the_register_and_few_may_change_it() {
    let retailer = retailer().await;
    let source = Source::giving("日期,活动,花费\n").await;
    let wish = wish(&source.url);
    let integrator = retailer.staff(Role::Integrator).await;
    let viewer = retailer.staff(Role::Viewer).await;
    let made = integrator.post("/v1/feeds", &wish).await.ok();
    assert_eq!(viewer.get("/v1/feeds").await.ok()["data"][0]["id"], made["id"]);
    viewer.post("/v1/feeds", &wish).await.refused(Code::PermissionDenied);
    viewer.post("/v1/feeds/try", &wish).await.refused(Code::PermissionDenied);
    // A feed is about the whole retailer.
    let admin = retailer.staff(Role::Admin).await;
    let channel = retailer.channel("Shop").await;
    give(&retailer, &staff_id(&admin).await, json!({ "channels": [channel] })).await.ok();
    let path = format!("/v1/feeds/{}", text(&made["id"]));
    eventually("the reach to be narrowed", async || (admin.get(&path).await.status == 403).then_some(())).await;
    admin.get("/v1/feeds").await.refused(Code::PermissionDenied);
    // There is an end to it: the rows of forty-nine more are made as the service makes them.
    let more = format!(
        "INSERT INTO feeds (tenant_id, feed_id, name, kind, url, format, mapping, header_names, every, minute, life, \
         created_at, watched_since) SELECT tenant_id, gen_random_uuid(), name, kind, url, format, mapping, header_names, \
         every, minute, 'paused', created_at, watched_since FROM feeds, generate_series(1, 49) WHERE tenant_id = '{}'",
        retailer.id.0
    );
    service().database.execute(&more).await;
    let refused = integrator.post("/v1/feeds", &wish).await.refused(Code::StateConflict);
    assert!(text(&refused["detail"]).contains("at most 50 feeds"), "{refused}");
}
