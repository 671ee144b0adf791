//! Reach: permissions narrowed to channels, held in one place.
//!
//! Vocabulary: a caller's [`Reach`] is every channel or a list of them; an empty list reaches nothing. The rule
//! ([`Reach::holds_all`], pure) is that an object is reached when it belongs to channels and all of them are reached. A
//! channel belongs to itself; a campaign to the channels that it runs on; a rule, an alert and its deliveries to the
//! channel and to the channels of the campaign that they speak of; a figure to the channel that it was counted on, else
//! to its campaign's channels. What belongs to no channel is about the whole retailer.
//!
//! Invariants: what is out of reach looks like another retailer's object (404, absent from a list, a refused row);
//! nobody makes what they could not see afterwards; lists are filtered in the database ([`Within`], [`reached!`]),
//! single objects by [`check`]. Permissions that are not about channels are refused a narrowed caller at the edge
//! (`Who::may`). This domain is the one place of the wing that looks at channels and at what runs on them, and it looks at
//! ids alone.

mod store;

use crate::error::{Error, Result};
use crate::platform::db::Tx;
use crate::platform::http::who::{Reach, Who};
use crate::platform::validate::Checks;
use std::collections::HashSet;
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::{CampaignId, ChannelId, TenantId};
use uuid::Uuid;

/// The most channels that somebody is narrowed to.
pub const MOST_CHANNELS: usize = 500;

/// What a narrowed caller reaches, as stores filter by it.
#[derive(Clone, Debug, Default)]
pub struct Within {
    /// The channels.
    pub channels: Vec<Uuid>,
    /// The campaigns that run on these channels and on no others.
    pub campaigns: Vec<Uuid>,
}

/// To what an object belongs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The channel that it speaks of.
    pub channel: Option<ChannelId>,
    /// The campaign that it speaks of.
    pub campaign: Option<CampaignId>,
}

impl Within {
    /// Whether an object of this place is reached.
    pub fn holds(&self, place: Place) -> bool {
        (place.channel.is_some() || place.campaign.is_some())
            && place.channel.is_none_or(|channel| self.channels.contains(&channel.0))
            && place.campaign.is_none_or(|campaign| self.campaigns.contains(&campaign.0))
    }
}

/// Narrows a boxed query over a table with `channel_id` and `campaign_id` to what is reached; the same rule as
/// [`Within::holds`].
macro_rules! reached {
    ($query:expr, $table:ident, $within:expr) => {
        match $within {
            None => $query,
            Some(within) => $query
                .filter($table::channel_id.is_not_null().or($table::campaign_id.is_not_null()))
                .filter($table::channel_id.is_null().or($table::channel_id.eq_any(within.channels.clone())))
                .filter($table::campaign_id.is_null().or($table::campaign_id.eq_any(within.campaigns.clone()))),
        }
    };
}
pub(crate) use reached;

/// What `who` reaches, for filters; `None` for everything.
///
/// # Errors
/// When the database fails.
pub async fn within(tx: &mut Tx, who: &Who) -> Result<Option<Within>> {
    let Some(channels) = who.reach.only() else { return Ok(None) };
    let campaigns = if channels.is_empty() { Vec::new() } else { store::campaigns(tx, who.tenant, &channels).await? };
    Ok(Some(Within { channels, campaigns }))
}

/// Whether `who` reaches an object of `place`.
///
/// # Errors
/// When the database fails.
pub async fn holds(tx: &mut Tx, who: &Who, place: Place) -> Result<bool> {
    if who.reach == Reach::All {
        return Ok(true);
    }
    if place.channel.is_some_and(|channel| !who.reach.holds(channel)) {
        return Ok(false);
    }
    match place.campaign {
        Some(campaign) => Ok(who.reach.holds_all(&store::channels_of(tx, who.tenant, campaign).await?)),
        None => Ok(place.channel.is_some()),
    }
}

/// Refuses an object of `place`, a `what`, that is out of reach, as if it were not there.
///
/// # Errors
/// 404; when the database fails.
pub async fn check(tx: &mut Tx, who: &Who, place: Place, what: &str) -> Result<()> {
    if holds(tx, who, place).await? { Ok(()) } else { Err(Error::not_found(what)) }
}

/// Refuses a channel that is out of reach, as if it were not there.
///
/// # Errors
/// 404.
pub fn check_channel(who: &Who, channel: ChannelId) -> Result<()> {
    if who.reach.holds(channel) { Ok(()) } else { Err(Error::not_found("channel")) }
}

/// Refuses a campaign that is out of reach, as if it were not there.
///
/// # Errors
/// 404; when the database fails.
pub async fn check_campaign(tx: &mut Tx, who: &Who, campaign: CampaignId) -> Result<()> {
    check(tx, who, Place { channel: None, campaign: Some(campaign) }, "campaign").await
}

/// Refuses a narrowed caller what is done to the whole retailer, although its permission is about channels.
///
/// # Errors
/// 403.
pub fn check_everything(who: &Who) -> Result<()> {
    if who.reach == Reach::All {
        return Ok(());
    }
    let detail = "Your permissions are narrowed to channels; this is for somebody whose reach every channel.";
    Err(Error::new(Code::PermissionDenied, detail))
}

/// A list of channels that somebody is to be narrowed to: refuses what is not there, what is listed twice and what is
/// too much, at `pointer`.
///
/// # Errors
/// When the database fails.
pub async fn check_list(
    checks: &mut Checks,
    tx: &mut Tx,
    tenant: TenantId,
    pointer: &str,
    channels: &[ChannelId],
) -> Result<()> {
    if channels.len() > MOST_CHANNELS {
        let detail = format!("Lists {} channels; at most {MOST_CHANNELS} are kept.", channels.len());
        checks.refuse(pointer, "too_many", detail);
        return Ok(());
    }
    if channels.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = channels.iter().map(|channel| channel.0).collect();
    let there: HashSet<Uuid> = store::existing(tx, tenant, &ids).await?.into_iter().collect();
    let mut seen = HashSet::new();
    for (index, channel) in channels.iter().enumerate() {
        let pointer = format!("{pointer}/{index}");
        if !seen.insert(channel) {
            checks.refuse(&pointer, "duplicate", format!("{channel} is listed twice. Remove one."));
        } else if !there.contains(&channel.0) {
            checks.refuse(&pointer, "not_found", format!("There is no channel {channel}."));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_reached_with_all_that_it_speaks_of() {
        let (channel, campaign) = (ChannelId::new(), CampaignId::new());
        let within = Within { channels: vec![channel.0], campaigns: vec![campaign.0] };
        let place = |channel, campaign| Place { channel, campaign };
        assert!(within.holds(place(Some(channel), None)) && within.holds(place(None, Some(campaign))));
        assert!(within.holds(place(Some(channel), Some(campaign))));
        assert!(!within.holds(place(Some(ChannelId::new()), Some(campaign))));
        assert!(!within.holds(place(Some(channel), Some(CampaignId::new()))));
        assert!(!within.holds(Place::default()), "what belongs to nothing is the whole retailer's");
        assert!(!Within::default().holds(place(Some(channel), None)), "an empty list reaches nothing");
    }
}
