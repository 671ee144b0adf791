//! Deferred work of quiet times: what the chat is told of them in time.

use super::model::{self, Kind};
use super::store;
use crate::app::App;
use crate::error::{Error, Result};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use crate::platform::jobs::JobKind;
use crate::platform::wake::Topic;
use crate::watch::deliveries;
use chrono::{DateTime, Utc};
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use tillwatch_shared::watch::{NoticeKind, QuietState};
use uuid::Uuid;

/// The job that tells that a silence is about to end.
pub(super) const ENDING: &str = "silence_ending";
/// The job that shows that a maintenance window is open.
pub(super) const OPENED: &str = "maintenance_opened";
/// The job that tells what fired within a maintenance window.
pub(super) const OVER: &str = "maintenance_over";

/// The kinds of job of this domain.
pub fn kinds() -> Vec<JobKind> {
    vec![
        JobKind { name: ENDING, perform: |app, who, payload| told(app, who, payload, NoticeKind::SilenceEnding) },
        JobKind {
            name: OPENED,
            perform: |app, who, payload| told(app, who, payload, NoticeKind::MaintenanceAnnounced),
        },
        JobKind { name: OVER, perform: |app, who, payload| told(app, who, payload, NoticeKind::MaintenanceOver) },
    ]
}

#[derive(Deserialize)]
struct Payload {
    quiet_time: Uuid,
}

fn told(app: &App, who: Who, payload: serde_json::Value, kind: NoticeKind) -> LocalBoxFuture<'_, Result<()>> {
    Box::pin(async move {
        let Payload { quiet_time } = serde_json::from_value(payload).map_err(Error::internal)?;
        let at = now();
        app.db.write(&who, async |tx| tell(tx, &who, quiet_time, kind, at).await).await?;
        app.wake(Topic::Deliveries);
        Ok(())
    })
}

/// Tells what is true at `at`: a quiet time that was ended or called off meanwhile has nothing more to say.
async fn tell(tx: &mut Tx, who: &Who, id: Uuid, kind: NoticeKind, at: DateTime<Utc>) -> Result<()> {
    let of = if kind == NoticeKind::SilenceEnding { Kind::Silence } else { Kind::Maintenance };
    let time = store::get(tx, who.tenant, of, id, true).await?;
    let state = time.state(at);
    match kind {
        NoticeKind::SilenceEnding if state == QuietState::Active && model::notice_at(&time) <= at => {
            deliveries::announce(tx, who, kind, id, 0, at).await?;
        }
        // The same message says that it is open now.
        NoticeKind::MaintenanceAnnounced if state == QuietState::Active => {
            deliveries::renew(tx, who, kind, id, 0, at).await?;
        }
        NoticeKind::MaintenanceOver if state == QuietState::Over && time.starts_at < time.ends_at => {
            deliveries::renew(tx, who, NoticeKind::MaintenanceAnnounced, id, 0, at).await?;
            deliveries::announce(tx, who, kind, id, 0, at).await?;
        }
        _ => {}
    }
    Ok(())
}
