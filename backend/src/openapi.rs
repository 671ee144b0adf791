//! The OpenAPI 3.1 document, made from the list of endpoints. `tillwatch openapi` prints it, the service shows it under
//! `/openapi.json` and, for people, under `/docs`; a test holds `docs/openapi.json` to it.
//!
//! What the handlers say comes first; then [`glossary`] gives every field its limits and example by its name, [`answers`]
//! gives every operation the refusals and headers of its kind, and [`examples`] puts a whole example to every body.
//! [`page`] shows it all to people, [`sheets`] serves it.
//! Invariant: what follows from an endpoint itself (security, refusals, headers, limits) is written
//! here, once, and never beside a handler.

mod answers;
mod examples;
mod glossary;
mod kinds;
mod page;
mod sheets;

pub use sheets::sheets;

use crate::platform::http::endpoint::Endpoint;
use serde::Serialize;
use serde_json::{Map, Value, json};
use tillwatch_shared::errors::{Code, Problem};
use utoipa::openapi::path::{PathItem, PathsBuilder};
use utoipa::openapi::{Components, ComponentsBuilder};
use utoipa::{PartialSchema, ToSchema};

/// The name of the one security scheme.
const SCHEME: &str = "bearer";

/// An OpenAPI document. Its parts are plain JSON: what is made of them is written out or shown, never called.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    openapi: &'static str,
    info: Value,
    servers: Value,
    tags: Value,
    paths: Value,
    components: Value,
}

impl Document {
    /// The document as text, one member a line.
    ///
    /// # Errors
    /// Never in practice: it is made of texts and numbers.
    pub fn to_pretty_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }
}

/// What the tags are, in the order in which a reader meets them.
const TAGS: &[(&str, &str)] = &[
    ("auth", "Sign-up, sign-in, sessions and the keys that verify tokens"),
    ("second_factor", "The second factor of one's login"),
    ("password", "Passwords, forgotten and changed"),
    ("profile", "One's own name and language"),
    ("tenant", "The retailer's own settings"),
    ("erasures", "What became of a retailer that was closed"),
    ("staff", "People and their places"),
    ("invitations", "How people join"),
    ("roles", "Roles of a retailer's own"),
    ("departments", "Departments"),
    ("api_tokens", "Partners' tokens"),
    ("metrics", "The metric catalogue, a retailer's own metrics, series and KPIs"),
    ("subjects", "Content items, keywords and products that samples are about"),
    ("benchmarks", "What is usual elsewhere, loaded with its source"),
    ("samples", "Numbers on their way in"),
    ("imports", "Files of samples"),
    ("feeds", "Documents that are fetched on a schedule and taken in as samples"),
    ("jobs", "Work that outlasts its request"),
    ("channels", "Channels"),
    ("campaigns", "Campaigns and their states"),
    ("goals", "Goals: what a metric shall reach by when"),
    ("goal_proposals", "Monthly corrections of goals"),
    ("rules", "Rules"),
    ("alerts", "Alerts"),
    ("silences", "Alerts that are kept quiet for a while, and by whom"),
    ("maintenance_windows", "Announced times in which alerts are kept quiet and told together afterwards"),
    ("chat", "Chat links"),
    ("deliveries", "Messages on their way to the chat"),
    ("reports", "Reports of each morning and each week, and when and where they appear"),
    ("webhooks", "Webhooks and what was sent to them"),
    ("events", "Events that webhooks are told of"),
    ("audit", "The audit log"),
];

/// The document of `endpoints`.
pub fn document(endpoints: &[Endpoint]) -> Document {
    let (mut paths, mut components) = described(endpoints);
    rows_by_reference(&mut components);
    let requests = glossary::requests(&paths, &components);
    glossary::fill(&mut components, &requests);
    for endpoint in endpoints {
        let operation = &mut paths[&endpoint.path][endpoint.method_name().to_lowercase()];
        answers::complete(operation, endpoint, &mut components);
        glossary::fill_parameters(operation);
        glossary::fill_texts(operation);
        examples::fill(operation, &components);
    }
    let tags: Vec<&str> =
        endpoints.iter().flat_map(|e| e.operation.tags.iter().flatten()).map(String::as_str).collect();
    let used = TAGS.iter().filter(|(tag, _)| tags.contains(tag));
    let tags: Vec<Value> = used.map(|(tag, what)| json!({ "name": tag, "description": what })).collect();
    Document {
        openapi: "3.1.0",
        info: json!({ "title": "Tillwatch", "version": env!("CARGO_PKG_VERSION"), "description": description() }),
        servers: json!([{ "url": "/", "description": "The service that shows this document." }]),
        tags: Value::Array(tags),
        paths,
        components,
    }
}

/// What the handlers and bodies say of themselves: the paths, and the components.
fn described(endpoints: &[Endpoint]) -> (Value, Value) {
    let mut paths = PathsBuilder::new();
    let mut components: Components = ComponentsBuilder::new().schema(Problem::name(), Problem::schema()).build();
    let mut schemas = Vec::new();
    Problem::schemas(&mut schemas);
    components.schemas.extend(schemas.drain(..));
    for endpoint in endpoints {
        (endpoint.schemas)(&mut schemas);
        components.schemas.extend(schemas.drain(..));
        paths = paths.path(&endpoint.path, PathItem::new(endpoint.method.clone(), endpoint.operation.clone()));
    }
    // Both are made of texts, numbers and lists, which always serialise.
    let paths = serde_json::to_value(paths.build()).unwrap_or_default();
    let mut components = serde_json::to_value(components).unwrap_or_default();
    components["responses"] = json!({});
    components["securitySchemes"] = json!({ SCHEME: {
        "type": "http", "scheme": "bearer",
        "description": "An access token (`POST /v1/sessions`), or an API token (`POST /v1/api-tokens`).",
    }});
    (paths, components)
}

/// A page spells its rows out; they have a schema of their own.
fn rows_by_reference(components: &mut Value) {
    let Some(schemas) = components["schemas"].as_object_mut() else { return };
    let known: Map<String, Value> = schemas.clone();
    for (name, schema) in schemas.iter_mut() {
        let Some(row) = name.strip_prefix("Page_") else { continue };
        let items = &mut schema["properties"]["data"]["items"];
        if known.get(row) == Some(items) {
            *items = json!({ "$ref": format!("#/components/schemas/{row}") });
        }
    }
}

fn description() -> String {
    let codes = Code::ALL.iter().map(|code| format!("| `{code}` | {} | {} |", code.status(), code.title()));
    let codes = codes.collect::<Vec<_>>().join("\n");
    format!(
        "Watches a retailer's marketing numbers, stops spend that crosses a line, and tells the team in chat.\n\n\
         Every answer carries `X-Request-Id`: the one that was sent (1 to 64 of `A-Z a-z 0-9 _ -`), or one that was made. \
         Unknown fields and parameters are refused.\n\n\
         Refusals are `application/problem+json` with one of these codes:\n\n| code | status | meaning |\n|---|---|---|\n{codes}"
    )
}
