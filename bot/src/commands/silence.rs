//! `alerts silence`.

use tillwatch_shared::permissions::Permission;
use tillwatch_shared::watch::Alert;

use super::alerts::{ALERT, learn, meant};
use super::spec::{CommandSpec, OptionSpec, Run, Texts, both};
use super::{Asking, only_you};
use crate::api::{Answer, ApiError};
use crate::duration;
use crate::reply::{Reply, Tone};

/// For how long, where nothing was said.
const USUAL: u32 = 60;
/// The service's limit of a reason, in characters.
const REASON: usize = 500;
/// The longest silence by severity: critical, warning, info; in minutes.
const LONGEST: [u32; 3] = [240, 4_320, 20_160];

/// For how long.
const DURATION: OptionSpec =
    OptionSpec::text("duration", "时长", both("30m, 2h or 1d; an hour if left out", "30分钟、2小时或1天；留空为1小时"))
        .at_most(30)
        .behind(&["for", "时长"])
        .example("2h");

/// Why.
const SILENCED_FOR: OptionSpec = OptionSpec::reason("静默的原因；留空时会再询问");

/// `alerts silence ALERT for HOW LONG because REASON`
pub(super) static SILENCE: CommandSpec = CommandSpec::new(
    "alerts silence",
    "静默",
    Texts {
        about: both("Silence an alert for a while", "静默预警一段时间"),
        line: both("silence an alert for a while; a reason is needed", "静默预警一段时间，须填写原因"),
        help: both(
            "Say for how long: 30m, 2h, 1d; an hour if you leave it out. Critical alerts for at most 4 hours, warnings for 3 days, the rest for 14 days. You are told before it ends, and what still fires then speaks. A stop-loss cannot be silenced.",
            "时长可写 30分钟、2小时、1天，不写则为 1 小时。严重的最长 4 小时，警告 3 天，提示 14 天。结束前会提醒；届时仍在告警则再次通知。止损不能静默。",
        ),
    },
    Run::Staff {
        needs: |_| Permission::AlertsSilence,
        run: |given, asking| {
            Box::pin(silence(given.wanted(&ALERT), given.text(&DURATION), given.reason(), asking))
        },
    },
)
.options(&[ALERT, DURATION, SILENCED_FOR])
.also(&["mute"])
.short(&["silence"])
.asks("silence", both("Silence alert", "静默预警"));

/// Silences an alert.
async fn silence(typed: &str, duration: Option<&str>, reason: Option<&str>, asking: &Asking<'_>) -> Answer<Reply> {
    let words = asking.words;
    let example = asking.usage(&SILENCE);
    let minutes = match duration {
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
    let Some(reason) = reason else {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Action, Command};
    use crate::commands::{handle, press};
    use crate::testing::command;
    use crate::testing::things::{deviation, me, stop_loss};
    use crate::testing::{FakeApi, Request, actor};
    use serde_json::{Value, json};
    use tillwatch_shared::Locale;
    use tillwatch_shared::permissions::Role;
    use tillwatch_shared::watch::{AlertState, Quiet, QuietWhy};

    /// An API with one alert, which answers a silence so.
    async fn with(alert: Alert, locale: Locale, answer: (u16, Value)) -> FakeApi {
        FakeApi::start(move |request: &Request| match request.what() {
            what if what == "GET /v1/me" => (200, serde_json::to_value(me(Role::Marketer, locale)).unwrap()),
            what if what.ends_with("/silence") => answer.clone(),
            _ => (200, serde_json::to_value(&alert).unwrap()),
        })
        .await
    }

    fn quiet() -> Alert {
        let until = Some("2025-11-14T17:02:00Z".parse().unwrap());
        let why = Quiet {
            why: QuietWhy::Silence,
            until,
            reason: Some("known".to_owned()),
            owner: None,
            silence: None,
            window: None,
            alert: None,
        };
        Alert { state: AlertState::Silenced, quiet: Some(why), ..deviation() }
    }

    fn wish(duration: Option<&str>, reason: Option<&str>) -> Command {
        let alert = deviation().id.to_string();
        command(
            "alerts silence",
            &[("alert", &alert), ("duration", duration.unwrap_or_default()), ("reason", reason.unwrap_or_default())],
        )
    }

    #[tokio::test]
    async fn an_alert_is_silenced_for_as_long_as_was_said_or_an_hour() {
        let done = (200, json!({ "changed": true, "alert": quiet() }));
        let fake = with(deviation(), Locale::En, done).await;
        let reply = handle(wish(Some("1d 6h"), Some("known")), &actor(), &fake.api()).await;
        assert_eq!(reply.title, "Silenced: Conversion falls");
        assert!(reply.body.starts_with("Until 14 Nov 2025, 12:02"), "{}", reply.body);
        press(Action::Silence(deviation().id), &actor(), &fake.api(), Some("known")).await;
        let bodies: Vec<Value> =
            fake.seen().iter().filter(|call| call.what().ends_with("/silence")).map(|call| call.body.clone()).collect();
        assert_eq!(bodies[0], json!({ "minutes": 1_800, "reason": "known" }));
        assert_eq!(bodies[1]["minutes"], 60);
    }

    #[tokio::test]
    async fn what_cannot_be_silenced_says_why_in_both_languages() {
        let refused = |pointer: &str, code: &str| {
            let field = json!({ "pointer": pointer, "code": code, "detail": "d" });
            let body = json!({
                "type": "t", "title": "t", "status": 422, "detail": "d", "instance": "i", "code": "validation_failed",
                "request_id": "r", "errors": [field],
            });
            (422, body)
        };
        for (locale, stop, long, length, why) in [
            (
                Locale::En,
                "A stop-loss cannot be silenced",
                "for at most 3 d",
                "is not a length of time",
                "Please say why",
            ),
            (Locale::ZhCn, "止损预警不能静默", "最长可静默 3 天", "不是时长", "请说明原因"),
        ] {
            let fake = with(stop_loss(), locale, refused("", "stop_loss")).await;
            let reply = handle(wish(None, Some("quiet")), &actor(), &fake.api()).await;
            assert!(reply.title.starts_with(stop), "{}", reply.title);
            let fake = with(deviation(), locale, refused("/minutes", "too_long")).await;
            let reply = handle(wish(Some("9w"), Some("quiet")), &actor(), &fake.api()).await;
            assert!(reply.body.contains(long), "{}", reply.body);
            let reply = handle(wish(Some("soon"), Some("quiet")), &actor(), &fake.api()).await;
            assert!(reply.title.contains(length), "{}", reply.title);
            let reply = handle(wish(Some("2h"), Some(" ")), &actor(), &fake.api()).await;
            assert!(reply.body.contains(why), "{}", reply.body);
        }
    }
}
