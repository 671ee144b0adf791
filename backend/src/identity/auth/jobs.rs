//! While `SECRET_KEY` is rotated, what the key before has sealed is sealed anew, so that the key may go.

use super::factor;
use crate::app::App;
use crate::error::Result;
use crate::platform::jobs::Sweep;
use futures_util::FutureExt as _;
use std::time::Duration;
use uuid::Uuid;

/// Secrets that are sealed in one transaction.
const AT_ONCE: i64 = 200;

/// The sweeps.
pub fn sweeps() -> Vec<Sweep> {
    vec![Sweep {
        name: "auth.sealed_anew",
        every: Duration::from_mins(10),
        perform: |app| seal_anew(app).boxed_local(),
    }]
}

async fn seal_anew(app: &App) -> Result<()> {
    let mut after = Uuid::nil();
    while !*app.stopping.borrow() {
        let Some(last) = factor::reseal(app, after, AT_ONCE).await? else { break };
        after = last;
    }
    Ok(())
}
