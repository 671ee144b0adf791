//! `alerts why`: why an alert was told, or was not.

use tillwatch_shared::watch::AlertMessage;

use super::Asking;
use super::alerts::{learn, meant};
use crate::api::Answer;
use crate::incident::{described, kept_quiet};
use crate::reply::Reply;
use crate::wording::{Label, Route, Topic};

/// What is known of an alert's way to the chats, question by question.
pub(super) async fn why(typed: &str, asking: &Asking<'_>) -> Answer<Reply> {
    let id = match meant(typed, asking) {
        Ok(id) => id,
        Err(reply) => return Ok(*reply),
    };
    let why = asking.api.why(asking.actor, id).await?;
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
        .field(words.label(Label::Id), alert.id.to_string(), true);
    reply.fields.extend(figures);
    Ok(reply.private())
}
