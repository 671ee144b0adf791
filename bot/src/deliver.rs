//! Takes deliveries from the API, lets a chat show each, and reports what became of it.
//!
//! Cast: a [`ChatSink`] is a chat that can show an incident; [`run`] claims for all of them. Invariants: at most
//! [`IN_FLIGHT`] deliveries are in work; each claimed delivery ends in a report, retried until the service takes it
//! or says that somebody else has the work; what was claimed and cannot be shown is reported as failed, never
//! dropped; an alert waits for its picture at most [`PICTURE`], so that all of it stays within the lease; after `stop`
//! nothing new is claimed and what is in work is given [`FAREWELL`] to end.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tillwatch_shared::errors::Code;
use tillwatch_shared::watch::{Delivery, DeliveryOutcome, ServerRef, Transport};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::api::{Answer, Api, ApiError};
use crate::incident::incident;
use crate::reply::{Picture, Reply};
use crate::report::name_of;
use crate::wording;

/// Deliveries in work at once.
pub const IN_FLIGHT: usize = 8;
/// How long a claim waits for the first delivery; the service allows 8 s.
const WAIT: Duration = Duration::from_secs(7);
/// The first and the longest pause after a failure.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// How long work may go on after `stop`.
const FAREWELL: Duration = Duration::from_secs(8);
/// How long an alert waits for its picture. With the longest attempt of a chat (14 s) that is well within the
/// service's lease of 30 s.
const PICTURE: Duration = Duration::from_secs(5);
/// The longest error that a report carries, in characters.
const LONGEST_ERROR: usize = 500;

/// A chat that can show an incident.
pub trait ChatSink: Send + Sync {
    /// Which chat it is.
    fn transport(&self) -> Transport;

    /// The servers that it stands for, if it does not stand for every one of its chat.
    fn servers(&self) -> Option<Vec<String>> {
        None
    }

    /// Whether it can show anything at all: not once its chat has refused the bot for good.
    fn is_open(&self) -> bool {
        true
    }

    /// Posts the incident, or edits the message that shows it (`delivery.message`), so that the chat shows this
    /// version once. A future that is dropped may have posted: the next attempt looks for its message first.
    fn show<'a>(&'a self, delivery: &'a Delivery, reply: &'a Reply) -> BoxFuture<'a, DeliveryOutcome>;
}

/// Delivers until `stop` turns true. Failures of the API are waited out, 100 ms at first, 5 s at most.
pub async fn run(api: Api, sinks: Vec<Arc<dyn ChatSink>>, mut stop: watch::Receiver<bool>) {
    let mut work = JoinSet::new();
    let mut pause = Pause::default();
    loop {
        while let Some(ended) = work.try_join_next() {
            note(ended);
        }
        let free = IN_FLIGHT.saturating_sub(work.len());
        if free == 0 {
            tokio::select! {
                () = stopped(&mut stop) => break,
                Some(ended) = work.join_next() => note(ended),
            }
            continue;
        }
        // Free is at most `IN_FLIGHT`, so it fits.
        let max = u16::try_from(free).unwrap_or(1);
        let (transports, servers) = served(&sinks);
        if transports.is_empty() {
            // No chat is open to the bot; what is due stays due for another bot, or for the next start.
            stopped(&mut stop).await;
            break;
        }
        let claimed = tokio::select! {
            () = stopped(&mut stop) => break,
            claimed = api.claim(&transports, &servers, max, WAIT) => claimed,
        };
        match claimed {
            Ok(deliveries) => {
                pause = Pause::default();
                for delivery in deliveries {
                    let sink = sinks.iter().find(|sink| sink.transport() == delivery.transport).cloned();
                    work.spawn(deliver(api.clone(), sink, delivery));
                }
            }
            Err(error) => {
                let wait = pause.next();
                tracing::warn!(%error, wait_ms = wait.as_millis(), "cannot claim deliveries");
                tokio::select! {
                    () = stopped(&mut stop) => break,
                    () = sleep(wait) => {}
                }
            }
        }
    }
    let left = work.len();
    let ending = async {
        while let Some(ended) = work.join_next().await {
            note(ended);
        }
    };
    if timeout(FAREWELL, ending).await.is_err() {
        tracing::warn!(left, "deliveries in work were left to their leases");
    }
}

/// The chats to claim for, and the servers of those that stand for some only.
fn served(sinks: &[Arc<dyn ChatSink>]) -> (Vec<Transport>, Vec<ServerRef>) {
    let open = sinks.iter().filter(|sink| sink.is_open());
    let servers = open.clone().flat_map(|sink| {
        let transport = sink.transport();
        sink.servers().into_iter().flatten().map(move |server| ServerRef { transport, server })
    });
    (open.clone().map(|sink| sink.transport()).collect(), servers.collect())
}

/// One delivery from its picture to its report.
async fn deliver(api: Api, sink: Option<Arc<dyn ChatSink>>, delivery: Delivery) {
    let (id, attempt) = (delivery.id, delivery.attempt);
    let outcome = match sink {
        Some(sink) => {
            let picture = picture(&api, &delivery).await;
            let reply = incident(&delivery, picture);
            sink.show(&delivery, &reply).await
        }
        None => DeliveryOutcome::Failed {
            error: format!("this bot has no {} transport", delivery.transport),
            retry_after_ms: None,
            permanent: false,
        },
    };
    let request_id = delivery.request_id.as_deref();
    let subject = subject(&delivery);
    match &outcome {
        DeliveryOutcome::Posted { version, .. } => {
            tracing::info!(request_id, delivery = %id, subject, attempt, version, "shown");
        }
        DeliveryOutcome::Failed { error, permanent, .. } => {
            tracing::warn!(request_id, delivery = %id, subject, attempt, permanent, error, "not shown");
        }
    }
    report(&api, &delivery, shortened(outcome)).await;
}

/// The id of what a delivery shows, for the log.
pub(crate) fn subject(delivery: &Delivery) -> String {
    let notice = delivery.notice.as_ref().map(|notice| notice.id.to_string());
    notice.or(delivery.alert.as_ref().map(|alert| alert.id.to_string())).unwrap_or_default()
}

/// The picture of an alert or of a week. Words without their picture are better than none, so a failure is only logged.
async fn picture(api: &Api, delivery: &Delivery) -> Option<Picture> {
    // A terminal shows no picture; it names the address. A robot posts text.
    if delivery.transport == Transport::Console || delivery.transport.is_robot() {
        return None;
    }
    let words = wording::of(delivery.locale);
    let alt = match (&delivery.notice, &delivery.alert) {
        (None, Some(alert)) => words.picture_alt(alert),
        // Of the notices the weekly report has one.
        (Some(notice), _) => {
            let drawn = notice.weekly.as_ref()?.drawn.as_ref()?;
            words.metric_alt(name_of(drawn, delivery.locale))
        }
        (None, None) => return None,
    };
    let png = in_time(PICTURE, api.picture(delivery.id)).await.unwrap_or_else(|error| {
        tracing::warn!(delivery = %delivery.id, %error, "the picture could not be fetched; shown without it");
        None
    })?;
    Some(Picture { png, alt })
}

/// An answer that is waited for no longer than this.
async fn in_time<T>(patience: Duration, asked: impl Future<Output = Answer<T>>) -> Answer<T> {
    timeout(patience, asked).await.unwrap_or_else(|_| Err(ApiError::Unreachable("not in time".to_owned())))
}

/// Reports until the service has taken it, or says that the work is no longer ours.
async fn report(api: &Api, delivery: &Delivery, outcome: DeliveryOutcome) {
    let mut pause = Pause::default();
    loop {
        let Err(error) = api.report(delivery.id, delivery.attempt, &outcome).await else { return };
        if error.code() == Some(Code::LeaseLost) {
            tracing::info!(delivery = %delivery.id, attempt = delivery.attempt, "the lease was lost");
            return;
        }
        if !worth_repeating(&error) {
            tracing::error!(delivery = %delivery.id, attempt = delivery.attempt, %error, "the report was refused");
            return;
        }
        let wait = pause.next();
        tracing::warn!(delivery = %delivery.id, %error, wait_ms = wait.as_millis(), "cannot report; trying again");
        sleep(wait).await;
    }
}

/// A refusal of the report itself stays one; everything else may pass, a restarted service's new keys among it.
fn worth_repeating(error: &ApiError) -> bool {
    error.is_passing()
        || matches!(
            error.code(),
            None | Some(Code::CredentialExpired | Code::CredentialInvalid | Code::CredentialMissing)
        )
}

/// Keeps the error within the report's limit.
fn shortened(outcome: DeliveryOutcome) -> DeliveryOutcome {
    match outcome {
        DeliveryOutcome::Failed { error, retry_after_ms, permanent } => {
            let error = error.chars().take(LONGEST_ERROR).collect();
            DeliveryOutcome::Failed { error, retry_after_ms: retry_after_ms.map(|ms| ms.min(3_600_000)), permanent }
        }
        posted @ DeliveryOutcome::Posted { .. } => posted,
    }
}

/// Waits until `stop` is true; a dropped sender counts as stop.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // The error says that the sender is gone: nobody could stop us any more.
    let _gone = stop.wait_for(|stop| *stop).await;
}

fn note(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a delivery's task broke off; its lease will run out and it is tried again");
    }
}

/// Pauses that double from failure to failure.
#[derive(Debug, Default)]
pub(crate) struct Pause(Option<Duration>);

impl Pause {
    /// How long to wait now.
    pub(crate) fn next(&mut self) -> Duration {
        let now = self.0.map_or(PAUSES.0, |last| (last * 2).min(PAUSES.1));
        self.0 = Some(now);
        now
    }
}

#[cfg(test)]
mod tests;
