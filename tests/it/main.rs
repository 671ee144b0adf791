//! Every integration test, in one binary: what a user sees, over HTTP and chat, on a real PostgreSQL.

mod access_matrix;
mod bot_process;
mod cancellation;
mod chat_end_to_end;
mod discord;
mod fake_discord;
mod harness;
mod isolation;
mod kill;
mod openapi;
mod rls_catalogue;
mod schema;
mod sign_in;
mod smoke;
mod start_refusal;
mod tidy;
mod up;
