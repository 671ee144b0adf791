//! Slack's incoming webhooks ("Sending messages using incoming webhooks", "Handling errors from incoming webhooks", "Rate
//! limits"): no signature, the address is the secret; one post a second with short bursts.

use std::time::Duration;

use serde_json::{Value, json};
use tillwatch_shared::watch::RobotAddress;

use super::{Answer, Answered, Limit, Post, cut, lines, plain};
use crate::reply::Reply;

/// One a second; short bursts are let through.
pub(super) const LIMIT: Limit = Limit { burst: 5, every: Duration::from_secs(1) };
/// Bytes of a header; Slack counts 150 characters.
const HEADER: usize = 150;
/// Bytes of a section's text; Slack counts 3,000 characters.
const SECTION: usize = 3_000;
/// Bytes of the text that notifications show.
const TEXT: usize = 1_000;

pub(super) fn post(robot: &RobotAddress, said: &[Reply]) -> Post {
    let blocks: Vec<Value> = said.iter().flat_map(blocks).collect();
    Post { address: robot.address.clone(), body: json!({ "text": escaped(&plain(said, TEXT)), "blocks": blocks }) }
}

/// Plain text in all of them: what is in it is shown as it is.
fn blocks(reply: &Reply) -> [Value; 2] {
    let (title, rest) = (cut(&reply.title, HEADER), lines(reply).split_off(1).join("\n"));
    [
        json!({ "type": "header", "text": { "type": "plain_text", "text": title, "emoji": false } }),
        json!({ "type": "section", "text": { "type": "plain_text", "text": cut(&rest, SECTION), "emoji": false } }),
    ]
}

/// The three characters that call people or make links ("Formatting text for app surfaces").
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

pub(super) fn answered(answer: &Answer) -> Answered {
    let said = format!("{} {}", answer.status, cut(answer.body.trim(), 200));
    match answer.status {
        200 if answer.body.trim() == "ok" => Answered::Posted,
        // The words are those of Slack's list: no_service, channel_not_found, channel_is_archived, invalid_token and so on.
        400 | 403 | 404 | 410 => Answered::refused(said),
        _ => answer.by_status(),
    }
}
