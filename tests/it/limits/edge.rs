//! The headers that every answer carries, and which sites' pages may call.

use crate::harness::service::own_service_with;
use crate::harness::{Answer, OwnService, own_database, shared};
use tillwatch_backend::platform::http::cors::Cors;

const CONSOLE: &str = "https://console.example";

/// Answers of every kind: from an operation, from the gate, and from the framework.
async fn answers(service: &OwnService, headers: &[(&str, &str)]) -> Vec<(u16, Answer)> {
    let nobody = service.anonymous();
    let json = [headers, &[("content-type", "application/json")]].concat();
    let large = Some(vec![b' '; 64 * 1024 + 1]);
    vec![
        (200, nobody.send("GET", "/.well-known/jwks.json", headers, None).await),
        (200, nobody.send("HEAD", "/.well-known/jwks.json", headers, None).await),
        (200, nobody.send("GET", "/livez", headers, None).await),
        (400, nobody.send("POST", "/v1/sessions", &json, Some(b"{".to_vec())).await),
        (401, nobody.send("GET", "/v1/me", headers, None).await),
        (404, nobody.send("GET", "/v1/nothing", headers, None).await),
        (405, nobody.send("PUT", "/v1/me", headers, None).await),
        (413, nobody.send("POST", "/v1/sessions", &json, large).await),
        (415, nobody.send("POST", "/v1/sessions", headers, Some(b"{}".to_vec())).await),
        (422, nobody.send("POST", "/v1/sessions", &json, Some(b"{}".to_vec())).await),
    ]
}

#[tokio::test]
async fn every_answer_says_that_it_is_data_which_nobody_runs_embeds_or_keeps() {
    for (status, answer) in answers(shared(), &[]).await {
        assert_eq!(answer.status, status, "{}", answer.asked);
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
            ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
            // Plain http on this machine: nothing to be strict about, and no page of another site may call.
            ("strict-transport-security", ""),
            ("access-control-allow-origin", ""),
            ("vary", ""),
        ] {
            assert_eq!(answer.header(name), value, "{} {status}: {name}", answer.asked);
        }
        assert!(!answer.header("x-request-id").is_empty(), "{}", answer.asked);
    }
    for (_, answer) in answers(shared(), &[("x-forwarded-proto", "https")]).await {
        assert_eq!(answer.header("strict-transport-security"), "max-age=31536000", "{}", answer.asked);
    }
}

#[tokio::test]
async fn a_page_of_a_named_site_may_call_and_read_and_no_other() {
    let service = own_service_with(own_database().await, 4, |options| {
        options.cors = Cors::parse("https://console.example, http://localhost:5173").expect("origins");
    });
    let nobody = service.anonymous();
    let preflight = async |origin: &str, path: &str| {
        let asks = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "if-match"),
        ];
        nobody.send("OPTIONS", path, &asks, None).await
    };
    for path in ["/v1/campaigns", "/v1/me", "/v1/nothing"] {
        let answer = preflight(CONSOLE, path).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, CONSOLE));
        let methods = answer.header("access-control-allow-methods");
        assert!(["GET", "POST", "PATCH", "DELETE"].iter().all(|method| methods.contains(method)), "{methods}");
        let headers = answer.header("access-control-allow-headers");
        for name in ["authorization", "content-type", "if-match", "idempotency-key", "x-request-id"] {
            assert!(headers.contains(name), "{headers}");
        }
        assert_eq!((answer.header("vary"), answer.header("access-control-max-age")), ("Origin", "600"));
        assert!(!answer.header("x-request-id").is_empty() && answer.bytes.is_empty());
    }
    for (status, answer) in answers(&service, &[("origin", CONSOLE)]).await {
        assert_eq!(
            (answer.status, answer.header("access-control-allow-origin")),
            (status, CONSOLE),
            "{}",
            answer.asked
        );
        let exposed = answer.header("access-control-expose-headers");
        for name in
            ["etag", "location", "retry-after", "ratelimit", "ratelimit-policy", "x-request-id", "idempotency-replayed"]
        {
            assert!(exposed.split(", ").any(|one| one == name), "{exposed} without {name}");
        }
        assert_eq!(answer.header("access-control-allow-credentials"), "", "no cookie is ever wanted");
    }
    for stranger in
        ["https://console.example.evil.example", "http://console.example", "https://CONSOLE.example", "null", "*"]
    {
        let asked = preflight(stranger, "/v1/campaigns").await;
        assert_eq!((asked.status, asked.header("access-control-allow-methods")), (405, ""), "{stranger}");
        for (_, answer) in answers(&service, &[("origin", stranger)]).await {
            assert_eq!(answer.header("access-control-allow-origin"), "", "{stranger}: {}", answer.asked);
            assert_eq!(answer.header("vary"), "Origin");
        }
    }
    service.stop().await;
}

#[tokio::test]
async fn headers_without_end_are_refused_and_nobody_else_notices() {
    let nobody = shared().anonymous();
    let endless = "x".repeat(300 * 1024);
    let answer = nobody.request("GET", "/v1/me", &[("x-anything", &endless)], None).send().await;
    assert!(answer.as_ref().map_or(true, |answer| answer.status().is_client_error()), "{answer:?}");
    let many: Vec<(String, String)> = (0..200).map(|number| (format!("x-h{number}"), "v".to_owned())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = nobody.request("GET", "/v1/me", &many, None).send().await;
    assert!(answer.as_ref().map_or(true, |answer| answer.status().is_client_error()), "{answer:?}");
    assert_eq!(nobody.get("/livez").await.text(), "alive");
}
