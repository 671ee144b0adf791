//! The contract of a counter, held by both; and what happens when the shared one is away or slow.

use super::*;
use crate::platform::db::local::{LocalRedis, default_data_dir};
use std::time::{Duration, Instant};

/// How long a thing may take on a machine that is busy with others.
const IN_TIME: Duration = Duration::from_mins(1);
const NOW: u64 = 1_800_000_000_000_000;
const SECOND: u64 = 1_000_000;

fn key(kind: Kind, number: u8) -> Key {
    Key { kind, hash: [number; 16] }
}

async fn redis() -> LocalRedis {
    let dir = default_data_dir().unwrap();
    let started = tokio::task::spawn_blocking(move || LocalRedis::start(&dir)).await.unwrap();
    started.unwrap_or_else(|error| panic!("no Redis for the tests: {error}"))
}

/// A connected counter that waits as long as it takes: what Redis counted and told too late would count twice here.
async fn connected(server: &LocalRedis, longest: Duration) -> Redis {
    let counter = Redis::connect(&server.url(), longest).unwrap();
    until_reached(&counter).await;
    counter
}

async fn until_reached(counter: &Redis) {
    let end = Instant::now() + IN_TIME;
    while counter.take(NOW, &[], true).await.is_none() {
        assert!(Instant::now() < end, "Redis was not reached");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn take(counter: &impl Counter, now: u64, wishes: &[(Key, Rate)]) -> (bool, Vec<Standing>) {
    counter.take(now, wishes, true).await.expect("an answer")
}

/// `one` and `other` count together.
async fn contract<C: Counter>(one: &C, other: &C) {
    let rate = Rate::per_minute(30);
    let tenant = [(key(Kind::Tenant, 1), rate)];
    // The allowance holds a burst of five, whoever counts.
    for left in (0..5).rev() {
        let (allowed, standings) = take(if left % 2 == 0 { one } else { other }, NOW, &tenant).await;
        assert!(allowed);
        assert_eq!((standings.len(), standings[0].left()), (1, left));
    }
    let (allowed, standings) = take(one, NOW, &tenant).await;
    assert_eq!((allowed, standings[0].left(), standings[0].retry_in(), standings[0].full_in()), (false, 0, 2, 10));
    // Who only looks takes nothing.
    let looked_at = [(key(Kind::Address, 9), Rate::per_minute(6))];
    for _ in 0..3 {
        let (allowed, standings) = one.take(NOW, &looked_at, false).await.expect("an answer");
        assert_eq!((allowed, standings[0].left()), (true, 1));
    }
    assert!(take(other, NOW, &looked_at).await.0);
    assert_eq!(one.take(NOW, &looked_at, false).await.map(|(allowed, _)| allowed), Some(false));
    // Another key and another kind with the same key are others.
    for key in [key(Kind::Tenant, 2), key(Kind::Token, 1)] {
        assert!(take(other, NOW, &[(key, rate)]).await.0);
    }
    // Time gives back.
    assert!(!take(other, NOW + 2 * SECOND - 1, &tenant).await.0);
    assert!(take(one, NOW + 2 * SECOND, &tenant).await.0);
    assert!(!take(one, NOW + 2 * SECOND, &tenant).await.0);
    // A request that one refuses costs the other nothing.
    let both = [(key(Kind::Tenant, 3), Rate::per_minute(600)), (key(Kind::Token, 3), Rate::per_minute(1))];
    assert!(take(one, NOW, &both).await.0);
    for _ in 0..3 {
        let (allowed, standings) = take(other, NOW, &both).await;
        assert_eq!((allowed, standings[0].left(), standings[1].left()), (false, 99, 0));
    }
    // A clock that was moved back, and a limit that was lowered, hold nobody for longer than a window.
    let moved = [(key(Kind::Tenant, 4), rate)];
    assert!(take(one, NOW + 3_600 * SECOND, &moved).await.0);
    let (allowed, standings) = take(other, NOW, &moved).await;
    assert_eq!((allowed, standings[0].retry_in()), (false, 2));
    let lowered = [(key(Kind::Tenant, 3), Rate::per_minute(6))];
    assert!(take(other, NOW + 60 * SECOND, &lowered).await.0);
    // Nothing is nothing.
    assert_eq!(take(one, NOW, &[]).await, (true, Vec::new()));
}

#[tokio::test]
async fn allowances_keep_their_contract_in_memory() {
    let memory = Memory::default();
    contract(&memory, &memory).await;
}

#[tokio::test]
async fn allowances_keep_their_contract_over_redis() {
    let server = redis().await;
    let (one, other) = (connected(&server, IN_TIME).await, connected(&server, IN_TIME).await);
    contract(&one, &other).await;
    // Keys tell nothing and go away by themselves.
    let client = ::redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let keys: Vec<String> = ::redis::cmd("KEYS").arg("*").query_async(&mut connection).await.unwrap();
    assert!(keys.len() >= 4, "{keys:?}");
    for key in keys {
        assert!(key.starts_with("tillwatch:rate:"), "{key}");
        let left: i64 = ::redis::cmd("PTTL").arg(&key).query_async(&mut connection).await.unwrap();
        assert!((1..=3_700_000).contains(&left), "{key} stays for {left} ms");
    }
    tokio::task::spawn_blocking(move || server.stop().unwrap()).await.unwrap();
}

fn config() -> LimitsConfig {
    LimitsConfig { of_tenant: 60, of_token: 60, of_address: 60, concurrent: 2, concurrent_total: 4 }
}

fn tenant(name: &str) -> Vec<Subject> {
    vec![Subject { kind: Kind::Tenant, name: name.to_owned(), per_minute: None }]
}

#[tokio::test]
async fn a_redis_that_is_not_there_or_says_nothing_holds_nobody_up() {
    // One port that nobody listens on, one on which somebody takes the connection and keeps silent.
    let silent = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).unwrap();
    let dead = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).unwrap();
    let dead_port = dead.local_addr().unwrap().port();
    drop(dead);
    for port in [dead_port, silent.local_addr().unwrap().port()] {
        let limits = Limits::new(config(), [1; 32], Some(&format!("redis://127.0.0.1:{port}/"))).unwrap();
        let mut passed = 0;
        for _ in 0..30 {
            let counted = limits.count(&tenant("a")).await;
            passed += usize::from(counted.allowed);
            assert_eq!(counted.check().is_ok(), counted.allowed);
        }
        // Ten at once, and one for each second that the machine took for them.
        assert!((10..30).contains(&passed), "{passed} passed: they are counted in this process");
    }
    assert!(Limits::new(config(), [1; 32], Some("not an address")).is_err());
}

#[tokio::test]
async fn a_redis_that_is_slow_is_left_alone_and_found_again() {
    let server = redis().await;
    let counter = connected(&server, redis::LONGEST).await;
    let client = ::redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let _: () = ::redis::cmd("CLIENT").arg("PAUSE").arg(1_000).query_async(&mut connection).await.unwrap();
    let wish = [(key(Kind::Tenant, 9), Rate::per_minute(60))];
    assert!(counter.take(NOW, &wish, true).await.is_none(), "it is not waited for");
    assert!(counter.take(NOW, &wish, true).await.is_none(), "and not asked again before it was reached anew");
    until_reached(&counter).await;
    tokio::task::spawn_blocking(move || server.stop().unwrap()).await.unwrap();
    let end = Instant::now() + IN_TIME;
    while counter.take(NOW, &wish, true).await.is_some() {
        assert!(Instant::now() < end, "a Redis that has ended counts still");
    }
}

#[tokio::test]
async fn keys_depend_on_the_secret_and_a_refusal_says_who_and_how_long() {
    let limits = Limits::new(config(), [1; 32], None).unwrap();
    let other = Limits::new(config(), [2; 32], None).unwrap();
    let [mine, theirs] = [&limits, &other].map(|limits| limits.key(&tenant("a")[0]).hash);
    assert_ne!(mine, theirs, "the keys depend on the secret");
    let rate = Rate::per_minute(1);
    let refused =
        Counted { allowed: false, standings: vec![(Kind::Token, Standing::new(rate, NOW + 60 * SECOND, NOW))] };
    let error = refused.check().unwrap_err();
    assert_eq!((error.code, error.retry_after), (Code::TooManyRequests, Some(60)));
    assert!(error.detail.starts_with("This API token sends more requests"), "{}", error.detail);
    let own = Subject { per_minute: Some(1), ..tenant("b")[0].clone() };
    assert!(limits.count(std::slice::from_ref(&own)).await.allowed);
    assert!(!limits.count(&[own]).await.allowed, "a tenant may have a limit of its own");
}
