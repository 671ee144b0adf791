//! What is asked of alerts, on somebody's behalf.

use super::{Answer, Api};
use crate::command::Actor;
use tillwatch_shared::Page;
use tillwatch_shared::ids::{AlertId, RuleId};
use tillwatch_shared::watch::{
    Alert, AlertAcknowledged, AlertEvent, AlertSilenced, AlertState, AlertWhy, Evaluation, SilenceAlert,
};

impl Api {
    /// Alerts in this state.
    pub async fn alerts(&self, actor: &Actor, state: AlertState, limit: u16) -> Answer<Page<Alert>> {
        self.get("/v1/alerts", actor, &[("state", state.as_str()), ("limit", &limit.to_string())]).await
    }

    /// An alert.
    pub async fn alert(&self, actor: &Actor, id: AlertId) -> Answer<Alert> {
        self.get(&format!("/v1/alerts/{id}"), actor, &[]).await
    }

    /// The newest `limit` steps of an alert's timeline, newest first.
    pub async fn timeline(&self, actor: &Actor, id: AlertId, limit: u16) -> Answer<Page<AlertEvent>> {
        self.get(&format!("/v1/alerts/{id}/timeline"), actor, &[("limit", &limit.to_string())]).await
    }

    /// Acknowledges an alert.
    pub async fn acknowledge(&self, actor: &Actor, id: AlertId) -> Answer<AlertAcknowledged> {
        self.post(&format!("/v1/alerts/{id}/acknowledge"), Some(actor), None::<&()>).await
    }

    /// Why an alert was told, or was not.
    pub async fn why(&self, actor: &Actor, id: AlertId) -> Answer<AlertWhy> {
        self.get(&format!("/v1/alerts/{id}/why"), actor, &[]).await
    }

    /// What a rule said of its last days, newest first.
    pub async fn evaluations(&self, actor: &Actor, rule: RuleId, limit: u16) -> Answer<Page<Evaluation>> {
        self.get(&format!("/v1/rules/{rule}/evaluations"), actor, &[("limit", &limit.to_string())]).await
    }

    /// Silences an alert for so many minutes.
    pub async fn silence(&self, actor: &Actor, id: AlertId, minutes: u32, reason: &str) -> Answer<AlertSilenced> {
        let body = SilenceAlert { minutes, reason: reason.to_owned() };
        self.post(&format!("/v1/alerts/{id}/silence"), Some(actor), Some(&body)).await
    }
}
