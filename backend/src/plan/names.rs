//! How callers name channels and campaigns: by id (`chn_…`) or by the retailer's own key, and what they have named. Pure.
//!
//! Invariant: no key can be taken for an id, so a name means one thing only.

use std::collections::HashMap;
use std::fmt::Display;
use tillwatch_shared::ids::{CampaignId, ChannelId};
use uuid::Uuid;

/// The longest name, in characters.
pub(crate) const LONGEST_NAME: usize = 120;
/// The longest external key, in characters.
pub(crate) const LONGEST_KEY: usize = 128;

/// What is wrong with an external key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyFault {
    /// Nothing but blanks, or nothing.
    #[error("Needs at least one character; leave the field out for no key.")]
    Empty,
    /// Too many characters.
    #[error("Has more than 128 characters. Shorten it.")]
    TooLong,
    /// A line break or another control character.
    #[error("Holds control characters. Remove them.")]
    Control,
    /// Blanks around it, which a spreadsheet would lose.
    #[error("Begins or ends with a blank. Remove it.")]
    Blank,
    /// An id's prefix.
    #[error("Looks like an id (`chn_…`, `cmp_…`). Choose a key that does not begin so.")]
    LooksLikeId,
}

impl KeyFault {
    /// The machine-readable word.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Empty => "required",
            Self::TooLong => "too_long",
            Self::Control => "control_character",
            Self::Blank => "blank",
            Self::LooksLikeId => "looks_like_id",
        }
    }
}

/// Whether `key` can serve as an external key.
pub(crate) fn judge_key(key: &str) -> Result<(), KeyFault> {
    if key.trim().is_empty() {
        Err(KeyFault::Empty)
    } else if key.chars().count() > LONGEST_KEY {
        Err(KeyFault::TooLong)
    } else if key.chars().any(char::is_control) {
        Err(KeyFault::Control)
    } else if key.trim() != key {
        Err(KeyFault::Blank)
    } else if [ChannelId::PREFIX, CampaignId::PREFIX].iter().any(|prefix| is_id_like(key, prefix)) {
        Err(KeyFault::LooksLikeId)
    } else {
        Ok(())
    }
}

fn is_id_like(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('_'))
}

/// Names, told apart. Both lists are free of what cannot exist, so that the database is asked only for what can.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told<'a> {
    /// The ids.
    pub(crate) ids: Vec<Uuid>,
    /// The external keys.
    pub(crate) keys: Vec<&'a str>,
}

/// Tells `names` apart: what begins with `prefix_` is an id or nothing, the rest are keys. What could not have been
/// made a key (a NUL above all, which the database would choke on) is left out.
pub(crate) fn tell<'a>(names: &[&'a str], prefix: &str, id: impl Fn(&str) -> Option<Uuid>) -> Told<'a> {
    let mut told = Told::default();
    for name in names {
        if is_id_like(name, prefix) {
            told.ids.extend(id(name));
        } else if judge_key(name).is_ok() {
            told.keys.push(name);
        }
    }
    told
}

/// A channel or a campaign as a name in a request points to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolved<I> {
    /// Its id.
    pub id: I,
    /// Whether it is archived.
    pub archived: bool,
}

/// What was found by id and what by key, each under the name that was given. An id has one text, so that is its name.
pub(crate) fn joined<I: Copy + Display>(
    by_id: Vec<(Uuid, bool)>,
    by_key: Vec<(String, Uuid, bool)>,
    id: impl Fn(Uuid) -> I,
) -> HashMap<String, Resolved<I>> {
    let by_id = by_id.into_iter().map(|(found, archived)| (id(found).to_string(), found, archived));
    let all = by_id.chain(by_key);
    all.map(|(name, found, archived)| (name, Resolved { id: id(found), archived })).collect()
}

/// The `ILIKE` pattern of what begins with `q`, in any case; `q`'s own wildcards are plain characters.
pub(crate) fn prefix_pattern(q: &str) -> String {
    let mut pattern = String::with_capacity(q.len() + 1);
    for c in q.chars() {
        if matches!(c, '\\' | '%' | '_') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bad_key_has_its_reason() {
        for good in ["store-367", "门店 367", "chn", "chnx_1", "campaign_7", &"字".repeat(128)] {
            assert_eq!(judge_key(good), Ok(()), "{good}");
        }
        for (bad, fault) in [
            ("", KeyFault::Empty),
            (" \t", KeyFault::Empty),
            ("a\0b", KeyFault::Control),
            ("a\nb", KeyFault::Control),
            (" a", KeyFault::Blank),
            ("chn_", KeyFault::LooksLikeId),
            ("cmp_autumn", KeyFault::LooksLikeId),
        ] {
            assert_eq!(judge_key(bad), Err(fault), "{bad:?}");
        }
        assert_eq!(judge_key(&"a".repeat(129)), Err(KeyFault::TooLong));
    }

    #[test]
    fn ids_and_keys_are_told_apart_and_the_impossible_is_left_out() {
        let id = ChannelId::new();
        let (text, long) = (id.to_string(), "a".repeat(129));
        let names = [text.as_str(), "store-1", "chn_broken", "nul\0", "", long.as_str()];
        let told = tell(&names, ChannelId::PREFIX, |t| t.parse::<ChannelId>().ok().map(|id| id.0));
        assert_eq!(told, Told { ids: vec![id.0], keys: vec!["store-1"] });
    }

    #[test]
    fn what_was_found_stands_under_the_name_that_was_given() {
        let [one, two] = [ChannelId::new(), ChannelId::new()];
        let found = joined(vec![(one.0, false)], vec![("门店 1".to_owned(), two.0, true)], ChannelId);
        assert_eq!(found.len(), 2);
        assert_eq!(found[&one.to_string()], Resolved { id: one, archived: false });
        assert_eq!(found["门店 1"], Resolved { id: two, archived: true });
    }

    #[test]
    fn wildcards_in_a_search_are_plain_characters() {
        assert_eq!(prefix_pattern("50%_off\\"), "50\\%\\_off\\\\%");
        assert_eq!(prefix_pattern(""), "%");
    }
}
