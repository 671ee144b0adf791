//! What happened to alerts, for the threads of their messages.

use super::store::{self, Doing};
use crate::error::Result;
use crate::identity::staff;
use crate::plan::campaigns::Moved;
use crate::platform::db::Tx;
use std::collections::HashMap;
use tillwatch_shared::ids::{StaffId, TenantId};
use tillwatch_shared::watch::ThreadStep;
use uuid::Uuid;

/// Steps that a thread is told at once, the newest; a longer story stands in the timeline.
const MOST: usize = 20;

/// Who moved a campaign, and why, as a step of its alerts.
pub(super) fn doing(moved: &Moved) -> Doing<'_> {
    let Moved { actor_kind, actor, via, reason } = moved;
    Doing { actor_kind, actor: *actor, via, reason: reason.as_deref() }
}

/// What happened to these alerts, each behind the version of it that was told, oldest first; new figures are shown by the
/// message itself.
///
/// # Errors
/// When the database fails.
pub async fn untold(
    tx: &mut Tx,
    tenant: TenantId,
    alerts: &[(Uuid, i64)],
) -> Result<HashMap<(Uuid, i64), Vec<ThreadStep>>> {
    let Some(least) = alerts.iter().map(|(_, told)| *told).min() else { return Ok(HashMap::new()) };
    let ids: Vec<Uuid> = alerts.iter().map(|(id, _)| *id).collect();
    let most = i64::try_from(ids.len() * MOST).unwrap_or(i64::MAX);
    let mut happened = store::happened(tx, tenant, &ids, least, most).await?;
    let staff_of = |actor: &Option<String>| actor.as_ref()?.parse::<StaffId>().ok().map(|staff| staff.0);
    let people: Vec<Uuid> = happened.iter().filter_map(|(_, _, step)| staff_of(&step.actor)).collect();
    let names = staff::named(tx, tenant, &people).await?;
    for (_, _, step) in &mut happened {
        step.actor_name = staff_of(&step.actor).and_then(|person| names.get(&person).cloned());
    }
    let behind = |(id, told): (Uuid, i64)| {
        let steps = happened.iter().filter(|(alert, version, _)| *alert == id && *version > told).take(MOST);
        let mut steps: Vec<ThreadStep> =
            steps.map(|(_, version, step)| ThreadStep { version: *version, step: step.clone() }).collect();
        steps.reverse();
        ((id, told), steps)
    };
    Ok(alerts.iter().copied().map(behind).collect())
}
