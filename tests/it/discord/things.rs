//! What the stub's retailer has beside its campaigns: alerts, figures, goals and reports, as the API would give them.
//!
//! Invariant: the same at any time of any day, so that what the bot makes of it can be compared with a snapshot.

use serde_json::{Map, Value, json};
use tillwatch_shared::ids::{
    AlertId, CampaignId, ChannelId, ChatServerId, GoalId, NoticeId, ProposalId, RuleId, StaffId,
};
use uuid::Uuid;

/// When all of it happened, a Sunday.
pub(super) const AT: &str = "2026-03-01T12:00:00Z";

/// The alert at this place of the list, from 1.
pub(super) fn alert_id(number: u128) -> AlertId {
    AlertId(Uuid::from_u128(number))
}

/// What is answered to a call; `None` for what is not of this file.
pub(super) fn answer(line: &str, query: &str, body: &Value, campaign: CampaignId) -> Option<(u16, Value)> {
    let (method, path) = line.split_once(' ')?;
    let parts: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
    let answer = match (method, parts.as_slice()) {
        ("GET", ["kpis"]) => json!({ "day": "2026-02-28", "currency": "USD", "data": kpis() }),
        ("GET", ["metrics"]) => json!({ "data": metrics() }),
        ("GET", ["series"]) => series(),
        ("GET", ["alerts"]) => {
            let state = query.split('&').find_map(|pair| pair.strip_prefix("state="))?;
            let alerts = (1..=4).map(|number| alert(number, campaign));
            json!({ "data": alerts.filter(|alert| alert["state"] == state).collect::<Vec<_>>() })
        }
        ("GET", ["alerts", id]) => alert(number(id)?, campaign),
        ("GET", ["alerts", id, "timeline"]) => json!({ "data": timeline(number(id)?) }),
        ("GET", ["alerts", id, "why"]) => why(number(id)?, campaign),
        ("POST", ["alerts", id, "acknowledge"]) => taken(number(id)?, campaign),
        ("POST", ["alerts", id, "silence"]) => return Some(silenced(number(id)?, body, campaign)),
        ("GET", ["rules", _, "evaluations"]) => json!({ "data": evaluations() }),
        ("GET", ["goals"]) if query.contains("state=active") => json!({ "data": [goal(1)] }),
        ("GET", ["goals"]) => json!({ "data": [goal(1), goal(2)] }),
        ("GET", ["goals", id]) => shown(if *id == GoalId(Uuid::from_u128(2)).to_string() { 2 } else { 1 }),
        ("GET", ["reports", "daily"]) => daily(),
        ("GET", ["reports", "weekly"]) => weekly(),
        ("GET", ["reports", _]) => json!("the bytes of a picture"),
        ("GET", ["report-schedules"]) => {
            json!({ "data": [schedule("daily", body), schedule("weekly", body)], "places": places(query) })
        }
        ("PATCH", ["report-schedules", kind]) => schedule(kind, body),
        _ => return None,
    };
    Some((200, answer))
}

fn number(id: &str) -> Option<u128> {
    (1..=4).find(|number| alert_id(*number).to_string() == id)
}

fn tom() -> Value {
    json!({ "id": StaffId(Uuid::from_u128(1)), "name": "Tom Reed" })
}

fn store() -> Value {
    json!({ "id": ChannelId(Uuid::from_u128(1)), "name": "Store 367" })
}

/// 1 an alert with everything that one may have, 2 a stop-loss, 3 one that is taken, 4 one that is silenced.
fn alert(number: u128, campaign: CampaignId) -> Value {
    let deviation = json!({
        "kind": "deviation", "metric": "conversion_rate", "side": "below", "sigmas": 2.0, "window": 8, "minimum_history": 6,
        "minimum_volume": 0.0, "baseline": "mean_sigma", "comparison": "own_history",
    });
    let figures = json!({
        "value": 2.1, "expected": 3.4, "sigma": 0.5, "n": 8, "z": -2.6, "line": 2.4, "overshoot": 0.3, "overshoot_share": 0.125,
        "low": 2.4, "high": 4.4, "score": 0.7,
    });
    let mut alert = json!({
        "id": alert_id(number), "rule": RuleId(Uuid::from_u128(number)), "rule_name": "Conversion falls", "rule_version": 1,
        "spec": deviation, "timing": { "bucket": "day", "window": 1, "for": 1 }, "message": null, "severity": "warning",
        "state": "firing", "metric": "conversion_rate", "metric_en": "Conversion rate", "metric_zh": "转化率", "unit": "percent",
        "currency": "USD", "channel": store(), "campaign": { "id": campaign, "name": "Spring coupons", "state": "active" },
        "figures": figures, "window_start": "2026-02-28T00:00:00Z", "no_data_since": null, "paused_campaign": false, "opened_at": AT,
        "acknowledged_at": null, "acknowledged_by": null, "resolved_at": null, "version": 3,
    });
    let change = match number {
        1 => json!({
            "flapping": { "times": 4, "since": "2026-02-26T08:00:00Z" },
            "contribution": {
                "before": 3.4, "change": -1.3, "days": 4, "rest": 0.0,
                "parts": [{ "channel": store(), "change": -1.3, "share": 1.0 }],
            },
        }),
        2 => json!({
            "rule_name": "Coupons stop at $1,500", "severity": "critical", "paused_campaign": true, "channel": null,
            "spec": { "kind": "stop_loss", "metric": "spend", "line": 1500, "minimum_spend": 0 },
            "metric": "spend", "metric_en": "Spend", "metric_zh": "营销费用", "unit": "money",
            "figures": { "value": 1512.5, "line": 1500.0, "overshoot": 12.5, "overshoot_share": 0.008, "score": 0.6 },
            "campaign": { "id": CampaignId(Uuid::from_u128(2)), "name": "Autumn sale", "state": "paused" },
        }),
        3 => json!({
            "rule_name": "Empty shelves", "severity": "info", "state": "acknowledged", "acknowledged_at": AT, "acknowledged_by": tom(),
            "spec": { "kind": "threshold", "metric": "stock_out_rate", "side": "above", "line": 5.0, "minimum_volume": 0.0 },
            "metric": "stock_out_rate", "metric_en": "Stock-out rate", "metric_zh": "缺货率", "campaign": null,
            "figures": { "value": 6.0, "line": 5.0, "overshoot": 1.0, "overshoot_share": 0.2, "score": 0.6 },
        }),
        _ => {
            json!({ "rule_name": "Too few visits", "state": "silenced", "campaign": null, "quiet": quiet("the shop is rebuilt") })
        }
    };
    merge(&mut alert, change);
    alert
}

fn merge(into: &mut Value, change: Value) {
    if let (Some(into), Value::Object(change)) = (into.as_object_mut(), change) {
        into.extend(change);
    }
}

fn quiet(reason: &str) -> Value {
    json!({ "why": "silence", "until": "2026-03-01T14:00:00Z", "reason": reason, "owner": tom() })
}

fn timeline(number: u128) -> Value {
    let step = |at: &str, event: &str, more: Value| {
        let mut step =
            json!({ "at": at, "event": event, "actor_kind": "system", "actor": null, "via": "api", "figures": null });
        merge(&mut step, more);
        step
    };
    let by_tom = json!({ "actor_kind": "staff", "actor": tom()["id"], "actor_name": "Tom Reed" });
    let raised = step(AT, "opened", json!({ "figures": { "value": 2.3, "score": 0.6 } }));
    let mut steps = vec![raised];
    match number {
        2 => steps.push(step(AT, "campaign_paused", json!({ "actor_kind": "rule" }))),
        3 => steps.push(step("2026-03-01T12:30:00Z", "acknowledged", by_tom)),
        4 => steps.push(step("2026-03-01T12:30:00Z", "silenced", by_tom)),
        _ => {
            steps.push(step("2026-03-01T12:20:00Z", "updated", json!({ "figures": { "value": 2.1, "score": 0.7 } })));
            steps.push(step("2026-03-01T12:30:00Z", "escalated", json!({})));
        }
    }
    steps.reverse();
    json!(steps)
}

fn why(number: u128, campaign: CampaignId) -> Value {
    let message = |transport: &str, more: Value| {
        let mut message = json!({
            "transport": transport, "server": "11", "channel": "12", "state": "done", "attempts": 1, "message": "13",
            "last_error": null, "ordered_at": AT,
        });
        merge(&mut message, more);
        message
    };
    let failed =
        json!({ "notice": "escalation", "state": "dead", "attempts": 3, "last_error": "Missing Access (403)" });
    let mut alert = alert(number, campaign);
    alert["group"] = json!(NoticeId(Uuid::from_u128(1)));
    json!({
        "alert": alert, "breach": "b", "updates": 2, "told_since": AT, "told_again": 1, "linked_chats": 2,
        "messages": [message("discord", json!({})), message("dingtalk", failed)], "steps": [],
    })
}

fn evaluations() -> Value {
    let said = |day: &str, outcome: &str, value: Option<f64>| {
        let figures = value.map(|value| json!({ "value": value, "score": 0.5 }));
        json!({ "channel": store(), "window_start": day, "at": AT, "outcome": outcome, "figures": figures })
    };
    json!([
        said("2026-02-28T00:00:00Z", "raised", Some(2.1)),
        said("2026-02-27T00:00:00Z", "fine", Some(3.3)),
        said("2026-02-26T00:00:00Z", "not_judged", None),
    ])
}

fn taken(number: u128, campaign: CampaignId) -> Value {
    let mut alert = alert(number, campaign);
    let changed = alert["acknowledged_at"].is_null();
    if changed {
        merge(&mut alert, json!({ "state": "acknowledged", "acknowledged_at": AT, "acknowledged_by": tom() }));
    }
    json!({ "changed": changed, "alert": alert })
}

/// A stop-loss is not silenced, and nothing for a week.
fn silenced(number: u128, body: &Value, campaign: CampaignId) -> (u16, Value) {
    let mut alert = alert(number, campaign);
    let wrong = if number == 2 {
        Some(("", "stop_loss"))
    } else {
        (body["minutes"].as_u64() > Some(4_320)).then_some(("/minutes", "out_of_range"))
    };
    if let Some((pointer, code)) = wrong {
        let mut problem = super::stub_api::problem("/v1/alerts", "validation_failed", 422);
        problem["errors"] = json!([{ "pointer": pointer, "code": code, "detail": "d" }]);
        return (422, problem);
    }
    let changed = alert["quiet"].is_null();
    if changed {
        merge(&mut alert, json!({ "state": "silenced", "quiet": quiet("known") }));
    }
    (200, json!({ "changed": changed, "alert": alert }))
}

fn kpi(metric: &str, names: (&str, &str), unit: &str, direction: &str, values: (Option<f64>, Option<f64>)) -> Value {
    let change = values.0.zip(values.1).map(|(now, before)| now / before - 1.0);
    json!({
        "metric": metric, "name_en": names.0, "name_zh": names.1, "unit": unit, "direction": direction, "value": values.0,
        "week_before": values.1, "change": change,
    })
}

fn kpis() -> Vec<Value> {
    vec![
        kpi("sales", ("Sales", "销售额"), "money", "higher_is_better", (Some(1_200.0), Some(1_000.0))),
        kpi("conversion_rate", ("Conversion rate", "转化率"), "percent", "higher_is_better", (Some(2.1), Some(3.0))),
        kpi("footfall", ("Footfall", "客流量"), "count", "higher_is_better", (Some(412.0), Some(412.0))),
        kpi("queue_time", ("Queue time", "排队时长"), "seconds", "lower_is_better", (Some(95.0), None)),
        kpi("roas", ("ROAS", "投产比"), "times", "higher_is_better", (None, Some(3.2))),
    ]
}

fn metrics() -> Value {
    let metric = |key: &str, en: &str, zh: &str, kind: &str, unit: &str| {
        json!({
            "key": key, "name_en": en, "name_zh": zh, "kind": kind, "unit": unit, "direction": "higher_is_better",
            "family": "financial", "formula": null,
        })
    };
    json!([
        metric("sales", "Sales", "销售额", "sum", "money"),
        metric("sales_growth", "Growth", "销售增长率", "formula", "percent"),
        metric("conversion_rate", "Conversion rate", "转化率", "ratio", "percent"),
    ])
}

/// Two weeks of sales; one day is missing.
fn series() -> Value {
    let days = (15..=28_u32).filter(|day| *day != 26);
    let point = |day: u32| {
        let value = 1_000.0 + 25.0 * f64::from(day);
        json!({ "at": format!("2026-02-{day:02}T00:00:00Z"), "value": value, "sum": value, "samples": 3 })
    };
    json!({
        "metric": "sales", "unit": "money", "kind": "sum", "channel": null, "campaign": null, "resolution": "day", "time_zone": "UTC",
        "data": days.map(point).collect::<Vec<_>>(),
    })
}

/// 1 is pursued, 2 is a draft.
fn goal(number: u128) -> Value {
    let active = number == 1;
    json!({
        "id": GoalId(Uuid::from_u128(number)), "name": if active { "Spring sales" } else { "春季拉新" }, "metric": "sales",
        "channel": null, "campaign": null, "baseline": null, "baseline_source": null, "target": 10_000,
        "starts_on": "2026-02-15", "ends_on": "2026-03-14", "owner": null, "relevance": "The shop pays its rent.",
        "campaigns": [], "period": "week", "spread": "days", "state": if active { "active" } else { "draft" }, "state_since": AT,
        "achievable_anyway": null, "activated_at": null, "created_at": AT, "updated_at": AT, "version": 1,
    })
}

fn shown(number: u128) -> Value {
    let lacking = json!([
        { "letter": "specific", "passed": false, "overridden": false, "detail_en": "Say who answers for it.", "detail_zh": "请指定负责人。" },
        { "letter": "relevant", "passed": true, "overridden": false, "detail_en": "Good.", "detail_zh": "好。" },
    ]);
    let names = json!({ "metric_en": "Sales", "metric_zh": "销售额", "owner_name": null, "check": null, "progress": null, "proposal": null });
    let mut shown = json!({ "goal": goal(number) });
    merge(&mut shown, names);
    if number == 2 {
        shown["check"] = json!({ "complete": false, "lines": lacking });
        return shown;
    }
    merge(
        &mut shown,
        json!({
            "owner_name": "Mei Lin",
            "progress": {
                "aim": "at_least", "through": "2026-02-28", "value": 4_120.0, "expected": 4_333.0, "pace": 0.95,
                "forecast": { "value": 8_800.0, "low_80": 8_100.0, "high_80": 9_500.0, "low_95": 7_700.0, "high_95": 9_900.0, "weeks": 12 },
                "outlook": "off_track", "unit": "money", "currency": "USD",
            },
            "proposal": {
                "id": ProposalId(Uuid::from_u128(1)), "goal": GoalId(Uuid::from_u128(1)), "goal_name": "Spring sales", "month": "2026-02-01",
                "state": "open", "planned": 5_000.0, "achieved": 4_120.0, "target_before": 10_000, "target_after": 9_000, "periods": [],
                "reason_en": "February brought 82% of its plan: 9,000 instead of 10,000.",
                "reason_zh": "2月完成计划的82%：建议由10,000调整为9,000。",
                "made_at": AT, "decided_at": null, "decided_by": null, "decision_reason": null,
            },
        }),
    );
    shown
}

fn campaigns(some: &[(&str, Option<&str>, Option<f64>)]) -> Value {
    let one = |(name, ends_on, share): &(&str, Option<&str>, Option<f64>)| {
        json!({
            "id": CampaignId(Uuid::from_u128(9)), "name": name, "state": "active", "state_reason": "too dear", "ends_on": ends_on,
            "spent_share": share,
        })
    };
    json!({ "total": some.len(), "first": some.iter().map(one).collect::<Vec<_>>() })
}

fn daily() -> Value {
    let untaken =
        json!([{ "id": alert_id(1), "rule_name": "Conversion falls", "severity": "warning", "opened_at": AT }]);
    json!({
        "day": "2026-03-01", "currency": "USD", "kpis": kpis(), "raised": 3, "resolved": 2, "running": 4,
        "starting": campaigns(&[("双十一", None, None)]), "ending": campaigns(&[("Summer sale", Some("2026-03-01"), None)]),
        "paused": campaigns(&[("Autumn coupons", None, None)]), "untaken": 1, "untaken_first": untaken,
        "due": campaigns(&[("Old flyer", Some("2026-02-20"), None), ("Winter sale", Some("2026-03-02"), None)]),
        "near_budget": campaigns(&[("Search ads", None, Some(0.95))]),
    })
}

fn weekly() -> Value {
    json!({
        "first_day": "2026-02-23", "last_day": "2026-03-01", "currency": "USD", "kpis": kpis(), "raised": 3, "resolved": 3, "stopped": 1,
        "rules": [{ "name": "Conversion falls", "alerts": 2 }, { "name": "Empty shelves", "alerts": 1 }], "drawn": kpis()[0],
    })
}

fn schedule(kind: &str, change: &Value) -> Value {
    let mut schedule = json!({
        "kind": kind, "enabled": true, "at": if kind == "daily" { "09:00" } else { "09:30" }, "chat_server": null,
        "next_at": "2026-03-02T09:00:00Z", "version": 1,
    });
    merge(&mut schedule, change.as_object().map_or_else(|| json!({}), |change| json!(change)));
    schedule
}

/// The asker's own server, whatever its number: the stub is told it in the query.
fn places(server: &str) -> Value {
    json!([{ "chat_server": ChatServerId(Uuid::from_u128(1)), "transport": "discord", "server_ref": server, "channel_ref": "12" }])
}

/// The same with names as long and odd as a person may give them, and lists as long as they may be.
pub(super) fn swollen(value: Value, longer_lists: bool) -> Value {
    const NAMES: [&str; 9] =
        ["name", "rule_name", "name_en", "name_zh", "objective", "state_reason", "reason", "relevance", "detail_en"];
    let swell = |(key, value): (String, Value)| {
        let value = match value {
            Value::String(text) if NAMES.contains(&key.as_str()) => {
                json!("*_@[双十一]`~|#".chars().cycle().take(200).chain(text.chars()).collect::<String>())
            }
            other => swollen(other, longer_lists),
        };
        (key, value)
    };
    match value {
        Value::Object(map) => Value::Object(map.into_iter().map(swell).collect::<Map<_, _>>()),
        Value::Array(list) => {
            let one: Vec<Value> = list.into_iter().map(|one| swollen(one, longer_lists)).collect();
            let times = if longer_lists { 40 } else { 1 };
            let length = one.len() * times;
            Value::Array(one.into_iter().cycle().take(length).collect())
        }
        other => other,
    }
}
