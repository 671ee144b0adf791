//! Buttons and the modal that asks for a reason. Both are stateless: everything is in their ids, so any replica,
//! also one started later, can go on.
//!
//! Invariant: an id is at most 100 characters; a name that does not fit is cut to its beginning, which names a
//! campaign too.

use super::answer::{Asker, Audience, REASON, actor};
use super::{Data, commands, words};
use crate::command::{Action, Command};
use crate::commands as core;
use crate::commands::spec::{CommandSpec, Kind, OptionSpec};
use serenity::all::{ActionRowComponent, ComponentInteraction, FullEvent, Interaction, ModalInteraction};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

/// The platform's limit of an id.
const LONGEST_ID: usize = 100;

/// `ask1:<word>:<what was given>`: its texts in order, a blank between them; only the last one may have blanks in it.
pub(crate) fn ask_id(word: &str, command: &Command) -> String {
    let mut texts: Vec<String> =
        texts(command.spec()).map(|option| command.given().wanted(option).to_owned()).collect();
    let first = texts.len().saturating_sub(1);
    for text in texts.iter_mut().take(first) {
        text.retain(|c| !c.is_whitespace());
    }
    format!("ask1:{word}:{}", texts.join(" ").trim()).chars().take(LONGEST_ID).collect()
}

/// The command of a modal that was filled with this reason.
fn answered(custom_id: &str, reason: &str) -> Option<Command> {
    let (word, given) = custom_id.strip_prefix("ask1:")?.split_once(':')?;
    let spec = core::all().find(|spec| spec.asks.is_some_and(|asks| asks.word == word))?;
    let given = given.splitn(texts(spec).count(), ' ');
    let command =
        texts(spec).zip(given).fold(Command::new(spec), |command, (option, value)| command.with(option.name, value));
    Some(command.with("reason", reason))
}

fn texts(spec: &'static CommandSpec) -> impl Iterator<Item = &'static OptionSpec> {
    spec.options.iter().filter(|option| matches!(option.kind, Kind::Text(_)))
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

/// A button: what needs a reason asks for it first, the rest is done at once.
async fn pressed(interaction: &ComponentInteraction, asker: &Asker, data: &Data) {
    let Some(action) = Action::parse(&interaction.data.custom_id) else {
        return asker.tell(asker.words().outdated).await;
    };
    match core::asked_by(action).spec().asks {
        Some(asks) => asker.ask(asks.title.of(asker.locale), action.custom_id()).await,
        None => act(asker, action, None, data).await,
    }
}

/// A modal: from a button (the id is the button's) or from a command without a reason.
async fn filled(interaction: &ModalInteraction, asker: &Asker, data: &Data) {
    let id = &interaction.data.custom_id;
    let reason = reason(interaction);
    if let Some(action) = Action::parse(id) {
        act(asker, action, Some(&reason), data).await;
    } else if let Some(command) = answered(id, &reason) {
        commands::perform(asker, command, data).await;
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
    use crate::testing::command;

    #[test]
    fn a_modals_id_carries_what_was_given() {
        let id = ask_id("resume", &command("campaign resume", &[("campaign", " 双十一:大促 满减 ")]));
        assert_eq!(id, "ask1:resume:双十一:大促 满减");
        let wanted = command("campaign resume", &[("campaign", "双十一:大促 满减"), ("reason", "r")]);
        assert_eq!(answered(&id, "r"), Some(wanted));
        let id = ask_id("silence", &command("alerts silence", &[("alert", "# 1"), ("duration", "1 d 6 h")]));
        assert_eq!(id, "ask1:silence:#1 1 d 6 h");
        let wanted = command("alerts silence", &[("alert", "#1"), ("duration", "1 d 6 h"), ("reason", "r")]);
        assert_eq!(answered(&id, "r"), Some(wanted));
        let id = ask_id("silence", &command("alerts silence", &[("alert", "1")]));
        assert_eq!(answered(&id, "r"), Some(command("alerts silence", &[("alert", "1"), ("reason", "r")])));
        assert_eq!((answered("ask1:delete:x", "r"), answered("v1:pause:x", "r")), (None, None));
    }

    #[test]
    fn a_long_name_is_cut_to_its_beginning() {
        let id = ask_id("pause", &command("campaign pause", &[("campaign", &"优".repeat(120))]));
        assert_eq!(id.chars().count(), LONGEST_ID);
        let left = "优".repeat(LONGEST_ID - "ask1:pause:".len());
        assert_eq!(answered(&id, "r"), Some(command("campaign pause", &[("campaign", &left), ("reason", "r")])));
    }

    #[test]
    fn a_buttons_id_is_no_question_and_a_question_no_button() {
        let action = Action::Pause(tillwatch_shared::ids::CampaignId::new());
        assert_eq!(answered(&action.custom_id(), "r"), None);
        assert_eq!(Action::parse(&ask_id("pause", &command("campaign pause", &[("campaign", "x")]))), None);
    }
}
