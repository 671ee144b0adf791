//! Files of samples: large ones, in every form, with wrong rows, cancelled, and by workers that are killed in the
//! middle.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

mod asked;

use crate::harness::feed::{of, points, sample, series};
use crate::harness::service::own_service_with;
use crate::harness::tenant::{Style, text};
use crate::harness::{Answer, Client, OwnService, Tenant, eventually, eventually_within, own_database};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;
use tillwatch_backend::app::App;
use tillwatch_backend::platform::jobs::worker;
use tillwatch_backend::router;
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Permission;
use tokio::sync::watch;

const AT: &str = "2026-02-03T15:00:00Z";

fn packed(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

async fn send(client: &Client, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Answer {
    client.send("POST", "/v1/imports?kind=samples", headers, Some(body.into())).await
}

/// Sends a file; its job's id.
async fn import(client: &Client, kind: &str, body: impl Into<Vec<u8>>) -> String {
    let answer = send(client, &[("content-type", kind)], body).await;
    let location = answer.header("location").to_owned();
    assert_eq!(answer.status, 202, "{}", answer.text());
    let job = answer.ok();
    assert_eq!(location, format!("/v1/jobs/{}", text(&job["id"])));
    text(&job["id"]).to_owned()
}

/// A job, once it is over.
async fn over(client: &Client, id: &str) -> Value {
    eventually_within(Duration::from_mins(5), "the job to be over", async || {
        let job = client.get(&format!("/v1/jobs/{id}")).await.ok();
        (!job["finished_at"].is_null()).then_some(job)
    })
    .await
}

fn count(job: &Value, name: &str) -> i64 {
    let counts = job["counts"].as_array().unwrap();
    counts.iter().find(|count| count["name"] == name).map_or(0, |count| count["count"].as_i64().unwrap())
}

fn counts(job: &Value) -> [i64; 4] {
    ["accepted", "corrected", "unchanged", "refused"].map(|name| count(job, name))
}

async fn file(client: &Client, id: &str, name: &str) -> String {
    client.get(&format!("/v1/jobs/{id}/{name}")).await.text()
}

/// `rows` records of one day, a second apart, over some tills with Chinese keys.
fn table(rows: usize) -> String {
    let mut text = "metric,at,key,value\r\n".to_owned();
    for n in 0..rows {
        let (hour, minute, second) = (n / 3600, n / 60 % 60, n % 60);
        write!(text, "orders,2026-02-03T{hour:02}:{minute:02}:{second:02}Z,收银台 {},1\r\n", n % 7).unwrap();
    }
    text
}

#[tokio::test]
async fn sixty_thousand_rows_are_taken_and_the_same_file_again_changes_nothing() {
    let retailer = Tenant::sign_up_at(crate::harness::shared(), Style { time_zone: "UTC", ..Style::default() }).await;
    let partner = retailer.partner(&[Permission::SamplesWrite, Permission::JobsRead, Permission::MetricsRead]).await;
    let rows = 60_000;
    let plain = table(rows);
    let digest = Sha256::digest(&plain).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let headers = [("content-type", "text/csv"), ("content-encoding", "gzip")];
    for expected in [[60_000, 0, 0, 0], [0, 0, 60_000, 0]] {
        let job = send(&partner, &headers, packed(plain.as_bytes())).await.ok();
        let id = text(&job["id"]);
        let job = over(&partner, id).await;
        assert_eq!((text(&job["state"]), counts(&job)), ("succeeded", expected), "{job}");
        assert_eq!(
            (&job["done"], &job["total"], &job["unit"]),
            (&json!(plain.len()), &json!(plain.len()), &json!("bytes"))
        );
        assert_eq!(job["sha256"], digest);
        let result = file(&partner, id, "result").await;
        let status = if expected[0] > 0 { "accepted" } else { "unchanged" };
        let mut lines = 0;
        for (line, number) in result.lines().zip(2..) {
            assert_eq!(line, format!(r#"{{"line":{number},"status":"{status}"}}"#));
            lines += 1;
        }
        assert_eq!(lines, rows);
        assert_eq!(file(&partner, id, "errors").await, "");
    }
    let day = series(&partner, "metric=orders&from=2026-02-03&to=2026-02-03").await;
    assert_eq!(day, points([("2026-02-03T00:00:00Z", 60_000.0)]));
    let parts = format!("SELECT count(*) FROM job_files WHERE tenant_id = '{}' AND name = 'upload'", retailer.id.0);
    assert_eq!(retailer.database.number(&parts).await, 0, "what was sent is not kept");
}

#[tokio::test]
async fn wrong_rows_come_back_as_a_table_that_is_mended_and_sent_as_it_is() {
    let retailer = Tenant::sign_up().await;
    let owner = &retailer.owner;
    let good = |key: &str| sample("sales", AT, key, 5).to_string();
    let wrong = json!({ "metric": "sales", "at": AT, "key": "上海, 1", "value": 7, "channel": "不存在" }).to_string();
    let huge = "x".repeat(3 * 1024 * 1024);
    let lines = [good("a"), wrong, "nonsense".to_owned(), huge, good("a"), good("b")].join("\n");
    let id = import(owner, "application/x-ndjson", lines).await;
    let job = over(owner, &id).await;
    // The second "a" lies behind the huge line and so in another batch: the same again changes nothing.
    assert_eq!((text(&job["state"]), counts(&job)), ("succeeded", [2, 0, 1, 3]), "{job}");
    let result: Vec<Value> =
        file(owner, &id, "result").await.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let seen: Vec<(u64, &str, &str)> = result
        .iter()
        .map(|row| (row["line"].as_u64().unwrap(), text(&row["status"]), row["code"].as_str().unwrap_or_default()))
        .collect();
    let expected = [
        (1, "accepted", ""),
        (2, "refused", "unknown_channel"),
        (3, "refused", "malformed_row"),
        (4, "refused", "row_too_long"),
        (5, "unchanged", ""),
        (6, "accepted", ""),
    ];
    assert_eq!(seen, expected);
    assert_eq!(result[1]["pointer"], "/channel");
    let path = format!("/v1/jobs/{id}/errors");
    let answer = owner.get(&path).await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert!(answer.header("content-disposition").contains(&format!("{id}-errors.csv")));
    let errors = answer.text();
    // Whoever takes gzip gets it, and the same.
    let packed = owner.send("GET", &path, &[("accept-encoding", "gzip")], None).await;
    assert_eq!((packed.header("content-encoding"), packed.header("vary")), ("gzip", "Accept-Encoding"));
    let raw = &packed.bytes;
    let mut unpacked = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&raw[..]), &mut unpacked).unwrap();
    assert_eq!(unpacked, errors);
    let kept: Vec<&str> = errors.lines().take(2).collect();
    assert!(kept[1].starts_with(&format!("sales,{AT},\"上海, 1\",7,不存在,,,,2,unknown_channel,")), "{errors}");
    assert!(errors.contains("nonsense"), "{errors}");
    let mended = kept.join("\n").replace("不存在", "");
    let id = import(owner, "text/csv", mended).await;
    assert_eq!(counts(&over(owner, &id).await), [1, 0, 0, 0]);
}

#[tokio::test]
async fn a_file_that_is_none_is_refused_and_leaves_nothing_behind() {
    let retailer = Tenant::sign_up().await;
    let owner = &retailer.owner;
    let csv = ("content-type", "text/csv");
    let whole = packed(table(100).as_bytes());
    let cut = whole[..whole.len() - 9].to_vec();
    for broken in [cut, b"metric,at,key,value\n".to_vec(), Vec::new()] {
        let problem = send(owner, &[csv, ("content-encoding", "gzip")], broken).await.refused(Code::MalformedBody);
        assert!(text(&problem["detail"]).contains("gzip"), "{problem}");
    }
    send(owner, &[csv], "").await.refused(Code::MalformedBody);
    send(owner, &[("content-type", "text/html")], "x").await.refused(Code::UnsupportedMediaType);
    send(owner, &[csv, ("content-encoding", "br")], "x").await.refused(Code::UnsupportedMediaType);
    let jobs = owner.get("/v1/jobs?state=failed").await.ok();
    assert_eq!(jobs["data"].as_array().unwrap().len(), 4, "each that began to come in says why it failed");
    let told = |job: &Value| !job["message"].is_null() && job["sha256"].is_null();
    assert!(jobs["data"].as_array().unwrap().iter().all(told), "of no whole file there is no digest: {jobs}");
    owner.send("POST", "/v1/imports", &[csv], Some(b"x".to_vec())).await.refused(Code::MalformedQuery);
    owner.send("POST", "/v1/imports?kind=zebras", &[csv], Some(b"x".to_vec())).await.refused(Code::MalformedQuery);
    // What can be seen only when it is read ends the job with a sentence.
    for (kind, body, said) in [
        ("text/csv", "metric,when\nsales,now\n".to_owned(), "unknown column `when`"),
        ("application/json", format!("{{\"samples\":[{},{{}}", sample("sales", AT, "未", "x")), "element 2"),
        ("text/csv", format!("metric,at,key,value\nsales,{AT},\"open,1\n{}", "x\n".repeat(800_000)), "line 2"),
        ("application/x-ndjson", "\n \n".to_owned(), "no rows"),
    ] {
        let id = import(owner, kind, body).await;
        let job = over(owner, &id).await;
        assert_eq!(job["state"], "failed", "{job}");
        assert!(text(&job["message"]).contains(said), "{job}");
    }
    let samples = format!("SELECT count(*) FROM samples WHERE tenant_id = '{}'", retailer.id.0);
    assert_eq!(retailer.database.number(&samples).await, 0);
}

#[tokio::test]
async fn a_campaign_that_reaches_its_line_in_a_file_is_paused() {
    let retailer = Tenant::sign_up().await;
    let owner = &retailer.owner;
    let campaign = retailer.active_campaign("Over its line").await;
    retailer.stop_loss(&campaign, 100).await;
    let rows = of("campaign", &campaign, [sample("spend", AT, "a", 60), sample("spend", AT, "b", 60)]);
    let id = import(owner, "application/json", json!({ "samples": rows }).to_string()).await;
    let job = over(owner, &id).await;
    assert_eq!((counts(&job), count(&job, "stopped_campaigns")), ([2, 0, 0, 0], 1), "{job}");
    assert_eq!(owner.get(&format!("/v1/campaigns/{campaign}")).await.ok()["state"], "paused");
    // Who imported is who is remembered.
    let taken = retailer.audited().await;
    let entry = taken.iter().find(|entry| entry["action"] == "samples.taken").expect("an entry");
    assert_eq!((&entry["actor_kind"], &entry["via"]), (&json!("staff"), &json!("job")));
}

/// Works until `seen` has seen what it waits for, and then is gone at once, with whatever it had in hand.
async fn work_until(service: &OwnService, seen: impl Future<Output = ()>) {
    let app = App::new(service.inside()).expect("an app");
    let (_stop, stopping) = watch::channel(false);
    let kinds = router::jobs();
    tokio::select! {
        () = worker::run(&app, &kinds, stopping) => unreachable!("nobody asked it to end"),
        () = seen => {}
    }
}

/// As [`work_until`] the job is over; what a dead worker had in hand is free at once and not after its lease.
async fn work_on(service: &OwnService, owner: &Client, id: &str) -> Value {
    let free = "UPDATE queue_jobs SET run_at = now() WHERE kind = 'samples_import'";
    service.database.execute(free).await;
    let mut job = Value::Null;
    work_until(service, async { job = over(owner, id).await }).await;
    job
}

async fn without_worker() -> OwnService {
    own_service_with(own_database().await, 6, |options| options.worker = false)
}

#[tokio::test]
async fn a_worker_that_dies_in_the_middle_doubles_nothing() {
    let service = without_worker().await;
    let retailer = Tenant::sign_up_at(&service, Style { time_zone: "UTC", ..Style::default() }).await;
    let owner = &retailer.owner;
    let rows = 25_000;
    let id = import(owner, "text/csv", table(rows)).await;
    let path = format!("/v1/jobs/{id}");
    let mut behind = 0;
    // Three workers die, each a little further.
    for _ in 0..3 {
        service.database.execute("UPDATE queue_jobs SET run_at = now() WHERE kind = 'samples_import'").await;
        work_until(&service, async {
            eventually("progress", async || {
                let done = owner.get(&path).await.ok()["done"].as_i64().unwrap();
                (done > behind).then(|| behind = done)
            })
            .await;
        })
        .await;
    }
    let job = work_on(&service, owner, &id).await;
    assert_eq!((text(&job["state"]), counts(&job)), ("succeeded", [25_000, 0, 0, 0]), "{job}");
    let result = file(owner, &id, "result").await;
    assert!(result.lines().zip(2..).all(|(line, n)| line.starts_with(&format!("{{\"line\":{n},"))), "in order");
    assert_eq!(result.lines().count(), rows, "each row once");
    let day = series(owner, "metric=orders&from=2026-02-03&to=2026-02-03").await;
    assert_eq!(day, points([("2026-02-03T00:00:00Z", 25_000.0)]));
    // A ticket that comes again finds its slice done.
    let again = format!(
        "INSERT INTO queue_jobs VALUES (gen_random_uuid(), '{}', 'samples_import', '{{\"job\": \"{id}\", \"slice\": 0}}', 'it', \
         'ready', now(), 0, NULL, now())",
        retailer.id.0
    );
    service.database.execute(&again).await;
    work_until(&service, async { retailer.settled().await }).await;
    assert_eq!(owner.get(&path).await.ok()["counts"], job["counts"]);
    service.stop().await;
}

#[tokio::test]
async fn a_cancelled_import_ends_between_two_batches_and_keeps_what_it_took() {
    let service = without_worker().await;
    let retailer = Tenant::sign_up_at(&service, Style { time_zone: "UTC", ..Style::default() }).await;
    let owner = &retailer.owner;
    let first = import(owner, "text/csv", table(20_000)).await;
    let second = import(owner, "text/csv", table(10)).await;
    // One that waits is cancelled at once.
    let cancel = |id: &str| format!("/v1/jobs/{id}/cancel");
    assert_eq!(owner.post(&cancel(&second), json!({})).await.ok()["state"], "cancelled");
    let path = format!("/v1/jobs/{first}");
    owner.get(&format!("{path}/result")).await.refused(Code::StateConflict);
    work_until(&service, async {
        eventually("progress", async || (owner.get(&path).await.ok()["done"].as_i64() > Some(0)).then_some(())).await;
    })
    .await;
    let asked = owner.post(&cancel(&first), json!({})).await.ok();
    assert_eq!((&asked["state"], &asked["cancelling"]), (&json!("running"), &json!(true)));
    let job = work_on(&service, owner, &first).await;
    assert_eq!(job["state"], "cancelled", "{job}");
    let taken = counts(&job)[0];
    assert!((1..20_000).contains(&taken), "some batches: {taken}");
    assert_eq!(file(owner, &first, "result").await.lines().count(), usize::try_from(taken).unwrap());
    let rows = format!("SELECT count(*) FROM samples WHERE tenant_id = '{}'", retailer.id.0);
    assert_eq!(service.database.number(&rows).await, taken);
    assert_eq!(owner.post(&cancel(&first), json!({})).await.ok(), job, "again changes nothing");
    service.stop().await;
}
