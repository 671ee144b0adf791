//! Alerts in Simplified Chinese: what happened, and what became of it.

use tillwatch_shared::watch::{Alert, AlertState, AlertStep, Baseline, RuleSpec, Side};

use super::super::figures::{plain, share};
use super::super::{Alerting, By, Explained, Names, Said, side};
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
        Said::new(format!("此前已恢复：{rule}"), format!("{when}已恢复，无需认领。"))
    }

    fn explained(&self, what: &Explained<'_>) -> String {
        let place = what.place.map(|place| format!("“{place}”的")).unwrap_or_default();
        let (metric, value, day) = (what.metric, &what.value, &what.day);
        let by_share =
            what.alert.figures.overshoot_share.map(|part| format!("（{}）", share(part))).unwrap_or_default();
        let past = what.overshoot.as_ref().map(|over| format!("，超出 {over}{by_share}")).unwrap_or_default();
        let line = what.line.as_deref().unwrap_or("–");
        let way = match side(what.alert) {
            Side::Below => "低于",
            Side::Above => "高于",
        };
        match &what.alert.spec {
            RuleSpec::Threshold { .. } => format!("{day}，{place}{metric}为 {value}，{way}阈值 {line}{past}。"),
            RuleSpec::StopLoss { .. } => {
                let then = if what.alert.paused_campaign {
                    "营销活动已立即暂停（止损暂停）。"
                } else {
                    "营销活动当时未在进行，无需暂停。"
                };
                format!("{place}{metric}已达 {value}，越过止损线 {line}{past}。{then}")
            }
            RuleSpec::Deviation { baseline, .. } => {
                let middle = match baseline {
                    Baseline::MeanSigma => "均值",
                    Baseline::MedianMad => "中位数",
                };
                let expected = what.expected.as_deref().unwrap_or("–");
                let sigma = what.sigma.as_deref().unwrap_or("–");
                let n = what.alert.figures.n.map_or_else(|| "近几".to_owned(), |n| format!("近 {n}"));
                let z = what.alert.figures.z.map_or_else(|| "–".to_owned(), |z| plain(z.abs(), 2));
                format!(
                    "{day}，{place}{metric}为 {value}，{way}基线 {z} 个标准差（{n} 个同星期日：{middle} {expected}，标准差 {sigma}）。"
                )
            }
        }
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
        let line = match alert.spec {
            RuleSpec::StopLoss { .. } => "止损线",
            RuleSpec::Threshold { .. } | RuleSpec::Deviation { .. } => "阈值",
        };
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
