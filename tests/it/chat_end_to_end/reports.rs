//! What a team reads without asking: the stand-up of each morning and the report of each week, in the chat.

use super::{Bot, Chat, OWNER, a_moment, text};
use crate::fake_discord::faults::{Fault, Route};
use crate::harness::eventually;
use crate::harness::feed::{feed, sample};
use crate::harness::tenant::Style;
use chrono::{Days, Utc};
use serde_json::json;
use tillwatch_backend::app::App;
use tillwatch_backend::router::sweeps;
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Role;

const SHANGHAI: Style = Style { locale: "zh-CN", time_zone: "Asia/Shanghai", currency: "CNY" };

impl Chat {
    /// Sales of so much on each of the last 16 days.
    async fn sales(&self, amount: f64) {
        let day = |ago: u64| Utc::now().date_naive() - Days::new(ago);
        let samples = (1..=16).map(|ago| sample("sales", &format!("{}T10:00:00Z", day(ago)), "till", amount));
        feed(&self.partner, &samples.collect::<Vec<_>>()).await.ok();
    }

    /// A report was due a moment ago, and has been scheduled so for days.
    async fn was_due(&self, kind: &str) {
        let id = self.tenant.id.0;
        let long_ago = "now() - interval '3 days'";
        self.service.database.execute(&format!("UPDATE chat_servers SET created_at = {long_ago}")).await;
        let local = "(now() AT TIME ZONE (SELECT time_zone FROM tenants))";
        let schedule = format!(
            "INSERT INTO report_schedules (tenant_id, kind, enabled, minute, changed_at, version) VALUES ('{id}', '{kind}', \
             true, (extract(hour FROM {local}) * 60 + extract(minute FROM {local}))::int, {long_ago}, 2) \
             ON CONFLICT (tenant_id, kind) DO UPDATE SET minute = excluded.minute, changed_at = excluded.changed_at"
        );
        self.service.database.execute(&schedule).await;
    }

    /// Every worker does this every few minutes.
    async fn look_ahead(&self) {
        let sweep = sweeps().into_iter().find(|sweep| sweep.name == "reports.planned").expect("a sweep");
        let app = App::new(self.service.inside()).expect("a view of the service");
        (sweep.perform)(&app).await.expect("a round");
    }
}

#[tokio::test]
async fn the_stand_up_comes_once_in_the_morning_whatever_fails_and_however_often_it_is_looked_for() {
    let (chat, bot) = Chat::with_bot(Style::default()).await;
    chat.sales(1_200.0).await;
    let autumn = chat.tenant.active_campaign("Autumn coupons").await;
    chat.tenant.owner.post(&format!("/v1/campaigns/{autumn}/pause"), json!({ "reason": "too dear" })).await.ok();
    chat.was_due("daily").await;
    chat.fake.faults().next(Route::CreateMessage, Fault::DropAfter);
    for _ in 0..3 {
        chat.look_ahead().await;
    }
    let told = chat.shown(&["Daily stand-up", "Sales: $1,200.00"]).await;
    let read = told.read();
    for part in ["Yesterday", "Today", "Blocked", "Due", "Autumn coupons is paused: too dear", "Campaigns running: 0"] {
        assert!(read.contains(part), "no {part:?} in {read}");
    }
    assert!(told.buttons().is_empty());
    chat.look_ahead().await;
    a_moment().await;
    // The answer was lost, so it is told a moment later that it is done.
    let done = async || {
        let deliveries = chat.tenant.owner.get("/v1/deliveries").await.ok();
        assert_eq!(deliveries["data"].as_array().map(Vec::len), Some(1), "{deliveries}");
        (deliveries["data"][0]["state"] == "done").then_some(())
    };
    eventually("the delivery to be done", done).await;
    assert_eq!(chat.incidents().len(), 1, "once, though the first answer was lost");
    chat.close(bot).await;
}

#[tokio::test]
async fn a_report_that_was_due_before_the_chat_was_linked_or_is_switched_off_is_not_told() {
    let (chat, bot) = Chat::with_bot(Style::default()).await;
    chat.was_due("daily").await;
    // Linked a moment ago, after it was due.
    chat.service.database.execute("UPDATE chat_servers SET created_at = now() + interval '1 hour'").await;
    chat.look_ahead().await;
    chat.was_due("daily").await;
    chat.service.database.execute("UPDATE report_schedules SET enabled = false").await;
    chat.look_ahead().await;
    // It was long ago, when nobody worked.
    chat.service
        .database
        .execute("UPDATE report_schedules SET enabled = true, minute = (minute + 1440 - 420) % 1440")
        .await;
    chat.look_ahead().await;
    chat.tenant.settled().await;
    a_moment().await;
    assert_eq!(chat.incidents().len(), 0);
    chat.close(bot).await;
}

#[tokio::test]
async fn a_report_that_waited_for_the_bot_too_long_is_ended_and_not_told() {
    let (chat, bot) = Chat::with_bot(Style::default()).await;
    bot.stop().await;
    chat.was_due("daily").await;
    chat.look_ahead().await;
    chat.tenant.settled().await;
    // The bot is away for seven hours.
    chat.service.database.execute("UPDATE notices SET at = at - interval '7 hours'").await;
    let bot = Bot::start(&chat);
    let ended = async || {
        let deliveries = chat.tenant.owner.get("/v1/deliveries").await.ok();
        assert_eq!(deliveries["data"].as_array().map(Vec::len), Some(1), "{deliveries}");
        (deliveries["data"][0]["state"] == "dead").then_some(deliveries)
    };
    let deliveries = eventually("the delivery to be ended", ended).await;
    assert!(text(&deliveries["data"][0]["last_error"]).contains("waited too long"), "{deliveries}");
    assert_eq!(chat.incidents().len(), 0);
    chat.close(bot).await;
}

#[tokio::test]
async fn an_alert_is_handed_out_before_a_report_that_is_due_longer() {
    let (chat, bot) = Chat::with_bot(Style::default()).await;
    bot.stop().await;
    chat.was_due("daily").await;
    chat.look_ahead().await;
    chat.tenant.settled().await;
    chat.stopped("Autumn coupons", 1_200.0).await;
    chat.tenant.settled().await;
    let bot = chat.tenant.bot().await;
    let mut told = Vec::new();
    for _ in 0..2 {
        let wish = json!({ "transports": ["discord"], "max": 1, "wait_ms": 8000 });
        let claimed = bot.post("/v1/deliveries/claim", wish).await.ok();
        told.push(claimed["data"][0]["notice"]["kind"].clone());
    }
    assert_eq!(told, [json!(null), json!("daily_report")]);
    chat.close_alone().await;
}

#[tokio::test]
async fn the_week_comes_with_its_picture_in_the_retailers_language_on_the_day_that_its_week_begins() {
    let (chat, bot) = Chat::with_bot(SHANGHAI).await;
    // The daily one appears by itself in the morning: at some hours it would be a second message.
    let daily = format!(
        "INSERT INTO report_schedules (tenant_id, kind, enabled, minute, changed_at, version) \
         VALUES ('{}', 'daily', false, 0, now(), 2) ON CONFLICT (tenant_id, kind) DO UPDATE SET enabled = false",
        chat.tenant.id.0
    );
    chat.service.database.execute(&daily).await;
    chat.sales(1_200.0).await;
    let today = Utc::now().with_timezone(&chrono_tz::Asia::Shanghai).format("%a").to_string().to_lowercase();
    let other = if today == "mon" { "tue" } else { "mon" };
    let begins = |day: &str| format!("UPDATE tenants SET fiscal_week_start = '{day}'");
    chat.service.database.execute(&begins(other)).await;
    chat.was_due("weekly").await;
    // The last one was due days ago.
    chat.look_ahead().await;
    chat.service.database.execute(&begins(&today)).await;
    chat.look_ahead().await;
    // Which of the days lie in the week depends on the hour: there the day begins sixteen hours before.
    let told = chat.shown(&["周报", "销售额：¥"]).await;
    assert_eq!(told.json["attachments"].as_array().map(Vec::len), Some(1), "a picture");
    assert!(text(&told.json["attachments"][0]["description"]).contains("最近四周"), "with words for it");
    a_moment().await;
    assert_eq!(chat.incidents().len(), 1);
    chat.close(bot).await;
}

#[tokio::test]
async fn the_team_asks_for_reports_and_says_when_and_where_they_appear() {
    let (chat, bot) = Chat::with_bot(Style::default()).await;
    chat.sales(900.0).await;
    let answer =
        async |command: &str, options: &[(&str, &str)]| chat.fake.slash(OWNER, command, options).await.reply().await;
    assert!(answer("digest", &[]).await.read().contains("Sales: $900.00"));
    let week = answer("report", &[]).await;
    assert!(
        week.read().contains("Weekly report") && week.json["attachments"].as_array().is_some_and(|all| all.len() == 1)
    );
    let kpi = answer("kpi", &[("metric", "sales")]).await;
    assert_eq!(kpi.json["attachments"].as_array().map(Vec::len), Some(1), "a metric has its picture");
    let own = json!({
        "key": "whole_share", "name_en": "Whole share", "name_zh": "整体占比", "kind": "formula", "unit": "percent",
        "formula": "100 * sales / sales", "direction": "neutral", "family": "financial",
    });
    chat.tenant.owner.post("/v1/metrics", own).await.ok();
    let kpi = answer("kpi", &[("metric", "whole_share")]).await;
    assert_eq!(kpi.json["attachments"].as_array().map(Vec::len), Some(1), "the retailer's own metric too");
    let budget = answer("budget", &[]).await.read();
    assert!(budget.contains("No budgets"), "{budget}");
    let choices = chat.fake.autocomplete(OWNER, "schedule", "report", "we").await;
    assert_eq!(choices, [("Weekly report".to_owned(), "weekly".to_owned())]);
    let now = answer("schedule", &[]).await;
    assert!(now.ephemeral && now.read().contains("each day at 09:00"), "{}", now.read());
    let moved = answer("schedule", &[("report", "daily"), ("at", "8:15")]).await.read();
    assert!(moved.contains("each day at 08:15"), "{moved}");
    let entries = chat.audited("report.scheduled", "daily").await;
    assert_eq!((&entries[0]["after"]["at"], text(&entries[0]["via"])), (&json!("08:15"), chat.via(OWNER).as_str()));
    // A viewer reads, and changes nothing.
    chat.linked_staff(Role::Viewer, 8).await;
    let wish = [("report", "daily"), ("at", "off")];
    let refused = chat.fake.slash(8, "schedule", &wish).await.reply().await;
    assert!(
        refused.ephemeral && refused.read().contains("You may not change when reports appear"),
        "{}",
        refused.read()
    );
    assert!(chat.fake.slash(8, "digest", &[]).await.reply().await.read().contains("Daily stand-up"));
    chat.close(bot).await;
}

#[tokio::test]
async fn a_schedule_is_changed_over_the_api_with_its_version_and_every_fault_is_told_at_once() {
    let (chat, bot) = Chat::with_bot(Style::default()).await;
    let owner = &chat.tenant.owner;
    let all = owner.get("/v1/report-schedules").await.ok();
    let daily = &all["data"][0];
    assert_eq!((&daily["kind"], &daily["enabled"], &daily["at"]), (&json!("daily"), &json!(true), &json!("09:00")));
    assert!(daily["next_at"].is_string() && daily["chat_server"].is_null(), "{daily}");
    let place = all["places"][0]["chat_server"].clone();
    // Who may not choose among them is not told where the chats are.
    let read = chat.tenant.staff(Role::Viewer).await.get("/v1/report-schedules").await.ok();
    assert_eq!((read["data"].as_array().map(Vec::len), &read["places"]), (Some(2), &json!([])), "{read}");
    let path = "/v1/report-schedules/daily";
    let changed = owner.patch(path, 1, json!({ "at": "23:59", "chat_server": place })).await.ok();
    assert_eq!((&changed["version"], &changed["at"], &changed["chat_server"]), (&json!(2), &json!("23:59"), &place));
    assert_eq!(owner.patch(path, 2, json!({ "at": "23:59" })).await.ok()["version"], 2, "nothing differs");
    owner.patch(path, 1, json!({ "enabled": false })).await.refused(Code::VersionStale);
    let off = owner.patch(path, 2, json!({ "enabled": false, "chat_server": null })).await.ok();
    assert_eq!((&off["next_at"], &off["chat_server"]), (&json!(null), &json!(null)));
    let unknown = "csv_1C4GZiMNL8NiCCPWZwHAHX";
    let refused = owner.patch(path, 3, json!({ "at": "24:00", "chat_server": unknown })).await;
    let problem = refused.refused(Code::ValidationFailed);
    let pointers: Vec<&str> =
        problem["errors"].as_array().into_iter().flatten().map(|one| text(&one["pointer"])).collect();
    assert_eq!(pointers, ["/at", "/chat_server"], "{problem}");
    owner.patch("/v1/report-schedules/monthly", 1, json!({ "enabled": false })).await.refused(Code::NotFound);
    owner.get("/v1/reports/daily?day=tomorrow").await.refused(Code::ValidationFailed);
    let old = owner.get("/v1/reports/daily?day=2020-02-29").await.ok();
    assert_eq!((&old["day"], &old["kpis"]), (&json!("2020-02-29"), &json!([])));
    // A week without figures is a week; there is only nothing to draw.
    let week = owner.get("/v1/reports/weekly?day=2020-02-29").await.ok();
    assert_eq!(
        (&week["first_day"], &week["last_day"], &week["drawn"]),
        (&json!("2020-02-24"), &json!("2020-03-01"), &json!(null))
    );
    owner.get("/v1/reports/weekly-picture?day=2020-02-29").await.refused(Code::NotFound);
    owner.get("/v1/reports/metric-picture?metric=nonsense").await.refused(Code::ValidationFailed);
    eventually("the change in the audit log", async || {
        chat.tenant.audited().await.into_iter().find(|entry| entry["action"] == "report.scheduled")
    })
    .await;
    // More alerts fire than anybody reads: all are counted, and the loudest are named first, then the newest.
    let firing = format!(
        "SET session_replication_role = replica; \
         INSERT INTO alerts (tenant_id, alert_id, rule_id, rule_name, spec, metric, severity, state, figures, \
             window_start, paused_campaign, opened_at, breach_key) \
         SELECT '{}', lpad(to_hex(n), 32, '0')::uuid, gen_random_uuid(), 'Rule ' || n, '{{}}', 'sales', \
             CASE n WHEN 1002 THEN 'critical' ELSE 'info' END, 'firing', '{{}}', now(), false, \
             now() - interval '2 days' + n * interval '1 minute', 'many/' || n \
         FROM generate_series(1, 1006) n",
        chat.tenant.id.0
    );
    chat.service.database.execute(&firing).await;
    let report = owner.get("/v1/reports/daily").await.ok();
    let named: Vec<&str> =
        report["untaken_first"].as_array().into_iter().flatten().map(|one| text(&one["rule_name"])).collect();
    assert_eq!(report["untaken"], 1006, "{report}");
    assert_eq!(named, ["Rule 1002", "Rule 1006", "Rule 1005", "Rule 1004", "Rule 1003"]);
    chat.close(bot).await;
}
