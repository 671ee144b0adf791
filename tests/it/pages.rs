//! The pages behind the links in mails and in chats.

#![expect(clippy::expect_used, reason = "tests")]

use crate::harness::shared;
use crate::openapi::document;
use serde_json::Value;
use std::collections::BTreeSet;

/// What stands in `text` behind each `mark`, up to a quote.
fn named<'a>(text: &'a str, mark: &str) -> Vec<&'a str> {
    text.split(mark).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// The fields of the body that an operation takes, and those that it needs.
fn fields(document: &Value, path: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let schema = &document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"];
    let name = schema["$ref"].as_str().and_then(|link| link.rsplit('/').next()).expect("a body with a name");
    let schema = &document["components"]["schemas"][name];
    let all = schema["properties"].as_object().expect("fields").keys().cloned().collect();
    let needed = schema["required"].as_array().expect("fields").iter();
    (all, needed.map(|field| field.as_str().expect("a name").to_owned()).collect())
}

/// The page under a path, with the headers that a page has, and nothing in it that is loaded.
async fn page(path: &str) -> String {
    let nobody = shared().anonymous();
    let page = nobody.get(path).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"), "{path}");
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
    assert!(policy.contains("connect-src 'self'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    assert_eq!((page.header("referrer-policy"), page.header("x-content-type-options")), ("no-referrer", "nosniff"));
    let text = page.text();
    for loads in ["<link", "<img", "src=", "url(", "@import", "http:", "https:"] {
        assert!(!text.contains(loads), "{path} loads something: {loads}");
    }
    let again = nobody.send("GET", path, &[("if-none-match", page.header("etag"))], None).await;
    assert_eq!((again.status, again.bytes.len()), (304, 0));
    assert_eq!(nobody.send("POST", path, &[], None).await.status, 405);
    text
}

#[tokio::test]
async fn an_alerts_page_asks_the_api_for_what_it_takes_and_every_field_has_its_label() {
    let document = document();
    let text = page("/alert").await;
    let forms: Vec<&str> = text.split("<form ").skip(1).filter_map(|form| form.split("</form>").next()).collect();
    let taken: Vec<(&str, BTreeSet<String>)> = forms
        .iter()
        .map(|form| (named(form, "data-call=\"")[0], named(form, " name=\"").into_iter().map(str::to_owned).collect()))
        .collect();
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<String>>();
    assert_eq!(
        taken,
        [
            ("/v1/sessions", names(&["email", "password", "code", "tenant"])),
            ("/v1/alerts/{id}/acknowledge", names(&[])),
            ("/v1/campaigns/{id}/pause", names(&["reason"])),
        ]
    );
    for (path, sent) in taken.iter().filter(|(_, sent)| !sent.is_empty()) {
        let (all, needed) = fields(&document, path);
        assert!(sent.is_subset(&all) && needed.is_subset(sent), "{path} sends {sent:?} of {all:?}");
    }
    for (path, method) in
        [("/v1/alerts/{id}", "get"), ("/v1/alerts/{id}/acknowledge", "post"), ("/v1/sessions/sign-out", "post")]
    {
        assert!(document["paths"][path][method].is_object(), "{path}");
    }
    // By keyboard and by ear: each field has a label and a place where what is wrong with it is said.
    for name in named(&text, " name=\"").into_iter().filter(|name| *name != "viewport") {
        assert!(text.contains(&format!("<label for=\"{name}\"")), "{name} has no label");
        assert!(text.contains(&format!("id=\"{name}-wrong\" role=\"alert\"")), "{name} says nothing");
    }
    assert!(text.contains("<html lang=\"en\">") && text.contains("documentElement.lang = zh"), "its language is said");
}

#[tokio::test]
async fn a_mailed_link_opens_a_page_that_asks_the_api_for_what_it_takes() {
    let document = document();
    for (path, call) in [("/join", "/v1/invitations/accept"), ("/new-password", "/v1/password/reset")] {
        let text = page(path).await;
        // The form posts its fields and the token.
        assert_eq!(named(&text, "data-call=\""), [call]);
        let mut sent: BTreeSet<String> = named(&text, " name=\"").into_iter().map(str::to_owned).collect();
        sent.remove("viewport");
        sent.insert("token".to_owned());
        let (all, needed) = fields(&document, call);
        assert!(sent.is_subset(&all) && needed.is_subset(&sent), "{path} sends {sent:?} of {all:?}");
        // Whatever else the script calls is an operation too.
        for called in named(&text, "\"/v1/").iter().map(|rest| format!("/v1/{rest}")) {
            assert!(document["paths"][&called]["post"].is_object(), "{called}");
        }
    }
}
