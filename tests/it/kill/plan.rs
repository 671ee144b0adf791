//! What the partner sends in the loop of kills, and what must have become of it.
//!
//! Two sorts of breach: campaigns whose cost creeps over a stop-loss line, batch by batch, and channels that have two
//! days over the line of a daily rule. Each makes one alert with several versions.

use crate::harness::Tenant;
use crate::harness::feed::{of, sample};
use chrono::{Days, NaiveDate, Utc};
use serde_json::{Value, json};

/// Campaigns with a stop-loss line of [`LINE`]; every third stays under it.
pub(super) const CAMPAIGNS: u32 = 24;
/// The line.
pub(super) const LINE: u32 = 1_000;
/// Channels that the daily rule judges one by one.
pub(super) const CHANNELS: u32 = 12;
/// Batches that each campaign's cost comes in.
const STEPS: u32 = 8;

/// A campaign and what it costs in all.
pub(super) struct Costs {
    pub(super) id: String,
    pub(super) total: u32,
}

/// The whole of it.
pub(super) struct Plan {
    /// The day on which it was made: a run over midnight keeps its days.
    pub(super) today: NaiveDate,
    pub(super) campaigns: Vec<Costs>,
    pub(super) channels: Vec<String>,
    /// One queue a sender; a queue keeps its order.
    pub(super) queues: Vec<Vec<Vec<Value>>>,
}

impl Plan {
    /// Makes campaigns, channels and rules, and sends the quiet days with which the daily rule begins.
    pub(super) async fn make(retailer: &Tenant) -> Self {
        let mut campaigns = Vec::new();
        for n in 0..CAMPAIGNS {
            let id = retailer.active_campaign(&format!("Campaign {n}")).await;
            retailer.stop_loss(&id, LINE).await;
            // Every total is unlike any other, so that a message's figure tells whose it is.
            let over = if n % 3 == 2 { 90 } else { 130 };
            campaigns.push(Costs { id, total: over * STEPS + n });
        }
        let mut channels = Vec::new();
        for n in 0..CHANNELS {
            channels.push(retailer.channel(&format!("Channel {n}")).await);
        }
        let wish = json!({
            "name": "Returns over 100 a day", "severity": "warning", "per_channel": true,
            "spec": { "kind": "threshold", "metric": "refunds", "side": "above", "line": 100.0 },
        });
        retailer.owner.post("/v1/rules", wish).await.ok();
        let today = Utc::now().date_naive();
        let queues = vec![costs(&campaigns, 0, today), costs(&campaigns, 1, today), refunds(&channels, today)];
        Self { today, campaigns, channels, queues }
    }

    /// Rows in all, the quiet days' among them.
    pub(super) fn rows(&self) -> usize {
        self.queues.iter().flatten().map(Vec::len).sum::<usize>() + self.quiet_days().len()
    }

    /// Days without anything of note: from here on the daily rule judges.
    pub(super) fn quiet_days(&self) -> Vec<Value> {
        let of_day = |ago| self.channels.iter().map(move |channel| refund(channel, self.today - Days::new(ago), 10));
        [30, 29].into_iter().flat_map(of_day).collect()
    }

    /// The figure that each alert must show in the end, with its campaign or channel.
    pub(super) fn figures(&self) -> Vec<(String, u32)> {
        let stopped = self.campaigns.iter().filter(|c| c.total >= LINE).map(|c| (c.id.clone(), c.total));
        stopped.chain(self.channels.iter().zip(0..).map(|(id, n)| (id.clone(), second_day(n)))).collect()
    }
}

/// The batches of every other campaign's costs: several campaigns a batch, so that locks are taken in many orders.
fn costs(campaigns: &[Costs], odd: usize, today: NaiveDate) -> Vec<Vec<Value>> {
    let own: Vec<&Costs> = campaigns.iter().skip(odd).step_by(2).collect();
    let mut batches = Vec::new();
    for group in own.chunks(3) {
        for step in 0..STEPS {
            batches.push(group.iter().rev().flat_map(|costs| cost(costs, step, today)).collect());
        }
    }
    batches
}

/// One step of a campaign's cost: two rows.
fn cost(costs: &Costs, step: u32, today: NaiveDate) -> Vec<Value> {
    let day = today - Days::new(u64::from(2 + step));
    let whole = costs.total / STEPS;
    let amount = if step + 1 == STEPS { costs.total - whole * (STEPS - 1) } else { whole };
    let row = |key: &str, amount: u32| sample("spend", &format!("{day}T10:00:00Z"), key, amount);
    of("campaign", &costs.id, [row("a", amount - 1), row("b", 1)])
}

/// The batches of refunds: each channel in turn has two days over the line, and a later day closes them.
fn refunds(channels: &[String], today: NaiveDate) -> Vec<Vec<Value>> {
    let mut batches = Vec::new();
    for (channel, n) in channels.iter().zip(0..) {
        let first = today - Days::new(28 - 2 * u64::from(n));
        batches.push(vec![refund(channel, first, 160)]);
        batches.push(vec![refund(channel, first + Days::new(1), second_day(n))]);
    }
    let closing = channels.first().map(|channel| refund(channel, today - Days::new(3), second_day(0)));
    batches.push(closing.into_iter().collect());
    batches
}

fn second_day(n: u32) -> u32 {
    170 + n
}

fn refund(channel: &str, day: NaiveDate, amount: u32) -> Value {
    let mut row = sample("refunds", &format!("{day}T10:00:00Z"), "till", amount);
    row["channel"] = json!(channel);
    row
}
