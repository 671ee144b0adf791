//! A retailer of one's own: its owner, staff of every role, partners' tokens, the bot.

use super::client::{Answer, Client};
use super::database::Database;
use super::eventually;
use super::service::{OwnService, shared};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use tillwatch_shared::ids::{LoginId, StaffId, TenantId};
use tillwatch_shared::permissions::{Permission, Role};
use uuid::Uuid;

/// The password of every login of the run.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// How a retailer signs up; the default is a US one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    pub(crate) locale: &'static str,
    pub(crate) time_zone: &'static str,
    pub(crate) currency: &'static str,
}

impl Default for Style {
    fn default() -> Self {
        Self { locale: "en", time_zone: "America/New_York", currency: "USD" }
    }
}

/// A retailer that a test owns.
#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    /// Its id.
    pub(crate) id: TenantId,
    /// Its name, unlike any other's of the run.
    pub(crate) name: String,
    /// Its owner's address.
    pub(crate) email: String,
    /// Its owner, signed in.
    pub(crate) owner: Client,
    /// The owner's refresh token.
    pub(crate) refresh_token: String,
    /// A caller without a credential.
    pub(crate) anonymous: Client,
    /// Where its rows are.
    pub(crate) database: Database,
}

/// A number that the run has not used yet.
pub(crate) fn unique() -> u32 {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

/// Asks again while the service says that it is busy (503): many tests sign up at once.
pub(crate) async fn patiently(mut ask: impl AsyncFnMut() -> Answer) -> Answer {
    eventually("the service to have time", async || Some(ask().await).filter(|answer| answer.status != 503)).await
}

impl Tenant {
    /// A fresh retailer at the shared service.
    pub(crate) async fn sign_up() -> Self {
        Self::sign_up_at(shared(), Style::default()).await
    }

    /// A fresh retailer at a service.
    pub(crate) async fn sign_up_at(service: &OwnService, style: Style) -> Self {
        Self::sign_up_named(service, style, &format!("Retailer {}", unique())).await
    }

    /// A fresh retailer of this name at a service.
    pub(crate) async fn sign_up_named(service: &OwnService, style: Style, name: &str) -> Self {
        Self::sign_up_as(service.anonymous(), service.database.clone(), style, name).await
    }

    /// A fresh retailer of this name at whatever service `anonymous` calls, with its rows in `database`.
    pub(crate) async fn sign_up_as(anonymous: Client, database: Database, style: Style, name: &str) -> Self {
        let email = format!("owner-{}@retailer.example", unique());
        let wish = json!({
            "retailer": name, "name": "Olive Owner", "email": email, "password": PASSWORD,
            "locale": style.locale, "time_zone": style.time_zone, "currency": style.currency,
        });
        let signed = patiently(async || anonymous.post("/v1/sign-up", &wish).await).await.ok();
        Self {
            id: parsed(&signed["me"]["tenant"]["id"]),
            name: name.to_owned(),
            email,
            owner: anonymous.bearing(text(&signed["access_token"])),
            refresh_token: text(&signed["refresh_token"]).to_owned(),
            anonymous,
            database,
        }
    }

    /// A new staff of this role, signed in.
    pub(crate) async fn staff(&self, role: Role) -> Client {
        let email = self.add_staff(role).await;
        let signed = self.sign_in(&email, PASSWORD).await.ok();
        self.anonymous.bearing(text(&signed["access_token"]))
    }

    /// A new login with a place of this role; its address. Sooner than by an invitation (see `joining`): the rows are
    /// written by the superuser, with the owner's password hash, so that nothing is hashed and no mail is written.
    pub(crate) async fn add_staff(&self, role: Role) -> String {
        let email = format!("{role}-{}@retailer.example", unique());
        let (login, staff, tenant) = (LoginId::new().0, StaffId::new().0, self.id.0);
        let owner = &self.email;
        self.database
            .execute(&format!(
                "INSERT INTO directory_logins (login_id, email, password_hash, created_at) \
                 SELECT '{login}', '{email}', password_hash, now() FROM directory_logins WHERE email = '{owner}'; \
                 INSERT INTO directory_staff VALUES ('{login}', '{tenant}', '{staff}'); \
                 INSERT INTO staff (tenant_id, staff_id, login_id, name, role, created_at) \
                 VALUES ('{tenant}', '{staff}', '{login}', 'A {role}', '{role}', now())"
            ))
            .await;
        email
    }

    /// Signs in.
    pub(crate) async fn sign_in(&self, email: &str, password: &str) -> Answer {
        let wish = json!({ "email": email, "password": password });
        patiently(async || self.anonymous.post("/v1/sessions", &wish).await).await
    }

    /// A partner with a new token of these scopes.
    pub(crate) async fn partner(&self, scopes: &[Permission]) -> Client {
        let wish = json!({ "name": "A partner", "scopes": scopes });
        let created = self.owner.post("/v1/api-tokens", wish).await.ok();
        self.anonymous.bearing(text(&created["secret"]))
    }

    /// The bot of the service, for no tenant.
    pub(crate) async fn bot(&self) -> Client {
        bot(&self.anonymous).await
    }

    /// Links a chat user to `person`; the first one links the server too and must be allowed to.
    pub(crate) async fn link(&self, person: &Client, server: &str, user: &str) -> Client {
        let bot = self.bot().await;
        let code = person.post("/v1/chat-links/code", json!({})).await.ok();
        let wish = json!({
            "code": code["code"], "transport": "discord", "server": server, "channel": "c1", "user": user
        });
        bot.post("/v1/chat-links/redeem", wish).await.ok();
        bot.on_behalf_of(&format!("discord/{server}/{user}"))
    }

    /// A new channel; its id.
    pub(crate) async fn channel(&self, name: &str) -> String {
        let wish = json!({ "name": name, "external_key": format!("channel-{}", unique()), "kind": "store" });
        text(&self.owner.post("/v1/channels", wish).await.ok()["id"]).to_owned()
    }

    /// A new campaign, as a draft; its id.
    pub(crate) async fn campaign(&self, name: &str) -> String {
        let wish = json!({ "name": name, "external_key": format!("campaign-{}", unique()) });
        text(&self.owner.post("/v1/campaigns", wish).await.ok()["id"]).to_owned()
    }

    /// A new campaign that runs; its id.
    pub(crate) async fn active_campaign(&self, name: &str) -> String {
        let id = self.campaign(name).await;
        self.owner.post(&format!("/v1/campaigns/{id}/launch"), json!({ "reason": "Starts today" })).await.ok();
        id
    }

    /// A stop-loss rule over a campaign's spend; its id.
    pub(crate) async fn stop_loss(&self, campaign: &str, line: u32) -> String {
        let wish = json!({
            "name": format!("Stop at {line}"), "severity": "critical", "campaign": campaign,
            "spec": { "kind": "stop_loss", "metric": "spend", "line": line },
        });
        text(&self.owner.post("/v1/rules", wish).await.ok()["id"]).to_owned()
    }

    /// The actions in the audit log, newest first.
    pub(crate) async fn audited(&self) -> Vec<Value> {
        let page = self.owner.get("/v1/audit-entries?limit=200").await.ok();
        page["data"].as_array().expect("a list").clone()
    }

    /// Waits until none of the tenant's jobs is due or being tried again and none of its feeds is to be fetched, and fails
    /// when a job was given up.
    pub(crate) async fn settled(&self) {
        let left = format!(
            "SELECT (SELECT count(*) FROM queue_jobs WHERE for_tenant = '{0}' AND state = 'ready' \
             AND (run_at <= now() OR attempt > 0)) + (SELECT count(*) FROM queue_fetches WHERE for_tenant = '{0}' \
             AND (due_at <= now() OR claimed_until IS NOT NULL))",
            self.id.0
        );
        // A storm of alerts is much work for a busy machine.
        let patience = std::time::Duration::from_mins(4);
        let done = async || (self.database.number(&left).await == 0).then_some(());
        super::eventually_within(patience, "the jobs to be done", done).await;
        let dead = format!(
            "SELECT kind || ': ' || last_error FROM queue_jobs WHERE for_tenant = '{}' AND state = 'dead'",
            self.id.0
        );
        assert_eq!(self.database.texts(&dead).await, Vec::<String>::new(), "jobs were given up");
    }
}

/// The bot of the service that `anonymous` calls.
pub(crate) async fn bot(anonymous: &Client) -> Client {
    let token = anonymous.post("/v1/bot/token", json!({ "assertion": assertion() })).await.ok();
    anonymous.bearing(text(&token["access_token"]))
}

/// What the bot signs to prove itself.
pub(crate) fn assertion() -> String {
    let now = chrono::Utc::now().timestamp();
    let claims = json!({
        "iss": "tillwatch-bot", "sub": "tillwatch-bot", "aud": "tillwatch", "iat": now, "exp": now + 55,
        "jti": Uuid::now_v7().simple().to_string(),
    });
    let key = signing_key(OwnService::keys().bot_seed());
    jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &key).expect("an assertion")
}

/// The Ed25519 key of a seed.
pub(crate) fn signing_key(seed: [u8; 32]) -> EncodingKey {
    // A PKCS#8 document of an Ed25519 key (RFC 8410, section 7) is these 16 bytes and the seed.
    let prefix = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    EncodingKey::from_ed_der(&[prefix.as_slice(), &seed].concat())
}

/// A JSON text.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("a text, not {value}"))
}

/// A JSON text as an id.
pub(crate) fn parsed<T: std::str::FromStr>(value: &Value) -> T {
    text(value).parse().unwrap_or_else(|_| panic!("an id, not {value}"))
}
