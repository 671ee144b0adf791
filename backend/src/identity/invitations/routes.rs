//! Invitations over HTTP.

use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::platform::http::authorized::{Anonymous, Authorized, Sensitive, may};
use crate::platform::http::body::Body;
use crate::platform::http::client::Client;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::page::{ListQuery, PageParams};
use crate::platform::http::params::PathId;
use crate::platform::http::reply::Reply;
use actix_web::web::ThinData;
use tillwatch_shared::identity::Signed;
use tillwatch_shared::ids::InvitationId;
use tillwatch_shared::joining::{AcceptInvitation, Invitation, Invite};
use tillwatch_shared::{Acknowledgement, Page};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(create), endpoint!(list), endpoint!(get), endpoint!(resend), endpoint!(withdraw), endpoint!(accept)]
}

/// Invites somebody by mail, with a built-in role or one of the retailer's own, for every channel or some. Nobody gives a
/// role that may do more than they may themselves.
#[utoipa::path(post, path = "/v1/invitations", operation_id = "invitations_create", tag = "invitations",
    request_body(content = Invite, example = json!({ "email": "li@harbour.example", "name": "Li Wei", "role": "marketer" })),
    responses((status = 201, body = Invitation)))]
async fn create(who: Sensitive<may::StaffWrite>, app: ThinData<App>, body: Body<Invite>) -> Result<Reply<Invitation>> {
    let invitation = super::invite(&app, &who, body.0).await?;
    let location = format!("/v1/invitations/{}", invitation.id);
    Ok(Reply::created(invitation, location))
}

/// Lists the invitations, oldest first, those that are over too.
#[utoipa::path(get, path = "/v1/invitations", operation_id = "invitations_list", tag = "invitations",
    params(PageParams), responses((status = 200, body = Page<Invitation>)))]
async fn list(
    who: Authorized<may::StaffWrite>,
    app: ThinData<App>,
    query: ListQuery,
) -> Result<Reply<Page<Invitation>>> {
    let paging = query.page.of(who.tenant, "invitations", "")?;
    Ok(Reply::ok(super::list(&app, &who, &paging).await?))
}

/// Shows an invitation and how far its mail is.
#[utoipa::path(get, path = "/v1/invitations/{id}", operation_id = "invitations_get", tag = "invitations",
    params(("id" = inline(InvitationId), Path, description = "The invitation's id.")),
    responses((status = 200, body = Invitation)))]
async fn get(
    who: Authorized<may::StaffWrite>,
    app: ThinData<App>,
    id: PathId<InvitationId>,
) -> Result<Reply<Invitation>> {
    Ok(Reply::ok(super::get(&app, &who, id.0).await?))
}

/// Sends an invitation again, with a new link; the one before works no more. Within a minute of the last mail it changes
/// nothing.
#[utoipa::path(post, path = "/v1/invitations/{id}/resend", operation_id = "invitations_resend", tag = "invitations",
    params(("id" = inline(InvitationId), Path, description = "The invitation's id.")),
    responses((status = 200, body = Acknowledgement)))]
async fn resend(
    who: Authorized<may::StaffWrite>,
    app: ThinData<App>,
    id: PathId<InvitationId>,
) -> Result<Reply<Acknowledgement>> {
    Ok(Reply::ok(Acknowledgement { changed: super::resend(&app, &who, id.0).await? }))
}

/// Takes an invitation back; its link works no more.
#[utoipa::path(post, path = "/v1/invitations/{id}/withdraw", operation_id = "invitations_withdraw",
    tag = "invitations", params(("id" = inline(InvitationId), Path, description = "The invitation's id.")),
    responses((status = 200, body = Acknowledgement)))]
async fn withdraw(
    who: Authorized<may::StaffWrite>,
    app: ThinData<App>,
    id: PathId<InvitationId>,
) -> Result<Reply<Acknowledgement>> {
    Ok(Reply::ok(Acknowledgement { changed: super::withdraw(&app, &who, id.0).await? }))
}

/// Joins a retailer by the token of a mailed invitation, and signs in. Whoever has a login with that address gives its
/// password; anybody else chooses one.
#[utoipa::path(post, path = "/v1/invitations/accept", operation_id = "invitations_accept", tag = "invitations",
    request_body = AcceptInvitation, responses((status = 201, body = Signed)))]
async fn accept(
    asker: Anonymous,
    app: ThinData<App>,
    client: Client,
    body: Body<AcceptInvitation>,
) -> Result<Reply<Signed>> {
    Ok(Reply::created(super::accept(&app, body.0, &client, &asker.request_id).await?, "/v1/me".to_owned()))
}
