//! What happens to a feed while its document is on its way, and to a source that is slow.

use super::source::{self, Says, Source};
use super::{Fed, came, retailer, service, wish};
use crate::harness::database::connect;
use crate::harness::eventually;
use crate::harness::tenant::text;
use diesel_async::SimpleAsyncConnection as _;
use serde_json::json;
use std::time::Duration;
use tillwatch_backend::platform::outbound::Outbound;
use tillwatch_shared::errors::Code;
use tillwatch_shared::webhooks::Fault;

#[tokio::test]
async fn a_fetch_outlives_a_rename_and_its_process_but_not_a_pause() {
    let retailer = retailer().await;
    let campaign = retailer.campaign("Spring").await;
    let table = |day: u32| format!("日期,活动,花费\n2026-03-0{day},{campaign},5\n");
    let source = Source::giving(&table(1)).await;
    let feed = Fed::make(&retailer, &wish(&source.url)).await;
    feed.ran(1).await;
    let asked = async |count: usize| {
        eventually("the source to be asked", async || (source.asked().len() >= count).then_some(())).await;
    };

    // Another name leaves alone what is on its way, and when the next one is.
    let next = feed.now().await["next_run_at"].clone();
    retailer.owner.patch(&feed.path(""), 1, json!({ "name": "B" })).await.ok();
    assert_eq!(feed.now().await["next_run_at"], next);
    source.gives(&table(2));
    source.hold(true);
    feed.hasten().await;
    asked(2).await;
    retailer.owner.patch(&feed.path(""), 2, json!({ "name": "C", "grace_minutes": 2000 })).await.ok();
    source.hold(false);
    assert_eq!(came(&feed.ran(2).await[0]), ("taken", [1, 0, 0, 0]));

    // Two that have read the same document before either could write it down: each sample is there once.
    let mut lock = connect(&service().database.superuser_url).await;
    let locked = format!("BEGIN; SELECT FROM feeds WHERE tenant_id = '{}' FOR UPDATE", retailer.id.0);
    lock.batch_execute(&locked).await.unwrap();
    source.gives(&table(3));
    for count in [3, 4] {
        feed.hasten().await;
        asked(count).await;
    }
    lock.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(came(&feed.ran(3).await[0]), ("taken", [1, 0, 0, 0]));
    assert_eq!(came(&feed.again().await), ("unchanged", [0; 4]));
    assert_eq!(feed.ran(4).await.len(), 4);

    // Paused, mended and resumed: what the old address says late is nobody's.
    source.gives(&table(4));
    source.hold(true);
    feed.hasten().await;
    asked(6).await;
    retailer.owner.post(&feed.path("/pause"), json!({})).await.ok();
    let other = Source::giving(&table(5)).await;
    let version = feed.now().await["version"].as_i64().unwrap();
    retailer.owner.patch(&feed.path(""), version, json!({ "url": other.url, "headers": [] })).await.ok();
    other.hold(true);
    retailer.owner.post(&feed.path("/resume"), json!({})).await.ok();
    eventually("the other to be asked", async || (!other.asked().is_empty()).then_some(())).await;
    source.hold(false);
    // What is let go second is written down, though the first was there before.
    other.hold(false);
    assert_eq!(came(&feed.ran(5).await[0]), ("taken", [1, 0, 0, 0]));
    let series = format!("/v1/series?metric=spend&from=2026-03-04&to=2026-03-06&campaign={campaign}");
    let points = retailer.owner.get(&series).await.ok();
    let days: Vec<&str> = points["data"].as_array().unwrap().iter().map(|point| text(&point["at"])).collect();
    assert_eq!(days, ["2026-03-04T16:00:00Z"], "the fifth, and not the fourth");
}

#[tokio::test]
async fn what_is_lost_again_and_again_has_failed_and_what_lost_its_time_is_planned_anew() {
    let retailer = retailer().await;
    let source = Source::giving("日期,活动,花费\n").await;
    let feed = Fed::make(&retailer, &wish(&source.url)).await;
    feed.ran(1).await;
    let lost = format!("UPDATE queue_fetches SET lost = 3 WHERE for_tenant = '{}'", retailer.id.0);
    service().database.execute(&lost).await;
    let run = feed.again().await;
    assert_eq!((came(&run).0, text(&run["fault"]), source.asked().len()), ("failed", "not_taken", 1), "{run}");
    assert_eq!(came(&feed.again().await).0, "unchanged", "it is fetched again");

    // The same rows under another mapping would count twice, unless somebody says from when on they are taken.
    let campaign = retailer.campaign("Spring").await;
    let table = |more: &str| format!("日期,活动,花费\n2026-03-01,,5\n2026-03-02,{campaign},6\n{more}");
    source.gives(&table(""));
    assert_eq!(came(&feed.again().await), ("taken", [2, 0, 0, 0]));
    let mut mapping = wish("")["mapping"].clone();
    mapping["time"]["time_zone"] = json!("America/New_York");
    let mut change = json!({ "mapping": mapping });
    let problem = retailer.owner.patch(&feed.path(""), 1, &change).await.refused(Code::ValidationFailed);
    assert_eq!(text(&problem["errors"][0]["pointer"]), "/from");
    source.gives(&table("2026-03-03,,7\n"));
    change["from"] = json!("2026-03-03T00:00:00Z");
    retailer.owner.patch(&feed.path(""), 1, &change).await.ok();
    assert_eq!(came(&feed.ran(5).await[0]), ("taken", [1, 0, 0, 0]), "the new day only");
    // Rows that are the same figure with different values: nobody can tell which is meant.
    source.gives("日期,活动,花费\n2026-03-04,,1\n2026-03-04,,2\n2026-03-05,,3\n");
    let run = feed.again().await;
    assert_eq!((came(&run), &run["refusals"][0]["code"]), (("taken", [1, 0, 0, 2]), &json!("duplicate_key")));

    // A retailer that is not served has nothing fetched.
    let asked = source.asked().len();
    let state = |state: &str| format!("UPDATE tenants SET state = '{state}' WHERE tenant_id = '{}'", retailer.id.0);
    service().database.execute(&state("closing")).await;
    feed.hasten().await;
    let waits = format!(
        "SELECT count(*) FROM queue_fetches WHERE for_tenant = '{}' AND claim_id IS NULL AND due_at > now() + interval '50 minutes' \
         AND due_at < now() + interval '70 minutes'",
        retailer.id.0
    );
    eventually("it to wait", async || (service().database.number(&waits).await == 1).then_some(())).await;
    service().database.execute(&state("active")).await;
    assert_eq!(source.asked().len(), asked);
    // A time that only a wrong clock can have set is mended.
    let absurd =
        format!("UPDATE queue_fetches SET due_at = now() + interval '9 days' WHERE for_tenant = '{}'", retailer.id.0);
    service().database.execute(&absurd).await;
    let app = service().inside();
    let app = tillwatch_backend::app::App::new(app).unwrap();
    tillwatch_backend::watch::feeds::jobs::tidy(&app).await.unwrap();
    feed.ran(7).await;
    assert_eq!(source.asked().len(), asked + 1);
}

#[tokio::test]
async fn an_answer_that_does_not_end_is_given_up_in_time_and_a_long_one_at_its_limit() {
    let source = Source::giving("").await;
    let outbound = Outbound::new(source::policy().answered_within(Duration::from_millis(500))).unwrap();
    let says = |body: &[u8]| Says { status: 200, body: body.into(), ..Says::default() };
    // Byte by byte, and never.
    source.says(Says { trickles: true, ..says(b"a,b\n") });
    assert_eq!(outbound.fetch(&source.url, &[], 1_000).await, Err(Fault::TimedOut));
    source.hold(true);
    assert_eq!(outbound.fetch(&source.url, &[], 1_000).await, Err(Fault::TimedOut));
    source.hold(false);
    let outbound = Outbound::new(source::policy()).unwrap();
    source.says(Says { endless: true, ..says(b"") });
    assert_eq!(outbound.fetch(&source.url, &[], 1_000).await.unwrap().body, None);
    for (length, fits) in [(1_000, true), (1_001, false)] {
        source.says(says(&vec![b'x'; length]));
        assert_eq!(outbound.fetch(&source.url, &[], 1_000).await.unwrap().body.is_some(), fits, "{length}");
    }
}
