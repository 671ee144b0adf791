//! Rules that judge closed days, and the alerts they raise: their figures, their life, their picture.

#![expect(clippy::unwrap_used, reason = "tests")]

use crate::harness::feed::{feed, of, sample};
use crate::harness::tenant::text;
use crate::harness::{Answer, Client, Tenant, redacted};
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Role;

/// Mondays, from 5 January 2026 on.
const MONDAYS: [&str; 10] = [
    "2026-01-05",
    "2026-01-12",
    "2026-01-19",
    "2026-01-26",
    "2026-02-02",
    "2026-02-09",
    "2026-02-16",
    "2026-02-23",
    "2026-03-02",
    "2026-03-09",
];
/// What was sold on the first eight: mean 100, squared distances 42, so a standard deviation of the root of 6.
const SALES: [f64; 8] = [100.0, 102.0, 98.0, 104.0, 96.0, 101.0, 99.0, 100.0];

/// A day's figure, counted at noon in New York.
pub(crate) fn day(metric: &str, day: &str, value: f64) -> Value {
    sample(metric, &format!("{day}T17:00:00Z"), "day", value)
}

fn history(metric: &str) -> Vec<Value> {
    MONDAYS.iter().zip(SALES).map(|(monday, value)| day(metric, monday, value)).collect()
}

/// Feeds and waits until all of it was judged.
pub(crate) async fn judged(retailer: &Tenant, samples: &[Value]) {
    let taken = feed(&retailer.owner, samples).await.ok();
    assert_eq!(taken["refused"], 0, "{taken}");
    retailer.settled().await;
}

pub(crate) async fn make(retailer: &Tenant, wish: Value) -> Value {
    let rule = retailer.owner.post("/v1/rules", wish).await.ok();
    retailer.settled().await;
    rule
}

/// Newest first.
pub(crate) async fn alerts(client: &Client, query: &str) -> Vec<Value> {
    client.get(&format!("/v1/alerts{query}")).await.ok()["data"].as_array().unwrap().clone()
}

fn deviation(more: &Value) -> Value {
    let mut spec = json!({ "kind": "deviation", "metric": "sales", "side": "below" });
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "name": "Sales under 2 sigma", "severity": "warning", "spec": spec })
}

fn near(value: &Value, expected: f64) -> bool {
    value.as_f64().is_some_and(|value| (value - expected).abs() < 1e-9)
}

#[tokio::test]
async fn a_low_monday_is_told_with_its_figures_and_ends_with_an_ordinary_one() {
    let retailer = Tenant::sign_up().await;
    judged(&retailer, &history("sales")).await;
    let rule = make(&retailer, deviation(&json!({}))).await;
    judged(&retailer, &[day("sales", MONDAYS[8], 80.0)]).await;
    assert!(alerts(&retailer.owner, "").await.is_empty(), "the day is not over");
    judged(&retailer, &[day("sales", "2026-03-03", 95.0)]).await;

    let [alert] = &alerts(&retailer.owner, "").await[..] else { panic!("one alert") };
    insta::assert_json_snapshot!(redacted(alert));
    assert_eq!((&alert["rule"], &alert["window_start"]), (&rule["id"], &json!("2026-03-02T05:00:00Z")));
    let (figures, sigma) = (&alert["figures"], 6.0_f64.sqrt());
    assert_eq!((&figures["value"], &figures["n"]), (&json!(80.0), &json!(8)));
    for (field, expected) in [
        ("expected", 100.0),
        ("sigma", sigma),
        ("z", -20.0 / sigma),
        ("line", 100.0 - 2.0 * sigma),
        ("low", 100.0 - 2.0 * sigma),
        ("high", 100.0 + 2.0 * sigma),
        ("overshoot", 20.0 - 2.0 * sigma),
    ] {
        assert!(near(&figures[field], expected), "{field}: {figures}");
    }

    // An ordinary Monday, closed by its Tuesday.
    judged(&retailer, &[day("sales", MONDAYS[9], 101.0), day("sales", "2026-03-10", 95.0)]).await;
    let [ended] = &alerts(&retailer.owner, "?state=resolved").await[..] else { panic!("resolved") };
    assert_eq!((&ended["id"], &ended["figures"]["value"]), (&alert["id"], &json!(80.0)));
    let timeline = retailer.owner.get(&format!("/v1/alerts/{}/timeline", text(&alert["id"]))).await.ok();
    insta::assert_json_snapshot!(redacted(&timeline));
    assert_eq!(timeline["data"][0]["figures"]["value"], 101.0);
    assert_eq!(timeline["data"][1]["event"], "opened");
}

#[tokio::test]
async fn a_late_correction_has_the_judged_day_judged_again() {
    let retailer = Tenant::sign_up().await;
    judged(&retailer, &history("sales")).await;
    make(&retailer, deviation(&json!({}))).await;
    judged(&retailer, &[day("sales", MONDAYS[8], 80.0), day("sales", "2026-03-03", 95.0)]).await;
    let first = alerts(&retailer.owner, "?state=firing").await.remove(0);
    // Still low: the same alert, with the new figure.
    judged(&retailer, &[day("sales", MONDAYS[8], 75.0)]).await;
    let [alert] = &alerts(&retailer.owner, "").await[..] else { panic!("one open breach, one alert") };
    assert_eq!((&alert["id"], &alert["figures"]["value"]), (&first["id"], &json!(75.0)));
    assert!(alert["version"].as_i64() > first["version"].as_i64());
    // What changes nothing is no version.
    judged(&retailer, &[sample("sales", "2026-03-03T18:00:00Z", "more", 1)]).await;
    assert_eq!(alerts(&retailer.owner, "").await[0]["version"], alert["version"]);
    // It was a mistake: resolved. And it was none: a new breach.
    judged(&retailer, &[day("sales", MONDAYS[8], 99.0)]).await;
    assert_eq!(alerts(&retailer.owner, "").await[0]["state"], "resolved");
    judged(&retailer, &[day("sales", MONDAYS[8], 70.0)]).await;
    let both = alerts(&retailer.owner, "").await;
    assert_eq!((both.len(), &both[0]["state"], &both[1]["id"]), (2, &json!("firing"), &first["id"]));
}

#[tokio::test]
async fn an_archived_rule_judges_no_more_and_leaves_nothing_open() {
    let retailer = Tenant::sign_up().await;
    let owner = &retailer.owner;
    judged(&retailer, &history("sales")).await;
    let rule = make(&retailer, deviation(&json!({}))).await;
    let place = format!("/v1/rules/{}", text(&rule["id"]));
    judged(&retailer, &[day("sales", MONDAYS[8], 80.0), day("sales", "2026-03-03", 95.0)]).await;
    assert_eq!(alerts(owner, "?state=firing").await.len(), 1);
    retailer
        .staff(Role::Viewer)
        .await
        .post(&format!("{place}/archive"), json!({}))
        .await
        .refused(Code::PermissionDenied);

    for field in ["name", "spec", "severity", "enabled"] {
        let problem = owner.patch(&place, 1, json!({ field: null })).await.refused(Code::ValidationFailed);
        assert_eq!(problem["errors"][0]["pointer"], format!("/{field}"));
    }

    let archived = owner.post(&format!("{place}/archive"), json!({})).await;
    assert_eq!(archived.header("etag"), "\"2\"");
    let archived = archived.ok();
    assert_ne!(archived["archived_at"], Value::Null);
    retailer.settled().await;
    assert_eq!(alerts(owner, "").await[0]["state"], "resolved");
    // Again it changes nothing; it is read, not changed, and the list keeps it apart.
    assert_eq!(owner.post(&format!("{place}/archive"), json!({})).await.ok(), archived);
    assert_eq!(owner.get(&place).await.ok(), archived);
    owner.patch(&place, 2, json!({ "enabled": true })).await.refused(Code::StateConflict);
    assert_eq!(owner.get("/v1/rules").await.ok()["data"], json!([]));
    assert_eq!(owner.get("/v1/rules?archived=true").await.ok()["data"], json!([archived]));
    let entries = retailer.audited().await;
    assert_eq!(entries.iter().filter(|entry| entry["action"] == "rule.archived").count(), 1);
    // The worst Monday raises nothing.
    judged(&retailer, &[day("sales", MONDAYS[9], 1.0), day("sales", "2026-03-10", 95.0)]).await;
    assert_eq!(alerts(owner, "").await.len(), 1);

    // Nor does a line that is passed.
    let campaign = retailer.active_campaign("Coupons").await;
    let stop_loss = retailer.stop_loss(&campaign, 100).await;
    owner.post(&format!("/v1/rules/{stop_loss}/archive"), json!({})).await.ok();
    let rows = of("campaign", &campaign, [sample("spend", "2026-02-03T15:00:00Z", "all", 150)]);
    assert_eq!(feed(owner, &rows).await.ok()["stopped"], json!([]));
    assert_eq!(owner.get(&format!("/v1/campaigns/{campaign}")).await.ok()["state"], "active");
}

#[tokio::test]
async fn too_little_history_or_volume_is_no_alarm() {
    let retailer = Tenant::sign_up().await;
    judged(&retailer, &history("sales")[3..]).await;
    make(&retailer, deviation(&json!({}))).await;
    make(&retailer, deviation(&json!({ "minimum_history": 3, "minimum_volume": 1000 }))).await;
    make(&retailer, deviation(&json!({ "minimum_history": 3, "side": "above" }))).await;
    make(&retailer, deviation(&json!({ "minimum_history": 3, "sigmas": 1000 }))).await;
    judged(&retailer, &[day("sales", MONDAYS[8], 10.0), day("sales", "2026-03-03", 95.0)]).await;
    assert!(alerts(&retailer.owner, "").await.is_empty());
    // Five Mondays and a day this low do suffice for whoever asks for three; a median stands in for the mean.
    make(&retailer, deviation(&json!({ "minimum_history": 3, "baseline": "median_mad" }))).await;
    let [alert] = &alerts(&retailer.owner, "").await[..] else { panic!("one alert") };
    // 96, 99, 100, 101, 104: median 100, median distance 1.
    let figures = &alert["figures"];
    assert!(near(&figures["expected"], 100.0) && near(&figures["sigma"], 1.4826), "{figures}");
    assert_eq!(figures["n"], 5);
}

#[tokio::test]
async fn a_threshold_judges_each_channel_by_itself() {
    let retailer = Tenant::sign_up().await;
    let (store, shop) = (retailer.channel("南京路店").await, retailer.channel("Web shop").await);
    let spec = json!({ "kind": "threshold", "metric": "aov", "side": "below", "line": 20, "recover": 25, "minimum_volume": 5 });
    let wish = json!({ "name": "客单价过低", "severity": "info", "per_channel": true, "spec": spec });
    make(&retailer, wish).await;
    let sold = |channel: &str, date: &str, sales: f64, orders: f64| {
        of("channel", channel, [day("sales", date, sales), day("orders", date, orders)])
    };
    let closing = |date: &str| sold(&shop, date, 300.0, 10.0);
    // 15 an order in the store, 30 in the shop.
    judged(
        &retailer,
        &[sold(&store, "2026-02-03", 150.0, 10.0), closing("2026-02-03"), closing("2026-02-04")].concat(),
    )
    .await;
    let [alert] = &alerts(&retailer.owner, "").await[..] else { panic!("one alert, of the store") };
    assert_eq!((&alert["channel"]["id"], &alert["channel"]["name"]), (&json!(store), &json!("南京路店")));
    assert_eq!((&alert["figures"]["value"], &alert["figures"]["overshoot"]), (&json!(15.0), &json!(5.0)));
    // Four orders say nothing, 22 is between the lines, 25 is well again.
    for (date, next, sales, orders, state) in [
        ("2026-02-04", "2026-02-05", 400.0, 4.0, "firing"),
        ("2026-02-05", "2026-02-06", 220.0, 10.0, "firing"),
        ("2026-02-06", "2026-02-07", 250.0, 10.0, "resolved"),
    ] {
        judged(&retailer, &[sold(&store, date, sales, orders), closing(next)].concat()).await;
        assert_eq!(alerts(&retailer.owner, "").await[0]["state"], state, "{date}");
    }
    assert_eq!(alerts(&retailer.owner, "").await.len(), 1);
}

#[tokio::test]
async fn somebody_takes_an_alert_in_hand() {
    let retailer = Tenant::sign_up().await;
    let spec = json!({ "kind": "threshold", "metric": "complaints", "side": "above", "line": 5 });
    make(&retailer, json!({ "name": "Complaints", "severity": "critical", "spec": spec })).await;
    judged(&retailer, &[day("complaints", "2026-02-03", 5.0), day("complaints", "2026-02-04", 0.0)]).await;
    let id = text(&alerts(&retailer.owner, "").await[0]["id"]).to_owned();
    let place = format!("/v1/alerts/{id}/acknowledge");
    let [agent, viewer] = [retailer.staff(Role::ServiceAgent).await, retailer.staff(Role::Viewer).await];
    viewer.post(&place, json!({})).await.refused(Code::PermissionDenied);
    let taken = agent.post(&place, json!({})).await.ok();
    assert_eq!((&taken["changed"], &taken["alert"]["state"]), (&json!(true), &json!("acknowledged")));
    assert_eq!(taken["alert"]["acknowledged_by"]["name"], "A service_agent");
    let again = retailer.owner.post(&place, json!({})).await.ok();
    assert_eq!((&again["changed"], &again["alert"]), (&json!(false), &taken["alert"]));
    // An acknowledged alert still ends by itself.
    judged(&retailer, &[day("complaints", "2026-02-05", 0.0)]).await;
    let timeline = retailer.owner.get(&format!("/v1/alerts/{id}/timeline")).await.ok();
    let steps: Vec<_> =
        timeline["data"].as_array().unwrap().iter().map(|e| (text(&e["event"]), text(&e["actor_kind"]))).collect();
    assert_eq!(steps, [("resolved", "rule"), ("acknowledged", "staff"), ("opened", "rule")]);
    // The same page by page; a cursor belongs to its alert.
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = retailer.owner.get(&format!("/v1/alerts/{id}/timeline?limit=1{cursor}")).await.ok();
        paged.extend(page["data"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(timeline["data"], json!(paged));
    retailer.owner.get(&format!("/v1/alerts?limit=1{cursor}")).await.refused(Code::InvalidCursor);
    assert_eq!(retailer.owner.post(&place, json!({})).await.ok()["changed"], false);
    let audited = retailer.audited().await;
    let actions: Vec<&str> =
        audited.iter().filter(|e| e["object"] == id.as_str()).map(|e| text(&e["action"])).collect();
    assert_eq!(actions, ["alert.resolved", "alert.acknowledged", "permission.denied", "alert.opened"]);
    let other = Tenant::sign_up().await.owner;
    for path in ["", "/timeline", "/picture"] {
        other.get(&format!("/v1/alerts/{id}{path}")).await.refused(Code::NotFound);
    }
}

/// Width and height of a PNG (its first chunk says them).
#[track_caller]
fn size(answer: &Answer) -> (u32, u32) {
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/png"), "{}", answer.text());
    assert!(answer.bytes.starts_with(b"\x89PNG\r\n\x1a\n"));
    let number = |from: usize| u32::from_be_bytes(answer.bytes[from..from + 4].try_into().unwrap());
    (number(16), number(20))
}

#[tokio::test]
async fn an_alert_has_a_picture_in_both_languages() {
    let retailer = Tenant::sign_up().await;
    judged(&retailer, &history("sales")).await;
    make(&retailer, deviation(&json!({}))).await;
    judged(&retailer, &[day("sales", MONDAYS[8], 80.0), day("sales", "2026-03-03", 95.0)]).await;
    let id = text(&alerts(&retailer.owner, "").await[0]["id"]).to_owned();
    let [plain, english, chinese] =
        ["", "?locale=en", "?locale=zh-CN"].map(|query| format!("/v1/alerts/{id}/picture{query}"));
    let [plain, english, chinese] =
        [retailer.owner.get(&plain).await, retailer.owner.get(&english).await, retailer.owner.get(&chinese).await];
    assert_eq!([size(&plain), size(&english), size(&chinese)], [(1200, 675); 3]);
    assert!(plain.bytes == english.bytes, "the retailer's own language unless asked otherwise");
    assert!(english.bytes != chinese.bytes, "the words differ");
    retailer.owner.get(&format!("/v1/alerts/{id}/picture?locale=fr")).await.refused(Code::MalformedQuery);
}

#[tokio::test]
async fn a_rule_that_makes_no_sense_is_refused_with_every_reason() {
    let (retailer, other) = (Tenant::sign_up().await, Tenant::sign_up().await);
    let owner = &retailer.owner;
    let (channel, campaign) = (other.channel("Theirs").await, other.campaign("Theirs").await);
    let mine = retailer.campaign("Mine").await;
    let threshold = json!({ "kind": "threshold", "metric": "sales", "side": "below", "line": 1 });
    let rule = |spec: Value, more: Value| {
        let mut wish = json!({ "name": "R", "severity": "info", "spec": spec });
        wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        wish
    };
    let mut told = Vec::new();
    for wish in [
        rule(json!({ "kind": "threshold", "metric": "salez", "side": "below", "line": 1 }), json!({ "name": "" })),
        rule(threshold.clone(), json!({ "channel": channel })),
        rule(threshold.clone(), json!({ "campaign": campaign })),
        rule(threshold.clone(), json!({ "per_channel": true, "campaign": mine })),
        rule(threshold.clone(), json!({ "colour": "red" })),
        rule(json!({ "kind": "threshold", "metric": "sales", "side": "below", "line": 9, "recover": 5 }), json!({})),
        rule(json!({ "kind": "threshold", "metric": "sales", "side": "left", "line": 9 }), json!({})),
        rule(json!({ "kind": "deviation", "metric": "sales", "side": "below", "sigmas": 0 }), json!({})),
        rule(json!({ "kind": "deviation", "metric": "sales", "side": "below", "window": 3 }), json!({})),
        rule(json!({ "kind": "stop_loss", "metric": "spend", "line": 5 }), json!({})),
        rule(json!({ "kind": "stop_loss", "metric": "sales", "line": 0 }), json!({ "campaign": mine })),
        rule(json!({ "kind": "horoscope", "metric": "sales" }), json!({})),
    ] {
        let refused = owner.post("/v1/rules", &wish).await.refused(Code::ValidationFailed);
        for fault in refused["errors"].as_array().unwrap() {
            let word = |field: &str| text(&fault[field]);
            told.push(format!("{:<16} {:<15} {}", word("pointer"), word("code"), word("detail")));
        }
    }
    insta::assert_snapshot!(told.join("\n").replace(&channel, "[chn]").replace(&campaign, "[cmp]"));
    assert_eq!(owner.get("/v1/rules").await.ok()["data"], json!([]));

    let made = owner.post("/v1/rules", rule(threshold, json!({}))).await;
    let place = made.header("location").to_owned();
    assert_eq!(made.header("etag"), "\"1\"");
    owner.patch(&place, 2, json!({ "name": "S" })).await.refused(Code::VersionStale);
    let kind = json!({ "spec": { "kind": "deviation", "metric": "sales", "side": "below" } });
    assert_eq!(
        owner.patch(&place, 1, kind).await.refused(Code::ValidationFailed)["errors"][0]["pointer"],
        "/spec/kind"
    );
    let changed = owner.patch(&place, 1, json!({ "name": "改名", "severity": "critical" })).await.ok();
    assert_eq!((&changed["version"], &changed["name"]), (&json!(2), &json!("改名")));
    other.owner.get(&place).await.refused(Code::NotFound);
    other.owner.patch(&place, 2, json!({ "enabled": false })).await.refused(Code::NotFound);
    assert_eq!(owner.get("/v1/rules").await.ok()["data"], json!([changed]));
}
