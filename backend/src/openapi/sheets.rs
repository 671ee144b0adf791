//! The document over HTTP: `/openapi.json` for programs, `/docs` and `/docs/errors` for people. Anybody may read them;
//! nothing in them is of a retailer. The pages stand under a policy by which they can load nothing, not even from here.

use super::{Document, document, page};
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::sheet::{self, Sheet, hash};
use actix_web::web;
use std::sync::OnceLock;

/// Nothing may be loaded or run; the one style is known by its hash.
fn policy() -> String {
    format!(
        "default-src 'none'; style-src '{}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash(page::STYLE)
    )
}

fn sheets(endpoints: &[Endpoint]) -> [(&'static str, Sheet); 3] {
    let document: Document = document(endpoints);
    // It is made of texts and numbers, which always serialise.
    let text = document.to_pretty_json().unwrap_or_default() + "\n";
    [
        ("/openapi.json", Sheet::json(text)),
        ("/docs", Sheet::page(page::reference(&document), policy())),
        ("/docs/errors", Sheet::page(page::errors(), policy())),
    ]
}

/// Mounts the sheets of `endpoints`, which are the same for every thread that serves.
pub fn mount(config: &mut web::ServiceConfig, endpoints: &[Endpoint]) {
    static SHEETS: OnceLock<[(&str, Sheet); 3]> = OnceLock::new();
    for (path, one) in SHEETS.get_or_init(|| sheets(endpoints)) {
        sheet::mount(config, path, one);
    }
}
