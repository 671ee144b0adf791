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

    /// How long a wake-up may take on a machine that is busy with other things.
    const IN_TIME: Duration = Duration::from_mins(1);
    /// How long is listened for what must not be heard.
    const QUIET: Duration = Duration::from_millis(200);

    /// Whether `wake` hears of `topic` within `longest`.
    async fn hears(wake: &Wake, topic: Topic, longest: Duration) -> bool {
        let started = Instant::now();
        wake.wait(topic, longest).await;
        started.elapsed() < longest
    }

    /// The contract of wake-ups, for any pair of ends that shall hear each other.
    async fn contract(sender: &Wake, hearer: &Wake) {
        // A wake-up before the wait is not lost, and one during it is heard.
        for pause in [Duration::ZERO, Duration::from_millis(100)] {
            let woken = async {
                tokio::time::sleep(pause).await;
                sender.wake(Topic::Jobs);
            };
            let ((), heard) = tokio::join!(woken, hears(hearer, Topic::Jobs, IN_TIME));
            assert!(heard, "the wake-up was not heard");
        }
        // What the start of a subscription said is not of interest any more.
        while hears(hearer, Topic::Deliveries, QUIET).await || hears(hearer, Topic::Jobs, QUIET).await {}
        sender.wake(Topic::Jobs);
        assert!(hears(hearer, Topic::Jobs, IN_TIME).await, "the wake-up was not heard");
        assert!(!hears(hearer, Topic::Deliveries, QUIET).await, "a wake-up of another topic was heard");
    }

    /// Waits until `ends` processes have subscribed.
    async fn until_subscribed(url: &str, ends: i64) {
        let client = Client::open(url).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let end = Instant::now() + IN_TIME;
        loop {
            let (_, subscribed): (String, i64) =
                redis::cmd("PUBSUB").arg("NUMSUB").arg(CHANNEL).query_async(&mut connection).await.unwrap();
            if subscribed >= ends {
                return;
            }
            assert!(Instant::now() < end, "{subscribed} of {ends} subscriptions after {IN_TIME:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    #[tokio::test]
    async fn wake_ups_keep_their_contract_in_memory() {
        let wake = Wake::default();
        contract(&wake, &wake.clone()).await;
    }

    #[tokio::test]
    async fn wake_ups_keep_their_contract_over_redis_and_survive_its_loss() {
        let dir = default_data_dir().unwrap();
        let started = tokio::task::spawn_blocking(move || LocalRedis::start(&dir)).await.unwrap();
        let server = started.unwrap_or_else(|error| panic!("no Redis for the tests: {error}"));
        let (one, other) = (Wake::shared(&server.url()).unwrap(), Wake::shared(&server.url()).unwrap());
        until_subscribed(&server.url(), 2).await;
        contract(&one, &other).await;
        tokio::task::spawn_blocking(move || server.stop().unwrap()).await.unwrap();
        // Without Redis a process still wakes itself.
        contract(&one, &one).await;
    }
}
