//! The end of a retailer: closing, a time to think, erasure of every row, and a certificate.
//!
//! Vocabulary: a retailer that is *closing* can be kept open until its time; from then on it is *due*, and a sweep
//! *erases* it. An *erasure* is what is left: an id that was given at the closing, and a signed certificate without
//! personal data. Cast: [`certificate`] (what it says, pure), `store` (the closings; erasing slice by slice).
//!
//! Invariants: nothing is erased unless its closing says that it is due, which the database itself holds
//! (`tillwatch_erase` in the migrations; docs/decisions/0080-long-jobs-and-deletion.md); erasing goes in bounded
//! slices, each counted in its own transaction, so a killed sweep goes on where it was; the certificate is written in
//! the transaction that found nothing left in any table with rows of retailers, as the catalogue lists them, and with
//! it the closing itself is gone. A login goes with its last place.

mod certificate;
pub mod jobs;
pub mod routes;
mod store;

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::auth::jwt::DocumentKind;
use crate::identity::mails::{self, Letter};
use crate::identity::{directory, tenants};
use crate::platform::clock::now;
use crate::platform::db::SystemTx;
use crate::platform::http::who::Who;
use crate::platform::validate::Checks;
use crate::platform::wake::Topic;
use certificate::Certificate;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use store::Closing;
use tillwatch_shared::closing::{CloseTenant, Erasure, ErasureState, TenantClosing};
use tillwatch_shared::ids::{ErasureId, TenantId};
use tillwatch_shared::permissions::Permission;
use tillwatch_shared::tenant::TenantState;

/// Rows that are erased in one transaction.
const ROWS: i32 = 1_000;
/// Requests and jobs that began before the retailer was due have ended after so long.
const LAST_WORK: TimeDelta = TimeDelta::seconds(30);
/// Closings that one round of the sweep looks at.
const ROUND: i64 = 50;

/// Closes the retailer that asks: it can be kept open until its time, and then everything of it is removed.
///
/// # Errors
/// 422 when the name is not its name or the reason is missing.
pub async fn close(app: &App, who: &Who, wish: CloseTenant) -> Result<TenantClosing> {
    let mut checks = Checks::default();
    checks.text("/confirm", &wish.confirm, 1, 120);
    checks.text("/reason", &wish.reason, 1, 500);
    checks.done()?;
    let at = now();
    let days = i64::from(app.closing_days);
    let (closing, changed) = app
        .db
        .write(who, async |tx| {
            tenants::lock(tx, who.tenant).await?;
            let settings = tenants::settings(tx, who.tenant).await?;
            if settings.name != wish.confirm {
                return Err(Error::field("/confirm", "mismatch", "Is not the retailer's name. Type it exactly."));
            }
            // Behind the lock, so that of two who close at once the second finds what the first has done.
            let (present, before) = app
                .db
                .system("an open closing", async |tx| {
                    Ok((store::open(tx, who.tenant).await?, store::state_before(tx, who.tenant).await?))
                })
                .await?;
            let state = tenants::standing(tx, who.tenant).await?.state;
            if let Some(present) = present {
                return Ok((present, false));
            }
            let closing = Closing {
                // Random in all its bits: an id that holds the time could be guessed by whoever knows the time.
                id: ErasureId(uuid::Builder::from_random_bytes(rand::random()).into_uuid()),
                tenant: who.tenant,
                name_hash: Sha256::digest(settings.name.as_bytes()).to_vec(),
                // One that was kept open halfway is what it was before that closing.
                state_before: before.filter(|_| state == TenantState::Closing).unwrap_or(state),
                asked_at: at,
                closes_at: at + TimeDelta::days(days),
                kept_open_at: None,
                counts: json!({}),
            };
            tenants::set_state(tx, who.tenant, TenantState::Closing, at).await?;
            store::insert(tx, &closing).await?;
            let (object, after) = (Some(who.tenant.to_string()), Some(json!({ "closes_at": closing.closes_at })));
            let entry =
                Entry { action: "tenant.closing", object, reason: Some(&wish.reason), after, ..Entry::default() };
            audit::record(tx, who, entry).await?;
            let (retailer, until, erasure) = (settings.name, closing.closes_at, closing.id);
            let letter = Letter::TenantClosing { retailer, until, erasure };
            mails::notify(tx, who, Permission::TenantDelete, &letter).await?;
            Ok((closing, true))
        })
        .await?;
    // What waited while it was suspended: its owner is told, and may take a copy. Each time anew: who is cut short says it
    // again.
    app.db.system("let work go on until the end", async |tx| directory::wake(tx, who.tenant).await).await?;
    app.wake(Topic::Jobs);
    Ok(TenantClosing { erasure: closing.id, closes_at: closing.closes_at, changed })
}

/// Keeps a closing retailer open; says whether that changed anything.
///
/// # Errors
/// 409 when its time has come.
pub async fn keep_open(app: &App, who: &Who) -> Result<bool> {
    let at = now();
    let kept = app
        .db
        .write(who, async |tx| {
            // One after the other, closing and keeping open: each finds what the one before has done.
            if tenants::lock_standing(tx, who.tenant).await?.state != TenantState::Closing {
                return Ok(None);
            }
            // First the closing, which is what erasing asks for: should this end halfway, nothing is erased and asking
            // again mends it.
            let (open, before) = app
                .db
                .system("keep a retailer open", async |tx| {
                    store::keep_open(tx, who.tenant, at).await?;
                    Ok((store::open(tx, who.tenant).await?, store::state_before(tx, who.tenant).await?))
                })
                .await?;
            if open.is_some() {
                return Err(Error::conflict("Its time has come: everything of the retailer is being removed."));
            }
            let before = before.ok_or_else(|| Error::internal("a retailer is closing without a closing"))?;
            tenants::set_state(tx, who.tenant, before, at).await?;
            let object = Some(who.tenant.to_string());
            audit::record(tx, who, Entry { action: "tenant.kept_open", object, ..Entry::default() }).await?;
            Ok(Some(before))
        })
        .await?;
    if kept == Some(TenantState::Suspended) {
        app.db.system("let work rest again", async |tx| directory::rest(tx, who.tenant, at).await).await?;
    }
    Ok(kept.is_some())
}

/// What became of a retailer that was to be closed.
///
/// # Errors
/// 404.
pub async fn erasure(app: &App, id: ErasureId) -> Result<Erasure> {
    let at = now();
    app.db
        .system("what became of a retailer", async |tx| {
            if let Some((certificate, key, erased_at)) = store::erasure(tx, id).await? {
                let key = serde_json::from_value(key).map_err(Error::internal)?;
                let (certificate, erased_at) = (Some(certificate), Some(erased_at));
                return Ok(Erasure { id, state: ErasureState::Erased, closes_at: None, erased_at, certificate, key });
            }
            let closing = store::closing(tx, id).await?.ok_or_else(|| Error::not_found("erasure"))?;
            let state = match closing.kept_open_at {
                Some(_) => ErasureState::KeptOpen,
                None if closing.closes_at <= at => ErasureState::Erasing,
                None => ErasureState::Closing,
            };
            let closes_at = Some(closing.closes_at);
            Ok(Erasure { id, state, closes_at, erased_at: None, certificate: None, key: None })
        })
        .await
}

/// Erases every retailer that is due. What fails is told to the log, and the next round goes on with it.
///
/// # Errors
/// When the database fails.
pub async fn erase_due(app: &App) -> Result<()> {
    let before = now() - LAST_WORK;
    let due = app.db.system("retailers that are due", async |tx| store::due(tx, before, ROUND).await).await?;
    for (id, tenant) in due {
        if let Err(error) = erase(app, id, tenant).await {
            tracing::warn!(erasure = %id, %error, "a retailer could not be erased; it is tried again");
        }
    }
    Ok(())
}

async fn erase(app: &App, id: ErasureId, tenant: TenantId) -> Result<()> {
    while !*app.stopping.borrow() {
        let erased = app.db.system("erase a retailer", async |tx| slice(tx, app, id, tenant).await).await?;
        if erased {
            tracing::info!(erasure = %id, "a retailer was erased");
            return Ok(());
        }
    }
    Ok(())
}

/// Erases some rows; when there were none, writes the certificate. Says whether it is over.
async fn slice(tx: &mut SystemTx, app: &App, id: ErasureId, tenant: TenantId) -> Result<bool> {
    // Whoever else was at it has ended by then.
    let Some(closing) = store::lock(tx, id).await? else { return Ok(true) };
    let mut erased = store::erase_rows(tx, tenant, ROWS).await?;
    if erased.is_empty() {
        erased = store::erase_local(tx, tenant, ROWS).await?;
    }
    if !erased.is_empty() {
        store::count(tx, id, &certificate::added(&closing.counts, &erased)?).await?;
        return Ok(false);
    }
    // Nothing was found in any table of the catalogue, in this very transaction.
    let at: DateTime<Utc> = now();
    let claims = Certificate::new(&closing, at)?;
    let signed = app.auth.keys.document(DocumentKind::Erasure, &claims)?;
    let key = app.auth.keys.jwks().keys.into_iter().next();
    store::insert_erasure(tx, id, &signed, &json!(key), at).await?;
    store::forget(tx, tenant).await?;
    Ok(true)
}
