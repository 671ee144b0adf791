//! Mails on their way: sent once, tried again, refused for good, and what the inviter sees of it.

use super::fake_smtp::{FakeSmtp, Mood};
use super::{accept, invited, retailer};
use crate::harness::service::{OwnService, own_service_with};
use crate::harness::tenant::{PASSWORD, text};
use crate::harness::{Tenant, eventually, own_database};
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;

async fn sending(mood: Mood) -> (FakeSmtp, OwnService, Tenant) {
    let server = FakeSmtp::start(mood).await;
    let config = server.config();
    let service = own_service_with(own_database().await, 6, move |options| options.mail = config);
    let retailer = retailer(&service).await;
    (server, service, retailer)
}

async fn invite(retailer: &Tenant, locale: &str) -> Value {
    let wish = json!({ "email": "li@shop.example", "role": "viewer", "locale": locale });
    retailer.owner.post("/v1/invitations", wish).await.ok()
}

/// Waits until the invitation says this of its mail.
async fn until(retailer: &Tenant, invitation: &Value, what: impl Fn(&Value) -> bool) -> Value {
    let path = format!("/v1/invitations/{}", text(&invitation["id"]));
    eventually("the mail", async || Some(retailer.owner.get(&path).await.ok()).filter(&what)).await
}

#[tokio::test]
async fn a_mail_is_sent_once_though_its_job_runs_twice_and_its_link_works() {
    let (server, service, retailer) = sending(Mood::Takes).await;
    let invitation = invite(&retailer, "en").await;
    until(&retailer, &invitation, |seen| seen["mail"] == "sent").await;
    let again = "INSERT INTO queue_jobs (job_id, for_tenant, kind, payload, request_id, state, run_at, created_at) \
        SELECT gen_random_uuid(), tenant_id, 'mail_send', jsonb_build_object('mail_id', $$MAIL$$), 'r', 'ready', now(), now() FROM mails";
    let id = service.database.texts("SELECT mail_id FROM mails").await;
    let id = tillwatch_shared::ids::MailId(id[0].parse().expect("a uuid"));
    service.database.execute(&again.replace("MAIL", &id.to_string())).await;
    retailer.settled().await;
    let taken = server.taken();
    assert_eq!(taken.len(), 1);
    let mail = &taken[0];
    assert_eq!((mail.to.as_str(), mail.header("To").as_str()), ("li@shop.example", "li@shop.example"));
    assert_eq!(mail.header("Message-ID"), format!("<{id}@service.example>"));
    assert!(mail.header("Subject").contains(&retailer.name), "{}", mail.raw);
    assert!(mail.body().contains("https://till.example/join#token=twl_"), "{}", mail.raw);
    // What was sent is forgotten here, and the token never was in a row.
    assert_eq!(service.database.texts("SELECT fields FROM mails").await, ["{}"]);
    let rows = service.database.texts("SELECT m::text FROM mails m UNION ALL SELECT i::text FROM invitations i UNION ALL SELECT q::text FROM queue_jobs q UNION ALL SELECT a::text FROM audit_entries a").await;
    assert!(rows.iter().all(|row| !row.contains(&mail.token())));
    assert_eq!(mail.token(), invited(&retailer, &invitation).await);
    accept(&retailer.anonymous, &mail.token(), "Li", PASSWORD).await.ok();
    service.stop().await;
}

#[tokio::test]
async fn a_server_that_cannot_now_is_asked_again() {
    for mood in [Mood::Later, Mood::Silent] {
        let (server, service, retailer) = sending(mood).await;
        let invitation = invite(&retailer, "zh-CN").await;
        let seen = until(&retailer, &invitation, |seen| !seen["mail_failure"].is_null()).await;
        assert_eq!(seen["mail"], "waiting", "{seen}");
        if mood == Mood::Later {
            assert!(text(&seen["mail_failure"]).contains("451 4.7.1"), "{seen}");
        }
        assert_eq!(server.taken().len(), 0);
        server.set(Mood::Takes);
        // The pause is over.
        service.database.execute("UPDATE queue_jobs SET run_at = now() WHERE kind = 'mail_send'").await;
        until(&retailer, &invitation, |seen| seen["mail"] == "sent").await;
        let taken = server.taken();
        assert_eq!(taken.len(), 1);
        assert!(taken[0].body().contains("邀请您"), "{}", taken[0].body());
        service.stop().await;
    }
}

#[tokio::test]
async fn a_refusal_for_good_is_shown_to_the_inviter_who_may_try_again_at_once() {
    let (server, service, retailer) = sending(Mood::Never).await;
    let invitation = invite(&retailer, "en").await;
    let seen = until(&retailer, &invitation, |seen| seen["mail"] == "failed").await;
    // What the server said names the receiver; its code says enough.
    assert_eq!(seen["mail_failure"], "the mail server answered 550 5.1.1");
    retailer.settled().await;
    server.set(Mood::Takes);
    let path = format!("/v1/invitations/{}/resend", text(&invitation["id"]));
    assert_eq!(retailer.owner.post(&path, json!({})).await.ok(), json!({ "changed": true }));
    until(&retailer, &invitation, |seen| seen["mail"] == "sent").await;
    assert_eq!(server.taken().len(), 1);
    service.stop().await;
}

#[tokio::test]
async fn a_wrong_setting_loses_no_mail() {
    let (server, service, retailer) = sending(Mood::NotFromYou).await;
    let invitation = invite(&retailer, "en").await;
    let seen = until(&retailer, &invitation, |seen| !seen["mail_failure"].is_null()).await;
    assert_eq!(
        (&seen["mail"], &seen["mail_failure"]),
        (&json!("waiting"), &json!("the mail server answered 550 5.7.1"))
    );
    // Somebody has mended it, and the pause is over.
    server.set(Mood::Takes);
    service.database.execute("UPDATE queue_jobs SET run_at = now() WHERE kind = 'mail_send'").await;
    until(&retailer, &invitation, |seen| seen["mail"] == "sent").await;
    assert_eq!(server.taken().len(), 1);
    service.stop().await;
}

#[tokio::test]
async fn a_forgotten_password_comes_by_mail_in_the_persons_language() {
    let (server, service, retailer) = sending(Mood::Takes).await;
    retailer.owner.patch("/v1/me", 1, json!({ "locale": "zh-CN" })).await.ok();
    retailer.anonymous.post("/v1/password/reset-request", json!({ "email": retailer.email })).await.ok();
    let mail = eventually("the mail", async || server.taken().first().cloned()).await;
    assert_eq!(mail.to, retailer.email);
    assert!(mail.body().contains("重置密码") && mail.body().contains("/new-password#token="), "{}", mail.body());
    let wish = json!({ "token": mail.token(), "password": "staple battery horse" });
    retailer.anonymous.post("/v1/password/reset", wish).await.ok();
    let notice = eventually("the notice", async || server.taken().get(1).cloned()).await;
    assert!(notice.body().contains("更改密码"), "{}", notice.body());
    retailer.sign_in(&retailer.email, PASSWORD).await.refused(Code::SignInFailed);
    assert_eq!(service.database.number("SELECT count(*) FROM mails WHERE to_address IS NOT NULL").await, 0);
    service.stop().await;
}

#[tokio::test]
async fn a_mail_whose_link_no_key_makes_any_more_says_so_and_can_be_sent_again() {
    let (server, service, retailer) = sending(Mood::Later).await;
    let invitation = invite(&retailer, "en").await;
    until(&retailer, &invitation, |seen| !seen["mail_failure"].is_null()).await;
    // As after SECRET_KEY was lost.
    service.database.execute("UPDATE mails SET token_hash = sha256('another')").await;
    server.set(Mood::Takes);
    service.database.execute("UPDATE queue_jobs SET run_at = now() WHERE kind = 'mail_send'").await;
    let seen = until(&retailer, &invitation, |seen| seen["mail"] == "failed").await;
    assert!(text(&seen["mail_failure"]).contains("another SECRET_KEY"), "{seen}");
    let path = format!("/v1/invitations/{}/resend", text(&invitation["id"]));
    retailer.owner.post(&path, json!({})).await.ok();
    until(&retailer, &invitation, |seen| seen["mail"] == "sent").await;
    assert_eq!(server.taken().len(), 1);
    service.stop().await;
}
