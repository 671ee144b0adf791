//! A tenant's transactions: [`Db::read`] in one round trip, [`Db::write`] with an awaited COMMIT. Both work in the
//! request's own transaction when the request is one that is done once ([`super::once`]).

use super::{Db, Tx};
use crate::error::Result;
use crate::platform::http::who::Who;

impl Db {
    /// Runs `work` in a read-only transaction of `who`'s tenant.
    ///
    /// # Errors
    /// What `work` returns; 503 when no connection is to be had, or none of the tenant's share.
    pub async fn read<T>(&self, who: &Who, work: impl AsyncFnOnce(&mut Tx) -> Result<T>) -> Result<T> {
        let work = match within(who, work).await {
            Ok(outcome) => return outcome,
            Err(work) => work,
        };
        let mut tx = self.begin("BEGIN READ ONLY", who).await?;
        let answer = work(&mut tx).await?;
        tx.finish_read();
        Ok(answer)
    }

    /// Runs `work` in a transaction of `who`'s tenant and commits it; an error or a cancelled caller rolls back.
    ///
    /// # Errors
    /// What `work` or the commit returns; 503 when no connection is to be had, or none of the tenant's share.
    pub async fn write<T>(&self, who: &Who, work: impl AsyncFnOnce(&mut Tx) -> Result<T>) -> Result<T> {
        let work = match within(who, work).await {
            Ok(outcome) => return outcome,
            Err(work) => work,
        };
        let mut tx = self.begin_write(who).await?;
        let answer = work(&mut tx).await?;
        tx.commit().await?;
        Ok(answer)
    }

    pub(super) async fn begin_write(&self, who: &Who) -> Result<Tx> {
        self.begin("BEGIN", who).await
    }

    /// A transaction of `who`'s tenant on a connection of its share; it begins with `begin`.
    async fn begin(&self, begin: &str, who: &Who) -> Result<Tx> {
        let share = self.shares.take(who.tenant).await?;
        Ok(Tx::new(self.app_connection().await?, Some(share), opening(begin, who)))
    }
}

/// Runs `work` in the transaction of a request that is done once; gives it back when there is none.
async fn within<T, W>(who: &Who, work: W) -> std::result::Result<Result<T>, W>
where
    W: AsyncFnOnce(&mut Tx) -> Result<T>,
{
    match &who.once {
        Some(once) => once.within(work).await,
        None => Err(work),
    }
}

/// The tenant is a uuid, so that its text can hold nothing else, and it is set for this transaction only.
fn opening(begin: &str, who: &Who) -> String {
    format!("{begin}; SET LOCAL app.tenant_id = '{}'", who.tenant.0)
}
