//! `link CODE`.

use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Permission;

use super::spec::{CommandSpec, OptionSpec, Run, Texts, both};
use super::{Standing, language, only_you, refused};
use crate::api::Api;
use crate::command::Actor;
use crate::reply::{Reply, Tone};
use crate::wording;

/// The longest code that the API takes.
const LONGEST: usize = 32;

/// The one-time code.
const CODE: OptionSpec = OptionSpec::text(
    "code",
    "绑定码",
    both("The code that you were shown after signing in", "登录后获得的一次性绑定码"),
)
.required()
.example("CODE");

/// `link CODE`: link this chat user (and, the first time, this server) to a staff.
pub(crate) static LINK: CommandSpec = CommandSpec::new(
    "link",
    "绑定",
    Texts {
        about: both("Link yourself to your staff account with a one-time code", "用一次性绑定码绑定您的员工账号"),
        line: both("link yourself to your account, with a one-time code", "用一次性绑定码绑定您的员工账号"),
        help: both(
            "Sign in to Tillwatch, ask for a code (POST /v1/chat-links/code) and type it here within a few minutes. You then act with your account's rights. Someone who may manage chats links the server at the same time, and alerts appear in that channel; linking again in another channel moves them there.",
            "请先登录 Tillwatch 获取绑定码（POST /v1/chat-links/code），几分钟内在此输入。之后您将以该员工账号的权限操作。有聊天管理权限的人会同时绑定服务器，预警将显示在该聊天频道；在其他聊天频道再次绑定，预警即改在那里显示。",
        ),
    },
    Run::Anyone(|given, actor, api| Box::pin(link(given.wanted(&CODE), actor, api))),
)
.options(&[CODE])
.private();

/// Links the actor to the staff who asked for the code. The answer is for the actor only.
async fn link(code: &str, actor: &Actor, api: &Api) -> Reply {
    let code = code.trim();
    if code.is_empty() {
        let words = language(actor, api).await;
        return only_you(Tone::Refused, words.incomplete(&LINK.usage(actor.transport)));
    }
    if code.len() > LONGEST {
        return only_you(Tone::Refused, language(actor, api).await.code_refused());
    }
    let error = match api.redeem(code, actor).await {
        Ok(linked) => {
            let words = wording::of(linked.locale);
            return only_you(
                Tone::Good,
                words.linked(&linked.staff, &linked.retailer, linked.server_linked, linked.channel_moved),
            );
        }
        Err(error) => error,
    };
    let words = language(actor, api).await;
    match error.code() {
        Some(Code::NotFound | Code::ValidationFailed | Code::CredentialInvalid | Code::CredentialExpired) => {
            only_you(Tone::Refused, words.code_refused())
        }
        _ => refused(&error, Standing::default(), actor, words, Permission::ChatManage),
    }
}
