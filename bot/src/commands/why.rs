//! `alerts why`: why an alert was told, or was not.

use tillwatch_shared::ids::RuleId;
use tillwatch_shared::watch::{Alert, AlertMessage, Evaluation};

use super::Asking;
use super::alerts::{learn, meant};
use crate::api::Answer;
use crate::incident::{described, kept_quiet};
use crate::reply::{Reply, Tone};
use crate::wording::figures::{day, figure, plain};
use crate::wording::{Label, Route, Topic};

/// Days of a rule that are shown.
const DAYS: u16 = 8;

/// What is known of an alert's way to the chats, question by question.
pub(super) async fn why(typed: &str, asking: &Asking<'_>) -> Answer<Reply> {
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
        lines.push(words.why_no_chat(&asking.spelled(Topic::Link, "CODE")));
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
