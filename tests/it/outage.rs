//! PostgreSQL dies under load and comes back: callers are told to wait, nothing that was accepted is lost, and the
//! service recovers by itself.

#![expect(clippy::expect_used, reason = "tests")]

use crate::harness::database::PASSWORD;
use crate::harness::feed::{feed, of, sample, series};
use crate::harness::tenant::{Style, unique};
use crate::harness::{Answer, Client, Database, Tenant, eventually, own_service};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tillwatch_backend::platform::db::local::{LocalOptions, LocalPostgres};
use tillwatch_backend::platform::db::migrate;

const NAME: &str = "tillwatch_outage";

/// A PostgreSQL that can be killed and started again on its data. Unlike the run's own, it answers a COMMIT when its log
/// is written. It does not wait for the disk: only the server dies, the machine goes on.
struct Fragile {
    folder: PathBuf,
    server: Option<LocalPostgres>,
}

impl Fragile {
    fn start() -> Self {
        let name = format!("tillwatch-outage-{}-{}", std::process::id(), unique());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        let mut fragile = Self { folder, server: None };
        fragile.again();
        fragile
    }

    /// Starts the server on its data, at the address that it had.
    fn again(&mut self) {
        let options = LocalOptions {
            data_dir: Some(self.folder.clone()),
            watchdog: true,
            settings: vec![("fsync".to_owned(), "off".to_owned())],
            ..LocalOptions::default()
        };
        self.server = Some(LocalPostgres::start(&options).expect("PostgreSQL starts"));
    }

    fn server(&self) -> &LocalPostgres {
        self.server.as_ref().expect("it runs")
    }

    /// Ends it at once, without a word to anybody.
    fn kill(&mut self) {
        let pid = self.server().pid().to_string();
        let killed = Command::new("sh").args(["-c", r#"kill -s QUIT "$0""#, &pid]).status().expect("sh starts");
        assert!(killed.success());
        self.server.take().expect("it ran").stop().expect("nothing is left of it");
    }

    async fn database(&self) -> Database {
        let port = self.server().port();
        let address =
            |role: &str| format!("postgres://{role}:{}@127.0.0.1:{port}/{NAME}", PASSWORD.replace(' ', "%20"));
        let [owner_url, app_url, system_url] =
            migrate::prepare_cluster(&self.server().superuser_url("postgres"), NAME, PASSWORD, address)
                .await
                .expect("roles and database");
        migrate::run(&owner_url, chrono::Utc::now()).await.expect("the schema");
        Database {
            dropped: None,
            name: NAME.to_owned(),
            superuser_url: self.server().superuser_url(NAME),
            owner_url,
            app_url,
            system_url,
        }
    }
}

impl Drop for Fragile {
    fn drop(&mut self) {
        self.server = None;
        // What cannot be deleted lies in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Fails unless the answer is a 503 that a program can act on.
#[track_caller]
fn told_to_wait(answer: &Answer) {
    let said = (answer.status, answer.header("content-type"), answer.header("retry-after"));
    assert_eq!(said, (503, "application/problem+json", "1"), "{}: {}", answer.asked, answer.text());
    let code = answer.body["code"].as_str().unwrap_or_default();
    assert!(["database_unavailable", "overloaded"].contains(&code), "{}: {}", answer.asked, answer.text());
}

/// How the writers fare.
#[derive(Default)]
struct Weather {
    accepted: AtomicUsize,
    told_to_wait: AtomicUsize,
    over: AtomicBool,
}

impl Weather {
    /// Waits until `more` further rows were accepted.
    async fn work(&self, more: usize) {
        let goal = self.accepted.load(Ordering::Relaxed) + more;
        eventually("rows to be accepted", async || (self.accepted.load(Ordering::Relaxed) >= goal).then_some(())).await;
    }
}

/// Sends rows one after the other until the storm is over; the keys of those that were accepted.
async fn write(owner: Client, campaign: &str, writer: usize, weather: &Weather) -> BTreeSet<String> {
    let mut accepted = BTreeSet::new();
    for i in 0.. {
        if weather.over.load(Ordering::Relaxed) {
            break;
        }
        let key = format!("{writer}-{i}");
        let row = of("campaign", campaign, [sample("spend", "2026-02-03T15:00:00Z", &key, 1)]);
        let answer = feed(&owner, &row).await;
        if answer.status == 200 {
            assert_eq!(answer.ok()["accepted"], 1);
            accepted.insert(key);
            weather.accepted.fetch_add(1, Ordering::Relaxed);
        } else {
            told_to_wait(&answer);
            weather.told_to_wait.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    accepted
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_dies_under_load_and_comes_back() {
    let mut fragile = tokio::task::block_in_place(Fragile::start);
    let service = own_service(fragile.database().await, 6);
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let campaign = retailer.active_campaign("Through the storm").await;
    let weather = Weather::default();
    let writers =
        futures_util::future::join_all((0..4).map(|writer| write(retailer.owner.clone(), &campaign, writer, &weather)));
    let storm = async {
        weather.work(40).await;
        tokio::task::block_in_place(|| fragile.kill());
        let told = async || (weather.told_to_wait.load(Ordering::Relaxed) > 3).then_some(());
        eventually("writers to be told to wait", told).await;
        let anybody = service.anonymous();
        assert_eq!(anybody.get("/livez").await.status, 200, "it is alive");
        told_to_wait(&anybody.get("/readyz").await);
        for answer in [
            retailer.owner.get("/v1/campaigns").await,
            retailer.owner.get("/v1/kpis").await,
            retailer.owner.post(&format!("/v1/campaigns/{campaign}/pause"), json!({ "reason": "Now" })).await,
            anybody.post("/v1/sessions", json!({ "email": retailer.email, "password": "any of them" })).await,
        ] {
            told_to_wait(&answer);
        }
        tokio::task::block_in_place(|| fragile.again());
        eventually("the service to be ready", async || (anybody.get("/readyz").await.status == 200).then_some(()))
            .await;
        weather.work(40).await;
        weather.over.store(true, Ordering::Relaxed);
    };
    let (accepted, ()) = tokio::join!(writers, storm);
    let accepted: BTreeSet<String> = accepted.into_iter().flatten().collect();

    // What was answered is there; what was not answered may be there, and its sums with it.
    let keys = format!("SELECT source_key FROM samples WHERE tenant_id = '{}'", retailer.id.0);
    let stored: BTreeSet<String> = retailer.database.texts(&keys).await.into_iter().collect();
    let lost: Vec<&String> = accepted.difference(&stored).collect();
    assert!(lost.is_empty(), "{} rows were accepted and lost: {lost:?}", lost.len());
    let place = format!("/v1/campaigns/{campaign}");
    assert_eq!(retailer.owner.get(&place).await.ok()["spend"], stored.len());
    let day = series(&retailer.owner, "metric=spend&from=2026-02-03&to=2026-02-03").await;
    assert_eq!(day[0].1, json!(f64::from(u32::try_from(stored.len()).unwrap())));

    // Jobs go on: those of before are done, and a new rule is judged. A job that the worker had in hand when PostgreSQL
    // died comes back when its lease ends; that half a minute passes here at once.
    retailer.database.execute("UPDATE queue_jobs SET run_at = now() WHERE run_at < now() + interval '1 minute'").await;
    retailer.settled().await;
    retailer.stop_loss(&campaign, 1).await;
    eventually("the worker to stop the campaign", async || {
        (retailer.owner.get(&place).await.ok()["state"] == "paused").then_some(())
    })
    .await;
    service.stop().await;
}
