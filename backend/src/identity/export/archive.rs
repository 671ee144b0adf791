//! The archive of a copy: a tar file packed with gzip, written piece by piece. Pure.
//!
//! Each piece is whole entries of tar, packed as one member of gzip; the members behind each other are one gzip file,
//! so that a piece needs nothing of the pieces before it.

use crate::error::{Error, Result};
use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;

/// A file of the archive.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its path.
    pub(super) path: String,
    /// What it holds.
    pub(super) bytes: Vec<u8>,
}

/// The piece of the archive that holds `entries`; the last piece says that the archive ends.
pub(super) fn piece(entries: &[Entry], made: DateTime<Utc>, last: bool) -> Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for entry in entries {
        let mut header = tar::Header::new_ustar();
        header.set_size(entry.bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(u64::try_from(made.timestamp()).unwrap_or_default());
        archive.append_data(&mut header, &entry.path, entry.bytes.as_slice()).map_err(Error::internal)?;
    }
    // Without its end, which are two empty blocks, the entries can be followed by others.
    let plain = if last { archive.into_inner().map_err(Error::internal)? } else { archive.get_ref().clone() };
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    std::io::Write::write_all(&mut packer, &plain).map_err(Error::internal)?;
    packer.finish().map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::MultiGzDecoder;
    use std::io::Read as _;

    #[test]
    fn pieces_behind_each_other_are_one_archive() {
        let entry = |n: usize| Entry { path: format!("tables/渠道/{n:06}.ndjson"), bytes: vec![b'x'; n * 511] };
        let pieces = [
            piece(&[entry(1), entry(2)], DateTime::UNIX_EPOCH, false).unwrap(),
            piece(&[], DateTime::UNIX_EPOCH, false).unwrap(),
            piece(&[entry(3)], DateTime::UNIX_EPOCH, true).unwrap(),
        ]
        .concat();
        let mut archive = tar::Archive::new(MultiGzDecoder::new(pieces.as_slice()));
        let mut seen = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            seen.push((entry.path().unwrap().display().to_string(), bytes.len()));
        }
        let wanted: Vec<_> = (1..=3).map(|n| (format!("tables/渠道/{n:06}.ndjson"), n * 511)).collect();
        assert_eq!(seen, wanted);
    }
}
