//! The document for people: one page of plain HTML without scripts, and one of the error codes, whose anchors every
//! problem's `type` names. Everything that comes from the document is escaped on its way in.

mod fields;

use super::Document;
use fields::{escaped, linked, rows, target, words};
use serde_json::{Map, Value};
use std::fmt::Write as _;
use tillwatch_shared::errors::Code;

/// The style of both pages; its hash stands in their content security policy.
pub(super) const STYLE: &str = include_str!("../../assets/docs.css");

/// The page of the whole document.
pub(super) fn reference(document: &Document) -> String {
    let mut main = String::new();
    let said = document.info["description"].as_str().unwrap_or_default();
    // The table of codes has a page of its own.
    for paragraph in
        said.split("\n\n").filter(|paragraph| !paragraph.starts_with('|') && !paragraph.starts_with("Refusals"))
    {
        push(&mut main, &format!("<p>{}</p>", words(paragraph)));
    }
    push(
        &mut main,
        "<p>A refusal is <code>application/problem+json</code> with one of the <a href=\"/docs/errors\">error codes</a>.</p>",
    );
    let tags: Vec<(&str, &str)> = document
        .tags
        .as_array()
        .into_iter()
        .flatten()
        .map(|tag| (tag["name"].as_str().unwrap_or_default(), tag["description"].as_str().unwrap_or_default()))
        .collect();
    let mut nav = String::new();
    for (tag, what) in tags {
        let title = escaped(if what.is_empty() { tag } else { what });
        push(&mut nav, &format!("<details><summary>{title}</summary><ul>"));
        push(&mut main, &format!("<section><h2 id=\"tag-{0}\">{title}</h2>", escaped(tag)));
        for (path, method, operation) in operations(document).filter(|(_, _, operation)| operation["tags"][0] == tag) {
            let id = escaped(operation["operationId"].as_str().unwrap_or_default());
            let summary = operation["summary"].as_str().unwrap_or_default();
            // Its first sentence is enough to find it again.
            let first = words(summary.split(". ").next().unwrap_or(summary).trim_end_matches('.'));
            push(&mut nav, &format!("<li><a href=\"#{id}\">{first}</a></li>"));
            operate(&mut main, path, method, operation, document);
        }
        push(&mut nav, "</ul></details>");
        push(&mut main, "</section>");
    }
    push(&mut nav, "<a href=\"#schemas\">Schemas</a>");
    push(&mut main, "<section><h2 id=\"schemas\">Schemas</h2>");
    for (name, schema) in document.components["schemas"].as_object().into_iter().flatten() {
        describe(&mut main, name, schema);
    }
    push(&mut main, "</section>");
    let version = escaped(document.info["version"].as_str().unwrap_or_default());
    let under = format!(
        "Version {version} · <a href=\"/docs/errors\">Error codes</a> · <a href=\"/openapi.json\">OpenAPI document</a>"
    );
    whole("Tillwatch API", &under, &nav, &main)
}

/// The page of the error codes.
pub(super) fn errors() -> String {
    let mut nav = String::from("<details><summary>Codes</summary><ul>");
    let mut main = String::from(
        "<p>Every refusal is <code>application/problem+json</code> (RFC 9457) and carries one of these codes in \
         <code>code</code>. A code is never renamed and has one status.</p>",
    );
    for code in Code::ALL {
        let title = words(code.title());
        push(&mut nav, &format!("<li><a href=\"#{code}\">{code}</a></li>"));
        push(
            &mut main,
            &format!(
                "<article id=\"{code}\"><h3><code>{code}</code></h3><p class=\"note\">Status {}</p><p>{title}</p></article>",
                code.status()
            ),
        );
    }
    push(&mut nav, "</ul></details>");
    whole("Tillwatch error codes", "<a href=\"/docs\">API reference</a>", &nav, &main)
}

fn whole(title: &str, under: &str, nav: &str, main: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title>\
         <style>{STYLE}</style></head>\n<body><a class=\"skip\" href=\"#main\">Skip to the content</a>\
         <header class=\"top\"><h1>{title}</h1><p>{under}</p></header>\n\
         <div class=\"page\"><nav aria-label=\"Contents\">{nav}</nav>\n<main id=\"main\">{main}</main></div></body></html>\n"
    )
}

/// Every operation with its path and method, in the order of paths.
fn operations(document: &Document) -> impl Iterator<Item = (&str, &str, &Value)> {
    let items = document.paths.as_object().into_iter().flatten();
    items.flat_map(|(path, item)| {
        let members = item.as_object().into_iter().flatten();
        members.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

fn operate(page: &mut String, path: &str, method: &str, operation: &Value, document: &Document) {
    let id = escaped(operation["operationId"].as_str().unwrap_or_default());
    let summary = words(operation["summary"].as_str().unwrap_or_default());
    let call =
        format!("<span class=\"method {method}\">{}</span> <code>{}</code>", method.to_uppercase(), escaped(path));
    push(page, &format!("<article id=\"{id}\"><h3>{summary}</h3><p class=\"call\">{call}</p>"));
    for paragraph in operation["description"].as_str().unwrap_or_default().split("\n\n") {
        push(page, &format!("<p>{}</p>", words(paragraph)));
    }
    parameters(page, operation);
    if let Some(content) = operation["requestBody"]["content"].as_object() {
        push(page, "<h4>Body</h4>");
        contents(page, content, document);
    }
    push(page, "<h4>Answers</h4>");
    let mut refusals = String::new();
    for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
        let answer = target(answer).map_or(answer, |name| &document.components["responses"][name]);
        let what = words(answer["description"].as_str().unwrap_or_default());
        if status.starts_with('2') {
            let headers = answer["headers"].as_object().into_iter().flatten();
            let headers =
                headers.map(|(name, _)| format!("<code>{}</code>", escaped(name))).collect::<Vec<_>>().join(", ");
            push(page, &format!("<p><b>{}</b> {what}</p><p class=\"note\">Headers: {headers}</p>", escaped(status)));
            if let Some(content) = answer["content"].as_object() {
                contents(page, content, document);
            }
        } else {
            push(
                &mut refusals,
                &format!(
                    "<tr><td>{}</td><td class=\"words\">{what}</td><td>{}</td></tr>",
                    escaped(status),
                    codes(status)
                ),
            );
        }
    }
    push(
        page,
        "<details><summary>Refusals</summary><div class=\"scroll\"><table><tr><th>Status</th><th>Meaning</th><th>Codes</th></tr>",
    );
    push(page, &format!("{refusals}</table></div></details></article>"));
}

/// The codes of a status, as links.
fn codes(status: &str) -> String {
    let of = Code::ALL.iter().filter(|code| code.status().to_string() == status);
    of.map(|code| format!("<a href=\"/docs/errors#{code}\"><code>{code}</code></a>")).collect::<Vec<_>>().join(" ")
}

fn parameters(page: &mut String, operation: &Value) {
    let parameters = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
    if parameters.is_empty() {
        return;
    }
    push(
        page,
        "<h4>Parameters</h4><div class=\"scroll\"><table><tr><th>Name</th><th>In</th><th>Type</th><th>Meaning</th></tr>",
    );
    for parameter in parameters {
        let name = escaped(parameter["name"].as_str().unwrap_or_default());
        let must = if parameter["required"] == true { " <span class=\"must\">required</span>" } else { "" };
        let place = escaped(parameter["in"].as_str().unwrap_or_default());
        let (kind, what) = (linked(&parameter["schema"]), words(parameter["description"].as_str().unwrap_or_default()));
        push(
            page,
            &format!(
                "<tr><td><code>{name}</code>{must}</td><td>{place}</td><td>{kind}</td><td class=\"words\">{what}</td></tr>"
            ),
        );
    }
    push(page, "</table></div>");
}

/// The media types of a body: the fields of its schema, and the example.
fn contents(page: &mut String, content: &Map<String, Value>, document: &Document) {
    for (kind, media) in content {
        let schema = &media["schema"];
        let named = target(schema).map_or_else(String::new, |_| format!(": {}", linked(schema)));
        push(page, &format!("<p class=\"note\"><code>{}</code>{named}</p>", escaped(kind)));
        let resolved = target(schema).map_or(schema, |name| &document.components["schemas"][name]);
        push(page, &rows(resolved));
        let example = match &media["example"] {
            Value::Null => continue,
            Value::String(text) => text.clone(),
            other => serde_json::to_string_pretty(other).unwrap_or_default(),
        };
        push(
            page,
            &format!(
                "<details><summary>Example</summary><pre tabindex=\"0\"><code>{}</code></pre></details>",
                escaped(&example)
            ),
        );
    }
}

fn describe(page: &mut String, name: &str, schema: &Value) {
    push(page, &format!("<article id=\"schema-{0}\"><h3><code>{0}</code></h3>", escaped(name)));
    if let Some(what) = schema["description"].as_str() {
        push(page, &format!("<p>{}</p>", words(what)));
    }
    if schema["properties"].is_null() && schema["oneOf"].is_null() {
        push(page, &format!("<p>{}</p>", linked(schema)));
    }
    push(page, &rows(schema));
    push(page, "</article>");
}

fn push(page: &mut String, text: &str) {
    // Writing to a string does not fail.
    let _ = write!(page, "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::document;
    use crate::router::endpoints;

    #[test]
    fn the_page_shows_every_operation_and_schema_and_its_links_lead_somewhere() {
        let document = document(&endpoints());
        let page = reference(&document);
        let all = format!("{page}{}", errors());
        for (path, _, operation) in operations(&document) {
            let id = operation["operationId"].as_str().unwrap();
            assert!(page.contains(&format!("<article id=\"{id}\">")), "{id}");
            assert!(page.contains(path), "{path}");
        }
        for name in document.components["schemas"].as_object().unwrap().keys() {
            assert!(page.contains(&format!("id=\"schema-{name}\"")), "{name}");
        }
        for link in all.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            let anchor = link.trim_start_matches("/docs/errors").trim_start_matches('#');
            let known = ["", "/docs", "/openapi.json"].contains(&anchor) || all.contains(&format!("id=\"{anchor}\""));
            assert!(known, "{link} leads nowhere");
        }
        for loads in ["<script", "<link", "<img", "src=", "url(", "@import"] {
            assert!(!all.contains(loads), "the page loads something: {loads}");
        }
    }

    #[test]
    fn what_a_description_says_stays_text() {
        let mut document = document(&endpoints());
        let evil = "<script>alert('&')</script> \"quoted\" `<b>`";
        document.paths["/v1/me"]["get"]["summary"] = evil.into();
        document.paths["/v1/me"]["get"]["description"] = evil.into();
        document.components["schemas"]["Me"]["description"] = evil.into();
        let page = reference(&document);
        assert!(!page.contains("<script") && !page.contains("<b>`") && !page.contains("<code><b>"));
        assert!(
            page.contains(
                "&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt; &quot;quoted&quot; <code>&lt;b&gt;</code>"
            )
        );
    }

    #[test]
    fn the_page_of_errors_has_an_anchor_for_every_code() {
        let page = errors();
        for code in Code::ALL {
            assert!(
                page.contains(&format!("<article id=\"{code}\">")) && page.contains(&words(code.title())),
                "{code}"
            );
        }
    }
}
