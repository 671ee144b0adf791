//! The complete copy of a retailer's data: an archive with every table's rows and a manifest, written as a long job.
//!
//! Vocabulary: the *copy* is a tar file packed with gzip; it holds `tables/<name>/000001.ndjson` and so on, one row a
//! line, and last `manifest.json`, which says what there is: the rows, columns and files of each table with their
//! SHA-256, and what is withheld and why. Cast: [`tables`] (what is copied, decided by name and held against the
//! catalogue by a test), `archive` (pieces of the file), `store` (pages by key). Invariants: rows are read through the
//! app role in the retailer's own transaction, so the policies hold for the copy as for everything; no hash of a
//! credential is copied; pages are read one after the other, so the copy shows each row as it was at some time between
//! the manifest's two times.

mod archive;
pub mod jobs;
pub mod routes;
mod store;
pub mod tables;

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::longjobs::{self, FileName, Held, Slice};
use crate::identity::tenants;
use crate::platform::clock::now;
use crate::platform::db::{Tx, migrate};
use crate::platform::hex::hex;
use crate::platform::http::who::Who;
use crate::platform::wake::Topic;
use archive::Entry;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tables::{Copied, TABLES, Table};
use tillwatch_shared::jobs::{LongJob, LongJobKind};

/// Rows of a file at most.
const PAGE: i64 = 2_000;
/// Rows of a table's first file, before it is known how wide they are.
const FIRST_PAGE: i64 = 20;
/// Bytes of a file, as far as rows of about the same width allow.
const FILE: usize = 1024 * 1024;
/// Rows after which a slice ends.
const ROWS: usize = 5_000;
/// Bytes after which a slice ends.
const BYTES: usize = 4 * 1024 * 1024;

/// How far a copy is.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Place {
    /// The tables that are done.
    tables: usize,
    /// The key of the last row of the present table.
    after: Vec<String>,
    /// Its files so far.
    files: usize,
    /// Rows of its next file; 0 before the first.
    #[serde(default)]
    page: i64,
}

/// Rows of the file behind one of `rows` rows and `bytes` bytes.
fn next_page(rows: usize, bytes: usize) -> i64 {
    let width = bytes.div_ceil(rows.max(1)).max(1);
    i64::try_from(FILE / width).unwrap_or(PAGE).clamp(1, PAGE)
}

/// A file, as the manifest tells of it.
#[derive(Debug, Serialize, Deserialize)]
struct Filed {
    table: String,
    path: String,
    rows: usize,
    bytes: usize,
    sha256: String,
}

/// Asks for a copy.
///
/// # Errors
/// 429 when too many jobs are not over.
pub async fn start(app: &App, who: &Who) -> Result<LongJob> {
    let job = app.db.write(who, async |tx| longjobs::ask(tx, who, LongJobKind::TenantExport, json!({})).await).await?;
    app.wake(Topic::Jobs);
    Ok(job)
}

/// Copies some pages.
async fn copy(tx: &mut Tx, who: &Who, held: &Held) -> Result<Slice> {
    let mut place: Place = match &held.checkpoint {
        Value::Null => Place::default(),
        checkpoint => serde_json::from_value(checkpoint.clone()).map_err(Error::internal)?,
    };
    let at = now();
    let (mut entries, mut index) = (Vec::new(), Vec::new());
    let (mut rows, mut bytes) = (0, 0);
    while rows < ROWS && bytes < BYTES {
        let Some(Table { name, copy }) = TABLES.get(place.tables) else { break };
        let Copied::Rows { owner, key, columns, .. } = *copy else {
            place = Place { tables: place.tables + 1, ..Place::default() };
            continue;
        };
        // What the database has no time for, or the memory no room, is tried again as half of it.
        let most = if place.page == 0 { FIRST_PAGE } else { place.page };
        let most = (most >> held.failures.min(11)).max(1);
        let page = store::page(tx, who.tenant, name, (owner, key, columns), &place.after, most).await?;
        let text: String = page.iter().flat_map(|row| [row.line.as_str(), "\n"]).collect();
        let whole = i64::try_from(page.len()).is_ok_and(|rows| rows < most);
        place.page = next_page(page.len(), text.len());
        if let Some(last) = page.last() {
            place.files += 1;
            place.after.clone_from(&last.key);
            let path = format!("tables/{name}/{:06}.ndjson", place.files);
            let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
            let filed = Filed {
                table: (*name).to_owned(),
                path: path.clone(),
                rows: page.len(),
                bytes: text.len(),
                sha256: hex(&digest),
            };
            index.push(serde_json::to_string(&filed).map_err(Error::internal)? + "\n");
            rows += page.len();
            bytes += text.len();
            entries.push(Entry { path, bytes: text.into_bytes() });
        }
        if whole {
            place = Place { tables: place.tables + 1, ..Place::default() };
        }
    }
    let finished = place.tables >= TABLES.len();
    let counted = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let counts = vec![("rows", counted(rows)), ("files", counted(entries.len()))];
    let noted = index.concat().into_bytes();
    if finished {
        let before = longjobs::noted(tx, who, held.id).await?;
        let manifest = manifest(tx, who, held, &[before, noted.clone()].concat()).await?;
        entries.push(Entry { path: "manifest.json".to_owned(), bytes: manifest });
    }
    Ok(Slice {
        done: counted(place.tables),
        total: Some(counted(TABLES.len())),
        counts,
        output: vec![(FileName::Result, archive::piece(&entries, at, finished)?), (FileName::Index, noted)],
        checkpoint: json!(place),
        finished,
    })
}

/// What the copy holds, with `index`, the lines of all files.
async fn manifest(tx: &mut Tx, who: &Who, held: &Held, index: &[u8]) -> Result<Vec<u8>> {
    let mut filed: Vec<Filed> = Vec::new();
    for line in serde_json::Deserializer::from_slice(index).into_iter() {
        filed.push(line.map_err(Error::internal)?);
    }
    let shown = |table: &Table| match table.copy {
        Copied::Withheld(reason) => json!({ "name": table.name, "withheld": reason }),
        Copied::Rows { columns, withheld, .. } => {
            let files: Vec<&Filed> = filed.iter().filter(|file| file.table == table.name).collect();
            let withheld: Vec<Value> =
                withheld.iter().map(|(column, reason)| json!({ "name": column, "reason": reason })).collect();
            json!({
                "name": table.name, "rows": files.iter().map(|file| file.rows).sum::<usize>(),
                "columns": columns.split_whitespace().collect::<Vec<_>>(), "withheld_columns": withheld, "files": files,
            })
        }
    };
    let settings = tenants::settings(tx, who.tenant).await?.to_wire();
    let manifest = json!({
        "format": "tillwatch-export-1", "tenant": settings, "job": held.id,
        "begun_at": held.started_at, "made_at": now(), "schema_version": migrate::versions()?.last(),
        "tables": TABLES.iter().map(shown).collect::<Vec<_>>(),
    });
    serde_json::to_vec_pretty(&manifest).map_err(Error::internal)
}

/// Does the slice that `payload` is the ticket of.
///
/// # Errors
/// When it failed and is to be tried again.
async fn advance(app: &App, who: &Who, payload: Value) -> Result<()> {
    longjobs::advance(app, who, payload, |tx, who, held| Box::pin(copy(tx, who, held))).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_rows_come_in_small_files_and_narrow_ones_in_large_ones() {
        assert_eq!(next_page(20, 20 * 200), PAGE);
        assert_eq!(next_page(20, 20 * 100_000), 10);
        assert_eq!(next_page(1, 30 * 1024 * 1024), 1);
        assert_eq!(next_page(0, 0), PAGE);
    }
}
