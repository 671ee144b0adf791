//! The closed list of error codes, and the problem body that carries one (RFC 9457).
//!
//! A code is never renamed; each has one status and one description. The list is part of the OpenAPI document.

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($( $variant:ident $word:tt $status:literal $title:literal ),+ $(,)?) => {
        words! {
            /// Why a request was refused. Each code has one HTTP status.
            pub enum Code { $( #[doc = $title] $variant = $word ),+ }
        }

        impl Code {
            /// The HTTP status that goes with the code.
            pub const fn status(self) -> u16 {
                match self { $( Self::$variant => $status ),+ }
            }

            /// One sentence for people, in English.
            pub const fn title(self) -> &'static str {
                match self { $( Self::$variant => $title ),+ }
            }
        }
    };
}

codes! {
    MalformedBody "malformed_body" 400 "The body could not be read.",
    MalformedQuery "malformed_query" 400 "The query string could not be read.",
    MalformedHeader "malformed_header" 400 "A header could not be read.",
    InvalidCursor "invalid_cursor" 400 "The cursor does not belong to this list.",
    CredentialMissing "credential_missing" 401 "A credential is needed: send `Authorization: Bearer …`.",
    CredentialInvalid "credential_invalid" 401 "The credential is not valid.",
    CredentialExpired "credential_expired" 401 "The credential has expired.",
    SignInFailed "sign_in_failed" 401 "The e-mail or the password is wrong.",
    SecondFactorRequired "second_factor_required" 401 "The second factor is needed: send the code of your authenticator.",
    ReauthenticationRequired "reauthentication_required" 403 "Confirm who you are first: the last sign-in is too long ago for this.",
    EnrolmentRequired "enrolment_required" 403 "The retailer asks for a second factor: enrol one first.",
    TenantSuspended "tenant_suspended" 403 "The retailer is suspended or being closed.",
    PermissionDenied "permission_denied" 403 "The credential lacks the permission that this operation asks for.",
    ChatUserNotLinked "chat_user_not_linked" 403 "This chat user is not linked to a staff account.",
    NotFound "not_found" 404 "There is no such object.",
    MethodNotAllowed "method_not_allowed" 405 "The address exists, but not with this method.",
    StateConflict "state_conflict" 409 "The object's state does not allow this.",
    AlreadyExists "already_exists" 409 "Something with this name or key exists already.",
    RequestInFlight "request_in_flight" 409 "A request with this idempotency key is being worked on.",
    LeaseLost "lease_lost" 409 "The lease was lost; someone else has the work now.",
    VersionStale "version_stale" 412 "The object has changed since you read it.",
    BodyTooLarge "body_too_large" 413 "The body is too large.",
    UnsupportedMediaType "unsupported_media_type" 415 "The content type or encoding is not supported.",
    ValidationFailed "validation_failed" 422 "One or more fields are not valid.",
    IdempotencyKeyReused "idempotency_key_reused" 422 "This idempotency key was used for another request.",
    PreconditionRequired "precondition_required" 428 "Send `If-Match` with the version that you read.",
    TooManyRequests "too_many_requests" 429 "Too many requests; wait and try again.",
    Internal "internal" 500 "Something went wrong on our side.",
    Overloaded "overloaded" 503 "The service is busy; try again shortly.",
    NotReady "not_ready" 503 "This process cannot take requests: it is stopping, or its schema is older than itself.",
    DatabaseUnavailable "database_unavailable" 503 "The database cannot be reached; try again shortly.",
}

/// One field that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldProblem {
    /// JSON pointer of the field (`/stop_loss/amount_minor`), or `?name` for a query parameter.
    pub pointer: String,
    /// A short machine-readable reason (`required`, `too_long`, `unknown_field`, `not_found` …).
    pub code: String,
    /// What is wrong and how to mend it.
    pub detail: String,
}

/// `application/problem+json`, RFC 9457.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// A URI reference that names the kind of problem: `/docs/errors#<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code's one-sentence description.
    pub title: String,
    /// The HTTP status, once more.
    #[cfg_attr(feature = "openapi", schema(minimum = 400, maximum = 599))]
    pub status: u16,
    /// What happened this time and how to mend it.
    pub detail: String,
    /// The path that was called.
    pub instance: String,
    /// The closed machine-readable code.
    pub code: Code,
    /// The request id, also in the `X-Request-Id` header and the logs.
    pub request_id: String,
    /// The fields that were refused, if fields were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
}
