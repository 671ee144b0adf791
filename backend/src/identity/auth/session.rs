//! The rotation rule of refresh tokens, pure.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// A session that is not used for so long ends.
const IDLE: TimeDelta = TimeDelta::days(14);
/// A session ends after so long in any case.
const ABSOLUTE: TimeDelta = TimeDelta::days(30);
/// The token before the current one is forgiven for so long: its answer may have been lost.
const FORGIVEN: TimeDelta = TimeDelta::seconds(10);

/// A session as it is kept.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub staff: Uuid,
    /// SHA-256 of the refresh token that works.
    pub current_hash: Vec<u8>,
    /// SHA-256 of the one before.
    pub previous_hash: Option<Vec<u8>>,
    /// When it was rotated last.
    pub rotated_at: DateTime<Utc>,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// When it was ended.
    pub ended_at: Option<DateTime<Utc>>,
}

/// What a presented refresh token turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub enum Presented {
    /// The one that works: rotate.
    Current,
    /// The one before, within the forgiven time: the same successor again.
    Forgiven,
    /// An older one: somebody has a copy. End the session.
    Reused,
    /// The session is over.
    Ended,
}

/// Judges the token whose hash is `hash`, presented at `now`.
pub fn present(session: &Session, hash: &[u8; 32], now: DateTime<Utc>) -> Presented {
    if session.ended_at.is_some() || session.expires_at <= now {
        Presented::Ended
    } else if session.current_hash == hash {
        Presented::Current
    } else if session.previous_hash.as_deref() == Some(hash) && now - session.rotated_at <= FORGIVEN {
        Presented::Forgiven
    } else {
        Presented::Reused
    }
}

/// When a session used at `now` ends by itself.
pub fn expiry(opened: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    (now + IDLE).min(opened + ABSOLUTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_current_token_and_briefly_the_one_before_work() {
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let session = Session {
            id: Uuid::nil(),
            staff: Uuid::nil(),
            current_hash: vec![2; 32],
            previous_hash: Some(vec![1; 32]),
            rotated_at: now,
            created_at: now,
            expires_at: expiry(now, now),
            ended_at: None,
        };
        assert_eq!(present(&session, &[2; 32], now), Presented::Current);
        assert_eq!(present(&session, &[1; 32], now + TimeDelta::seconds(10)), Presented::Forgiven);
        assert_eq!(present(&session, &[1; 32], now + TimeDelta::seconds(11)), Presented::Reused);
        assert_eq!(present(&session, &[0; 32], now), Presented::Reused);
        assert_eq!(present(&session, &[2; 32], now + IDLE), Presented::Ended);
        let ended = Session { ended_at: Some(now), ..session };
        assert_eq!(present(&ended, &[2; 32], now), Presented::Ended);
        assert_eq!(expiry(now, now + TimeDelta::days(29)), now + ABSOLUTE);
    }
}
