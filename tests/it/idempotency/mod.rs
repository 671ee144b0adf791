//! A request that is sent again is done once: by the same caller, by fifty at once, after another body, a refusal or a day,
//! and when the program is killed between the effect and the answer ([`killed`]); and what is committed when a request
//! fails on its way ([`transactions`]).

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod killed;
mod transactions;

use crate::harness::tenant::{Style, text, unique};
use crate::harness::{Answer, Client, Tenant, own_database, own_service};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::{Permission, Role};

/// A POST of a JSON body under a key.
async fn post(caller: &Client, path: &str, key: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json"), ("idempotency-key", key)];
    caller.send("POST", path, &headers, Some(body.to_string().into_bytes())).await
}

fn replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == "true"
}

async fn channels(caller: &Client) -> usize {
    caller.get("/v1/channels?limit=200").await.ok()["data"].as_array().unwrap().len()
}

#[tokio::test]
async fn what_is_sent_again_is_done_once_and_answered_the_same() {
    let retailer = Tenant::sign_up().await;
    let wish = json!({ "name": "门店 Süd", "kind": "store" });
    let first = post(&retailer.owner, "/v1/channels", "order-1", &wish).await;
    assert!(!replayed(&first));
    let again = post(&retailer.owner, "/v1/channels", "order-1", &wish).await;
    assert_eq!((again.status, &again.bytes), (201, &first.bytes));
    assert!(replayed(&again));
    for header in ["etag", "content-type", "location"] {
        assert_eq!(again.header(header), first.header(header), "{header}");
    }
    assert_ne!(again.header("x-request-id"), first.header("x-request-id"), "each request has an id of its own");
    assert_eq!(channels(&retailer.owner).await, 1);
    // Without a key, and under another, it is another request.
    retailer.owner.post("/v1/channels", &wish).await.ok();
    post(&retailer.owner, "/v1/channels", "order-2", &wish).await.ok();
    assert_eq!(channels(&retailer.owner).await, 3);
    let entries = retailer.audited().await;
    assert_eq!(entries.iter().filter(|entry| entry["action"] == "channel.created").count(), 3);
}

#[tokio::test]
async fn a_key_belongs_to_one_caller_one_operation_and_one_body() {
    let retailer = Tenant::sign_up().await;
    let wish = |name: &str| json!({ "name": name, "kind": "store" });
    post(&retailer.owner, "/v1/channels", "k", &wish("One")).await.ok();
    post(&retailer.owner, "/v1/channels", "k", &wish("Two")).await.refused(Code::IdempotencyKeyReused);
    // Another operation, another staff, a partner, another retailer: the key is theirs alone.
    let campaign = json!({ "name": "Autumn" });
    assert!(!replayed(&post(&retailer.owner, "/v1/campaigns", "k", &campaign).await));
    let marketer = retailer.staff(Role::Marketer).await;
    assert!(!replayed(&post(&marketer, "/v1/channels", "k", &wish("One")).await));
    let partner = retailer.partner(&[Permission::ChannelsWrite]).await;
    assert!(!replayed(&post(&partner, "/v1/channels", "k", &wish("One")).await));
    let other = Tenant::sign_up().await;
    assert!(!replayed(&post(&other.owner, "/v1/channels", "k", &wish("One")).await));
    assert_eq!((channels(&retailer.owner).await, channels(&other.owner).await), (3, 1));
    for malformed in ["", "a b", &"k".repeat(256), "ключ"] {
        let answer = post(&retailer.owner, "/v1/channels", malformed, &wish("One")).await;
        answer.refused(Code::MalformedHeader);
    }
    // Who may not, is told so, whatever the key.
    let viewer = retailer.staff(Role::Viewer).await;
    post(&viewer, "/v1/channels", "k", &wish("One")).await.refused(Code::PermissionDenied);
}

#[tokio::test]
async fn a_refusal_is_not_kept_and_a_day_later_the_key_is_free() {
    let retailer = Tenant::sign_up().await;
    post(&retailer.owner, "/v1/channels", "k", &json!({ "name": "", "kind": "store" }))
        .await
        .refused(Code::ValidationFailed);
    post(&retailer.owner, "/v1/channels", "k", &json!({ "name": "A" })).await.refused(Code::ValidationFailed);
    let wish = json!({ "name": "A", "kind": "store", "external_key": "a" });
    post(&retailer.owner, "/v1/channels", "k", &wish).await.ok();
    post(&retailer.owner, "/v1/channels", "other", &wish).await.refused(Code::AlreadyExists);
    let expire = format!("UPDATE idempotency_keys SET expires_at = now() WHERE tenant_id = '{}'", retailer.id.0);
    retailer.database.execute(&expire).await;
    let wish = json!({ "name": "B", "kind": "store" });
    assert!(!replayed(&post(&retailer.owner, "/v1/channels", "k", &wish).await));
    assert!(replayed(&post(&retailer.owner, "/v1/channels", "k", &wish).await));
    assert_eq!(channels(&retailer.owner).await, 2);
}

#[tokio::test]
async fn a_secret_is_shown_once_and_never_kept() {
    let retailer = Tenant::sign_up().await;
    let wish = json!({ "name": "POS", "scopes": [Permission::SamplesWrite] });
    let first = post(&retailer.owner, "/v1/api-tokens", "k", &wish).await.ok();
    let secret = text(&first["secret"]).to_owned();
    let again = post(&retailer.owner, "/v1/api-tokens", "k", &wish).await;
    assert!(replayed(&again));
    assert_eq!((&again.body["secret"], &again.body["token"]), (&Value::Null, &first["token"]));
    post(&retailer.owner, "/v1/chat-links/code", "k", &json!({})).await.ok();
    assert_eq!(post(&retailer.owner, "/v1/chat-links/code", "k", &json!({})).await.ok()["code"], Value::Null);
    let kept = format!("SELECT convert_from(body, 'UTF8') FROM idempotency_keys WHERE tenant_id = '{}'", retailer.id.0);
    for body in retailer.database.texts(&kept).await {
        assert!(!body.contains(&secret), "{body}");
    }
}

#[tokio::test]
async fn fifty_at_once_make_one_effect() {
    let retailer = Tenant::sign_up().await;
    let wish = json!({ "name": "One of fifty", "kind": "store" });
    let answers = join_all((0..50).map(|_| post(&retailer.owner, "/v1/channels", "fifty", &wish))).await;
    let mut first = Vec::new();
    for answer in &answers {
        match answer.status {
            201 if !replayed(answer) => first.push(answer),
            201 => {}
            409 => assert_eq!(answer.body["code"], Code::RequestInFlight.as_str()),
            // So many at once may find no connection; they are told to come again.
            503 => assert!(!answer.header("retry-after").is_empty()),
            _ => panic!("{} {}", answer.status, answer.text()),
        }
    }
    assert_eq!(first.len(), 1, "one of them did it");
    assert!(answers.iter().filter(|answer| answer.status == 201).all(|answer| answer.bytes == first[0].bytes));
    assert_eq!(channels(&retailer.owner).await, 1);
    assert_eq!(post(&retailer.owner, "/v1/channels", "fifty", &wish).await.bytes, first[0].bytes);
}

/// A lock of somebody else's holds the first one up for as long as the second one asks.
#[tokio::test]
async fn while_one_is_worked_on_another_is_told_so() {
    let service = own_service(own_database().await, 4);
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let held = service.database.hold("channels").await;
    let wish = json!({ "name": "门店", "kind": "store" });
    let second = async {
        service.database.waiting(1).await;
        let second = post(&retailer.owner, "/v1/channels", "slow", &wish).await;
        drop(held);
        second
    };
    let (first, second) = tokio::join!(post(&retailer.owner, "/v1/channels", "slow", &wish), second);
    second.refused(Code::RequestInFlight);
    // On a machine that stalls, the lock may outlast a statement's time; then nothing was done.
    assert!(matches!(first.status, 201 | 503), "{} {}", first.status, first.text());
    let last = post(&retailer.owner, "/v1/channels", "slow", &wish).await;
    assert_eq!((last.status, replayed(&last)), (201, first.status == 201));
    assert_eq!(channels(&retailer.owner).await, 1);
    service.stop().await;
}

#[tokio::test]
async fn samples_and_what_follows_from_them_come_with_the_answer() {
    let retailer = Tenant::sign_up().await;
    let campaign = retailer.active_campaign("Coupons").await;
    retailer.stop_loss(&campaign, 100).await;
    let at = chrono::Utc::now().to_rfc3339();
    let row = json!({ "metric": "spend", "at": at, "key": "s1", "value": 120, "campaign": campaign });
    let samples = json!({ "samples": [row] });
    let first = post(&retailer.owner, "/v1/samples", "batch-1", &samples).await.ok();
    assert_eq!(first["stopped"].as_array().unwrap().len(), 1, "{first}");
    assert_eq!(retailer.owner.get(&format!("/v1/campaigns/{campaign}")).await.ok()["state"], "paused");
    let again = post(&retailer.owner, "/v1/samples", "batch-1", &samples).await;
    assert!(replayed(&again) && again.body == first, "the same answer, not `unchanged`: {}", again.text());
    retailer.settled().await;
    assert_eq!(retailer.owner.get("/v1/alerts").await.ok()["data"].as_array().unwrap().len(), 1);
}

/// Rows have keys of their own: what cannot be kept is done again, and changes nothing.
#[tokio::test]
async fn a_long_answer_about_rows_is_not_kept_and_the_rows_are_taken_once() {
    let retailer = Tenant::sign_up().await;
    let at = chrono::Utc::now().to_rfc3339();
    let row = |number: usize| json!({ "metric": "sales", "at": at, "key": format!("r{number}"), "value": 1 });
    let samples = |rows: usize| json!({ "samples": (0..rows).map(row).collect::<Vec<_>>() });
    let long = samples(3_000);
    let first = post(&retailer.owner, "/v1/samples", "long", &long).await;
    assert!(first.bytes.len() > 64 * 1024, "{} bytes", first.bytes.len());
    assert_eq!(first.ok()["accepted"], 3_000);
    let again = post(&retailer.owner, "/v1/samples", "long", &long).await;
    assert!(!replayed(&again));
    assert_eq!(again.ok()["unchanged"], 3_000);
    let kept =
        format!("SELECT coalesce(sum(length(body)), 0) FROM idempotency_keys WHERE tenant_id = '{}'", retailer.id.0);
    assert_eq!(retailer.database.number(&kept).await, 0);
    // A key that is free may be used for something else.
    post(&retailer.owner, "/v1/samples", "long", &samples(2)).await.ok();
    assert!(replayed(&post(&retailer.owner, "/v1/samples", "long", &samples(2)).await));
}

#[tokio::test]
async fn a_file_that_is_too_large_for_a_key_is_told_the_way_out() {
    let retailer = Tenant::sign_up().await;
    let headers = [("content-type", "text/csv"), ("idempotency-key", "k")];
    let large = Some(vec![b'x'; 10 * 1024 * 1024 + 1]);
    let refused = retailer.owner.send("POST", "/v1/imports?kind=samples", &headers, large).await;
    let told = refused.refused(Code::BodyTooLarge);
    let detail = text(&told["detail"]);
    assert!(detail.contains("`Idempotency-Key`") && detail.contains("10 MiB"), "{detail}");
    assert!(detail.contains("Leave the key out: each row has a key of its own"), "{detail}");
}

/// A hundred read a version, change it and write it back; whoever was late reads again.
#[tokio::test]
async fn a_hundred_racing_writers_lose_no_update() {
    let service = own_service(own_database().await, 8);
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let campaign = retailer.campaign("Racing").await;
    let path = &format!("/v1/campaigns/{campaign}");
    let write = async |number: usize| {
        loop {
            let now = retailer.owner.get(path).await;
            if now.status == 503 {
                continue;
            }
            let now = now.ok();
            let objective = format!("{}{number},", text(&now["objective"]));
            let answer =
                retailer.owner.patch(path, now["version"].as_i64().unwrap(), json!({ "objective": objective })).await;
            match answer.status {
                200 => return,
                503 => {}
                _ => drop(answer.refused(Code::VersionStale)),
            }
        }
    };
    join_all((0..100).map(write)).await;
    let end = retailer.owner.get(path).await.ok();
    let mut written: Vec<usize> =
        text(&end["objective"]).trim_end_matches(',').split(',').map(|n| n.parse().unwrap()).collect();
    written.sort_unstable();
    assert_eq!(written, (0..100).collect::<Vec<_>>(), "each update is there once");
    assert_eq!(end["version"], 101);
}
