//! What happened to an alert, in English.

use tillwatch_shared::watch::AlertStep;

use super::super::{By, Names, Telling};
use super::English;

impl Telling for English {
    fn happened(&self, step: AlertStep, by: Option<&By>, reason: Option<&str>) -> Option<String> {
        let by = by.map(|by| format!(" by {}", self.by(by))).unwrap_or_default();
        let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        Some(match step {
            AlertStep::Updated => return None,
            AlertStep::Opened => "Raised".to_owned(),
            AlertStep::NoData => "No data arrives any more: whether it is over is not known".to_owned(),
            AlertStep::Acknowledged => format!("Acknowledged{by}"),
            AlertStep::CampaignLaunched => format!("Campaign launched{by}{reason}"),
            AlertStep::CampaignPaused => format!("Campaign paused{by}{reason}"),
            AlertStep::CampaignResumed => format!("Campaign resumed{by}{reason}"),
            AlertStep::CampaignChanged => format!("Campaign changed{by}{reason}"),
            AlertStep::Silenced => format!("Silenced{by}{reason}"),
            AlertStep::UnderMaintenance => format!("Kept quiet by a maintenance window{reason}"),
            AlertStep::Inhibited => "Inhibited: the stop-loss of the same campaign speaks for it".to_owned(),
            AlertStep::InQuietHours => "Kept quiet by the quiet hours of its rule".to_owned(),
            AlertStep::Spoke => "No longer quiet".to_owned(),
            AlertStep::Escalated => "Nobody has acknowledged it: told again".to_owned(),
            AlertStep::Reminded => "It still fires: told again".to_owned(),
            AlertStep::Resolved => "Back to normal".to_owned(),
        })
    }
}
