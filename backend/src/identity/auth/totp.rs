//! Codes of an authenticator: TOTP (RFC 6238) with HMAC-SHA-1, six digits and steps of thirty seconds, which is what
//! every authenticator program understands; and the recovery codes that stand in for it.
//!
//! A code of the step before or behind is taken too, since clocks differ. Whoever checks must remember the step: a
//! step that was used is never taken again, nor is an older one.

use crate::error::{Error, Result};
use crate::identity::secret;
use chrono::{DateTime, Utc};
use totp_rs::{Algorithm, TOTP};

/// Seconds of a step.
const STEP: u64 = 30;
/// Recovery codes of a set.
pub const RECOVERY_CODES: usize = 10;
/// What an authenticator program shows beside the codes.
const ISSUER: &str = "Tillwatch";

/// The secret of an authenticator: 160 bits, as RFC 4226 advises.
pub type Secret = [u8; 20];

/// What a person typed, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// Six digits of an authenticator.
    Digits(String),
    /// SHA-256 of a recovery code.
    Recovery([u8; 32]),
}

/// Understands what a person typed: blanks and dashes do not count, nor does upper or lower case.
pub fn read(typed: &str) -> Typed {
    let tidy = secret::tidy_code(typed);
    if tidy.len() == 6 && tidy.bytes().all(|b| b.is_ascii_digit()) {
        Typed::Digits(tidy)
    } else {
        Typed::Recovery(secret::hash(&tidy))
    }
}

/// The step whose code `digits` is, when it is near `now` and newer than `last`.
pub fn step(secret: &Secret, digits: &str, last: i64, now: DateTime<Utc>) -> Option<i64> {
    let present = now.timestamp().div_euclid(STEP.cast_signed());
    (present - 1..=present + 1).find(|step| {
        // Each step alone, so that it is known which one it was; compared in constant time by the library.
        let at = u64::try_from(*step).unwrap_or_default() * STEP;
        *step > last && authenticator(secret, 0, "").is_ok_and(|one| one.check(digits, at))
    })
}

/// The secret in base32, and as the URI of a QR code for the login `email`.
///
/// # Errors
/// When the library refuses the secret.
pub fn shown(secret: &Secret, email: &str) -> Result<(String, String)> {
    // A colon parts issuer and account in the URI.
    let one = authenticator(secret, 1, &email.replace(':', "_"))?;
    Ok((one.get_secret_base32(), one.get_url()))
}

/// A set of recovery codes, in groups of four, and what is kept of each.
pub fn recovery_codes() -> Vec<(String, [u8; 32])> {
    (0..RECOVERY_CODES)
        .map(|_| {
            let code = secret::recovery_code();
            let hash = secret::hash(&code);
            let groups: Vec<&str> = (0..4).map(|group| &code[group * 4..group * 4 + 4]).collect();
            (groups.join("-"), hash)
        })
        .collect()
}

fn authenticator(secret: &Secret, skew: u8, account: &str) -> Result<TOTP> {
    TOTP::new(Algorithm::SHA1, 6, skew, STEP, secret.to_vec(), Some(ISSUER.to_owned()), account.to_owned())
        .map_err(|error| Error::internal(format!("an authenticator: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238, appendix B.
    const RFC: &Secret = b"12345678901234567890";

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn the_vectors_of_the_rfc_are_taken_at_their_time() {
        // Appendix B, SHA-1; of its eight digits the last six.
        for (seconds, digits) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(step(RFC, digits, 0, at(seconds)), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn a_neighbouring_step_is_taken_once_and_nothing_older() {
        let (code, own) = ("081804", 1_111_111_109 / 30);
        for (late, taken) in [(-60, false), (-30, true), (0, true), (30, true), (60, false)] {
            assert_eq!(step(RFC, code, 0, at(1_111_111_109 + late)).is_some(), taken, "{late}");
        }
        assert_eq!(step(RFC, code, own, at(1_111_111_109)), None, "it was used");
        assert_eq!(step(RFC, code, own + 1, at(1_111_111_109)), None, "a later one was used");
        assert_eq!(step(RFC, code, own - 1, at(1_111_111_109)), Some(own));
        assert_eq!(step(RFC, "000000", 0, at(1_111_111_109)), None);
    }

    #[test]
    fn what_people_type_is_understood() {
        assert_eq!(read(" 081 804 "), Typed::Digits("081804".into()));
        let (code, hash) = recovery_codes().remove(0);
        assert_eq!(code.len(), 19, "{code}");
        assert_eq!(read(&code), Typed::Recovery(hash));
        assert_eq!(read(&code.to_lowercase().replace('-', " ")), Typed::Recovery(hash));
        // Digits of other scripts are no code of ours, and break nothing.
        assert!(matches!(read("٠٨١٨٠٤"), Typed::Recovery(_)));
        assert!(matches!(read("验证码"), Typed::Recovery(_)));
        let codes: std::collections::BTreeSet<_> = recovery_codes().into_iter().collect();
        assert_eq!(codes.len(), RECOVERY_CODES);
    }

    #[test]
    fn the_uri_is_what_authenticators_read() {
        let (base32, uri) = shown(RFC, "梅:lin+1@harbour.example").unwrap();
        assert_eq!(base32, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert!(uri.starts_with("otpauth://totp/Tillwatch:"), "{uri}");
        assert!(uri.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ") && uri.contains("issuer=Tillwatch"), "{uri}");
    }
}
