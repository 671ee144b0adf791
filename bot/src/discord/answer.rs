//! The first answer to an interaction and the final one.
//!
//! Cast: an [`Asker`] is one interaction of any kind. Invariants: work begins only after the first answer was
//! accepted, which makes this replica the interaction's owner; when another one owns it (40060, 10062) it is
//! dropped; what must stay private is never shown in a public answer, even if the answer was deferred publicly.

use super::render;
use super::text::cut;
use super::trouble::Trouble;
use super::words::{self, Asking};
use crate::command::Actor;
use crate::reply::Reply;
use serenity::all::{
    Builder, ChannelId, CreateActionRow, CreateAllowedMentions, CreateInputText, CreateInteractionResponse,
    CreateInteractionResponseMessage, CreateModal, GuildId, Http, InputTextStyle, InteractionId, UserId,
};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tillwatch_shared::Locale;
use tillwatch_shared::watch::Transport;
use tokio::time::timeout;

/// The id of the modal's one input.
pub(crate) const REASON: &str = "reason";
/// The service's limit of a reason, in characters.
pub(crate) const LONGEST_REASON: u16 = 500;
/// How long the platform waits for a first answer: it is tried for as long. At least [`FIRST_TRIES`] tries are made, since
/// whether it is too late is the platform's to say (10062).
const WAITED_FOR: Duration = Duration::from_secs(3);
const FIRST_TRIES: u32 = 3;
/// How long the first try may take, so that there is time for another.
const FIRST: Duration = Duration::from_millis(1_300);
/// The pause after a first answer that was refused and may be given again.
const AGAIN: Duration = Duration::from_millis(100);
/// How long any later request may take, waits for the platform's rate limits included.
const LATER: Duration = Duration::from_secs(6);
/// How often the final answer is tried; it is the same message each time.
const TRIES: u32 = 3;
/// The pause before the second try; doubled before the third.
const PAUSE: Duration = Duration::from_millis(400);

/// One interaction: who asks, and how to answer.
pub(crate) struct Asker {
    pub(crate) http: Arc<Http>,
    pub(crate) id: InteractionId,
    pub(crate) token: String,
    /// The language of the user's client.
    pub(crate) locale: Locale,
    /// `None` outside of any server.
    pub(crate) actor: Option<Actor>,
    /// When the interaction came.
    pub(crate) came: Instant,
}

/// Whether only the asker sees the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// The whole channel.
    Channel,
    /// The asker.
    Asker,
}

/// Who asks, if it is somebody in a server.
pub(crate) fn actor(server: Option<GuildId>, channel: ChannelId, user: UserId) -> Option<Actor> {
    Some(Actor {
        transport: Transport::Discord,
        server: server?.to_string(),
        channel: channel.to_string(),
        user: user.to_string(),
    })
}

impl Asker {
    /// Words of the bot's own, in the language of the user's client.
    pub(crate) fn words(&self) -> Asking {
        words::asking(self.locale)
    }

    /// Says "working on it". `false`: somebody else answers, or it is too late; do nothing.
    pub(crate) async fn defer(&self, audience: Audience) -> bool {
        let message = CreateInteractionResponseMessage::new()
            .ephemeral(audience == Audience::Asker)
            .allowed_mentions(CreateAllowedMentions::new());
        self.first(CreateInteractionResponse::Defer(message)).await
    }

    /// Asks for a reason; the answer comes as an interaction of its own with this id.
    pub(crate) async fn ask(&self, title: &str, custom_id: String) {
        let asking = self.words();
        let input = CreateInputText::new(InputTextStyle::Paragraph, asking.reason, REASON)
            .placeholder(asking.hint)
            .min_length(1)
            .max_length(LONGEST_REASON)
            .required(true);
        let modal = CreateModal::new(custom_id, title).components(vec![CreateActionRow::InputText(input)]);
        self.first(CreateInteractionResponse::Modal(modal)).await;
    }

    /// Says one line to the asker alone, as first and only answer.
    pub(crate) async fn tell(&self, line: &str) {
        let message = CreateInteractionResponseMessage::new()
            .content(line)
            .ephemeral(true)
            .allowed_mentions(CreateAllowedMentions::new());
        self.first(CreateInteractionResponse::Message(message)).await;
    }

    /// Gives the first answer. When it is unknown whether one was taken, it is given again; that it was taken
    /// already then means that it was ours, since a replica that answers twice by chance does no harm: every action
    /// is idempotent, and the final answer is the same.
    async fn first(&self, answer: CreateInteractionResponse) -> bool {
        let (mut unknown, mut tried) = (false, 0);
        while tried < FIRST_TRIES || self.came.elapsed() < WAITED_FOR {
            let patience = if tried == 0 { FIRST } else { LATER };
            tried += 1;
            let given = timeout(patience, answer.clone().execute(&self.http, (self.id, &self.token))).await;
            let trouble = match given {
                Ok(Ok(())) => return true,
                Ok(Err(error)) => Trouble::of(&error),
                Err(_) => Trouble::Passing(format!("no answer within {} ms", patience.as_millis())),
            };
            match trouble {
                Trouble::Answered if unknown => return true,
                Trouble::Answered | Trouble::UnknownInteraction => {
                    tracing::info!(interaction = %self.id, %trouble, "this interaction is not ours");
                    return false;
                }
                Trouble::Passing(_) => unknown = true,
                _ => {}
            }
            tracing::warn!(interaction = %self.id, %trouble, "an interaction could not be answered");
            if !unknown {
                return false;
            }
            tokio::time::sleep(AGAIN).await;
        }
        false
    }

    /// Shows the result in place of "working on it".
    pub(crate) async fn finish(&self, reply: &Reply, deferred: Audience) {
        let shown = if reply.private && deferred == Audience::Channel {
            self.finish_privately(reply).await
        } else {
            self.edit(reply).await
        };
        if let Err(trouble) = shown {
            tracing::warn!(interaction = %self.id, %trouble, title = %cut(&reply.title, 80), "the answer could not be shown");
        }
    }

    /// Edits are repeatable: what is passing is tried again.
    async fn edit(&self, reply: &Reply) -> Result<(), Trouble> {
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            match self.edit_once(reply).await {
                Err(Trouble::Passing(why)) => {
                    tracing::info!(interaction = %self.id, why, "the answer is tried again");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                ended => return ended,
            }
        }
        self.edit_once(reply).await
    }

    async fn edit_once(&self, reply: &Reply) -> Result<(), Trouble> {
        within(render::final_answer(reply).execute(&self.http, &self.token)).await.map(drop)
    }

    /// A public "working on it" cannot become private: it goes, and a private message comes.
    async fn finish_privately(&self, reply: &Reply) -> Result<(), Trouble> {
        match within(self.http.delete_original_interaction_response(&self.token)).await {
            // Gone already: an earlier try worked.
            Ok(()) | Err(Trouble::UnknownMessage) => {}
            // A follow-up now would fill the public message.
            Err(trouble) => return Err(trouble),
        }
        within(render::private_answer(reply).execute(&self.http, (None, &self.token))).await.map(drop)
    }
}

/// One request, at most [`LATER`] long.
async fn within<T>(request: impl Future<Output = serenity::Result<T>>) -> Result<T, Trouble> {
    match timeout(LATER, request).await {
        Ok(answered) => answered.map_err(|error| Trouble::of(&error)),
        Err(_) => Err(Trouble::Passing(format!("no answer within {} s", LATER.as_secs()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_is_somebody_in_a_server() {
        let (channel, user) = (ChannelId::new(2), UserId::new(3));
        let in_server = actor(Some(GuildId::new(1)), channel, user).unwrap();
        assert_eq!((in_server.server.as_str(), in_server.channel.as_str(), in_server.user.as_str()), ("1", "2", "3"));
        assert_eq!(in_server.transport, Transport::Discord);
        assert_eq!(actor(None, channel, user), None, "a direct message has no tenant");
    }
}
