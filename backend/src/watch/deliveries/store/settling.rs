//! The SQL of a chat server whose channel was set, or that was unlinked.

use crate::error::Result;
use crate::identity::chat::Server;
use crate::platform::db::Tx;
use crate::platform::db::schema::queue_deliveries as queue;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::{DeliveryId, TenantId};
use uuid::Uuid;

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
