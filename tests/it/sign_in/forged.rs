//! Access tokens that are not ours, each refused for the one thing that is wrong with it.

use crate::harness::service::{OwnService, SECRET};
use crate::harness::tenant::{assertion, signing_key};
use crate::harness::{Client, Tenant};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Value, json};
use tillwatch_backend::identity::auth::keys::Keys;
use tillwatch_shared::errors::Code;

/// The service's own signing key, derived as the service derives it, so that each forgery is wrong in one thing only.
pub(crate) fn own_key() -> EncodingKey {
    let mut seed = [0; 32];
    hkdf::Hkdf::<sha2::Sha256>::new(Some(b"tillwatch"), &SECRET).expand(b"access-token-signing", &mut seed).unwrap();
    signing_key(seed)
}

/// A part of a token as JSON.
fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// A token of these parts, signed with `key`.
fn signed(header: &Value, claims: &Value, key: &EncodingKey, algorithm: Algorithm) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

/// `base` with one member replaced, or removed by null.
fn with(base: &Value, name: &str, value: Value) -> Value {
    let mut changed = base.clone();
    let map = changed.as_object_mut().unwrap();
    if value.is_null() {
        map.remove(name);
    } else {
        map.insert(name.to_owned(), value);
    }
    changed
}

async fn refused(caller: &Client, what: &str, token: &str) {
    let answer = caller.bearing(token).get("/v1/me").await;
    assert_eq!(answer.status, 401, "{what} was let in: {}", answer.text());
    answer.refused(Code::CredentialInvalid);
}

#[tokio::test]
async fn a_token_verifies_with_the_published_key() {
    let retailer = Tenant::sign_up().await;
    let jwks = retailer.anonymous.get("/.well-known/jwks.json").await.ok();
    let keys = jwks["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!(
        (&keys[0]["kty"], &keys[0]["crv"], &keys[0]["alg"], &keys[0]["use"]),
        (&json!("OKP"), &json!("Ed25519"), &json!("EdDSA"), &json!("sig"))
    );
    let token = retailer.owner.bearer();
    assert_eq!(part(token, 0), json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": keys[0]["kid"] }));
    let key = DecodingKey::from_ed_components(keys[0]["x"].as_str().unwrap()).unwrap();
    let mut rules = Validation::new(Algorithm::EdDSA);
    rules.set_audience(&["tillwatch-api"]);
    rules.set_issuer(&["tillwatch"]);
    let claims = jsonwebtoken::decode::<Value>(token, &key, &rules).unwrap().claims;
    assert_eq!(claims["tid"], json!(retailer.id));
    let lives = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(lives, 600, "ten minutes");
}

#[tokio::test]
async fn every_forgery_is_refused() {
    let retailer = Tenant::sign_up().await;
    let (nobody, token) = (&retailer.anonymous, retailer.owner.bearer());
    let (header, claims, key) = (part(token, 0), part(token, 1), own_key());
    let own = |header: &Value, claims: &Value| signed(header, claims, &key, Algorithm::EdDSA);
    // Signed with the right key and changed in nothing it is let in: what follows is refused for its one change.
    nobody.bearing(&own(&header, &claims)).get("/v1/me").await.ok();

    let now = chrono::Utc::now().timestamp();
    for (name, value) in [
        ("aud", json!("another-api")),
        ("aud", Value::Null),
        ("iss", json!("somebody")),
        ("iss", Value::Null),
        ("exp", json!("9999999999")),
        ("exp", Value::Null),
        ("nbf", json!(now + 3600)),
        ("nbf", Value::Null),
        ("sub", Value::Null),
        ("sid", Value::Null),
        ("tid", Value::Null),
        ("sid", json!(tillwatch_shared::ids::SessionId::new())),
        ("tid", json!(tillwatch_shared::ids::TenantId::new())),
        ("tid", json!("everyone")),
    ] {
        refused(nobody, &format!("{name} = {value}"), &own(&header, &with(&claims, name, value.clone()))).await;
    }
    for (name, value) in [
        ("kid", json!("unknown")),
        ("kid", Value::Null),
        ("typ", json!("JWT")),
        ("typ", Value::Null),
        ("alg", json!("HS256")),
        ("alg", json!("none")),
        ("alg", json!("ES256")),
    ] {
        refused(nobody, &format!("header {name} = {value}"), &own(&with(&header, name, value.clone()), &claims)).await;
    }
    // Where a key is to be found, says the header for nothing: ours is looked up by its id and nowhere else.
    for (name, value) in [("jku", "https://attacker.example/jwks.json"), ("x5u", "https://attacker.example/cert")] {
        nobody.bearing(&own(&with(&header, name, json!(value)), &claims)).get("/v1/me").await.ok();
    }
    let past = with(&with(&with(&claims, "exp", json!(now - 60)), "nbf", json!(now - 700)), "iat", json!(now - 700));
    nobody.bearing(&own(&header, &past)).get("/v1/me").await.refused(Code::CredentialExpired);
}

#[tokio::test]
async fn a_key_that_is_not_ours_opens_nothing() {
    let (retailer, other) = (Tenant::sign_up().await, Tenant::sign_up().await);
    let (nobody, token) = (&retailer.anonymous, retailer.owner.bearer());
    let (header, claims) = (part(token, 0), part(token, 1));
    let published = retailer.anonymous.get("/.well-known/jwks.json").await.ok()["keys"][0].clone();
    let x = published["x"].as_str().unwrap();

    let none = with(&header, "alg", json!("none"));
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    refused(nobody, "alg none", &format!("{}.{}.", encode(&none), encode(&claims))).await;
    let hs256 = with(&header, "alg", json!("HS256"));
    for secret in [URL_SAFE_NO_PAD.decode(x).unwrap(), x.as_bytes().to_vec(), published.to_string().into_bytes()] {
        let token = signed(&hs256, &claims, &EncodingKey::from_secret(&secret), Algorithm::HS256);
        refused(nobody, "HS256 with the public key", &token).await;
    }
    let attackers = signing_key([66; 32]);
    refused(nobody, "another key", &signed(&header, &claims, &attackers, Algorithm::EdDSA)).await;
    // The bot's key signs assertions and no access tokens.
    let bots = signing_key(OwnService::keys().bot_seed());
    refused(nobody, "the bot's key", &signed(&header, &claims, &bots, Algorithm::EdDSA)).await;
    refused(nobody, "an assertion", &assertion()).await;
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": "2Vbx6BrYvVXN9sQmW9mYtfxWVp0CZfIhNlBFNzAgsGc" });
    for (name, value) in [
        ("jwk", jwk),
        ("jku", json!("https://attacker.example/jwks.json")),
        ("x5u", json!("https://attacker.example/cert")),
    ] {
        for kid in [json!("theirs"), header["kid"].clone(), Value::Null] {
            let header = with(&with(&header, name, value.clone()), "kid", kid);
            refused(nobody, name, &signed(&header, &claims, &attackers, Algorithm::EdDSA)).await;
        }
    }
    // Another installation's token: all is right but the key and its id.
    let foreign = Keys::new([9; 32], None).unwrap();
    let ids = (retailer.id, tillwatch_shared::ids::StaffId::new(), tillwatch_shared::ids::SessionId::new());
    let theirs = foreign.access_token(ids.0, ids.1, ids.2, chrono::Utc::now()).unwrap();
    refused(nobody, "another installation's token", &theirs).await;
    let kid = with(&header, "kid", json!(foreign.jwks().keys[0].kid));
    refused(nobody, "another installation's kid", &signed(&kid, &claims, &own_key(), Algorithm::EdDSA)).await;

    let parts: Vec<&str> = token.split('.').collect();
    let theirs: Vec<&str> = other.owner.bearer().split('.').collect();
    refused(nobody, "another's payload", &[parts[0], theirs[1], parts[2]].join(".")).await;
    refused(nobody, "another's signature", &[parts[0], parts[1], theirs[2]].join(".")).await;
    refused(nobody, "no signature", &format!("{}.{}", parts[0], parts[1])).await;
    for cut in [1, 10, parts[2].len()] {
        refused(nobody, "cut short", &token[..token.len() - cut]).await;
    }
    refused(nobody, "8 KiB", &"a".repeat(8192)).await;
    refused(nobody, "dots", "..").await;
    let flipped = if token.ends_with('A') { "Q" } else { "A" };
    refused(nobody, "a changed signature", &format!("{}{flipped}", &token[..token.len() - 1])).await;
    retailer.owner.get("/v1/me").await.ok();
}

#[tokio::test]
async fn a_bots_assertion_must_be_its_own_fresh_and_for_us() {
    let anonymous = crate::harness::shared().anonymous();
    let now = chrono::Utc::now().timestamp();
    let claims = json!({
        "iss": "tillwatch-bot", "sub": "tillwatch-bot", "aud": "tillwatch", "iat": now, "exp": now + 55,
        "jti": uuid::Uuid::now_v7().to_string(),
    });
    let key = signing_key(OwnService::keys().bot_seed());
    let ask = async |claims: &Value, key: &EncodingKey| {
        let assertion = jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), claims, key).unwrap();
        anonymous.post("/v1/bot/token", json!({ "assertion": assertion })).await
    };
    assert_eq!(ask(&claims, &key).await.ok()["expires_in"], 600);
    let again = ask(&claims, &key).await;
    assert!(again.text().contains("used before"), "{}", again.text());
    again.refused(Code::CredentialInvalid);
    ask(&claims, &signing_key([66; 32])).await.refused(Code::CredentialInvalid);
    for (name, value) in [
        ("aud", json!("another-service")),
        ("iss", json!("somebody")),
        ("sub", json!("somebody")),
        ("exp", json!(now + 3600)),
        ("exp", json!(now - 60)),
        ("iat", json!(now - 3600)),
        ("jti", json!("")),
        ("jti", json!("x".repeat(65))),
        ("jti", json!(7)),
    ] {
        let unused = with(&claims, "jti", json!(uuid::Uuid::now_v7().to_string()));
        let answer = ask(&with(&unused, name, value.clone()), &key).await;
        assert_eq!(answer.status, 401, "{name} = {value}: {}", answer.text());
    }
}
