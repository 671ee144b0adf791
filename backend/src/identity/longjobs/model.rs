//! What a long job is: its states, who it acts for, how bytes become parts. Pure.

use crate::error::{Error, Result};
use crate::platform::http::who::{Actor, Reach, Who, actor_text};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use tillwatch_shared::ids::{ApiTokenId, ChannelId, JobId, StaffId};
use tillwatch_shared::jobs::{LongJob, LongJobCount, LongJobKind, LongJobState, ProgressUnit};
use tillwatch_shared::permissions::{Permission, Role};
use uuid::Uuid;

/// The most bytes of a part of a file.
pub const PART: usize = 256 * 1024;
/// Files are kept so long after the end.
pub(super) const KEPT: TimeDelta = TimeDelta::days(7);
/// An upload that is not whole after so long has broken off.
pub(super) const UPLOAD: TimeDelta = TimeDelta::hours(1);
/// A job that rests for its retailer's limits does so for so long at most.
pub(super) const RESTS: TimeDelta = TimeDelta::days(7);
/// Jobs of one retailer that run at once.
pub(super) const AT_ONCE: i64 = 2;
/// Jobs of one retailer that are not over.
pub(super) const MOST_OPEN: i64 = 20;
/// Failures of one slice before the job is given up.
pub(super) const MOST_FAILURES: i32 = 5;

/// A file of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileName {
    /// What was sent.
    Upload,
    /// What came of it.
    Result,
    /// What was refused, to be mended.
    Errors,
    /// What a kind notes for its own end.
    Index,
}

impl FileName {
    /// The word in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Result => "result",
            Self::Errors => "errors",
            Self::Index => "index",
        }
    }
}

/// Who asked, and what they could reach then: the job acts for them, whatever becomes of their session, as far as they
/// still reach it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Authority {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role: Option<Role>,
    /// The channels that they were narrowed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    channels: Option<Vec<ChannelId>>,
}

impl Authority {
    pub(super) fn of(who: &Who) -> Self {
        let role = match who.actor {
            Actor::Staff { role, .. } => Some(role),
            _ => None,
        };
        let channels = who.reach.only().map(|ids| ids.into_iter().map(ChannelId).collect());
        Self { role, channels }
    }
}

/// A job as it is kept.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) id: JobId,
    pub(super) kind: LongJobKind,
    pub(super) state: LongJobState,
    pub(super) done: i64,
    pub(super) total: Option<i64>,
    pub(super) message: Option<String>,
    pub(super) params: Value,
    pub(super) checkpoint: Value,
    pub(super) counts: Value,
    pub(super) slice: i64,
    pub(super) failures: i32,
    pub(super) cancel_asked_at: Option<DateTime<Utc>>,
    pub(super) actor_kind: String,
    pub(super) actor_id: Option<Uuid>,
    pub(super) authority: Value,
    pub(super) request_id: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) started_at: Option<DateTime<Utc>>,
    pub(super) finished_at: Option<DateTime<Utc>>,
    pub(super) files_removed_at: Option<DateTime<Utc>>,
}

impl Kept {
    /// Whether it is over.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.state, LongJobState::Succeeded | LongJobState::Failed | LongJobState::Cancelled)
    }

    /// What was counted so far.
    pub(super) fn counts(&self) -> BTreeMap<String, i64> {
        serde_json::from_value(self.counts.clone()).unwrap_or_default()
    }

    /// The present counts and `more`.
    pub(super) fn counted(&self, more: &[(&'static str, i64)]) -> Value {
        let mut counts = self.counts();
        for (name, count) in more {
            *counts.entry((*name).to_owned()).or_default() += count;
        }
        serde_json::json!(counts)
    }

    /// Who asked for the job, with what they reached then, in the tenant and place of `who`.
    pub(super) fn asker(&self, who: &Who) -> Result<Who> {
        let Authority { role, channels } = serde_json::from_value(self.authority.clone()).map_err(Error::internal)?;
        let actor = match (self.actor_kind.as_str(), self.actor_id, role) {
            ("staff", Some(id), Some(role)) => Actor::Staff { id: StaffId(id), role, session: None },
            ("api_token", Some(id), _) => Actor::Token(ApiTokenId(id)),
            _ => Actor::System,
        };
        let reach = channels.map_or(Reach::All, |ids| Reach::Only(Arc::new(ids.into_iter().collect())));
        Ok(Who { actor, reach, request_id: self.request_id.clone(), ..who.clone() })
    }

    /// As the wire shows it.
    pub(super) fn to_wire(&self) -> LongJob {
        let counts = self.counts().into_iter().map(|(name, count)| LongJobCount { name, count });
        LongJob {
            id: self.id,
            kind: self.kind,
            state: self.state,
            cancelling: self.cancel_asked_at.is_some() && !self.is_over(),
            done: self.done,
            total: self.total,
            unit: unit(self.kind),
            counts: counts.collect(),
            message: self.message.clone(),
            sha256: self.params.get("sha256").and_then(Value::as_str).map(str::to_owned),
            requested_by: actor_text(&self.actor_kind, self.actor_id),
            created_at: self.created_at,
            started_at: self.started_at,
            finished_at: self.finished_at,
            files_until: self.finished_at.map(|at| at + KEPT),
        }
    }
}

/// What a kind counts its progress in.
fn unit(kind: LongJobKind) -> ProgressUnit {
    match kind {
        LongJobKind::SamplesImport => ProgressUnit::Bytes,
        LongJobKind::TenantExport => ProgressUnit::Tables,
    }
}

/// What whoever asked for a job of this kind must be allowed as long as it runs.
pub(super) fn asks(kind: LongJobKind) -> Permission {
    match kind {
        LongJobKind::SamplesImport => Permission::SamplesWrite,
        LongJobKind::TenantExport => Permission::TenantExport,
    }
}

/// What is reached both then and now.
pub(super) fn both(then: &Reach, now: Reach) -> Reach {
    match (then, now) {
        (Reach::All, now) => now,
        (then, Reach::All) => then.clone(),
        (Reach::Only(then), Reach::Only(now)) => Reach::Only(Arc::new(then.intersection(&now).copied().collect())),
    }
}

/// How a file is handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handed {
    /// Its content type.
    pub content_type: &'static str,
    /// The ending of its name.
    pub ending: &'static str,
    /// Whether it is packed already.
    pub packed: bool,
    /// What one must be allowed beside reading jobs, with a fresh proof of who one is.
    pub asks: Option<Permission>,
}

/// How the `name` file of a kind is handed out; `None` for one that is not.
pub fn handed(kind: LongJobKind, name: FileName) -> Option<Handed> {
    let plain = |content_type, ending| Some(Handed { content_type, ending, packed: false, asks: None });
    match (kind, name) {
        (LongJobKind::SamplesImport, FileName::Result) => plain("application/x-ndjson", "ndjson"),
        (LongJobKind::SamplesImport, FileName::Errors) => plain("text/csv; charset=utf-8", "csv"),
        (LongJobKind::TenantExport, FileName::Result) => Some(Handed {
            content_type: "application/gzip",
            ending: "tar.gz",
            packed: true,
            asks: Some(Permission::TenantExport),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tillwatch_shared::ids::TenantId;

    fn kept() -> Kept {
        Kept {
            id: JobId::new(),
            kind: LongJobKind::SamplesImport,
            state: LongJobState::Running,
            done: 1,
            total: Some(2),
            message: None,
            params: serde_json::json!({ "sha256": "ab" }),
            checkpoint: Value::Null,
            counts: serde_json::json!({ "accepted": 1 }),
            slice: 0,
            failures: 0,
            cancel_asked_at: None,
            actor_kind: "api_token".into(),
            actor_id: Some(Uuid::nil()),
            authority: Value::Null,
            request_id: "r".into(),
            created_at: DateTime::UNIX_EPOCH,
            started_at: None,
            finished_at: None,
            files_removed_at: None,
        }
    }

    #[test]
    fn what_was_reached_then_and_is_reached_no_more_is_not_reached() {
        let [near, far, new] = [ChannelId::new(), ChannelId::new(), ChannelId::new()];
        let only = |channels: &[ChannelId]| Reach::of(Some(channels.iter().copied()));
        assert_eq!(both(&Reach::All, Reach::All), Reach::All);
        assert_eq!(both(&Reach::All, only(&[near])), only(&[near]));
        assert_eq!(both(&only(&[near]), Reach::All), only(&[near]));
        assert_eq!(both(&only(&[near, far]), only(&[near, new])), only(&[near]));
        assert_eq!(both(&only(&[near]), only(&[])), only(&[]));
    }

    #[test]
    fn a_job_acts_for_whoever_asked_and_reaches_no_further() {
        let channel = ChannelId::new();
        let asker = Who {
            actor: Actor::Token(ApiTokenId(Uuid::nil())),
            reach: Reach::Only(Arc::new([channel].into())),
            ..Who::system(TenantId::new(), "api", "r")
        };
        let job = Kept { authority: serde_json::json!(Authority::of(&asker)), ..kept() };
        let acting = job.asker(&Who::system(asker.tenant, "job", "other")).unwrap();
        assert_eq!((acting.actor, acting.reach, acting.via.as_str()), (asker.actor, asker.reach, "job"));
        assert!(acting.permissions.to_vec().is_empty());
        let nothing = Who { reach: Reach::Only(Arc::default()), ..asker };
        let job = Kept { authority: serde_json::json!(Authority::of(&nothing)), ..kept() };
        assert_eq!(job.asker(&nothing).unwrap().reach, nothing.reach, "no channel stays no channel");
    }

    #[test]
    fn counts_add_up_by_name() {
        let counted = kept().counted(&[("accepted", 2), ("refused", 3)]);
        assert_eq!(counted, serde_json::json!({ "accepted": 3, "refused": 3 }));
    }

    #[test]
    fn a_copy_of_everything_asks_for_more_than_reading_jobs() {
        for &kind in LongJobKind::ALL {
            let file = handed(kind, FileName::Result).unwrap();
            assert_eq!(file.asks.is_some(), kind == LongJobKind::TenantExport);
            assert_eq!(handed(kind, FileName::Upload), None);
            assert_eq!(handed(kind, FileName::Index), None);
        }
    }
}
