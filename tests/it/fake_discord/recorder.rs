//! What the fake saw: every request with its body parsed, every frame of note on the gateway, every breach of
//! the platform's rules.
//!
//! Invariant: a request is recorded once its effect (if any) happened and before its answer leaves, so a test
//! that saw the answer finds the record.

use super::faults::Route;
use serde_json::Value;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// One file of a request.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// The part's name, `files[0]`.
    pub(crate) part: String,
    /// The file's name.
    pub(crate) name: String,
    /// Its media type.
    pub(crate) kind: String,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// What kind.
    pub(crate) route: Route,
    /// `POST` …
    pub(crate) method: String,
    /// Path after `/api/v10`, with the query.
    pub(crate) path: String,
    /// The JSON body, or `payload_json`; null without one.
    pub(crate) body: Value,
    /// The files that came with it.
    pub(crate) files: Vec<File>,
    /// The status that was answered; 0 when the connection was dropped instead.
    pub(crate) status: u16,
}

/// The record.
#[derive(Default)]
pub(crate) struct Recorder {
    requests: Mutex<Vec<Request>>,
    violations: Mutex<Vec<String>>,
    gateway: Mutex<Vec<String>>,
    late: AtomicUsize,
}

impl Recorder {
    pub(super) fn request(&self, request: Request) {
        self.requests.lock().unwrap().push(request);
    }

    pub(super) fn violation(&self, what: impl Into<String>) {
        self.violations.lock().unwrap().push(what.into());
    }

    pub(super) fn gateway(&self, what: impl Into<String>) {
        self.gateway.lock().unwrap().push(what.into());
    }

    pub(super) fn came_late(&self) {
        self.late.fetch_add(1, Ordering::SeqCst);
    }

    /// How many effects came late, as scripted.
    pub(crate) fn late_effects(&self) -> usize {
        self.late.load(Ordering::SeqCst)
    }

    /// Every request of one kind, oldest first.
    pub(crate) fn of(&self, route: Route) -> Vec<Request> {
        self.requests.lock().unwrap().iter().filter(|r| r.route == route).cloned().collect()
    }

    /// Every breach of a limit or rule; a test asserts that there is none.
    pub(crate) fn violations(&self) -> Vec<String> {
        self.violations.lock().unwrap().clone()
    }

    /// What happened on the gateway: `identify 1` (with the intents), `ready`, `resume`, `resumed`, `invalid session`, `closed`.
    pub(crate) fn gateway_log(&self) -> Vec<String> {
        self.gateway.lock().unwrap().clone()
    }
}
