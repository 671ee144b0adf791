//! Threshold: a value reaches or passes a fixed line.
//!
//! Cast: [`Threshold`] (settings), [`Threshold::judge`] (one bucket to a verdict).
//!
//! Invariants: the line itself fires ("5 % or more"); recovery lies on the good side of the line, never past it.

use serde::{Deserialize, Serialize};

use super::{Bucket, Figures, NoDataReason, RuleError, Side, Verdict, require};

/// Share of the line's size that a value must come back before a breach is over, where no recovery line is given.
pub const RECOVERY_BAND: f64 = 0.02;

/// Settings of a threshold rule.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// Which side of the line is bad.
    pub side: Side,
    /// The line, in the metric's unit.
    pub line: f64,
    /// The value that ends a breach, in the metric's unit; without one it is [`RECOVERY_BAND`] of the line's size back
    /// on the good side (a line of 0 has no size: there any value on the good side ends it).
    #[serde(default)]
    pub recovery_line: Option<f64>,
    /// Least volume of a bucket that is judged, in the unit of its volume; 0 asks for none. Where the value is its own
    /// volume a minimum hides a collapse: set one for ratios.
    #[serde(default)]
    pub min_volume: f64,
}

impl Threshold {
    /// A threshold with the default recovery band and no minimum volume.
    #[must_use]
    pub fn new(side: Side, line: f64) -> Self {
        Self { side, line, recovery_line: None, min_volume: 0.0 }
    }

    /// Refuses settings that make no sense.
    ///
    /// # Errors
    /// A line that is not finite, a recovery line on the bad side, a negative minimum volume.
    pub fn check(&self) -> Result<(), RuleError> {
        require(self.line.is_finite(), "line", "a finite number")?;
        let recovery = self.recovery();
        require(
            recovery.is_finite() && self.side.past(recovery, self.line) <= 0.0,
            "recovery_line",
            "on the good side of the line",
        )?;
        require(self.min_volume.is_finite() && self.min_volume >= 0.0, "min_volume", "0 or more")
    }

    /// The value that ends a breach.
    #[must_use]
    pub fn recovery(&self) -> f64 {
        self.recovery_line.unwrap_or_else(|| self.side.towards(self.line, -RECOVERY_BAND * self.line.abs()))
    }

    /// Judges one bucket; `open` says whether an alert of this rule is open now.
    #[must_use]
    pub fn judge(&self, bucket: &Bucket, open: bool) -> Verdict {
        let Some(value) = bucket.value() else {
            return Verdict::NoData(NoDataReason::NoValue);
        };
        if self.min_volume > 0.0 && bucket.volume < self.min_volume {
            return Verdict::NoData(NoDataReason::TooLittleVolume { have: bucket.volume, need: self.min_volume });
        }
        // A line of 0 has no size of its own to measure by: one unit of the metric stands in.
        let scale = if self.line == 0.0 { 1.0 } else { self.line.abs() };
        let recovery = self.recovery();
        let Some(figures) = Figures::against(self.side, value, self.line, recovery, scale) else {
            return Verdict::NoData(NoDataReason::OutOfRange);
        };
        let fires = self.side.past(value, self.line) >= 0.0;
        Verdict::of(figures, fires, self.side.past(value, recovery) <= 0.0, open)
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDateTime;
    use proptest::prelude::*;

    use super::*;

    fn judge(rule: &Threshold, value: f64, open: bool) -> Verdict {
        rule.judge(&Bucket::plain(NaiveDateTime::default(), value), open)
    }

    #[test]
    fn the_line_itself_fires_and_the_figures_say_by_how_much() {
        let rule = Threshold::new(Side::Above, 200.0);
        let Verdict::Firing(at_line) = judge(&rule, 200.0, false) else { panic!("200 reaches 200") };
        assert_eq!((at_line.score, at_line.overshoot, at_line.recovery), (0.5, Some(0.0), Some(196.0)));
        let Verdict::Firing(over) = judge(&rule, 250.0, false) else { panic!("250 passes 200") };
        assert_eq!((over.overshoot, over.overshoot_share, over.line), (Some(50.0), Some(0.25), Some(200.0)));
        let Verdict::Holding(near) = judge(&rule, 199.0, false) else { panic!("199 holds") };
        assert_eq!(near.overshoot, None);
        assert!(matches!(judge(&rule, 100.0, false), Verdict::Quiet(_)));
    }

    #[test]
    fn low_is_bad_on_the_side_below() {
        let rule = Threshold::new(Side::Below, 0.02);
        assert!(matches!(judge(&rule, 0.019, false), Verdict::Firing(_)));
        assert!(matches!(judge(&rule, 0.03, false), Verdict::Quiet(_)));
    }

    #[test]
    fn an_open_alert_ends_only_past_the_recovery_line() {
        let rule = Threshold { recovery_line: Some(80.0), ..Threshold::new(Side::Above, 100.0) };
        let mut open = false;
        let mut opened = 0;
        for value in [99.0, 101.0, 99.0, 101.0, 81.0, 101.0, 80.0, 99.0] {
            let now = judge(&rule, value, open).leaves_open(open);
            opened += u32::from(now && !open);
            open = now;
        }
        assert_eq!((opened, open), (1, false), "trembling on the line is one breach");
        assert!(matches!(judge(&rule, 80.0, true), Verdict::Recovered(_)));
    }

    #[test]
    fn a_line_of_zero_and_negative_lines_work() {
        let zero = Threshold::new(Side::Below, 0.0);
        assert!(matches!(judge(&zero, -0.1, false), Verdict::Firing(_)));
        assert!(matches!(judge(&zero, 0.1, true), Verdict::Recovered(_)));
        let negative = Threshold::new(Side::Below, -10.0);
        assert!(negative.check().is_ok());
        assert!(matches!(judge(&negative, -9.9, true), Verdict::Holding(_)));
        assert!(matches!(judge(&negative, -9.8, true), Verdict::Recovered(_)));
    }

    #[test]
    fn too_few_visitors_have_no_conversion_rate() {
        let rule = Threshold { min_volume: 100.0, ..Threshold::new(Side::Below, 0.02) };
        let verdict = |visitors| rule.judge(&Bucket::ratio(NaiveDateTime::default(), 0.0, visitors), true);
        assert_eq!(verdict(99.0), Verdict::NoData(NoDataReason::TooLittleVolume { have: 99.0, need: 100.0 }));
        assert!(verdict(99.0).leaves_open(true), "no data closes nothing");
        assert!(matches!(verdict(100.0), Verdict::Firing(_)));
        assert_eq!(verdict(0.0), Verdict::NoData(NoDataReason::NoValue));
    }

    #[test]
    fn settings_that_make_no_sense_are_refused() {
        let good = Threshold::new(Side::Above, 10.0);
        assert!(good.check().is_ok());
        for bad in [
            Threshold { line: f64::NAN, ..good },
            Threshold { recovery_line: Some(11.0), ..good },
            Threshold { min_volume: -1.0, ..good },
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
        assert!(serde_json::from_str::<Threshold>(r#"{"side":"above","line":1,"lien":2}"#).is_err());
    }

    proptest! {
        #[test]
        fn firing_and_score_agree(line in -1e6..1e6_f64, value in -1e6..1e6_f64, above: bool, open: bool) {
            let rule = Threshold::new(if above { Side::Above } else { Side::Below }, line);
            let verdict = judge(&rule, value, open);
            match verdict {
                Verdict::Firing(figures) => prop_assert!(figures.score >= 0.5),
                other => prop_assert!(other.score() <= 0.5),
            }
        }
    }
}
