//! What a sensible feed is. Pure.

use super::Setup;
use crate::platform::validate::Checks;
use crate::watch::feeds::mapping;
use std::collections::BTreeSet;
use tillwatch_shared::feeds::{FeedCadence, FeedField, FeedFormat, FeedHeader, FeedMapping};

/// The most steps of a JSON pointer: each is looked for anew in every row.
const MOST_STEPS: usize = 8;
/// The most headers.
const MOST_HEADERS: usize = 5;
/// Headers that are the client's own.
const OWN_HEADERS: [&str; 14] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "proxy-authorization",
    "range",
    "transfer-encoding",
    "upgrade",
];

/// What is wrong with headers.
pub(in super::super) fn check_headers(checks: &mut Checks, headers: &[FeedHeader]) {
    checks.ensure(headers.len() <= MOST_HEADERS, "/headers", "too_many", "A feed has at most 5 headers.");
    let mut seen = BTreeSet::new();
    for (place, header) in headers.iter().enumerate() {
        let name = header.name.to_ascii_lowercase();
        let pointer = format!("/headers/{place}/name");
        let shaped = (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        checks.ensure(shaped, &pointer, "invalid", "A header's name has letters, digits and `-`.");
        let own = OWN_HEADERS.contains(&name.as_str());
        checks.ensure(!own, &pointer, "not_allowed", "This header is set by the service. Leave it out.");
        checks.ensure(seen.insert(name), &pointer, "duplicate", "This header is there twice.");
        let value = &header.value;
        let printable = value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && value.trim() == value;
        let fits = printable && (1..=2048).contains(&value.len());
        let pointer = format!("/headers/{place}/value");
        checks.ensure(fits, &pointer, "invalid", "A header's value has 1 to 2048 printable ASCII characters.");
    }
}

/// What is wrong with a mapping, as far as it can be told without the retailer's things.
pub(in super::super) fn check_mapping(checks: &mut Checks, format: FeedFormat, mapping: &FeedMapping) {
    let pointed = mapping.rows.as_deref().is_none_or(|rows| rows.is_empty() || rows.starts_with('/'));
    checks.ensure(pointed, "/mapping/rows", "invalid", "Is a JSON pointer, such as `/data/rows`.");
    let json = format == FeedFormat::Json || mapping.rows.is_none();
    checks.ensure(json, "/mapping/rows", "not_allowed", "Only a JSON document has an array in it. Leave it out.");
    checks.optional_line("/mapping/rows", mapping.rows.as_deref(), 0, 200);
    steps(checks, "/mapping/rows", mapping.rows.as_deref().unwrap_or_default());
    let count = mapping.measures.len();
    checks.ensure((1..=20).contains(&count), "/mapping/measures", "required", "A row has 1 to 20 figures.");
    for (place, measure) in mapping.measures.iter().enumerate() {
        column(checks, &format!("/mapping/measures/{place}/value"), &measure.value);
        field(checks, &format!("/mapping/measures/{place}/metric"), &measure.metric);
    }
    column(checks, "/mapping/time/column", &mapping.time.column);
    let known = mapping.time.time_zone.as_deref().is_none_or(|name| mapping::zone(name).is_some());
    checks.ensure(known, "/mapping/time/time_zone", "unknown", "Is no IANA time zone such as `Asia/Shanghai`.");
    for (pointer, wanted) in [("/mapping/channel", &mapping.channel), ("/mapping/campaign", &mapping.campaign)] {
        if let Some(wanted) = wanted {
            field(checks, pointer, wanted);
        }
    }
    checks.ensure(
        mapping.key_columns.len() <= 8,
        "/mapping/key_columns",
        "too_many",
        "A key is made of at most 8 columns.",
    );
    for (place, name) in mapping.key_columns.iter().enumerate() {
        column(checks, &format!("/mapping/key_columns/{place}"), name);
    }
}

/// A column, which is found by its name without the blanks around it.
fn column(checks: &mut Checks, pointer: &str, name: &str) {
    checks.line(pointer, name, 1, 200);
    checks.ensure(
        name.trim() == name,
        pointer,
        "invalid",
        "Begins or ends with a blank. Columns are read without them.",
    );
    if name.starts_with('/') {
        steps(checks, pointer, name);
    }
}

fn steps(checks: &mut Checks, pointer: &str, path: &str) {
    let few = path.matches('/').count() <= MOST_STEPS;
    checks.ensure(few, pointer, "too_deep", "A JSON pointer has at most 8 steps.");
}

fn field(checks: &mut Checks, pointer: &str, field: &FeedField) {
    match (&field.column, &field.constant) {
        (Some(name), None) => column(checks, &format!("{pointer}/column"), name),
        (None, Some(text)) => checks.line(&format!("{pointer}/constant"), text, 1, 128),
        _ => checks.refuse(pointer, "one_of", "Give either `column` or `constant`."),
    }
}

/// What is wrong with how often it is fetched and when it is missed. `minute` is what was given as the time of day, if one
/// was, and whether it is one.
pub(in super::super) fn check_times(checks: &mut Checks, setup: &Setup, minute: Option<Option<i32>>) {
    checks.ensure(minute != Some(None), "/at", "invalid", "Takes a local time of 24 hours, such as 06:00.");
    let daily = minute.is_none() || setup.every == FeedCadence::Day;
    checks.ensure(daily, "/at", "not_allowed", "Only a feed of `1d` has a time of day. Leave it out.");
    let fits = setup.grace_minutes.is_none_or(|grace| (5..=43_200).contains(&grace));
    checks.ensure(fits, "/grace_minutes", "out_of_range", "Takes 5 minutes to 30 days (43200).");
    // With less it would be missed, and well again, at every fetch.
    let long = setup.grace_minutes.is_none_or(|grace| grace >= super::minutes(setup.every));
    let detail = "Is shorter than the time between two fetches. Give at least that, or leave it out.";
    checks.ensure(long || !fits, "/grace_minutes", "too_short", detail);
}
