//! What a request makes of a rule: a new one, or a changed one. Pure; the time is an argument.

use super::model;
use crate::error::{Error, Result};
use crate::measure::metrics::Book;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tillwatch_shared::ids::RuleId;
use tillwatch_shared::watch::{CreateRule, Rule, UpdateRule};

/// The rule that a request makes.
pub(super) fn rule_of(request: CreateRule, at: DateTime<Utc>) -> Rule {
    Rule {
        id: RuleId::new(),
        name: request.name.trim().to_owned(),
        action: model::first_action(&request.spec),
        spec: request.spec,
        channel: request.channel,
        campaign: request.campaign,
        per_channel: request.per_channel,
        severity: request.severity,
        timing: request.timing,
        quiet_hours: request.quiet_hours,
        message: request.message,
        backtested_at: None,
        enabled: true,
        created_at: at,
        archived_at: None,
        version: 1,
    }
}

/// The request that would make a rule what it is.
fn request_of(rule: &Rule) -> CreateRule {
    let rule = rule.clone();
    CreateRule {
        name: rule.name,
        spec: rule.spec,
        channel: rule.channel,
        campaign: rule.campaign,
        per_channel: rule.per_channel,
        severity: rule.severity,
        timing: rule.timing,
        quiet_hours: rule.quiet_hours,
        message: rule.message,
    }
}

/// What of a rule its audit entries show.
pub(super) fn shown(rule: &Rule) -> Value {
    json!({
        "name": rule.name, "spec": rule.spec, "severity": rule.severity, "enabled": rule.enabled, "timing": rule.timing,
        "quiet_hours": rule.quiet_hours, "message": rule.message, "action": rule.action,
    })
}

/// The rule with a change; the same one when nothing differs. `book` is one in which its metric is, if there is such a
/// one.
///
/// # Errors
/// 422 for a change of kind, wrong fields, or an action that it may not take.
pub(super) fn changed(before: &Rule, change: UpdateRule, book: &Book) -> Result<Rule> {
    let mut rule = before.clone();
    if let Some(name) = change.name {
        name.trim().clone_into(&mut rule.name);
    }
    if let Some(spec) = change.spec {
        if spec.kind() != before.spec.kind() {
            return Err(Error::field("/spec/kind", "fixed", "A rule keeps its kind. Make another rule."));
        }
        rule.spec = spec;
    }
    rule.severity = change.severity.unwrap_or(rule.severity);
    rule.enabled = change.enabled.unwrap_or(rule.enabled);
    rule.timing = change.timing.unwrap_or(rule.timing);
    rule.quiet_hours = change.quiet_hours.unwrap_or(rule.quiet_hours);
    rule.message = change.message.unwrap_or(rule.message);
    // One that begins to judge again begins with its metric anew.
    let begins = rule.enabled && !before.enabled;
    if rule.spec.metric() == before.spec.metric() && !begins {
        model::check(&request_of(&rule), book)?;
    } else {
        model::check_new(&request_of(&rule), book)?;
    }
    if (&rule.spec, rule.timing) != (&before.spec, before.timing) {
        // Nobody has seen what it would do now.
        rule.backtested_at = None;
        rule.action = model::first_action(&rule.spec);
    }
    if let Some(action) = change.action {
        model::check_action(&rule, action)?;
        rule.action = action;
    }
    if rule != *before {
        rule.version += 1;
    }
    Ok(rule)
}
