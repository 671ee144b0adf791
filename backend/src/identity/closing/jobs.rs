//! Retailers whose time has come are erased, some rows at a time.

use super::erase_due;
use crate::platform::jobs::Sweep;
use futures_util::FutureExt as _;
use std::time::Duration;

/// The sweeps.
pub fn sweeps() -> Vec<Sweep> {
    vec![Sweep { name: "closing.due", every: Duration::from_mins(1), perform: |app| erase_due(app).boxed_local() }]
}
