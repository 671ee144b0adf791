//! What happened to an incident, a line each, for the thread of its message.
//!
//! Pure: a delivery in, [`Line`]s out. The message shows how the incident is; its thread tells how it came to be so.
//! Invariants: a line of a step is the same whenever it is made, so it is found again among those that were told; its key
//! names delivery, alert and version, so that one step is told once.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use tillwatch_shared::watch::{Alert, AlertEvent, AlertStep, Delivery, ThreadStep};

use crate::incident::{metric_name, print};
use crate::wording::figures::{time, zone};
use crate::wording::{self, By, Label, Wording};

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The version of the alert that it tells of.
    pub version: i64,
    /// What it says.
    pub text: String,
    /// What names it: 24 characters.
    pub key: String,
}

/// What the thread is called.
pub fn name(alert: &Alert) -> String {
    let campaign = alert.campaign.as_ref().map(|campaign| campaign.name.as_str());
    match campaign.or(alert.channel.as_ref().map(|channel| channel.name.as_str())) {
        Some(place) => format!("{} · {place}", alert.rule_name),
        None => alert.rule_name.clone(),
    }
}

/// The lines that a delivery's thread has to tell, oldest first.
pub fn lines(delivery: &Delivery) -> Vec<Line> {
    let (Some(thread), Some(alert)) = (&delivery.thread, &delivery.alert) else { return Vec::new() };
    let words = wording::of(delivery.locale);
    let line = |told: &ThreadStep| {
        let what = what(alert, &told.step, words)?;
        let at = time(told.step.at, zone(&delivery.time_zone), delivery.locale);
        let text = format!("{at} · {} {what}", sign(told.step.event));
        Some(Line { version: told.version, text, key: key(delivery, alert, told.version) })
    };
    thread.steps.iter().filter_map(line).collect()
}

/// What happened, with the figures of that time where they say why.
fn what(alert: &Alert, step: &AlertEvent, words: &dyn Wording) -> Option<String> {
    let mut parts = vec![words.happened(step.event, by(step).as_ref(), step.reason.as_deref())?];
    let told = matches!(step.event, AlertStep::Opened | AlertStep::Resolved);
    if let Some(figures) = step.figures.as_ref().filter(|_| told) {
        let text = |value: f64| print(alert, value, words.locale());
        parts.push(words.pair(metric_name(alert, words.locale()), &text(figures.value)));
        let label = if alert.spec.is_stop_loss() { Label::StopLossLine } else { Label::Line };
        parts.extend(figures.line.map(|line| words.pair(words.label(label), &text(line))));
    }
    if step.event == AlertStep::Opened && alert.paused_campaign {
        parts.push(words.paused_for_it().to_owned());
    }
    Some(parts.join(" · "))
}

/// Who did it; what the service does by itself needs no name.
fn by(step: &AlertEvent) -> Option<By> {
    match step.actor_kind.as_str() {
        "staff" => Some(step.actor_name.clone().map_or(By::Colleague, By::Named)),
        "api_token" => Some(By::Token),
        "rule" => Some(By::Rule),
        _ => None,
    }
}

/// A sign, so that a thread is read at a glance.
fn sign(step: AlertStep) -> &'static str {
    match step {
        AlertStep::Opened => "🔔",
        AlertStep::Updated | AlertStep::CampaignChanged => "🔄",
        AlertStep::NoData => "❔",
        AlertStep::Acknowledged => "👀",
        AlertStep::CampaignLaunched | AlertStep::CampaignResumed => "▶️",
        AlertStep::CampaignPaused => "⏸️",
        AlertStep::Silenced | AlertStep::UnderMaintenance | AlertStep::Inhibited | AlertStep::InQuietHours => "🔕",
        AlertStep::Spoke => "🔊",
        AlertStep::Escalated => "⏫",
        AlertStep::Reminded => "🔁",
        AlertStep::Resolved => "✅",
    }
}

/// Names a line, whatever is retried: a message that shows one alert after another counts the versions of each.
fn key(delivery: &Delivery, alert: &Alert, version: i64) -> String {
    let hash = Sha256::new()
        .chain_update(delivery.id.0.as_bytes())
        .chain_update(alert.id.0.as_bytes())
        .chain_update(version.to_be_bytes())
        .finalize();
    URL_SAFE_NO_PAD.encode(&hash[..18])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::things::{delivery, friday, stop_loss, threshold};
    use tillwatch_shared::Locale;
    use tillwatch_shared::watch::{DeliveryThread, Figures, Transport};

    fn step(version: i64, event: AlertStep, actor: &str, reason: Option<&str>) -> ThreadStep {
        let figures = Figures { value: 900.0, line: Some(1_500.0), ..stop_loss().figures };
        let step = AlertEvent {
            at: friday(),
            event,
            actor_kind: actor.to_owned(),
            actor: None,
            actor_name: (actor == "staff").then(|| "Mei Lin".to_owned()),
            via: "api".to_owned(),
            figures: Some(figures),
            reason: reason.map(str::to_owned),
        };
        ThreadStep { version, step }
    }

    fn told(alert: Alert, locale: Locale, steps: Vec<ThreadStep>) -> Vec<Line> {
        let thread = Some(DeliveryThread { told: 0, steps });
        lines(&Delivery { thread, ..delivery(alert, Transport::Discord, locale) })
    }

    fn texts(lines: &[Line]) -> Vec<&str> {
        lines.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn a_line_tells_when_what_by_whom_and_why_in_the_retailers_language() {
        let steps = || {
            vec![
                step(1, AlertStep::Opened, "rule", None),
                step(2, AlertStep::Updated, "rule", None),
                step(3, AlertStep::CampaignResumed, "staff", Some("Budget moved")),
                step(4, AlertStep::CampaignPaused, "api_token", None),
                step(5, AlertStep::Escalated, "system", None),
            ]
        };
        assert_eq!(
            texts(&told(stop_loss(), Locale::En, steps())),
            [
                "14 Nov 2025, 10:02 · 🔔 Raised · Spend: $900.00 · Stop-loss line: $1,500.00 · The campaign was paused for it.",
                "14 Nov 2025, 10:02 · ▶️ Campaign resumed by Mei Lin: Budget moved",
                "14 Nov 2025, 10:02 · ⏸️ Campaign paused by a partner's program",
                "14 Nov 2025, 10:02 · ⏫ Nobody has acknowledged it: told again",
            ]
        );
        assert_eq!(
            texts(&told(stop_loss(), Locale::ZhCn, steps()))[1..3],
            [
                "2025年11月14日 10:02 · ▶️ 营销活动已恢复（Mei Lin）：Budget moved",
                "2025年11月14日 10:02 · ⏸️ 营销活动已暂停（合作方程序）"
            ]
        );
    }

    #[test]
    fn a_key_names_one_step_of_one_alert_in_one_message() {
        let steps = || vec![step(1, AlertStep::Opened, "rule", None), step(2, AlertStep::Resolved, "system", None)];
        let (one, again) = (told(stop_loss(), Locale::En, steps()), told(stop_loss(), Locale::En, steps()));
        assert_eq!(one, again);
        let other = told(threshold(), Locale::En, steps());
        let keys: std::collections::BTreeSet<&str> = one.iter().chain(&other).map(|line| line.key.as_str()).collect();
        assert_eq!(keys.len(), if stop_loss().id == threshold().id { 2 } else { 4 });
        assert!(keys.iter().all(|key| key.len() == 24));
        assert_eq!(name(&stop_loss()), "Coupons stop at $1,500 · Autumn coupons");
    }
}
