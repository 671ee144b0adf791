//! Wake-ups between processes over Redis publish/subscribe.
//!
//! Two tasks a process: one publishes what was woken here, one hears what was woken elsewhere. Invariant: neither ever
//! holds anybody up; while Redis is away, waiters poll.

use super::{Topic, Wake};
use futures_util::StreamExt as _;
use redis::{AsyncCommands as _, Client, RedisResult};
use std::time::Duration;
use tokio::sync::mpsc::Receiver;

const CHANNEL: &str = "tillwatch:wake";
/// Pause before a lost Redis is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// Starts both tasks on the present runtime.
pub(super) fn connect(client: Client, wake: Wake, outgoing: Receiver<Topic>) {
    tokio::spawn(publish(client.clone(), outgoing));
    tokio::spawn(async move {
        loop {
            if let Err(error) = listen(&client, &wake).await {
                tracing::debug!(%error, "Redis is away; waiters poll");
            }
            tokio::time::sleep(AGAIN).await;
        }
    });
}

async fn publish(client: Client, mut outgoing: Receiver<Topic>) {
    let mut connection = None;
    while let Some(topic) = outgoing.recv().await {
        if connection.is_none() {
            connection = client.get_multiplexed_async_connection().await.ok();
        }
        let Some(open) = &mut connection else { continue };
        let sent: RedisResult<()> = open.publish(CHANNEL, topic.as_str()).await;
        if sent.is_err() {
            connection = None;
        }
    }
}

async fn listen(client: &Client, wake: &Wake) -> RedisResult<()> {
    let mut subscription = client.get_async_pubsub().await?;
    subscription.subscribe(CHANNEL).await?;
    // What was missed before may be work.
    for topic in Topic::ALL {
        wake.wake_here(topic);
    }
    let mut messages = subscription.on_message();
    while let Some(message) = messages.next().await {
        let word: String = message.get_payload()?;
        for topic in Topic::ALL.into_iter().filter(|topic| topic.as_str() == word) {
            wake.wake_here(topic);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::db::local::{LocalRedis, default_data_dir};
    use std::time::Instant;

    /// The contract of wake-ups, for any pair of ends that shall hear each other.
    async fn contract(sender: &Wake, hearer: &Wake) {
        // A wake-up before the wait is not lost, one during it is heard at once, and one for another topic is not.
        for pause in [Duration::ZERO, Duration::from_millis(100)] {
            let started = Instant::now();
            let woken = async {
                tokio::time::sleep(pause).await;
                sender.wake(Topic::Jobs);
            };
            tokio::join!(woken, hearer.wait(Topic::Jobs, Duration::from_secs(10)));
            assert!(started.elapsed() < Duration::from_secs(8), "the wake-up was not heard");
        }
        let started = Instant::now();
        sender.wake(Topic::Jobs);
        // Drain what the start of a subscription said.
        hearer.wait(Topic::Deliveries, Duration::from_millis(200)).await;
        let started_again = Instant::now();
        hearer.wait(Topic::Deliveries, Duration::from_millis(200)).await;
        assert!(started_again.elapsed() >= Duration::from_millis(190), "a wake-up of another topic was heard");
        assert!(started.elapsed() < Duration::from_secs(5));
    }

    #[tokio::test]
    async fn wake_ups_keep_their_contract_in_memory() {
        let wake = Wake::default();
        contract(&wake, &wake.clone()).await;
    }

    #[tokio::test]
    async fn wake_ups_keep_their_contract_over_redis_and_survive_its_loss() {
        let dir = default_data_dir().unwrap();
        let server = tokio::task::spawn_blocking(move || LocalRedis::start(&dir).unwrap()).await.unwrap();
        let (one, other) = (Wake::shared(&server.url()).unwrap(), Wake::shared(&server.url()).unwrap());
        // The subscriptions are made in the background.
        tokio::time::sleep(Duration::from_millis(500)).await;
        contract(&one, &other).await;
        tokio::task::spawn_blocking(move || server.stop().unwrap()).await.unwrap();
        // Without Redis a process still wakes itself.
        contract(&one, &one).await;
    }
}
