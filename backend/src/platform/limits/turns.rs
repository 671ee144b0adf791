//! How many requests are worked on at once in this process: of one tenant, and in all.
//!
//! A tenant's requests beyond its number wait for a moment, first come first served, and as many as are worked on may
//! wait; more are refused at once, so that a flood costs neither memory nor anybody else's time.

use crate::error::{Error, Result};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// A request waits for its turn at most so long.
pub(super) const PATIENCE: Duration = Duration::from_millis(100);
/// Tenants that are remembered before those with nothing in hand are forgotten.
const MANY: usize = 1_000;

/// A request's place among those in hand; dropped when it is answered.
#[derive(Debug)]
pub struct Turn {
    _held: [OwnedSemaphorePermit; 2],
}

/// A request's place among all of the process.
#[derive(Debug)]
pub struct Seat {
    _held: OwnedSemaphorePermit,
}

/// One tenant's places.
#[derive(Clone, Debug)]
struct Line {
    limit: u32,
    /// Those in hand and those that wait.
    door: Arc<Semaphore>,
    /// Those in hand.
    hands: Arc<Semaphore>,
}

impl Line {
    fn new(limit: u32) -> Self {
        let places = limit as usize;
        Self { limit, door: Arc::new(Semaphore::new(places * 2)), hands: Arc::new(Semaphore::new(places)) }
    }

    fn is_idle(&self) -> bool {
        self.door.available_permits() == self.limit as usize * 2
    }
}

/// The requests in hand.
#[derive(Debug)]
pub(super) struct Turns {
    patience: Duration,
    seats: Arc<Semaphore>,
    lines: Mutex<HashMap<TenantId, Line>>,
}

impl Turns {
    /// So many seats; a request waits for its turn at most `patience`.
    pub(super) fn new(seats: u32, patience: Duration) -> Self {
        Self { patience, seats: Arc::new(Semaphore::new(seats as usize)), lines: Mutex::default() }
    }

    pub(super) fn seat(&self) -> Result<Seat> {
        let held = Arc::clone(&self.seats).try_acquire_owned();
        held.map(|held| Seat { _held: held })
            .map_err(|_| Error::new(Code::Overloaded, "The service has more requests than it can hold. Try again."))
    }

    /// The next turn of `tenant`, which may have `limit` places in hand; this request takes `weight` of them.
    pub(super) async fn turn(&self, tenant: TenantId, limit: u32, weight: u32) -> Result<Turn> {
        let limit = limit.max(1);
        let weight = weight.min(limit);
        let line = self.line(tenant, limit);
        let entered = line.door.try_acquire_many_owned(weight).map_err(|_| too_many(limit))?;
        let held = timeout(self.patience, line.hands.acquire_many_owned(weight)).await;
        // The semaphore is never closed, so what fails is the time.
        let held = held.ok().and_then(std::result::Result::ok).ok_or_else(|| too_many(limit))?;
        Ok(Turn { _held: [entered, held] })
    }

    fn line(&self, tenant: TenantId, limit: u32) -> Line {
        // A line is put in whole, so a panic elsewhere leaves the map valid.
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.get(&tenant).filter(|line| line.limit == limit) {
            return line.clone();
        }
        if lines.len() >= MANY {
            lines.retain(|_, line| !line.is_idle());
        }
        // After a change of the limit, what is in hand goes on and counts no more: for a moment there may be more.
        let line = Line::new(limit);
        lines.insert(tenant, line.clone());
        line
    }
}

fn too_many(limit: u32) -> Error {
    Error::new(
        Code::TooManyRequests,
        format!(
            "This retailer has more than {limit} requests in hand at once. Wait for answers before you send the next."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    /// Waits are ended by the test, not by the clock.
    fn patient(seats: u32) -> Turns {
        Turns::new(seats, Duration::from_hours(1))
    }

    #[tokio::test]
    async fn turns_come_in_order_and_who_finds_no_room_to_wait_is_refused() {
        let (turns, tenant) = (patient(10), TenantId::new());
        let first = turns.turn(tenant, 2, 2).await.unwrap();
        let (mut second, mut third) = (Box::pin(turns.turn(tenant, 2, 1)), Box::pin(turns.turn(tenant, 2, 1)));
        assert!((&mut second).now_or_never().is_none() && (&mut third).now_or_never().is_none(), "they wait");
        let fourth = turns.turn(tenant, 2, 1).now_or_never().expect("it is told at once").unwrap_err();
        assert_eq!((fourth.code, fourth.retry_after), (Code::TooManyRequests, Some(1)));
        turns.turn(TenantId::new(), 1, 1).now_or_never().expect("others are not held up").unwrap();
        drop(first);
        let second = second.await.unwrap();
        third.await.unwrap();
        drop(second);
        turns.turn(tenant, 2, 2).await.unwrap();
    }

    #[tokio::test]
    async fn who_waits_for_too_long_is_refused() {
        let (turns, tenant) = (Turns::new(10, Duration::from_millis(1)), TenantId::new());
        let _turn = turns.turn(tenant, 1, 1).await.unwrap();
        assert_eq!(turns.turn(tenant, 1, 1).await.unwrap_err().code, Code::TooManyRequests);
    }

    #[tokio::test]
    async fn a_heavy_request_takes_several_places_and_never_more_than_there_are() {
        let (turns, tenant) = (patient(10), TenantId::new());
        let heavy = turns.turn(tenant, 4, 3).await.unwrap();
        let light = turns.turn(tenant, 4, 1).await.unwrap();
        assert!(turns.turn(tenant, 4, 1).now_or_never().is_none());
        drop((heavy, light));
        turns.turn(tenant, 4, 100).await.expect("as many as there are");
        turns.turn(tenant, 0, 1).await.expect("nobody is shut out by a limit of nothing");
    }

    #[tokio::test]
    async fn what_the_process_cannot_hold_is_shed() {
        let turns = patient(1);
        let seat = turns.seat().unwrap();
        let shed = turns.seat().unwrap_err();
        assert_eq!((shed.code, shed.retry_after), (Code::Overloaded, Some(1)));
        drop(seat);
        turns.seat().unwrap();
    }

    #[tokio::test]
    async fn tenants_with_nothing_in_hand_are_forgotten() {
        let (turns, busy) = (patient(10), TenantId::new());
        let _turn = turns.turn(busy, 2, 1).await.unwrap();
        for _ in 0..MANY {
            turns.turn(TenantId::new(), 2, 1).await.unwrap();
        }
        let lines = turns.lines.lock().unwrap();
        assert!(lines.len() < MANY && lines.contains_key(&busy));
    }
}
