//! Every integration test, in one binary: what a user sees, over HTTP and chat, on a real PostgreSQL.

mod harness;
mod smoke;
