//! Whether an alert is quiet, why, and what happens when that changes.
//!
//! [`of_new`] is the one question that raising asks; [`settle`] asks it again of every open alert, when a quiet time has
//! begun or ended, or a stop-loss has spoken or fallen silent. Both hold an alert against the same pure rule ([`hush`]).
//! An alert that nothing keeps quiet any more and that still fires speaks.

use super::store::{self, Doing, Held};
use super::{Breach, speaking};
use crate::app::App;
use crate::error::Result;
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use crate::platform::jobs::queue;
use crate::platform::validate::Checks;
use crate::platform::wake::Topic;
use crate::watch::quiet::{self, Kind, QuietTime, Spoken};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tillwatch_shared::ids::AlertId;
use tillwatch_shared::watch::{AlertStep, QuietWhy, Severity, SilenceAlert};
use uuid::Uuid;

/// How much later the open alerts are looked at once more: longer than any transaction lasts.
const SEEN_LATER: TimeDelta = TimeDelta::seconds(30);
/// Two ends of a silence that lie no further apart are the same.
const SAME_END: TimeDelta = TimeDelta::minutes(1);

/// What keeps an alert quiet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hush {
    /// Why.
    pub why: QuietWhy,
    /// The silence, the window or the alert that does it.
    pub by: Option<Uuid>,
    /// Until when, where that is known.
    pub until: Option<DateTime<Utc>>,
}

impl Hush {
    /// The step of the timeline that tells of it.
    pub(super) const fn step(&self) -> AlertStep {
        match self.why {
            QuietWhy::Silence => AlertStep::Silenced,
            QuietWhy::Maintenance => AlertStep::UnderMaintenance,
            QuietWhy::Inhibition => AlertStep::Inhibited,
            QuietWhy::QuietHours => AlertStep::InQuietHours,
        }
    }
}

/// What keeps an alert quiet at `at`, if anything does: a silence before a window, a window before a stop-loss, and of
/// several silences or windows the one that ends last. `others` are the open alerts of its campaign. Pure.
pub(super) fn hush(
    alert: &Spoken,
    id: AlertId,
    times: &[QuietTime],
    others: &[Held],
    at: DateTime<Utc>,
) -> Option<Hush> {
    let longest = |kind: Kind| {
        times
            .iter()
            .filter(|time| time.kind == kind && time.covers(alert, at))
            .max_by_key(|time| (time.ends_at, time.id))
    };
    let of_time = |kind, why| longest(kind).map(|time| Hush { why, by: Some(time.id), until: Some(time.ends_at) });
    let inhibited = || {
        let louder = others.iter().filter(|other| other.id != id && inhibits(&other.spoken, alert));
        louder.map(|other| other.id).min().map(|by| Hush { why: QuietWhy::Inhibition, by: Some(by.0), until: None })
    };
    of_time(Kind::Silence, QuietWhy::Silence)
        .or_else(|| of_time(Kind::Maintenance, QuietWhy::Maintenance))
        .or_else(inhibited)
}

/// Whether `stop` hides `other`: a stop-loss hides what is softer on the same campaign, since pausing it was the answer
/// to all of it.
fn inhibits(stop: &Spoken, other: &Spoken) -> bool {
    stop.stop_loss
        && stop.campaign.is_some()
        && stop.campaign == other.campaign
        && (!other.stop_loss || other.severity < stop.severity)
}

/// What a breach speaks of.
fn spoken(breach: &Breach<'_>) -> Spoken {
    Spoken {
        rule: breach.rule.id,
        channel: breach.channel,
        campaign: breach.campaign,
        severity: breach.rule.severity,
        stop_loss: breach.rule.spec.is_stop_loss(),
    }
}

/// Whether an alert that is being raised is quiet, and why.
///
/// # Errors
/// When the database fails.
pub(super) async fn of_new(
    tx: &mut Tx,
    who: &Who,
    id: AlertId,
    breach: &Breach<'_>,
    at: DateTime<Utc>,
) -> Result<Option<Hush>> {
    let alert = spoken(breach);
    // Nothing is louder, and no silence covers it: the way from a sample to the chat is short.
    if alert.stop_loss && alert.severity == Severity::Critical {
        return Ok(None);
    }
    if breach.speaks_at > at {
        // Before all else: when the hours end, whatever keeps it quiet then is found.
        return Ok(Some(Hush { why: QuietWhy::QuietHours, by: None, until: Some(breach.speaks_at) }));
    }
    found(tx, who, &alert, id, at).await
}

/// Has an alert that the quiet hours of its rule keep quiet looked at when they end; what else keeps one quiet says so
/// itself when it ends.
///
/// # Errors
/// When the database fails.
pub(super) async fn ends_by_itself(tx: &mut Tx, who: &Who, hush: &Hush) -> Result<()> {
    match (hush.why, hush.until) {
        (QuietWhy::QuietHours, Some(until)) => queue::enqueue(tx, who, quiet::SETTLE, &json!({}), until).await,
        _ => Ok(()),
    }
}

/// What keeps an alert quiet that something kept quiet before: quiet hours last until their end, and nothing else that ends
/// sooner has it speak in the night.
fn still(hush: Option<Hush>, before: Option<Hush>, at: DateTime<Utc>) -> Option<Hush> {
    let hours = |hush: &Hush| hush.why == QuietWhy::QuietHours && hush.until.is_some_and(|until| until > at);
    before.filter(hours).or(hush)
}

async fn found(tx: &mut Tx, who: &Who, alert: &Spoken, id: AlertId, at: DateTime<Utc>) -> Result<Option<Hush>> {
    let times = quiet::open_at(tx, who.tenant, at).await?;
    let others = match alert.campaign {
        Some(campaign) => store::held_of_campaign(tx, who.tenant, campaign).await?,
        None => Vec::new(),
    };
    Ok(hush(alert, id, &times, &others, at))
}

/// Looks at every open alert of the retailer again: those that something keeps quiet from now on say so, those that
/// nothing keeps quiet any more speak; `again` has it done once more a while later. Each is changed in a transaction of its
/// own, so that nobody waits for them all.
///
/// # Errors
/// When the database fails; what was changed by then stays.
pub async fn settle(app: &App, who: &Who, again: bool) -> Result<()> {
    let ids = app.db.read(who, async |tx| unsettled(tx, who, now()).await).await?;
    for id in ids {
        app.db.write(who, async |tx| settle_one(tx, who, id, now()).await).await?;
        app.wake(Topic::Deliveries);
    }
    if again {
        // What was being raised meanwhile could not be seen yet.
        let later = now() + SEEN_LATER;
        app.db.write(who, async |tx| queue::enqueue(tx, who, quiet::SETTLE, &json!({}), later).await).await?;
    }
    Ok(())
}

/// The open alerts that are not as they should be.
async fn unsettled(tx: &mut Tx, who: &Who, at: DateTime<Utc>) -> Result<Vec<AlertId>> {
    let held = store::held(tx, who.tenant).await?;
    let times = quiet::open_at(tx, who.tenant, at).await?;
    let wrong = held.iter().filter(|one| {
        let found = hush(&one.spoken, one.id, &times, &held, at);
        still(found, one.hush, at) != one.hush
    });
    Ok(wrong.map(|one| one.id).collect())
}

/// Brings one alert to what keeps it quiet now; nothing happens where that is so already.
pub(super) async fn settle_one(tx: &mut Tx, who: &Who, id: AlertId, at: DateTime<Utc>) -> Result<()> {
    let Some(held) = store::lock_held(tx, who.tenant, id).await? else { return Ok(()) };
    let hush = still(found(tx, who, &held.spoken, id, at).await?, held.hush, at);
    if hush == held.hush {
        return Ok(());
    }
    let version = store::set_hush(tx, who.tenant, id, hush.as_ref()).await?;
    let step = hush.as_ref().map_or(AlertStep::Spoke, Hush::step);
    let time = hush.as_ref().filter(|hush| hush.why != QuietWhy::Inhibition).and_then(|hush| hush.by);
    let time = match time {
        Some(time) => quiet::by_ids(tx, who.tenant, &[time], at).await?.pop(),
        None => None,
    };
    let doing = Doing::of(who, time.as_ref().map(|shown| shown.time.reason.as_str()));
    store::add_doing(tx, who.tenant, id, (version, step, at), &doing).await?;
    speaking::show_anew(tx, who, id, held.group, version, at).await?;
    if hush.is_none() {
        speaking::speak(tx, who, id, &held.key, held.spoken.severity, version, at).await?;
    }
    Ok(())
}

/// Silences what the rule of an alert says of the alert's place, and brings the alert to it. `false` when a silence keeps it
/// quiet for as long already, or it is resolved.
///
/// # Errors
/// 422 for a stop-loss, a silence that is too long, a wrong reason.
pub(super) async fn silence(
    tx: &mut Tx,
    who: &Who,
    id: AlertId,
    request: SilenceAlert,
    at: DateTime<Utc>,
) -> Result<bool> {
    let SilenceAlert { minutes, reason } = request;
    let mut checks = Checks::default();
    checks.text("/reason", &reason, 1, 500);
    checks.ensure((1..=20_160).contains(&minutes), "/minutes", "out_of_range", "Takes 1 to 20,160 minutes.");
    let Some(held) = store::lock_held(tx, who.tenant, id).await? else {
        checks.done()?;
        return Ok(false);
    };
    let alert = held.spoken;
    if alert.stop_loss {
        let detail = "A stop-loss cannot be silenced: it speaks whenever it pauses a campaign. Acknowledge it, or move \
            the line of its rule.";
        checks.refuse("", "stop_loss", detail);
    }
    let length = TimeDelta::minutes(i64::from(minutes));
    let longest = quiet::longest(alert.severity);
    if length > longest {
        let detail = format!(
            "A silence over a {} alert lasts at most {} minutes. Ask for less.",
            alert.severity,
            longest.num_minutes()
        );
        checks.refuse("/minutes", "too_long", detail);
    }
    checks.done()?;
    let ends_at = at + length;
    // Who asks for the same twice asks a moment later, and means no other end.
    let lasts =
        |hush: &Hush| hush.why == QuietWhy::Silence && hush.until.is_some_and(|until| until + SAME_END >= ends_at);
    if held.hush.as_ref().is_some_and(lasts) {
        return Ok(false);
    }
    quiet::silence_like(tx, who, &alert, ends_at, reason, at).await?;
    settle_one(tx, who, id, at).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tillwatch_shared::ids::{CampaignId, RuleId};

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hour)
    }

    fn time(kind: Kind, to: i64) -> QuietTime {
        QuietTime {
            id: Uuid::now_v7(),
            kind,
            rule: None,
            channel: None,
            campaign: None,
            severity: Severity::Critical,
            reason: "r".to_owned(),
            starts_at: at(0),
            ends_at: at(to),
            owner: None,
            ended_early_by: None,
            created_at: at(0),
            version: 1,
        }
    }

    fn held(campaign: CampaignId, severity: Severity, stop_loss: bool) -> Held {
        let spoken = Spoken { rule: RuleId::new(), channel: None, campaign: Some(campaign), severity, stop_loss };
        Held { id: AlertId::new(), spoken, hush: None, key: String::new(), group: None }
    }

    #[test]
    fn a_stop_loss_hides_what_is_softer_on_its_campaign_and_nothing_else() {
        let campaign = CampaignId::new();
        let stop = held(campaign, Severity::Warning, true);
        let why = |one: &Held| hush(&one.spoken, one.id, &[], std::slice::from_ref(&stop), at(1)).map(|hush| hush.by);
        assert_eq!(why(&held(campaign, Severity::Critical, false)), Some(Some(stop.id.0)), "of another kind");
        assert_eq!(why(&held(campaign, Severity::Info, true)), Some(Some(stop.id.0)), "a softer stop-loss");
        assert_eq!(why(&held(campaign, Severity::Warning, true)), None, "one that is as loud");
        assert_eq!(why(&held(CampaignId::new(), Severity::Info, false)), None, "another campaign");
        assert_eq!(why(&stop), None, "itself");
        let nowhere = Held { spoken: Spoken { campaign: None, ..stop.spoken }, ..stop.clone() };
        let other = held(campaign, Severity::Info, false);
        let other = Held { spoken: Spoken { campaign: None, ..other.spoken }, ..other };
        assert_eq!(hush(&other.spoken, other.id, &[], &[nowhere], at(1)), None, "no campaign is no common one");
    }

    #[test]
    fn what_a_person_wished_is_told_first_and_of_several_the_longest() {
        let campaign = CampaignId::new();
        let (stop, one) = (held(campaign, Severity::Critical, true), held(campaign, Severity::Info, false));
        let others = [stop, one.clone()];
        let (short, long, window) = (time(Kind::Silence, 2), time(Kind::Silence, 3), time(Kind::Maintenance, 5));
        let times = [window.clone(), short, long.clone()];
        let why = |hour| hush(&one.spoken, one.id, &times, &others, at(hour)).unwrap();
        assert_eq!(why(1), Hush { why: QuietWhy::Silence, by: Some(long.id), until: Some(at(3)) });
        assert_eq!(why(3), Hush { why: QuietWhy::Maintenance, by: Some(window.id), until: Some(at(5)) });
        assert_eq!(why(5).why, QuietWhy::Inhibition);
    }

    #[test]
    fn quiet_hours_last_until_their_end_whatever_else_ends_sooner() {
        let hours = Hush { why: QuietWhy::QuietHours, by: None, until: Some(at(5)) };
        let silence = Hush { why: QuietWhy::Silence, by: Some(Uuid::now_v7()), until: Some(at(2)) };
        assert_eq!(still(None, Some(hours), at(4)), Some(hours));
        assert_eq!(still(None, Some(hours), at(5)), None, "it speaks");
        assert_eq!(still(Some(silence), Some(hours), at(1)), Some(hours));
        assert_eq!(still(Some(silence), Some(hours), at(5)), Some(silence), "what goes on keeps it quiet still");
        assert_eq!(still(None, Some(silence), at(1)), None, "whoever ended it meant it");
    }
}
