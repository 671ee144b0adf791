//! A retailer with something of everything, and another with nothing.

use crate::harness::service::OwnService;
use crate::harness::tenant::{PASSWORD, Style, text, unique};
use crate::harness::{Client, Database, Tenant, eventually};
use serde_json::json;
use std::collections::BTreeMap;
use tillwatch_backend::app::App;
use tillwatch_backend::identity::audit::sealing;
use tillwatch_shared::ids::{GoalId, ProposalId};
use tillwatch_shared::permissions::{Permission, Role};

/// A number that no other figure of the run has.
pub(crate) const FIGURE: &str = "98765.4321";

/// A retailer with a row in every table. All its names bear its mark.
pub(crate) struct Seeded {
    /// The retailer.
    pub(crate) tenant: Tenant,
    /// Its admin.
    pub(crate) admin: Client,
    /// An admin whose session may be ended.
    pub(crate) leaving: Client,
    /// What stands in all its names.
    pub(crate) mark: String,
    /// A link code that nobody has used.
    pub(crate) link_code: String,
    /// A channel key and a campaign key.
    pub(crate) keys: [String; 2],
    ids: BTreeMap<&'static str, String>,
}

/// The retailer that looks over the fence.
pub(crate) struct Other {
    /// The retailer.
    pub(crate) tenant: Tenant,
    /// Its admin.
    pub(crate) admin: Client,
    /// An admin whose session may be ended.
    pub(crate) leaving: Client,
}

impl Other {
    pub(crate) async fn at(service: &OwnService) -> Self {
        Self::over(service.anonymous(), service.database.clone()).await
    }

    /// At whatever service `anonymous` calls, with its rows in `database`.
    pub(super) async fn over(anonymous: Client, database: Database) -> Self {
        let name = format!("Neighbour {}", unique());
        let tenant = Tenant::sign_up_as(anonymous, database, Style::default(), &name).await;
        let (admin, leaving) = (tenant.staff(Role::Admin).await, tenant.staff(Role::Admin).await);
        Self { tenant, admin, leaving }
    }
}

impl Seeded {
    pub(crate) async fn at(service: &OwnService) -> Self {
        let seeded = Self::over(service.anonymous(), service.database.clone()).await;
        // A seal, long before its time.
        let app = App::new(service.inside()).expect("a view of the service");
        let until = chrono::Utc::now() + chrono::TimeDelta::seconds(5);
        assert!(sealing::seal(&app, seeded.tenant.id, until).await.expect("a seal") > 0);
        seeded
    }

    /// At whatever service `anonymous` calls, with its rows in `database`.
    pub(super) async fn over(anonymous: Client, database: Database) -> Self {
        let mark = format!("canary{}mark", unique());
        let tenant = Tenant::sign_up_as(anonymous, database, Style::default(), &format!("{mark} Stores")).await;
        let email = tenant.add_staff(Role::Admin).await;
        let first = tenant.sign_in(&email, PASSWORD).await.ok();
        // A second session of the same person, for being ended.
        let spare = tenant.sign_in(&email, PASSWORD).await.ok();
        let (admin, leaving) =
            (tenant.anonymous.bearing(text(&first["access_token"])), tenant.staff(Role::Admin).await);
        let viewer = tenant.sign_in(&tenant.add_staff(Role::Viewer).await, PASSWORD).await.ok();
        tenant.link(&tenant.owner, &format!("{mark}-server"), &format!("{mark}-user")).await;
        tenant.link(&admin, &format!("{mark}-server"), &format!("{mark}-admin")).await;
        let links = admin.get("/v1/me/chat-links").await.ok();
        // A second server, for being unlinked.
        tenant.link(&tenant.owner, &format!("{mark}-spare"), &format!("{mark}-user")).await;
        let servers = tenant.owner.get("/v1/chat-servers").await.ok();
        let code = tenant.owner.post("/v1/chat-links/code", json!({})).await.ok();
        let keys = [format!("till-{}", unique()), format!("flyer-{}", unique())];
        let mut seeded = Self {
            tenant,
            admin,
            leaving,
            mark,
            link_code: text(&code["code"]).to_owned(),
            keys,
            ids: BTreeMap::from([
                ("session", text(&spare["session"]).to_owned()),
                ("own_chat_user", text(&links["data"][0]["id"]).to_owned()),
                ("home_server", text(&servers["data"][0]["id"]).to_owned()),
                ("chat_server", text(&servers["data"][1]["id"]).to_owned()),
                ("viewer", text(&viewer["me"]["staff"]["id"]).to_owned()),
            ]),
        };
        seeded.tell().await;
        seeded.fetch().await;
        seeded.plan().await;
        seeded.happen().await;
        seeded
    }

    /// A report at an hour of its own; a webhook that was tried in vain and is disabled, so that nothing of it changes by
    /// itself.
    async fn tell(&mut self) {
        self.tenant.owner.patch("/v1/report-schedules/daily", 1, json!({ "at": "07:45" })).await.ok();
        let url = format!("https://{}.example/hook", self.mark);
        let wish = json!({ "name": format!("{} orders", self.mark), "url": url, "events": ["alert.opened"] });
        let made = self.tenant.owner.post("/v1/webhooks", wish).await.ok();
        let path = format!("/v1/webhooks/{}", text(&made["webhook"]["id"]));
        self.ids.insert("webhook", text(&made["webhook"]["id"]).to_owned());
        self.tenant.owner.post(&format!("{path}/test"), json!({})).await.ok();
        let tried = async || {
            let page = self.tenant.owner.get(&format!("{path}/deliveries")).await.ok();
            page["data"].get(0).map(|attempt| text(&attempt["message"]).to_owned())
        };
        let message = eventually("the webhook to be tried", tried).await;
        self.ids.insert("message", message);
        self.tenant.owner.post(&format!("{path}/disable"), json!({})).await.ok();
    }

    /// A feed that was fetched once in vain, and is not again while it is looked at.
    async fn fetch(&mut self) {
        let wish = json!({
            "name": format!("{} costs", self.mark), "kind": "ads",
            "url": format!("https://{}.example/costs.csv?token=hushed", self.mark), "format": "csv", "every": "1d",
            "headers": [{ "name": "Authorization", "value": format!("Bearer {}", self.mark) }],
            "mapping": {
                "measures": [{ "value": "cost", "metric": { "constant": "spend" } }],
                "time": { "column": "day", "format": "date" },
            },
        });
        let feed = self.create("feed", "/v1/feeds", wish).await;
        let fetched = async || {
            let page = self.tenant.owner.get(&format!("/v1/feeds/{feed}/runs")).await.ok();
            page["data"].get(0).map(|run| text(&run["id"]).to_owned())
        };
        let run = eventually("the feed to be fetched", fetched).await;
        self.ids.insert("feed_run", run);
        let later = "UPDATE queue_fetches SET due_at = now() + interval '1 day' WHERE for_tenant";
        self.tenant.database.execute(&format!("{later} = '{}'", self.tenant.id.0)).await;
    }

    /// Channels, campaigns, tokens, rules.
    async fn plan(&mut self) {
        let (mark, [channel_key, campaign_key]) = (self.mark.clone(), self.keys.clone());
        let channel = json!({ "name": format!("{mark} shop"), "kind": "store", "external_key": channel_key });
        let channel = self.create("channel", "/v1/channels", channel).await;
        let campaign = json!({
            "name": format!("{mark} coupons"), "external_key": campaign_key, "channels": [channel], "objective": mark,
        });
        let campaign = self.create("campaign", "/v1/campaigns", campaign).await;
        let reason = json!({ "reason": format!("{mark} starts") });
        self.tenant.owner.post(&format!("/v1/campaigns/{campaign}/launch"), reason).await.ok();
        let stop_loss = json!({
            "name": format!("{mark} stops"), "severity": "critical", "campaign": campaign,
            "spec": { "kind": "stop_loss", "metric": "spend", "line": 100 },
        });
        self.create("rule", "/v1/rules", stop_loss).await;
        let threshold = json!({
            "name": format!("{mark} sinks"), "severity": "warning",
            "spec": { "kind": "threshold", "metric": "sales", "side": "below", "line": 10 },
        });
        let daily = self.create("daily_rule", "/v1/rules", threshold).await;
        // A silence over a rule that nothing breaks, and a window that has not begun.
        let later = |hours| (chrono::Utc::now() + chrono::TimeDelta::hours(hours)).to_rfc3339();
        let quiet = json!({ "starts_at": later(24), "ends_at": later(25), "reason": format!("{mark} is known"), "scope": { "rule": daily } });
        self.create("silence", "/v1/silences", quiet.clone()).await;
        self.create("window", "/v1/maintenance-windows", quiet).await;
        let metric = json!({
            "key": "canary_fees", "name_en": format!("{mark} fees"), "name_zh": "费用", "kind": "sum", "unit": "money",
            "direction": "neutral", "family": "financial",
        });
        self.create("metric", "/v1/metrics", metric).await;
        let usual = json!({ "group": "apparel", "metric": "ctr", "value": 2.5, "year": 2025, "source": format!("{mark} report") });
        self.tenant.owner.post("/v1/benchmarks", json!({ "benchmarks": [usual] })).await.ok();
        let loaded = self.tenant.owner.get("/v1/benchmarks").await.ok();
        self.ids.insert("benchmark", text(&loaded["data"][0]["id"]).to_owned());
        self.tenant.owner.patch("/v1/sample-retention", 1, json!({ "months": 36 })).await.ok();
        let token = json!({ "name": format!("{mark} feed"), "scopes": [Permission::SamplesWrite] });
        let created = self.tenant.owner.post("/v1/api-tokens", token).await.ok();
        self.ids.insert("token", text(&created["token"]["id"]).to_owned());
        let kept = [("content-type", "application/json"), ("idempotency-key", mark.as_str())];
        let more = json!({ "name": format!("{mark} kiosk"), "kind": "store" }).to_string().into_bytes();
        self.tenant.owner.send("POST", "/v1/channels", &kept, Some(more)).await.ok();
        let role = json!({ "name": format!("{mark} managers"), "permissions": [Permission::ChannelsRead] });
        self.create("role", "/v1/roles", role).await;
        self.create("department", "/v1/departments", json!({ "name": format!("{mark} 市场部") })).await;
        let colleague = self.tenant.staff(Role::Viewer).await.get("/v1/me").await.ok();
        self.ids.insert("colleague", text(&colleague["staff"]["id"]).to_owned());
        let invitation = json!({ "email": format!("{mark}@retailer.example"), "name": mark, "role": "viewer" });
        self.create("invitation", "/v1/invitations", invitation).await;
        let me = self.tenant.owner.get("/v1/me").await.ok();
        self.ids.insert("staff", text(&me["staff"]["id"]).to_owned());
    }

    /// Samples, and what follows from them.
    async fn happen(&mut self) {
        let day = |ago: i64| (chrono::Utc::now() - chrono::TimeDelta::days(ago)).to_rfc3339();
        let [channel, campaign] = &self.keys;
        let mut rows = vec![json!({
            "metric": "spend", "at": day(1), "key": "s", "campaign": campaign, "value": FIGURE.parse::<f64>().expect("a number"),
        })];
        // A duration, so that every table has a row.
        rows.push(json!({ "metric": "queue_time", "at": day(1), "key": "q", "channel": channel, "value": 30, "subject": format!("content:{}", self.mark) }));
        rows.extend(
            (1..=4).map(|ago| json!({ "metric": "sales", "at": day(ago), "key": "k", "channel": channel, "value": 5 })),
        );
        let taken = self.tenant.owner.post("/v1/samples", json!({ "samples": rows })).await.ok();
        assert_eq!((&taken["refused"], &taken["stopped"][0]["alert"].is_null()), (&json!(0), &false), "{taken}");
        self.tenant.settled().await;
        let first = [("alert", "/v1/alerts"), ("chat_user", "/v1/chat-links"), ("delivery", "/v1/deliveries")];
        self.pursue().await;
        let file = "metric,at,key,value\nsales,2026-01-01T00:00:00Z,imported,7\nnonsense,,,\n";
        let headers = [("content-type", "text/csv")];
        let import = self.tenant.owner.send("POST", "/v1/imports?kind=samples", &headers, Some(file.into())).await.ok();
        self.ids.insert("job", text(&import["id"]).to_owned());
        self.tenant.settled().await;
        for (name, path) in first {
            let page = self.tenant.owner.get(path).await.ok();
            self.ids.insert(name, text(&page["data"][0]["id"]).to_owned());
        }
    }

    /// A goal that is pursued, and a correction of it that waits.
    async fn pursue(&mut self) {
        let day = |ahead: i64| (chrono::Utc::now() + chrono::TimeDelta::days(ahead)).date_naive();
        let me = self.tenant.owner.get("/v1/me").await.ok();
        let goal = json!({
            "name": format!("{} grows", self.mark), "metric": "sales", "target": 1000, "starts_on": day(-3), "ends_on": day(60),
            "owner": me["staff"]["id"], "relevance": self.mark, "channel": self.id("channel"),
        });
        let goal = self.create("goal", "/v1/goals", goal).await;
        let anyway = json!({ "achievable_anyway": format!("{} wants it", self.mark) });
        self.tenant.owner.post(&format!("/v1/goals/{goal}/activate"), anyway).await.ok();
        let proposal = ProposalId::new();
        self.ids.insert("proposal", proposal.to_string());
        let goal: GoalId = goal.parse().expect("an id");
        let (tenant, goal, proposal) = (self.tenant.id.0, goal.0, proposal.0);
        self.tenant
            .database
            .execute(&format!(
                "INSERT INTO goal_proposals (tenant_id, proposal_id, goal_id, month, state, planned_e4, achieved_e4, \
                 target_before_e4, target_after_e4, periods, made_at) VALUES ('{tenant}', '{proposal}', '{goal}', '2026-01-01', \
                 'open', 10000, 5000, 10000000, 10000000, '[]', now())"
            ))
            .await;
    }

    async fn create(&mut self, name: &'static str, path: &str, wish: serde_json::Value) -> String {
        let id = text(&self.tenant.owner.post(path, wish).await.ok()["id"]).to_owned();
        self.ids.insert(name, id.clone());
        id
    }

    /// The id of one of its objects.
    pub(crate) fn id(&self, name: &str) -> &str {
        self.ids.get(name).unwrap_or_else(|| panic!("{name} was not seeded"))
    }

    /// What nobody else may ever read: its mark, its figure, its ids.
    pub(crate) fn canaries(&self) -> Vec<String> {
        let ids = self.ids.values().cloned();
        [self.mark.clone(), FIGURE.to_owned(), self.tenant.id.to_string(), self.tenant.email.clone()]
            .into_iter()
            .chain(ids)
            .collect()
    }
}
