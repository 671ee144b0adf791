//! Which of several replicas with one token is connected to the gateway: the one that holds the account's lease.
//!
//! The lease stands in the service, which counts it by its database's clock. Cast: a [`Leader`] asks for it, a [`Held`] is
//! one time in office. Invariants: the gateway is reached only while the lease is held; the holder counts its time from
//! before it asked, so that its own clock ends it no later than the service's; a lease that lapsed ends the session, even
//! if this replica has it again at once; another one has it at once when this one ends in order, and within the lease's
//! time when this one dies. Posting needs no lease.

use crate::api::Api;
use crate::deliver::Pause;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

/// How often a replica that waits asks, at most this apart.
const LOOK: Duration = Duration::from_secs(1);
/// How long one question may take, a fresh token included.
const ASKING: Duration = Duration::from_secs(2);
/// How long before its end the lease is given up: what closes the session takes a moment.
const MARGIN: Duration = Duration::from_millis(500);
/// The lease is asked for anew after this part of its time.
const PART: u32 = 3;
/// The pause after a question that failed while the lease is held.
const AGAIN: Duration = Duration::from_millis(300);

/// Asks for the lease of one account on behalf of one replica.
pub(crate) struct Leader {
    api: Api,
    account: String,
    holder: String,
}

/// The lease, held.
#[derive(Debug)]
pub(crate) struct Held {
    fence: i64,
    /// When to ask anew.
    renew_at: Instant,
    /// When it is given up.
    until: Instant,
}

impl Held {
    fn of(fence: i64, expires_in_ms: u32, asked: Instant) -> Self {
        let lasts = Duration::from_millis(expires_in_ms.into());
        Self { fence, renew_at: asked + lasts / PART, until: asked + lasts.saturating_sub(MARGIN) }
    }
}

impl Leader {
    /// A replica of the account with this token.
    pub(crate) fn new(api: &Api, token: &str) -> Self {
        Self { api: api.clone(), account: account(token), holder: uuid::Uuid::now_v7().simple().to_string() }
    }

    /// Waits until this replica holds the lease.
    pub(crate) async fn lead(&self) -> Held {
        let (mut pause, mut told) = (Pause::default(), false);
        loop {
            let asked = Instant::now();
            match timeout(ASKING, self.api.acquire_gateway(&self.account, &self.holder)).await {
                Ok(Ok(lease)) if lease.held => {
                    tracing::info!(fence = lease.fence, "this replica answers on Discord");
                    return Held::of(lease.fence, lease.expires_in_ms, asked);
                }
                Ok(Ok(lease)) => {
                    pause = Pause::default();
                    if !std::mem::replace(&mut told, true) {
                        tracing::info!(fence = lease.fence, "another replica answers on Discord; this one waits");
                    }
                    sleep(LOOK.min(Duration::from_millis(u64::from(lease.expires_in_ms) + 20))).await;
                }
                Ok(Err(error)) => {
                    let wait = pause.next();
                    tracing::warn!(%error, wait_ms = wait.as_millis(), "cannot ask who answers on Discord");
                    sleep(wait).await;
                }
                Err(_) => tracing::warn!("no answer to who answers on Discord"),
            }
        }
    }

    /// Keeps the lease until it is lost; says why.
    pub(crate) async fn lost(&self, held: &mut Held) -> String {
        loop {
            sleep_until(held.renew_at.min(held.until)).await;
            if Instant::now() >= held.until {
                return "the lease of the gateway lapsed: the service did not answer".to_owned();
            }
            let asked = Instant::now();
            let question = self.api.acquire_gateway(&self.account, &self.holder);
            match timeout_at(held.until.min(asked + ASKING), question).await {
                Ok(Ok(lease)) if !lease.held => return "another replica holds the gateway's lease".to_owned(),
                Ok(Ok(lease)) if lease.fence != held.fence => {
                    return "the lease of the gateway had lapsed".to_owned();
                }
                Ok(Ok(lease)) => *held = Held::of(lease.fence, lease.expires_in_ms, asked),
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the gateway's lease could not be kept; asking again");
                    held.renew_at = Instant::now() + AGAIN;
                }
                Err(_) => held.renew_at = Instant::now() + AGAIN,
            }
        }
    }

    /// Gives the lease back, so that another replica need not wait for its end.
    pub(crate) async fn release(&self, held: Held) {
        let given = timeout(ASKING, self.api.release_gateway(&self.account, &self.holder, held.fence)).await;
        if !matches!(given, Ok(Ok(_))) {
            tracing::info!("the gateway's lease was not given back; it lapses by itself");
        }
    }
}

/// What names an account to the service: a hash of the token's first part, which is the account's id, so that a reset of
/// the token changes nothing and nothing of the token is told.
fn account(token: &str) -> String {
    let id = token.split('.').next().unwrap_or_default();
    let mut name = "discord-".to_owned();
    for byte in &Sha256::digest(id.as_bytes())[..16] {
        // Writing to a string cannot fail.
        let _written = write!(name, "{byte:02x}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FakeApi, Request, problem};
    use serde_json::{Value, json};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tillwatch_shared::errors::Code;

    /// An API that answers the questions for the lease with these, one after the other; the last one again and again.
    async fn answering(answers: Vec<(u16, Value)>) -> FakeApi {
        let asked = AtomicUsize::new(0);
        FakeApi::start(move |request: &Request| {
            if request.target.ends_with("/release") {
                return (200, json!({ "changed": true }));
            }
            let place = asked.fetch_add(1, Ordering::Relaxed).min(answers.len() - 1);
            answers[place].clone()
        })
        .await
    }

    fn lease(held: bool, fence: i64, expires_in_ms: u32) -> (u16, Value) {
        (200, json!({ "held": held, "fence": fence, "expires_in_ms": expires_in_ms }))
    }

    #[test]
    fn an_account_is_named_by_its_id_and_never_by_its_token() {
        let one = account("OTAw.secret.token");
        assert_eq!(one, account("OTAw.another.after-a-reset"));
        assert_ne!(one, account("OTAx.secret.token"));
        assert!(one.len() <= 64 && !one.contains("OTAw"), "{one}");
    }

    #[tokio::test]
    async fn a_replica_waits_while_another_leads_and_asks_on_through_trouble() {
        let fake =
            answering(vec![lease(false, 4, 1), problem(Code::Internal), lease(false, 4, 1), lease(true, 5, 6_000)]);
        let fake = fake.await;
        let leader = Leader::new(&fake.api(), "OTAw.t");
        let held = leader.lead().await;
        assert_eq!((held.fence, fake.seen().len()), (5, 4));
        leader.release(held).await;
        let last = fake.seen().pop().unwrap();
        assert_eq!((last.what().as_str(), &last.body["fence"]), ("POST /v1/gateway-leases/release", &json!(5)));
    }

    #[tokio::test]
    async fn a_lease_is_lost_to_another_to_time_and_to_a_gap() {
        let taken = answering(vec![lease(true, 1, 900), lease(false, 2, 6_000)]).await;
        let leader = Leader::new(&taken.api(), "t");
        let mut held = leader.lead().await;
        assert!(leader.lost(&mut held).await.contains("another replica"));

        let gap = answering(vec![lease(true, 1, 900), lease(true, 1, 900), lease(true, 3, 6_000)]).await;
        let leader = Leader::new(&gap.api(), "t");
        let mut held = leader.lead().await;
        assert!(leader.lost(&mut held).await.contains("had lapsed"));
        assert_eq!(gap.seen().len(), 3, "kept once before");

        let silent = answering(vec![lease(true, 1, 1_200), problem(Code::Internal)]).await;
        let leader = Leader::new(&silent.api(), "t");
        let mut held = leader.lead().await;
        let until = held.until;
        assert!(leader.lost(&mut held).await.contains("did not answer"));
        assert!(Instant::now() >= until, "not before its time");
    }
}
