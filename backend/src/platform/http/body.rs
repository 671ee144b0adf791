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
            let detail = inner.to_string();
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
            let detail = without_types(&detail);
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
/// `expected an object`. What it repeats of the body stands before that, and stays as it was.
fn without_types(said: &str) -> String {
    let Some((repeated, wanted)) = said.rsplit_once(", expected ") else { return said.to_owned() };
    let named = ["struct variant ", "internally tagged enum ", "struct "];
    let object = named.iter().find_map(|kind| wanted.strip_prefix(kind));
    let object = object.map(|rest| rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_' || c == ':'));
    let plain = match (object, wanted.strip_prefix("a sequence")) {
        (Some(rest), _) => format!("an object{rest}"),
        (None, Some(rest)) => format!("a list{rest}"),
        (None, None) => wanted.to_owned(),
    };
    format!("{repeated}, expected {plain}")
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
        let variant = without_types("invalid length 0, expected struct variant Outcome::Posted with 3 elements");
        assert_eq!(variant, "invalid length 0, expected an object with 3 elements");
        let detail = |text: &str| fault(text).fields.remove(0).detail;
        let scalar = detail(r#"{"name":"a","budget":7}"#);
        assert!(scalar.starts_with("invalid type: integer `7`, expected an object at"), "{scalar}");
        // What the caller sent is repeated as it is.
        let odd = detail(r#"{"name":"a","budget":"b, expected struct C"}"#);
        assert!(odd.starts_with("invalid type: string \"b, expected struct C\", expected an object at"), "{odd}");
        let unknown = fault(r#"{"name":"a",", expected struct x":1}"#);
        assert_eq!(unknown.fields[0].pointer, "/, expected struct x");
        assert_eq!(fault(r#"{"name":"a"} x"#).code, Code::MalformedBody);
        assert_eq!(fault(r#" ["a", null, "", []]"#).code, Code::ValidationFailed);
    }
}
