//! Answers: a JSON body, with `201` and `Location` for what was made and `ETag` for what has a version.

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
}

impl<T> Reply<T> {
    /// `200` with this body.
    pub fn ok(body: T) -> Self {
        Self { body, status: StatusCode::OK, version: None, location: None }
    }

    /// `201` with this body, found again at `location`.
    pub fn created(body: T, location: String) -> Self {
        Self { body, status: StatusCode::CREATED, version: None, location: Some(location) }
    }

    /// `202` with this body: the work is done later.
    pub fn accepted(body: T) -> Self {
        Self { body, status: StatusCode::ACCEPTED, version: None, location: None }
    }

    /// With the version as a strong `ETag`.
    #[must_use]
    pub fn version(mut self, version: i64) -> Self {
        self.version = Some(version);
        self
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
            Ok(bytes) => answer.content_type("application/json").body(bytes),
            Err(error) => HttpResponse::from_error(crate::error::Error::internal(error)),
        }
    }
}
