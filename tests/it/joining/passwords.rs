//! Forgotten and changed passwords, and the sessions of before.

use super::{actions, invited, mailed, mails, retailer, service, token};
use crate::harness::service::OwnService;
use crate::harness::tenant::{PASSWORD, patiently, text};
use crate::harness::{Answer, Client, Tenant, becomes, eventually};
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::{Permission, Role};

const NEW: &str = "staple battery horse";

async fn reset(anonymous: &Client, token: &str, password: &str) -> Answer {
    let wish = json!({ "token": token, "password": password });
    patiently(async || anonymous.post("/v1/password/reset", &wish).await).await
}

async fn ask(anonymous: &Client, email: &str) -> Answer {
    patiently(async || anonymous.post("/v1/password/reset-request", json!({ "email": email })).await).await
}

/// A login with places at two retailers, signed in at both.
async fn agency(service: &OwnService) -> ([Tenant; 2], String, [Value; 2]) {
    let (one, two) = (retailer(service).await, retailer(service).await);
    let email = one.add_staff(Role::Analyst).await;
    let wish = json!({ "email": email, "role": "viewer" });
    let token = invited(&two, &two.owner.post("/v1/invitations", wish).await.ok()).await;
    super::accept(&two.anonymous, &token, "Guest", PASSWORD).await.ok();
    let mut signed = Vec::new();
    for tenant in [&one, &two] {
        let wish = json!({ "email": email, "password": PASSWORD, "tenant": tenant.id });
        signed.push(patiently(async || one.anonymous.post("/v1/sessions", &wish).await).await.ok());
    }
    let signed = signed.try_into().expect("two");
    ([one, two], email, signed)
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_and_every_session_everywhere_ends() {
    let service = service().await;
    let ([one, two], email, signed) = agency(&service).await;
    let callers = [&signed[0], &signed[1]].map(|signed| one.anonymous.bearing(text(&signed["access_token"])));
    for caller in &callers {
        caller.get("/v1/me").await.ok();
    }
    one.link(&one.owner, "reset-server", "owner").await;
    let in_chat = one.link(&callers[0], "reset-server", "reset-user").await;
    in_chat.get("/v1/channels").await.ok();
    let asked = ask(&one.anonymous, &email.to_uppercase()).await;
    assert_eq!(asked.status, 202);
    // One mail, at the first of the login's places.
    let link = &mailed(&one, "password_reset", 1).await[0];
    assert_eq!(mails(&one.database, two.id, "password_reset").await, Vec::<String>::new());
    let link = token(one.id, link);
    reset(&one.anonymous, &link, "password").await.refused(Code::ValidationFailed);
    assert_eq!(reset(&one.anonymous, &link, NEW).await.ok(), json!({ "changed": true }));

    for (caller, signed) in callers.iter().zip(&signed) {
        becomes(401, async || caller.get("/v1/me").await).await;
        let wish = json!({ "refresh_token": signed["refresh_token"] });
        one.anonymous.post("/v1/sessions/refresh", wish).await.refused(Code::CredentialInvalid);
    }
    becomes(403, async || in_chat.get("/v1/channels").await).await.refused(Code::ChatUserNotLinked);
    one.owner.get("/v1/me").await.ok();
    for (tenant, sessions) in [(&one, 1), (&two, 2)] {
        let wish = |password: &str| json!({ "email": email, "password": password, "tenant": tenant.id });
        one.anonymous.post("/v1/sessions", wish(PASSWORD)).await.refused(Code::SignInFailed);
        patiently(async || one.anonymous.post("/v1/sessions", wish(NEW)).await).await.ok();
        tenant.settled().await;
        assert_eq!(actions(tenant, "password.reset").await.last().map(String::as_str), Some("password.reset"));
        assert_eq!(actions(tenant, "session.ended").await.len(), sessions, "each one is written down once");
    }
    reset(&one.anonymous, &link, "another good one").await.refused(Code::CredentialInvalid);
    assert_eq!(
        mailed(&one, "password_changed", 1).await.len() + mails(&one.database, two.id, "password_changed").await.len(),
        1
    );
    service.stop().await;
}

#[tokio::test]
async fn an_address_without_a_login_gets_the_same_answers_and_no_mail() {
    let service = service().await;
    let retailer = retailer(&service).await;
    let mut told: Vec<Vec<Value>> = Vec::new();
    for email in [retailer.email.as_str(), "nobody@retailer.example"] {
        let mut answers = Vec::new();
        for _ in 0..3 {
            answers.push(ask(&retailer.anonymous, email).await.ok());
        }
        let long = "UPDATE directory_sign_in_attempts SET locked_until = now() + interval '5 minutes' WHERE locked_until IS NOT NULL";
        service.database.execute(long).await;
        let wait = ask(&retailer.anonymous, email).await;
        assert!(wait.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 60));
        let mut problem = wait.refused(Code::TooManyRequests);
        problem["request_id"] = Value::Null;
        answers.push(problem);
        told.push(answers);
    }
    assert_eq!(told[0], told[1]);
    mailed(&retailer, "password_reset", 3).await;
    let left = "SELECT count(*) FROM queue_jobs WHERE kind = 'password_reset_asked'";
    eventually("the jobs to end", async || (service.database.number(left).await == 0).then_some(())).await;
    assert_eq!(service.database.number("SELECT count(*) FROM mails WHERE template = 'password_reset'").await, 3);
    // A new password makes every link useless, and forgives wrong guesses.
    let links = mails(&service.database, retailer.id, "password_reset").await;
    reset(&retailer.anonymous, &token(retailer.id, &links[0]), NEW).await.ok();
    reset(&retailer.anonymous, &token(retailer.id, &links[1]), NEW).await.refused(Code::CredentialInvalid);
    for bad in ["", "nobody\0@retailer.example", &"x".repeat(255)] {
        ask(&retailer.anonymous, bad).await.refused(Code::ValidationFailed);
    }
    service.stop().await;
}

#[tokio::test]
async fn a_changed_password_keeps_this_session_and_ends_all_others() {
    let service = service().await;
    let ([one, two], email, signed) = agency(&service).await;
    let [here, there] = [&signed[0], &signed[1]].map(|signed| one.anonymous.bearing(text(&signed["access_token"])));
    there.get("/v1/me").await.ok();
    let change = async |current: &str, new: &str| {
        let wish = json!({ "current": current, "new": new });
        patiently(async || here.post("/v1/password/change", &wish).await).await
    };
    let problem = change("not the password", NEW).await.refused(Code::ValidationFailed);
    assert_eq!(problem["errors"][0]["pointer"], "/current");
    let problem = change(PASSWORD, "12345678").await.refused(Code::ValidationFailed);
    assert_eq!(problem["errors"][0]["code"], "too_common");
    assert_eq!(change(PASSWORD, NEW).await.ok(), json!({ "changed": true }));
    becomes(401, async || there.get("/v1/me").await).await;
    here.get("/v1/me").await.ok();
    one.settled().await;
    two.settled().await;
    here.get("/v1/me").await.ok();
    one.anonymous.post("/v1/sessions/refresh", json!({ "refresh_token": signed[0]["refresh_token"] })).await.ok();
    let wish = json!({ "email": email, "password": NEW, "tenant": two.id });
    patiently(async || one.anonymous.post("/v1/sessions", &wish).await).await.ok();
    mailed(&one, "password_changed", 1).await;
    for tenant in [&one, &two] {
        assert_eq!(actions(tenant, "password.").await, ["password.changed"]);
    }
    // Neither a partner nor the bot has a password.
    let partner = one.partner(&[Permission::ChannelsRead]).await;
    let wish = json!({ "current": PASSWORD, "new": NEW });
    partner.post("/v1/password/change", wish).await.refused(Code::StateConflict);
    service.stop().await;
}

#[tokio::test]
async fn guesses_at_the_present_password_are_counted_as_those_of_a_sign_in() {
    let service = service().await;
    let retailer = retailer(&service).await;
    for _ in 0..5 {
        let wish = json!({ "current": "a guess", "new": NEW });
        patiently(async || retailer.owner.post("/v1/password/change", &wish).await).await;
    }
    let long = "UPDATE directory_sign_in_attempts SET locked_until = now() + interval '5 minutes' WHERE failures >= 5";
    service.database.execute(long).await;
    let wish = json!({ "current": PASSWORD, "new": NEW });
    retailer.owner.post("/v1/password/change", wish).await.refused(Code::TooManyRequests);
    retailer.sign_in(&retailer.email, PASSWORD).await.refused(Code::TooManyRequests);
    service.stop().await;
}

#[tokio::test]
async fn a_process_killed_behind_the_new_password_leaves_a_job_that_ends_the_sessions_once() {
    let service = service().await;
    let retailer = retailer(&service).await;
    retailer.owner.get("/v1/me").await.ok();
    // What the transaction leaves when the process ends right behind it, and the same job twice.
    let of =
        format!("FROM directory_staff d JOIN directory_logins l USING (login_id) WHERE l.email = '{}'", retailer.email);
    let changed = format!("UPDATE directory_logins SET password_changed_at = now() WHERE email = '{}'", retailer.email);
    service.database.execute(&changed).await;
    let ids = service.database.texts(&format!("SELECT concat_ws(' ', d.login_id, d.staff_id) {of}")).await;
    let (login, staff) = ids[0].split_once(' ').expect("two ids");
    let login = tillwatch_shared::ids::LoginId(login.parse().expect("a uuid"));
    let staff = tillwatch_shared::ids::StaffId(staff.parse().expect("a uuid"));
    for _ in 0..2 {
        let payload = json!({ "login_id": login, "staff_id": staff, "by": "reset", "session_id": null, "tells": true });
        let job = format!(
            "INSERT INTO queue_jobs (job_id, for_tenant, kind, payload, request_id, state, run_at, created_at) \
             VALUES (gen_random_uuid(), '{}', 'password_settle', '{payload}', 'r', 'ready', now(), now())",
            retailer.id.0
        );
        service.database.execute(&job).await;
    }
    becomes(401, async || retailer.owner.get("/v1/me").await).await;
    retailer.settled().await;
    assert_eq!(actions(&retailer, "password.").await, ["password.reset"]);
    assert_eq!(actions(&retailer, "session.ended").await.len(), 1);
    assert_eq!(mails(&service.database, retailer.id, "password_changed").await.len(), 1);
    service.stop().await;
}

#[tokio::test]
async fn a_sign_in_that_was_checked_against_the_old_password_opens_no_session() {
    let retailer = Tenant::sign_up().await;
    // As if the new password was settled between the look at the old one and the session.
    let later =
        |when: &str| format!("UPDATE staff SET password_settled = {when} WHERE tenant_id = '{}'", retailer.id.0);
    retailer.database.execute(&later("now() + interval '1 hour'")).await;
    retailer.sign_in(&retailer.email, PASSWORD).await.refused(Code::SignInFailed);
    retailer.database.execute(&later("now() - interval '1 hour'")).await;
    retailer.sign_in(&retailer.email, PASSWORD).await.ok();
}
