//! How each operation is asked about another retailer's objects.

use super::seed::Seeded;
use crate::harness::tenant::PASSWORD;
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Permission;

/// What another retailer's admin must get.
#[derive(Clone, Copy, Debug)]
pub(super) enum Theirs {
    /// There is no such object.
    NotFound,
    /// An empty list.
    Nothing,
    /// Their own things: a success.
    Own,
    /// A refusal that names the reference it does not know, as 404 or 422.
    UnknownReference,
    /// Every row refused.
    RowsRefused,
    /// This code: only the bot may, or the credential in the body does not work.
    Refused(Code),
}

/// One way to ask an operation.
pub(super) struct Case {
    /// The id in the path.
    pub(super) id: String,
    /// The query with its question mark.
    pub(super) query: String,
    /// The body.
    pub(super) body: Option<Value>,
    /// What another's admin gets.
    pub(super) theirs: Theirs,
    /// The session ends with it, so it is asked by somebody who may leave.
    pub(super) ends_session: bool,
}

impl Case {
    fn new(theirs: Theirs) -> Self {
        Self { id: String::new(), query: String::new(), body: None, theirs, ends_session: false }
    }

    fn id(self, id: &str) -> Self {
        Self { id: id.to_owned(), ..self }
    }

    fn query(self, query: String) -> Self {
        Self { query, ..self }
    }

    fn body(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }
}

/// The cases of an operation; none for an operation that this suite does not know.
pub(super) fn cases(operation: &str, mine: &Seeded) -> Vec<Case> {
    use Theirs::{NotFound, Nothing, Own, Refused};
    let not_found = |name: &str| Case::new(NotFound).id(mine.id(name));
    let own = || Case::new(Own);
    let bots = || Case::new(Refused(Code::PermissionDenied));
    match operation {
        "auth_sign_up" => vec![Case::new(Refused(Code::AlreadyExists)).body(json!({
            "retailer": "B", "name": "B", "email": mine.tenant.email, "password": "another password", "time_zone": "UTC", "currency": "USD",
        }))],
        "auth_sign_in" => vec![
            Case::new(Refused(Code::SignInFailed)).body(json!({ "email": mine.tenant.email, "password": "not the password" })),
        ],
        "auth_refresh" => vec![Case::new(Refused(Code::CredentialInvalid)).body(json!({ "refresh_token": "twr_unknown" }))],
        "auth_sign_out" => vec![Case { ends_session: true, ..own() }],
        "auth_me" | "auth_jwks" | "auth_sessions_list" | "auth_places" | "tenant_get" | "tenant_limits" | "staff_list"
        | "metrics_list" | "kpis_get" | "api_tokens_list" | "audit_verify" | "tenant_export" | "roles_list"
        | "departments_list" | "api_tokens_pattern" | "events_types" | "webhooks_list" | "samples_retention"
        // Who asks for the jobs has imported a file a moment ago, and may have a robot of its own.
        | "jobs_list" | "chat_list_servers" => vec![own()],
        "auth_bot_token" => vec![Case::new(Refused(Code::CredentialInvalid)).body(json!({ "assertion": "not.an.assertion" }))],
        "audit_list" => {
            vec![own(), Case::new(Nothing).query(format!("?object={}", mine.id("campaign")))]
        }
        "samples_retention_update" => vec![own().body(json!({ "months": 36 }))],
        "tenant_update" => vec![own().body(json!({ "fiscal_week_start": "sun" }))],
        "audit_export" => vec![own().query("?from=2026-01-01T00:00:00Z".to_owned())],
        "jobs_get" | "jobs_result" | "jobs_errors" | "jobs_cancel" => vec![not_found("job")],
        // Only an owner closes a retailer; the admins who ask here are refused before anything else.
        "tenant_close" | "tenant_keep_open" => vec![Case::new(Refused(Code::PermissionDenied)).body(json!({}))],
        "erasures_get" => vec![Case::new(Refused(Code::NotFound)).id("ers_1C4GZiMNL8NiCCPWZwHAHX")],
        "chat_issue_code" => vec![own().body(json!({}))],
        "chat_redeem" => vec![bots().body(json!({
            "code": mine.link_code, "transport": "discord", "server": "s", "channel": "c", "user": "u",
        }))],
        "tenant_second_factor" => vec![own().body(json!({ "required": "optional" }))],
        "staff_update" => vec![not_found("viewer").body(json!({ "role": "analyst" }))],
        "staff_disable" | "staff_enable" | "staff_sign_out_everywhere" => vec![not_found("viewer")],
        "chat_list" | "chat_list_own" | "deliveries_list" | "alerts_list"
        | "invitations_list" | "subjects_list" | "benchmarks_list" => vec![Case::new(Nothing)],
        "chat_unlink" => vec![not_found("chat_user")],
        "chat_unlink_own" => vec![not_found("own_chat_user")],
        "chat_unlink_server" => vec![not_found("chat_server")],
        "chat_route_server" => vec![not_found("chat_server").body(json!({ "minimum_severity": "critical" }))],
        "chat_add_robot" => vec![own().body(json!({
            "transport": "slack", "name": "theirs", "address": "https://hooks.slack.com/services/T0/B0/theirs",
        }))],
        "staff_get" => vec![not_found("staff")],
        "staff_authority" => vec![not_found("colleague").body(json!({ "channels": [mine.id("channel")] }))],
        // The same name in another retailer is free.
        "roles_create" => vec![own().body(json!({ "name": format!("{} managers", mine.mark), "permissions": [] }))],
        "roles_get" | "roles_archive" => vec![not_found("role")],
        "roles_update" => vec![not_found("role").body(json!({ "name": "taken over" }))],
        "departments_create" => vec![own().body(json!({ "name": format!("{} 市场部", mine.mark) }))],
        "departments_get" | "departments_archive" => vec![not_found("department")],
        "departments_update" => vec![not_found("department").body(json!({ "name": "taken over" }))],
        "invitations_create" => vec![
            own().body(json!({ "email": "theirs@retailer.example", "role": "viewer" })),
            Case::new(Theirs::UnknownReference).body(json!({
                "email": "named@retailer.example", "custom_role": mine.id("role"), "channels": [mine.id("channel")],
            })),
        ],
        "invitations_get" | "invitations_resend" | "invitations_withdraw" => vec![not_found("invitation")],
        "invitations_accept" => vec![Case::new(Refused(Code::CredentialInvalid)).body(json!({
            "token": "twl_unknown", "name": "B", "password": "another password",
        }))],
        "password_reset_request" => vec![own().body(json!({ "email": "nobody@retailer.example" }))],
        "password_reset" => vec![
            Case::new(Refused(Code::CredentialInvalid)).body(json!({ "token": "twl_unknown", "password": "another password" })),
        ],
        "password_change" => vec![Case::new(Refused(Code::ValidationFailed)).body(json!({
            "current": "not the password", "new": "another password",
        }))],
        "profile_update" => vec![own().body(json!({ "name": "B" }))],
        "api_tokens_create" => vec![own().body(json!({ "name": "theirs", "scopes": [Permission::SamplesWrite] }))],
        "api_tokens_revoke" | "api_tokens_get" => vec![not_found("token")],
        "api_tokens_rotate" => vec![not_found("token").body(json!({}))],
        "leaked_tokens_report" => vec![own().body(json!({ "token": "not a token", "source": "a test" }))],
        "deliveries_claim" => vec![bots().body(json!({ "transports": ["discord"], "max": 50 }))],
        "deliveries_report" => vec![
            bots().id(mine.id("delivery")).body(json!({
                "attempt": 1, "outcome": { "result": "posted", "message": "m", "version": 1 }
            })),
        ],
        "deliveries_picture" => vec![bots().id(mine.id("delivery"))],
        "deliveries_replay" => vec![not_found("delivery")],
        "events_list" => vec![Case::new(Nothing).query("?type=alert.opened".to_owned())],
        "webhooks_create" => vec![own().body(json!({
            "name": "theirs", "url": "https://theirs.example/", "events": ["alert.opened"],
        }))],
        "webhooks_get" | "webhooks_messages" | "webhooks_deliveries" | "webhooks_test" | "webhooks_enable"
        | "webhooks_disable" | "webhooks_archive" => vec![not_found("webhook")],
        "webhooks_update" => vec![not_found("webhook").body(json!({ "name": "taken over" }))],
        "webhooks_rotate_secret" => vec![not_found("webhook").body(json!({ "overlap_hours": 1 }))],
        "webhooks_replay" => vec![not_found("webhook").body(json!({ "since": "2026-01-01T00:00:00Z" }))],
        _ => signed_in(operation, mine),
    }
}

/// What a person does about themselves: sessions, places, the second factor.
fn signed_in(operation: &str, mine: &Seeded) -> Vec<Case> {
    use Theirs::{NotFound, Own, Refused};
    let own = || Case::new(Own);
    match operation {
        "auth_sessions_revoke" => vec![Case::new(NotFound).id(mine.id("session"))],
        "auth_reauthenticate" => vec![own().body(json!({ "password": PASSWORD }))],
        "auth_switch" => vec![Case::new(NotFound).body(json!({ "tenant": mine.tenant.id }))],
        "auth_sessions_revoke_others" | "second_factor_get" | "second_factor_begin" => vec![own()],
        "second_factor_confirm" => vec![Case::new(Refused(Code::ValidationFailed)).body(json!({ "code": "no code" }))],
        "second_factor_recovery_codes" => vec![Case::new(Refused(Code::StateConflict))],
        "second_factor_remove" => {
            vec![Case::new(Refused(Code::StateConflict)).body(json!({ "password": PASSWORD, "code": "123456" }))]
        }
        _ => planned(operation, mine),
    }
}

/// The operations of plan, measure and watch.
fn planned(operation: &str, mine: &Seeded) -> Vec<Case> {
    use Theirs::{NotFound, Own, RowsRefused, UnknownReference};
    let not_found = |name: &str| Case::new(NotFound).id(mine.id(name));
    let own = || Case::new(Own);
    let (campaign, channel) = (mine.id("campaign"), mine.id("channel"));
    let [channel_key, campaign_key] = &mine.keys;
    let stop_loss = |campaign: &str| {
        let spec = json!({ "kind": "stop_loss", "metric": "spend", "line": 1 });
        json!({ "name": "R", "severity": "info", "campaign": campaign, "spec": spec })
    };
    match operation {
        // The same key in another retailer is free: a taken one would tell that it exists.
        "channels_create" => vec![own().body(json!({ "name": "C", "kind": "store", "external_key": channel_key }))],
        "channels_list" | "campaigns_list" | "rules_list" | "silences_list" | "maintenance_windows_list" => vec![own()],
        "channels_get" | "channels_archive" => vec![not_found("channel")],
        "channels_update" => vec![not_found("channel").body(json!({ "name": "taken over" }))],
        "campaigns_create" => vec![
            own().body(json!({ "name": "C", "external_key": campaign_key })),
            Case::new(UnknownReference).body(json!({ "name": "C", "channels": [channel] })),
        ],
        "campaigns_get" | "campaigns_history" | "campaigns_archive" => vec![not_found("campaign")],
        "campaigns_update" => vec![not_found("campaign").body(json!({ "name": "taken over" }))],
        "campaigns_submit" | "campaigns_schedule" | "campaigns_launch" | "campaigns_pause" | "campaigns_resume"
        | "campaigns_complete" | "campaigns_cancel" => vec![not_found("campaign").body(json!({ "reason": "because" }))],
        "rules_create" => {
            let threshold = json!({ "kind": "threshold", "metric": "sales", "side": "below", "line": 1 });
            let over_channel = json!({ "name": "R", "severity": "info", "channel": channel, "spec": threshold });
            vec![Case::new(UnknownReference).body(stop_loss(campaign)), Case::new(UnknownReference).body(over_channel)]
        }
        "rules_get" | "rules_archive" | "rules_versions" | "rules_evaluations" => vec![not_found("rule")],
        "rules_backtest" => vec![not_found("rule").body(json!({}))],
        "rules_preview" => vec![Case::new(UnknownReference).body(json!({ "rule": stop_loss(campaign) }))],
        "rules_update" => vec![not_found("rule").body(json!({ "enabled": false }))],
        "imports_start" => {
            let row = json!({ "metric": "nothing", "at": "2026-01-01T00:00:00Z", "key": "a", "value": 1 });
            vec![own().query("?kind=samples".to_owned()).body(json!({ "samples": [row] }))]
        }
        "samples_take" => {
            let row = |key: &str, place: Value| {
                let mut row = json!({ "metric": "spend", "at": "2026-01-01T00:00:00Z", "key": key, "value": 1 });
                row.as_object_mut().expect("an object").extend(place.as_object().cloned().unwrap_or_default());
                row
            };
            vec![Case::new(RowsRefused).body(json!({ "samples": [
                row("a", json!({ "campaign": campaign })), row("b", json!({ "channel": channel })),
            ]}))]
        }
        "series_get" => vec![
            own().query("?metric=spend".to_owned()),
            Case::new(Theirs::Nothing).query(format!("?metric=spend&campaign={campaign}")),
            Case::new(Theirs::Nothing).query(format!("?metric=sales&channel={channel}")),
        ],
        "alerts_get" | "alerts_timeline" | "alerts_why" | "alerts_acknowledge" | "alerts_picture" => {
            vec![not_found("alert")]
        }
        "alerts_silence" => vec![not_found("alert").body(json!({ "minutes": 10, "reason": "because" }))],
        "silences_create" | "maintenance_windows_announce" => {
            let later = (chrono::Utc::now() + chrono::TimeDelta::minutes(30)).to_rfc3339();
            let wish = |scope: Value| json!({ "scope": scope, "ends_at": later, "reason": "because" });
            let scope = json!({ "rule": mine.id("daily_rule"), "channel": channel, "campaign": campaign });
            vec![own().body(wish(json!({}))), Case::new(UnknownReference).body(wish(scope))]
        }
        "silences_get" | "silences_end" => vec![not_found("silence")],
        "maintenance_windows_get" | "maintenance_windows_end" => vec![not_found("window")],
        "metrics_create" => vec![own().body(json!({
            // The same key in another retailer is free.
            "key": "canary_fees", "name_en": "Fees", "name_zh": "费用", "kind": "sum", "unit": "money", "direction": "neutral",
            "family": "financial",
        }))],
        "benchmarks_load" => vec![own().body(json!({ "benchmarks": [
            { "group": "beauty", "metric": "ctr", "value": 2, "year": 2025, "source": "An example" },
        ]}))],
        "benchmarks_remove" => vec![not_found("benchmark")],
        "metrics_get" | "metrics_archive" => vec![not_found("metric")],
        "metrics_update" => vec![not_found("metric").body(json!({ "name_en": "taken over" }))],
        _ => pursued(operation, mine),
    }
}

/// The operations of goals.
fn pursued(operation: &str, mine: &Seeded) -> Vec<Case> {
    let not_found = |name: &str| Case::new(Theirs::NotFound).id(mine.id(name));
    match operation {
        "goals_list" | "goal_proposals_list" => vec![Case::new(Theirs::Nothing)],
        "goals_create" => {
            vec![Case::new(Theirs::UnknownReference).body(json!({
                "name": "G", "channel": mine.id("channel"), "campaigns": [mine.id("campaign")],
            }))]
        }
        "goals_get" | "goals_archive" | "goals_periods" | "goals_history" | "goals_picture" => vec![not_found("goal")],
        "goals_update" => vec![not_found("goal").body(json!({ "name": "taken over" }))],
        "goals_activate" => vec![not_found("goal").body(json!({}))],
        "goals_set_periods" => {
            vec![not_found("goal").body(json!({ "periods": [{ "starts_on": "2026-01-01", "target": 1 }] }))]
        }
        "goal_proposals_accept" | "goal_proposals_refuse" => vec![not_found("proposal").body(json!({}))],
        _ => told(operation, mine),
    }
}

/// The operations of reports, and of who is connected to a chat.
fn told(operation: &str, mine: &Seeded) -> Vec<Case> {
    use Theirs::{NotFound, Own, Refused};
    let own = || Case::new(Own);
    let bots = || Case::new(Refused(Code::PermissionDenied));
    match operation {
        "chat_acquire_gateway" => vec![bots().body(json!({ "account": "discord-1", "holder": "theirs" }))],
        "chat_release_gateway" => {
            vec![bots().body(json!({ "account": "discord-1", "holder": "theirs", "fence": 1 }))]
        }
        "reports_daily" | "reports_weekly" | "reports_list_schedules" => vec![own()],
        "reports_weekly_picture" => {
            let yesterday = chrono::Utc::now().date_naive() - chrono::Days::new(1);
            vec![Case::new(NotFound).query(format!("?day={yesterday}"))]
        }
        "reports_metric_picture" => vec![
            Case::new(NotFound).query("?metric=sales".to_owned()),
            Case::new(NotFound).query(format!("?metric=sales&channel={}", mine.id("channel"))),
        ],
        "reports_update_schedule" => {
            vec![
                Case::new(Theirs::UnknownReference).id("weekly").body(json!({ "chat_server": mine.id("home_server") })),
            ]
        }
        _ => fetched(operation, mine),
    }
}

/// The operations of feeds.
fn fetched(operation: &str, mine: &Seeded) -> Vec<Case> {
    let not_found = || Case::new(Theirs::NotFound).id(mine.id("feed"));
    let own = || Case::new(Theirs::Own);
    let source = |channel: Value| {
        let time = json!({ "column": "day", "format": "date" });
        let measures = json!([{ "value": "cost", "metric": { "constant": "spend" } }]);
        let mapping = json!({ "measures": measures, "time": time, "channel": channel });
        json!({ "url": "https://theirs.example/costs.csv", "format": "csv", "mapping": mapping })
    };
    let wish = |channel: Value| {
        let mut wish = source(channel);
        let more = json!({ "name": "theirs", "kind": "ads", "every": "1d" });
        wish.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        wish
    };
    let column = json!({ "column": "shop" });
    match operation {
        "feeds_list" => vec![own()],
        "feeds_create" => vec![
            own().body(wish(column)),
            Case::new(Theirs::UnknownReference).body(wish(json!({ "constant": mine.id("channel") }))),
        ],
        "feeds_try" => vec![own().body(source(column))],
        "feeds_get" | "feeds_runs" | "feeds_run" | "feeds_try_stored" | "feeds_pause" | "feeds_resume"
        | "feeds_archive" => vec![not_found()],
        "feeds_update" => vec![not_found().body(json!({ "name": "taken over" }))],
        _ => Vec::new(),
    }
}
