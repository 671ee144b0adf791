//! Events and webhooks: what happened, who is told of it, and how the telling went.

use crate::ids::{AlertId, CampaignId, ChannelId, EventId, MessageId, RuleId, TenantId, WebhookId};
use crate::plan::CampaignState;
use crate::watch::{AlertState, Figures, Severity};
use chrono::{DateTime, Utc};

words! {
    /// What an event is. A type is never renamed; its payload has a version of its own.
    pub enum EventType {
        /// A campaign was made.
        CampaignCreated = "campaign.created",
        /// A draft was handed in for sign-off.
        CampaignSubmitted = "campaign.submitted",
        /// A campaign was signed off for its first day.
        CampaignScheduled = "campaign.scheduled",
        /// A campaign started.
        CampaignLaunched = "campaign.launched",
        /// A running campaign was held, by a person, a partner or a stop-loss.
        CampaignPaused = "campaign.paused",
        /// A held campaign goes on.
        CampaignResumed = "campaign.resumed",
        /// A campaign ended as planned.
        CampaignCompleted = "campaign.completed",
        /// A campaign was given up.
        CampaignCancelled = "campaign.cancelled",
        /// An alert was raised.
        AlertOpened = "alert.opened",
        /// Somebody took an alert in hand.
        AlertAcknowledged = "alert.acknowledged",
        /// An alert ended.
        AlertResolved = "alert.resolved",
        /// A rule was made.
        RuleCreated = "rule.created",
        /// A rule was changed.
        RuleUpdated = "rule.updated",
        /// A rule judges no more.
        RuleArchived = "rule.archived",
        /// A webhook was disabled by the service, since nothing was accepted there.
        WebhookDisabled = "webhook.disabled",
        /// Somebody tried a webhook; sent to that one only.
        WebhookTest = "webhook.test",
    }

    /// Whether a webhook is sent to.
    pub enum WebhookState {
        /// It is.
        Enabled = "enabled",
        /// It is not, until somebody enables it.
        Disabled = "disabled",
        /// It never is again; its secret is gone.
        Archived = "archived",
    }

    /// Why a webhook is disabled.
    pub enum DisabledBecause {
        /// A person disabled it.
        Person = "person",
        /// It answered 410, which says that it is gone for good.
        Gone = "gone",
        /// It accepted nothing for five days.
        Failing = "failing",
    }

    /// Where a message is on its way.
    pub enum MessageState {
        /// To be sent, or sent again.
        Pending = "pending",
        /// Accepted.
        Delivered = "delivered",
        /// Given up; it can be replayed.
        Dead = "dead",
    }

    /// Why a try had no answer.
    pub enum Fault {
        /// The name leads to an address that nothing is sent to.
        AddressRefused = "address_refused",
        /// The name has no address.
        NameUnknown = "name_unknown",
        /// No connection could be made.
        ConnectFailed = "connect_failed",
        /// The certificate is not trusted, or no common protocol was found.
        TlsFailed = "tls_failed",
        /// No answer came in time: 3 s for the connection, 15 s for all.
        TimedOut = "timed_out",
        /// The connection broke off before the answer.
        AnswerBroken = "answer_broken",
        /// The webhook's secret could not be read, so nothing was sent. Rotate the secret.
        SecretUnreadable = "secret_unreadable",
    }
}

impl EventType {
    /// Whether a webhook can ask to be told of it; a test is sent to the tried one only.
    pub const fn can_be_asked_for(self) -> bool {
        !matches!(self, Self::WebhookTest)
    }
}

requests! {
    /// A new webhook.
    pub struct CreateWebhook {
        /// What it is for, any script.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 120, example = "Order system"))]
        pub name: String,
        /// Where to: `https://`, a public name or address, port 443 or one from 1024 on.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 2048, example = "https://hooks.shop.example/tillwatch"))]
        pub url: String,
        /// What it is told of; at least one type.
        #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 64))]
        pub events: Vec<EventType>,
    }

    /// Changes to a webhook; an absent field stays. Nothing of it can be cleared, so `null` is refused.
    pub struct UpdateWebhook {
        /// A new name.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 120, example = "Order system"))]
        pub name: Option<String>,
        /// A new address.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 2048, example = "https://hooks.shop.example/v2"))]
        pub url: Option<String>,
        /// What it is told of from now on; at least one type.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = Vec<EventType>, min_items = 1, max_items = 64))]
        pub events: Option<Vec<EventType>>,
    }

    /// A new secret for a webhook.
    pub struct RotateSecret {
        /// So many hours the secret before signs beside the new one; 0 ends it at once.
        #[serde(default = "a_day")]
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 72, default = 24, example = 24))]
        pub overlap_hours: u8,
    }

    /// What is to be sent again: one message, or every event of a time.
    pub struct ReplayMessages {
        /// One message of this webhook.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub message: Option<MessageId>,
        /// Every event from this time on that the webhook asks for; those that it was never sent, too.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub since: Option<DateTime<Utc>>,
        /// And before this time; up to now if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub until: Option<DateTime<Utc>>,
    }
}

fn a_day() -> u8 {
    24
}

answers! {
    /// An address that a retailer's events are sent to.
    pub struct Webhook {
        /// Its id.
        pub id: WebhookId,
        /// What it is for.
        pub name: String,
        /// Where to.
        pub url: String,
        /// What it is told of.
        pub events: Vec<EventType>,
        /// Whether it is sent to.
        pub state: WebhookState,
        /// Why not.
        pub disabled_because: Option<DisabledBecause>,
        /// Until when the secret before signs beside the present one.
        pub previous_secret_until: Option<DateTime<Utc>>,
        /// Since when nothing was accepted; absent while all is well. After five days it is disabled.
        pub failing_since: Option<DateTime<Utc>>,
        /// When it was made.
        pub created_at: DateTime<Utc>,
        /// Grows with every change; also the `ETag`.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_007_199_254_740_991_i64))]
        pub version: i64,
    }

    /// A webhook with its secret, which is in this answer and nowhere else.
    pub struct WebhookSecret {
        /// The webhook.
        pub webhook: Webhook,
        /// `whsec_` and 32 bytes in base64: what the signatures are verified with. `null` for whoever repeats the request
        /// with its idempotency key.
        #[cfg_attr(feature = "openapi", schema(max_length = 64, example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDazfgh4Pbc6M="))]
        pub secret: Option<String>,
    }

    /// What enabling, disabling or archiving answers.
    pub struct WebhookChanged {
        /// `false` when it was so already.
        pub changed: bool,
        /// The webhook as it is now.
        pub webhook: Webhook,
    }

    /// A test that is on its way.
    pub struct TestSent {
        /// The `webhook-id` that it is sent under.
        pub message: MessageId,
    }

    /// What is sent again.
    pub struct Replayed {
        /// So many messages are on their way again; those that still were are not counted.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1000, example = 12))]
        pub queued: u32,
        /// There was more than one replay takes: give this as `since` for the rest.
        pub more_since: Option<DateTime<Utc>>,
    }

    /// An event's way to one webhook.
    pub struct WebhookMessage {
        /// The `webhook-id` that it is sent under, each time.
        pub id: MessageId,
        /// The event.
        pub event: EventId,
        /// What the event is.
        #[serde(rename = "type")]
        pub kind: EventType,
        /// Where it is on its way.
        pub state: MessageState,
        /// Tries that failed since it was last queued.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 100))]
        pub failures: i32,
        /// When it is tried next; absent when it is not.
        pub next_attempt_at: Option<DateTime<Utc>>,
        /// The status of the last try.
        #[cfg_attr(feature = "openapi", schema(minimum = 100, maximum = 599))]
        pub last_status: Option<i32>,
        /// Why the last try had no answer.
        pub last_fault: Option<Fault>,
        /// When it was queued first.
        pub created_at: DateTime<Utc>,
        /// When it was last accepted.
        pub delivered_at: Option<DateTime<Utc>>,
    }

    /// One try to send a message.
    pub struct WebhookAttempt {
        /// The message.
        pub message: MessageId,
        /// When it began.
        pub at: DateTime<Utc>,
        /// How long it took, in milliseconds.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 60_000))]
        pub duration_ms: i32,
        /// The status that was answered; 2xx accepts.
        #[cfg_attr(feature = "openapi", schema(minimum = 100, maximum = 599))]
        pub status: Option<i32>,
        /// Why there was no answer.
        pub fault: Option<Fault>,
    }

    /// Something that happened in a retailer: the body that every webhook gets.
    pub struct Event {
        /// Its id, the same at every webhook.
        pub id: EventId,
        /// What it is.
        #[serde(rename = "type")]
        pub kind: EventType,
        /// The version of this type's `data`.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1000))]
        pub version: i32,
        /// When it happened.
        pub timestamp: DateTime<Utc>,
        /// The retailer.
        pub tenant: TenantId,
        /// What is known of it; see `GET /v1/webhook-events`.
        #[cfg_attr(feature = "openapi", schema(value_type = Object))]
        pub data: serde_json::Value,
    }

    /// A type of event, for whoever receives them.
    pub struct EventDescription {
        /// Its word.
        #[serde(rename = "type")]
        pub kind: EventType,
        /// The version of its `data`.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1000))]
        pub version: i32,
        /// What it tells.
        pub description: String,
        /// JSON Schema (2020-12) of its `data`.
        #[cfg_attr(feature = "openapi", schema(value_type = Object))]
        pub schema: serde_json::Value,
        /// An event of this type.
        pub example: Event,
    }

    /// Every type of event that there is.
    pub struct EventCatalogue {
        /// The types, by word.
        pub data: Vec<EventDescription>,
    }
}

/// `data` of the types `campaign.…`.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct CampaignMoved {
    /// The campaign.
    pub campaign: CampaignId,
    /// Its state before; null when it was made.
    pub from: Option<CampaignState>,
    /// Its state now.
    pub to: CampaignState,
    /// The alert whose stop-loss paused it.
    pub stopped_by: Option<AlertId>,
    /// Who did it: `staff`, `api_token`, `rule`, `system`.
    pub by: String,
}

/// `data` of the types `alert.…`.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct AlertTold {
    /// The alert.
    pub alert: AlertId,
    /// Where it is in its life.
    pub state: AlertState,
    /// The rule that raised it.
    pub rule: RuleId,
    /// How loud it is.
    pub severity: Severity,
    /// The metric's key.
    pub metric: String,
    /// The channel, if one.
    pub channel: Option<ChannelId>,
    /// The campaign, if one.
    pub campaign: Option<CampaignId>,
    /// Whether the campaign was paused for it.
    pub paused_campaign: bool,
    /// The figures of the breach.
    pub figures: Figures,
    /// Who did it: `staff`, `rule`, `system`.
    pub by: String,
}

/// `data` of the types `rule.…`.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct RuleTold {
    /// The rule.
    pub rule: RuleId,
    /// Its kind, as in the rule's specification: `threshold`, `stop_loss`, …
    pub kind: String,
    /// The metric's key.
    pub metric: String,
    /// How loud its alerts are.
    pub severity: Severity,
    /// Only this channel.
    pub channel: Option<ChannelId>,
    /// Only this campaign.
    pub campaign: Option<CampaignId>,
    /// Whether it judges.
    pub enabled: bool,
    /// Who did it: `staff`, `api_token`, `system`.
    pub by: String,
}

/// `data` of the type `webhook.disabled`.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct WebhookDisabledNotice {
    /// The webhook.
    pub webhook: WebhookId,
    /// Why.
    pub because: DisabledBecause,
}

/// `data` of the type `webhook.test`.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct WebhookTried {
    /// The webhook.
    pub webhook: WebhookId,
}
