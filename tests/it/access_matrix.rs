//! Who may do what: the matrix as a snapshot, and every cell of it tried over HTTP.
//!
//! The list of endpoints is the program's own ([`endpoints`]), so a new operation is tried without being named here.

use crate::harness::{Answer, Client, Tenant};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use tillwatch_backend::platform::http::endpoint::{Access, Endpoint};
use tillwatch_backend::router::endpoints;
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::{Permission, Role};

#[test]
fn the_matrix_is_the_one_that_was_agreed() {
    let mut text = String::new();
    let mut all = endpoints();
    all.sort_by(|a, b| (&a.path, a.method_name()).cmp(&(&b.path, b.method_name())));
    for endpoint in &all {
        let asks = match endpoint.access {
            Access::Anonymous => "nothing".to_owned(),
            Access::SignedIn => "any credential".to_owned(),
            Access::Bot => "the bot".to_owned(),
            Access::Permission(permission) => permission.to_string(),
        };
        writeln!(text, "{:<6} {:<34} {asks}", endpoint.method_name(), endpoint.path).expect("text");
    }
    let heads: Vec<&str> = Role::ALL.iter().map(|role| role.as_str()).collect();
    writeln!(text, "\n{:<20} {}  token", "", heads.join("  ")).expect("text");
    for &permission in Permission::ALL {
        let cell = |may: bool, width: usize| format!("{:<width$}", if may { "yes" } else { "-" });
        let cells: Vec<String> =
            Role::ALL.iter().map(|role| cell(role.allows(permission), role.as_str().len())).collect();
        let token = cell(permission.for_tokens(), 3);
        writeln!(text, "{:<20} {}  {}", permission.as_str(), cells.join("  "), token.trim_end()).expect("text");
    }
    insta::assert_snapshot!(text);
}

#[test]
fn every_permission_is_asked_for_by_an_operation() {
    let asked: Vec<Access> = endpoints().iter().map(|endpoint| endpoint.access).collect();
    for &permission in Permission::ALL {
        assert!(asked.contains(&Access::Permission(permission)), "{permission} opens nothing");
    }
}

/// Calls an endpoint with an id that does not exist, an empty body and no `If-Match`: all of it is wrong, but who
/// asks is judged before what is asked.
async fn call(caller: &Client, endpoint: &Endpoint) -> Answer {
    let path = endpoint.path.replace("{id}", "nothing");
    let json = [("content-type", "application/json")];
    match endpoint.method_name() {
        "GET" => caller.get(&path).await,
        method => caller.send(method, &path, &json, Some(b"{\"unknown\":".to_vec())).await,
    }
}

/// Whether the caller passed the gate: whatever else is wrong, it is not who asks.
fn passed(answer: &Answer) -> bool {
    assert!(answer.status < 500 && answer.status != 405, "{}: {}", answer.asked, answer.text());
    !matches!(answer.status, 401 | 403)
}

#[tokio::test]
async fn nobody_is_asked_for_a_credential_everywhere_but_at_the_doors() {
    let nobody = Tenant::sign_up().await.anonymous;
    let lost = nobody.bearing("tw_live_0000000000000000000000000000000000000");
    let forged = nobody.bearing("eyJhbGciOiJub25lIn0.e30.");
    for endpoint in &endpoints() {
        if endpoint.access == Access::Anonymous {
            call(&nobody, endpoint).await;
            continue;
        }
        let answer = call(&nobody, endpoint).await;
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{}", answer.asked);
        answer.refused(Code::CredentialMissing);
        call(&lost, endpoint).await.refused(Code::CredentialInvalid);
        call(&forged, endpoint).await.refused(Code::CredentialInvalid);
    }
}

#[tokio::test]
async fn a_role_passes_where_the_matrix_says_so_and_each_refusal_is_audited() {
    let retailer = Tenant::sign_up().await;
    let mut refused = BTreeMap::<String, usize>::new();
    for &role in Role::ALL {
        let staff = retailer.staff(role).await;
        for endpoint in &endpoints() {
            let Access::Permission(permission) = endpoint.access else { continue };
            let answer = call(&staff, endpoint).await;
            assert_eq!(passed(&answer), role.allows(permission), "{role} at {}: {}", answer.asked, answer.text());
            if !role.allows(permission) {
                *refused.entry(answer.asked.clone()).or_default() += 1;
                let problem = answer.refused(Code::PermissionDenied);
                let named = format!("`{permission}`");
                assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(&named)), "{problem}");
            }
        }
    }
    let audited = retailer
        .database
        .texts(&format!(
            "SELECT after->>'operation' FROM audit_entries \
             WHERE tenant_id = '{}' AND action = 'permission.denied' AND actor_kind = 'staff'",
            retailer.id.0
        ))
        .await;
    let mut entries = BTreeMap::<String, usize>::new();
    for operation in audited {
        *entries.entry(operation).or_default() += 1;
    }
    assert_eq!(entries, refused, "each refusal has its entry");
    assert!(refused.values().sum::<usize>() > 50, "the matrix refuses something: {refused:?}");
}

#[tokio::test]
async fn a_token_passes_with_its_scope_and_an_empty_one_nowhere() {
    let retailer = Tenant::sign_up().await;
    let scopes = Permission::ALL.iter().copied().filter(|permission| permission.for_tokens());
    for scope in scopes.map(Some).chain([None]) {
        let partner = retailer.partner(&Vec::from_iter(scope)).await;
        for endpoint in &endpoints() {
            let Access::Permission(permission) = endpoint.access else { continue };
            let answer = call(&partner, endpoint).await;
            assert_eq!(passed(&answer), Some(permission) == scope, "{scope:?} at {}: {}", answer.asked, answer.text());
        }
    }
}

#[tokio::test]
async fn the_bot_has_its_own_doors_and_no_others() {
    let retailer = Tenant::sign_up().await;
    let bot = retailer.bot().await;
    for endpoint in &endpoints() {
        let (as_bot, as_owner) = match endpoint.access {
            Access::Anonymous => continue,
            Access::Bot => (true, false),
            Access::SignedIn | Access::Permission(_) => (false, true),
        };
        // Signing out would end the owner's session in the middle.
        if endpoint.path.ends_with("sign-out") {
            continue;
        }
        let answer = call(&bot, endpoint).await;
        assert_eq!(passed(&answer), as_bot, "the bot at {}: {}", answer.asked, answer.text());
        let answer = call(&retailer.owner, endpoint).await;
        assert_eq!(passed(&answer), as_owner, "the owner at {}: {}", answer.asked, answer.text());
    }
}
