//! Chat links over HTTP.

use crate::app::App;
use crate::endpoint;
use crate::error::{Error, Result};
use crate::platform::http::authorized::{Authorized, Sensitive, TheBot, may};
use crate::platform::http::body::Body;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::page::{ListQuery, PageParams};
use crate::platform::http::params::PathId;
use crate::platform::http::reply::Reply;
use crate::platform::http::who::Who;
use crate::platform::validate::Checks;
use actix_web::web::ThinData;
use tillwatch_shared::ids::{ChatServerId, ChatUserId, StaffId};
use tillwatch_shared::watch::{
    AcquireGateway, AddRobot, ChatLink, ChatServer, GatewayLease, LinkCode, Linked, RedeemCode, ReleaseGateway,
    RouteChatServer,
};
use tillwatch_shared::{Acknowledgement, Page};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![
        endpoint!(issue_code),
        endpoint!(redeem),
        endpoint!(list),
        endpoint!(unlink),
        endpoint!(list_own),
        endpoint!(unlink_own),
        endpoint!(list_servers),
        endpoint!(unlink_server),
        endpoint!(add_robot),
        endpoint!(route_server),
        endpoint!(acquire_gateway),
        endpoint!(release_gateway),
    ]
}

/// Issues a one-time code that links a chat user to the staff who asks. Asks for a fresh sign-in.
#[utoipa::path(post, path = "/v1/chat-links/code", operation_id = "chat_issue_code", tag = "chat",
    responses((status = 201, body = LinkCode)))]
async fn issue_code(who: Sensitive<may::ChatLinkSelf>, app: ThinData<App>) -> Result<Reply<LinkCode>> {
    Ok(Reply::created(super::issue_code(&app, &who).await?, "/v1/chat-links".to_owned()).secret("/code"))
}

/// Redeems a code for a chat user (the bot asks).
#[utoipa::path(post, path = "/v1/chat-links/redeem", operation_id = "chat_redeem", tag = "chat",
    request_body = RedeemCode, responses((status = 200, body = Linked)))]
async fn redeem(bot: TheBot, app: ThinData<App>, body: Body<RedeemCode>) -> Result<Reply<Linked>> {
    let mut checks = Checks::default();
    checks.text("/code", &body.0.code, 1, 32);
    for (pointer, text) in [("/server", &body.0.server), ("/channel", &body.0.channel), ("/user", &body.0.user)] {
        checks.text(pointer, text, 1, 64);
        checks.ensure(!text.contains('/'), pointer, "invalid", "Holds a slash, which no chat id has.");
    }
    let answers = !body.0.transport.is_robot();
    checks.ensure(
        answers,
        "/transport",
        "invalid",
        "Nobody can answer there. Add its robot with `POST /v1/chat-robots`.",
    );
    checks.done()?;
    Ok(Reply::ok(super::redeem(&app, &body.0, &bot.request_id).await?))
}

/// Lists the chat links.
#[utoipa::path(get, path = "/v1/chat-links", operation_id = "chat_list", tag = "chat", params(PageParams),
    responses((status = 200, body = Page<ChatLink>)))]
async fn list(who: Authorized<may::ChatManage>, app: ThinData<App>, query: ListQuery) -> Result<Reply<Page<ChatLink>>> {
    let paging = query.page.of(who.tenant, "chat_links", "")?;
    Ok(Reply::ok(super::list(&app, &who, None, &paging).await?))
}

/// Removes a chat user's link; within a second they can do nothing.
#[utoipa::path(post, path = "/v1/chat-links/{id}/remove", operation_id = "chat_unlink", tag = "chat",
    params(("id" = ChatUserId, Path)), responses((status = 200, body = Acknowledgement)))]
async fn unlink(
    who: Authorized<may::ChatManage>,
    app: ThinData<App>,
    id: PathId<ChatUserId>,
) -> Result<Reply<Acknowledgement>> {
    super::unlink(&app, &who, id.0, None).await?;
    Ok(Reply::ok(Acknowledgement { changed: true }))
}

/// The person who asks.
fn person(who: &Who) -> Result<StaffId> {
    who.staff().ok_or_else(|| Error::conflict("Only a person has chat links."))
}

/// Lists one's own chat links.
#[utoipa::path(get, path = "/v1/me/chat-links", operation_id = "chat_list_own", tag = "chat", params(PageParams),
    responses((status = 200, body = Page<ChatLink>)))]
async fn list_own(
    who: Authorized<may::ChatLinkSelf>,
    app: ThinData<App>,
    query: ListQuery,
) -> Result<Reply<Page<ChatLink>>> {
    let paging = query.page.of(who.tenant, "own_chat_links", "")?;
    Ok(Reply::ok(super::list(&app, &who, Some(person(&who)?), &paging).await?))
}

/// Removes one of one's own chat links; within a second that chat user can do nothing.
#[utoipa::path(post, path = "/v1/me/chat-links/{id}/remove", operation_id = "chat_unlink_own", tag = "chat",
    params(("id" = ChatUserId, Path)), responses((status = 200, body = Acknowledgement)))]
async fn unlink_own(
    who: Authorized<may::ChatLinkSelf>,
    app: ThinData<App>,
    id: PathId<ChatUserId>,
) -> Result<Reply<Acknowledgement>> {
    super::unlink(&app, &who, id.0, Some(person(&who)?)).await?;
    Ok(Reply::ok(Acknowledgement { changed: true }))
}

/// Lists the chat servers in which the retailer's alerts appear.
#[utoipa::path(get, path = "/v1/chat-servers", operation_id = "chat_list_servers", tag = "chat", params(PageParams),
    responses((status = 200, body = Page<ChatServer>)))]
async fn list_servers(
    who: Authorized<may::ChatManage>,
    app: ThinData<App>,
    query: ListQuery,
) -> Result<Reply<Page<ChatServer>>> {
    let paging = query.page.of(who.tenant, "chat_servers", "")?;
    Ok(Reply::ok(super::list_servers(&app, &who, &paging).await?))
}

/// Unlinks a chat server, with all of its users: alerts appear there no more, what was waiting for it is given up, and
/// another retailer may link it.
#[utoipa::path(post, path = "/v1/chat-servers/{id}/unlink", operation_id = "chat_unlink_server", tag = "chat",
    params(("id" = ChatServerId, Path)), responses((status = 200, body = Acknowledgement)))]
async fn unlink_server(
    who: Authorized<may::ChatManage>,
    app: ThinData<App>,
    id: PathId<ChatServerId>,
) -> Result<Reply<Acknowledgement>> {
    super::unlink_server(&app, &who, id.0).await?;
    Ok(Reply::ok(Acknowledgement { changed: true }))
}

/// Adds a chat robot: alerts are posted by its address from now on, in Slack, Feishu, DingTalk or WeCom. Nobody can answer
/// there. Asks for a fresh sign-in. It is listed and unlinked as any chat server.
#[utoipa::path(post, path = "/v1/chat-robots", operation_id = "chat_add_robot", tag = "chat",
    request_body = AddRobot, responses((status = 201, body = ChatServer)))]
async fn add_robot(
    who: Sensitive<may::ChatManage>,
    app: ThinData<App>,
    body: Body<AddRobot>,
) -> Result<Reply<ChatServer>> {
    Ok(Reply::created(super::robots::add(&app, &who, body.0).await?, "/v1/chat-servers".to_owned()))
}

/// Sets from which severity on alerts go to a chat server.
#[utoipa::path(post, path = "/v1/chat-servers/{id}/route", operation_id = "chat_route_server", tag = "chat",
    params(("id" = ChatServerId, Path)), request_body = RouteChatServer, responses((status = 200, body = Acknowledgement)))]
async fn route_server(
    who: Authorized<may::ChatManage>,
    app: ThinData<App>,
    id: PathId<ChatServerId>,
    body: Body<RouteChatServer>,
) -> Result<Reply<Acknowledgement>> {
    let changed = super::robots::route(&app, &who, id.0, body.0.minimum_severity).await?;
    Ok(Reply::ok(Acknowledgement { changed }))
}

/// Takes the gateway session of a chat account for a replica of the bot, or keeps it for its holder (the bot asks). Of all
/// replicas one holds it, for six seconds from when it last asked; the others are told how long it has left.
#[utoipa::path(post, path = "/v1/gateway-leases/acquire", operation_id = "chat_acquire_gateway", tag = "chat",
    request_body = AcquireGateway, responses((status = 200, body = GatewayLease)))]
async fn acquire_gateway(_bot: TheBot, app: ThinData<App>, body: Body<AcquireGateway>) -> Result<Reply<GatewayLease>> {
    named(&body.0.account, &body.0.holder).done()?;
    Ok(Reply::ok(super::gateway::acquire(&app, &body.0).await?))
}

/// Gives a gateway session back, so that another replica has it at once (the bot asks).
#[utoipa::path(post, path = "/v1/gateway-leases/release", operation_id = "chat_release_gateway", tag = "chat",
    request_body = ReleaseGateway, responses((status = 200, body = Acknowledgement)))]
async fn release_gateway(
    _bot: TheBot,
    app: ThinData<App>,
    body: Body<ReleaseGateway>,
) -> Result<Reply<Acknowledgement>> {
    let mut checks = named(&body.0.account, &body.0.holder);
    checks.ensure(body.0.fence > 0, "/fence", "out_of_range", "Takes the number that came with the session.");
    checks.done()?;
    Ok(Reply::ok(Acknowledgement { changed: super::gateway::release(&app, &body.0).await? }))
}

fn named(account: &str, holder: &str) -> Checks {
    let mut checks = Checks::default();
    checks.line("/account", account, 1, 64);
    checks.line("/holder", holder, 1, 64);
    checks
}
