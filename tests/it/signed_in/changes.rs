//! Roles changed, people disabled and let in again.

use super::{actions, at, owner, person};
use crate::harness::tenant::{PASSWORD, Style, text};
use crate::harness::{Answer, SOON, Tenant, becomes, own_database, own_service};
use futures_util::future::join_all;
use serde_json::json;
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Role;

#[tokio::test]
async fn a_changed_role_counts_on_every_replica_within_a_second() {
    let database = own_database().await;
    let (here, there) = (own_service(database.clone(), 4), own_service(database, 4));
    let retailer = Tenant::sign_up_at(&here, Style::default()).await;
    let staff = person(&retailer, Role::Marketer).await;
    let elsewhere = at(&there, &staff.client);
    // The owner links the server, which a marketer may not.
    retailer.link(&retailer.owner, "roles-server", "owner").await;
    let chat = retailer.link(&staff.client, "roles-server", "u").await;
    let chat_there = at(&there, &chat).on_behalf_of("discord/roles-server/u");
    let wish = json!({ "name": "A channel", "kind": "email" });
    for caller in [&staff.client, &elsewhere] {
        caller.post("/v1/channels", &wish).await.ok();
    }
    let campaign = retailer.active_campaign("Coupons").await;
    let pause = format!("/v1/campaigns/{campaign}/pause");
    let because = json!({ "reason": "Too dear" });
    chat_there.post(&pause, &because).await.ok();

    let path = format!("/v1/staff/{}", staff.id);
    let shown = retailer.owner.get(&path).await;
    assert_eq!((shown.header("etag"), &shown.body["version"]), ("\"1\"", &json!(1)));
    let change = json!({ "role": "viewer" });
    let (json_body, bytes) = ([("content-type", "application/json")], change.to_string().into_bytes());
    let blind = retailer.owner.send("PATCH", &path, &json_body, Some(bytes)).await;
    blind.refused(Code::PreconditionRequired);
    retailer.owner.patch(&path, 7, &change).await.refused(Code::VersionStale);
    let changed = retailer.owner.patch(&path, 1, &change).await;
    assert_eq!((changed.header("etag"), &changed.body["role"]), ("\"2\"", &json!("viewer")));
    // In the process that changed it at once, in the other within a second: rights, the chat user's too.
    staff.client.post("/v1/channels", &wish).await.refused(Code::PermissionDenied);
    chat.post(&pause, &because).await.refused(Code::PermissionDenied);
    becomes(403, async || elsewhere.post("/v1/channels", &wish).await).await.refused(Code::PermissionDenied);
    becomes(403, async || chat_there.post(&pause, &because).await).await.refused(Code::PermissionDenied);
    assert_eq!(staff.client.get("/v1/me").await.ok()["staff"]["role"], "viewer");

    // The same once more changes nothing.
    assert_eq!(retailer.owner.patch(&path, 2, &change).await.ok()["version"], 2);
    assert_eq!(actions(&retailer.owner, &staff.id).await[0], "staff.role_changed");
    let entries = retailer.owner.get(&format!("/v1/audit-entries?object={}", staff.id)).await.ok();
    assert_eq!(
        (&entries["data"][0]["before"], &entries["data"][0]["after"]),
        (
            &json!({ "role": "marketer", "custom_role": null, "department": null, "channels": null }),
            &json!({ "role": "viewer", "custom_role": null, "department": null, "channels": null })
        )
    );
    retailer.owner.patch(&path, 2, json!({ "role": null })).await.refused(Code::ValidationFailed);
    retailer.owner.patch(&path, 2, json!({ "role": "emperor" })).await.refused(Code::ValidationFailed);
    retailer.owner.patch(&path, 2, json!({ "name": "X" })).await.refused(Code::ValidationFailed);
    here.stop().await;
    there.stop().await;
}

#[tokio::test]
async fn a_disabled_staff_is_out_everywhere_and_comes_back_by_enabling() {
    let database = own_database().await;
    let (here, there) = (own_service(database.clone(), 4), own_service(database, 4));
    let retailer = Tenant::sign_up_at(&here, Style::default()).await;
    let staff = person(&retailer, Role::Admin).await;
    let chat = retailer.link(&staff.client, "disabled-server", "u").await;
    let chat_there = at(&there, &chat).on_behalf_of("discord/disabled-server/u");
    let elsewhere = at(&there, &staff.client);
    for caller in [&staff.client, &elsewhere, &chat, &chat_there] {
        caller.get("/v1/me").await.ok();
    }
    let path = format!("/v1/staff/{}", staff.id);
    let disable = format!("{path}/disable");
    assert_eq!(retailer.owner.post(&disable, json!({})).await.ok(), json!({ "changed": true }));
    staff.client.get("/v1/me").await.refused(Code::CredentialInvalid);
    chat.get("/v1/me").await.refused(Code::ChatUserNotLinked);
    becomes(401, async || elsewhere.get("/v1/me").await).await.refused(Code::CredentialInvalid);
    becomes(403, async || chat_there.get("/v1/me").await).await.refused(Code::ChatUserNotLinked);
    retailer.sign_in(&staff.email, PASSWORD).await.refused(Code::SignInFailed);
    let refresh = json!({ "refresh_token": staff.refresh_token });
    retailer.anonymous.post("/v1/sessions/refresh", &refresh).await.refused(Code::CredentialInvalid);
    assert_eq!(retailer.owner.post(&disable, json!({})).await.ok(), json!({ "changed": false }));
    assert_eq!(retailer.owner.get(&path).await.ok()["state"], "disabled");

    let enable = format!("{path}/enable");
    assert_eq!(retailer.owner.post(&enable, json!({})).await.ok(), json!({ "changed": true }));
    assert_eq!(retailer.owner.post(&enable, json!({})).await.ok(), json!({ "changed": false }));
    retailer.sign_in(&staff.email, PASSWORD).await.ok();
    // What ended stays ended.
    staff.client.get("/v1/me").await.refused(Code::CredentialInvalid);
    retailer.anonymous.post("/v1/sessions/refresh", &refresh).await.refused(Code::CredentialInvalid);
    let shown = retailer.owner.get(&path).await.ok();
    assert_eq!((&shown["state"], &shown["version"]), (&json!("active"), &json!(3)));
    let told = actions(&retailer.owner, &staff.id).await;
    assert_eq!(told[..2], ["staff.enabled", "staff.disabled"]);
    here.stop().await;
    there.stop().await;
}

#[tokio::test]
async fn nobody_changes_somebody_above_themselves_nor_themselves_nor_the_last_owner() {
    let retailer = Tenant::sign_up().await;
    let (first, admin, viewer) =
        (owner(&retailer).await, person(&retailer, Role::Admin).await, person(&retailer, Role::Viewer).await);
    let path = |who: &str| format!("/v1/staff/{who}");
    for verb in ["disable", "enable", "sign-out-everywhere"] {
        let over = format!("{}/{verb}", path(&first.id));
        let refused = admin.client.post(&over, json!({})).await;
        // An enabled owner is enabled already, which is no change.
        if verb == "enable" {
            assert_eq!(refused.ok(), json!({ "changed": false }));
        } else {
            refused.refused(Code::PermissionDenied);
        }
        Tenant::sign_up().await.owner.post(&over, json!({})).await.refused(Code::NotFound);
        viewer.client.post(&over, json!({})).await.refused(Code::PermissionDenied);
    }
    let role = |role: Role| json!({ "role": role });
    admin.client.patch(&path(&first.id), 1, role(Role::Viewer)).await.refused(Code::PermissionDenied);
    admin.client.patch(&path(&viewer.id), 1, role(Role::Owner)).await.refused(Code::PermissionDenied);
    admin.client.patch(&path(&admin.id), 1, role(Role::Viewer)).await.refused(Code::StateConflict);
    admin.client.post(&format!("{}/disable", path(&admin.id)), json!({})).await.refused(Code::StateConflict);
    first.client.patch(&path(&first.id), 1, role(Role::Admin)).await.refused(Code::StateConflict);
    first.client.post(&format!("{}/disable", path(&first.id)), json!({})).await.refused(Code::StateConflict);
    admin.client.patch(&path(&viewer.id), 1, role(Role::Admin)).await.ok();
    first.client.patch(&path(&viewer.id), 2, role(Role::Owner)).await.ok();
    // A second owner may take the first one's place.
    viewer.client.patch(&path(&first.id), 1, role(Role::Admin)).await.ok();
}

#[tokio::test]
async fn two_owners_who_depose_each_other_leave_one() {
    let retailer = Tenant::sign_up().await;
    let first = owner(&retailer).await;
    for round in 0..3 {
        let second = person(&retailer, Role::Owner).await;
        let depose = async |by: &super::Person, of: &super::Person| {
            if round % 2 == 0 {
                by.client.post(&format!("/v1/staff/{}/disable", of.id), json!({})).await
            } else {
                by.client.patch(&format!("/v1/staff/{}", of.id), 1, json!({ "role": "viewer" })).await
            }
        };
        let both: [Answer; 2] =
            futures_util::future::join(depose(&first, &second), depose(&second, &first)).await.into();
        let done = both.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(done, 1, "{:?}", both.map(|answer| answer.text()));
        let owners = "SELECT count(*) FROM staff WHERE role = 'owner' AND disabled_at IS NULL AND tenant_id";
        assert_eq!(retailer.database.number(&format!("{owners} = '{}'", retailer.id.0)).await, 1);
        if both[0].status != 200 {
            // The first one lost, so the story ends here.
            break;
        }
    }
}

#[tokio::test]
async fn racing_writers_of_one_version_make_one_change() {
    let retailer = Tenant::sign_up().await;
    let staff = person(&retailer, Role::Viewer).await;
    let path = format!("/v1/staff/{}", staff.id);
    let roles = [Role::Admin, Role::Marketer, Role::Analyst, Role::Compliance, Role::Integrator];
    let racing = (0..20).map(|n| {
        let (owner, path, wish) = (retailer.owner.clone(), path.clone(), json!({ "role": roles[n % roles.len()] }));
        async move { owner.patch(&path, 1, wish).await.status }
    });
    let mut statuses = join_all(racing).await;
    statuses.retain(|status| *status != 503);
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 412].contains(status)), "{statuses:?}");
    assert_eq!(retailer.owner.get(&path).await.ok()["version"], 2);
}

#[tokio::test]
async fn a_staff_who_lost_a_device_is_signed_out_everywhere() {
    let retailer = Tenant::sign_up().await;
    let staff = person(&retailer, Role::Analyst).await;
    let again = retailer.sign_in(&staff.email, PASSWORD).await.ok();
    let again = retailer.anonymous.bearing(text(&again["access_token"]));
    let path = format!("/v1/staff/{}/sign-out-everywhere", staff.id);
    assert_eq!(retailer.owner.post(&path, json!({})).await.ok(), json!({ "changed": true }));
    tokio::time::sleep(SOON).await;
    for session in [&staff.client, &again] {
        session.get("/v1/me").await.refused(Code::CredentialInvalid);
    }
    assert_eq!(retailer.owner.post(&path, json!({})).await.ok(), json!({ "changed": false }));
    assert_eq!(actions(&retailer.owner, &staff.id).await, ["staff.signed_out_everywhere"]);
    retailer.sign_in(&staff.email, PASSWORD).await.ok();
}
