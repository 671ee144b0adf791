//! What a certificate of erasure says. Pure.

use super::store::Closing;
use crate::error::{Error, Result};
use crate::platform::hex::hex;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use tillwatch_shared::ids::{ErasureId, TenantId};

/// The claims of a certificate: about rows and times, nothing about people.
#[derive(Debug, Serialize)]
pub(super) struct Certificate {
    iss: &'static str,
    sub: ErasureId,
    tenant: TenantId,
    /// SHA-256 of the retailer's name, for whoever knows the name.
    name_sha256: String,
    asked_at: DateTime<Utc>,
    closed_at: DateTime<Utc>,
    erased_at: DateTime<Utc>,
    /// Rows that were removed, by table.
    rows: BTreeMap<String, i64>,
    /// No table that the catalogue lists has a row of the retailer.
    verified: bool,
    iat: i64,
}

impl Certificate {
    pub(super) fn new(closing: &Closing, at: DateTime<Utc>) -> Result<Self> {
        let hash: [u8; 32] = closing.name_hash.as_slice().try_into().map_err(Error::internal)?;
        Ok(Self {
            iss: "tillwatch",
            sub: closing.id,
            tenant: closing.tenant,
            name_sha256: hex(&hash),
            asked_at: closing.asked_at,
            closed_at: closing.closes_at,
            erased_at: at,
            rows: counts(&closing.counts)?,
            verified: true,
            iat: at.timestamp(),
        })
    }
}

fn counts(kept: &Value) -> Result<BTreeMap<String, i64>> {
    serde_json::from_value(kept.clone()).map_err(Error::internal)
}

/// The counts with what one more slice has erased.
pub(super) fn added(kept: &Value, erased: &BTreeMap<String, i64>) -> Result<Value> {
    let mut all = counts(kept)?;
    for (table, rows) in erased {
        *all.entry(table.clone()).or_default() += rows;
    }
    serde_json::to_value(all).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn slices_add_up() {
        let erased = BTreeMap::from([("samples".to_owned(), 5), ("rules".to_owned(), 1)]);
        assert_eq!(added(&json!({ "samples": 7 }), &erased).unwrap(), json!({ "samples": 12, "rules": 1 }));
    }
}
