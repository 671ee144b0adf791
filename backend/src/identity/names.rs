//! Names of what a retailer makes for itself and keeps apart by name: roles and departments.
//!
//! Invariant: among those in use no two names are the same, in any case, in any script, whatever blanks are around them.

use crate::error::Error;
use crate::platform::validate::Checks;
use serde::Deserialize;
use tillwatch_shared::errors::Code;

/// What may be asked of their lists.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// The archived ones instead of those in use.
    archived: Option<bool>,
}

impl ListParams {
    /// Whether the archived ones are asked for, and the text that tells the two lists apart, for cursors.
    pub fn archived(&self) -> (bool, &'static str) {
        let archived = self.archived.unwrap_or(false);
        (archived, if archived { "archived" } else { "" })
    }
}

/// A name: 1 to 120 characters on one line.
pub fn check(checks: &mut Checks, name: &str) {
    checks.line("/name", name, 1, 120);
}

/// What must differ between names: the name in lower case, without blanks around it.
pub fn key(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Why a `what` could not be written, after which the transaction can only be rolled back: 409 that names the field when
/// another one in use has the name.
pub fn not_written(error: impl Into<Error>, what: &str) -> Error {
    let error = error.into();
    if error.code != Code::AlreadyExists {
        return error;
    }
    Error::taken("/name", format!("Another {what} has this name already, in upper or lower case. Choose another name."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_in_any_case_and_script() {
        assert_eq!(key(" Store MANAGER "), key("store manager"));
        assert_eq!(key("ÉQUIPE"), key("équipe"));
        assert_ne!(key("店长"), key("店員"));
    }

    #[test]
    fn a_name_of_several_lines_is_told_once() {
        let mut checks = Checks::default();
        check(&mut checks, "市场部\n二组");
        let told: Vec<String> = checks.into_error().fields.into_iter().map(|field| field.code).collect();
        assert_eq!(told, ["control_character"]);
    }
}
