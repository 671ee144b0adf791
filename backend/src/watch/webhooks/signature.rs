//! Signatures as Standard Webhooks 1.0 has them: HMAC-SHA-256 over `id.timestamp.body`, one for each secret in use.
//! Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// Bytes of a secret.
pub(super) const SECRET: usize = 32;

/// A secret as its receiver keeps it.
pub(super) fn secret_text(secret: &[u8]) -> String {
    format!("whsec_{}", STANDARD.encode(secret))
}

/// The three headers of a message. Receivers accept it when any of the signatures is by their secret.
pub(super) fn headers(
    secrets: &[Vec<u8>],
    message: &str,
    at: DateTime<Utc>,
    body: &[u8],
) -> [(&'static str, String); 3] {
    let timestamp = at.timestamp().to_string();
    let signatures: Vec<String> = secrets.iter().filter_map(|secret| sign(secret, message, &timestamp, body)).collect();
    [("webhook-id", message.to_owned()), ("webhook-timestamp", timestamp), ("webhook-signature", signatures.join(" "))]
}

fn sign(secret: &[u8], message: &str, timestamp: &str, body: &[u8]) -> Option<String> {
    // HMAC takes a key of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    for part in [message.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specifications_own_example_comes_out() {
        // From the Standard Webhooks libraries' tests.
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let at = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
        let headers =
            headers(&[secret.clone(), secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, br#"{"test": 2432232314}"#);
        let one = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(headers[0].1, "msg_p5jXN8AQM9LWM0D4loKWxJek");
        assert_eq!(headers[1].1, "1614265330");
        assert_eq!(headers[2].1, format!("{one} {one}"));
    }
}
