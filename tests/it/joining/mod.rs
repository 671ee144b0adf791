//! How people join, are reminded, and look after themselves: invitations, mails, passwords, profiles.
//!
//! Cast: [`invitations`], [`invited_rights`] (what an invitation gives), [`passwords`], [`settling`] (one new password
//! behind another), [`profile`], [`notices`], [`sending`] (over [`fake_smtp`], a mail server on loopback), [`outbox`]
//! (`tillwatch mail`).

#![expect(clippy::expect_used, reason = "tests")]

mod fake_smtp;
mod invitations;
mod invited_rights;
mod notices;
mod outbox;
mod passwords;
mod profile;
mod sending;
mod settling;

use crate::harness::service::OwnService;
use crate::harness::tenant::{Style, text};
use crate::harness::{Answer, Client, Database, Tenant, eventually, own_database, own_service};
use serde_json::{Value, json};
use tillwatch_shared::ids::{MailId, TenantId};

/// A service of one's own: counts of tries are the whole service's.
async fn service() -> OwnService {
    own_service(own_database().await, 8)
}

/// A retailer at `service`.
async fn retailer(service: &OwnService) -> Tenant {
    Tenant::sign_up_at(service, Style::default()).await
}

/// The token of a mail, as the service makes it.
fn token(tenant: TenantId, mail: &str) -> String {
    let id = mail.parse().map(MailId).expect("a uuid");
    OwnService::keys().mailed_token(tenant, id)
}

/// The token of the last mail of an invitation.
async fn invited(retailer: &Tenant, invitation: &Value) -> String {
    let id: tillwatch_shared::ids::InvitationId = text(&invitation["id"]).parse().expect("an id");
    let mail = format!("SELECT mail_id FROM invitations WHERE invitation_id = '{}'", id.0);
    token(retailer.id, &retailer.database.texts(&mail).await[0])
}

/// The mails of a retailer with this template, as ids, the oldest first.
async fn mails(database: &Database, tenant: TenantId, template: &str) -> Vec<String> {
    let query = format!(
        "SELECT mail_id FROM mails WHERE tenant_id = '{}' AND template = '{template}' ORDER BY created_at",
        tenant.0
    );
    database.texts(&query).await
}

/// Waits for `count` mails with this template.
async fn mailed(retailer: &Tenant, template: &str, count: usize) -> Vec<String> {
    let (database, tenant) = (&retailer.database, retailer.id);
    eventually("a mail", async || Some(mails(database, tenant, template).await).filter(|m| m.len() == count)).await
}

/// Asks to join.
async fn accept(anonymous: &Client, token: &str, name: &str, password: &str) -> Answer {
    let wish = json!({ "token": token, "name": name, "password": password });
    crate::harness::tenant::patiently(async || anonymous.post("/v1/invitations/accept", &wish).await).await
}

/// The actions in a retailer's audit log that begin with `of`, the oldest first.
async fn actions(retailer: &Tenant, of: &str) -> Vec<String> {
    let query = format!(
        "SELECT action FROM audit_entries WHERE tenant_id = '{}' AND action LIKE '{of}%' ORDER BY audit_id",
        retailer.id.0
    );
    retailer.database.texts(&query).await
}
