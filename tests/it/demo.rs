//! The demo retailers: a first start that was broken off is finished by the next one, what somebody archived is left
//! out instead of being asked for again and again, and the replay's place is its own.

#![expect(clippy::expect_used, reason = "tests")]

use crate::harness::feed::{feed, sample};
use crate::harness::tenant::text;
use crate::harness::{Client, OwnService, eventually, own_database};
use chrono::Utc;
use serde_json::{Value, json};
use std::time::Duration;
use tillwatch_backend::app::App;
use tillwatch_backend::demo::extract::Extract;
use tillwatch_backend::demo::retailer::{Retailer, prepare};
use tillwatch_backend::demo::{CN_SERVER, replay};

const PASSWORD: &str = "made for this installation";

/// As if the demo had been broken off before its last rules were made.
const FEWER_RULES: &str = "WITH gone AS (SELECT tenant_id, rule_id FROM rules WHERE kind = 'deviation'), \
     kept AS (DELETE FROM rule_versions v USING gone WHERE (v.tenant_id, v.rule_id) = (gone.tenant_id, gone.rule_id)) \
     DELETE FROM rules WHERE kind = 'deviation'";

/// The Chinese retailer, the smaller one, with little of its history: the figures are not what is tested here.
fn extract() -> Extract {
    let mut extract = Extract::cn_retailer().expect("the extract");
    let history = extract.rows.iter().filter(|row| row.at < extract.replay_from).count();
    extract.rows.drain(..history - 200);
    extract
}

async fn prepared(app: &App) -> Retailer {
    prepare(app, &extract(), CN_SERVER, PASSWORD).await.expect("the demo")
}

/// What was made, in numbers: channels, campaigns by state, goals, rules, samples.
async fn made(service: &OwnService) -> Vec<String> {
    let query = "SELECT 'channels ' || count(*) FROM channels UNION ALL \
                 SELECT state || ' ' || count(*) FROM campaigns GROUP BY state UNION ALL \
                 SELECT 'goals ' || count(*) FROM goals UNION ALL \
                 SELECT 'rules ' || count(*) FROM rules UNION ALL \
                 SELECT 'samples ' || count(*) FROM samples ORDER BY 1";
    service.database.texts(query).await
}

async fn owner(service: &OwnService) -> Client {
    let anonymous = service.anonymous();
    let wish = json!({ "email": "owner@cn.demo.example", "password": PASSWORD });
    let signed = anonymous.post("/v1/sessions", wish).await.ok();
    anonymous.bearing(text(&signed["access_token"]))
}

async fn without_worker() -> OwnService {
    crate::harness::service::own_service_with(own_database().await, 6, |options| options.worker = false)
}

#[tokio::test]
async fn a_first_start_that_was_broken_off_is_finished_by_the_next() {
    let whole = without_worker().await;
    prepared(&App::new(whole.inside()).expect("an app")).await;
    let expected = made(&whole).await;
    for part in ["samples 200", "active 3", "goals 1"] {
        assert!(expected.contains(&part.to_owned()), "{expected:?}");
    }
    // The goal's twelve weeks may end in any month, so its words speak of no year.
    let relevance = whole.database.texts("SELECT relevance FROM goals WHERE ends_on - starts_on = 83").await;
    assert!(relevance[0].contains("十二周") && !relevance[0].contains('年'), "{relevance:?}");

    // Broken off at each step: signed up only; with some channels; with a campaign that was not launched yet.
    let service = without_worker().await;
    let app = App::new(service.inside()).expect("an app");
    let extract = extract();
    let wish = json!({
        "retailer": extract.name, "name": "林店长", "email": "owner@cn.demo.example", "password": PASSWORD,
        "locale": "zh-CN", "time_zone": "Asia/Shanghai", "currency": "CNY",
    });
    service.anonymous().post("/v1/sign-up", wish).await.ok();
    let owner = owner(&service).await;
    let channel = &extract.channels[1];
    let wish = json!({ "name": channel.name, "external_key": channel.key, "kind": channel.kind });
    owner.post("/v1/channels", wish).await.ok();
    let campaign = &extract.campaigns[0];
    owner.post("/v1/campaigns", json!({ "name": campaign.name, "external_key": campaign.key })).await.ok();

    let retailer = prepared(&app).await;
    assert_eq!(made(&service).await, expected);
    // The rules are the last: without some of them it is finished once more, and else nothing changes.
    service.database.execute(FEWER_RULES).await;
    prepared(&app).await;
    prepared(&app).await;
    assert_eq!(made(&service).await, expected);
    let campaigns = owner.get("/v1/campaigns").await.ok();
    let names = campaigns["data"].as_array().expect("a list").iter().map(|campaign| text(&campaign["name"]));
    assert!(names.into_iter().any(|name| name == retailer.hint.campaign), "the screen names a campaign that exists");
    service.stop().await;
    whole.stop().await;
}

#[tokio::test]
async fn what_is_archived_is_left_out_and_the_replay_goes_on_to_its_end() {
    let service = without_worker().await;
    let app = App::new(service.inside()).expect("an app");
    let mut retailer = prepared(&app).await;
    let owner = owner(&service).await;
    let archived = retailer.rows[0].channel.to_string();
    let channels = owner.get("/v1/channels").await.ok();
    let mut all = channels["data"].as_array().expect("a list").iter();
    let channel = all.find(|channel| channel["external_key"] == archived.as_str()).expect("the channel");
    owner.post(&format!("/v1/channels/{}/archive", text(&channel["id"])), json!({})).await.ok();

    retailer.rows.truncate(60);
    let others = retailer.rows.iter().filter(|row| *row.channel != *archived).count();
    assert!((1..60).contains(&others), "rows of both sorts: {others}");
    replay::run(&app, retailer, Duration::ZERO).await;
    let stored = service.database.number("SELECT count(*) FROM samples").await;
    assert_eq!(stored, 200 + i64::try_from(others).expect("few"));

    // Begun, it makes nothing again: the channel stays archived, a rule that somebody removed stays away.
    service.database.execute(FEWER_RULES).await;
    let before = made(&service).await;
    prepared(&app).await;
    assert_eq!(made(&service).await, before);
    service.stop().await;
}

#[tokio::test]
async fn a_sample_of_somebody_else_does_not_end_the_replay() {
    let service = without_worker().await;
    let app = App::new(service.inside()).expect("an app");
    let all = prepared(&app).await.rows.len();
    let owner = owner(&service).await;
    let key = extract().channels[0].key.clone();
    let mut own = sample("sales", &Utc::now().format("%Y-%m-%dT00:00:00Z").to_string(), "till-1", 12);
    own["channel"] = Value::from(key);
    eventually("the sample to be taken", async || {
        Some(feed(&owner, &[own.clone()]).await).filter(|answer| answer.status == 200)
    })
    .await;

    let mut again = prepared(&app).await;
    assert_eq!(again.rows.len(), all, "nothing was replayed yet");
    // A part of it is replayed; the next start goes on from the day that it came to.
    let rest = again.rows.split_off(again.rows.len() / 2);
    let reached = again.rows.last().expect("rows").at;
    replay::run(&app, again, Duration::ZERO).await;
    let later = prepared(&app).await.rows;
    assert!(later.len() < all && later.len() >= rest.len(), "{} of {all}", later.len());
    assert!(later[0].at <= reached && later.iter().any(|row| row.at > reached));
    service.stop().await;
}
