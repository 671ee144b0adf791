//! What a goal names: refused where it is not there, out of reach, or no metric that goals take.

use super::model;
use crate::error::Result;
use crate::identity::reach::{self, Place};
use crate::identity::staff;
use crate::measure::metrics;
use crate::plan::{campaigns, channels};
use crate::platform::db::Tx;
use crate::platform::http::who::{Reach, Who};
use crate::platform::validate::Checks;
use tillwatch_shared::goals::Goal;
use tillwatch_shared::ids::CampaignId;

/// Refuses a metric that no goal is set on.
pub(super) async fn check_metric(tx: &mut Tx, who: &Who, goal: &Goal, checks: &mut Checks) -> Result<()> {
    let Some(key) = goal.metric.as_deref() else { return Ok(()) };
    let own = metrics::book_of(tx, who.tenant, [key]).await?.own(key).is_some();
    model::check_metric(key, own, checks);
    Ok(())
}

/// Refuses what is named and not there, or out of reach.
pub(super) async fn check(tx: &mut Tx, who: &Who, goal: &Goal, checks: &mut Checks) -> Result<()> {
    if let Some(channel) = goal.channel {
        let there = channels::existing(tx, who.tenant, &[channel]).await?.contains(&channel);
        checks.ensure(there && who.reach.holds(channel), "/channel", "not_found", "There is no such channel.");
    }
    let linked: Vec<(String, CampaignId)> =
        (0..).zip(&goal.campaigns).map(|(i, id)| (format!("/campaigns/{i}"), *id)).collect();
    for (pointer, campaign) in goal.campaign.map(|id| ("/campaign".to_owned(), id)).into_iter().chain(linked).take(21) {
        let there = !campaigns::named(tx, who.tenant, &[campaign.0]).await?.is_empty();
        let reached = reach::holds(tx, who, Place { channel: None, campaign: Some(campaign) }).await?;
        checks.ensure(there && reached, &pointer, "not_found", "There is no such campaign.");
    }
    if let Some(owner) = goal.owner {
        let there = !staff::named(tx, who.tenant, &[owner.0]).await?.is_empty();
        checks.ensure(there, "/owner", "not_found", "There is no such staff.");
    }
    let seen = who.reach == Reach::All || goal.channel.is_some() || goal.campaign.is_some();
    let detail = "Your permissions are narrowed to channels: name one of them, or a campaign that runs on them alone.";
    checks.ensure(seen, "/channel", "required", detail);
    Ok(())
}
