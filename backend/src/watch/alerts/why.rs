//! "Why did, or didn't, I get this?": what is kept of an alert's way to the chats, put together.

use super::store::{self, Told};
use super::{check_reach, steps, view};
use crate::app::App;
use crate::error::Result;
use crate::identity::chat;
use crate::platform::http::page::Paging;
use crate::platform::http::who::Who;
use crate::watch::deliveries;
use tillwatch_shared::ids::AlertId;
use tillwatch_shared::watch::AlertWhy;

/// Steps of the timeline that are shown.
const STEPS: u32 = 50;

/// Why somebody was told of an alert, or was not.
///
/// # Errors
/// 404.
pub async fn why(app: &App, who: &Who, id: AlertId) -> Result<AlertWhy> {
    app.db
        .read(who, async |tx| {
            check_reach(tx, who, id).await?;
            let alert = view::one(tx, who.tenant, id).await?;
            let Told { breach, since, again, group } = store::told(tx, who.tenant, id).await?;
            let paging = Paging::new(who.tenant, "alert timeline", &id.to_string(), Some(STEPS), None)?;
            let mut steps = steps(tx, who, id, &paging).await?;
            steps.truncate(STEPS as usize);
            let updates = store::updates(tx, who.tenant, id).await?;
            let linked = chat::servers(tx, who.tenant).await?.len();
            let messages = deliveries::messages(tx, who.tenant, id, group).await?;
            Ok(AlertWhy {
                alert,
                breach,
                updates: u32::try_from(updates).unwrap_or(u32::MAX),
                told_since: since,
                told_again: u32::try_from(again).unwrap_or_default(),
                linked_chats: u32::try_from(linked).unwrap_or(u32::MAX),
                messages,
                steps: steps.into_iter().map(|(_, step)| step).collect(),
            })
        })
        .await
}
