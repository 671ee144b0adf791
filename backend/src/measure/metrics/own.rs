//! A metric that a retailer defines for itself: what may be one, and how it changes. Pure.
//!
//! Key, kind and unit stay for ever, since what was counted under them would change its meaning. A formula may be
//! mended: its figures are computed whenever they are asked for.

use super::book::{Book, DEEPEST, LARGEST, NoPlan};
use super::catalogue::all;
use super::formula;
use super::model::{Definition, Kind};
use super::unit::{Text, Unit};
use super::wire::{direction_of, family_of};
use crate::platform::validate::Checks;
use chrono::{DateTime, Utc};
use std::fmt::Display;
use tillwatch_shared::ids::{GoalId, MetricId, RuleId};
use tillwatch_shared::measure::{
    CreateMetric, Direction, MetricFamily, MetricKind, MetricUnit, StandsFor, UpdateMetric,
};

/// The most metrics of a retailer's own.
pub const MOST: usize = 200;

/// A metric of a retailer's own, as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnMetric {
    /// Its id.
    pub id: MetricId,
    /// Its key.
    pub key: String,
    /// English name.
    pub name_en: String,
    /// Chinese name.
    pub name_zh: String,
    /// What a value counts.
    pub unit: MetricUnit,
    /// What follows a count in Chinese.
    pub classifier: String,
    /// How it gets its value.
    pub kind: MetricKind,
    /// Of a level: whether channels add up.
    pub adds_over_channels: bool,
    /// Of a formula: its text.
    pub formula: Option<String>,
    /// Which way is better.
    pub direction: Direction,
    /// Its family.
    pub family: MetricFamily,
    /// Whether its samples are whole numbers.
    pub whole: bool,
    /// Whether a value below zero makes sense.
    pub may_be_negative: bool,
    /// Of what a platform calls ROI: which of the two it is.
    pub stands_for: Option<StandsFor>,
    /// When it was archived: it takes no samples any more, and what was counted stays.
    pub archived_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Its version.
    pub version: i64,
}

impl OwnMetric {
    /// The metric that is asked for.
    pub fn new(wanted: CreateMetric, now: DateTime<Utc>) -> Self {
        let formula = wanted.formula.map(|text| text.trim().to_owned());
        Self {
            id: MetricId::new(),
            key: wanted.key,
            name_en: wanted.name_en.trim().to_owned(),
            name_zh: wanted.name_zh.trim().to_owned(),
            unit: wanted.unit,
            classifier: wanted.classifier.unwrap_or_else(|| "个".to_owned()),
            kind: wanted.kind,
            adds_over_channels: wanted.adds_over_channels,
            // What a formula comes to may be anything.
            may_be_negative: wanted.may_be_negative || formula.is_some(),
            formula,
            direction: wanted.direction,
            family: wanted.family,
            whole: wanted.whole,
            stands_for: wanted.stands_for,
            archived_at: None,
            created_at: now,
            version: 1,
        }
    }

    /// The metric with what is asked to change.
    #[must_use]
    pub fn changed(&self, wanted: UpdateMetric) -> Self {
        let mut after = self.clone();
        let trimmed = |text: String| text.trim().to_owned();
        after.name_en = wanted.name_en.map_or(after.name_en, trimmed);
        after.name_zh = wanted.name_zh.map_or(after.name_zh, trimmed);
        after.formula = wanted.formula.map(trimmed).or(after.formula);
        after.direction = wanted.direction.unwrap_or(after.direction);
        after.family = wanted.family.unwrap_or(after.family);
        after.stands_for = wanted.stands_for.or(after.stands_for);
        after
    }

    /// As everything else sees it.
    pub fn definition(&self) -> Definition<'_> {
        let kind = match (&self.formula, self.kind) {
            (Some(formula), _) => Kind::Formula(formula),
            (None, MetricKind::Distinct) => Kind::Distinct,
            (None, MetricKind::Level) => Kind::Level { adds: self.adds_over_channels },
            (None, MetricKind::Duration) => Kind::Duration,
            (None, MetricKind::Model) => Kind::Model,
            (None, MetricKind::Sum | MetricKind::Ratio | MetricKind::Formula) => Kind::Sum,
        };
        Definition {
            key: &self.key,
            name: Text { en: &self.name_en, zh: &self.name_zh },
            unit: Unit::of(self.unit, &self.classifier),
            kind,
            direction: direction_of(self.direction),
            family: family_of(self.family),
            whole: self.whole,
            may_be_negative: self.may_be_negative,
        }
    }

    /// As [`Self::check`], for a metric that is made: what stays for ever is asked for here alone, so that nobody who
    /// changes a name is refused for what cannot be changed any more.
    pub fn check_new(&self, checks: &mut Checks, book: &Book) {
        self.check(checks, book);
        let unit = self.definition().unit;
        let adds = unit.adds();
        checks.ensure(
            self.kind != MetricKind::Sum || adds,
            "/kind",
            "unit_mismatch",
            "Percentages, multiples, ranks, points and pairs do not add up. Make it a `level`, of which the last value \
             holds, or a `model`, which is shown with its source.",
        );
        checks.ensure(
            !(self.adds_over_channels && self.kind == MetricKind::Level) || adds,
            "/adds_over_channels",
            "contradiction",
            "Percentages, multiples, ranks, points and pairs of several channels do not add up. Leave it out: such a \
             `level` or `model` stands by itself on each channel.",
        );
        checks.ensure(
            !(self.may_be_negative && matches!(self.kind, MetricKind::Distinct | MetricKind::Duration)),
            "/may_be_negative",
            "contradiction",
            "Neither a distinct count nor a duration is ever below zero. Leave it out.",
        );
    }

    /// Tells every field that makes no sense; `book` holds the retailer's other metrics.
    pub fn check(&self, checks: &mut Checks, book: &Book) {
        let shaped = self.key.starts_with(|c: char| c.is_ascii_lowercase())
            && self.key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            && self.key.len() <= 40;
        checks.ensure(
            shaped,
            "/key",
            "invalid",
            "Takes 1 to 40 lower-case letters, digits and `_`, a letter first: `gross_margin`.",
        );
        if all().iter().any(|shipped| shipped.key == self.key) {
            let detail = "The catalogue has a metric of this key. Choose another key, or send samples of that one.";
            checks.refuse("/key", "taken", detail);
        }
        checks.line("/name_en", &self.name_en, 1, 120);
        checks.line("/name_zh", &self.name_zh, 1, 120);
        checks.line("/classifier", &self.classifier, 1, 10);
        let unit = self.definition().unit;
        checks.ensure(
            self.kind != MetricKind::Ratio,
            "/kind",
            "not_yours",
            "A ratio of one's own is a `formula`, such as `100 * clicks / impressions`.",
        );
        checks.ensure(
            (self.kind == MetricKind::Formula) == self.formula.is_some() || self.kind == MetricKind::Ratio,
            "/formula",
            "required",
            "A metric of kind `formula` has a formula, and no other has one.",
        );
        checks.ensure(
            self.kind != MetricKind::Duration || unit.is_time(),
            "/unit",
            "unit_mismatch",
            "A duration is in milliseconds, seconds, minutes or days.",
        );
        checks.ensure(
            !self.whole || (matches!(unit, Unit::Count(_)) && self.formula.is_none()),
            "/whole",
            "contradiction",
            "Only counts that are sent are whole.",
        );
        checks.ensure(
            !self.adds_over_channels || self.kind == MetricKind::Level,
            "/adds_over_channels",
            "contradiction",
            "Only of a level is it asked whether channels add up.",
        );
        let says_roi = [&self.key, &self.name_en, &self.name_zh].iter().any(|text| is_roi(text));
        let ready_made = self.formula.is_none() && matches!(unit, Unit::Percent | Unit::Times);
        checks.ensure(
            !(says_roi && ready_made) || self.stands_for.is_some(),
            "/stands_for",
            "required",
            "Ad platforms call two figures ROI. Say `roi` for (return - cost) / cost, or `roas` for revenue / cost.",
        );
        if let Some(text) = &self.formula {
            self.check_formula(checks, book, text);
        }
    }

    fn check_formula(&self, checks: &mut Checks, book: &Book, text: &str) {
        let tree = match formula::parse(text) {
            Ok(tree) => tree,
            Err(fault) => return checks.refuse("/formula", "not_a_formula", format!("Cannot be read: {fault}.")),
        };
        let mut known = true;
        for key in formula::names(text) {
            let problem = if key == self.key {
                ("cycle", format!("`{key}` stands in its own formula. Take it out."))
            } else if book.own(key).is_some_and(|own| own.archived_at.is_some()) {
                ("archived_metric", format!("`{key}` is archived. Use another metric."))
            } else {
                match book.find(key) {
                    None => {
                        let hint =
                            book.suggest(key).map_or_else(String::new, |near| format!(" Did you mean `{near}`?"));
                        ("unknown_metric", format!("There is no metric `{key}`.{hint}"))
                    }
                    Some(part) if part.kind == Kind::Duration => {
                        ("unit_mismatch", format!("`{key}` is told by quantiles and cannot be computed with."))
                    }
                    Some(_) => continue,
                }
            };
            known = false;
            checks.refuse("/formula", problem.0, problem.1);
        }
        if !known {
            return;
        }
        if formula::names(text).next().is_none() {
            return checks.refuse("/formula", "not_a_formula", "Names no metric. A figure follows from other figures.");
        }
        if let Some(circle) = circle(book, &self.key, text) {
            return checks.refuse(
                "/formula",
                "cycle",
                format!("Goes round in a circle: {circle}. Break it somewhere."),
            );
        }
        match tree.dimension(&|key| book.find(key).map_or(super::unit::Dimension::PURE, |part| part.unit.dimension())) {
            Err(sentence) => checks.refuse("/formula", "unit_mismatch", format!("Adds unlike to like: {sentence}.")),
            Ok(dimension) if !self.definition().unit.shows(dimension) => {
                let detail = format!("Comes to {}, which is not shown in `{}`.", dimension.told(), self.unit);
                checks.refuse("/unit", "unit_mismatch", detail);
            }
            Ok(_) => {}
        }
        let after = book.replacing(self.clone());
        // What stands on this formula grows with it.
        let unplanned = after.formulas().find_map(|metric| Some((metric.key, after.planned(metric).err()?)));
        match unplanned {
            Some((key, NoPlan::TooLarge)) => {
                let detail = if key == self.key {
                    format!(
                        "This formula stands on too many figures: more than {LARGEST} when written out. Name fewer \
                         metrics, or such as are sent instead of computed."
                    )
                } else {
                    format!(
                        "`{key}`, whose formula stands on this one, would stand on too many figures: more than \
                         {LARGEST} when written out. Shorten one of the two."
                    )
                };
                checks.refuse("/formula", "too_large", detail);
            }
            Some((key, NoPlan::TooDeep | NoPlan::Gap)) => {
                let detail =
                    format!("`{key}` would have more than {DEEPEST} formulas in each other. Write some of them out.");
                checks.refuse("/formula", "too_deep", detail);
            }
            None => {}
        }
    }

    /// A sum of no importance, for tests.
    #[cfg(test)]
    pub fn example(key: &str) -> Self {
        Self {
            id: MetricId::new(),
            key: key.to_owned(),
            name_en: key.to_owned(),
            name_zh: key.to_owned(),
            unit: MetricUnit::Money,
            classifier: "个".to_owned(),
            kind: MetricKind::Sum,
            adds_over_channels: false,
            formula: None,
            direction: Direction::Neutral,
            family: MetricFamily::Financial,
            whole: false,
            may_be_negative: true,
            stands_for: None,
            archived_at: None,
            created_at: DateTime::UNIX_EPOCH,
            version: 1,
        }
    }
}

/// The most rules or goals that a refusal names.
const MOST_NAMED: usize = 3;

/// Why a metric that these rules watch is not archived, and what to do; nothing when there is none.
pub fn still_watched(rules: &[(RuleId, String)]) -> Option<String> {
    if rules.is_empty() {
        return None;
    }
    let [who, it] = if rules.len() == 1 { ["rule", "watches"] } else { ["rules", "watch"] };
    Some(format!(
        "The {who} {} {it} this metric and would judge nothing any more. Disable or archive the {who} first, or let another \
         metric be watched.",
        named(rules)
    ))
}

/// Why a metric on which these goals are pursued is not archived, and what to do; nothing when there is none.
pub fn still_pursued(goals: &[(GoalId, String)]) -> Option<String> {
    let [which, count] = which_goals(goals)?;
    Some(format!(
        "The {which} {} {count} this metric and would count nothing any more. Archive the {which} first.",
        named(goals)
    ))
}

/// Why a metric on which these goals are pursued keeps its better way, and what to do; nothing when there is none.
pub fn keeps_its_way(goals: &[(GoalId, String)]) -> Option<String> {
    let [which, count] = which_goals(goals)?;
    Some(format!(
        "The {which} {} {count} this metric and would turn round with its direction. Archive the {which} first, or leave \
         the direction as it is.",
        named(goals)
    ))
}

fn which_goals(goals: &[(GoalId, String)]) -> Option<[&'static str; 2]> {
    match goals.len() {
        0 => None,
        1 => Some(["goal", "counts"]),
        _ => Some(["goals", "count"]),
    }
}

/// The first ones, by name and id, and how many more there are.
fn named<Id: Display>(all: &[(Id, String)]) -> String {
    let first: Vec<String> = all.iter().take(MOST_NAMED).map(|(id, name)| format!("“{name}” ({id})")).collect();
    let further = match all.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{further}", first.join(", "))
}

/// Whether a name speaks of the figure that ad platforms call ROI.
fn is_roi(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| word.eq_ignore_ascii_case("roi")) || text.contains("投产比") || text.contains("投资回报率")
}

/// The way from the formula `text` of `key` back to `key`, in keys.
fn circle(book: &Book, key: &str, text: &str) -> Option<String> {
    // Each metric is looked into once, so that this ends whatever the book holds.
    let mut seen: Vec<String> = vec![key.to_owned()];
    let mut ways: Vec<Vec<String>> = formula::names(text).map(|part| vec![key.to_owned(), part.to_owned()]).collect();
    while let Some(way) = ways.pop() {
        let last = way.last()?;
        if last == key {
            return Some(way.join(" -> "));
        }
        if seen.contains(last) {
            continue;
        }
        seen.push(last.clone());
        let parts = book.own(last).and_then(|own| own.formula.as_deref()).unwrap_or_default();
        let further = formula::names(parts).map(|part| way.iter().cloned().chain([part.to_owned()]).collect());
        let further: Vec<Vec<String>> = further.collect();
        ways.extend(further);
    }
    None
}

#[cfg(test)]
mod tests;
