//! The second factor: enrolled, asked for at sign-in, its codes used once, its secret kept sealed.

use super::{actions, code, enrol, person, post_from, proof_ages, signed_in, somewhere, step_passes};
use crate::harness::service::{SECRET, own_service_with};
use crate::harness::tenant::{PASSWORD, Style, patiently, text};
use crate::harness::{Answer, Tenant, becomes, eventually, own_database, own_service};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::{Permission, Role};

async fn sign_in(tenant: &Tenant, email: &str, code: Option<&str>, from: &str) -> Answer {
    let mut wish = json!({ "email": email, "password": PASSWORD });
    if let Some(code) = code {
        wish["code"] = json!(code);
    }
    post_from(&tenant.anonymous, from, "/v1/sessions", &wish).await
}

fn reason(problem: &Value) -> (&Value, &Value) {
    (&problem["errors"][0]["pointer"], &problem["errors"][0]["code"])
}

#[tokio::test]
async fn an_authenticator_is_enrolled_asked_for_and_removed() {
    let retailer = Tenant::sign_up().await;
    let (staff, from) = (person(&retailer, Role::Marketer).await, somewhere());
    let none = json!({ "enrolled_at": null, "recovery_codes_left": 0, "required": false });
    assert_eq!(staff.client.get("/v1/second-factor").await.ok(), none);
    let confirm = "/v1/second-factor/confirm";
    staff.client.post(confirm, json!({ "code": "123456" })).await.refused(Code::StateConflict);
    staff.client.post("/v1/second-factor/recovery-codes", json!({})).await.refused(Code::StateConflict);

    let begun = staff.client.post("/v1/second-factor", json!({})).await.ok();
    let void = text(&begun["secret"]).to_owned();
    let uri = text(&begun["otpauth_uri"]);
    assert!(uri.starts_with("otpauth://totp/Tillwatch:") && uri.contains(&void), "{uri}");
    // Begun is not enrolled: nothing is asked for, and it can be begun anew.
    sign_in(&retailer, &staff.email, None, &from).await.ok();
    let begun = staff.client.post("/v1/second-factor", json!({})).await.ok();
    let secret = text(&begun["secret"]).to_owned();
    assert_ne!(secret, void);
    for wrong in ["000000", &code(&void), "六位数字不是", "ABCD-EFGH-JKMN-PQRS"] {
        let problem = staff.client.post(confirm, json!({ "code": wrong })).await.refused(Code::ValidationFailed);
        assert_eq!(reason(&problem), (&json!("/code"), &json!("wrong")), "{wrong}");
    }
    for wrong in ["", "1", &"1".repeat(65)] {
        staff.client.post(confirm, json!({ "code": wrong })).await.refused(Code::ValidationFailed);
    }
    let first = code(&secret);
    let confirmed = staff.client.post(confirm, json!({ "code": first })).await.ok();
    assert_eq!(confirmed["codes"].as_array().unwrap().len(), 10);
    staff.client.post("/v1/second-factor", json!({})).await.refused(Code::StateConflict);
    let state = staff.client.get("/v1/second-factor").await.ok();
    assert_eq!((state["enrolled_at"].is_string(), &state["recovery_codes_left"]), (true, &json!(10)));

    // Only after the right password is anybody told that a code is needed.
    let wrong = json!({ "email": staff.email, "password": "not the password", "code": code(&secret) });
    post_from(&retailer.anonymous, &from, "/v1/sessions", &wrong).await.refused(Code::SignInFailed);
    let problem = sign_in(&retailer, &staff.email, None, &from).await.refused(Code::SecondFactorRequired);
    assert_eq!(reason(&problem), (&json!("/code"), &json!("required")));
    // The code of the enrolling was used up by it.
    let used = sign_in(&retailer, &staff.email, Some(&first), &from).await;
    assert_eq!(reason(&used.refused(Code::SecondFactorRequired)), (&json!("/code"), &json!("wrong")));
    step_passes(&retailer, &staff.email).await;
    let fresh = code(&secret);
    let spaced = format!(" {} {} ", &fresh[..3], &fresh[3..]);
    let signed = sign_in(&retailer, &staff.email, Some(&spaced), &from).await.ok();
    let again = signed_in(&retailer, &staff.email, &signed);
    sign_in(&retailer, &staff.email, Some(&fresh), &from).await.refused(Code::SecondFactorRequired);
    // Refreshing does not ask again.
    let refresh = json!({ "refresh_token": again.refresh_token });
    retailer.anonymous.post("/v1/sessions/refresh", refresh).await.ok();

    let remove = "/v1/second-factor/remove";
    step_passes(&retailer, &staff.email).await;
    let wrong = json!({ "password": "not the password", "code": code(&secret) });
    post_from(&again.client, &from, remove, &wrong).await.refused(Code::SignInFailed);
    let wrong = json!({ "password": PASSWORD, "code": "000000" });
    post_from(&again.client, &from, remove, &wrong).await.refused(Code::SecondFactorRequired);
    let right = json!({ "password": PASSWORD, "code": code(&secret) });
    assert_eq!(post_from(&again.client, &from, remove, &right).await.ok(), json!({ "changed": true }));
    post_from(&again.client, &from, remove, &right).await.refused(Code::StateConflict);
    assert_eq!(again.client.get("/v1/second-factor").await.ok(), none);
    sign_in(&retailer, &staff.email, None, &from).await.ok();
    let told = actions(&retailer.owner, &staff.id).await;
    let wanted = ["removed", "enrolled", "begun", "begun"].map(|step| format!("second_factor.{step}"));
    assert_eq!(told, wanted);
}

#[tokio::test]
async fn a_recovery_code_stands_in_once_and_a_new_set_voids_the_old() {
    let retailer = Tenant::sign_up().await;
    let (staff, from) = (person(&retailer, Role::Analyst).await, somewhere());
    let (secret, codes) = enrol(&staff.client).await;
    sign_in(&retailer, &staff.email, Some(&codes[0]), &from).await.ok();
    sign_in(&retailer, &staff.email, Some(&codes[0]), &from).await.refused(Code::SecondFactorRequired);
    let typed = codes[1].to_lowercase().replace('-', " ");
    sign_in(&retailer, &staff.email, Some(&typed), &from).await.ok();
    assert_eq!(staff.client.get("/v1/second-factor").await.ok()["recovery_codes_left"], 8);
    let told = actions(&retailer.owner, &staff.id).await;
    assert_eq!(told[..2], ["second_factor.recovery_code_used"; 2].map(str::to_owned));

    let renew = "/v1/second-factor/recovery-codes";
    proof_ages(&retailer, &staff.session).await;
    staff.client.post(renew, json!({})).await.refused(Code::ReauthenticationRequired);
    // Who one is, is proven with the code as well.
    let reauthenticate = "/v1/sessions/reauthenticate";
    let bare = post_from(&staff.client, &from, reauthenticate, &json!({ "password": PASSWORD })).await;
    bare.refused(Code::SecondFactorRequired);
    step_passes(&retailer, &staff.email).await;
    let whole = json!({ "password": PASSWORD, "code": code(&secret) });
    post_from(&staff.client, &from, reauthenticate, &whole).await.ok();
    let renewed = staff.client.post(renew, json!({})).await.ok();
    assert_eq!(staff.client.get("/v1/second-factor").await.ok()["recovery_codes_left"], 10);
    sign_in(&retailer, &staff.email, Some(&codes[2]), &from).await.refused(Code::SecondFactorRequired);
    sign_in(&retailer, &staff.email, Some(text(&renewed["codes"][9])), &from).await.ok();
    // Another person's code is nobody's.
    let (other, from) = (person(&retailer, Role::Analyst).await, somewhere());
    enrol(&other.client).await;
    let theirs = text(&renewed["codes"][0]);
    sign_in(&retailer, &other.email, Some(theirs), &from).await.refused(Code::SecondFactorRequired);
}

#[tokio::test]
async fn one_code_shown_many_times_at_once_opens_one_session() {
    let retailer = Tenant::sign_up().await;
    let staff = person(&retailer, Role::Analyst).await;
    let (secret, codes) = enrol(&staff.client).await;
    step_passes(&retailer, &staff.email).await;
    for shown in [code(&secret), codes[0].clone()] {
        let tries = (0..4).map(|_| {
            let (anonymous, from) = (retailer.anonymous.clone(), somewhere());
            let wish = json!({ "email": staff.email, "password": PASSWORD, "code": shown });
            async move { post_from(&anonymous, &from, "/v1/sessions", &wish).await.status }
        });
        let statuses = join_all(tries).await;
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| [201, 401, 429].contains(status)), "{statuses:?}");
    }
}

#[tokio::test]
async fn codes_are_guessed_no_faster_than_passwords_and_a_password_forgives_nothing() {
    let service = own_service(own_database().await, 4);
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let staff = person(&retailer, Role::Marketer).await;
    let (secret, _) = enrol(&staff.client).await;
    step_passes(&retailer, &staff.email).await;
    let stand_still = "UPDATE directory_sign_in_attempts SET locked_until = now() + interval '10 minutes' WHERE locked_until IS NOT NULL";
    for guess in 0..5 {
        // Between two guesses the password alone, which is right: it must not begin the count anew.
        sign_in(&retailer, &staff.email, None, &somewhere()).await.refused(Code::SecondFactorRequired);
        let guessed = sign_in(&retailer, &staff.email, Some(&format!("00000{guess}")), &somewhere()).await;
        guessed.refused(Code::SecondFactorRequired);
    }
    service.database.execute(stand_still).await;
    let waiting = sign_in(&retailer, &staff.email, Some(&code(&secret)), &somewhere()).await;
    assert!(!waiting.header("retry-after").is_empty());
    waiting.refused(Code::TooManyRequests);
    // The session that is there proves itself against the same count.
    let whole = json!({ "password": PASSWORD, "code": code(&secret) });
    let reauthenticate = post_from(&staff.client, &somewhere(), "/v1/sessions/reauthenticate", &whole).await;
    reauthenticate.refused(Code::TooManyRequests);
    let over = "UPDATE directory_sign_in_attempts SET locked_until = now() - interval '1 second'";
    service.database.execute(over).await;
    sign_in(&retailer, &staff.email, Some(&code(&secret)), &somewhere()).await.ok();
    service.stop().await;
}

#[tokio::test]
async fn what_is_kept_tells_no_secret_and_outlives_a_change_of_the_services_key() {
    const NEXT: [u8; 32] = [8; 32];
    let database = own_database().await;
    let service = own_service(database.clone(), 4);
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let staff = person(&retailer, Role::Admin).await;
    let (secret, codes) = enrol(&staff.client).await;
    let bytes = totp_rs::Secret::Encoded(secret.clone()).to_bytes().unwrap();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let kept = "SELECT f::text FROM directory_second_factors f UNION ALL SELECT c::text FROM directory_recovery_codes c \
                UNION ALL SELECT a::text FROM audit_entries a";
    let kept = database.texts(kept).await.join("\n");
    assert!(kept.contains("second_factor.enrolled") && kept.lines().count() > 11, "{kept}");
    for told in [&secret, &hex, &codes[0], &codes[0].replace('-', "")] {
        assert!(!kept.contains(told.as_str()), "{told} is kept: {kept}");
    }
    service.stop().await;

    let sealed_with = "SELECT sealed_with FROM directory_second_factors";
    let before = database.texts(sealed_with).await;
    let service = own_service_with(database.clone(), 4, |options| {
        options.secret = NEXT;
        options.previous_secret = Some(SECRET);
    });
    let sign_in_at = async |service: &crate::harness::OwnService| {
        step_passes(&retailer, &staff.email).await;
        let wish = json!({ "email": staff.email, "password": PASSWORD, "code": code(&secret) });
        patiently(async || service.anonymous().post("/v1/sessions", &wish).await).await
    };
    sign_in_at(&service).await.ok();
    eventually("the secret to be sealed anew", async || (database.texts(sealed_with).await != before).then_some(()))
        .await;
    service.stop().await;
    let service = own_service_with(database, 4, |options| options.secret = NEXT);
    sign_in_at(&service).await.ok();
    service.stop().await;
}

#[tokio::test]
async fn a_second_factor_is_a_persons_own() {
    let retailer = Tenant::sign_up().await;
    let partner = retailer.partner(&[Permission::TenantRead]).await;
    partner.get("/v1/second-factor").await.refused(Code::StateConflict);
    partner.post("/v1/second-factor", json!({})).await.refused(Code::ReauthenticationRequired);
    let chat = retailer.link(&retailer.owner, &format!("factor-{}", retailer.id), "u").await;
    chat.post("/v1/second-factor", json!({})).await.refused(Code::ReauthenticationRequired);
    chat.get("/v1/second-factor").await.refused(Code::StateConflict);
    becomes(200, async || chat.get("/v1/me").await).await;
}
