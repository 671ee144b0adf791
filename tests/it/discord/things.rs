//! What the stub of the API holds beside its campaign: one thing of each sort, with fixed ids and times, so that what the
//! bot says of them can be kept as it is.

use serde_json::{Value, json};
use tillwatch_shared::ids::{AlertId, ChatServerId, RuleId};
use uuid::Uuid;

const AT: &str = "2026-03-01T12:00:00Z";

/// The one alert.
pub(super) fn alert_id() -> AlertId {
    AlertId(Uuid::from_u128(3))
}

/// A conversion rate that fell; `state` is where the alert is.
fn alert(state: &str) -> Value {
    let spec = json!({ "kind": "threshold", "metric": "conversion_rate", "side": "below", "line": 2.0 });
    let acknowledged = state == "acknowledged";
    json!({
        "id": alert_id(), "rule": RuleId(Uuid::from_u128(4)), "rule_name": "Conversion falls", "rule_version": 1,
        "spec": spec, "severity": "warning", "state": state, "metric": "conversion_rate",
        "metric_en": "Conversion rate", "metric_zh": "转化率", "unit": "percent", "currency": "USD", "channel": null,
        "campaign": null, "figures": { "value": 1.2, "line": 2.0, "overshoot": 0.8, "score": 0.8 },
        "window_start": AT, "paused_campaign": false, "opened_at": AT,
        "acknowledged_at": acknowledged.then_some(AT), "acknowledged_by": null, "resolved_at": null, "version": 2,
        "quiet": (state == "silenced").then(|| json!({ "why": "silence", "until": "2026-03-01T14:00:00Z", "reason": "known" })),
    })
}

fn step(event: &str) -> Value {
    json!({ "at": AT, "event": event, "actor_kind": "rule", "actor": null, "via": "rule", "figures": { "value": 1.2, "score": 0.8 } })
}

fn metric(key: &str, en: &str, zh: &str, unit: &str) -> Value {
    json!({
        "key": key, "name_en": en, "name_zh": zh, "kind": "sum", "unit": unit, "direction": "higher_is_better",
        "family": "financial", "formula": null,
    })
}

fn kpi() -> Value {
    json!({
        "metric": "sales", "name_en": "Sales", "name_zh": "销售额", "unit": "money", "direction": "higher_is_better",
        "value": 1200.0, "week_before": 1000.0, "change": 0.2,
    })
}

fn campaigns(names: &[&str]) -> Value {
    let one = |name: &&str| {
        json!({
            "id": "cmp_1C4GZiMNL8NiCCPWZwHAHX", "name": name, "state": "paused", "state_reason": "too dear",
            "ends_on": "2026-03-02", "spent_share": 0.95,
        })
    };
    json!({ "total": names.len(), "first": names.iter().map(one).collect::<Vec<_>>() })
}

fn daily() -> Value {
    json!({
        "day": "2026-03-01", "currency": "USD", "kpis": [kpi()], "raised": 3, "resolved": 2, "running": 4,
        "starting": campaigns(&["双十一"]), "ending": campaigns(&[]), "paused": campaigns(&["Autumn coupons"]), "untaken": 1,
        "untaken_first": [{ "id": alert_id(), "rule_name": "Conversion falls", "severity": "warning", "opened_at": AT }],
        "due": campaigns(&["Winter sale"]), "near_budget": campaigns(&["Search ads"]),
    })
}

fn weekly() -> Value {
    json!({
        "first_day": "2026-02-23", "last_day": "2026-03-01", "currency": "USD", "kpis": [kpi()], "raised": 3, "resolved": 3,
        "stopped": 1, "rules": [{ "name": "Conversion falls", "alerts": 2 }], "drawn": kpi(),
    })
}

fn schedule(kind: &str, at: &str) -> Value {
    json!({ "kind": kind, "enabled": true, "at": at, "chat_server": null, "next_at": "2026-03-02T09:00:00Z", "version": 1 })
}

/// What the stub answers to a call with this query; `None` for what it does not hold.
pub(super) fn answer(line: &str, query: &str) -> Option<Value> {
    let point = |day: u32| json!({ "at": format!("2026-02-{day:02}T00:00:00Z"), "value": 100.0 * f64::from(day), "sum": 100 * day, "samples": 1 });
    let alert_path = format!("/v1/alerts/{}", alert_id());
    Some(match line {
        "GET /v1/channels" => json!({ "data": [] }),
        "GET /v1/kpis" => json!({ "day": "2026-02-28", "currency": "USD", "data": [kpi()] }),
        "GET /v1/metrics" => json!({ "data": [
            metric("sales", "Sales", "销售额", "money"), metric("orders", "Orders", "订单数", "count"),
        ]}),
        "GET /v1/series" => json!({
            "metric": "sales", "unit": "money", "channel": null, "campaign": null, "resolution": "day", "time_zone": "UTC",
            "data": (15..=28).map(point).collect::<Vec<_>>(),
        }),
        "GET /v1/alerts" if query.contains("state=firing") => json!({ "data": [alert("firing")] }),
        "GET /v1/alerts" => json!({ "data": [] }),
        "GET /v1/reports/daily" => daily(),
        "GET /v1/reports/weekly" => weekly(),
        "GET /v1/reports/weekly-picture" | "GET /v1/reports/metric-picture" => json!("a picture"),
        "GET /v1/report-schedules" => json!({
            "data": [schedule("daily", "09:00"), schedule("weekly", "09:30")],
            "places": [{ "chat_server": ChatServerId(Uuid::from_u128(9)), "transport": "discord", "server_ref": "1", "channel_ref": "2" }],
        }),
        "PATCH /v1/report-schedules/daily" => schedule("daily", "08:15"),
        line if line == format!("GET {alert_path}") => alert("firing"),
        line if line == format!("GET {alert_path}/timeline") => json!({ "data": [step("updated"), step("opened")] }),
        line if line == format!("POST {alert_path}/acknowledge") => {
            json!({ "changed": true, "alert": alert("acknowledged") })
        }
        line if line == format!("POST {alert_path}/silence") => json!({ "changed": true, "alert": alert("silenced") }),
        line if line == format!("GET {alert_path}/why") => json!({
            "alert": alert("firing"), "breach": "conversion", "updates": 1, "told_since": AT, "told_again": 0, "linked_chats": 1,
            "messages": [{
                "transport": "discord", "server": "1", "channel": "2", "state": "done", "attempts": 1, "message": "3",
                "last_error": null, "ordered_at": AT,
            }],
            "steps": [step("opened")],
        }),
        line if line.ends_with("/evaluations") => json!({ "data": [{
            "channel": null, "window_start": AT, "at": AT, "outcome": "raised",
            "figures": { "value": 1.2, "expected": 2.4, "score": 0.8 }, "alert": alert_id(),
        }]}),
        _ => return None,
    })
}
