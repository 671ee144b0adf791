//! Chat links: which retailer a chat server belongs to, and which staff a chat user is.
//!
//! A signed-in staff asks for a one-time code and types it in the chat; the bot redeems it. The first code used in a
//! server links the server too, if its staff may do that; a later one of such a staff has the alerts appear where it
//! was typed, so that a chat channel that was deleted is replaced. A person sees and removes their own links, whoever
//! manages chats every link and the servers. Names and chat roles prove nothing. Invariants: a code works once and for ten
//! minutes, and asks for a fresh sign-in; a server belongs to one retailer until that one unlinks it; a chat user acts with
//! the rights of the staff they are linked to, within the bot's scope, and no others; links end with the sessions of
//! somebody who is signed out everywhere. Chats that are only written to have [`robots`]; each server says from which
//! severity on alerts go there. Of several replicas of the bot with one token one holds the chat's [`gateway`].

pub mod gateway;
pub mod jobs;
pub mod robots;
pub mod routes;
mod store;

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::authority::{self, Authority};
use crate::identity::directory;
use crate::identity::secret;
use crate::identity::tenants;
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::page::Paging;
use crate::platform::http::who::Who;
use crate::platform::jobs::queue;
use crate::platform::wake::Topic;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tillwatch_shared::Page;
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::{ChatServerId, ChatUserId, StaffId, TenantId};
use tillwatch_shared::permissions::Permission;
use tillwatch_shared::watch::{ChatLink, ChatServer, LinkCode, Linked, RedeemCode};
use uuid::Uuid;

pub use store::Server;

/// The job that is enqueued when a server's chat channel was set, or the server was unlinked: its deliveries are settled
/// anew.
pub const SERVER_SETTLED: &str = "chat_server_settled";

/// How long a code works.
const CODE_LIVES: TimeDelta = TimeDelta::minutes(10);

/// Issues a code for the staff who asks.
///
/// # Errors
/// 409 when no person asks.
pub async fn issue_code(app: &App, who: &Who) -> Result<LinkCode> {
    let staff = who.staff().ok_or_else(|| Error::conflict("Only a person can be linked to a chat user."))?;
    let (code, expires_at, id) = (secret::link_code(), now() + CODE_LIVES, Uuid::now_v7());
    app.db
        .write(who, async |tx| {
            store::insert_code(tx, who.tenant, id, staff, expires_at).await?;
            let (hash, opens) = (secret::hash(&code), (who.tenant, id));
            directory::add_credential(tx, directory::CredentialKind::LinkCode, &hash, opens, expires_at).await?;
            let object = Some(staff.to_string());
            audit::record(tx, who, Entry { action: "chat.code_issued", object, ..Entry::default() }).await
        })
        .await?;
    Ok(LinkCode { code: Some(code), expires_at })
}

/// Redeems a code for a chat user, and for the server if it is new. A staff who may link servers sets the chat channel
/// for its alerts, too.
///
/// # Errors
/// 404 for a code that is unknown, used or over; 409 when the server belongs to another retailer; 403 when the
/// server is new and the staff may not link servers.
pub async fn redeem(app: &App, request: &RedeemCode, request_id: &str) -> Result<Linked> {
    let over = || Error::new(Code::NotFound, "This code is unknown, used or too old. Ask for a new one.");
    let (at, hash) = (now(), secret::hash(&secret::tidy_code(&request.code)));
    let transport = request.transport.as_str();
    let (opened, owner) = app
        .db
        .system("redeem a link code", async |tx| {
            let opened = directory::credential(tx, directory::CredentialKind::LinkCode, &hash, at).await?;
            Ok((opened, directory::chat_server(tx, transport, &request.server).await?))
        })
        .await?;
    let opened = opened.ok_or_else(over)?;
    if owner.is_some_and(|owner| owner != opened.tenant) {
        return Err(Error::conflict(
            "This chat server is linked to another retailer. Somebody of it who has `chat:manage` unlinks the server first \
             (`POST /v1/chat-servers/{id}/unlink`); then type a new code.",
        ));
    }
    let via = format!("{transport}/{}/{}", request.server, request.user);
    let who = Who::system(TenantId(opened.tenant), &via, request_id);
    app.db
        .write(&who, async |tx| {
            tenants::standing(tx, who.tenant).await?.admit(Some(Permission::ChatLinkSelf))?;
            let staff = store::use_code(tx, who.tenant, opened.subject, at).await?.ok_or_else(over)?;
            let name = store::staff(tx, who.tenant, staff).await?.ok_or_else(over)?;
            let may_manage =
                authority::of_staff(tx, who.tenant, staff).await?.permissions.allows(Permission::ChatManage);
            let (mut linked, mut moved) = (false, false);
            let server = match store::server(tx, who.tenant, transport, &request.server).await? {
                Some((server, channel)) => {
                    if may_manage {
                        moved = settle(tx, &who, request, server, &channel, at).await?;
                    }
                    server
                }
                None if may_manage => {
                    // Both are there or neither: somebody may have unlinked it since the directory was asked.
                    directory::add_chat_server(tx, transport, &request.server, who.tenant).await?;
                    linked = true;
                    store::insert_server(tx, who.tenant, request, at).await?
                }
                None => {
                    return Err(Error::new(
                        Code::PermissionDenied,
                        "This chat server is not linked yet. Somebody with the permission `chat:manage` must link first.",
                    ));
                }
            };
            let user = store::link_user(tx, who.tenant, server, &request.user, staff, at).await?;
            let after = Some(json!({ "server": request.server, "user": request.user, "staff": staff }));
            let object = Some(ChatUserId(user).to_string());
            audit::record(tx, &who, Entry { action: "chat.linked", object, after, ..Entry::default() }).await?;
            let settings = tenants::settings(tx, who.tenant).await?;
            Ok(Linked {
                retailer: settings.name,
                staff: name,
                server_linked: linked,
                channel_moved: moved,
                locale: settings.locale,
            })
        })
        .await
}

/// Has a known server's alerts appear where the code was typed, and what could not be shown shown again; whether that
/// is another chat channel than before.
async fn settle(
    tx: &mut Tx,
    who: &Who,
    request: &RedeemCode,
    server: Uuid,
    channel: &str,
    at: DateTime<Utc>,
) -> Result<bool> {
    let moved = channel != request.channel;
    if moved {
        store::set_channel(tx, who.tenant, server, &request.channel).await?;
        let (before, after) = (Some(json!({ "channel": channel })), Some(json!({ "channel": request.channel })));
        let object = Some(ChatServerId(server).to_string());
        let entry = Entry { action: "chat.channel_moved", object, before, after, ..Entry::default() };
        audit::record(tx, who, entry).await?;
    }
    let payload = json!({ "transport": request.transport, "server": request.server });
    queue::enqueue(tx, who, SERVER_SETTLED, &payload, at).await?;
    Ok(moved)
}

/// The staff that `chat/server/user` is linked to.
///
/// # Errors
/// 403 `chat_user_not_linked`, also for an unknown server or a disabled staff; 400 for text of another form.
pub async fn staff_behind(app: &App, person: &str, request_id: &str) -> Result<(TenantId, StaffId, Authority)> {
    let unlinked = || {
        Error::new(
            Code::ChatUserNotLinked,
            "Sign in, ask for a code (`POST /v1/chat-links/code`), then type `link <code>`.",
        )
    };
    let mut parts = person.splitn(3, '/');
    let (Some(transport), Some(server), Some(user)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(Error::new(Code::MalformedHeader, "`On-Behalf-Of` takes `<chat>/<server>/<user>`."));
    };
    let tenant = app
        .db
        .system("chat server", async |tx| directory::chat_server(tx, transport, server).await)
        .await?
        .map(TenantId)
        .ok_or_else(unlinked)?;
    let who = Who::system(tenant, "gate", request_id);
    let (staff, authority) = app
        .db
        .read(&who, async |tx| {
            let staff = store::linked_staff(tx, tenant, transport, server, user).await?.ok_or_else(unlinked)?;
            Ok((staff, authority::of_staff(tx, tenant, staff).await?))
        })
        .await?;
    Ok((tenant, staff, authority))
}

/// A page of the links, oldest first; of one staff if named.
///
/// # Errors
/// When the database fails.
pub async fn list(app: &App, who: &Who, of: Option<StaffId>, paging: &Paging) -> Result<Page<ChatLink>> {
    let rows = app.db.read(who, async |tx| store::list(tx, who.tenant, of, paging).await).await?;
    Ok(paging.page(rows, |link| link.id.0, |link| link))
}

/// Removes a link; if a staff is named, one of theirs.
///
/// # Errors
/// 404.
pub async fn unlink(app: &App, who: &Who, id: ChatUserId, of: Option<StaffId>) -> Result<()> {
    let staff = app
        .db
        .write(who, async |tx| {
            let staff = store::unlink(tx, who.tenant, id, of).await?;
            let object = Some(id.to_string());
            audit::record(tx, who, Entry { action: "chat.unlinked", object, ..Entry::default() }).await?;
            Ok(staff)
        })
        .await?;
    app.auth.recent.forget_staff(who.tenant, staff);
    Ok(())
}

/// Ends every chat link of a staff, and the codes that they have not used, as part of `tx`; how many links there were.
/// The caller forgets the staff at the gate behind the commit. For whenever a session of theirs may be in other hands:
/// what it opened in a chat must not outlive it.
///
/// # Errors
/// When the database fails.
pub async fn end_links_of(tx: &mut Tx, who: &Who, staff: StaffId) -> Result<usize> {
    let ended = store::end_links_of(tx, who.tenant, staff, now()).await?;
    if ended > 0 {
        let (object, after) = (Some(staff.to_string()), Some(json!({ "links": ended })));
        audit::record(tx, who, Entry { action: "chat.links_ended", object, after, ..Entry::default() }).await?;
    }
    Ok(ended)
}

/// A page of the chat servers, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn list_servers(app: &App, who: &Who, paging: &Paging) -> Result<Page<ChatServer>> {
    let rows = app.db.read(who, async |tx| store::list_servers(tx, who.tenant, paging).await).await?;
    Ok(paging.page(rows, |server| server.id.0, |server| server))
}

/// Unlinks a chat server: its users act for nobody, its alerts appear there no more, and any retailer may link it.
///
/// # Errors
/// 404.
pub async fn unlink_server(app: &App, who: &Who, id: ChatServerId) -> Result<()> {
    let at = now();
    app.db
        .write(who, async |tx| {
            let (transport, server, users) = store::remove_server(tx, who.tenant, id).await?;
            directory::remove_chat_server(tx, &transport, &server, who.tenant).await?;
            let (object, payload) = (Some(id.to_string()), json!({ "transport": transport, "server": server }));
            queue::enqueue(tx, who, SERVER_SETTLED, &payload, at).await?;
            let (before, after) = (Some(payload), Some(json!({ "users": users })));
            let entry = Entry { action: "chat.server_unlinked", object, before, after, ..Entry::default() };
            audit::record(tx, who, entry).await
        })
        .await?;
    app.wake(Topic::Jobs);
    Ok(())
}

/// The chat servers of a retailer: where its alerts go.
///
/// # Errors
/// When the database fails.
pub async fn servers(tx: &mut Tx, tenant: TenantId) -> Result<Vec<Server>> {
    store::servers(tx, tenant, false).await
}

/// As [`servers`], and none of them is unlinked before `tx` ends: what it writes for a server is there when the unlinking
/// gives up what waits, or is not written.
///
/// # Errors
/// When the database fails.
pub async fn servers_held(tx: &mut Tx, tenant: TenantId) -> Result<Vec<Server>> {
    store::servers(tx, tenant, true).await
}

/// The name of a staff, for showing who acknowledged.
///
/// # Errors
/// When the database fails.
pub async fn staff_name(tx: &mut Tx, tenant: TenantId, staff: StaffId) -> Result<String> {
    Ok(store::staff_name(tx, tenant, staff).await?.unwrap_or_default())
}
