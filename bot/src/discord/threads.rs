//! Tells in the thread of an incident's message what happened to the incident.
//!
//! A thread that was begun from a message has the message's id, so nothing more is to be remembered than up to which
//! version it tells, and that the service knows. Invariants: a thread is opened once (the platform refuses a second one of
//! a message); a line is posted with a key of its own, enforced, and an attempt after the first looks at what the thread
//! tells before it adds to that; lines come in order. Whatever is wrong with a thread, the message that it hangs on is shown
//! all the same: where there can be none, or somebody has deleted or locked it, that is told once in the log, and where
//! Discord is in trouble the rest is told by a later attempt.

use super::render;
use super::sink::DiscordSink;
use super::trouble::Trouble;
use crate::thread;
use serenity::all::{Builder, ChannelId, MessageId};
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tillwatch_shared::watch::Delivery;
use tokio::time::timeout;

/// How long the telling may take: with a picture (5 s) and its message (14 s) it stays within the lease of 30 s.
const TELLING: Duration = Duration::from_secs(7);
/// Messages of a thread that are looked at, the newest.
const SEEN: u8 = 100;
/// Channels without threads that are remembered.
const MANY: usize = 1_000;

/// What is remembered of threads: the channels of which the log was told that they have none.
#[derive(Default)]
pub(super) struct Threads {
    without: Mutex<HashSet<ChannelId>>,
}

impl Threads {
    /// Tells what there is to tell under `message`; the version up to which its thread tells then, where that is not all of
    /// it and a later attempt may do the rest.
    pub(super) async fn tell(
        &self,
        sink: &DiscordSink,
        delivery: &Delivery,
        channel: ChannelId,
        message: MessageId,
    ) -> Option<i64> {
        let mut told = delivery.thread.as_ref().filter(|thread| !thread.steps.is_empty())?.told;
        let telling = timeout(TELLING, tell(sink, delivery, channel, message, &mut told)).await;
        let trouble = match telling {
            Ok(Ok(())) => return None,
            Ok(Err(trouble)) => trouble,
            Err(_) => Trouble::Passing(format!("not told within {} s", TELLING.as_secs())),
        };
        if matches!(trouble, Trouble::Passing(_) | Trouble::Token) {
            tracing::warn!(delivery = %delivery.id, %trouble, told, "the thread is told the rest later");
            return Some(told);
        }
        self.note(channel, &trouble);
        None
    }

    fn note(&self, channel: ChannelId, trouble: &Trouble) {
        // One value at a time is put in, so a panic elsewhere leaves nothing half done.
        let mut without = self.without.lock().unwrap_or_else(PoisonError::into_inner);
        if without.len() >= MANY {
            without.clear();
        }
        if without.insert(channel) {
            tracing::warn!(%channel, %trouble, "an incident is told without a thread in this channel");
        }
    }
}

async fn tell(
    sink: &DiscordSink,
    delivery: &Delivery,
    channel: ChannelId,
    message: MessageId,
    told: &mut i64,
) -> Result<(), Trouble> {
    // A message that was posted anew has a thread of its own.
    let known = delivery.message.as_deref() == Some(message.to_string().as_str());
    if *told == 0 || !known {
        open(sink, delivery, channel, message).await?;
    }
    let thread = ChannelId::new(message.get());
    // Nobody can have told anything before a first attempt.
    let mut there = if delivery.attempt > 1 { seen(sink, thread).await? } else { Vec::new() };
    for line in thread::lines(delivery) {
        let text = render::line_text(&line.text);
        if let Some(place) = there.iter().position(|one| one.trim() == text.trim()) {
            there.swap_remove(place);
        } else {
            sink.tries(|| render::line(&line.text, &line.key).execute(sink.http(), (thread, None))).await?;
        }
        *told = line.version;
    }
    Ok(())
}

async fn open(sink: &DiscordSink, delivery: &Delivery, channel: ChannelId, message: MessageId) -> Result<(), Trouble> {
    let Some(alert) = &delivery.alert else { return Ok(()) };
    let name = thread::name(alert);
    match sink.tries(|| render::new_thread(&name).execute(sink.http(), (channel, Some(message)))).await {
        Ok(_) | Err(Trouble::ThreadIsThere) => Ok(()),
        Err(trouble) => Err(trouble),
    }
}

/// What the bot said last in a thread. A thread that shows nothing may hide it.
async fn seen(sink: &DiscordSink, thread: ChannelId) -> Result<Vec<String>, Trouble> {
    let page = sink.tries(|| sink.http().get_messages(thread, None, Some(SEEN))).await?;
    if page.is_empty() {
        // A thread's first message has the thread's own id elsewhere only.
        sink.may_read(thread, MessageId::new(thread.get())).await?;
    }
    let me = sink.me().await?;
    Ok(page.into_iter().filter(|message| message.author.id == me).map(|message| message.content).collect())
}
