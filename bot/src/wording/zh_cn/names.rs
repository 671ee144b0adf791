//! Labels, and the words of the closed lists, in Simplified Chinese.

use tillwatch_shared::Locale;
use tillwatch_shared::permissions::Role;
use tillwatch_shared::plan::CampaignState;
use tillwatch_shared::watch::{AlertState, Severity, Transport};

use super::super::{By, Label, Names};
use super::Chinese;

impl Names for Chinese {
    fn locale(&self) -> Locale {
        Locale::ZhCn
    }

    fn label(&self, label: Label) -> &'static str {
        match label {
            Label::Value => "实际值",
            Label::Line => "阈值",
            Label::StopLossLine => "止损线",
            Label::Expected => "预期值",
            Label::Sigma => "标准差",
            Label::Baseline => "基线天数（n）",
            Label::Score => "偏离倍数（z）",
            Label::Overshoot => "超出",
            Label::Band => "正常区间",
            Label::Forecast => "结束时预计",
            Label::Campaign => "营销活动",
            Label::Channel | Label::Channels => "渠道",
            Label::Window => "统计时间",
            Label::Retailer => "商家",
            Label::Raised => "触发时间",
            Label::Acknowledged | Label::ButtonAcknowledged => "已认领",
            Label::Resolved => "已恢复",
            Label::State => "状态",
            Label::Since => "起始时间",
            Label::Reason => "原因",
            Label::Spend => "花费",
            Label::Dates => "日期",
            Label::Key => "编码",
            Label::Id => "编号",
            Label::By => "操作人",
            Label::Timeline => "时间线",
            Label::Severity => "级别",
            Label::Metric => "指标",
            Label::ButtonPause => "暂停活动",
            Label::ButtonPaused => "活动未在进行",
            Label::ButtonAcknowledge => "认领",
            Label::ButtonSilence => "静默 1 小时",
            Label::ButtonOpen => "查看",
            Label::None => "无",
            Label::AllChannels => "全部渠道",
            Label::Rules => "规则",
            Label::Worst => "最严重的",
            Label::Why => "原因说明",
            Label::Messages => "消息",
            Label::Lately => "规则的判断",
            Label::Moved => "变动来源",
            Label::ButtonResume => "恢复活动",
            Label::Yesterday => "昨日",
            Label::Today => "今日",
            Label::Blocked => "受阻",
            Label::Due => "到期",
            Label::Alerts => "预警",
        }
    }

    fn campaign_state(&self, state: CampaignState) -> &'static str {
        match state {
            CampaignState::Draft => "草稿",
            CampaignState::InReview => "审核中",
            CampaignState::Scheduled => "已排期",
            CampaignState::Active => "进行中",
            CampaignState::Paused => "已暂停",
            CampaignState::Completed => "已结束",
            CampaignState::Cancelled => "已取消",
        }
    }

    fn alert_state(&self, state: AlertState) -> &'static str {
        match state {
            AlertState::Firing => "告警中",
            AlertState::Silenced => "静默",
            AlertState::Acknowledged => "已认领",
            AlertState::Resolved => "已恢复",
        }
    }

    fn severity(&self, severity: Severity) -> &'static str {
        match severity {
            Severity::Info => "提示",
            Severity::Warning => "警告",
            Severity::Critical => "严重",
        }
    }

    fn role(&self, role: Role) -> &'static str {
        match role {
            Role::Owner => "负责人",
            Role::Admin => "管理员",
            Role::Marketer => "营销人员",
            Role::Analyst => "分析师",
            Role::Compliance => "合规人员",
            Role::ServiceAgent => "客服人员",
            Role::Integrator => "对接人员",
            Role::Viewer => "只读人员",
        }
    }

    fn by(&self, by: &By) -> String {
        match by {
            By::You => "您".to_owned(),
            By::Named(name) => name.clone(),
            By::Colleague => "同事".to_owned(),
            By::Token => "合作方程序".to_owned(),
            By::Rule => "规则".to_owned(),
            By::System => "系统".to_owned(),
        }
    }

    fn pair(&self, name: &str, value: &str) -> String {
        format!("{name}：{value}")
    }

    fn listed(&self, names: &[String]) -> String {
        match names {
            [] => String::new(),
            [one] => one.clone(),
            [first @ .., last] => format!("{}或{last}", first.join("、")),
        }
    }

    fn aside(&self, text: &str, added: &str) -> String {
        format!("{text}（{added}）")
    }

    fn chat(&self, transport: Transport) -> &'static str {
        match transport {
            Transport::Discord => "Discord",
            Transport::Console => "控制台",
            Transport::Slack => "Slack",
            Transport::Feishu => "飞书",
            Transport::Dingtalk => "钉钉",
            Transport::Wecom => "企业微信",
        }
    }

    fn more(&self, count: usize) -> String {
        format!("……另有 {count} 项")
    }
}
