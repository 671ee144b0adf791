//! Passwords: Argon2id (RFC 9106; 19 MiB, 2 passes, 1 lane), hashed on the blocking pool behind a semaphore.
//!
//! Invariant: an unknown address costs as much as a known one (a stand-in hash is verified). No composition rules:
//! 8 to 128 characters, and the common ones are refused.

use crate::error::{Error, Result};
use crate::platform::validate::Checks;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use std::collections::HashSet;
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tillwatch_shared::errors::Code;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a caller waits for its turn to hash.
const PATIENCE: Duration = Duration::from_secs(3);

/// The passwords of 8 characters and more that are known to be common, in small letters, one a line: see
/// docs/decisions/0011-common-passwords.md.
static COMMON: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("../../../assets/common-passwords.txt").lines().collect());

/// A hash that nobody's password has, for addresses that have no login.
static STAND_IN: LazyLock<Option<String>> = LazyLock::new(|| make_hash("no such login").ok());

/// Bounds how many passwords are hashed at once: each takes 19 MiB and a core.
pub struct Hashing(Arc<Semaphore>);

impl Hashing {
    /// Up to `at_once` at once.
    pub fn new(at_once: usize) -> Self {
        Self(Arc::new(Semaphore::new(at_once)))
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit> {
        let waited = tokio::time::timeout(PATIENCE, self.0.clone().acquire_owned()).await;
        match waited {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Error::new(Code::Overloaded, "Too many people sign in just now. Try again.")),
        }
    }

    /// The PHC text of a password.
    ///
    /// # Errors
    /// 503 when too many wait.
    pub async fn hash(&self, password: String) -> Result<String> {
        let turn = self.turn().await?;
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            make_hash(&password)
        })
        .await
        .map_err(Error::internal)?
    }

    /// Whether `password` is the one of `stored`; the same work is done when nothing is stored.
    ///
    /// # Errors
    /// 503 when too many wait.
    pub async fn verify(&self, password: String, stored: Option<String>) -> Result<bool> {
        let turn = self.turn().await?;
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let known = stored.is_some();
            // Made at the first try of anybody: made at the first unknown address, it would take that one twice the time.
            let stand_in = STAND_IN.clone();
            let Some(text) = stored.or(stand_in) else { return false };
            let right = PasswordHash::new(&text)
                .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
            known && right
        })
        .await
        .map_err(Error::internal)
    }
}

fn make_hash(password: &str) -> Result<String> {
    let hash = Argon2::default().hash_password(password.as_bytes()).map_err(Error::internal)?;
    Ok(hash.to_string())
}

/// Refuses what cannot be a present password, whose strength was judged when it was set.
pub fn check_present(checks: &mut Checks, pointer: &str, password: &str) {
    let length = password.chars().count();
    checks.ensure((1..=128).contains(&length), pointer, "length", "Takes 1 to 128 characters.");
}

/// Refuses a new password that is too short, too long or common.
pub fn check(checks: &mut Checks, pointer: &str, password: &str) {
    let length = password.chars().count();
    checks.ensure((8..=128).contains(&length), pointer, "length", "Takes 8 to 128 characters.");
    let control = password.contains(char::is_control);
    checks.ensure(
        !control,
        pointer,
        "control_character",
        "Holds control characters, which no keyboard types twice alike.",
    );
    let common = COMMON.contains(password.to_lowercase().as_str());
    checks.ensure(!common, pointer, "too_common", "Is one of the passwords that everybody tries. Choose another.");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_right_password_verifies_and_nothing_verifies_for_nobody() {
        let hashing = Hashing::new(1);
        let hash = hashing.hash("correct horse".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(hashing.verify("correct horse".into(), Some(hash.clone())).await.unwrap());
        assert!(!hashing.verify("wrong horse".into(), Some(hash)).await.unwrap());
        assert!(!hashing.verify("no such login".into(), None).await.unwrap());
    }

    #[test]
    fn common_and_short_passwords_are_refused() {
        assert!(
            COMMON.len() > 8_000 && COMMON.iter().all(|word| word.chars().count() >= 8 && *word == word.to_lowercase())
        );
        for bad in ["short", "Password1", "qwerty12", "PassW0rd", "12341234", &"x".repeat(129), "long\0enough"] {
            let mut checks = Checks::default();
            check(&mut checks, "/password", bad);
            assert!(checks.done().is_err(), "{bad}");
        }
        let mut checks = Checks::default();
        check(&mut checks, "/password", "八个汉字也是密码");
        check(&mut checks, "/password", "correct horse battery");
        assert!(checks.done().is_ok());
    }
}
