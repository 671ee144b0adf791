//! Rules of every kind: what each says, when it is quiet, what a change of it leaves behind, and what it would have done.

#![expect(clippy::unwrap_used, reason = "tests")]

mod kinds;
mod replayed;
mod silence;
mod timing;
mod versions;

use crate::harness::tenant::text;
use crate::harness::{Client, Tenant};
use serde_json::{Value, json};

/// A rule of this specification, with what else is wished of it.
#[expect(clippy::needless_pass_by_value, reason = "a specification is written where it is used")]
fn wish(name: &str, spec: Value, more: &Value) -> Value {
    let mut wish = json!({ "name": name, "severity": "warning", "spec": spec });
    wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    wish
}

/// Where a rule is.
fn place(rule: &Value) -> String {
    format!("/v1/rules/{}", text(&rule["id"]))
}

/// The steps of an alert, oldest first.
async fn steps(client: &Client, alert: &Value) -> Vec<String> {
    let timeline = client.get(&format!("/v1/alerts/{}/timeline", text(&alert["id"]))).await.ok();
    timeline["data"].as_array().unwrap().iter().rev().map(|step| text(&step["event"]).to_owned()).collect()
}

/// Has a rule judged now, as its clock does.
async fn by_the_clock(retailer: &Tenant, rule: &Value) {
    let payload = json!({ "rule_id": rule["id"] });
    retailer
        .database
        .execute(&format!(
            "INSERT INTO queue_jobs (job_id, for_tenant, kind, payload, request_id, state, run_at, created_at) \
             VALUES (gen_random_uuid(), '{}', 'judge_rule', '{payload}', 'the-clock', 'ready', now(), now())",
            retailer.id.0
        ))
        .await;
    retailer.settled().await;
}

/// As if the samples of the retailer's rules had come in live: a test feeds them all at once.
async fn live(retailer: &Tenant) {
    retailer.database.execute(&format!("UPDATE rules SET fed_at = now() WHERE tenant_id = '{}'", retailer.id.0)).await;
}
