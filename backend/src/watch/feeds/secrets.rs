//! What is secret of a feed: its headers, and what stands behind the `?` of its address. They are kept sealed, as one.

use super::model;
use super::store::Kept;
use crate::error::{Error, Result};
use crate::platform::sealed::{Place, Sealer};
use crate::platform::validate::Checks;
use serde::{Deserialize, Serialize};
use tillwatch_shared::feeds::{FeedHeader, UpdateFeed};
use tillwatch_shared::ids::{FeedId, TenantId};

/// What is secret of a feed. It cannot be printed, so that no log has it.
#[derive(Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Secrets {
    /// What stands behind the `?` of the address, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) query: Option<String>,
    pub(super) headers: Vec<FeedHeader>,
}

impl Secrets {
    /// The whole address, of which `url` is what is kept in the open.
    pub(super) fn address(&self, url: &str) -> String {
        format!("{url}{}", self.query.as_deref().unwrap_or_default())
    }
}

/// Where the secrets of a feed belong.
pub(super) fn place(tenant: TenantId, id: FeedId) -> Place<'static> {
    Place { tenant: Some(tenant), purpose: "feed secrets", object: id.0 }
}

/// Secrets, sealed; `None` where there are none.
pub(super) fn sealed(sealer: &Sealer, tenant: TenantId, id: FeedId, secrets: &Secrets) -> Result<Option<Vec<u8>>> {
    if *secrets == Secrets::default() {
        return Ok(None);
    }
    let plain = serde_json::to_vec(secrets).map_err(Error::internal)?;
    sealer.seal(place(tenant, id), &plain).map(Some)
}

/// The secrets of a feed. The log is told of those that do not open.
pub(super) fn opened(sealer: &Sealer, tenant: TenantId, kept: &Kept) -> Result<Secrets> {
    let Some(sealed) = &kept.secrets else { return Ok(Secrets::default()) };
    // What is wrong with it must not be told with it.
    let unreadable = |_| Error::internal("what is sealed of a feed is no query and headers");
    let plain = sealer.open(place(tenant, kept.id), sealed);
    let secrets: Result<Secrets> = plain.and_then(|plain| serde_json::from_slice(&plain).map_err(unreadable));
    secrets.inspect_err(|error| {
        let feed = kept.id;
        tracing::error!(%feed, %error, "a feed's secrets cannot be read; was SECRET_KEY_PREVIOUS taken away?");
    })
}

/// What is sealed of a feed behind a change: what is given, and of the rest what was there. Where that does not open, it is
/// to be given again.
pub(super) fn behind(
    sealer: &Sealer,
    tenant: TenantId,
    before: &Kept,
    change: &UpdateFeed,
    checks: &mut Checks,
) -> Result<Option<Vec<u8>>> {
    let hid = model::hides(&before.setup.url);
    let query = change.url.as_deref().map(|url| model::parted(url).1.map(str::to_owned));
    let stays = query.as_ref().is_none_or(|query| query.is_none() && !hid);
    if stays && change.headers.is_none() {
        return Ok(before.secrets.clone());
    }
    let were = opened(sealer, tenant, before).ok();
    if were.is_none() {
        let known = change.headers.is_some() || before.setup.header_names.is_empty();
        let detail = "Those before cannot be read any more. Give them again, or `[]`.";
        checks.ensure(known, "/headers", "required", detail);
        let detail = "What stands behind its `?` cannot be read any more. Give the whole address again.";
        checks.ensure(change.url.is_some() || !hid, "/url", "required", detail);
    }
    let secrets = Secrets {
        query: query.unwrap_or_else(|| were.as_ref().and_then(|were| were.query.clone())),
        headers: change.headers.clone().or_else(|| were.as_ref().map(|were| were.headers.clone())).unwrap_or_default(),
    };
    // Headers that are given again are a change, even if they are the same.
    let given = change.headers.as_ref().is_some_and(|headers| !headers.is_empty());
    if !given && were.as_ref() == Some(&secrets) {
        return Ok(before.secrets.clone());
    }
    sealed(sealer, tenant, before.id, &secrets)
}
