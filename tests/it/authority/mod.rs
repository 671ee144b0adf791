//! What staff and tokens may do and where: custom roles, departments, permissions narrowed to channels, tokens that are
//! rotated and reported.

#![expect(clippy::expect_used, reason = "tests")]

mod departments;
mod leaks;
mod reach;
mod roles;
mod rotation;

use crate::harness::tenant::text;
use crate::harness::{Answer, Client, Tenant};
use serde_json::Value;
use tillwatch_shared::permissions::{Permission, Role};

/// The id of a signed-in staff.
pub(crate) async fn staff_id(staff: &Client) -> String {
    text(&staff.get("/v1/me").await.ok()["staff"]["id"]).to_owned()
}

/// Changes a staff's authority as the owner, over the present version.
pub(crate) async fn give(retailer: &Tenant, staff: &str, wish: Value) -> Answer {
    give_as(&retailer.owner, staff, wish).await
}

/// As [`give`], as somebody else who sees the staff.
async fn give_as(by: &Client, staff: &str, wish: Value) -> Answer {
    let version = by.get(&format!("/v1/staff/{staff}")).await.ok()["version"].as_i64().expect("a version");
    by.patch(&format!("/v1/staff/{staff}/authority"), version, wish).await
}

/// A new role of these permissions; its id.
async fn role(retailer: &Tenant, name: &str, permissions: &[Permission]) -> String {
    let wish = serde_json::json!({ "name": name, "permissions": permissions });
    text(&retailer.owner.post("/v1/roles", wish).await.ok()["id"]).to_owned()
}

/// What a built-in role allows, and `more`.
fn allowed(role: Role, more: &[Permission]) -> Vec<Permission> {
    Permission::ALL.iter().copied().filter(|permission| role.allows(*permission) || more.contains(permission)).collect()
}

/// The code of each refused field by its pointer.
fn refused_fields(problem: &Value) -> Vec<String> {
    let fields = problem["errors"].as_array().cloned().unwrap_or_default();
    fields.iter().map(|field| format!("{} {}", text(&field["pointer"]), text(&field["code"]))).collect()
}
