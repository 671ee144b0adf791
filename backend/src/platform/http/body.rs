//! Strict JSON bodies: a wrong type, an unknown field or broken JSON is a problem that names the place.

use crate::error::{Error, Result};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use tillwatch_shared::errors::{Code, FieldProblem};

/// The longest JSON body, in bytes. Samples have a limit of their own.
pub const LONGEST: usize = 64 * 1024;

/// A JSON body of type `T`.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let kind = req.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or("").to_owned();
        let stream = web::Payload::from_request(req, payload);
        Box::pin(async move {
            if !kind.split(';').next().is_some_and(|k| k.trim().eq_ignore_ascii_case("application/json")) {
                return Err(Error::new(Code::UnsupportedMediaType, "Send JSON with `Content-Type: application/json`."));
            }
            let stream = stream.await.map_err(|e| Error::new(Code::MalformedBody, e.to_string()))?;
            parse(&read(stream, LONGEST).await?).map(Body)
        })
    }
}

/// The whole of a body of at most `limit` bytes.
///
/// # Errors
/// 413 beyond the limit, 400 when the caller broke off.
pub async fn read(stream: web::Payload, limit: usize) -> Result<web::Bytes> {
    match stream.to_bytes_limited(limit).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => Err(Error::new(Code::MalformedBody, format!("The body broke off: {error}."))),
        Err(_) => {
            Err(Error::new(Code::BodyTooLarge, format!("The body is larger than {limit} bytes. Send less at once.")))
        }
    }
}

/// `bytes` as a `T`.
///
/// # Errors
/// 400 for text that is no JSON, 422 for JSON that does not fit, with the place.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    // A list of the fields' values in their order would be taken for the object as well.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(Error::field("", "invalid", "Is a list. The body must be an object with named fields."));
    }
    let reader = &mut serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut *reader).map_err(|error| {
        let inner = error.inner();
        if inner.is_data() {
            let mut pointer: String = error.path().iter().map(segment).collect();
            let detail = without_types(&inner.to_string());
            let code = if detail.starts_with("unknown field") {
                // The path ends at the object; the field is named in the text.
                if let Some(field) = detail.split('`').nth(1).filter(|f| !pointer.ends_with(&format!("/{f}"))) {
                    pointer = format!("{pointer}/{field}");
                }
                "unknown_field"
            } else if detail.starts_with("missing field") {
                if let Some(field) = detail.split('`').nth(1) {
                    pointer = format!("{pointer}/{field}");
                }
                "required"
            } else {
                "invalid"
            };
            let mut refused = Error::new(Code::ValidationFailed, format!("{pointer}: {detail}."));
            refused.fields = vec![FieldProblem { pointer, code: code.into(), detail }];
            refused
        } else {
            Error::new(Code::MalformedBody, format!("The body is not JSON: {inner}."))
        }
    })?;
    reader.end().map_err(|e| Error::new(Code::MalformedBody, format!("Something follows the JSON: {e}.")))?;
    Ok(value)
}

/// What the parser says, without the names of types, which mean nothing to a caller: `expected struct Money` becomes
/// `expected an object`.
fn without_types(said: &str) -> String {
    let mut plain = said.to_owned();
    for (kind, is) in [("struct ", "an object"), ("internally tagged enum ", "an object"), ("a sequence", "a list")] {
        let Some((before, after)) = plain.split_once(&format!("expected {kind}")) else { continue };
        let named = kind.ends_with(' ');
        let rest = if named { after.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_') } else { after };
        plain = format!("{before}expected {is}{rest}");
    }
    plain
}

fn segment(segment: &serde_path_to_error::Segment) -> String {
    use serde_path_to_error::Segment;
    match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tillwatch_shared::plan::CreateCampaign;

    #[test]
    fn each_fault_names_its_place() {
        let fault = |text: &str| parse::<CreateCampaign>(text.as_bytes()).unwrap_err();
        assert_eq!(fault("{").code, Code::MalformedBody);
        let unknown = fault(r#"{"name":"a","colour":1}"#);
        assert_eq!((unknown.fields[0].pointer.as_str(), unknown.fields[0].code.as_str()), ("/colour", "unknown_field"));
        let missing = fault("{}");
        assert_eq!((missing.fields[0].pointer.as_str(), missing.fields[0].code.as_str()), ("/name", "required"));
        let wrong = fault(r#"{"name":"a","budget":{"amount_minor":"x","currency":"USD"}}"#);
        assert_eq!(wrong.fields[0].pointer, "/budget/amount_minor");
        let scalar = fault(r#"{"name":"a","budget":7}"#);
        assert!(scalar.fields[0].detail.starts_with("invalid type: integer `7`, expected an object"), "{scalar:?}");
        assert_eq!(fault(r#"{"name":"a"} x"#).code, Code::MalformedBody);
        assert_eq!(fault(r#" ["a", null, "", []]"#).code, Code::ValidationFailed);
    }
}
