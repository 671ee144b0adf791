//! A handler as a value: from one list come the routes, the OpenAPI document and the access matrix, so that they
//! cannot disagree.
//!
//! [`endpoint!`](crate::endpoint) pairs a handler with the description that `#[utoipa::path]` made of it. The
//! handler's first argument is its [`Authority`]; a handler without one does not compile here. Invariant: a request is
//! over, and its place free, in a time that is known: the handler's ([`LONGEST`], or what a file needs), and then that
//! of a body which is sent as it is read ([`super::stream`]).

use super::admission;
use super::authorized::request_id;
use super::idempotency::{self, Keyed};
use super::params::no_query;
use super::stream;
use super::who::Who;
use crate::error::Error;
use actix_web::dev::Handler;
use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder, Route, web};
use std::ops::Deref;
use std::time::Duration;
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Permission;
use tokio::time::timeout;
use utoipa::openapi::path::{HttpMethod, Operation, ParameterIn};
use utoipa::openapi::{RefOr, Schema};

/// A request is answered within this time; a long poll waits less by itself.
const LONGEST: Duration = Duration::from_secs(10);

/// A request that brings a whole file, which may come in slowly, is answered within this time.
const LONGEST_UPLOAD: Duration = Duration::from_mins(5);

/// What a caller must show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Anonymous,
    /// Any valid credential of a tenant.
    SignedIn,
    /// The bot's own credential.
    Bot,
    /// A credential with this permission.
    Permission(Permission),
}

/// An argument that says who may call the handler.
pub trait Authority: FromRequest {
    /// What it asks for.
    const ACCESS: Access;
    /// Whether it asks for a fresh proof of who the caller is.
    const FRESH: bool = false;

    /// The caller of an operation whose repetition is told by an idempotency key: one that asks for a permission.
    fn who_mut(&mut self) -> Option<&mut Who> {
        None
    }

    /// Who the caller is, in a tenant.
    fn who(&self) -> Option<&Who>;
}

/// A handler whose first argument is its authority.
pub trait Guarded<Args>: Handler<Args> {
    /// What the handler asks for.
    const ACCESS: Access;
    /// Whether it asks for a fresh proof of who the caller is.
    const FRESH: bool;

    /// A route to the handler, without a method yet. Who asks is settled before anything else of the request is
    /// looked at: the framework by itself takes all arguments at once, so that a wrong body would be told to somebody
    /// who may not ask, and would break off the audit of the refusal. Then, whether it was done before
    /// ([`super::idempotency`]); only then the rest of the request and the handler.
    fn into_route(self, manner: Manner) -> Route;
}

/// How an endpoint takes its requests.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// How long one may take, in all.
    longest: Duration,
    /// Whether it takes parameters in the query string.
    takes_query: bool,
    /// Whether the rows that it takes have keys of their own, so that sending them again changes nothing.
    keyed_rows: bool,
    /// Whether it has an effect that a second request must not have again.
    effect: bool,
}

macro_rules! guarded {
    ($($arg:ident $value:ident),*) => {
        impl<F, Fut, A, $($arg),*> Guarded<(A, $($arg,)*)> for F
        where
            F: Fn(A, $($arg),*) -> Fut + Clone + 'static,
            Fut: std::future::Future,
            Fut::Output: Responder + 'static,
            A: Authority + 'static,
            $($arg: FromRequest + 'static,)*
        {
            const ACCESS: Access = A::ACCESS;
            const FRESH: bool = A::FRESH;

            fn into_route(self, manner: Manner) -> Route {
                web::route().to(move |request: HttpRequest, payload: web::Payload| {
                    let handler = self.clone();
                    in_time(manner.longest, request.clone(), async move {
                        let mut payload = payload.into_inner();
                        let seat = admission::app(&request)?.limits.seat()?;
                        let mut authority = A::from_request(&request, &mut payload).await.map_err(Into::into)?;
                        let place = admission::place(&request, seat, authority.who()).await?;
                        if !manner.takes_query {
                            no_query(&request)?;
                        }
                        let rows = manner.keyed_rows;
                        let who = authority.who_mut().filter(|_| manner.effect);
                        let keyed = idempotency::begin(&request, who, &mut payload, rows).await?;
                        if let Keyed::Again(answer) = keyed {
                            return Ok(answer);
                        }
                        let ($($value,)*) = <($($arg,)*)>::from_request(&request, &mut payload).await?;
                        let answer = handler(authority, $($value),*).await;
                        let answer = answer.respond_to(&request).map_into_boxed_body();
                        match keyed {
                            Keyed::First(doing) => Ok(doing.done(answer).await?),
                            _ => Ok(stream::bounded(answer, place)),
                        }
                    })
                })
            }
        }
    };
}
guarded!();
guarded!(B b);
guarded!(B b, C c);
guarded!(B b, C c, D d);
guarded!(B b, C c, D d, E e);
guarded!(B b, C c, D d, E e, G g);

/// What `work` answers, if it does within `longest`; otherwise it is given up.
async fn in_time(
    longest: Duration,
    request: HttpRequest,
    work: impl Future<Output = actix_web::Result<HttpResponse>>,
) -> actix_web::Result<HttpResponse> {
    timeout(longest, work).await.unwrap_or_else(|_| {
        tracing::warn!(request_id = request_id(&request), path = request.path(), "a request took too long");
        Err(Error::new(Code::Overloaded, "The request took too long and was given up. Try again.").into())
    })
}

/// A named schema of the OpenAPI document.
pub type NamedSchema = (String, RefOr<Schema>);

/// Where an operation is reached, and by what it is done.
pub struct Routing {
    /// The path with `{parameters}`.
    pub path: String,
    /// The method.
    pub method: HttpMethod,
    manner: Manner,
    route: fn(Manner) -> Route,
}

impl Routing {
    /// The route, to be mounted under [`Self::path`].
    pub fn route(&self) -> Route {
        let route = (self.route)(self.manner);
        match self.method {
            HttpMethod::Get => route.guard(actix_web::guard::Any(actix_web::guard::Get()).or(actix_web::guard::Head())),
            HttpMethod::Post => route.guard(actix_web::guard::Post()),
            HttpMethod::Put => route.guard(actix_web::guard::Put()),
            HttpMethod::Patch => route.guard(actix_web::guard::Patch()),
            _ => route.guard(actix_web::guard::Delete()),
        }
    }

    /// The method's name in capitals.
    pub fn method_name(&self) -> &'static str {
        match self.method {
            HttpMethod::Get => "GET",
            HttpMethod::Post => "POST",
            HttpMethod::Put => "PUT",
            HttpMethod::Patch => "PATCH",
            _ => "DELETE",
        }
    }
}

/// One operation of the API.
pub struct Endpoint {
    /// Where it is reached.
    pub routing: Routing,
    /// The operation's description.
    pub operation: Operation,
    /// What a caller must show.
    pub access: Access,
    /// Whether the caller must have proved who they are a short while ago.
    pub fresh: bool,
    /// Adds the schemas that the operation refers to, down to the last: those of all operations together are many times
    /// what differs among them.
    pub schemas: fn(&mut Vec<NamedSchema>),
}

impl Deref for Endpoint {
    type Target = Routing;

    fn deref(&self) -> &Routing {
        &self.routing
    }
}

impl Endpoint {
    /// The endpoint of a handler: use [`endpoint!`](crate::endpoint).
    pub fn new<D, F, Args>(_: fn() -> D, _: F, route: fn(Manner) -> Route) -> Self
    where
        D: utoipa::Path + utoipa::__dev::SchemaReferences + utoipa::__dev::Tags<'static>,
        F: Guarded<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let mut operation = D::operation();
        operation.tags = Some(D::tags().into_iter().map(str::to_owned).collect());
        let mut parameters = operation.parameters.iter().flatten();
        let takes_query = parameters.any(|parameter| parameter.parameter_in == ParameterIn::Query);
        let routing = Routing {
            path: D::path(),
            // `#[utoipa::path]` always names one method.
            method: D::methods().into_iter().next().unwrap_or(HttpMethod::Get),
            manner: Manner { longest: LONGEST, takes_query, keyed_rows: false, effect: true },
            route,
        };
        Self { routing, operation, access: F::ACCESS, fresh: F::FRESH, schemas: D::schemas }
    }

    /// It takes whole files, which may come in slowly.
    #[must_use]
    pub fn with_files(mut self) -> Self {
        self.routing.manner.longest = LONGEST_UPLOAD;
        self
    }

    /// The rows that it takes have keys of their own: sending them again changes nothing, with an idempotency key or
    /// without ([`super::idempotency`]).
    #[must_use]
    pub fn with_keyed_rows(mut self) -> Self {
        self.routing.manner.keyed_rows = true;
        self
    }

    /// It changes nothing, and may wait for somebody else's server: it takes no idempotency key, whose transaction would
    /// stay open meanwhile.
    #[must_use]
    pub fn without_effect(mut self) -> Self {
        self.routing.manner.effect = false;
        self
    }

    /// Whether [`Self::without_effect`] was not said.
    pub fn has_effect(&self) -> bool {
        self.routing.manner.effect
    }

    /// Whether [`Self::with_keyed_rows`] was said.
    pub fn has_keyed_rows(&self) -> bool {
        self.routing.manner.keyed_rows
    }
}

/// A route to `handler`, without a method yet.
pub fn route_to<F, Args>(handler: F, manner: Manner) -> Route
where
    F: Guarded<Args>,
{
    handler.into_route(manner)
}

/// The [`Endpoint`] of a handler that carries `#[utoipa::path]`: `endpoint!(pause)`.
#[macro_export]
macro_rules! endpoint {
    ($handler:ident) => {
        pastey::paste! {
            $crate::platform::http::endpoint::Endpoint::new(
                || [<__path_ $handler>],
                $handler,
                |manner| $crate::platform::http::endpoint::route_to($handler, manner),
            )
        }
    };
}
