//! What the threads of claimed deliveries have to tell.

use super::shown::Shown;
use crate::error::{Error, Result};
use crate::platform::db::Tx;
use crate::watch::alerts;
use crate::watch::deliveries::Claimed;
use std::collections::HashMap;
use tillwatch_shared::ids::TenantId;
use tillwatch_shared::watch::{DeliveryThread, Severity, Transport};
use uuid::Uuid;

/// What these deliveries' threads have to tell, by delivery; those that have none are missing. An alert that is only good to
/// know has no thread, neither have notices: a storm is one message.
pub(super) async fn of(
    tx: &mut Tx,
    tenant: TenantId,
    rows: &[Claimed],
    shown: &HashMap<Uuid, Shown>,
) -> Result<HashMap<Uuid, DeliveryThread>> {
    let mut wanted = Vec::new();
    for row in rows.iter().filter(|row| !row.is_notice()) {
        let transport: Transport = row.transport.parse().map_err(Error::internal)?;
        let alert = shown.get(&row.subject).and_then(|shown| shown.alert.as_ref());
        if transport.has_threads() && alert.is_some_and(|alert| alert.severity > Severity::Info) {
            wanted.push(row);
        }
    }
    let places: Vec<(Uuid, i64)> = wanted.iter().map(|row| (row.subject, row.told)).collect();
    let steps = alerts::untold(tx, tenant, &places).await?;
    let thread = |row: &&Claimed| {
        let mut steps = steps.get(&(row.subject, row.told)).cloned().unwrap_or_default();
        // What happened since the alert was read is told with the version that it made.
        let version = shown.get(&row.subject).map_or(0, |shown| shown.version);
        steps.retain(|step| step.version <= version);
        (row.id, DeliveryThread { told: row.told, steps })
    };
    Ok(wanted.iter().map(thread).collect())
}
