//! What a signed-in person does with their place: their sessions, other people's roles, the second factor, going from
//! one retailer to another.
//!
//! Cast: [`sessions`] (seen, ended, proven anew), [`changes`] (roles, disabling), [`factor`] (enrolling and signing in
//! with it), [`lost`] (the way back from a lost one), [`asked`] (the retailer asks for it), [`places`] (several retailers). What must be seen by every replica is
//! shown on two services over one database.

#![expect(clippy::unwrap_used, reason = "tests")]

mod asked;
mod changes;
mod factor;
mod lost;
mod places;
mod sessions;

use crate::harness::service::OwnService;
use crate::harness::tenant::{PASSWORD, patiently, text, unique};
use crate::harness::{Answer, Client, SOON, Tenant};
use serde_json::{Value, json};
use tillwatch_shared::permissions::Role;
use totp_rs::{Algorithm, Secret, TOTP};

/// Somebody with a place, signed in.
struct Person {
    email: String,
    id: String,
    client: Client,
    refresh_token: String,
    session: String,
}

/// A new staff of this role, signed in.
async fn person(tenant: &Tenant, role: Role) -> Person {
    let email = tenant.add_staff(role).await;
    signed_in(tenant, &email, &tenant.sign_in(&email, PASSWORD).await.ok())
}

/// The owner who signed up, in a session of its own.
async fn owner(tenant: &Tenant) -> Person {
    signed_in(tenant, &tenant.email, &tenant.sign_in(&tenant.email, PASSWORD).await.ok())
}

fn signed_in(tenant: &Tenant, email: &str, signed: &Value) -> Person {
    Person {
        email: email.to_owned(),
        id: text(&signed["me"]["staff"]["id"]).to_owned(),
        client: tenant.anonymous.bearing(text(&signed["access_token"])),
        refresh_token: text(&signed["refresh_token"]).to_owned(),
        session: text(&signed["session"]).to_owned(),
    }
}

/// An address of a client that nobody else of the run has, so that nobody else's wrong tries count.
fn somewhere() -> String {
    let number = unique();
    format!("198.18.{}.{}", number / 250 % 250, number % 250 + 1)
}

/// Sends JSON from an address of its own.
async fn post_from(client: &Client, from: &str, path: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json"), ("x-forwarded-for", from)];
    patiently(async || client.send("POST", path, &headers, Some(body.to_string().into_bytes())).await).await
}

/// The same person at another service.
fn at(service: &OwnService, person: &Client) -> Client {
    service.anonymous().bearing(person.bearer())
}

/// The code of an authenticator with this secret, of the step behind the present one: it is taken for a minute at least.
fn code(secret: &str) -> String {
    let bytes = Secret::Encoded(secret.to_owned()).to_bytes().unwrap();
    let one = TOTP::new(Algorithm::SHA1, 6, 1, 30, bytes, None, String::new()).unwrap();
    one.generate(u64::try_from(chrono::Utc::now().timestamp()).unwrap() + 30)
}

/// Enrols a second factor; its secret and recovery codes.
async fn enrol(person: &Client) -> (String, Vec<String>) {
    let secret = text(&person.post("/v1/second-factor", json!({})).await.ok()["secret"]).to_owned();
    let confirmed = person.post("/v1/second-factor/confirm", json!({ "code": code(&secret) })).await.ok();
    let codes = confirmed["codes"].as_array().unwrap().iter().map(|code| text(code).to_owned()).collect();
    (secret, codes)
}

/// Time passes for a login's authenticator: the step that was used last is long ago.
async fn step_passes(tenant: &Tenant, email: &str) {
    let login = format!("(SELECT login_id FROM directory_logins WHERE email = '{email}')");
    tenant
        .database
        .execute(&format!("UPDATE directory_second_factors SET last_step = 1 WHERE login_id = {login}"))
        .await;
}

/// The ten minutes of a sign-in pass.
async fn proof_ages(tenant: &Tenant, session: &str) {
    let id: tillwatch_shared::ids::SessionId = session.parse().unwrap();
    let age = "authenticated_at = now() - interval '11 minutes'";
    tenant.database.execute(&format!("UPDATE sessions SET {age} WHERE session_id = '{}'", id.0)).await;
    tokio::time::sleep(SOON).await;
}

/// The actions on an object in the retailer's audit log, newest first.
async fn actions(reader: &Client, object: &str) -> Vec<String> {
    let page = reader.get(&format!("/v1/audit-entries?object={object}&limit=200")).await.ok();
    page["data"].as_array().unwrap().iter().map(|entry| text(&entry["action"]).to_owned()).collect()
}
