//! Why a call of the API failed, and whether it may pass.

use reqwest::StatusCode;
use tillwatch_shared::errors::{Code, Problem};

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The service refused, and said why.
    #[error("refused: {} ({})", .0.code, .0.detail)]
    Problem(Box<Problem>),
    /// No answer: connection refused, cut or timed out.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// An answer that is not of this API, or a question that cannot be asked.
    #[error("unexpected: {0}")]
    Unexpected(String),
}

impl ApiError {
    /// The code of a refusal.
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Problem(problem) => Some(problem.code),
            Self::Unreachable(_) | Self::Unexpected(_) => None,
        }
    }

    /// Whether a fresh token may help.
    pub(super) fn is_stale_token(&self) -> bool {
        matches!(self.code(), Some(Code::CredentialExpired | Code::CredentialInvalid))
    }

    /// Whether the same call may well succeed a little later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Problem(problem) => problem.status == 429 || problem.status >= 500,
            Self::Unexpected(_) => false,
        }
    }
}

impl From<reqwest::Error> for ApiError {
    fn from(error: reqwest::Error) -> Self {
        // The address is left out: it stands in the log's other fields, and an error may reach a chat.
        let error = error.without_url();
        if error.is_decode() || error.is_builder() {
            return Self::Unexpected(error.to_string());
        }
        Self::Unreachable(if error.is_timeout() { "timed out".to_owned() } else { error.to_string() })
    }
}

/// What a call answers, or why it failed.
pub type Answer<T> = Result<T, ApiError>;

/// What a refusal says; a gateway in between may answer for a service that is down.
pub(super) fn refusal(status: StatusCode, body: &[u8], path: &str) -> ApiError {
    match serde_json::from_slice::<Problem>(body) {
        Ok(problem) => ApiError::Problem(Box::new(problem)),
        Err(_) if status.is_server_error() => ApiError::Unreachable(format!("{path}: status {}", status.as_u16())),
        Err(_) => ApiError::Unexpected(format!("{path}: status {}", status.as_u16())),
    }
}
