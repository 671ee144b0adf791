//! A person's own settings at a retailer: what they are called there, and the language of their own messages.
//!
//! `GET /v1/me` shows them with their version; [`update`] changes them over that version. Invariants: only a signed-in
//! person changes them, and only their own; a name is personal, so the audit log says that it changed and not to what.

pub mod routes;
mod store;

use crate::app::App;
use crate::error::Result;
use crate::identity::audit::{self, Entry};
use crate::identity::auth;
use crate::platform::http::params::IfMatch;
use crate::platform::http::who::Who;
use crate::platform::validate::Checks;
use serde_json::{Map, json};
use tillwatch_shared::joining::{Profile, UpdateProfile};

/// Changes the settings of the person who asks. What is so already changes nothing.
///
/// # Errors
/// 409 when no signed-in person asks, 412 for another version, 422 for a wrong field.
pub async fn update(app: &App, who: &Who, version: &IfMatch, wanted: UpdateProfile) -> Result<Profile> {
    let (id, _) = auth::own_session(who)?;
    let mut checks = Checks::default();
    checks.optional_line("/name", wanted.name.as_deref(), 1, 120);
    checks.done()?;
    app.db
        .write(who, async |tx| {
            let before = store::lock(tx, who.tenant, id).await?;
            version.check(before.version)?;
            let mut after = before.clone();
            after.name = wanted.name.map_or(after.name, |name| name.trim().to_owned());
            after.locale = wanted.locale.unwrap_or(after.locale);
            if after == before {
                return Ok(before);
            }
            after.version += 1;
            store::update(tx, who.tenant, &after).await?;
            let (mut was, mut is) = (Map::new(), Map::new());
            if before.name != after.name {
                is.insert("name".to_owned(), json!("(changed)"));
            }
            if before.locale != after.locale {
                was.insert("locale".to_owned(), json!(before.locale));
                is.insert("locale".to_owned(), json!(after.locale));
            }
            let (before, changed) = (Some(was.into()), Some(is.into()));
            let object = Some(id.to_string());
            let entry = Entry { action: "staff.profile_changed", object, before, after: changed, ..Entry::default() };
            audit::record(tx, who, entry).await?;
            Ok(after)
        })
        .await
}
