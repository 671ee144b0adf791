//! What an import tells of its rows: one line of JSON each, and the refused ones as CSV to be mended. Pure.

use crate::error::{Error, Result};
use crate::watch::ingest::parse::{FIELDS, Format, NOTES};
use csv::{ByteRecord, ReaderBuilder, Writer};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use tillwatch_shared::samples::{SampleResult, SampleStatus};

/// How much of a row that cannot be read is shown, in characters.
const SHOWN: usize = 1_000;

/// Bytes of a file that are kept: what comes of a file of good rows fits, and one of nothing but refused ones is cut.
const MOST_KEPT: u64 = 160 * 1024 * 1024;
/// The last line of results that were cut.
pub(super) const RESULT_CUT: &str =
    "{\"cut\":\"This file has reached 160 MiB: later rows are judged and counted, and not listed.\"}\n";
/// The last line of a file of refused rows that was cut.
pub(super) const ERRORS_CUT: &str =
    ",,,,,,,,,,This file has reached 160 MiB: later refused rows are counted and not listed. Remove this line.,\n";

/// What is kept of the next `bytes` of a file that has `kept` so far: all of them, and where they reach the bound `cut`
/// behind them; behind that nothing.
pub(super) fn bounded(kept: &mut u64, mut bytes: Vec<u8>, cut: &str) -> Vec<u8> {
    if *kept >= MOST_KEPT {
        return Vec::new();
    }
    *kept += bytes.len() as u64;
    if *kept >= MOST_KEPT {
        bytes.extend_from_slice(cut.as_bytes());
    }
    bytes
}

/// One line of JSON for each result.
pub(super) fn lines(results: &[SampleResult]) -> Result<Vec<u8>> {
    let mut text = Vec::with_capacity(results.len() * 40);
    for result in results {
        serde_json::to_writer(&mut text, result).map_err(Error::internal)?;
        text.push(b'\n');
    }
    Ok(text)
}

/// A row as it was sent: the texts of its fields, or all of it when it cannot be taken apart.
#[derive(Default)]
struct Sent {
    cells: [String; FIELDS.len()],
    row: String,
}

/// The refused rows of `text` with their reasons, as CSV; with its header unless the file has `begun`. `results` has
/// one for each row of `text`, in order, and perhaps one more, for a line that was too long to be there.
pub(super) fn refused_rows(format: Format, text: &[u8], results: &[SampleResult], begun: bool) -> Result<Vec<u8>> {
    let mut csv = Writer::from_writer(Vec::new());
    if !begun {
        csv.write_record(FIELDS.iter().chain(&NOTES)).map_err(Error::internal)?;
    }
    let sent = match format {
        Format::Ndjson => sent_lines(text),
        Format::Csv => sent_records(text),
        Format::Json => sent_elements(text)?,
    };
    let nothing = Sent::default();
    for (place, result) in results.iter().enumerate().filter(|(_, result)| result.status == SampleStatus::Refused) {
        let sent = sent.get(place).unwrap_or(&nothing);
        let code = serde_json::to_value(result.code).map_err(Error::internal)?;
        let notes = [
            result.line.to_string(),
            code.as_str().unwrap_or_default().to_owned(),
            result.detail.clone().unwrap_or_default(),
            sent.row.clone(),
        ];
        csv.write_record(sent.cells.iter().chain(&notes)).map_err(Error::internal)?;
    }
    let rows = csv.into_inner().map_err(|error| Error::internal(error.to_string()))?;
    // With the mark a spreadsheet takes the file for UTF-8.
    Ok(if begun { rows } else { [b"\xef\xbb\xbf", rows.as_slice()].concat() })
}

fn sent_lines(text: &[u8]) -> Vec<Sent> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()).map(object).collect()
}

fn sent_elements(text: &[u8]) -> Result<Vec<Sent>> {
    let document: BTreeMap<&str, Vec<&RawValue>> = serde_json::from_slice(text).map_err(Error::internal)?;
    let rows = document.into_values().flatten();
    Ok(rows.map(|row| object(row.get().as_bytes())).collect())
}

/// A row of JSON.
fn object(text: &[u8]) -> Sent {
    let Ok(fields) = serde_json::from_slice::<BTreeMap<String, &RawValue>>(text) else {
        return Sent { row: String::from_utf8_lossy(text).chars().take(SHOWN).collect(), ..Sent::default() };
    };
    let cell = |name: &str| match fields.get(name).map(|token| token.get()) {
        None | Some("null") => String::new(),
        Some(token) => serde_json::from_str(token).unwrap_or_else(|_| token.to_owned()),
    };
    Sent { cells: FIELDS.map(cell), row: String::new() }
}

fn sent_records(text: &[u8]) -> Vec<Sent> {
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
    let (mut record, mut header, mut rows) = (ByteRecord::new(), None::<ByteRecord>, Vec::new());
    // Bytes in memory do not fail; and what could not be read was refused before.
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        if record.iter().all(|cell| cell.trim_ascii().is_empty()) {
            continue;
        }
        let Some(header) = &header else {
            header = Some(record.clone());
            continue;
        };
        let shown = |cell: &[u8]| String::from_utf8_lossy(cell).trim().to_owned();
        if record.len() != header.len() {
            let row = record.iter().map(shown).collect::<Vec<_>>().join(",").chars().take(SHOWN).collect();
            rows.push(Sent { row, ..Sent::default() });
            continue;
        }
        let cell = |name: &str| {
            let place = header.iter().position(|cell| cell.trim_ascii() == name.as_bytes());
            place.and_then(|place| record.get(place)).map(shown).unwrap_or_default()
        };
        rows.push(Sent { cells: FIELDS.map(cell), row: String::new() });
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::metrics::Book;
    use crate::watch::ingest::parse::{Limits, Parsed, parse};

    /// What would be said of `text` if every good row were taken.
    fn said(format: Format, text: &str) -> String {
        let rows = parse(format, text.as_bytes(), Limits::default(), Book::shipped()).unwrap();
        let results: Vec<SampleResult> = rows
            .into_iter()
            .map(|row| match row {
                Parsed::Row(row) => SampleResult::taken(row.line, SampleStatus::Accepted),
                Parsed::Refused(refusal) => refusal.into(),
            })
            .collect();
        assert_eq!(lines(&results).unwrap().split(|&byte| byte == b'\n').count() - 1, results.len());
        String::from_utf8(refused_rows(format, text.as_bytes(), &results, false).unwrap()).unwrap()
    }

    #[test]
    fn a_file_ends_at_its_bound_and_says_so_once() {
        let mut kept = MOST_KEPT - 3;
        assert_eq!(bounded(&mut kept, b"ab".to_vec(), RESULT_CUT), b"ab");
        let last = String::from_utf8(bounded(&mut kept, b"cd\n".to_vec(), RESULT_CUT)).unwrap();
        let (own, cut) = last.split_once('\n').unwrap();
        assert_eq!(own, "cd");
        assert!(serde_json::from_str::<serde_json::Value>(cut).unwrap()["cut"].is_string(), "{cut}");
        assert!(bounded(&mut kept, b"ef".to_vec(), RESULT_CUT).is_empty());
        let cells = ReaderBuilder::new().has_headers(false).from_reader(ERRORS_CUT.as_bytes()).into_records().count();
        assert_eq!((cells, ERRORS_CUT.matches(',').count()), (1, FIELDS.len() + NOTES.len() - 1));
    }

    #[test]
    fn refused_rows_keep_what_was_sent_in_every_form() {
        let at = "2026-01-05T10:00:00Z";
        let row = format!(r#"{{"metric":"销售","at":"{at}","key":"a,1","value":12.50,"channel":"上海"}}"#);
        let good = format!(r#"{{"metric":"sales","at":"{at}","key":"b","value":1}}"#);
        let lines = said(Format::Ndjson, &format!("{good}\n\n{row}\nnonsense"));
        let json = said(Format::Json, &format!(r#"{{"samples":[{good},{row}]}}"#));
        let csv = said(
            Format::Csv,
            &format!("key,at,metric,value,channel\nb,{at},sales,1,\n\"a,1\",{at},销售,12.50,上海\nx,y\n"),
        );
        for text in [&lines, &json, &csv] {
            assert!(text.starts_with(
                "\u{feff}metric,at,key,value,channel,campaign,period,subject,error_line,error_code,error_detail,error_row\n"
            ));
            let line = text.lines().nth(1).unwrap();
            assert!(line.starts_with(&format!("销售,{at},\"a,1\",12.50,上海,,")), "{line}");
            assert!(line.contains(",unknown_metric,"), "{line}");
        }
        assert!(lines.lines().nth(2).unwrap().ends_with(",nonsense") && lines.contains(",4,malformed_row,"), "{lines}");
        assert!(csv.lines().nth(2).unwrap().ends_with("\"x,y\""), "{csv}");
        // Mended where it was wrong and sent as it is, the rest of it is passed over.
        let mended = csv.lines().take(2).collect::<Vec<_>>().join("\n").replace("销售", "sales");
        assert!(matches!(
            parse(Format::Csv, mended.as_bytes(), Limits::default(), Book::shipped()).unwrap()[..],
            [Parsed::Row(_)]
        ));
    }
}
