//! Deferred work of campaigns: a scheduled one starts on its first day.

use super::states;
use crate::app::App;
use crate::error::{Error, Result};
use crate::platform::http::who::Who;
use crate::platform::jobs::JobKind;
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use tillwatch_shared::ids::CampaignId;

/// The kinds of job of this domain.
pub fn kinds() -> Vec<JobKind> {
    vec![JobKind { name: states::LAUNCH_DUE, perform: launch_due }]
}

#[derive(Deserialize)]
struct OneCampaign {
    campaign_id: CampaignId,
}

fn launch_due(app: &App, who: Who, payload: serde_json::Value) -> LocalBoxFuture<'_, Result<()>> {
    Box::pin(async move {
        let OneCampaign { campaign_id } = serde_json::from_value(payload).map_err(Error::internal)?;
        states::launch_due(app, &who, campaign_id).await
    })
}
