//! What is served as it is, to anybody: a page for people or a document, made once. It carries an `ETag` of what it is; a
//! page also its own content security policy, by which it loads and runs only what the policy names by hash.

use actix_web::http::header::{self, EntityTag, Header as _, IfNoneMatch};
use actix_web::{HttpRequest, HttpResponse, guard, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// What is served under one path.
pub struct Sheet {
    kind: &'static str,
    /// The content security policy of a page.
    policy: Option<String>,
    body: web::Bytes,
    tag: String,
}

/// The source expression of a content security policy for a style or script of a page, without its quotes.
pub fn hash(inline: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(inline)))
}

impl Sheet {
    /// A document for programs.
    pub fn json(body: String) -> Self {
        Self::new("application/json", None, body)
    }

    /// A page for people under this content security policy.
    pub fn page(body: String, policy: String) -> Self {
        Self::new("text/html; charset=utf-8", Some(policy), body)
    }

    fn new(kind: &'static str, policy: Option<String>, body: String) -> Self {
        let tag = STANDARD.encode(&Sha256::digest(&body)[..12]);
        Self { kind, policy, body: body.into(), tag }
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
        if let Some(policy) = &self.policy {
            answer.insert_header((header::CONTENT_SECURITY_POLICY, policy.as_str()));
            answer.insert_header((header::REFERRER_POLICY, "no-referrer"));
        }
        if known { answer.finish() } else { answer.content_type(self.kind).body(self.body.clone()) }
    }
}

/// Mounts a sheet under `path`.
pub fn mount(config: &mut web::ServiceConfig, path: &str, sheet: &'static Sheet) {
    let answer = move |req: HttpRequest| std::future::ready(sheet.answer(&req));
    let route = web::route().guard(guard::Any(guard::Get()).or(guard::Head())).to(answer);
    let wrong = || {
        let answer = HttpResponse::MethodNotAllowed().insert_header((header::ALLOW, "GET, HEAD")).finish();
        std::future::ready(answer)
    };
    config.service(web::resource(path).route(route).default_service(web::to(wrong)));
}
