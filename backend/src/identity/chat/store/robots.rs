//! The SQL of chat robots and of what goes to which chat.

use crate::error::Result;
use crate::platform::db::Tx;
use crate::platform::db::schema::chat_servers as servers;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::{ChatServerId, TenantId};
use tillwatch_shared::watch::{ChatServer, Severity};
use uuid::Uuid;

pub(in super::super) async fn count(tx: &mut Tx, tenant: TenantId) -> Result<i64> {
    let theirs = servers::table.filter(servers::tenant_id.eq(tenant.0)).filter(servers::robot.is_not_null());
    Ok(theirs.count().get_result(tx).await?)
}

pub(in super::super) async fn insert(tx: &mut Tx, tenant: TenantId, server: &ChatServer, sealed: &[u8]) -> Result<()> {
    diesel::insert_into(servers::table)
        .values((
            servers::tenant_id.eq(tenant.0),
            servers::chat_server_id.eq(server.id.0),
            servers::transport.eq(server.transport.as_str()),
            servers::server_ref.eq(&server.server_ref),
            servers::channel_ref.eq(&server.channel_ref),
            servers::minimum_severity.eq(server.minimum_severity.as_str()),
            servers::robot.eq(sealed),
            servers::created_at.eq(server.created_at),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

/// A retailer's robots with their ids in their chats, or those of the named ids.
pub(in super::super) async fn sealed(
    tx: &mut Tx,
    tenant: TenantId,
    named: Option<&[String]>,
) -> Result<Vec<(ChatServerId, String, Vec<u8>)>> {
    let mut query = servers::table
        .select((servers::chat_server_id, servers::server_ref, servers::robot.assume_not_null()))
        .filter(servers::tenant_id.eq(tenant.0))
        .filter(servers::robot.is_not_null())
        .into_boxed();
    if let Some(named) = named {
        query = query.filter(servers::server_ref.eq_any(named));
    }
    let found: Vec<(Uuid, String, Vec<u8>)> = query.load(tx).await?;
    Ok(found.into_iter().map(|(id, server, sealed)| (ChatServerId(id), server, sealed)).collect())
}

pub(in super::super) async fn set_sealed(tx: &mut Tx, tenant: TenantId, id: ChatServerId, sealed: &[u8]) -> Result<()> {
    let one = servers::table.filter(servers::tenant_id.eq(tenant.0)).filter(servers::chat_server_id.eq(id.0));
    diesel::update(one).set(servers::robot.eq(sealed)).execute(tx).await?;
    Ok(())
}

/// From which severity on alerts go to a server, locked.
pub(in super::super) async fn severity(tx: &mut Tx, tenant: TenantId, id: ChatServerId) -> Result<Option<String>> {
    let one = servers::table.filter(servers::tenant_id.eq(tenant.0)).filter(servers::chat_server_id.eq(id.0));
    Ok(one.select(servers::minimum_severity).for_update().first(tx).await.optional()?)
}

pub(in super::super) async fn set_severity(
    tx: &mut Tx,
    tenant: TenantId,
    id: ChatServerId,
    minimum: Severity,
) -> Result<()> {
    let one = servers::table.filter(servers::tenant_id.eq(tenant.0)).filter(servers::chat_server_id.eq(id.0));
    diesel::update(one).set(servers::minimum_severity.eq(minimum.as_str())).execute(tx).await?;
    Ok(())
}
