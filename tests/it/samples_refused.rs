//! Samples that come in as they should not: each bad row is told by line and reason beside good neighbours, and a body
//! that cannot be taken at all leaves nothing behind.

#![expect(clippy::unwrap_used, reason = "tests")]

use crate::harness::feed::{counts, feed, ndjson, points, sample, send, series};
use crate::harness::tenant::text;
use crate::harness::{Tenant, redacted};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Write as _;
use tillwatch_shared::errors::Code;

const AT: &str = "2026-02-03T15:00:00Z";
const LINES: &str = "application/x-ndjson";

/// Lines, codes and pointers of the refused rows, and what was said of them.
fn told(taken: &Value) -> String {
    let mut text = String::new();
    for row in taken["results"].as_array().unwrap().iter().filter(|row| row["status"] == "refused") {
        let word = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
        writeln!(text, "{:>3} {:<18} {:<9} {}", row["line"], word("code"), word("pointer"), word("detail")).unwrap();
    }
    text
}

/// Fails when anything at all was stored for the retailer.
async fn nothing_stored(retailer: &Tenant) {
    for table in ["samples", "rollups", "series", "campaign_totals"] {
        let count = format!("SELECT count(*) FROM {table} WHERE tenant_id = '{}'", retailer.id.0);
        assert_eq!(retailer.database.number(&count).await, 0, "{table}");
    }
    assert!(retailer.audited().await.iter().all(|entry| entry["action"] != "samples.taken"));
}

#[tokio::test]
async fn every_bad_row_is_told_and_its_good_neighbours_are_taken() {
    let retailer = Tenant::sign_up().await;
    let owner = &retailer.owner;
    let (channel, campaign) = (retailer.channel("Closed").await, retailer.campaign("Over").await);
    owner.post(&format!("/v1/channels/{channel}/archive"), json!({})).await.ok();
    owner.post(&format!("/v1/campaigns/{campaign}/archive"), json!({})).await.ok();
    let good = |key: &str| sample("spend", AT, key, 2.5);
    let with = |field: &str, value: Value| {
        let mut row = good("bad");
        row[field] = value;
        row.to_string()
    };
    let rows = [
        good("first").to_string(),
        with("metric", json!("spendd")),
        with("metric", json!("转化")),
        with("metric", json!("aov")),
        with("metric", json!(7)),
        with("at", json!("2026-02-03T15:00:00")),
        with("at", json!("yesterday")),
        with("at", json!("1999-12-31T23:59:59Z")),
        with("value", json!("12")),
        with("value", json!(-5)),
        with("value", json!(1.0e12)),
        with("value", json!(0.00001)),
        with("value", Value::Null),
        with("key", json!("")),
        with("key", json!("a\u{200b}b")),
        with("key", json!("k".repeat(129))),
        with("channel", json!("no-such-store")),
        with("campaign", json!("cmp_unknown")),
        with("channel", json!(channel)),
        with("campaign", json!(campaign)),
        with("colour", json!("red")),
        with("metric", json!("orders")).replace("2.5", "1.5"),
        with("value", json!(1)).replace(":1}", ":1e999}"),
        with("value", json!(1)).replace(":1}", ":NaN}"),
        "{\"metric\":\"spend\"}".to_owned(),
        "[1, 2]".to_owned(),
        "not json".to_owned(),
        good("first").to_string(),
        good("last").to_string(),
    ];
    let taken = send(owner, LINES, rows.join("\n")).await.ok();
    assert_eq!(counts(&taken), [2, 0, 0, rows.len() as u64 - 2]);
    insta::assert_snapshot!(told(&redacted(&taken)));
    let day = series(owner, "metric=spend&from=2026-02-03&to=2026-02-03").await;
    assert_eq!(day, points([("2026-02-03T05:00:00Z", 5.0)]));
}

#[tokio::test]
async fn a_row_from_the_future_is_refused_and_one_just_ahead_is_not() {
    let retailer = Tenant::sign_up().await;
    let ahead = |seconds: i64| (chrono::Utc::now() + chrono::TimeDelta::seconds(seconds)).to_rfc3339();
    let rows = [sample("orders", &ahead(240), "soon", 1), sample("orders", &ahead(360), "far", 1)];
    let taken = feed(&retailer.owner, &rows).await.ok();
    assert_eq!((counts(&taken), &taken["results"][1]["code"]), ([1, 0, 0, 1], &json!("future_time")));
}

#[tokio::test]
async fn bytes_that_are_no_text_and_a_line_of_ten_megabytes_spoil_only_themselves() {
    let retailer = Tenant::sign_up().await;
    let mut body = ndjson(&[sample("orders", AT, "before", 1)]).into_bytes();
    body.extend(b"{\"metric\":\"orders\",\"key\":\"\xff\xfe\"}\n");
    body.extend(sample("orders", AT, &"x".repeat(10_000_000), 1).to_string().into_bytes());
    body.push(b'\n');
    body.extend(ndjson(&[sample("orders", AT, "after", 1)]).into_bytes());
    let taken = send(&retailer.owner, LINES, body).await.ok();
    assert_eq!(counts(&taken), [2, 0, 0, 2]);
    insta::assert_snapshot!(told(&taken));

    let table =
        format!("metric,at,key,value\norders,{AT},a,1\norders,{AT},b,NaN\norders,{AT},c,inf\norders,{AT},d,1,2\n");
    let mut table = table.into_bytes();
    table.extend(format!("orders,{AT},\"two\nlines\",1\norders,{AT},").into_bytes());
    table.extend(b"\xff,1\n");
    let taken = send(&retailer.owner, "text/csv", table).await.ok();
    assert_eq!(counts(&taken), [1, 0, 0, 5]);
    insta::assert_snapshot!(told(&taken));
}

#[tokio::test]
async fn the_same_row_twice_in_one_request_is_taken_once() {
    let retailer = Tenant::sign_up().await;
    let wish = json!({ "name": "Store", "external_key": "store-1", "kind": "store" });
    let channel = retailer.owner.post("/v1/channels", wish).await.ok();
    let row = |channel: &str, value: u32| {
        let mut row = sample("orders", AT, "same", value);
        row["channel"] = json!(channel);
        row
    };
    // By its id and by its key it is the same channel.
    let rows = [row("store-1", 1), row("store-1", 2), row(text(&channel["id"]), 3)];
    let taken = feed(&retailer.owner, &rows).await.ok();
    let codes: Vec<&Value> = taken["results"].as_array().unwrap().iter().map(|row| &row["code"]).collect();
    assert_eq!(
        (counts(&taken), codes),
        ([1, 0, 0, 2], vec![&Value::Null, &json!("duplicate_key"), &json!("duplicate_key")])
    );
    let day = series(&retailer.owner, "metric=orders&from=2026-02-03&to=2026-02-03").await;
    assert_eq!(day, points([("2026-02-03T05:00:00Z", 1.0)]));
    // In a later request it is a correction.
    assert_eq!(counts(&feed(&retailer.owner, &[row(text(&channel["id"]), 3)]).await.ok()), [0, 1, 0, 0]);
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(plain).unwrap();
    packer.finish().unwrap()
}

#[tokio::test]
async fn a_body_that_cannot_be_taken_says_the_way_out_and_leaves_nothing() {
    let retailer = Tenant::sign_up().await;
    let owner = &retailer.owner;
    let rows = |count: usize| ndjson(&(0..count).map(|i| sample("orders", AT, &i.to_string(), 1)).collect::<Vec<_>>());
    let whole = gzip(rows(50).as_bytes());
    // A valid row before the flood: it must not be kept either.
    let bomb = gzip([rows(1).as_bytes(), &vec![b' '; 64 << 20]].concat().as_slice());
    assert!(bomb.len() < 512 << 10);
    let wide = "\u{feff}metric;at;key;value\n".to_owned();
    let mut answers = Vec::new();
    for (what, kind, encoding, body, code) in [
        ("truncated gzip", LINES, "gzip", whole[..whole.len() - 5].to_vec(), Code::MalformedBody),
        ("not gzip", LINES, "gzip", rows(1).into_bytes(), Code::MalformedBody),
        ("zip bomb", LINES, "gzip", bomb, Code::BodyTooLarge),
        ("brotli", LINES, "br", rows(1).into_bytes(), Code::UnsupportedMediaType),
        ("too many rows", LINES, "identity", rows(10_001).into_bytes(), Code::BodyTooLarge),
        ("too many bytes", LINES, "identity", vec![b' '; (10 << 20) + 1], Code::BodyTooLarge),
        ("wrong type", "text/plain", "identity", rows(1).into_bytes(), Code::UnsupportedMediaType),
        ("wrong charset", "text/csv; charset=gbk", "identity", rows(1).into_bytes(), Code::UnsupportedMediaType),
        ("nothing", LINES, "identity", b" \n\n".to_vec(), Code::MalformedBody),
        ("semicolons", "text/csv", "identity", wide.into_bytes(), Code::MalformedBody),
        ("a bare array", "application/json", "identity", b"[]".to_vec(), Code::MalformedBody),
        ("broken JSON", "application/json", "identity", b"{\"samples\":[{}".to_vec(), Code::MalformedBody),
        ("UTF-16", "text/csv", "identity", b"\xff\xfem\0e\0".to_vec(), Code::MalformedBody),
    ] {
        let headers = [("content-type", kind), ("content-encoding", encoding)];
        let refused = owner.send("POST", "/v1/samples", &headers, Some(body)).await.refused(code);
        answers.push(format!("{what}: {} {}", refused["status"], text(&refused["detail"])));
    }
    insta::assert_snapshot!(answers.join("\n"));
    nothing_stored(&retailer).await;
    assert_eq!(counts(&send(owner, LINES, rows(10_000)).await.ok()), [10_000, 0, 0, 0]);
}

#[tokio::test]
async fn when_a_sum_cannot_be_kept_the_whole_request_is_undone() {
    let retailer = Tenant::sign_up().await;
    let campaign = retailer.active_campaign("Mistyped").await;
    let rows: Vec<Value> = (0..9_300)
        .map(|i| {
            let mut row = sample("spend", AT, &i.to_string(), 99_999_999_999_u64);
            row["campaign"] = json!(campaign);
            row
        })
        .collect();
    let refused = feed(&retailer.owner, &rows).await.refused(Code::ValidationFailed);
    assert!(text(&refused["detail"]).contains("`spend`"), "{refused}");
    nothing_stored(&retailer).await;
    assert_eq!(retailer.owner.get(&format!("/v1/campaigns/{campaign}")).await.ok()["spend"], 0);
}
