//! Deferred work of deliveries: a server's alerts appear in another chat channel now, in a channel that was mended, or
//! nowhere, since it was unlinked; and a correction of a goal is told, which the wing below proposed.

use super::{announce, renew, server_settled};
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::chat::SERVER_SETTLED;
use crate::plan::goals::jobs::{GOAL_PROPOSAL, ProposalMoved};
use crate::plan::goals::proposal_told;
use crate::platform::clock::now;
use crate::platform::http::who::Who;
use crate::platform::jobs::JobKind;
use crate::platform::wake::Topic;
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use tillwatch_shared::goals::ProposalState;
use tillwatch_shared::watch::NoticeKind;

/// The kinds of job of this domain.
pub fn kinds() -> Vec<JobKind> {
    vec![
        JobKind { name: SERVER_SETTLED, perform: send_again },
        JobKind { name: GOAL_PROPOSAL, perform: proposal_moved },
    ]
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

/// A correction that waits is told once; of one that was decided or overtaken the same message says so. One that nobody
/// was told of is not told when it is over.
fn proposal_moved(app: &App, who: Who, payload: serde_json::Value) -> LocalBoxFuture<'_, Result<()>> {
    Box::pin(async move {
        let ProposalMoved { proposal_id } = serde_json::from_value(payload).map_err(Error::internal)?;
        let at = now();
        app.db
            .write(&who, async |tx| {
                let Some(proposal) = proposal_told(tx, who.tenant, proposal_id).await? else { return Ok(()) };
                if proposal.state == ProposalState::Open {
                    announce(tx, &who, NoticeKind::GoalProposal, proposal_id.0, 0, at).await.map(|_| ())
                } else {
                    renew(tx, &who, NoticeKind::GoalProposal, proposal_id.0, 0, at).await
                }
            })
            .await?;
        app.wake(Topic::Deliveries);
        Ok(())
    })
}
