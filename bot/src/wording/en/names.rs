//! Labels, and the words of the closed lists, in English.

use tillwatch_shared::Locale;
use tillwatch_shared::permissions::Role;
use tillwatch_shared::plan::CampaignState;
use tillwatch_shared::watch::{AlertState, Severity, Transport};

use super::super::{By, Label, Names};
use super::English;

impl Names for English {
    fn locale(&self) -> Locale {
        Locale::En
    }

    fn label(&self, label: Label) -> &'static str {
        match label {
            Label::Value => "Value",
            Label::Line => "Line",
            Label::StopLossLine => "Stop-loss line",
            Label::Expected => "Expected",
            Label::Sigma => "Standard deviation",
            Label::Baseline => "Baseline days (n)",
            Label::Score => "Deviations off (z)",
            Label::Overshoot => "Past the line",
            Label::Band => "Quiet band",
            Label::Forecast => "Forecast at the end",
            Label::Campaign => "Campaign",
            Label::Channel => "Channel",
            Label::Channels => "Channels",
            Label::Window => "Judged",
            Label::Retailer => "Retailer",
            Label::Raised => "Raised",
            Label::Acknowledged | Label::ButtonAcknowledged => "Acknowledged",
            Label::Resolved => "Resolved",
            Label::State => "State",
            Label::Since => "Since",
            Label::Reason => "Reason",
            Label::Spend => "Spend",
            Label::Dates => "Dates",
            Label::Key => "Key",
            Label::Id => "Id",
            Label::By => "By",
            Label::Timeline => "Timeline",
            Label::Severity => "Severity",
            Label::Metric => "Metric",
            Label::ButtonPause => "Pause campaign",
            Label::ButtonPaused => "Campaign is not running",
            Label::ButtonAcknowledge => "Acknowledge",
            Label::ButtonSilence => "Silence 1 h",
            Label::ButtonOpen => "Open",
            Label::None => "none",
            Label::AllChannels => "all channels",
            Label::Rules => "Rules",
            Label::Worst => "The worst",
            Label::Why => "Why",
            Label::Messages => "Messages",
            Label::Lately => "What the rule said",
            Label::Moved => "What moved it",
            Label::ButtonResume => "Resume campaign",
            Label::Yesterday => "Yesterday",
            Label::Today => "Today",
            Label::Blocked => "Blocked",
            Label::Due => "Due",
            Label::Alerts => "Alerts",
        }
    }

    fn campaign_state(&self, state: CampaignState) -> &'static str {
        match state {
            CampaignState::Draft => "draft",
            CampaignState::InReview => "in review",
            CampaignState::Scheduled => "scheduled",
            CampaignState::Active => "active",
            CampaignState::Paused => "paused",
            CampaignState::Completed => "completed",
            CampaignState::Cancelled => "cancelled",
        }
    }

    fn alert_state(&self, state: AlertState) -> &'static str {
        match state {
            AlertState::Firing => "firing",
            AlertState::Silenced => "silenced",
            AlertState::Acknowledged => "acknowledged",
            AlertState::Resolved => "resolved",
        }
    }

    fn severity(&self, severity: Severity) -> &'static str {
        match severity {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }

    fn role(&self, role: Role) -> &'static str {
        match role {
            Role::Owner => "owner",
            Role::Admin => "admin",
            Role::Marketer => "marketer",
            Role::Analyst => "analyst",
            Role::Compliance => "compliance",
            Role::ServiceAgent => "service agent",
            Role::Integrator => "integrator",
            Role::Viewer => "viewer",
        }
    }

    fn by(&self, by: &By) -> String {
        match by {
            By::You => "you".to_owned(),
            By::Named(name) => name.clone(),
            By::Colleague => "a colleague".to_owned(),
            By::Token => "a partner's program".to_owned(),
            By::Rule => "the rule".to_owned(),
            By::System => "the system".to_owned(),
        }
    }

    fn pair(&self, name: &str, value: &str) -> String {
        format!("{name}: {value}")
    }

    fn listed(&self, names: &[String]) -> String {
        match names {
            [] => String::new(),
            [one] => one.clone(),
            [first @ .., last] => format!("{} or {last}", first.join(", ")),
        }
    }

    fn aside(&self, text: &str, added: &str) -> String {
        format!("{text} ({added})")
    }

    fn chat(&self, transport: Transport) -> &'static str {
        match transport {
            Transport::Discord => "Discord",
            Transport::Console => "the console",
            Transport::Slack => "Slack",
            Transport::Feishu => "Feishu",
            Transport::Dingtalk => "DingTalk",
            Transport::Wecom => "WeCom",
        }
    }

    fn more(&self, count: usize) -> String {
        format!("… and {count} more")
    }
}
