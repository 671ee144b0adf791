//! From the chunks of a request to the parts of a job: unpacking within a limit, and the SHA-256 of the file. Pure.

use crate::identity::longjobs::PART;
use crate::platform::hex::hex;
use crate::watch::ingest::parse::BodyError;
use flate2::write::MultiGzDecoder;
use sha2::{Digest as _, Sha256};
use std::io::Write as _;

/// Bytes that are taken at once: packed ones become four megabytes at most.
pub(super) const BITE: usize = 4 * 1024;
/// Parts that are written in one transaction.
const PARTS: usize = 4;

/// A file that comes in.
pub(super) struct Receiving {
    gzip: Option<MultiGzDecoder<Vec<u8>>>,
    /// Unpacked and not written yet.
    ready: Vec<u8>,
    hash: Sha256,
    bytes: u64,
    packed: u64,
    most: u64,
}

/// A file that has come in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Whole {
    /// What is still to be written.
    pub(super) last: Vec<u8>,
    /// Bytes in all.
    pub(super) bytes: u64,
    /// Of all, in hexadecimal digits.
    pub(super) sha256: String,
}

impl Receiving {
    pub(super) fn new(gzip: bool, most: u64) -> Self {
        let gzip = gzip.then(|| MultiGzDecoder::new(Vec::new()));
        Self { gzip, ready: Vec::new(), hash: Sha256::new(), bytes: 0, packed: 0, most }
    }

    /// Takes the next [`BITE`] bytes or fewer; ask for [`Self::full_parts`] behind each.
    pub(super) fn take(&mut self, bite: &[u8]) -> Result<(), BodyError> {
        self.packed += bite.len() as u64;
        let Some(mut gzip) = self.gzip.take() else { return self.add(bite) };
        gzip.write_all(bite).map_err(|_| BodyError::BadGzip)?;
        let unpacked = std::mem::take(gzip.get_mut());
        self.gzip = Some(gzip);
        self.add(&unpacked)
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), BodyError> {
        self.bytes += bytes.len() as u64;
        // Packed bytes count too: a file that packing has made larger is no smaller for that.
        if self.bytes.max(self.packed) > self.most {
            return Err(BodyError::TooLarge { limit: usize::try_from(self.most).unwrap_or(usize::MAX) });
        }
        self.hash.update(bytes);
        self.ready.extend_from_slice(bytes);
        Ok(())
    }

    /// Whole parts, once there are enough of them to be worth a transaction.
    pub(super) fn full_parts(&mut self) -> Option<Vec<u8>> {
        if self.ready.len() < PART * PARTS {
            return None;
        }
        let rest = self.ready.split_off(self.ready.len() / PART * PART);
        Some(std::mem::replace(&mut self.ready, rest))
    }

    /// The end of the file.
    pub(super) fn finish(mut self) -> Result<Whole, BodyError> {
        if let Some(gzip) = self.gzip.take() {
            // Nothing at all is no gzip file either.
            let rest = gzip.finish().map_err(|_| BodyError::BadGzip)?;
            if self.packed == 0 {
                return Err(BodyError::BadGzip);
            }
            self.add(&rest)?;
        }
        if self.bytes == 0 {
            return Err(BodyError::Empty);
        }
        let digest: [u8; 32] = self.hash.finalize().into();
        Ok(Whole { last: self.ready, bytes: self.bytes, sha256: hex(&digest) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn received(packed: bool, body: &[u8], chunk: usize, most: u64) -> Result<(Vec<u8>, Whole), BodyError> {
        let mut receiving = Receiving::new(packed, most);
        let mut parts = Vec::new();
        for bite in body.chunks(chunk).flat_map(|chunk| chunk.chunks(BITE)) {
            receiving.take(bite)?;
            assert!(receiving.ready.len() < 6 * 1024 * 1024, "{} bytes are held", receiving.ready.len());
            if let Some(full) = receiving.full_parts() {
                assert_eq!(full.len() % PART, 0);
                parts.extend(full);
            }
        }
        let whole = receiving.finish()?;
        parts.extend(&whole.last);
        Ok((parts, whole))
    }

    #[test]
    fn a_file_comes_out_as_it_went_in_however_it_was_cut() {
        let plain: Vec<u8> = "点击量,2026\n".repeat(200_000).into_bytes();
        let packed = gzip(&plain);
        let digest: [u8; 32] = Sha256::digest(&plain).into();
        for (is_packed, body) in [(false, &plain), (true, &packed)] {
            for chunk in [1_000, 65_537, 10_000_000] {
                let (parts, whole) = received(is_packed, body, chunk, 10_000_000).unwrap();
                assert!(parts == plain && whole.bytes == plain.len() as u64);
                assert_eq!(whole.sha256, hex(&digest));
            }
        }
        // A chunk that unpacks to a thousand times its size.
        let zeros = vec![b'0'; 60 * 1024 * 1024];
        let bomb = gzip(&zeros);
        let (parts, _) = received(true, &bomb, bomb.len(), 100_000_000).unwrap();
        assert!(parts == zeros);
        let two = [gzip(b"one\n"), gzip(b"two\n")].concat();
        assert_eq!(received(true, &two, 3, 100).unwrap().0, b"one\ntwo\n");
    }

    #[test]
    fn damaged_endless_and_empty_files_are_refused() {
        let packed = gzip(&b"hello, world\n".repeat(1000));
        for cut in [0, 1, 5, 10, packed.len() / 2, packed.len() - 8, packed.len() - 1] {
            assert_eq!(received(true, &packed[..cut], 7, 100_000), Err(BodyError::BadGzip), "cut at {cut}");
        }
        let mut checksum = packed.clone();
        let place = packed.len() - 6;
        checksum[place] ^= 1;
        assert_eq!(received(true, &checksum, 100, 100_000), Err(BodyError::BadGzip));
        assert_eq!(received(true, b"metric,at\n", 100, 100), Err(BodyError::BadGzip));
        let bomb = gzip(&vec![b'0'; 4 * 1024 * 1024]);
        assert_eq!(received(true, &bomb, 100_000, 100_000), Err(BodyError::TooLarge { limit: 100_000 }));
        assert_eq!(received(false, &[b'0'; 101], 100, 100), Err(BodyError::TooLarge { limit: 100 }));
        assert_eq!(received(false, b"", 100, 100), Err(BodyError::Empty));
    }
}
