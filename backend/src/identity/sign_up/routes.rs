//! Sign-up over HTTP.

use crate::app::App;
use crate::endpoint;
use crate::error::Result;
use crate::platform::http::authorized::Anonymous;
use crate::platform::http::body::Body;
use crate::platform::http::client::Client;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::reply::Reply;
use actix_web::web::ThinData;
use tillwatch_shared::identity::{SignUp, Signed};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(sign_up)]
}

/// Signs a retailer up; the person becomes its owner and is signed in.
#[utoipa::path(post, path = "/v1/sign-up", operation_id = "auth_sign_up", tag = "auth", request_body = SignUp,
    responses((status = 201, body = Signed)))]
async fn sign_up(asker: Anonymous, app: ThinData<App>, client: Client, body: Body<SignUp>) -> Result<Reply<Signed>> {
    Ok(Reply::created(super::sign_up(&app, body.0, &client, &asker.request_id).await?, "/v1/me".to_owned()))
}
