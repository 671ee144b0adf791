//! The bot in Simplified Chinese, in the terms of the trade.

mod alerts;
mod feeds;
mod goals;
mod names;
mod quiet;
mod reports;
mod threads;

use std::cmp::Ordering;

use tillwatch_shared::Locale;
use tillwatch_shared::permissions::{Permission, Role};
use tillwatch_shared::plan::CampaignState;

use super::{By, Change, Failure, Fault, Input, Move, Names, Said, Wording};

/// Simplified Chinese.
pub(super) struct Chinese;

/// What a permission allows, as it stands behind "may not".
const fn deed(what: Permission) -> &'static str {
    match what {
        Permission::CampaignsPause => "暂停营销活动",
        Permission::CampaignsResume => "恢复营销活动",
        Permission::AlertsAcknowledge => "认领预警",
        Permission::AlertsSilence => "静默预警",
        Permission::ReportsRead => "查看报告",
        Permission::ReportsWrite => "设置报告发送时间",
        Permission::CampaignsRead => "查看营销活动",
        Permission::AlertsRead => "查看预警",
        Permission::MetricsRead => "查看指标",
        Permission::GoalsRead => "查看目标",
        Permission::ChatManage => "绑定聊天服务器",
        _ => "执行此操作",
    }
}

impl Wording for Chinese {
    fn not_linked(&self, link: &str) -> Said {
        Said::new(
            "您尚未绑定 Tillwatch 账号",
            format!("请先登录 Tillwatch 获取一次性绑定码（POST /v1/chat-links/code），然后在此输入：{link}"),
        )
    }

    fn may_not(&self, what: Permission, role: Option<Role>, who_may: &[Role]) -> Said {
        let what = deed(what);
        let roles: Vec<String> = who_may.iter().map(|role| self.role(*role).to_owned()).collect();
        let yours = role.map(|role| format!("您的角色是{}。", self.role(role))).unwrap_or_default();
        let ask = if roles.is_empty() {
            String::new()
        } else {
            format!("请联系有权限的人：{}。", self.listed(&roles))
        };
        Said::new(format!("您无权{what}"), format!("{yours}{ask}"))
    }

    fn narrowed(&self, what: Permission) -> Said {
        Said::new(
            format!("您无权{}", deed(what)),
            "您的权限仅限于部分渠道，而此操作涉及整个商家。请联系权限覆盖全部渠道的人。",
        )
    }

    fn out_of_reach(&self) -> Said {
        Said::new("未找到", "该对象不存在，或您的权限仅限于其他渠道。")
    }

    fn failure(&self, failure: Failure) -> Said {
        match failure {
            Failure::Gone => Said::new("未找到", "该对象不存在或已被移除。"),
            Failure::Busy => Said::new("系统繁忙", "未作任何更改，请稍后再试。"),
            Failure::Unreachable => Said::new("系统没有响应", "无法确认操作是否完成，请稍后再试。"),
            Failure::OwnCredential => {
                Said::new("系统不接受此机器人", "未作任何更改。请机器人的运维人员检查其密钥（BOT_PRIVATE_KEY）与时钟。")
            }
            Failure::EnrolFirst => {
                Said::new("需要双重验证", "商家要求启用双重验证。请登录 Tillwatch 绑定验证器，然后重试。")
            }
            Failure::Unexpected => Said::new("出现异常", "无法理解系统的答复，请先核对再重试。"),
            Failure::Conflict => Said::new("目前无法执行", "状态已发生变化，请重新查看。"),
        }
    }

    fn invalid(&self, input: Input, fault: Fault) -> Said {
        let input = match input {
            Input::Search => "名称",
            Input::Reason => "原因",
            Input::Code => "绑定码",
            Input::Other => "输入内容",
        };
        let fault = match fault {
            Fault::TooLong => "过长，请缩短后重试。",
            Fault::Missing => "不能为空。",
            Fault::Unreadable => "含有无法使用的字符，请重新输入。",
            Fault::Other => "无法使用。",
        };
        Said::new("输入未被接受", format!("{input}{fault}"))
    }

    fn no_text(&self) -> Said {
        Said::new("无法识别输入", "输入不是 UTF-8 文本。请将终端设为 UTF-8，或重新输入。")
    }

    fn discord_refused(&self) -> Said {
        Said::new("Discord 拒绝了此机器人", "该平台上不再有答复与预警，请更换有效的令牌（DISCORD_TOKEN）后重新启动。")
    }

    fn request(&self, id: &str) -> String {
        format!("请求编号 {id}")
    }

    fn no_campaigns(&self) -> Said {
        Said::new("暂无营销活动", "可通过接口创建：POST /v1/campaigns。")
    }

    fn campaigns(&self, count: usize, at_least: bool) -> String {
        if at_least { format!("营销活动（超过 {count}）") } else { format!("营销活动（{count}）") }
    }

    fn page(&self, page: usize, pages: usize, next: Option<&str>) -> String {
        let next = next.map(|next| format!(" · 下一页：{next}")).unwrap_or_default();
        format!("第 {page} 页，共 {pages} 页{next}")
    }

    fn unknown_campaign(&self, typed: &str, nearest: &[String], list: &str) -> Said {
        let hint = if nearest.is_empty() {
            format!("查看全部：{list}")
        } else {
            format!("您是否要找：{}？", self.listed(nearest))
        };
        Said::new(format!("没有名为“{typed}”的营销活动"), hint)
    }

    fn ambiguous_campaign(&self, typed: &str, candidates: &[String]) -> Said {
        Said::new(
            format!("有多个营销活动匹配“{typed}”"),
            format!("请用完整名称、编码或编号指明：\n{}", candidates.join("\n")),
        )
    }

    fn reason_needed(&self, change: Change, campaign: &str, example: &str) -> Said {
        let verb = match change {
            Change::Pause => "暂停",
            Change::Resume => "恢复",
        };
        Said::new(format!("为什么{verb}“{campaign}”？"), format!("原因会写入历史记录。请输入：{example}"))
    }

    fn reason_too_long(&self, limit: usize) -> Said {
        Said::new("原因过长", format!("请控制在 {limit} 个字符以内。"))
    }

    fn changed(&self, change: Change, campaign: &str, by: &By, since: &str) -> Said {
        let by = self.by(by);
        match change {
            Change::Pause => {
                Said::new(format!("已暂停：{campaign}"), format!("{since}起由{by}暂停，恢复之前不再产生花费。"))
            }
            Change::Resume => Said::new(format!("已恢复：{campaign}"), format!("{since}起重新进行，由{by}恢复。")),
        }
    }

    fn already(&self, change: Change, campaign: &str, by: &By, since: &str) -> Said {
        let by = self.by(by);
        let body = match change {
            Change::Pause => format!("{since}起已由{by}暂停。"),
            Change::Resume => format!("{since}起已在进行中（{by}）。"),
        };
        Said::new(format!("无需操作：{campaign}"), format!("{body}未作任何更改。"))
    }

    fn cannot(&self, change: Change, campaign: &str, state: CampaignState) -> Said {
        let state = self.campaign_state(state);
        let body = match change {
            Change::Pause => format!("只有进行中的营销活动可以暂停，当前状态：{state}。"),
            Change::Resume => format!("只有已暂停的营销活动可以恢复，当前状态：{state}。"),
        };
        Said::new(format!("无法执行：{campaign}"), body)
    }

    fn second_wanted(&self, campaign: &str, by: &By, when: &str, reason: &str) -> Said {
        let body = format!(
            "该活动由止损暂停，商家要求两人确认后才能恢复。{when} {}提出：{reason}\n请另一人在一天内恢复。",
            self.by(by)
        );
        Said::new(format!("需要第二人恢复：{campaign}"), body)
    }

    fn since(&self, state: &str, since: &str) -> String {
        format!("{state}（{since}起）")
    }

    fn spent(&self, spend: &str, budget: Option<(&str, &str)>) -> String {
        match budget {
            Some((budget, share)) => format!("{spend}，预算 {budget}（{share}）"),
            None => format!("{spend}，未设预算"),
        }
    }

    fn dates(&self, from: Option<&str>, to: Option<&str>) -> String {
        match (from, to) {
            (Some(from), Some(to)) => format!("{from}至{to}"),
            (Some(from), None) => format!("{from}起"),
            (None, Some(to)) => format!("至{to}"),
            (None, None) => "不限".to_owned(),
        }
    }

    fn stopped_by(&self) -> &'static str {
        "由规则暂停，恢复前请先核对数据。"
    }

    fn no_kpis(&self) -> Said {
        Said::new("暂无指标", "收到首批数据点后即会显示：POST /v1/samples。")
    }

    fn kpis(&self, day: &str) -> String {
        format!("{day}的指标")
    }

    fn moved(&self, moved: Move, before: &str) -> String {
        let way = match moved.by.way() {
            Ordering::Greater => "上升",
            Ordering::Less => "下降",
            Ordering::Equal => return format!("与上周同日（{before}）持平"),
        };
        let verdict = match moved.better {
            Some(true) => "，变好",
            Some(false) => "，变差",
            None => "",
        };
        format!("较上周同日（{before}）{way} {}{verdict}", moved.by.size(Locale::ZhCn))
    }

    fn nothing_before(&self) -> &'static str {
        "上周同日无数据"
    }

    fn last_days(&self, metric: &str, days: usize) -> String {
        format!("{metric}：最近 {days} 天")
    }

    fn in_all(&self, days: usize, total: &str) -> String {
        format!("{days} 天合计：{total}")
    }

    fn no_figure(&self) -> &'static str {
        "无数据"
    }

    fn unknown_metric(&self, typed: &str, nearest: &[String], screen: &str) -> Said {
        let hint = if nearest.is_empty() {
            format!("查看全部有数据的指标：{screen}")
        } else {
            format!("您是否要找：{}？", self.listed(nearest))
        };
        Said::new(format!("没有名为“{typed}”的指标"), hint)
    }

    fn ambiguous_metric(&self, typed: &str, candidates: &[String]) -> Said {
        Said::new(format!("有多个指标匹配“{typed}”"), format!("请指明：\n{}", candidates.join("\n")))
    }

    fn linked(&self, staff: &str, retailer: &str, server_too: bool, moved: bool) -> Said {
        let server = match (server_too, moved) {
            (true, _) => "服务器也已绑定：预警将显示在此聊天频道。",
            (false, true) => "预警今后将显示在此聊天频道。",
            (false, false) => "",
        };
        Said::new(format!("已绑定商家：{retailer}"), format!("此后您以 {staff} 的员工账号及其权限操作。{server}"))
    }

    fn code_refused(&self) -> Said {
        Said::new(
            "绑定码无效",
            "绑定码只能使用一次，且几分钟后失效。请重新获取（POST /v1/chat-links/code）并尽快输入。",
        )
    }

    fn help(&self, more: &str) -> Said {
        Said::new("可用命令", format!("营销活动可用名称、编码或其开头部分指定。单个命令的说明：{more}"))
    }

    fn unknown_command(&self, typed: &str, nearest: &[String], help: &str) -> Said {
        let hint = if nearest.is_empty() {
            String::new()
        } else {
            format!("您是否要输入：{}？", self.listed(nearest))
        };
        Said::new(format!("没有命令“{typed}”"), format!("{hint}全部命令：{help}"))
    }

    fn incomplete(&self, usage: &str) -> Said {
        Said::new("输入不完整", format!("请输入：{usage}"))
    }

    fn welcome(&self) -> &'static str {
        "输入 help 查看命令，Tab 补全名称，quit 退出。预警会显示在这里。"
    }

    fn goodbye(&self) -> &'static str {
        "再见。"
    }

    fn shown_again(&self) -> &'static str {
        "再次显示：此前可能已显示过"
    }

    fn picture_at(&self, path: &str) -> String {
        format!("走势图：GET {path}")
    }

    fn console_hint(&self, alert: &str, campaign: Option<&str>) -> String {
        match campaign {
            Some(pause) => format!("可输入：{alert} · {pause}"),
            None => format!("可输入：{alert}"),
        }
    }
}
