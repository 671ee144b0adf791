//! Chat: who stands behind a chat user, and how an incident gets to the chat once and stays true there.
//!
//! The queue of deliveries belongs to the whole service, so each of these tests has a service of its own.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod lasting;
mod threads;
mod unlinked;

use crate::harness::feed::{feed, of, sample};
use crate::harness::tenant::{Style, assertion, bot, signing_key, text};
use crate::harness::{Answer, Client, OwnService, Tenant, eventually, own_database, own_service};
use jsonwebtoken::{Algorithm, Header};
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Role;

const AT: &str = "2026-02-03T15:00:00Z";

/// A retailer at a service of its own, with a chat server that its owner linked.
struct Linked {
    service: OwnService,
    retailer: Tenant,
    bot: Client,
    campaign: String,
}

impl Linked {
    async fn new() -> Self {
        let service = own_service(own_database().await, 8);
        let retailer = Tenant::sign_up_at(&service, Style::default()).await;
        retailer.link(&retailer.owner, "s1", "boss").await;
        let campaign = retailer.active_campaign("Coupons").await;
        retailer.stop_loss(&campaign, 100).await;
        retailer.settled().await;
        Self { bot: bot(&service.anonymous()).await, service, retailer, campaign }
    }

    /// A cost that reaches the campaign's line.
    async fn breach(&self) {
        let rows = of("campaign", &self.campaign, [sample("spend", AT, "all", 150)]);
        let taken = feed(&self.retailer.owner, &rows).await.ok();
        assert_eq!(taken["stopped"].as_array().unwrap().len(), 1, "{taken}");
    }

    /// The pauses and leases of all deliveries pass.
    async fn pass_time(&self) {
        self.service.database.execute("UPDATE queue_deliveries SET due_at = now()").await;
    }

    async fn claim(&self, wait_ms: u32) -> Vec<Value> {
        let wish = json!({ "transports": ["discord"], "max": 10, "wait_ms": wait_ms });
        let claimed = self.bot.post("/v1/deliveries/claim", wish).await.ok();
        claimed["data"].as_array().unwrap().clone()
    }

    /// The one delivery that is due within a while.
    async fn due(&self) -> Value {
        let claimed = self.claim(8000).await;
        let [delivery] = &claimed[..] else { panic!("one delivery is due: {claimed:?}") };
        delivery.clone()
    }

    async fn report(&self, delivery: &Value, outcome: Value) -> Answer {
        let path = format!("/v1/deliveries/{}/report", text(&delivery["id"]));
        self.bot.post(&path, json!({ "attempt": delivery["attempt"], "outcome": outcome })).await
    }

    async fn posted(&self, delivery: &Value) {
        let outcome = json!({ "result": "posted", "message": "m-1", "version": delivery["version"] });
        self.report(delivery, outcome).await.ok();
    }

    async fn acknowledge(&self, delivery: &Value) {
        let path = format!("/v1/alerts/{}/acknowledge", text(&delivery["alert"]["id"]));
        assert_eq!(self.retailer.owner.post(&path, json!({})).await.ok()["changed"], true);
    }

    async fn listed(&self, state: &str) -> Vec<Value> {
        let page = self.retailer.owner.get(&format!("/v1/deliveries?state={state}")).await.ok();
        page["data"].as_array().unwrap().clone()
    }
}

fn redeem(code: &Value, server: &str, user: &str) -> Value {
    json!({ "code": code["code"], "transport": "discord", "server": server, "channel": "c1", "user": user })
}

async fn code(person: &Client) -> Value {
    person.post("/v1/chat-links/code", json!({})).await.ok()
}

#[tokio::test]
async fn a_chat_user_has_the_rights_of_the_staff_behind_it() {
    let retailer = Tenant::sign_up().await;
    let server = format!("server-{}", retailer.id);
    let owner = retailer.link(&retailer.owner, &server, "boss").await;
    let campaign = retailer.active_campaign("Coupons").await;
    let place = format!("/v1/campaigns/{campaign}");
    let reason = json!({ "reason": "From the chat" });
    assert_eq!(owner.get("/v1/me").await.ok()["staff"]["role"], "owner");
    assert_eq!(owner.post(&format!("{place}/pause"), &reason).await.ok()["changed"], true);

    let viewer = retailer.link(&retailer.staff(Role::Viewer).await, &server, "guest").await;
    assert_eq!(viewer.get(&place).await.ok()["state"], "paused");
    viewer.post(&format!("{place}/resume"), &reason).await.refused(Code::PermissionDenied);
    let page = retailer.owner.get(&format!("/v1/audit-entries?object={campaign}&limit=2")).await.ok();
    let [denied, paused] = &page["data"].as_array().unwrap()[..] else { panic!("two entries: {page}") };
    assert_eq!(
        (&denied["action"], &denied["via"]),
        (&json!("permission.denied"), &json!(format!("discord/{server}/guest")))
    );
    assert_eq!(
        (&paused["action"], &paused["via"]),
        (&json!("campaign.paused"), &json!(format!("discord/{server}/boss")))
    );
    assert_eq!((&denied["actor_kind"], &paused["actor_kind"]), (&json!("staff"), &json!("staff")));

    // Names prove nothing: a user, a server and a form that nobody linked.
    let bot = retailer.bot().await;
    for person in
        [format!("discord/{server}/stranger"), "discord/elsewhere/boss".to_owned(), format!("console/{server}/boss")]
    {
        bot.on_behalf_of(&person).get("/v1/me").await.refused(Code::ChatUserNotLinked);
    }
    bot.on_behalf_of("boss").get("/v1/me").await.refused(Code::MalformedHeader);
    // Nobody but the bot speaks for others.
    let alone = retailer.staff(Role::Viewer).await.on_behalf_of(&format!("discord/{server}/boss"));
    assert_eq!(alone.get("/v1/me").await.ok()["staff"]["role"], "viewer");

    // Unlinked, they are nobody within a second.
    let links = retailer.owner.get("/v1/chat-links").await.ok();
    let guest = links["data"].as_array().unwrap().iter().find(|link| link["user_ref"] == "guest").expect("a link");
    let remove = format!("/v1/chat-links/{}/remove", text(&guest["id"]));
    viewer.post(&remove, json!({})).await.refused(Code::PermissionDenied);
    retailer.owner.post(&remove, json!({})).await.ok();
    eventually("the guest to be nobody", async || (viewer.get("/v1/me").await.status == 403).then_some(())).await;
    viewer.get("/v1/me").await.refused(Code::ChatUserNotLinked);
}

#[tokio::test]
async fn a_code_works_once_for_ten_minutes_and_in_the_retailers_own_server() {
    let (retailer, other) = (Tenant::sign_up().await, Tenant::sign_up().await);
    let bot = retailer.bot().await;
    let (mine, theirs) = (format!("mine-{}", retailer.id), format!("theirs-{}", other.id));
    // A server is linked by somebody who may do that, and a refused code is not used up.
    let viewer = retailer.staff(Role::Viewer).await;
    let viewers = code(&viewer).await;
    bot.post("/v1/chat-links/redeem", redeem(&viewers, &mine, "guest")).await.refused(Code::PermissionDenied);
    let owners = code(&retailer.owner).await;
    let linked = bot.post("/v1/chat-links/redeem", redeem(&owners, &mine, "boss")).await.ok();
    assert_eq!((&linked["retailer"], &linked["staff"]), (&json!(retailer.name), &json!("Olive Owner")));
    bot.post("/v1/chat-links/redeem", redeem(&owners, &mine, "boss")).await.refused(Code::NotFound);
    bot.post("/v1/chat-links/redeem", redeem(&viewers, &mine, "guest")).await.ok();
    // Typed carelessly it is the same code.
    let mut careless = code(&retailer.owner).await;
    careless["code"] = json!(text(&careless["code"]).to_lowercase());
    bot.post("/v1/chat-links/redeem", redeem(&careless, &mine, "boss-2")).await.ok();

    other.link(&other.owner, &theirs, "boss").await;
    let stray = code(&retailer.owner).await;
    bot.post("/v1/chat-links/redeem", redeem(&stray, &theirs, "boss")).await.refused(Code::StateConflict);
    let late = code(&retailer.owner).await;
    let past = "expires_at = now() - interval '1 second'";
    let (credentials, codes) = (
        format!(
            "UPDATE directory_credentials SET {past} WHERE kind = 'link_code' AND for_tenant = '{}'",
            retailer.id.0
        ),
        format!("UPDATE link_codes SET {past} WHERE tenant_id = '{}'", retailer.id.0),
    );
    retailer.database.execute(&format!("{credentials}; {codes}")).await;
    bot.post("/v1/chat-links/redeem", redeem(&late, &mine, "late")).await.refused(Code::NotFound);
    bot.post("/v1/chat-links/redeem", redeem(&json!({ "code": "AAAA-AAAA" }), &mine, "x"))
        .await
        .refused(Code::NotFound);
    bot.post("/v1/chat-links/redeem", redeem(&late, "a/b", "x")).await.refused(Code::ValidationFailed);
    retailer.owner.post("/v1/chat-links/redeem", redeem(&stray, &mine, "x")).await.refused(Code::PermissionDenied);
}

#[tokio::test]
async fn a_waiting_bot_hears_of_an_incident_and_has_it_for_a_while() {
    let linked = Linked::new().await;
    // Whichever of the two is first: a wait that began before the incident ends with it. That a wake-up ends a wait at
    // once is shown beside the wake-ups themselves, where no poll hides it.
    let (claimed, ()) = tokio::join!(linked.claim(8000), linked.breach());
    let [first] = &claimed[..] else { panic!("one delivery: {claimed:?}") };
    assert_eq!((&first["server"], &first["channel"], &first["attempt"]), (&json!("s1"), &json!("c1"), &json!(1)));
    assert_eq!((&first["retailer"], &first["message"]), (&json!(linked.retailer.name), &Value::Null));
    assert_eq!((&first["alert"]["state"], &first["alert"]["campaign"]["state"]), (&json!("firing"), &json!("paused")));
    let picture = linked.bot.get(&format!("/v1/deliveries/{}/picture", text(&first["id"]))).await;
    assert_eq!((picture.status, picture.header("content-type")), (200, "image/png"));

    // It is leased: nobody else gets it, not even when there is something new to show.
    assert!(linked.claim(0).await.is_empty());
    linked.acknowledge(first).await;
    assert!(linked.claim(600).await.is_empty(), "it is with the bot already");
    // Reported, the newer version becomes due at once, as an edit of the same message.
    linked.posted(first).await;
    let second = linked.due().await;
    assert_eq!((&second["id"], &second["message"], &second["attempt"]), (&first["id"], &json!("m-1"), &json!(2)));
    assert!(second["version"].as_i64() > first["version"].as_i64());
    assert_eq!(second["alert"]["state"], "acknowledged");
    // Whoever still has the older attempt is told to drop it.
    let stale = json!({ "result": "posted", "message": "m-2", "version": first["version"] });
    linked.report(first, stale).await.refused(Code::LeaseLost);
    linked.posted(&second).await;
    assert!(linked.claim(0).await.is_empty());
    let done = linked.listed("done").await;
    assert_eq!((done.len(), &done[0]["message"]), (1, &json!("m-1")));

    // A resumed campaign is shown too; many changes meanwhile are one edit.
    let place = format!("/v1/campaigns/{}", linked.campaign);
    for verb in ["resume", "pause", "resume"] {
        linked.retailer.owner.post(&format!("{place}/{verb}"), json!({ "reason": "Go on" })).await.ok();
    }
    linked.retailer.settled().await;
    let third = linked.due().await;
    assert_eq!((&third["message"], &third["alert"]["campaign"]["state"]), (&json!("m-1"), &json!("active")));
    linked.posted(&third).await;
    assert!(linked.claim(0).await.is_empty());
    linked.service.stop().await;
}

#[tokio::test]
async fn a_bot_that_died_loses_its_lease_and_the_incident_is_claimed_again() {
    let linked = Linked::new().await;
    linked.breach().await;
    let first = linked.due().await;
    // Half a minute passes.
    linked.service.database.execute("UPDATE queue_deliveries SET due_at = now() - interval '1 second'").await;
    let second = linked.due().await;
    assert_eq!((&second["id"], &second["attempt"]), (&first["id"], &json!(2)));
    assert_eq!(second["first_claimed_at"], first["first_claimed_at"], "the chat is searched from there on");
    linked.report(&first, json!({ "result": "failed", "error": "late" })).await.refused(Code::LeaseLost);
    linked.posted(&second).await;
    linked.service.stop().await;
}

#[tokio::test]
async fn a_delivery_is_tried_again_given_up_listed_and_sent_once_more() {
    let linked = Linked::new().await;
    linked.breach().await;
    let id = text(&linked.due().await["id"]).to_owned();
    for failure in 1..=10 {
        linked.pass_time().await;
        let delivery = linked.due().await;
        assert_eq!(delivery["attempt"], failure + 1);
        let outcome = json!({ "result": "failed", "error": format!("502, the {failure}.") });
        // A day after it was wanted it is too old.
        if failure == 10 {
            linked.service.database.execute("UPDATE queue_deliveries SET wanted_at = now() - interval '1 day'").await;
        }
        linked.report(&delivery, outcome).await.ok();
        assert_eq!(linked.listed("dead").await.len(), usize::from(failure == 10));
    }
    linked.pass_time().await;
    assert!(linked.claim(0).await.is_empty());
    let dead = linked.listed("dead").await.remove(0);
    assert_eq!((&dead["id"], &dead["last_error"], &dead["attempt"]), (&json!(id), &json!("502, the 10."), &json!(11)));

    let replay = format!("/v1/deliveries/{id}/replay");
    linked.retailer.staff(Role::Marketer).await.post(&replay, json!({})).await.refused(Code::PermissionDenied);
    let other = Tenant::sign_up_at(&linked.service, Style::default()).await.owner;
    other.post(&replay, json!({})).await.refused(Code::NotFound);
    assert_eq!(other.get("/v1/deliveries").await.ok()["data"], json!([]));
    assert_eq!(linked.retailer.owner.post(&replay, json!({})).await.ok()["changed"], true);
    assert_eq!(linked.retailer.owner.post(&replay, json!({})).await.ok()["changed"], false);
    assert!(linked.retailer.audited().await.iter().any(|entry| entry["action"] == "delivery.replayed"));
    let again = linked.due().await;
    assert_eq!(again["id"], id.as_str());
    // The channel is gone: no further attempt can help.
    let gone = json!({ "result": "failed", "error": "Unknown Channel", "permanent": true });
    linked.report(&again, gone).await.ok();
    assert_eq!(linked.listed("dead").await[0]["last_error"], "Unknown Channel");
    linked.service.stop().await;
}

#[tokio::test]
async fn only_the_bot_itself_is_the_bot() {
    let retailer = Tenant::sign_up().await;
    let now = chrono::Utc::now().timestamp();
    let right =
        json!({ "iss": "tillwatch-bot", "sub": "tillwatch-bot", "aud": "tillwatch", "iat": now, "exp": now + 55 });
    let sign = |seed: [u8; 32], change: Value| {
        let mut claims = right.clone();
        claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &signing_key(seed)).unwrap()
    };
    let ours = OwnService::keys().bot_seed();
    for (what, forged) in [
        ("another key", sign([9; 32], json!({}))),
        ("over", sign(ours, json!({ "iat": now - 120, "exp": now - 65 }))),
        ("too long", sign(ours, json!({ "exp": now + 3600 }))),
        ("for others", sign(ours, json!({ "aud": "elsewhere" }))),
        ("as somebody", sign(ours, json!({ "sub": "boss" }))),
        ("rubbish", "a.b.c".to_owned()),
    ] {
        let answer = retailer.anonymous.post("/v1/bot/token", json!({ "assertion": forged })).await;
        assert_eq!(answer.status, 401, "{what}");
        answer.refused(Code::CredentialInvalid);
    }
    let wish = json!({ "transports": ["console"], "max": 1 });
    let claim = "/v1/deliveries/claim";
    retailer.anonymous.post(claim, &wish).await.refused(Code::CredentialMissing);
    retailer.owner.post(claim, &wish).await.refused(Code::PermissionDenied);
    // The assertion opens nothing by itself, nor does a token that the bot signs for itself.
    retailer.anonymous.bearing(&assertion()).post(claim, &wish).await.refused(Code::CredentialInvalid);
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some("at+jwt".to_owned());
    let own = jsonwebtoken::encode(&header, &right, &signing_key(ours)).unwrap();
    retailer.anonymous.bearing(&own).post(claim, &wish).await.refused(Code::CredentialInvalid);

    let bot = retailer.bot().await;
    bot.get("/v1/campaigns").await.refused(Code::PermissionDenied);
    bot.get("/v1/me").await.refused(Code::PermissionDenied);
    for wrong in [
        json!({ "transports": [], "max": 1 }),
        json!({ "transports": ["console"], "max": 51 }),
        json!({ "transports": ["console"], "max": 1, "wait_ms": 8001 }),
        json!({ "transports": ["pigeon"], "max": 1 }),
    ] {
        bot.post(claim, wrong).await.refused(Code::ValidationFailed);
    }
}
