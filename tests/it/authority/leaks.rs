//! Tokens that were found where they do not belong.

use crate::harness::tenant::text;
use crate::harness::{Tenant, soon};
use serde_json::json;
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Permission;

/// Reports from a network of its own, so that tests do not use up each other's.
async fn report(retailer: &Tenant, network: u8, body: serde_json::Value) -> crate::harness::Answer {
    let from = format!("198.51.100.{network}");
    let headers = [("content-type", "application/json"), ("x-forwarded-for", from.as_str())];
    retailer.anonymous.send("POST", "/v1/leaked-tokens", &headers, Some(body.to_string().into_bytes())).await
}

#[tokio::test]
async fn a_reported_token_ends_at_once_and_the_answer_tells_nothing() {
    let retailer = Tenant::sign_up().await;
    let (leaked, other) =
        (retailer.partner(&[Permission::SamplesWrite]).await, retailer.partner(&[Permission::SamplesWrite]).await);
    let id = leaked.get("/v1/me").await.ok()["api_token"].clone();
    let source = "https://code.example/店铺/config.env#L3";
    let answers = [
        report(&retailer, 1, json!({ "token": leaked.bearer(), "source": source })).await,
        report(&retailer, 1, json!({ "token": leaked.bearer(), "source": source })).await,
        report(&retailer, 1, json!({ "token": "密码" })).await,
        report(&retailer, 1, json!({ "token": format!("tw_live_{}", "0".repeat(36)) })).await,
    ];
    for answer in answers {
        assert_eq!((answer.status, answer.text().as_str()), (202, "{\"received\":true}"));
    }
    soon("the token to end", async || (leaked.get("/v1/me").await.status == 401).then_some(())).await;
    leaked.get("/v1/me").await.refused(Code::CredentialInvalid);
    other.get("/v1/me").await.ok();
    let shown = retailer.owner.get(&format!("/v1/api-tokens/{}", text(&id))).await.ok();
    assert!(!shown["revoked_at"].is_null(), "{shown}");
    let audited = retailer.audited().await;
    let told: Vec<_> = audited.iter().filter(|entry| entry["action"] == "api_token.leaked").collect();
    assert_eq!(told.len(), 1, "a repeated report changes nothing: {audited:?}");
    assert_eq!((&told[0]["object"], &told[0]["via"]), (&id, &json!("leak report")));
    assert_eq!((&told[0]["after"]["ended"], &told[0]["after"]["source"]), (&json!("token"), &json!(source)));
    assert!(!told[0].to_string().contains(leaked.bearer()));
}

#[tokio::test]
async fn a_secret_that_was_rotated_out_ends_alone() {
    let retailer = Tenant::sign_up().await;
    let old = retailer.partner(&[Permission::SamplesWrite]).await;
    let id = text(&old.get("/v1/me").await.ok()["api_token"]).to_owned();
    let rotated = retailer.owner.post(&format!("/v1/api-tokens/{id}/rotate"), json!({})).await.ok();
    let new = retailer.anonymous.bearing(text(&rotated["secret"]));
    // A source that holds the token once more is not kept.
    report(&retailer, 2, json!({ "token": old.bearer(), "source": format!("see {}", old.bearer()) })).await.ok();
    soon("the secret to end", async || (old.get("/v1/me").await.status == 401).then_some(())).await;
    new.get("/v1/me").await.ok();
    let entry = retailer.audited().await.remove(0);
    assert_eq!(entry["after"]["ended"], "previous_secret");
    assert_eq!(entry["after"]["source"], json!(null));
    // The present one takes the token with it.
    report(&retailer, 2, json!({ "token": new.bearer() })).await.ok();
    soon("the token to end", async || (new.get("/v1/me").await.status == 401).then_some(())).await;
}

#[tokio::test]
async fn reports_are_checked_and_counted_by_network() {
    let retailer = Tenant::sign_up().await;
    for wrong in [
        json!({ "token": "" }),
        json!({ "token": "x".repeat(129) }),
        json!({ "token": "x", "source": "y".repeat(501) }),
    ] {
        report(&retailer, 3, wrong).await.refused(Code::ValidationFailed);
    }
    for _ in 0..60 {
        assert_eq!(report(&retailer, 4, json!({ "token": "x" })).await.status, 202);
    }
    let refused = report(&retailer, 4, json!({ "token": "x" })).await;
    assert!(refused.header("retry-after").parse::<u32>().is_ok_and(|wait| wait <= 3600), "{}", refused.text());
    refused.refused(Code::TooManyRequests);
    assert_eq!(report(&retailer, 5, json!({ "token": "x" })).await.status, 202, "another network is not to blame");
}

#[tokio::test]
async fn the_published_pattern_finds_our_tokens_and_its_checksum_proves_them() {
    let retailer = Tenant::sign_up().await;
    let answer = retailer.anonymous.get("/.well-known/tillwatch-token-pattern.json").await.ok();
    let partner = retailer.partner(&[]).await;
    let (token, alphabet) = (partner.bearer(), text(&answer["checksum"]["alphabet"]));
    assert_eq!((&answer["length"], &answer["report_url"]), (&json!(44), &json!("/v1/leaked-tokens")));
    assert_eq!(answer["pattern"], "\\btw_live_[0-9A-Za-z]{36}\\b");
    // As a scanner that knows nothing but this answer would prove them.
    let proves = |token: &str| {
        let (body, check) = token.split_at(token.len() - 6);
        let mut crc = !0_u32;
        for byte in body.bytes() {
            crc ^= u32::from(byte);
            for _ in 0..8 {
                crc = (crc >> 1) ^ (0xEDB8_8320 & (!(crc & 1)).wrapping_add(1));
            }
        }
        let value = check.chars().fold(0_u64, |sum, c| sum * 62 + alphabet.find(c).expect("a digit") as u64);
        u64::from(!crc) == value
    };
    assert!(token.starts_with(text(&answer["prefix"])) && proves(token));
    assert!(proves(text(&answer["example"])));
    assert!(!proves(&format!("{}{}", &token[..43], if token.ends_with('0') { '1' } else { '0' })));
    retailer.anonymous.bearing(text(&answer["example"])).get("/v1/me").await.refused(Code::CredentialInvalid);
}
