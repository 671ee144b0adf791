//! Keeps one message per delivery up to date, whatever fails in between.
//!
//! Cast: [`DiscordSink`] posts and edits; [`plan`] (pure) decides what an attempt may do. Invariants: at most one
//! visible message per delivery: every post carries the delivery's nonce, which the platform enforces for a few
//! minutes, and an attempt after the first looks for the message before it posts; once the platform has forgotten the
//! nonce, nothing is posted unless that look succeeded, and an empty look counts only if the bot may read the
//! channel's history; an edit that comes late does not stay ([`late`]); an attempt ends within [`WHOLE`], well inside its lease,
//! and what the message's thread has to tell ([`super::threads`]) is told behind it.

use super::late::{self, Late};
use super::render;
use super::threads::Threads;
use super::trouble::Trouble;
use crate::deliver::ChatSink;
use crate::incident::nonce;
use crate::reply::Reply;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use serenity::all::{Builder, ChannelId, Http, Message, MessageId, MessagePagination, UserId};
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tillwatch_shared::watch::{Delivery, DeliveryOutcome, Transport};
use tokio::sync::OnceCell;
use tokio::time::{sleep, timeout};

/// How long an attempt may take in all: with fetching the picture (5 s) it stays within the service's lease of 30 s.
const WHOLE: Duration = Duration::from_secs(14);
/// How long one request may take, waits for the platform's rate limits included.
const ONE: Duration = Duration::from_secs(6);
/// How often a request is tried.
const TRIES: u32 = 3;
/// The pause before the second try, doubled before the third, each up to a half longer.
const PAUSE: Duration = Duration::from_millis(500);
/// A refused token is mended by a person: no attempt before this.
const MENDED: Duration = Duration::from_mins(1);
/// How long the platform is trusted to enforce a nonce. It says "a few minutes"; this is on the safe side.
const NONCE_MEMORY: TimeDelta = TimeDelta::minutes(3);
/// How far our clocks and the platform's may differ when looking for messages since a time.
const SKEW: TimeDelta = TimeDelta::minutes(2);
/// Messages per page when looking, and how many pages at most.
const PAGE: u8 = 100;
const PAGES: usize = 10;
/// 2015-01-01 in Unix milliseconds: the platform's ids count from there.
const EPOCH_MS: i64 = 1_420_070_400_000;

/// Shows deliveries on Discord. Needs no gateway.
pub struct DiscordSink {
    http: Arc<Http>,
    me: OnceCell<UserId>,
    late: Arc<Late>,
    closed: AtomicBool,
    threads: Threads,
}

/// What an attempt may do when no message is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    /// Nobody can have posted: post.
    Post,
    /// Look first; if that fails, post: the nonce protects.
    LookThenPost,
    /// Look first; if that fails, give up for now.
    OnlyIfLooked,
}

/// Which plan an attempt has: the first has nothing behind it; later ones may have, for as long as the first claim
/// is past. Both times are the service's, so no clocks are compared.
fn plan(attempt: i32, first_claimed_at: DateTime<Utc>, claimed_at: DateTime<Utc>) -> Plan {
    if attempt <= 1 {
        Plan::Post
    } else if claimed_at - first_claimed_at <= NONCE_MEMORY {
        Plan::LookThenPost
    } else {
        Plan::OnlyIfLooked
    }
}

/// The least id of a message posted at that time.
fn id_at(at: DateTime<Utc>) -> MessageId {
    let ms = u64::try_from(at.timestamp_millis() - EPOCH_MS).unwrap_or(0);
    // At least 1: zero is no id.
    MessageId::new((ms << 22).max(1))
}

impl DiscordSink {
    /// Posts through this handle.
    pub(crate) fn new(http: Arc<Http>) -> Self {
        Self {
            http,
            me: OnceCell::new(),
            late: Arc::default(),
            closed: AtomicBool::new(false),
            threads: Threads::default(),
        }
    }

    /// Discord has refused the account for good: nothing more is claimed for it.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// Makes the chat show this version; gives the message's id.
    async fn shown(&self, delivery: &Delivery, reply: &Reply) -> Result<MessageId, Trouble> {
        let channel = ChannelId::from(
            number(&delivery.channel)
                .ok_or_else(|| Trouble::Never(format!("{:?} is no Discord channel", delivery.channel)))?,
        );
        let Some(known) = delivery.message.as_deref().and_then(number).map(MessageId::from) else {
            let plan = plan(delivery.attempt, delivery.first_claimed_at, delivery.claimed_at);
            return self.posted(channel, delivery, reply, plan, &nonce(delivery)).await;
        };
        match self.edited(channel, known, reply).await {
            Err(Trouble::UnknownMessage) => {
                // Somebody deleted it. Its nonce may still stand for the deleted message, so the new one has its own.
                tracing::info!(delivery = %delivery.id, message = %known, "the message is gone; posting anew");
                self.posted(channel, delivery, reply, Plan::OnlyIfLooked, &format!("{}-2", nonce(delivery))).await
            }
            edited => edited,
        }
    }

    /// Posts, or edits the message that an earlier attempt posted.
    async fn posted(
        &self,
        channel: ChannelId,
        delivery: &Delivery,
        reply: &Reply,
        plan: Plan,
        key: &str,
    ) -> Result<MessageId, Trouble> {
        if plan != Plan::Post {
            match self.look(channel, &nonce(delivery), delivery.first_claimed_at).await {
                Ok(Some(found)) => return self.edited(channel, found, reply).await,
                Ok(None) => {}
                Err(trouble) if plan == Plan::OnlyIfLooked => return Err(trouble),
                Err(trouble) => {
                    tracing::warn!(delivery = %delivery.id, %trouble, "cannot look for the message; its nonce protects");
                }
            }
        }
        let message = self.tries(|| render::new_message(reply, key).execute(&self.http, (channel, None))).await?;
        if plan == Plan::Post {
            return Ok(message.id);
        }
        // The nonce may have given an earlier attempt's message, which shows an earlier version.
        self.edited(channel, message.id, reply).await
    }

    async fn edited(&self, channel: ChannelId, message: MessageId, reply: &Reply) -> Result<MessageId, Trouble> {
        let edit = || async {
            let unsure = self.late.begun(message, reply);
            let edited = render::edited_message(reply).execute(&self.http, (channel, message, None)).await;
            if !matches!(edited.as_ref().err().map(Trouble::of), Some(Trouble::Passing(_))) {
                unsure.settled();
            }
            edited
        };
        let edited = self.tries(edit).await?;
        if self.late.edited(message, reply) {
            tokio::spawn(late::watch(Arc::clone(&self.late), Arc::clone(&self.http), channel, message));
        }
        Ok(edited.id)
    }

    async fn tell(&self, delivery: &Delivery, message: MessageId) -> Option<i64> {
        let channel = ChannelId::from(number(&delivery.channel)?);
        self.threads.tell(self, delivery, channel, message).await
    }

    /// The bot's own account.
    pub(super) async fn me(&self) -> Result<UserId, Trouble> {
        let ask = || async { self.http.get_current_user().await.map(|me| me.id) };
        Ok(*self.me.get_or_try_init(|| self.tries(ask)).await?)
    }

    /// The way to the platform.
    pub(super) fn http(&self) -> &Http {
        &self.http
    }

    /// Our message with this key in its footer, posted since then.
    async fn look(&self, channel: ChannelId, key: &str, since: DateTime<Utc>) -> Result<Option<MessageId>, Trouble> {
        let me = self.me().await?;
        let mut after = id_at(since - SKEW);
        for _ in 0..PAGES {
            let ask = || self.http.get_messages(channel, Some(MessagePagination::After(after)), Some(PAGE));
            let page = self.tries(ask).await?;
            if let Some(found) = page.iter().filter(|m| m.author.id == me && carries(m, key)).map(|m| m.id).min() {
                return Ok(Some(found));
            }
            match page.iter().map(|m| m.id).max() {
                Some(newest) if page.len() >= usize::from(PAGE) => after = newest,
                Some(_) => return Ok(None),
                // Nothing since then, or nothing that the bot may see.
                None => return self.may_read(channel, after).await.map(|()| None),
            }
        }
        // A channel with more messages than that since the first claim: the newest page decides.
        let newest = self.tries(|| self.http.get_messages(channel, None, Some(PAGE))).await?;
        Ok(newest.iter().find(|m| m.author.id == me && carries(m, key)).map(|m| m.id))
    }

    /// Whether a channel's earlier messages are shown to the bot. Without that permission a list of them is empty, and a
    /// question for one of them is refused, even for one that never was.
    pub(super) async fn may_read(&self, channel: ChannelId, never: MessageId) -> Result<(), Trouble> {
        match self.tries(|| self.http.get_message(channel, never)).await {
            Ok(_) | Err(Trouble::UnknownMessage) => Ok(()),
            Err(Trouble::Never(_)) => Err(Trouble::NoHistory),
            Err(trouble) => Err(trouble),
        }
    }

    /// Does a request up to [`TRIES`] times, as long as its trouble may pass. Every request here is repeatable:
    /// posts by their nonce, edits and questions by nature.
    pub(super) async fn tries<T, F>(&self, request: impl Fn() -> F + Send) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, serenity::Error>> + Send,
    {
        let mut pause = PAUSE;
        let mut tried = 1;
        loop {
            let trouble = match timeout(ONE, request()).await {
                Ok(Ok(done)) => return Ok(done),
                Ok(Err(error)) => Trouble::of(&error),
                Err(_) => Trouble::Passing(format!("no answer within {} s", ONE.as_secs())),
            };
            if tried == TRIES || !matches!(trouble, Trouble::Passing(_)) {
                return Err(trouble);
            }
            tracing::debug!(%trouble, tried, "Discord is asked again");
            sleep(jittered(pause)).await;
            pause *= 2;
            tried += 1;
        }
    }
}

/// Whether the message is the one that this key names.
fn carries(message: &Message, key: &str) -> bool {
    message.embeds.iter().any(|e| e.footer.as_ref().is_some_and(|f| f.text.contains(key)))
}

fn number(id: &str) -> Option<NonZeroU64> {
    id.parse().ok()
}

/// Up to a half longer, so that many bots do not come back at once.
fn jittered(pause: Duration) -> Duration {
    // The last bits of a fresh UUIDv7 are random.
    let random = uuid::Uuid::now_v7().as_u128() % 1000;
    // Below 1000, so it fits.
    pause + pause * u32::try_from(random).unwrap_or(0) / 2000
}

/// What the service is told; `told` is what the thread tells by now, where that is not all.
fn outcome(shown: Result<MessageId, Trouble>, delivery: &Delivery, told: Option<i64>) -> DeliveryOutcome {
    let trouble = match shown {
        Ok(message) => {
            return DeliveryOutcome::Posted { message: message.to_string(), version: delivery.version, told };
        }
        Err(trouble) => trouble,
    };
    let permanent = matches!(trouble, Trouble::Never(_));
    // What may pass has no time of its own: the service's pauses grow with the outage.
    let later = (trouble == Trouble::Token).then(|| u32::try_from(jittered(MENDED).as_millis()).unwrap_or(u32::MAX));
    DeliveryOutcome::Failed {
        error: format!("channel {}: {trouble}", delivery.channel),
        retry_after_ms: later,
        permanent,
    }
}

impl ChatSink for DiscordSink {
    fn transport(&self) -> Transport {
        Transport::Discord
    }

    fn is_open(&self) -> bool {
        !self.closed.load(Ordering::Relaxed)
    }

    fn show<'a>(&'a self, delivery: &'a Delivery, reply: &'a Reply) -> BoxFuture<'a, DeliveryOutcome> {
        Box::pin(async move {
            let shown = timeout(WHOLE, self.shown(delivery, reply)).await;
            let late = || Trouble::Passing(format!("not done within {} s", WHOLE.as_secs()));
            let shown = shown.unwrap_or_else(|_| Err(late()));
            let told = match &shown {
                Ok(message) => self.tell(delivery, *message).await,
                Err(_) => None,
            };
            outcome(shown, delivery, told)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(30_000_000 + minutes)
    }

    #[test]
    fn only_a_first_attempt_posts_unseen_and_an_old_one_never_without_looking() {
        assert_eq!(plan(1, at(0), at(0)), Plan::Post);
        assert_eq!(plan(2, at(0), at(3)), Plan::LookThenPost);
        assert_eq!(plan(2, at(0), at(4)), Plan::OnlyIfLooked);
    }

    #[test]
    fn an_id_of_a_time_lies_between_the_ids_before_and_after() {
        // A message of 2016-04-30 11:18:25.796 UTC, the example of the platform's documentation.
        let then = DateTime::from_timestamp_millis(1_462_015_105_796).unwrap();
        assert!(id_at(then).get() <= 175_928_847_299_117_063);
        assert!(id_at(then + TimeDelta::milliseconds(1)).get() > 175_928_847_299_117_063);
        assert_eq!(id_at(DateTime::UNIX_EPOCH).get(), 1);
    }

    #[test]
    fn pauses_grow_by_at_most_a_half() {
        for _ in 0..100 {
            let pause = jittered(PAUSE);
            assert!(pause >= PAUSE && pause <= PAUSE * 3 / 2);
        }
    }
}
