//! Lists: `limit`, and an opaque `cursor` bound to tenant, list and filter. Every list is sorted by id in the end,
//! so that a page neither misses nor repeats a row while others are inserted.

use crate::error::{Error, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use tillwatch_shared::Page;
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::TenantId;
use uuid::Uuid;

/// Rows a page has unless asked otherwise.
pub const USUAL: u32 = 50;
/// Rows a page has at most.
pub const MOST: u32 = 200;

/// Where a page starts and how long it is.
#[derive(Clone, Debug)]
pub struct Paging {
    /// Rows on the page.
    pub limit: u32,
    /// The last id of the page before.
    pub after: Option<Uuid>,
    binding: [u8; 16],
}

impl Paging {
    /// Reads `limit` and `cursor` of a list called `list`, filtered by `filter` (any text that tells filters apart).
    ///
    /// # Errors
    /// 422 for a limit beyond 1 to [`MOST`], 400 for a cursor of another list, filter or tenant.
    pub fn new(tenant: TenantId, list: &str, filter: &str, limit: Option<u32>, cursor: Option<&str>) -> Result<Self> {
        let limit = limit.unwrap_or(USUAL);
        if !(1..=MOST).contains(&limit) {
            return Err(Error::field("?limit", "out_of_range", format!("`limit` goes from 1 to {MOST}.")));
        }
        let mut hash = Sha256::new();
        for part in [tenant.0.as_bytes().as_slice(), list.as_bytes(), filter.as_bytes()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut binding = [0; 16];
        binding.copy_from_slice(&hash.finalize()[..16]);
        let after = cursor.map(|text| decode(text, binding)).transpose()?;
        Ok(Self { limit, after, binding })
    }

    /// One more than the limit: the row that tells whether there is a next page.
    pub fn fetch(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// The page of `rows` (at most [`Self::fetch`] of them), with the cursor behind its last row.
    pub fn page<R, T>(&self, mut rows: Vec<R>, id: impl Fn(&R) -> Uuid, show: impl FnMut(R) -> T) -> Page<T> {
        let limit = self.limit as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| more).map(|row| self.encode(id(row)));
        Page { data: rows.into_iter().map(show).collect(), next_cursor }
    }

    fn encode(&self, last: Uuid) -> String {
        URL_SAFE_NO_PAD.encode([self.binding.as_slice(), last.as_bytes()].concat())
    }
}

fn decode(text: &str, binding: [u8; 16]) -> Result<Uuid> {
    URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .filter(|bytes| bytes.len() == 32 && bytes[..16] == binding)
        .and_then(|bytes| Uuid::from_slice(&bytes[16..]).ok())
        .ok_or_else(|| {
            Error::new(Code::InvalidCursor, "This cursor belongs to another list or filter. Start again without one.")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_works_for_its_own_tenant_list_and_filter_only() {
        let (mine, other) = (TenantId::new(), TenantId::new());
        let first = Paging::new(mine, "campaigns", "state=active", Some(1), None).unwrap();
        let ids = [Uuid::now_v7(), Uuid::now_v7()];
        let cursor = first.page(ids.to_vec(), |id| *id, |id| id).next_cursor.unwrap();
        let again = |tenant, list, filter| Paging::new(tenant, list, filter, None, Some(&cursor));
        assert_eq!(again(mine, "campaigns", "state=active").unwrap().after, Some(ids[0]));
        assert!(again(other, "campaigns", "state=active").is_err());
        assert!(again(mine, "channels", "state=active").is_err());
        assert!(again(mine, "campaigns", "").is_err());
        assert!(Paging::new(mine, "campaigns", "", Some(0), None).is_err());
        assert!(Paging::new(mine, "campaigns", "", Some(201), None).is_err());
    }
}
