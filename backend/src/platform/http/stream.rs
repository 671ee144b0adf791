//! Answers that are sent as they are read: the handler is long done, and the request's place is still taken. And whether
//! they may be packed.
//!
//! Invariant: whoever reads slowly holds a place of their own retailer's, and not for ever.

use super::admission::Place;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::header::ACCEPT_ENCODING;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// A file is read to its end within this time: 100 MiB at one megabit a second.
const LONGEST: Duration = Duration::from_mins(15);

/// The answer with its place: given up now when the body is there whole, or else with the body's end.
pub(super) fn bounded(answer: HttpResponse, place: Place) -> HttpResponse {
    answer.map_body(|_, body| {
        if body.size() == BodySize::None {
            return body;
        }
        match body.try_into_bytes() {
            Ok(bytes) => BoxBody::new(bytes),
            Err(body) => BoxBody::new(Held { body, until: Box::pin(sleep(LONGEST)), _place: place }),
        }
    })
}

/// Whether the caller takes gzip: named in `Accept-Encoding`, and not with a weight of nothing (RFC 9110, 12.5.3).
pub fn takes_gzip(req: &HttpRequest) -> bool {
    let accepts = req.headers().get_all(ACCEPT_ENCODING).filter_map(|value| value.to_str().ok());
    accepts.flat_map(|list| list.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let refused =
            parts.any(|part| part.strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0)));
        named && !refused
    })
}

/// A body that is read piece by piece, with what it holds.
struct Held<P> {
    body: BoxBody,
    until: Pin<Box<Sleep>>,
    _place: P,
}

impl<P: Unpin> MessageBody for Held<P> {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if self.until.as_mut().poll(cx).is_ready() {
            tracing::info!("a file was read too slowly and broken off");
            return Poll::Ready(Some(Err("the file was read too slowly".into())));
        }
        Pin::new(&mut self.body).poll_next(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::{BodyStream, to_bytes};
    use actix_web::test::TestRequest;
    use futures_util::stream;
    use std::rc::Rc;

    fn held(body: impl MessageBody + 'static, longest: Duration) -> (Rc<()>, Held<Rc<()>>) {
        let place = Rc::new(());
        (Rc::clone(&place), Held { body: BoxBody::new(body), until: Box::pin(sleep(longest)), _place: place })
    }

    fn pieces() -> BodyStream<impl futures_util::Stream<Item = Result<Bytes, std::io::Error>>> {
        BodyStream::new(stream::iter([Ok(Bytes::from("a")), Ok(Bytes::from("b"))]))
    }

    #[actix_web::test]
    async fn a_place_is_held_until_the_body_is_read() {
        let (place, held) = held(pieces(), Duration::from_hours(1));
        assert_eq!(Rc::strong_count(&place), 2);
        assert_eq!(to_bytes(held).await.unwrap(), "ab");
        assert_eq!(Rc::strong_count(&place), 1);
    }

    #[test]
    fn gzip_is_for_those_who_take_it() {
        let takes = |accepts: &str| {
            takes_gzip(&TestRequest::default().insert_header((ACCEPT_ENCODING, accepts)).to_http_request())
        };
        for yes in ["gzip", "br, GZIP;q=0.5", "deflate , gzip"] {
            assert!(takes(yes), "{yes}");
        }
        for no in ["", "br", "gzip;q=0", "identity, gzip; q=0.0", "gzipped"] {
            assert!(!takes(no), "{no}");
        }
    }

    #[actix_web::test]
    async fn a_body_that_nobody_reads_is_broken_off() {
        let (_place, held) = held(BodyStream::new(stream::pending::<Result<Bytes, std::io::Error>>()), Duration::ZERO);
        assert!(to_bytes(held).await.is_err());
    }
}
