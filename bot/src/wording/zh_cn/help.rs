//! Help in Simplified Chinese.

use super::super::Topic;

/// What a command does, in a few words.
pub(super) fn line(topic: Topic) -> &'static str {
    match topic {
        Topic::Link => "用一次性绑定码绑定您的员工账号",
        Topic::CampaignList => "全部营销活动的状态与花费，进行中的在前",
        Topic::CampaignShow => "单个营销活动：状态、花费、日期、渠道",
        Topic::CampaignPause => "暂停营销活动，须填写原因",
        Topic::CampaignResume => "恢复已暂停的营销活动，须填写原因",
        Topic::Kpi => "最近一天的指标；指定某个指标则显示最近 7 天",
        Topic::AlertsList => "未恢复的预警，带编号",
        Topic::AlertsShow => "单个预警及其时间线",
        Topic::AlertsAck => "认领预警，团队可见由您跟进",
        Topic::AlertsSilence => "静默预警一段时间，须填写原因",
        Topic::AlertsWhy => "为什么收到或没有收到某条预警",
        Topic::GoalsList => "执行中的目标及其进度与预测",
        Topic::GoalsShow => "单个目标：进度、预测，以及草稿尚缺的内容",
        Topic::Budget => "各营销活动的预算使用情况",
        Topic::Digest => "每日站会一屏：昨日、今日、受阻、到期",
        Topic::Report => "上周各指标与前一周对比，附走势图",
        Topic::Schedule => "报告自动发送的时间与地点",
        Topic::Help => "显示本列表，或某个命令的说明",
    }
}

/// What there is to know about it.
pub(super) fn text(topic: Topic) -> &'static str {
    match topic {
        Topic::Link => {
            "请先登录 Tillwatch 获取绑定码（POST /v1/chat-links/code），几分钟内在此输入。之后您将以该员工账号的权限操作。有聊天管理权限的人会同时绑定服务器，预警将显示在该聊天频道；在其他聊天频道再次绑定，预警即改在那里显示。"
        }
        Topic::CampaignList => "每行显示状态、起始时间，以及花费占预算的比例。其后加数字可查看其他页：campaign list 2",
        Topic::CampaignShow => {
            "可用编号、自有编码、名称，或名称与编码的开头查找，不区分大小写。若有多个匹配，会请您选择。"
        }
        Topic::CampaignPause => {
            "须填写原因，原因会写入历史与审计日志。重复暂停不会产生变化。名称中含有 because 时请加引号。"
        }
        Topic::CampaignResume => "须填写原因。若由止损暂停，请先核对数据：止损线仍然有效，费用再次越线会再次暂停。",
        Topic::Kpi => "每个指标与上周同日相比：箭头表示涨跌，文字表示是否变好。",
        Topic::AlertsList => "编号在您下次查看列表前有效。告警中的排在前面。",
        Topic::AlertsShow => "可用最近一次列表中的编号，或预警编号（alr_…）。",
        Topic::AlertsAck => "可用最近一次列表中的编号，或预警编号（alr_…）。先认领者负责跟进。",
        Topic::AlertsSilence => {
            "时长可写 30分钟、2小时、1天，不写则为 1 小时。严重的最长 4 小时，警告 3 天，提示 14 天。结束前会提醒；届时仍在告警则再次通知。止损不能静默。"
        }
        Topic::AlertsWhy => {
            "说明判断依据，是否被静默、维护、止损抑制或合并，以及每条消息的情况。可用最近一次列表中的编号，或预警编号（alr_…）。"
        }
        Topic::GoalsList => "进度为目前实际与目前应达到之比。预测为照最近几周的情况，截止时将达到多少。",
        Topic::GoalsShow => "可用编号（gol_…）、名称或名称的一部分查找，不区分大小写。",
        Topic::Budget => "进行中或已暂停且设有预算的营销活动，已用比例高的在前，并与时间进度对照。",
        Topic::Digest => "每天早上会自动发送同样的内容。内容涉及整个商家，仅能查看部分渠道的人不能使用。",
        Topic::Report => "每个财务周的第一天会自动发送同样的内容。",
        Topic::Schedule => {
            "写 日报 或 周报，再写时间、开启、关闭或 此处，例如：schedule 日报 08:30 此处。未设置时，两者均在早上发送到最早绑定的聊天频道。"
        }
        Topic::Help => "例如：help campaign pause",
    }
}
