//! The indexes that the hot statements were given are the ones that they use.
//!
//! Every connection plans without looking at parameters, so an index of some rows only (open alerts, due work) serves a
//! statement that says in its own text which rows it wants, and no other. Here the service runs for a while with
//! sequential scans discouraged, and the database tells which indexes were read.

use crate::harness::feed::{feed, of, sample};
use crate::harness::tenant::{Style, bot, text};
use crate::harness::{Tenant, eventually, own_database, own_service};
use serde_json::json;

#[tokio::test]
async fn queues_and_open_alerts_are_read_through_their_partial_indexes() {
    let database = own_database().await;
    database.execute(&format!("ALTER DATABASE {} SET enable_seqscan = off", database.name)).await;
    let service = own_service(database.clone(), 4);
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    // Years of alerts, few of them open; with so many, one index is better than the others.
    database
        .execute(&format!(
            "SET session_replication_role = replica; \
             INSERT INTO alerts (tenant_id, alert_id, rule_id, rule_name, spec, metric, severity, state, figures, \
                 window_start, paused_campaign, opened_at, breach_key) \
             SELECT '{}', gen_random_uuid(), gen_random_uuid(), 'Old', '{{}}', 'sales', 'info', \
                 CASE WHEN n % 20 = 0 THEN 'firing' ELSE 'resolved' END, '{{}}', now(), false, now(), 'old/' || n \
             FROM generate_series(1, 5000) n; \
             ANALYZE alerts",
            retailer.id.0
        ))
        .await;
    let campaign = retailer.active_campaign("Under its line").await;
    let rule = retailer.stop_loss(&campaign, 1000).await;
    // A write asks for the rule's open alert; none is raised, since putting one in reads its index too.
    let rows = of("campaign", &campaign, [sample("spend", "2026-02-03T15:00:00Z", "a", 10)]);
    feed(&retailer.owner, &rows).await.ok();
    // A rule that is switched off asks for all of its own.
    let place = format!("/v1/rules/{rule}");
    retailer.owner.patch(&place, 1, json!({ "enabled": false })).await.ok();
    retailer.settled().await;
    assert_eq!(database.number("SELECT count(*) FROM alerts WHERE breach_key NOT LIKE 'old/%'").await, 0);
    let wish = json!({ "transports": ["discord"], "max": 10, "wait_ms": 0 });
    let claimed = bot(&service.anonymous()).await.post("/v1/deliveries/claim", wish).await.ok();
    assert_eq!(claimed["data"].as_array().unwrap().len(), 0);
    assert_eq!(text(&retailer.owner.get(&place).await.ok()["id"]), rule);
    retailer.owner.get("/v1/kpis").await.ok();
    // A connection tells what it read when it ends, if not before.
    service.stop().await;
    for index in [
        "queue_jobs_due",
        "queue_deliveries_due",
        "alerts_one_open_per_breach",
        "alerts_open_of_rule",
        "rollups_of_day",
    ] {
        let reads = format!("SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = '{index}'");
        let what = format!("{index} to be read: what is meant for it does not say so in its own text");
        eventually(&what, async || (database.number(&reads).await > 0).then_some(())).await;
    }
}
