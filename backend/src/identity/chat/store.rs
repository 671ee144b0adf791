//! The only SQL of chat links.

pub(super) mod gateway;
pub(super) mod robots;

use crate::error::{Error, Result};
use crate::paged;
use crate::platform::db::Tx;
use crate::platform::db::schema::{chat_servers, chat_users, link_codes, staff};
use crate::platform::http::page::Paging;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::ids::{ChatServerId, ChatUserId, StaffId, TenantId};
use tillwatch_shared::watch::{ChatLink, ChatServer, NamedStaff, RedeemCode, Severity};
use uuid::Uuid;

/// A linked chat server.
#[derive(Clone, Debug, Queryable)]
pub struct Server {
    /// Its id.
    pub id: Uuid,
    /// Since when it is linked.
    pub created_at: DateTime<Utc>,
    /// Which chat.
    pub transport: String,
    /// The server's id there.
    pub server_ref: String,
    /// The chat channel for alerts.
    pub channel_ref: String,
    minimum_severity: String,
}

impl Server {
    /// Whether alerts of this severity go there.
    pub fn takes(&self, severity: Severity) -> bool {
        self.minimum_severity.parse().is_ok_and(|minimum: Severity| severity >= minimum)
    }
}

pub(super) async fn insert_code(
    tx: &mut Tx,
    tenant: TenantId,
    id: Uuid,
    of: StaffId,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(link_codes::table)
        .values((
            link_codes::tenant_id.eq(tenant.0),
            link_codes::link_code_id.eq(id),
            link_codes::staff_id.eq(of.0),
            link_codes::expires_at.eq(expires_at),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

/// Uses a code up; the staff it was issued to, or `None` when it was used before.
pub(super) async fn use_code(tx: &mut Tx, tenant: TenantId, id: Uuid, now: DateTime<Utc>) -> Result<Option<StaffId>> {
    let used: Option<Uuid> = diesel::update(
        link_codes::table
            .filter(link_codes::tenant_id.eq(tenant.0))
            .filter(link_codes::link_code_id.eq(id))
            .filter(link_codes::used_at.is_null()),
    )
    .set(link_codes::used_at.eq(now))
    .returning(link_codes::staff_id)
    .get_result(tx)
    .await
    .optional()?;
    Ok(used.map(StaffId))
}

/// The name of an enabled staff.
pub(super) async fn staff(tx: &mut Tx, tenant: TenantId, id: StaffId) -> Result<Option<String>> {
    Ok(staff::table
        .select(staff::name)
        .filter(staff::tenant_id.eq(tenant.0))
        .filter(staff::staff_id.eq(id.0))
        .filter(staff::disabled_at.is_null())
        .first(tx)
        .await
        .optional()?)
}

pub(super) async fn staff_name(tx: &mut Tx, tenant: TenantId, id: StaffId) -> Result<Option<String>> {
    Ok(staff::table
        .select(staff::name)
        .filter(staff::tenant_id.eq(tenant.0))
        .filter(staff::staff_id.eq(id.0))
        .first(tx)
        .await
        .optional()?)
}

/// The server's link, and its chat channel.
pub(super) async fn server(
    tx: &mut Tx,
    tenant: TenantId,
    transport: &str,
    server: &str,
) -> Result<Option<(Uuid, String)>> {
    Ok(chat_servers::table
        .select((chat_servers::chat_server_id, chat_servers::channel_ref))
        .filter(chat_servers::tenant_id.eq(tenant.0))
        .filter(chat_servers::transport.eq(transport))
        .filter(chat_servers::server_ref.eq(server))
        .for_update()
        .first(tx)
        .await
        .optional()?)
}

/// The chat channel in which a server's alerts appear from now on.
pub(super) async fn set_channel(tx: &mut Tx, tenant: TenantId, server: Uuid, channel: &str) -> Result<()> {
    diesel::update(
        chat_servers::table
            .filter(chat_servers::tenant_id.eq(tenant.0))
            .filter(chat_servers::chat_server_id.eq(server)),
    )
    .set(chat_servers::channel_ref.eq(channel))
    .execute(tx)
    .await?;
    Ok(())
}

/// A new link of a server.
pub(super) async fn insert_server(
    tx: &mut Tx,
    tenant: TenantId,
    request: &RedeemCode,
    now: DateTime<Utc>,
) -> Result<Uuid> {
    let id = ChatServerId::new().0;
    diesel::insert_into(chat_servers::table)
        .values((
            chat_servers::tenant_id.eq(tenant.0),
            chat_servers::chat_server_id.eq(id),
            chat_servers::transport.eq(request.transport.as_str()),
            chat_servers::server_ref.eq(&request.server),
            chat_servers::channel_ref.eq(&request.channel),
            chat_servers::created_at.eq(now),
        ))
        .execute(tx)
        .await?;
    Ok(id)
}

/// Links a chat user to a staff, in place of whoever it was linked to before.
pub(super) async fn link_user(
    tx: &mut Tx,
    tenant: TenantId,
    server: Uuid,
    user: &str,
    to: StaffId,
    now: DateTime<Utc>,
) -> Result<Uuid> {
    Ok(diesel::insert_into(chat_users::table)
        .values((
            chat_users::tenant_id.eq(tenant.0),
            chat_users::chat_user_id.eq(ChatUserId::new().0),
            chat_users::chat_server_id.eq(server),
            chat_users::user_ref.eq(user),
            chat_users::staff_id.eq(to.0),
            chat_users::created_at.eq(now),
        ))
        .on_conflict((chat_users::tenant_id, chat_users::chat_server_id, chat_users::user_ref))
        .do_update()
        .set((chat_users::staff_id.eq(to.0), chat_users::created_at.eq(now)))
        .returning(chat_users::chat_user_id)
        .get_result(tx)
        .await?)
}

pub(super) async fn linked_staff(
    tx: &mut Tx,
    tenant: TenantId,
    transport: &str,
    server: &str,
    user: &str,
) -> Result<Option<StaffId>> {
    let found: Option<Uuid> = chat_users::table
        .inner_join(
            chat_servers::table.on(chat_servers::tenant_id
                .eq(chat_users::tenant_id)
                .and(chat_servers::chat_server_id.eq(chat_users::chat_server_id))),
        )
        .inner_join(
            staff::table.on(staff::tenant_id.eq(chat_users::tenant_id).and(staff::staff_id.eq(chat_users::staff_id))),
        )
        .select(staff::staff_id)
        .filter(chat_users::tenant_id.eq(tenant.0))
        .filter(chat_servers::transport.eq(transport))
        .filter(chat_servers::server_ref.eq(server))
        .filter(chat_users::user_ref.eq(user))
        .filter(staff::disabled_at.is_null())
        .first(tx)
        .await
        .optional()?;
    Ok(found.map(StaffId))
}

/// The links, of one staff if named.
pub(super) async fn list(tx: &mut Tx, tenant: TenantId, of: Option<StaffId>, paging: &Paging) -> Result<Vec<ChatLink>> {
    type Row = (Uuid, Uuid, String, String, String, Uuid, String, DateTime<Utc>);
    let query = chat_users::table
        .inner_join(
            chat_servers::table.on(chat_servers::tenant_id
                .eq(chat_users::tenant_id)
                .and(chat_servers::chat_server_id.eq(chat_users::chat_server_id))),
        )
        .inner_join(
            staff::table.on(staff::tenant_id.eq(chat_users::tenant_id).and(staff::staff_id.eq(chat_users::staff_id))),
        )
        .select((
            chat_users::chat_user_id,
            chat_servers::chat_server_id,
            chat_servers::transport,
            chat_servers::server_ref,
            chat_users::user_ref,
            staff::staff_id,
            staff::name,
            chat_users::created_at,
        ))
        .filter(chat_users::tenant_id.eq(tenant.0));
    let mut query = paged!(query, paging, chat_users::chat_user_id, oldest);
    if let Some(of) = of {
        query = query.filter(chat_users::staff_id.eq(of.0));
    }
    query
        .load::<Row>(tx)
        .await?
        .into_iter()
        .map(|(id, server, transport, server_ref, user_ref, staff, name, created_at)| {
            Ok(ChatLink {
                id: ChatUserId(id),
                server: ChatServerId(server),
                transport: transport.parse().map_err(Error::internal)?,
                server_ref,
                user_ref,
                staff: NamedStaff { id: StaffId(staff), name },
                created_at,
            })
        })
        .collect()
}

/// Removes a link, of this staff if one is named; whose it was.
pub(super) async fn unlink(tx: &mut Tx, tenant: TenantId, id: ChatUserId, of: Option<StaffId>) -> Result<StaffId> {
    let theirs = chat_users::table.filter(chat_users::tenant_id.eq(tenant.0)).filter(chat_users::chat_user_id.eq(id.0));
    let found: Option<Uuid> = theirs.select(chat_users::staff_id).for_update().first(tx).await.optional()?;
    let staff = found.map(StaffId).filter(|staff| of.is_none_or(|of| of == *staff));
    let staff = staff.ok_or_else(|| Error::not_found("chat link"))?;
    diesel::delete(theirs).execute(tx).await?;
    Ok(staff)
}

/// Removes the links of a staff and uses up the codes that they have not used; how many links there were.
pub(super) async fn end_links_of(tx: &mut Tx, tenant: TenantId, of: StaffId, now: DateTime<Utc>) -> Result<usize> {
    diesel::update(
        link_codes::table
            .filter(link_codes::tenant_id.eq(tenant.0))
            .filter(link_codes::staff_id.eq(of.0))
            .filter(link_codes::used_at.is_null()),
    )
    .set(link_codes::used_at.eq(now))
    .execute(tx)
    .await?;
    let theirs = chat_users::table.filter(chat_users::tenant_id.eq(tenant.0)).filter(chat_users::staff_id.eq(of.0));
    Ok(diesel::delete(theirs).execute(tx).await?)
}

pub(super) async fn servers(tx: &mut Tx, tenant: TenantId, held: bool) -> Result<Vec<Server>> {
    let all = chat_servers::table
        .select((
            chat_servers::chat_server_id,
            chat_servers::created_at,
            chat_servers::transport,
            chat_servers::server_ref,
            chat_servers::channel_ref,
            chat_servers::minimum_severity,
        ))
        .filter(chat_servers::tenant_id.eq(tenant.0))
        .order(chat_servers::chat_server_id);
    Ok(if held { all.for_key_share().load(tx).await? } else { all.load(tx).await? })
}

pub(super) async fn list_servers(tx: &mut Tx, tenant: TenantId, paging: &Paging) -> Result<Vec<ChatServer>> {
    type Row = (Uuid, String, String, String, String, DateTime<Utc>);
    let mut query = chat_servers::table
        .select((
            chat_servers::chat_server_id,
            chat_servers::transport,
            chat_servers::server_ref,
            chat_servers::channel_ref,
            chat_servers::minimum_severity,
            chat_servers::created_at,
        ))
        .filter(chat_servers::tenant_id.eq(tenant.0))
        .order(chat_servers::chat_server_id)
        .limit(paging.fetch())
        .into_boxed();
    if let Some(after) = paging.after {
        query = query.filter(chat_servers::chat_server_id.gt(after));
    }
    let shown = |(id, transport, server_ref, channel_ref, severity, created_at): Row| {
        let transport = transport.parse().map_err(Error::internal)?;
        let minimum_severity = severity.parse().map_err(Error::internal)?;
        Ok(ChatServer { id: ChatServerId(id), transport, server_ref, channel_ref, minimum_severity, created_at })
    };
    query.load::<Row>(tx).await?.into_iter().map(shown).collect()
}

/// Removes a server with its users; which it was, and how many users were linked there.
pub(super) async fn remove_server(tx: &mut Tx, tenant: TenantId, id: ChatServerId) -> Result<(String, String, usize)> {
    let server =
        chat_servers::table.filter(chat_servers::tenant_id.eq(tenant.0)).filter(chat_servers::chat_server_id.eq(id.0));
    // Locked first: nobody links another user to it meanwhile.
    let found: Option<(String, String)> =
        server.select((chat_servers::transport, chat_servers::server_ref)).for_update().first(tx).await.optional()?;
    let (transport, server_ref) = found.ok_or_else(|| Error::not_found("chat server"))?;
    let users =
        chat_users::table.filter(chat_users::tenant_id.eq(tenant.0)).filter(chat_users::chat_server_id.eq(id.0));
    let users = diesel::delete(users).execute(tx).await?;
    diesel::delete(server).execute(tx).await?;
    Ok((transport, server_ref, users))
}

/// Removes up to `limit` codes that were over before `before`; returns how many.
pub(super) async fn remove_over(tx: &mut Tx, tenant: TenantId, before: DateTime<Utc>, limit: i64) -> Result<usize> {
    let over: Vec<Uuid> = link_codes::table
        .select(link_codes::link_code_id)
        .filter(link_codes::tenant_id.eq(tenant.0))
        .filter(link_codes::expires_at.lt(before))
        .limit(limit)
        .load(tx)
        .await?;
    if over.is_empty() {
        return Ok(0);
    }
    let over = link_codes::link_code_id.eq_any(over);
    Ok(diesel::delete(link_codes::table.filter(link_codes::tenant_id.eq(tenant.0)).filter(over)).execute(tx).await?)
}
