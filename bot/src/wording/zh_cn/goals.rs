//! Goals, in Simplified Chinese.

use tillwatch_shared::goals::{GoalAim, GoalOutlook, GoalState, ProposalState};

use super::super::{GoalLabels, Names, Pursuing, Said};
use super::Chinese;

impl Pursuing for Chinese {
    fn no_goals(&self) -> Said {
        Said::new("没有执行中的目标", "请通过接口创建并启动目标（POST /v1/goals）。")
    }

    fn goals(&self, count: usize) -> String {
        format!("目标（{count} 个）")
    }

    fn goals_hint(&self, show: &str) -> String {
        format!("查看其中一个：{show}")
    }

    fn goal_alt(&self, goal: &str, forecast: bool) -> String {
        let forecast = if forecast { "，以及预测" } else { "" };
        format!("{goal}：每日实际进展与达成目标的应达进度{forecast}")
    }

    fn goal_state(&self, state: GoalState) -> &'static str {
        match state {
            GoalState::Draft => "草稿",
            GoalState::Active => "执行中",
            GoalState::Reached => "已达成",
            GoalState::Missed => "未达成",
            GoalState::Archived => "已归档",
        }
    }

    fn outlook(&self, outlook: GoalOutlook) -> &'static str {
        match outlook {
            GoalOutlook::OnTrack => "预计达成",
            GoalOutlook::AtRisk => "有风险",
            GoalOutlook::OffTrack => "预计无法达成",
            GoalOutlook::NotEnoughData => "数据不足，无法预测",
        }
    }

    fn goal_so_far(&self, value: &str, target: &str, aim: GoalAim) -> String {
        match aim {
            GoalAim::AtLeast => format!("{value}，目标值至少 {target}"),
            GoalAim::AtMost => format!("{value}，目标值至多 {target}"),
        }
    }

    fn goal_pace(&self, pace: &str) -> String {
        format!("进度 {pace}")
    }

    fn goal_until(&self, day: &str) -> String {
        format!("截止 {day}")
    }

    fn goal_forecast(&self, value: &str, low: &str, high: &str) -> String {
        format!("{value}（80%区间：{low} 至 {high}）")
    }

    fn goal_labels(&self) -> GoalLabels {
        GoalLabels {
            so_far: "目前",
            expected: "目前应达到",
            pace: "进度",
            outlook: "展望",
            forecast: "截止时预计",
            through: "数据截至",
            metric: "指标",
            days: "日期",
            owner: "负责人",
            relevance: "意义",
            missing: "尚缺",
            proposal: "待定的调整建议",
            id: "编号",
        }
    }

    fn correction(&self, goal: &str) -> String {
        format!("目标“{goal}”的调整建议")
    }

    fn how_to_decide(&self, accept: &str, refuse: &str) -> String {
        format!("在有人决定之前，目标不会改变。\n接受：{accept}\n拒绝：{refuse}")
    }

    fn proposal_state(&self, state: ProposalState) -> &'static str {
        match state {
            ProposalState::Open => "等待决定。",
            ProposalState::Accepted => "已接受，目标已调整。",
            ProposalState::Refused => "已拒绝，目标不变。",
            ProposalState::Superseded => "已失效：目标另有变更或已结束，或后一个月有了新的建议。",
        }
    }

    fn unknown_goal(&self, typed: &str, nearest: &[String], list: &str) -> Said {
        let body = if nearest.is_empty() {
            format!("查看执行中的目标：{list}")
        } else {
            format!("您是否要找：{}？", self.listed(nearest))
        };
        Said::new(format!("没有目标“{typed}”"), body)
    }

    fn ambiguous_goal(&self, typed: &str, candidates: &[String]) -> Said {
        let body = format!("是哪一个？请用编号指定。\n{}", candidates.join("\n"));
        Said::new(format!("“{typed}”符合多个目标"), body)
    }
}
