//! What a test holds of a question that a user asked: its answers and its modal, waited for.

use super::Inner;
use super::world::{Message, Place};
use serde_json::Value;
use std::sync::Arc;

/// A modal that is shown to a user.
pub(crate) struct Modal {
    /// The modal's data: title, custom id, inputs.
    pub(crate) json: Value,
    pub(super) place: Place,
    pub(super) user: u64,
    pub(super) source: Option<u64>,
}

/// An interaction that was sent to the bot.
pub(crate) struct InteractionHandle {
    pub(super) inner: Arc<Inner>,
    pub(super) id: u64,
    pub(super) place: Place,
    pub(super) user: u64,
}

impl InteractionHandle {
    /// Waits for the message that finally answers it.
    pub(crate) async fn reply(&self) -> Message {
        self.inner.until("the answer to an interaction", |i| i.world.lock().unwrap().answers(self.id).pop()).await
    }

    /// Waits for the modal that it is answered with.
    pub(crate) async fn modal(&self) -> Modal {
        let look = |i: &Inner| {
            let world = i.world.lock().unwrap();
            let interaction = &world.interactions[&self.id];
            interaction.modal.clone().map(|json| (json, interaction.source))
        };
        let (json, source) = self.inner.until("a modal", look).await;
        Modal { json, place: self.place, user: self.user, source }
    }

    /// Every message that answers it by now.
    pub(crate) fn answers(&self) -> Vec<Message> {
        self.inner.world.lock().unwrap().answers(self.id)
    }
}
