//! The SQL of gateway leases. Times are the database's own: what is compared here was written by the same clock.

use crate::error::Result;
use crate::platform::db::SystemTx;
use diesel::sql_types::{BigInt, Double, Text};
use diesel_async::RunQueryDsl;
use std::time::Duration;
use tillwatch_shared::watch::GatewayLease;

/// One statement, so that of two replicas that ask at once the second sees what the first has written. `clock_timestamp`
/// and not `now`: whoever waited for the row must not judge it by the time before.
const TAKE: &str = "INSERT INTO directory_gateway_leases AS l (account, holder, fence, expires_at) \
    VALUES ($1, $2, 1, clock_timestamp() + make_interval(secs => $3)) \
    ON CONFLICT (account) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at, \
    fence = l.fence + CASE WHEN l.holder = excluded.holder AND l.expires_at > clock_timestamp() THEN 0 ELSE 1 END \
    WHERE l.holder = excluded.holder OR l.expires_at <= clock_timestamp() \
    RETURNING fence, extract(epoch FROM expires_at - clock_timestamp())::float8 AS seconds";

const OF_OTHER: &str = "SELECT fence, extract(epoch FROM expires_at - clock_timestamp())::float8 AS seconds \
    FROM directory_gateway_leases WHERE account = $1";

const END: &str = "UPDATE directory_gateway_leases SET expires_at = clock_timestamp() \
    WHERE account = $1 AND holder = $2 AND fence = $3 AND expires_at > clock_timestamp()";

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    fence: i64,
    #[diesel(sql_type = Double)]
    seconds: f64,
}

impl Row {
    fn into_lease(self, held: bool) -> GatewayLease {
        let left = Duration::try_from_secs_f64(self.seconds.max(0.0)).unwrap_or_default();
        GatewayLease { held, fence: self.fence, expires_in_ms: u32::try_from(left.as_millis()).unwrap_or(u32::MAX) }
    }
}

/// Takes or keeps the lease; `None` when another one holds it.
pub(in super::super) async fn take(
    tx: &mut SystemTx,
    account: &str,
    holder: &str,
    lasts: Duration,
) -> Result<Option<GatewayLease>> {
    let taken: Vec<Row> = diesel::sql_query(TAKE)
        .bind::<Text, _>(account)
        .bind::<Text, _>(holder)
        .bind::<Double, _>(lasts.as_secs_f64())
        .load(&mut **tx)
        .await?;
    Ok(taken.into_iter().next().map(|row| row.into_lease(true)))
}

/// The lease as another one holds it.
pub(in super::super) async fn of_other(tx: &mut SystemTx, account: &str) -> Result<GatewayLease> {
    let row: Row = diesel::sql_query(OF_OTHER).bind::<Text, _>(account).get_result(&mut **tx).await?;
    Ok(row.into_lease(false))
}

/// Ends the lease now; `false` when it is not this holder's.
pub(in super::super) async fn end(tx: &mut SystemTx, account: &str, holder: &str, fence: i64) -> Result<bool> {
    let ended = diesel::sql_query(END)
        .bind::<Text, _>(account)
        .bind::<Text, _>(holder)
        .bind::<BigInt, _>(fence)
        .execute(&mut **tx)
        .await?;
    Ok(ended == 1)
}
