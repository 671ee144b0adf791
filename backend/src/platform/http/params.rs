//! Strict path and query parameters. An id that cannot be one is an object that does not exist: 404.

use crate::error::{Error, Result};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;
use std::future::{Ready, ready};
use std::str::FromStr;
use tillwatch_shared::errors::{Code, FieldProblem};

/// The `{id}` of the path.
pub struct PathId<T>(pub T);

impl<T: FromStr> FromRequest for PathId<T> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = req.match_info().get("id").and_then(|text| text.parse().ok());
        ready(id.map(Self).ok_or_else(|| Error::not_found("object")))
    }
}

/// The query string as a `T`; unknown and repeated parameters are refused.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Params<T> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(req.query_string()).map(Self))
    }
}

/// A query string as a `T`.
///
/// # Errors
/// 400, with the parameter where it is known.
pub(super) fn read<T: DeserializeOwned>(query: &str) -> Result<T> {
    serde_urlencoded::from_str(query).map_err(|error| {
        let detail = error.to_string();
        let name = detail.split('`').nth(1).unwrap_or("").to_owned();
        let mut refused = Error::new(Code::MalformedQuery, format!("The query string is not understood: {detail}."));
        refused.fields = vec![FieldProblem { pointer: format!("?{name}"), code: "invalid".into(), detail }];
        refused
    })
}

/// The version that `If-Match` names.
pub struct IfMatch(pub i64);

impl FromRequest for IfMatch {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(header) = req.headers().get("if-match") else {
            return ready(Err(Error::new(
                Code::PreconditionRequired,
                "Send `If-Match` with the `ETag` of the version that you read, so that no change is lost.",
            )));
        };
        let version = header.to_str().ok().and_then(|t| t.trim().strip_prefix('"')?.strip_suffix('"')?.parse().ok());
        ready(version.map(Self).ok_or_else(|| {
            Error::new(
                Code::MalformedHeader,
                "`If-Match` takes one strong ETag, such as `\"3\"`, as the answer gave it.",
            )
        }))
    }
}

impl IfMatch {
    /// `Ok` when `version` is the one that was read.
    ///
    /// # Errors
    /// 412 with the present version.
    pub fn check(&self, version: i64) -> Result<()> {
        if self.0 == version {
            return Ok(());
        }
        Err(Error::new(
            Code::VersionStale,
            format!(
                "The object is at version {version} now, you read {}. Read it again and repeat your change.",
                self.0
            ),
        ))
    }
}
