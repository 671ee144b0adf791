//! SIGTERM under load: what was accepted is kept, what is in hand is answered, and the end comes in time.

use super::{Sent, send, send_once};
use crate::bot_process;
use crate::fake_discord::FakeDiscord;
use crate::harness::feed::sample;
use crate::harness::tenant::Style;
use crate::harness::{Client, Server, Tenant, eventually, own_database};
use chrono::{Days, NaiveDate, Utc};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tillwatch_shared::permissions::Permission;
use tokio::sync::watch;

/// Rows of a batch.
const ROWS: usize = 20;
const SENDERS: usize = 6;
/// The service gives what is in hand 9 s, and a busy machine takes its time; a process that hangs is killed after 30 s
/// by whoever runs it.
const IN_TIME: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_under_load_is_in_time_and_keeps_every_accepted_row() {
    let fake = FakeDiscord::start().await;
    let mut server = Server::start(own_database().await).await;
    let retailer = Tenant::sign_up_as(server.client(), server.database().clone(), Style::default(), "Harbour").await;
    let partner = retailer.partner(&[Permission::SamplesWrite]).await;
    // A bot that waits for deliveries in a long poll must not hold the end up.
    let mut bot = bot_process::start(&server.url(), &fake);
    fake.until_gateway("ready", 1).await;

    let (stop, stopping) = watch::channel(false);
    let day = Utc::now().date_naive() - Days::new(3);
    let batches = Arc::new(AtomicUsize::new(0));
    let pour = |n| tokio::spawn(pour(partner.clone(), n, day, Arc::clone(&batches), stopping.clone()));
    let senders: Vec<_> = (0..SENDERS).map(pour).collect();
    eventually("a load", async || (batches.load(Ordering::Relaxed) >= 3 * SENDERS).then_some(())).await;
    server.program.signal("TERM");
    let ended = server.program.until_ended(IN_TIME).await;
    assert_eq!(ended.code(), Some(0), "{}", server.program.errors());
    stop.send_replace(true);

    let (mut accepted, mut unknown) = (0, Vec::new());
    for sender in senders {
        let (taken, open) = sender.await.expect("no refusal");
        accepted += taken;
        unknown.extend(open);
    }
    assert!(accepted >= SENDERS * ROWS, "there was a load: {accepted}");
    let stored =
        || async { usize::try_from(retailer.database.number("SELECT count(*) FROM samples").await).expect("a count") };
    let kept = stored().await;
    let most = accepted + unknown.len() * ROWS;
    assert!((accepted..=most).contains(&kept), "accepted {accepted}, at most {most}, kept {kept}");
    assert_eq!(kept % ROWS, 0, "whole batches");

    // After the next start the partner resends what it has no answer to: now all is there, once.
    server.restart();
    server.until_ready().await;
    for batch in &unknown {
        send(&partner, batch).await;
    }
    assert_eq!(stored().await, most);
    bot.kill();
    fake.stop().await;
}

/// Sends batch after batch until the service is gone: how many rows were accepted, and the batches without an answer.
async fn pour(
    partner: Client,
    sender: usize,
    day: NaiveDate,
    batches: Arc<AtomicUsize>,
    stopping: watch::Receiver<bool>,
) -> (usize, Vec<Vec<Value>>) {
    let (mut accepted, mut unknown) = (0, Vec::new());
    for number in 0.. {
        let row = |n: usize| sample("orders", &format!("{day}T{n:02}:00:00Z"), &format!("{sender}/{number}"), 1);
        let batch: Vec<Value> = (0..ROWS).map(row).collect();
        match send_once(&partner, &batch).await {
            Sent::Taken(taken) => {
                assert_eq!(taken["accepted"], ROWS, "{taken}");
                accepted += ROWS;
                batches.fetch_add(1, Ordering::Relaxed);
            }
            Sent::Unknown => unknown.push(batch),
        }
        // Without an answer there is nobody to send to.
        if *stopping.borrow() || unknown.len() > 2 {
            break;
        }
    }
    (accepted, unknown)
}
