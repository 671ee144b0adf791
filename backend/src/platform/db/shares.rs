//! Who holds how many of a pool's connections: one tenant half of them at most, so that requests of its own which wait
//! for each other's rows, or simply take long, never leave the others without one.
//!
//! Limits on requests cannot promise that: they count in the whole process, and each thread of it has its own pool.
//! Invariant: a share is given back when its connection is, not before.

use crate::error::{Error, Result};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tillwatch_shared::ids::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Tenants that are remembered before those that hold nothing are forgotten.
const MANY: usize = 1_000;

/// What each tenant holds of one pool.
#[derive(Debug)]
pub(super) struct Shares {
    /// Connections that one tenant may hold.
    each: usize,
    /// How long a transaction waits for one of its tenant's.
    patience: Duration,
    tenants: Mutex<HashMap<TenantId, Arc<Semaphore>>>,
}

/// One connection's part of its tenant's share; dropped behind the connection.
#[derive(Debug)]
pub(super) struct Share {
    _held: OwnedSemaphorePermit,
}

impl Shares {
    /// The shares of a pool of `connections`; who finds its share used up waits for `patience`.
    pub(super) fn new(connections: usize, patience: Duration) -> Self {
        Self { each: (connections / 2).max(1), patience, tenants: Mutex::default() }
    }

    /// The next part of `tenant`'s share, first come first served.
    ///
    /// # Errors
    /// 503 when none becomes free in time: the tenant's own work holds them all.
    pub(super) async fn take(&self, tenant: TenantId) -> Result<Share> {
        let held = timeout(self.patience, self.of(tenant).acquire_owned()).await;
        // The semaphore is never closed, so what fails is the time.
        let held = held.ok().and_then(std::result::Result::ok).ok_or_else(Error::no_free_connection)?;
        Ok(Share { _held: held })
    }

    fn of(&self, tenant: TenantId) -> Arc<Semaphore> {
        // An entry is put in whole, so a panic elsewhere leaves the map valid.
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if tenants.len() >= MANY && !tenants.contains_key(&tenant) {
            // Whoever holds a part, or waits for one, holds the semaphore, too.
            tenants.retain(|_, share| Arc::strong_count(share) > 1);
        }
        Arc::clone(tenants.entry(tenant).or_insert_with(|| Arc::new(Semaphore::new(self.each))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use tillwatch_shared::errors::Code;

    /// Waits are ended by the test, not by the clock.
    const LONG: Duration = Duration::from_hours(1);

    #[tokio::test]
    async fn one_tenant_takes_half_of_the_connections_and_waits_for_its_own() {
        let (shares, tenant, other) = (Shares::new(5, LONG), TenantId::new(), TenantId::new());
        let first = shares.take(tenant).await.unwrap();
        let _second = shares.take(tenant).await.unwrap();
        let mut third = Box::pin(shares.take(tenant));
        assert!((&mut third).now_or_never().is_none(), "it waits");
        let _others = shares.take(other).now_or_never().expect("others are not held up").unwrap();
        drop(first);
        third.await.expect("what was given back");
    }

    #[tokio::test]
    async fn who_waits_for_too_long_is_told_so_and_it_is_nobodys_fault() {
        let (shares, tenant) = (Shares::new(1, Duration::from_millis(1)), TenantId::new());
        let _all = shares.take(tenant).await.expect("one at least");
        let refused = shares.take(tenant).await.unwrap_err();
        assert_eq!((refused.code, refused.outage), (Code::Overloaded, true));
    }

    #[tokio::test]
    async fn tenants_that_hold_nothing_are_forgotten() {
        let (shares, busy) = (Shares::new(2, LONG), TenantId::new());
        let _held = shares.take(busy).await.unwrap();
        for _ in 0..MANY {
            shares.take(TenantId::new()).await.unwrap();
        }
        let tenants = shares.tenants.lock().unwrap();
        assert!(tenants.len() < MANY && tenants.contains_key(&busy));
    }
}
