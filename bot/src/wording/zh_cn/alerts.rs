//! Alerts in Simplified Chinese: what happened, and what became of it.

use tillwatch_shared::watch::{Alert, AlertState, AlertStep, RuleBucket};

use super::super::{Alerting, By, Names, Said};
use super::Chinese;

impl Alerting for Chinese {
    fn all_quiet(&self) -> Said {
        Said::new("一切正常", "没有未恢复的预警。")
    }

    fn open_alerts(&self, count: usize) -> String {
        format!("未恢复的预警（{count}）")
    }

    fn alerts_hint(&self, show: &str, ack: &str) -> String {
        format!("详情：{show} · 认领：{ack}")
    }

    fn unknown_number(&self, number: usize, shown: usize, list: &str) -> Said {
        let body = if shown == 0 {
            format!("编号来自预警列表，请先输入：{list}")
        } else {
            format!("最近一次列表的编号为 1 至 {shown}。重新获取列表：{list}")
        };
        Said::new(format!("没有 {number} 号预警"), body)
    }

    fn not_an_alert(&self, typed: &str, list: &str) -> Said {
        Said::new(
            format!("“{typed}”不是预警"),
            format!("请使用列表中的编号，或以 alr_ 开头的预警编号。预警列表：{list}"),
        )
    }

    fn acknowledged(&self, rule: &str) -> Said {
        Said::new(format!("已认领：{rule}"), "现由您跟进，团队可见。")
    }

    fn already_acknowledged(&self, rule: &str, by: &By, when: &str) -> Said {
        Said::new(format!("此前已认领：{rule}"), format!("{when}由{}认领，未作任何更改。", self.by(by)))
    }

    fn already_resolved(&self, rule: &str, when: &str) -> Said {
        Said::new(format!("此前已恢复：{rule}"), format!("{when}已恢复，无需处理。"))
    }

    fn when(&self, time: &str, window: u16, bucket: RuleBucket) -> String {
        match (bucket, window) {
            (RuleBucket::Day, 0 | 1) => time.to_owned(),
            (RuleBucket::Day, days) => format!("截至{time}的 {days} 天"),
            (RuleBucket::Hour, 0 | 1) => format!("{time}起的一小时"),
            (RuleBucket::Hour, hours) => format!("截至{time}这一小时的连续 {hours} 小时"),
        }
    }

    fn paused_for_it(&self) -> &'static str {
        "营销活动已因此暂停。"
    }

    fn silent(&self, when: &str) -> String {
        format!("自{when}起无数据，是否恢复尚不可知。")
    }

    fn taken(&self, by: &By, when: &str) -> String {
        format!("{when}起由{}跟进。", self.by(by))
    }

    fn over(&self, when: &str) -> String {
        format!("已于{when}恢复正常。")
    }

    fn step(&self, step: AlertStep) -> &'static str {
        match step {
            AlertStep::Opened => "触发",
            AlertStep::Updated => "数据更新",
            AlertStep::NoData => "无数据",
            AlertStep::Acknowledged => "已认领",
            AlertStep::CampaignLaunched => "营销活动已启动",
            AlertStep::CampaignPaused => "营销活动已暂停",
            AlertStep::CampaignResumed => "营销活动已恢复",
            AlertStep::CampaignChanged => "营销活动状态已变更",
            AlertStep::Silenced => "已静默",
            AlertStep::UnderMaintenance => "维护期间不通知",
            AlertStep::Inhibited => "被止损预警抑制",
            AlertStep::InQuietHours => "免打扰时段内不通知",
            AlertStep::Spoke => "恢复通知",
            AlertStep::Escalated => "已上报",
            AlertStep::Reminded => "再次通知",
            AlertStep::Resolved => "已恢复",
        }
    }

    fn picture_alt(&self, alert: &Alert) -> String {
        let line = if alert.spec.is_stop_loss() { "止损线" } else { "阈值" };
        format!("{}走势图，含正常区间与规则“{}”的{line}", alert.metric_zh, alert.rule_name)
    }

    fn update(&self, rule: &str, state: AlertState, by: Option<&str>) -> String {
        let state = self.alert_state(state);
        match by {
            Some(by) => format!("{rule}：{state}（{by}）"),
            None => format!("{rule}：{state}"),
        }
    }
}
