//! A [`Reply`] as the platform's builders. Pure.
//!
//! Invariants: whatever a tenant wrote is shown as text (no markup, no mention, no link, no direction override);
//! every limit of the platform is kept after escaping, and what is cut ends in an ellipsis; ids of buttons are
//! unique; no message can ping anybody. Limits: Discord's documentation of embeds and components.

use super::text::{clean, cut, escape};
use crate::command::Action;
use crate::reply::{Button, Reply, Tone};
use serenity::all::{
    AutoArchiveDuration, ButtonStyle, Colour, CreateActionRow, CreateAllowedMentions, CreateAttachment, CreateButton,
    CreateEmbed, CreateEmbedFooter, CreateInteractionResponseFollowup, CreateMessage, CreateThread, EditAttachments,
    EditInteractionResponse, EditMessage, Message, Nonce,
};
use std::collections::HashSet;

const TITLE: usize = 256;
const BODY: usize = 4096;
const FIELDS: usize = 25;
const FIELD_NAME: usize = 256;
const FIELD_VALUE: usize = 1024;
/// Ours, well below the platform's 2,048: small print is small.
const FOOTER: usize = 256;
/// All texts of an embed together.
const TOTAL: usize = 6000;
/// A message without an embed.
const CONTENT: usize = 2000;
const THREAD_NAME: usize = 100;
const LABEL: usize = 80;
const ALT: usize = 1024;
const PER_ROW: usize = 5;
const ROWS: usize = 5;
/// The largest file, in bytes.
const FILE: usize = 10 * 1024 * 1024;
/// What the picture is called inside the message.
const PICTURE: &str = "alert.png";
/// The platform refuses an empty field; this is an invisible one.
const BLANK: &str = "\u{200b}";

/// The texts of an embed, escaped and within the limits.
#[derive(Debug, PartialEq, Eq)]
struct Texts {
    title: String,
    body: String,
    fields: Vec<(String, String, bool)>,
    footer: String,
}

impl Texts {
    fn of(reply: &Reply) -> Self {
        let or_blank = |text: String| if text.trim().is_empty() { BLANK.to_owned() } else { text };
        let mut fields: Vec<(String, String, bool)> = reply
            .fields
            .iter()
            .take(FIELDS)
            .map(|f| {
                (or_blank(cut(&escape(&f.name), FIELD_NAME)), or_blank(cut(&escape(&f.value), FIELD_VALUE)), f.inline)
            })
            .collect();
        let title = cut(&escape(&reply.title), TITLE);
        // The platform shows a footer as it stands: no markup to escape there.
        let footer = cut(&clean(reply.footer.as_deref().unwrap_or_default()), FOOTER);
        let mut dropped = fields.len() < reply.fields.len();
        let around = n(&title) + n(&footer);
        // Fields go before the text does: the last ones are the least important.
        while around + length(&fields) > TOTAL - 200 {
            fields.pop();
            dropped = true;
        }
        if dropped && let Some(last) = fields.last_mut() {
            last.1 = cut(&format!("{}\n…", last.1), FIELD_VALUE);
        }
        let body = cut(&escape(&reply.body), BODY.min(TOTAL - around - length(&fields)));
        Self { title, body, fields, footer }
    }
}

fn n(text: &str) -> usize {
    text.chars().count()
}

fn length(fields: &[(String, String, bool)]) -> usize {
    // Two more for the ellipsis that a last field may gain.
    fields.iter().map(|f| n(&f.0) + n(&f.1)).sum::<usize>() + 2
}

fn embed(reply: &Reply, with_picture: bool) -> CreateEmbed {
    let texts = Texts::of(reply);
    let mut embed = CreateEmbed::new().colour(colour(reply.tone));
    if !texts.title.is_empty() {
        embed = embed.title(texts.title);
    }
    if !texts.body.is_empty() {
        embed = embed.description(texts.body);
    }
    if !texts.footer.is_empty() {
        embed = embed.footer(CreateEmbedFooter::new(texts.footer));
    }
    if with_picture {
        embed = embed.attachment(PICTURE);
    }
    embed.fields(texts.fields)
}

/// Colours that are told apart with colour blindness too (Okabe and Ito's palette).
fn colour(tone: Tone) -> Colour {
    Colour::new(match tone {
        Tone::Plain => 0x0000_72B2,
        Tone::Good => 0x0000_9E73,
        Tone::Warning => 0x00E6_9F00,
        Tone::Critical => 0x00D5_5E00,
        Tone::Refused => 0x0099_9999,
    })
}

fn rows(buttons: &[Button]) -> Vec<CreateActionRow> {
    let mut seen = HashSet::new();
    let unique: Vec<CreateButton> = buttons
        .iter()
        .filter(|b| seen.insert(b.action.custom_id()))
        .take(PER_ROW * ROWS)
        .map(|b| {
            let style = match b.action {
                Action::Pause(_) => ButtonStyle::Danger,
                Action::Resume(_) => ButtonStyle::Success,
                Action::Acknowledge(_) => ButtonStyle::Primary,
                Action::Silence(_) | Action::Open(_) => ButtonStyle::Secondary,
            };
            CreateButton::new(b.action.custom_id())
                .label(cut(&clean(&b.label), LABEL))
                .style(style)
                .disabled(b.disabled)
        })
        .collect();
    unique.chunks(PER_ROW).map(|row| CreateActionRow::Buttons(row.to_vec())).collect()
}

/// The picture as a file, unless it is larger than the platform takes.
fn file(reply: &Reply) -> Option<CreateAttachment> {
    let picture = reply.picture.as_ref().filter(|p| p.png.len() <= FILE)?;
    Some(CreateAttachment::bytes(picture.png.clone(), PICTURE).description(cut(&clean(&picture.alt), ALT)))
}

fn nobody() -> CreateAllowedMentions {
    CreateAllowedMentions::new()
}

/// Whether the message shows this reply: its words, however the platform trims them.
pub(crate) fn shows(message: &Message, reply: &Reply) -> bool {
    let texts = Texts::of(reply);
    let Some(embed) = message.embeds.first() else { return false };
    let same = |shown: Option<&str>, meant: &str| shown.unwrap_or_default().trim() == meant.trim();
    same(embed.title.as_deref(), &texts.title)
        && same(embed.description.as_deref(), &texts.body)
        && embed.fields.len() == texts.fields.len()
        && embed
            .fields
            .iter()
            .zip(&texts.fields)
            .all(|(shown, (name, value, _))| same(Some(&shown.name), name) && same(Some(&shown.value), value))
}

/// A new message; posting it twice with the same nonce gives one message.
pub(crate) fn new_message(reply: &Reply, nonce: &str) -> CreateMessage {
    let file = file(reply);
    let message = CreateMessage::new()
        .embed(embed(reply, file.is_some()))
        .components(rows(&reply.buttons))
        .allowed_mentions(nobody())
        .nonce(Nonce::String(nonce.to_owned()))
        .enforce_nonce(true);
    match file {
        Some(file) => message.add_file(file),
        None => message,
    }
}

/// A line in a thread; posting it twice with the same nonce gives one message.
pub(crate) fn line(text: &str, nonce: &str) -> CreateMessage {
    let message = CreateMessage::new().content(line_text(text)).allowed_mentions(nobody());
    message.nonce(Nonce::String(nonce.to_owned())).enforce_nonce(true)
}

/// What a line looks like to the platform.
pub(crate) fn line_text(text: &str) -> String {
    cut(&escape(text), CONTENT)
}

/// A thread that is called so, and that is put away after a day without a word.
pub(crate) fn new_thread(name: &str) -> CreateThread<'static> {
    CreateThread::new(cut(&clean(name), THREAD_NAME)).auto_archive_duration(AutoArchiveDuration::OneDay)
}

/// An edit that leaves nothing of the old message.
pub(crate) fn edited_message(reply: &Reply) -> EditMessage {
    let file = file(reply);
    EditMessage::new()
        .embed(embed(reply, file.is_some()))
        .components(rows(&reply.buttons))
        .allowed_mentions(nobody())
        .attachments(only(file))
}

/// The final form of a deferred answer.
pub(crate) fn final_answer(reply: &Reply) -> EditInteractionResponse {
    let file = file(reply);
    EditInteractionResponse::new()
        .embed(embed(reply, file.is_some()))
        .components(rows(&reply.buttons))
        .allowed_mentions(nobody())
        .attachments(only(file))
}

/// An answer of its own that only the asker sees.
pub(crate) fn private_answer(reply: &Reply) -> CreateInteractionResponseFollowup {
    let file = file(reply);
    let answer = CreateInteractionResponseFollowup::new()
        .embed(embed(reply, file.is_some()))
        .components(rows(&reply.buttons))
        .allowed_mentions(nobody())
        .ephemeral(true);
    match file {
        Some(file) => answer.add_file(file),
        None => answer,
    }
}

fn only(file: Option<CreateAttachment>) -> EditAttachments {
    file.map_or_else(EditAttachments::new, |file| EditAttachments::new().add(file))
}

#[cfg(test)]
mod tests;
