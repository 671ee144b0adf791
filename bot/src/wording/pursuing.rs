//! What can be said of goals: one list for every language.

use super::{Names, Said};
use tillwatch_shared::goals::{GoalAim, GoalOutlook, GoalState, ProposalState};

/// The names of what a goal has.
#[derive(Clone, Copy, Debug)]
pub struct GoalLabels {
    /// What it has brought.
    pub so_far: &'static str,
    /// What was to be expected by now.
    pub expected: &'static str,
    /// Its pace.
    pub pace: &'static str,
    /// What its forecast means.
    pub outlook: &'static str,
    /// Where it will be.
    pub forecast: &'static str,
    /// The last day that is counted.
    pub through: &'static str,
    /// Its metric.
    pub metric: &'static str,
    /// Its days.
    pub days: &'static str,
    /// Who answers for it.
    pub owner: &'static str,
    /// Why it matters.
    pub relevance: &'static str,
    /// What a draft lacks.
    pub missing: &'static str,
    /// The correction that waits.
    pub proposal: &'static str,
    /// Its id.
    pub id: &'static str,
}

impl GoalLabels {
    /// All of them.
    pub const fn all(&self) -> [&'static str; 13] {
        [
            self.so_far,
            self.expected,
            self.pace,
            self.outlook,
            self.forecast,
            self.through,
            self.metric,
            self.days,
            self.owner,
            self.relevance,
            self.missing,
            self.proposal,
            self.id,
        ]
    }
}

/// Goals in words.
pub trait Pursuing: Names {
    /// No goal is pursued.
    fn no_goals(&self) -> Said;
    /// The headline of a list of so many.
    fn goals(&self, count: usize) -> String;
    /// How one of a list is shown.
    fn goals_hint(&self, show: &str) -> String;
    /// What the picture of a goal shows, for screen readers; with its forecast, where there is one.
    fn goal_alt(&self, goal: &str, forecast: bool) -> String;
    /// A goal's state.
    fn goal_state(&self, state: GoalState) -> &'static str;
    /// What its forecast means.
    fn outlook(&self, outlook: GoalOutlook) -> &'static str;
    /// What it brought of what it is to bring.
    fn goal_so_far(&self, value: &str, target: &str, aim: GoalAim) -> String;
    /// Its pace, as a share.
    fn goal_pace(&self, pace: &str) -> String;
    /// Its deadline.
    fn goal_until(&self, day: &str) -> String;
    /// Its forecast with the interval of 80 %.
    fn goal_forecast(&self, value: &str, low: &str, high: &str) -> String;
    /// The names of what it has.
    fn goal_labels(&self) -> GoalLabels;
    /// The first line of a proposed correction of a goal.
    fn correction(&self, goal: &str) -> String;
    /// How a correction is accepted, and how refused: an operation each.
    fn how_to_decide(&self, accept: &str, refuse: &str) -> String;
    /// What became of a correction.
    fn proposal_state(&self, state: ProposalState) -> &'static str;
    /// No goal fits what was typed.
    fn unknown_goal(&self, typed: &str, nearest: &[String], list: &str) -> Said;
    /// Several do.
    fn ambiguous_goal(&self, typed: &str, candidates: &[String]) -> Said;
}
