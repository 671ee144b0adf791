//! The retailer asks for a second factor: whoever has none reaches nothing but their own enrolment.

use super::{at, enrol, person};
use crate::harness::tenant::{PASSWORD, Style};
use crate::harness::{Client, Tenant, becomes, own_database, own_service};
use serde_json::json;
use tillwatch_backend::platform::http::endpoint::Access;
use tillwatch_backend::router::endpoints;
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::{Permission, Role};

/// What stays open to somebody who must enrol.
const OPEN: [&str; 8] = [
    "GET /v1/me",
    "POST /v1/sessions/sign-out",
    "POST /v1/sessions/reauthenticate",
    "GET /v1/second-factor",
    "POST /v1/second-factor",
    "POST /v1/second-factor/confirm",
    "POST /v1/second-factor/recovery-codes",
    "POST /v1/second-factor/remove",
];

async fn require(owner: &Client, of: &str) -> serde_json::Value {
    owner.post("/v1/tenant/second-factor", json!({ "required": of })).await.ok()
}

#[tokio::test]
async fn whoever_must_enrol_is_stopped_at_every_operation_until_they_have() {
    let database = own_database().await;
    let (here, there) = (own_service(database.clone(), 4), own_service(database, 4));
    let retailer = Tenant::sign_up_at(&here, Style::default()).await;
    let staff = person(&retailer, Role::Admin).await;
    let elsewhere = at(&there, &staff.client);
    retailer.link(&retailer.owner, "asked-server", "owner").await;
    let chat = retailer.link(&staff.client, "asked-server", "u").await;
    let partner = retailer.partner(&[Permission::TenantRead]).await;
    for caller in [&staff.client, &elsewhere, &chat, &partner] {
        caller.get("/v1/tenant").await.ok();
    }
    enrol(&retailer.owner).await;
    assert_eq!(require(&retailer.owner, "everybody").await, json!({ "changed": true }));
    assert_eq!(require(&retailer.owner, "everybody").await, json!({ "changed": false }));
    for caller in [&staff.client, &elsewhere, &chat] {
        becomes(403, async || caller.get("/v1/tenant").await).await.refused(Code::EnrolmentRequired);
    }
    let state = staff.client.get("/v1/second-factor").await.ok();
    assert_eq!((&state["required"], &state["enrolled_at"]), (&json!(true), &json!(null)));

    // Every operation of the program, so that a new one is stopped without being named here.
    let mut open = Vec::new();
    for endpoint in endpoints().iter().filter(|endpoint| !matches!(endpoint.access, Access::Anonymous | Access::Bot)) {
        let (method, path) = (endpoint.method_name(), endpoint.path.replace("{id}", "nothing"));
        let place = format!("{method} {}", endpoint.path);
        let body = (method != "GET").then(|| b"{\"unknown\":".to_vec());
        if OPEN.contains(&place.as_str()) {
            open.push(place);
            continue;
        }
        let answer = staff.client.send(method, &path, &[("content-type", "application/json")], body).await;
        answer.refused(Code::EnrolmentRequired);
    }
    open.sort();
    let mut all = OPEN.map(str::to_owned);
    all.sort();
    assert_eq!(open, all);

    // Whoever has one, and whoever is no person, goes on; whoever enrols goes on at once.
    retailer.owner.get("/v1/tenant").await.ok();
    partner.get("/v1/tenant").await.ok();
    assert_eq!(staff.client.get("/v1/me").await.ok()["staff"]["role"], "admin");
    enrol(&staff.client).await;
    staff.client.get("/v1/tenant").await.ok();
    chat.get("/v1/tenant").await.ok();
    becomes(200, async || elsewhere.get("/v1/tenant").await).await;
    here.stop().await;
    there.stop().await;
}

#[tokio::test]
async fn owners_alone_are_asked_when_the_retailer_says_so() {
    let retailer = Tenant::sign_up().await;
    let (admin, viewer) = (person(&retailer, Role::Admin).await, person(&retailer, Role::Viewer).await);
    viewer
        .client
        .post("/v1/tenant/second-factor", json!({ "required": "owners" }))
        .await
        .refused(Code::PermissionDenied);
    let problem = retailer.owner.post("/v1/tenant/second-factor", json!({ "required": "cats" })).await;
    problem.refused(Code::ValidationFailed);
    assert_eq!(require(&admin.client, "owners").await, json!({ "changed": true }));
    becomes(403, async || retailer.owner.get("/v1/tenant").await).await.refused(Code::EnrolmentRequired);
    for caller in [&admin.client, &viewer.client] {
        caller.get("/v1/tenant").await.ok();
    }
    // Signing in is possible, for enrolling.
    let signed = retailer.sign_in(&retailer.email, PASSWORD).await.ok();
    let owner = retailer.anonymous.bearing(crate::harness::tenant::text(&signed["access_token"]));
    owner.get("/v1/staff").await.refused(Code::EnrolmentRequired);
    enrol(&owner).await;
    owner.get("/v1/staff").await.ok();
    let entries = owner.get(&format!("/v1/audit-entries?object={}", retailer.id)).await.ok();
    let changed = &entries["data"][0];
    assert_eq!(
        (&changed["action"], &changed["before"], &changed["after"]),
        (
            &json!("tenant.second_factor_changed"),
            &json!({ "second_factor": "optional" }),
            &json!({ "second_factor": "owners" })
        )
    );
}
