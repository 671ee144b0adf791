//! Which days are judged when samples come late, out of order, or not at all; and how much work that orders.

#![expect(clippy::unwrap_used, reason = "tests")]

use crate::harness::feed::{feed, of, sample};
use crate::harness::service::own_service_with;
use crate::harness::tenant::{Style, text};
use crate::harness::{Tenant, own_database};
use crate::rules_alerts::{alerts, day, judged, make};
use chrono::{SecondsFormat, TimeDelta, Timelike as _, Utc};
use serde_json::{Value, json};
use tillwatch_backend::app::App;
use tillwatch_backend::measure::metrics::Book;
use tillwatch_backend::platform::db::Db;
use tillwatch_backend::platform::http::who::Who;
use tillwatch_backend::platform::jobs::hands::{Held, Share};
use tillwatch_backend::platform::jobs::queue;
use tillwatch_backend::platform::wake::Topic;
use tillwatch_backend::watch::ingest;
use tillwatch_backend::watch::ingest::parse::{self, Format, Limits};

fn below(line: u32, more: &Value) -> Value {
    let spec = json!({ "kind": "threshold", "metric": "sales", "side": "below", "line": line, "recover": line + 5 });
    let mut wish = json!({ "name": "Low sales", "severity": "warning", "spec": spec });
    wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    wish
}

/// Closes a day of the sales as the service itself does an hour past midnight.
async fn closed_by_the_clock(retailer: &Tenant, date: &str) {
    let payload = json!({ "metrics": ["sales"], "closed": date });
    retailer
        .database
        .execute(&format!(
            "INSERT INTO queue_jobs (job_id, for_tenant, kind, payload, request_id, state, run_at, created_at) \
             VALUES (gen_random_uuid(), '{}', 'judge_days', '{payload}', 'the-clock', 'ready', now(), now())",
            retailer.id.0
        ))
        .await;
    retailer.settled().await;
}

#[tokio::test]
async fn a_day_that_the_clock_closed_stays_closed_when_late_samples_of_it_come() {
    let retailer = Tenant::sign_up().await;
    let rule = make(&retailer, below(50, &json!({}))).await;
    judged(&retailer, &[day("sales", "2026-03-01", 100.0)]).await;
    judged(&retailer, &[day("sales", "2026-03-02", 10.0)]).await;
    assert!(alerts(&retailer.owner, "").await.is_empty(), "the day is not over");
    closed_by_the_clock(&retailer, "2026-03-02").await;
    let [first] = &alerts(&retailer.owner, "").await[..] else { panic!("one alert") };

    // The shops are closed: nothing of the next day yet. The day stays low, and its alert open.
    let place = format!("/v1/rules/{}", text(&rule["id"]));
    for (key, value) in [("late", 11.0), ("later", 12.0), ("latest", 13.0)] {
        judged(&retailer, &[sample("sales", "2026-03-02T18:00:00Z", key, 1)]).await;
        let version = retailer.owner.get(&place).await.ok()["version"].as_i64().unwrap();
        retailer.owner.patch(&place, version, json!({ "name": key })).await.ok();
        retailer.settled().await;
        let [alert] = &alerts(&retailer.owner, "").await[..] else { panic!("one incident, one alert: {key}") };
        assert_eq!((&alert["id"], &alert["state"]), (&first["id"], &json!("firing")), "{key}");
        assert_eq!(alert["figures"]["value"], value, "{key}");
    }
    judged(&retailer, &[day("sales", "2026-03-03", 100.0), day("sales", "2026-03-04", 100.0)]).await;
    let [ended] = &alerts(&retailer.owner, "").await[..] else { panic!("still one alert") };
    assert_eq!((&ended["id"], &ended["state"]), (&first["id"], &json!("resolved")));
}

#[tokio::test]
async fn who_reports_days_behind_the_others_is_judged_all_the_same() {
    let retailer = Tenant::sign_up().await;
    let [shop, partner, kiosk] =
        [retailer.channel("Shop").await, retailer.channel("Partner").await, retailer.channel("Kiosk").await];
    make(&retailer, below(20, &json!({ "per_channel": true }))).await;
    let sold = |channel: &str, days: &[(&str, f64)]| {
        of("channel", channel, days.iter().map(|(date, value)| day("sales", date, *value)))
    };
    let (thursday, friday, saturday, sunday, monday) =
        ("2026-02-05", "2026-02-06", "2026-02-07", "2026-02-08", "2026-02-09");
    judged(&retailer, &sold(&partner, &[(thursday, 100.0)])).await;
    for date in [thursday, friday, saturday, sunday, monday] {
        judged(&retailer, &sold(&shop, &[(date, 100.0)])).await;
    }
    assert!(alerts(&retailer.owner, "").await.is_empty());

    // The weekend of the partner comes on Monday: Saturday was low, Sunday neither low nor well again.
    judged(&retailer, &sold(&partner, &[(friday, 100.0), (saturday, 10.0), (sunday, 22.0)])).await;
    let [alert] = &alerts(&retailer.owner, "").await[..] else { panic!("the partner's Saturday") };
    assert_eq!((&alert["channel"]["id"], &alert["state"]), (&json!(partner), &json!("firing")));
    assert_eq!((&alert["figures"]["value"], &alert["window_start"]), (&json!(10.0), &json!("2026-02-07T05:00:00Z")));
    // Somebody new who always reports two days late is judged from the first report on.
    judged(&retailer, &sold(&kiosk, &[(saturday, 5.0)])).await;
    let both = alerts(&retailer.owner, "?state=firing").await;
    assert_eq!((both.len(), &both[0]["channel"]["id"]), (2, &json!(kiosk)));
    // What ended weeks ago is history.
    let closed = retailer.channel("Closed in January").await;
    judged(&retailer, &sold(&closed, &[("2026-01-20", 5.0)])).await;
    assert_eq!(alerts(&retailer.owner, "").await.len(), 2);
}

#[tokio::test]
async fn an_alert_of_a_campaigns_days_speaks_of_the_newest_one() {
    let retailer = Tenant::sign_up().await;
    let campaign = retailer.active_campaign("Dear every day").await;
    let spec = json!({ "kind": "threshold", "metric": "spend", "side": "above", "line": 50 });
    make(&retailer, json!({ "name": "Dear", "severity": "info", "campaign": campaign, "spec": spec })).await;
    let cost = |date| of("campaign", &campaign, [day("spend", date, 60.0)]);
    for (date, shown) in [("2026-02-04", "2026-02-03T05:00:00Z"), ("2026-02-05", "2026-02-04T05:00:00Z")] {
        judged(&retailer, &[cost("2026-02-03"), cost(date)].concat()).await;
        let [alert] = &alerts(&retailer.owner, "").await[..] else { panic!("one alert") };
        assert_eq!(alert["window_start"], shown);
    }
}

/// A zone in which it is neither just before nor just after midnight.
fn zone_in_daytime() -> &'static str {
    if (2..20).contains(&((Utc::now().hour() + 8) % 24)) { "Asia/Shanghai" } else { "America/New_York" }
}

#[tokio::test]
async fn only_what_can_close_or_change_a_closed_day_orders_work_and_the_same_work_is_done_once() {
    let database = own_database().await;
    let service = own_service_with(database.clone(), 8, |options| options.worker = false);
    let style = Style { time_zone: zone_in_daytime(), ..Style::default() };
    let retailer = Tenant::sign_up_at(&service, style).await;
    let waiting = async |condition: &str| {
        database.number(&format!("SELECT count(*) FROM queue_jobs WHERE kind = 'judge_days' AND {condition}")).await
    };
    let send = async |key: &str, hours_ago: i64| {
        let at = Utc::now() - TimeDelta::hours(hours_ago);
        let rows = [sample("sales", &at.to_rfc3339_opts(SecondsFormat::Secs, true), key, 5)];
        assert_eq!(feed(&retailer.owner, &rows).await.ok()["accepted"], 1);
    };
    // The first sample of today may have closed yesterday, and today will be closed by the clock.
    send("a", 0).await;
    assert_eq!((waiting("run_at <= now()").await, waiting("run_at > now()").await), (1, 1));
    send("b", 0).await;
    send("c", 0).await;
    assert_eq!((waiting("run_at <= now()").await, waiting("run_at > now()").await), (1, 1));
    assert_eq!(waiting("created_at > now()").await, 0, "made now, whenever it runs");
    for key in ["a", "b", "c"] {
        send(key, 48).await;
    }
    assert_eq!(waiting("run_at <= now()").await, 4);

    let db = Db::new(&database.config(2)).unwrap();
    let lease = TimeDelta::seconds(30);
    let share = Share { most: 16, of_one: 16, held: Held::default() };
    let claim =
        async || db.system("claim jobs", async |tx| queue::claim(tx, Utc::now(), lease, &share).await).await.unwrap();
    let jobs = claim().await;
    assert_eq!((jobs.len(), waiting("attempt = 1").await, waiting("attempt = 0").await), (1, 1, 1));
    // What comes while it is done is work of its own.
    send("d", 48).await;
    let more = claim().await;
    assert_eq!((more.len(), more[0].id == jobs[0].id), (1, false));

    // Nobody is woken for nothing, and whoever has something to do now is.
    let (app, who) = (App::new(service.inside()).unwrap(), Who::system(retailer.id, "test", "woken"));
    let campaign = retailer.active_campaign("Dear").await;
    retailer.stop_loss(&campaign, 10).await;
    let woken = async |key: &str, value: u32| {
        let at = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
        let body = of("campaign", &campaign, [sample("spend", &at, key, value)]).remove(0).to_string();
        let book = Book::default();
        let rows = parse::parse(Format::Ndjson, body.as_bytes(), Limits::default(), &book).unwrap();
        app.db.write(&who, async |tx| ingest::take_in(tx, &who, &rows, Utc::now()).await).await.unwrap().woken
    };
    assert_eq!(woken("first", 1).await, [Topic::Jobs], "it may close yesterday");
    assert_eq!(woken("second", 1).await, []);
    assert_eq!(woken("loss", 100).await, [Topic::Deliveries, Topic::Jobs], "an alert, and who is told of it");
    service.stop().await;
}
