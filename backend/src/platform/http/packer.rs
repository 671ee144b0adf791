//! The bytes of an answer that is sent as it is read, packed with gzip for whoever takes that.

use crate::error::{Error, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;

/// Packs, or lets pass.
pub struct Packer(Option<GzEncoder<Vec<u8>>>);

impl Packer {
    /// One that packs with `gzip`.
    pub fn new(gzip: bool) -> Self {
        Self(gzip.then(|| GzEncoder::new(Vec::new(), Compression::fast())))
    }

    /// Whether it packs.
    pub fn packs(&self) -> bool {
        self.0.is_some()
    }

    /// What is to be sent for the next bytes, all of them; `last` when nothing follows.
    ///
    /// # Errors
    /// None that memory does not make.
    pub fn next(&mut self, bytes: Vec<u8>, last: bool) -> Result<Vec<u8>> {
        let Some(packer) = &mut self.0 else { return Ok(bytes) };
        packer.write_all(&bytes).map_err(Error::internal)?;
        let done = if last { packer.try_finish() } else { packer.flush() };
        done.map_err(Error::internal)?;
        Ok(std::mem::take(packer.get_mut()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn pieces_are_one_file_of_gzip_and_each_can_be_read_when_it_comes() {
        let mut packer = Packer::new(true);
        let first = packer.next(b"one\n".to_vec(), false).unwrap();
        let mut read = [0; 4];
        flate2::read::GzDecoder::new(first.as_slice()).read_exact(&mut read).unwrap();
        assert_eq!(&read, b"one\n");
        let all = [first, packer.next(Vec::new(), false).unwrap(), packer.next(b"two\n".to_vec(), true).unwrap()];
        let mut text = String::new();
        flate2::read::GzDecoder::new(all.concat().as_slice()).read_to_string(&mut text).unwrap();
        assert_eq!(text, "one\ntwo\n");
        assert_eq!(Packer::new(false).next(b"three".to_vec(), true).unwrap(), b"three");
    }
}
