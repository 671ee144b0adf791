//! The sweeps' loop: each at the start and then at its own pace; a failure or a panic is logged and the next round
//! tries again.

use super::{Sweep, unharmed};
use crate::app::App;
use futures_util::future::join_all;
use tokio::sync::watch;

/// Does every sweep again and again until `stopping` turns true; ends between two rounds.
pub async fn run(app: &App, sweeps: &[Sweep], stopping: &watch::Receiver<bool>) {
    join_all(sweeps.iter().map(|sweep| repeat(app, *sweep, stopping.clone()))).await;
}

async fn repeat(app: &App, sweep: Sweep, mut stopping: watch::Receiver<bool>) {
    while !*stopping.borrow() {
        if let Err(error) = unharmed(async { (sweep.perform)(app).await }).await {
            tracing::warn!(sweep = sweep.name, %error, "a sweep failed");
        }
        tokio::select! {
            () = tokio::time::sleep(sweep.every) => {}
            // Without a sender nobody can say when to stop, and nobody is left to work for.
            changed = stopping.changed() => if changed.is_err() { return },
        }
    }
}
