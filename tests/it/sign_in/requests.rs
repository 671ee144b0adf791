//! Bodies, queries, headers and addresses that are wrong: each gets a problem that names the place.

use crate::harness::tenant::text;
use crate::harness::{Tenant, redacted, shared};
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;

#[tokio::test]
async fn a_wrong_body_is_told_where_it_is_wrong() {
    let retailer = Tenant::sign_up().await;
    let owner = &retailer.owner;
    let mut problems = serde_json::Map::new();
    for (what, body) in [
        ("unknown field", json!({ "name": "A", "kind": "email", "colour": "red" })),
        ("missing field", json!({ "kind": "email" })),
        ("wrong type", json!({ "name": 7, "kind": "email" })),
        ("wrong word", json!({ "name": "A", "kind": "pigeon" })),
        ("not an object", json!(["A", null, "email", null, null, "active"])),
        ("too long", json!({ "name": "x".repeat(121), "kind": "email", "external_key": "" })),
        ("a control character", json!({ "name": "A\u{0}B", "kind": "email" })),
        ("null for a text", json!({ "name": null, "kind": "email" })),
    ] {
        let problem = owner.post("/v1/channels", body).await.refused(Code::ValidationFailed);
        problems.insert(what.to_owned(), redacted(&problem));
    }
    insta::assert_json_snapshot!(problems);
    assert_eq!(owner.get("/v1/channels").await.ok()["data"], json!([]), "nothing was written");
}

#[tokio::test]
async fn a_body_that_is_no_json_is_told_so() {
    let owner = Tenant::sign_up().await.owner;
    let json_type = [("content-type", "application/json")];
    for (what, body) in [
        ("nothing", b"".to_vec()),
        ("half", b"{\"name\":".to_vec()),
        ("bad UTF-8", b"{\"name\":\"\xff\xfe\",\"kind\":\"email\"}".to_vec()),
        ("something behind", b"{\"name\":\"A\",\"kind\":\"email\"} {}".to_vec()),
        ("a lone surrogate", br#"{"name":"\ud800","kind":"email"}"#.to_vec()),
    ] {
        let answer = owner.send("POST", "/v1/channels", &json_type, Some(body)).await;
        assert_eq!(answer.status, 400, "{what}: {}", answer.text());
        answer.refused(Code::MalformedBody);
    }
    for bracket in ["[", "{\"name\":"] {
        let deep = bracket.repeat(5_000).into_bytes();
        owner.send("POST", "/v1/channels", &json_type, Some(deep)).await.refused(Code::ValidationFailed);
    }
    let fits = format!(r#"{{"name":"{}","kind":"email"}}"#, "x".repeat(64 * 1024));
    owner.send("POST", "/v1/channels", &json_type, Some(fits.into_bytes())).await.refused(Code::BodyTooLarge);
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
        let body = br#"{"name":"A","kind":"email"}"#.to_vec();
        owner
            .send("POST", "/v1/channels", &[("content-type", kind)], Some(body))
            .await
            .refused(Code::UnsupportedMediaType);
    }
    owner.send("POST", "/v1/channels", &[], Some(b"{}".to_vec())).await.refused(Code::UnsupportedMediaType);
    let with_charset = [("content-type", "application/json; charset=utf-8")];
    let body = br#"{"name":"A","kind":"email"}"#.to_vec();
    owner.send("POST", "/v1/channels", &with_charset, Some(body)).await.ok();
}

#[tokio::test]
async fn a_wrong_query_is_told_which_parameter() {
    let (owner, stranger) = (Tenant::sign_up().await, Tenant::sign_up().await.owner);
    for name in ["A", "B", "C"] {
        owner.channel(name).await;
    }
    for query in ["?colour=red", "?limit=many", "?limit=1&limit=2", "?limit=-1", "?stage=lost"] {
        let problem = owner.owner.get(&format!("/v1/channels{query}")).await.refused(Code::MalformedQuery);
        assert!(problem["errors"][0]["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{query}: {problem}");
    }
    for limit in [0, 201] {
        let problem = owner.owner.get(&format!("/v1/channels?limit={limit}")).await.refused(Code::ValidationFailed);
        assert_eq!(problem["errors"][0]["pointer"], "?limit");
    }
    let page = owner.owner.get("/v1/channels?limit=1").await.ok();
    let cursor = text(&page["next_cursor"]);
    let next = owner.owner.get(&format!("/v1/channels?limit=1&cursor={cursor}")).await.ok();
    assert_ne!(next["data"][0]["id"], page["data"][0]["id"]);
    // The cursor belongs to this retailer, this list, this filter.
    for path in ["/v1/campaigns?cursor=", "/v1/channels?stage=active&cursor=", "/v1/channels?cursor=x"] {
        owner.owner.get(&format!("{path}{cursor}")).await.refused(Code::InvalidCursor);
    }
    stranger.get(&format!("/v1/channels?limit=1&cursor={cursor}")).await.refused(Code::InvalidCursor);
}

#[tokio::test]
async fn a_version_must_be_named_and_be_the_present_one() {
    let retailer = Tenant::sign_up().await;
    let path = format!("/v1/channels/{}", retailer.channel("A").await);
    let wish = || Some(json!({ "name": "B" }).to_string().into_bytes());
    let kind = ("content-type", "application/json");
    retailer.owner.send("PATCH", &path, &[kind], wish()).await.refused(Code::PreconditionRequired);
    for odd in ["1", "W/\"1\"", "\"one\"", "*"] {
        retailer.owner.send("PATCH", &path, &[kind, ("if-match", odd)], wish()).await.refused(Code::MalformedHeader);
    }
    let answer = retailer.owner.patch(&path, 1, json!({ "name": "B" })).await;
    assert_eq!((answer.status, answer.header("etag")), (200, "\"2\""));
    retailer.owner.patch(&path, 1, json!({ "name": "C" })).await.refused(Code::VersionStale);
    assert_eq!(retailer.owner.get(&path).await.ok()["name"], "B");
}

#[tokio::test]
async fn a_request_keeps_its_id_and_a_bad_one_gets_another() {
    let retailer = Tenant::sign_up().await;
    let id = "my-request_42";
    let answer = retailer.owner.send("GET", "/v1/me", &[("x-request-id", id)], None).await;
    assert_eq!(answer.header("x-request-id"), id);
    let answer = retailer.anonymous.send("GET", "/v1/me", &[("x-request-id", id)], None).await;
    assert_eq!(answer.refused(Code::CredentialMissing)["request_id"], id);
    for bad in ["", "has space", "quote\"", &"x".repeat(65)] {
        let answer = retailer.owner.send("GET", "/v1/me", &[("x-request-id", bad)], None).await;
        let made = answer.header("x-request-id");
        assert!(made != bad && made.len() == 32, "{made}");
    }
    // It is kept with what was done.
    let body = json!({ "name": "A", "kind": "email" }).to_string().into_bytes();
    let headers = [("x-request-id", "why-this-channel"), ("content-type", "application/json")];
    retailer.owner.send("POST", "/v1/channels", &headers, Some(body)).await.ok();
    assert_eq!(retailer.audited().await[0]["request_id"], "why-this-channel");
}

#[tokio::test]
async fn an_address_that_is_not_there_and_a_method_that_is_not_taken() {
    let owner = Tenant::sign_up().await.owner;
    let problem = owner.get("/v1/nothing").await.refused(Code::NotFound);
    assert_eq!(problem["instance"], "/v1/nothing");
    for odd in ["/v1/channels/", "/v1/channels/not-an-id", "/v1//channels", "/v1/channels/%00", "/V1/me", "/"] {
        owner.get(odd).await.refused(Code::NotFound);
    }
    let answer = owner.send("PUT", "/v1/channels", &[], None).await;
    assert_eq!(answer.header("allow"), "GET, POST");
    answer.refused(Code::MethodNotAllowed);
    let answer = owner.send("GET", "/v1/sign-up", &[], None).await;
    assert_eq!(answer.header("allow"), "POST");
    answer.refused(Code::MethodNotAllowed);
    let head = owner.send("HEAD", "/v1/me", &[], None).await;
    assert_eq!((head.status, head.bytes.len()), (200, 0));
    for header in ["x-content-type-options", "cache-control", "x-request-id"] {
        assert!(!head.header(header).is_empty(), "{header}");
    }
}

#[tokio::test]
async fn a_credential_of_another_form_is_no_credential() {
    let retailer = Tenant::sign_up().await;
    let token = retailer.owner.bearer();
    for (header, code) in [
        ("Basic b2xpdmU6cGFzc3dvcmQ=".to_owned(), Code::CredentialMissing),
        (token.to_owned(), Code::CredentialMissing),
        ("Bearer".to_owned(), Code::CredentialMissing),
        (format!("Bearer {token} {token}"), Code::CredentialInvalid),
    ] {
        retailer.anonymous.send("GET", "/v1/me", &[("authorization", &header)], None).await.refused(code);
    }
    let answer = retailer.anonymous.send("GET", "/v1/me", &[("authorization", &format!("bEaReR {token}"))], None).await;
    answer.ok();
    let partner = retailer.partner(&[]).await;
    let mut secret = partner.bearer().to_owned();
    let last = if secret.pop() == Some('0') { '1' } else { '0' };
    retailer.anonymous.bearing(&format!("{secret}{last}")).get("/v1/me").await.refused(Code::CredentialInvalid);
    // Speaking for a chat user is the bot's alone; from others the header means nothing.
    let me: Value = retailer.owner.on_behalf_of("discord/1/2").get("/v1/me").await.ok();
    assert_eq!(me["tenant"]["id"], json!(retailer.id));
    let bot = retailer.bot().await;
    bot.on_behalf_of("nonsense").get("/v1/me").await.refused(Code::MalformedHeader);
    bot.on_behalf_of("discord/1/2").get("/v1/me").await.refused(Code::ChatUserNotLinked);
}

#[tokio::test]
async fn it_says_that_it_lives_and_is_ready() {
    let anonymous = shared().anonymous();
    assert_eq!(anonymous.get("/livez").await.text(), "alive");
    assert_eq!(anonymous.get("/readyz").await.text(), "ready");
}
