//! What can be said of what happened to an alert, a line each: one list for every language.

use super::{By, Names};
use tillwatch_shared::watch::AlertStep;

/// What is said in the thread of an incident's message. Names and reasons in the arguments come from people and are passed
/// on as they are.
pub trait Telling: Names {
    /// What happened, by whom and why; `None` for new figures, which the message itself shows.
    fn happened(&self, step: AlertStep, by: Option<&By>, reason: Option<&str>) -> Option<String>;
}
