//! WeCom's group robots ("Group robot configuration"): plain text of 2,048 bytes, or 4,096 with mark-up, which links need; no signature, the key in the address is the
//! secret; 20 posts a minute; errors come with status 200.

use std::time::Duration;

use serde_json::json;
use tillwatch_shared::watch::RobotAddress;

use super::{Answer, Answered, Limit, Post, Said, cut, in_a_row, links, marked, plain};

/// 20 a minute; a minute has 18 here, so that a clock that runs otherwise there makes no difference.
pub(super) const LIMIT: Limit = Limit { burst: 4, every: Duration::from_millis(4_200) };
/// Bytes of a text.
const TEXT: usize = 2_048;
/// Bytes of a text with mark-up.
const MARKDOWN: usize = 4_096;
/// "invalid webhook url", and a key that is not well formed: a person must mend them.
const REFUSED: [i64; 2] = [93_000, 40_058];
/// "api freq out of limit".
const TOO_MANY: i64 = 45_009;

pub(super) fn post(robot: &RobotAddress, said: &[Said]) -> Post {
    let body = if said.iter().any(|one| !one.links.is_empty()) {
        let text = marked(said, MARKDOWN, |one| in_a_row(links(one, said.len())));
        json!({ "msgtype": "markdown", "markdown": { "content": text } })
    } else {
        // `<@somebody>` would call them.
        let text = plain(said, TEXT).replace("<@", "< @");
        json!({ "msgtype": "text", "text": { "content": cut(&text, TEXT) } })
    };
    Post { address: robot.address.clone(), body }
}

pub(super) fn answered(answer: &Answer) -> Answered {
    match answer.code("errcode", "errmsg") {
        Some((0, _)) => Answered::Posted,
        Some((TOO_MANY, said)) => Answered::slower(said, Duration::from_mins(1)),
        Some((code, said)) if REFUSED.contains(&code) => Answered::refused(said),
        Some((_, said)) => Answered::later(said),
        None => answer.by_status(),
    }
}
