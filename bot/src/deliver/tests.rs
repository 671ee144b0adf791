use super::*;
use crate::testing::things::{delivery, stop_loss};
use crate::testing::{FakeApi, Request, problem};
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tillwatch_shared::Locale;
use tillwatch_shared::ids::DeliveryId;
use tokio::sync::Barrier;

/// How long something may take that must happen: only what is broken takes so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// A chat that remembers what it was asked to show. Its first `together` shows wait for each other.
struct Chat {
    shown: Mutex<Vec<(DeliveryId, bool)>>,
    together: usize,
    begun: AtomicUsize,
    barrier: Barrier,
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Chat {
    fn new(together: usize) -> Arc<Self> {
        Arc::new(Self {
            shown: Mutex::default(),
            together,
            begun: AtomicUsize::new(0),
            barrier: Barrier::new(together),
            now: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        })
    }
}

impl ChatSink for Chat {
    fn transport(&self) -> Transport {
        Transport::Discord
    }

    fn show<'a>(&'a self, delivery: &'a Delivery, reply: &'a Reply) -> BoxFuture<'a, DeliveryOutcome> {
        Box::pin(async move {
            self.most.fetch_max(self.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            if self.begun.fetch_add(1, Ordering::SeqCst) < self.together {
                self.barrier.wait().await;
            }
            self.now.fetch_sub(1, Ordering::SeqCst);
            self.shown.lock().unwrap().push((delivery.id, reply.picture.is_some()));
            DeliveryOutcome::Posted { message: "m".to_owned(), version: delivery.version, told: None }
        })
    }
}

/// An API with this many deliveries to claim; `report` answers reports by how many came before.
async fn api(count: usize, report: impl Fn(usize) -> (u16, Value) + Send + Sync + 'static) -> FakeApi {
    let (left, reports) = (Mutex::new(count), AtomicUsize::new(0));
    FakeApi::start(move |request: &Request| {
        let what = request.what();
        if what == "POST /v1/deliveries/claim" {
            let mut left = left.lock().unwrap();
            let take = (*left).min(usize::try_from(request.body["max"].as_u64().unwrap()).unwrap());
            let batch: Vec<Delivery> = (0..take)
                .map(|place| Delivery {
                    id: DeliveryId(uuid::Uuid::from_u128((*left - place) as u128)),
                    ..delivery(stop_loss(), Transport::Discord, Locale::En)
                })
                .collect();
            *left -= take;
            return (200, json!({ "data": batch }));
        }
        if what.ends_with("/picture") {
            return problem(Code::NotFound);
        }
        report(reports.fetch_add(1, Ordering::SeqCst))
    })
    .await
}

async fn run_until(fake: &FakeApi, chat: &Arc<Chat>, done: impl Fn(&FakeApi) -> bool) {
    let (stop, stopping) = watch::channel(false);
    let sinks: Vec<Arc<dyn ChatSink>> = vec![Arc::clone(chat) as Arc<dyn ChatSink>];
    let running = tokio::spawn(run(fake.api(), sinks, stopping));
    timeout(PATIENCE, async {
        while !done(fake) {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("in time");
    stop.send(true).unwrap();
    timeout(PATIENCE, running).await.expect("stops in time").unwrap();
}

fn reports(fake: &FakeApi) -> Vec<Request> {
    fake.seen().into_iter().filter(|request| request.target.ends_with("/report")).collect()
}

#[tokio::test]
async fn each_delivery_is_shown_and_reported_once_at_most_eight_at_a_time() {
    let (fake, chat) = (api(20, |_| (200, json!({ "changed": true }))).await, Chat::new(IN_FLIGHT));
    run_until(&fake, &chat, |fake| reports(fake).len() == 20).await;
    let mut shown: Vec<_> = chat.shown.lock().unwrap().iter().map(|(id, _)| *id).collect();
    shown.sort_unstable();
    shown.dedup();
    assert_eq!(shown.len(), 20);
    assert_eq!(chat.most.load(Ordering::SeqCst), IN_FLIGHT);
    let body = &reports(&fake)[0].body;
    assert_eq!(*body, json!({ "attempt": 1, "outcome": { "result": "posted", "message": "m", "version": 1 } }));
    assert!(reports(&fake)[0].header("on-behalf-of").is_none(), "a delivery is the bot's own work");
}

#[tokio::test]
async fn a_report_is_repeated_until_it_is_taken() {
    let fake = api(
        1,
        |before| if before < 2 { problem(Code::DatabaseUnavailable) } else { (200, json!({ "changed": true })) },
    );
    let (fake, chat) = (fake.await, Chat::new(1));
    run_until(&fake, &chat, |fake| reports(fake).len() == 3).await;
    assert_eq!(chat.shown.lock().unwrap().len(), 1, "shown once, however often it is reported");
}

#[tokio::test]
async fn a_lost_lease_ends_the_work() {
    let (fake, chat) = (api(1, |_| problem(Code::LeaseLost)).await, Chat::new(1));
    run_until(&fake, &chat, |fake| reports(fake).len() == 1).await;
    // By now all work has ended, so nothing can be reported any more.
    assert_eq!(reports(&fake).len(), 1);
}

#[test]
fn pauses_double_up_to_five_seconds() {
    let mut pause = Pause::default();
    let pauses: Vec<u128> = (0..8).map(|_| pause.next().as_millis()).collect();
    assert_eq!(pauses, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
}

#[test]
fn a_report_stays_within_its_limits() {
    let long = DeliveryOutcome::Failed { error: "é".repeat(600), retry_after_ms: Some(u32::MAX), permanent: false };
    let DeliveryOutcome::Failed { error, retry_after_ms, .. } = shortened(long) else { panic!() };
    assert_eq!((error.chars().count(), retry_after_ms), (500, Some(3_600_000)));
}

#[tokio::test]
async fn an_alert_does_not_wait_for_its_picture_for_ever() {
    let never = in_time(Duration::ZERO, std::future::pending::<Answer<()>>()).await;
    assert!(never.unwrap_err().is_passing());
    assert_eq!(in_time(PATIENCE, async { Ok(1) }).await.unwrap(), 1);
}

/// A chat of some servers, or one that has closed.
struct Few(&'static [&'static str], bool);

impl ChatSink for Few {
    fn transport(&self) -> Transport {
        Transport::Console
    }

    fn servers(&self) -> Option<Vec<String>> {
        Some(self.0.iter().map(|server| (*server).to_owned()).collect())
    }

    fn is_open(&self) -> bool {
        self.1
    }

    fn show<'a>(&'a self, _: &'a Delivery, _: &'a Reply) -> BoxFuture<'a, DeliveryOutcome> {
        unreachable!("nothing is claimed for it")
    }
}

#[test]
fn a_chat_of_some_servers_claims_for_these_and_a_closed_one_for_none() {
    let open: [Arc<dyn ChatSink>; 2] = [Arc::new(Few(&["us", "cn"], true)), Chat::new(1)];
    let (transports, servers) = served(&open);
    assert_eq!(transports, [Transport::Console, Transport::Discord]);
    assert_eq!(servers.iter().map(|one| one.server.as_str()).collect::<Vec<_>>(), ["us", "cn"]);
    assert!(servers.iter().all(|one| one.transport == Transport::Console));
    let closed: [Arc<dyn ChatSink>; 1] = [Arc::new(Few(&["us"], false))];
    assert_eq!(served(&closed), (Vec::new(), Vec::new()));
}
