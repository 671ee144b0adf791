//! What the bot says, apart from any chat: a transport turns a [`Reply`] into its own message.
//!
//! Invariant: a reply holds finished words in the reader's language; a transport adds none, and cuts nothing
//! silently (limits are kept by [`Reply::within_limits`] with an ellipsis).

use crate::command::Action;

/// The colour of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Neutral.
    Plain,
    /// Done, resolved.
    Good,
    /// A warning.
    Warning,
    /// Critical: a stop-loss, say.
    Critical,
    /// Refused: no permission, bad input.
    Refused,
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// PNG bytes.
    pub png: Vec<u8>,
    /// What it shows, for screen readers; at most 1,024 characters.
    pub alt: String,
}

/// A button under a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    /// At most 80 characters.
    pub label: String,
    /// What it does.
    pub action: Action,
    /// Shown but dead: the state no longer allows it.
    pub disabled: bool,
}

/// A name and a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// At most 256 characters.
    pub name: String,
    /// At most 1,024 characters.
    pub value: String,
    /// May stand beside others.
    pub inline: bool,
}

/// What the bot says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The colour.
    pub tone: Tone,
    /// The first line; at most 256 characters.
    pub title: String,
    /// The text; at most 4,096 characters.
    pub body: String,
    /// Figures.
    pub fields: Vec<Field>,
    /// A picture, if there is one.
    pub picture: Option<Picture>,
    /// Buttons.
    pub buttons: Vec<Button>,
    /// Small print: a delivery's id, a request id.
    pub footer: Option<String>,
    /// Only for the person who asked.
    pub private: bool,
}

/// The limits of a message: those of the narrowest chat.
pub mod limits {
    /// Characters of a title.
    pub const TITLE: usize = 256;
    /// Characters of the text.
    pub const BODY: usize = 4_096;
    /// How many fields.
    pub const FIELDS: usize = 25;
    /// Characters of a field's name.
    pub const NAME: usize = 256;
    /// Characters of a field's value.
    pub const VALUE: usize = 1_024;
    /// Characters of a footer.
    pub const FOOTER: usize = 2_048;
    /// Characters of title, text, fields and footer together.
    pub const TOTAL: usize = 6_000;
    /// Characters of a button's label.
    pub const LABEL: usize = 80;
    /// Buttons in all: five rows of five.
    pub const BUTTONS: usize = 25;
    /// Characters of a picture's description.
    pub const ALT: usize = 1_024;
}

impl Reply {
    /// A reply of a first line and a text.
    pub fn say(tone: Tone, title: impl Into<String>, body: impl Into<String>) -> Self {
        Self {
            tone,
            title: title.into(),
            body: body.into(),
            fields: Vec::new(),
            picture: None,
            buttons: Vec::new(),
            footer: None,
            private: false,
        }
    }

    /// The same, only for the person who asked.
    #[must_use]
    pub fn private(self) -> Self {
        Self { private: true, ..self }
    }

    /// The same with one more field; a chat refuses empty ones, so those are left out.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>, value: impl Into<String>, inline: bool) -> Self {
        let (name, value) = (name.into(), value.into());
        if !name.trim().is_empty() && !value.trim().is_empty() {
            self.fields.push(Field { name, value, inline });
        }
        self
    }

    /// The same within the [`limits`]: what is too long ends in an ellipsis, and the last fields give way first.
    #[must_use]
    pub fn within_limits(mut self) -> Self {
        use limits::{ALT, BODY, BUTTONS, FIELDS, FOOTER, LABEL, NAME, TITLE, TOTAL, VALUE};
        shorten(&mut self.title, TITLE);
        shorten(&mut self.body, BODY);
        self.fields.truncate(FIELDS);
        for field in &mut self.fields {
            shorten(&mut field.name, NAME);
            shorten(&mut field.value, VALUE);
        }
        self.buttons.truncate(BUTTONS);
        for button in &mut self.buttons {
            shorten(&mut button.label, LABEL);
        }
        if let Some(footer) = &mut self.footer {
            shorten(footer, FOOTER);
        }
        if let Some(picture) = &mut self.picture {
            shorten(&mut picture.alt, ALT);
        }
        while self.size() > TOTAL && self.fields.pop().is_some() {}
        let over = self.size().saturating_sub(TOTAL);
        if over > 0 {
            let room = self.body.chars().count().saturating_sub(over);
            shorten(&mut self.body, room);
        }
        self
    }

    /// Characters of title, text, fields and footer together.
    pub fn size(&self) -> usize {
        let fields = self.fields.iter().map(|field| field.name.chars().count() + field.value.chars().count());
        let footer = self.footer.as_ref().map_or(0, |footer| footer.chars().count());
        self.title.chars().count() + self.body.chars().count() + fields.sum::<usize>() + footer
    }
}

/// Cuts to `limit` characters, the last of them an ellipsis.
fn shorten(text: &mut String, limit: usize) {
    if text.chars().count() <= limit {
        return;
    }
    let kept: String = text.chars().take(limit.saturating_sub(1)).collect();
    kept.trim_end().clone_into(text);
    if limit > 0 {
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_reply_fits_a_message(
            title in 0_usize..400, body in 0_usize..5_000, fields in prop::collection::vec((0_usize..300, 0_usize..1_200), 0..30),
            footer in 0_usize..2_100,
        ) {
            let mut reply = Reply::say(Tone::Plain, "警".repeat(title), "a".repeat(body));
            for (name, value) in fields {
                reply = reply.field("n".repeat(name), "值".repeat(value), true);
            }
            reply.footer = Some("f".repeat(footer));
            let reply = reply.within_limits();
            prop_assert!(reply.size() <= limits::TOTAL);
            prop_assert!(reply.title.chars().count() <= limits::TITLE);
            prop_assert!(reply.body.chars().count() <= limits::BODY);
            prop_assert!(reply.fields.len() <= limits::FIELDS);
            prop_assert!(reply.fields.iter().all(|f| !f.value.is_empty() && f.value.chars().count() <= limits::VALUE));
        }
    }

    #[test]
    fn what_is_cut_says_so() {
        let reply = Reply::say(Tone::Plain, "t".repeat(300), "short").within_limits();
        assert!(reply.title.ends_with('…') && reply.title.chars().count() == limits::TITLE);
        assert_eq!(reply.body, "short");
    }
}
