//! Lists: `limit`, and an opaque `cursor` bound to tenant, list and filter. Every list is sorted by id in the end,
//! so that a page neither misses nor repeats a row while others are inserted.
//!
//! A list's handler takes a [`ListQuery`] and describes [`PageParams`] beside its own parameters; no list spells
//! `limit` and `cursor` itself.

use super::params;
use crate::error::{Error, Result};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use std::future::{Ready, ready};
use tillwatch_shared::Page;
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::TenantId;
use uuid::Uuid;

/// Rows a page has unless asked otherwise.
pub const USUAL: u32 = 50;
/// Rows a page has at most.
pub const MOST: u32 = 200;

/// What every list may be asked: which page of it.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// Rows on a page; 50 unless asked otherwise.
    #[param(minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<u32>,
    /// Where the page before ended: the `next_cursor` of its answer.
    #[param(max_length = 128)]
    cursor: Option<String>,
}

impl PageParams {
    /// The page of a list called `list`, filtered by `filter`: see [`Paging::new`].
    ///
    /// # Errors
    /// 422 for a limit beyond 1 to [`MOST`], 400 for a cursor of another list, filter or tenant.
    pub fn of(&self, tenant: TenantId, list: &str, filter: &str) -> Result<Paging> {
        Paging::new(tenant, list, filter, self.limit, self.cursor.as_deref())
    }
}

/// The parameters of a list that takes none of its own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoFilters {}

/// The query string of a list: the page, and the list's own parameters as an `F`. Unknown and repeated parameters are
/// refused.
#[derive(Debug)]
pub struct ListQuery<F = NoFilters> {
    /// The list's own parameters.
    pub filters: F,
    /// Which page.
    pub page: PageParams,
}

impl<F: DeserializeOwned> ListQuery<F> {
    /// Reads it in two passes: a flattened struct could not refuse what it does not know.
    fn read(query: &str) -> Result<Self> {
        let pairs: Vec<(String, String)> = params::read(query)?;
        let (page, own): (Vec<_>, Vec<_>) =
            pairs.into_iter().partition(|(name, _)| ["limit", "cursor"].contains(&name.as_str()));
        let encode = |pairs| serde_urlencoded::to_string::<Vec<(String, String)>>(pairs).map_err(Error::internal);
        let page = params::read(&encode(page)?)?;
        let filters = params::read(&encode(own)?).map_err(|mut refused| {
            refused.detail.push_str(" Every list takes `limit` and `cursor` as well.");
            refused
        })?;
        Ok(Self { filters, page })
    }
}

impl<F: DeserializeOwned> FromRequest for ListQuery<F> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::read(req.query_string()))
    }
}

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

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Filters {
        q: Option<String>,
        archived: Option<bool>,
    }

    #[test]
    fn a_list_takes_its_own_parameters_beside_the_page() {
        let read = |query: &str| ListQuery::<Filters>::read(query).unwrap();
        let asked = read("q=%E9%97%A8%E5%BA%97+1%26&limit=7&archived=true&cursor=a%2Bb");
        assert_eq!((asked.filters.q.as_deref(), asked.filters.archived), (Some("门店 1&"), Some(true)));
        assert_eq!((asked.page.limit, asked.page.cursor.as_deref()), (Some(7), Some("a+b")));
        assert!(read("").page.limit.is_none());
    }

    #[test]
    fn a_list_refuses_what_it_does_not_know_and_what_is_said_twice() {
        for (query, name) in [
            ("colour=red", "?colour"),
            ("limit=1&limit=2", "?limit"),
            ("q=a&q=b", "?q"),
            ("cursor=a&q=b&cursor=a", "?cursor"),
        ] {
            let refused = ListQuery::<Filters>::read(query).unwrap_err();
            assert_eq!((refused.code, refused.fields[0].pointer.as_str()), (Code::MalformedQuery, name), "{query}");
        }
        for query in ["limit=many", "limit=-1", "limit=4294967296", "limit=", "archived=2"] {
            assert_eq!(ListQuery::<Filters>::read(query).unwrap_err().code, Code::MalformedQuery, "{query}");
        }
        let refused = ListQuery::<NoFilters>::read("q=a").unwrap_err();
        assert!(refused.detail.contains("`limit` and `cursor`"), "{}", refused.detail);
    }
}
