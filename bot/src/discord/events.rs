//! Buttons and the modal that asks for a reason. Both are stateless: everything is in their ids, so any replica,
//! also one started later, can go on.
//!
//! Invariant: an id is at most 100 characters; a name that does not fit is cut to its beginning, which names a
//! campaign too.

use super::answer::{Asker, Audience, REASON, actor};
use super::words::{self, Asking};
use super::{Data, commands};
use crate::command::{Action, Command};
use crate::commands as core;
use serenity::all::{ActionRowComponent, ComponentInteraction, FullEvent, Interaction, ModalInteraction};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

/// The platform's limit of an id.
const LONGEST_ID: usize = 100;

/// What a reason is asked for, when a command left it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    Pause,
    Resume,
    Silence,
}

impl Ask {
    fn word(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Silence => "silence",
        }
    }

    /// The modal's title.
    pub(crate) fn title(self, words: &Asking) -> &'static str {
        match self {
            Self::Pause => words.pause,
            Self::Resume => words.resume,
            Self::Silence => words.silence,
        }
    }

    /// `ask1:<word>:<the campaign as it was typed>`; of a silence, the alert and, behind a blank, for how long.
    pub(crate) fn custom_id(self, what: &str) -> String {
        format!("ask1:{}:{}", self.word(), what.trim()).chars().take(LONGEST_ID).collect()
    }

    fn parse(custom_id: &str) -> Option<(Self, String)> {
        let (word, what) = custom_id.strip_prefix("ask1:")?.split_once(':')?;
        let ask = [Self::Pause, Self::Resume, Self::Silence].into_iter().find(|a| a.word() == word)?;
        Some((ask, what.to_owned()))
    }

    /// The command, now that the reason is known.
    pub(crate) fn command(self, what: String, reason: String) -> Command {
        let (campaign, reason) = (what, Some(reason));
        match self {
            Self::Pause => Command::CampaignPause { campaign, reason },
            Self::Resume => Command::CampaignResume { campaign, reason },
            Self::Silence => {
                let (alert, duration) = campaign.split_once(' ').unwrap_or((campaign.as_str(), ""));
                let duration = Some(duration.trim().to_owned()).filter(|duration| !duration.is_empty());
                Command::AlertSilence { alert: alert.to_owned(), duration, reason }
            }
        }
    }
}

/// Every event that is no slash command.
pub(crate) async fn handle(
    framework: poise::FrameworkContext<'_, Data, Infallible>,
    event: &FullEvent,
) -> Result<(), Infallible> {
    let http = &framework.serenity_context.http;
    match event {
        FullEvent::InteractionCreate { interaction: Interaction::Component(i) } => {
            let asker = Asker {
                http: Arc::clone(http),
                id: i.id,
                token: i.token.clone(),
                locale: words::locale_of(&i.locale),
                actor: actor(i.guild_id, i.channel_id, i.user.id),
                came: Instant::now(),
            };
            let _running = framework.user_data.running.enter();
            pressed(i, &asker, framework.user_data).await;
        }
        FullEvent::InteractionCreate { interaction: Interaction::Modal(i) } => {
            let asker = Asker {
                http: Arc::clone(http),
                id: i.id,
                token: i.token.clone(),
                locale: words::locale_of(&i.locale),
                actor: actor(i.guild_id, i.channel_id, i.user.id),
                came: Instant::now(),
            };
            let _running = framework.user_data.running.enter();
            filled(i, &asker, framework.user_data).await;
        }
        FullEvent::Ratelimit { data } => {
            // The path is not told: an interaction's holds its token.
            tracing::info!(wait_ms = data.timeout.as_millis(), global = data.global, "Discord slows the bot down");
        }
        _ => {}
    }
    Ok(())
}

/// A button: a pause, a resumption and a silence ask for their reason first, the rest is done at once.
async fn pressed(interaction: &ComponentInteraction, asker: &Asker, data: &Data) {
    match Action::parse(&interaction.data.custom_id) {
        None => asker.tell(asker.words().outdated).await,
        Some(action @ Action::Pause(_)) => asker.ask(asker.words().pause, action.custom_id()).await,
        Some(action @ Action::Resume(_)) => asker.ask(asker.words().resume, action.custom_id()).await,
        Some(action @ Action::Silence(_)) => asker.ask(asker.words().silence, action.custom_id()).await,
        Some(action) => act(asker, action, None, data).await,
    }
}

/// A modal: from a button (the id is the button's) or from a command without a reason.
async fn filled(interaction: &ModalInteraction, asker: &Asker, data: &Data) {
    let id = &interaction.data.custom_id;
    let reason = reason(interaction);
    if let Some(action) = Action::parse(id) {
        act(asker, action, Some(&reason), data).await;
    } else if let Some((ask, campaign)) = Ask::parse(id) {
        commands::perform(asker, ask.command(campaign, reason), data).await;
    } else {
        asker.tell(asker.words().outdated).await;
    }
}

/// The asker alone is answered: everybody sees the alert's own message change.
async fn act(asker: &Asker, action: Action, reason: Option<&str>, data: &Data) {
    let Some(actor) = &asker.actor else { return asker.tell(asker.words().server_only).await };
    if asker.defer(Audience::Asker).await {
        let reply = core::press(action, actor, &data.api, reason).await;
        asker.finish(&reply, Audience::Asker).await;
    }
}

fn reason(interaction: &ModalInteraction) -> String {
    let inputs = interaction.data.components.iter().flat_map(|row| &row.components);
    let typed = inputs.filter_map(|c| match c {
        ActionRowComponent::InputText(input) if input.custom_id == REASON => input.value.clone(),
        _ => None,
    });
    typed.map(|text| text.trim().to_owned()).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_modals_id_carries_the_campaign() {
        let id = Ask::Resume.custom_id(" 双十一:大促 ");
        assert_eq!(Ask::parse(&id), Some((Ask::Resume, "双十一:大促".to_owned())));
        assert_eq!(Ask::parse("ask1:delete:x"), None);
        assert_eq!(Ask::parse("v1:pause:x"), None);
    }

    #[test]
    fn a_long_name_is_cut_to_its_beginning() {
        let id = Ask::Pause.custom_id(&"优".repeat(120));
        assert_eq!(id.chars().count(), LONGEST_ID);
        let (ask, campaign) = Ask::parse(&id).unwrap();
        assert_eq!((ask, campaign.chars().count()), (Ask::Pause, LONGEST_ID - "ask1:pause:".len()));
    }

    #[test]
    fn a_buttons_id_is_no_question_and_a_question_no_button() {
        let action = Action::Pause(tillwatch_shared::ids::CampaignId::new());
        assert_eq!(Ask::parse(&action.custom_id()), None);
        assert_eq!(Action::parse(&Ask::Pause.custom_id("x")), None);
    }
}
