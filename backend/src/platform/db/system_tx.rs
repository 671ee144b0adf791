//! Transactions of the narrow role: what happens before a tenant is known, and the queues. Each has a reason, which
//! is logged. The role can read the directory and work the queues; it cannot see one tenant row.
//!
//! How it is logged: every one at DEBUG; at INFO each reason when it is first used and then with a count, since most of
//! them are part of every sign-in or every look at a queue, and lines by the thousand are read by nobody.

use super::{Db, Tx};
use crate::error::Result;
use crate::platform::tally::Tally;
use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

/// How often each reason was used, told every ten minutes.
static REASONS: Tally = Tally::new(Duration::from_mins(10));

/// An open transaction of the `tillwatch_system` role. A type of its own, so that a directory query cannot be run
/// in a tenant's transaction by mistake, nor the other way round.
pub struct SystemTx(Tx);

impl Deref for SystemTx {
    type Target = Tx;

    fn deref(&self) -> &Tx {
        &self.0
    }
}

impl DerefMut for SystemTx {
    fn deref_mut(&mut self) -> &mut Tx {
        &mut self.0
    }
}

impl Db {
    /// Runs `work` in a transaction of the narrow role and commits it. `reason` says why a query without a tenant
    /// is needed.
    ///
    /// # Errors
    /// What `work` or the commit returns; 503 when no connection is to be had.
    pub async fn system<T>(
        &self,
        reason: &'static str,
        work: impl AsyncFnOnce(&mut SystemTx) -> Result<T>,
    ) -> Result<T> {
        tracing::debug!(reason, "system transaction");
        if let Some(times) = REASONS.count(reason, Instant::now()) {
            tracing::info!(reason, times, "system transactions");
        }
        let mut tx = SystemTx(Tx::new(self.system_connection().await?, None, "BEGIN".to_owned()));
        let answer = work(&mut tx).await?;
        tx.0.commit().await?;
        Ok(answer)
    }
}
