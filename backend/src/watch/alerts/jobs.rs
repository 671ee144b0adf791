//! Deferred work of alerts.

use super::hush;
use crate::app::App;
use crate::error::Result;
use crate::platform::http::who::Who;
use crate::platform::jobs::JobKind;
use crate::watch::quiet::SETTLE;
use futures_util::future::LocalBoxFuture;

/// The kinds of job of this domain.
pub fn kinds() -> Vec<JobKind> {
    vec![JobKind { name: SETTLE, perform: settle }]
}

fn settle(app: &App, who: Who, _: serde_json::Value) -> LocalBoxFuture<'_, Result<()>> {
    Box::pin(async move { hush::settle(app, &who).await })
}
