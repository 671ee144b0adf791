//! Answers: a JSON body, with `201` and `Location` for what was made, `202` for what goes on in the background, and
//! `ETag` for what has a version.

use super::idempotency::Secrets;
use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;

/// A successful answer with body `T`.
pub struct Reply<T> {
    body: T,
    status: StatusCode,
    version: Option<i64>,
    location: Option<String>,
    secrets: Vec<&'static str>,
}

impl<T> Reply<T> {
    /// `200` with this body.
    pub fn ok(body: T) -> Self {
        Self { body, status: StatusCode::OK, version: None, location: None, secrets: Vec::new() }
    }

    /// `201` with this body, found again at `location`.
    pub fn created(body: T, location: String) -> Self {
        Self { body, status: StatusCode::CREATED, version: None, location: Some(location), secrets: Vec::new() }
    }

    /// The field at this JSON pointer is shown this once: it is not kept for whoever asks again with the same
    /// idempotency key, who sees `null` there.
    #[must_use]
    pub fn secret(mut self, pointer: &'static str) -> Self {
        self.secrets.push(pointer);
        self
    }

    /// `202` with this body: it was taken, and there is nothing to follow.
    pub fn accepted(body: T) -> Self {
        Self { body, status: StatusCode::ACCEPTED, version: None, location: None, secrets: Vec::new() }
    }

    /// `202`: what was asked for goes on in the background and is followed at `location`.
    pub fn deferred(body: T, location: String) -> Self {
        Self { body, status: StatusCode::ACCEPTED, version: None, location: Some(location), secrets: Vec::new() }
    }

    /// With the version as a strong `ETag`.
    #[must_use]
    pub fn version(mut self, version: i64) -> Self {
        self.version = Some(version);
        self
    }

    /// With the version that the body itself has.
    #[must_use]
    pub fn versioned(self, version: impl FnOnce(&T) -> i64) -> Self {
        let version = version(&self.body);
        self.version(version)
    }
}

impl<T: Serialize> Responder for Reply<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        if let Some(version) = self.version {
            answer.insert_header((header::ETAG, format!("\"{version}\"")));
        }
        if let Some(location) = self.location {
            answer.insert_header((header::LOCATION, location));
        }
        match serde_json::to_vec(&self.body) {
            Ok(bytes) => {
                let mut answer = answer.content_type("application/json").body(bytes);
                if !self.secrets.is_empty() {
                    answer.extensions_mut().insert(Secrets(self.secrets));
                }
                answer
            }
            Err(error) => HttpResponse::from_error(crate::error::Error::internal(error)),
        }
    }
}
