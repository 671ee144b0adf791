//! What a goal names: refused where it is not there, out of reach, or no metric that goals take.

use super::model::{self, MOST_CAMPAIGNS};
use crate::error::Result;
use crate::identity::reach::{self, Place};
use crate::identity::staff;
use crate::measure::metrics::{self, Book};
use crate::plan::{campaigns, channels};
use crate::platform::db::Tx;
use crate::platform::http::who::{Reach, Who};
use crate::platform::validate::Checks;
use tillwatch_shared::goals::Goal;
use tillwatch_shared::ids::{CampaignId, ChannelId, StaffId, TenantId};

/// The book in which a goal's metric is, if there is such a one.
pub(super) async fn book_of(tx: &mut Tx, tenant: TenantId, goal: &Goal) -> Result<Book> {
    metrics::book_of(tx, tenant, goal.metric.as_deref()).await
}

/// As [`book_of`], of a goal that may be pursued from this transaction on: a metric of the retailer's own is not archived
/// before it ends.
pub(super) async fn book_to_pursue(tx: &mut Tx, tenant: TenantId, goal: &Goal) -> Result<Book> {
    match goal.metric.as_deref() {
        Some(key) => metrics::book_to_watch(tx, tenant, key).await,
        None => Ok(Book::default()),
    }
}

/// Refuses a metric that no goal is set on. One that stood in `known` was taken before, and is not named anew.
pub(super) fn check_metric(known: Option<&Goal>, goal: &Goal, book: &Book, checks: &mut Checks) {
    if let Some(key) = goal.metric.as_deref().filter(|_| known.is_none_or(|known| known.metric != goal.metric)) {
        model::check_metric(key, book, checks);
    }
}

/// Refuses what is named and not there, or out of reach. What stood in `known`, the goal as the caller saw it before, is not
/// named anew.
pub(super) async fn check(
    tx: &mut Tx,
    who: &Who,
    known: Option<&Goal>,
    goal: &Goal,
    checks: &mut Checks,
) -> Result<()> {
    let New { channel, campaigns, owner } = New::of(known, goal);
    if let Some(channel) = channel {
        let there = channels::existing(tx, who.tenant, &[channel]).await?.contains(&channel);
        checks.ensure(there && who.reach.holds(channel), "/channel", "not_found", "There is no such channel.");
    }
    for (pointer, campaign) in campaigns {
        let there = !campaigns::named(tx, who.tenant, &[campaign.0]).await?.is_empty();
        let reached = reach::holds(tx, who, Place { channel: None, campaign: Some(campaign) }).await?;
        checks.ensure(there && reached, &pointer, "not_found", "There is no such campaign.");
    }
    if let Some(owner) = owner {
        let there = !staff::named(tx, who.tenant, &[owner.0]).await?.is_empty();
        checks.ensure(there, "/owner", "not_found", "There is no such staff.");
    }
    let seen = who.reach == Reach::All || goal.channel.is_some() || goal.campaign.is_some();
    let detail = "Your permissions are narrowed to channels: name one of them, or a campaign that runs on them alone.";
    checks.ensure(seen, "/channel", "required", detail);
    Ok(())
}

/// What a goal names that it did not name before.
#[derive(Debug, PartialEq)]
struct New {
    channel: Option<ChannelId>,
    /// Its own and the linked ones, with where they stand.
    campaigns: Vec<(String, CampaignId)>,
    owner: Option<StaffId>,
}

impl New {
    fn of(known: Option<&Goal>, goal: &Goal) -> Self {
        let is_new = |linked: &CampaignId| known.is_none_or(|known| !known.campaigns.contains(linked));
        let own = goal.campaign.filter(|_| known.is_none_or(|known| known.campaign != goal.campaign));
        let own = own.map(|id| ("/campaign".to_owned(), id));
        // What is too much is refused as such, and not looked up.
        let linked = goal.campaigns.iter().enumerate().take(MOST_CAMPAIGNS).filter(|(_, linked)| is_new(linked));
        let linked = linked.map(|(place, linked)| (format!("/campaigns/{place}"), *linked));
        Self {
            channel: goal.channel.filter(|_| known.is_none_or(|known| known.channel != goal.channel)),
            campaigns: own.into_iter().chain(linked).collect(),
            owner: goal.owner.filter(|_| known.is_none_or(|known| known.owner != goal.owner)),
        }
    }
}

/// The goal with the campaigns that stood in `before` and were not `shown` to who changed it: these stay.
pub(super) fn with_hidden(goal: &Goal, before: &Goal, shown: &Goal) -> Goal {
    if goal.campaigns == shown.campaigns {
        return Goal { campaigns: before.campaigns.clone(), ..goal.clone() };
    }
    let hidden = before.campaigns.iter().filter(|one| !shown.campaigns.contains(one) && !goal.campaigns.contains(one));
    Goal { campaigns: goal.campaigns.iter().chain(hidden).copied().collect(), ..goal.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::goals::model::draft;
    use chrono::DateTime;
    use serde_json::json;

    fn linked(campaigns: &[CampaignId]) -> Goal {
        let wanted = json!({ "name": "Autumn", "campaigns": campaigns });
        draft(serde_json::from_value(wanted).unwrap(), DateTime::UNIX_EPOCH)
    }

    #[test]
    fn what_a_caller_does_not_see_is_neither_checked_nor_lost() {
        let [hidden, seen, new] = [CampaignId::new(), CampaignId::new(), CampaignId::new()];
        let (before, shown) = (linked(&[hidden, seen]), linked(&[seen]));
        let renamed = Goal { name: "Winter".to_owned(), ..shown.clone() };
        assert_eq!(New::of(Some(&shown), &renamed), New { channel: None, campaigns: Vec::new(), owner: None });
        assert_eq!(with_hidden(&renamed, &before, &shown).campaigns, before.campaigns, "in their order");
        let other = Goal { campaigns: vec![new], ..shown.clone() };
        assert_eq!(New::of(Some(&shown), &other).campaigns, [("/campaigns/0".to_owned(), new)]);
        assert_eq!(with_hidden(&other, &before, &shown).campaigns, [new, hidden]);
        // Who names what they were not shown is told nothing of it.
        let guessed = Goal { campaigns: vec![hidden], ..shown.clone() };
        assert_eq!(New::of(Some(&shown), &guessed).campaigns, [("/campaigns/0".to_owned(), hidden)]);
        assert_eq!(with_hidden(&guessed, &before, &shown).campaigns, [hidden]);
        assert_eq!(New::of(None, &before).campaigns.len(), 2);
    }
}
