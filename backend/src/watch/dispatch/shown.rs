//! What claimed deliveries show: the alerts, and the notices with what they are about.

use crate::error::Result;
use crate::plan::goals;
use crate::platform::db::Tx;
use crate::watch::deliveries::{self, Claimed, NoticeRow};
use crate::watch::{alerts, feeds, quiet};
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use tillwatch_shared::ids::{ProposalId, TenantId};
use tillwatch_shared::watch::{Alert, Notice, NoticeKind};
use uuid::Uuid;

/// What one delivery shows.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    /// The alert, or the one that the notice is about.
    pub(super) alert: Option<Alert>,
    /// The notice, if it is one.
    pub(super) notice: Option<Notice>,
    /// Which version this is.
    pub(super) version: i64,
}

/// What these deliveries of one retailer show at `at`, by subject; what is not there is missing.
pub(super) async fn of(
    tx: &mut Tx,
    tenant: TenantId,
    rows: &[Claimed],
    at: DateTime<Utc>,
) -> Result<HashMap<Uuid, Shown>> {
    let subjects = |notice: bool| -> Vec<Uuid> {
        rows.iter().filter(|row| row.is_notice() == notice).map(|row| row.subject).collect()
    };
    let alerts = alerts::by_ids(tx, tenant, &subjects(false)).await?;
    let mut shown: HashMap<Uuid, Shown> = alerts
        .into_iter()
        .map(|alert| (alert.id.0, Shown { version: alert.version, alert: Some(alert), notice: None }))
        .collect();
    for row in deliveries::notices(tx, tenant, &subjects(true)).await? {
        if let Some(notice) = notice(tx, tenant, row, at).await? {
            shown.insert(row.id.0, notice);
        }
    }
    Ok(shown)
}

/// A notice with what it is about; `None` when that is not there.
async fn notice(tx: &mut Tx, tenant: TenantId, row: NoticeRow, at: DateTime<Utc>) -> Result<Option<Shown>> {
    let NoticeRow { id, kind, about, version, .. } = row;
    let mut notice = Notice {
        id,
        kind,
        at: row.at,
        silence: None,
        window: None,
        digest: None,
        daily: None,
        weekly: None,
        proposal: None,
        feed: None,
    };
    match kind {
        NoticeKind::Escalation | NoticeKind::Reminder => {
            let alert = alerts::by_ids(tx, tenant, &[about]).await?.pop();
            return Ok(alert.map(|alert| Shown { alert: Some(alert), notice: Some(notice), version }));
        }
        NoticeKind::AlertGroup => {
            notice.digest = Some(alerts::digest(tx, tenant, alerts::Many::OfGroup(about)).await?);
            return Ok(Some(Shown { alert: None, notice: Some(notice), version }));
        }
        // What they say is read behind this transaction: see `super::filled`.
        NoticeKind::DailyReport | NoticeKind::WeeklyReport => {
            return Ok(Some(Shown { alert: None, notice: Some(notice), version }));
        }
        NoticeKind::GoalProposal => {
            notice.proposal = goals::proposal_told(tx, tenant, ProposalId(about)).await?;
            return Ok(notice.proposal.is_some().then_some(Shown { alert: None, notice: Some(notice), version }));
        }
        NoticeKind::FeedUnwell | NoticeKind::FeedWell => {
            notice.feed = feeds::notice(tx, tenant, about).await?;
            return Ok(notice.feed.is_some().then_some(Shown { alert: None, notice: Some(notice), version }));
        }
        NoticeKind::SilenceEnding | NoticeKind::MaintenanceAnnounced | NoticeKind::MaintenanceOver => {}
    }
    let Some(time) = quiet::by_ids(tx, tenant, &[about], at).await?.pop() else { return Ok(None) };
    match kind {
        NoticeKind::SilenceEnding => notice.silence = Some(time.into_silence()),
        NoticeKind::MaintenanceAnnounced => notice.window = Some(time.into_window()),
        _ => {
            notice.window = Some(time.into_window());
            notice.digest = Some(alerts::digest(tx, tenant, alerts::Many::OfWindow(about)).await?);
        }
    }
    Ok(Some(Shown { alert: None, notice: Some(notice), version }))
}
