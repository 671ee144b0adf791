//! Alerts in the terminal: a frame for a new one, one line for what became of it.
//!
//! Invariants: a delivery is claimed and shown by the console of its own server only; a change of a shown alert prints one line,
//! not the frame again, and nothing when the line would say what was said last (a cost that grows on); what may have been
//! shown before a crash says so.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use futures_util::future::BoxFuture;
use tillwatch_shared::ids::DeliveryId;
use tillwatch_shared::plan::CampaignState;
use tillwatch_shared::watch::{Alert, AlertState, Delivery, DeliveryOutcome, Transport};

use super::draw::{Style, clean_line, framed};
use super::{ConsoleConfig, Printer};
use crate::api::Api;
use crate::command::Actor;
use crate::commands::{ACK, PAUSE};
use crate::deliver::{ChatSink, subject};
use crate::reply::Reply;
use crate::wording;

/// Incidents whose last line is remembered.
const REMEMBERED: usize = 1_000;

/// Shows alerts in a terminal, or in the log when there is none.
pub(super) struct ConsoleSink {
    servers: Vec<String>,
    actor: Actor,
    printer: Printer,
    style: Style,
    terminal: bool,
    api: Api,
    /// What each incident's line said last.
    said: Mutex<HashMap<DeliveryId, String>>,
}

impl ConsoleSink {
    pub(super) fn new(config: &ConsoleConfig, style: Style, terminal: bool, api: &Api) -> Self {
        let servers = [&config.server].into_iter().chain(&config.also_shows).cloned().collect();
        let (printer, said) = (config.printer.clone(), Mutex::default());
        Self { servers, actor: config.actor(), printer, style, terminal, api: api.clone(), said }
    }

    /// Whether this line of an incident says something new.
    fn is_news(&self, id: DeliveryId, line: &str) -> bool {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() >= REMEMBERED && !said.contains_key(&id) {
            said.clear();
        }
        said.insert(id, line.to_owned()).is_none_or(|last| last != line)
    }

    async fn draw(&self, delivery: &Delivery, reply: &Reply) {
        let own = delivery.server == self.actor.server;
        // The number under which `alerts show` and `alerts ack` know it from now on.
        let alert = delivery.alert.as_ref().filter(|_| delivery.notice.is_none());
        let number = alert.filter(|_| own).map(|alert| self.api.memory().number_of(&self.actor, alert.id));
        let line = alert.map_or_else(
            // A notice that says something new says it whole.
            || clean_line(&format!("{} {}", reply.title, reply.body)),
            |alert| update(delivery, alert, number),
        );
        let news = self.is_news(delivery.id, &line);
        let text = if delivery.message.is_some() {
            if !news {
                return;
            }
            line
        } else {
            let notes = alert.map(|alert| notes(delivery, alert, number)).unwrap_or_default();
            if self.terminal {
                framed(reply, &notes, self.style, self.printer.columns())
            } else {
                clean_line(&format!("{} {} {}", reply.title, reply.body, notes.join(" ")))
            }
        };
        if self.terminal {
            self.printer.show(format!("{}\n", text.trim_end())).await;
        } else {
            let subject = subject(delivery);
            tracing::info!(delivery = %delivery.id, subject, retailer = delivery.retailer, "{text}");
        }
    }
}

impl ChatSink for ConsoleSink {
    fn transport(&self) -> Transport {
        Transport::Console
    }

    fn servers(&self) -> Option<Vec<String>> {
        Some(self.servers.clone())
    }

    fn show<'a>(&'a self, delivery: &'a Delivery, reply: &'a Reply) -> BoxFuture<'a, DeliveryOutcome> {
        Box::pin(async move {
            if !self.servers.contains(&delivery.server) {
                // Another console may stand for it: nobody's alert ends here.
                let error = format!("no console stands for the server `{}` here", delivery.server);
                return DeliveryOutcome::Failed { error, retry_after_ms: None, permanent: false };
            }
            self.draw(delivery, reply).await;
            DeliveryOutcome::Posted {
                message: format!("console-{}", delivery.id),
                version: delivery.version,
                told: None,
            }
        })
    }
}

/// What became of an alert that was shown before, on one line.
fn update(delivery: &Delivery, alert: &Alert, number: Option<usize>) -> String {
    let words = wording::of(delivery.locale);
    let by = match alert.state {
        AlertState::Acknowledged => alert.acknowledged_by.as_ref().map(|staff| staff.name.as_str()),
        AlertState::Firing | AlertState::Silenced | AlertState::Resolved => None,
    };
    let number = number.map(|number| format!("{number}. ")).unwrap_or_default();
    let line = words.update(&alert.rule_name, alert.state, by);
    let campaign = alert
        .campaign
        .as_ref()
        .map(|campaign| format!(" · {}", words.pair(&campaign.name, words.campaign_state(campaign.state))));
    clean_line(&format!("{} {number}{line}{}", crate::incident::mark(alert), campaign.unwrap_or_default()))
}

/// What stands under an alert: what to type, where its picture is, and whether it may have been shown already.
fn notes(delivery: &Delivery, alert: &Alert, number: Option<usize>) -> Vec<String> {
    let words = wording::of(delivery.locale);
    let mut notes = Vec::new();
    if let Some(number) = number.filter(|_| alert.state == AlertState::Firing) {
        let ack = ACK.spelled(Transport::Console, &number.to_string());
        let running = alert.campaign.as_ref().filter(|campaign| campaign.state == CampaignState::Active);
        let pause = running.map(|campaign| PAUSE.spelled(Transport::Console, &campaign.name));
        notes.push(words.console_hint(&ack, pause.as_deref()));
    }
    notes.push(words.picture_at(&format!("/v1/alerts/{}/picture", alert.id)));
    if delivery.attempt > 1 {
        notes.push(words.shown_again().to_owned());
    }
    notes
}

#[cfg(test)]
mod tests;
