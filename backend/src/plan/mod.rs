//! What is intended: channels, campaigns with their states, what each campaign has cost and brought so far, and goals.
//!
//! Cast: [`channels`] (where shoppers are met), [`campaigns`] (what is done there, from draft to its end),
//! [`goals`] (what a metric shall reach by when), [`budgets`] (running totals of each campaign's metrics), `names` (the retailer's own keys and what looks like an
//! id), `change` (what an update changed). Depends on the platform and on identity. The watch wing pauses
//! campaigns through [`campaigns::pause_by_rule`]; what must travel up goes as the jobs
//! [`campaigns::CAMPAIGN_CHANGED`], [`goals::jobs::GOAL_ENDED`] and [`goals::jobs::GOAL_PROPOSAL`]. Invariant: an archived object is kept and read, never changed again.

pub mod budgets;
pub mod campaigns;
mod change;
pub mod channels;
pub mod goals;
mod names;

pub use names::Resolved;

use crate::error::Error;
use crate::platform::validate::Checks;

/// A name: 1 to 120 characters on one line.
fn check_name(checks: &mut Checks, pointer: &str, name: &str) {
    checks.line(pointer, name, 1, names::LONGEST_NAME);
}

/// The retailer's own key, if there is one.
fn check_key(checks: &mut Checks, key: Option<&str>) {
    if let Some(Err(fault)) = key.map(names::judge_key) {
        checks.refuse("/external_key", fault.reason(), fault.to_string());
    }
}

/// What a list is searched for, if for anything.
fn check_search(checks: &mut Checks, q: Option<&str>) {
    checks.optional_text("?q", q, 0, names::LONGEST_KEY);
}

/// Another object of the same sort has this external key.
fn key_taken(what: &str) -> Error {
    let detail = format!("Another {what} has this `external_key` already. Use that one or choose another key.");
    Error::taken("/external_key", detail)
}

/// An archived object cannot be changed.
fn archived(what: &str) -> Error {
    Error::conflict(format!("This {what} is archived: it can be read, not changed."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tillwatch_shared::errors::Code;

    #[test]
    fn a_name_has_one_line_and_a_bad_key_is_refused_by_its_pointer() {
        let mut checks = Checks::default();
        check_name(&mut checks, "/name", "秋季\n优惠券");
        check_key(&mut checks, Some("cmp_x"));
        check_key(&mut checks, None);
        check_search(&mut checks, Some("\0"));
        let refused = checks.into_error();
        let told: Vec<_> = refused.fields.iter().map(|f| (f.pointer.as_str(), f.code.as_str())).collect();
        assert_eq!(
            told,
            [("/name", "control_character"), ("/external_key", "looks_like_id"), ("?q", "control_character")]
        );
    }

    #[test]
    fn a_taken_key_names_its_field() {
        let taken = key_taken("channel");
        assert_eq!((taken.code, taken.fields[0].pointer.as_str()), (Code::AlreadyExists, "/external_key"));
    }
}
