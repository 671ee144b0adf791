//! Authority as the type of a handler's first argument.
//!
//! `Authorized<may::CampaignsPause>` is a caller whose credential was checked and who has that permission;
//! [`Sensitive`] asks for a fresh proof of who it is as well;
//! [`SignedIn`] is whoever may ask anything at all ([`super::enrolling`] has those who must enrol a second factor first);
//! [`Anonymous`] is anybody; [`TheBot`] is the bot itself, in no tenant. What a credential means is the business of
//! the identity wing, reached through [`Authenticate`]. Whoever is narrowed to channels is refused here what is about the
//! whole retailer ([`Who::may`]), so that a new endpoint need not think of it. Invariant: a refused permission reaches
//! [`Authenticate::refused`], so that it is audited. Longer than 400 lines: every permission is a type here.

use super::admission;
use super::endpoint::{Access, Authority};
use super::who::{PermissionSet, Reach, Who};
use crate::error::{Error, Result};
use crate::platform::clock::now;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};
use chrono::TimeDelta;
use futures_util::future::LocalBoxFuture;
use std::marker::PhantomData;
use std::ops::Deref;
use std::rc::Rc;
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Permission;

/// The id of the request in hand, put there by the edge.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// What a request's credential turned out to be.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A staff, or a partner's token.
    Tenant(Who),
    /// A staff whose retailer asks for a second factor that they do not have yet. A variant of its own, so that
    /// whatever takes a credential must say that it takes this one.
    Enrolling(Who),
    /// The bot, for no tenant.
    Bot,
}

/// Checks credentials; implemented by the identity wing.
pub trait Authenticate {
    /// What the request's `Authorization` (and `On-Behalf-Of`) headers mean.
    ///
    /// # Errors
    /// 401 without a credential or with a bad one, 403 for an unlinked chat user, 503 when it cannot be checked.
    fn authenticate(&self, headers: CredentialHeaders) -> LocalBoxFuture<'_, Result<Credential>>;

    /// Whether the headers show an opaque credential that has not worked lately, so that only the database can tell
    /// what it is.
    fn is_strange(&self, headers: &CredentialHeaders) -> bool;

    /// Records that `who` was refused `permission` at `place` (`POST /v1/…`).
    fn refused(&self, who: Who, permission: Permission, place: String) -> LocalBoxFuture<'_, ()>;
}

/// The headers that carry a credential, copied out of the request.
#[derive(Clone, Debug)]
pub struct CredentialHeaders {
    /// What follows `Bearer `.
    pub bearer: Option<String>,
    /// For whom the bot asks.
    pub on_behalf_of: Option<String>,
    /// The request's id.
    pub request_id: String,
    /// The permission that the operation asks for, if it asks for one.
    pub asks: Option<Permission>,
}

/// A permission as a type; see [`may`].
pub trait Asks: 'static {
    /// The permission.
    const PERMISSION: Permission;
}

macro_rules! permission_types {
    ($($name:ident),+ $(,)?) => {
        /// Each permission as a type, for [`Authorized`].
        pub mod may {
            use super::{Asks, Permission};
            $(
                #[doc = concat!("Asks for [`Permission::", stringify!($name), "`].")]
                #[derive(Debug)]
                pub enum $name {}
                impl Asks for $name {
                    const PERMISSION: Permission = Permission::$name;
                }
            )+
        }
    };
}

permission_types!(
    TenantRead,
    TenantWrite,
    TenantExport,
    TenantDelete,
    StaffRead,
    StaffWrite,
    RolesWrite,
    ApiTokensRead,
    ApiTokensWrite,
    WebhooksRead,
    WebhooksWrite,
    JobsRead,
    JobsCancel,
    ChannelsRead,
    ChannelsWrite,
    CampaignsRead,
    CampaignsWrite,
    CampaignsPause,
    CampaignsResume,
    MetricsRead,
    MetricsWrite,
    SamplesWrite,
    FeedsRead,
    FeedsWrite,
    RulesRead,
    RulesWrite,
    AlertsRead,
    AlertsAcknowledge,
    AlertsSilence,
    ReportsRead,
    ReportsWrite,
    MaintenanceWrite,
    ChatLinkSelf,
    ChatManage,
    DeliveriesManage,
    AuditRead,
    GoalsRead,
    GoalsWrite,
);

/// A caller who has permission `P`.
pub struct Authorized<P> {
    who: Who,
    permission: PhantomData<P>,
}

impl<P> Deref for Authorized<P> {
    type Target = Who;

    fn deref(&self) -> &Who {
        &self.who
    }
}

impl<P: Asks> Authority for Authorized<P> {
    const ACCESS: Access = Access::Permission(P::PERMISSION);

    fn who_mut(&mut self) -> Option<&mut Who> {
        Some(&mut self.who)
    }

    fn who(&self) -> Option<&Who> {
        Some(self)
    }
}

impl<P: Asks> FromRequest for Authorized<P> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (req, headers) = (req.clone(), credential_headers(req, Some(P::PERMISSION)));
        Box::pin(async move {
            match credential(&req, headers).await? {
                Credential::Tenant(who) if who.may(P::PERMISSION) => Ok(Self { who, permission: PhantomData }),
                Credential::Tenant(who) => {
                    let (place, refusal) = (format!("{} {}", req.method(), req.path()), lacks(&who, P::PERMISSION));
                    gate(&req)?.refused(who, P::PERMISSION, place).await;
                    Err(refusal)
                }
                Credential::Enrolling(_) => Err(enrol_first()),
                Credential::Bot => Err(Error::new(
                    Code::PermissionDenied,
                    "The bot has no rights of its own here. Say for whom it asks: `On-Behalf-Of: <chat>/<server>/<user>`.",
                )),
            }
        })
    }
}

fn lacks(who: &Who, permission: Permission) -> Error {
    let why = if who.reach != Reach::All && !permission.by_channel() {
        "is about the whole retailer; yours are narrowed to channels"
    } else {
        "your role or token does not have"
    };
    Error::new(Code::PermissionDenied, format!("This needs the permission `{permission}`, which {why}."))
}

/// A caller who has permission `P` and is a person who proved who they are a short while ago: for what a stolen
/// session must not be able to do. Such a permission is given to no token and no chat user.
pub struct Sensitive<P> {
    inner: Authorized<P>,
}

/// A proof of who somebody is counts as fresh for so long.
const FRESH: TimeDelta = TimeDelta::minutes(10);

impl<P> Deref for Sensitive<P> {
    type Target = Who;

    fn deref(&self) -> &Who {
        &self.inner
    }
}

impl<P: Asks> Authority for Sensitive<P> {
    const ACCESS: Access = Access::Permission(P::PERMISSION);
    const FRESH: bool = true;

    fn who_mut(&mut self) -> Option<&mut Who> {
        self.inner.who_mut()
    }

    fn who(&self) -> Option<&Who> {
        Some(self)
    }
}

impl<P: Asks> FromRequest for Sensitive<P> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let inner = Authorized::<P>::from_request(req, payload);
        Box::pin(async move {
            let inner = inner.await?;
            fresh(&inner)?;
            Ok(Self { inner })
        })
    }
}

/// `Ok` for a person who proved who they are a short while ago.
///
/// # Errors
/// 403 for anybody else.
pub fn fresh(who: &Who) -> Result<()> {
    if who.authenticated_at.is_some_and(|at| now() - at <= FRESH) {
        return Ok(());
    }
    Err(Error::new(
        Code::ReauthenticationRequired,
        "Confirm who you are (`POST /v1/sessions/reauthenticate`), then ask again within ten minutes.",
    ))
}

fn enrol_first() -> Error {
    Error::new(
        Code::EnrolmentRequired,
        "This retailer asks for a second factor. Enrol one (`POST /v1/second-factor`), then ask again.",
    )
}

/// Any signed-in staff or partner: for what everybody may ask about themselves.
pub struct SignedIn {
    who: Who,
}

impl Deref for SignedIn {
    type Target = Who;

    fn deref(&self) -> &Who {
        &self.who
    }
}

impl Authority for SignedIn {
    const ACCESS: Access = Access::SignedIn;

    fn who(&self) -> Option<&Who> {
        Some(self)
    }
}

impl FromRequest for SignedIn {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (req, headers) = (req.clone(), credential_headers(req, None));
        Box::pin(async move {
            match credential(&req, headers).await? {
                Credential::Tenant(who) => Ok(Self { who }),
                Credential::Enrolling(_) => Err(enrol_first()),
                Credential::Bot => Err(nobody()),
            }
        })
    }
}

pub(super) fn nobody() -> Error {
    Error::new(
        Code::PermissionDenied,
        "The bot is nobody by itself. Say for whom it asks: `On-Behalf-Of: <chat>/<server>/<user>`.",
    )
}

/// Anybody.
pub struct Anonymous {
    /// The request's id.
    pub request_id: String,
}

impl Authority for Anonymous {
    const ACCESS: Access = Access::Anonymous;

    fn who(&self) -> Option<&Who> {
        None
    }
}

impl FromRequest for Anonymous {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            admission::count_anonymous(&req).await?;
            Ok(Self { request_id: request_id(&req) })
        })
    }
}

/// The bot itself, acting for no tenant: claims and reports deliveries, redeems link codes.
pub struct TheBot {
    /// The request's id.
    pub request_id: String,
}

impl Authority for TheBot {
    const ACCESS: Access = Access::Bot;

    fn who(&self) -> Option<&Who> {
        None
    }
}

impl FromRequest for TheBot {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (req, mut headers) = (req.clone(), credential_headers(req, None));
        // Here the bot asks as itself, whoever it serves otherwise.
        headers.on_behalf_of = None;
        let request_id = headers.request_id.clone();
        Box::pin(async move {
            match credential(&req, headers).await? {
                Credential::Bot => Ok(Self { request_id }),
                Credential::Tenant(_) | Credential::Enrolling(_) => {
                    Err(Error::new(Code::PermissionDenied, "Only the chat bot may do this."))
                }
            }
        })
    }
}

/// The request's id, as the edge set it.
pub fn request_id(req: &HttpRequest) -> String {
    req.extensions().get::<RequestId>().map_or_else(String::new, |id| id.0.clone())
}

/// What the request's credential means, after it was counted: before anything is done for whoever shows it.
pub(super) async fn credential(req: &HttpRequest, headers: CredentialHeaders) -> Result<Credential> {
    let gate = gate(req)?;
    if gate.is_strange(&headers) {
        admission::let_look_up(req).await?;
    }
    let credential = gate.authenticate(headers).await;
    admission::count(req, &credential).await?;
    credential
}

fn gate(req: &HttpRequest) -> Result<Rc<dyn Authenticate>> {
    req.app_data::<web::ThinData<Rc<dyn Authenticate>>>()
        .map(|gate| gate.0.clone())
        .ok_or_else(|| Error::internal("no authenticator is mounted"))
}

pub(super) fn credential_headers(req: &HttpRequest, asks: Option<Permission>) -> CredentialHeaders {
    let header = |name: &str| req.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    CredentialHeaders {
        bearer: header("authorization").and_then(|text| {
            let (scheme, token) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
        }),
        on_behalf_of: header("on-behalf-of"),
        request_id: request_id(req),
        asks,
    }
}

/// What a caller may do, as the wire lists it.
pub fn permissions_of(who: &Who) -> Vec<Permission> {
    let set: PermissionSet = who.permissions;
    set.to_vec()
}
