//! A retailer's book of metrics: the catalogue and its own, found by key, and computed down to the ground.
//!
//! Pure. No two metrics of a book have one key: where a release brings one to the catalogue under the key of a
//! retailer's own, that of the catalogue holds everywhere, also where nobody reads a book. Invariants: [`Book::plan`]
//! ends, since a formula reaches no deeper than [`DEEPEST`] others; what would go round in a circle is refused where
//! formulas are written. No plan has more than [`LARGEST`] figures, each counted as often as it stands in a formula, so
//! that neither planning nor computing grows with the power of the depth.

use super::catalogue::all;
use super::formula::{self, Node};
use super::lookup::{find, suggest_among};
use super::model::{Definition, Kind, Takes};
use super::own::OwnMetric;
use tillwatch_shared::quantity::Quantity;

/// How many formulas may stand in each other.
pub const DEEPEST: usize = 5;

/// How many figures a formula may have when the formulas in it are written out; one that stands there twice counts twice.
pub const LARGEST: usize = 500;

/// Why a metric cannot be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPlan {
    /// A part of it does not exist (any more), or its formula cannot be read.
    Gap,
    /// More than [`DEEPEST`] formulas stand in each other.
    TooDeep,
    /// It has more than [`LARGEST`] figures when written out.
    TooLarge,
}

/// The metrics that a retailer has.
#[derive(Debug, Clone, Default)]
pub struct Book {
    own: Vec<OwnMetric>,
}

impl Book {
    /// The catalogue alone: enough wherever only its metrics are asked for.
    #[must_use]
    pub fn shipped() -> &'static Self {
        static SHIPPED: Book = Book { own: Vec::new() };
        &SHIPPED
    }

    /// The catalogue and these, but for those whose key the catalogue has.
    #[must_use]
    pub fn with(own: Vec<OwnMetric>) -> Self {
        Self { own: own.into_iter().filter(|own| find(&own.key).is_none()).collect() }
    }

    /// The retailer's own metric of this key, archived or not.
    #[must_use]
    pub fn own(&self, key: &str) -> Option<&OwnMetric> {
        self.own.iter().find(|own| own.key == key)
    }

    /// Whether this is the key of a formula that was archived, which has no new figures. (Of what was counted under an
    /// archived metric the figures stay.)
    #[must_use]
    pub fn is_archived_formula(&self, key: &str) -> bool {
        self.own(key).is_some_and(|own| own.archived_at.is_some() && own.formula.is_some())
    }

    /// The book with `changed` in the place of the metric of its key, or beside the others.
    #[must_use]
    pub fn replacing(&self, changed: OwnMetric) -> Self {
        let mut own: Vec<OwnMetric> = self.own.iter().filter(|own| own.key != changed.key).cloned().collect();
        own.push(changed);
        Self { own }
    }

    /// The retailer's own metrics.
    #[must_use]
    pub fn own_metrics(&self) -> &[OwnMetric] {
        &self.own
    }

    /// The retailer's own formulas.
    pub fn formulas(&self) -> impl Iterator<Item = Definition<'_>> {
        self.own.iter().filter(|own| own.formula.is_some()).map(OwnMetric::definition)
    }

    /// The metric of this key.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<Definition<'_>> {
        find(key).copied().or_else(|| self.own(key).map(OwnMetric::definition))
    }

    /// Every metric: the catalogue in its order, then the retailer's own.
    pub fn all(&self) -> impl Iterator<Item = Definition<'_>> {
        all().iter().copied().chain(self.own.iter().map(OwnMetric::definition))
    }

    /// The key that was probably meant by one that does not exist.
    #[must_use]
    pub fn suggest(&self, key: &str) -> Option<&str> {
        suggest_among(key, self.all())
    }

    /// How `metric` is computed; `None` where a part of it does not exist (any more), formulas stand too deep in each
    /// other, or it is too large.
    #[must_use]
    pub fn plan<'b>(&'b self, metric: Definition<'b>) -> Option<Plan<'b>> {
        self.planned(metric).ok()
    }

    /// As [`Self::plan`], with the reason where there is none.
    ///
    /// # Errors
    /// [`NoPlan`].
    pub fn planned<'b>(&'b self, metric: Definition<'b>) -> Result<Plan<'b>, NoPlan> {
        self.plan_within(metric, DEEPEST)
    }

    fn plan_within<'b>(&'b self, metric: Definition<'b>, deeper: usize) -> Result<Plan<'b>, NoPlan> {
        let tree = match metric.kind {
            Kind::Formula(text) => Some(formula::parse(text).map_err(|_| NoPlan::Gap)?),
            _ => None,
        };
        let mut plan = Plan { metric, tree, parts: Vec::new(), figures: 1 };
        for key in metric.parts() {
            let part = self.find(key).ok_or(NoPlan::Gap)?;
            let left = deeper.checked_sub(usize::from(plan.tree.is_some())).ok_or(NoPlan::TooDeep)?;
            let part = self.plan_within(part, left)?;
            let times = match metric.kind {
                Kind::Formula(text) => formula::names(text).filter(|name| *name == key).count(),
                _ => 1,
            };
            // Refused as soon as it is too large: what is planned in vain is no more than this at each depth.
            plan.figures = plan.figures.saturating_add(part.figures.saturating_mul(times));
            if plan.figures > LARGEST {
                return Err(NoPlan::TooLarge);
            }
            plan.parts.push(part);
        }
        Ok(plan)
    }
}

/// How a metric is computed, down to what samples are of.
#[derive(Debug)]
pub struct Plan<'b> {
    /// The metric.
    pub metric: Definition<'b>,
    tree: Option<Node>,
    parts: Vec<Plan<'b>>,
    /// How many figures it has when written out, with itself.
    figures: usize,
}

impl<'b> Plan<'b> {
    /// The metrics whose samples it is computed from, each once.
    #[must_use]
    pub fn bases(&self) -> Vec<Definition<'b>> {
        let mut bases = Vec::new();
        self.gather(&mut bases);
        bases
    }

    fn gather(&self, bases: &mut Vec<Definition<'b>>) {
        if self.metric.base().is_some() && !bases.iter().any(|base| base.key == self.metric.key) {
            bases.push(self.metric);
        }
        for part in &self.parts {
            part.gather(bases);
        }
    }

    /// The keys of its bases whose values are put together in this way.
    #[must_use]
    pub fn keys(&self, takes: Takes) -> Vec<&'b str> {
        let wanted = |base: &Definition<'b>| base.base().filter(|base| base.takes == takes).map(|base| base.key);
        self.bases().iter().filter_map(wanted).collect()
    }

    /// Whether it is a sum or a ratio of sums, so that pieces of time and of channels may be put together.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        self.tree.is_none() && self.bases().iter().all(Definition::is_sum)
    }

    /// The figure, given the value of each base: exact sums and the like. `None` when one of them has none, and where
    /// there is nothing to divide by.
    pub fn figure(&self, value: &dyn Fn(&str) -> Option<Quantity>) -> Option<f64> {
        if let Some(tree) = &self.tree {
            let part = |key: &str| self.parts.iter().find(|part| part.metric.key == key)?.figure(value);
            return tree.value(&part);
        }
        if self.metric.base().is_some() {
            return value(self.metric.key).map(Quantity::to_f64);
        }
        if self.parts.iter().any(|part| value(part.metric.key).is_none()) {
            return None;
        }
        self.metric.ratio(|key| value(key).unwrap_or(Quantity::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(key: &str, formula: &str) -> OwnMetric {
        OwnMetric { formula: Some(formula.to_owned()), ..OwnMetric::example(key) }
    }

    fn value(key: &str) -> Option<Quantity> {
        match key {
            "sales" => Quantity::from_units(300),
            "spend" => Quantity::from_units(100),
            "visits" => Quantity::from_units(12),
            _ => None,
        }
    }

    #[test]
    fn a_formula_over_a_formula_is_computed_down_to_its_samples() {
        let book =
            Book::with(vec![own("margin", "sales - spend"), own("margin_rate", "100 * margin / sales + 0 * roas")]);
        let plan = book.plan(book.find("margin_rate").unwrap()).unwrap();
        let bases: Vec<&str> = plan.bases().iter().map(|base| base.key).collect();
        assert_eq!(bases, ["sales", "spend"]);
        assert_eq!(plan.figure(&value).map(f64::round), Some(67.0));
        assert_eq!(plan.figure(&|_| None), None);
        assert_eq!(plan.keys(Takes::Sums), ["sales", "spend"]);
    }

    #[test]
    fn a_circle_a_gap_and_too_deep_a_chain_end_without_a_plan() {
        let circle = Book::with(vec![own("a", "b + sales"), own("b", "a")]);
        assert!(circle.plan(circle.find("a").unwrap()).is_none());
        let gap = Book::with(vec![own("a", "unheard_of")]);
        assert!(gap.plan(gap.find("a").unwrap()).is_none());
        let chain = |length: usize| {
            let next = |n: usize| if n + 1 == length { "sales".to_owned() } else { format!("m{}", n + 1) };
            let book = Book::with((0..length).map(|n| own(&format!("m{n}"), &next(n))).collect());
            book.plan(book.find("m0").unwrap()).is_some()
        };
        assert!(chain(DEEPEST) && !chain(DEEPEST + 1));
    }

    #[test]
    fn formulas_over_formulas_do_not_grow_with_the_power_of_their_depth() {
        // Each layer names the one below ten times: a thousand figures at the third.
        let layer = |n: usize| {
            let below = if n == 0 { "sales".to_owned() } else { format!("m{}", n - 1) };
            own(&format!("m{n}"), &vec![below; 10].join(" + "))
        };
        let book = Book::with((0..DEEPEST).map(layer).collect());
        let plan = |key: &str| book.planned(book.find(key).unwrap()).map(|plan| plan.figures);
        assert_eq!(plan("m1"), Ok(1 + 10 * (1 + 10)));
        for larger in ["m2", "m3", "m4"] {
            assert_eq!(plan(larger), Err(NoPlan::TooLarge), "{larger}");
        }
        // As many different ones on each layer, each over all of the layer below.
        let wide = |n: usize, of: usize| {
            let below: Vec<String> =
                if n == 0 { vec!["sales".to_owned()] } else { (0..20).map(|m| format!("l{}_{m}", n - 1)).collect() };
            own(&format!("l{n}_{of}"), &below.join(" + "))
        };
        let book = Book::with((0..DEEPEST).flat_map(|n| (0..20).map(move |of| wide(n, of))).collect());
        for metric in book.formulas() {
            let fits = metric.key.starts_with("l0") || metric.key.starts_with("l1");
            assert_eq!(book.planned(metric).err(), (!fits).then_some(NoPlan::TooLarge), "{}", metric.key);
        }
    }

    #[test]
    fn a_distinct_count_in_a_ratio_has_a_value_or_there_is_no_ratio() {
        let book = Book::shipped();
        let plan = book.plan(book.find("visit_frequency").unwrap()).unwrap();
        assert_eq!(plan.figure(&value), None);
        let known = |key: &str| value(key).or(Quantity::from_units(4));
        assert_eq!(plan.figure(&known), Some(3.0));
        assert_eq!(plan.keys(Takes::Distinct), ["unique_visitors"]);
    }

    #[test]
    fn a_key_means_one_metric_also_when_a_release_brings_one_of_the_same() {
        let book = Book::with(vec![own("sales", "spend * 2")]);
        assert_eq!(book.find("sales").unwrap().formula(), None);
        assert_eq!(book.all().filter(|metric| metric.key == "sales").count(), 1);
        assert_eq!(Book::shipped().all().count(), all().len());
    }
}
