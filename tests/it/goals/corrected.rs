//! The month's correction: proposed from what the last month brought, decided by a person, kept in the history.

use super::{SHANGHAI, all, day, defined, fed, in_shanghai, morning, morning_at, pursued, shown};
use crate::harness::tenant::{bot, text};
use crate::harness::{Tenant, own_database, own_service};
use chrono::{Datelike as _, Days, NaiveDate};
use serde_json::{Value, json};
use tillwatch_backend::app::App;
use tillwatch_bot::incident::incident;
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::{Permission, Role};

/// The first day of the retailer's month.
fn month() -> NaiveDate {
    day(0).with_day(1).unwrap()
}

/// The first day of the month before.
fn last_month() -> NaiveDate {
    month().pred_opt().unwrap().with_day(1).unwrap()
}

/// A goal of ten a day from last month on, for a hundred days and more, that brought eight a day last month; pursued from
/// the beginning.
async fn behind(retailer: &Tenant) -> String {
    let place = late(retailer).await;
    age(retailer).await;
    place
}

/// The versions of all goals so far are of the month before or older.
async fn age(retailer: &Tenant) {
    let aged = format!("UPDATE goal_versions SET at = at - interval '40 days' WHERE tenant_id = '{}'", retailer.id.0);
    retailer.database.execute(&aged).await;
}

/// As [`behind`], pursued only now.
async fn late(retailer: &Tenant) -> String {
    late_with(retailer, "sales").await
}

/// As [`late`], of another metric.
async fn late_with(retailer: &Tenant, metric: &str) -> String {
    let days = last_month().iter_days().take_while(|day| *day < month()).map(|day| (day, 8.0));
    // Something came today, so that the metric is alive however long this month is.
    fed(retailer, metric, days.chain([(day(0), 0.0)])).await;
    let ends_on = month() + Days::new(99);
    let length = (ends_on - last_month()).num_days() + 1;
    let more = json!({
        "starts_on": last_month(), "ends_on": ends_on, "target": 10 * length, "period": "month", "name": "Ten a day",
        "metric": metric,
    });
    pursued(retailer, more).await
}

async fn proposals(retailer: &Tenant, query: &str) -> Vec<Value> {
    retailer.owner.get(&format!("/v1/goal-proposals{query}")).await.ok()["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_month_behind_its_plan_proposes_once_and_who_accepts_changes_the_goal() {
    let retailer = in_shanghai().await;
    let place = late(&retailer).await;
    let before = retailer.owner.get(&format!("{place}/periods")).await.ok();
    morning(&retailer, &place, month()).await;
    assert!(proposals(&retailer, "").await.is_empty(), "nobody pursued it when the month ended");
    age(&retailer).await;
    morning(&retailer, &place, month() + Days::new(6)).await;
    assert!(proposals(&retailer, "").await.is_empty(), "the month is long past");
    for _ in 0..2 {
        morning(&retailer, &place, month()).await;
    }
    let open = proposals(&retailer, "?state=open").await;
    assert_eq!(open.len(), 1, "{open:?}");
    let proposal = &open[0];
    let length = (month() - last_month()).num_days();
    assert_eq!((&proposal["month"], &proposal["goal_name"]), (&json!(last_month()), &json!("Ten a day")));
    assert_eq!(proposal["achieved"].as_f64(), Some(8.0 * f64::from(i32::try_from(length).unwrap())));
    let target = proposal["target_before"].as_f64().unwrap();
    assert!((proposal["target_after"].as_f64().unwrap() - target * 0.8).abs() < 0.01, "{proposal}");
    assert!(text(&proposal["reason_en"]).contains("(80 %)"), "{proposal}");
    assert!(text(&proposal["reason_zh"]).contains("（完成80%）"), "{proposal}");
    assert_eq!(shown(&retailer, &place).await["proposal"]["id"], proposal["id"]);
    assert_eq!(
        shown(&retailer, &place).await["goal"]["target"],
        proposal["target_before"],
        "nothing changes by itself"
    );
    let accept = format!("/v1/goal-proposals/{}/accept", text(&proposal["id"]));
    let decided = retailer.owner.post(&accept, json!({ "reason": "天气不好" })).await.ok();
    assert_eq!((&decided["changed"], &decided["proposal"]["state"]), (&json!(true), &json!("accepted")));
    let goal = shown(&retailer, &place).await;
    assert_eq!((&goal["goal"]["target"], &goal["proposal"]), (&proposal["target_after"], &Value::Null));
    let periods = retailer.owner.get(&format!("{place}/periods")).await.ok();
    let sum: f64 = all(&periods["data"], "target").iter().map(|target| target.as_f64().unwrap()).sum();
    assert!((sum - goal["goal"]["target"].as_f64().unwrap()).abs() < 1e-6, "{periods}");
    assert_ne!(all(&periods["data"], "target"), all(&before["data"], "target"));
    let again = retailer.owner.post(&accept, json!({})).await.ok();
    assert_eq!(again["changed"], false);
    let refuse = accept.replace("accept", "refuse");
    retailer.owner.post(&refuse, json!({})).await.refused(Code::StateConflict);
    let history = retailer.owner.get(&format!("{place}/history")).await.ok();
    assert_eq!(all(&history["data"], "step"), ["corrected", "activated", "created"]);
    let actions = all(&json!(retailer.audited().await), "action");
    assert!(["goal_proposal.made", "goal_proposal.accepted"].iter().all(|action| actions.contains(&json!(action))));
    // The month has said what it had to say.
    morning(&retailer, &place, month()).await;
    assert_eq!(proposals(&retailer, "").await.len(), 1);
}

#[tokio::test]
async fn a_correction_of_what_the_retailer_counts_for_itself_is_told_by_its_name_and_stays_whole() {
    let retailer = in_shanghai().await;
    defined(&retailer, "walk_ins", json!({})).await;
    let place = late_with(&retailer, "walk_ins").await;
    age(&retailer).await;
    morning(&retailer, &place, month()).await;
    let open = proposals(&retailer, "?state=open").await;
    let [proposal] = &open[..] else { panic!("one: {open:?}") };
    assert!(text(&proposal["reason_en"]).contains(" Walk-ins came to "), "{proposal}");
    assert!(
        text(&proposal["reason_zh"]).contains("月进店人次为") && text(&proposal["reason_zh"]).contains("人次，计划为"),
        "{proposal}"
    );
    assert_eq!(shown(&retailer, &place).await["proposal"]["reason_zh"], proposal["reason_zh"]);
    let accept = format!("/v1/goal-proposals/{}/accept", text(&proposal["id"]));
    let decided = retailer.owner.post(&accept, json!({})).await.ok();
    assert_eq!(decided["proposal"]["reason_en"], proposal["reason_en"]);
    let periods = retailer.owner.get(&format!("{place}/periods")).await.ok();
    let targets: Vec<f64> = all(&periods["data"], "target").iter().filter_map(Value::as_f64).collect();
    assert!(!targets.is_empty() && targets.iter().all(|target| target.fract() == 0.0), "{periods}");
}

#[tokio::test]
async fn who_refuses_keeps_the_goal_and_a_changed_goal_overtakes_what_was_proposed() {
    let retailer = in_shanghai().await;
    let place = behind(&retailer).await;
    morning(&retailer, &place, month()).await;
    let proposal = proposals(&retailer, "").await.remove(0);
    let path = format!("/v1/goal-proposals/{}", text(&proposal["id"]));
    let viewer = retailer.staff(Role::Viewer).await;
    viewer.post(&format!("{path}/refuse"), json!({})).await.refused(Code::PermissionDenied);
    let program = retailer.partner(&[Permission::GoalsWrite]).await;
    let refused = program.post(&format!("{path}/accept"), json!({})).await.refused(Code::PermissionDenied);
    assert!(text(&refused["detail"]).contains("by a person"), "{refused}");
    let marketer = retailer.staff(Role::Marketer).await;
    let decided = marketer.post(&format!("{path}/refuse"), json!({})).await.ok();
    assert_eq!(decided["proposal"]["state"], "refused");
    assert_eq!(shown(&retailer, &place).await["goal"]["version"], 2, "it stays");
    let other = behind(&retailer).await;
    morning(&retailer, &other, month()).await;
    let proposal = proposals(&retailer, "?state=open").await.remove(0);
    let target = json!({ "target": 500, "achievable_anyway": "We know" });
    retailer.owner.patch(&other, 2, target).await.ok();
    let path = format!("/v1/goal-proposals/{}/accept", text(&proposal["id"]));
    retailer.owner.post(&path, json!({})).await.refused(Code::StateConflict);
    let goal = other.rsplit('/').next().unwrap();
    let of_goal = proposals(&retailer, &format!("?goal={goal}")).await;
    assert_eq!(all(&json!(of_goal), "state"), ["superseded"]);
}

#[tokio::test]
async fn the_team_is_told_once_what_is_proposed_and_how_to_decide_and_then_what_became_of_it() {
    // The queue of deliveries is the whole service's.
    let service = own_service(own_database().await, 8);
    let retailer = Tenant::sign_up_at(&service, SHANGHAI).await;
    retailer.link(&retailer.owner, "s1", "boss").await;
    let bot = bot(&service.anonymous()).await;
    let app = App::new(service.inside()).unwrap();
    let place = behind(&retailer).await;
    let due = async || {
        let now = "UPDATE queue_jobs SET run_at = least(run_at, now()) WHERE kind = 'goal_proposal'";
        service.database.execute(now).await;
        retailer.settled().await;
        let wish = json!({ "transports": ["discord"], "max": 50, "wait_ms": 0 });
        let claimed = bot.post("/v1/deliveries/claim", wish).await.ok()["data"].as_array().unwrap().clone();
        for delivery in &claimed {
            let outcome = json!({ "result": "posted", "message": "m-1", "version": delivery["version"] });
            let report = json!({ "attempt": delivery["attempt"], "outcome": outcome });
            bot.post(&format!("/v1/deliveries/{}/report", text(&delivery["id"])), report).await.ok();
        }
        claimed
    };
    for _ in 0..2 {
        morning_at(&app, &retailer, &place, month()).await;
    }
    let told = due().await;
    let [delivery] = &told[..] else { panic!("one message: {told:?}") };
    let proposal = proposals(&retailer, "?state=open").await.remove(0);
    let words = |delivery: &Value| incident(&serde_json::from_value(delivery.clone()).unwrap(), None);
    let (open, id) = (words(delivery), text(&proposal["id"]));
    assert_eq!(
        (&delivery["notice"]["kind"], &delivery["notice"]["proposal"]["id"]),
        (&json!("goal_proposal"), &json!(id))
    );
    assert!(open.title.contains("“Ten a day”的调整建议"), "{open:?}");
    assert!(open.body.contains(text(&proposal["reason_zh"])), "{open:?}");
    let accept = format!("/v1/goal-proposals/{id}/accept");
    assert!(open.body.contains(&format!("POST {accept}")) && open.body.contains(&format!("{id}/refuse")), "{open:?}");
    assert!(due().await.is_empty(), "once");
    retailer.owner.post(&accept, json!({})).await.ok();
    let told = due().await;
    let [edit] = &told[..] else { panic!("the same message: {told:?}") };
    assert_eq!((&edit["id"], &edit["message"]), (&delivery["id"], &json!("m-1")));
    assert!(words(edit).body.contains("已接受"), "{edit}");
    let other = behind(&retailer).await;
    morning_at(&app, &retailer, &other, month()).await;
    let told = due().await;
    let [delivery] = &told[..] else { panic!("one message: {told:?}") };
    retailer.owner.patch(&other, 2, json!({ "target": 500, "achievable_anyway": "We know" })).await.ok();
    let told = due().await;
    let [edit] = &told[..] else { panic!("the same message: {told:?}") };
    assert_eq!(edit["id"], delivery["id"]);
    assert!(words(edit).body.contains("已失效"), "{edit}");
}

#[tokio::test]
async fn of_two_who_decide_at_once_one_decides() {
    let retailer = in_shanghai().await;
    let place = behind(&retailer).await;
    morning(&retailer, &place, month()).await;
    let proposal = proposals(&retailer, "").await.remove(0);
    let decide = |verb: &str| {
        let (owner, path) = (retailer.owner.clone(), format!("/v1/goal-proposals/{}/{verb}", text(&proposal["id"])));
        async move { owner.post(&path, json!({})).await.status }
    };
    let mut statuses = [tokio::join!(decide("accept"), decide("refuse"))].map(|(one, other)| [one, other]).concat();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
}
