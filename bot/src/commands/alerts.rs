//! `alerts list | show | ack`.

use tillwatch_shared::ids::AlertId;
use tillwatch_shared::permissions::Permission;
use tillwatch_shared::watch::{Alert, AlertEvent, AlertState};

use super::spec::{CommandSpec, GroupSpec, OptionSpec, Run, Texts, both};
use super::{Asking, Completing, only_you, silence, why};
use crate::api::Answer;
use crate::incident::{buttons, described, mark, metric_name};
use crate::reply::{Reply, Tone};
use crate::wording::figures::figure;
use crate::wording::{By, Label};

/// Alerts of each state in one list.
const SHOWN: u16 = 10;
/// Steps of a timeline, the newest.
const STEPS: u16 = 12;

/// Which one.
pub(super) const ALERT: OptionSpec =
    OptionSpec::text("alert", "预警", both("Number in the last list, or id", "最近一次列表中的编号，或预警编号"))
        .required()
        .completing(Completing::Alert)
        .example("1");

/// `alerts list`
static LIST: CommandSpec = CommandSpec::new(
    "alerts list",
    "列表",
    Texts {
        about: both("List the open alerts", "列出未恢复的预警"),
        line: both("open alerts, numbered", "未恢复的预警，带编号"),
        help: both(
            "The numbers hold until your next list. Firing ones come first.",
            "编号在您下次查看列表前有效。告警中的排在前面。",
        ),
    },
    Run::Staff { needs: |_| Permission::AlertsRead, run: |_, asking| Box::pin(list(asking)) },
)
.bare(str::is_empty);

/// `alerts show ALERT`
pub(super) static SHOW: CommandSpec = CommandSpec::new(
    "alerts show",
    "查看",
    Texts {
        about: both("Show an alert with its timeline", "查看某条预警及其时间线"),
        line: both("one alert with its timeline", "单个预警及其时间线"),
        help: both(
            "By the number of your last list, or by its id (alr_…).",
            "可用最近一次列表中的编号，或预警编号（alr_…）。",
        ),
    },
    Run::Staff { needs: |_| Permission::AlertsRead, run: |given, asking| Box::pin(show(given.wanted(&ALERT), asking)) },
)
.options(&[ALERT])
.also(&["open"])
.bare(|typed| typed.trim_start_matches('#').parse::<usize>().is_ok() || typed.starts_with("alr_"))
.private();

/// `alerts ack ALERT`
pub(crate) static ACK: CommandSpec = CommandSpec::new(
    "alerts ack",
    "认领",
    Texts {
        about: both("Acknowledge an alert: you take care of it", "认领预警：由您跟进"),
        line: both("take an alert; the team sees that you have it", "认领预警，团队可见由您跟进"),
        help: both(
            "By the number of your last list, or by its id (alr_…). The first who takes it has it.",
            "可用最近一次列表中的编号，或预警编号（alr_…）。先认领者负责跟进。",
        ),
    },
    Run::Staff {
        needs: |_| Permission::AlertsAcknowledge,
        run: |given, asking| Box::pin(acknowledge(given.wanted(&ALERT), asking)),
    },
)
.options(&[ALERT])
.also(&["acknowledge"])
.short(&["ack"]);

/// `alerts …`
pub(crate) static ALERTS: GroupSpec = GroupSpec {
    name: "alerts",
    also: &["alert"],
    zh_name: "预警",
    about: both("Alerts: list, show, acknowledge, silence", "预警：列表、查看、认领、静默"),
    commands: &[&LIST, &SHOW, &ACK, &silence::SILENCE, &why::WHY],
};

/// Open alerts with numbers, firing ones first.
async fn list(asking: &Asking<'_>) -> Answer<Reply> {
    let words = asking.words;
    let (firing, silenced, taken) = tokio::try_join!(
        asking.api.alerts(asking.actor, AlertState::Firing, SHOWN),
        asking.api.alerts(asking.actor, AlertState::Silenced, SHOWN),
        asking.api.alerts(asking.actor, AlertState::Acknowledged, SHOWN),
    )?;
    let more = [&firing, &silenced, &taken].iter().any(|page| page.next_cursor.is_some());
    let alerts: Vec<Alert> = firing.data.into_iter().chain(taken.data).chain(silenced.data).collect();
    asking.api.memory().remember_alerts(asking.actor, alerts.iter().map(|alert| alert.id).collect());
    if alerts.is_empty() {
        let said = words.all_quiet();
        return Ok(Reply::say(Tone::Good, said.title, said.body));
    }
    let mut title = words.open_alerts(alerts.len());
    if more {
        title.push_str(" …");
    }
    let mut lines: Vec<String> =
        alerts.iter().enumerate().map(|(place, alert)| line(place + 1, alert, asking)).collect();
    lines.push(words.alerts_hint(&asking.usage(&SHOW), &asking.usage(&ACK)));
    Ok(Reply::say(crate::incident::tone(&alerts[0]), title, lines.join("\n")))
}

fn line(number: usize, alert: &Alert, asking: &Asking<'_>) -> String {
    let words = asking.words;
    let value = figure(alert.figures.value, &alert.unit, &alert.currency, words.locale());
    let figures = words.pair(metric_name(alert, words.locale()), &value);
    let state = words.since(words.alert_state(alert.state), &asking.time(alert.opened_at));
    let by = alert.acknowledged_by.as_ref().map(|staff| format!(" · {}", staff.name)).unwrap_or_default();
    format!("{number}. {} {} · {figures} · {state}{by}", mark(alert), alert.rule_name)
}

/// The alert that is meant: a number of the last list, or an id.
pub(super) fn meant(typed: &str, asking: &Asking<'_>) -> Result<AlertId, Box<Reply>> {
    let typed = typed.trim().trim_start_matches('#');
    let list = asking.usage(&LIST);
    if let Ok(number) = typed.parse::<usize>() {
        return asking
            .api
            .memory()
            .numbered_alert(asking.actor, number)
            .map_err(|shown| Box::new(only_you(Tone::Refused, asking.words.unknown_number(number, shown, &list))));
    }
    typed.parse().map_err(|_| Box::new(only_you(Tone::Refused, asking.words.not_an_alert(typed, &list))))
}

/// One alert with its timeline.
async fn show(typed: &str, asking: &Asking<'_>) -> Answer<Reply> {
    let id = match meant(typed, asking) {
        Ok(id) => id,
        Err(reply) => return Ok(*reply),
    };
    let (alert, timeline) =
        tokio::try_join!(asking.api.alert(asking.actor, id), asking.api.timeline(asking.actor, id, STEPS))?;
    learn(&alert, asking);
    let words = asking.words;
    // Every step made one version.
    let all = usize::try_from(alert.version).unwrap_or_default();
    let skipped = if timeline.next_cursor.is_some() { all.saturating_sub(timeline.data.len()) } else { 0 };
    let mut steps: Vec<String> = timeline.data.iter().rev().map(|step| step_line(step, &alert, asking)).collect();
    if skipped > 0 {
        steps.insert(0, words.more(skipped));
    }
    let mut reply = described(&alert, words, asking.zone)
        .field(words.label(Label::Timeline), steps.join("\n"), false)
        .field(words.label(Label::Id), alert.id.to_string(), true);
    reply.buttons = buttons(&alert, words);
    Ok(reply.private())
}

fn step_line(step: &AlertEvent, alert: &Alert, asking: &Asking<'_>) -> String {
    let words = asking.words;
    let what = words.step(step.event);
    let value = step
        .figures
        .as_ref()
        .map(|figures| format!(" · {}", figure(figures.value, &alert.unit, &alert.currency, words.locale())));
    // What the system does by itself needs no name.
    let by = match asking.actor_of(&step.actor_kind, step.actor.as_deref(), step.actor_name.as_deref()) {
        By::System => String::new(),
        by => format!(" · {}", words.by(&by)),
    };
    format!("{} · {what}{}{by}", asking.time(step.at), value.unwrap_or_default())
}

/// Takes an alert.
async fn acknowledge(typed: &str, asking: &Asking<'_>) -> Answer<Reply> {
    let id = match meant(typed, asking) {
        Ok(id) => id,
        Err(reply) => return Ok(*reply),
    };
    let done = asking.api.acknowledge(asking.actor, id).await?;
    let (words, alert) = (asking.words, &done.alert);
    learn(alert, asking);
    let (tone, said) = match (done.changed, alert.resolved_at) {
        (true, _) => (Tone::Good, words.acknowledged(&alert.rule_name)),
        (false, Some(at)) => (Tone::Plain, words.already_resolved(&alert.rule_name, &asking.time(at))),
        (false, None) => {
            let by = alert.acknowledged_by.as_ref();
            let by = by.map_or(By::Colleague, |staff| asking.staff(staff.id, Some(&staff.name)));
            let when = asking.time(alert.acknowledged_at.unwrap_or(alert.opened_at));
            (Tone::Plain, words.already_acknowledged(&alert.rule_name, &by, &when))
        }
    };
    Ok(only_you(tone, said))
}

/// Histories tell ids only; an alert tells who took it by name.
pub(super) fn learn(alert: &Alert, asking: &Asking<'_>) {
    if let Some(staff) = &alert.acknowledged_by {
        asking.api.memory().learn_name(staff.id, &staff.name);
    }
}
