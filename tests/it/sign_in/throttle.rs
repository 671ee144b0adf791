//! The throttle of sign-in: guesses in a row and at once, for addresses with a login and without, and from one client.
//!
//! Counts are the whole service's, so each of these tests has a service of its own; and time passes in the database,
//! so that none of them depends on how fast the machine is.

use crate::harness::tenant::{PASSWORD, Style, patiently};
use crate::harness::{Answer, Client, Database, Tenant, eventually, own_database, own_service};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Instant;
use tillwatch_shared::errors::Code;

/// A try from a client, as the proxy in front of the service tells its address.
async fn attempt(anonymous: &Client, client: &str, email: &str, password: &str) -> Answer {
    let headers = [("content-type", "application/json"), ("x-forwarded-for", client)];
    let wish = json!({ "email": email, "password": password }).to_string();
    patiently(async || anonymous.send("POST", "/v1/sessions", &headers, Some(wish.clone().into_bytes())).await).await
}

/// Every lock that stands is over.
async fn time_passes(database: &Database) {
    database.execute("UPDATE directory_sign_in_attempts SET locked_until = now() - interval '1 second'").await;
}

/// Every lock that was set stands for a while, however long the test takes.
async fn time_stands_still(database: &Database) {
    let long = "UPDATE directory_sign_in_attempts SET locked_until = now() + interval '10 minutes' WHERE locked_until IS NOT NULL";
    database.execute(long).await;
}

#[tokio::test]
async fn a_hundred_guesses_at_once_are_a_handful() {
    let service = own_service(own_database().await, 8);
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let (started, anonymous) = (Instant::now(), &retailer.anonymous);
    let guesses = join_all((0..100).map(|number| {
        let (email, guess) = (retailer.email.clone(), format!("guess number {number}"));
        async move { anonymous.post("/v1/sessions", json!({ "email": email, "password": guess })).await }
    }));
    let answers = guesses.await;
    let of = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    let (looked_at, refused) = (of(401), of(429));
    assert_eq!(looked_at + refused + of(503), 100);
    // Five, and one more for each lock that ran out meanwhile: after 1, 3, 7 … seconds.
    let most = 5 + (started.elapsed().as_secs() + 2).ilog2();
    assert!((1..=most as usize).contains(&looked_at), "{looked_at} passwords were looked at, at most {most} may be");
    assert!(refused > 0, "the others were told to wait");
    // Each one that was looked at is counted, for the address and for the client: none was lost among the others.
    let counted = "SELECT failures FROM directory_sign_in_attempts";
    assert_eq!(service.database.texts(counted).await, vec![looked_at.to_string(); 2]);

    time_stands_still(&service.database).await;
    if looked_at >= 5 {
        retailer.sign_in(&retailer.email, PASSWORD).await.refused(Code::TooManyRequests);
    }
    time_passes(&service.database).await;
    retailer.sign_in(&retailer.email, PASSWORD).await.ok();
    // The right password forgives: wrong ones are free again.
    retailer.sign_in(&retailer.email, "not the password").await.refused(Code::SignInFailed);
    retailer.sign_in(&retailer.email, PASSWORD).await.ok();
    service.stop().await;
}

#[tokio::test]
async fn an_address_without_a_login_waits_as_one_that_has_one() {
    let service = own_service(own_database().await, 4);
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let mut told: Vec<Vec<Value>> = Vec::new();
    for (client, email) in [("203.0.113.1", retailer.email.as_str()), ("203.0.113.2", "nobody@retailer.example")] {
        let mut answers = Vec::new();
        for _ in 0..5 {
            answers.push(attempt(&retailer.anonymous, client, email, "not the password").await);
        }
        time_stands_still(&service.database).await;
        let waiting = attempt(&retailer.anonymous, client, email, "not the password").await;
        let seconds: u32 = waiting.header("retry-after").parse().expect("seconds");
        assert!((1..=600).contains(&seconds), "{seconds}");
        answers.push(waiting);
        time_passes(&service.database).await;
        // It is never locked for good, and the next wrong one makes it wait for longer.
        answers.push(attempt(&retailer.anonymous, client, email, "not the password").await);
        time_stands_still(&service.database).await;
        answers.push(attempt(&retailer.anonymous, client, email, "not the password").await);
        time_passes(&service.database).await;
        let shown = |answer: Answer| {
            let mut body = answer.body;
            body["request_id"] = Value::Null;
            body
        };
        told.push(answers.into_iter().map(shown).collect());
    }
    assert_eq!(told[0], told[1]);
    let statuses: Vec<i64> = told[0].iter().map(|body| body["status"].as_i64().expect("a status")).collect();
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 401, 429]);
    let longest = "SELECT max(failures) FROM directory_sign_in_attempts";
    assert_eq!(service.database.number(longest).await, 6);
    service.stop().await;
}

#[tokio::test]
async fn a_client_that_tries_many_addresses_waits_and_others_do_not() {
    let service = own_service(own_database().await, 4);
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let anonymous = &retailer.anonymous;
    let (client, other) = ("198.51.100.7", "198.51.100.8");
    for email in ["a@retailer.example", "b@retailer.example"] {
        attempt(anonymous, client, email, "not the password").await.refused(Code::SignInFailed);
    }
    // Each address was tried once, the client tried twice; forty-seven more would take a while.
    service.database.execute("UPDATE directory_sign_in_attempts SET failures = 49 WHERE failures = 2").await;
    attempt(anonymous, client, &retailer.email, PASSWORD).await.ok();
    attempt(anonymous, client, "c@retailer.example", "not the password").await.refused(Code::SignInFailed);
    time_stands_still(&service.database).await;
    attempt(anonymous, client, &retailer.email, PASSWORD).await.refused(Code::TooManyRequests);
    attempt(anonymous, other, &retailer.email, PASSWORD).await.ok();
    // What a caller says of itself stands before what the proxy has added.
    let forged = format!("{other}, {client}");
    attempt(anonymous, &forged, &retailer.email, PASSWORD).await.refused(Code::TooManyRequests);
    time_passes(&service.database).await;
    attempt(anonymous, client, &retailer.email, PASSWORD).await.ok();
    service.stop().await;
}

#[tokio::test]
async fn old_counts_are_swept() {
    let database = own_database().await;
    let row = |byte: &str, age: &str| {
        format!(
            "INSERT INTO directory_sign_in_attempts VALUES (decode(repeat('{byte}', 32), 'hex'), 7, NULL, now() - interval '{age}')"
        )
    };
    database.execute(&format!("{}; {}", row("aa", "25 hours"), row("bb", "23 hours"))).await;
    let service = own_service(database, 4);
    let left = "SELECT left(encode(key_hash, 'hex'), 2) FROM directory_sign_in_attempts";
    eventually("the old one to go", async || (service.database.texts(left).await == ["bb"]).then_some(())).await;
    service.stop().await;
}
