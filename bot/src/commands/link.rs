//! `link CODE`.

use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Permission;

use super::{language, only_you, refused};
use crate::api::Api;
use crate::command::Actor;
use crate::reply::{Reply, Tone};
use crate::wording::{self, Topic, spelled};

/// The longest code that the API takes.
const LONGEST: usize = 32;

/// Links the actor to the staff who asked for the code. The answer is for the actor only.
pub(super) async fn link(code: &str, actor: &Actor, api: &Api) -> Reply {
    let code = code.trim();
    if code.is_empty() {
        let words = language(actor, api).await;
        return only_you(Tone::Refused, words.incomplete(&spelled(actor.transport, Topic::Link, "CODE")));
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
        _ => refused(&error, None, actor, words, Permission::ChatManage),
    }
}
