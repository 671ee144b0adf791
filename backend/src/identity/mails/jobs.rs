//! Deferred work of mails: each is sent behind the commit of what caused it, and old ones are removed.

use super::store;
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::directory;
use crate::platform::clock::now;
use crate::platform::http::who::Who;
use crate::platform::jobs::{JobKind, Sweep};
use chrono::TimeDelta;
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use std::time::Duration;
use tillwatch_shared::ids::MailId;

/// A mail is kept for so long, sent or not: its address is somebody's, and its link is long over.
const KEPT: TimeDelta = TimeDelta::days(30);
/// Mails of one retailer that are looked at in one transaction.
const AT_ONCE: i64 = 500;

/// The kinds of job of this domain.
pub fn kinds() -> Vec<JobKind> {
    vec![JobKind { name: super::SEND, perform: send }]
}

/// The sweeps.
pub fn sweeps() -> Vec<Sweep> {
    vec![Sweep { name: "mails.old", every: Duration::from_hours(6), perform: |app| remove_old(app).boxed_local() }]
}

#[derive(Deserialize)]
struct OneMail {
    mail_id: MailId,
}

fn send(app: &App, who: Who, payload: serde_json::Value) -> LocalBoxFuture<'_, Result<()>> {
    Box::pin(async move {
        let OneMail { mail_id } = serde_json::from_value(payload).map_err(Error::internal)?;
        super::send(app, &who, mail_id).await
    })
}

/// Removes old mails, retailer by retailer, each in its own transactions.
async fn remove_old(app: &App) -> Result<()> {
    let before = now() - KEPT;
    directory::each_tenant(app, "retailers whose old mails are removed", async |tenant| {
        let who = Who::system(tenant, "schedule", "mails.old");
        while !*app.stopping.borrow()
            && app.db.write(&who, async |tx| store::remove_old(tx, tenant, before, AT_ONCE).await).await? > 0
        {}
        Ok(())
    })
    .await
}
