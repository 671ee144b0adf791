//! Feishu's and Lark's custom robots ("Custom bot guide"): a card in plain text; signed by HMAC-SHA256 of nothing under
//! `<seconds>\n<secret>`, in base64, in the body; 100 posts a minute and five a second; errors come with status 200.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use tillwatch_shared::watch::RobotAddress;

use super::{Answer, Answered, Limit, Link, Post, Said, cut, lines, links};
use crate::reply::Tone;

/// 100 a minute.
pub(super) const LIMIT: Limit = Limit { burst: 5, every: Duration::from_millis(600) };
/// Bytes of all texts of a card: a request may have 20 KiB, and each character of these may be escaped.
const TEXTS: usize = 6_000;
/// Bytes of a card's header.
const HEADER: usize = 240;
/// "sign match fail or timestamp is not within one hour from current time", "ip not allowed", "key words not found", and
/// an address that is no robot's: a person must mend them.
const REFUSED: [i64; 4] = [19_021, 19_022, 19_024, 19_001];
/// Too many posts, told in two ways.
const TOO_MANY: [i64; 2] = [11_232, 9_499];

pub(super) fn post(robot: &RobotAddress, said: &[Said], now: DateTime<Utc>) -> Post {
    let mut body = json!({ "msg_type": "interactive", "card": card(said) });
    if let (Some(secret), Some(fields)) = (&robot.secret, body.as_object_mut()) {
        let seconds = now.timestamp();
        fields.insert("timestamp".to_owned(), json!(seconds.to_string()));
        fields.insert("sign".to_owned(), json!(sign(secret, seconds)));
    }
    Post { address: robot.address.clone(), body }
}

/// The signature: the text is the key, and nothing is signed by it.
fn sign(secret: &str, seconds: i64) -> String {
    let key = format!("{seconds}\n{secret}");
    // HMAC takes a key of any length.
    let code = Hmac::<Sha256>::new_from_slice(key.as_bytes()).map(|mac| mac.finalize().into_bytes());
    code.map(|code| STANDARD.encode(code)).unwrap_or_default()
}

fn card(said: &[Said]) -> Value {
    let each = TEXTS / said.len().max(1);
    let text = |content: String| json!({ "tag": "div", "text": { "tag": "plain_text", "content": content } });
    let mut elements = Vec::new();
    for (place, one) in said.iter().enumerate() {
        // The first one's title is the card's header.
        let skipped = usize::from(place == 0);
        if place > 0 {
            elements.push(json!({ "tag": "hr" }));
        }
        elements.push(text(cut(&lines(&one.reply).split_off(skipped).join("\n"), each)));
        let buttons: Vec<Value> = links(one, said.len()).iter().map(button).collect();
        if !buttons.is_empty() {
            elements.push(json!({ "tag": "action", "actions": buttons }));
        }
    }
    let first = said.first().map(|one| &one.reply);
    let title = first.map(|reply| cut(&reply.title, HEADER)).unwrap_or_default();
    json!({
        "header": { "template": colour(first.map(|reply| reply.tone)), "title": { "tag": "plain_text", "content": title } },
        "elements": elements,
    })
}

/// A button that opens an address: the only kind that a custom robot's card has.
fn button(link: &Link) -> Value {
    let text = json!({ "tag": "plain_text", "content": link.label });
    json!({ "tag": "button", "type": "default", "text": text, "url": link.address })
}

fn colour(tone: Option<Tone>) -> &'static str {
    match tone {
        Some(Tone::Critical | Tone::Refused) => "red",
        Some(Tone::Warning) => "orange",
        Some(Tone::Good) => "green",
        Some(Tone::Plain) | None => "blue",
    }
}

pub(super) fn answered(answer: &Answer) -> Answered {
    // Older robots answer in `StatusCode`.
    let found = answer.code("code", "msg").or_else(|| answer.code("StatusCode", "StatusMessage"));
    match found {
        Some((0, _)) => Answered::Posted,
        Some((code, said)) if TOO_MANY.contains(&code) => Answered::slower(said, Duration::from_mins(1)),
        Some((code, said)) if REFUSED.contains(&code) => Answered::refused(said),
        Some((_, said)) => Answered::later(said),
        None => answer.by_status(),
    }
}

#[cfg(test)]
pub(super) fn signed(secret: &str, seconds: i64) -> String {
    sign(secret, seconds)
}
