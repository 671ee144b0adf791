//! Deferred work of imports: batch after batch.

use super::advance;
use crate::app::App;
use crate::error::Result;
use crate::platform::http::who::Who;
use crate::platform::jobs::JobKind;
use futures_util::future::LocalBoxFuture;
use tillwatch_shared::jobs::LongJobKind;

/// The kinds of job of this domain.
pub fn kinds() -> Vec<JobKind> {
    vec![JobKind { name: LongJobKind::SamplesImport.as_str(), perform }]
}

fn perform(app: &App, who: Who, payload: serde_json::Value) -> LocalBoxFuture<'_, Result<()>> {
    Box::pin(async move { advance(app, &who, payload).await })
}
