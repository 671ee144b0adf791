//! `alerts why`: why an alert was told, or was not.

use tillwatch_shared::ids::RuleId;
use tillwatch_shared::permissions::Permission;
use tillwatch_shared::watch::{Alert, AlertMessage, Evaluation};

use super::Asking;
use super::alerts::{ALERT, learn, meant};
use super::link::LINK;
use super::spec::{CommandSpec, Run, Texts, both};
use crate::api::Answer;
use crate::incident::{described, kept_quiet};
use crate::reply::{Reply, Tone};
use crate::wording::figures::{day, figure, plain};
use crate::wording::{Label, Route};

/// Days of a rule that are shown.
const DAYS: u16 = 8;

/// `alerts why ALERT`
pub(super) static WHY: CommandSpec = CommandSpec::new(
    "alerts why",
    "为什么",
    Texts {
        about: both("Why you got an alert, or did not", "为什么收到或没有收到某条预警"),
        line: both("why you got an alert, or did not", "为什么收到或没有收到某条预警"),
        help: both(
            "Tells what it was judged by, whether a silence, maintenance, a stop-loss or a storm held it back, and what became of each message. By the number of your last list, or by its id (alr_…).",
            "说明判断依据，是否被静默、维护、止损抑制或合并，以及每条消息的情况。可用最近一次列表中的编号，或预警编号（alr_…）。",
        ),
    },
    Run::Staff {
        needs: |_| Permission::AlertsRead,
        run: |given, asking| Box::pin(why(given.wanted(&ALERT), asking)),
    },
)
.options(&[ALERT])
.private();

/// What is known of an alert's way to the chats, question by question.
async fn why(typed: &str, asking: &Asking<'_>) -> Answer<Reply> {
    if let Ok(rule) = typed.trim().parse::<RuleId>() {
        return rule_said(rule, asking).await;
    }
    let id = match meant(typed, asking) {
        Ok(id) => id,
        Err(reply) => return Ok(*reply),
    };
    let why = asking.api.why(asking.actor, id).await?;
    let lately = asking.api.evaluations(asking.actor, why.alert.rule, DAYS).await?;
    learn(&why.alert, asking);
    let (words, alert) = (asking.words, &why.alert);
    let mut lines = vec![words.why_deduplicated(why.updates)];
    lines.push(match &alert.quiet {
        Some(quiet) => kept_quiet(quiet, words, asking.zone),
        None => words.why_not_quiet().to_owned(),
    });
    if let Some(flapping) = &alert.flapping {
        lines.push(words.flapping(flapping.times, &asking.time(flapping.since)));
    }
    if let Some(group) = alert.group {
        lines.push(words.why_grouped(&group.to_string()));
    }
    lines.push(match why.told_since {
        Some(since) => words.why_told(&asking.time(since), why.told_again),
        None => words.why_never_told().to_owned(),
    });
    if why.linked_chats == 0 {
        lines.push(words.why_no_chat(&asking.usage(&LINK)));
    }
    let route = |message: &AlertMessage| {
        words.why_route(&Route {
            transport: message.transport,
            notice: message.notice,
            state: message.state,
            attempts: message.attempts,
            error: message.last_error.as_deref(),
            at: &asking.time(message.ordered_at),
        })
    };
    let routes: Vec<String> = why.messages.iter().map(route).collect();
    let mut reply = described(alert, words, asking.zone);
    // Before the figures: the way is asked for, and it must not be cut off by them.
    let figures = std::mem::take(&mut reply.fields);
    reply = reply
        .field(words.label(Label::Why), lines.join("\n"), false)
        .field(words.label(Label::Messages), routes.join("\n"), false)
        .field(words.label(Label::Lately), days(&lately.data, Some(alert), asking), false)
        .field(words.label(Label::Id), alert.id.to_string(), true);
    reply.fields.extend(figures);
    Ok(reply.private())
}

/// What a rule said of its last days: why it raised an alert, or did not.
async fn rule_said(rule: RuleId, asking: &Asking<'_>) -> Answer<Reply> {
    let said = asking.api.evaluations(asking.actor, rule, DAYS).await?;
    let words = asking.words;
    let lines = days(&said.data, None, asking);
    let lines = if lines.is_empty() { words.why_never_judged().to_owned() } else { lines };
    let reply = Reply::say(Tone::Plain, words.label(Label::Lately), lines);
    Ok(reply.field(words.label(Label::Id), rule.to_string(), true).private())
}

/// Each day on a line: the day, where, what came of it, and the figure, in the unit of `alert` where that is known.
fn days(said: &[Evaluation], alert: Option<&Alert>, asking: &Asking<'_>) -> String {
    let (words, locale) = (asking.words, asking.words.locale());
    let line = |one: &Evaluation| {
        let when = day(one.window_start.with_timezone(&asking.zone).date_naive(), locale);
        let place = one.channel.as_ref().map(|channel| format!(" · {}", channel.name)).unwrap_or_default();
        let value = one.figures.as_ref().map(|figures| match alert {
            Some(alert) => figure(figures.value, &alert.unit, &alert.currency, locale),
            None => plain(figures.value, 2),
        });
        let value = value.map(|value| format!(" · {value}")).unwrap_or_default();
        format!("{when}{place} · {}{value}", words.outcome(one.outcome))
    };
    said.iter().map(line).collect::<Vec<_>>().join("\n")
}
