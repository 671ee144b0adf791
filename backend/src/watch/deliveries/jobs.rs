//! Deferred work of deliveries: a server's alerts appear in another chat channel now, in a channel that was mended, or
//! nowhere, since it was unlinked.

use super::server_settled;
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::chat::SERVER_SETTLED;
use crate::platform::clock::now;
use crate::platform::http::who::Who;
use crate::platform::jobs::JobKind;
use crate::platform::wake::Topic;
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;

/// The kinds of job of this domain.
pub fn kinds() -> Vec<JobKind> {
    vec![JobKind { name: SERVER_SETTLED, perform: send_again }]
}

#[derive(Deserialize)]
struct Payload {
    transport: String,
    server: String,
}

fn send_again(app: &App, who: Who, payload: serde_json::Value) -> LocalBoxFuture<'_, Result<()>> {
    Box::pin(async move {
        let Payload { transport, server } = serde_json::from_value(payload).map_err(Error::internal)?;
        app.db.write(&who, async |tx| server_settled(tx, &who, &transport, &server, now()).await).await?;
        app.wake(Topic::Deliveries);
        Ok(())
    })
}
