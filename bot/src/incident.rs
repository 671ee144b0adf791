//! An alert as a message: what happened, its figures, what can be done.
//!
//! Pure: a delivery in, a [`Reply`] out; the same for every chat. Invariants: buttons follow the states (a paused
//! campaign is not paused again, an alert that is taken is not taken again); the footer is the 22 characters after
//! `dlv_`, by which a chat's message is found again after a crash; the reply is within a message's limits.

use chrono_tz::Tz;
use tillwatch_shared::Locale;
use tillwatch_shared::plan::CampaignState;
use tillwatch_shared::watch::{
    Alert, AlertState, Contributed, Delivery, Quiet, QuietWhy, RuleBucket, Severity, Told, template,
};

use crate::command::Action;
use crate::notice;
use crate::reply::{Button, Picture, Reply, Tone};
use crate::wording::figures::{day, figure, plain, share, time, zone};
use crate::wording::{self, By, Label, Wording};

/// The message that shows this version of the incident.
pub fn incident(delivery: &Delivery, picture: Option<Picture>) -> Reply {
    let words = wording::of(delivery.locale);
    let zone = zone(&delivery.time_zone);
    let mut reply = match (&delivery.notice, &delivery.alert) {
        (Some(notice), alert) => notice::told(notice, alert.as_ref(), words, zone),
        (None, Some(alert)) => described(alert, words, zone),
        (None, None) => Reply::say(Tone::Plain, words.label(Label::None), ""),
    };
    reply = reply.field(words.label(Label::Retailer), &delivery.retailer, true);
    reply.buttons = delivery.alert.as_ref().map(|alert| buttons(alert, words)).unwrap_or_default();
    reply.picture = picture;
    reply.footer = Some(nonce(delivery));
    reply.within_limits()
}

/// The 22 characters that name a delivery in a chat.
pub fn nonce(delivery: &Delivery) -> String {
    let id = delivery.id.to_string();
    id.rsplit_once('_').map_or(id.clone(), |(_, characters)| characters.to_owned())
}

/// Title, explanation, figures: what a message and `alerts show` have in common.
pub(crate) fn described(alert: &Alert, words: &dyn Wording, zone: Tz) -> Reply {
    let locale = words.locale();
    let title = format!("{} {} · {}", mark(alert), words.alert_state(alert.state), alert.rule_name);
    let told = told(alert, words, zone);
    let mut body = alert.spec.says().said(&told, locale);
    // A stop-loss says so itself.
    if alert.paused_campaign && !alert.spec.is_stop_loss() {
        body = format!("{body}\n{}", words.paused_for_it());
    }
    if let Some(own) = &alert.message {
        body = format!("{}\n{body}", in_own_words(own, alert, &told));
    }
    if let Some(since) = alert.no_data_since.filter(|_| alert.resolved_at.is_none()) {
        body = format!("{body}\n{}", words.silent(&time(since, zone, locale)));
    }
    if let Some(at) = alert.acknowledged_at {
        let by = alert.acknowledged_by.as_ref().map_or(By::Colleague, |staff| By::Named(staff.name.clone()));
        body = format!("{body}\n{}", words.taken(&by, &time(at, zone, locale)));
    }
    if let Some(at) = alert.resolved_at {
        body = format!("{body}\n{}", words.over(&time(at, zone, locale)));
    }
    if let Some(quiet) = alert.quiet.as_ref().filter(|_| alert.resolved_at.is_none()) {
        body = format!("{body}\n{}", kept_quiet(quiet, words, zone));
    }
    if let Some(flapping) = &alert.flapping {
        body = format!("{body}\n{}", words.flapping(flapping.times, &time(flapping.since, zone, locale)));
    }
    let reply = Reply::say(tone(alert), title, body);
    let reply = figures(reply, alert, words);
    let reply = moved_by(reply, alert, words);
    let severity = words.severity(alert.severity);
    let reply = match &alert.campaign {
        Some(campaign) => {
            let state = words.campaign_state(campaign.state);
            reply.field(words.label(Label::Campaign), words.aside(&campaign.name, state), true)
        }
        None => reply,
    };
    let channel = alert.channel.as_ref().map_or(words.label(Label::AllChannels), |channel| channel.name.as_str());
    reply
        .field(words.label(Label::Channel), channel, true)
        .field(words.label(Label::Window), window(alert, locale, zone), true)
        .field(words.label(Label::Severity), severity, true)
        .field(words.label(Label::Raised), time(alert.opened_at, zone, locale), true)
}

/// What keeps an alert quiet, in words.
pub(crate) fn kept_quiet(quiet: &Quiet, words: &dyn Wording, zone: Tz) -> String {
    let until = quiet.until.map(|at| time(at, zone, words.locale()));
    let by = quiet.owner.as_ref().map(|staff| By::Named(staff.name.clone()));
    words.kept_quiet(quiet.why, until.as_deref(), by.as_ref(), quiet.reason.as_deref())
}

/// A metric's name in the reader's language.
pub(crate) fn metric_name(alert: &Alert, locale: Locale) -> &str {
    match locale {
        Locale::En => &alert.metric_en,
        Locale::ZhCn => &alert.metric_zh,
    }
}

/// A sign for state and kind, so that a list is read at a glance.
pub(crate) fn mark(alert: &Alert) -> &'static str {
    match (alert.state, alert.spec.is_stop_loss(), alert.severity) {
        (AlertState::Resolved, ..) => "✅",
        (AlertState::Acknowledged, ..) => "👀",
        (AlertState::Silenced, ..) => "🔕",
        (AlertState::Firing, true, _) => "⛔",
        (AlertState::Firing, _, Severity::Critical) => "🔴",
        (AlertState::Firing, _, Severity::Warning) => "🟠",
        (AlertState::Firing, _, Severity::Info) => "🔵",
    }
}

/// The colour.
pub(crate) fn tone(alert: &Alert) -> Tone {
    match (alert.state, alert.spec.is_stop_loss(), alert.severity) {
        (AlertState::Resolved, ..) => Tone::Good,
        (AlertState::Silenced, ..) => Tone::Plain,
        (_, true, _) | (_, _, Severity::Critical) => Tone::Critical,
        (_, _, Severity::Warning) => Tone::Warning,
        (_, _, Severity::Info) => Tone::Plain,
    }
}

/// What can be done, by the states of alert and campaign.
pub(crate) fn buttons(alert: &Alert, words: &dyn Wording) -> Vec<Button> {
    let mut buttons = Vec::with_capacity(4);
    if let Some(campaign) = &alert.campaign {
        let running = campaign.state == CampaignState::Active;
        let label = if running { Label::ButtonPause } else { Label::ButtonPaused };
        buttons.push(Button {
            label: words.label(label).to_owned(),
            action: Action::Pause(campaign.id),
            disabled: !running,
        });
    }
    let label = match alert.state {
        AlertState::Firing | AlertState::Silenced => Label::ButtonAcknowledge,
        AlertState::Acknowledged => Label::ButtonAcknowledged,
        AlertState::Resolved => Label::Resolved,
    };
    buttons.push(Button {
        label: words.label(label).to_owned(),
        action: Action::Acknowledge(alert.id),
        disabled: matches!(alert.state, AlertState::Acknowledged | AlertState::Resolved),
    });
    // A stop-loss cannot be silenced.
    if !alert.spec.is_stop_loss() && alert.state != AlertState::Resolved {
        let silenced = alert.quiet.as_ref().is_some_and(|quiet| quiet.why == QuietWhy::Silence);
        buttons.push(Button {
            label: words.label(Label::ButtonSilence).to_owned(),
            action: Action::Silence(alert.id),
            disabled: silenced,
        });
    }
    buttons.push(Button {
        label: words.label(Label::ButtonOpen).to_owned(),
        action: Action::Open(alert.id),
        disabled: false,
    });
    buttons
}

/// Which channels moved the figure, each on a line.
fn moved_by(reply: Reply, alert: &Alert, words: &dyn Wording) -> Reply {
    let Some(contribution) = &alert.contribution else { return reply };
    let signed = |change: f64| {
        let sign = if change < 0.0 { "−" } else { "+" };
        format!("{sign}{}", print(alert, change.abs(), words.locale()))
    };
    let line = |part: &Contributed| {
        let change = words.aside(&signed(part.change), &share(part.share));
        words.pair(&part.channel.name, &change)
    };
    let lines: Vec<String> = contribution.parts.iter().map(line).collect();
    let change = words.against_weeks(&signed(contribution.change), contribution.days);
    reply.field(words.label(Label::Moved), format!("{change}\n{}", lines.join("\n")), false)
}

/// A figure of the alert, as text.
pub(crate) fn print(alert: &Alert, value: f64, locale: Locale) -> String {
    figure(value, alert.spec.says().unit(&alert.unit), &alert.currency, locale)
}

/// The day or hour that was judged; for a stop-loss the moment of the sample that crossed the line.
fn window(alert: &Alert, locale: Locale, zone: Tz) -> String {
    if alert.spec.is_stop_loss() || alert.timing.bucket == RuleBucket::Hour {
        return time(alert.window_start, zone, locale);
    }
    day(alert.window_start.with_timezone(&zone).date_naive(), locale)
}

/// The figures, printed for a sentence.
fn told<'a>(alert: &'a Alert, words: &dyn Wording, zone: Tz) -> Told<'a> {
    let (figures, locale) = (&alert.figures, words.locale());
    let text = |value: f64| print(alert, value, locale);
    let campaign = alert.campaign.as_ref().map(|campaign| campaign.name.as_str());
    let off = figures.expected.filter(|expected| *expected != 0.0);
    Told {
        metric: metric_name(alert, locale),
        place: campaign.or(alert.channel.as_ref().map(|channel| channel.name.as_str())),
        when: words.when(&window(alert, locale, zone), alert.timing.window, alert.timing.bucket),
        value: text(figures.value),
        line: figures.line.map(text),
        // Before the line there is nothing past it: a resolved alert's newest figure.
        overshoot: figures.overshoot.filter(|over| *over > 0.0).map(text),
        overshoot_share: figures.overshoot_share.map(share),
        expected: figures.expected.map(text),
        sigma: figures.sigma.map(text),
        z: figures.z.map(|z| plain(z.abs(), 2)),
        n: figures.n.map(|n| n.to_string()),
        change: off.map(|expected| share(((figures.value - expected) / expected).abs())),
        forecast: figures.forecast.map(text),
        band: figures.low.zip(figures.high).map(|(low, high)| format!("{} – {}", text(low), text(high))),
        pattern: figures.pattern,
        paused: alert.paused_campaign,
        by_hours: alert.timing.bucket == RuleBucket::Hour,
    }
}

/// The retailer's own words, filled.
fn in_own_words(template: &str, alert: &Alert, told: &Told<'_>) -> String {
    template::filled(template, |name| match name {
        "metric" => Some(told.metric.to_owned()),
        "place" => told.place.map(str::to_owned),
        "when" => Some(told.when.clone()),
        "value" => Some(told.value.clone()),
        "line" => told.line.clone(),
        "expected" => told.expected.clone(),
        "overshoot" => told.overshoot.clone(),
        "rule" => Some(alert.rule_name.clone()),
        _ => None,
    })
}

/// The figures, each in a field of its own.
fn figures(reply: Reply, alert: &Alert, words: &dyn Wording) -> Reply {
    let locale = words.locale();
    let figures = &alert.figures;
    let text = |value: f64| print(alert, value, locale);
    let mut rows = vec![(Label::Value, text(figures.value))];
    let line = if alert.spec.is_stop_loss() { Label::StopLossLine } else { Label::Line };
    rows.extend(figures.line.map(|value| (line, text(value))));
    rows.extend(figures.overshoot.map(|over| {
        let over = text(over);
        (
            Label::Overshoot,
            figures.overshoot_share.map_or_else(|| over.clone(), |part| words.aside(&over, &share(part))),
        )
    }));
    rows.extend(figures.expected.map(|expected| (Label::Expected, text(expected))));
    rows.extend(figures.sigma.map(|sigma| (Label::Sigma, text(sigma))));
    rows.extend(figures.z.map(|z| (Label::Score, plain(z, 2))));
    rows.extend(figures.n.map(|n| (Label::Baseline, n.to_string())));
    if let (Some(low), Some(high)) = (figures.low, figures.high) {
        rows.push((Label::Band, format!("{} – {}", text(low), text(high))));
    }
    rows.extend(figures.forecast.map(|forecast| (Label::Forecast, text(forecast))));
    rows.into_iter().fold(reply, |reply, (label, value)| reply.field(words.label(label), value, true))
}

#[cfg(test)]
mod tests;
