//! The OpenAPI 3.1 document, made from the list of endpoints: paths, schemas, security, and the refusals that every
//! operation of its kind can answer. `tillwatch openapi` prints it; a test holds `docs/openapi.json` to it.

use crate::platform::http::admission::is_limited;
use crate::platform::http::endpoint::{Access, Endpoint};
use tillwatch_shared::errors::{Code, Problem};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{HttpMethod, Operation, PathItem, PathsBuilder};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, ResponseBuilder};
use utoipa::{PartialSchema, ToSchema};

const SCHEME: &str = "bearer";

/// The document of `endpoints`.
pub fn document(endpoints: &[Endpoint]) -> OpenApi {
    let mut paths = PathsBuilder::new();
    let mut components = ComponentsBuilder::new()
        .security_scheme(SCHEME, SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)))
        .schema(Problem::name(), Problem::schema());
    let mut schemas = Vec::new();
    Problem::schemas(&mut schemas);
    for endpoint in endpoints {
        schemas.extend(endpoint.schemas.iter().cloned());
        let mut operation = endpoint.operation.clone();
        complete(&mut operation, endpoint);
        paths = paths.path(&endpoint.path, item(endpoint.method.clone(), operation));
    }
    for (name, schema) in schemas {
        components = components.schema(name, schema);
    }
    let codes = Code::ALL.iter().map(|code| format!("| `{code}` | {} | {} |", code.status(), code.title()));
    let codes = codes.collect::<Vec<_>>().join("\n");
    let description = format!(
        "Watches a retailer's marketing numbers, stops spend that crosses a line, and tells the team in chat.\n\n\
         Refusals are `application/problem+json` with one of these codes:\n\n| code | status | meaning |\n|---|---|---|\n{codes}"
    );
    OpenApiBuilder::new()
        .info(InfoBuilder::new().title("Tillwatch").version(env!("CARGO_PKG_VERSION")).description(Some(description)))
        .paths(paths)
        .components(Some(components.build()))
        .build()
}

fn item(method: HttpMethod, operation: Operation) -> PathItem {
    PathItem::new(method, operation)
}

/// Adds what follows from the endpoint itself: its security, its permission, and the refusals of its kind.
fn complete(operation: &mut Operation, endpoint: &Endpoint) {
    let mut refuse = |status: u16, what: &str| {
        let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name(Problem::name()))).build();
        let response = ResponseBuilder::new()
            .description(what)
            .content("application/problem+json", problem)
            .header("X-Request-Id", HeaderBuilder::new().description(Some("The request's id.")).build())
            .build();
        operation.responses.responses.insert(status.to_string(), response.into());
    };
    refuse(400, "The request cannot be read.");
    refuse(503, "The service or its database is busy; see `Retry-After`.");
    if endpoint.access != Access::Anonymous {
        refuse(401, "No credential, or one that does not work.");
        refuse(403, "The credential lacks the permission.");
    }
    if endpoint.path.contains("{id}") {
        refuse(404, "There is no such object in this retailer.");
    }
    if endpoint.method != HttpMethod::Get {
        refuse(409, "The object's state does not allow it.");
        refuse(413, "The body is too large.");
        refuse(415, "The content type or encoding is not supported.");
    }
    if is_limited(endpoint.access) {
        refuse(429, "Too many requests, or too many at once; see `Retry-After`.");
    }
    refuse(422, "One or more fields are not valid.");
    if endpoint.method == HttpMethod::Patch {
        refuse(412, "The object has changed since it was read.");
        refuse(428, "`If-Match` is missing.");
    }
    if endpoint.access == Access::Anonymous {
        operation.security = Some(vec![SecurityRequirement::default()]);
        refuse(401, "The credential in the body does not work.");
    } else {
        operation.security = Some(vec![SecurityRequirement::new(SCHEME, Vec::<String>::new())]);
    }
    tell_limits(operation, endpoint.access);
    let asks = match endpoint.access {
        Access::Anonymous => "Asks for nothing.".to_owned(),
        Access::SignedIn => "Asks for any valid credential.".to_owned(),
        Access::Bot => "Asks for the chat bot's own credential.".to_owned(),
        Access::Permission(permission) => format!("Asks for the permission `{permission}`."),
    };
    operation.description = Some(match operation.description.take() {
        Some(text) if !text.is_empty() => format!("{text}\n\n{asks}"),
        _ => asks,
    });
}

/// Adds the headers of limits to every answer of a limited operation, and how long to wait to those that ask to.
fn tell_limits(operation: &mut Operation, access: Access) {
    const POLICY: &str = "The limits that this request is counted against, as `\"name\";q=requests;w=seconds`.";
    const LIMIT: &str = "What is left of them, as `\"name\";r=requests;t=seconds until it is full`.";
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        let mut tell = |name: &str, what: &str| {
            response.headers.insert(name.to_owned(), HeaderBuilder::new().description(Some(what)).build());
        };
        if is_limited(access) {
            tell("RateLimit-Policy", POLICY);
            tell("RateLimit", LIMIT);
        }
        if ["429", "503"].contains(&status.as_str()) {
            tell("Retry-After", "Seconds to wait before the next try.");
        }
    }
}
