//! The shortest way through the whole house: a retailer signs up, makes a channel and reads it back.

use crate::harness::{Tenant, redacted};
use serde_json::json;

#[tokio::test]
async fn a_retailer_signs_up_makes_a_channel_and_reads_it() {
    let retailer = Tenant::sign_up().await;
    let created = retailer.owner.post("/v1/channels", json!({ "name": "Store 367", "kind": "store" })).await;
    assert_eq!((created.status, created.header("etag")), (201, "\"1\""), "{}", created.text());
    let place = created.header("location").to_owned();
    let channel = created.ok();
    assert_eq!(retailer.owner.get(&place).await.ok(), channel);
    insta::assert_json_snapshot!(redacted(&channel));
    let me = retailer.owner.get("/v1/me").await.ok();
    assert_eq!(me["tenant"]["name"], retailer.name);
}
