//! Goals as they are shown: with their check, their pace, their periods, their history and their corrections.

use super::{
    BaselineSource, GoalAim, GoalOutlook, GoalPeriod, GoalSpread, GoalState, GoalStep, PeriodTarget, ProposalState,
    SmartLetter,
};
use crate::ids::{CampaignId, ChannelId, GoalId, ProposalId, StaffId};
use crate::quantity::Quantity;
use chrono::{DateTime, NaiveDate, Utc};

answers! {
    /// A goal.
    pub struct Goal {
        /// Its id.
        pub id: GoalId,
        /// Its name.
        pub name: String,
        /// The metric's key.
        pub metric: Option<String>,
        /// Only this channel.
        pub channel: Option<ChannelId>,
        /// Only this campaign.
        pub campaign: Option<CampaignId>,
        /// From where it starts.
        #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
        pub baseline: Option<Quantity>,
        /// Where the baseline comes from; absent where there is none.
        pub baseline_source: Option<BaselineSource>,
        /// What it is to reach.
        #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
        pub target: Option<Quantity>,
        /// First day.
        pub starts_on: Option<NaiveDate>,
        /// The deadline: its last day.
        pub ends_on: Option<NaiveDate>,
        /// Who answers for it.
        pub owner: Option<StaffId>,
        /// Why it matters.
        #[cfg_attr(feature = "openapi", schema(max_length = 500, example = "The new warehouse is paid by the web shop"))]
        pub relevance: String,
        /// Campaigns that pursue it, as far as the caller reaches them.
        #[cfg_attr(feature = "openapi", schema(max_items = 20))]
        pub campaigns: Vec<CampaignId>,
        /// Weeks or months.
        pub period: GoalPeriod,
        /// How a sum is spread over them.
        pub spread: GoalSpread,
        /// Where it is in its life.
        pub state: GoalState,
        /// Since when it is in this state.
        pub state_since: DateTime<Utc>,
        /// Why it is pursued although the stored history never reached its pace.
        #[cfg_attr(feature = "openapi", schema(max_length = 500, example = "Two new stores open in October"))]
        pub achievable_anyway: Option<String>,
        /// When it was activated.
        pub activated_at: Option<DateTime<Utc>>,
        /// When it was made.
        pub created_at: DateTime<Utc>,
        /// When it was last changed.
        pub updated_at: DateTime<Utc>,
        /// Grows with every change; also the `ETag`.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_007_199_254_740_991_i64))]
        pub version: i64,
    }

    /// One letter of the SMART check.
    pub struct SmartLine {
        /// The letter.
        pub letter: SmartLetter,
        /// Whether it holds.
        pub passed: bool,
        /// Whether it holds only because somebody said why.
        pub overridden: bool,
        /// What holds or is missing, in English.
        #[cfg_attr(feature = "openapi", schema(max_length = 1000, example = "It has an owner, a metric and a scope."))]
        pub detail_en: String,
        /// The same in Chinese.
        #[cfg_attr(feature = "openapi", schema(max_length = 1000, example = "已有负责人、指标和范围。"))]
        pub detail_zh: String,
    }

    /// The SMART check of a goal, a line a letter.
    pub struct SmartCheck {
        /// Whether every letter holds.
        pub complete: bool,
        /// The letters, in their order.
        #[cfg_attr(feature = "openapi", schema(min_items = 5, max_items = 5))]
        pub lines: Vec<SmartLine>,
    }

    /// Where a goal will be at its deadline. Method: `docs/goals.md`.
    pub struct GoalForecast {
        /// The middle.
        pub value: f64,
        /// With 80 % probability not below this,
        pub low_80: f64,
        /// and not above this.
        pub high_80: f64,
        /// With 95 % probability not below this,
        pub low_95: f64,
        /// and not above this.
        pub high_95: f64,
        /// How many weeks of history it rests on.
        #[cfg_attr(feature = "openapi", schema(minimum = 2, maximum = 26))]
        pub weeks: u32,
    }

    /// How a goal stands.
    pub struct GoalProgress {
        /// At least or at most the target.
        pub aim: GoalAim,
        /// The last day that is counted: a complete one, with data.
        pub through: NaiveDate,
        /// What was brought so far: a sum since the first day, or a ratio over the last 28 days. Absent where nothing was
        /// counted for a ratio.
        pub value: Option<f64>,
        /// What was to be brought by then.
        pub expected: f64,
        /// How it goes: 1 is as planned, more is better than planned. Absent before the first day is over.
        pub pace: Option<f64>,
        /// Where it will be at the deadline; absent where there is not enough data.
        pub forecast: Option<GoalForecast>,
        /// What that means.
        pub outlook: GoalOutlook,
        /// The metric's unit.
        pub unit: String,
        /// ISO 4217 currency of money figures.
        pub currency: String,
    }

    /// A goal with how it stands.
    pub struct GoalShown {
        /// The goal.
        pub goal: Goal,
        /// The metric's English name.
        pub metric_en: Option<String>,
        /// The metric's Chinese name.
        pub metric_zh: Option<String>,
        /// The name of whoever answers for it.
        #[cfg_attr(feature = "openapi", schema(max_length = 120, example = "Mei Lin"))]
        pub owner_name: Option<String>,
        /// The check of a draft; absent behind that.
        pub check: Option<SmartCheck>,
        /// How it stands; absent while metric, target or days are missing.
        pub progress: Option<GoalProgress>,
        /// The correction that waits for a decision.
        pub proposal: Option<GoalProposal>,
    }

    /// What an action on a goal answers.
    pub struct GoalChanged {
        /// `false` when it was so already; nothing was written then.
        pub changed: bool,
        /// The goal as it is now.
        pub goal: Goal,
    }

    /// One period of a goal.
    pub struct PeriodShown {
        /// Its first day.
        pub starts_on: NaiveDate,
        /// Its last day.
        pub ends_on: NaiveDate,
        /// What it is to bring; for a ratio, where it is to end.
        #[cfg_attr(feature = "openapi", schema(value_type = f64, example = 8_000))]
        pub target: Quantity,
        /// What it has brought so far, or where it ended; absent where it has not begun.
        pub value: Option<f64>,
    }

    /// The periods of a goal.
    pub struct GoalPeriods {
        /// The periods in order; none while metric, target or days are missing.
        #[cfg_attr(feature = "openapi", schema(max_items = 200))]
        pub data: Vec<PeriodShown>,
        /// The goal's version; also the `ETag`.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_007_199_254_740_991_i64))]
        pub version: i64,
    }

    /// A goal as it was from one change to the next.
    pub struct GoalVersion {
        /// The goal, as it was then.
        pub goal: Goal,
        /// Its periods then.
        #[cfg_attr(feature = "openapi", schema(max_items = 200))]
        pub periods: Vec<PeriodTarget>,
        /// What made it so.
        pub step: GoalStep,
        /// Since when.
        pub at: DateTime<Utc>,
        /// Who made it so: `staff`, `api_token`, `system`.
        pub actor_kind: String,
        /// The actor's id.
        pub actor: Option<String>,
        /// The name of the staff who did it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub actor_name: Option<String>,
        /// From where.
        pub via: String,
    }

    /// A period that a correction would change.
    pub struct PeriodCorrected {
        /// Its first day.
        pub starts_on: NaiveDate,
        /// What it is to bring now.
        #[cfg_attr(feature = "openapi", schema(value_type = f64, example = 8_000))]
        pub before: Quantity,
        /// What it would be to bring.
        #[cfg_attr(feature = "openapi", schema(value_type = f64, example = 6_900))]
        pub after: Quantity,
    }

    /// A proposed correction of a goal from what the last month brought (动态调整机制).
    pub struct GoalProposal {
        /// Its id.
        pub id: ProposalId,
        /// The goal.
        pub goal: GoalId,
        /// The goal's name.
        #[cfg_attr(feature = "openapi", schema(max_length = 120, example = "Autumn sales of the web shop"))]
        pub goal_name: String,
        /// The first day of the month whose figures it rests on.
        pub month: NaiveDate,
        /// What became of it.
        pub state: ProposalState,
        /// What that month was to bring; for a ratio, where it was to be at the month's end.
        pub planned: f64,
        /// What it brought, or where it was.
        pub achieved: f64,
        /// The goal's target before.
        #[cfg_attr(feature = "openapi", schema(value_type = f64, example = 100_000))]
        pub target_before: Quantity,
        /// The target that is proposed.
        #[cfg_attr(feature = "openapi", schema(value_type = f64, example = 92_000))]
        pub target_after: Quantity,
        /// The periods that would change.
        #[cfg_attr(feature = "openapi", schema(max_items = 200))]
        pub periods: Vec<PeriodCorrected>,
        /// Why, in English.
        #[cfg_attr(feature = "openapi", schema(max_length = 1000, example = "October brought 80 % of its plan."))]
        pub reason_en: String,
        /// Why, in Chinese.
        #[cfg_attr(feature = "openapi", schema(max_length = 1000, example = "10月完成计划的80%。"))]
        pub reason_zh: String,
        /// When it was made.
        pub made_at: DateTime<Utc>,
        /// When it was decided.
        pub decided_at: Option<DateTime<Utc>>,
        /// Who decided.
        pub decided_by: Option<StaffId>,
        /// Why it was decided so.
        #[cfg_attr(feature = "openapi", schema(max_length = 500, example = "The fair was cancelled"))]
        pub decision_reason: Option<String>,
    }

    /// What deciding a correction answers.
    pub struct ProposalDecided {
        /// `false` when it was decided so already.
        pub changed: bool,
        /// The correction as it is now.
        pub proposal: GoalProposal,
    }
}
