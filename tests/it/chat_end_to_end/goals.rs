//! A goal on what a retailer counts for itself, asked for in chat.

use super::{Chat, OWNER};
use crate::harness::feed::{feed, sample};
use crate::harness::tenant::{Style, text};
use chrono::{Days, Utc};
use serde_json::json;

const SHANGHAI: Style = Style { locale: "zh-CN", time_zone: "Asia/Shanghai", currency: "CNY" };

#[tokio::test]
async fn a_goal_is_shown_with_the_name_that_the_retailer_gave_its_metric() {
    let (chat, bot) = Chat::with_bot(SHANGHAI).await;
    chat.fake.set_locale(OWNER, "zh-CN");
    let owner = &chat.tenant.owner;
    let metric = json!({
        "key": "walk_ins", "name_en": "Walk-ins", "name_zh": "进店人次", "kind": "sum", "unit": "count",
        "classifier": "人次", "whole": true, "direction": "higher_is_better", "family": "behaviour",
    });
    owner.post("/v1/metrics", metric).await.ok();
    let today = Utc::now().date_naive();
    let samples = (2..=40).map(|ago| sample("walk_ins", &format!("{}T04:00:00Z", today - Days::new(ago)), "door", 100));
    let taken = feed(&chat.partner, &samples.collect::<Vec<_>>()).await.ok();
    assert_eq!(taken["refused"], 0, "{taken}");
    let me = owner.get("/v1/me").await.ok();
    let wish = json!({
        "name": "秋季", "metric": "walk_ins", "target": 3000, "starts_on": today - Days::new(10),
        "ends_on": today + Days::new(20), "owner": me["staff"]["id"], "relevance": "门店租金",
    });
    let made = owner.post("/v1/goals", wish).await;
    let place = made.header("location").to_owned();
    made.ok();
    owner.post(&format!("{place}/activate"), json!({ "achievable_anyway": "新店开业" })).await.ok();
    let shown = chat.fake.slash(OWNER, "goals show", &[("goal", "秋")]).await.reply().await;
    let read = shown.read();
    assert!(read.contains("进店人次") && read.contains("目标值至少 3,000"), "{read}");
    assert_eq!(shown.json["attachments"].as_array().map(Vec::len), Some(1), "with its picture");
    assert!(text(&shown.json["attachments"][0]["description"]).contains("秋季：每日实际进展"), "and words for it");
    let list = chat.fake.slash(OWNER, "goals list", &[]).await.reply().await.read();
    assert!(list.contains("秋季 · 900，目标值至少 3,000"), "{list}");
    chat.close(bot).await;
}
