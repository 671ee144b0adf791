//! The replay: the weeks behind the history, sent hour by hour at a chosen speed, in the order in which they happened.

use super::extract::DemoRow;
use super::retailer::{self, Retailer};
use crate::app::App;
use std::collections::HashSet;
use std::time::Duration;

/// Sends the rows of `retailer` so that one of its days takes `day`. A failing database is waited out; a refused row is
/// left out, since asking again would be answered in the same way for ever.
pub async fn run(app: &App, retailer: Retailer, day: Duration) {
    let hour = day / 24;
    let mut told = HashSet::new();
    let mut hours = retailer.rows.chunk_by(|one, next| hour_of(one) == hour_of(next)).peekable();
    while let Some(rows) = hours.next() {
        for refusal in send(app, &retailer, rows).await {
            if !told.contains(&refusal) {
                tracing::warn!(tenant = %retailer.who.tenant, refusal, "the replay leaves out what is refused");
                told.insert(refusal);
            }
        }
        // A shop sleeps at night: an empty hour takes its time, too.
        let pause = hours.peek().map_or(1, |next| hour_of(&next[0]) - hour_of(&rows[0]));
        tokio::time::sleep(hour * u32::try_from(pause.clamp(1, 48)).unwrap_or(1)).await;
    }
    tracing::info!(tenant = %retailer.who.tenant, "the replay is over; `up --reset` starts it again");
}

/// Sends an hour's rows until there is an answer; what was refused.
async fn send(app: &App, retailer: &Retailer, rows: &[DemoRow]) -> Vec<String> {
    let rows: Vec<&DemoRow> = rows.iter().collect();
    loop {
        match retailer::send(app, &retailer.who, &rows).await {
            Ok(refused) => return refused,
            Err(error) if error.code.status() == 503 => {
                tracing::warn!(%error, "the replay waits");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            Err(error) => return vec![error.to_string()],
        }
    }
}

fn hour_of(row: &DemoRow) -> i64 {
    row.at.timestamp().div_euclid(3600)
}
