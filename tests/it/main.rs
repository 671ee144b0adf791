//! Every integration test, in one binary: what a user sees, over HTTP and chat, on a real PostgreSQL.

mod access_matrix;
mod backtest;
mod bot_process;
mod cancellation;
mod channels_campaigns;
mod chat_end_to_end;
mod deliveries;
mod discord;
mod fake_discord;
mod harness;
mod isolation;
mod kill;
mod openapi;
mod outage;
mod rls_catalogue;
mod rules_alerts;
mod samples;
mod samples_refused;
mod schema;
mod sign_in;
mod smoke;
mod start_refusal;
mod stop_loss;
mod tidy;
mod up;
