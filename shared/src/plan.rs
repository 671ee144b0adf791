//! Bodies of channels and campaigns.

use crate::Money;
use crate::ids::{AlertId, CampaignId, ChannelId, StaffId};
use crate::quantity::Quantity;
use chrono::{DateTime, NaiveDate, Utc};

words! {
    /// What sort of channel it is.
    pub enum ChannelKind {
        /// 门店
        Store = "store",
        /// The retailer's own web shop.
        WebShop = "web_shop",
        /// 电商平台
        Marketplace = "marketplace",
        /// 社交媒体
        Social = "social",
        /// Paid and organic search.
        Search = "search",
        /// E-mail.
        Email = "email",
        /// Text messages.
        Sms = "sms",
        /// The retailer's app.
        App = "app",
        /// 小程序
        MiniProgram = "mini_program",
        /// 直播
        LiveStream = "live_stream",
        /// 短视频
        ShortVideo = "short_video",
        /// 社群
        CommunityGroup = "community_group",
        /// 团购
        GroupBuying = "group_buying",
        /// Key opinion leaders.
        Kol = "kol",
        /// 客服
        ServiceLine = "service_line",
        /// A partner.
        Partner = "partner",
    }

    /// Where a channel is in its life.
    #[derive(Default)]
    pub enum ChannelStage {
        /// Being looked at.
        Candidate = "candidate",
        /// 小范围预投放测试
        Pilot = "pilot",
        /// In use.
        #[default]
        Active = "active",
        /// Not in use for now.
        Paused = "paused",
        /// No longer in use.
        Retired = "retired",
    }

    /// 公域/私域
    pub enum ChannelDomain {
        /// 公域
        Public = "public",
        /// 私域
        Private = "private",
    }

    /// Where a campaign is in its life.
    pub enum CampaignState {
        /// Being written.
        Draft = "draft",
        /// Waiting for sign-off.
        InReview = "in_review",
        /// Starts on its date.
        Scheduled = "scheduled",
        /// Running.
        Active = "active",
        /// Held: no spend until resumed.
        Paused = "paused",
        /// Ran to its end.
        Completed = "completed",
        /// Given up.
        Cancelled = "cancelled",
    }
}

requests! {
    /// A new channel.
    pub struct CreateChannel {
        /// Any script.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 120, example = "Store 367"))]
        pub name: String,
        /// Your own key, usable in samples instead of the id; unique.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 128, example = "store-367"))]
        pub external_key: Option<String>,
        /// What sort of channel.
        pub kind: ChannelKind,
        /// Online or offline; told from the kind if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub online: Option<bool>,
        /// Public or private domain; told from the kind if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub domain: Option<ChannelDomain>,
        /// Where it is in its life; `active` if absent.
        #[serde(default)]
        pub stage: ChannelStage,
    }

    /// Changes to a channel; an absent field stays. Nothing of it can be cleared, so `null` is refused.
    pub struct UpdateChannel {
        /// A new name.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 120))]
        pub name: Option<String>,
        /// A new stage.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = ChannelStage))]
        pub stage: Option<ChannelStage>,
        /// A new domain.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = ChannelDomain))]
        pub domain: Option<ChannelDomain>,
    }

    /// A new campaign, as a draft.
    pub struct CreateCampaign {
        /// Any script.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 120, example = "Autumn coupons"))]
        pub name: String,
        /// Your own key, usable in samples instead of the id; unique.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 128, example = "coupons-18"))]
        pub external_key: Option<String>,
        /// What it is to achieve.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        #[cfg_attr(feature = "openapi", schema(max_length = 2000))]
        pub objective: String,
        /// The channels it runs on.
        #[serde(default)]
        #[cfg_attr(feature = "openapi", schema(max_items = 100))]
        pub channels: Vec<ChannelId>,
        /// First day, in the retailer's time zone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub starts_on: Option<NaiveDate>,
        /// Last day.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub ends_on: Option<NaiveDate>,
        /// What it may cost in all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub budget: Option<Money>,
    }

    /// Changes to a campaign; an absent field stays. `null` clears a day or the budget and is refused elsewhere.
    pub struct UpdateCampaign {
        /// A new name.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 120))]
        pub name: Option<String>,
        /// A new objective; an empty one clears it.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = String, max_length = 2000))]
        pub objective: Option<String>,
        /// The channels it runs on from now on; an empty list clears them.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = Vec<ChannelId>, max_items = 100))]
        pub channels: Option<Vec<ChannelId>>,
        /// A new first day; `null` for none, unless the campaign is scheduled.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::clearable")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<NaiveDate>))]
        pub starts_on: Option<Option<NaiveDate>>,
        /// A new last day; `null` for none.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::clearable")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<NaiveDate>))]
        pub ends_on: Option<Option<NaiveDate>>,
        /// A new budget; `null` for none.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::clearable")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<Money>))]
        pub budget: Option<Option<Money>>,
    }

    /// Why a campaign's state is changed.
    pub struct ChangeState {
        /// In the actor's words; kept in the history and the audit log.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 500, example = "Coupons cost more than they bring"))]
        pub reason: String,
    }
}

answers! {
    /// A channel.
    pub struct Channel {
        /// Its id.
        pub id: ChannelId,
        /// Its name.
        pub name: String,
        /// The retailer's own key.
        pub external_key: Option<String>,
        /// What sort of channel.
        pub kind: ChannelKind,
        /// Online or offline.
        pub online: bool,
        /// Public or private domain.
        pub domain: ChannelDomain,
        /// Where it is in its life.
        pub stage: ChannelStage,
        /// When it was archived.
        pub archived_at: Option<DateTime<Utc>>,
        /// When it was made.
        pub created_at: DateTime<Utc>,
        /// When it was last changed.
        pub updated_at: DateTime<Utc>,
        /// Grows with every change; also the `ETag`.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_007_199_254_740_991_i64))]
        pub version: i64,
    }

    /// A campaign.
    pub struct Campaign {
        /// Its id.
        pub id: CampaignId,
        /// Its name.
        pub name: String,
        /// The retailer's own key.
        pub external_key: Option<String>,
        /// What it is to achieve.
        pub objective: String,
        /// Where it is in its life.
        pub state: CampaignState,
        /// Why it is in this state.
        pub state_reason: Option<String>,
        /// Since when it is in this state.
        pub state_since: DateTime<Utc>,
        /// The alert whose stop-loss paused it, while it is so paused.
        pub stopped_by: Option<AlertId>,
        /// Who has asked that it be resumed, where the retailer asks for two people: another one does it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub resume_asked: Option<ResumeAsked>,
        /// The channels it runs on.
        pub channels: Vec<ChannelId>,
        /// First day.
        pub starts_on: Option<NaiveDate>,
        /// Last day.
        pub ends_on: Option<NaiveDate>,
        /// What it may cost in all.
        pub budget: Option<Money>,
        /// What it has cost so far, in the currency's major unit.
        pub spend: Quantity,
        /// When it was archived.
        pub archived_at: Option<DateTime<Utc>>,
        /// When it was made.
        pub created_at: DateTime<Utc>,
        /// When it was last changed.
        pub updated_at: DateTime<Utc>,
        /// Grows with every change; also the `ETag`.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_007_199_254_740_991_i64))]
        pub version: i64,
    }

    /// A person's wish that a campaign be resumed, which waits for a second person.
    pub struct ResumeAsked {
        /// Who.
        pub by: StaffId,
        /// When; it holds for a day.
        pub at: DateTime<Utc>,
        /// Why.
        pub reason: String,
    }

    /// What a state change answers.
    pub struct StateChanged {
        /// `false` when the campaign was already in that state, or a second person is waited for: see `resume_asked`.
        pub changed: bool,
        /// The campaign as it is now.
        pub campaign: Campaign,
    }

    /// One step of a campaign's history.
    pub struct CampaignEvent {
        /// When.
        pub at: DateTime<Utc>,
        /// From which state; absent for its creation.
        pub from: Option<CampaignState>,
        /// To which state.
        pub to: CampaignState,
        /// Why.
        pub reason: Option<String>,
        /// Who: `staff`, `api_token`, `rule`, `system`.
        pub actor_kind: String,
        /// The actor's id.
        pub actor: Option<String>,
        /// The name of the staff who did it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub actor_name: Option<String>,
        /// From where.
        pub via: String,
    }

    /// A page of a campaign's history.
    pub struct CampaignHistory {
        /// The steps, oldest first unless asked otherwise.
        pub data: Vec<CampaignEvent>,
        /// Give this as `cursor` to read on; absent on the last page.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub next_cursor: Option<String>,
    }
}
