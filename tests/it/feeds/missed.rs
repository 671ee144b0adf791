//! What the team is told of a feed that is unwell: once, and once that it is well again.

use super::source::{Says, Source};
use super::{Fed, came, retailer, service, wish};
use crate::harness::tenant::text;
use serde_json::{Value, json};
use tillwatch_shared::ids::FeedId;

#[tokio::test]
async fn the_team_is_told_once_that_a_feed_is_unwell_and_once_that_it_is_well() {
    let retailer = retailer().await;
    retailer.link(&retailer.owner, &format!("server-{}", retailer.id), "u1").await;
    let bot = retailer.bot().await;
    // The notices that the chat shows now; each is shown once.
    let told = async || -> Vec<Value> {
        let claimed =
            bot.post("/v1/deliveries/claim", json!({ "transports": ["discord"], "max": 50, "wait_ms": 0 })).await.ok();
        let mine = claimed["data"].as_array().unwrap().iter().filter(|one| one["retailer"] == retailer.name.as_str());
        let mut notices = Vec::new();
        for delivery in mine {
            let posted =
                json!({ "result": "posted", "message": text(&delivery["id"]), "version": delivery["version"] });
            let report = json!({ "attempt": delivery["attempt"], "outcome": posted });
            bot.post(&format!("/v1/deliveries/{}/report", text(&delivery["id"])), report).await.ok();
            notices.push(delivery["notice"].clone());
        }
        notices
    };
    let campaign = retailer.campaign("Spring").await;
    let table = |value: u32| format!("日期,活动,花费\n2026-03-01,{campaign},{value}\n");
    let source = Source::giving(&table(5)).await;
    let feed = Fed::make(&retailer, &wish(&source.url)).await;
    assert_eq!(came(&feed.ran(1).await[0]).0, "taken");

    source.says(Says { status: 500, ..Says::default() });
    for failures in 1..=4 {
        assert_eq!(came(&feed.again().await).0, "failed");
        let now = feed.now().await;
        assert_eq!(now["failures"], failures);
        let (state, count) = if failures < 3 { ("active", 0) } else { ("failing", usize::from(failures == 3)) };
        assert_eq!((text(&now["state"]), told().await.len()), (state, count), "{now}");
    }
    source.gives(&table(5));
    assert_eq!(came(&feed.again().await).0, "unchanged");
    let well = told().await;
    assert_eq!(
        (well.len(), &well[0]["kind"], &well[0]["feed"]["trouble"]),
        (1, &json!("feed_well"), &json!("failing"))
    );
    assert_eq!((&well[0]["feed"]["name"], &well[0]["feed"]["id"]), (&json!("代理商 costs"), &json!(feed.id)));

    // It can be fetched, and brings nothing new for longer than three times its cadence.
    let id: FeedId = feed.id.parse().unwrap();
    let long_ago = format!(
        "UPDATE feeds SET watched_since = now() - interval '9 days', last_new_at = now() - interval '73 hours' \
         WHERE feed_id = '{}'",
        id.0
    );
    service().database.execute(&long_ago).await;
    for round in 0..2 {
        assert_eq!(came(&feed.again().await).0, "unchanged");
        let unwell = told().await;
        assert_eq!(unwell.len(), usize::from(round == 0), "once");
        if let Some(notice) = unwell.first() {
            assert_eq!((&notice["kind"], &notice["feed"]["trouble"]), (&json!("feed_unwell"), &json!("silent")));
            assert!(notice["feed"]["last_new_at"].is_string() && notice["feed"]["fault"].is_null(), "{notice}");
        }
    }
    let now = feed.now().await;
    assert_eq!((text(&now["state"]), now["unwell_since"].is_string()), ("silent", true));
    source.gives(&table(6));
    assert_eq!(came(&feed.again().await), ("taken", [0, 1, 0, 0]));
    let well = told().await;
    assert_eq!((well.len(), &well[0]["kind"], &well[0]["feed"]["trouble"]), (1, &json!("feed_well"), &json!("silent")));
    assert_eq!(feed.now().await["unwell_since"], json!(null));
}
