use super::*;
use crate::testing::things::{campaign, me};
use crate::testing::{FakeApi, actor, discord_actor, problem};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use tillwatch_shared::Locale;
use tillwatch_shared::permissions::Role;
use tillwatch_shared::plan::CampaignState;

fn answer(body: impl Serialize) -> (u16, Value) {
    (200, serde_json::to_value(body).unwrap())
}

#[tokio::test]
async fn one_token_serves_many_calls_each_on_the_actors_behalf() {
    let fake = FakeApi::start(|_| answer(me(Role::Owner, Locale::En))).await;
    let api = fake.api();
    api.me(&actor()).await.unwrap();
    api.me(&discord_actor()).await.unwrap();
    let all = fake.all();
    assert_eq!(all.iter().filter(|request| request.target == "/v1/bot/token").count(), 1);
    assert!(all[0].body["assertion"].as_str().unwrap().split('.').count() == 3);
    let seen = fake.seen();
    assert_eq!(seen[0].header("on-behalf-of"), Some("console/local/mei"));
    assert_eq!(seen[1].header("on-behalf-of"), Some("discord/11/13"));
    assert_eq!(seen[0].header("authorization"), Some("Bearer token-0"));
    let id = seen[0].header("x-request-id").unwrap();
    assert!(id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
    assert_ne!(seen[0].header("x-request-id"), seen[1].header("x-request-id"));
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_no_more() {
    let fake = FakeApi::start(|request| match request.header("authorization") {
        Some("Bearer token-1") => answer(me(Role::Owner, Locale::En)),
        _ => problem(Code::CredentialExpired),
    });
    let fake = fake.await;
    assert!(fake.api().me(&actor()).await.is_ok());
    assert_eq!(fake.seen().len(), 2);

    let stubborn = FakeApi::start(|_| problem(Code::CredentialInvalid)).await;
    let error = stubborn.api().me(&actor()).await.unwrap_err();
    assert_eq!((error.code(), stubborn.seen().len()), (Some(Code::CredentialInvalid), 2));
}

#[tokio::test]
async fn a_user_that_could_be_read_as_somebody_else_is_never_sent() {
    let fake = FakeApi::start(|_| answer(me(Role::Owner, Locale::En))).await;
    let api = fake.api();
    for user in ["", "a/b", "a b", "a\r\nX: y", "梅", &"a".repeat(65)] {
        let nobody = Actor { user: user.to_owned(), ..actor() };
        assert!(matches!(api.me(&nobody).await, Err(ApiError::Unexpected(_))), "{user:?}");
    }
    assert!(fake.all().is_empty());
}

#[tokio::test]
async fn a_busy_service_is_asked_again_and_not_for_ever() {
    let calls = AtomicUsize::new(0);
    let fake = FakeApi::start(move |_| match calls.fetch_add(1, Ordering::Relaxed) {
        0 | 1 | 3.. => problem(Code::Overloaded),
        2 => answer(me(Role::Owner, Locale::En)),
    });
    let fake = fake.await;
    let api = fake.api();
    assert!(api.me(&actor()).await.is_ok());
    let error = api.me(&actor()).await.unwrap_err();
    assert_eq!((error.code(), fake.seen().len()), (Some(Code::Overloaded), 6));
}

#[tokio::test]
async fn what_must_not_be_done_twice_is_asked_once_of_a_busy_service() {
    let fake = FakeApi::start(|_| problem(Code::Overloaded)).await;
    let api = fake.api();
    let claimed = api.claim(&[Transport::Discord], &[], 8, Duration::ZERO).await.unwrap_err();
    assert_eq!((claimed.code(), fake.seen().len()), (Some(Code::Overloaded), 1), "it may have leased already");
    assert!(api.redeem("CODE", &actor()).await.is_err());
    assert_eq!(fake.seen().len(), 2, "a code works once");
}

#[tokio::test]
async fn what_passes_is_told_from_what_stays() {
    let calls = AtomicUsize::new(0);
    let fake = FakeApi::start(move |_| match calls.fetch_add(1, Ordering::Relaxed) {
        0 => problem(Code::DatabaseUnavailable),
        1 => (502, json!("<html>Bad gateway</html>")),
        2 => (200, json!({ "not": "me" })),
        _ => problem(Code::PermissionDenied),
    });
    let (fake, asker) = (fake.await, actor());
    let api = fake.api();
    assert!(api.me(&asker).await.unwrap_err().is_passing());
    assert!(matches!(api.me(&asker).await, Err(ApiError::Unreachable(_))));
    assert!(matches!(api.me(&asker).await, Err(ApiError::Unexpected(_))));
    assert!(!api.me(&asker).await.unwrap_err().is_passing());

    let nobody = Api::new("http://127.0.0.1:1", BotKey::from_seed([7; 32])).unwrap();
    let error = nobody.me(&asker).await.unwrap_err();
    assert!(error.is_passing() && !error.to_string().contains("127.0.0.1"), "{error}");
}

#[tokio::test]
async fn queries_and_bodies_are_those_of_the_api() {
    let fake = FakeApi::start(|request| match request.what().as_str() {
        "GET /v1/campaigns" => (200, json!({ "data": [] })),
        _ => answer(StateChanged { changed: true, campaign: campaign(5, "a", None, CampaignState::Paused) }),
    });
    let (fake, asker) = (fake.await, actor());
    let api = fake.api();
    api.campaigns(&asker, Some("秋 &=x"), 25, None).await.unwrap();
    let id = CampaignId(uuid::Uuid::from_u128(5));
    api.pause(&asker, id, "too \"dear\"").await.unwrap();
    let seen = fake.seen();
    assert_eq!(seen[0].target, "/v1/campaigns?limit=25&q=%E7%A7%8B+%26%3Dx");
    assert_eq!(seen[1].what(), format!("POST /v1/campaigns/{id}/pause"));
    assert_eq!(seen[1].body, json!({ "reason": "too \"dear\"" }));
}
