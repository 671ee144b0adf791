//! What happened to an alert, in Simplified Chinese.

use tillwatch_shared::watch::AlertStep;

use super::super::{By, Names, Telling};
use super::Chinese;

impl Telling for Chinese {
    fn happened(&self, step: AlertStep, by: Option<&By>, reason: Option<&str>) -> Option<String> {
        let by = by.map(|by| format!("（{}）", self.by(by))).unwrap_or_default();
        let reason = reason.map(|reason| format!("：{reason}")).unwrap_or_default();
        Some(match step {
            AlertStep::Updated => return None,
            AlertStep::Opened => "触发预警".to_owned(),
            AlertStep::NoData => "数据中断，是否恢复尚不可知".to_owned(),
            AlertStep::Acknowledged => format!("已认领{by}"),
            AlertStep::CampaignLaunched => format!("营销活动已启动{by}{reason}"),
            AlertStep::CampaignPaused => format!("营销活动已暂停{by}{reason}"),
            AlertStep::CampaignResumed => format!("营销活动已恢复{by}{reason}"),
            AlertStep::CampaignChanged => format!("营销活动状态已变更{by}{reason}"),
            AlertStep::Silenced => format!("已静默{by}{reason}"),
            AlertStep::UnderMaintenance => format!("维护期间不通知{reason}"),
            AlertStep::Inhibited => "被同一营销活动的止损预警抑制".to_owned(),
            AlertStep::InQuietHours => "规则的免打扰时段内不通知".to_owned(),
            AlertStep::Spoke => "恢复通知".to_owned(),
            AlertStep::Escalated => "无人认领，已上报".to_owned(),
            AlertStep::Reminded => "仍在告警，已再次通知".to_owned(),
            AlertStep::Resolved => "已恢复".to_owned(),
        })
    }
}
