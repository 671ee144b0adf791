//! Wake-ups: "there may be work", within one process or, over Redis, between many. Lossy by contract: every waiter
//! also polls, so a lost wake-up (or a lost Redis) costs a moment and never work.

mod redis;

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc};

/// What there may be work for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Jobs.
    Jobs,
    /// Deliveries.
    Deliveries,
    /// Messages to webhooks.
    Messages,
    /// Fetches of feeds.
    Fetches,
}

impl Topic {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Jobs, Self::Deliveries, Self::Messages, Self::Fetches];

    /// Its word between processes.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Jobs => "jobs",
            Self::Deliveries => "deliveries",
            Self::Messages => "messages",
            Self::Fetches => "fetches",
        }
    }
}

/// The process's wake-ups; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Wake {
    jobs: Arc<Notify>,
    deliveries: Arc<Notify>,
    messages: Arc<Notify>,
    fetches: Arc<Notify>,
    /// To the other processes, if there is a Redis.
    others: Option<mpsc::Sender<Topic>>,
}

impl Wake {
    /// Wake-ups shared with every process that has the same Redis. What they send is heard as long as the present
    /// runtime lives; a Redis that is down is tried again every second.
    pub fn shared(redis_url: &str) -> ::redis::RedisResult<Self> {
        let client = ::redis::Client::open(redis_url)?;
        let (others, outgoing) = mpsc::channel(64);
        let wake = Self { others: Some(others), ..Self::default() };
        redis::connect(client, wake.clone(), outgoing);
        Ok(wake)
    }

    fn of(&self, topic: Topic) -> &Notify {
        match topic {
            Topic::Jobs => &self.jobs,
            Topic::Deliveries => &self.deliveries,
            Topic::Messages => &self.messages,
            Topic::Fetches => &self.fetches,
        }
    }

    /// Wakes whoever waits for `topic` now, here and in the other processes, and the next one who comes if nobody does.
    pub fn wake(&self, topic: Topic) {
        self.wake_here(topic);
        if let Some(others) = &self.others {
            // A full queue means that wake-ups are on their way already.
            let _ = others.try_send(topic);
        }
    }

    fn wake_here(&self, topic: Topic) {
        let notify = self.of(topic);
        notify.notify_waiters();
        notify.notify_one();
    }

    /// Waits for a wake-up of `topic`, at most `longest`.
    pub async fn wait(&self, topic: Topic, longest: Duration) {
        // A time-out is the ordinary case: the waiter polls then.
        let _ = tokio::time::timeout(longest, self.of(topic).notified()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    /// Longer than any test takes: what ends within it was woken.
    const AN_HOUR: Duration = Duration::from_hours(1);

    #[tokio::test]
    async fn a_wake_up_ends_every_wait_for_its_topic_and_no_other() {
        let wake = Wake::default();
        let (mut one, mut two) = (Box::pin(wake.wait(Topic::Jobs, AN_HOUR)), Box::pin(wake.wait(Topic::Jobs, AN_HOUR)));
        assert!((&mut one).now_or_never().is_none() && (&mut two).now_or_never().is_none(), "nobody has woken them");
        wake.wake(Topic::Deliveries);
        assert!((&mut one).now_or_never().is_none(), "that was for others");
        wake.wake(Topic::Jobs);
        assert!((&mut one).now_or_never().is_some() && (&mut two).now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_wake_up_that_nobody_waited_for_is_kept_for_the_next() {
        let wake = Wake::default();
        wake.wake(Topic::Deliveries);
        assert!(wake.wait(Topic::Deliveries, AN_HOUR).now_or_never().is_some());
        assert!(wake.wait(Topic::Deliveries, AN_HOUR).now_or_never().is_none(), "once");
        // And a wait ends by itself, or this test would not.
        wake.wait(Topic::Deliveries, Duration::from_millis(1)).await;
    }
}
