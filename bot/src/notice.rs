//! Notices as messages: what is told in chat beside the alerts themselves.
//!
//! Pure: a delivery and its notice in, a [`Reply`] out; the same for every chat.

use chrono_tz::Tz;
use tillwatch_shared::Locale;
use tillwatch_shared::feeds::FeedNotice;
use tillwatch_shared::goals::{GoalProposal, ProposalState};
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
    if let Some(proposal) = &notice.proposal {
        return proposed(proposal, words);
    }
    if let Some(feed) = &notice.feed {
        return of_feed(notice, feed, words, zone);
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

/// A correction of a goal: what it says, and how it is decided or what became of it.
fn proposed(proposal: &GoalProposal, words: &dyn Wording) -> Reply {
    let reason = match words.locale() {
        Locale::En => &proposal.reason_en,
        Locale::ZhCn => &proposal.reason_zh,
    };
    let by = |verb: &str| format!("POST /v1/goal-proposals/{}/{verb}", proposal.id);
    let (tone, next) = match proposal.state {
        ProposalState::Open => (Tone::Warning, words.how_to_decide(&by("accept"), &by("refuse"))),
        state => (Tone::Plain, words.proposal_state(state).to_owned()),
    };
    Reply::say(tone, words.correction(&proposal.goal_name), format!("{reason}\n{next}")).field(
        words.goal_labels().id,
        proposal.id.to_string(),
        true,
    )
}

fn of_feed(notice: &Notice, feed: &FeedNotice, words: &dyn Wording, zone: Tz) -> Reply {
    let (tone, said) = if notice.kind == NoticeKind::FeedWell {
        (Tone::Good, words.feed_well(&feed.name, feed.trouble))
    } else {
        let last_new = feed.last_new_at.map(|at| time(at, zone, words.locale()));
        (Tone::Warning, words.feed_unwell(&feed.name, feed.trouble, feed.fault, last_new.as_deref()))
    };
    Reply::say(tone, said.title, said.body).field(words.label(Label::Id), feed.id.to_string(), true)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wording;
    use serde_json::json;

    fn notice(state: &str) -> Notice {
        let proposal = json!({
            "id": "prp_1CGqTeNaKx9bBi2S14U4G8", "goal": "gol_1CGqTeNaKx9bBi2S14U4G8", "goal_name": "双十一 sales",
            "month": "2026-10-01", "state": state, "planned": 10.0, "achieved": 8.0, "target_before": 100,
            "target_after": 80, "periods": [], "reason_en": "It came to 8 of 10.", "reason_zh": "完成80%。",
            "made_at": "2026-11-01T03:00:00Z", "decided_at": null, "decided_by": null, "decision_reason": null,
        });
        serde_json::from_value(json!({
            "id": "ntc_1CGqTeNaKx9bBi2S14U4G8", "kind": "goal_proposal", "at": "2026-11-01T03:00:00Z",
            "proposal": proposal,
        }))
        .unwrap()
    }

    #[test]
    fn a_proposed_correction_says_why_and_how_it_is_decided_and_then_what_became_of_it() {
        for (locale, title, why, open, over) in [
            (Locale::En, "Correction of the goal", "It came to 8 of 10.", "Nothing changes until", "was refused"),
            (Locale::ZhCn, "调整建议", "完成80%。", "目标不会改变", "已拒绝"),
        ] {
            let words = wording::of(locale);
            let reply = told(&notice("open"), None, words, Tz::UTC);
            assert!(reply.title.contains(title) && reply.title.contains("双十一 sales"), "{reply:?}");
            assert!(reply.body.starts_with(why) && reply.body.contains(open), "{reply:?}");
            for verb in ["accept", "refuse"] {
                let address = format!("POST /v1/goal-proposals/{}/{verb}", reply.fields[0].value);
                assert!(reply.body.contains(&address), "{reply:?}");
            }
            let reply = told(&notice("refused"), None, words, Tz::UTC);
            assert!(reply.body.contains(over) && !reply.body.contains("POST"), "{reply:?}");
        }
    }
}
