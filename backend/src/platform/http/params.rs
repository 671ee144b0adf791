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
        // Only of a field that is missing, unknown or there twice is the name told.
        let name = detail.split_once("field `").and_then(|(_, rest)| rest.split('`').next()).unwrap_or("").to_owned();
        let mut refused = Error::new(Code::MalformedQuery, format!("The query string is not understood: {detail}."));
        refused.fields = vec![FieldProblem { pointer: format!("?{name}"), code: "invalid".into(), detail }];
        refused
    })
}

/// Refuses a query string where an operation takes no parameters: what is not understood is not ignored.
///
/// # Errors
/// 400 when there is one.
pub(super) fn no_query(req: &HttpRequest) -> Result<()> {
    if req.query_string().is_empty() {
        return Ok(());
    }
    Err(Error::new(Code::MalformedQuery, "This operation takes no parameters in the query string. Leave them out."))
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
        let version = header.to_str().ok().and_then(version_of);
        ready(version.map(Self).ok_or_else(|| {
            Error::new(
                Code::MalformedHeader,
                "`If-Match` takes one strong ETag, such as `\"3\"`, as the answer gave it.",
            )
        }))
    }
}

/// The version in a strong `ETag` of ours: digits in quotation marks.
fn version_of(tag: &str) -> Option<i64> {
    let digits = tag.trim().strip_prefix('"')?.strip_suffix('"')?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_digits_in_quotation_marks() {
        assert_eq!(version_of("\"3\""), Some(3));
        for wrong in
            ["3", "\"\"", "\"+3\"", "\"-3\"", "W/\"3\"", "*", "\"3", "\"3\", \"4\"", "\"99999999999999999999\""]
        {
            assert_eq!(version_of(wrong), None, "{wrong}");
        }
    }
}
