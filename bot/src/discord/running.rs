//! Counts the handlers that run, so that stopping can wait for them: serenity's shutdown does not.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The count, shared by every handler.
#[derive(Clone)]
pub(crate) struct Running(Arc<watch::Sender<usize>>);

impl Default for Running {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

/// A handler runs as long as its guard lives.
pub(crate) struct Guard(Running);

impl Running {
    /// A handler begins.
    pub(crate) fn enter(&self) -> Guard {
        self.0.send_modify(|n| *n += 1);
        Guard(self.clone())
    }

    /// Waits until none runs, at most so long; says how many are left.
    pub(crate) async fn ended(&self, within: Duration) -> usize {
        let mut count = self.0.subscribe();
        // Either the time is up or the count is zero; the sender cannot be gone while `self` lives.
        let _in_time = tokio::time::timeout(within, count.wait_for(|n| *n == 0)).await;
        *self.0.borrow()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.0.send_modify(|n| *n -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn stopping_waits_for_the_last_handler_but_not_for_ever() {
        let running = Running::default();
        assert_eq!(running.ended(Duration::ZERO).await, 0);
        let (one, two) = (running.enter(), running.enter());
        drop(one);
        assert_eq!(running.ended(Duration::from_millis(10)).await, 1);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            drop(two);
        });
        assert_eq!(running.ended(Duration::from_secs(5)).await, 0);
    }
}
