//! Feeds as retailers see them: documents of a partner who cannot push, fetched on a schedule.
//!
//! Cast: [`source`] (the partner's server), [`fetched`] (what a feed brings, and what goes wrong), [`fetched_once`] (replicas and
//! changes while one is fetched), [`in_flight`] (what is lost, late or slow),
//! [`missed`] (what the team is told), [`managing`] (the endpoints), [`secrets`] (what is kept sealed). The tests share one
//! service whose policy takes loopback for public; time passes by moving what the database says is due.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod fetched;
mod fetched_once;
mod in_flight;
mod managing;
mod missed;
mod secrets;
mod source;

use crate::harness::service::own_service_with;
use crate::harness::tenant::{Style, text};
use crate::harness::{OwnService, Tenant, eventually, own_database};
use serde_json::{Value, json};
use std::sync::OnceLock;
use tillwatch_backend::platform::wake::Topic;

/// A secret that nobody may see but the source.
const HUSH: &str = "Bearer hushhushhush";

/// The service of these tests.
fn service() -> &'static OwnService {
    static SERVICE: OnceLock<OwnService> = OnceLock::new();
    SERVICE.get_or_init(|| {
        let database = std::thread::spawn(|| tokio::runtime::Runtime::new().unwrap().block_on(own_database()));
        let policy = source::policy();
        own_service_with(database.join().expect("a database"), 8, |options| options.outbound = policy)
    })
}

/// A retailer in Shanghai, where Chinese tables are at home.
async fn retailer() -> Tenant {
    let style = Style { locale: "zh-CN", time_zone: "Asia/Shanghai", currency: "CNY" };
    Tenant::sign_up_at(service(), style).await
}

/// A time of day twelve hours away, so that no feed is fetched by its schedule while a test counts.
fn far() -> String {
    let now = chrono::Utc::now().with_timezone(&chrono_tz::Asia::Shanghai);
    (now + chrono::TimeDelta::hours(12)).format("%H:%M").to_string()
}

/// What is asked for of a table of costs by campaign.
fn wish(url: &str) -> Value {
    json!({
        "name": "代理商 costs", "kind": "ads", "url": url, "format": "csv", "every": "1d", "at": far(),
        "headers": [{ "name": "Authorization", "value": HUSH }],
        "mapping": {
            "measures": [{ "value": "花费", "metric": { "constant": "spend" } }],
            "time": { "column": "日期", "format": "date" },
            "campaign": { "column": "活动" },
            "numbers": "point_decimal",
        },
    })
}

/// A feed of a retailer.
struct Fed<'a> {
    retailer: &'a Tenant,
    id: String,
}

impl<'a> Fed<'a> {
    async fn make(retailer: &'a Tenant, wish: &Value) -> Self {
        let made = retailer.owner.post("/v1/feeds", wish).await.ok();
        Self { retailer, id: text(&made["id"]).to_owned() }
    }

    fn path(&self, rest: &str) -> String {
        format!("/v1/feeds/{}{rest}", self.id)
    }

    async fn now(&self) -> Value {
        self.retailer.owner.get(&self.path("")).await.ok()
    }

    /// Waits until so many runs have ended; all of them, newest first.
    async fn ran(&self, count: usize) -> Vec<Value> {
        eventually(&format!("{count} runs"), async || {
            let page = self.retailer.owner.get(&self.path("/runs")).await.ok();
            Some(page["data"].as_array().unwrap().clone()).filter(|runs| runs.len() >= count)
        })
        .await
    }

    /// Its next time comes; the run of then.
    async fn again(&self) -> Value {
        let before = self.ran(0).await.len();
        self.hasten().await;
        self.ran(before + 1).await.remove(0)
    }

    /// As if its next time had come.
    async fn hasten(&self) {
        let due = format!("UPDATE queue_fetches SET due_at = now() WHERE for_tenant = '{}'", self.retailer.id.0);
        service().database.execute(&due).await;
        service().inside().wake.wake(Topic::Fetches);
    }
}

/// What a run came to: its outcome, and accepted, corrected, unchanged, refused.
fn came(run: &Value) -> (&str, [u64; 4]) {
    let counts = ["accepted", "corrected", "unchanged", "refused"].map(|count| run[count].as_u64().unwrap());
    (text(&run["outcome"]), counts)
}
