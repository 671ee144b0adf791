//! The audit log as its readers and its verifier see it: what it holds, that it is sealed, and that whoever changes it in
//! the database is found.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod chain;
mod export;
mod query;

use crate::harness::program::tillwatch;
use crate::harness::service::{SECRET, own_service_with};
use crate::harness::tenant::Style;
use crate::harness::{Database, OwnService, Tenant, own_database};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use tillwatch_backend::app::App;
use tillwatch_backend::identity::audit::sealing;
use tillwatch_backend::platform::hex::hex;
use tillwatch_shared::ids::AuditId;

/// A service whose worker seals nothing by itself, and a retailer that did something.
async fn busy_retailer() -> (OwnService, Tenant) {
    let service = own_service_with(own_database().await, 4, |options| options.worker = false);
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    retailer.channel("West Street").await;
    retailer.active_campaign("秋季优惠券").await;
    (service, retailer)
}

/// Seals everything that is older than `until`; how many seals were made.
async fn seal_until(service: &OwnService, retailer: &Tenant, until: DateTime<Utc>) -> usize {
    let app = App::new(service.inside()).unwrap();
    sealing::seal(&app, retailer.id, until).await.unwrap()
}

/// Seals everything there is.
async fn seal_all(service: &OwnService, retailer: &Tenant) -> usize {
    seal_until(service, retailer, Utc::now() + TimeDelta::seconds(5)).await
}

/// The ids of the entries, oldest first.
async fn entries(retailer: &Tenant) -> Vec<AuditId> {
    let listed = retailer.audited().await;
    listed.iter().rev().map(|entry| entry["id"].as_str().unwrap().parse().unwrap()).collect()
}

/// What the verification says.
async fn verdict(retailer: &Tenant) -> Value {
    retailer.owner.get("/v1/audit-entries/verification").await.ok()
}

/// Runs the built program to its end: exit code, standard output, standard error.
async fn run(database: &Database, args: &[&str]) -> (i32, String, String) {
    let mut command = tillwatch(args);
    command.env("DATABASE_URL", &database.app_url);
    command.env("DATABASE_SYSTEM_URL", &database.system_url);
    command.env("SECRET_KEY", hex(&SECRET));
    // It ends by itself, and what it said is whole only when its pipes are at their end.
    let ended =
        tokio::task::spawn_blocking(move || command.output().expect("the program starts")).await.expect("its end");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (ended.status.code().expect("an exit code"), said(&ended.stdout), said(&ended.stderr))
}
