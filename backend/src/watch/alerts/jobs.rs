//! Deferred work of alerts.

use super::{hush, speaking};
use crate::app::App;
use crate::error::{Error, Result};
use crate::platform::http::who::Who;
use crate::platform::jobs::JobKind;
use crate::watch::quiet::SETTLE;
use chrono::{DateTime, Utc};
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use tillwatch_shared::ids::AlertId;
use uuid::Uuid;

/// The kinds of job of this domain.
pub fn kinds() -> Vec<JobKind> {
    vec![
        JobKind { name: SETTLE, perform: settle },
        JobKind { name: speaking::TELL_AGAIN, perform: tell_again },
        JobKind { name: speaking::SHOW_GROUP, perform: show_group },
    ]
}

#[derive(Deserialize)]
struct Settle {
    /// Once more, a while later.
    #[serde(default)]
    again: bool,
}

fn settle(app: &App, who: Who, payload: serde_json::Value) -> LocalBoxFuture<'_, Result<()>> {
    Box::pin(async move {
        let Settle { again } = serde_json::from_value(payload).map_err(Error::internal)?;
        hush::settle(app, &who, again).await
    })
}

#[derive(Deserialize)]
struct Again {
    alert: AlertId,
    spoke_at: DateTime<Utc>,
    step: i32,
}

fn tell_again(app: &App, who: Who, payload: serde_json::Value) -> LocalBoxFuture<'_, Result<()>> {
    Box::pin(async move {
        let Again { alert, spoke_at, step } = serde_json::from_value(payload).map_err(Error::internal)?;
        speaking::tell_again(app, &who, alert, spoke_at, step).await
    })
}

#[derive(Deserialize)]
struct Group {
    group: Uuid,
}

fn show_group(app: &App, who: Who, payload: serde_json::Value) -> LocalBoxFuture<'_, Result<()>> {
    Box::pin(async move {
        let Group { group } = serde_json::from_value(payload).map_err(Error::internal)?;
        speaking::show_group(app, &who, group).await
    })
}
