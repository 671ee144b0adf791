//! What every wing stands on and what knows no domain: the HTTP edge, the database, jobs, wake-ups, pictures.

pub mod cache;
pub mod chart;
pub mod clock;
pub mod db;
pub mod http;
pub mod jobs;
pub mod mail;
pub mod tally;
pub mod validate;
pub mod wake;
