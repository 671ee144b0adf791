//! Wake-ups: "there may be work" between the parts of one process. Lossy by contract: every waiter also polls, so
//! a lost wake-up costs a moment and never work.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// What there may be work for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Jobs.
    Jobs,
    /// Deliveries.
    Deliveries,
}

/// The process's wake-ups; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Wake {
    jobs: Arc<Notify>,
    deliveries: Arc<Notify>,
}

impl Wake {
    fn of(&self, topic: Topic) -> &Notify {
        match topic {
            Topic::Jobs => &self.jobs,
            Topic::Deliveries => &self.deliveries,
        }
    }

    /// Wakes whoever waits for `topic` now, and the next one who comes if nobody does.
    pub fn wake(&self, topic: Topic) {
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
