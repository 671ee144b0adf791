//! The SQL of when feeds are fetched. The app role sees its own tenant's rows, the system role works the queue.

use crate::error::Result;
use crate::platform::db::schema::{directory_resting, queue_fetches as queue};
use crate::platform::db::{SystemTx, Tx};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::{FeedId, TenantId};
use uuid::Uuid;

/// A claimed fetch.
#[derive(Clone, Copy, Debug, Queryable)]
pub(in super::super) struct Claimed {
    pub(in super::super) feed: Uuid,
    pub(in super::super) tenant: Uuid,
    /// The claim's own id.
    pub(in super::super) claim: Option<Uuid>,
    /// Claims of which nothing was written down, this one among them.
    pub(in super::super) lost: i32,
}

/// Has a feed fetched at `due`, for the first time or at another time than before; whoever fetches it now has lost it.
pub(in super::super) async fn plan(tx: &mut Tx, tenant: TenantId, id: FeedId, due: DateTime<Utc>) -> Result<()> {
    diesel::insert_into(queue::table)
        .values((queue::feed_id.eq(id.0), queue::for_tenant.eq(tenant.0), queue::due_at.eq(due)))
        .on_conflict(queue::feed_id)
        .do_update()
        .set((
            queue::due_at.eq(due),
            queue::claimed_until.eq(None::<DateTime<Utc>>),
            queue::claim_id.eq(None::<Uuid>),
            queue::lost.eq(0),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

/// Has a feed fetched at another time than before, unless it is being fetched, or is due: then it is planned anew behind that.
pub(in super::super) async fn move_to(
    tx: &mut Tx,
    tenant: TenantId,
    id: FeedId,
    due: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(
        queue::table
            .filter(queue::for_tenant.eq(tenant.0))
            .filter(queue::feed_id.eq(id.0))
            .filter(queue::due_at.gt(now))
            .filter(queue::claimed_until.is_null()),
    )
    .set(queue::due_at.eq(due))
    .execute(tx)
    .await?;
    Ok(())
}

/// Has a feed fetched no more.
pub(in super::super) async fn drop(tx: &mut Tx, tenant: TenantId, id: FeedId) -> Result<()> {
    diesel::delete(queue::table.filter(queue::for_tenant.eq(tenant.0)).filter(queue::feed_id.eq(id.0)))
        .execute(tx)
        .await?;
    Ok(())
}

/// When a feed is fetched next.
pub(in super::super) async fn due_at(tx: &mut Tx, tenant: TenantId, id: FeedId) -> Result<Option<DateTime<Utc>>> {
    Ok(queue::table
        .select(queue::due_at)
        .filter(queue::for_tenant.eq(tenant.0))
        .filter(queue::feed_id.eq(id.0))
        .first(tx)
        .await
        .optional()?)
}

/// Has a feed fetched now; `false` when it is being fetched, or will be in a moment.
pub(in super::super) async fn ask(tx: &mut Tx, tenant: TenantId, id: FeedId, now: DateTime<Utc>) -> Result<bool> {
    let free = queue::claimed_until.is_null().or(queue::claimed_until.le(now));
    let asked = diesel::update(
        queue::table
            .filter(queue::for_tenant.eq(tenant.0))
            .filter(queue::feed_id.eq(id.0))
            .filter(queue::due_at.gt(now))
            .filter(free),
    )
    .set(queue::due_at.eq(now))
    .execute(tx)
    .await?;
    Ok(asked == 1)
}

/// Whether a claimed fetch is still its claimer's; then it stays so until the end of the transaction.
pub(in super::super) async fn holds(tx: &mut Tx, tenant: TenantId, claimed: &Claimed) -> Result<bool> {
    let found: Option<Uuid> = queue::table
        .select(queue::feed_id)
        .filter(queue::for_tenant.eq(tenant.0))
        .filter(queue::feed_id.eq(claimed.feed))
        .filter(queue::claim_id.eq(claimed.claim))
        .for_update()
        .first(tx)
        .await
        .optional()?;
    Ok(found.is_some())
}

/// A claimed fetch is done, or put off; the next one is at `due`.
pub(in super::super) async fn done(tx: &mut Tx, tenant: TenantId, claimed: &Claimed, due: DateTime<Utc>) -> Result<()> {
    end_claim(tx, tenant, claimed, due, 0).await
}

/// Gives a claimed fetch back, as if it had not been claimed.
pub(in super::super) async fn give_back(
    tx: &mut Tx,
    tenant: TenantId,
    claimed: &Claimed,
    now: DateTime<Utc>,
) -> Result<()> {
    end_claim(tx, tenant, claimed, now, claimed.lost - 1).await
}

/// Ends a claim, with so many `lost` before the next one. Nothing happens when another claim has it.
async fn end_claim(tx: &mut Tx, tenant: TenantId, claimed: &Claimed, due: DateTime<Utc>, lost: i32) -> Result<()> {
    diesel::update(
        queue::table
            .filter(queue::for_tenant.eq(tenant.0))
            .filter(queue::feed_id.eq(claimed.feed))
            .filter(queue::claim_id.eq(claimed.claim)),
    )
    .set((
        queue::due_at.eq(due),
        queue::claimed_until.eq(None::<DateTime<Utc>>),
        queue::claim_id.eq(None::<Uuid>),
        queue::lost.eq(lost),
    ))
    .execute(tx)
    .await?;
    Ok(())
}

/// The longest due feeds but of these tenants, each with its tenant; `most` of them.
pub(in super::super) async fn due(
    tx: &mut SystemTx,
    now: DateTime<Utc>,
    not_tenants: Vec<Uuid>,
    most: i64,
) -> Result<Vec<(Uuid, Uuid)>> {
    Ok(queue::table
        .select((queue::feed_id, queue::for_tenant))
        .filter(queue::due_at.le(now))
        .filter(queue::for_tenant.ne_all(not_tenants))
        // Of those who are suspended everything waits.
        .filter(queue::for_tenant.ne_all(directory_resting::table.select(directory_resting::for_tenant)))
        .order(queue::due_at)
        .limit(most)
        .load(tx)
        .await?)
}

/// Claims those of `chosen` that nobody else claimed meanwhile, until `lease_end`.
pub(in super::super) async fn claim(
    tx: &mut SystemTx,
    chosen: Vec<Uuid>,
    now: DateTime<Utc>,
    lease_end: DateTime<Utc>,
) -> Result<Vec<Claimed>> {
    let free: Vec<Uuid> = queue::table
        .select(queue::feed_id)
        .filter(queue::feed_id.eq_any(chosen))
        .filter(queue::due_at.le(now))
        .for_update()
        .skip_locked()
        .load(tx)
        .await?;
    // Who dies gives it back by the clock: it is due again when the lease ends.
    Ok(diesel::update(queue::table.filter(queue::feed_id.eq_any(free)))
        .set((
            queue::claim_id.eq(Uuid::now_v7()),
            queue::lost.eq(queue::lost + 1),
            queue::due_at.eq(lease_end),
            queue::claimed_until.eq(lease_end),
        ))
        .returning((queue::feed_id, queue::for_tenant, queue::claim_id, queue::lost))
        .load(tx)
        .await?)
}
