//! The demo retailers: real weeks of a US grocer and a small generated Chinese retailer, loaded up to a date and
//! replayed from there.

pub mod extract;
