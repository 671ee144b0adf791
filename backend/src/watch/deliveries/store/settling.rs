//! The SQL of a chat server whose channel was set, or that was unlinked, of ending what is too late, and of
//! sending again what is dead.

use crate::error::{Error, Result};
use crate::identity::chat::Server;
use crate::platform::db::schema::queue_deliveries as queue;
use crate::platform::db::{SystemTx, Tx};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::{DeliveryId, TenantId};
use uuid::Uuid;

/// Ends what was claimed and shall not be shown any more, because of `why`; what another attempt has is left to it.
///
/// # Errors
/// When the database fails; the lease gives it back then.
pub async fn end(tx: &mut SystemTx, claimed: &[(Uuid, i32)], why: &str) -> Result<()> {
    for (id, attempt) in claimed {
        diesel::update(queue::table.filter(queue::delivery_id.eq(*id)).filter(queue::attempt.eq(*attempt)))
            .set((queue::state.eq("dead"), queue::last_error.eq(why)))
            .execute(tx)
            .await?;
    }
    Ok(())
}

/// The dead deliveries that this server's chat refused for good.
pub(in super::super) async fn refused(tx: &mut Tx, tenant: TenantId, server: &Server) -> Result<Vec<DeliveryId>> {
    let ids: Vec<Uuid> = queue::table
        .select(queue::delivery_id)
        .filter(queue::for_tenant.eq(tenant.0))
        .filter(queue::transport.eq(&server.transport))
        .filter(queue::server_ref.eq(&server.server_ref))
        .filter(queue::state.eq("dead"))
        .filter(queue::refused.eq(true))
        .load(tx)
        .await?;
    Ok(ids.into_iter().map(DeliveryId).collect())
}

/// What waits for a server that was unlinked is given up.
pub(in super::super) async fn give_up(tx: &mut Tx, tenant: TenantId, transport: &str, server: &str) -> Result<()> {
    diesel::update(
        queue::table
            .filter(queue::for_tenant.eq(tenant.0))
            .filter(queue::transport.eq(transport))
            .filter(queue::server_ref.eq(server))
            .filter(queue::state.eq("pending")),
    )
    .set((queue::state.eq("dead"), queue::refused.eq(true), queue::last_error.eq("the chat server was unlinked")))
    .execute(tx)
    .await?;
    Ok(())
}

/// The deliveries of this server that nobody has claimed yet go to its present chat channel.
pub(in super::super) async fn redirect_unclaimed(tx: &mut Tx, tenant: TenantId, server: &Server) -> Result<()> {
    diesel::update(
        queue::table
            .filter(queue::for_tenant.eq(tenant.0))
            .filter(queue::transport.eq(&server.transport))
            .filter(queue::server_ref.eq(&server.server_ref))
            .filter(queue::state.eq("pending"))
            .filter(queue::attempt.eq(0)),
    )
    .set(queue::channel_ref.eq(&server.channel_ref))
    .execute(tx)
    .await?;
    Ok(())
}

/// Makes a dead delivery due again, in the chat channel that its server has now. A message in another channel is left
/// there, and a new one is posted.
pub(in super::super) async fn replay(
    tx: &mut Tx,
    tenant: TenantId,
    id: DeliveryId,
    servers: &[Server],
    at: DateTime<Utc>,
) -> Result<bool> {
    let (state, transport, server, channel): (String, String, String, String) = queue::table
        .select((queue::state, queue::transport, queue::server_ref, queue::channel_ref))
        .filter(queue::for_tenant.eq(tenant.0))
        .filter(queue::delivery_id.eq(id.0))
        .for_update()
        .first(tx)
        .await
        .optional()?
        .ok_or_else(|| Error::not_found("delivery"))?;
    if state != "dead" {
        return Ok(false);
    }
    let now = servers.iter().find(|one| one.transport == transport && one.server_ref == server);
    let Some(now) = now else {
        return Err(Error::conflict("Its chat server is linked no more. Link that server again, then repeat this."));
    };
    if now.channel_ref != channel {
        move_to(tx, tenant, id, &now.channel_ref).await?;
    }
    diesel::update(queue::table.filter(queue::for_tenant.eq(tenant.0)).filter(queue::delivery_id.eq(id.0)))
        .set((
            queue::state.eq("pending"),
            queue::failures.eq(0),
            queue::refused.eq(false),
            queue::wanted_at.eq(at),
            queue::due_at.eq(at),
        ))
        .execute(tx)
        .await?;
    Ok(true)
}

/// Another channel: nothing of it was said there, so nothing is to be looked for.
async fn move_to(tx: &mut Tx, tenant: TenantId, id: DeliveryId, channel: &str) -> Result<()> {
    diesel::update(queue::table.filter(queue::for_tenant.eq(tenant.0)).filter(queue::delivery_id.eq(id.0)))
        .set((
            queue::channel_ref.eq(channel),
            queue::message_ref.eq(None::<String>),
            queue::told_version.eq(0_i64),
            queue::first_claimed_at.eq(None::<DateTime<Utc>>),
        ))
        .execute(tx)
        .await?;
    Ok(())
}
