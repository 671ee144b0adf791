//! Notices as messages: what is told in chat beside the alerts themselves.
//!
//! Pure: a delivery and its notice in, a [`Reply`] out; the same for every chat.

use chrono_tz::Tz;
use tillwatch_shared::watch::{
    Alert, AlertDigest, AlertState, Counted, MaintenanceWindow, NamedStaff, Notice, NoticeKind, QuietState, Silence,
};

use crate::incident::{described, mark, metric_name};
use crate::reply::{Reply, Tone};
use crate::report;
use crate::wording::figures::{figure, time};
use crate::wording::{By, Label, Planned, Wording};

/// The message of a notice; `alert` is the one that it is about, if it is about one.
pub(crate) fn told(notice: &Notice, alert: Option<&Alert>, words: &dyn Wording, zone: Tz) -> Reply {
    if let Some(report) = &notice.daily {
        return report::daily(report, words, zone);
    }
    if let Some(report) = &notice.weekly {
        return report::weekly(report, words);
    }
    if let Some(silence) = &notice.silence {
        return silence_ending(silence, words, zone);
    }
    if let (NoticeKind::Escalation | NoticeKind::Reminder, Some(alert)) = (notice.kind, alert) {
        return again(notice, alert, words, zone);
    }
    match (&notice.window, &notice.digest, alert) {
        (Some(window), None, _) => announced(window, words, zone),
        (Some(window), Some(digest), _) => over(window, digest, words, zone),
        (None, Some(digest), _) => storm(notice, digest, words),
        (None, None, Some(alert)) => described(alert, words, zone),
        (None, None, None) => Reply::say(Tone::Plain, words.label(Label::None), ""),
    }
}

/// An alert that is told again. Once it is taken, or over, the message says that.
fn again(notice: &Notice, alert: &Alert, words: &dyn Wording, zone: Tz) -> Reply {
    let since = time(alert.opened_at, zone, words.locale());
    let mut reply = described(alert, words, zone);
    let waits = matches!(alert.state, AlertState::Firing | AlertState::Silenced);
    let line = match notice.kind {
        NoticeKind::Escalation if waits => Some(words.nobody_took(&since)),
        NoticeKind::Reminder if alert.state != AlertState::Resolved => Some(words.still_fires(&since)),
        _ => None,
    };
    if let Some(line) = line {
        reply.body = format!("{line}\n{}", reply.body);
    }
    reply
}

/// Many alerts at once in one message.
fn storm(notice: &Notice, digest: &AlertDigest, words: &dyn Wording) -> Reply {
    let said = words.storm(digest, &format!("/v1/alerts?group={}", notice.id));
    digested(Reply::say(tone(digest), said.title, said.body), digest, words)
}

fn owner(owner: Option<&NamedStaff>) -> By {
    owner.map_or(By::Token, |staff| By::Named(staff.name.clone()))
}

fn silence_ending(silence: &Silence, words: &dyn Wording, zone: Tz) -> Reply {
    let until = time(silence.ends_at, zone, words.locale());
    let said = words.silence_ending(&until, &owner(silence.owner.as_ref()), &silence.reason);
    Reply::say(Tone::Warning, said.title, said.body).field(words.label(Label::Id), silence.id.to_string(), true)
}

fn announced(window: &MaintenanceWindow, words: &dyn Wording, zone: Tz) -> Reply {
    let at = |at| time(at, zone, words.locale());
    let planned = Planned {
        state: window.state,
        called_off: window.state == QuietState::Over && window.starts_at >= window.ends_at,
        from: &at(window.starts_at),
        until: &at(window.ends_at),
        by: &owner(window.owner.as_ref()),
        reason: &window.reason,
    };
    let said = words.window_announced(&planned);
    Reply::say(Tone::Plain, said.title, said.body).field(words.label(Label::Id), window.id.to_string(), true)
}

fn over(window: &MaintenanceWindow, digest: &AlertDigest, words: &dyn Wording, zone: Tz) -> Reply {
    let at = |at| time(at, zone, words.locale());
    let said = words.window_over(&at(window.starts_at), &at(window.ends_at), &window.reason);
    let body = if digest.alerts == 0 {
        format!("{}\n{}", said.body, words.nothing_fired())
    } else {
        format!("{}\n{}", said.body, words.many(digest))
    };
    let reply = Reply::say(tone(digest), said.title, body);
    digested(reply, digest, words).field(words.label(Label::Id), window.id.to_string(), true)
}

fn tone(digest: &AlertDigest) -> Tone {
    if digest.firing > 0 {
        return digest.worst.first().map_or(Tone::Warning, crate::incident::tone);
    }
    if digest.acknowledged > 0 { Tone::Warning } else { Tone::Good }
}

/// The counts and the worst of many alerts, each in a field.
fn digested(reply: Reply, digest: &AlertDigest, words: &dyn Wording) -> Reply {
    let counts = |counted: &[Counted]| {
        let lines = counted.iter().map(|one| words.pair(&one.name, &words.of_them_open(one.alerts, one.open)));
        lines.collect::<Vec<_>>().join("\n")
    };
    let worst: Vec<String> = digest.worst.iter().map(|alert| line(alert, words)).collect();
    let shown = u32::try_from(worst.len()).unwrap_or(u32::MAX);
    let mut worst = worst.join("\n");
    if let Some(left) = digest.alerts.checked_sub(shown).filter(|left| *left > 0) {
        worst = format!("{worst}\n{}", words.more(usize::try_from(left).unwrap_or(usize::MAX)));
    }
    reply
        .field(words.label(Label::Worst), worst, false)
        .field(words.label(Label::Rules), counts(&digest.rules), false)
        .field(words.label(Label::Channels), counts(&digest.channels), false)
}

/// One alert on one line, with the id by which it is asked for.
fn line(alert: &Alert, words: &dyn Wording) -> String {
    let value = figure(alert.figures.value, &alert.unit, &alert.currency, words.locale());
    let place = alert.campaign.as_ref().map(|campaign| campaign.name.as_str());
    let place = place.or(alert.channel.as_ref().map(|channel| channel.name.as_str()));
    let place = place.map(|place| format!(" · {place}")).unwrap_or_default();
    let figures = words.pair(metric_name(alert, words.locale()), &value);
    // A long name must not push the others out of the field.
    let short = |text: &str| text.chars().take(40).collect::<String>();
    format!("{} {}{} · {figures} · {}", mark(alert), short(&alert.rule_name), short(&place), alert.id)
}
