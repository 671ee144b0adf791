//! Deferred work of alerts: a campaign that changed has its open alerts shown anew.

use super::campaign_changed;
use crate::app::App;
use crate::error::{Error, Result};
use crate::plan::campaigns::CAMPAIGN_CHANGED;
use crate::platform::clock::now;
use crate::platform::http::who::Who;
use crate::platform::jobs::JobKind;
use crate::platform::wake::Topic;
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use tillwatch_shared::ids::CampaignId;

/// The kinds of job of this domain.
pub fn kinds() -> Vec<JobKind> {
    vec![JobKind { name: CAMPAIGN_CHANGED, perform: refresh }]
}

#[derive(Deserialize)]
struct Payload {
    campaign_id: CampaignId,
}

fn refresh(app: &App, who: Who, payload: serde_json::Value) -> LocalBoxFuture<'_, Result<()>> {
    Box::pin(async move {
        let Payload { campaign_id } = serde_json::from_value(payload).map_err(Error::internal)?;
        let shown = app.db.write(&who, async |tx| campaign_changed(tx, &who, campaign_id, now()).await).await?;
        if shown > 0 {
            app.wake(Topic::Deliveries);
        }
        Ok(())
    })
}
