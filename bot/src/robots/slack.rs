//! Slack's incoming webhooks ("Sending messages using incoming webhooks", "Handling errors from incoming webhooks", "Rate
//! limits"): no signature, the address is the secret; one post a second with short bursts.

use std::time::Duration;

use serde_json::{Value, json};
use tillwatch_shared::watch::RobotAddress;

use super::{Answer, Answered, Limit, Link, Post, Said, cut, lines, links, plain};

/// One a second; short bursts are let through.
pub(super) const LIMIT: Limit = Limit { burst: 5, every: Duration::from_secs(1) };
/// Bytes of a header; Slack counts 150 characters.
const HEADER: usize = 150;
/// Bytes of a section's text; Slack counts 3,000 characters.
const SECTION: usize = 3_000;
/// Bytes of the text that notifications show.
const TEXT: usize = 1_000;

pub(super) fn post(robot: &RobotAddress, said: &[Said]) -> Post {
    let blocks: Vec<Value> = said.iter().flat_map(|one| blocks(one, links(one, said.len()))).collect();
    Post { address: robot.address.clone(), body: json!({ "text": escaped(&plain(said, TEXT)), "blocks": blocks }) }
}

/// Plain text: what is in it is shown as it is. Our own links stand in a block of their own; a button would be reported to
/// the app, which nobody need have made for that.
fn blocks(said: &Said, links: &[Link]) -> Vec<Value> {
    let (title, rest) = (cut(&said.reply.title, HEADER), lines(&said.reply).split_off(1).join("\n"));
    let mut blocks = vec![
        json!({ "type": "header", "text": { "type": "plain_text", "text": title, "emoji": false } }),
        json!({ "type": "section", "text": { "type": "plain_text", "text": cut(&rest, SECTION), "emoji": false } }),
    ];
    if !links.is_empty() {
        let link = |link: &Link| format!("<{}|{}>", escaped(&link.address), escaped(&link.label));
        let row = links.iter().map(link).collect::<Vec<_>>().join(" · ");
        blocks.push(json!({ "type": "section", "text": { "type": "mrkdwn", "text": row, "verbatim": true } }));
    }
    blocks
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
