//! Undoing the content encoding, within a limit.
//!
//! The limit is on what comes out, so a small body that unpacks to a very large one (a "zip bomb") costs
//! the limit and no more.

use std::borrow::Cow;
use std::io::Read;

use flate2::bufread::MultiGzDecoder;

use super::BodyError;
use super::row::shown;

/// The most bytes that one request may unpack to: 10 MiB.
pub const UNPACKED_LIMIT: usize = 10 * 1024 * 1024;

/// The body without its content encoding: none, `identity` or `gzip` (also of several members, as
/// concatenated files are).
///
/// # Errors
/// [`BodyError::TooLarge`] beyond `limit` bytes, [`BodyError::BadGzip`] when the data is damaged or ends
/// early, [`BodyError::UnknownEncoding`] for any other encoding.
pub fn unpack<'a>(encoding: Option<&str>, body: &'a [u8], limit: usize) -> Result<Cow<'a, [u8]>, BodyError> {
    let encoding = encoding.unwrap_or_default().trim();
    let is = |name: &str| encoding.eq_ignore_ascii_case(name);
    if encoding.is_empty() || is("identity") {
        if body.len() > limit {
            return Err(BodyError::TooLarge { limit });
        }
        return Ok(Cow::Borrowed(body));
    }
    if !(is("gzip") || is("x-gzip")) {
        return Err(BodyError::UnknownEncoding { encoding: shown(encoding) });
    }
    // One byte more than allowed tells "exactly the limit" from "more".
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut unpacked = Vec::with_capacity(body.len().saturating_mul(4).min(limit));
    let outcome = MultiGzDecoder::new(body).take(most).read_to_end(&mut unpacked);
    if unpacked.len() > limit {
        return Err(BodyError::TooLarge { limit });
    }
    outcome.map_err(|_| BodyError::BadGzip)?;
    Ok(Cow::Owned(unpacked))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_is_not_packed_is_borrowed() {
        for encoding in [None, Some(""), Some("identity"), Some("Identity")] {
            let out = unpack(encoding, b"abc", 3).unwrap();
            assert!(matches!(out, Cow::Borrowed(b"abc")));
        }
        assert_eq!(unpack(None, b"abcd", 3), Err(BodyError::TooLarge { limit: 3 }));
    }

    #[test]
    fn gzip_comes_out_as_it_went_in() {
        let plain = "点击量\n".repeat(1000);
        let packed = gzip(plain.as_bytes());
        for encoding in ["gzip", "GZIP", "x-gzip", " gzip "] {
            assert_eq!(unpack(Some(encoding), &packed, plain.len()).unwrap(), plain.as_bytes());
        }
        let two = [gzip(b"one\n"), gzip(b"two\n")].concat();
        assert_eq!(*unpack(Some("gzip"), &two, 100).unwrap(), *b"one\ntwo\n");
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bomb = gzip(&vec![b'0'; 4 * 1024 * 1024]);
        assert!(bomb.len() < 40_000);
        assert_eq!(unpack(Some("gzip"), &bomb, 100_000), Err(BodyError::TooLarge { limit: 100_000 }));
    }

    #[test]
    fn damaged_gzip_is_told_from_a_whole_one() {
        let packed = gzip(&b"hello".repeat(100));
        for cut in [0, 1, 5, 10, packed.len() - 8, packed.len() - 1] {
            assert_eq!(unpack(Some("gzip"), &packed[..cut], 1000), Err(BodyError::BadGzip), "cut at {cut}");
        }
        let mut checksum = packed.clone();
        let place = packed.len() - 6;
        checksum[place] ^= 1;
        assert_eq!(unpack(Some("gzip"), &checksum, 1000), Err(BodyError::BadGzip));
        assert_eq!(unpack(Some("gzip"), b"metric,at\n", 1000), Err(BodyError::BadGzip));
        let rubbish_after = [packed.as_slice(), b"rubbish"].concat();
        assert_eq!(unpack(Some("gzip"), &rubbish_after, 1000), Err(BodyError::BadGzip));
    }

    #[test]
    fn other_encodings_are_named() {
        for encoding in ["br", "deflate", "gzip, gzip", "压缩"] {
            let error = unpack(Some(encoding), b"", 10).unwrap_err();
            assert!(matches!(&error, BodyError::UnknownEncoding { encoding: given } if given == encoding));
            assert!(error.to_string().contains("gzip"));
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_keeps_the_limit(body in proptest::collection::vec(any::<u8>(), 0..300), head in any::<bool>()) {
            let body = if head { [&[0x1f, 0x8b, 8, 0][..], &body].concat() } else { body };
            if let Ok(out) = unpack(Some("gzip"), &body, 64) {
                prop_assert!(out.len() <= 64);
            }
        }
    }
}
