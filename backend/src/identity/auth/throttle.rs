//! The throttle of sign-in: how many passwords may be tried for an e-mail address, and from a client's address.
//!
//! A try takes a *permit* before its password is looked at, under the lock of its keys' rows, and counts as wrong
//! until it is known to be right; so a hundred guesses at once are no more than a hundred in a row. From the last
//! free try on each one locks its key, twice as long each time, at most [`LONGEST`]; whoever comes meanwhile is
//! refused unseen. Invariants: an address that has no login is counted as one that has, so the answers tell nothing;
//! a key is never locked for good; PostgreSQL alone holds the counts; client before e-mail, so that nobody waits in a
//! circle.

use super::keys::Keys;
use crate::error::{Error, Result};
use crate::identity::directory::{self, Tries};
use crate::platform::clock::now;
use crate::platform::db::SystemTx;
use crate::platform::http::client::network;
use chrono::{DateTime, TimeDelta, Utc};
use std::net::IpAddr;
use tillwatch_shared::errors::Code;

/// The longest lock.
const LONGEST: TimeDelta = TimeDelta::minutes(15);

/// What a key is allowed.
#[derive(Clone, Copy, Debug)]
struct Allowance {
    /// Wrong tries in a row; the last of them locks.
    tries: i32,
    /// A key that was not tried for so long starts anew.
    forgotten_after: TimeDelta,
}

/// What an e-mail address is allowed.
const EMAIL: Allowance = Allowance { tries: 5, forgotten_after: TimeDelta::days(1) };
/// What a client's address is allowed: behind one there may be a whole office.
const CLIENT: Allowance = Allowance { tries: 50, forgotten_after: TimeDelta::hours(1) };

impl Allowance {
    /// How long a key is locked after so many wrong tries.
    fn lock(self, failures: i32) -> Option<TimeDelta> {
        let beyond = u32::try_from(failures - self.tries).ok()?;
        Some(TimeDelta::seconds(1 << beyond.min(20)).min(LONGEST))
    }

    /// The tries with one more, which locks the key if it is the last free one or beyond; or how long the key is
    /// locked still.
    fn take(self, tries: Tries, now: DateTime<Utc>) -> std::result::Result<Tries, TimeDelta> {
        if let Some(until) = tries.locked_until.filter(|until| *until > now) {
            return Err(until - now);
        }
        let before = if now - tries.tried_at > self.forgotten_after { 0 } else { tries.failures };
        let failures = before.saturating_add(1);
        Ok(Tries { failures, locked_until: self.lock(failures).map(|lock| now + lock), tried_at: now })
    }

    /// The tries after one was found wrong at `now`: hashing takes its time, and the lock begins behind it.
    fn wrong(self, tries: Tries, now: DateTime<Utc>) -> Tries {
        let lock = self.lock(tries.failures).map(|lock| now + lock);
        Tries { locked_until: tries.locked_until.max(lock), ..tries }
    }

    /// The tries without one that was not wrong after all.
    fn give_back(self, tries: Tries) -> Tries {
        let failures = (tries.failures - 1).max(0);
        Tries { failures, locked_until: tries.locked_until.filter(|_| failures >= self.tries), ..tries }
    }
}

/// How often a link for a new password may be asked for, for an e-mail address.
const RESET_EMAIL: Allowance = Allowance { tries: 3, forgotten_after: TimeDelta::hours(1) };
/// The same from a client's address.
const RESET_CLIENT: Allowance = Allowance { tries: 30, forgotten_after: TimeDelta::hours(1) };

/// Counts one wish for a link for a new password, which is never given back.
///
/// # Errors
/// 429 with `Retry-After` while the address or the client has asked too often; nothing is counted then.
pub async fn take_reset(tx: &mut SystemTx, keys: &Keys, email: &str, client: Option<IpAddr>) -> Result<()> {
    let client = client.map(|address| (keys.tries_key("reset-client", &network(address)), RESET_CLIENT));
    let email = (keys.tries_key("reset-email", email), RESET_EMAIL);
    for (key, allowance) in client.iter().chain([&email]) {
        let tries = directory::lock_tries(tx, key, now()).await?;
        let taken = allowance.take(tries, now()).map_err(|left| {
            let mut wait = locked(left);
            "A link was asked for too often. Look into your mail, wait, then ask again.".clone_into(&mut wait.detail);
            wait
        })?;
        directory::set_tries(tx, key, taken).await?;
    }
    Ok(())
}

/// Forgets the wrong passwords of an e-mail address: it has a new one.
///
/// # Errors
/// When the database fails.
pub async fn forget(tx: &mut SystemTx, keys: &Keys, email: &str) -> Result<()> {
    directory::forget_tries(tx, &keys.tries_key("email", email)).await
}

/// A try that was let through; say what became of it. One that is dropped (the caller hung up) stays counted.
#[must_use]
pub struct Permit {
    email: [u8; 32],
    client: Option<[u8; 32]>,
}

impl Permit {
    /// Takes a permit to try a password for `email` from `client`.
    ///
    /// # Errors
    /// 429 with `Retry-After` while either is locked; nothing is counted then.
    pub async fn take(tx: &mut SystemTx, keys: &Keys, email: &str, client: Option<IpAddr>) -> Result<Self> {
        let client = client.map(|address| keys.tries_key("client", &network(address)));
        let permit = Self { email: keys.tries_key("email", email), client };
        for (key, allowance) in permit.keys() {
            let tries = directory::lock_tries(tx, key, now()).await?;
            // The clock is read behind the lock: whoever waited for it must not live in the past.
            let taken = allowance.take(tries, now()).map_err(locked)?;
            directory::set_tries(tx, key, taken).await?;
        }
        Ok(permit)
    }

    /// The password was wrong.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn wrong(self, tx: &mut SystemTx) -> Result<()> {
        for (key, allowance) in self.keys() {
            let tries = directory::lock_tries(tx, key, now()).await?;
            directory::set_tries(tx, key, allowance.wrong(tries, now())).await?;
        }
        Ok(())
    }

    /// The password was right: the e-mail address begins anew, and the client gets its try back, no more, or a login
    /// of one's own would open the way to any number of others.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn right(self, tx: &mut SystemTx) -> Result<()> {
        if let Some(client) = &self.client {
            let tries = directory::lock_tries(tx, client, now()).await?;
            directory::set_tries(tx, client, CLIENT.give_back(tries)).await?;
        }
        directory::forget_tries(tx, &self.email).await
    }

    /// The password was not looked at.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn give_back(self, tx: &mut SystemTx) -> Result<()> {
        for (key, allowance) in self.keys() {
            let tries = directory::lock_tries(tx, key, now()).await?;
            directory::set_tries(tx, key, allowance.give_back(tries)).await?;
        }
        Ok(())
    }

    fn keys(&self) -> impl Iterator<Item = (&[u8; 32], Allowance)> {
        self.client.iter().map(|key| (key, CLIENT)).chain([(&self.email, EMAIL)])
    }
}

fn locked(left: TimeDelta) -> Error {
    let mut wait = Error::new(Code::TooManyRequests, "Too many wrong passwords. Wait, then try again.");
    wait.retry_after = u32::try_from(left.num_seconds() + 1).ok();
    wait
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn never() -> Tries {
        Tries { failures: 0, locked_until: None, tried_at: at(0) }
    }

    #[test]
    fn the_fifth_try_locks_while_it_is_made_and_the_next_wait_doubles() {
        let mut tries = never();
        for _ in 0..4 {
            tries = EMAIL.take(tries, at(0)).unwrap();
            assert_eq!(tries.locked_until, None);
        }
        tries = EMAIL.take(tries, at(0)).unwrap();
        assert_eq!(EMAIL.take(tries, at(0)), Err(TimeDelta::seconds(1)), "a sixth at once is not looked at");
        // Hashing took three seconds: the lock begins behind it.
        tries = EMAIL.wrong(tries, at(3));
        assert_eq!(tries.locked_until, Some(at(4)));
        for (wait, after) in [(2, 4), (4, 6), (8, 10)] {
            tries = EMAIL.take(tries, at(after)).unwrap();
            assert_eq!(tries.locked_until, Some(at(after + wait)));
        }
    }

    #[test]
    fn no_lock_is_longer_than_a_quarter_of_an_hour() {
        for failures in [15, 36, i32::MAX] {
            assert_eq!(EMAIL.lock(failures), Some(LONGEST));
        }
        let worst = Tries { failures: i32::MAX, locked_until: None, tried_at: at(0) };
        assert_eq!(EMAIL.take(worst, at(1)).unwrap().failures, i32::MAX);
        assert_eq!(EMAIL.take(worst, at(2 * 86_400)).unwrap().failures, 1, "it is forgotten after a day");
    }

    #[test]
    fn what_was_not_wrong_is_given_back_with_its_lock() {
        let fifth = EMAIL.take(Tries { failures: 4, ..never() }, at(0)).unwrap();
        assert_eq!(EMAIL.give_back(fifth), Tries { failures: 4, locked_until: None, tried_at: at(0) });
        let later = CLIENT.take(Tries { failures: 60, ..never() }, at(0)).unwrap();
        assert!(CLIENT.give_back(later).locked_until.is_some(), "others' wrong tries still lock it");
        assert_eq!(EMAIL.give_back(never()).failures, 0);
    }
}
