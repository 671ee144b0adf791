//! Long jobs with slices of the test's own: turns, failures, files that are no longer kept, and who sees what.

#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests")]

use crate::harness::service::own_service_with;
use crate::harness::tenant::{Style, text};
use crate::harness::{OwnService, Tenant, eventually, eventually_within, own_database};
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use std::time::Duration;
use tillwatch_backend::app::App;
use tillwatch_backend::error::Error;
use tillwatch_backend::identity::longjobs::{self, DoSlice, FileName, Slice};
use tillwatch_backend::platform::http::who::Who;
use tillwatch_backend::platform::jobs::{JobKind, worker};
use tillwatch_backend::router;
use tillwatch_shared::errors::Code;
use tillwatch_shared::jobs::LongJobKind;
use tillwatch_shared::permissions::{Permission, Role};
use tokio::sync::watch;

async fn without_worker() -> OwnService {
    own_service_with(own_database().await, 6, |options| options.worker = false)
}

async fn ask(service: &OwnService, retailer: &Tenant, params: Value) -> String {
    let app = App::new(service.inside()).expect("an app");
    let who = Who::system(retailer.id, "it", "it");
    let asked = app.db.write(&who, async |tx| longjobs::ask(tx, &who, LongJobKind::SamplesImport, params).await).await;
    asked.expect("a job").id.to_string()
}

/// What the jobs of these tests do: as many slices as they were asked for, then what they were asked for.
const STEPS: DoSlice = |tx, who, held| {
    let _ = (tx, who);
    async move {
        let (done, steps) = (held.checkpoint.as_i64().unwrap_or_default() + 1, held.params["steps"].as_i64());
        match held.params["ends"].as_str() {
            Some("refused") => return Err(Error::conflict("The till is closed.")),
            Some("panics") => panic!("a fault of ours"),
            Some("broken") => return Err(Error::internal("a secret of ours")),
            // Shorter than what a slice may take, longer than anybody waits for a lock.
            Some("slow") => tokio::time::sleep(Duration::from_secs(8)).await,
            _ => {}
        }
        Ok(Slice {
            checkpoint: json!(done),
            done,
            total: steps,
            counts: vec![("steps", 1)],
            output: vec![(FileName::Result, vec![b'x'; 300_000])],
            finished: Some(done) == steps,
        })
    }
    .boxed_local()
};

fn kinds() -> Vec<JobKind> {
    let mut kinds: Vec<JobKind> =
        router::jobs().into_iter().filter(|kind| kind.name != LongJobKind::SamplesImport.as_str()).collect();
    kinds.push(JobKind {
        name: LongJobKind::SamplesImport.as_str(),
        perform: |app, who, payload| async move { longjobs::advance(app, &who, payload, STEPS).await }.boxed_local(),
    });
    kinds
}

async fn work_until(service: &OwnService, seen: impl Future<Output = ()>) {
    let app = App::new(service.inside()).expect("an app");
    let (_stop, stopping) = watch::channel(false);
    let kinds = kinds();
    tokio::select! {
        () = worker::run(&app, &kinds, stopping) => unreachable!("nobody asked it to end"),
        () = seen => {}
    }
}

async fn states(retailer: &Tenant) -> Vec<Value> {
    let jobs = retailer.owner.get("/v1/jobs?limit=200").await.ok();
    jobs["data"].as_array().unwrap().iter().map(|job| job["state"].clone()).collect()
}

#[tokio::test]
async fn two_of_a_retailer_run_at_once_and_the_others_in_their_turn() {
    let service = without_worker().await;
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(ask(&service, &retailer, json!({ "steps": 6 })).await);
    }
    work_until(&service, async {
        let mut most = 0;
        eventually_within(Duration::from_mins(5), "all to be done", async || {
            let states = states(&retailer).await;
            most = most.max(states.iter().filter(|state| **state == "running").count());
            states.iter().all(|state| *state == "succeeded").then_some(())
        })
        .await;
        assert!((1..=2).contains(&most), "{most} ran at once");
    })
    .await;
    let began: Vec<String> = retailer
        .database
        .texts(&format!(
            "SELECT job_id::text FROM long_jobs WHERE tenant_id = '{}' ORDER BY started_at, job_id",
            retailer.id.0
        ))
        .await;
    let asked: Vec<String> = retailer
        .database
        .texts(&format!("SELECT job_id::text FROM long_jobs WHERE tenant_id = '{}' ORDER BY job_id", retailer.id.0))
        .await;
    // Two that may begin at once begin in either order.
    for (place, id) in began.iter().enumerate() {
        let asked = asked.iter().position(|other| other == id).expect("one that was asked for");
        assert!(asked.abs_diff(place) <= 1, "{began:?}");
    }
    let job = retailer.owner.get(&format!("/v1/jobs/{}", ids[0])).await.ok();
    assert_eq!((&job["done"], &job["counts"][0]), (&json!(6), &json!({ "name": "steps", "count": 6 })));
    let file = retailer.owner.get(&format!("/v1/jobs/{}/result", ids[0])).await;
    assert_eq!(file.bytes.len(), 6 * 300_000, "every part of it");
    service.stop().await;
}

#[tokio::test]
async fn a_job_that_cannot_be_done_says_why_in_plain_words() {
    let service = without_worker().await;
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let mut ids = Vec::new();
    for ends in ["refused", "panics", "broken"] {
        ids.push(ask(&service, &retailer, json!({ "ends": ends })).await);
    }
    work_until(&service, async {
        eventually("all to be over", async || states(&retailer).await.iter().all(|s| *s == "failed").then_some(()))
            .await;
        retailer.settled().await;
    })
    .await;
    for (id, said) in
        ids.iter().zip(["The till is closed.", "went wrong on our side, 5 times", "went wrong on our side"])
    {
        let job = retailer.owner.get(&format!("/v1/jobs/{id}")).await.ok();
        assert!(text(&job["message"]).contains(said) && !job.to_string().contains("ours\""), "{job}");
    }
    let audited = retailer.audited().await;
    assert_eq!(audited.iter().filter(|entry| entry["action"] == "job.failed").count(), 3);
    service.stop().await;
}

#[tokio::test]
async fn files_are_kept_for_a_week_and_an_upload_that_broke_off_ends() {
    let service = without_worker().await;
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let id = ask(&service, &retailer, json!({ "steps": 1 })).await;
    let app = App::new(service.inside()).expect("an app");
    let who = Who::system(retailer.id, "it", "it");
    let begun = longjobs::begin_upload(&app, &who, LongJobKind::SamplesImport, json!({})).await.expect("a job");
    longjobs::add_upload(&app, &who, begun, &[b'x'; 1000]).await.expect("bytes");
    let parts = "SELECT count(*) FROM job_files";
    work_until(&service, async {
        eventually("the file", async || (states(&retailer).await.iter().any(|s| *s == "succeeded")).then_some(()))
            .await;
    })
    .await;
    assert!(service.database.number(parts).await > 1);
    let later = "UPDATE long_jobs SET created_at = created_at - interval '2 hours', finished_at = finished_at - interval '8 days'; \
        UPDATE queue_jobs SET run_at = now() WHERE kind = 'long_job_tidy'";
    service.database.execute(later).await;
    work_until(&service, async {
        eventually("nothing to be kept", async || (service.database.number(parts).await == 0).then_some(())).await;
        retailer.settled().await;
    })
    .await;
    let problem = retailer.owner.get(&format!("/v1/jobs/{id}/result")).await.refused(Code::NotFound);
    assert!(text(&problem["detail"]).contains("no longer kept"), "{problem}");
    let job = retailer.owner.get(&format!("/v1/jobs/{begun}")).await.ok();
    assert_eq!(job["state"], "failed");
    assert!(text(&job["message"]).contains("broke off"), "{job}");
    longjobs::add_upload(&app, &who, begun, b"late").await.expect_err("it takes no more");
    service.stop().await;
}

#[tokio::test]
async fn there_is_a_limit_a_filter_and_an_end_to_what_may_be_seen() {
    let service = without_worker().await;
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let other = Tenant::sign_up_at(&service, Style::default()).await;
    for _ in 0..20 {
        ask(&service, &retailer, json!({})).await;
    }
    let full = retailer.owner.post("/v1/tenant/export", json!({})).await;
    assert_eq!(full.header("retry-after"), "10");
    full.refused(Code::TooManyRequests);
    let page = retailer.owner.get("/v1/jobs?state=waiting&kind=samples_import&limit=15").await.ok();
    let cursor = text(&page["next_cursor"]);
    let rest = retailer.owner.get(&format!("/v1/jobs?state=waiting&kind=samples_import&cursor={cursor}")).await.ok();
    assert_eq!((page["data"].as_array().unwrap().len(), rest["data"].as_array().unwrap().len()), (15, 5));
    retailer.owner.get(&format!("/v1/jobs?cursor={cursor}")).await.refused(Code::InvalidCursor);
    retailer.owner.get("/v1/jobs?state=lost").await.refused(Code::MalformedQuery);
    assert_eq!(other.owner.get("/v1/jobs").await.ok()["data"], json!([]));
    let id = text(&page["data"][0]["id"]);
    other.owner.post(&format!("/v1/jobs/{id}/cancel"), json!({})).await.refused(Code::NotFound);
    // Who may see jobs may not therefore read a complete copy.
    let export = other.owner.post("/v1/tenant/export", json!({})).await.ok();
    let path = format!("/v1/jobs/{}/result", text(&export["id"]));
    for nosy in [other.staff(Role::Marketer).await, other.partner(&[Permission::JobsRead]).await] {
        nosy.get(&path).await.refused(Code::PermissionDenied);
    }
    other.owner.get(&path).await.refused(Code::StateConflict);
    other.owner.get(&path.replace("result", "errors")).await.refused(Code::NotFound);
    service.stop().await;
}

#[tokio::test]
async fn while_a_slice_lasts_nobody_waits_for_the_retailer() {
    let service = without_worker().await;
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let id = ask(&service, &retailer, json!({ "ends": "slow", "steps": 1 })).await;
    let path = format!("/v1/jobs/{id}");
    work_until(&service, async {
        eventually("the job to run", async || {
            (retailer.owner.get(&path).await.ok()["state"] == "running").then_some(())
        })
        .await;
        // A new token locks the retailer's row.
        retailer.partner(&[Permission::SamplesWrite]).await;
        assert_eq!(retailer.owner.get(&path).await.ok()["done"], 0, "its first slice lasts still");
    })
    .await;
    service.stop().await;
}

#[tokio::test]
async fn a_job_whose_ticket_is_lost_goes_on_or_is_cancelled() {
    let service = without_worker().await;
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let (first, second) =
        (ask(&service, &retailer, json!({ "steps": 2 })).await, ask(&service, &retailer, json!({ "steps": 2 })).await);
    // Given up, and gone.
    let kind = "kind = 'samples_import'";
    let of = |id: &str| format!("{kind} AND payload->>'job' = '{id}'");
    service.database.execute(&format!("UPDATE queue_jobs SET state = 'dead' WHERE {}", of(&first))).await;
    service.database.execute(&format!("DELETE FROM queue_jobs WHERE {}", of(&second))).await;
    let running = format!("UPDATE long_jobs SET state = 'running' WHERE tenant_id = '{}'", retailer.id.0);
    service.database.execute(&running).await;
    let app = App::new(service.inside()).expect("an app");
    longjobs::jobs::revive(&app).await.expect("a round");
    assert_eq!(retailer.owner.post(&format!("/v1/jobs/{second}/cancel"), json!({})).await.ok()["cancelling"], true);
    work_until(&service, async {
        eventually("both to be over", async || {
            (states(&retailer).await == [json!("cancelled"), json!("succeeded")]).then_some(())
        })
        .await;
    })
    .await;
    service.stop().await;
}
