//! A tenant's transactions: [`Db::read`] in one round trip, [`Db::write`] with an awaited COMMIT.

use super::{Db, Tx};
use crate::error::Result;
use crate::platform::http::who::Who;

impl Db {
    /// Runs `work` in a read-only transaction of `who`'s tenant.
    ///
    /// # Errors
    /// What `work` returns; 503 when no connection is to be had.
    pub async fn read<T>(&self, who: &Who, work: impl AsyncFnOnce(&mut Tx) -> Result<T>) -> Result<T> {
        let mut tx = Tx::new(self.app_connection().await?, opening("BEGIN READ ONLY", who));
        let answer = work(&mut tx).await?;
        tx.finish_read();
        Ok(answer)
    }

    /// Runs `work` in a transaction of `who`'s tenant and commits it; an error or a cancelled caller rolls back.
    ///
    /// # Errors
    /// What `work` or the commit returns; 503 when no connection is to be had.
    pub async fn write<T>(&self, who: &Who, work: impl AsyncFnOnce(&mut Tx) -> Result<T>) -> Result<T> {
        let mut tx = Tx::new(self.app_connection().await?, opening("BEGIN", who));
        let answer = work(&mut tx).await?;
        tx.commit().await?;
        Ok(answer)
    }
}

/// The tenant is a uuid, so that its text can hold nothing else, and it is set for this transaction only.
fn opening(begin: &str, who: &Who) -> String {
    format!("{begin}; SET LOCAL app.tenant_id = '{}'", who.tenant.0)
}
