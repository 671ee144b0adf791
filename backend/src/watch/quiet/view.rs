//! Quiet times as the wire shows them.

use super::model::QuietTime;
use crate::error::{Error, Result};
use crate::identity::staff;
use crate::platform::db::Tx;
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use tillwatch_shared::ids::{SilenceId, StaffId, TenantId, WindowId};
use tillwatch_shared::watch::{MaintenanceWindow, NamedStaff, QuietScope, QuietState, Silence};
use uuid::Uuid;

/// A quiet time with the names of its people, as it is at one time.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The quiet time.
    pub time: QuietTime,
    /// Whose it is.
    pub owner: Option<NamedStaff>,
    /// Who ended it before its time.
    pub ended_early_by: Option<NamedStaff>,
    /// Where it is.
    pub state: QuietState,
}

impl Shown {
    /// As a silence.
    pub fn into_silence(self) -> Silence {
        let (scope, time) = (self.scope(), self.time);
        Silence {
            id: SilenceId(time.id),
            scope,
            reason: time.reason,
            owner: self.owner,
            starts_at: time.starts_at,
            ends_at: time.ends_at,
            state: self.state,
            ended_early_by: self.ended_early_by,
            created_at: time.created_at,
            version: time.version,
        }
    }

    /// As a maintenance window.
    pub fn into_window(self) -> MaintenanceWindow {
        let (scope, time) = (self.scope(), self.time);
        MaintenanceWindow {
            id: WindowId(time.id),
            scope,
            reason: time.reason,
            owner: self.owner,
            starts_at: time.starts_at,
            ends_at: time.ends_at,
            state: self.state,
            ended_early_by: self.ended_early_by,
            created_at: time.created_at,
            version: time.version,
        }
    }

    fn scope(&self) -> QuietScope {
        let QuietTime { rule, channel, campaign, severity, .. } = self.time;
        QuietScope { rule, channel, campaign, severity: Some(severity) }
    }
}

pub(super) async fn one(tx: &mut Tx, tenant: TenantId, time: QuietTime, at: DateTime<Utc>) -> Result<Shown> {
    let shown = show(tx, tenant, vec![time], at).await?.pop();
    shown.ok_or_else(|| Error::internal("a quiet time that was shown is gone"))
}

pub(super) async fn show(
    tx: &mut Tx,
    tenant: TenantId,
    times: Vec<QuietTime>,
    at: DateTime<Utc>,
) -> Result<Vec<Shown>> {
    let people = times.iter().flat_map(|time| [time.owner, time.ended_early_by]).flatten();
    let people: Vec<Uuid> = people.map(|staff| staff.0).collect();
    let names: HashMap<Uuid, String> = staff::named(tx, tenant, &people).await?;
    let named =
        |id: Option<StaffId>| id.map(|id| NamedStaff { id, name: names.get(&id.0).cloned().unwrap_or_default() });
    let shown = times.into_iter().map(|time| Shown {
        owner: named(time.owner),
        ended_early_by: named(time.ended_early_by),
        state: time.state(at),
        time,
    });
    Ok(shown.collect())
}
