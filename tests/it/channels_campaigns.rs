//! Channels and campaigns as their retailer sees them: made, read, changed, listed, archived, and campaigns moved
//! through their states, by one person or by fifty at once.

use crate::harness::tenant::{Style, patiently, text};
use crate::harness::{Answer, Tenant, own_database, own_service, redacted};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::{Permission, Role};

#[track_caller]
fn etag(answer: Answer, version: i64) -> Value {
    assert_eq!(answer.header("etag"), format!("\"{version}\""), "{}", answer.text());
    answer.ok()
}

#[tokio::test]
async fn a_channel_lives_from_its_making_to_the_archive() {
    let Tenant { owner, .. } = Tenant::sign_up().await;
    let wish = json!({ "name": "南京路旗舰店", "external_key": "门店 001", "kind": "store" });
    let made = owner.post("/v1/channels", &wish).await;
    assert_eq!(made.status, 201);
    let place = made.header("location").to_owned();
    let channel = etag(made, 1);
    insta::assert_json_snapshot!(redacted(&channel));
    assert_eq!(etag(owner.get(&place).await, 1), channel);

    let change = json!({ "stage": "paused", "name": "南京路店" });
    let body = || Some(serde_json::to_vec(&change).unwrap());
    let kind = ("content-type", "application/json");
    owner.send("PATCH", &place, &[kind], body()).await.refused(Code::PreconditionRequired);
    owner.send("PATCH", &place, &[kind, ("if-match", "W/\"1\"")], body()).await.refused(Code::MalformedHeader);
    let changed = etag(owner.patch(&place, 1, &change).await, 2);
    assert_eq!((text(&changed["name"]), text(&changed["stage"])), ("南京路店", "paused"));
    let stale = owner.patch(&place, 1, json!({ "stage": "active" })).await.refused(Code::VersionStale);
    assert!(text(&stale["detail"]).contains("version 2"), "{stale}");
    // The same wish again changes nothing, so nobody's version goes stale.
    assert_eq!(etag(owner.patch(&place, 2, &change).await, 2), changed);

    let taken = owner.post("/v1/channels", &wish).await.refused(Code::AlreadyExists);
    assert_eq!(taken["errors"][0]["pointer"], "/external_key");

    let archived = etag(owner.post(&format!("{place}/archive"), json!({})).await, 3);
    assert_ne!(archived["archived_at"], Value::Null);
    assert_eq!(etag(owner.post(&format!("{place}/archive"), json!({})).await, 3), archived);
    owner.patch(&place, 3, json!({ "stage": "active" })).await.refused(Code::StateConflict);
    assert_eq!(etag(owner.get(&place).await, 3), archived);
    assert_eq!(owner.get("/v1/channels").await.ok()["data"], json!([]));
    assert_eq!(owner.get("/v1/channels?archived=true").await.ok()["data"], json!([archived]));
}

#[tokio::test]
async fn a_campaign_is_planned_changed_and_archived() {
    let retailer = Tenant::sign_up().await;
    let owner = &retailer.owner;
    let channel = retailer.channel("Store 367").await;
    let wish = json!({
        "name": "双十一优惠券", "external_key": "coupons-18", "objective": "拉新", "channels": [channel],
        "starts_on": "2026-11-01", "ends_on": "2026-11-11", "budget": { "amount_minor": 150_000, "currency": "USD" },
    });
    let made = owner.post("/v1/campaigns", &wish).await;
    let place = made.header("location").to_owned();
    let campaign = etag(made, 1);
    insta::assert_json_snapshot!(redacted(&campaign));
    assert_eq!(etag(owner.get(&place).await, 1), campaign);
    owner.post("/v1/campaigns", &wish).await.refused(Code::AlreadyExists);

    let changed = etag(owner.patch(&place, 1, json!({ "ends_on": "2026-11-12", "channels": [] })).await, 2);
    assert_eq!((text(&changed["ends_on"]), &changed["channels"]), ("2026-11-12", &json!([])));
    owner.patch(&place, 1, json!({ "name": "Late" })).await.refused(Code::VersionStale);
    let audited = retailer.audited().await;
    let entry = audited.iter().find(|entry| entry["action"] == "campaign.changed").expect("an entry");
    let told = |side: &str| json!({ "ends_on": entry[side]["ends_on"], "channels": entry[side]["channels"] });
    assert_eq!(told("before"), json!({ "ends_on": "2026-11-11", "channels": [channel] }));
    assert_eq!(told("after"), json!({ "ends_on": "2026-11-12", "channels": [] }));

    owner.post(&format!("{place}/launch"), json!({ "reason": "Starts" })).await.ok();
    owner.post(&format!("{place}/archive"), json!({})).await.refused(Code::StateConflict);
    owner.post(&format!("{place}/cancel"), json!({ "reason": "取消" })).await.ok();
    let archived = owner.post(&format!("{place}/archive"), json!({})).await.ok();
    assert_ne!(archived["archived_at"], Value::Null);
    owner.patch(&place, 5, json!({ "name": "Again" })).await.refused(Code::StateConflict);
}

#[tokio::test]
async fn null_clears_what_can_be_cleared_and_is_refused_elsewhere() {
    let retailer = Tenant::sign_up().await;
    let owner = &retailer.owner;
    let wish = json!({
        "name": "Autumn", "objective": "New customers", "starts_on": "2026-11-01", "ends_on": "2026-11-11",
        "budget": { "amount_minor": 150_000, "currency": "USD" },
    });
    let place = owner.post("/v1/campaigns", &wish).await.header("location").to_owned();
    let clear = json!({ "budget": null, "ends_on": null, "starts_on": null });
    let cleared = etag(owner.patch(&place, 1, &clear).await, 2);
    for field in ["budget", "ends_on", "starts_on"] {
        assert_eq!(cleared[field], Value::Null, "{field}");
    }
    assert_eq!((&cleared["name"], &cleared["objective"]), (&wish["name"], &wish["objective"]), "what is absent stays");
    assert_eq!(etag(owner.get(&place).await, 2), cleared);
    let audited = retailer.audited().await;
    let entry = audited.iter().find(|entry| entry["action"] == "campaign.changed").expect("an entry");
    assert_eq!((&entry["before"]["budget"], &entry["after"]["budget"]), (&wish["budget"], &Value::Null));
    // Again it changes nothing; and given anew it is there.
    assert_eq!(etag(owner.patch(&place, 2, &clear).await, 2), cleared);
    assert_eq!(etag(owner.patch(&place, 2, json!({ "ends_on": "2026-12-01" })).await, 3)["ends_on"], "2026-12-01");
    for field in ["name", "objective", "channels"] {
        let problem = owner.patch(&place, 3, json!({ field: null })).await.refused(Code::ValidationFailed);
        assert_eq!(problem["errors"][0]["pointer"], format!("/{field}"));
    }
    let channel = format!("/v1/channels/{}", retailer.channel("Store").await);
    for field in ["name", "stage", "domain"] {
        let problem = owner.patch(&channel, 1, json!({ field: null })).await.refused(Code::ValidationFailed);
        assert_eq!(problem["errors"][0]["pointer"], format!("/{field}"));
    }
    assert_eq!(etag(owner.get(&channel).await, 1)["name"], "Store");
}

#[tokio::test]
async fn a_long_history_has_pages_from_either_end() {
    let retailer = Tenant::sign_up().await;
    let (owner, campaign) = (&retailer.owner, retailer.active_campaign("Restless").await);
    let place = format!("/v1/campaigns/{campaign}");
    for verb in ["pause", "resume", "pause", "resume", "complete"] {
        owner.post(&format!("{place}/{verb}"), json!({ "reason": "Because" })).await.ok();
    }
    let all = owner.get(&format!("{place}/history")).await.ok();
    assert_eq!((all["data"].as_array().unwrap().len(), &all["next_cursor"]), (7, &Value::Null));
    for (order, backwards) in [("", false), ("&newest_first=true", true)] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = owner.get(&format!("{place}/history?limit=3{order}{cursor}")).await.ok();
            seen.extend(page["data"].as_array().unwrap().clone());
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        if backwards {
            seen.reverse();
        }
        assert_eq!(json!(seen), all["data"]);
        // A cursor belongs to its campaign and its order.
        let other = format!("/v1/campaigns/{}", retailer.campaign("Other").await);
        owner.get(&format!("{other}/history?limit=3{order}{cursor}")).await.refused(Code::InvalidCursor);
        let turned = if backwards { "" } else { "&newest_first=true" };
        owner.get(&format!("{place}/history?limit=3{turned}{cursor}")).await.refused(Code::InvalidCursor);
    }
    owner.get(&format!("{place}/history?limit=201")).await.refused(Code::ValidationFailed);
}

#[tokio::test]
async fn every_wrong_field_of_a_plan_is_told_at_once() {
    let retailer = Tenant::sign_up().await;
    let owner = &retailer.owner;
    let foreign = Tenant::sign_up().await.channel("Not yours").await;
    let wish = json!({
        "name": "", "external_key": "cmp_mine", "objective": "x".repeat(2001), "channels": [foreign],
        "starts_on": "2026-11-11", "ends_on": "2026-11-01", "budget": { "amount_minor": -1, "currency": "EUR" },
    });
    let refused = owner.post("/v1/campaigns", wish).await.refused(Code::ValidationFailed);
    insta::assert_json_snapshot!(redacted(&refused["errors"]));
    let unknown = owner.post("/v1/campaigns", json!({ "name": "a", "colour": "red" })).await;
    assert_eq!(unknown.refused(Code::ValidationFailed)["errors"][0]["pointer"], "/colour");
    let body = Some(b"{\"name\":".to_vec());
    owner
        .send("POST", "/v1/channels", &[("content-type", "application/json")], body)
        .await
        .refused(Code::MalformedBody);
    let body = Some(b"{}".to_vec());
    owner
        .send("POST", "/v1/channels", &[("content-type", "text/plain")], body)
        .await
        .refused(Code::UnsupportedMediaType);
    assert_eq!(owner.get("/v1/campaigns").await.ok()["data"], json!([]));
}

#[tokio::test]
async fn another_retailers_channel_and_campaign_do_not_exist() {
    let (mine, other) = (Tenant::sign_up().await, Tenant::sign_up().await);
    let channel = format!("/v1/channels/{}", other.channel("Theirs").await);
    let campaign = format!("/v1/campaigns/{}", other.active_campaign("Theirs").await);
    for place in [&channel, &campaign] {
        let told = mine.owner.get(place).await.refused(Code::NotFound);
        let nothing = mine.owner.get(&format!("{}x", &place[..place.len() - 1])).await.refused(Code::NotFound);
        assert_eq!(told["title"], nothing["title"]);
        mine.owner.patch(place, 1, json!({ "name": "Mine" })).await.refused(Code::NotFound);
        mine.owner.post(&format!("{place}/archive"), json!({})).await.refused(Code::NotFound);
    }
    mine.owner.post(&format!("{campaign}/pause"), json!({ "reason": "Mine now" })).await.refused(Code::NotFound);
    mine.owner.get(&format!("{campaign}/history")).await.refused(Code::NotFound);
    assert_eq!(other.owner.get(&campaign).await.ok()["state"], "active");
    // The same key may be used by both.
    let wish = json!({ "name": "Shop", "external_key": "shop-1", "kind": "web_shop" });
    for retailer in [&mine, &other] {
        assert_eq!(retailer.owner.post("/v1/channels", &wish).await.status, 201);
    }
}

#[tokio::test]
async fn pages_neither_miss_nor_repeat_a_row_while_others_are_inserted() {
    let retailer = Tenant::sign_up().await;
    let owner = &retailer.owner;
    let made =
        join_all(
            (0..40).map(|i| {
                let wish = json!({ "name": format!("Campaign {i}") });
                async move {
                    text(&patiently(async || owner.post("/v1/campaigns", &wish).await).await.ok()["id"]).to_owned()
                }
            }),
        );
    let there: BTreeSet<String> = made.await.into_iter().collect();
    let mut seen: Vec<String> = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = owner.get(&format!("/v1/campaigns?limit=7{cursor}")).await.ok();
        seen.extend(page["data"].as_array().unwrap().iter().map(|row| text(&row["id"]).to_owned()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
        for name in ["In between", "And another"] {
            retailer.campaign(name).await;
        }
    }
    assert_eq!(seen.len(), there.len(), "repeated or new rows among {seen:?}");
    assert_eq!(seen.iter().cloned().collect::<BTreeSet<_>>(), there);

    let other = Tenant::sign_up().await.owner;
    for (client, path) in [
        (&other, format!("/v1/campaigns?limit=7{cursor}")),
        (owner, format!("/v1/campaigns?state=active{cursor}")),
        (owner, format!("/v1/channels?limit=7{cursor}")),
        (owner, "/v1/campaigns?cursor=rubbish".to_owned()),
    ] {
        client.get(&path).await.refused(Code::InvalidCursor);
    }
    for limit in ["0", "201"] {
        owner.get(&format!("/v1/campaigns?limit={limit}")).await.refused(Code::ValidationFailed);
    }
    for query in ["limit=many", "colour=red", "state=sleeping"] {
        owner.get(&format!("/v1/campaigns?{query}")).await.refused(Code::MalformedQuery);
    }
    let found = owner.get("/v1/campaigns?q=campaign%203&limit=200").await.ok();
    assert_eq!(found["data"].as_array().unwrap().len(), 11, "Campaign 3 and 30 to 39");
}

/// The verbs, the states, and how a draft gets into each.
const VERBS: [&str; 7] = ["submit", "schedule", "launch", "pause", "resume", "complete", "cancel"];
const WAYS: [(&str, &[&str]); 7] = [
    ("draft", &[]),
    ("in_review", &["submit"]),
    ("scheduled", &["schedule"]),
    ("active", &["launch"]),
    ("paused", &["launch", "pause"]),
    ("completed", &["launch", "complete"]),
    ("cancelled", &["cancel"]),
];

#[tokio::test]
async fn every_verb_does_one_thing_in_every_state() {
    let Tenant { owner, .. } = Tenant::sign_up().await;
    let reason = json!({ "reason": "Because" });
    let mut table = String::new();
    for (state, way) in WAYS {
        for verb in VERBS {
            let wish = json!({ "name": format!("{verb} when {state}"), "starts_on": "2099-11-01" });
            let place = owner.post("/v1/campaigns", wish).await.header("location").to_owned();
            for step in way {
                owner.post(&format!("{place}/{step}"), &reason).await.ok();
            }
            let before = owner.get(&place).await.ok();
            assert_eq!(before["state"], *state);
            let answer = owner.post(&format!("{place}/{verb}"), &reason).await;
            let told = if answer.status == 200 {
                let body = answer.ok();
                let version = |campaign: &Value| campaign["version"].as_i64().unwrap();
                let changed = body["changed"] == true;
                let steps = version(&body["campaign"]) - version(&before);
                assert_eq!(steps, i64::from(changed), "{state} {verb}");
                assert_eq!(owner.get(&place).await.ok(), body["campaign"]);
                format!("{} {}", if changed { "becomes" } else { "stays" }, text(&body["campaign"]["state"]))
            } else {
                let refused = answer.refused(Code::StateConflict);
                assert_eq!(owner.get(&place).await.ok(), before, "{state} {verb}");
                format!("409 {}", text(&refused["detail"]))
            };
            writeln!(table, "{state:<10} {verb:<9} {told}").unwrap();
        }
    }
    insta::assert_snapshot!(table);
    let dateless = owner.post("/v1/campaigns", json!({ "name": "No days" })).await.header("location").to_owned();
    let refused = owner.post(&format!("{dateless}/schedule"), &reason).await.refused(Code::StateConflict);
    assert!(text(&refused["detail"]).contains("starts_on"), "{refused}");
    owner.post(&format!("{dateless}/launch"), json!({ "reason": " " })).await.refused(Code::ValidationFailed);
    owner.post(&format!("{dateless}/launch"), json!({})).await.refused(Code::ValidationFailed);
}

#[tokio::test]
async fn fifty_pauses_and_resumes_at_once_leave_one_history() {
    // Of its own, so that nobody else has to wait for a connection meanwhile.
    let service = own_service(own_database().await, 8);
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let (owner, campaign) = (&retailer.owner, retailer.active_campaign("Fought over").await);
    let place = format!("/v1/campaigns/{campaign}");
    let calls = join_all((0..50).map(|i| {
        let verb = if i % 2 == 0 { "pause" } else { "resume" };
        let (path, body) = (format!("{place}/{verb}"), json!({ "reason": format!("Call {i}") }));
        async move { patiently(async || owner.post(&path, &body).await).await.ok() }
    }));
    let changes = calls.await.iter().filter(|answer| answer["changed"] == true).count();
    assert!(changes > 0);

    let history = owner.get(&format!("{place}/history?limit=200")).await.ok();
    let steps = history["data"].as_array().unwrap();
    let states: Vec<&str> = steps.iter().map(|step| text(&step["to"])).collect();
    assert_eq!(states[..2], ["draft", "active"]);
    assert_eq!(states.len(), 2 + changes, "one step a change");
    let alternating: Vec<&str> = ["paused", "active"].into_iter().cycle().take(changes).collect();
    assert_eq!(states[2..], alternating);
    assert!(steps.windows(2).all(|pair| pair[1]["from"] == pair[0]["to"]), "{history}");
    assert!(steps.windows(2).all(|pair| text(&pair[0]["at"]) <= text(&pair[1]["at"])), "{history}");
    let now = owner.get(&place).await.ok();
    assert_eq!((&now["state"], &now["version"]), (&json!(states.last().unwrap()), &json!(2 + changes)));

    let entries = owner.get(&format!("/v1/audit-entries?limit=200&object={campaign}")).await.ok();
    let of =
        |action: &str| entries["data"].as_array().unwrap().iter().filter(|entry| entry["action"] == action).count();
    assert_eq!((of("campaign.paused"), of("campaign.resumed")), (changes.div_ceil(2), changes / 2));
    service.stop().await;
}

#[tokio::test]
async fn who_may_pause_and_who_may_not() {
    let retailer = Tenant::sign_up().await;
    let campaign = retailer.active_campaign("Watched").await;
    let place = format!("/v1/campaigns/{campaign}");
    let reason = json!({ "reason": "合规检查" });
    let viewer = retailer.staff(Role::Viewer).await;
    let refused = viewer.post(&format!("{place}/pause"), &reason).await.refused(Code::PermissionDenied);
    assert!(text(&refused["detail"]).contains("campaigns:pause"), "{refused}");
    assert_eq!(viewer.get(&place).await.ok()["state"], "active");

    let compliance = retailer.staff(Role::Compliance).await;
    let paused = compliance.post(&format!("{place}/pause"), &reason).await.ok();
    assert_eq!((&paused["changed"], &paused["campaign"]["state"]), (&json!(true), &json!("paused")));
    assert_eq!(paused["campaign"]["state_reason"], "合规检查");
    let again = compliance.post(&format!("{place}/pause"), &reason).await.ok();
    assert_eq!((&again["changed"], &again["campaign"]), (&json!(false), &paused["campaign"]));
    compliance.post(&format!("{place}/resume"), &reason).await.refused(Code::PermissionDenied);
    let partner = retailer.partner(&[Permission::CampaignsRead]).await;
    partner.post(&format!("{place}/resume"), &reason).await.refused(Code::PermissionDenied);
    assert_eq!(partner.get(&place).await.ok(), paused["campaign"]);

    let page = retailer.owner.get(&format!("/v1/audit-entries?object={campaign}")).await.ok();
    let fields = ["action", "actor_kind", "via", "reason", "after"];
    let told = |entry: &Value| fields.map(|field| entry[field].to_string()).join(" ");
    // The first one is its making.
    let entries: Vec<String> = page["data"].as_array().unwrap().iter().rev().skip(1).map(told).collect();
    insta::assert_snapshot!(entries.join("\n").replace(&campaign, "[cmp]"));
}
