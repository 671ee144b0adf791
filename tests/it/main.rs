//! Every integration test, in one binary: what a user sees, over HTTP and chat, on a real PostgreSQL.

mod bot_process;
mod chat_end_to_end;
mod discord;
mod fake_discord;
mod harness;
mod kill;
mod smoke;
mod tidy;
mod up;
