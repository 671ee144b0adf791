//! The one place that reads the clock. Rules get the time as an argument; use cases get it here, once.

use chrono::{DateTime, SubsecRound, Utc};

/// The present time, to the microsecond, which is what PostgreSQL keeps.
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}
