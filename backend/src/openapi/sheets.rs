//! The document over HTTP: `/openapi.json` for programs, `/docs` and `/docs/errors` for people. Anybody may read them;
//! nothing in them is of a retailer. They carry an `ETag` of what they are, and a policy under which the page can load
//! nothing, not even from here.

use super::{Document, document, page};
use crate::platform::http::endpoint::Endpoint;
use actix_web::http::header::{self, EntityTag, Header as _, IfNoneMatch};
use actix_web::{HttpRequest, HttpResponse, guard, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use std::sync::OnceLock;

/// What is served under one path.
struct Sheet {
    kind: &'static str,
    body: web::Bytes,
    tag: String,
}

impl Sheet {
    fn new(kind: &'static str, body: String) -> Self {
        let tag = STANDARD.encode(&Sha256::digest(&body)[..12]);
        Self { kind, body: body.into(), tag }
    }

    /// The sheet, or that it is still the same.
    fn answer(&self, req: &HttpRequest) -> HttpResponse {
        let tag = EntityTag::new_strong(self.tag.clone());
        let known = match IfNoneMatch::parse(req) {
            Ok(IfNoneMatch::Any) => true,
            Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(&tag)),
            Err(_) => false,
        };
        let mut answer = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        answer.insert_header(header::ETag(tag)).insert_header((header::CACHE_CONTROL, "public, max-age=300"));
        if self.kind.starts_with("text/html") {
            answer.insert_header((header::CONTENT_SECURITY_POLICY, policy()));
            answer.insert_header((header::REFERRER_POLICY, "no-referrer"));
        }
        if known { answer.finish() } else { answer.content_type(self.kind).body(self.body.clone()) }
    }
}

/// Nothing may be loaded or run; the one style is known by its hash.
fn policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(page::STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

fn sheets(endpoints: &[Endpoint]) -> [(&'static str, Sheet); 3] {
    let document: Document = document(endpoints);
    // It is made of texts and numbers, which always serialise.
    let text = document.to_pretty_json().unwrap_or_default() + "\n";
    [
        ("/openapi.json", Sheet::new("application/json", text)),
        ("/docs", Sheet::new("text/html; charset=utf-8", page::reference(&document))),
        ("/docs/errors", Sheet::new("text/html; charset=utf-8", page::errors())),
    ]
}

/// Mounts the sheets of `endpoints`, which are the same for every thread that serves.
pub fn mount(config: &mut web::ServiceConfig, endpoints: &[Endpoint]) {
    static SHEETS: OnceLock<[(&str, Sheet); 3]> = OnceLock::new();
    for (path, sheet) in SHEETS.get_or_init(|| sheets(endpoints)) {
        let answer = move |req: HttpRequest| std::future::ready(sheet.answer(&req));
        let route = web::route().guard(guard::Any(guard::Get()).or(guard::Head())).to(answer);
        let wrong = || {
            let answer = HttpResponse::MethodNotAllowed().insert_header((header::ALLOW, "GET, HEAD")).finish();
            std::future::ready(answer)
        };
        config.service(web::resource(*path).route(route).default_service(web::to(wrong)));
    }
}
