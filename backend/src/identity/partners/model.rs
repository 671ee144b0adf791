//! Which secret of a token works when, what may stand in a token, and how often a client may report one. Pure.

use crate::identity::authority;
use crate::identity::directory::Tries;
use crate::platform::http::who::PermissionSet;
use crate::platform::validate::Checks;
use chrono::{DateTime, TimeDelta, Utc};
use tillwatch_shared::permissions::Permission;

/// The longest overlap of a rotation, in hours.
pub const LONGEST_OVERLAP_HOURS: u8 = 72;
/// The most requests a minute that a token's own limit may allow.
pub const MOST_PER_MINUTE: u32 = 100_000;

/// Refuses days beyond 1 to 365.
pub fn check_days(checks: &mut Checks, days: Option<u16>) {
    let days = days.is_none_or(|days| (1..=365).contains(&days));
    checks.ensure(days, "/expires_in_days", "out_of_range", "Takes 1 to 365 days.");
}

/// Refuses scopes that tokens never have, that whoever makes it lacks, or that mean nothing in a token that is narrowed to
/// channels.
pub fn check_scopes(checks: &mut Checks, scopes: &[Permission], own: PermissionSet, narrowed: bool) {
    for (index, scope) in scopes.iter().enumerate() {
        let pointer = format!("/scopes/{index}");
        checks.ensure(scope.for_tokens(), &pointer, "not_for_tokens", "Is not given to tokens; only to people.");
        authority::check_given(checks, &pointer, own, PermissionSet::from_iter([*scope]));
        let useful = !narrowed || !scope.for_tokens() || scope.by_channel();
        let detail =
            "Is about the whole retailer, which a token that is narrowed to channels does not reach. Remove it.";
        checks.ensure(useful, &pointer, "not_by_channel", detail);
    }
}

/// The secrets of a token, as SHA-256.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secrets {
    /// The present one; absent in a token that was made before this was kept and was never rotated.
    pub current: Option<Vec<u8>>,
    /// The one before; absent where it is not known which that was.
    pub previous: Option<Vec<u8>>,
    /// Until when the one before works; absent in a token that was never rotated.
    pub previous_ends_at: Option<DateTime<Utc>>,
}

/// What a secret that was shown is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented {
    /// The present one.
    Current,
    /// The one before the last rotation, which still works.
    Previous,
    /// One that works no more.
    Ended,
}

impl Secrets {
    /// What the secret with this hash is. It is one of the token's: the directory led from it to the token.
    pub fn present(&self, hash: &[u8; 32], now: DateTime<Utc>) -> Presented {
        let Some(current) = &self.current else { return Presented::Current };
        if current == hash {
            return Presented::Current;
        }
        let overlaps = self.previous_ends_at.is_some_and(|end| now < end);
        // Where it was not kept which one came before the first rotation, there was one only.
        let known = self.previous.as_ref().is_none_or(|previous| previous == hash);
        if overlaps && known { Presented::Previous } else { Presented::Ended }
    }
}

/// Reports that a client may send in an hour.
pub const REPORTS_AN_HOUR: i32 = 60;

/// A client's reports with one more; or how long it must wait. An hour is counted from its first report.
pub fn take_report(before: Tries, now: DateTime<Utc>) -> Result<Tries, TimeDelta> {
    match before.locked_until.filter(|end| *end > now) {
        Some(end) if before.failures >= REPORTS_AN_HOUR => Err(end - now),
        Some(_) => Ok(Tries { failures: before.failures + 1, tried_at: now, ..before }),
        None => Ok(Tries { failures: 1, locked_until: Some(now + TimeDelta::hours(1)), tried_at: now }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tillwatch_shared::permissions::Role;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn the_old_secret_works_until_the_overlap_ends_and_the_new_one_on() {
        let [first, second, third] = [[1; 32], [2; 32], [3; 32]];
        let fresh = Secrets { current: Some(first.to_vec()), ..Secrets::default() };
        assert_eq!(fresh.present(&first, at(0)), Presented::Current);
        assert_eq!(fresh.present(&second, at(0)), Presented::Ended);
        let rotated =
            Secrets { current: Some(second.to_vec()), previous: Some(first.to_vec()), previous_ends_at: Some(at(100)) };
        assert_eq!(rotated.present(&second, at(1000)), Presented::Current);
        assert_eq!(rotated.present(&first, at(99)), Presented::Previous);
        assert_eq!(rotated.present(&first, at(100)), Presented::Ended);
        let again = Secrets { current: Some(third.to_vec()), previous: Some(second.to_vec()), ..rotated };
        assert_eq!(again.present(&first, at(50)), Presented::Ended, "there are two at most");
        assert_eq!(again.present(&second, at(50)), Presented::Previous);
    }

    #[test]
    fn a_token_of_before_is_rotated_too() {
        let [first, second] = [[1; 32], [2; 32]];
        assert_eq!(Secrets::default().present(&first, at(0)), Presented::Current);
        let rotated = Secrets { current: Some(second.to_vec()), previous: None, previous_ends_at: Some(at(100)) };
        assert_eq!(rotated.present(&first, at(99)), Presented::Previous);
        assert_eq!(rotated.present(&first, at(100)), Presented::Ended);
    }

    #[test]
    fn scopes_of_a_narrowed_token_are_about_channels() {
        let told = |scopes: &[Permission], narrowed| {
            let mut checks = Checks::default();
            check_scopes(&mut checks, scopes, PermissionSet::of_role(Role::Integrator), narrowed);
            let fields = checks.into_error().fields;
            fields.iter().map(|f| format!("{} {}", f.pointer, f.code)).collect::<Vec<_>>()
        };
        assert_eq!(told(&[Permission::SamplesWrite, Permission::JobsRead], false), Vec::<String>::new());
        assert_eq!(told(&[Permission::SamplesWrite, Permission::JobsRead], true), Vec::<String>::new());
        assert_eq!(told(&[Permission::SamplesWrite, Permission::WebhooksRead], true), ["/scopes/1 not_by_channel"]);
        assert_eq!(told(&[Permission::ApiTokensWrite], true), ["/scopes/0 not_for_tokens"]);
        assert_eq!(told(&[Permission::CampaignsPause], true), ["/scopes/0 not_yours"]);
    }

    #[test]
    fn reports_are_counted_by_the_hour() {
        let mut tries = Tries { failures: 0, locked_until: None, tried_at: at(0) };
        for _ in 0..REPORTS_AN_HOUR {
            tries = take_report(tries, at(10)).unwrap();
        }
        assert_eq!(take_report(tries, at(20)), Err(TimeDelta::seconds(3590)));
        assert_eq!(take_report(tries, at(3610)).unwrap().failures, 1);
    }
}
