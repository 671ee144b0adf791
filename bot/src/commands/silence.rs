//! `alerts silence`.

use tillwatch_shared::watch::Alert;

use super::alerts::{learn, meant};
use super::{Asking, only_you};
use crate::api::{Answer, ApiError};
use crate::duration;
use crate::reply::{Reply, Tone};
use crate::wording::Topic;

/// For how long, where nothing was said.
const USUAL: u32 = 60;
/// The service's limit of a reason, in characters.
const REASON: usize = 500;
/// The longest silence by severity: critical, warning, info; in minutes.
const LONGEST: [u32; 3] = [240, 4_320, 20_160];

/// Silences an alert.
pub(super) async fn silence(
    typed: &str,
    duration: Option<&str>,
    reason: Option<&str>,
    asking: &Asking<'_>,
) -> Answer<Reply> {
    let words = asking.words;
    let example = asking.spelled(Topic::AlertsSilence, "1");
    let minutes = match duration.map(str::trim).filter(|duration| !duration.is_empty()) {
        None => USUAL,
        Some(text) => match duration::minutes(text) {
            Some(minutes) => minutes,
            None => return Ok(only_you(Tone::Refused, words.how_long(text, &example))),
        },
    };
    let id = match meant(typed, asking) {
        Ok(id) => id,
        Err(reply) => return Ok(*reply),
    };
    let Some(reason) = reason.map(str::trim).filter(|reason| !reason.is_empty()) else {
        let alert = asking.api.alert(asking.actor, id).await?;
        return Ok(only_you(Tone::Plain, words.silence_needs_reason(&alert.rule_name, &example)));
    };
    if reason.chars().count() > REASON {
        return Ok(only_you(Tone::Refused, words.reason_too_long(REASON)));
    }
    let done = match asking.api.silence(asking.actor, id, minutes, reason).await {
        Ok(done) => done,
        Err(error) => {
            let alert = asking.api.alert(asking.actor, id).await?;
            return refused(error, &alert, asking);
        }
    };
    let alert = &done.alert;
    learn(alert, asking);
    let until = alert.quiet.as_ref().and_then(|quiet| quiet.until).map(|until| asking.time(until));
    let (tone, said) = match (done.changed, alert.resolved_at, until) {
        (true, _, until) => (Tone::Good, words.silenced(&alert.rule_name, &until.unwrap_or_default())),
        (false, None, Some(until)) => (Tone::Plain, words.already_silenced(&alert.rule_name, &until)),
        (false, at, _) => {
            let at = at.unwrap_or(alert.opened_at);
            (Tone::Plain, words.already_resolved(&alert.rule_name, &asking.time(at)))
        }
    };
    Ok(only_you(tone, said))
}

/// A refusal that says what can be done instead.
fn refused(error: ApiError, alert: &Alert, asking: &Asking<'_>) -> Answer<Reply> {
    let words = asking.words;
    let fields = match &error {
        ApiError::Problem(problem) => problem.errors.as_slice(),
        _ => &[],
    };
    if fields.iter().any(|field| field.code == "stop_loss") {
        return Ok(only_you(Tone::Refused, words.cannot_silence_stop_loss(&alert.rule_name)));
    }
    if fields.iter().any(|field| field.pointer == "/minutes") {
        let [critical, warning, info] = LONGEST;
        let longest = match alert.severity {
            tillwatch_shared::watch::Severity::Critical => critical,
            tillwatch_shared::watch::Severity::Warning => warning,
            tillwatch_shared::watch::Severity::Info => info,
        };
        return Ok(only_you(Tone::Refused, words.silence_too_long(&words.length(longest))));
    }
    Err(error)
}
