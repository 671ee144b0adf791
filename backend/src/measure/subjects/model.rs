//! How a subject is written, and its id. Pure.

use sha2::{Digest as _, Sha256};
use std::collections::HashSet;
use tillwatch_shared::ids::TenantId;
use tillwatch_shared::measure::SubjectKind;
use uuid::Uuid;

/// A subject as a sample names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Named<'a> {
    /// What it is.
    pub kind: SubjectKind,
    /// The source's key of it.
    pub key: &'a str,
}

/// How many more subjects a retailer may have, and which of those that are named are new.
#[derive(Debug, Default)]
pub struct Room {
    pub(super) new: HashSet<Uuid>,
    pub(super) left: i64,
}

impl Room {
    /// Whether a sample may be about this subject: it is there, or there is room for one more, which it takes then.
    pub fn holds(&mut self, subject: Uuid) -> bool {
        if !self.new.contains(&subject) {
            return true;
        }
        if self.left <= 0 {
            return false;
        }
        self.left -= 1;
        self.new.remove(&subject);
        true
    }
}

/// The subject that `text` names: `product:sku-1042`; `None` where no kind stands before a colon.
pub fn read(text: &str) -> Option<Named<'_>> {
    let (kind, key) = text.split_once(':')?;
    Some(Named { kind: kind.trim().parse().ok()?, key: key.trim() })
}

/// The subject's id: the first 16 bytes of SHA-256 over retailer, kind and key, marked as a uuid of version 8.
pub fn id(tenant: TenantId, named: Named<'_>) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(tenant.0.as_bytes());
    // No kind has a colon, so no two subjects read the same.
    hash.update(named.kind.as_str().as_bytes());
    hash.update(b":");
    hash.update(named.key.as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&hash.finalize()[..16]);
    uuid::Builder::from_custom_bytes(id).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_a_kind_and_a_key() {
        let sku = Named { kind: SubjectKind::Product, key: "sku:1042" };
        assert_eq!(read("product:sku:1042"), Some(sku));
        assert_eq!(read("keyword: 生鲜 配送 ").map(|named| named.key), Some("生鲜 配送"));
        for wrong in ["sku-1042", "shelf:3", ":x", ""] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_new_subject_takes_room_once_and_a_known_one_none() {
        let [known, first, second] = [1, 2, 3].map(Uuid::from_u128);
        let mut room = Room { new: HashSet::from([first, second]), left: 1 };
        assert!(room.holds(known) && room.holds(first) && room.holds(first));
        assert!(!room.holds(second) && room.holds(known));
    }

    #[test]
    fn an_id_is_one_retailers_own() {
        let (mine, theirs) = (TenantId(Uuid::from_u128(7)), TenantId(Uuid::from_u128(8)));
        let sku = Named { kind: SubjectKind::Product, key: "sku-1" };
        let word = Named { kind: SubjectKind::Keyword, ..sku };
        assert_eq!(id(mine, sku), id(mine, sku));
        assert!(id(mine, sku) != id(theirs, sku) && id(mine, sku) != id(mine, word));
        // Ids are stored: another way to compute them would count everything twice.
        assert_eq!(id(mine, sku).get_version_num(), 8);
    }
}
