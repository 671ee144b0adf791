//! Limits and manners of the edge: how much may be asked, by whom at once, from which pages, for how long.

#![expect(clippy::expect_used, reason = "tests")]

mod chain;
mod edge;
mod rates;
mod time;
mod turns;

use crate::harness::service::own_service_with;
use crate::harness::{OwnService, own_database};
use tillwatch_backend::platform::limits::LimitsConfig;

/// A service with limits of its own.
async fn limited(change: impl FnOnce(&mut LimitsConfig) + Send + 'static) -> OwnService {
    own_service_with(own_database().await, 8, |options| change(&mut options.limits))
}
