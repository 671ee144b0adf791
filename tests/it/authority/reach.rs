//! Permissions narrowed to channels, as a store's manager and a store's till see them. (That nothing else is seen,
//! whatever is asked, is `isolation::narrowed`'s.)

use super::{give, refused_fields, staff_id};
use crate::harness::tenant::text;
use crate::harness::{Client, Tenant, soon};
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::{Permission, Role};

/// A retailer with two stores and a campaign on each, on both and on none.
struct Stores {
    retailer: Tenant,
    near: String,
    far: String,
    campaigns: [String; 4],
}

impl Stores {
    async fn open() -> Self {
        let retailer = Tenant::sign_up().await;
        let (near, far) = (retailer.channel("近店 Near").await, retailer.channel("远店 Far").await);
        let campaign = async |name: &str, channels: Value| {
            let wish = json!({ "name": name, "channels": channels });
            let id = text(&retailer.owner.post("/v1/campaigns", wish).await.ok()["id"]).to_owned();
            retailer.owner.post(&format!("/v1/campaigns/{id}/launch"), json!({ "reason": "Starts" })).await.ok();
            id
        };
        let campaigns = [
            campaign("Near alone", json!([near])).await,
            campaign("Far alone", json!([far])).await,
            campaign("Both", json!([near, far])).await,
            campaign("Nowhere", json!([])).await,
        ];
        Self { retailer, near, far, campaigns }
    }

    /// A new staff of `role` narrowed to these channels.
    async fn narrowed(&self, role: Role, channels: &[&str]) -> Client {
        let staff = self.retailer.staff(role).await;
        give(&self.retailer, &staff_id(&staff).await, json!({ "channels": channels })).await.ok();
        narrowed(&staff, channels).await;
        staff
    }
}

/// Waits until the reach counts.
async fn narrowed(who: &Client, channels: &[&str]) {
    let mut sorted = channels.to_vec();
    sorted.sort_unstable();
    soon("the reach to be narrowed", async || {
        let mut seen = who.get("/v1/me").await.ok()["channels"].as_array()?.clone();
        seen.sort_by_key(ToString::to_string);
        (json!(seen) == json!(sorted)).then_some(())
    })
    .await;
}

fn names(list: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = list["data"].as_array().expect("a list").iter().map(|row| text(&row["name"])).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn a_store_manager_sees_and_changes_the_store_and_what_runs_there_alone() {
    let stores = Stores::open().await;
    let manager = stores.narrowed(Role::Admin, &[&stores.near]).await;
    assert_eq!(names(&manager.get("/v1/channels").await.ok()), ["近店 Near"]);
    assert_eq!(names(&manager.get("/v1/campaigns").await.ok()), ["Near alone"]);
    let [near, far, both, nowhere] = &stores.campaigns;
    let reason = json!({ "reason": "too dear" });
    manager.post(&format!("/v1/campaigns/{near}/pause"), &reason).await.ok();
    manager.get(&format!("/v1/campaigns/{near}/history")).await.ok();
    for out in [far, both, nowhere] {
        let path = format!("/v1/campaigns/{out}");
        manager.get(&path).await.refused(Code::NotFound);
        manager.get(&format!("{path}/history")).await.refused(Code::NotFound);
        manager.post(&format!("{path}/pause"), &reason).await.refused(Code::NotFound);
        manager.post(&format!("{path}/archive"), json!({})).await.refused(Code::NotFound);
        manager.patch(&path, 2, json!({ "name": "Mine now" })).await.refused(Code::NotFound);
    }
    manager.patch(&format!("/v1/channels/{}", stores.near), 1, json!({ "stage": "paused" })).await.ok();
    manager
        .patch(&format!("/v1/channels/{}", stores.far), 1, json!({ "stage": "paused" }))
        .await
        .refused(Code::NotFound);
    let wish = json!({ "name": "A third", "kind": "store" });
    manager.post("/v1/channels", wish).await.refused(Code::PermissionDenied);
    // New ones belong where they can be seen.
    for (channels, fields) in
        [(json!([]), vec!["/channels required"]), (json!([stores.near, stores.far]), vec!["/channels/1 not_found"])]
    {
        let wish = json!({ "name": "New", "channels": channels });
        let problem = manager.post("/v1/campaigns", wish).await.refused(Code::ValidationFailed);
        assert_eq!(refused_fields(&problem), fields);
    }
    let new = manager.post("/v1/campaigns", json!({ "name": "New", "channels": [stores.near] })).await.ok();
    let path = format!("/v1/campaigns/{}", text(&new["id"]));
    for away in [json!([]), json!([stores.far])] {
        manager.patch(&path, 1, json!({ "channels": away })).await.refused(Code::ValidationFailed);
    }
    manager.patch(&path, 1, json!({ "objective": "More coffee" })).await.ok();
    // What is about the whole retailer is not the manager's any more, admin or not.
    let refused = manager.get("/v1/staff").await.refused(Code::PermissionDenied);
    assert!(text(&refused["detail"]).contains("narrowed to channels"), "{refused}");
    for path in ["/v1/tenant", "/v1/audit-entries", "/v1/api-tokens", "/v1/roles", "/v1/chat-links"] {
        manager.get(path).await.refused(Code::PermissionDenied);
    }
    let me = manager.get("/v1/me").await.ok();
    let permissions: Vec<Permission> = Permission::ALL.iter().copied().filter(|p| p.by_channel()).collect();
    assert_eq!((&me["permissions"], &me["channels"]), (&json!(permissions), &json!([stores.near])));
}

#[tokio::test]
async fn rules_and_alerts_follow_their_channel_and_campaign() {
    let stores = Stores::open().await;
    let manager = stores.narrowed(Role::Admin, &[&stores.near]).await;
    let [near, far, both, _] = &stores.campaigns;
    stores.retailer.link(&stores.retailer.owner, &format!("reach-{near}"), "u").await;
    let mut alerts = Vec::new();
    for campaign in [near, far, both] {
        let rule = stores.retailer.stop_loss(campaign, 10).await;
        let row =
            json!({ "metric": "spend", "at": "2026-02-03T15:00:00Z", "key": "k", "campaign": campaign, "value": 50 });
        let taken = stores.retailer.owner.post("/v1/samples", json!({ "samples": [row] })).await.ok();
        alerts.push((rule, text(&taken["stopped"][0]["alert"]).to_owned()));
    }
    let only = |list: &Value| {
        list["data"].as_array().expect("a list").iter().map(|row| text(&row["id"]).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(only(&manager.get("/v1/rules").await.ok()), [alerts[0].0.clone()]);
    assert_eq!(only(&manager.get("/v1/alerts").await.ok()), [alerts[0].1.clone()]);
    let deliveries = manager.get("/v1/deliveries").await.ok();
    assert_eq!(deliveries["data"].as_array().map(Vec::len), Some(1), "{deliveries}");
    assert_eq!(deliveries["data"][0]["alert"], json!(alerts[0].1));
    manager.get(&format!("/v1/alerts/{}/timeline", alerts[0].1)).await.ok();
    manager.get(&format!("/v1/alerts/{}/picture", alerts[0].1)).await.ok();
    assert_eq!(manager.post(&format!("/v1/alerts/{}/acknowledge", alerts[0].1), json!({})).await.ok()["changed"], true);
    let all = stores.retailer.owner.get("/v1/deliveries").await.ok();
    for (rule, alert) in &alerts[1..] {
        for path in ["", "/timeline", "/picture"] {
            manager.get(&format!("/v1/alerts/{alert}{path}")).await.refused(Code::NotFound);
        }
        manager.post(&format!("/v1/alerts/{alert}/acknowledge"), json!({})).await.refused(Code::NotFound);
        manager.get(&format!("/v1/rules/{rule}")).await.refused(Code::NotFound);
        manager.patch(&format!("/v1/rules/{rule}"), 1, json!({ "enabled": false })).await.refused(Code::NotFound);
        manager.post(&format!("/v1/rules/{rule}/archive"), json!({})).await.refused(Code::NotFound);
        let theirs = all["data"].as_array().expect("a list").iter().find(|row| row["alert"] == json!(alert));
        let delivery = text(&theirs.expect("its delivery")["id"]).to_owned();
        manager.post(&format!("/v1/deliveries/{delivery}/replay"), json!({})).await.refused(Code::NotFound);
    }
    let threshold = json!({ "kind": "threshold", "metric": "sales", "side": "below", "line": 1 });
    for (place, fields) in [
        (json!({}), vec!["/channel required"]),
        (json!({ "channel": stores.far }), vec!["/channel not_found"]),
        (json!({ "campaign": both }), vec!["/campaign not_found"]),
        (json!({ "channel": stores.near, "campaign": far }), vec!["/campaign not_found"]),
    ] {
        let mut wish = json!({ "name": "R", "severity": "info", "spec": threshold });
        wish.as_object_mut().expect("an object").extend(place.as_object().cloned().unwrap_or_default());
        let problem = manager.post("/v1/rules", wish).await.refused(Code::ValidationFailed);
        assert_eq!(refused_fields(&problem), fields, "{place}");
    }
    let wish = json!({ "name": "R", "severity": "info", "spec": threshold, "channel": stores.near });
    manager.post("/v1/rules", wish).await.ok();
}

#[tokio::test]
async fn figures_are_those_of_the_channels_in_reach_and_a_till_writes_to_its_own() {
    let stores = Stores::open().await;
    let (near, far) = (&stores.near, &stores.far);
    let wish = json!({ "name": "Till", "scopes": ["samples:write", "metrics:read"], "channels": [near], "requests_per_minute": 600 });
    let created = stores.retailer.owner.post("/v1/api-tokens", wish).await.ok();
    assert_eq!(
        (&created["token"]["channels"], &created["token"]["requests_per_minute"]),
        (&json!([near]), &json!(600))
    );
    let till = stores.retailer.anonymous.bearing(text(&created["secret"]));
    let row = |key: &str, place: Value| {
        let mut row = json!({ "metric": "sales", "at": "2026-02-03T15:00:00Z", "key": key, "value": 5 });
        row.as_object_mut().expect("an object").extend(place.as_object().cloned().unwrap_or_default());
        row
    };
    let [near_campaign, far_campaign, both, _] = &stores.campaigns;
    let rows = [
        row("a", json!({ "channel": near })),
        row("b", json!({ "campaign": near_campaign })),
        row("c", json!({ "channel": far })),
        row("d", json!({ "channel": "no-such-store" })),
        row("e", json!({ "channel": near, "campaign": both })),
        row("f", json!({ "campaign": far_campaign })),
        row("g", json!({})),
    ];
    let taken = till.post("/v1/samples", json!({ "samples": rows })).await.ok();
    assert_eq!((&taken["accepted"], &taken["refused"]), (&json!(2), &json!(5)), "{taken}");
    let told =
        |row: &Value| format!("{} {}", row["code"].as_str().unwrap_or("-"), row["pointer"].as_str().unwrap_or("-"));
    let told: Vec<String> = taken["results"].as_array().expect("results").iter().map(told).collect();
    let refusals = ["channel_not_allowed /channel", "channel_not_allowed /channel", "unknown_campaign /campaign"];
    assert_eq!(told[..2], ["- -", "- -"]);
    assert_eq!(told[2..5], refusals, "another store looks like one that is not there");
    assert_eq!(told[5..], ["unknown_campaign /campaign", "channel_not_allowed /channel"]);
    // The others' figures.
    let rest = [
        row("h", json!({ "channel": far })),
        row("i", json!({ "channel": far, "campaign": near_campaign })),
        row("j", json!({})),
    ];
    stores.retailer.owner.post("/v1/samples", json!({ "samples": rest })).await.ok();
    let days = "&from=2026-02-01&to=2026-02-05";
    let sum = async |who: &Client, query: &str| {
        let series = who.get(&format!("/v1/series?metric=sales{days}{query}")).await.ok();
        series["data"]
            .as_array()
            .expect("points")
            .iter()
            .map(|point| point["value"].as_f64().unwrap_or(0.0))
            .sum::<f64>()
    };
    let owner = &stores.retailer.owner;
    assert!((sum(owner, "").await - 25.0).abs() < 1e-9);
    assert!((sum(&till, "").await - 5.0).abs() < 1e-9, "one channel goes without saying");
    assert!((sum(&till, &format!("&channel={near}")).await - 5.0).abs() < 1e-9);
    assert!(
        (sum(&till, &format!("&campaign={near_campaign}")).await - 5.0).abs() < 1e-9,
        "not what the far store counted"
    );
    assert!((sum(owner, &format!("&campaign={near_campaign}")).await - 10.0).abs() < 1e-9);
    for out in
        [format!("&channel={far}"), format!("&campaign={both}"), format!("&channel={near}&campaign={far_campaign}")]
    {
        assert!(sum(&till, &out).await.abs() < 1e-9, "{out}");
    }
    let kpis = till.get("/v1/kpis?day=2026-02-03").await.ok();
    let sales = |kpis: &Value| {
        kpis["data"]
            .as_array()
            .expect("lines")
            .iter()
            .find(|line| line["metric"] == "sales")
            .map(|line| line["value"].clone())
    };
    assert_eq!((&kpis["channel"], sales(&kpis)), (&json!(near), Some(json!(5.0))));
    assert_eq!(sales(&owner.get("/v1/kpis?day=2026-02-03").await.ok()), Some(json!(25.0)));
    assert_eq!(sales(&owner.get(&format!("/v1/kpis?day=2026-02-03&channel={far}")).await.ok()), Some(json!(10.0)));
    assert_eq!(till.get(&format!("/v1/kpis?day=2026-02-03&channel={far}")).await.ok()["data"], json!([]));
    // Whoever reaches several names one.
    let area = stores.narrowed(Role::Analyst, &[near, far]).await;
    for path in ["/v1/series?metric=sales", "/v1/kpis"] {
        let problem = area.get(path).await.refused(Code::ValidationFailed);
        assert_eq!(refused_fields(&problem), ["?channel required"]);
    }
    assert!((sum(&area, &format!("&campaign={both}")).await).abs() < 1e-9);
    assert_eq!(names(&area.get("/v1/campaigns").await.ok()), ["Both", "Far alone", "Near alone"]);
}

#[tokio::test]
async fn an_empty_list_of_channels_reaches_nothing_and_none_reaches_all() {
    let stores = Stores::open().await;
    let nowhere = stores.narrowed(Role::Admin, &[]).await;
    let scopes = [Permission::ChannelsRead, Permission::SamplesWrite];
    let wish = json!({ "name": "Nothing", "scopes": scopes, "channels": [] });
    let created = stores.retailer.owner.post("/v1/api-tokens", wish).await.ok();
    let token = stores.retailer.anonymous.bearing(text(&created["secret"]));
    for who in [&nowhere, &token] {
        assert_eq!(who.get("/v1/me").await.ok()["channels"], json!([]));
        assert_eq!(who.get("/v1/channels").await.ok()["data"], json!([]));
        who.get(&format!("/v1/channels/{}", stores.near)).await.refused(Code::NotFound);
        let row =
            json!({ "metric": "sales", "at": "2026-02-03T15:00:00Z", "key": "k", "channel": stores.near, "value": 1 });
        assert_eq!(who.post("/v1/samples", json!({ "samples": [row] })).await.ok()["refused"], 1);
    }
    for list in ["campaigns", "rules", "alerts", "deliveries"] {
        assert_eq!(nowhere.get(&format!("/v1/{list}")).await.ok()["data"], json!([]), "{list}");
    }
    // Widened again, everything is back.
    give(&stores.retailer, &staff_id(&nowhere).await, json!({ "channels": null })).await.ok();
    soon("the reach to be widened", async || (nowhere.get("/v1/staff").await.status == 200).then_some(())).await;
    assert_eq!(names(&nowhere.get("/v1/channels").await.ok()).len(), 2);
}

#[tokio::test]
async fn a_wrong_list_of_channels_is_refused_place_by_place() {
    let stores = Stores::open().await;
    let person = staff_id(&stores.retailer.staff(Role::Viewer).await).await;
    let stranger = Tenant::sign_up().await;
    let theirs = stranger.channel("Theirs").await;
    let wrong = json!([stores.near, theirs, stores.near]);
    let fields = ["/channels/1 not_found", "/channels/2 duplicate"];
    let problem = give(&stores.retailer, &person, json!({ "channels": wrong })).await.refused(Code::ValidationFailed);
    assert_eq!(refused_fields(&problem), fields);
    let wish = json!({ "name": "T", "scopes": ["tenant:read"], "channels": wrong, "requests_per_minute": 0 });
    let problem = stores.retailer.owner.post("/v1/api-tokens", wish).await.refused(Code::ValidationFailed);
    let more =
        ["/requests_per_minute out_of_range", "/scopes/0 not_by_channel"].into_iter().chain(fields).collect::<Vec<_>>();
    assert_eq!(refused_fields(&problem), more);
    let many = json!({ "channels": vec![stores.near.clone(); 501] });
    let problem = give(&stores.retailer, &person, many).await.refused(Code::ValidationFailed);
    assert_eq!(refused_fields(&problem), ["/channels too_many"]);
    let path = format!("/v1/staff/{person}/authority");
    let json = [("content-type", "application/json")];
    let blind = stores.retailer.owner.send("PATCH", &path, &json, Some(b"{}".to_vec())).await;
    blind.refused(Code::PreconditionRequired);
    let same = give(&stores.retailer, &person, json!({ "channels": null })).await.ok();
    assert_eq!(same["version"], 1, "nothing differs, nothing is written");
}
