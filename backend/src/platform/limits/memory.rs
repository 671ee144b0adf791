//! Allowances within this process.

use super::rate::{self, Rate, Standing};
use super::{Counter, Key, Kind};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Allowances of one kind that are kept at most. Kinds are kept apart, so that a flood from many addresses makes no
/// retailer's allowance forgotten.
const MOST: usize = 100_000;

/// The moments at which allowances are full, by kind and key.
#[derive(Debug, Default)]
pub(super) struct Memory {
    states: Mutex<[HashMap<[u8; 16], u64>; Kind::ALL.len()]>,
}

impl Counter for Memory {
    async fn take(&self, now: u64, wishes: &[(Key, Rate)], spent: bool) -> Option<(bool, Vec<Standing>)> {
        // Each state is one number, so a panic elsewhere leaves all of them valid.
        let mut kept = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        let rates: Vec<Rate> = wishes.iter().map(|(_, rate)| *rate).collect();
        let mut states: Vec<u64> =
            wishes.iter().map(|(key, _)| kept[key.kind as usize].get(&key.hash).copied().unwrap_or(0)).collect();
        let allowed = rate::take(&mut states, &rates, now, spent);
        if allowed && spent {
            for ((key, _), state) in wishes.iter().zip(&states) {
                let kind = &mut kept[key.kind as usize];
                make_room(kind, now);
                kind.insert(key.hash, *state);
            }
        }
        let standings = rates.into_iter().zip(states).map(|(rate, state)| Standing::new(rate, state, now));
        Some((allowed, standings.collect()))
    }
}

/// Forgets the allowances that are full, when there are too many; all of them when none is full.
fn make_room(kind: &mut HashMap<[u8; 16], u64>, now: u64) {
    if kind.len() >= MOST {
        kind.retain(|_, full_at| *full_at > now);
        if kind.len() >= MOST {
            kind.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_allowances_are_forgotten_first_and_the_number_is_bounded() {
        let key = |number: usize| (number as u128).to_be_bytes();
        let mut kind: HashMap<[u8; 16], u64> = (0..MOST).map(|number| (key(number), number as u64)).collect();
        make_room(&mut kind, MOST as u64 / 2);
        assert!(!kind.contains_key(&key(0)) && kind.contains_key(&key(MOST - 1)));
        let mut kind: HashMap<[u8; 16], u64> = (0..MOST).map(|number| (key(number), 9)).collect();
        make_room(&mut kind, 1);
        assert!(kind.is_empty());
    }
}
