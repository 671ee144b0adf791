//! Retailers and their settings: the language, time zone and currency that everything else is counted in.
//!
//! Cast: [`Settings`] and the store. Invariants: one row a retailer; a time zone is one that `chrono-tz` knows, a
//! currency three capital letters, so whoever reads them need not check again.

pub mod routes;
mod store;

use crate::app::App;
use crate::error::Result;
use crate::identity::audit::{self, Entry};
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::json;
use tillwatch_shared::Locale;
use tillwatch_shared::identity::Tenant;
use tillwatch_shared::ids::TenantId;
use tillwatch_shared::sessions::SecondFactorRule;

/// A retailer's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The retailer.
    pub id: TenantId,
    /// Its name.
    pub name: String,
    /// Language of messages.
    pub locale: Locale,
    /// Hours and days are counted in it.
    pub time_zone: Tz,
    /// ISO 4217 currency of every money metric.
    pub currency: String,
    /// When it signed up.
    pub created_at: DateTime<Utc>,
}

impl Settings {
    /// As the wire shows it.
    pub fn to_wire(&self) -> Tenant {
        Tenant {
            id: self.id,
            name: self.name.clone(),
            locale: self.locale,
            time_zone: self.time_zone.name().to_owned(),
            currency: self.currency.clone(),
        }
    }
}

/// The settings of the retailer that asks, as the wire shows them.
///
/// # Errors
/// When the database fails.
pub async fn get(app: &App, who: &Who) -> Result<Tenant> {
    Ok(app.db.read(who, async |tx| settings(tx, who.tenant).await).await?.to_wire())
}

/// Asks a second factor of these staff from now on: within a second they reach nothing before they have enrolled one.
/// `false` when it was so.
///
/// # Errors
/// When the database fails.
pub async fn require_second_factor(app: &App, who: &Who, rule: SecondFactorRule) -> Result<bool> {
    app.db
        .write(who, async |tx| {
            let Some(was) = store::set_second_factor(tx, who.tenant, rule).await? else { return Ok(false) };
            let (before, after) = (Some(json!({ "second_factor": was })), Some(json!({ "second_factor": rule })));
            let object = Some(who.tenant.to_string());
            let entry = Entry { action: "tenant.second_factor_changed", object, before, after, ..Entry::default() };
            audit::record(tx, who, entry).await?;
            Ok(true)
        })
        .await
}

/// The settings of `tenant`.
///
/// # Errors
/// When the tenant is not there or the database fails.
pub async fn settings(tx: &mut Tx, tenant: TenantId) -> Result<Settings> {
    store::settings(tx, tenant).await
}

/// Makes a retailer, as part of its sign-up.
///
/// # Errors
/// When the database fails.
pub async fn create(tx: &mut Tx, settings: &Settings) -> Result<()> {
    store::insert(tx, settings).await
}
