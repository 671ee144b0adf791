use super::*;
use crate::reply::limits::FIELDS;
use crate::testing::things::{campaign, friday, in_state, me, mei, stop_loss};
use crate::testing::{FakeApi, Request, actor, command, discord_actor, problem};
use serde::Serialize;
use serde_json::{Value, json};
use tillwatch_shared::Locale;
use tillwatch_shared::plan::{Campaign, CampaignState, StateChanged};
use tillwatch_shared::watch::AlertState;

fn ok(body: impl Serialize) -> (u16, Value) {
    (200, serde_json::to_value(body).unwrap())
}

fn campaigns() -> Vec<Campaign> {
    vec![
        campaign(5, "Autumn coupons", Some("coupons-18"), CampaignState::Active),
        campaign(6, "Autumn sale", None, CampaignState::Paused),
        campaign(7, "秋季满减", None, CampaignState::Draft),
    ]
}

/// An API of one tenant; `special` may answer first.
async fn tenant(
    role: Role,
    locale: Locale,
    special: impl Fn(&Request) -> Option<(u16, Value)> + Send + Sync + 'static,
) -> FakeApi {
    FakeApi::start(move |request| {
        if let Some(answer) = special(request) {
            return answer;
        }
        let url = request.target.split_once('?').map_or("", |(_, query)| query);
        match request.what().as_str() {
            "GET /v1/me" => ok(me(role, locale)),
            "GET /v1/campaigns" => {
                let starts = url.split('&').find_map(|pair| pair.strip_prefix("q=")).map(|q| q.replace('+', " "));
                let fits = |one: &Campaign| {
                    starts.as_ref().is_none_or(|q| {
                        one.name.to_lowercase().starts_with(&q.to_lowercase()) || one.external_key.as_deref() == Some(q)
                    })
                };
                let state = url.split('&').find_map(|pair| pair.strip_prefix("state="));
                let in_state = |one: &Campaign| state.is_none_or(|state| one.state.as_str() == state);
                ok(json!({ "data": campaigns().into_iter().filter(fits).filter(in_state).collect::<Vec<_>>() }))
            }
            "GET /v1/alerts" if url.contains("state=firing") => ok(json!({ "data": [stop_loss()] })),
            "GET /v1/alerts" => ok(json!({ "data": [] })),
            _ => problem(Code::NotFound),
        }
    })
    .await
}

fn pause(campaign: &str, reason: Option<&str>) -> Command {
    command("campaign pause", &[("campaign", campaign), ("reason", reason.unwrap_or_default())])
}

/// Answers a pause: `changed`, or paused already by `history`'s last step.
fn pausing(changed: bool, history: Value) -> impl Fn(&Request) -> Option<(u16, Value)> + Send + Sync + 'static {
    move |request| {
        let mut paused = campaign(5, "Autumn coupons", Some("coupons-18"), CampaignState::Paused);
        paused.state_reason = Some("too dear".to_owned());
        match request.what() {
            what if what.ends_with("/pause") => Some(ok(StateChanged { changed, campaign: paused })),
            what if what.ends_with("/history") => Some((200, json!({ "data": [history] }))),
            _ => None,
        }
    }
}

#[tokio::test]
async fn a_pause_says_what_happened_with_its_figures() {
    let fake = tenant(Role::Owner, Locale::En, pausing(true, Value::Null)).await;
    let reply = handle(pause("autumn c", Some("too dear")), &actor(), &fake.api()).await;
    assert_eq!(reply.title, "Paused: Autumn coupons");
    assert_eq!(reply.body, "Paused by you since 14 Nov 2025, 10:02. No spend until it is resumed.");
    let fields: Vec<&str> = reply.fields.iter().map(|field| field.value.as_str()).collect();
    assert!(fields.contains(&"$1,512.40 of $2,000.00 (75.6%)"), "{fields:?}");
    assert!(fields.contains(&"too dear"));
    assert_eq!(fake.seen().last().unwrap().body, json!({ "reason": "too dear" }));
}

#[tokio::test]
async fn a_second_pause_says_since_when_and_by_whom() {
    let step = |kind: &str, actor: Option<String>| json!({ "at": friday(), "from": "active", "to": "paused", "reason": "x", "actor_kind": kind, "actor": actor, "via": "api" });
    for (step, by) in [
        (step("staff", Some(mei().to_string())), "you"),
        (step("staff", Some(StaffId::new().to_string())), "a colleague"),
        (step("rule", None), "the rule"),
    ] {
        let fake = tenant(Role::Owner, Locale::En, pausing(false, step)).await;
        let reply = handle(pause("coupons-18", Some("again")), &actor(), &fake.api()).await;
        assert_eq!(reply.title, "Nothing to do: Autumn coupons");
        assert_eq!(reply.body, format!("It is already paused since 14 Nov 2025, 10:02 by {by}. Nothing was changed."));
    }
}

#[tokio::test]
async fn a_pause_without_reason_asks_for_it_and_shows_the_command() {
    let fake = tenant(Role::Owner, Locale::En, |_| None).await;
    for (who, command) in [
        (actor(), "campaign pause coupons-18 because …"),
        (discord_actor(), "/campaign pause campaign:coupons-18 reason:…"),
    ] {
        let reply = handle(pause("Autumn coupons", Some("  ")), &who, &fake.api()).await;
        assert_eq!(reply.title, "Why pause “Autumn coupons”?");
        assert!(reply.body.ends_with(command), "{}", reply.body);
    }
    assert!(!fake.seen().iter().any(|request| request.method == "POST"), "nothing was paused");
}

#[tokio::test]
async fn a_viewer_is_told_no_and_whom_to_ask() {
    let denied = |request: &Request| request.what().ends_with("/pause").then(|| problem(Code::PermissionDenied));
    let fake = tenant(Role::Viewer, Locale::En, denied).await;
    let reply = handle(pause("Autumn coupons", Some("x")), &actor(), &fake.api()).await;
    assert_eq!(reply.title, "You may not pause campaigns");
    assert_eq!(reply.body, "Your role is viewer. Ask someone who may: owner, admin, marketer or compliance.");
    assert_eq!((reply.tone, reply.private), (Tone::Refused, true));
    assert_eq!(reply.footer.as_deref(), Some("Request req-1"));
    let fake = tenant(Role::Viewer, Locale::ZhCn, denied).await;
    let reply = handle(pause("秋", Some("x")), &actor(), &fake.api()).await;
    assert_eq!(reply.title, "您无权暂停营销活动");
}

#[tokio::test]
async fn an_ambiguous_name_lists_the_candidates_and_a_wrong_one_the_nearest() {
    let fake = tenant(Role::Owner, Locale::En, |_| None).await;
    let reply = handle(pause("autumn", Some("x")), &actor(), &fake.api()).await;
    assert_eq!(reply.title, "Several campaigns are called “autumn”");
    assert!(reply.body.contains("Autumn coupons · coupons-18") && reply.body.contains("Autumn sale"));
    let reply = handle(pause("Autum sael", Some("x")), &actor(), &fake.api()).await;
    assert_eq!(reply.title, "There is no campaign “Autum sael”");
    assert_eq!(reply.body, "Did you mean Autumn sale?");
    assert!(!fake.seen().iter().any(|request| request.method == "POST"));
}

#[tokio::test]
async fn a_state_that_does_not_allow_it_is_named() {
    let conflict = |request: &Request| request.what().ends_with("/pause").then(|| problem(Code::StateConflict));
    let fake = tenant(Role::Owner, Locale::ZhCn, conflict).await;
    let reply = handle(pause("秋季满减", Some("x")), &actor(), &fake.api()).await;
    assert_eq!(reply.body, "只有进行中的营销活动可以暂停，当前状态：草稿。");
}

#[tokio::test]
async fn the_list_tells_state_and_spend_of_each() {
    let fake = tenant(Role::Viewer, Locale::En, |_| None).await;
    let reply = handle(command("campaign list", &[]), &actor(), &fake.api()).await;
    assert_eq!(reply.title, "Campaigns (3)");
    let first = reply.body.lines().next().unwrap();
    assert_eq!(first, "▶ Autumn coupons · active since 14 Nov 2025, 10:02 · $1,512.40 of $2,000.00 (75.6%)");
}

#[tokio::test]
async fn a_long_list_has_what_runs_first_and_says_how_to_see_the_rest() {
    let special = |request: &Request| {
        let state = |n: u128| match n {
            3 => CampaignState::Active,
            44 => CampaignState::Paused,
            _ => CampaignState::Completed,
        };
        let all = (1..=45).rev().map(|n| campaign(n, &format!("No. {n}"), None, state(n)));
        let query = request.target.split_once("state=").map(|(_, state)| state.split('&').next().unwrap().to_owned());
        let fits = |one: &Campaign| query.as_ref().is_none_or(|state| one.state.as_str() == state);
        (request.what() == "GET /v1/campaigns").then(|| ok(json!({ "data": all.filter(fits).collect::<Vec<_>>() })))
    };
    let fake = tenant(Role::Viewer, Locale::En, special).await;
    let page = async |page: usize| {
        handle(command("campaign list", &[("page", &page.to_string())]), &actor(), &fake.api()).await
    };
    let names = |reply: &Reply| -> Vec<String> {
        let lines = reply.body.lines().filter_map(|line| line.split(" · ").next());
        lines.map(|line| line.chars().skip(2).collect()).collect()
    };
    let first = page(1).await;
    assert_eq!(first.title, "Campaigns (45)");
    assert_eq!(names(&first)[..3], ["No. 3", "No. 44", "No. 45"]);
    assert!(first.body.ends_with("Page 1 of 3 · Next: campaign list 2"), "{}", first.body);
    let last = page(3).await;
    assert!(last.body.ends_with("Page 3 of 3") && names(&last)[4] == "No. 1", "{}", last.body);
    assert_eq!(page(99).await.body, last.body, "there is no page behind the last");
}

#[tokio::test]
async fn a_refused_input_is_explained_in_the_readers_language() {
    let too_long = |request: &Request| {
        (request.what() == "GET /v1/campaigns").then(|| {
            let (status, mut body) = problem(Code::ValidationFailed);
            body["errors"] = json!([{ "pointer": "?q", "code": "too_long", "detail": "raw detail" }]);
            (status, body)
        })
    };
    for (locale, words) in [(Locale::En, "The name is too long"), (Locale::ZhCn, "名称过长")] {
        let fake = tenant(Role::Owner, locale, too_long).await;
        let reply = handle(pause("x", Some("y")), &actor(), &fake.api()).await;
        assert!(reply.body.starts_with(words), "{}", reply.body);
    }
}

#[tokio::test]
async fn alerts_are_numbered_and_taken_by_number() {
    let special = |request: &Request| {
        let taken = in_state(stop_loss(), AlertState::Acknowledged);
        request.what().ends_with("/acknowledge").then(|| ok(json!({ "changed": true, "alert": taken })))
    };
    let fake = tenant(Role::Owner, Locale::En, special).await;
    let api = fake.api();
    let ack = || command("alerts ack", &[("alert", "1")]);
    let early = handle(ack(), &actor(), &api).await;
    assert_eq!(early.title, "There is no alert number 1", "no list was shown yet");
    let list = handle(command("alerts list", &[]), &actor(), &api).await;
    assert!(list.body.starts_with("1. ⛔ Coupons stop at $1,500 · Spend: $1,512.40 · firing since"), "{}", list.body);
    let reply = handle(ack(), &actor(), &api).await;
    assert_eq!(reply.title, "Acknowledged: Coupons stop at $1,500");
    assert_eq!(fake.seen().last().unwrap().what(), format!("POST /v1/alerts/{}/acknowledge", stop_loss().id));
    let other = handle(ack(), &discord_actor(), &api).await;
    assert_eq!(other.title, "There is no alert number 1", "numbers are one's own");
    let late = handle(command("alerts ack", &[("alert", "7")]), &actor(), &api).await;
    assert!(late.body.contains("from 1 to 1"));
}

#[tokio::test]
async fn a_late_acknowledgement_says_who_was_first() {
    let special = |request: &Request| {
        let taken = in_state(stop_loss(), AlertState::Acknowledged);
        request.what().ends_with("/acknowledge").then(|| ok(json!({ "changed": false, "alert": taken })))
    };
    let fake = tenant(Role::Owner, Locale::En, special).await;
    let reply = press(Action::Acknowledge(stop_loss().id), &actor(), &fake.api(), None).await;
    assert_eq!(reply.body, "By Tom, 14 Nov 2025, 10:02. Nothing was changed.");
}

#[tokio::test]
async fn the_kpi_screen_compares_with_a_week_before_in_words() {
    let special = |request: &Request| {
        let kpi = |metric: &str, zh: &str, unit: &str, direction: &str, value: f64, before: f64| {
            json!({ "metric": metric, "name_en": metric, "name_zh": zh, "unit": unit, "direction": direction,
                "value": value, "week_before": before, "change": value / before - 1.0 })
        };
        let data = [
            kpi("Sales", "销售额", "money", "higher_is_better", 12_345.0, 10_000.0),
            kpi("Stock-out rate", "缺货率", "percent", "lower_is_better", 4.0, 2.0),
        ];
        (request.what() == "GET /v1/kpis").then(|| ok(json!({ "day": "2025-11-14", "currency": "USD", "data": data })))
    };
    let fake = tenant(Role::Viewer, Locale::En, special).await;
    let reply = handle(command("kpi", &[]), &actor(), &fake.api()).await;
    assert_eq!(reply.title, "KPIs of Fri 14 Nov 2025");
    assert_eq!(
        reply.body,
        "▲ Sales: $12,345.00 · up 23.4% from $10,000.00, better\n▲ Stock-out rate: 4.00% · up 2 points from 2.00%, worse"
    );
    let fake = tenant(Role::Viewer, Locale::ZhCn, special).await;
    let reply = handle(command("kpi", &[]), &actor(), &fake.api()).await;
    assert!(
        reply.body.starts_with("▲ 销售额：$12,345.00 · 较上周同日（$10,000.00）上升 23.4%，变好"),
        "{}",
        reply.body
    );
}

#[tokio::test]
async fn one_metric_shows_its_last_seven_days() {
    let special = |request: &Request| match request.what().as_str() {
        "GET /v1/kpis" => Some(ok(json!({ "day": "2025-11-14", "currency": "USD", "data": [] }))),
        "GET /v1/metrics" => Some(ok(json!({ "data": [{ "key": "orders", "name_en": "Orders", "name_zh": "订单数",
            "kind": "sum", "unit": "count", "direction": "higher_is_better", "family": "financial", "formula": null }] }))),
        "GET /v1/series" => {
            let point = |day: &str, value: i64| json!({ "at": format!("{day}T05:00:00Z"), "value": value, "sum": value, "samples": 1 });
            let data = [point("2025-11-07", 100), point("2025-11-13", 50), point("2025-11-14", 110)];
            Some(ok(
                json!({ "metric": "orders", "unit": "count", "kind": "sum", "channel": null, "campaign": null, "resolution": "day",
                "time_zone": "America/New_York", "data": data }),
            ))
        }
        _ => None,
    };
    let fake = tenant(Role::Viewer, Locale::En, special).await;
    let reply = handle(command("kpi", &[("metric", "order")]), &actor(), &fake.api()).await;
    let lines: Vec<&str> = reply.body.lines().collect();
    assert_eq!((reply.title.as_str(), lines.len()), ("Orders: the last 7 days", 8));
    assert_eq!(lines[6], "▲ Fri 14 Nov 2025: 110 · up 10% from 100, better");
    assert_eq!(lines[5], "· Thu 13 Nov 2025: 50 · nothing a week before");
    assert_eq!(lines[7], "7 days in all: 160");
    let series = fake.seen().into_iter().find(|request| request.what() == "GET /v1/series").unwrap();
    assert!(series.target.contains("from=2025-11-01T04%3A00%3A00Z&to=2025-11-15T05%3A00%3A00Z"), "{}", series.target);
}

#[tokio::test]
async fn who_is_not_linked_is_told_how_and_linking_answers_in_the_retailers_language() {
    let fake = FakeApi::start(|request| match request.what().as_str() {
        "POST /v1/chat-links/redeem" if request.body["code"] == "GOOD" => ok(
            json!({ "retailer": "海港超市", "staff": "梅林", "server_linked": true, "channel_moved": false, "locale": "zh-CN" }),
        ),
        "POST /v1/chat-links/redeem" => problem(Code::NotFound),
        _ => problem(Code::ChatUserNotLinked),
    });
    let fake = fake.await;
    let api = fake.api();
    let reply = handle(command("campaign list", &[]), &discord_actor(), &api).await;
    assert!(reply.title.contains("not linked") && reply.body.ends_with("/link code:CODE"), "{}", reply.body);
    let link = |code: &str| command("link", &[("code", code)]);
    assert_eq!(handle(link("BAD"), &actor(), &api).await.title, "This code does not work");
    let reply = handle(link(" GOOD "), &actor(), &api).await;
    assert_eq!((reply.title.as_str(), reply.private), ("已绑定商家：海港超市", true));
}

#[tokio::test]
async fn who_must_enrol_a_second_factor_is_told_so_in_their_language() {
    for (locale, title) in [(Locale::En, "A second factor is needed"), (Locale::ZhCn, "需要双重验证")] {
        let fake =
            tenant(Role::Owner, locale, |request| (request.method == "POST").then(|| problem(Code::EnrolmentRequired)));
        assert_eq!(handle(pause("秋", Some("x")), &actor(), &fake.await.api()).await.title, title);
    }
}

#[tokio::test]
async fn no_failure_shows_the_services_own_text_or_json() {
    for &code in Code::ALL {
        let fake =
            tenant(Role::Owner, Locale::ZhCn, move |request| (request.method == "POST").then(|| problem(code))).await;
        let reply = handle(pause("秋", Some("x")), &actor(), &fake.api()).await;
        assert!(!reply.title.is_empty() && !reply.body.contains('{'), "{code}: {}", reply.body);
        assert!(!reply.body.contains("raw detail"), "{code}");
    }
}

#[tokio::test]
async fn who_asks_is_looked_up_once_a_minute() {
    let fake = tenant(Role::Owner, Locale::En, |_| None).await;
    let api = fake.api();
    handle(command("campaign list", &[]), &actor(), &api).await;
    handle(command("campaign list", &[]), &actor(), &api).await;
    assert_eq!(fake.seen().iter().filter(|request| request.what() == "GET /v1/me").count(), 1);
}

#[tokio::test]
async fn completion_gives_names_to_read_and_ids_to_send_and_nothing_on_errors() {
    let fake = tenant(Role::Viewer, Locale::En, |_| None).await;
    let found = complete(Completing::Campaign, "Autumn", &actor(), &fake.api()).await;
    assert_eq!(found[0], ("Autumn coupons · active".to_owned(), campaigns()[0].id.to_string()));
    assert_eq!(found.len(), 2);
    assert!(complete(Completing::Metric, "", &actor(), &fake.api()).await.is_empty());
}

#[tokio::test]
async fn help_lists_every_command_as_the_chat_takes_it_and_suggests() {
    let fake = tenant(Role::Viewer, Locale::En, |_| None).await;
    let help = async |topic: Option<&str>, who: &Actor| {
        handle(command("help", &[("command", topic.unwrap_or_default())]), who, &fake.api()).await
    };
    let told = if all().count() <= FIELDS { all().count() } else { ENTRIES.len() };
    assert_eq!(help(None, &actor()).await.fields.len(), told);
    assert!(help(None, &discord_actor()).await.fields.iter().all(|field| field.name.starts_with('/')));
    assert_eq!(help(Some("campaign"), &actor()).await.fields.len(), 4);
    assert_eq!(help(Some("/alerts ack"), &actor()).await.title, "alerts ack 1");
    assert!(help(Some("campagn"), &actor()).await.body.contains("campaign list"));
    for locale in [Locale::En, Locale::ZhCn] {
        let fake = tenant(Role::Viewer, locale, |_| None).await;
        let api = fake.api();
        for (who, spec) in [actor(), discord_actor()].iter().flat_map(|who| all().map(move |spec| (who, spec))) {
            let reply = handle(command("help", &[("command", spec.path)]), who, &api).await;
            assert_eq!((reply.title.as_str(), reply.private), (spec.usage(who.transport).as_str(), true), "{spec:?}");
            let text = format!("{}\n{}", spec.texts.line.of(locale), spec.texts.help.of(locale));
            assert_eq!(reply.fields[0].value, text, "{spec:?}");
        }
    }
}

#[tokio::test]
async fn somebody_narrowed_to_channels_is_told_so_only_where_that_is_in_the_way() {
    let said = async |role: Role, narrowed: bool, typed: Command, code: Code| {
        let api = tenant(role, Locale::En, move |request| match request.what().as_str() {
            "GET /v1/me" => Some(ok(Me { channels: narrowed.then(Vec::new), ..me(role, Locale::En) })),
            what if what.starts_with("GET /v1/campaigns") => None,
            _ => Some(problem(code)),
        });
        let reply = handle(typed, &actor(), &api.await.api()).await;
        format!("{}: {}", reply.title, reply.body)
    };
    let digest = || command("digest", &[]);
    let narrowed = "narrowed to";
    let text = said(Role::Marketer, true, digest(), Code::PermissionDenied).await;
    assert!(text.contains(narrowed), "{text}");
    let text = said(Role::Marketer, false, digest(), Code::PermissionDenied).await;
    assert!(!text.contains(narrowed), "{text}");
    let text = said(Role::Marketer, true, digest(), Code::NotFound).await;
    assert!(text.contains(narrowed), "{text}");
    let text = said(Role::Marketer, false, digest(), Code::NotFound).await;
    assert!(!text.contains(narrowed), "{text}");
    // A viewer may not set a schedule, whatever the channels: the roles that may are named.
    let schedule = || command("schedule", &[("report", "daily"), ("at", "08:30")]);
    let text = said(Role::Viewer, true, schedule(), Code::PermissionDenied).await;
    assert!(!text.contains(narrowed), "{text}");
}
