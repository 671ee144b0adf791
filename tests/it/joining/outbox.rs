//! `tillwatch mail`: what was kept because no mail server is set.

use super::{accept, retailer, service};
use crate::harness::program::tillwatch;
use crate::harness::service::SECRET;
use crate::harness::tenant::PASSWORD;
use crate::harness::{Database, OwnService};
use serde_json::json;
use std::process::Output;
use tillwatch_backend::platform::hex::hex;

/// Runs it on a database to its end.
async fn mail(database: &Database, words: &[&str], more: &[(&str, &str)]) -> Output {
    let mut command = tillwatch(words);
    command
        .env("DATABASE_URL", &database.app_url)
        .env("DATABASE_SYSTEM_URL", &database.system_url)
        .env("SECRET_KEY", hex(&SECRET));
    for (name, value) in more {
        command.env(name, value);
    }
    tokio::task::spawn_blocking(move || command.output().expect("the program runs")).await.expect("it ends")
}

fn said(output: &Output) -> (bool, String) {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (output.status.success(), String::from_utf8(text).expect("text"))
}

#[tokio::test]
async fn what_was_kept_is_listed_and_shown_with_a_link_that_works() {
    let service: OwnService = service().await;
    let database = &service.database;
    let (well, text) = said(&mail(database, &["mail"], &[]).await);
    assert!(well && text.contains("No mail is kept"), "{text}");
    let retailer = retailer(&service).await;
    for email in ["li@shop.example", "han@shop.example"] {
        retailer.owner.post("/v1/invitations", json!({ "email": email, "role": "viewer" })).await.ok();
    }
    retailer.settled().await;
    let (well, text) = said(&mail(database, &["mail"], &[]).await);
    let lines: Vec<&str> = text.lines().collect();
    assert!(well && lines[0].contains("han@shop.example") && lines[1].contains("li@shop.example"), "{text}");
    assert!(lines[0].contains("kept") && lines[0].contains(&retailer.name), "{text}");
    let id = lines[1].split_whitespace().find(|word| word.starts_with("mal_")).expect("an id");
    for which in ["2", id] {
        let (well, text) = said(&mail(database, &["mail", which], &[("PUBLIC_URL", "https://till.example")]).await);
        assert!(well && text.contains("To: li@shop.example"), "{text}");
        let token = text.split_once("https://till.example/join#token=").expect("a link").1;
        let token = token.split_whitespace().next().expect("a token");
        if which == id {
            accept(&retailer.anonymous, token, "Li", PASSWORD).await.ok();
        }
    }
    for (words, fault) in
        [(["mail", "3"], "no such mail"), (["mail", "x"], "neither a number"), (["mail", "0"], "neither")]
    {
        let (well, text) = said(&mail(database, &words, &[]).await);
        assert!(!well && text.contains(fault), "{text}");
    }
    // Under another key their links cannot be made, which hides no other mail.
    let other = [("SECRET_KEY", &*hex(&[9; 32]))];
    let (well, text) = said(&mail(database, &["mail"], &other).await);
    assert!(well && text.contains("No mail is kept"), "{text}");
    let smtp =
        [("SMTP_URL", "smtp://127.0.0.1:25"), ("MAIL_FROM", "a@b.example"), ("PUBLIC_URL", "https://till.example")];
    let (well, text) = said(&mail(database, &["mail"], &smtp).await);
    assert!(!well && text.contains("SMTP_URL is set"), "{text}");
    let (well, text) = said(&mail(database, &["mail"], &smtp[..1]).await);
    assert!(!well && text.contains("MAIL_FROM") && text.contains("PUBLIC_URL"), "{text}");
    service.stop().await;
}
