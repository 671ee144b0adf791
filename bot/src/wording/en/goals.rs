//! Goals, in English.

use tillwatch_shared::goals::{GoalAim, GoalOutlook, GoalState, ProposalState};

use super::super::{GoalLabels, Names, Pursuing, Said};
use super::English;

impl Pursuing for English {
    fn no_goals(&self) -> Said {
        Said::new("No goal is pursued", "Make one over the API (POST /v1/goals) and activate it.")
    }

    fn goals(&self, count: usize) -> String {
        format!("Goals ({count})")
    }

    fn goals_hint(&self, show: &str) -> String {
        format!("One of them: {show}")
    }

    fn goal_alt(&self, goal: &str, forecast: bool) -> String {
        let forecast = if forecast { ", and the forecast" } else { "" };
        format!("{goal}: what it has brought day by day, beside the pace that leads to its target{forecast}")
    }

    fn goal_state(&self, state: GoalState) -> &'static str {
        match state {
            GoalState::Draft => "draft",
            GoalState::Active => "active",
            GoalState::Reached => "reached",
            GoalState::Missed => "missed",
            GoalState::Archived => "archived",
        }
    }

    fn outlook(&self, outlook: GoalOutlook) -> &'static str {
        match outlook {
            GoalOutlook::OnTrack => "on track",
            GoalOutlook::AtRisk => "at risk",
            GoalOutlook::OffTrack => "the forecast misses the target",
            GoalOutlook::NotEnoughData => "not enough data for a forecast",
        }
    }

    fn goal_so_far(&self, value: &str, target: &str, aim: GoalAim) -> String {
        match aim {
            GoalAim::AtLeast => format!("{value} of at least {target}"),
            GoalAim::AtMost => format!("{value} of at most {target}"),
        }
    }

    fn goal_pace(&self, pace: &str) -> String {
        format!("pace {pace}")
    }

    fn goal_until(&self, day: &str) -> String {
        format!("until {day}")
    }

    fn goal_forecast(&self, value: &str, low: &str, high: &str) -> String {
        format!("{value} (80%: {low} to {high})")
    }

    fn goal_labels(&self) -> GoalLabels {
        GoalLabels {
            so_far: "So far",
            expected: "Expected by then",
            pace: "Pace",
            outlook: "Outlook",
            forecast: "Forecast for the deadline",
            through: "Counted through",
            metric: "Metric",
            days: "Days",
            owner: "Owner",
            relevance: "Why it matters",
            missing: "Missing",
            proposal: "Proposed correction",
            id: "Id",
        }
    }

    fn correction(&self, goal: &str) -> String {
        format!("Correction of the goal “{goal}”")
    }

    fn how_to_decide(&self, accept: &str, refuse: &str) -> String {
        format!("Nothing changes until somebody decides.\nAccept: {accept}\nRefuse: {refuse}")
    }

    fn proposal_state(&self, state: ProposalState) -> &'static str {
        match state {
            ProposalState::Open => "Somebody is to decide.",
            ProposalState::Accepted => "It was accepted: the goal is changed.",
            ProposalState::Refused => "It was refused: the goal stays.",
            ProposalState::Superseded => {
                "It was overtaken: the goal was changed otherwise or has ended, or a later month proposes anew."
            }
        }
    }

    fn unknown_goal(&self, typed: &str, nearest: &[String], list: &str) -> Said {
        let body = if nearest.is_empty() {
            format!("Those that are pursued: {list}")
        } else {
            format!("Did you mean {}?", self.listed(nearest))
        };
        Said::new(format!("No goal “{typed}”"), body)
    }

    fn ambiguous_goal(&self, typed: &str, candidates: &[String]) -> Said {
        let body = format!("Which one? Use its id.\n{}", candidates.join("\n"));
        Said::new(format!("“{typed}” fits several goals"), body)
    }
}
