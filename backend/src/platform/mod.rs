//! What every wing stands on and what knows no domain: the HTTP edge, the database, jobs, limits, wake-ups, pictures,
//! requests to customers' addresses, sealed secrets.

pub mod cache;
pub mod chart;
pub mod clock;
pub mod db;
pub mod hex;
pub mod http;
pub mod jobs;
pub mod limits;
pub mod mail;
pub mod outbound;
pub mod sealed;
pub mod tally;
pub mod time_of_day;
pub mod validate;
pub mod wake;
