//! Chat links over HTTP.

use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::platform::http::authorized::{Authorized, TheBot, may};
use crate::platform::http::body::Body;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::page::{ListQuery, PageParams};
use crate::platform::http::params::PathId;
use crate::platform::http::reply::Reply;
use crate::platform::validate::Checks;
use actix_web::web::ThinData;
use tillwatch_shared::ids::ChatUserId;
use tillwatch_shared::watch::{ChatLink, LinkCode, Linked, RedeemCode};
use tillwatch_shared::{Acknowledgement, Page};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(issue_code), endpoint!(redeem), endpoint!(list), endpoint!(unlink)]
}

/// Issues a one-time code that links a chat user to the staff who asks.
#[utoipa::path(post, path = "/v1/chat-links/code", operation_id = "chat_issue_code", tag = "chat",
    responses((status = 201, body = LinkCode)))]
async fn issue_code(who: Authorized<may::ChatLinkSelf>, app: ThinData<App>) -> Result<Reply<LinkCode>> {
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
    checks.done()?;
    Ok(Reply::ok(super::redeem(&app, &body.0, &bot.request_id).await?))
}

/// Lists the chat links.
#[utoipa::path(get, path = "/v1/chat-links", operation_id = "chat_list", tag = "chat", params(PageParams),
    responses((status = 200, body = Page<ChatLink>)))]
async fn list(who: Authorized<may::ChatManage>, app: ThinData<App>, query: ListQuery) -> Result<Reply<Page<ChatLink>>> {
    let paging = query.page.of(who.tenant, "chat_links", "")?;
    Ok(Reply::ok(super::list(&app, &who, &paging).await?))
}

/// Removes a chat user's link; within a second they can do nothing.
#[utoipa::path(post, path = "/v1/chat-links/{id}/remove", operation_id = "chat_unlink", tag = "chat",
    params(("id" = ChatUserId, Path)), responses((status = 200, body = Acknowledgement)))]
async fn unlink(
    who: Authorized<may::ChatManage>,
    app: ThinData<App>,
    id: PathId<ChatUserId>,
) -> Result<Reply<Acknowledgement>> {
    super::unlink(&app, &who, id.0).await?;
    Ok(Reply::ok(Acknowledgement { changed: true }))
}
