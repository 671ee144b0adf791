//! Reads the platform's errors: what they mean for who sent the request.
//!
//! Source of the codes: Discord's documentation, "JSON Error Codes". Invariant: an error whose effect is unknown
//! (no answer, 5xx) is never taken for "it did not happen".

use serenity::all::HttpError;

/// `Interaction has already been acknowledged.`
const ALREADY_ANSWERED: isize = 40060;
/// `Unknown interaction`: answered by another replica and gone, or three seconds passed.
const UNKNOWN_INTERACTION: isize = 10062;
/// `Unknown Message`
const UNKNOWN_MESSAGE: isize = 10008;
/// `Cannot edit a message authored by another user`: it was posted by an earlier bot account.
const NOT_OUR_MESSAGE: isize = 50005;

/// `A thread has already been created for this message`
const THREAD_IS_THERE: isize = 160_004;

/// What an error means.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    /// May pass: 5xx, 429, a broken connection. The effect is unknown.
    #[error("Discord cannot be reached or is in trouble: {0}")]
    Passing(String),
    /// The token is wrong.
    #[error("Discord refuses the bot's token")]
    Token,
    /// The channel's earlier messages are hidden from the bot, so nobody knows what it has posted.
    #[error("the bot may not read what was posted: it needs the permission Read Message History in this channel")]
    NoHistory,
    /// There is no such message of ours (any more).
    #[error("Discord knows no such message of this bot")]
    UnknownMessage,
    /// The message has a thread already.
    #[error("the message has a thread already")]
    ThreadIsThere,
    /// The interaction has its first answer already.
    #[error("the interaction was answered already")]
    Answered,
    /// Another replica answered the interaction some time ago, or it is too late.
    #[error("the interaction is unknown by now")]
    UnknownInteraction,
    /// It can never work: the channel is gone, access is missing, the form is bad.
    #[error("Discord refuses: {0}")]
    Never(String),
}

impl Trouble {
    /// What a library error means.
    pub(crate) fn of(error: &serenity::Error) -> Self {
        match error {
            serenity::Error::Http(HttpError::UnsuccessfulRequest(answer)) => {
                Self::of_answer(answer.status_code.as_u16(), answer.error.code, &answer.error.message)
            }
            serenity::Error::Http(HttpError::Request(error)) => {
                // The address is not told: an interaction's address holds its token.
                let kind = if error.is_timeout() { "timed out" } else { "connection failed" };
                Self::Passing(kind.to_owned())
            }
            serenity::Error::Http(error) => Self::Never(error.to_string()),
            // The library's own length checks.
            serenity::Error::Model(error) => Self::Never(error.to_string()),
            // An answer that is not what it should be: the request may have worked.
            other => Self::Passing(other.to_string()),
        }
    }

    /// What a status and the platform's own code mean.
    pub(crate) fn of_answer(status: u16, code: isize, message: &str) -> Self {
        match (status, code) {
            (_, ALREADY_ANSWERED) => Self::Answered,
            (_, THREAD_IS_THERE) => Self::ThreadIsThere,
            (_, UNKNOWN_INTERACTION) => Self::UnknownInteraction,
            (_, UNKNOWN_MESSAGE | NOT_OUR_MESSAGE) => Self::UnknownMessage,
            (401, _) => Self::Token,
            (429 | 408 | 500.., _) => Self::Passing(format!("{status} {message}")),
            _ => Self::Never(format!("{status} {message} (code {code})")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_has_its_meaning() {
        let of = |status, code| Trouble::of_answer(status, code, "m");
        assert_eq!(of(400, 40060), Trouble::Answered);
        assert_eq!(of(404, 10062), Trouble::UnknownInteraction);
        assert_eq!(of(404, 10008), Trouble::UnknownMessage);
        assert_eq!(of(403, 50005), Trouble::UnknownMessage);
        assert_eq!(of(401, 0), Trouble::Token);
        assert_eq!(of(400, 160_004), Trouble::ThreadIsThere);
        assert!(matches!(of(404, 10003), Trouble::Never(_)));
        assert!(matches!(of(403, 50001), Trouble::Never(text) if text.contains("403") && text.contains("50001")));
        assert!(matches!(of(400, 50035), Trouble::Never(_)));
        for status in [429, 500, 502, 503, 504] {
            assert!(matches!(of(status, 0), Trouble::Passing(_)), "{status}");
        }
    }
}
