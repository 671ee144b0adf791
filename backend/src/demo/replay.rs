//! The replay: the weeks behind the history, sent hour by hour at a chosen speed, in the order in which they happened.

use super::extract::DemoRow;
use super::retailer::{self, Retailer};
use crate::app::App;
use std::time::Duration;

/// Sends the rows of `retailer` so that one of its days takes `day`. A failing database is waited out.
pub async fn run(app: &App, retailer: Retailer, day: Duration) {
    let hour = day / 24;
    let mut hours = retailer.rows.chunk_by(|one, next| hour_of(one) == hour_of(next)).peekable();
    while let Some(rows) = hours.next() {
        let rows_sent: Vec<&DemoRow> = rows.iter().collect();
        while let Err(error) = retailer::send(app, &retailer.who, &rows_sent).await {
            tracing::warn!(%error, "the replay waits");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        // A shop sleeps at night: an empty hour takes its time, too.
        let pause = hours.peek().map_or(1, |next| hour_of(&next[0]) - hour_of(&rows[0]));
        tokio::time::sleep(hour * u32::try_from(pause.clamp(1, 48)).unwrap_or(1)).await;
    }
    tracing::info!(tenant = %retailer.who.tenant, "the replay is over; `up --reset` starts it again");
}

fn hour_of(row: &DemoRow) -> i64 {
    row.at.timestamp().div_euclid(3600)
}
