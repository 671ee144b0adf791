//! Roles of a retailer's own.

use super::{allowed, give, give_as, refused_fields, role, staff_id};
use crate::harness::service::own_service;
use crate::harness::tenant::{Style, text};
use crate::harness::{Client, SOON, Tenant, own_database, soon};
use serde_json::json;
use tillwatch_backend::platform::http::endpoint::Access;
use tillwatch_backend::router::endpoints;
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::{Permission, Role};

#[tokio::test]
async fn a_role_is_made_shown_changed_and_archived() {
    let retailer = Tenant::sign_up().await;
    let wish = json!({ "name": " 店长 Manager ", "permissions": ["samples:write", "channels:read", "samples:write"] });
    let made = retailer.owner.post("/v1/roles", &wish).await;
    assert_eq!((made.status, made.header("etag")), (201, "\"1\""));
    let location = made.header("location").to_owned();
    let made = made.ok();
    assert_eq!((&made["name"], &made["archived_at"]), (&json!("店长 Manager"), &json!(null)));
    assert_eq!(made["permissions"], json!(["channels:read", "samples:write"]), "each once, in the list's order");
    assert_eq!(retailer.owner.get(&location).await.ok(), made);
    let list = retailer.owner.get("/v1/roles").await.ok();
    assert_eq!(list["data"], json!([made]));
    let built_in = list["built_in"].as_array().expect("a list");
    assert_eq!(built_in.len(), Role::ALL.len());
    assert_eq!(built_in[7], json!({ "role": "viewer", "permissions": allowed(Role::Viewer, &[]) }));
    // The same name in another case is taken; archived it is free again.
    let taken = retailer.owner.post("/v1/roles", json!({ "name": "店长 MANAGER", "permissions": [] })).await;
    assert_eq!(refused_fields(&taken.refused(Code::AlreadyExists)), ["/name taken"]);
    retailer.owner.patch(&location, 7, json!({ "name": "x" })).await.refused(Code::VersionStale);
    let same =
        retailer.owner.patch(&location, 1, json!({ "permissions": ["samples:write", "channels:read"] })).await.ok();
    assert_eq!(same, made, "nothing differs, nothing is written");
    let changed = retailer.owner.patch(&location, 1, json!({ "permissions": [] })).await.ok();
    assert_eq!((&changed["permissions"], &changed["version"]), (&json!([]), &json!(2)));
    let archived = retailer.owner.post(&format!("{location}/archive"), json!({})).await.ok();
    assert_eq!(
        retailer.owner.post(&format!("{location}/archive"), json!({})).await.ok(),
        archived,
        "again changes nothing"
    );
    retailer.owner.patch(&location, 3, json!({ "name": "x" })).await.refused(Code::StateConflict);
    assert_eq!(retailer.owner.get("/v1/roles").await.ok()["data"], json!([]));
    assert_eq!(retailer.owner.get("/v1/roles?archived=true").await.ok()["data"], json!([archived]));
    retailer.owner.post("/v1/roles", &wish).await.ok();
    let audited = retailer.audited().await;
    let actions: Vec<&str> = audited.iter().map(|entry| text(&entry["action"])).take(4).collect();
    assert_eq!(actions, ["role.created", "role.archived", "role.changed", "role.created"]);
    assert_eq!(audited[2]["before"]["permissions"], json!(["channels:read", "samples:write"]));
    Tenant::sign_up().await.owner.get(&location).await.refused(Code::NotFound);
}

#[tokio::test]
async fn wrong_roles_are_refused_field_by_field() {
    let retailer = Tenant::sign_up().await;
    for (wish, fields) in [
        (json!({ "name": " ", "permissions": ["tenant:delete"] }), vec!["/name required", "/permissions/0 owner_only"]),
        (json!({ "name": "店".repeat(121), "permissions": [] }), vec!["/name too_long"]),
        (json!({ "name": "a\nb", "permissions": [] }), vec!["/name control_character"]),
        (json!({ "name": "x", "permissions": ["everything"] }), vec!["/permissions/0 invalid"]),
        (json!({ "name": "x" }), vec!["/permissions required"]),
        (json!({ "name": "x", "permissions": [], "colour": "red" }), vec!["/colour unknown_field"]),
        (json!({ "name": "x", "permissions": vec!["samples:write"; 65] }), vec!["/permissions too_many"]),
    ] {
        let problem = retailer.owner.post("/v1/roles", &wish).await.refused(Code::ValidationFailed);
        assert_eq!(refused_fields(&problem), fields, "{wish}");
    }
    let admin = retailer.staff(Role::Admin).await;
    assert_eq!(admin.get("/v1/roles").await.ok()["data"], json!([]), "nothing was made");
    retailer.staff(Role::Analyst).await.post("/v1/roles", json!({})).await.refused(Code::PermissionDenied);
}

#[tokio::test]
async fn nobody_makes_or_gives_what_they_lack_nor_changes_somebody_who_may_more() {
    let retailer = Tenant::sign_up().await;
    let may_give = allowed(Role::Viewer, &[Permission::StaffRead, Permission::StaffWrite, Permission::RolesWrite]);
    let (giver_role, more) =
        (role(&retailer, "Giver", &may_give).await, role(&retailer, "More", &[Permission::SamplesWrite]).await);
    let (giver, viewer, admin) =
        (retailer.staff(Role::Viewer).await, retailer.staff(Role::Viewer).await, retailer.staff(Role::Admin).await);
    give(&retailer, &staff_id(&giver).await, json!({ "custom_role": giver_role })).await.ok();
    soon("the role to count", async || {
        (giver.get("/v1/me").await.ok()["permissions"] == json!(may_give)).then_some(())
    })
    .await;
    let wish = json!({ "name": "Mine", "permissions": ["channels:read", "samples:write"] });
    let problem = giver.post("/v1/roles", wish).await.refused(Code::ValidationFailed);
    assert_eq!(refused_fields(&problem), ["/permissions/1 not_yours"]);
    let path = format!("/v1/roles/{giver_role}");
    let wish = json!({ "permissions": may_give.iter().copied().chain([Permission::AuditRead]).collect::<Vec<_>>() });
    let problem = giver.patch(&path, 1, wish).await.refused(Code::ValidationFailed);
    assert_eq!(refused_fields(&problem), [format!("/permissions/{} not_yours", may_give.len())]);
    let viewer = staff_id(&viewer).await;
    let problem = give_as(&giver, &viewer, json!({ "custom_role": more })).await.refused(Code::ValidationFailed);
    assert_eq!(refused_fields(&problem), ["/custom_role not_yours"]);
    assert!(text(&problem["detail"]).contains("samples:write"), "{problem}");
    let admin = staff_id(&admin).await;
    give_as(&giver, &admin, json!({ "channels": [] })).await.refused(Code::PermissionDenied);
    give_as(&giver, &admin, json!({ "custom_role": giver_role })).await.refused(Code::PermissionDenied);
    let given = give_as(&giver, &viewer, json!({ "custom_role": giver_role })).await.ok();
    assert_eq!(given["custom_role"], json!({ "id": giver_role, "name": "Giver" }));
    // Others' roles and roles that are archived are none.
    let other = Tenant::sign_up().await;
    let theirs = role(&other, "Theirs", &[]).await;
    retailer.owner.post(&format!("/v1/roles/{more}/archive"), json!({})).await.ok();
    for none in [theirs, more] {
        let problem = give(&retailer, &viewer, json!({ "custom_role": none })).await.refused(Code::ValidationFailed);
        assert_eq!(refused_fields(&problem), ["/custom_role not_found"]);
    }
    let kept = retailer.owner.post(&format!("{path}/archive"), json!({})).await.refused(Code::StateConflict);
    assert!(text(&kept["detail"]).starts_with("2 staff"), "{kept}");
}

/// A staff with a role of the retailer's own that allows these.
async fn with_role(retailer: &Tenant, name: &str, permissions: &[Permission]) -> (Client, String) {
    let staff = retailer.staff(Role::Viewer).await;
    let id = staff_id(&staff).await;
    let role = role(retailer, name, permissions).await;
    give(retailer, &id, json!({ "custom_role": role })).await.ok();
    soon("the role to count", async || {
        (staff.get("/v1/me").await.ok()["permissions"] == json!(permissions)).then_some(())
    })
    .await;
    (staff, id)
}

#[tokio::test]
async fn whoever_looks_after_people_gains_nothing_by_it() {
    let retailer = Tenant::sign_up().await;
    let (keeper, own) = with_role(&retailer, "Keeper", &[Permission::StaffRead, Permission::StaffWrite]).await;
    // A viewer reads more than the keeper may: neither themselves nor anybody else is made one.
    for wish in [json!({ "custom_role": null }), json!({ "channels": [] })] {
        let problem = give_as(&keeper, &own, wish).await.refused(Code::StateConflict);
        assert!(text(&problem["detail"]).contains("Nobody changes what they may do themselves"), "{problem}");
    }
    keeper.patch(&format!("/v1/staff/{own}"), 2, json!({ "role": "viewer" })).await.refused(Code::StateConflict);
    let (_, idle) = with_role(&retailer, "Idle", &[]).await;
    for path in [format!("/v1/staff/{idle}/authority"), format!("/v1/staff/{idle}")] {
        let wish =
            if path.ends_with("authority") { json!({ "custom_role": null }) } else { json!({ "role": "viewer" }) };
        let problem = keeper.patch(&path, 2, wish).await.refused(Code::PermissionDenied);
        assert!(text(&problem["detail"]).contains("`tenant:read`, `channels:read`"), "{problem}");
    }
    assert_eq!(keeper.get("/v1/me").await.ok()["permissions"], json!(["staff:read", "staff:write"]));
    keeper.get("/v1/channels").await.refused(Code::PermissionDenied);
    // A department gives no rights, so that the only owner can be in one.
    let department = retailer.owner.post("/v1/departments", json!({ "name": "总部" })).await.ok();
    let first = staff_id(&retailer.owner).await;
    let placed = give(&retailer, &first, json!({ "department": department["id"] })).await.ok();
    assert_eq!((&placed["department"]["name"], &placed["role"]), (&json!("总部"), &json!("owner")));
}

#[tokio::test]
async fn a_role_that_allows_more_than_one_may_is_neither_changed_nor_archived() {
    let retailer = Tenant::sign_up().await;
    let (writer, _) = with_role(&retailer, "Writer", &[Permission::StaffRead, Permission::RolesWrite]).await;
    let audit = role(&retailer, "Auditors", &[Permission::StaffRead, Permission::AuditRead]).await;
    let path = format!("/v1/roles/{audit}");
    for less in [json!({ "permissions": [] }), json!({ "permissions": ["staff:read"], "name": "X" })] {
        let problem = writer.patch(&path, 1, less).await.refused(Code::PermissionDenied);
        assert!(text(&problem["detail"]).contains("`audit:read`"), "{problem}");
    }
    writer.post(&format!("{path}/archive"), json!({})).await.refused(Code::PermissionDenied);
    // What it is called is no right.
    assert_eq!(writer.patch(&path, 1, json!({ "name": "审计员" })).await.ok()["name"], "审计员");
    let plain = role(&retailer, "Plain", &[Permission::StaffRead]).await;
    writer.patch(&format!("/v1/roles/{plain}"), 1, json!({ "permissions": [] })).await.ok();
    writer.post(&format!("/v1/roles/{plain}/archive"), json!({})).await.ok();
}

#[tokio::test]
async fn the_matrix_holds_for_roles_of_ones_own_and_an_empty_one_opens_nothing() {
    let retailer = Tenant::sign_up().await;
    let staff = retailer.staff(Role::Admin).await;
    let role = role(&retailer, "One thing", &[]).await;
    let given = give(&retailer, &staff_id(&staff).await, json!({ "custom_role": role })).await.ok();
    assert_eq!(given["role"], "viewer", "the built-in role counts for nothing and says so");
    let each = Permission::ALL.iter().copied().filter(|permission| permission.for_custom_roles());
    let mut version = 1;
    for one in [None].into_iter().chain(each.map(Some)) {
        let permissions = Vec::from_iter(one);
        if one.is_some() {
            let wish = json!({ "permissions": permissions });
            let changed = retailer.owner.patch(&format!("/v1/roles/{role}"), version, wish).await.ok();
            version = changed["version"].as_i64().expect("a version");
        }
        soon("the role's change to count", async || {
            (staff.get("/v1/me").await.ok()["permissions"] == json!(permissions)).then_some(())
        })
        .await;
        for endpoint in &endpoints() {
            let Access::Permission(permission) = endpoint.access else { continue };
            let path = endpoint.path.replace("{id}", "nothing");
            let json = [("content-type", "application/json")];
            let body = (endpoint.method_name() != "GET").then(|| b"{\"unknown\":".to_vec());
            let answer = staff.send(endpoint.method_name(), &path, &json, body).await;
            let passed = !matches!(answer.status, 401 | 403);
            assert_eq!(passed, Some(permission) == one, "{one:?} at {}: {}", answer.asked, answer.text());
        }
    }
}

#[tokio::test]
async fn a_change_counts_within_a_second_on_every_replica() {
    let database = own_database().await;
    let (one, other) = (own_service(database.clone(), 3), own_service(database, 3));
    let retailer = Tenant::sign_up_at(&one, Style::default()).await;
    let staff = retailer.staff(Role::Admin).await;
    let there = other.anonymous().bearing(staff.bearer());
    let nothing = role(&retailer, "Nothing", &[]).await;
    there.get("/v1/staff").await.ok();
    give(&retailer, &staff_id(&staff).await, json!({ "custom_role": nothing })).await.ok();
    tokio::time::sleep(SOON).await;
    for here in [&there, &staff] {
        here.get("/v1/staff").await.refused(Code::PermissionDenied);
        assert_eq!(here.get("/v1/me").await.ok()["permissions"], json!([]));
    }
    let signed = retailer.sign_in(&retailer.email, crate::harness::tenant::PASSWORD).await.ok();
    assert_eq!(signed["me"]["permissions"], json!(Permission::ALL), "an owner may everything");
    one.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn a_retailer_keeps_an_owner_whoever_races() {
    let retailer = Tenant::sign_up().await;
    let nothing = role(&retailer, "Nothing", &[]).await;
    let first = staff_id(&retailer.owner).await;
    let alone = give(&retailer, &first, json!({ "custom_role": nothing })).await.refused(Code::StateConflict);
    assert!(text(&alone["detail"]).contains("Nobody changes"), "{alone}");
    let problem = give(&retailer, &first, json!({ "channels": [] })).await.refused(Code::ValidationFailed);
    assert_eq!(refused_fields(&problem), ["/channels owner"]);
    let second = retailer.staff(Role::Owner).await;
    let id = staff_id(&second).await;
    let paths = [&first, &id].map(|id| format!("/v1/staff/{id}/authority"));
    let wish = json!({ "custom_role": nothing });
    let (a, b) = tokio::join!(retailer.owner.patch(&paths[1], 1, &wish), second.patch(&paths[0], 1, &wish));
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    // Whoever is late finds the last owner, or is no owner any more.
    assert_eq!(statuses[0], 200, "one deposes the other: {} {}", a.text(), b.text());
    assert!(matches!(statuses[1], 403 | 409), "and stays: {} {}", a.text(), b.text());
    let owners = format!("SELECT count(*) FROM staff WHERE tenant_id = '{}' AND role = 'owner'", retailer.id.0);
    assert_eq!(retailer.database.number(&owners).await, 1);
}

#[tokio::test]
async fn a_hundred_writers_of_one_role_lose_no_change() {
    let retailer = Tenant::sign_up().await;
    let role = role(&retailer, "Contested", &[]).await;
    let path = format!("/v1/roles/{role}");
    let writes = (0..100).map(|n| retailer.owner.patch(&path, 1, json!({ "name": format!("Name {n}") })));
    let answers = futures_util::future::join_all(writes).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 200 | 412 | 503)), "{statuses:?}");
    assert_eq!(retailer.owner.get(&path).await.ok()["version"], 2);
}
