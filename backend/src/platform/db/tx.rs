//! A transaction whose BEGIN travels with its first query, so that a read costs one round trip.
//!
//! [`Tx`] is a diesel connection as far as queries go and offers no `transaction()`; it keeps statements prepared
//! ([`super::kept`]). The first query is sent
//! pipelined behind `BEGIN; SET LOCAL …`; both answers are awaited (`join`, never `try_join`, which would drop the
//! second in flight). Invariant: however a transaction ends (done, error, cancelled request, panic), a COMMIT or
//! ROLLBACK of its own stands on the wire before anything of the connection's next user.

use super::kept::Kept;
use super::shares::Share;
use diesel::query_builder::{AsQuery, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel_async::pooled_connection::deadpool::Object;
use diesel_async::{AsyncConnectionCore, AsyncPgConnection, SimpleAsyncConnection};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join};

/// An open transaction. Store functions take `&mut Tx`.
pub struct Tx {
    /// `None` only after the end.
    conn: Option<Held>,
    /// The opening statements, until the first query takes them along.
    opening: Option<String>,
}

/// A connection in use. Fields are dropped in their order: the connection is given back, then its part of the share.
struct Held {
    conn: Object<AsyncPgConnection>,
    _share: Option<Share>,
}

impl Held {
    fn borrow(&self) -> &AsyncPgConnection {
        &self.conn
    }

    /// The state of the connection is unknown: it must not serve again.
    fn give_up(self) {
        drop(Object::take(self.conn));
    }
}

impl Tx {
    /// On `conn`, which is a part of its tenant's `share`, if it is a tenant's.
    pub(super) fn new(conn: Object<AsyncPgConnection>, share: Option<Share>, opening: String) -> Self {
        Self { conn: Some(Held { conn, _share: share }), opening: Some(opening) }
    }

    fn parts(&mut self) -> QueryResult<(&AsyncPgConnection, Option<String>)> {
        match &self.conn {
            Some(held) => Ok((held.borrow(), self.opening.take())),
            None => Err(diesel::result::Error::AlreadyInTransaction),
        }
    }

    /// Commits and waits for the answer. Nothing is sent when no query was.
    ///
    /// A COMMIT of a transaction in which a query failed rolls back and reports no error. Whoever passed over that
    /// failure would believe that all was written, so an empty SELECT goes first, in the same message: it is refused there.
    pub(super) async fn commit(mut self) -> QueryResult<()> {
        if self.opening.is_some() {
            self.conn = None;
            return Ok(());
        }
        let Some(conn) = &self.conn else { return Ok(()) };
        let outcome = (&mut conn.borrow()).batch_execute("SELECT; COMMIT").await;
        if outcome.is_ok() {
            self.conn = None;
        }
        outcome
    }

    /// Ends a read: the COMMIT is sent, and nobody waits for its answer. Whoever gets the connection next sends behind
    /// it, so the order on the wire is the one that waiting would give; a COMMIT of a read has nothing to report.
    pub(super) fn finish_read(mut self) {
        let Some(conn) = self.conn.take() else { return };
        if self.opening.is_some() {
            return;
        }
        // The first poll puts the statement on its way, and what is on its way is answered whether or not somebody
        // listens.
        let sent = (&mut conn.borrow()).batch_execute("COMMIT").now_or_never();
        if let Some(Err(_)) = sent {
            conn.give_up();
        }
    }

    fn end_behind(&mut self, statement: &'static str) {
        let Some(conn) = self.conn.take() else { return };
        if self.opening.is_some() {
            // Nothing was sent, so there is nothing to end.
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if (&mut conn.borrow()).batch_execute(statement).await.is_err() {
                    conn.give_up();
                }
            });
        } else {
            conn.give_up();
        }
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        self.end_behind("ROLLBACK");
    }
}

/// Sends `opening`, if it is still to be sent, and `query` in one go.
fn pipelined<'a, T: Send + 'a>(
    conn: &'a AsyncPgConnection,
    opening: Option<String>,
    query: BoxFuture<'a, QueryResult<T>>,
) -> BoxFuture<'a, QueryResult<T>> {
    match opening {
        None => query,
        Some(opening) => async move {
            let mut borrowed = conn;
            let (begun, answer) = join(borrowed.batch_execute(&opening), query).await;
            begun?;
            answer
        }
        .boxed(),
    }
}

impl SimpleAsyncConnection for Tx {
    async fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        let (mut conn, opening) = self.parts()?;
        match opening {
            None => conn.batch_execute(query).await,
            Some(opening) => conn.batch_execute(&format!("{opening}; {query}")).await,
        }
    }
}

impl AsyncConnectionCore for Tx {
    type LoadFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<Self::Stream<'conn, 'query>>>;
    type ExecuteFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<usize>>;
    type Stream<'conn, 'query> = <AsyncPgConnection as AsyncConnectionCore>::Stream<'conn, 'query>;
    type Row<'conn, 'query> = <AsyncPgConnection as AsyncConnectionCore>::Row<'conn, 'query>;
    type Backend = diesel::pg::Pg;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        match self.parts() {
            Err(error) => async move { Err(error) }.boxed(),
            Ok((conn, opening)) => {
                let mut borrowed = conn;
                let query = AsyncConnectionCore::load(&mut borrowed, Kept(source.as_query()));
                pipelined(conn, opening, query)
            }
        }
    }

    fn execute_returning_count<'conn, 'query, T>(&'conn mut self, source: T) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        match self.parts() {
            Err(error) => async move { Err(error) }.boxed(),
            Ok((conn, opening)) => {
                let mut borrowed = conn;
                let query = AsyncConnectionCore::execute_returning_count(&mut borrowed, Kept(source));
                pipelined(conn, opening, query)
            }
        }
    }
}
