//! The description of the API as somebody reads it: the page, the error codes, and the document, from the binary.

use crate::harness::{Tenant, shared};
use tillwatch_shared::errors::Code;

#[tokio::test]
async fn the_reference_is_a_page_that_loads_and_runs_nothing() {
    let nobody = shared().anonymous();
    for (path, inside) in
        [("/docs", "<article id=\"campaigns_pause\">"), ("/docs/errors", "<article id=\"version_stale\">")]
    {
        let page = nobody.get(path).await;
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"), "{path}");
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        let text = page.text();
        assert!(text.starts_with("<!doctype html>") && text.contains(inside), "{path}");
        for loads in ["<script", "<link", "<img", "src=", "url(", "@import", "href=\"http"] {
            assert!(!text.contains(loads), "{path} loads something: {loads}");
        }
    }
}

#[tokio::test]
async fn the_document_is_served_as_it_is_committed() {
    let served = shared().anonymous().get("/openapi.json").await;
    assert_eq!((served.status, served.header("content-type")), (200, "application/json"));
    assert_eq!(served.body, super::openapi::document());
}

#[tokio::test]
async fn a_reader_who_has_a_sheet_is_told_that_it_is_the_same() {
    let nobody = shared().anonymous();
    for path in ["/docs", "/docs/errors", "/openapi.json"] {
        let first = nobody.get(path).await;
        let tag = first.header("etag").to_owned();
        assert!(tag.len() > 10 && first.header("cache-control").contains("max-age"), "{tag}");
        let again = nobody.send("GET", path, &[("if-none-match", &tag)], None).await;
        assert_eq!((again.status, again.bytes.len(), again.header("etag")), (304, 0, tag.as_str()), "{path}");
        let other = nobody.send("GET", path, &[("if-none-match", "\"another\"")], None).await;
        assert_eq!((other.status, &other.bytes), (200, &first.bytes), "{path}");
        let head = nobody.send("HEAD", path, &[], None).await;
        assert_eq!((head.status, head.bytes.len()), (200, 0), "{path}");
        let wrong = nobody.send("POST", path, &[], None).await;
        assert_eq!(wrong.header("allow"), "GET, HEAD", "{path}");
        wrong.refused(Code::MethodNotAllowed);
    }
}

#[tokio::test]
async fn every_problem_names_a_place_in_the_list_of_codes() {
    let owner = Tenant::sign_up().await.owner;
    let problem = owner.get("/v1/campaigns/nothing").await.refused(Code::NotFound);
    let (page, anchor) = problem["type"].as_str().and_then(|kind| kind.split_once('#')).expect("a page and an anchor");
    let page = owner.get(page).await;
    assert!(page.status == 200 && page.text().contains(&format!("id=\"{anchor}\"")), "{anchor}");
}

#[tokio::test]
async fn a_query_string_where_none_is_taken_is_refused() {
    let owner = Tenant::sign_up().await.owner;
    for path in ["/v1/me?verbose=1", "/v1/metrics?q=a", "/v1/tenant?x", "/.well-known/jwks.json?v=2"] {
        owner.get(path).await.refused(Code::MalformedQuery);
    }
    let refused = owner.get("/v1/staff?colour=red").await.refused(Code::MalformedQuery);
    assert_eq!(refused["errors"][0]["pointer"], "?colour");
    assert_eq!(owner.get("/v1/me?").await.status, 200, "nothing is asked by an empty one");
}
