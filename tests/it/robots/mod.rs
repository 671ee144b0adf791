//! Chat robots, told as stories: the real service, the real bot, and the chats' hosts played on loopback.
//!
//! Invariant of every test: an address and a secret are seen by nobody but the chat.

#![expect(clippy::expect_used, reason = "tests")]

mod page;

use crate::bot_process;
use crate::fake_discord::{FakeDiscord, PATIENCE};
use crate::harness::feed::{days_ago, feed, of, sample};
use crate::harness::tenant::{Style, text};
use crate::harness::{Client, OwnService, Tenant, eventually, own_database, own_service};
use crate::webhooks::receiver::{Got, Manner, ROBOTS, Receiver, authority};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{SecondsFormat, Utc};
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use std::net::{Ipv4Addr, SocketAddr};
use tillwatch_bot::BotError;
use tillwatch_bot::robots::RobotSink;
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::{Permission, Role};
use tillwatch_shared::watch::Transport;
use tokio::sync::watch;
use tokio::task::JoinHandle;

const FEISHU: &str = "https://open.feishu.cn/open-apis/bot/v2/hook/0a1b2c3d-feed-4e5f-8a9b-canarycanary";
const DINGTALK: &str = "https://oapi.dingtalk.com/robot/send?access_token=canarycanarycanarycanary";
const WECOM: &str = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=canary00-0000-4000-8000-000000000000";
const SLACK: &str = "https://hooks.slack.com/services/T0canary/B0canary/canarycanarycanary";
const SECRET: &str = "SECcanary this is secret";

/// What a chat says that has posted.
fn posted(chat: Transport) -> Manner {
    Manner::Says(
        200,
        match chat {
            Transport::Slack => "ok",
            Transport::Feishu => r#"{"code":0,"msg":"success","data":{}}"#,
            _ => r#"{"errcode":0,"errmsg":"ok"}"#,
        },
    )
}

/// A retailer, the host of every robot, and a bot that serves robots alone.
struct Group {
    service: OwnService,
    tenant: Tenant,
    partner: Client,
    chat: Receiver,
    _discord: FakeDiscord,
    stop: watch::Sender<bool>,
    bot: JoinHandle<Result<(), BotError>>,
}

impl Group {
    async fn open(style: Style, chat: Transport) -> Self {
        let service = own_service(own_database().await, 6);
        let tenant = Tenant::sign_up_at(&service, style).await;
        let partner = tenant.partner(&[Permission::SamplesWrite]).await;
        let (receiver, discord) = (Receiver::start().await, FakeDiscord::start().await);
        receiver.answers(posted(chat));
        let (stop, stopping) = watch::channel(false);
        let mut config = bot_process::config(&format!("http://{}", service.address), &discord.door());
        config.discord = None;
        config.robots = Some(client(receiver.port()));
        let bot = tokio::spawn(tillwatch_bot::run(config, stopping));
        Self { service, tenant, partner, chat: receiver, _discord: discord, stop, bot }
    }

    /// Adds a robot: its chat server.
    async fn robot(&self, chat: &str, address: &str, secret: Option<&str>) -> Value {
        let mut wish = json!({ "transport": chat, "name": "市场部 East", "address": address });
        if let Some(secret) = secret {
            wish["secret"] = json!(secret);
        }
        let made = self.tenant.owner.post("/v1/chat-robots", wish).await.ok();
        assert!(!made.to_string().contains("canary"), "told to nobody: {made}");
        made
    }

    /// A running campaign that its stop-loss has stopped.
    async fn stopped(&self, name: &str) -> String {
        let campaign = self.tenant.active_campaign(name).await;
        self.tenant.stop_loss(&campaign, 1_000).await;
        self.spend(&campaign, 1_200.0).await;
        campaign
    }

    async fn spend(&self, campaign: &str, amount: f64) {
        self.spend_on(campaign, 1, amount).await;
    }

    async fn spend_on(&self, campaign: &str, ago: u64, amount: f64) {
        let day = days_ago(ago);
        let samples = of("campaign", campaign, [sample("spend", &format!("{day}T10:00:00Z"), "till", amount)]);
        assert_eq!(feed(&self.partner, &samples).await.ok()["refused"], 0);
    }

    /// The only delivery, as its owner sees it, once it is in this state.
    async fn delivery(&self, state: &str) -> Value {
        let path = format!("/v1/deliveries?state={state}");
        let one = async || Some(self.tenant.owner.get(&path).await.ok()["data"][0].clone()).filter(|d| !d.is_null());
        let found = eventually("the delivery", one).await;
        assert!(!found.to_string().contains("canary"), "told to nobody: {found}");
        found
    }

    async fn close(self) {
        self.stop.send_replace(true);
        tokio::time::timeout(PATIENCE, self.bot).await.expect("in time").expect("no panic").expect("no error");
        self.service.stop().await;
    }
}

/// What posts by robots, for which their hosts are on this port of loopback.
fn client(port: u16) -> reqwest::Client {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let trusted = reqwest::Certificate::from_pem(authority().as_bytes()).expect("a certificate");
    let builder = ROBOTS.iter().fold(RobotSink::builder().no_proxy(), |builder, host| builder.resolve(host, address));
    builder.add_root_certificate(trusted).build().expect("a client")
}

fn hmac(key: &str, text: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("a key");
    STANDARD.encode(mac.chain_update(text.as_bytes()).finalize().into_bytes())
}

#[tokio::test]
async fn a_feishu_group_reads_when_an_incident_begins_is_taken_and_is_over() {
    let group =
        Group::open(Style { locale: "zh-CN", time_zone: "Asia/Shanghai", currency: "CNY" }, Transport::Feishu).await;
    let robot = group.robot("feishu", FEISHU, Some(SECRET)).await;
    assert_eq!((&robot["channel_ref"], &robot["minimum_severity"]), (&json!("市场部 East"), &json!("info")));
    let campaign = group.stopped("双十一 <at user_id=\"all\">所有人</at>").await;
    let first = group.chat.gets(1).await.remove(0);
    let body = first.json();
    assert_eq!(first.path, FEISHU.trim_start_matches("https://open.feishu.cn"));
    let key = format!("{}\n{SECRET}", text(&body["timestamp"]));
    assert_eq!(body["sign"], hmac(&key, ""), "signed as the platform's guide says");
    let card = body["card"].to_string();
    for word in ["告警中", "双十一", "1,000", "止损"] {
        assert!(card.contains(word), "{word} is missing: {card}");
    }
    let elements = body["card"]["elements"].as_array().expect("elements");
    let of_text = elements.iter().filter(|element| element["tag"] == "div");
    let tags: Vec<&Value> = of_text.map(|element| &element["text"]["tag"]).collect();
    assert_eq!(tags, ["plain_text"], "what a campaign is called calls nobody");
    let buttons = &elements[1]["actions"];
    assert_eq!((&buttons[0]["text"]["content"], &buttons[1]["text"]["content"]), (&json!("查看"), &json!("认领")));
    assert!(text(&buttons[1]["url"]).ends_with("/acknowledge"), "{buttons}");
    assert!(group.delivery("done").await["message"].as_str().is_some_and(|message| message == "posted/firing"));

    // A cost that grows on is not posted again and again; that somebody has taken it is.
    group.spend(&campaign, 2_400.0).await;
    let alert = text(&group.tenant.owner.get("/v1/alerts").await.ok()["data"][0]["id"]).to_owned();
    group.tenant.owner.post(&format!("/v1/alerts/{alert}/acknowledge"), json!({})).await.ok();
    let second = group.chat.gets(2).await.remove(1).json()["card"].to_string();
    assert!(second.contains("已认领"), "{second}");
    // Neither is it when nothing of its state has changed, and it is when it is over.
    group.spend(&campaign, 900.0).await;
    let third = group.chat.gets(3).await.remove(2).json()["card"].to_string();
    assert!(third.contains("已恢复"), "{third}");
    group.close().await;
}

#[tokio::test]
async fn an_error_with_status_200_is_an_error_and_what_may_pass_is_tried_again() {
    let group = Group::open(Style::default(), Transport::Dingtalk).await;
    group.robot("dingtalk", DINGTALK, Some(SECRET)).await;
    group.chat.answers(Manner::Says(200, r#"{"errcode":-1,"errmsg":"system busy"}"#));
    group.stopped("Coupons").await;
    group.chat.gets(1).await;
    group.chat.answers(Manner::Says(502, "<html>"));
    group.chat.gets(2).await;
    group.chat.answers(Manner::HangUp);
    group.chat.gets(3).await;
    group.chat.answers(posted(Transport::Dingtalk));
    let done = group.delivery("done").await;
    let last: Got = group.chat.got().pop().expect("posts");
    let (before, sign) = last.path.split_once("&sign=").expect("a signature");
    let milliseconds = before.split_once("&timestamp=").expect("a time").1;
    let expected = hmac(SECRET, &format!("{milliseconds}\n{SECRET}"));
    assert_eq!(sign.replace("%2B", "+").replace("%2F", "/").replace("%3D", "="), expected);
    assert!(text(&last.json()["actionCard"]["text"]).contains("Coupons"));
    assert!(done["attempt"].as_i64() >= Some(4), "{done}");
    group.close().await;
}

#[tokio::test]
async fn a_robot_that_was_removed_is_told_at_once_and_its_address_to_nobody() {
    let group = Group::open(Style::default(), Transport::Wecom).await;
    group.robot("wecom", WECOM, None).await;
    group.chat.answers(Manner::Says(200, r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#));
    group.stopped("Coupons").await;
    let dead = group.delivery("dead").await;
    assert_eq!((&dead["last_error"], &dead["attempt"]), (&json!("93000 invalid webhook url"), &json!(1)));
    // Mended, it is posted when somebody says so.
    group.chat.answers(posted(Transport::Wecom));
    group.tenant.owner.post(&format!("/v1/deliveries/{}/replay", text(&dead["id"])), json!({})).await.ok();
    let post = group.chat.gets(2).await.remove(1).json();
    let content = text(&post["markdown"]["content"]);
    assert!(content.len() <= 4_096 && content.contains("[Acknowledge](http"), "{post}");
    group.delivery("done").await;
    group.close().await;
}

#[tokio::test]
async fn what_waits_for_a_slow_chat_is_said_together_and_nothing_is_lost() {
    let group = Group::open(Style::default(), Transport::Slack).await;
    // All of it waits for a robot that is slow to answer at first.
    group.chat.answers(Manner::Silent);
    group.robot("slack", SLACK, None).await;
    let names: Vec<String> = (0..5).map(|number| format!("Storm {number:02}")).collect();
    for name in &names {
        group.stopped(name).await;
    }
    group.chat.answers(posted(Transport::Slack));
    let count = "SELECT count(*) FROM queue_deliveries WHERE state = 'done'";
    eventually("all of them", async || (group.service.database.number(count).await == 5).then_some(())).await;
    let all: String = group.chat.got().iter().map(|got| got.json()["blocks"].to_string()).collect();
    for name in &names {
        assert!(all.contains(name.as_str()), "{name} is missing");
    }
    let several = group.chat.got().iter().any(|got| got.json()["blocks"].as_array().is_some_and(|b| b.len() > 3));
    assert!(several, "{:?}", group.chat.got());
    group.close().await;
}

#[tokio::test]
async fn a_chat_gets_the_severities_that_it_is_there_for() {
    let group = Group::open(Style::default(), Transport::Slack).await;
    let robot = group.robot("slack", SLACK, None).await;
    let route = format!("/v1/chat-servers/{}/route", text(&robot["id"]));
    let owner = &group.tenant.owner;
    assert_eq!(owner.post(&route, json!({ "minimum_severity": "critical" })).await.ok()["changed"], true);
    assert_eq!(owner.post(&route, json!({ "minimum_severity": "critical" })).await.ok()["changed"], false);
    let campaign = group.tenant.active_campaign("Quiet").await;
    let wish = json!({
        "name": "Over 100 a day", "severity": "warning", "campaign": campaign,
        "spec": { "kind": "threshold", "metric": "spend", "side": "above", "line": 100.0 },
    });
    owner.post("/v1/rules", wish).await.ok();
    group.spend(&campaign, 200.0).await;
    group.stopped("Loud").await;
    let post = group.chat.gets(1).await.remove(0).json().to_string();
    assert!(post.contains("Loud"), "{post}");
    let raised = async || (owner.get("/v1/alerts").await.ok()["data"].as_array()?.len() == 2).then_some(());
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let later = json!([sample("spend", &now, "till", 1.0)]);
    feed(&group.partner, &of("campaign", &campaign, later.as_array().expect("a list").clone())).await.ok();
    eventually("the other alert", raised).await;
    assert_eq!(group.service.database.number("SELECT count(*) FROM queue_deliveries").await, 1);
    group.close().await;
}

#[tokio::test]
async fn only_addresses_of_the_chat_are_taken_and_only_from_who_may() {
    let tenant = Tenant::sign_up().await;
    let wish = |chat: &str, address: &str| json!({ "transport": chat, "name": "Group", "address": address });
    for (chat, address, pointer) in [
        ("slack", "https://hooks.slack.com.evil.example/services/T0canary/B0", "/address"),
        ("slack", "http://hooks.slack.com/services/T0canary/B0canary/c", "/address"),
        ("feishu", SLACK, "/address"),
        ("feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/a?redirect=1", "/address"),
        ("wecom", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=../../../x", "/address"),
        ("discord", "https://discord.com/api/webhooks/1/x", "/transport"),
    ] {
        let refused = tenant.owner.post("/v1/chat-robots", wish(chat, address)).await.refused(Code::ValidationFailed);
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{chat} {address}: {refused}");
    }
    let mut secret = wish("slack", SLACK);
    secret["secret"] = json!("none");
    let refused = tenant.owner.post("/v1/chat-robots", secret).await.refused(Code::ValidationFailed);
    assert_eq!(refused["errors"][0]["pointer"], "/secret");
    let viewer = tenant.staff(Role::Viewer).await;
    viewer.post("/v1/chat-robots", wish("slack", SLACK)).await.refused(Code::PermissionDenied);
    let made = tenant.owner.post("/v1/chat-robots", wish("slack", SLACK)).await.ok();
    let unlink = format!("/v1/chat-servers/{}/unlink", text(&made["id"]));
    tenant.owner.post(&unlink, json!({})).await.ok();
    let path = "/v1/audit-entries?action=chat.robot_added";
    let entries = tenant.owner.get(path).await.ok().to_string();
    assert!(entries.contains("Group") && !entries.contains("canary"), "{entries}");
    // Nobody can answer there.
    let code = tenant.owner.post("/v1/chat-links/code", json!({})).await.ok();
    let redeem = json!({ "code": code["code"], "transport": "slack", "server": "s", "channel": "c", "user": "u" });
    let refused = tenant.bot().await.post("/v1/chat-links/redeem", redeem).await.refused(Code::ValidationFailed);
    assert_eq!(refused["errors"][0]["pointer"], "/transport");
}
