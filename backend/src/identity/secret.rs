//! Opaque credentials: how they are made, recognised and hashed.
//!
//! An API token is `tw_live_`, 30 base62 characters (178 bits) and a 6-character base62 CRC-32 of what stands
//! before, so that a scanner can tell a leaked token from any other text without asking us. A session's first refresh
//! token is `twr_` and 43 base62 characters (256 bits); those that follow are `twr_` and 64 hexadecimal digits, derived
//! from the one before; the tokens of mailed links are `twl_` and 64 hexadecimal digits. Link codes are short, since
//! people type them, and live ten minutes.

use crate::platform::hex::hex;
use rand::Rng as _;
use sha2::{Digest as _, Sha256};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Digits and letters that are not mistaken for one another.
const LEGIBLE: &[u8; 31] = b"23456789ABCDEFGHJKLMNPQRSTUVWXY";
/// What every API token begins with.
pub const API_PREFIX: &str = "tw_live_";
/// Characters of an API token.
pub const API_LENGTH: u32 = 44;
const REFRESH_PREFIX: &str = "twr_";
const MAILED_PREFIX: &str = "twl_";

fn random(alphabet: &[u8], length: usize) -> String {
    let mut rng = rand::rng();
    (0..length).map(|_| char::from(alphabet[rng.random_range(0..alphabet.len())])).collect()
}

/// A new API token.
pub fn api_token() -> String {
    let body = format!("{API_PREFIX}{}", random(BASE62, 30));
    let check = checksum(&body);
    body + &check
}

/// A text of the form of an API token that is nobody's.
pub fn example_token() -> String {
    let body = format!("{API_PREFIX}{}", "0".repeat(30));
    let check = checksum(&body);
    body + &check
}

/// The digits of base 62, from zero on.
pub fn base62() -> &'static str {
    // Letters and digits are ASCII.
    std::str::from_utf8(BASE62).unwrap_or_default()
}

/// Whether `text` has the form and checksum of an API token.
pub fn is_api_token(text: &str) -> bool {
    text.strip_prefix(API_PREFIX).is_some_and(|rest| {
        rest.len() == 36
            && rest.bytes().all(|b| b.is_ascii_alphanumeric())
            && checksum(&text[..text.len() - 6]) == text[text.len() - 6..]
    })
}

/// A new refresh token, the first of a session.
pub fn refresh_token() -> String {
    format!("{REFRESH_PREFIX}{}", random(BASE62, 43))
}

/// A refresh token from 32 derived bytes.
pub fn refresh_from(bytes: [u8; 32]) -> String {
    format!("{REFRESH_PREFIX}{}", hex(&bytes))
}

/// The token of a mailed link from 32 derived bytes.
pub fn mailed_from(bytes: [u8; 32]) -> String {
    format!("{MAILED_PREFIX}{}", hex(&bytes))
}

/// A new link code: nine legible characters (44 bits), good for ten minutes.
pub fn link_code() -> String {
    random(LEGIBLE, 9)
}

/// A new recovery code: sixteen legible characters (79 bits), so that its plain hash can be kept.
pub fn recovery_code() -> String {
    random(LEGIBLE, 16)
}

/// `length` legible characters from derived bytes, at most 32.
pub fn legible(bytes: &[u8; 32], length: usize) -> String {
    bytes.iter().take(length).map(|byte| char::from(LEGIBLE[usize::from(*byte) % LEGIBLE.len()])).collect()
}

/// A code (of a chat link, an authenticator, or for recovery) as a person may have typed it.
pub fn tidy_code(typed: &str) -> String {
    typed.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// What is kept of a credential.
pub fn hash(credential: &str) -> [u8; 32] {
    Sha256::digest(credential.as_bytes()).into()
}

fn checksum(text: &str) -> String {
    let mut rest = crc32fast::hash(text.as_bytes());
    let mut digits = [b'0'; 6];
    for slot in digits.iter_mut().rev() {
        *slot = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    digits.iter().map(|&b| char::from(b)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_recognised_and_a_changed_one_is_not() {
        let token = api_token();
        assert_eq!(token.len(), API_LENGTH as usize);
        assert!(is_api_token(&example_token()) && base62().len() == 62);
        assert!(is_api_token(&token));
        let last = if token.ends_with('0') { '1' } else { '0' };
        assert!(!is_api_token(&format!("{}{last}", &token[..43])));
        assert!(!is_api_token(&token[..43]));
        assert!(!is_api_token("tw_live_密码"));
        assert_ne!(api_token(), api_token());
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = link_code();
        assert_eq!(tidy_code(&format!(" {}-{} ", &code[..4].to_lowercase(), &code[4..])), code);
    }
}
