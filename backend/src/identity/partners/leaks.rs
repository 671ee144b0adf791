//! Leaked tokens: how anybody recognises ours, and what happens when one is reported.
//!
//! A report needs no credential: whoever found a token has it. The secret that was found ends at once: the present one
//! takes its token with it, one that was rotated out ends alone. Invariants: the answer is the same whatever was sent,
//! so that it tells nothing; a client reports at most [`model::REPORTS_AN_HOUR`] times an hour; a repeated
//! report changes nothing.

use super::model::{self, Presented};
use super::store;
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::mails::{self, Letter};
use crate::identity::{directory, secret};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::client::network;
use crate::platform::http::who::Who;
use crate::platform::validate::Checks;
use crate::platform::wake::Topic;
use chrono::{DateTime, Utc};
use serde_json::json;
use std::net::IpAddr;
use tillwatch_shared::authority::{ReportLeakedToken, TokenChecksum, TokenPattern};
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::{ApiTokenId, TenantId};
use tillwatch_shared::permissions::Permission;

/// How our tokens are recognised.
pub fn pattern() -> TokenPattern {
    TokenPattern {
        name: "Tillwatch API token".to_owned(),
        pattern: format!("\\b{}[0-9A-Za-z]{{36}}\\b", secret::API_PREFIX),
        prefix: secret::API_PREFIX.to_owned(),
        length: secret::API_LENGTH,
        checksum: TokenChecksum {
            algorithm: "CRC-32/ISO-HDLC".to_owned(),
            length: 6,
            alphabet: secret::base62().to_owned(),
            description:
                "The CRC-32 (the one of zip and PNG) of all characters before the last six, prefix included, as a \
                          number in base 62 with six digits, most significant first."
                    .to_owned(),
        },
        example: secret::example_token(),
        report_url: "/v1/leaked-tokens".to_owned(),
    }
}

/// Takes a report from `client`, and ends the secret if it works.
///
/// # Errors
/// 422 for fields that are too long; 429 for a client that reported too often; when the database fails.
pub async fn report(app: &App, found: &ReportLeakedToken, client: Option<IpAddr>, request_id: &str) -> Result<()> {
    let mut checks = Checks::default();
    let length = found.token.chars().count();
    checks.ensure((1..=128).contains(&length), "/token", "length", "Takes the whole token, 1 to 128 characters.");
    let printed = !found.token.chars().any(char::is_control);
    checks.ensure(printed, "/token", "invalid", "Takes the token alone, without control characters.");
    checks.optional_text("/source", found.source.as_deref(), 1, 500);
    checks.done()?;
    let at = now();
    if let Some(client) = client {
        let key = app.auth.keys.tries_key("leak report", &network(client));
        app.db
            .system("count a leak report", async |tx| {
                let before = directory::lock_tries(tx, &key, at).await?;
                directory::set_tries(tx, &key, model::take_report(before, now()).map_err(too_many)?).await
            })
            .await?;
    }
    let token = found.token.trim();
    if !secret::is_api_token(token) {
        return Ok(());
    }
    let hash = secret::hash(token);
    let kind = directory::CredentialKind::ApiToken;
    let opened = app.db.system("a leaked token", async |tx| directory::credential(tx, kind, &hash, at).await).await?;
    let Some(opened) = opened else { return Ok(()) };
    let (id, who) = (ApiTokenId(opened.subject), Who::system(TenantId(opened.tenant), "leak report", request_id));
    // Where it was found may hold it once more, or another one.
    let source = found.source.as_deref().filter(|source| !source.contains(secret::API_PREFIX));
    app.db
        .write(&who, async |tx| {
            let Some(row) = store::lock(tx, who.tenant, id).await? else { return Ok(()) };
            let ended = match row.presented(&hash, at) {
                Presented::Ended => return Ok(()),
                Presented::Previous => {
                    store::end_previous(tx, who.tenant, id, at).await?;
                    Ended::Previous
                }
                Presented::Current => {
                    store::revoke(tx, who.tenant, id, at).await?;
                    Ended::Token
                }
            };
            tell_retailer(tx, &who, Leak { token: id, name: &row.token.name, ended, source, at }).await
        })
        .await?;
    app.wake(Topic::Jobs);
    Ok(())
}

/// What a leak has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The token: its present secret was found.
    Token,
    /// The secret before the last rotation; the token goes on with its present one.
    Previous,
}

impl Ended {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Previous => "previous_secret",
        }
    }
}

/// A secret that was found where it does not belong, and was ended.
#[derive(Clone, Copy, Debug)]
pub struct Leak<'a> {
    /// The token.
    pub token: ApiTokenId,
    /// Its name.
    pub name: &'a str,
    /// What was ended.
    pub ended: Ended,
    /// Where it was found, in the finder's words.
    pub source: Option<&'a str>,
    /// When.
    pub at: DateTime<Utc>,
}

/// Tells the retailer of a leak, as part of the transaction that ended the secret: an entry in the audit log, and a mail
/// to everybody who may manage tokens.
async fn tell_retailer(tx: &mut Tx, who: &Who, leak: Leak<'_>) -> Result<()> {
    let Leak { token, name, ended, source, at } = leak;
    tracing::warn!(tenant = %who.tenant, %token, ended = ended.as_str(), "a leaked API token was reported and ended");
    let after = Some(json!({ "name": name, "ended": ended.as_str(), "ended_at": at, "source": source }));
    let object = Some(token.to_string());
    audit::record(tx, who, Entry { action: "api_token.leaked", object, after, ..Entry::default() }).await?;
    let letter = Letter::TokenLeaked {
        token: name.to_owned(),
        rotated: ended == Ended::Previous,
        source: source.map(str::to_owned),
        at,
    };
    mails::notify(tx, who, Permission::ApiTokensWrite, &letter).await
}

fn too_many(left: chrono::TimeDelta) -> Error {
    let mut wait = Error::new(Code::TooManyRequests, "Too many reports from your network. Wait, then send the others.");
    wait.retry_after = u32::try_from(left.num_seconds() + 1).ok();
    wait
}
