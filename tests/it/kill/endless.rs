//! The loop: server and bot are killed in turn at random moments while a partner sends; in the end every sample is
//! counted once, every breach has one alert, and every alert one message that shows its newest version.

use super::plan::Plan;
use super::send;
use crate::bot_process;
use crate::fake_discord::{FakeDiscord, Message};
use crate::harness::program::Program;
use crate::harness::tenant::{Style, bot};
use crate::harness::{Client, Server, Tenant, eventually_within, own_database};
use chrono::{Days, NaiveDate};
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tillwatch_bot::wording::figures::figure;
use tillwatch_shared::Locale;
use tillwatch_shared::permissions::Permission;
use tokio::sync::watch;

/// How many are killed.
const KILLS: usize = 34;
/// How long one of the two lives after the other was killed, in milliseconds.
const BETWEEN: std::ops::Range<u64> = 50..700;
/// What a killed process had in its hands comes back after 30 s.
const SETTLING: Duration = Duration::from_mins(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_at_any_moment_lose_nothing_and_double_nothing() {
    let fake = FakeDiscord::start().await;
    let mut server = Server::start(own_database().await).await;
    let retailer =
        Tenant::sign_up_as(server.client(), server.database().clone(), Style::default(), "Harbour Grocers").await;
    link_chat(&retailer, &fake).await;
    let partner = retailer.partner(&[Permission::SamplesWrite]).await;
    let mut plan = Plan::make(&retailer).await;
    let rows = plan.rows();
    send(&partner, &plan.quiet_days()).await;
    retailer.settled().await;

    retailer.database.execute(LONG_AGO).await;
    let queues = std::mem::take(&mut plan.queues);
    let kills = watch::Sender::new(0);
    let sender = |queue| tokio::spawn(send_all(partner.clone(), queue, kills.subscribe()));
    let senders: Vec<_> = queues.into_iter().map(sender).collect();
    let mut last_bot = kill_in_turn(&mut server, &fake, &kills).await;
    for sender in senders {
        sender.await.expect("every batch was answered");
    }
    until_settled(&retailer).await;

    assert_eq!(counted(&retailer, plan.today).await, (rows, sum(&plan)), "every sample once, in the day sums too");
    assert_eq!(retailer.database.number("SELECT count(*) FROM samples").await, i64::try_from(rows).expect("few"));
    assert_paused_once(&retailer, &plan).await;
    assert_told_once(&retailer, &plan, &fake).await;
    assert_eq!(fake.recorder().violations(), Vec::<String>::new());
    last_bot.kill();
    fake.stop().await;
}

/// Alerts look as if they were raised a while ago: those of one minute would be told in one message.
const LONG_AGO: &str = "
    CREATE FUNCTION long_ago() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN NEW.opened_at := NEW.opened_at - interval ''5 minutes''; RETURN NEW; END';
    CREATE TRIGGER long_ago BEFORE INSERT ON alerts FOR EACH ROW EXECUTE FUNCTION long_ago()";

/// The owner is linked, and the fake's channel with them.
async fn link_chat(retailer: &Tenant, fake: &FakeDiscord) {
    let code = retailer.owner.post("/v1/chat-links/code", json!({})).await.ok();
    let home = fake.home();
    let wish = json!({
        "code": code["code"], "transport": "discord", "server": home.server.to_string(),
        "channel": home.channel.to_string(), "user": "7"
    });
    bot(&retailer.anonymous).await.post("/v1/chat-links/redeem", wish).await.ok();
}

/// Sends a queue in its order, spread evenly over the kills.
async fn send_all(partner: Client, queue: Vec<Vec<Value>>, mut kills: watch::Receiver<usize>) {
    for (n, batch) in queue.iter().enumerate() {
        kills.wait_for(|kills| n * KILLS <= kills * queue.len()).await.expect("kills to come");
        send(&partner, batch).await;
    }
}

/// Kills server and bot in turn, often enough; gives the bot that lives on.
async fn kill_in_turn(server: &mut Server, fake: &FakeDiscord, kills: &watch::Sender<usize>) -> Program {
    let seed: u64 = rand::rng().random();
    println!("the kills' seed is {seed}");
    let mut moments = rand::rngs::StdRng::seed_from_u64(seed);
    let mut bot = bot_process::start(&server.url(), fake);
    let begun = Instant::now();
    for kill in 0..KILLS {
        kills.send_replace(kill);
        // Some die while they start; most are given the time to, or nothing would ever be done on a slow machine.
        if !kill.is_multiple_of(6) {
            server.until_ready().await;
        }
        tokio::time::sleep(Duration::from_millis(moments.random_range(BETWEEN))).await;
        if kill % 2 == 0 {
            server.kill();
        } else {
            assert_eq!(bot.ended(), None, "the bot ended by itself: {}", bot.errors());
            bot.kill();
            bot = bot_process::start(&server.url(), fake);
        }
    }
    println!("{KILLS} kills in {:?}", begun.elapsed());
    bot
}

/// Waits until no work is left: what was in the hands of the killed comes back by its lease.
async fn until_settled(retailer: &Tenant) {
    let left = "SELECT (SELECT count(*) FROM queue_jobs WHERE run_at <= now() OR attempt > 0) + (SELECT count(*) FROM queue_deliveries WHERE state <> 'done')";
    eventually_within(SETTLING, "the last jobs and deliveries", async || {
        (retailer.database.number(left).await == 0).then_some(())
    })
    .await;
}

fn sum(plan: &Plan) -> f64 {
    plan.campaigns.iter().map(|campaign| f64::from(campaign.total)).sum()
}

/// How many samples the day sums of both metrics count, and what the spend adds up to.
async fn counted(retailer: &Tenant, today: NaiveDate) -> (usize, f64) {
    let window = format!("resolution=day&from={}&to={today}", today - Days::new(40));
    let (mut samples, mut spend) = (0, 0.0);
    for metric in ["spend", "refunds"] {
        let series = retailer.owner.get(&format!("/v1/series?metric={metric}&{window}")).await.ok();
        for point in series["data"].as_array().expect("points") {
            samples += usize::try_from(point["samples"].as_u64().expect("a count")).expect("few");
            spend += if metric == "spend" { point["sum"].as_f64().expect("a sum") } else { 0.0 };
        }
    }
    (samples, spend)
}

/// A campaign that passed its line was paused once, by the rule; the others still run. Totals are exact.
async fn assert_paused_once(retailer: &Tenant, plan: &Plan) {
    let stopped = plan.figures();
    for costs in &plan.campaigns {
        let campaign = retailer.owner.get(&format!("/v1/campaigns/{}", costs.id)).await.ok();
        let over = stopped.iter().any(|(id, _)| *id == costs.id);
        assert_eq!(campaign["spend"].as_f64(), Some(f64::from(costs.total)), "{campaign}");
        assert_eq!(campaign["state"], if over { "paused" } else { "active" }, "{campaign}");
        let history = retailer.owner.get(&format!("/v1/campaigns/{}/history", costs.id)).await.ok();
        let steps: Vec<(&str, &str)> = history["data"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|step| (step["to"].as_str().unwrap_or_default(), step["actor_kind"].as_str().unwrap_or_default()))
            .collect();
        let by_people = [("draft", "staff"), ("active", "staff")];
        assert_eq!(steps[..2], by_people);
        assert_eq!(steps[2..], [("paused", "rule")][usize::from(!over)..], "{history}");
    }
}

/// A breach has one alert with the last figure, and an alert one message that shows it.
async fn assert_told_once(retailer: &Tenant, plan: &Plan, fake: &FakeDiscord) {
    let alerts = retailer.owner.get("/v1/alerts?limit=200").await.ok();
    let deliveries = retailer.owner.get("/v1/deliveries?limit=200").await.ok();
    let list = |page: &Value| page["data"].as_array().expect("a list").clone();
    let (alerts, deliveries) = (list(&alerts), list(&deliveries));
    let mut told: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for alert in &alerts {
        let place = if alert["campaign"].is_null() { &alert["channel"] } else { &alert["campaign"] };
        told.entry(place["id"].as_str().expect("a place")).or_default().push(alert);
    }
    let messages = fake.visible_messages(fake.home().channel);
    for (place, value) in plan.figures() {
        let value = f64::from(value);
        let [alert] = told.remove(place.as_str()).unwrap_or_default()[..] else {
            panic!("not one alert for {place}: {told:?}")
        };
        assert_eq!(alert["figures"]["value"].as_f64(), Some(value), "{alert}");
        let [delivery] = deliveries.iter().filter(|d| d["alert"] == alert["id"]).collect::<Vec<_>>()[..] else {
            panic!("not one delivery of {alert}")
        };
        let footer = delivery["id"].as_str().expect("an id").trim_start_matches("dlv_");
        let [message] = messages.iter().filter(|m| m.footer() == footer).collect::<Vec<&Message>>()[..] else {
            panic!("not one message with {footer} for {alert}")
        };
        assert_eq!(delivery["message"], message.id.to_string());
        let shown = figure(value, "money", "USD", Locale::En);
        assert!(message.read().contains(&shown), "no {shown} in {}", message.read());
        let versions =
            "SELECT count(*) FROM queue_deliveries d JOIN alerts a USING (alert_id) WHERE d.posted_version = a.version";
        assert_eq!(
            retailer.database.number(versions).await,
            i64::try_from(alerts.len()).expect("few"),
            "the newest versions"
        );
    }
    assert!(told.is_empty(), "alerts without a breach: {told:?}");
    assert_eq!(messages.len(), alerts.len(), "nothing else was posted");
}
