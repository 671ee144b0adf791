//! A handler as a value: from one list come the routes, the OpenAPI document and the access matrix, so that they
//! cannot disagree.
//!
//! [`endpoint!`](crate::endpoint) pairs a handler with the description that `#[utoipa::path]` made of it. The
//! handler's first argument is its [`Authority`]; a handler without one does not compile here.

use super::admission;
use super::idempotency::{self, Keyed};
use super::params::no_query;
use super::who::Who;
use actix_web::dev::Handler;
use actix_web::middleware::from_fn;
use actix_web::{FromRequest, HttpRequest, Responder, Route, web};
use tillwatch_shared::permissions::Permission;
use utoipa::openapi::path::{HttpMethod, Operation, ParameterIn};
use utoipa::openapi::{RefOr, Schema};

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
    fn into_route(self) -> Route;
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

            fn into_route(self) -> Route {
                web::route().to(move |request: HttpRequest, payload: web::Payload| {
                    let handler = self.clone();
                    async move {
                        let mut payload = payload.into_inner();
                        let seat = admission::app(&request)?.limits.seat()?;
                        let mut authority = A::from_request(&request, &mut payload).await.map_err(Into::into)?;
                        let _place = admission::place(&request, seat, authority.who()).await?;
                        let keyed = idempotency::begin(&request, authority.who_mut(), &mut payload).await?;
                        if let Keyed::Again(answer) = keyed {
                            return Ok::<_, actix_web::Error>(answer);
                        }
                        let ($($value,)*) = <($($arg,)*)>::from_request(&request, &mut payload).await?;
                        let answer = handler(authority, $($value),*).await;
                        let answer = answer.respond_to(&request).map_into_boxed_body();
                        match keyed {
                            Keyed::First(doing) => Ok(doing.done(answer).await?),
                            _ => Ok(answer),
                        }
                    }
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

/// A named schema of the OpenAPI document.
pub type NamedSchema = (String, RefOr<Schema>);

/// One operation of the API.
pub struct Endpoint {
    /// The path with `{parameters}`.
    pub path: String,
    /// The method.
    pub method: HttpMethod,
    /// The operation's description.
    pub operation: Operation,
    /// What a caller must show.
    pub access: Access,
    /// Whether the caller must have proved who they are a short while ago.
    pub fresh: bool,
    /// The schemas that the operation refers to.
    pub schemas: Vec<NamedSchema>,
    route: fn() -> Route,
}

impl Endpoint {
    /// The endpoint of a handler: use [`endpoint!`](crate::endpoint).
    pub fn new<D, F, Args>(_: fn() -> D, _: F, route: fn() -> Route) -> Self
    where
        D: utoipa::Path + utoipa::__dev::SchemaReferences + utoipa::__dev::Tags<'static>,
        F: Guarded<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let mut schemas = Vec::new();
        D::schemas(&mut schemas);
        let mut operation = D::operation();
        operation.tags = Some(D::tags().into_iter().map(str::to_owned).collect());
        Self {
            path: D::path(),
            // `#[utoipa::path]` always names one method.
            method: D::methods().into_iter().next().unwrap_or(HttpMethod::Get),
            operation,
            access: F::ACCESS,
            fresh: F::FRESH,
            schemas,
            route,
        }
    }

    /// The route, to be mounted under [`Self::path`].
    pub fn route(&self) -> Route {
        let mut route = (self.route)();
        let parameters = self.operation.parameters.iter().flatten();
        if !parameters.into_iter().any(|parameter| parameter.parameter_in == ParameterIn::Query) {
            route = route.wrap(from_fn(no_query));
        }
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

/// A route to `handler`, without a method yet.
pub fn route_to<F, Args>(handler: F) -> Route
where
    F: Guarded<Args>,
{
    handler.into_route()
}

/// The [`Endpoint`] of a handler that carries `#[utoipa::path]`: `endpoint!(pause)`.
#[macro_export]
macro_rules! endpoint {
    ($handler:ident) => {
        pastey::paste! {
            $crate::platform::http::endpoint::Endpoint::new(
                || [<__path_ $handler>],
                $handler,
                || $crate::platform::http::endpoint::route_to($handler),
            )
        }
    };
}
