//! The few operations that are open to a staff who must enrol a second factor first, as types of a handler's first
//! argument: [`Enrolling`], and [`Proven`] for what asks for a fresh proof as well. Every other authority refuses them.

use super::authorized::{Credential, credential, credential_headers, fresh, nobody};
use super::endpoint::{Access, Authority};
use super::who::Who;
use crate::error::{Error, Result};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use std::ops::Deref;

/// As [`SignedIn`](super::authorized::SignedIn), and a staff who must enrol a second factor first: for enrolling, and for leaving.
pub struct Enrolling {
    who: Who,
}

impl Deref for Enrolling {
    type Target = Who;

    fn deref(&self) -> &Who {
        &self.who
    }
}

impl Authority for Enrolling {
    const ACCESS: Access = Access::SignedIn;

    fn who(&self) -> Option<&Who> {
        Some(self)
    }
}

impl FromRequest for Enrolling {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (req, headers) = (req.clone(), credential_headers(req, None));
        Box::pin(async move {
            match credential(&req, headers).await? {
                Credential::Tenant(who) | Credential::Enrolling(who) => Ok(Self { who }),
                Credential::Bot => Err(nobody()),
            }
        })
    }
}

/// As [`Enrolling`], and a person who proved who they are a short while ago: for changing one's own second factor.
pub struct Proven {
    inner: Enrolling,
}

impl Deref for Proven {
    type Target = Who;

    fn deref(&self) -> &Who {
        &self.inner
    }
}

impl Authority for Proven {
    const ACCESS: Access = Access::SignedIn;
    const FRESH: bool = true;

    fn who(&self) -> Option<&Who> {
        Some(self)
    }
}

impl FromRequest for Proven {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let inner = Enrolling::from_request(req, payload);
        Box::pin(async move {
            let inner = inner.await?;
            fresh(&inner)?;
            Ok(Self { inner })
        })
    }
}
