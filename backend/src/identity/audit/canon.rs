//! The canonical form of an entry, and its hash. Pure.
//!
//! Form 1. SHA-256 over, in this order: the words `tillwatch-audit-entry-1` and a zero byte; the tenant's and the
//! entry's uuid, 16 bytes each; the time in microseconds since 1970, 8 bytes; then actor kind, actor id, via, action,
//! object, reason, before, after and request id. Each of the latter is one byte 0 when it is absent, else one byte 1, the
//! length in bytes (8 bytes) and the bytes: UTF-8 for a text, 16 bytes for an id. Numbers are big-endian. JSON is written
//! with its keys sorted by their bytes, without blanks, and with each number in the digits that the database keeps:
//! a comparison as floating point would let an edit of the last digits pass.

use serde::de::Error as _;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use tillwatch_shared::ids::{AuditId, TenantId};
use uuid::Uuid;

/// The number of the form.
pub const FORM: i32 = 1;

/// A hash.
pub type Hash = [u8; 32];

/// An entry as it is hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealable {
    /// Its id.
    pub id: AuditId,
    /// When, in microseconds since 1970.
    pub at_micros: i64,
    /// Who, by kind.
    pub actor_kind: String,
    /// Who.
    pub actor: Option<Uuid>,
    /// From where.
    pub via: String,
    /// What.
    pub action: String,
    /// On what.
    pub object: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The changed fields before, as JSON.
    pub before: Option<String>,
    /// The changed fields after, as JSON.
    pub after: Option<String>,
    /// The request.
    pub request_id: String,
}

impl Sealable {
    /// The hash of form 1.
    ///
    /// # Errors
    /// When `before` or `after` is no JSON.
    pub fn hash(&self, tenant: TenantId) -> serde_json::Result<Hash> {
        let mut form = Form(Sha256::new());
        form.0.update(b"tillwatch-audit-entry-1\0");
        form.0.update(tenant.0.as_bytes());
        form.0.update(self.id.0.as_bytes());
        form.0.update(self.at_micros.to_be_bytes());
        form.add(Some(self.actor_kind.as_bytes()));
        form.add(self.actor.as_ref().map(|id| id.as_bytes().as_slice()));
        form.add(Some(self.via.as_bytes()));
        form.add(Some(self.action.as_bytes()));
        form.add(self.object.as_deref().map(str::as_bytes));
        form.add(self.reason.as_deref().map(str::as_bytes));
        for json in [&self.before, &self.after] {
            let json = json.as_deref().map(canonical_json).transpose()?;
            form.add(json.as_deref().map(str::as_bytes));
        }
        form.add(Some(self.request_id.as_bytes()));
        Ok(form.0.finalize().into())
    }
}

struct Form(Sha256);

impl Form {
    fn add(&mut self, bytes: Option<&[u8]>) {
        let Some(bytes) = bytes else { return self.0.update([0]) };
        self.0.update([1]);
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }
}

/// `text` with sorted keys and without blanks; numbers keep their digits.
///
/// # Errors
/// When it is no JSON.
fn canonical_json(text: &str) -> serde_json::Result<String> {
    let mut out = String::with_capacity(text.len());
    write(serde_json::from_str(text)?, &mut out)?;
    Ok(out)
}

fn write(value: &RawValue, out: &mut String) -> serde_json::Result<()> {
    let text = value.get().trim_ascii();
    match text.as_bytes().first() {
        Some(b'{') => {
            let fields: BTreeMap<String, &RawValue> = serde_json::from_str(text)?;
            out.push('{');
            for (index, (key, value)) in fields.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&serde_json::to_string(&key)?);
                out.push(':');
                write(value, out)?;
            }
            out.push('}');
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text)?;
            out.push('[');
            for (index, value) in items.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(value, out)?;
            }
            out.push(']');
        }
        // A text may be escaped in several ways: it is read and written anew.
        Some(b'"') => out.push_str(&serde_json::to_string(&serde_json::from_str::<String>(text)?)?),
        Some(_) => out.push_str(text),
        None => return Err(serde_json::Error::custom("an empty text is no JSON")),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Sealable {
        Sealable {
            id: AuditId(Uuid::from_u128(2)),
            at_micros: 1_800_000_000_000_000,
            actor_kind: "staff".into(),
            actor: Some(Uuid::from_u128(3)),
            via: "api".into(),
            action: "campaign.paused".into(),
            object: Some("cmp_x".into()),
            reason: Some("太贵了".into()),
            before: Some(r#"{"state": "active"}"#.into()),
            after: Some(r#"{"b": [1, 2.50], "a": "\u4e2d"}"#.into()),
            request_id: "r".into(),
        }
    }

    fn hash(entry: &Sealable) -> Hash {
        entry.hash(TenantId(Uuid::from_u128(1))).unwrap()
    }

    #[test]
    fn json_has_one_form_and_numbers_keep_their_digits() {
        assert_eq!(
            canonical_json(r#" {"b": [1, 2.50 , {}], "a": "\u4e2d\n"} "#).unwrap(),
            r#"{"a":"中\n","b":[1,2.50,{}]}"#
        );
        assert_ne!(canonical_json("0.1").unwrap(), canonical_json("0.10000000000000000001").unwrap());
        assert_eq!(canonical_json("null").unwrap(), "null");
        assert!(canonical_json("").is_err() && canonical_json("{").is_err());
    }

    #[test]
    fn the_order_of_keys_and_blanks_do_not_matter_and_every_field_does() {
        let mut same = entry();
        same.after = Some(r#"{"a":"中","b":[1,2.50]}"#.into());
        assert_eq!(hash(&same), hash(&entry()));
        let changes: [fn(&mut Sealable); 11] = [
            |e| e.id = AuditId(Uuid::from_u128(9)),
            |e| e.at_micros += 1,
            |e| e.actor_kind = "system".into(),
            |e| e.actor = None,
            |e| e.via = "console".into(),
            |e| e.action = "campaign.resumed".into(),
            |e| e.object = None,
            |e| e.reason = Some(String::new()),
            |e| e.before = None,
            |e| e.after = Some(r#"{"a":"中","b":[1,2.5]}"#.into()),
            |e| e.request_id = "s".into(),
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let mut other = entry();
            change(&mut other);
            assert_ne!(hash(&other), hash(&entry()), "change {index}");
        }
        assert_ne!(entry().hash(TenantId(Uuid::from_u128(7))).unwrap(), hash(&entry()));
    }

    #[test]
    fn what_is_shifted_between_neighbours_is_another_entry() {
        let (mut one, mut other) = (entry(), entry());
        (one.via, one.action) = ("a".into(), "bc".into());
        (other.via, other.action) = ("ab".into(), "c".into());
        assert_ne!(hash(&one), hash(&other));
    }

    /// The form is a promise to whoever keeps an export: it never changes under its number.
    #[test]
    fn form_1_is_fixed() {
        let digits = crate::platform::hex::hex(&hash(&entry()));
        assert_eq!(digits, "4eba60c7ed0a5caf5b813530ee2563544fd32df4db86efdbdcfa1eca146acb95");
    }
}
