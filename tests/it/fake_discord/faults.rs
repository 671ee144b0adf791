//! What shall go wrong, and when: a script per kind of request.
//!
//! A test queues faults for a [`Route`]; each request of that kind takes the next one. Invariant: a fault says
//! whether the request's effect happened, since that is what a sender cannot know and must survive.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

/// The kinds of request that the fake answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Route {
    /// `GET /gateway`
    Gateway,
    /// `GET /gateway/bot`
    GatewayBot,
    /// `GET /users/@me`
    Me,
    /// `GET /applications/@me` and `/oauth2/applications/@me`
    Application,
    /// `GET` and `PUT /applications/{id}/commands`
    Commands,
    /// `GET /channels/{id}`
    Channel,
    /// `POST /channels/{id}/messages`
    CreateMessage,
    /// `POST /channels/{id}/messages/{id}/threads`
    CreateThread,
    /// `POST /channels/{id}/messages` of a thread.
    ThreadMessage,
    /// `GET /channels/{id}/messages`
    ListMessages,
    /// `GET /channels/{id}/messages/{id}`
    GetMessage,
    /// `PATCH /channels/{id}/messages/{id}`
    EditMessage,
    /// `POST /interactions/{id}/{token}/callback`
    Callback,
    /// `GET /webhooks/{app}/{token}/messages/@original`
    GetOriginal,
    /// `PATCH /webhooks/{app}/{token}/messages/@original`
    EditOriginal,
    /// `DELETE /webhooks/{app}/{token}/messages/@original`
    DeleteOriginal,
    /// `POST /webhooks/{app}/{token}`
    Followup,
    /// Anything else: always a violation.
    Unknown,
}

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// Answers this status; nothing happened.
    Refuse(u16),
    /// It happened, and yet the answer is this status.
    RefuseAfter(u16),
    /// The connection ends without an answer; nothing happened.
    Drop,
    /// It happened; the connection ends without an answer.
    DropAfter,
    /// It happens at once; the answer comes this much later.
    LateAnswer(Duration),
    /// It happens this much later (even if the client has gone by then); then the answer comes.
    LateEffect(Duration),
    /// The interaction is too old before the request arrives: nothing happened, and nothing will.
    Expire,
    /// 429 for this route with that Retry-After; nothing happened.
    Limit(Duration),
    /// 429 for every route with that Retry-After; nothing happened.
    GlobalLimit(Duration),
}

/// The script. Shared by the test, which writes it, and the fake, which follows it.
#[derive(Default)]
pub(crate) struct Faults {
    queued: Mutex<HashMap<Route, VecDeque<Fault>>>,
    standing: Mutex<HashMap<Route, Fault>>,
}

impl Faults {
    /// The next request of this kind meets that fault; calls queue up.
    pub(crate) fn next(&self, route: Route, fault: Fault) {
        self.queued.lock().unwrap().entry(route).or_default().push_back(fault);
    }

    /// The next `n` requests of this kind meet that fault.
    pub(crate) fn times(&self, n: usize, route: Route, fault: Fault) {
        for _ in 0..n {
            self.next(route, fault);
        }
    }

    /// Every request of this kind meets that fault until [`Self::clear`].
    pub(crate) fn always(&self, route: Route, fault: Fault) {
        self.standing.lock().unwrap().insert(route, fault);
    }

    /// Whether a request has taken every queued fault of this kind.
    pub(crate) fn all_taken(&self, route: Route) -> bool {
        self.queued.lock().unwrap().get(&route).is_none_or(VecDeque::is_empty)
    }

    /// All is well again.
    pub(crate) fn clear(&self) {
        self.queued.lock().unwrap().clear();
        self.standing.lock().unwrap().clear();
    }

    /// Takes the fault that a request of this kind meets.
    pub(super) fn take(&self, route: Route) -> Option<Fault> {
        let queued = self.queued.lock().unwrap().get_mut(&route).and_then(VecDeque::pop_front);
        queued.or_else(|| self.standing.lock().unwrap().get(&route).copied())
    }
}
