//! The stop-loss: when the write that reaches the line is answered, the campaign is paused already, once, whoever
//! writes beside it.

#![expect(clippy::unwrap_used, reason = "tests")]

use crate::harness::feed::{counts, feed, of, sample};
use crate::harness::tenant::{Style, patiently, text};
use crate::harness::{Tenant, eventually, own_database, own_service, shared};
use futures_util::future::join_all;
use serde_json::{Value, json};

const AT: &str = "2026-02-03T15:00:00Z";

/// A campaign, and the figures that are fed to it.
struct Watched<'a> {
    retailer: &'a Tenant,
    id: String,
}

impl<'a> Watched<'a> {
    async fn launch(retailer: &'a Tenant, name: &str) -> Self {
        Self { retailer, id: retailer.active_campaign(name).await }
    }

    /// Feeds figures of this campaign; the `stopped` of the answer.
    async fn feed(&self, figures: &[(&str, &str, f64)]) -> Vec<Value> {
        let rows = figures.iter().map(|(metric, key, value)| sample(metric, AT, key, *value));
        let rows = of("campaign", &self.id, rows);
        let taken = patiently(async || feed(&self.retailer.owner, &rows).await).await.ok();
        assert_eq!(counts(&taken)[3], 0, "{taken}");
        taken["stopped"].as_array().unwrap().clone()
    }

    async fn now(&self) -> Value {
        self.retailer.owner.get(&format!("/v1/campaigns/{}", self.id)).await.ok()
    }

    async fn state(&self) -> String {
        text(&self.now().await["state"]).to_owned()
    }

    /// Does something to it, and waits for what follows.
    async fn order(&self, verb: &str) {
        let reason = json!({ "reason": "We go on" });
        let done = self.retailer.owner.post(&format!("/v1/campaigns/{}/{verb}", self.id), reason).await.ok();
        assert_eq!((&done["changed"], &done["campaign"]["stopped_by"]), (&json!(true), &Value::Null));
        self.retailer.settled().await;
    }

    async fn resume(&self) {
        self.order("resume").await;
    }

    /// The newest alert's timeline, oldest step first.
    async fn steps(&self) -> Vec<String> {
        let alert = self.retailer.owner.get("/v1/alerts?limit=1").await.ok()["data"][0]["id"].clone();
        let page = self.retailer.owner.get(&format!("/v1/alerts/{}/timeline", text(&alert))).await.ok();
        page["data"].as_array().unwrap().iter().rev().map(|step| text(&step["event"]).to_owned()).collect()
    }

    /// How often a rule paused it.
    async fn stops(&self) -> usize {
        let history = self.retailer.owner.get(&format!("/v1/campaigns/{}/history", self.id)).await.ok();
        let steps = history["data"].as_array().unwrap();
        steps.iter().filter(|step| step["to"] == "paused" && step["actor_kind"] == "rule").count()
    }

    /// Its alerts' states, oldest first.
    async fn alerts(&self) -> Vec<String> {
        let page = self.retailer.owner.get("/v1/alerts?limit=200").await.ok();
        let mine = page["data"].as_array().unwrap().iter().rev().filter(|a| a["campaign"]["id"] == self.id.as_str());
        mine.map(|alert| text(&alert["state"]).to_owned()).collect()
    }

    /// A stop-loss over it; its id.
    async fn rule(&self, spec: Value) -> String {
        let wish = json!({ "name": "Line", "severity": "critical", "campaign": self.id, "spec": spec });
        let id = text(&self.retailer.owner.post("/v1/rules", wish).await.ok()["id"]).to_owned();
        self.retailer.settled().await;
        id
    }
}

async fn change(retailer: &Tenant, rule: &str, wish: Value) {
    let place = format!("/v1/rules/{rule}");
    let version = retailer.owner.get(&place).await.ok()["version"].as_i64().unwrap();
    retailer.owner.patch(&place, version, wish).await.ok();
    retailer.settled().await;
}

fn spend(line: f64) -> Value {
    json!({ "kind": "stop_loss", "metric": "spend", "line": line })
}

#[tokio::test]
async fn a_hundred_writers_stop_a_campaign_once_and_before_the_breaching_write_is_answered() {
    let service = own_service(own_database().await, 24);
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    let watched = Watched::launch(&retailer, "Autumn coupons").await;
    let rule = watched.rule(spend(500.0)).await;
    let writers = join_all((0..100).map(|i| {
        let watched = &watched;
        async move {
            let stopped = watched.feed(&[("spend", &format!("writer-{i}"), 10.0)]).await;
            // Whoever is told that it was stopped finds it so.
            let seen = if stopped.is_empty() { Value::Null } else { watched.now().await };
            (stopped, seen)
        }
    }));
    let told: Vec<_> = writers.await.into_iter().filter(|(stopped, _)| !stopped.is_empty()).collect();
    let [(stopped, seen)] = &told[..] else { panic!("exactly one write stops it: {told:?}") };
    let page = retailer.owner.get("/v1/alerts").await.ok();
    let [alert] = &page["data"].as_array().unwrap()[..] else { panic!("exactly one alert: {page}") };
    let expected = json!([{ "campaign": watched.id, "rule": rule, "alert": alert["id"], "total": 500, "line": 500 }]);
    assert_eq!(json!(stopped), expected);
    assert_eq!((&seen["state"], &seen["stopped_by"]), (&json!("paused"), &alert["id"]));
    assert!(text(&seen["state_reason"]).contains("500 USD"), "{seen}");

    let now = watched.now().await;
    assert_eq!((&now["state"], &now["spend"], &now["version"]), (&json!("paused"), &json!(1000), &json!(3)));
    assert_eq!((watched.stops().await, watched.alerts().await), (1, vec!["firing".to_owned()]));
    // The alert is kept true to a twentieth of the line, so that the chat is not edited with every sale.
    let figures = &alert["figures"];
    let (value, overshoot) = (figures["value"].as_f64().unwrap(), figures["overshoot"].as_f64().unwrap());
    assert!(value > 975.0 && value <= 1000.0 && (value - overshoot - 500.0).abs() < 1e-9, "{figures}");
    assert_eq!((&alert["paused_campaign"], &alert["campaign"]["state"]), (&json!(true), &json!("paused")));
    let audited = retailer.audited().await;
    let pauses: Vec<&Value> = audited.iter().filter(|entry| entry["action"] == "campaign.paused").collect();
    assert_eq!(pauses.len(), 1);
    assert_eq!((&pauses[0]["actor_kind"], &pauses[0]["actor"]), (&json!("rule"), &json!(rule)));
    service.stop().await;
}

#[tokio::test]
async fn a_correction_under_the_line_resolves_the_alert_and_leaves_the_campaign_to_a_person() {
    let retailer = Tenant::sign_up().await;
    let watched = Watched::launch(&retailer, "Mistyped").await;
    watched.rule(spend(100.0)).await;
    assert!(watched.feed(&[("spend", "a", 99.9999)]).await.is_empty());
    assert_eq!(watched.feed(&[("spend", "b", 0.0001)]).await.len(), 1, "the line itself stops");
    assert_eq!((watched.state().await, watched.alerts().await), ("paused".to_owned(), vec!["firing".to_owned()]));

    assert!(watched.feed(&[("spend", "a", 9.5)]).await.is_empty());
    assert_eq!((watched.state().await, watched.alerts().await), ("paused".to_owned(), vec!["resolved".to_owned()]));
    watched.resume().await;
    assert_eq!(watched.state().await, "active");
    // A new breach is a new alert and a new stop.
    assert_eq!(watched.feed(&[("spend", "c", 90.5)]).await.len(), 1);
    let alerts = vec!["resolved".to_owned(), "firing".to_owned()];
    assert_eq!(
        (watched.state().await, watched.stops().await, watched.alerts().await),
        ("paused".to_owned(), 2, alerts)
    );
}

#[tokio::test]
async fn whoever_resumes_past_the_line_is_not_stopped_again_until_the_line_is_raised() {
    let retailer = Tenant::sign_up().await;
    let watched = Watched::launch(&retailer, "Worth it").await;
    let rule = watched.rule(spend(100.0)).await;
    assert_eq!(watched.feed(&[("spend", "a", 120.0)]).await.len(), 1);
    watched.resume().await;
    assert!(watched.feed(&[("spend", "b", 30.0)]).await.is_empty());
    assert_eq!((watched.state().await, watched.alerts().await), ("active".to_owned(), vec!["firing".to_owned()]));

    change(&retailer, &rule, json!({ "spec": spend(200.0) })).await;
    assert_eq!((watched.state().await, watched.alerts().await), ("active".to_owned(), vec!["resolved".to_owned()]));
    let stopped = watched.feed(&[("spend", "c", 60.0)]).await;
    assert_eq!((&stopped[0]["total"], &stopped[0]["line"]), (&json!(210), &json!(200)));
    assert_eq!((watched.state().await, watched.stops().await), ("paused".to_owned(), 2));
}

#[tokio::test]
async fn a_cost_per_action_is_judged_once_enough_was_spent() {
    let retailer = Tenant::sign_up().await;
    let per_action = json!({ "kind": "stop_loss", "metric": "cpa", "line": 10, "minimum_spend": 100 });
    let dear = Watched::launch(&retailer, "Dear").await;
    dear.rule(per_action.clone()).await;
    assert!(dear.feed(&[("spend", "a", 90.0), ("actions", "a", 1.0)]).await.is_empty(), "too little spent");
    let stopped = dear.feed(&[("spend", "b", 20.0)]).await;
    assert_eq!((&stopped[0]["total"], &stopped[0]["line"]), (&json!(110), &json!(10)));
    let reason = dear.now().await["state_reason"].clone();
    assert_eq!(reason, "Stop-loss: Cost per action (CPA) reached 110 USD (line 10 USD).");

    // 150 over 20 is 7.5; when half of the actions turn out to be none, it is 15.
    let fair = Watched::launch(&retailer, "Fair").await;
    fair.rule(per_action).await;
    assert!(fair.feed(&[("spend", "a", 150.0), ("actions", "a", 20.0)]).await.is_empty());
    assert_eq!(fair.feed(&[("actions", "a", 10.0)]).await.len(), 1);
    assert_eq!((dear.state().await, fair.state().await), ("paused".to_owned(), "paused".to_owned()));
    let figures = retailer.owner.get("/v1/alerts?limit=1").await.ok()["data"][0]["figures"].clone();
    // The money beyond what ten actions may cost.
    assert_eq!(
        (&figures["value"], &figures["line"], &figures["overshoot"]),
        (&json!(15.0), &json!(10.0), &json!(50.0))
    );
}

#[tokio::test]
async fn a_line_drawn_under_the_present_total_acts_at_once() {
    let retailer = Tenant::sign_up().await;
    let watched = Watched::launch(&retailer, "Already over").await;
    watched.feed(&[("spend", "a", 300.0)]).await;
    let wish = json!({ "name": "Late", "severity": "critical", "campaign": watched.id, "spec": spend(250.0) });
    retailer.owner.post("/v1/rules", wish).await.ok();
    eventually("the campaign to be stopped", async || (watched.state().await == "paused").then_some(())).await;
    retailer.settled().await;
    assert_eq!((watched.stops().await, watched.alerts().await), (1, vec!["firing".to_owned()]));
}

#[tokio::test]
async fn a_rule_that_is_off_stops_nothing_and_acts_when_it_is_switched_on() {
    let retailer = Tenant::sign_up().await;
    let watched = Watched::launch(&retailer, "Unwatched").await;
    let rule = watched.rule(spend(100.0)).await;
    change(&retailer, &rule, json!({ "enabled": false })).await;
    assert!(watched.feed(&[("spend", "a", 500.0)]).await.is_empty());
    assert_eq!((watched.state().await, watched.alerts().await), ("active".to_owned(), Vec::<String>::new()));
    change(&retailer, &rule, json!({ "enabled": true })).await;
    assert_eq!((watched.state().await, watched.alerts().await), ("paused".to_owned(), vec!["firing".to_owned()]));
    // Switched off again, it holds nothing against anybody; the campaign waits for a person.
    change(&retailer, &rule, json!({ "enabled": false })).await;
    assert_eq!((watched.state().await, watched.alerts().await), ("paused".to_owned(), vec!["resolved".to_owned()]));
}

#[tokio::test]
async fn a_campaign_that_does_not_run_is_told_of_and_stopped_when_it_is_launched() {
    let retailer = Tenant::sign_up().await;
    let draft = Watched { retailer: &retailer, id: retailer.campaign("Not yet").await };
    draft.rule(spend(100.0)).await;
    assert!(draft.feed(&[("spend", "a", 150.0)]).await.is_empty());
    let alert = retailer.owner.get("/v1/alerts").await.ok()["data"][0].clone();
    assert_eq!((&alert["paused_campaign"], &alert["state"]), (&json!(false), &json!("firing")));
    assert_eq!(draft.state().await, "draft");

    // Launched past its line it is stopped without waiting for the next cost, by the alert that stands.
    draft.order("launch").await;
    let stopped = retailer.owner.get("/v1/alerts").await.ok()["data"][0].clone();
    assert_eq!((&stopped["id"], &stopped["paused_campaign"]), (&alert["id"], &json!(true)));
    let now = draft.now().await;
    assert_eq!((&now["state"], &now["stopped_by"]), (&json!("paused"), &alert["id"]));
    // Whoever resumes it has seen that.
    draft.resume().await;
    assert!(draft.feed(&[("spend", "b", 5000.0)]).await.is_empty());
    assert_eq!((draft.state().await, draft.stops().await), ("active".to_owned(), 1));
    assert_eq!(draft.alerts().await, ["firing"]);
    let steps = ["opened", "campaign_launched", "campaign_paused", "campaign_resumed", "updated"];
    assert_eq!(draft.steps().await, steps);
}

#[tokio::test]
async fn a_campaign_that_a_person_paused_is_stopped_when_it_is_resumed_past_its_line() {
    let retailer = Tenant::sign_up().await;
    let watched = Watched::launch(&retailer, "Held by hand").await;
    watched.rule(spend(100.0)).await;
    watched.order("pause").await;
    assert!(watched.feed(&[("spend", "a", 150.0)]).await.is_empty());
    assert_eq!((watched.stops().await, watched.alerts().await), (0, vec!["firing".to_owned()]));
    watched.resume().await;
    assert_eq!((watched.state().await, watched.stops().await), ("paused".to_owned(), 1));
    watched.resume().await;
    assert!(watched.feed(&[("spend", "b", 50.0)]).await.is_empty());
    assert_eq!((watched.state().await, watched.stops().await), ("active".to_owned(), 1));
    assert_eq!(watched.alerts().await, ["firing"]);
}

#[tokio::test]
async fn of_two_lines_that_are_passed_at_once_one_resume_passes_both() {
    let retailer = Tenant::sign_up().await;
    let watched = Watched::launch(&retailer, "Two lines").await;
    watched.rule(spend(100.0)).await;
    watched.rule(spend(120.0)).await;
    assert_eq!(watched.feed(&[("spend", "a", 150.0)]).await.len(), 1, "it is stopped once");
    assert_eq!(watched.alerts().await, ["firing", "firing"]);
    watched.resume().await;
    assert!(watched.feed(&[("spend", "b", 50.0)]).await.is_empty());
    assert_eq!((watched.state().await, watched.stops().await), ("active".to_owned(), 1));
}

#[tokio::test]
async fn a_cost_corrected_to_less_than_is_judged_ends_the_alert_and_arms_the_rule_anew() {
    let retailer = Tenant::sign_up().await;
    let watched = Watched::launch(&retailer, "Mistyped cost").await;
    watched.rule(json!({ "kind": "stop_loss", "metric": "cpa", "line": 10, "minimum_spend": 100 })).await;
    assert_eq!(watched.feed(&[("spend", "a", 500.0), ("actions", "a", 2.0)]).await.len(), 1);
    assert!(watched.feed(&[("spend", "a", 50.0)]).await.is_empty());
    assert_eq!(watched.alerts().await, ["resolved"]);
    watched.resume().await;
    assert_eq!(watched.feed(&[("spend", "b", 60.0)]).await.len(), 1, "a new breach is a new stop");
    assert_eq!((watched.stops().await, watched.alerts().await), (2, vec!["resolved".to_owned(), "firing".to_owned()]));
}

#[tokio::test]
async fn a_chinese_retailer_is_told_in_chinese_why_its_campaign_was_stopped() {
    let style = Style { locale: "zh-CN", time_zone: "Asia/Shanghai", currency: "CNY" };
    let retailer = Tenant::sign_up_at(shared(), style).await;
    let watched = Watched::launch(&retailer, "双十一大促").await;
    watched.rule(spend(1500.0)).await;
    assert_eq!(watched.feed(&[("spend", "a", 1600.5)]).await.len(), 1);
    let reason = "止损：营销费用已达 1600.5 CNY（止损线 1500 CNY）。";
    assert_eq!(watched.now().await["state_reason"], reason);
    let audited = retailer.audited().await;
    let pause = audited.iter().find(|entry| entry["action"] == "campaign.paused").unwrap();
    assert_eq!(pause["reason"], reason);
}

#[tokio::test]
async fn cost_and_actions_that_arrive_at_once_are_judged_together() {
    let service = own_service(own_database().await, 8);
    let retailer = Tenant::sign_up_at(&service, Style::default()).await;
    // 100 over 20 is 5. 150 over 20 and 100 over 12 are under ten still, 150 over 12 is not.
    for round in 0..15 {
        let watched = Watched::launch(&retailer, &format!("Round {round}")).await;
        watched.rule(json!({ "kind": "stop_loss", "metric": "cpa", "line": 10 })).await;
        assert!(watched.feed(&[("spend", "a", 100.0), ("actions", "a", 20.0)]).await.is_empty());
        let (cost, fewer) = ([("spend", "b", 50.0)], [("actions", "a", 12.0)]);
        let (by_cost, by_actions) = tokio::join!(watched.feed(&cost), watched.feed(&fewer));
        assert_eq!(by_cost.len() + by_actions.len(), 1, "one of the two sees both, round {round}");
        assert_eq!(watched.state().await, "paused", "round {round}");
    }
    service.stop().await;
}
