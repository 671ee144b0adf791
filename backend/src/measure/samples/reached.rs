//! Whose figures a caller is shown: what was asked for, as far as their permissions reach ([`crate::identity::reach`]).

use super::store::Scope;
use crate::error::{Error, Result};
use crate::identity::reach;
use crate::platform::db::Tx;
use crate::platform::http::who::{Reach, Who};
use tillwatch_shared::ids::{CampaignId, ChannelId};

/// The channel and the campaign whose figures are asked for. A caller who is narrowed to channels names one, so that
/// nobody takes a part for the whole; where they reach a single channel, it goes without saying.
pub(super) fn named(
    who: &Who,
    channel: Option<ChannelId>,
    campaign: Option<CampaignId>,
) -> Result<(Option<ChannelId>, Option<CampaignId>)> {
    if who.reach == Reach::All || channel.is_some() || campaign.is_some() {
        return Ok((channel, campaign));
    }
    let detail = "Your permissions are narrowed to channels: name the one whose figures you want.";
    let single = who.reach.single().ok_or_else(|| Error::field("?channel", "required", detail))?;
    Ok((Some(single), None))
}

/// What of the figures `who` reaches; `None` where that is nothing, which looks as if nothing was counted.
pub(super) async fn reached(
    tx: &mut Tx,
    who: &Who,
    channel: Option<ChannelId>,
    campaign: Option<CampaignId>,
) -> Result<Option<Scope>> {
    let Some(within) = reach::within(tx, who).await? else {
        return Ok(Some(Scope { channel, campaign, ..Scope::default() }));
    };
    let holds = within.holds(reach::Place { channel, campaign });
    Ok(holds.then_some(Scope { channel, campaign, reached: Some(within.channels), ..Scope::default() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tillwatch_shared::ids::TenantId;

    #[test]
    fn a_narrowed_caller_names_a_channel_unless_there_is_one_only() {
        let [one, other] = [ChannelId::new(), ChannelId::new()];
        let who = |reach| Who { reach, ..Who::system(TenantId::new(), "api", "r") };
        assert_eq!(named(&who(Reach::All), None, None).unwrap(), (None, None));
        assert_eq!(named(&who(Reach::of(Some([one]))), None, None).unwrap(), (Some(one), None));
        let campaign = CampaignId::new();
        assert_eq!(named(&who(Reach::of(Some([one]))), None, Some(campaign)).unwrap(), (None, Some(campaign)));
        for several in [Reach::of(Some([one, other])), Reach::of(Some([]))] {
            let refused = named(&who(several), None, None).unwrap_err();
            assert_eq!((refused.fields[0].pointer.as_str(), refused.fields[0].code.as_str()), ("?channel", "required"));
        }
    }
}
