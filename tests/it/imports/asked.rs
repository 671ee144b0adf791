//! Who may send a file and follow it, what becomes of it when they may not any more, and how much a file may be.

use super::{AT, counts, file, import, over, send, table, without_worker, work_on, work_until};
use crate::authority::{give, staff_id};
use crate::harness::feed::sample;
use crate::harness::tenant::{Style, text};
use crate::harness::{Client, OwnService, Tenant, eventually};
use serde_json::{Value, json};
use tillwatch_backend::app::App;
use tillwatch_backend::identity::tenants::{OwnLimits, operator};
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::{Permission, Role};

/// Two rows, one of each channel.
fn of_both(near: &str, far: &str) -> String {
    let row = |channel: &str, key: &str| {
        let mut row = sample("sales", AT, key, 5);
        row["channel"] = json!(channel);
        row.to_string()
    };
    [row(near, "a"), row(far, "b")].join("\n")
}

async fn progress(owner: &Client, id: &str) {
    let path = format!("/v1/jobs/{id}");
    eventually("progress", async || (owner.get(&path).await.ok()["done"].as_i64() > Some(0)).then_some(())).await;
}

#[tokio::test]
async fn a_store_whose_token_is_narrowed_sends_a_file_and_follows_its_own_jobs_alone() {
    let retailer = Tenant::sign_up().await;
    let owner = &retailer.owner;
    let (near, far) = (retailer.channel("Near").await, retailer.channel("Far").await);
    let scopes = [Permission::SamplesWrite, Permission::JobsRead, Permission::JobsCancel];
    let wish = json!({ "name": "A store's till", "scopes": scopes, "channels": [near] });
    let created = owner.post("/v1/api-tokens", wish).await.ok();
    let store = retailer.anonymous.bearing(text(&created["secret"]));
    let theirs = import(owner, "application/x-ndjson", of_both(&near, &far)).await;
    over(owner, &theirs).await;
    let id = import(&store, "application/x-ndjson", of_both(&near, &far)).await;
    let job = over(&store, &id).await;
    assert_eq!((text(&job["state"]), counts(&job)), ("succeeded", [0, 0, 1, 1]), "{job}");
    let errors = file(&store, &id, "errors").await;
    assert!(errors.contains("channel_not_allowed"), "{errors}");
    let listed = store.get("/v1/jobs").await.ok();
    let listed: Vec<&str> = listed["data"].as_array().unwrap().iter().map(|job| text(&job["id"])).collect();
    assert_eq!(listed, [id.as_str()], "its own and nobody else's");
    for path in ["", "/result", "/errors"] {
        store.get(&format!("/v1/jobs/{theirs}{path}")).await.refused(Code::NotFound);
    }
    store.post(&format!("/v1/jobs/{theirs}/cancel"), json!({})).await.refused(Code::NotFound);
    assert_eq!(store.post(&format!("/v1/jobs/{id}/cancel"), json!({})).await.ok()["state"], "succeeded");
}

#[tokio::test]
async fn a_revoked_tokens_file_is_taken_no_further() {
    let service = without_worker().await;
    let retailer = Tenant::sign_up_at(&service, Style { time_zone: "UTC", ..Style::default() }).await;
    let owner = &retailer.owner;
    let wish = json!({ "name": "A feed", "scopes": [Permission::SamplesWrite] });
    let created = owner.post("/v1/api-tokens", wish).await.ok();
    let partner = retailer.anonymous.bearing(text(&created["secret"]));
    let id = import(&partner, "text/csv", table(20_000)).await;
    work_until(&service, progress(owner, &id)).await;
    let token = text(&created["token"]["id"]);
    owner.post(&format!("/v1/api-tokens/{token}/revoke"), json!({})).await.ok();
    let job = work_on(&service, owner, &id).await;
    assert_eq!(job["state"], "failed", "{job}");
    assert!(text(&job["message"]).contains("the token is revoked"), "{job}");
    let taken = counts(&job)[0];
    assert!((1..20_000).contains(&taken), "what was taken before stays: {taken}");
    assert_eq!(file(owner, &id, "result").await.lines().count(), usize::try_from(taken).unwrap());
    service.stop().await;
}

#[tokio::test]
async fn a_file_acts_with_what_its_sender_may_do_now() {
    let service = without_worker().await;
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let owner = &retailer.owner;
    let (near, far) = (retailer.channel("Near").await, retailer.channel("Far").await);
    let send_as = async |role: Role| {
        let person = retailer.staff(role).await;
        let id = import(&person, "application/x-ndjson", of_both(&near, &far)).await;
        (staff_id(&person).await, id)
    };
    // Narrowed since then, given a role that sends nothing, and gone.
    let (narrowed, first) = send_as(Role::Marketer).await;
    give(&retailer, &narrowed, json!({ "channels": [near] })).await.ok();
    let job = work_on(&service, owner, &first).await;
    assert_eq!((text(&job["state"]), counts(&job)), ("succeeded", [1, 0, 0, 1]), "{job}");
    let (demoted, second) = send_as(Role::Marketer).await;
    let path = format!("/v1/staff/{demoted}");
    let version = owner.get(&path).await.ok()["version"].as_i64().unwrap();
    owner.patch(&path, version, json!({ "role": "viewer" })).await.ok();
    let job = work_on(&service, owner, &second).await;
    assert!(text(&job["message"]).contains("`samples:write` any more"), "{job}");
    let (gone, third) = send_as(Role::Marketer).await;
    owner.post(&format!("/v1/staff/{gone}/disable"), json!({})).await.ok();
    let job = work_on(&service, owner, &third).await;
    assert!(text(&job["message"]).contains("has left"), "{job}");
    service.stop().await;
}

async fn limit(service: &OwnService, retailer: &Tenant, samples_per_day: i64) {
    let app = App::new(service.inside()).expect("an app");
    let own = OwnLimits { samples_per_day: Some(samples_per_day), ..OwnLimits::default() };
    operator::set_limits(&app, &operator::operator(retailer.id, "it"), own).await.expect("limits");
}

#[tokio::test]
async fn what_the_day_has_no_room_for_goes_on_by_itself_the_next_day() {
    let service = without_worker().await;
    let retailer = Tenant::sign_up_at(&service, Style { time_zone: "UTC", ..Style::default() }).await;
    let owner = &retailer.owner;
    limit(&service, &retailer, 10).await;
    let id = import(owner, "text/csv", table(25)).await;
    let path = format!("/v1/jobs/{id}");
    let rests = async |taken: i64| {
        work_until(&service, async {
            eventually("the job to rest", async || {
                let job = owner.get(&path).await.ok();
                (job["state"] == "waiting" && counts(&job)[0] == taken && !job["message"].is_null()).then_some(())
            })
            .await;
        })
        .await;
    };
    rests(10).await;
    let job = owner.get(&path).await.ok();
    assert!(text(&job["message"]).contains("goes on by itself when the day ends"), "{job}");
    // Meanwhile others run, and what was taken before may be sent again.
    let again = import(owner, "text/csv", table(10)).await;
    let again = work_on_others(&service, owner, &again).await;
    assert_eq!((text(&again["state"]), counts(&again)), ("succeeded", [0, 0, 10, 0]), "{again}");
    let next_day = format!(
        "UPDATE long_jobs SET rests_until = now() WHERE tenant_id = '{0}' AND rests_until IS NOT NULL; \
         UPDATE daily_usage SET samples = 0 WHERE tenant_id = '{0}'; \
         UPDATE queue_jobs SET run_at = now() WHERE kind = 'samples_import'",
        retailer.id.0
    );
    service.database.execute(&next_day).await;
    rests(20).await;
    service.database.execute(&next_day).await;
    let job = work_on(&service, owner, &id).await;
    assert_eq!((text(&job["state"]), counts(&job)), ("succeeded", [25, 0, 0, 0]), "{job}");
    assert_eq!(job["message"], Value::Null);
    service.stop().await;
}

/// Works until the job is over, without calling those that rest.
async fn work_on_others(service: &OwnService, owner: &Client, id: &str) -> Value {
    let mut job = Value::Null;
    work_until(service, async { job = over(owner, id).await }).await;
    job
}

#[tokio::test]
async fn a_file_of_nothing_but_line_ends_comes_to_an_end() {
    let service = without_worker().await;
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let owner = &retailer.owner;
    let id = import(owner, "application/x-ndjson", "x\n".repeat(6_000)).await;
    let read =
        format!("UPDATE long_jobs SET counts = '{{\"refused\": 4100001}}' WHERE tenant_id = '{}'", retailer.id.0);
    service.database.execute(&read).await;
    let job = work_on(&service, owner, &id).await;
    assert_eq!(job["state"], "failed", "{job}");
    assert!(text(&job["message"]).contains("more than 4100000 rows"), "{job}");
    service.stop().await;
}

#[tokio::test]
async fn json_that_cannot_be_rows_is_refused_at_once() {
    let retailer = Tenant::sign_up().await;
    let owner = &retailer.owner;
    let json = [("content-type", "application/json")];
    let huge = format!("[{}]", "1,".repeat(550_000));
    for (body, said) in [
        ("{}", "does not begin with"),
        ("[]", "does not begin with"),
        (r#"{"rows":[{"a":1}]}"#, "does not begin with"),
        (r#"{"samples":5}"#, "does not begin with"),
        (r#"{"samples":[]}"#, "no rows"),
        (r#"{"samples":[{}"#, "element 1 does not end"),
        ("销售", "does not begin with"),
        (huge.as_str(), "does not begin with"),
    ] {
        let problem = send(owner, &json, body).await.refused(Code::MalformedBody);
        assert!(text(&problem["detail"]).contains(said), "{problem}");
    }
    // What is no row is told of that row.
    let id = import(owner, "application/json", r#"{"samples":[5]}"#).await;
    assert_eq!(counts(&over(owner, &id).await), [0, 0, 0, 1]);
}
