//! How long things may take: a request, a long poll, a statement, a wait for a connection.

use crate::harness::service::own_service_with;
use crate::harness::tenant::Style;
use crate::harness::{OwnService, PATIENCE, Tenant, own_database};
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl as _;
use serde_json::json;
use std::time::{Duration, Instant};
use tillwatch_backend::app::App;
use tillwatch_backend::platform::db::POOL_WAIT;
use tillwatch_backend::platform::http::cors::Cors;
use tillwatch_backend::platform::http::who::Who;
use tillwatch_shared::errors::Code;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A body of which only the beginning comes; the whole answer as it came.
async fn slow_body(service: &OwnService, token: &str) -> (String, Duration) {
    let mut stream = TcpStream::connect(service.address).await.expect("it listens");
    let head = format!(
        "POST /v1/channels HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Length: 100\r\n\
         Content-Type: application/json\r\nOrigin: https://console.example\r\nConnection: close\r\n\r\n{{\"name\":"
    );
    let begun = Instant::now();
    stream.write_all(head.as_bytes()).await.expect("a head");
    let mut bytes = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes))
        .await
        .expect("an answer in time")
        .expect("an answer");
    (String::from_utf8_lossy(&bytes).to_lowercase(), begun.elapsed())
}

#[tokio::test]
async fn a_request_is_given_up_after_ten_seconds_and_a_long_poll_ends_before() {
    let service = own_service_with(own_database().await, 4, |options| {
        options.cors = Cors::parse("https://console.example").expect("an origin");
    });
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let bot = retailer.bot().await;
    let wish = |wait_ms: u32| json!({ "transports": ["console"], "max": 1, "wait_ms": wait_ms });
    bot.post("/v1/deliveries/claim", wish(8_001)).await.refused(Code::ValidationFailed);
    let poll = async {
        let begun = Instant::now();
        (bot.post("/v1/deliveries/claim", wish(8_000)).await, begun.elapsed())
    };
    let ((text, took), (claimed, waited)) = tokio::join!(slow_body(&service, retailer.owner.bearer()), poll);
    assert!(waited >= Duration::from_secs(8), "{waited:?}");
    assert_eq!(claimed.ok(), json!({ "data": [] }));
    assert!((10..20).contains(&took.as_secs()), "{took:?}");
    // It is told as every refusal is, though its request is gone.
    assert!(text.starts_with("http/1.1 503"), "{text}");
    for part in [
        "\"code\":\"overloaded\"",
        "content-type: application/problem+json",
        "retry-after: 1",
        "x-content-type-options: nosniff",
        "content-security-policy: default-src 'none'",
        "access-control-allow-origin: https://console.example",
        "ratelimit: \"tenant\";r=",
        "ratelimit-policy: \"tenant\";q=",
        "x-request-id: ",
    ] {
        assert!(text.contains(part), "{part} is missing: {text}");
    }
    // Its place and its connection are given back.
    retailer.channel("A").await;
    service.stop().await;
}

/// The status of the next answer on `stream`; `None` when the connection was closed.
async fn next_status(stream: &mut TcpStream) -> Option<String> {
    let (mut text, mut buffer) = (String::new(), [0; 4096]);
    loop {
        let read = tokio::time::timeout(PATIENCE, stream.read(&mut buffer)).await.expect("an answer in time");
        let read = read.ok().filter(|read| *read > 0)?;
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if length.is_some_and(|length: usize| body.len() >= length) {
            return head.split(' ').nth(1).map(str::to_owned);
        }
    }
}

#[tokio::test]
async fn a_refusal_of_a_small_body_keeps_the_connection_and_of_a_large_one_does_not() {
    let service = own_service_with(own_database().await, 2, |_| ());
    let head = |length: usize| {
        format!(
            "POST /v1/samples HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        )
    };
    let mut stream = TcpStream::connect(service.address).await.expect("it listens");
    for _ in 0..3 {
        // The body comes behind the refusal: its head was enough to refuse it.
        stream.write_all(head(2_000).as_bytes()).await.expect("a head");
        stream.write_all(&[b' '; 2_000]).await.expect("a body");
        assert_eq!(next_status(&mut stream).await.as_deref(), Some("401"));
    }
    stream.write_all(head(2_000_000).as_bytes()).await.expect("a head");
    assert_eq!(next_status(&mut stream).await.as_deref(), Some("401"));
    assert_eq!(next_status(&mut stream).await, None, "the rest of a large body is not read");
    service.stop().await;
}

#[derive(diesel::QueryableByName)]
struct Setting {
    #[diesel(sql_type = Text)]
    value: String,
}

#[tokio::test]
async fn every_connection_has_its_time_outs() {
    let service = own_service_with(own_database().await, 2, |_| ());
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let app = App::new(service.inside()).expect("pools");
    let who = Who::system(retailer.id, "test", "time-outs");
    for (name, value) in [("statement_timeout", "5s"), ("idle_in_transaction_session_timeout", "10s")] {
        let query = format!("SELECT current_setting('{name}') AS value");
        let seen = app.db.read(&who, async |tx| Ok(diesel::sql_query(&query).get_result::<Setting>(tx).await?)).await;
        assert_eq!(seen.expect("a setting").value, value, "{name} of the app role");
        let seen =
            app.db.system("time-outs", async |tx| Ok(diesel::sql_query(&query).get_result::<Setting>(tx).await?)).await;
        assert_eq!(seen.expect("a setting").value, value, "{name} of the system role");
    }
    assert_eq!(POOL_WAIT, Duration::from_secs(1));
    service.stop().await;
}
