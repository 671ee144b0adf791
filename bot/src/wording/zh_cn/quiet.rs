//! What is kept quiet, in Simplified Chinese.

use tillwatch_shared::watch::{AlertDigest, DeliveryState, EvaluationOutcome, NoticeKind, QuietState, QuietWhy};

use super::super::{By, Names, Planned, Quieting, Route, Said};
use super::Chinese;

impl Quieting for Chinese {
    fn kept_quiet(&self, why: QuietWhy, until: Option<&str>, by: Option<&By>, reason: Option<&str>) -> String {
        let until = until.map(|until| format!("，至{until}")).unwrap_or_default();
        let by = by.map(|by| format!("由{}", self.by(by))).unwrap_or_default();
        let reason = reason.map(|reason| format!("：{reason}")).unwrap_or_default();
        match why {
            QuietWhy::Silence => format!("已{by}静默{until}{reason}"),
            QuietWhy::Maintenance => format!("{by}维护期间不通知{until}{reason}"),
            QuietWhy::Inhibition => "已抑制：同一营销活动的止损预警已代为通知。".to_owned(),
            QuietWhy::QuietHours => format!("规则的免打扰时段内不通知{until}。"),
        }
    }

    fn silenced(&self, rule: &str, until: &str) -> Said {
        Said::new(format!("已静默：{rule}"), format!("至{until}；期间继续判断，届时若仍在告警会再次通知。"))
    }

    fn already_silenced(&self, rule: &str, until: &str) -> Said {
        Said::new(format!("此前已静默：{rule}"), format!("至{until}，未作任何更改。"))
    }

    fn cannot_silence_stop_loss(&self, rule: &str) -> Said {
        Said::new(
            format!("止损预警不能静默：{rule}"),
            "止损暂停营销活动时一定会通知。请认领该预警，或调整规则的止损线。",
        )
    }

    fn silence_too_long(&self, longest: &str) -> Said {
        Said::new("时间过长", format!("此级别的预警最长可静默{longest}。"))
    }

    fn how_long(&self, typed: &str, example: &str) -> Said {
        Said::new(format!("“{typed}”不是时长"), format!("请写 30分钟、2小时 或 1天，例如：{example}"))
    }

    fn silence_needs_reason(&self, rule: &str, example: &str) -> Said {
        Said::new(format!("为什么静默“{rule}”？"), format!("请说明原因，输入：{example}"))
    }

    fn length(&self, minutes: u32) -> String {
        let parts = [(minutes / 1_440, "天"), (minutes / 60 % 24, "小时"), (minutes % 60, "分钟")];
        let parts = parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!(" {count} {unit}"));
        parts.collect()
    }

    fn silence_ending(&self, until: &str, by: &By, reason: &str) -> Said {
        let body = format!("将于{until}结束，届时仍在告警的会再次通知。由{}设置：{reason}", self.by(by));
        Said::new("静默即将结束", body)
    }

    fn window_announced(&self, planned: &Planned<'_>) -> Said {
        let Planned { from, until, reason, .. } = planned;
        let by = self.by(planned.by);
        match planned.state {
            _ if planned.called_off => Said::new("维护已取消", format!("原由{by}安排：{reason}")),
            QuietState::Planned => Said::new(
                "维护预告",
                format!("{from}至{until}，由{by}安排：{reason}\n期间预警不通知，结束后汇总；止损仍会通知。"),
            ),
            QuietState::Active => Said::new(
                "正在维护",
                format!("至{until}，由{by}安排：{reason}\n期间预警不通知，结束后汇总；止损仍会通知。"),
            ),
            QuietState::Over => Said::new("维护已结束", format!("{from}至{until}，由{by}安排：{reason}")),
        }
    }

    fn window_over(&self, from: &str, until: &str, reason: &str) -> Said {
        Said::new("维护期间的情况", format!("{from}至{until}：{reason}"))
    }

    fn nothing_fired(&self) -> &'static str {
        "没有触发预警。"
    }

    fn many(&self, digest: &AlertDigest) -> String {
        let AlertDigest { alerts, firing, acknowledged, resolved, .. } = digest;
        format!("共 {alerts} 条预警：{firing} 条告警中，{acknowledged} 条已认领，{resolved} 条已恢复")
    }

    fn storm(&self, digest: &AlertDigest, all: &str) -> Said {
        let title = if digest.firing + digest.acknowledged == 0 { "预警风暴已结束" } else { "预警风暴" };
        Said::new(title, format!("{}\n最先的几条已单独通知。全部预警：GET {all}", self.many(digest)))
    }

    fn nobody_took(&self, since: &str) -> String {
        format!("⏫ 上报：自{since}起无人认领。")
    }

    fn still_fires(&self, since: &str) -> String {
        format!("🔁 自{since}起仍在告警。")
    }

    fn against_weeks(&self, change: &str, weeks: u32) -> String {
        format!("与此前 {weeks} 周同星期日相比 {change}，其中：")
    }

    fn why_deduplicated(&self, updates: u32) -> String {
        if updates == 0 {
            return "同一规则在同一处未恢复前只有一条预警。".to_owned();
        }
        format!("未恢复期间又触发 {updates} 次：只更新数据，不另发预警。")
    }

    fn why_not_quiet(&self) -> &'static str {
        "没有静默、维护、抑制或免打扰时段阻止通知。"
    }

    fn why_grouped(&self, group: &str) -> String {
        format!("它在预警风暴中触发，合并在 {group} 的消息中通知。")
    }

    fn why_told(&self, since: &str, again: u32) -> String {
        match again {
            0 => format!("自{since}起已通知。"),
            many => format!("自{since}起已通知，此后又到期 {many} 次。"),
        }
    }

    fn why_never_told(&self) -> &'static str {
        "尚未通知任何人。"
    }

    fn why_no_chat(&self, link: &str) -> String {
        format!("目前没有绑定聊天服务器。绑定：{link}")
    }

    fn outcome(&self, outcome: EvaluationOutcome) -> &'static str {
        match outcome {
            EvaluationOutcome::Raised => "触发预警",
            EvaluationOutcome::AlreadyOpen => "越线，预警此前已触发",
            EvaluationOutcome::Resolved => "预警已恢复",
            EvaluationOutcome::Holding => "介于两线之间，无变化",
            EvaluationOutcome::Fine => "正常",
            EvaluationOutcome::NotJudged => "无法判断",
        }
    }

    fn why_never_judged(&self) -> &'static str {
        "最近 90 天没有判断过任何一天。"
    }

    fn why_route(&self, route: &Route<'_>) -> String {
        let what = match route.notice {
            None => "预警",
            Some(NoticeKind::AlertGroup) => "合并消息",
            Some(NoticeKind::Escalation) => "上报",
            Some(_) => "再次通知",
        };
        let state = match route.state {
            DeliveryState::Pending => "等待中",
            DeliveryState::Done => "已显示",
            DeliveryState::Dead => "已放弃",
        };
        let error = route.error.map(|error| format!("：{error}")).unwrap_or_default();
        format!("{} · {what} · {state} · 尝试 {} 次 · {}{error}", self.chat(route.transport), route.attempts, route.at)
    }

    fn flapping(&self, times: u32, since: &str) -> String {
        format!("反复告警：自{since}起已触发 {times} 次，均在此消息中显示。")
    }

    fn of_them_open(&self, alerts: u32, open: u32) -> String {
        if open == 0 { format!("{alerts} 条，均已恢复") } else { format!("{alerts} 条，{open} 条未恢复") }
    }
}
