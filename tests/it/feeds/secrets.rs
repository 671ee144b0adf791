//! What is secret of a feed: sent to its server, kept sealed, and asked for again where no key opens it.

use super::source::{self, Source};
use super::{Fed, HUSH, came, retailer, service, wish};
use crate::harness::service::{SECRET, own_service_with};
use crate::harness::tenant::{Style, text};
use crate::harness::{Tenant, eventually, own_database};
use serde_json::json;
use tillwatch_backend::app::App;
use tillwatch_backend::watch::feeds::jobs::seal_anew;
use tillwatch_shared::errors::Code;

/// A table without rows.
const EMPTY: &str = "日期,活动,花费\n";

/// What the source was asked for last, and with which credential.
fn last(source: &Source) -> (String, Option<String>) {
    let asked = source.asked().pop().unwrap();
    let path = asked.line.split(' ').nth(1).unwrap().to_owned();
    (path, asked.headers.get("authorization").cloned())
}

fn sent(path: &str, credential: Option<&str>) -> (String, Option<String>) {
    (path.to_owned(), credential.map(str::to_owned))
}

/// Every row of a retailer that could tell of a feed's secrets, and what is sealed, as text.
async fn kept(retailer: &Tenant) -> String {
    let tenant = retailer.id.0;
    let rows = format!(
        "SELECT row_to_json(f)::text || coalesce(encode(secrets, 'escape'), '') FROM feeds f WHERE tenant_id = '{tenant}' \
         UNION ALL SELECT row_to_json(r)::text FROM feed_runs r WHERE tenant_id = '{tenant}' \
         UNION ALL SELECT row_to_json(a)::text FROM audit_entries a WHERE tenant_id = '{tenant}'"
    );
    service().database.texts(&rows).await.concat()
}

#[tokio::test]
async fn what_stands_behind_a_question_mark_is_sent_and_never_told() {
    const OTHER: &str = "Bearer hush-hush";
    let retailer = retailer().await;
    let owner = &retailer.owner;
    let source = Source::giving(EMPTY).await;
    let open = source.url.split_once('?').unwrap().0.to_owned();
    let wish = wish(&format!("{open}?token=hush&sig=%E5%AF%86"));
    let made = owner.post("/v1/feeds", &wish).await.ok();
    let feed = Fed { retailer: &retailer, id: text(&made["id"]).to_owned() };
    let path = feed.path("");
    feed.ran(1).await;
    let whole = "/costs?token=hush&sig=%E5%AF%86";
    assert_eq!(last(&source), sent(whole, Some(HUSH)));

    // It outlives a change of the name and one of the headers.
    let renamed = owner.patch(&path, 1, json!({ "name": "B" })).await.ok();
    feed.again().await;
    assert_eq!(last(&source), sent(whole, Some(HUSH)));
    let headers = json!([{ "name": "Authorization", "value": OTHER }]);
    let guarded = owner.patch(&path, 2, json!({ "headers": headers })).await.ok();
    feed.ran(3).await;
    assert_eq!(last(&source), sent(whole, Some(OTHER)));
    let tried = owner.post(&feed.path("/try"), json!({})).await.ok();
    assert_eq!((source.asked().len(), last(&source)), (4, sent(whole, Some(OTHER))));

    // Another one by itself is another source, and the headers stay.
    let url = format!("{open}?token=hush2");
    let moved = owner.patch(&path, 3, json!({ "url": url })).await.ok();
    assert_eq!(moved["version"], json!(4));
    feed.ran(4).await;
    assert_eq!(last(&source), sent("/costs?token=hush2", Some(OTHER)));
    assert_eq!(owner.patch(&path, 4, json!({ "url": url })).await.ok()["version"], json!(4), "nothing differs");
    let entry = retailer.audited().await.into_iter().find(|entry| entry["action"] == "feed.updated").unwrap();
    let (before, after) = (&entry["before"], &entry["after"]);
    assert!(before["sealed_sha256"].is_string() && before["sealed_sha256"] != after["sealed_sha256"], "{entry}");
    assert_eq!(before["url_sha256"], after["url_sha256"], "what is not secret is as it was");

    // Nobody is told, but that there is something.
    let list = owner.get("/v1/feeds").await.ok();
    let (runs, audit, now) = (feed.ran(4).await, retailer.audited().await, feed.now().await);
    for shown in [&made, &renamed, &guarded, &moved, &now, &list["data"][0]] {
        assert_eq!(shown["url"], json!(format!("{open}?…")));
    }
    let rows = kept(&retailer).await;
    assert!(rows.contains(&format!("\"url\":\"{open}?\"")) && rows.contains("feed.updated"), "{rows}");
    let answers = json!([made, renamed, guarded, tried, moved, list, runs, audit, now]);
    for seen in [answers.to_string(), rows] {
        assert!(!seen.contains("hush"), "{seen}");
    }

    // The address as it is shown is none.
    let problem = owner.patch(&path, 4, json!({ "url": now["url"] })).await.refused(Code::ValidationFailed);
    assert_eq!(problem["errors"][0]["pointer"], "/url", "{problem}");

    // Without the headers it stays; without itself nothing is left to be sealed.
    owner.patch(&path, 4, json!({ "headers": [] })).await.ok();
    feed.ran(5).await;
    assert_eq!(last(&source), sent("/costs?token=hush2", None));
    let bare = owner.patch(&path, 5, json!({ "url": open })).await.ok();
    assert_eq!(bare["url"], json!(open));
    feed.ran(6).await;
    assert_eq!(last(&source), sent("/costs", None));
    let sealed = format!("SELECT count(secrets) FROM feeds WHERE tenant_id = '{}'", retailer.id.0);
    assert_eq!(service().database.number(&sealed).await, 0);
}

#[tokio::test]
async fn secrets_that_no_key_opens_are_asked_for_again() {
    let retailer = retailer().await;
    let owner = &retailer.owner;
    let source = Source::giving(EMPTY).await;
    let wish = wish(&source.url);
    let feed = Fed::make(&retailer, &wish).await;
    feed.ran(1).await;
    let lost = format!("UPDATE feeds SET secrets = 'lost' WHERE tenant_id = '{}'", retailer.id.0);
    service().database.execute(&lost).await;
    let run = feed.again().await;
    assert_eq!((came(&run).0, text(&run["fault"])), ("failed", "secret_unreadable"), "{run}");
    let tried = owner.post(&feed.path("/try"), json!({})).await.ok();
    assert_eq!(tried["fault"], "secret_unreadable");
    assert_eq!(source.asked().len(), 1, "nothing is sent without them");
    // Other fields can be changed; one part of the secrets does not bring the other back.
    let path = feed.path("");
    owner.patch(&path, 1, json!({ "name": "B" })).await.ok();
    let alone = [(json!({ "url": wish["url"] }), "/headers"), (json!({ "headers": wish["headers"] }), "/url")];
    for (change, pointer) in alone {
        let problem = owner.patch(&path, 2, change).await.refused(Code::ValidationFailed);
        let errors = problem["errors"].as_array().unwrap();
        assert_eq!((errors.len(), text(&errors[0]["pointer"])), (1, pointer), "{problem}");
    }
    owner.patch(&path, 2, json!({ "url": wish["url"], "headers": wish["headers"] })).await.ok();
    assert_eq!(came(&feed.ran(3).await[0]).0, "unchanged");
    assert_eq!(last(&source), sent("/costs?token=hush", Some(HUSH)));
}

#[tokio::test]
async fn what_is_sealed_is_sealed_anew_while_the_services_key_is_changed() {
    const NEXT: [u8; 32] = [8; 32];
    let database = own_database().await;
    let start = |secret: [u8; 32], previous: Option<[u8; 32]>| {
        let policy = source::policy();
        own_service_with(database.clone(), 4, move |options| {
            (options.secret, options.previous_secret) = (secret, previous);
            options.outbound = policy;
        })
    };
    let service = start(SECRET, None);
    let style = Style { locale: "zh-CN", time_zone: "Asia/Shanghai", currency: "CNY" };
    let retailer = Tenant::sign_up_at(&service, style).await;
    let source = Source::giving(EMPTY).await;
    let feed = Fed::make(&retailer, &wish(&source.url)).await;
    feed.ran(1).await;
    service.stop().await;

    let sealed = async || database.texts("SELECT encode(secrets, 'hex') FROM feeds").await.concat();
    let before = sealed().await;
    // By itself, soon after the start.
    let service = start(NEXT, Some(SECRET));
    let changed = async || Some(sealed().await).filter(|anew| *anew != before);
    let anew = eventually("the secrets to be sealed anew", changed).await;
    assert!(!before.is_empty() && !anew.is_empty(), "{before} {anew}");
    seal_anew(&App::new(service.inside()).unwrap()).await.unwrap();
    assert_eq!(sealed().await, anew, "once");
    service.stop().await;

    // The key before is gone, and what it had sealed is sent.
    let service = start(NEXT, None);
    database.execute("UPDATE queue_fetches SET due_at = now()").await;
    let runs = "SELECT count(*) FROM feed_runs WHERE outcome = 'unchanged'";
    eventually("it to be fetched again", async || (database.number(runs).await == 2).then_some(())).await;
    assert_eq!((source.asked().len(), last(&source)), (2, sent("/costs?token=hush", Some(HUSH))));
    service.stop().await;
}
