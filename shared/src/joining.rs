//! Bodies of invitations, of passwords that are changed or forgotten, and of a person's own settings.

use crate::Locale;
use crate::authority::{NamedDepartment, NamedRole};
use crate::ids::{ChannelId, DepartmentId, InvitationId, RoleId, StaffId};
use crate::permissions::Role;
use chrono::{DateTime, Utc};

words! {
    /// How far an invitation is.
    pub enum InvitationState {
        /// It can be accepted.
        Pending = "pending",
        /// Somebody joined by it.
        Accepted = "accepted",
        /// It was taken back.
        Withdrawn = "withdrawn",
        /// Nobody accepted it in its time; sending it again gives it new time.
        Expired = "expired",
    }

    /// How far a mail is.
    pub enum MailState {
        /// It will be sent, or sent again.
        Waiting = "waiting",
        /// The mail server took it.
        Sent = "sent",
        /// No mail server is set: `tillwatch mail` shows it.
        Kept = "kept",
        /// The mail server refused it for good.
        Failed = "failed",
    }
}

requests! {
    /// Somebody is to join.
    pub struct Invite {
        /// Where the invitation is sent; they sign in with it.
        #[cfg_attr(feature = "openapi", schema(min_length = 3, max_length = 254, example = "li@harbour.example"))]
        pub email: String,
        /// Their name, if it is known; they may choose another.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 120, example = "Li Wei"))]
        pub name: Option<String>,
        /// What they will be; nobody gives a role that may do more than they may themselves. Either this or `custom_role`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub role: Option<Role>,
        /// A role of the retailer's own, instead of a built-in one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub custom_role: Option<RoleId>,
        /// Their department.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub department: Option<DepartmentId>,
        /// The channels that their permissions will reach: every one if absent, none if empty.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(max_items = 500))]
        pub channels: Option<Vec<ChannelId>>,
        /// Language of the mail; the retailer's if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub locale: Option<Locale>,
    }

    /// Somebody joins by an invitation.
    pub struct AcceptInvitation {
        /// The token of the mailed link; works once.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256, example = "twl_the-part-behind-token="))]
        pub token: String,
        /// Their own name at this retailer.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 120, example = "Li Wei"))]
        pub name: String,
        /// A new password of 8 to 128 characters; for somebody who has a login with this address, its password.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 128, example = "correct horse battery"))]
        pub password: String,
        /// The authenticator's six digits or a recovery code, for somebody whose login has a second factor.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(min_length = 6, max_length = 64, example = "287082"))]
        pub code: Option<String>,
    }

    /// Somebody has forgotten their password.
    pub struct RequestPasswordReset {
        /// The address they sign in with, in any case.
        #[cfg_attr(feature = "openapi", schema(min_length = 3, max_length = 254, example = "mei@harbour.example"))]
        pub email: String,
    }

    /// A new password in place of a forgotten one.
    pub struct ResetPassword {
        /// The token of the mailed link; works once.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256, example = "twl_the-part-behind-token="))]
        pub token: String,
        /// 8 to 128 characters; common passwords are refused.
        #[cfg_attr(feature = "openapi", schema(min_length = 8, max_length = 128, example = "correct horse battery"))]
        pub password: String,
    }

    /// A new password in place of a known one.
    pub struct ChangePassword {
        /// The present password.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 128, example = "correct horse battery"))]
        pub current: String,
        /// 8 to 128 characters; common passwords are refused.
        #[cfg_attr(feature = "openapi", schema(min_length = 8, max_length = 128, example = "staple battery horse"))]
        pub new: String,
    }

    /// Changes to one's own settings; an absent field stays.
    pub struct UpdateProfile {
        /// A new name.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::given")]
        #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 120, example = "Mei Lin"))]
        pub name: Option<String>,
        /// Language of one's own messages; `null` for the retailer's.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::wire::clearable")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<Locale>))]
        pub locale: Option<Option<Locale>>,
    }
}

answers! {
    /// An invitation, without its token.
    pub struct Invitation {
        /// Its id.
        pub id: InvitationId,
        /// Where it was sent.
        pub email: String,
        /// The invited person's name, if the inviter knew it.
        pub name: Option<String>,
        /// What they will be, unless they are given a role of the retailer's own.
        pub role: Role,
        /// The role of the retailer's own that they will have instead.
        pub custom_role: Option<NamedRole>,
        /// Their department.
        pub department: Option<NamedDepartment>,
        /// The channels that their permissions will reach; `null` for every one.
        #[cfg_attr(feature = "openapi", schema(max_items = 500))]
        pub channels: Option<Vec<ChannelId>>,
        /// Language of the mail.
        pub locale: Locale,
        /// Who invited.
        pub invited_by: StaffId,
        /// How far it is.
        pub state: InvitationState,
        /// How far its last mail is; absent when that is too old to be kept.
        pub mail: Option<MailState>,
        /// Why the mail was refused, in the mail server's words.
        pub mail_failure: Option<String>,
        /// When it was made.
        pub created_at: DateTime<Utc>,
        /// Until when it can be accepted.
        pub expires_at: DateTime<Utc>,
        /// Who joined by it.
        pub staff: Option<StaffId>,
    }

    /// A person's own settings at a retailer.
    pub struct Profile {
        /// Their id.
        pub id: StaffId,
        /// Their name.
        pub name: String,
        /// What they are.
        pub role: Role,
        /// Language of their own messages; the retailer's if absent.
        pub locale: Option<Locale>,
        /// Counts the changes; the `ETag` of `GET /v1/me`.
        #[cfg_attr(feature = "openapi", schema(minimum = 1))]
        pub version: i64,
    }

    /// The answer to a request that is worked on later, the same whatever comes of it.
    pub struct Accepted {
        /// What happens next.
        #[cfg_attr(feature = "openapi", schema(max_length = 300))]
        pub message: String,
    }
}
