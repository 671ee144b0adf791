//! Mails that tell a retailer of what happened without them: they go to everybody who may see to it, and to nobody else.

use super::{actions, retailer, service};
use crate::harness::tenant::{PASSWORD, text};
use crate::harness::{Tenant, eventually};
use serde_json::json;
use tillwatch_shared::permissions::{Permission, Role};

/// Who was written to with this template: their roles and the languages.
async fn told(retailer: &Tenant, template: &str, count: usize) -> Vec<String> {
    let query = format!(
        "SELECT s.role || ' ' || m.locale || coalesce(' disabled' || s.disabled_at::text, '') FROM mails m \
         JOIN staff s ON s.tenant_id = m.tenant_id AND s.login_id = m.to_login \
         WHERE m.tenant_id = '{}' AND m.template = '{template}' ORDER BY 1",
        retailer.id.0
    );
    eventually("the mails", async || Some(retailer.database.texts(&query).await).filter(|told| told.len() >= count))
        .await
}

#[tokio::test]
async fn who_may_see_to_a_leak_or_to_the_end_is_told_in_their_own_language_and_nobody_else() {
    let service = service().await;
    let retailer = retailer(&service).await;
    let (admin, gone) = (retailer.staff(Role::Admin).await, retailer.add_staff(Role::Admin).await);
    let version = admin.get("/v1/me").await.ok()["staff"]["version"].as_i64().expect("a version");
    admin.patch("/v1/me", version, json!({ "locale": "zh-CN" })).await.ok();
    let gone = retailer.sign_in(&gone, PASSWORD).await.ok();
    let me = retailer.anonymous.bearing(text(&gone["access_token"])).get("/v1/me").await.ok();
    retailer.owner.post(&format!("/v1/staff/{}/disable", text(&me["staff"]["id"])), json!({})).await.ok();
    retailer.staff(Role::Viewer).await;
    let token = retailer.partner(&[Permission::SamplesWrite]).await;
    let leak = json!({ "token": token.bearer(), "source": "https://code.example/配置.env" });
    retailer.anonymous.post("/v1/leaked-tokens", &leak).await.ok();
    retailer.anonymous.post("/v1/leaked-tokens", &leak).await.ok();
    assert_eq!(actions(&retailer, "api_token.leaked").await.len(), 1);
    assert_eq!(told(&retailer, "token_leaked", 2).await, ["admin zh-CN", "owner en"]);
    // Only an owner ends a retailer, so only owners are told.
    let closing = json!({ "confirm": retailer.name, "reason": "Moving on" });
    let erasure = retailer.owner.post("/v1/tenant/close", &closing).await.ok()["erasure"].clone();
    retailer.owner.post("/v1/tenant/close", &closing).await.ok();
    assert_eq!(told(&retailer, "tenant_closing", 1).await, ["owner en"]);
    let fields = "SELECT fields -> 'tenant_closing' ->> 'erasure' FROM mails WHERE template = 'tenant_closing'";
    assert_eq!(retailer.database.texts(fields).await, [text(&erasure)]);
}
