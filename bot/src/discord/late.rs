//! Edits that come late: what to do when nobody knows whether, or when, an edit happens.
//!
//! An edit that was given up (no answer in time, a broken connection) may still be done by the platform, after a newer
//! one, and then an older version stands in the chat. Cast: [`Late`] remembers such edits for [`WINDOW`]; when a newer
//! one of the same message has succeeded, [`watch`] looks at the message for that long and does the newest edit again
//! if one of the old ones is what is shown. Invariants: only a version that this process knows to be older is
//! overwritten, so a newer one of another replica stays; nothing waits for the look; what is remembered ends by itself.

use super::render;
use crate::reply::Reply;
use serenity::all::{Builder, ChannelId, Http, MessageId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// How long after a newer edit an older one is still expected.
const WINDOW: Duration = Duration::from_secs(30);
/// The first pause before a look, and the longest; it doubles.
const PAUSES: (Duration, Duration) = (Duration::from_secs(3), Duration::from_secs(12));
/// How long one request may take.
const ONE: Duration = Duration::from_secs(6);

/// The edits whose outcome is unknown, by message.
#[derive(Default)]
pub(crate) struct Late(Mutex<HashMap<MessageId, Kept>>);

struct Kept {
    /// What edits of unknown outcome would show.
    unsure: Vec<Reply>,
    /// What the newest edit that succeeded shows.
    newest: Option<Reply>,
    /// Nothing late is expected after this.
    until: Instant,
    watched: bool,
}

/// An edit that is on its way. Dropped without [`Unsure::settled`] its outcome is unknown.
pub(crate) struct Unsure {
    late: Arc<Late>,
    message: MessageId,
    reply: Option<Reply>,
}

impl Unsure {
    /// The platform has said what became of it.
    pub(crate) fn settled(mut self) {
        self.reply = None;
    }
}

impl Drop for Unsure {
    fn drop(&mut self) {
        if let Some(reply) = self.reply.take() {
            self.late.suspect(self.message, reply);
        }
    }
}

impl Late {
    /// An edit begins.
    pub(crate) fn begun(self: &Arc<Self>, message: MessageId, reply: &Reply) -> Unsure {
        // What is compared is the text; the picture is large.
        Unsure { late: Arc::clone(self), message, reply: Some(Reply { picture: None, ..reply.clone() }) }
    }

    /// An edit succeeded; whether a look at the message shall begin, since an older edit may follow.
    pub(crate) fn edited(&self, message: MessageId, reply: &Reply) -> bool {
        let mut kept = self.kept();
        let Some(one) = kept.get_mut(&message) else { return false };
        one.newest = Some(reply.clone());
        one.until = Instant::now() + WINDOW;
        !std::mem::replace(&mut one.watched, true)
    }

    fn suspect(&self, message: MessageId, reply: Reply) {
        let (mut kept, now) = (self.kept(), Instant::now());
        kept.retain(|_, one| one.watched || one.until > now);
        let one = kept.entry(message).or_insert(Kept {
            unsure: Vec::new(),
            newest: None,
            until: now + WINDOW,
            watched: false,
        });
        one.until = now + WINDOW;
        if !one.unsure.contains(&reply) {
            one.unsure.push(reply);
        }
    }

    /// What the message shall show, and what it must not; `None` once nothing late is expected any more.
    fn expected(&self, message: MessageId) -> Option<(Reply, Vec<Reply>)> {
        let mut kept = self.kept();
        let one = kept.get(&message)?;
        if let Some(newest) = one.newest.clone().filter(|_| one.until > Instant::now()) {
            return Some((newest, one.unsure.clone()));
        }
        kept.remove(&message);
        None
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<MessageId, Kept>> {
        // Each change above is complete in itself, so a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks at a message until nothing late is expected, and puts the newest version back when an older one is shown.
pub(crate) async fn watch(late: Arc<Late>, http: Arc<Http>, channel: ChannelId, message: MessageId) {
    let mut pause = PAUSES.0;
    loop {
        sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
        let Some((newest, unsure)) = late.expected(message) else { return };
        let Ok(Ok(seen)) = timeout(ONE, http.get_message(channel, message)).await else { continue };
        if render::shows(&seen, &newest) || !unsure.iter().any(|old| render::shows(&seen, old)) {
            continue;
        }
        tracing::info!(%message, "an older edit came late; the newest is done again");
        // While this is on its way a newer one may be done, and then this is the older one.
        late.suspect(message, Reply { picture: None, ..newest.clone() });
        // If it fails, the next look finds the older version still.
        let _again = timeout(ONE, render::edited_message(&newest).execute(&http, (channel, message, None))).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::Tone;

    fn say(title: &str) -> Reply {
        Reply::say(Tone::Plain, title, "")
    }

    #[test]
    fn a_message_is_watched_once_after_an_edit_of_unknown_outcome_only() {
        let (late, message) = (Arc::new(Late::default()), MessageId::new(1));
        late.begun(message, &say("one")).settled();
        assert!(!late.edited(message, &say("one")), "all is known");
        drop(late.begun(message, &say("two")));
        assert!(late.edited(message, &say("three")));
        drop(late.begun(message, &say("three")));
        assert!(!late.edited(message, &say("four")), "it is watched already");
        let (newest, unsure) = late.expected(message).unwrap();
        assert_eq!((newest, unsure), (say("four"), vec![say("two"), say("three")]));
    }

    #[test]
    fn what_is_remembered_ends_by_itself() {
        let (late, message) = (Arc::new(Late::default()), MessageId::new(1));
        drop(late.begun(message, &say("one")));
        assert!(late.expected(message).is_none(), "nothing newer is known");
        drop(late.begun(message, &say("one")));
        late.edited(message, &say("two"));
        late.kept().get_mut(&message).unwrap().until = Instant::now();
        assert!(late.expected(message).is_none() && late.kept().is_empty());
    }
}
