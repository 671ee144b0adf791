//! How much may be asked. A limit of one a minute is tested, so that only a machine that stalls for a minute would let a
//! second request pass.

use super::limited;
use crate::harness::service::own_service_with;
use crate::harness::tenant::{PASSWORD, Style};
use crate::harness::{Answer, Client, Tenant, eventually, own_database};
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;
use tillwatch_backend::openapi;
use tillwatch_backend::platform::db::local::{LocalRedis, default_data_dir};
use tillwatch_backend::platform::http::endpoint::Access;
use tillwatch_backend::router::endpoints;
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Permission;

const KEYS: &str = "/.well-known/jwks.json";

/// A request from a client, as the proxy in front of the service tells its address.
async fn from(caller: &Client, client: &str, path: &str) -> Answer {
    caller.send("GET", path, &[("x-forwarded-for", client)], None).await
}

#[track_caller]
fn refused_for_a_while(answer: Answer, whose: &str) {
    let seconds: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert!(answer.header("ratelimit").contains(&format!("\"{whose}\";r=0;t=")), "{}", answer.header("ratelimit"));
    let problem = answer.refused(Code::TooManyRequests);
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("RateLimit-Policy")), "{problem}");
}

#[tokio::test]
async fn a_retailer_beyond_its_limit_waits_and_another_does_not() {
    let service = limited(|limits| limits.of_tenant = 1).await;
    let (mine, theirs) =
        (Tenant::sign_up_at(&service, Style::default()).await, Tenant::sign_up_at(&service, Style::default()).await);
    let first = mine.owner.get("/v1/me").await;
    let policy = r#""tenant";q=1;w=60, "concurrency";q=10000;qu="concurrent-requests""#;
    assert_eq!(first.header("ratelimit-policy"), policy);
    assert_eq!(first.header("ratelimit"), r#""tenant";r=0;t=60"#);
    first.ok();
    refused_for_a_while(mine.owner.get("/v1/me").await, "tenant");
    refused_for_a_while(mine.owner.get("/v1/campaigns").await, "tenant");
    theirs.owner.get("/v1/me").await.ok();
    // The bot's own requests are no retailer's, those for a chat user are.
    let bot = mine.bot().await;
    for _ in 0..3 {
        let claimed =
            bot.post("/v1/deliveries/claim", json!({ "transports": ["console"], "max": 1, "wait_ms": 0 })).await;
        assert_eq!(claimed.header("ratelimit"), "");
        claimed.ok();
    }
    service.stop().await;
}

#[tokio::test]
async fn a_token_has_a_limit_of_its_own_and_a_refused_permission_counts_before_it_is_audited() {
    let service = limited(|limits| limits.of_token = 1).await;
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let (partner, other) = (retailer.partner(&[]).await, retailer.partner(&[Permission::ChannelsRead]).await);
    let lacks = partner.get("/v1/channels").await;
    assert!(lacks.header("ratelimit").ends_with(r#""token";r=0;t=60"#), "{}", lacks.header("ratelimit"));
    lacks.refused(Code::PermissionDenied);
    for _ in 0..3 {
        refused_for_a_while(partner.get("/v1/channels").await, "token");
    }
    other.get("/v1/channels").await.ok();
    let denied = retailer.audited().await.iter().filter(|entry| entry["action"] == "permission.denied").count();
    assert_eq!(denied, 1, "what is beyond the limit costs nothing more");
    service.stop().await;
}

#[tokio::test]
async fn an_address_without_a_credential_that_works_is_counted_and_one_that_works_is_not() {
    let service = limited(|limits| limits.of_address = 1).await;
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let nobody = &retailer.anonymous;
    let first = from(nobody, "203.0.113.1", KEYS).await;
    assert_eq!(first.header("ratelimit-policy"), r#""address";q=1;w=60"#);
    first.ok();
    refused_for_a_while(from(nobody, "203.0.113.1", KEYS).await, "address");
    from(nobody, "203.0.113.2", KEYS).await.ok();
    // What a caller says of itself stands before what the proxy has added.
    refused_for_a_while(from(nobody, "203.0.113.9, 203.0.113.1", KEYS).await, "address");
    // One subscriber of IPv6 has many addresses.
    from(nobody, "2001:db8:1:2::1", KEYS).await.ok();
    refused_for_a_while(from(nobody, "2001:db8:1:2:ffff::9", KEYS).await, "address");
    // A credential that does not work is none.
    let lost = nobody.bearing("tw_live_0000000000000000000000000000000000000");
    from(&lost, "203.0.113.3", "/v1/me").await.refused(Code::CredentialInvalid);
    refused_for_a_while(from(&lost, "203.0.113.3", "/v1/me").await, "address");
    for _ in 0..3 {
        from(&retailer.owner, "203.0.113.3", "/v1/me").await.ok();
    }
    // What belongs to no operation is not counted, nor are the probes.
    for path in ["/livez", "/readyz", "/v1/nothing"] {
        assert_eq!(from(nobody, "203.0.113.4", path).await.header("ratelimit"), "", "{path}");
    }
    service.stop().await;
}

/// An API token that nobody was given, with the right check digits.
fn invented() -> String {
    tillwatch_backend::identity::secret::api_token()
}

#[tokio::test]
async fn invented_tokens_are_not_looked_up_for_an_address_that_has_sent_too_many() {
    let service = limited(|limits| limits.of_address = 1).await;
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let (known, unused) = (retailer.partner(&[]).await, retailer.partner(&[]).await);
    let (here, elsewhere) = ("203.0.113.1", "203.0.113.2");
    from(&known, here, "/v1/me").await.ok();
    let guess = retailer.anonymous.bearing(&invented());
    from(&guess, here, "/v1/me").await.refused(Code::CredentialInvalid);
    refused_for_a_while(from(&guess, here, "/v1/me").await, "address");
    // Nothing is looked up any more for it: neither another guess nor a token that nobody has used yet.
    for stranger in [&retailer.anonymous.bearing(&invented()), &unused] {
        refused_for_a_while(from(stranger, here, "/v1/me").await, "address");
    }
    // Whoever shares the address and has worked lately goes on, a look-up every second or not; so do others elsewhere.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    from(&known, here, "/v1/me").await.ok();
    from(&unused, elsewhere, "/v1/me").await.ok();
    service.stop().await;
}

#[tokio::test]
async fn the_credentials_of_a_suspended_retailer_are_counted_by_their_address() {
    let service = limited(|limits| limits.of_address = 1).await;
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let partner = retailer.partner(&[Permission::ChannelsRead]).await;
    service
        .database
        .execute(&format!("UPDATE tenants SET state = 'suspended' WHERE tenant_id = '{}'", retailer.id.0))
        .await;
    for (caller, client) in [(&partner, "203.0.113.1"), (&retailer.owner, "203.0.113.2")] {
        let refused = async || Some(from(caller, client, "/v1/channels").await).filter(|answer| answer.status == 403);
        eventually("the suspension", refused).await.refused(Code::TenantSuspended);
        refused_for_a_while(from(caller, client, "/v1/channels").await, "address");
    }
    service.stop().await;
}

#[tokio::test]
async fn a_chat_user_who_is_linked_to_nobody_is_not_counted_against_the_bot() {
    let retailer = Tenant::sign_up().await;
    let stranger = retailer.bot().await.on_behalf_of("discord/nowhere/nobody");
    let refused = stranger.get("/v1/channels").await;
    assert_eq!(refused.header("ratelimit"), "");
    refused.refused(Code::ChatUserNotLinked);
}

#[tokio::test]
async fn a_query_string_is_no_way_round_the_question_who_asks() {
    let service = limited(|limits| limits.of_address = 1).await;
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let nobody = &retailer.anonymous;
    from(nobody, "203.0.113.1", "/v1/me?x=1").await.refused(Code::CredentialMissing);
    refused_for_a_while(from(nobody, "203.0.113.1", "/v1/me?x=1").await, "address");
    let known = retailer.owner.get("/v1/me?x=1").await;
    assert!(known.header("ratelimit").contains("tenant"), "{}", known.header("ratelimit"));
    known.refused(Code::MalformedQuery);
    service.stop().await;
}

/// A Redis that nobody listens for.
fn dead_redis() -> String {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port").local_addr().expect("its address").port();
    format!("redis://127.0.0.1:{port}/")
}

#[tokio::test]
async fn without_its_redis_sign_in_its_throttle_and_the_limits_work() {
    let service = own_service_with(own_database().await, 8, |options| {
        options.redis_url = Some(dead_redis());
        options.limits.of_token = 1;
    });
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    retailer.sign_in(&retailer.email, PASSWORD).await.ok();
    for _ in 0..5 {
        retailer.sign_in(&retailer.email, "not the password").await.refused(Code::SignInFailed);
    }
    let long = "UPDATE directory_sign_in_attempts SET locked_until = now() + interval '10 minutes' WHERE locked_until IS NOT NULL";
    service.database.execute(long).await;
    retailer.sign_in(&retailer.email, PASSWORD).await.refused(Code::TooManyRequests);
    let partner = retailer.partner(&[]).await;
    partner.get("/v1/me").await.ok();
    refused_for_a_while(partner.get("/v1/me").await, "token");
    assert_eq!(service.anonymous().get("/readyz").await.text(), "ready");
    service.stop().await;
}

/// What Redis answers to an inline command.
fn redis_says(server: &LocalRedis, command: &str) -> String {
    let address = server.url().trim_start_matches("redis://").trim_end_matches('/').to_owned();
    let mut stream = TcpStream::connect(address).expect("Redis");
    stream.write_all(format!("{command}\r\nQUIT\r\n").as_bytes()).expect("a command");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    text
}

#[tokio::test]
async fn two_processes_with_one_redis_share_the_limits_and_it_learns_no_names() {
    let dir = default_data_dir().expect("a folder");
    let started = tokio::task::spawn_blocking(move || LocalRedis::start(&dir)).await.expect("the starting thread");
    let server = started.expect("a Redis for the tests");
    let database = own_database().await;
    let start = |url: String| {
        own_service_with(database.clone(), 8, |options| {
            options.redis_url = Some(url);
            options.limits.of_tenant = 1;
        })
    };
    let (one, other) = (start(server.url()), start(server.url()));
    let (retailer, mut client) = (Tenant::sign_up_at(&one, Style::default()).await, 0);
    for service in [&one, &other] {
        let nobody = service.anonymous();
        eventually("the service to reach Redis", async || {
            client += 1;
            let before = redis_says(&server, "DBSIZE");
            from(&nobody, &format!("198.18.{}.{}", client / 256, client % 256), KEYS).await.ok();
            (redis_says(&server, "DBSIZE") != before).then_some(())
        })
        .await;
    }
    let there = other.anonymous().bearing(retailer.owner.bearer());
    retailer.owner.get("/v1/me").await.ok();
    refused_for_a_while(there.get("/v1/me").await, "tenant");
    let keys = redis_says(&server, "KEYS *");
    assert!(keys.contains("tillwatch:rate:tenant:") && keys.contains("tillwatch:rate:address:"), "{keys}");
    for name in ["198.18.", "127.0.0.1", &retailer.id.to_string(), &retailer.id.0.to_string()] {
        assert!(!keys.contains(name), "{name} stands in {keys}");
    }
    for service in [one, other] {
        service.stop().await;
    }
    tokio::task::spawn_blocking(move || server.stop().expect("it stops")).await.expect("the stopping thread");
}

#[test]
fn the_document_tells_the_limits_of_every_operation_that_has_some() {
    let document = serde_json::to_value(openapi::document(&endpoints())).expect("JSON");
    for endpoint in &endpoints() {
        let place = format!("{} {}", endpoint.method_name(), endpoint.path);
        let answers = &document["paths"][&endpoint.path][endpoint.method_name().to_lowercase()]["responses"];
        let limited = endpoint.access != Access::Bot;
        assert_eq!(answers.get("429").is_some(), limited, "{place}");
        for (status, answer) in answers.as_object().expect("answers") {
            // Refusals are written once and referred to, by the bot's operations too.
            let answer = match answer["$ref"].as_str() {
                Some(name) => document.pointer(name.trim_start_matches('#')).expect("what is referred to"),
                None => answer,
            };
            for name in ["RateLimit", "RateLimit-Policy"] {
                let told = answer["headers"][name]["description"].is_string();
                assert!(told || !limited, "{place} {status}: {name}");
            }
            let waits = answer["headers"]["Retry-After"]["description"].is_string();
            assert_eq!(waits, ["429", "503"].contains(&status.as_str()), "{place} {status}");
        }
    }
}
