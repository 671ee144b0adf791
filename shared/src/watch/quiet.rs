//! Bodies of what keeps alerts quiet: silences and maintenance windows.

use super::{Alert, NamedStaff, Severity};
use crate::ids::{AlertId, CampaignId, ChannelId, RuleId, SilenceId, WindowId};
use chrono::{DateTime, Utc};

words! {
    /// Why nobody is told of an alert that is judged on.
    pub enum QuietWhy {
        /// Somebody silenced it.
        Silence = "silence",
        /// A maintenance window is open.
        Maintenance = "maintenance",
        /// A stop-loss of the same campaign hides it.
        Inhibition = "inhibition",
        /// It is the quiet hours of its rule.
        QuietHours = "quiet_hours",
    }

    /// Where a silence or a maintenance window is.
    pub enum QuietState {
        /// Its time has not come.
        Planned = "planned",
        /// It keeps alerts quiet now.
        Active = "active",
        /// It has ended.
        Over = "over",
    }
}

requests! {
    /// Which alerts are kept quiet: those that fit everything that is named. Nothing named is everything.
    #[derive(Default)]
    pub struct QuietScope {
        /// Only alerts of this rule.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub rule: Option<RuleId>,
        /// Only alerts that speak of this channel.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub channel: Option<ChannelId>,
        /// Only alerts that speak of this campaign.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub campaign: Option<CampaignId>,
        /// Only alerts up to this severity. Where it is absent, the rule's is meant, or every severity.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub severity: Option<Severity>,
    }

    /// A new silence. It lasts at most 4 hours where it covers critical alerts, 3 days for warnings, 14 days for what
    /// is good to know. A stop-loss speaks through every silence.
    pub struct CreateSilence {
        /// Which alerts.
        #[serde(default)]
        pub scope: QuietScope,
        /// From when; from now if absent, at most 90 days ahead.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub starts_at: Option<DateTime<Utc>>,
        /// Until when.
        pub ends_at: DateTime<Utc>,
        /// Why, for whoever wonders.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 500, example = "The feed is being repaired"))]
        pub reason: String,
    }

    /// Silences one alert and what else its rule says of the same place.
    pub struct SilenceAlert {
        /// For how long, in minutes: at most 4 hours for a critical alert, 3 days for a warning, 14 days otherwise.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 20_160, example = 120))]
        pub minutes: u32,
        /// Why, for whoever wonders.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 500, example = "We know, it is being mended"))]
        pub reason: String,
    }

    /// A new maintenance window, of at most 7 days. A stop-loss speaks through it.
    pub struct AnnounceWindow {
        /// Which alerts.
        #[serde(default)]
        pub scope: QuietScope,
        /// From when; from now if absent, at most 90 days ahead.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub starts_at: Option<DateTime<Utc>>,
        /// Until when.
        pub ends_at: DateTime<Utc>,
        /// What is being done.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 500, example = "The tills are being updated"))]
        pub reason: String,
    }
}

answers! {
    /// A silence: alerts are judged on, and nobody is told until it ends.
    pub struct Silence {
        /// Its id.
        pub id: SilenceId,
        /// Which alerts.
        pub scope: QuietScope,
        /// Why.
        pub reason: String,
        /// Whose it is; absent when a partner's program made it.
        pub owner: Option<NamedStaff>,
        /// From when.
        pub starts_at: DateTime<Utc>,
        /// Until when; earlier than planned where somebody ended it.
        pub ends_at: DateTime<Utc>,
        /// Where it is.
        pub state: QuietState,
        /// Who ended it before its time.
        pub ended_early_by: Option<NamedStaff>,
        /// When it was made.
        pub created_at: DateTime<Utc>,
        /// Grows with every change; also the `ETag`.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_007_199_254_740_991_i64))]
        pub version: i64,
    }

    /// An announced maintenance window: alerts are judged on, and told together when it ends.
    pub struct MaintenanceWindow {
        /// Its id.
        pub id: WindowId,
        /// Which alerts.
        pub scope: QuietScope,
        /// What is being done.
        pub reason: String,
        /// Whose it is; absent when a partner's program announced it.
        pub owner: Option<NamedStaff>,
        /// From when.
        pub starts_at: DateTime<Utc>,
        /// Until when; earlier than planned where somebody ended it.
        pub ends_at: DateTime<Utc>,
        /// Where it is.
        pub state: QuietState,
        /// Who ended it before its time.
        pub ended_early_by: Option<NamedStaff>,
        /// When it was announced.
        pub created_at: DateTime<Utc>,
        /// Grows with every change; also the `ETag`.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_007_199_254_740_991_i64))]
        pub version: i64,
    }

    /// What ending a silence answers.
    pub struct SilenceEnded {
        /// `false` when it was over already.
        pub changed: bool,
        /// The silence as it is now.
        pub silence: Silence,
    }

    /// What ending a maintenance window answers.
    pub struct WindowEnded {
        /// `false` when it was over already.
        pub changed: bool,
        /// The window as it is now.
        pub window: MaintenanceWindow,
    }

    /// What silencing an alert answers.
    pub struct AlertSilenced {
        /// `false` when a silence kept it quiet for as long already, or it was resolved.
        pub changed: bool,
        /// The alert as it is now.
        pub alert: Alert,
    }

    /// What keeps an alert quiet.
    pub struct Quiet {
        /// Why.
        pub why: QuietWhy,
        /// Until when, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub until: Option<DateTime<Utc>>,
        /// The reason that its owner gave.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub reason: Option<String>,
        /// Whose silence or window it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub owner: Option<NamedStaff>,
        /// The silence.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub silence: Option<SilenceId>,
        /// The maintenance window.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub window: Option<WindowId>,
        /// The stop-loss's alert that hides it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub alert: Option<AlertId>,
    }

    /// How many alerts bear a name.
    pub struct Counted {
        /// A rule's or a channel's.
        pub name: String,
        /// How many alerts in all.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000))]
        pub alerts: u32,
        /// How many of them are not resolved.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000))]
        pub open: u32,
    }

    /// Many alerts at a glance.
    pub struct AlertDigest {
        /// How many in all.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000))]
        pub alerts: u32,
        /// How many fire and nobody has them in hand.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000))]
        pub firing: u32,
        /// How many are acknowledged.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000))]
        pub acknowledged: u32,
        /// How many are resolved.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000))]
        pub resolved: u32,
        /// By rule, the most first.
        #[cfg_attr(feature = "openapi", schema(max_items = 10))]
        pub rules: Vec<Counted>,
        /// By channel, the most first; alerts of no channel are not counted here.
        #[cfg_attr(feature = "openapi", schema(max_items = 10))]
        pub channels: Vec<Counted>,
        /// The worst, those that fire first.
        #[cfg_attr(feature = "openapi", schema(max_items = 10))]
        pub worst: Vec<Alert>,
    }
}
