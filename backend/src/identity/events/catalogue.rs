//! Every type of event: the version of its payload, a JSON Schema of it, and an example. Pure.
//!
//! A payload is given a higher version when a field of it goes or changes its meaning; fields that are added change no
//! version, so receivers ignore what they do not know.

use chrono::DateTime;
use serde_json::{Value, json};
use tillwatch_shared::ids::{AlertId, CampaignId, ChannelId, EventId, RuleId, TenantId, WebhookId};
use tillwatch_shared::plan::CampaignState;
use tillwatch_shared::watch::{AlertState, RuleSpec, Severity};
use tillwatch_shared::webhooks::{DisabledBecause, Event, EventDescription, EventType};
use uuid::Uuid;

/// The version of a type's payload.
pub const fn version(_: EventType) -> i32 {
    1
}

/// Every type, in the order of their declaration.
pub fn all() -> Vec<EventDescription> {
    EventType::ALL.iter().map(|&kind| describe(kind)).collect()
}

/// The family of a type decides its payload.
enum Family {
    Campaign,
    Alert,
    Rule,
    WebhookDisabled,
    WebhookTest,
}

const fn family(kind: EventType) -> Family {
    use EventType as E;
    match kind {
        E::CampaignCreated
        | E::CampaignSubmitted
        | E::CampaignScheduled
        | E::CampaignLaunched
        | E::CampaignPaused
        | E::CampaignResumed
        | E::CampaignCompleted
        | E::CampaignCancelled => Family::Campaign,
        E::AlertOpened | E::AlertAcknowledged | E::AlertResolved => Family::Alert,
        E::RuleCreated | E::RuleUpdated | E::RuleArchived => Family::Rule,
        E::WebhookDisabled => Family::WebhookDisabled,
        E::WebhookTest => Family::WebhookTest,
    }
}

const fn description(kind: EventType) -> &'static str {
    match kind {
        EventType::CampaignCreated => "A campaign was made, as a draft.",
        EventType::CampaignSubmitted => "A draft was handed in for sign-off.",
        EventType::CampaignScheduled => "A campaign was signed off for its first day.",
        EventType::CampaignLaunched => "A campaign started.",
        EventType::CampaignPaused => {
            "A running campaign was held: by a person, a partner, or a stop-loss (`stopped_by`)."
        }
        EventType::CampaignResumed => "A held campaign goes on.",
        EventType::CampaignCompleted => "A campaign ended as planned.",
        EventType::CampaignCancelled => "A campaign was given up.",
        EventType::AlertOpened => "An alert was raised.",
        EventType::AlertAcknowledged => "Somebody took an alert in hand.",
        EventType::AlertResolved => "An alert ended.",
        EventType::RuleCreated => "A rule was made.",
        EventType::RuleUpdated => "A rule was changed.",
        EventType::RuleArchived => "A rule judges no more.",
        EventType::WebhookDisabled => "The service disabled a webhook, since nothing was accepted there.",
        EventType::WebhookTest => "Somebody tried this webhook.",
    }
}

fn describe(kind: EventType) -> EventDescription {
    EventDescription {
        kind,
        version: version(kind),
        description: description(kind).to_owned(),
        schema: schema(kind),
        example: Event {
            id: EventId(example_id(9)),
            kind,
            version: version(kind),
            // 2026-03-09T14:30:00Z.
            timestamp: DateTime::from_timestamp(1_773_066_600, 0).unwrap_or_default(),
            tenant: TenantId(example_id(1)),
            data: example(kind),
        },
    }
}

/// The JSON Schema of a type's payload.
pub fn schema(kind: EventType) -> Value {
    let properties = match family(kind) {
        Family::Campaign => json!({
            "campaign": id(CampaignId::PREFIX),
            "from": or_null(&words(CampaignState::ALL.iter().map(|state| state.as_str()))),
            "to": words(CampaignState::ALL.iter().map(|state| state.as_str())),
            "stopped_by": or_null(&id(AlertId::PREFIX)),
            "by": by(),
        }),
        Family::Alert => json!({
            "alert": id(AlertId::PREFIX),
            "state": words(AlertState::ALL.iter().map(|state| state.as_str())),
            "rule": id(RuleId::PREFIX),
            "severity": words(Severity::ALL.iter().map(|severity| severity.as_str())),
            "metric": { "type": "string", "maxLength": 64 },
            "channel": or_null(&id(ChannelId::PREFIX)),
            "campaign": or_null(&id(CampaignId::PREFIX)),
            "paused_campaign": { "type": "boolean" },
            "figures": {
                "type": "object",
                "description": "Why, in numbers, as `Figures` of the API's document.",
                "properties": { "value": { "type": "number" }, "line": { "type": "number" }, "score": { "type": "number" } },
                "required": ["value", "score"],
            },
            "by": by(),
        }),
        Family::Rule => json!({
            "rule": id(RuleId::PREFIX),
            "kind": words(RuleSpec::KINDS.iter().copied()),
            "metric": { "type": "string", "maxLength": 64 },
            "severity": words(Severity::ALL.iter().map(|severity| severity.as_str())),
            "channel": or_null(&id(ChannelId::PREFIX)),
            "campaign": or_null(&id(CampaignId::PREFIX)),
            "enabled": { "type": "boolean" },
            "by": by(),
        }),
        Family::WebhookDisabled => json!({
            "webhook": id(WebhookId::PREFIX),
            "because": words(DisabledBecause::ALL.iter().map(|because| because.as_str())),
        }),
        Family::WebhookTest => json!({ "webhook": id(WebhookId::PREFIX) }),
    };
    let required: Vec<&String> = properties.as_object().into_iter().flat_map(|fields| fields.keys()).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "required": required,
        "properties": properties,
    })
}

fn id(prefix: &str) -> Value {
    json!({ "type": "string", "pattern": format!("^{prefix}_[1-9A-HJ-NP-X][1-9A-HJ-NP-Za-km-z]{{21}}$") })
}

fn words<'a>(words: impl Iterator<Item = &'a str>) -> Value {
    json!({ "type": "string", "enum": words.collect::<Vec<_>>() })
}

fn or_null(schema: &Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

fn by() -> Value {
    words(["staff", "api_token", "rule", "system"].into_iter())
}

fn example(kind: EventType) -> Value {
    let (alert, campaign, rule) = (AlertId(example_id(2)), CampaignId(example_id(3)), RuleId(example_id(4)));
    match family(kind) {
        Family::Campaign => {
            let (from, to, by) = example_move(kind);
            let stopped_by = (kind == EventType::CampaignPaused).then_some(alert);
            json!({ "campaign": campaign, "from": from, "to": to, "stopped_by": stopped_by, "by": by })
        }
        Family::Alert => {
            let (state, by) = match kind {
                EventType::AlertAcknowledged => (AlertState::Acknowledged, "staff"),
                EventType::AlertResolved => (AlertState::Resolved, "rule"),
                _ => (AlertState::Firing, "rule"),
            };
            json!({
                "alert": alert, "state": state, "rule": rule, "severity": Severity::Critical, "metric": "spend",
                "channel": null, "campaign": campaign, "paused_campaign": true, "by": by,
                "figures": { "value": 1512.4, "line": 1500.0, "overshoot": 12.4, "score": 0.51 },
            })
        }
        Family::Rule => json!({
            "rule": rule, "kind": "stop_loss", "metric": "spend", "severity": Severity::Critical, "channel": null,
            "campaign": campaign, "enabled": kind != EventType::RuleArchived, "by": "staff",
        }),
        Family::WebhookDisabled => {
            json!({ "webhook": WebhookId(example_id(5)), "because": DisabledBecause::Failing })
        }
        Family::WebhookTest => json!({ "webhook": WebhookId(example_id(5)) }),
    }
}

fn example_move(kind: EventType) -> (Option<CampaignState>, CampaignState, &'static str) {
    use CampaignState as S;
    match kind {
        EventType::CampaignSubmitted => (Some(S::Draft), S::InReview, "staff"),
        EventType::CampaignScheduled => (Some(S::InReview), S::Scheduled, "staff"),
        EventType::CampaignLaunched => (Some(S::Scheduled), S::Active, "system"),
        EventType::CampaignPaused => (Some(S::Active), S::Paused, "rule"),
        EventType::CampaignResumed => (Some(S::Paused), S::Active, "staff"),
        EventType::CampaignCompleted => (Some(S::Active), S::Completed, "staff"),
        EventType::CampaignCancelled => (Some(S::Draft), S::Cancelled, "api_token"),
        _ => (None, S::Draft, "staff"),
    }
}

/// An id for examples: always the same, and nobody's.
fn example_id(number: u128) -> Uuid {
    Uuid::from_u128(0x0192_f0c1_2e5a_7000_8000_0000_0000_0000 + number)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether `value` fits `schema`, as far as the catalogue's schemas go.
    fn fits(schema: &Value, value: &Value) -> bool {
        if let Some(any) = schema["anyOf"].as_array() {
            return any.iter().any(|one| fits(one, value));
        }
        let of_type = match schema["type"].as_str() {
            Some("object") => value.is_object(),
            Some("string") => value.is_string(),
            Some("number") => value.is_number(),
            Some("boolean") => value.is_boolean(),
            Some("null") => value.is_null(),
            other => panic!("no such type here: {other:?}"),
        };
        let named = schema["enum"].as_array().is_none_or(|words| words.contains(value));
        let has = |field: &Value| value.get(field.as_str().unwrap()).is_some();
        let complete = schema["required"].as_array().is_none_or(|fields| fields.iter().all(has));
        let fields = schema["properties"].as_object().into_iter().flatten();
        of_type
            && named
            && complete
            && fields.into_iter().all(|(name, field)| value.get(name).is_none_or(|v| fits(field, v)))
    }

    #[test]
    fn every_type_has_an_example_that_fits_its_schema_and_is_small() {
        for described in all() {
            assert!(fits(&described.schema, &described.example.data), "{}: {}", described.kind, described.example.data);
            let fields = described.schema["properties"].as_object().unwrap();
            for field in described.example.data.as_object().unwrap().keys() {
                assert!(fields.contains_key(field), "{}: {field} is in the example only", described.kind);
            }
            assert!(serde_json::to_vec(&described.example).unwrap().len() < 1024);
            assert!(!described.description.is_empty());
        }
        assert!(!fits(&schema(EventType::WebhookTest), &json!({})), "and the check sees what is missing");
    }
}
