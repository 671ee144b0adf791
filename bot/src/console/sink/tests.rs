use super::*;
use crate::incident::incident;
use crate::testing::FakeApi;
use crate::testing::things::{delivery, in_state, stop_loss};
use std::sync::{Arc, Mutex};
use tillwatch_shared::Locale;

struct Kept(Arc<Mutex<String>>);

impl rustyline::ExternalPrinter for Kept {
    fn print(&mut self, text: String) -> rustyline::Result<()> {
        self.0.lock().unwrap().push_str(&text);
        Ok(())
    }
}

/// What a terminal shows of these deliveries, one after the other.
async fn shown(deliveries: Vec<Delivery>) -> (String, Vec<DeliveryOutcome>) {
    let fake = FakeApi::start(|_| (500, serde_json::Value::Null)).await;
    let (config, kept) = (ConsoleConfig::new("local", "mei"), Arc::new(Mutex::new(String::new())));
    config.printer.attach(Kept(Arc::clone(&kept))).unwrap();
    let sink = ConsoleSink::new(&config, Style { colours: false }, true, &fake.api());
    let mut outcomes = Vec::new();
    for delivery in &deliveries {
        outcomes.push(sink.show(delivery, &incident(delivery, None)).await);
    }
    let text = kept.lock().unwrap().clone();
    (text, outcomes)
}

fn one(alert: Alert) -> Delivery {
    delivery(alert, Transport::Console, Locale::En)
}

#[tokio::test]
async fn a_new_alert_is_framed_and_numbered_with_what_to_type() {
    let mut running = stop_loss();
    running.campaign.as_mut().unwrap().state = CampaignState::Active;
    let (text, outcomes) = shown(vec![one(running)]).await;
    assert!(text.starts_with("┌─ ⛔ firing · Coupons stop at $1,500 "), "{text}");
    assert!(text.contains("$1,512.40") && text.contains("Harbour Grocers"));
    assert!(text.contains("alerts ack 1 · campaign pause \"Autumn coupons\" because …"), "{text}");
    assert!(text.contains("/v1/alerts/alr_"), "the picture's path");
    assert!(!text.contains("shown again"));
    let id = one(stop_loss()).id;
    assert_eq!(outcomes, [DeliveryOutcome::Posted { message: format!("console-{id}"), version: 1, told: None }]);
}

#[tokio::test]
async fn a_change_of_a_shown_alert_is_one_line() {
    let first = one(stop_loss());
    let message = Some("console-x".to_owned());
    let taken = Delivery { message: message.clone(), ..one(in_state(stop_loss(), AlertState::Acknowledged)) };
    let over = Delivery { message, ..one(in_state(stop_loss(), AlertState::Resolved)) };
    let (text, _) = shown(vec![first.clone(), taken, over]).await;
    let frame = shown(vec![first]).await.0;
    let lines: Vec<&str> = text.strip_prefix(&frame).unwrap().lines().collect();
    assert_eq!(
        lines,
        [
            "👀 1. Coupons stop at $1,500: acknowledged by Tom · Autumn coupons: paused",
            "✅ 1. Coupons stop at $1,500: resolved · Autumn coupons: paused",
        ]
    );
}

#[tokio::test]
async fn a_cost_that_grows_on_says_nothing_twice() {
    let first = one(stop_loss());
    let again = || Delivery { message: Some("console-x".to_owned()), version: 7, ..first.clone() };
    let over = Delivery { message: Some("console-x".to_owned()), ..one(in_state(stop_loss(), AlertState::Resolved)) };
    let (text, outcomes) = shown(vec![first.clone(), again(), again(), over, again()]).await;
    let frame = shown(vec![first.clone()]).await.0;
    let lines: Vec<&str> = text.strip_prefix(&frame).unwrap().lines().collect();
    assert_eq!(
        lines,
        [
            "✅ 1. Coupons stop at $1,500: resolved · Autumn coupons: paused",
            "⛔ 1. Coupons stop at $1,500: firing · Autumn coupons: paused",
        ]
    );
    assert!(
        matches!(outcomes[2], DeliveryOutcome::Posted { version: 7, .. }),
        "what is not printed is shown all the same"
    );
}

#[tokio::test]
async fn what_may_have_been_shown_before_a_crash_says_so() {
    let (text, _) = shown(vec![Delivery { attempt: 2, ..one(stop_loss()) }]).await;
    assert!(text.contains("shown again"), "{text}");
}

#[tokio::test]
async fn another_servers_alerts_do_not_appear() {
    let (text, outcomes) = shown(vec![Delivery { server: "other".to_owned(), ..one(stop_loss()) }]).await;
    assert_eq!(text, "");
    assert!(matches!(outcomes[0], DeliveryOutcome::Failed { permanent: false, .. }), "its own console may show it");
}

#[tokio::test]
async fn a_console_asks_for_the_alerts_of_its_own_servers_only() {
    let fake = FakeApi::start(|_| (500, serde_json::Value::Null)).await;
    let config = ConsoleConfig { also_shows: vec!["cn".to_owned()], ..ConsoleConfig::new("us", "mei") };
    let sink = ConsoleSink::new(&config, Style { colours: false }, true, &fake.api());
    assert_eq!(sink.servers(), Some(vec!["us".to_owned(), "cn".to_owned()]));
}
