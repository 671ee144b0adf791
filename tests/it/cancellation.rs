//! A pool of two connections, two retailers, and ten thousand interleaved requests and transactions of callers who break
//! off, fail, take too long and panic at any point: no foreign row is ever seen, no transaction is left open, what was
//! answered was written, and the pool goes on serving.

#![expect(clippy::unwrap_used, reason = "tests")]

use crate::harness::service::own_service_with;
use crate::harness::tenant::{Style, patiently};
use crate::harness::{Client, Database, OwnService, PATIENCE, Tenant, eventually, own_database};
use diesel::QueryableByName;
use diesel::sql_types::Uuid as SqlUuid;
use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};
use futures_util::future::{FutureExt as _, LocalBoxFuture, poll_fn};
use futures_util::stream::{self, StreamExt as _};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::json;
use std::panic::AssertUnwindSafe;
use std::task::Poll;
use std::time::{Duration, Instant};
use tillwatch_backend::error::Error;
use tillwatch_backend::platform::db::{Db, DbConfig, POOL_WAIT};
use tillwatch_backend::platform::http::who::Who;
use tillwatch_shared::errors::Code;
use uuid::Uuid;

/// A service with one HTTP thread and two connections, and two retailers with channels of their own.
async fn two_connections() -> (OwnService, [Tenant; 2]) {
    let service = own_service_with(own_database().await, 2, |options| {
        options.http_workers = 1;
        options.db.pool_wait = POOL_WAIT;
    });
    let mut tenants = Vec::new();
    for name in ["Rosebud", "Thistle"] {
        let tenant = Tenant::sign_up_named(&service, Style::default(), &format!("{name} Stores")).await;
        for number in 0..5 {
            tenant.channel(&format!("{name} {number}")).await;
        }
        tenants.push(tenant);
    }
    (service, tenants.try_into().unwrap())
}

/// Waits until no transaction of the service is open.
async fn at_rest(database: &Database) {
    let busy = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}' AND usename LIKE 'tillwatch%' AND state <> 'idle'",
        database.name
    );
    eventually("every transaction to end", async || (database.number(&busy).await == 0).then_some(())).await;
}

/// How long a caller waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waits {
    /// To its end.
    Out,
    /// Not at all: the connection is dropped with the request on its way.
    Not,
    /// A moment, in which the request gets anywhere.
    AMoment,
}

impl Waits {
    /// Four of eight wait, one does not at all, three hang up anywhere.
    fn of(seed: u64) -> Self {
        match seed / 2 % 8 {
            0..4 => Self::Out,
            4 => Self::Not,
            _ => Self::AMoment,
        }
    }
}

/// One request of a caller who may hang up; whether it was answered.
async fn request(caller: &Client, foreign: &str, seed: u64) -> bool {
    let mut dice = StdRng::seed_from_u64(seed);
    let channel = || Some(json!({ "name": "Passing", "kind": "email" }).to_string().into_bytes());
    let (method, path, body) = match dice.random_range(0..5) {
        0 => ("GET", "/v1/channels?limit=200", None),
        1 => ("GET", "/v1/audit-entries?limit=200", None),
        2 => ("GET", "/v1/me", None),
        _ => ("POST", "/v1/channels", channel()),
    };
    let key = format!("key-{}", seed / 40);
    let headers = [("content-type", "application/json"), ("idempotency-key", key.as_str())];
    // Half of the writes bear a key, which twenty of each retailer have in common.
    let request = caller.request(method, path, &headers[..=usize::from(dice.random_bool(0.5))], body);
    let answered = async { request.send().await.unwrap().text().await.unwrap() };
    let patience = match Waits::of(seed) {
        Waits::Out => PATIENCE,
        Waits::Not => Duration::ZERO,
        Waits::AMoment => Duration::from_micros(dice.random_range(200..15_000)),
    };
    let Ok(text) = tokio::time::timeout(patience, answered).await else { return false };
    assert!(!text.contains(foreign), "{method} {path} shows another retailer's row: {text}");
    true
}

#[tokio::test]
async fn callers_who_hang_up_leave_nothing_behind() {
    let (service, [rose, thistle]) = two_connections().await;
    let calls = (0..2000_u64).map(|seed| {
        let (caller, foreign) = if seed % 2 == 0 { (&rose.owner, "Thistle") } else { (&thistle.owner, "Rosebud") };
        request(caller, foreign, seed)
    });
    let answered: Vec<bool> = stream::iter(calls).buffered(24).collect().await;
    for (seed, answered) in (0..).zip(answered) {
        match Waits::of(seed) {
            Waits::Out => assert!(answered, "whoever waits is answered, if only that the service is busy: {seed}"),
            Waits::Not => assert!(!answered, "nothing is answered in no time: {seed}"),
            Waits::AMoment => {}
        }
    }
    at_rest(&service.database).await;
    for tenant in [&rose, &thistle] {
        let page = tenant.owner.get("/v1/channels?limit=5").await.ok();
        assert_eq!(page["data"].as_array().unwrap().len(), 5);
    }
    let connections = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}' AND usename = 'tillwatch_app'",
        service.database.name
    );
    // Two of the HTTP thread, two of the worker.
    assert!(service.database.number(&connections).await <= 4, "the pools keep their size");
}

#[derive(QueryableByName)]
struct Owner {
    #[diesel(sql_type = SqlUuid)]
    tenant_id: Uuid,
}

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Read,
    Written,
    Refused,
    Panicked,
    Dropped,
}

/// One transaction without any filter of its own, so that only the policy keeps it in its tenant.
async fn transaction(db: &Db, tenant: Uuid, ending: u32, writes: bool) -> Result<Ended, Error> {
    let who = Who::system(tillwatch_shared::ids::TenantId(tenant), "test", "cancellation");
    let work = async |tx: &mut tillwatch_backend::platform::db::Tx| {
        let rows: Vec<Owner> = diesel::sql_query("SELECT tenant_id FROM channels").load(tx).await?;
        assert!(!rows.is_empty() && rows.iter().all(|row| row.tenant_id == tenant), "a foreign row");
        if writes {
            let changed = diesel::sql_query("UPDATE tenants SET created_at = created_at + interval '1 microsecond'");
            assert_eq!(changed.execute(tx).await?, 1, "a foreign row");
        }
        match ending {
            // A panic without the hook: two hundred backtraces help nobody.
            0 => std::panic::resume_unwind(Box::new("on purpose")),
            1 => Err(Error::conflict("on purpose")),
            2 => {
                // A statement that PostgreSQL refuses leaves the transaction failed.
                tx.batch_execute("SELECT 1 / 0").await?;
                Ok(Ended::Read)
            }
            3 => {
                // One that takes too long is broken off by PostgreSQL.
                tx.batch_execute("SET LOCAL statement_timeout = '1ms'; SELECT pg_sleep(5)").await?;
                Ok(Ended::Read)
            }
            _ => Ok(if writes { Ended::Written } else { Ended::Read }),
        }
    };
    if writes { db.write(&who, work).await } else { db.read(&who, work).await }
}

/// Polls `future` at most `polls` times and then drops it where it stands.
async fn at_most<T>(polls: u32, mut future: LocalBoxFuture<'_, T>) -> Option<T> {
    let mut left = polls;
    let outcome = poll_fn(|context| match future.poll_unpin(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    });
    outcome.await
}

/// Of ten transactions each of the six endings has its own, one is dropped before its first answer, and the others are
/// dropped anywhere, whatever ending they would have had.
async fn tried(db: &Db, tenant: Uuid, seed: u64) -> (Uuid, Ended) {
    let mut dice = StdRng::seed_from_u64(seed);
    let writes = (seed / 10).is_multiple_of(2);
    let (ending, polls) = match seed % 10 {
        own @ 0..6 => (u32::try_from(own).unwrap(), u32::MAX),
        6 => (4, 0),
        _ => (dice.random_range(0..6), dice.random_range(0..8)),
    };
    let future = AssertUnwindSafe(transaction(db, tenant, ending, writes)).catch_unwind().boxed_local();
    let ended = match at_most(polls, future).await {
        None => Ended::Dropped,
        Some(Err(panicked)) => {
            assert_eq!(panicked.downcast_ref::<&str>(), Some(&"on purpose"), "another panic than ours");
            Ended::Panicked
        }
        Some(Ok(Err(error))) => {
            assert!([Code::StateConflict, Code::Internal, Code::Overloaded].contains(&error.code), "{error}");
            Ended::Refused
        }
        Some(Ok(Ok(ended))) => ended,
    };
    (tenant, ended)
}

#[tokio::test]
async fn transactions_that_are_dropped_fail_or_panic_midway_are_rolled_back() {
    let (service, tenants) = two_connections().await;
    let ids = tenants.map(|tenant| tenant.id.0);
    let database = &service.database;
    let micros = |tenant: Uuid| {
        format!("SELECT (extract(epoch FROM created_at) * 1000000)::bigint FROM tenants WHERE tenant_id = '{tenant}'")
    };
    let before = [database.number(&micros(ids[0])).await, database.number(&micros(ids[1])).await];
    // Whoever waits for a connection gets one, however busy the machine is.
    let db = Db::new(&DbConfig { pool_wait: PATIENCE, ..database.config(2) }).unwrap();
    let tries = (0..8000_u64).map(|seed| tried(&db, ids[usize::from(seed % 3 == 0)], seed));
    let ended: Vec<(Uuid, Ended)> = stream::iter(tries).buffer_unordered(32).collect().await;
    at_rest(database).await;
    // 800 of each digit, see `tried`: each ends as it must, whatever becomes of those that are dropped anywhere.
    for (kind, least) in [
        (Ended::Panicked, 800),
        (Ended::Refused, 2400),
        (Ended::Read, 800),
        (Ended::Written, 800),
        (Ended::Dropped, 800),
    ] {
        let count = ended.iter().filter(|(_, e)| *e == kind).count();
        assert!(count >= least, "{kind:?} happened {count} times, not {least}");
    }
    for (index, tenant) in ids.into_iter().enumerate() {
        let count = |kind: Ended| i64::try_from(ended.iter().filter(|e| **e == (tenant, kind)).count()).unwrap();
        let written = database.number(&micros(tenant)).await - before[index];
        // Whoever is dropped while the COMMIT is on its way cannot know; everybody else knows exactly.
        let most = count(Ended::Written) + count(Ended::Dropped);
        assert!((count(Ended::Written)..=most).contains(&written), "{written} writes of {tenant}");
    }
    // Both connections still serve, at the same time: each transaction waits in the middle for the other.
    let meeting = tokio::sync::Barrier::new(2);
    let in_the_middle = async |tenant: Uuid| {
        let who = Who::system(tillwatch_shared::ids::TenantId(tenant), "test", "after");
        let met = db.read(&who, async |tx| {
            tx.batch_execute("SELECT 1").await?;
            meeting.wait().await;
            Ok(tx.batch_execute("SELECT 1").await?)
        });
        met.await.unwrap();
    };
    tokio::time::timeout(PATIENCE, async { tokio::join!(in_the_middle(ids[0]), in_the_middle(ids[1])) })
        .await
        .expect("both connections serve");
}

#[tokio::test]
async fn a_full_pool_is_said_so_in_a_moment_and_serves_again() {
    let (service, [rose, lily]) = two_connections().await;
    // Somebody holds a lock, so that two requests keep both connections: of two retailers, since one has half of them.
    let locker = service.database.hold("channels").await;
    rose.owner.get("/v1/me").await.ok();
    lily.owner.get("/v1/me").await.ok();
    let held = async |retailer: &Tenant| retailer.owner.get("/v1/channels").await;
    let third = async {
        service.database.waiting(2).await;
        let begun = Instant::now();
        let busy = rose.owner.get("/v1/channels").await;
        // Sooner than a statement that waits for a lock is ended, so it was the pool that refused.
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
        assert!(!busy.header("retry-after").is_empty(), "{}", busy.text());
        busy.refused(Code::Overloaded);
        drop(locker);
    };
    let (one, two, ()) = tokio::join!(held(&rose), held(&lily), third);
    for held in [one, two] {
        // On a machine that stalls, the lock may outlast a statement's time.
        assert!(matches!(held.status, 200 | 503), "{} {}", held.status, held.text());
    }
    patiently(async || rose.owner.get("/v1/channels").await).await.ok();
}
