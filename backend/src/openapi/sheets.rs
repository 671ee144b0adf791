//! The document over HTTP: `/openapi.json` for programs, `/docs` and `/docs/errors` for people. Anybody may read them;
//! nothing in them is of a retailer. The pages stand under a policy by which they can load nothing, not even from here.

use super::{Document, document, page};
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::sheet::{Sheet, hash};

/// Nothing may be loaded or run; the one style is known by its hash.
fn policy() -> String {
    format!(
        "default-src 'none'; style-src '{}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash(page::STYLE)
    )
}

/// The sheets of `endpoints`, each with its path.
pub fn sheets(endpoints: &[Endpoint]) -> [(&'static str, Sheet); 3] {
    let document: Document = document(endpoints);
    // It is made of texts and numbers, which always serialise.
    let text = document.to_pretty_json().unwrap_or_default() + "\n";
    [
        ("/openapi.json", Sheet::json(text)),
        ("/docs", Sheet::page(page::reference(&document), policy())),
        ("/docs/errors", Sheet::page(page::errors(), policy())),
    ]
}
