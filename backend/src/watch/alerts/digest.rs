//! Many alerts at a glance: how many are in which state, of which rules and channels, and the worst of them.

use super::store::{self, Row};
use super::view;
use crate::error::{Error, Result};
use crate::platform::db::Tx;
use std::collections::HashMap;
use tillwatch_shared::ids::TenantId;
use tillwatch_shared::watch::{AlertDigest, AlertState, Counted, Severity};
use uuid::Uuid;

/// How many rules, channels and alerts a digest names.
const NAMED: usize = 10;

/// Which alerts.
#[derive(Clone, Copy, Debug)]
pub enum Many {
    /// Those that a maintenance window kept quiet.
    OfWindow(Uuid),
    /// Those that are told in the message of this group.
    OfGroup(Uuid),
}

/// The alerts at a glance.
///
/// # Errors
/// When the database fails.
pub async fn digest(tx: &mut Tx, tenant: TenantId, which: Many) -> Result<AlertDigest> {
    let rows = match which {
        Many::OfWindow(window) => store::of_window(tx, tenant, window).await?,
        Many::OfGroup(group) => store::of_group(tx, tenant, group).await?,
    };
    let channels: Vec<Uuid> = rows.iter().filter_map(|row| row.channel_id).collect();
    let names = crate::plan::channels::named(tx, tenant, &channels).await?;
    let all: Vec<Glance> = rows.iter().map(Glance::of).collect::<Result<_>>()?;
    let count = |state: AlertState| number(all.iter().filter(|one| one.state == state).count());
    let rules = counted(all.iter().zip(&rows).map(|(one, row)| (row.rule_name.clone(), one.is_open())));
    let channels = counted(all.iter().zip(&rows).filter_map(|(one, row)| {
        let channel = names.get(&row.channel_id?)?;
        Some((channel.name.clone(), one.is_open()))
    }));
    let (firing, acknowledged, resolved) =
        (count(AlertState::Firing), count(AlertState::Acknowledged), count(AlertState::Resolved));
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|place| std::cmp::Reverse((all[*place].urgency(), *place)));
    order.truncate(NAMED);
    let alerts = number(rows.len());
    let mut rows: Vec<Option<Row>> = rows.into_iter().map(Some).collect();
    let worst: Vec<Row> = order.into_iter().filter_map(|place| rows[place].take()).collect();
    let worst = view::show(tx, tenant, worst).await?;
    Ok(AlertDigest { alerts, firing, acknowledged, resolved, rules, channels, worst })
}

/// What of an alert decides its place.
struct Glance {
    state: AlertState,
    severity: Severity,
    opened_at: i64,
}

impl Glance {
    fn of(row: &Row) -> Result<Self> {
        Ok(Self {
            state: row.state.parse().map_err(Error::internal)?,
            severity: row.severity.parse().map_err(Error::internal)?,
            opened_at: row.opened_at.timestamp_micros(),
        })
    }

    fn is_open(&self) -> bool {
        self.state != AlertState::Resolved
    }

    /// What fires before what somebody has in hand, that before what is over; the loudest, then the oldest first.
    fn urgency(&self) -> (u8, Severity, i64) {
        let state = match self.state {
            AlertState::Firing | AlertState::Silenced => 2,
            AlertState::Acknowledged => 1,
            AlertState::Resolved => 0,
        };
        (state, self.severity, -self.opened_at)
    }
}

/// How many alerts bear each name, the most first.
fn counted(named: impl Iterator<Item = (String, bool)>) -> Vec<Counted> {
    let mut counts: HashMap<String, (u32, u32)> = HashMap::new();
    for (name, open) in named {
        let (alerts, opens) = counts.entry(name).or_default();
        *alerts += 1;
        *opens += u32::from(open);
    }
    let mut counted: Vec<Counted> =
        counts.into_iter().map(|(name, (alerts, open))| Counted { name, alerts, open }).collect();
    counted.sort_by(|a, b| b.open.cmp(&a.open).then(b.alerts.cmp(&a.alerts)).then_with(|| a.name.cmp(&b.name)));
    counted.truncate(NAMED);
    counted
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_counted_with_the_most_open_ones_first() {
        let named = [("a", true), ("b", true), ("b", true), ("c", false), ("c", false), ("c", false)];
        let counted = counted(named.into_iter().map(|(name, open)| (name.to_owned(), open)));
        let found: Vec<(&str, u32, u32)> =
            counted.iter().map(|one| (one.name.as_str(), one.alerts, one.open)).collect();
        assert_eq!(found, [("b", 2, 2), ("a", 1, 1), ("c", 3, 0)]);
        assert_eq!(super::counted((0..99).map(|n| (n.to_string(), true))).len(), NAMED);
    }

    #[test]
    fn what_fires_loudest_and_longest_comes_first() {
        let one = |state, severity, opened_at| Glance { state, severity, opened_at }.urgency();
        let firing = one(AlertState::Firing, Severity::Critical, 5);
        assert!(firing > one(AlertState::Firing, Severity::Warning, 1));
        assert!(firing > one(AlertState::Acknowledged, Severity::Critical, 1));
        assert!(firing < one(AlertState::Firing, Severity::Critical, 4));
        assert!(one(AlertState::Acknowledged, Severity::Info, 9) > one(AlertState::Resolved, Severity::Critical, 1));
    }
}
