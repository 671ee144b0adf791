//! Short-lived lookups within one process: lossy by contract, bounded in time and in number.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Values that are believed for a short while.
#[derive(Debug)]
pub struct Recent<K, V> {
    longest: Duration,
    most: usize,
    entries: Mutex<HashMap<K, (Instant, V)>>,
}

impl<K: Eq + Hash, V: Clone> Recent<K, V> {
    /// Keeps up to `most` values, each believed for at most `longest`.
    pub fn new(longest: Duration, most: usize) -> Self {
        Self { longest, most, entries: Mutex::new(HashMap::new()) }
    }

    /// The value of `key`, if it is still to be believed.
    pub fn get(&self, key: &K) -> Option<V> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(key).filter(|(since, _)| since.elapsed() < self.longest).map(|(_, value)| value.clone())
    }

    /// Remembers `value`, read at `read_at`: before the look-up, so that its age is never told too young.
    pub fn put(&self, key: K, value: V, read_at: Instant) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= self.most {
            let longest = self.longest;
            entries.retain(|_, (since, _)| since.elapsed() < longest);
            if entries.len() >= self.most {
                entries.clear();
            }
        }
        entries.insert(key, (read_at, value));
    }

    /// Forgets every value of which `gone` says so.
    pub fn forget_if(&self, gone: impl Fn(&K, &V) -> bool) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|key, (_, value)| !gone(key, value));
    }

    /// Forgets `key`.
    pub fn forget(&self, key: &K) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_believed_for_its_time_and_the_number_is_bounded() {
        let recent = Recent::new(Duration::from_mins(1), 2);
        let now = Instant::now();
        recent.put(1, 'a', now);
        assert_eq!(recent.get(&1), Some('a'));
        recent.put(2, 'b', now);
        recent.put(3, 'c', now);
        assert_eq!(recent.get(&3), Some('c'));
        assert!(recent.entries.lock().unwrap().len() <= 2);
        let brief = Recent::new(Duration::ZERO, 2);
        brief.put(1, 'a', now);
        assert_eq!(brief.get(&1), None);
    }
}
