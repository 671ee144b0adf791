//! Bodies of goals (目标): what a metric shall reach by when, in periods, with pace, forecast and monthly corrections.

mod shown;

pub use shown::{
    Goal, GoalChanged, GoalForecast, GoalPeriods, GoalProgress, GoalProposal, GoalShown, GoalVersion, PeriodCorrected,
    PeriodShown, ProposalDecided, SmartCheck, SmartLine,
};

use crate::ids::{CampaignId, ChannelId, StaffId};
use crate::quantity::Quantity;
use chrono::NaiveDate;

words! {
    /// Where a goal is in its life.
    pub enum GoalState {
        /// Being written; it may have gaps.
        Draft = "draft",
        /// Pursued.
        Active = "active",
        /// Its target was reached.
        Reached = "reached",
        /// Its deadline passed without.
        Missed = "missed",
        /// Put away.
        Archived = "archived",
    }

    /// Into which periods a goal is decomposed, in the retailer's time zone.
    #[derive(Default)]
    pub enum GoalPeriod {
        /// The retailer's weeks.
        #[default]
        Week = "week",
        /// Calendar months.
        Month = "month",
    }

    /// How a sum is spread over its periods.
    #[derive(Default)]
    pub enum GoalSpread {
        /// Evenly by days.
        #[default]
        Days = "days",
        /// As the same days of the year before were stored, 364 days back, so that weekdays fall on weekdays.
        LastYear = "last_year",
    }

    /// Where a baseline comes from.
    pub enum BaselineSource {
        /// Somebody gave it.
        Given = "given",
        /// From the stored weeks right before the goal's first day.
        Stored = "stored",
    }

    /// Which way a goal goes.
    pub enum GoalAim {
        /// At least the target.
        AtLeast = "at_least",
        /// At most the target.
        AtMost = "at_most",
    }

    /// What a goal's forecast says.
    pub enum GoalOutlook {
        /// The forecast reaches the target.
        OnTrack = "on_track",
        /// The forecast misses the target, which lies within its 80 % interval.
        AtRisk = "at_risk",
        /// The whole 80 % interval misses the target.
        OffTrack = "off_track",
        /// Fewer than 14 days are stored.
        NotEnoughData = "not_enough_data",
    }

    /// A letter of the SMART check.
    pub enum SmartLetter {
        /// Metric, scope, owner and name are said.
        Specific = "specific",
        /// The metric has data.
        Measurable = "measurable",
        /// The best of the stored history reaches the needed pace.
        Achievable = "achievable",
        /// It says why it matters.
        Relevant = "relevant",
        /// It has a deadline.
        TimeBound = "time_bound",
    }

    /// What made a version of a goal.
    pub enum GoalStep {
        /// It was made.
        Created = "created",
        /// A person changed it.
        Changed = "changed",
        /// A person edited its periods.
        PeriodsChanged = "periods_changed",
        /// It passed the check and is pursued.
        Activated = "activated",
        /// A monthly correction was accepted.
        Corrected = "corrected",
        /// Its target was reached.
        Reached = "reached",
        /// Its deadline passed without.
        Missed = "missed",
        /// It was put away.
        Archived = "archived",
    }

    /// What became of a proposed correction.
    pub enum ProposalState {
        /// Somebody is to decide.
        Open = "open",
        /// It was accepted: the goal is changed.
        Accepted = "accepted",
        /// It was refused: the goal stays.
        Refused = "refused",
        /// The goal was changed otherwise, ended, or a later month's proposal came.
        Superseded = "superseded",
    }
}

requests! {
    /// A new goal, as a draft. What is left out is said by the check; a goal is activated when nothing is missing.
    pub struct CreateGoal {
        /// Any script.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 120, example = "Autumn sales of the web shop"))]
        pub name: String,
        /// The key of a sum, of the catalogue or your own, or of a ratio of sums of the catalogue.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, example = "sales"))]
        pub metric: Option<String>,
        /// Only this channel; the whole retailer without channel and campaign.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub channel: Option<ChannelId>,
        /// Only this campaign.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub campaign: Option<CampaignId>,
        /// From where it starts, in the metric's unit: for a sum what the goal's days would bring without it. Taken from the
        /// stored weeks before its first day if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>, example = 90_000))]
        pub baseline: Option<Quantity>,
        /// What it is to reach, in the metric's unit: a sum over all its days, or a ratio over its last 28 days.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>, example = 100_000))]
        pub target: Option<Quantity>,
        /// First day, in the retailer's time zone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub starts_on: Option<NaiveDate>,
        /// The deadline: its last day.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub ends_on: Option<NaiveDate>,
        /// Who answers for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub owner: Option<StaffId>,
        /// Why it matters.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        #[cfg_attr(feature = "openapi", schema(max_length = 500, example = "The new warehouse is paid by the web shop"))]
        pub relevance: String,
        /// Campaigns that pursue it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[cfg_attr(feature = "openapi", schema(max_items = 20))]
        pub campaigns: Vec<CampaignId>,
        /// Weeks or months; weeks if absent.
        #[serde(default)]
        pub period: GoalPeriod,
        /// How a sum is spread over them; evenly by days if absent.
        #[serde(default)]
        pub spread: GoalSpread,
    }

    /// Changes to a goal; an absent field stays, `null` clears what a draft may lack. Metric, scope and first day are settled
    /// once it is active. Another target, day, period or spread decomposes it anew, over what was edited.
    pub struct UpdateGoal {
        /// A new name.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 120))]
        pub name: Option<String>,
        /// Another metric.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::clearable")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, min_length = 1, max_length = 64))]
        pub metric: Option<Option<String>>,
        /// Another channel.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::clearable")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<ChannelId>))]
        pub channel: Option<Option<ChannelId>>,
        /// Another campaign.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::clearable")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<CampaignId>))]
        pub campaign: Option<Option<CampaignId>>,
        /// Another baseline; null takes it from the stored weeks.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::clearable")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
        pub baseline: Option<Option<Quantity>>,
        /// Another target.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::clearable")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
        pub target: Option<Option<Quantity>>,
        /// Another first day.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::clearable")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<NaiveDate>))]
        pub starts_on: Option<Option<NaiveDate>>,
        /// Another deadline.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::clearable")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<NaiveDate>))]
        pub ends_on: Option<Option<NaiveDate>>,
        /// Another owner.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::clearable")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<StaffId>))]
        pub owner: Option<Option<StaffId>>,
        /// Why it matters, anew; an empty text clears it.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = String, max_length = 500))]
        pub relevance: Option<String>,
        /// Other campaigns.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = Vec<CampaignId>, max_items = 20))]
        pub campaigns: Option<Vec<CampaignId>>,
        /// Other periods.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = GoalPeriod))]
        pub period: Option<GoalPeriod>,
        /// Another spread.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = GoalSpread))]
        pub spread: Option<GoalSpread>,
        /// Why an active goal is pursued although its changed target was never reached so far.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 500))]
        pub achievable_anyway: Option<String>,
    }

    /// Activates a goal.
    pub struct ActivateGoal {
        /// Why it is pursued although the stored history never reached its pace; kept with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 500, example = "Two new stores open in October"))]
        pub achievable_anyway: Option<String>,
    }

    /// What one period is to bring.
    pub struct PeriodTarget {
        /// Its first day, which names it.
        pub starts_on: NaiveDate,
        /// What it is to bring; for a ratio, where it is to end.
        #[cfg_attr(feature = "openapi", schema(value_type = f64, example = 8_000))]
        pub target: Quantity,
    }

    /// The targets of all periods, in order. Those of a sum add up to the goal's target; the last one of a ratio is it.
    pub struct SetGoalPeriods {
        /// Each period once.
        #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 200))]
        pub periods: Vec<PeriodTarget>,
    }

    /// Accepts or refuses a correction.
    #[derive(Default)]
    pub struct DecideProposal {
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 500, example = "The fair was cancelled"))]
        pub reason: Option<String>,
    }
}
