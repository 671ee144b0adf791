//! Chats that are written to by a robot's address: Slack, Feishu, DingTalk and WeCom.
//!
//! Cast: each chat is one file that says what a post looks like and what its answer means ([`slack`], [`feishu`],
//! [`dingtalk`], [`wecom`], pure); [`sink`] posts, [`pace`] keeps each chat's limit and lets what waits go in one message.
//! A robot only speaks: nobody can answer it, and a message that it posted stays as it is. So an incident is posted when it
//! begins, when somebody takes it and when it is over, and not for every change of its figures.
//!
//! What can be done about it stands under it as links to the alert's page, which asks whoever opens it to sign in.
//!
//! Invariants: an address and a secret are never logged nor told in an error; what is posted is plain text to the chat,
//! whatever a campaign is called (nobody is called by an `@`, nothing that somebody wrote is marked up), and the only links
//! are ours; a robot is posted to at the address of its own chat only; an answer that says 200 and holds an error is an error. These chats know no nonce: a post whose
//! answer was lost is posted again, with the same small print.

mod dingtalk;
mod feishu;
mod pace;
mod sink;
mod slack;
mod wecom;

pub use sink::RobotSink;
pub(crate) use sink::sinks;

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tillwatch_shared::watch::{Delivery, RobotAddress, Transport};

use crate::command::Action;
use crate::reply::{Button, Reply};

/// The chats of robots.
pub const CHATS: [Transport; 4] = [Transport::Slack, Transport::Feishu, Transport::Dingtalk, Transport::Wecom];

/// How often a robot of a chat may post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Limit {
    /// Posts in a row before it has to slow down.
    burst: u32,
    /// Then one after each of these.
    every: Duration,
}

/// A link to the alert's page.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Link {
    /// What it says.
    label: String,
    /// Where it leads.
    address: String,
}

/// One incident as a robot says it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    /// Its words.
    reply: Reply,
    /// What can be done about it, looking first.
    links: Vec<Link>,
}

impl Said {
    /// A delivery's words, with links for what its buttons would do.
    fn of(delivery: &Delivery, reply: &Reply) -> Self {
        let link = |button: &Button| {
            let page = delivery.page.as_ref()?;
            let address = match button.action {
                Action::Open(_) => page.clone(),
                Action::Acknowledge(_) => format!("{page}/acknowledge"),
                Action::Pause(_) => format!("{page}/pause"),
                Action::Resume(_) | Action::Silence(_) => return None,
            };
            Some(Link { label: button.label.clone(), address })
        };
        let mut links: Vec<Link> = reply.buttons.iter().filter(|button| !button.disabled).filter_map(link).collect();
        links.reverse();
        Self { reply: reply.clone(), links }
    }
}

/// The links under one of `count` incidents: all of them where it is alone, else the one that shows it.
fn links(said: &Said, count: usize) -> &[Link] {
    if count == 1 { &said.links } else { &said.links[..said.links.len().min(1)] }
}

/// A post, ready to be sent as JSON.
#[derive(Clone, PartialEq)]
struct Post {
    /// Where to, with the signature where that is part of the address.
    address: String,
    /// What.
    body: Value,
}

/// What a chat's answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answered {
    /// The chat shows it.
    Posted,
    /// It may work later.
    Later {
        /// What the chat said.
        said: String,
        /// Not before this.
        after: Option<Duration>,
    },
    /// It will not work until a person mends the robot.
    Refused {
        /// What the chat said.
        said: String,
    },
}

impl Answered {
    /// A refusal that may pass.
    fn later(said: impl Into<String>) -> Self {
        Self::Later { said: said.into(), after: None }
    }

    /// Too much at once.
    fn slower(said: impl Into<String>, after: Duration) -> Self {
        Self::Later { said: said.into(), after: Some(after) }
    }

    /// A refusal for good.
    fn refused(said: impl Into<String>) -> Self {
        Self::Refused { said: said.into() }
    }
}

/// An answer as it came.
#[derive(Clone, Debug)]
struct Answer {
    /// The HTTP status.
    status: u16,
    /// `Retry-After`, in seconds.
    retry_after: Option<u64>,
    /// The beginning of the body.
    body: String,
}

impl Answer {
    /// The number under `key` of a JSON body, and the text under `words` that goes with it.
    fn code(&self, key: &str, words: &str) -> Option<(i64, String)> {
        let body: Value = serde_json::from_str(&self.body).ok()?;
        let code = body.get(key)?.as_i64()?;
        let said = body.get(words).and_then(Value::as_str).unwrap_or_default();
        Some((code, format!("{code} {}", cut(said, 200))))
    }

    /// What an answer means that is no success and holds no code of the chat.
    fn by_status(&self) -> Answered {
        let said = format!("HTTP {}", self.status);
        match self.status {
            429 => Answered::slower(said, Duration::from_secs(self.retry_after.unwrap_or(60))),
            408 | 500..=599 | 200..=299 => Answered::later(said),
            _ => Answered::refused(said),
        }
    }
}

/// How often a robot of this chat may post.
fn limit(transport: Transport) -> Limit {
    match transport {
        Transport::Slack => slack::LIMIT,
        Transport::Feishu => feishu::LIMIT,
        Transport::Dingtalk => dingtalk::LIMIT,
        _ => wecom::LIMIT,
    }
}

/// The post of `said`, which are one incident or several.
fn post(transport: Transport, robot: &RobotAddress, said: &[Said], now: DateTime<Utc>) -> Post {
    match transport {
        Transport::Slack => slack::post(robot, said),
        Transport::Feishu => feishu::post(robot, said, now),
        Transport::Dingtalk => dingtalk::post(robot, said, now),
        _ => wecom::post(robot, said),
    }
}

/// What the chat's answer means.
fn answered(transport: Transport, answer: &Answer) -> Answered {
    match transport {
        Transport::Slack => slack::answered(answer),
        Transport::Feishu => feishu::answered(answer),
        Transport::Dingtalk => dingtalk::answered(answer),
        _ => wecom::answered(answer),
    }
}

/// One incident as lines of plain text; the last one is its small print.
fn lines(reply: &Reply) -> Vec<String> {
    let mut lines = vec![reply.title.clone(), reply.body.clone()];
    lines.extend(reply.fields.iter().map(|field| format!("{}: {}", field.name, field.value)));
    lines.extend(reply.footer.clone());
    lines.retain(|line| !line.trim().is_empty());
    lines
}

/// A text of at most `bytes` bytes of one incident or several: each gets an equal part of the room.
fn plain(said: &[Said], bytes: usize) -> String {
    const BETWEEN: &str = "\n\n";
    let each = bytes / said.len().max(1) - BETWEEN.len();
    said.iter().map(|said| cut(&lines(&said.reply).join("\n"), each)).collect::<Vec<_>>().join(BETWEEN)
}

/// The same for a chat that marks up, with the links; `linked` says which links stand in the text.
fn marked(said: &[Said], bytes: usize, linked: impl Fn(&Said) -> String) -> String {
    const BETWEEN: &str = "\n\n";
    let each = (bytes / said.len().max(1)).saturating_sub(2 * BETWEEN.len());
    let one = |said: &Said| {
        let links = linked(said);
        let text = unmarked(&lines(&said.reply).join(BREAK));
        let parts = [cut(&text, each.saturating_sub(links.len())), links];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(BETWEEN)
    };
    said.iter().map(one).collect::<Vec<_>>().join(BETWEEN)
}

/// A break of a line in a marked-up text, which two blanks before it make sure of.
const BREAK: &str = "  \n";

/// Links in a row, marked up.
fn in_a_row(links: &[Link]) -> String {
    links.iter().map(|link| format!("[{}]({})", link.label, link.address)).collect::<Vec<_>>().join(" | ")
}

/// A text for a chat whose mark-up cannot be escaped: what would be a mark becomes its full-width twin.
fn unmarked(text: &str) -> String {
    let twin = |mark: char| match mark {
        '[' => '［',
        ']' => '］',
        '<' => '＜',
        '>' => '＞',
        '*' => '＊',
        '_' => '＿',
        '`' => '｀',
        '~' => '～',
        '#' => '＃',
        '|' => '｜',
        other => other,
    };
    text.chars().map(twin).collect()
}

/// At most `bytes` bytes of a text; what was cut is marked.
fn cut(text: &str, bytes: usize) -> String {
    const MARK: &str = "…";
    if text.len() <= bytes {
        return text.to_owned();
    }
    let mut end = bytes.saturating_sub(MARK.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{MARK}", &text[..end])
}

#[cfg(test)]
mod tests;
