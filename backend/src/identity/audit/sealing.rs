//! Sealing what is old enough, and verifying what was sealed.
//!
//! An entry is in the log when its transaction commits, which may be after a younger one's: so only what is older than
//! [`MARGIN`] is sealed. A request is given up after 10 s and a job after 25 s, and an idle transaction is ended after 10 s, so
//! a minute leaves room for clocks that differ. What is later all the same is held by the next seal as long as it is within
//! [`LATE`] of the sealed end; beyond that an entry that no seal holds was put there by somebody else, and the verifier says so.
//! Invariants: a seal is made by whoever is first to insert its number, so any number of workers may seal at once;
//! nothing is tied to a newest seal that is not the service's own.

use super::canon::Hash;
use super::seal::{self, Link, MOST_ENTRIES, Seal};
use super::store::seals as store;
use crate::app::App;
use crate::error::{Error, Result};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::hex::hex;
use crate::platform::http::who::Who;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{HashMap, HashSet};
use tillwatch_shared::audit::{AuditFault, AuditFaultKind, AuditHead, AuditVerification};
use tillwatch_shared::ids::TenantId;
use uuid::Uuid;

/// Entries are sealed when they are so old.
pub const MARGIN: TimeDelta = TimeDelta::minutes(1);
/// An entry that was committed late is still sealed when it is so much older than the sealed end.
pub(super) const LATE: TimeDelta = TimeDelta::minutes(10);
/// An entry's id and its time are made at the same moment, and clocks are set now and then.
pub(super) const SAME_MOMENT: TimeDelta = TimeDelta::minutes(5);
/// Seals of one retailer in one round, so that nobody's backlog keeps the others waiting.
const ROUND: usize = 20;
/// Entries of one seal's range that the verifier looks at; more than it holds were added by somebody.
const RANGE: i64 = 20_000;
/// Unsealed entries are counted so far.
const COUNTED: i64 = 10_000;

/// The lowest id of this time.
pub(super) fn floor(at: DateTime<Utc>) -> Uuid {
    let millis = u128::try_from(at.timestamp_millis().clamp(0, (1 << 48) - 1)).unwrap_or_default();
    Uuid::from_u128(millis << 80)
}

/// The time in an id (RFC 9562, version 7: the first 48 bits are milliseconds).
fn time_of(id: Uuid) -> DateTime<Utc> {
    let millis = i64::try_from(id.as_u128() >> 80).unwrap_or_default();
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

/// The lowest id that may still be sealed when the chain reaches to `through`.
pub(super) fn late(through: Uuid) -> Uuid {
    if through.is_nil() { through } else { floor(time_of(through) - LATE) }
}

fn worker(tenant: TenantId) -> Who {
    Who::system(tenant, "schedule", "audit-seals")
}

/// Seals the entries of `tenant` that are older than `until`, some thousands at most; returns how many seals it made.
///
/// # Errors
/// When the database fails, or the newest seal was not made by the service: nothing is tied to that.
pub async fn seal(app: &App, tenant: TenantId, until: DateTime<Utc>) -> Result<usize> {
    let who = worker(tenant);
    let last = floor(until);
    let something = app
        .db
        .read(&who, async |tx| {
            let through = store::head(tx, tenant).await?.map_or(Uuid::nil(), |head| head.link.through);
            Ok(!store::ids(tx, tenant, through, last, 1).await?.is_empty())
        })
        .await?;
    let mut made = 0;
    while something && made < ROUND && app.db.write(&who, async |tx| seal_some(app, tx, tenant, last).await).await? {
        made += 1;
    }
    Ok(made)
}

/// Makes one seal; `false` when there is nothing to seal or somebody else was first.
async fn seal_some(app: &App, tx: &mut Tx, tenant: TenantId, last: Uuid) -> Result<bool> {
    let mut link = Link::default();
    if let Some(head) = store::head(tx, tenant).await? {
        if app.seal_keys.trusted().signed(&head.kid, &head.link.hash, &head.signature) != Some(true) {
            return Err(Error::internal(format!(
                "seal {} of {tenant} was not signed by this service's key `{}`: nothing is tied to it. After a \
                 rotation set SECRET_KEY_PREVIOUS; else `tillwatch audit verify` says more",
                head.link.number, head.kid
            )));
        }
        link = head.link;
    }
    let most = i64::try_from(MOST_ENTRIES).unwrap_or(i64::MAX);
    let mut chosen = store::ids(tx, tenant, link.through, last, most).await?;
    if chosen.is_empty() {
        return Ok(false);
    }
    let beyond = late(link.through);
    let recent = store::ids(tx, tenant, beyond, link.through, i64::MAX).await?;
    if !recent.is_empty() {
        let sealed: HashSet<Uuid> = store::sealed_beyond(tx, tenant, beyond).await?.into_iter().flatten().collect();
        let late: Vec<Uuid> = recent.into_iter().filter(|id| !sealed.contains(id)).take(MOST_ENTRIES).collect();
        chosen.splice(0..0, late);
        chosen.truncate(MOST_ENTRIES);
    }
    let entries = hashes(tx, tenant, &chosen).await?.0.into_iter().collect();
    store::insert(tx, tenant, &app.seal_keys.seal(tenant, link, entries, now())).await
}

/// The hashes of these entries, and the first whose time does not fit its id.
async fn hashes(tx: &mut Tx, tenant: TenantId, ids: &[Uuid]) -> Result<(HashMap<Uuid, Hash>, Option<AuditFault>)> {
    let mut found = HashMap::with_capacity(ids.len());
    let mut fault = None;
    for (id, entry) in store::sealable(tx, tenant, ids).await? {
        let apart = (time_of(id).timestamp_micros() - entry.at_micros).abs();
        if Some(apart) > SAME_MOMENT.num_microseconds() {
            let detail = format!("The entry {} bears a time that it was not made at.", entry.id);
            fault = Some(AuditFault { kind: AuditFaultKind::EntryTime, entry: Some(entry.id), seal: None, detail });
        }
        found.insert(id, entry.hash(tenant).map_err(Error::internal)?);
    }
    Ok((found, fault))
}

/// Verifies up to `most` seals behind the one with number `after`, with the entries that they hold.
///
/// # Errors
/// 422 when there is no seal `after`; when the database fails.
pub async fn verify(app: &App, who: &Who, after: i64, most: i64) -> Result<AuditVerification> {
    let tenant = who.tenant;
    let (head, link, seals, unsealed) = app
        .db
        .read(who, async |tx| {
            let head = store::head(tx, tenant).await?;
            let link = if after == 0 { Some(Link::default()) } else { store::link(tx, tenant, after).await? };
            let through = head.as_ref().map_or(Uuid::nil(), |head| head.link.through);
            let unsealed = store::count_beyond(tx, tenant, through, COUNTED).await?;
            Ok((head, link, store::seals(tx, tenant, after, most).await?, unsealed))
        })
        .await?;
    let Some(mut link) = link else {
        return Err(Error::field("?after", "not_found", "There is no seal of this number. Begin without it."));
    };
    let trusted = app.seal_keys.trusted();
    let signed = |head: &store::Head| trusted.signed(&head.kid, &head.link.hash, &head.signature) == Some(true);
    let vouched = head.as_ref().filter(|head| signed(head)).map_or(0, |head| head.link.number);
    let end = head.as_ref().map_or(Uuid::nil(), |head| head.link.through);
    let mut fault = None;
    for seal in &seals {
        let checked = match seal.follows(tenant, &link, trusted, seal.number < vouched) {
            Ok(()) => app.db.read(who, async |tx| entries_fault(tx, tenant, &link, seal, end).await).await?,
            Err(fault) => Some(fault),
        };
        if checked.is_some() {
            fault = checked;
            break;
        }
        link = seal.link();
    }
    let more = fault.is_none() && head.as_ref().is_some_and(|head| head.link.number > link.number);
    Ok(AuditVerification {
        intact: fault.is_none(),
        fault,
        verified_through: link.number,
        next: more.then_some(link.number),
        head: head.map(|head| head_to_wire(&head)),
        unsealed,
        keys: trusted.to_wire(),
    })
}

/// Since when something waits for a seal that should have one by now: then no worker seals, or seals were removed. The log of
/// a retailer, who signed up at `begun`, is never empty, so one without entries and seals has lost both.
///
/// # Errors
/// When the database fails.
pub async fn overdue(app: &App, who: &Who, begun: DateTime<Utc>, at: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
    let tenant = who.tenant;
    let oldest = app
        .db
        .read(who, async |tx| {
            let head = store::head(tx, tenant).await?;
            let through = head.as_ref().map_or(Uuid::nil(), |head| head.link.through);
            let first = store::ids(tx, tenant, through, Uuid::max(), 1).await?.first().copied();
            Ok(first.map(time_of).or(head.is_none().then_some(begun)))
        })
        .await?;
    Ok(oldest.filter(|oldest| *oldest < at - MARGIN - LATE))
}

pub(super) fn head_to_wire(head: &store::Head) -> AuditHead {
    AuditHead { number: head.link.number, hash: hex(&head.link.hash), sealed_at: head.sealed_at }
}

/// What is wrong with the entries of a seal, or with those that lie between it and the one before; `end` is how far
/// the chain reaches.
async fn entries_fault(
    tx: &mut Tx,
    tenant: TenantId,
    before: &Link,
    seal: &Seal,
    end: Uuid,
) -> Result<Option<AuditFault>> {
    let ids: Vec<Uuid> = seal.entries.iter().map(|(id, _)| *id).collect();
    let (found, wrong_time) = hashes(tx, tenant, &ids).await?;
    if let Err(fault) = seal.holds(&found) {
        return Ok(Some(fault));
    }
    if wrong_time.is_some() {
        return Ok(wrong_time);
    }
    for id in store::ids(tx, tenant, before.through, seal.through, RANGE).await? {
        let waits = id > late(end);
        if !found.contains_key(&id) && !waits && store::holder(tx, tenant, id).await?.is_none() {
            return Ok(Some(seal::added(id)));
        }
    }
    Ok(None)
}

/// Whether the chain still holds a head that was noted before.
///
/// # Errors
/// When the database fails.
pub async fn holds_head(app: &App, who: &Who, head: &Hash) -> Result<bool> {
    app.db.read(who, async |tx| store::has_hash(tx, who.tenant, head).await).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use tillwatch_shared::ids::AuditId;

    #[test]
    fn an_id_holds_its_time_and_sorts_behind_the_floor_of_it() {
        let id = AuditId::new().0;
        let at = time_of(id);
        assert!((now() - at).abs() < TimeDelta::minutes(1));
        assert!(floor(at) < id && id < floor(at + TimeDelta::milliseconds(1)));
        assert_eq!(late(Uuid::nil()), Uuid::nil());
        assert_eq!(time_of(late(id)), at - LATE);
    }
}
