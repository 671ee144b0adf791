//! Small bodies that nobody read: they are read to their end behind a refusal, so that the connection lives on.
//!
//! Whoever is refused before the body is looked at (a limit, a credential) would otherwise have to connect anew for every
//! try, which costs the service more than the refusal. Large bodies are not waited for: their connection is closed.

use actix_web::HttpMessage as _;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_LENGTH, HeaderMap};
use actix_web::web::Bytes;
use futures_util::{Stream, StreamExt as _};
use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::timeout;

/// A body of up to so many bytes is small.
const SMALL: u64 = 64 * 1024;
/// What has not come after so long is not waited for.
const PATIENCE: Duration = Duration::from_millis(100);

/// A request's body, still at hand when its reader is gone.
#[derive(Clone)]
pub(super) struct Unread(Rc<RefCell<Payload>>);

impl Unread {
    /// Keeps a hand on the body of `req`, if it is small and says so.
    pub(super) fn of(req: &mut ServiceRequest) -> Option<Self> {
        if !is_small(req.headers()) {
            return None;
        }
        let body = Self(Rc::new(RefCell::new(req.take_payload())));
        req.set_payload(Payload::Stream { payload: Box::pin(body.clone()) });
        Some(body)
    }

    /// Reads what is left.
    pub(super) async fn drain(mut self) {
        let rest = async { while let Some(Ok(_)) = self.next().await {} };
        // What does not come has its connection closed, as that of a large body.
        let _ = timeout(PATIENCE, rest).await;
    }
}

impl Stream for Unread {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(cx)
    }
}

fn is_small(headers: &HeaderMap) -> bool {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    length.is_some_and(|length| (1..=SMALL).contains(&length))
}
