//! What is wrong with a body as a whole; each text says the way out.

/// Why no row of a body could be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// More rows than one request takes.
    #[error(
        "the body has {rows} rows and one request takes {max}: send them in {} requests of at most {max} rows each; \
         every row has its own key, so they may be split anywhere and sent again safely",
        .rows.div_ceil((*.max).max(1))
    )]
    TooManyRows {
        /// How many rows the body has.
        rows: usize,
        /// How many are taken.
        max: usize,
    },
    /// More bytes, unpacked, than one request takes.
    #[error(
        "the body is larger than {} unpacked: split its rows over several requests; \
         every row has its own key, so they may be split anywhere and sent again safely",
        size(*.limit)
    )]
    TooLarge {
        /// The most bytes, unpacked.
        limit: usize,
    },
    /// The gzip data is damaged or ends early.
    #[error(
        "the body is not complete, valid gzip: compress it again and send all of it, or send it without `Content-Encoding`"
    )]
    BadGzip,
    /// A content encoding that is not understood.
    #[error("the content encoding `{encoding}` is not understood: use `gzip` or none")]
    UnknownEncoding {
        /// What was asked for, shortened.
        encoding: String,
    },
    /// A content type that is none of the three.
    #[error(
        "the content type `{content_type}` is not understood: use `application/x-ndjson` (one object a line), \
         `text/csv` (with a header) or `application/json` ({{\"samples\":[…]}}), in UTF-8"
    )]
    UnknownFormat {
        /// What was given, shortened.
        content_type: String,
    },
    /// Bytes that are not UTF-8, in a body that can't be taken apart without reading them.
    #[error("the body is not UTF-8 at byte {at}: save or encode it as UTF-8")]
    NotUtf8 {
        /// The first byte that is wrong, from 0.
        at: usize,
    },
    /// Not the JSON document that is asked for.
    #[error("the body is not {{\"samples\":[…]}}: {detail}")]
    BadJson {
        /// What is wrong, and where.
        detail: String,
    },
    /// A CSV header that does not say which column is what.
    #[error(
        "the CSV header cannot be used: {detail}; it names the columns metric, at, key and value, and may name channel, campaign, period and subject"
    )]
    BadCsvHeader {
        /// What is wrong.
        detail: String,
    },
    /// No row at all.
    #[error("the body has no rows: send at least one")]
    Empty,
}

/// Bytes for people.
fn size(bytes: usize) -> String {
    const MIB: usize = 1024 * 1024;
    if bytes >= MIB && bytes.is_multiple_of(MIB) { format!("{} MiB", bytes / MIB) } else { format!("{bytes} bytes") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_says_the_way_out() {
        let many = BodyError::TooManyRows { rows: 20_001, max: 10_000 };
        assert!(many.to_string().contains("in 3 requests of at most 10000 rows"), "{many}");
        let large = BodyError::TooLarge { limit: 10 * 1024 * 1024 };
        assert!(large.to_string().contains("10 MiB") && large.to_string().contains("split"), "{large}");
        let format = BodyError::UnknownFormat { content_type: "text/html".to_owned() }.to_string();
        for known in ["text/html", "application/x-ndjson", "text/csv", "application/json", "{\"samples\":[…]}"] {
            assert!(format.contains(known), "{format}");
        }
        assert!(BodyError::NotUtf8 { at: 7 }.to_string().contains("byte 7"));
        assert!(BodyError::TooLarge { limit: 99 }.to_string().contains("99 bytes"));
        assert!(BodyError::BadGzip.to_string().contains("compress it again"));
    }
}
