//! Departments.

use super::{give, refused_fields, staff_id};
use crate::harness::Tenant;
use crate::harness::tenant::text;
use serde_json::json;
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Role;

#[tokio::test]
async fn a_department_is_made_filled_listed_and_archived_when_empty() {
    let retailer = Tenant::sign_up().await;
    let made = retailer.owner.post("/v1/departments", json!({ "name": "市场部 Marketing" })).await;
    assert_eq!((made.status, made.header("etag")), (201, "\"1\""));
    let (location, made) = (made.header("location").to_owned(), made.ok());
    let id = text(&made["id"]).to_owned();
    for taken in ["市场部 MARKETING", " 市场部 marketing "] {
        let problem =
            retailer.owner.post("/v1/departments", json!({ "name": taken })).await.refused(Code::AlreadyExists);
        assert_eq!(refused_fields(&problem), ["/name taken"]);
    }
    let other = retailer.owner.post("/v1/departments", json!({ "name": "Stores" })).await.ok();
    let (person, marketer) =
        (staff_id(&retailer.staff(Role::Viewer).await).await, retailer.staff(Role::Marketer).await);
    let given = give(&retailer, &person, json!({ "department": id })).await;
    assert_eq!(given.header("etag"), "\"2\"");
    let given = given.ok();
    assert_eq!(given["department"], json!({ "id": id, "name": "市场部 Marketing" }));
    assert_eq!((&given["role"], &given["channels"]), (&json!("viewer"), &json!(null)), "nothing else has changed");
    let of_department = marketer.get(&format!("/v1/staff?department={id}")).await.ok();
    assert_eq!(of_department["data"], json!([given]));
    let nobody = marketer.get(&format!("/v1/staff?department={}", text(&other["id"]))).await.ok();
    assert_eq!(nobody["data"], json!([]));
    let full = retailer.owner.post(&format!("{location}/archive"), json!({})).await.refused(Code::StateConflict);
    assert!(text(&full["detail"]).starts_with("1 staff"), "{full}");
    let renamed = retailer.owner.patch(&location, 1, json!({ "name": "品牌部" })).await.ok();
    assert_eq!((&renamed["name"], &renamed["version"]), (&json!("品牌部"), &json!(2)));
    retailer.owner.patch(&location, 1, json!({ "name": "x" })).await.refused(Code::VersionStale);
    give(&retailer, &person, json!({ "department": null })).await.ok();
    let archived = retailer.owner.post(&format!("{location}/archive"), json!({})).await.ok();
    assert_eq!(
        retailer.owner.post(&format!("{location}/archive"), json!({})).await.ok(),
        archived,
        "again changes nothing"
    );
    let problem = give(&retailer, &person, json!({ "department": id })).await.refused(Code::ValidationFailed);
    assert_eq!(refused_fields(&problem), ["/department not_found"]);
    assert_eq!(marketer.get("/v1/departments").await.ok()["data"], json!([other]));
    assert_eq!(marketer.get("/v1/departments?archived=true").await.ok()["data"], json!([archived]));
    marketer.post("/v1/departments", json!({ "name": "x" })).await.refused(Code::PermissionDenied);
    let stranger = Tenant::sign_up().await;
    stranger.owner.get(&location).await.refused(Code::NotFound);
    let theirs = text(&stranger.owner.post("/v1/departments", json!({ "name": "Stores" })).await.ok()["id"]).to_owned();
    let problem = give(&retailer, &person, json!({ "department": theirs })).await.refused(Code::ValidationFailed);
    assert_eq!(refused_fields(&problem), ["/department not_found"]);
}

#[tokio::test]
async fn fifty_at_once_make_one_department_of_a_name() {
    let retailer = Tenant::sign_up().await;
    let posts = (0..50).map(|_| retailer.owner.post("/v1/departments", json!({ "name": "客服部" })));
    let answers = futures_util::future::join_all(posts).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 409 | 503)));
    assert_eq!(retailer.owner.get("/v1/departments").await.ok()["data"].as_array().map(Vec::len), Some(1));
}
