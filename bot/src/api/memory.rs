//! The little that the bot remembers about people who ask: who they are (for a minute), and the numbers that the
//! last list of alerts gave them.
//!
//! Invariants: bounded ([`KEPT`] actors, the longest unused goes first); nothing that is remembered grants
//! anything, since the service checks every call again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tillwatch_shared::identity::Me;
use tillwatch_shared::ids::{AlertId, StaffId};

use crate::command::Actor;

/// Of how many actors something is remembered.
const KEPT: usize = 1_000;
/// The highest number that an alert gets; then they begin again.
const NUMBERED: usize = 99;
/// How long somebody's name, role and language are believed.
const BELIEVED: Duration = Duration::from_mins(1);

#[derive(Debug, Default)]
struct Person {
    me: Option<(Me, Instant)>,
    alerts: Vec<AlertId>,
    used: u64,
}

#[derive(Debug, Default)]
struct Kept {
    people: HashMap<String, Person>,
    names: HashMap<StaffId, String>,
    clock: u64,
}

/// What is remembered.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<Kept>);

impl Memory {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Each change below is complete in itself, so a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, actor: &Actor, then: impl FnOnce(&mut Person) -> T) -> T {
        let mut kept = self.kept();
        kept.clock += 1;
        let now = kept.clock;
        let key = key(actor);
        if kept.people.len() >= KEPT && !kept.people.contains_key(&key) {
            let oldest = kept.people.iter().min_by_key(|(_, person)| person.used).map(|(key, _)| key.clone());
            oldest.map(|key| kept.people.remove(&key));
        }
        let person = kept.people.entry(key).or_default();
        person.used = now;
        then(person)
    }

    /// Who the actor is, if that was asked within the last minute.
    pub(crate) fn me(&self, actor: &Actor) -> Option<Me> {
        self.with(actor, |person| {
            person.me.as_ref().filter(|(_, at)| at.elapsed() < BELIEVED).map(|(me, _)| me.clone())
        })
    }

    /// Remembers who the actor is.
    pub(crate) fn remember_me(&self, actor: &Actor, me: &Me) {
        if let Some(staff) = &me.staff {
            self.learn_name(staff.id, &staff.name);
        }
        self.with(actor, |person| person.me = Some((me.clone(), Instant::now())));
    }

    /// Learns a staff's name, for histories that tell only ids. Asked for with an id that a tenant's own history
    /// named, so no name crosses from tenant to tenant.
    pub(crate) fn learn_name(&self, id: StaffId, name: &str) {
        let mut kept = self.kept();
        if kept.names.len() >= KEPT && !kept.names.contains_key(&id) {
            kept.names.clear();
        }
        kept.names.insert(id, name.to_owned());
    }

    /// The name of a staff, if it was learnt.
    pub(crate) fn name(&self, id: StaffId) -> Option<String> {
        self.kept().names.get(&id).cloned()
    }

    /// Remembers which alert the list showed under which number, from 1.
    pub(crate) fn remember_alerts(&self, actor: &Actor, alerts: Vec<AlertId>) {
        self.with(actor, |person| person.alerts = alerts);
    }

    /// The alert that the last list showed under this number; `Err` with how many it showed.
    pub(crate) fn numbered_alert(&self, actor: &Actor, number: usize) -> Result<AlertId, usize> {
        self.with(actor, |person| {
            let place = number.checked_sub(1).and_then(|place| person.alerts.get(place));
            place.copied().ok_or(person.alerts.len())
        })
    }

    /// The number of an alert that is shown by itself: the one it has, or the next.
    pub(crate) fn number_of(&self, actor: &Actor, alert: AlertId) -> usize {
        self.with(actor, |person| {
            if let Some(place) = person.alerts.iter().position(|known| *known == alert) {
                return place + 1;
            }
            if person.alerts.len() >= NUMBERED {
                person.alerts.clear();
            }
            person.alerts.push(alert);
            person.alerts.len()
        })
    }

    /// Forgets who an actor is, whose link has just changed. Numbers stay: they grant nothing.
    pub(crate) fn forget(&self, actor: &Actor) {
        if let Some(person) = self.kept().people.get_mut(&key(actor)) {
            person.me = None;
        }
    }
}

/// Lists belong to a person in a chat channel: a colleague's list beside it changes nothing.
fn key(actor: &Actor) -> String {
    format!("{}/{}/{}/{}", actor.transport, actor.server, actor.channel, actor.user)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tillwatch_shared::watch::Transport;

    fn actor(user: usize) -> Actor {
        let user = user.to_string();
        Actor { transport: Transport::Discord, server: "1".to_owned(), channel: "2".to_owned(), user }
    }

    #[test]
    fn numbers_are_those_of_the_actors_own_last_list() {
        let (memory, one, two) = (Memory::default(), AlertId::new(), AlertId::new());
        memory.remember_alerts(&actor(1), vec![one, two]);
        memory.remember_alerts(&actor(2), vec![two]);
        assert_eq!(memory.numbered_alert(&actor(1), 1), Ok(one));
        assert_eq!(memory.numbered_alert(&actor(2), 1), Ok(two));
        assert_eq!(memory.numbered_alert(&actor(2), 2), Err(1));
        assert_eq!(memory.numbered_alert(&actor(1), 0), Err(2));
        assert_eq!(memory.numbered_alert(&actor(3), 1), Err(0));
        let three = AlertId::new();
        assert_eq!((memory.number_of(&actor(1), two), memory.number_of(&actor(1), three)), (2, 3));
        assert_eq!(memory.numbered_alert(&actor(1), 3), Ok(three));
    }

    #[test]
    fn the_memory_is_bounded_and_the_longest_unused_goes_first() {
        let (memory, alert) = (Memory::default(), AlertId::new());
        for user in 0..KEPT {
            memory.remember_alerts(&actor(user), vec![alert]);
        }
        assert_eq!(memory.numbered_alert(&actor(0), 1), Ok(alert));
        memory.remember_alerts(&actor(KEPT), vec![alert]);
        assert_eq!(memory.numbered_alert(&actor(0), 1), Ok(alert), "used a moment ago");
        assert_eq!(memory.numbered_alert(&actor(1), 1), Err(0), "the longest unused");
        assert_eq!(memory.kept().people.len(), KEPT);
    }
}
