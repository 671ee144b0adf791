//! New passwords one behind another: whose sessions end, and that a reset by mail finds a retailer that is served.

use super::{actions, mailed, mails, retailer, service, token};
use crate::harness::becomes;
use crate::harness::tenant::{PASSWORD, patiently, text};
use crate::harness::{Client, Tenant, eventually};
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::{LoginId, StaffId};
use uuid::Uuid;

const NEW: &str = "staple battery horse";

/// The login and the staff of the owner.
async fn owner(retailer: &Tenant) -> (Uuid, StaffId) {
    let of = format!(
        "FROM directory_staff d JOIN directory_logins l USING (login_id) WHERE l.email = '{}' AND d.for_tenant = '{}'",
        retailer.email, retailer.id.0
    );
    let ids = retailer.database.texts(&format!("SELECT concat_ws(' ', d.login_id, d.staff_id) {of}")).await;
    let (login, staff) = ids[0].split_once(' ').expect("two ids");
    (login.parse().expect("a uuid"), StaffId(staff.parse().expect("a uuid")))
}

/// The login has a new password since `minutes` from now; its time.
async fn new_password(retailer: &Tenant, login: Uuid, minutes: i32) -> Value {
    let set = format!(
        "UPDATE directory_logins SET password_changed_at = now() + interval '{minutes} minutes' WHERE login_id = '{login}'"
    );
    retailer.database.execute(&set).await;
    let at = format!("SELECT to_json(password_changed_at) FROM directory_logins WHERE login_id = '{login}'");
    serde_json::from_str(&retailer.database.texts(&at).await[0]).expect("a time")
}

/// Does the job that settles the password of this time, and waits for its end.
async fn settle(retailer: &Tenant, by: &str, password_at: &Value, stays: Option<&Value>) {
    let (login, staff) = owner(retailer).await;
    let payload = json!({
        "login_id": LoginId(login), "staff_id": staff, "by": by, "password_at": password_at, "session_id": stays,
    });
    let job = format!(
        "INSERT INTO queue_jobs (job_id, for_tenant, kind, payload, request_id, state, run_at, created_at) \
         VALUES (gen_random_uuid(), '{}', 'password_settle', '{payload}', 'r', 'ready', now(), now())",
        retailer.id.0
    );
    retailer.database.execute(&job).await;
    retailer.settled().await;
}

/// The session that asks.
async fn session(caller: &Client) -> Value {
    let open = caller.get("/v1/sessions").await.ok();
    let own = open["data"].as_array().expect("a list").iter().find(|session| session["current"] == true).cloned();
    own.expect("a session")["id"].clone()
}

#[tokio::test]
async fn a_password_that_was_replaced_leaves_no_session_to_whoever_set_it() {
    let service = service().await;
    let retailer = retailer(&service).await;
    let (login, _) = owner(&retailer).await;
    let thief = session(&retailer.owner).await;
    // Whoever has the session changes the password, and the owner resets it before that is settled.
    let changed = new_password(&retailer, login, 1).await;
    let reset = new_password(&retailer, login, 2).await;
    settle(&retailer, "change", &changed, Some(&thief)).await;
    assert_eq!(actions(&retailer, "password.").await, Vec::<String>::new(), "the newer one has a job of its own");
    settle(&retailer, "reset", &reset, None).await;
    becomes(401, async || retailer.owner.get("/v1/me").await).await;
    assert_eq!(actions(&retailer, "password.").await, ["password.reset"]);
    service.stop().await;
}

#[tokio::test]
async fn a_password_that_was_settled_late_does_not_stand_for_the_next_one() {
    let service = service().await;
    let retailer = retailer(&service).await;
    let (login, _) = owner(&retailer).await;
    let own = session(&retailer.owner).await;
    let changed = new_password(&retailer, login, -2).await;
    settle(&retailer, "change", &changed, Some(&own)).await;
    retailer.owner.get("/v1/me").await.ok();
    // It was settled just now, behind the time of the password that came next.
    let reset = new_password(&retailer, login, -1).await;
    let signed = retailer.sign_in(&retailer.email, PASSWORD).await.ok();
    let fresh = retailer.anonymous.bearing(text(&signed["access_token"]));
    settle(&retailer, "reset", &reset, None).await;
    becomes(401, async || retailer.owner.get("/v1/me").await).await;
    fresh.get("/v1/me").await.ok();
    assert_eq!(actions(&retailer, "password.").await, ["password.changed", "password.reset"]);
    service.stop().await;
}

#[tokio::test]
async fn every_place_of_a_login_is_settled_however_many_there_are() {
    const PLACES: i64 = 450;
    let service = service().await;
    let retailer = retailer(&service).await;
    let (login, _) = owner(&retailer).await;
    // Their work rests, so that it can be counted.
    let places = format!(
        "WITH made AS (INSERT INTO directory_staff SELECT '{login}', gen_random_uuid(), gen_random_uuid() \
         FROM generate_series(1, {PLACES}) RETURNING for_tenant) \
         INSERT INTO directory_resting SELECT for_tenant, now() FROM made"
    );
    service.database.execute(&places).await;
    let wish = json!({ "current": PASSWORD, "new": NEW });
    patiently(async || retailer.owner.post("/v1/password/change", &wish).await).await.ok();
    retailer.settled().await;
    let left = "SELECT count(DISTINCT for_tenant) FROM queue_jobs WHERE kind = 'password_settle'";
    assert_eq!(service.database.number(left).await, PLACES);
    // Whoever names a place finds it behind the two hundredth, too.
    let wish = json!({ "email": retailer.email, "password": NEW, "tenant": retailer.id });
    patiently(async || retailer.anonymous.post("/v1/sessions", &wish).await).await.ok();
    service.stop().await;
}

#[tokio::test]
async fn a_link_for_a_new_password_comes_by_a_retailer_that_is_served() {
    let service = service().await;
    let (one, two) = (retailer(&service).await, retailer(&service).await);
    let (login, _) = owner(&two).await;
    // The first of the owner's places is gone, the second one is suspended.
    let gone = "00000000-0000-7000-8000-000000000001";
    let places = format!(
        "INSERT INTO directory_staff VALUES ('{login}', '{gone}', '{gone}'), ('{login}', '{}', gen_random_uuid()); \
         INSERT INTO directory_resting VALUES ('{}', now())",
        one.id.0, one.id.0
    );
    service.database.execute(&places).await;
    let wish = json!({ "email": two.email });
    patiently(async || two.anonymous.post("/v1/password/reset-request", &wish).await).await.ok();
    let link = mailed(&two, "password_reset", 1).await.remove(0);
    assert_eq!(mails(&service.database, one.id, "password_reset").await, Vec::<String>::new());
    // What is gone does not stand in the way of what is there.
    let listed = two.owner.get("/v1/me/places").await.ok();
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1), "{listed}");
    let lone = format!(
        "INSERT INTO directory_logins (login_id, email, password_hash, created_at) \
         SELECT '{gone}', 'lone@retailer.example', password_hash, now() FROM directory_logins WHERE login_id = '{login}'; \
         INSERT INTO directory_staff VALUES ('{gone}', '{gone}', '{gone}')"
    );
    service.database.execute(&lone).await;
    let told = two.sign_in("lone@retailer.example", PASSWORD).await.refused(Code::SignInFailed);
    assert!(text(&told["detail"]).contains("disabled"), "{told}");
    let wish = json!({ "token": token(two.id, &link), "password": NEW });
    patiently(async || two.anonymous.post("/v1/password/reset", &wish).await).await.ok();
    two.sign_in(&two.email, NEW).await.ok();
    let dead = "SELECT count(*) FROM queue_jobs WHERE state = 'dead'";
    eventually("the jobs", async || (service.database.number(dead).await == 0).then_some(())).await;
    service.stop().await;
}

#[tokio::test]
async fn one_who_knows_the_password_is_told_which_place_is_closed() {
    let retailer = Tenant::sign_up().await;
    let other = Tenant::sign_up().await;
    let wish = |password: &str| json!({ "email": retailer.email, "password": password, "tenant": other.id });
    let sign_in = async |wish: Value| patiently(async || retailer.anonymous.post("/v1/sessions", &wish).await).await;
    let blind = sign_in(wish("not the password")).await.refused(Code::SignInFailed);
    assert!(blind["errors"].is_null(), "{blind}");
    let told = sign_in(wish(PASSWORD)).await.refused(Code::SignInFailed);
    assert_eq!(told["errors"][0]["pointer"], "/tenant");
    let disable = format!("UPDATE staff SET disabled_at = now() WHERE tenant_id = '{}'", retailer.id.0);
    retailer.database.execute(&disable).await;
    let told = retailer.sign_in(&retailer.email, PASSWORD).await.refused(Code::SignInFailed);
    assert!(text(&told["detail"]).contains("disabled"), "{told}");
    let blind = retailer.sign_in(&retailer.email, "not the password").await.refused(Code::SignInFailed);
    assert!(!text(&blind["detail"]).contains("disabled"), "{blind}");
}
