//! A person's own settings over HTTP; reading them is `GET /v1/me`.

use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::platform::http::authorized::SignedIn;
use crate::platform::http::body::Body;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::params::IfMatch;
use crate::platform::http::reply::Reply;
use actix_web::web::ThinData;
use tillwatch_shared::joining::{Profile, UpdateProfile};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(update)]
}

/// Changes one's own name or language at the retailer. Needs `If-Match` with the version that was read.
#[utoipa::path(patch, path = "/v1/me", operation_id = "profile_update", tag = "profile",
    params(("If-Match" = String, Header, description = "The `ETag` of `GET /v1/me`.")),
    request_body = UpdateProfile, responses((status = 200, body = Profile)))]
async fn update(
    who: SignedIn,
    app: ThinData<App>,
    version: IfMatch,
    body: Body<UpdateProfile>,
) -> Result<Reply<Profile>> {
    let profile = super::update(&app, &who, &version, body.0).await?;
    Ok(Reply::ok(profile).versioned(|profile| profile.version))
}
