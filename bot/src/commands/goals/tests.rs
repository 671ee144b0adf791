use super::*;
use crate::command::{Actor, Command};
use crate::commands::{Completing, complete, handle};
use crate::testing::command;
use crate::testing::things::{friday, me, mei};
use crate::testing::{FakeApi, Request, actor, problem};
use chrono::NaiveDate;
use serde_json::json;
use tillwatch_shared::errors::Code;
use tillwatch_shared::goals::{GoalAim, GoalForecast, GoalPeriod, GoalSpread, SmartCheck, SmartLetter, SmartLine};
use tillwatch_shared::ids::GoalId;
use tillwatch_shared::permissions::Role;
use tillwatch_shared::quantity::Quantity;
use uuid::Uuid;

fn day(number: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 11, number).unwrap()
}

fn goal(number: u128, name: &str, state: GoalState) -> Goal {
    Goal {
        id: GoalId(Uuid::from_u128(number)),
        name: name.to_owned(),
        metric: Some("sales".to_owned()),
        channel: None,
        campaign: None,
        baseline: None,
        baseline_source: None,
        target: Quantity::from_units(10_000),
        starts_on: Some(day(1)),
        ends_on: Some(day(30)),
        owner: Some(mei()),
        relevance: "The shop pays its rent.".to_owned(),
        campaigns: Vec::new(),
        period: GoalPeriod::Week,
        spread: GoalSpread::Days,
        state,
        state_since: friday(),
        achievable_anyway: None,
        activated_at: None,
        created_at: friday(),
        updated_at: friday(),
        version: 1,
    }
}

fn shown(goal: Goal) -> GoalShown {
    let draft = goal.state == GoalState::Draft;
    let forecast = GoalForecast {
        value: 8_800.0,
        low_80: 8_100.0,
        high_80: 9_500.0,
        low_95: 7_700.0,
        high_95: 9_900.0,
        weeks: 12,
    };
    let missing = SmartLine {
        letter: SmartLetter::Specific,
        passed: false,
        overridden: false,
        detail_en: "Say who answers for it.".to_owned(),
        detail_zh: "请指定负责人。".to_owned(),
    };
    GoalShown {
        goal,
        metric_en: Some("Sales".to_owned()),
        metric_zh: Some("销售额".to_owned()),
        owner_name: Some("Mei Lin".to_owned()),
        check: draft.then(|| SmartCheck { complete: false, lines: vec![missing] }),
        progress: (!draft).then(|| GoalProgress {
            aim: GoalAim::AtLeast,
            through: day(13),
            value: Some(4_120.0),
            expected: 4_333.0,
            pace: Some(0.95),
            forecast: Some(forecast),
            outlook: GoalOutlook::OffTrack,
            unit: "money".to_owned(),
            currency: "USD".to_owned(),
        }),
        proposal: None,
    }
}

/// An API with two active goals and a draft.
async fn retailer(locale: Locale) -> FakeApi {
    FakeApi::start(move |request: &Request| {
        let all = [
            goal(20, "Autumn sales", GoalState::Active),
            goal(21, "秋季拉新", GoalState::Active),
            goal(22, "A wish", GoalState::Draft),
        ];
        let ok = |body: serde_json::Value| (200, body);
        if request.what() == "GET /v1/me" {
            return ok(serde_json::to_value(me(Role::Viewer, locale)).unwrap());
        }
        if request.what() == "GET /v1/goals" {
            let active = request.target.contains("state=active");
            let fits: Vec<&Goal> = all.iter().filter(|one| !active || one.state == GoalState::Active).collect();
            return ok(json!({ "data": fits }));
        }
        let one = all.iter().find(|one| request.target == format!("/v1/goals/{}", one.id));
        one.map_or_else(|| problem(Code::NotFound), |one| ok(serde_json::to_value(shown(one.clone())).unwrap()))
    })
    .await
}

async fn said(command: Command, locale: Locale, who: &Actor) -> Reply {
    let fake = retailer(locale).await;
    handle(command, who, &fake.api()).await
}

fn show(goal: &str) -> Command {
    command("goals show", &[("goal", goal)])
}

#[tokio::test]
async fn the_goals_that_are_pursued_stand_in_a_line_each() {
    let reply = said(command("goals list", &[]), Locale::En, &actor()).await;
    assert_eq!(reply.title, "Goals (2)");
    let first = reply.body.lines().next().unwrap();
    assert_eq!(
        first,
        "🔴 Autumn sales · $4,120.00 of at least $10,000.00 · pace 95% · the forecast misses the target · until 30 Nov 2025"
    );
    assert!(reply.body.contains("秋季拉新") && !reply.body.contains("A wish"), "{}", reply.body);
    assert!(reply.body.ends_with("One of them: goals show NAME"), "{}", reply.body);
    let chinese = said(command("goals list", &[]), Locale::ZhCn, &actor()).await;
    assert_eq!(chinese.title, "目标（2 个）");
    assert!(chinese.body.contains("进度 95%") && chinese.body.contains("预计无法达成"), "{}", chinese.body);
}

#[tokio::test]
async fn a_goal_is_shown_with_its_forecast_by_any_part_of_its_name() {
    let reply = said(show("autumn"), Locale::En, &actor()).await;
    assert_eq!((reply.title.as_str(), reply.body.as_str(), reply.tone), ("Autumn sales", "active", Tone::Warning));
    let field = |name: &str| reply.fields.iter().find(|field| field.name == name).map(|field| field.value.as_str());
    assert_eq!(field("Forecast for the deadline"), Some("$8,800.00 (80%: $8,100.00 to $9,500.00)"));
    assert_eq!(field("Owner"), Some("Mei Lin"));
    let chinese = said(show("秋季"), Locale::ZhCn, &actor()).await;
    let field = |name: &str| chinese.fields.iter().find(|field| field.name == name).map(|field| field.value.as_str());
    assert_eq!(field("截止时预计"), Some("$8,800.00（80%区间：$8,100.00 至 $9,500.00）"));
}

#[tokio::test]
async fn a_draft_says_what_it_lacks_and_an_unknown_goal_what_there_is() {
    let reply = said(show("a wish"), Locale::En, &actor()).await;
    let missing = reply.fields.iter().find(|field| field.name == "Missing").unwrap();
    assert_eq!(missing.value, "Say who answers for it.");
    let chinese = said(show("a wish"), Locale::ZhCn, &actor()).await;
    assert!(chinese.fields.iter().any(|field| field.value == "请指定负责人。"));
    let unknown = said(show("Autmn sale"), Locale::En, &actor()).await;
    assert_eq!(unknown.title, "No goal “Autmn sale”");
    assert!(unknown.body.contains("Autumn sales"), "{}", unknown.body);
}

#[tokio::test]
async fn goals_are_completed_by_name() {
    let fake = retailer(Locale::En).await;
    let choices = complete(Completing::Goal, "", &actor(), &fake.api()).await;
    assert_eq!(choices[0], ("Autumn sales · active".to_owned(), GoalId(Uuid::from_u128(20)).to_string()));
    assert_eq!(choices.len(), 3);
}
