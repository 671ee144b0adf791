//! Reports and budgets, in Simplified Chinese.

use std::cmp::Ordering;

use tillwatch_shared::Locale;
use tillwatch_shared::watch::ReportKind;

use super::super::figures::Step;
use super::super::{Reporting, Said};
use super::Chinese;

impl Reporting for Chinese {
    fn report(&self, kind: ReportKind) -> &'static str {
        match kind {
            ReportKind::Daily => "每日站会",
            ReportKind::Weekly => "周报",
        }
    }

    fn daily(&self, day: &str) -> String {
        format!("每日站会 · {day}")
    }

    fn weekly(&self, from: &str, to: &str) -> String {
        format!("周报 · {from}至{to}")
    }

    fn week_moved(&self, by: Step, before: &str) -> String {
        match by.way() {
            Ordering::Equal => format!("持平，前一周 {before}"),
            Ordering::Greater | Ordering::Less => format!("{}，前一周 {before}", by.signed(Locale::ZhCn)),
        }
    }

    fn here(&self) -> &'static str {
        "此服务器"
    }

    fn beside_the_week_before(&self) -> &'static str {
        "各指标与前一周相比。"
    }

    fn nothing_counted(&self) -> &'static str {
        "没有统计到数据。"
    }

    fn raised_and_resolved(&self, raised: u32, resolved: u32) -> String {
        format!("触发 {raised} 条，恢复 {resolved} 条")
    }

    fn alerts_raised(&self, raised: u32, resolved: u32) -> String {
        format!("预警：{}", self.raised_and_resolved(raised, resolved))
    }

    fn stopped_campaigns(&self, count: u32) -> String {
        format!("被规则暂停：{count} 次")
    }

    fn running(&self, count: u32) -> String {
        format!("进行中的营销活动：{count} 个")
    }

    fn begins(&self, campaign: &str) -> String {
        format!("▶ {campaign}：今日开始")
    }

    fn ends(&self, campaign: &str) -> String {
        format!("■ {campaign}：今日为最后一天")
    }

    fn held(&self, campaign: &str, reason: Option<&str>) -> String {
        reason.map_or_else(|| format!("⏸ {campaign}：已暂停"), |reason| format!("⏸ {campaign}：已暂停，{reason}"))
    }

    fn untaken(&self, count: u32) -> String {
        format!("无人认领的预警：{count} 条")
    }

    fn ends_on(&self, campaign: &str, day: &str) -> String {
        format!("■ {campaign}：{day}结束")
    }

    fn overdue(&self, campaign: &str, day: &str) -> String {
        format!("■ {campaign}：已过最后一天（{day}），仍未结束")
    }

    fn near_budget(&self, campaign: &str, share: &str) -> String {
        format!("{campaign}：预算已用 {share}")
    }

    fn alerts(&self, count: u32) -> String {
        format!("{count} 条预警")
    }

    fn metric_alt(&self, metric: &str) -> String {
        format!("{metric}：最近四周每日走势，并与上周同日对比")
    }

    fn schedules(&self) -> &'static str {
        "报告发送时间"
    }

    fn scheduled(&self, kind: ReportKind, at: &str, place: Option<&str>, next: Option<&str>) -> String {
        let days = match kind {
            ReportKind::Daily => "每天",
            ReportKind::Weekly => "每周第一天",
        };
        let place = place.map_or_else(|| "发送到最早绑定的聊天频道".to_owned(), |place| format!("发送到 {place}"));
        let next = next.map_or_else(|| "尚未绑定聊天频道".to_owned(), |next| format!("下次：{next}"));
        format!("{}：{days} {at}，{place}；{next}", self.report(kind))
    }

    fn chosen_chat(&self) -> &'static str {
        "所选的聊天"
    }

    fn not_scheduled(&self, kind: ReportKind) -> String {
        format!("{}：已关闭", self.report(kind))
    }

    fn schedule_changed(&self, line: &str) -> Said {
        Said::new("已设置", line)
    }

    fn unknown_report(&self, typed: &str, example: &str) -> Said {
        Said::new(format!("没有名为“{typed}”的报告"), format!("请输入 日报 或 周报。例如：{example}"))
    }

    fn no_time(&self, typed: &str, example: &str) -> Said {
        let body = format!("请输入 24 小时制的时间，如 08:30，或输入 开启、关闭。例如：{example}");
        Said::new(format!("“{typed}”不是时间"), body)
    }

    fn not_a_place(&self) -> Said {
        Said::new("无法在此发送报告", "此聊天服务器未绑定到您的商家。")
    }

    fn budgets(&self, count: usize) -> String {
        format!("预算（{count} 个营销活动）")
    }

    fn no_budgets(&self) -> Said {
        Said::new("没有预算", "进行中或已暂停的营销活动均未设置预算。可通过接口设置：PATCH /v1/campaigns/{id}。")
    }

    fn time_used(&self, share: &str, days_left: i64) -> String {
        match days_left {
            ..0 => "已过最后一天".to_owned(),
            0 => "今日为最后一天".to_owned(),
            days => format!("时间已过 {share}，剩余 {days} 天"),
        }
    }
}
