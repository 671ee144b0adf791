//! The worker, with kinds of jobs of the test's own: a panic is one failed attempt, a job that never comes to an end
//! holds up nobody, and what is to blame for a failure decides whether it dies of it. And rounds over all retailers.

#![expect(clippy::expect_used, reason = "tests")]

use crate::harness::tenant::{Style, unique};
use crate::harness::{Database, OwnService, Tenant, eventually, own_database};
use futures_util::FutureExt as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use tillwatch_backend::app::App;
use tillwatch_backend::error::Error;
use tillwatch_backend::identity::directory;
use tillwatch_backend::platform::jobs::{JobKind, MOST_ATTEMPTS, Sweep, schedule, worker};
use tillwatch_shared::errors::Code;
use tokio::sync::watch;
use uuid::Uuid;

/// A service without a worker, and no retailer in it.
async fn without_worker() -> OwnService {
    crate::harness::service::own_service_with(own_database().await, 6, |options| options.worker = false)
}

/// Puts a due job into the queue, at its `attempt`th failure; with a payload of its own, since the same is done once.
async fn due(database: &Database, tenant: Uuid, kind: &str, attempt: i32) -> Uuid {
    let id = Uuid::now_v7();
    let row = format!(
        "INSERT INTO queue_jobs VALUES ('{id}', '{tenant}', '{kind}', '{{\"job\": \"{id}\"}}', 'it-{}', 'ready', \
         now() - interval '1 second', {attempt}, NULL, now())",
        unique()
    );
    database.execute(&row).await;
    id
}

/// Works until `seen` has seen what it waits for.
async fn work_until(service: &OwnService, kinds: &[JobKind], seen: impl Future<Output = ()>) {
    let app = App::new(service.inside()).expect("an app");
    let (_stop, stopping) = watch::channel(false);
    tokio::select! {
        () = worker::run(&app, kinds, stopping) => panic!("nobody asked it to end"),
        () = seen => {}
    }
}

async fn until(database: &Database, what: &str, query: &str) {
    eventually(what, async || (database.number(query).await == 1).then_some(())).await;
}

#[tokio::test]
async fn a_job_that_panics_fails_its_attempt_and_the_worker_goes_on() {
    let service = without_worker().await;
    let (database, tenant) = (&service.database, Uuid::now_v7());
    let kinds = [
        JobKind { name: "panics", perform: |_, _, _| async { panic!("a fault of ours") }.boxed_local() },
        JobKind { name: "works", perform: |_, _, _| async { Ok(()) }.boxed_local() },
    ];
    let first = due(database, tenant, "panics", 0).await;
    let last = due(database, tenant, "panics", MOST_ATTEMPTS - 1).await;
    work_until(&service, &kinds, async {
        let said = |id, state| {
            format!(
                "SELECT count(*) FROM queue_jobs WHERE job_id = '{id}' AND state = '{state}' AND attempt > 0 \
                 AND last_error LIKE '%panicked: a fault of ours%'"
            )
        };
        until(database, "the failed attempt", &said(first, "ready")).await;
        until(database, "the end of the last attempt", &said(last, "dead")).await;
        let other = due(database, tenant, "works", 0).await;
        until(database, "a later job", &format!("SELECT 1 - count(*) FROM queue_jobs WHERE job_id = '{other}'")).await;
    })
    .await;
    service.stop().await;
}

#[tokio::test]
async fn a_query_that_always_takes_too_long_uses_up_attempts_and_an_outage_does_not() {
    let service = without_worker().await;
    let (database, tenant) = (&service.database, Uuid::now_v7());
    let kinds = [
        JobKind {
            name: "slow query",
            perform: |app, who, _| {
                async move {
                    app.db
                        .write(&who, async |tx| {
                            use diesel_async::SimpleAsyncConnection as _;
                            Ok(tx.batch_execute("SET LOCAL statement_timeout = '20ms'; SELECT pg_sleep(60)").await?)
                        })
                        .await
                }
                .boxed_local()
            },
        },
        JobKind { name: "outage", perform: |_, _, _| async { Err(Error::unavailable("gone")) }.boxed_local() },
    ];
    let slow = due(database, tenant, "slow query", MOST_ATTEMPTS - 1).await;
    let away = due(database, tenant, "outage", MOST_ATTEMPTS - 1).await;
    work_until(&service, &kinds, async {
        let dead = format!("SELECT count(*) FROM queue_jobs WHERE job_id = '{slow}' AND state = 'dead'");
        until(database, "the slow query to be given up", &dead).await;
        let kept = format!(
            "SELECT count(*) FROM queue_jobs WHERE job_id = '{away}' AND state = 'ready' \
             AND attempt = {} AND last_error LIKE '%gone%'",
            MOST_ATTEMPTS - 1
        );
        until(database, "the attempt to be given back", &kept).await;
    })
    .await;
    service.stop().await;
}

#[tokio::test]
async fn jobs_that_never_end_hold_up_neither_other_tenants_nor_all_hands() {
    /// How many are in hand; one that is given up after its time is not any more.
    static IN_HAND: AtomicUsize = AtomicUsize::new(0);
    struct Held;
    impl Drop for Held {
        fn drop(&mut self) {
            IN_HAND.fetch_sub(1, Ordering::Relaxed);
        }
    }
    let service = without_worker().await;
    let database = &service.database;
    let kinds = [
        JobKind {
            name: "endless",
            perform: |_, _, _| {
                async {
                    IN_HAND.fetch_add(1, Ordering::Relaxed);
                    let _held = Held;
                    std::future::pending().await
                }
                .boxed_local()
            },
        },
        JobKind { name: "works", perform: |_, _, _| async { Ok(()) }.boxed_local() },
    ];
    // More than a claim looks at, and all of them due before anybody else's.
    let busy = Uuid::now_v7();
    let many = format!(
        "INSERT INTO queue_jobs SELECT gen_random_uuid(), '{busy}', 'endless', '{{}}', 'it', 'ready', \
         now() - interval '1 minute', 0, NULL, now() FROM generate_series(1, 300)"
    );
    database.execute(&many).await;
    work_until(&service, &kinds, async {
        for _ in 0..3 {
            let job = due(database, Uuid::now_v7(), "works", 0).await;
            let left = format!("SELECT 1 - count(*) FROM queue_jobs WHERE job_id = '{job}'");
            until(database, "another tenant's job", &left).await;
        }
        let in_hand = IN_HAND.load(Ordering::Relaxed);
        assert!((1..=4).contains(&in_hand), "one tenant has a few of the hands: {in_hand}");
    })
    .await;
    service.stop().await;
}

#[tokio::test]
async fn a_sweep_that_panics_is_done_again_and_its_neighbour_too() {
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    static ROUNDS: AtomicUsize = AtomicUsize::new(0);
    let service = without_worker().await;
    let app = App::new(service.inside()).expect("an app");
    let every = std::time::Duration::from_millis(5);
    let sweeps = [
        Sweep {
            name: "panics",
            every,
            perform: |_| {
                async {
                    PANICS.fetch_add(1, Ordering::Relaxed);
                    panic!("a fault of ours")
                }
                .boxed_local()
            },
        },
        Sweep {
            name: "works",
            every,
            perform: |_| {
                async {
                    ROUNDS.fetch_add(1, Ordering::Relaxed);
                    Ok(())
                }
                .boxed_local()
            },
        },
    ];
    let (_stop, stopping) = watch::channel(false);
    let seen = eventually("further rounds", async || {
        (PANICS.load(Ordering::Relaxed) > 2 && ROUNDS.load(Ordering::Relaxed) > 2).then_some(())
    });
    tokio::select! {
        () = schedule::run(&app, &sweeps, &stopping) => panic!("nobody asked it to end"),
        () = seen => {}
    }
    service.stop().await;
}

#[tokio::test]
async fn a_process_whose_worker_has_ended_is_not_ready() {
    let service = without_worker().await;
    let anybody = service.anonymous();
    assert_eq!(anybody.get("/readyz").await.status, 200);
    service.inside().worker_lost.store(true, Ordering::Relaxed);
    let answer = anybody.get("/readyz").await;
    assert_eq!(answer.status, 503);
    let told = answer.refused(Code::NotReady);
    assert_eq!(told["detail"], "The worker of this process has ended. Start the process again.");
    assert_eq!(anybody.get("/livez").await.status, 200);
    service.stop().await;
}

#[tokio::test]
async fn a_round_over_all_retailers_goes_on_behind_one_whose_part_fails() {
    let service = without_worker().await;
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(Tenant::sign_up_at(&service, Style::default()).await.id);
    }
    all.sort_unstable();
    let app = App::new(service.inside()).expect("an app");
    let mut seen = Vec::new();
    let round = directory::each_tenant(&app, "a test", async |tenant| {
        seen.push(tenant);
        if seen.len() == 2 { Err(Error::internal("one retailer's trouble")) } else { Ok(()) }
    });
    round.await.expect("the round");
    assert_eq!(seen, all, "each once, and those behind it, too");
    service.stop().await;
}
