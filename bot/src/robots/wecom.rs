//! WeCom's group robots ("Group robot configuration"): plain text of 2,048 bytes; no signature, the key in the address is the
//! secret; 20 posts a minute; errors come with status 200.

use std::time::Duration;

use serde_json::json;
use tillwatch_shared::watch::RobotAddress;

use super::{Answer, Answered, Limit, Post, plain};
use crate::reply::Reply;

/// 20 a minute; a minute has 18 here, so that a clock that runs otherwise there makes no difference.
pub(super) const LIMIT: Limit = Limit { burst: 4, every: Duration::from_millis(4_200) };
/// Bytes of a text.
const TEXT: usize = 2_048;
/// "invalid webhook url", and a key that is not well formed: a person must mend them.
const REFUSED: [i64; 2] = [93_000, 40_058];
/// "api freq out of limit".
const TOO_MANY: i64 = 45_009;

pub(super) fn post(robot: &RobotAddress, said: &[Reply]) -> Post {
    // `<@somebody>` would call them.
    let text = plain(said, TEXT).replace("<@", "< @");
    let body = json!({ "msgtype": "text", "text": { "content": super::cut(&text, TEXT) } });
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
