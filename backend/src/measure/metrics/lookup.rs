//! Finding a metric by its key, and the key that was meant by one that does not exist.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::catalogue::all;
use super::model::{Definition, Metric};

static BY_KEY: LazyLock<HashMap<&'static str, &'static Metric>> =
    LazyLock::new(|| all().iter().map(|metric| (metric.key, metric)).collect());

/// Words that people use for a metric of another name.
#[rustfmt::skip]
const ALSO_CALLED: &[(&str, &str)] = &[
    ("revenue", "sales"), ("gmv", "sales"), ("turnover", "sales"), ("cost", "spend"), ("costs", "spend"), ("ad_spend", "spend"), ("pv", "page_views"),
    ("uv", "unique_visitors"), ("dau", "active_users"), ("mau", "active_users"), ("fans", "followers"), ("customers", "buyers"), ("emails_sent", "sent"), ("redemptions", "coupons_redeemed"),
];

/// The longest unknown key that is compared with the catalogue: comparing takes time by length.
const LONGEST_GUESS: usize = 48;
/// How alike two keys must be to be taken for a slip (0 to 1, Jaro-Winkler).
const ALIKE: f64 = 0.85;

/// The metric of this key.
#[must_use]
pub fn find(key: &str) -> Option<&'static Metric> {
    BY_KEY.get(key).copied()
}

/// The key that was probably meant by one that does not exist: by its name in either language, by another
/// word in use, or by its spelling. `None` when nothing is near.
#[must_use]
pub fn suggest(key: &str) -> Option<&'static str> {
    suggest_among(key, all().iter().copied())
}

/// As [`suggest`], among these metrics.
pub(super) fn suggest_among<'b>(key: &str, metrics: impl Iterator<Item = Definition<'b>>) -> Option<&'b str> {
    if key.is_empty() || key.len() > LONGEST_GUESS {
        return None;
    }
    let metrics: Vec<Definition<'b>> = metrics.collect();
    let folded = key.trim().to_lowercase().replace([' ', '-'], "_");
    let named = |metric: &&Definition<'b>| {
        metric.key == folded || metric.name.zh == folded || metric.name.en.eq_ignore_ascii_case(key)
    };
    if let Some(metric) = metrics.iter().find(named) {
        return Some(metric.key);
    }
    if let Some((_, metric)) = ALSO_CALLED.iter().find(|(word, _)| *word == folded) {
        return Some(metric);
    }
    metrics
        .iter()
        .map(|metric| (strsim::jaro_winkler(metric.key, &folded), metric.key))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, key)| key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_understood_and_nonsense_is_not() {
        for (slip, meant) in [
            ("click", "clicks"),
            ("impresions", "impressions"),
            ("Spend", "spend"),
            ("page-views", "page_views"),
            ("revenue", "sales"),
            ("销售额", "sales"),
            ("Marketing spend", "spend"),
        ] {
            assert_eq!(suggest(slip), Some(meant), "{slip}");
        }
        for nonsense in ["", "x", "zzzzzz", "天气", &"a".repeat(1000)] {
            assert_eq!(suggest(nonsense), None, "{nonsense}");
        }
    }
}
