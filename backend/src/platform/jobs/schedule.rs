//! The sweeps' loop: each at the start and then at its own pace; a failure is logged and the next round tries again.

use super::Sweep;
use crate::app::App;
use futures_util::future::join_all;

/// Does every sweep again and again until the process stops; ends between two rounds.
pub async fn run(app: &App, sweeps: &[Sweep]) {
    join_all(sweeps.iter().map(|sweep| repeat(app, *sweep))).await;
}

async fn repeat(app: &App, sweep: Sweep) {
    let mut stopping = app.stopping.clone();
    while !*stopping.borrow() {
        if let Err(error) = (sweep.perform)(app).await {
            tracing::warn!(sweep = sweep.name, %error, "a sweep failed");
        }
        tokio::select! {
            () = tokio::time::sleep(sweep.every) => {}
            _ = stopping.changed() => {}
        }
    }
}
