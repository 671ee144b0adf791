//! From a sample to the message in chat, while 1,000 retailers send.
//!
//! Every retailer sends five rows every five seconds. Once in the run every fifth of them crosses its stop-loss line; the time
//! counts from the moment at which that request was due, however late it was sent, and from its first try, until the fake
//! Discord shows the message with its picture. On the way lie: the
//! write that pauses the campaign, the delivery, the bot's claim over HTTP, the picture, the post over TLS.

use super::Effort;
use super::fake_discord::{FakeDiscord, TOKEN};
use super::http::{Connection, post, request};
use super::report::{Aim, Report, quantile};
use super::world::{Retailer, World, text};
use chrono::Utc;
use serde_json::json;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tillwatch_bot::api::{Api, BotKey};
use tillwatch_bot::command::Actor;
use tillwatch_bot::discord::{Discord, DiscordConfig};
use tillwatch_shared::watch::Transport;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep_until;

/// Retailers that send.
const RETAILERS: usize = 1000;
/// Of so many of them one crosses its line.
const ONE_IN: usize = 5;
/// Each sends once in this time.
const EVERY: Duration = Duration::from_secs(5);
/// They send for so long before the first line is crossed.
const WARM: u64 = 5;
/// Spend of the row that crosses the line, and the line.
const LOSS: u32 = 1500;
const LINE: u32 = 1000;

/// A retailer that sends, and where its messages appear.
struct Sender {
    token: String,
    channel: u64,
}

/// What a sender saw.
#[derive(Default)]
struct Seen {
    /// Milliseconds of each request that was answered.
    writes: Vec<f64>,
    /// Requests that were refused because the service was busy (503).
    refused: usize,
    /// Milliseconds from the breaching sample to its message.
    message: Option<f64>,
}

/// Measures it.
pub(crate) async fn measure(world: &mut World, effort: Effort, report: &mut Report) {
    let fake = Arc::new(FakeDiscord::start().await);
    let api = Api::new(&format!("http://{}", world.address), BotKey::from_seed(World::keys().bot_seed())).expect("api");
    let retailers = world.retailers(RETAILERS).await;
    // Only now: the service ends a connection that asks nothing for ten seconds.
    let mut connection = Connection::open(world.address).await;
    let mut senders = Vec::new();
    for retailer in retailers {
        senders.push(prepare(&mut connection, &fake, &api, &retailer).await);
    }
    let (stop, stopping) = watch::channel(false);
    let sink = Discord::new(DiscordConfig::new(TOKEN).with_client(fake.client())).sink();
    let bot = tokio::spawn(tillwatch_bot::deliver::run(api, vec![sink], stopping));

    let begun = Instant::now();
    // Whoever crosses its line last does so a round late at most, and its message has some seconds.
    let lasts = Duration::from_secs(WARM + effort.spread + 2) + EVERY;
    let mut sending = JoinSet::new();
    for (number, sender) in senders.into_iter().enumerate() {
        let share = number as f64 / RETAILERS as f64;
        let breach_at = (number % ONE_IN == 0)
            .then(|| begun + Duration::from_secs(WARM) + Duration::from_secs(effort.spread).mul_f64(share));
        let first = begun + EVERY.mul_f64(share);
        sending.spawn(send(world.address, Arc::clone(&fake), sender, first, breach_at, begun + lasts));
    }
    let seen = sending.join_all().await;
    stop.send(true).expect("the bot runs");
    bot.await.expect("the bot ends");
    assert_eq!(fake.recorder().violations(), Vec::<String>::new());

    let messages: Vec<f64> = seen.iter().filter_map(|seen| seen.message).collect();
    let refused: usize = seen.iter().map(|seen| seen.refused).sum();
    let writes: Vec<f64> = seen.into_iter().flat_map(|seen| seen.writes).collect();
    assert_eq!(messages.len(), RETAILERS / ONE_IN, "a message for every line that was crossed");
    let rate = writes.len() as f64 / lasts.as_secs_f64();
    if refused > 0 {
        report.note(format!("{refused} requests were refused with 503: the machine could not carry the load."));
    }
    let load = format!("{RETAILERS} retailers, {rate:.0} requests/s, {} messages", messages.len());
    let [median, p99] = [0.5, 0.99].map(|share| quantile(&messages, share));
    report.line("sample to message, p50", &load, "fake Discord", median, " ms", Aim::Nothing);
    report.line("sample to message, p99", &load, "fake Discord", p99, " ms", Aim::Below(1000.0));
    report.line("  answer to the samples, p50", &load, "", quantile(&writes, 0.5), " ms", Aim::Nothing);
    report.line("  answer to the samples, p99", &load, "", quantile(&writes, 0.99), " ms", Aim::Nothing);
}

/// A campaign with a stop-loss line, a partner's token, and a Discord server that is linked.
async fn prepare(connection: &mut Connection, fake: &FakeDiscord, api: &Api, retailer: &Retailer) -> Sender {
    let campaign = World::campaign(connection, retailer, "watched").await;
    let rule = json!({
        "name": format!("Stop at {LINE}"), "severity": "critical", "campaign": campaign,
        "spec": { "kind": "stop_loss", "metric": "spend", "line": LINE },
    });
    connection.ask(&post("/v1/rules", &retailer.owner, &rule)).await;
    let token = World::partner(connection, retailer).await;
    let code = text(&connection.ask(&post("/v1/chat-links/code", &retailer.owner, &json!({}))).await["code"]);
    let place = fake.open_server();
    let actor = Actor {
        transport: Transport::Discord,
        server: place.server.to_string(),
        channel: place.channel.to_string(),
        user: "1".to_owned(),
    };
    api.redeem(&code, &actor).await.expect("the server is linked");
    Sender { token, channel: place.channel }
}

/// Sends every [`EVERY`] until `end`, and once, at the first time from `breach_at` on, the spend that crosses the line.
async fn send(
    address: SocketAddr,
    fake: Arc<FakeDiscord>,
    sender: Sender,
    first: Instant,
    breach_at: Option<Instant>,
    end: Instant,
) -> Seen {
    let mut connection = Connection::open(address).await;
    let (mut seen, mut waiting, mut breach_due) = (Seen::default(), None, None);
    let mut next = first;
    for number in 0_u32.. {
        sleep_until(next.into()).await;
        // The moment that was planned: a sender that is held up must not hide the wait.
        let due = next;
        if due >= end {
            break;
        }
        let breach = waiting.is_none() && breach_at.is_some_and(|at| due >= at);
        let from = if breach { *breach_due.get_or_insert(due) } else { due };
        let status = connection.send(&batch(&sender.token, number, breach)).await.expect("an answer");
        if status == 200 {
            seen.writes.push(due.elapsed().as_secs_f64() * 1000.0);
        } else {
            assert_eq!(status, 503);
            seen.refused += 1;
        }
        if breach && status == 200 {
            let (fake, channel) = (Arc::clone(&fake), sender.channel);
            waiting = Some(tokio::spawn(async move {
                fake.until_visible("the alert", channel, |shown| (!shown.is_empty()).then_some(())).await;
                from.elapsed().as_secs_f64() * 1000.0
            }));
        }
        // On time whatever the answer took; a slow service is not spared the next request.
        next += EVERY;
    }
    if let Some(waiting) = waiting {
        seen.message = Some(waiting.await.expect("the message arrives"));
    }
    seen
}

/// Five rows, the last of them the loss when it is time.
fn batch(token: &str, number: u32, breach: bool) -> Vec<u8> {
    let at = Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let mut text = String::new();
    for metric in ["visits", "buyers", "sent", "delivered"] {
        writeln!(text, r#"{{"metric":"{metric}","at":"{at}","key":"b{number}","value":3,"campaign":"watched"}}"#)
            .unwrap();
    }
    let spend = if breach { LOSS } else { 1 };
    writeln!(text, r#"{{"metric":"spend","at":"{at}","key":"b{number}","value":{spend},"campaign":"watched"}}"#)
        .unwrap();
    request("POST", "/v1/samples", token, &[("Content-Type", "application/x-ndjson")], text.as_bytes())
}
