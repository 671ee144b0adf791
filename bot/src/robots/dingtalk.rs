//! DingTalk's custom robots ("Custom robot access", "Custom robot message types", "Security settings"): signed (加签) by HMAC-SHA256 of
//! `<milliseconds>\n<secret>` under the secret, in base64, percent-encoded, in the address; 20 posts a minute, and whoever
//! sends more is shut out for ten minutes; errors come with status 200.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use tillwatch_shared::watch::RobotAddress;

use super::{Answer, Answered, Limit, Link, Post, Said, cut, in_a_row, links, marked, plain};

/// 20 a minute; a minute has 18 here, so that a clock that runs otherwise there makes no difference.
pub(super) const LIMIT: Limit = Limit { burst: 4, every: Duration::from_millis(4_200) };
/// Bytes of a text; a request may have 20,000.
const TEXT: usize = 6_000;
/// Bytes of a title, which lists of chats and notifications show.
const TITLE: usize = 240;
/// The signature, a key word or the sender's address does not fit; the token or the robot is not there. A person must mend
/// them.
const REFUSED: [i64; 4] = [310_000, 300_001, 40_035, 400_013];
/// Too many posts: "send too fast, exceed 20 times per minute".
const TOO_MANY: i64 = 130_101;

pub(super) fn post(robot: &RobotAddress, said: &[Said], now: DateTime<Utc>) -> Post {
    let milliseconds = now.timestamp_millis();
    let signature = robot.secret.as_deref().map(|secret| {
        let sign = encoded(&sign(secret, milliseconds));
        format!("&timestamp={milliseconds}&sign={sign}")
    });
    let address = [robot.address.as_str(), signature.as_deref().unwrap_or_default()].concat();
    Post { address, body: body(said) }
}

/// One incident is a card with buttons, several are a text with a link under each; what has no page is plain text. Nobody is
/// named under `at`, so nobody is called by what stands in the text.
fn body(said: &[Said]) -> Value {
    let title = said.first().map(|one| cut(&one.reply.title, TITLE)).unwrap_or_default();
    match said {
        [one] if !one.links.is_empty() => {
            let button = |link: &Link| json!({ "title": link.label, "actionURL": link.address });
            let buttons: Vec<Value> = one.links.iter().map(button).collect();
            let text = marked(said, TEXT, |_| String::new());
            json!({ "msgtype": "actionCard",
                "actionCard": { "title": title, "text": text, "btnOrientation": "0", "btns": buttons } })
        }
        several if several.iter().any(|one| !one.links.is_empty()) => {
            let text = marked(said, TEXT, |one| in_a_row(links(one, said.len())));
            json!({ "msgtype": "markdown", "markdown": { "title": title, "text": text }, "at": { "isAtAll": false } })
        }
        _ => json!({ "msgtype": "text", "text": { "content": plain(said, TEXT) }, "at": { "isAtAll": false } }),
    }
}

fn sign(secret: &str, milliseconds: i64) -> String {
    // HMAC takes a key of any length.
    let code = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map(|mac| {
        let text = format!("{milliseconds}\n{secret}");
        mac.chain_update(text.as_bytes()).finalize().into_bytes()
    });
    code.map(|code| STANDARD.encode(code)).unwrap_or_default()
}

/// The three characters of base64 that mean something else in a query.
fn encoded(base64: &str) -> String {
    base64.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

pub(super) fn answered(answer: &Answer) -> Answered {
    match answer.code("errcode", "errmsg") {
        Some((0, _)) => Answered::Posted,
        Some((TOO_MANY, said)) => Answered::slower(said, Duration::from_mins(10)),
        Some((code, said)) if REFUSED.contains(&code) => Answered::refused(said),
        Some((_, said)) => Answered::later(said),
        None => answer.by_status(),
    }
}

#[cfg(test)]
pub(super) fn signed(secret: &str, milliseconds: i64) -> String {
    encoded(&sign(secret, milliseconds))
}
