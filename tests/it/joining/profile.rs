//! One's own name and language.

use crate::harness::Tenant;
use crate::harness::tenant::text;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::{Permission, Role};

#[tokio::test]
async fn a_person_changes_their_own_name_and_language_over_the_version_they_read() {
    let retailer = Tenant::sign_up().await;
    let me = retailer.owner.get("/v1/me").await;
    assert_eq!(me.header("etag"), "\"1\"");
    let changed = retailer.owner.patch("/v1/me", 1, json!({ "name": " 韩梅梅 ", "locale": "zh-CN" })).await;
    assert_eq!((changed.status, changed.header("etag")), (200, "\"2\""));
    let changed = changed.ok();
    assert_eq!(
        (&changed["name"], &changed["locale"], &changed["version"]),
        (&json!("韩梅梅"), &json!("zh-CN"), &json!(2))
    );
    let seen = retailer.owner.get("/v1/me").await.ok();
    assert_eq!((&seen["staff"]["name"], &seen["staff"]["locale"]), (&json!("韩梅梅"), &json!("zh-CN")));
    let listed = retailer.owner.get(&format!("/v1/staff/{}", text(&seen["staff"]["id"]))).await;
    assert_eq!((listed.header("etag"), &listed.body["name"]), ("\"2\"", &json!("韩梅梅")));

    let same = retailer.owner.patch("/v1/me", 2, json!({ "name": "韩梅梅" })).await.ok();
    assert_eq!(same["version"], 2, "what is so already changes nothing");
    retailer.owner.patch("/v1/me", 1, json!({ "name": "Late" })).await.refused(Code::VersionStale);
    let json_body = [("content-type", "application/json")];
    let blind = retailer.owner.send("PATCH", "/v1/me", &json_body, Some(b"{}".to_vec())).await;
    blind.refused(Code::PreconditionRequired);
    let cleared = retailer.owner.patch("/v1/me", 2, json!({ "locale": null })).await.ok();
    assert_eq!(cleared["locale"], Value::Null);

    for wrong in [
        json!({ "name": null }),
        json!({ "name": "" }),
        json!({ "name": "x".repeat(121) }),
        json!({ "name": "a\0b" }),
        json!({ "name": "韩\n梅梅" }),
        json!({ "locale": "de" }),
        json!({ "role": "owner" }),
    ] {
        retailer.owner.patch("/v1/me", 3, wrong).await.refused(Code::ValidationFailed);
    }
    let partner = retailer.partner(&[Permission::ChannelsRead]).await;
    partner.patch("/v1/me", 1, json!({ "name": "A token" })).await.refused(Code::StateConflict);
    let chat = retailer.link(&retailer.owner, "profile-server", "profile-user").await;
    chat.patch("/v1/me", 3, json!({ "name": "A chat user" })).await.refused(Code::StateConflict);
    let log = retailer.owner.get("/v1/audit-entries?limit=200").await.text();
    assert!(log.contains("staff.profile_changed") && !log.contains("韩梅梅"), "a name is personal: {log}");
}

#[tokio::test]
async fn of_writers_at_once_each_version_has_one() {
    let retailer = Tenant::sign_up().await;
    let staff = retailer.staff(Role::Viewer).await;
    let staff = &staff;
    let writes = join_all((0..20).map(async |number| {
        crate::harness::tenant::patiently(async || {
            staff.patch("/v1/me", 1, json!({ "name": format!("Writer {number}") })).await
        })
        .await
    }));
    let answers = writes.await;
    let won = answers.iter().filter(|answer| answer.status == 200).count();
    let stale = answers.iter().filter(|answer| answer.status == 412).count();
    assert_eq!((won, stale), (1, 19));
    assert_eq!(staff.get("/v1/me").await.ok()["staff"]["version"], 2);
}
