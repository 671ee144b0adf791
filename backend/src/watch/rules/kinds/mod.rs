//! The kinds of rules: what each refuses, and what it says of a figure.
//!
//! One file a kind, of the same name as the one in `shared` that holds its specification and its words
//! (`shared/src/watch/kinds/`). A new kind is those two files, a line in the list there and a line in [`of`]; the
//! compiler asks for the rest. Judging, back-tests and pictures know kinds by [`Judge`] alone; only the stop-loss has a
//! second way, inside the write ([`crate::watch::judging::stop_loss`]).
//!
//! Pure. Invariants: a verdict depends on the judged figure and on earlier ones (or on those of the same time elsewhere),
//! never on later ones; a kind that cannot judge says so, which neither opens nor closes anything.

mod anomaly;
mod budget_pace;
mod change;
mod deviation;
mod goal_pace;
mod missing_data;
mod stop_loss;
mod threshold;

use super::detect::{self, Bucket, RuleError, Verdict};
use crate::plan::goals::course::Course;
use crate::platform::chart::ExpectedBy;
use crate::platform::validate::Checks;
use chrono::{NaiveDate, TimeDelta};
use tillwatch_shared::watch::{CreateRule, RuleBucket, RuleSpec, Side, Timing};

pub use anomaly::pattern;
pub(in crate::watch::rules) use deviation::FEWEST_CHANNELS;
pub use stop_loss::{is_cost, verdict as stop_loss_verdict};

/// The kind of a specification.
pub fn of(spec: &RuleSpec) -> &dyn Judge {
    match spec {
        RuleSpec::Threshold(kind) => kind,
        RuleSpec::StopLoss(kind) => kind,
        RuleSpec::Deviation(kind) => kind,
        RuleSpec::Change(kind) => kind,
        RuleSpec::MissingData(kind) => kind,
        RuleSpec::BudgetPace(kind) => kind,
        RuleSpec::Anomaly(kind) => kind,
        RuleSpec::GoalPace(kind) => kind,
    }
}

/// What a kind does.
pub trait Judge {
    /// Refuses settings with which it could never judge, or would judge nonsense.
    fn check(&self, rule: &CreateRule, checks: &mut Checks);

    /// What it says of a figure.
    fn judge(&self, case: &Case<'_>) -> Verdict;

    /// What it says of each figure of a whole series, one after the other, for a kind that learns as it goes.
    fn replay(&self, _: &[Bucket]) -> Option<Vec<Verdict>> {
        None
    }

    /// How far back the figures lie that it compares with.
    fn look_back(&self, _: &Timing) -> TimeDelta {
        TimeDelta::zero()
    }

    /// What a day or hour without samples is to it.
    fn silence(&self) -> Silence {
        Silence::PassedOver
    }

    /// How wide the pieces are that it judges.
    fn bucket(&self, timing: &Timing) -> RuleBucket {
        timing.bucket
    }

    /// Whether its figures are totals: each the sum of all up to it.
    fn sums_up(&self) -> bool {
        false
    }

    /// Whether it compares with the other channels of the same time.
    fn wants_peers(&self) -> bool {
        false
    }

    /// Whether it needs its campaign's days and budget.
    fn wants_plan(&self) -> bool {
        false
    }

    /// What its picture shows.
    fn drawn(&self) -> Drawn {
        Drawn::Figures
    }

    /// Where the figure that it holds another against comes from, which the picture's key says.
    fn expected_by(&self) -> ExpectedBy {
        ExpectedBy::Reckoning
    }
}

/// What a day or hour without samples is to a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Not judged: missing data is not a low figure.
    PassedOver,
    /// A sum of nothing.
    Nothing,
    /// What it is about: it judges how many samples came.
    Judged,
}

/// What a picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drawn {
    /// The figures that were judged.
    Figures,
    /// What was counted.
    Counted,
    /// The campaign's cost as it grows.
    Cost,
}

/// What was planned for what is judged.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// A campaign's spend.
    Spend(SpendPlan),
    /// A goal.
    Goal(Course),
}

/// A campaign's plan: what may be spent until when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpendPlan {
    /// Its first day.
    pub starts_on: NaiveDate,
    /// Its last day.
    pub ends_on: NaiveDate,
    /// What may be spent, in the currency's major unit.
    pub budget: f64,
}

/// A figure and what it is held against.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The figures before it, oldest first.
    pub earlier: &'a [Bucket],
    /// The figure.
    pub judged: &'a Bucket,
    /// Those of the other channels of the same time, for a kind that wants them.
    pub peers: &'a [Bucket],
    /// When the rule judges.
    pub timing: &'a Timing,
    /// The campaign's plan or the goal, for a kind that wants it; `None` where it lacks days, budget or target.
    pub plan: Option<&'a Plan>,
    /// Whether an alert is open.
    pub open: bool,
}

/// One piece.
pub fn width(bucket: RuleBucket) -> TimeDelta {
    match bucket {
        RuleBucket::Hour => TimeDelta::hours(1),
        RuleBucket::Day => TimeDelta::days(1),
    }
}

/// The arithmetic's word for a side.
fn side_of(side: Side) -> detect::Side {
    match side {
        Side::Below => detect::Side::Below,
        Side::Above => detect::Side::Above,
    }
}

/// Refuses a window, for a kind that has none.
fn no_window(rule: &CreateRule, checks: &mut Checks) {
    let detail = "This kind of rule judges single days or hours. Leave the window out.";
    checks.ensure(rule.timing.window == 1, "/timing/window", "contradiction", detail);
}

/// Refuses a number outside a range; what is not finite is outside of every one.
fn within(checks: &mut Checks, field: &str, value: f64, least: f64, most: f64) {
    let holds = (least..=most).contains(&value);
    checks.ensure(holds, &format!("/spec/{field}"), "out_of_range", &format!("Takes {least} to {most}."));
}

/// Refuses what the arithmetic refused, under the name that the caller gave it.
fn refuse(checks: &mut Checks, error: &RuleError) {
    let (RuleError::OutOfRange { field, .. } | RuleError::Missing { field } | RuleError::UnknownWord { field, .. }) =
        error;
    let detail = match error {
        RuleError::OutOfRange { expected, .. } => format!("Has to be {expected}."),
        RuleError::Missing { .. } => "Is needed for this kind of rule.".to_owned(),
        RuleError::UnknownWord { expected, .. } => format!("Takes one of: {expected}."),
    };
    let field = match *field {
        // Told already, with the weeks that can be asked for.
        "window" | "min_history" => return,
        "recovery_line" => "recover",
        "min_volume" => "minimum_volume",
        "k" => "sigmas",
        "k_recover" => "recover_sigmas",
        other => other,
    };
    checks.refuse(&format!("/spec/{field}"), "out_of_range", detail);
}
