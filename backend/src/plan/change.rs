//! What an update changed, for the audit log. Pure.

use serde::Serialize;
use serde_json::{Map, Value};

/// The fields in which two states of one object differ.
#[derive(Debug, PartialEq)]
pub(crate) struct Changed {
    /// Their values before.
    pub(crate) before: Value,
    /// Their values after.
    pub(crate) after: Value,
}

/// The fields in which `after` differs from `before`; `None` when there are none, so that nothing is to be written.
///
/// # Errors
/// When one of them is no JSON.
pub(crate) fn between<T: Serialize>(before: &T, after: &T) -> Result<Option<Changed>, serde_json::Error> {
    let (Value::Object(mut before), Value::Object(after)) =
        (serde_json::to_value(before)?, serde_json::to_value(after)?)
    else {
        return Ok(None);
    };
    let differing: Map<String, Value> = after.into_iter().filter(|(field, is)| before.get(field) != Some(is)).collect();
    if differing.is_empty() {
        return Ok(None);
    }
    before.retain(|field, _| differing.contains_key(field));
    Ok(Some(Changed { before: Value::Object(before), after: Value::Object(differing) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_differs_is_told() {
        let before = json!({"name": "a", "stage": "pilot", "budget": null});
        let after = json!({"name": "a", "stage": "active", "budget": {"amount_minor": 1}});
        let changed = between(&before, &after).unwrap().unwrap();
        assert_eq!(changed.before, json!({"stage": "pilot", "budget": null}));
        assert_eq!(changed.after, json!({"stage": "active", "budget": {"amount_minor": 1}}));
        assert_eq!(between(&before, &before).unwrap(), None);
    }
}
