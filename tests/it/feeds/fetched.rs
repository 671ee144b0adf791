//! What a feed brings, and what goes wrong on the way.

use super::source::{Says, Source};
use super::{Fed, HUSH, came, retailer, service, wish};
use crate::harness::tenant::text;
use crate::harness::{Tenant, eventually};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::io::Write as _;

fn gzip(text: &str) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(text.as_bytes()).unwrap();
    packer.finish().unwrap()
}

/// What a campaign cost in the first days of March.
async fn march(retailer: &Tenant, campaign: &str) -> Value {
    let days = "from=2026-03-01&to=2026-03-05";
    retailer.owner.get(&format!("/v1/series?metric=spend&{days}&campaign={campaign}")).await.ok()
}

#[tokio::test]
async fn costs_that_are_fetched_stop_a_campaign_and_the_same_table_again_changes_nothing() {
    let retailer = retailer().await;
    let campaign = retailer.active_campaign("双十一").await;
    retailer.stop_loss(&campaign, 1_000).await;
    let key = text(&retailer.owner.get(&format!("/v1/campaigns/{campaign}")).await.ok()["external_key"]).to_owned();
    let table = format!("\u{feff}日期,活动,花费\n2026/3/1,{key},\"1,234.50\"\n2026/3/1,later,7\n2026/3/2,{key},?\n");
    let source = Source::giving("").await;
    let tagged = |text: &str| Says {
        status: 200,
        headers: vec![("etag", "\"v1\"".to_owned()), ("content-encoding", "gzip".to_owned())],
        body: gzip(text),
        ..Says::default()
    };
    source.says(tagged(&table));
    let feed = Fed::make(&retailer, &wish(&source.url)).await;

    // The first fetch comes by itself, with the secret, and what it brings acts as what is pushed.
    let run = feed.ran(1).await.remove(0);
    assert_eq!(came(&run), ("taken", [1, 0, 0, 2]), "{run}");
    let refusals: Vec<(u64, &str, &str)> = run["refusals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["line"].as_u64().unwrap(), text(&one["code"]), text(&one["pointer"])))
        .collect();
    assert_eq!(refusals, [(3, "unknown_campaign", "/campaign"), (4, "not_a_number", "/value")]);
    let asked = source.asked().remove(0);
    assert_eq!(
        (asked.line.as_str(), asked.headers["authorization"].as_str()),
        ("GET /costs?token=hush HTTP/1.1", HUSH)
    );
    let stopped = retailer.owner.get(&format!("/v1/campaigns/{campaign}")).await.ok();
    assert_eq!((&stopped["state"], stopped["stopped_by"].is_string()), (&json!("paused"), true), "{stopped}");
    let point = march(&retailer, &campaign).await["data"][0].clone();
    assert_eq!((&point["at"], &point["value"]), (&json!("2026-02-28T16:00:00Z"), &json!(1234.5)), "the local day");

    // What was refused is read again, although the source would say that nothing changed; once all is in, it is not.
    retailer.owner.post("/v1/campaigns", json!({ "name": "Later", "external_key": "later" })).await.ok();
    assert_eq!(came(&feed.again().await), ("taken", [1, 0, 1, 1]));
    let mended = table.replace(",?", ",3");
    source.says(tagged(&mended));
    assert_eq!(came(&feed.again().await), ("taken", [1, 0, 2, 0]));
    assert!(source.asked().iter().all(|asked| !asked.headers.contains_key("if-none-match")));
    let run = feed.again().await;
    assert_eq!((came(&run), &run["status"]), (("unchanged", [0; 4]), &json!(304)));
    assert_eq!(source.asked()[3].headers["if-none-match"], "\"v1\"");
    // Without any mark the document itself tells.
    source.gives(&mended);
    let run = feed.again().await;
    assert_eq!((came(&run), &run["status"]), (("unchanged", [0; 4]), &json!(200)));
    // A correction of the source corrects.
    source.gives(&mended.replace("1,234.50", "1,000.25"));
    assert_eq!(came(&feed.again().await), ("taken", [0, 1, 2, 0]));

    let now = feed.now().await;
    assert_eq!(
        (&now["state"], &now["error_rate"], &now["error_rate_of"], &now["grace_minutes"], &now["headers"]),
        (&json!("active"), &json!(1.0 / 6.0), &json!(6), &json!(3 * 24 * 60), &json!(["Authorization"])),
        "{now}"
    );
    assert!(now["lag_seconds"].as_i64().unwrap() > 86_400 && now["next_run_at"].is_string(), "{now}");
    assert!(text(&now["url"]).ends_with("/costs?…"), "{now}");
    // The secrets stand in no answer, no entry of the audit log, and no row as they are.
    let audit = retailer.audited().await;
    assert!(audit.iter().any(|entry| entry["action"] == "feed.created"));
    let list = retailer.owner.get("/v1/feeds").await.ok();
    let runs = feed.ran(6).await;
    let sealed = format!(
        "SELECT encode(secrets, 'escape') || row_to_json(feeds)::text FROM feeds WHERE tenant_id = '{}'",
        retailer.id.0
    );
    let rows = service().database.texts(&sealed).await;
    assert_eq!((rows.len(), list["data"].as_array().unwrap().len()), (1, 1));
    for seen in [json!(audit).to_string(), list.to_string(), json!(runs).to_string(), rows.concat(), now.to_string()] {
        assert!(!seen.contains("hush"), "{seen}");
    }
}

#[tokio::test]
async fn what_goes_wrong_is_told_by_a_try_that_keeps_nothing() {
    let retailer = retailer().await;
    let source = Source::giving("").await;
    let campaign = retailer.campaign("Spring").await;
    let mut trial = wish(&source.url);
    for field in ["name", "kind", "every", "at"] {
        trial.as_object_mut().unwrap().remove(field);
    }
    let tried = async |says: Says| -> Value {
        source.says(says);
        retailer.owner.post("/v1/feeds/try", &trial).await.ok()
    };
    let says = |status: u16, body: &str| Says { status, body: body.into(), ..Says::default() };
    let with = |name: &'static str, value: &str, says: Says| Says { headers: vec![(name, value.to_owned())], ..says };
    for (says, fault, words) in [
        (says(503, ""), "status", "503"),
        (says(304, ""), "status", "304"),
        (with("location", "https://10.0.0.1/", says(302, "")), "redirected", "not followed"),
        (says(200, "<html>sign in</html>"), "missing_column", "`"),
        (says(200, "日期,活动\n"), "missing_column", "`花费`"),
        (with("content-length", "10485761", Says { endless: true, ..says(200, "") }), "too_large", "10 MiB"),
        (with("content-encoding", "gzip", says(200, "no gzip")), "bad_encoding", "gzip"),
        (with("content-encoding", "br", says(200, "x")), "bad_encoding", "gzip"),
        (with("content-length", "7", says(200, "")), "answer_broken", "broke off"),
        (Says { body: b"\xc8\xd5,\xbb\xee".to_vec(), ..says(200, "") }, "not_utf8", "UTF-8"),
    ] {
        let told = tried(says).await;
        assert_eq!(told["fault"], fault, "{told}");
        assert!(text(&told["detail"]).contains(words), "{told}");
        assert_eq!((&told["taken"], told.to_string().contains("hush")), (&json!(0), false));
    }
    let table = format!(
        "日期;活动;花费;备注\n2026-03-01;{campaign};12,345.6;x\n2026-03-02;;;\n2026-02-30;{campaign};1;\n2099-01-01;;1;\n2026-03-01;nobody;1;\n"
    );
    let told = tried(says(200, &table)).await;
    assert_eq!(told["columns"], json!(["日期", "活动", "花费", "备注"]));
    assert_eq!(
        (&told["taken"], &told["refused"], &told["empty"], &told["fault"]),
        (&json!(1), &json!(3), &json!(1), &json!(null))
    );
    let first = json!([{
        "line": 2, "metric": "spend", "at": "2026-02-28T16:00:00Z", "value": 12345.6, "channel": null, "campaign": campaign,
        "key": null,
    }]);
    assert_eq!(told["first"], first);
    let codes: Vec<&str> = told["refusals"].as_array().unwrap().iter().map(|one| text(&one["code"])).collect();
    assert_eq!(codes, ["invalid_time", "future_time", "unknown_campaign"]);
    // Nothing was kept of all that.
    let series = march(&retailer, &campaign).await;
    assert_eq!(series["data"], json!([]));
    assert_eq!(retailer.owner.get("/v1/feeds").await.ok()["data"], json!([]));

    // A feed that is kept is tried as it is, and its figures stay; a run tells the same fault.
    let feed = Fed::make(&retailer, &wish(&source.url)).await;
    assert_eq!(came(&feed.ran(1).await[0]), ("taken", [1, 0, 0, 3]));
    source.says(says(404, ""));
    let before = feed.now().await;
    let told = retailer.owner.post(&feed.path("/try"), json!({})).await.ok();
    assert_eq!((&told["fault"], &told["status"]), (&json!("status"), &json!(404)));
    assert_eq!(source.asked().last().unwrap().headers["authorization"], HUSH);
    assert_eq!((feed.ran(1).await.len(), &feed.now().await["last_run_at"]), (1, &before["last_run_at"]));
    let run = retailer.owner.post(&feed.path("/run"), json!({})).await;
    assert_eq!((run.status, &run.body["changed"]), (202, &json!(true)));
    let run = feed.ran(2).await.remove(0);
    assert_eq!((came(&run), &run["fault"], &run["status"]), (("failed", [0; 4]), &json!("status"), &json!(404)));
    assert!(text(&run["detail"]).contains("nothing at this address"), "{run}");
    // Of the first run more was refused than taken.
    let now = eventually("the fault", async || Some(feed.now().await).filter(|now| now["failures"] == 2)).await;
    assert_eq!(
        (&now["last_fault"], &now["error_rate"], &now["state"]),
        (&json!("status"), &json!(1.0), &json!("active"))
    );
}

#[tokio::test]
async fn what_is_over_the_days_limit_is_told_and_taken_once_there_is_room() {
    let retailer = retailer().await;
    let campaign = retailer.active_campaign("Spring").await;
    let key = text(&retailer.owner.get(&format!("/v1/campaigns/{campaign}")).await.ok()["external_key"]).to_owned();
    let source = Source::giving(&format!("日期,活动,花费\n2026-03-01,{key},1\n2026-03-02,{key},2\n")).await;
    let limit = async |most: &str| {
        let set = format!("UPDATE tenants SET limit_samples_per_day = {most} WHERE tenant_id = '{}'", retailer.id.0);
        service().database.execute(&set).await;
    };
    limit("1").await;
    let feed = Fed::make(&retailer, &wish(&source.url)).await;
    let run = feed.ran(1).await.remove(0);
    assert_eq!((came(&run), &run["fault"]), (("failed", [0; 4]), &json!("day_is_full")), "{run}");
    assert!(text(&run["detail"]).contains("samples a day"), "{run}");
    limit("NULL").await;
    assert_eq!(came(&feed.again().await), ("taken", [2, 0, 0, 0]));
}
