//! The one error of the service: what a use case returns when it cannot do what was asked.
//!
//! An error carries a closed [`Code`], a sentence that says how to mend it, and the fields that were refused. What
//! the database says is logged and never shown. Invariant: a lost or full database is 503 with `Retry-After`, so
//! that nobody takes an outage for a refusal.

use diesel::result::{DatabaseErrorKind, Error as Diesel};
use tillwatch_shared::errors::{Code, FieldProblem};

/// What a use case returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a request or a job could not be done.
#[derive(Clone, Debug)]
pub struct Error {
    /// The closed code.
    pub code: Code,
    /// What happened and how to mend it; safe to show.
    pub detail: String,
    /// The refused fields.
    pub fields: Vec<FieldProblem>,
    /// Seconds to wait, for 429 and 503.
    pub retry_after: Option<u32>,
    /// What only the log may know.
    pub cause: Option<String>,
    /// Whether no connection to the database was to be had, or it was lost: whoever did the work is not to blame, so it
    /// does not use up an attempt. A query that takes too long is not of these.
    pub outage: bool,
}

impl Error {
    /// An error with a code and a sentence.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let retry_after = matches!(code.status(), 429 | 503).then_some(1);
        Self { code, detail: detail.into(), fields: Vec::new(), retry_after, cause: None, outage: false }
    }

    /// No such object in this tenant (another tenant's object looks the same).
    pub fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(Code::NotFound, format!("There is no {what} with this id."))
    }

    /// One refused field. `pointer` is a JSON pointer, `reason` a short machine-readable word.
    pub fn field(pointer: &str, reason: &str, detail: impl Into<String>) -> Self {
        let mut checks = crate::platform::validate::Checks::default();
        checks.refuse(pointer, reason, detail);
        checks.into_error()
    }

    /// Another object has what the field at `pointer` asks for.
    pub fn taken(pointer: &str, detail: impl Into<String>) -> Self {
        let mut taken = Self::new(Code::AlreadyExists, detail);
        let detail = taken.detail.clone();
        taken.fields = vec![FieldProblem { pointer: pointer.to_owned(), code: "taken".to_owned(), detail }];
        taken
    }

    /// What came of a write: when a unique value is there already, `taken`, and the transaction can only be rolled back.
    ///
    /// # Errors
    /// `taken`; what else the database refuses.
    pub fn unless_taken<T>(written: diesel::QueryResult<T>, taken: impl FnOnce() -> Self) -> Result<T> {
        written.map_err(|error| if Self::is_unique_violation(&error) { taken() } else { error.into() })
    }

    /// The object's state does not allow it.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(Code::StateConflict, detail)
    }

    /// A fault of ours; `cause` goes to the log only.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        let mut error = Self::new(Code::Internal, "The request could not be completed. Nothing was written.");
        error.cause = Some(cause.to_string());
        error
    }

    /// The database cannot be reached.
    pub fn unavailable(cause: impl std::fmt::Display) -> Self {
        let mut error = Self::new(Code::DatabaseUnavailable, "The database cannot be reached just now. Try again.");
        error.cause = Some(cause.to_string());
        error.outage = true;
        error
    }

    /// Every connection is in use and none became free in time.
    pub fn no_free_connection() -> Self {
        let mut error = Self::new(Code::Overloaded, "The service is busy just now. Try again.");
        error.outage = true;
        error
    }

    /// Whether the database said that a unique key is taken.
    pub fn is_unique_violation(error: &Diesel) -> bool {
        matches!(error, Diesel::DatabaseError(DatabaseErrorKind::UniqueViolation, _))
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)?;
        if let Some(cause) = &self.cause {
            write!(f, " ({cause})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

impl From<Diesel> for Error {
    fn from(error: Diesel) -> Self {
        match &error {
            Diesel::NotFound => Self::not_found("object"),
            Diesel::DatabaseError(DatabaseErrorKind::ClosedConnection, _) | Diesel::BrokenTransactionManager => {
                Self::unavailable(error)
            }
            Diesel::DatabaseError(DatabaseErrorKind::UniqueViolation, info) => {
                let mut taken = Self::new(Code::AlreadyExists, "Something with this name or key exists already.");
                taken.cause = info.constraint_name().map(str::to_owned);
                taken
            }
            Diesel::DatabaseError(_, info) if unstorable(info.message()) => {
                let mut refused = Self::new(
                    Code::ValidationFailed,
                    "A text holds the character U+0000, which cannot be kept. Remove it.",
                );
                refused.cause = Some(error.to_string());
                refused
            }
            Diesel::DatabaseError(_, info) if outage(info.message()) => Self::unavailable(error),
            Diesel::DatabaseError(kind, info) if in_each_others_way(*kind, info.message()) => {
                let mut busy = Self::new(Code::Overloaded, "Too many changes at the same moment. Try again.");
                busy.cause = Some(error.to_string());
                busy
            }
            Diesel::DatabaseError(_, info) if info.message().contains("due to statement timeout") => {
                let mut slow = Self::new(Code::Overloaded, "The database took too long. Try again.");
                slow.cause = Some(error.to_string());
                slow
            }
            _ => Self::internal(error),
        }
    }
}

/// Whether the database's words mean that a text holds U+0000 (SQLSTATE 22021; in JSON, 22P05): a use case that checks
/// its texts never gets here. The library tells words and no SQLSTATE; that they are English is asked for at start
/// ([`crate::platform::db::guard`]).
fn unstorable(message: &str) -> bool {
    message.starts_with("invalid byte sequence for encoding") || message == "unsupported Unicode escape sequence"
}

/// Whether the database's words mean that it is stopping, starting or gone, rather than that a query is wrong.
fn outage(message: &str) -> bool {
    const SIGNS: [&str; 8] = [
        "connection closed",
        "error communicating with the server",
        "terminating connection",
        "the database system is",
        "connection reset",
        "Connection refused",
        "error connecting to server",
        "broken pipe",
    ];
    SIGNS.iter().any(|sign| message.contains(sign))
}

/// Whether two transactions stood in each other's way (SQLSTATE 40001, 40P01): doing it again most often works, and two
/// that always meet must not be tried for ever.
fn in_each_others_way(kind: DatabaseErrorKind, message: &str) -> bool {
    matches!(kind, DatabaseErrorKind::SerializationFailure) || message == "deadlock detected"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(message: &str) -> Error {
        Diesel::DatabaseError(DatabaseErrorKind::Unknown, Box::new(message.to_owned())).into()
    }

    #[test]
    fn a_query_that_takes_too_long_is_its_own_fault_and_a_lost_database_is_nobodys() {
        let slow = said("canceling statement due to statement timeout");
        assert_eq!((slow.code, slow.outage), (Code::Overloaded, false));
        let lost = said("terminating connection due to administrator command");
        assert_eq!((lost.code, lost.outage), (Code::DatabaseUnavailable, true));
        let full = Error::no_free_connection();
        assert_eq!((full.code, full.outage), (Code::Overloaded, true));
        assert!(!said("division by zero").outage);
        let met = said("deadlock detected");
        assert_eq!((met.code, met.outage, met.retry_after), (Code::Overloaded, false, Some(1)));
    }
}
