//! Bodies of chat links, the bot's credential and deliveries.

use super::{Alert, DeliveryThread, NamedStaff, Notice, Severity};
use crate::Locale;
use crate::ids::{AlertId, ChatServerId, ChatUserId, DeliveryId, NoticeId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

words! {
    /// Which chat a server belongs to.
    pub enum Transport {
        /// Discord.
        Discord = "discord",
        /// The terminal.
        Console = "console",
        /// Slack, by an incoming webhook.
        Slack = "slack",
        /// Feishu (飞书), or Lark, by a custom robot of a group.
        Feishu = "feishu",
        /// DingTalk (钉钉), by a custom robot of a group.
        Dingtalk = "dingtalk",
        /// WeCom (企业微信), by a robot of a group.
        Wecom = "wecom",
    }

    /// What a notice tells.
    pub enum NoticeKind {
        /// A storm of alerts, told together.
        AlertGroup = "alert_group",
        /// Nobody has acknowledged an alert.
        Escalation = "escalation",
        /// An alert still fires.
        Reminder = "reminder",
        /// A silence ends soon.
        SilenceEnding = "silence_ending",
        /// A maintenance window was announced, is open, or was called off.
        MaintenanceAnnounced = "maintenance_announced",
        /// A maintenance window has ended: what fired within.
        MaintenanceOver = "maintenance_over",
        /// The daily report.
        DailyReport = "daily_report",
        /// The weekly report.
        WeeklyReport = "weekly_report",
        /// A correction of a goal is proposed, and what became of it.
        GoalProposal = "goal_proposal",
        /// A feed fails again and again, or has brought nothing new for too long.
        FeedUnwell = "feed_unwell",
        /// A feed is well again.
        FeedWell = "feed_well",
    }

    /// Where a delivery is.
    pub enum DeliveryState {
        /// Waiting for the bot, or with it.
        Pending = "pending",
        /// The chat shows the newest version.
        Done = "done",
        /// Given up after the last attempt; can be sent again.
        Dead = "dead",
    }
}

impl Transport {
    /// Where the addresses of this chat's robots begin; empty for a chat that is no robot's.
    ///
    /// The platforms' documentation: Slack "Sending messages using incoming webhooks", Feishu and Lark "Custom bot guide",
    /// DingTalk "Custom robot access", WeCom "Group robot configuration".
    pub const fn robot_addresses(self) -> &'static [&'static str] {
        match self {
            Self::Discord | Self::Console => &[],
            Self::Slack => &["https://hooks.slack.com/services/"],
            Self::Feishu => {
                &["https://open.feishu.cn/open-apis/bot/v2/hook/", "https://open.larksuite.com/open-apis/bot/v2/hook/"]
            }
            Self::Dingtalk => &["https://oapi.dingtalk.com/robot/send?access_token="],
            Self::Wecom => &["https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key="],
        }
    }

    /// Whether it is a chat that is written to by a robot's address: nobody can answer there, and no message be edited.
    pub const fn is_robot(self) -> bool {
        !self.robot_addresses().is_empty()
    }

    /// Whether an incident's message has a thread, which tells what happens to the incident.
    pub const fn has_threads(self) -> bool {
        matches!(self, Self::Discord)
    }

    /// Whether `address` is one of this chat's robots: a known beginning, and then what a token is made of.
    pub fn is_robot_address(self, address: &str) -> bool {
        self.robot_addresses().iter().any(|begin| {
            address.strip_prefix(begin).is_some_and(|token| {
                let of_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_/".contains(&byte);
                (8..=256).contains(&token.len()) && token.bytes().all(of_token)
            })
        })
    }
}

requests! {
    /// A chat robot: from now on alerts are posted by it.
    pub struct AddRobot {
        /// Which chat: `slack`, `feishu`, `dingtalk` or `wecom`.
        pub transport: Transport,
        /// What the chat group is called: shown in lists, told to nobody else.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, example = "Marketing, East"))]
        pub name: String,
        /// The address that the chat gave for the robot. It is a secret: whoever has it can post.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 512,
            example = "https://open.feishu.cn/open-apis/bot/v2/hook/00000000-0000-0000-0000-000000000000"))]
        pub address: String,
        /// The robot's signing secret, where the chat has one: Feishu's signature check (签名校验), DingTalk's 加签.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 128))]
        pub secret: Option<String>,
        /// Alerts of this severity and above are posted; all of them if absent.
        #[serde(default = "every_severity")]
        pub minimum_severity: Severity,
    }

    /// From which severity on alerts go to a chat.
    pub struct RouteChatServer {
        /// Alerts of this severity and above appear there.
        pub minimum_severity: Severity,
    }

    /// A chat server and user give the one-time code of a staff (asked by the bot).
    pub struct RedeemCode {
        /// The code, as the staff was shown it.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 32))]
        pub code: String,
        /// Which chat.
        pub transport: Transport,
        /// The server's id in that chat.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64))]
        pub server: String,
        /// The chat channel in which alerts shall appear.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64))]
        pub channel: String,
        /// The user's id in that chat.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64))]
        pub user: String,
    }

    /// The bot proves itself.
    pub struct BotAssertion {
        /// A JWT signed with the bot's own key: `iss` and `sub` `tillwatch-bot`, `aud` `tillwatch`, at most a minute old.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 2048))]
        pub assertion: String,
    }

    /// A chat server, by its own id in its chat.
    pub struct ServerRef {
        /// Which chat.
        pub transport: Transport,
        /// The server's id there.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64))]
        pub server: String,
    }

    /// The bot asks for deliveries.
    pub struct ClaimDeliveries {
        /// Which chats it can post to.
        #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 8))]
        pub transports: Vec<Transport>,
        /// Of a chat that is named here, only these servers: a console shows its own, another one may show the rest.
        /// A chat that is not named here is served whole.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[cfg_attr(feature = "openapi", schema(max_items = 100))]
        pub servers: Vec<ServerRef>,
        /// At most so many.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 50))]
        pub max: u16,
        /// Wait up to so many milliseconds for the first.
        #[serde(default)]
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 8000))]
        pub wait_ms: u32,
    }

    /// The bot tells what became of a delivery.
    pub struct ReportDelivery {
        /// The attempt that was claimed; an older one is refused.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1_000_000))]
        pub attempt: i32,
        /// What became of it.
        pub outcome: DeliveryOutcome,
    }
}

fn every_severity() -> Severity {
    Severity::Info
}

/// Where and how a robot posts. Only the bot sees it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RobotAddress {
    /// Its address.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 512))]
    pub address: String,
    /// Its signing secret, where it has one.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 128))]
    pub secret: Option<String>,
}

impl std::fmt::Debug for RobotAddress {
    /// Tells nothing: both are secrets, and what is debugged ends in logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RobotAddress").finish_non_exhaustive()
    }
}

/// What became of an attempt to deliver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DeliveryOutcome {
    /// The chat shows this version.
    Posted {
        /// The message's id in the chat.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64))]
        message: String,
        /// The version that it shows.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_007_199_254_740_991_i64))]
        version: i64,
        /// Up to which version the message's thread tells what happened, where that is not all of it: the rest is
        /// tried again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 9_007_199_254_740_991_i64))]
        told: Option<i64>,
    },
    /// It did not work.
    Failed {
        /// Why, for the log and the delivery's record.
        #[cfg_attr(feature = "openapi", schema(max_length = 500))]
        error: String,
        /// Not before so many milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 3_600_000))]
        retry_after_ms: Option<u32>,
        /// It can never work (the channel is gone, the bot was thrown out).
        #[serde(default)]
        permanent: bool,
    },
}

answers! {
    /// A one-time code that links a chat user to the staff who asked for it.
    pub struct LinkCode {
        /// Type it in chat: `/link <code>`. Whoever repeats the request with its idempotency key sees `null`.
        pub code: Option<String>,
        /// It stops working then, or at its first use.
        pub expires_at: DateTime<Utc>,
    }

    /// What a redeemed code linked.
    pub struct Linked {
        /// The retailer's name.
        pub retailer: String,
        /// The staff's name.
        pub staff: String,
        /// Whether the server was linked just now, too.
        pub server_linked: bool,
        /// Whether the server's alerts appear in this chat channel from now on, in place of another.
        pub channel_moved: bool,
        /// The language to answer in.
        pub locale: Locale,
    }

    /// A chat user's link.
    pub struct ChatLink {
        /// Its id.
        pub id: ChatUserId,
        /// The server's link.
        pub server: ChatServerId,
        /// Which chat.
        pub transport: Transport,
        /// The server's id in that chat.
        pub server_ref: String,
        /// The user's id in that chat.
        pub user_ref: String,
        /// The staff.
        pub staff: NamedStaff,
        /// Since when.
        pub created_at: DateTime<Utc>,
    }

    /// A chat server that is linked to the retailer: its alerts appear there.
    pub struct ChatServer {
        /// Its id.
        pub id: ChatServerId,
        /// Which chat.
        pub transport: Transport,
        /// The server's id in that chat.
        pub server_ref: String,
        /// The chat channel in which alerts appear; a robot's name.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, example = "1189998819991197253"))]
        pub channel_ref: String,
        /// Alerts of this severity and above appear there.
        pub minimum_severity: Severity,
        /// Since when.
        pub created_at: DateTime<Utc>,
    }

    /// A short-lived credential for the bot.
    pub struct BotToken {
        /// Send it as `Authorization: Bearer …`.
        pub access_token: String,
        /// Seconds until it expires.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 86400))]
        pub expires_in: u32,
    }

    /// A claimed delivery: make the incident's message show this version.
    pub struct Delivery {
        /// Its id; the 22 characters after `dlv_` are the message's nonce.
        pub id: DeliveryId,
        /// Say this in the report.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1_000_000))]
        pub attempt: i32,
        /// Which chat.
        pub transport: Transport,
        /// The server's id in that chat.
        pub server: String,
        /// The chat channel.
        pub channel: String,
        /// The language.
        pub locale: Locale,
        /// The retailer's name.
        pub retailer: String,
        /// The retailer's time zone.
        pub time_zone: String,
        /// The version to show: the alert's or the notice's.
        #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_007_199_254_740_991_i64))]
        pub version: i64,
        /// The message to edit; absent when none is known to have been posted.
        pub message: Option<String>,
        /// When this delivery was first claimed: an earlier attempt may have posted since then.
        pub first_claimed_at: DateTime<Utc>,
        /// When it was claimed this time.
        pub claimed_at: DateTime<Utc>,
        /// The request behind what it shows, as in `X-Request-Id`.
        #[serde(default)]
        pub request_id: Option<String>,
        /// The robot that posts, in a chat of robots.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub robot: Option<RobotAddress>,
        /// The alert to show, or that the notice is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub alert: Option<Alert>,
        /// The notice to show; absent where it is the alert itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub notice: Option<Notice>,
        /// The address of the alert's page, where a message has no buttons: `/acknowledge` or `/pause` behind it asks for that.
        /// It carries no right: whoever opens it signs in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(max_length = 512, example = "https://till.example/alert#alr_01H"))]
        pub page: Option<String>,
        /// What the thread of its message has to tell yet, where it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub thread: Option<DeliveryThread>,
    }

    /// The claimed deliveries; empty when the wait ran out.
    pub struct ClaimedDeliveries {
        /// The deliveries.
        pub data: Vec<Delivery>,
    }

    /// A delivery as its owner sees it.
    pub struct DeliveryInfo {
        /// Its id.
        pub id: DeliveryId,
        /// The alert that it shows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub alert: Option<AlertId>,
        /// The notice that it shows in place of an alert.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub notice: Option<NoticeId>,
        /// Which chat.
        pub transport: Transport,
        /// Where it is.
        pub state: DeliveryState,
        /// How many attempts were made.
        #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000))]
        pub attempt: i32,
        /// The last error.
        pub last_error: Option<String>,
        /// The message's id in the chat.
        pub message: Option<String>,
        /// The request behind what it shows, as in `X-Request-Id`.
        #[serde(default)]
        pub request_id: Option<String>,
        /// When it was made.
        pub created_at: DateTime<Utc>,
    }
}
