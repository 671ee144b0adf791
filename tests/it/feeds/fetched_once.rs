//! One replica fetches a feed at a time, and what was changed meanwhile is not overwritten by what was fetched before.

use super::source::{self, Source};
use super::{Fed, came, retailer, service, wish};
use crate::harness::eventually;
use crate::harness::service::own_service_with;
use serde_json::json;

#[tokio::test]
async fn two_replicas_fetch_once_and_what_a_dead_one_had_in_hand_is_fetched_again() {
    let retailer = retailer().await;
    let policy = source::policy();
    let _other = own_service_with(service().database.clone(), 4, |options| options.outbound = policy);
    let campaign = retailer.campaign("Spring").await;
    let source = Source::giving(&format!("日期,活动,花费\n2026-03-01,{campaign},5\n")).await;
    let feed = Fed::make(&retailer, &wish(&source.url)).await;
    feed.ran(1).await;
    for round in 2..=4 {
        assert_eq!(came(&feed.again().await), ("unchanged", [0; 4]));
        assert_eq!(source.asked().len(), round, "each once");
    }
    // The one that has it dies, as far as anybody can tell: its lease ends, and another one fetches it.
    source.gives(&format!("日期,活动,花费\n2026-03-01,{campaign},6\n"));
    source.hold(true);
    feed.hasten().await;
    eventually("the first to ask", async || (source.asked().len() == 5).then_some(())).await;
    let asked = retailer.owner.post(&feed.path("/run"), json!({})).await.ok();
    assert_eq!(asked["changed"], json!(false), "it is being fetched");
    feed.hasten().await;
    eventually("the second to ask", async || (source.asked().len() == 6).then_some(())).await;
    source.hold(false);
    let runs = feed.ran(5).await;
    assert_eq!(came(&runs[0]), ("taken", [0, 1, 0, 0]));
    // The late word of the first is nobody's any more.
    assert_eq!(came(&feed.again().await), ("unchanged", [0; 4]));
    assert_eq!(feed.ran(6).await.len(), 6);

    // Nor is that of a feed which was pointed elsewhere while it was fetched.
    source.hold(true);
    feed.hasten().await;
    eventually("it to be asked", async || (source.asked().len() == 8).then_some(())).await;
    let elsewhere = Source::giving(&format!("日期,活动,花费\n2026-03-02,{campaign},7\n")).await;
    let change = json!({ "url": elsewhere.url, "headers": [] });
    retailer.owner.patch(&feed.path(""), 1, change).await.ok();
    let runs = feed.ran(7).await;
    assert_eq!(came(&runs[0]), ("taken", [1, 0, 0, 0]));
    source.hold(false);
    assert!(!elsewhere.asked()[0].headers.contains_key("authorization"));
    assert_eq!(came(&feed.again().await), ("unchanged", [0; 4]));
    assert_eq!((feed.ran(8).await.len(), elsewhere.asked().len()), (8, 2));
}
