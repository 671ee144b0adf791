//! Which outcome a verdict has. Pure: the time is an argument.

use crate::watch::rules::detect::Verdict;
use chrono::{DateTime, Utc};
use tillwatch_shared::ids::{AlertId, ChannelId};
use tillwatch_shared::watch::{EvaluationOutcome, Figures};

/// What a rule said of one day of one series.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The channel, if the rule judges channels.
    pub channel: Option<ChannelId>,
    /// The start of the judged day.
    pub window_start: DateTime<Utc>,
    /// When it was judged.
    pub at: DateTime<Utc>,
    /// What came of it.
    pub outcome: EvaluationOutcome,
    /// Why it could not be judged, as one word.
    pub reason: Option<String>,
    /// Why, in numbers.
    pub figures: Option<Figures>,
    /// The alert that it raised, met or resolved.
    pub alert: Option<AlertId>,
}

/// What comes of a verdict, given whether an alert was open before.
pub fn outcome(verdict: &Verdict, was_open: bool) -> EvaluationOutcome {
    match (verdict, was_open) {
        (Verdict::NoData(_), _) => EvaluationOutcome::NotJudged,
        (Verdict::Firing(_), false) => EvaluationOutcome::Raised,
        (Verdict::Firing(_), true) => EvaluationOutcome::AlreadyOpen,
        (Verdict::Recovered(_) | Verdict::Quiet(_), true) => EvaluationOutcome::Resolved,
        (Verdict::Recovered(_) | Verdict::Quiet(_), false) => EvaluationOutcome::Fine,
        (Verdict::Holding(_), _) => EvaluationOutcome::Holding,
    }
}

/// Why a verdict says nothing, as one word: `too_little_history`, `no_value` …
pub fn reason(verdict: &Verdict) -> Option<String> {
    let Verdict::NoData(why) = verdict else { return None };
    let word = serde_json::to_value(why).ok()?;
    word.get("reason")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::rules::detect::NoDataReason;

    #[test]
    fn a_verdict_has_the_outcome_that_follows_from_what_was_open() {
        let figures = crate::watch::rules::detect::Figures::default();
        let firing = Verdict::Firing(figures);
        assert_eq!(outcome(&firing, false), EvaluationOutcome::Raised);
        assert_eq!(outcome(&firing, true), EvaluationOutcome::AlreadyOpen);
        assert_eq!(outcome(&Verdict::Recovered(figures), true), EvaluationOutcome::Resolved);
        assert_eq!(outcome(&Verdict::Quiet(figures), false), EvaluationOutcome::Fine);
        assert_eq!(outcome(&Verdict::Holding(figures), true), EvaluationOutcome::Holding);
        let unknown = Verdict::NoData(NoDataReason::NoValue);
        assert_eq!(outcome(&unknown, true), EvaluationOutcome::NotJudged);
        assert_eq!(reason(&unknown).as_deref(), Some("no_value"));
        assert_eq!(reason(&firing), None);
    }
}
