//! Somebody lost the authenticator: the operator's way back, and what the person is told of every change.

use super::{actions, code, enrol, person, post_from, somewhere, step_passes};
use crate::harness::program::tillwatch;
use crate::harness::service::SECRET;
use crate::harness::tenant::{PASSWORD, patiently};
use crate::harness::{Database, Tenant};
use serde_json::json;
use tillwatch_backend::platform::hex::hex;
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Role;

/// Whether `tillwatch login remove-second-factor` ends well, and what it says.
async fn remove(database: &Database, email: &str, reason: &str) -> (bool, String) {
    let mut command = tillwatch(&["login", "remove-second-factor", email, "--reason", reason]);
    command.env("DATABASE_URL", &database.app_url);
    command.env("DATABASE_SYSTEM_URL", &database.system_url);
    command.env("SECRET_KEY", hex(&SECRET));
    let ended = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = [ended.stdout, ended.stderr].concat();
    (ended.status.success(), String::from_utf8(said).unwrap().trim_end().to_owned())
}

/// What the person was told by mail at this retailer, in the order of time.
async fn told(tenant: &Tenant) -> Vec<String> {
    let query = format!(
        "SELECT fields -> 'second_factor_changed' ->> 'what' FROM mails WHERE tenant_id = '{}' \
         AND template = 'second_factor_changed' ORDER BY created_at, mail_id",
        tenant.id.0
    );
    tenant.database.texts(&query).await
}

#[tokio::test]
async fn the_operator_removes_a_lost_second_factor_and_everybody_hears_of_it() {
    let retailer = Tenant::sign_up().await;
    let elsewhere = Tenant::sign_up().await;
    let staff = person(&retailer, Role::Admin).await;
    enrol(&staff.client).await;
    let second = format!(
        "INSERT INTO directory_staff SELECT login_id, '{0}', login_id FROM directory_logins WHERE email = '{1}'; \
         INSERT INTO staff (tenant_id, staff_id, login_id, name, role, created_at) \
         SELECT '{0}', login_id, login_id, 'Agency', 'viewer', now() FROM directory_logins WHERE email = '{1}'",
        elsewhere.id.0, staff.email
    );
    retailer.database.execute(&second).await;
    let wish = json!({ "email": staff.email, "password": PASSWORD, "tenant": retailer.id });
    let sign_in = async || patiently(async || retailer.anonymous.post("/v1/sessions", &wish).await).await;
    sign_in().await.refused(Code::SecondFactorRequired);

    let database = &retailer.database;
    let upper = staff.email.to_uppercase();
    assert_eq!(remove(database, &upper, "Lost the phone; called back").await, (true, "changed".to_owned()));
    sign_in().await.ok();
    assert_eq!(remove(database, &staff.email, "Once more").await, (true, "nothing changed".to_owned()));
    let (well, said) = remove(database, "nobody@retailer.example", "Who?").await;
    assert!(!well && said.contains("No login has this address"), "{said}");
    let (well, said) = remove(database, &staff.email, " ").await;
    assert!(!well && said.contains("reason"), "{said}");

    for tenant in [&retailer, &elsewhere] {
        let entries: Vec<_> = tenant.audited().await.into_iter().filter(|e| e["via"] == "operator").collect();
        assert_eq!(entries.len(), 1, "{entries:?}");
        assert_eq!(entries[0]["action"], "second_factor.removed");
        assert_eq!(entries[0]["reason"], "Lost the phone; called back");
    }
    assert_eq!(told(&retailer).await, ["enrolled", "removed_by_operator"]);
    assert_eq!(told(&elsewhere).await, Vec::<String>::new(), "one mail is enough");
}

#[tokio::test]
async fn every_change_of_a_second_factor_and_every_recovery_code_is_told_by_mail() {
    let retailer = Tenant::sign_up().await;
    let (staff, from) = (person(&retailer, Role::Analyst).await, somewhere());
    let (secret, codes) = enrol(&staff.client).await;
    let wish = json!({ "email": staff.email, "password": PASSWORD, "code": codes[0] });
    post_from(&retailer.anonymous, &from, "/v1/sessions", &wish).await.ok();
    staff.client.post("/v1/second-factor/recovery-codes", json!({})).await.ok();
    step_passes(&retailer, &staff.email).await;
    let whole = json!({ "password": PASSWORD, "code": code(&secret) });
    post_from(&staff.client, &from, "/v1/second-factor/remove", &whole).await.ok();
    assert_eq!(told(&retailer).await, ["enrolled", "code_used", "codes_renewed", "removed"]);

    // A recovery code that removes is one that was used.
    let (_, codes) = enrol(&staff.client).await;
    let whole = json!({ "password": PASSWORD, "code": codes[1] });
    post_from(&staff.client, &from, "/v1/second-factor/remove", &whole).await.ok();
    let done = actions(&retailer.owner, &staff.id).await;
    assert_eq!(done[..2], ["second_factor.removed", "second_factor.recovery_code_used"]);
    assert_eq!(told(&retailer).await[4..], ["enrolled", "code_used", "removed"]);
}
