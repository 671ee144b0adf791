//! Deferred work of passwords: the mail with a link, and new passwords settled at each retailer.

use super::{ASKED, Asked, Place, SETTLE};
use crate::app::App;
use crate::error::{Error, Result};
use crate::platform::http::who::Who;
use crate::platform::jobs::JobKind;
use futures_util::future::LocalBoxFuture;

/// The kinds of job of this domain.
pub fn kinds() -> Vec<JobKind> {
    vec![JobKind { name: ASKED, perform: asked }, JobKind { name: SETTLE, perform: settle }]
}

fn asked(app: &App, who: Who, payload: serde_json::Value) -> LocalBoxFuture<'_, Result<()>> {
    Box::pin(async move {
        let asked: Asked = serde_json::from_value(payload).map_err(Error::internal)?;
        super::send_link(app, &who, &asked).await
    })
}

fn settle(app: &App, who: Who, payload: serde_json::Value) -> LocalBoxFuture<'_, Result<()>> {
    Box::pin(async move {
        let place: Place = serde_json::from_value(payload).map_err(Error::internal)?;
        super::settle(app, &who, &place).await
    })
}
