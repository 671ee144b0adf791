//! Bodies as a whole: headers, documents, counts, content types.

use super::super::*;
use super::{HEADER, parsed, refusal, row, with};

#[test]
fn csv_takes_columns_in_any_order_and_spreadsheet_habits() {
    let body = "\u{feff}Value,metric\r\n";
    assert!(
        matches!(parse(Format::Csv, body.as_bytes(), Limits::default(), Book::shipped()), Err(BodyError::BadCsvHeader { detail }) if detail.contains("`Value`"))
    );
    let body = "\u{feff} value , metric,key,at\r\n\r\n 3 ,clicks,\"多行\n键\",2026-07-01T09:00:00Z\r\n,,,\r\n4,clicks, k2 ,2026-07-01T09:00:00Z\r\n\r\n5,clicks,\"a,b\",2026-07-01T09:00:00Z";
    let rows = parsed(Format::Csv, body.as_bytes());
    assert_eq!(rows.iter().map(Parsed::line).collect::<Vec<_>>(), [3, 6, 8]);
    assert_eq!(refusal(&rows[0]).code, RowCode::InvalidKey);
    assert_eq!(&*row(&rows[1]).key, "k2");
    assert_eq!(&*row(&rows[2]).key, "a,b");
    // Line ends as old Macs wrote them.
    let rows = parsed(Format::Csv, b"metric,at,key,value\rx,,,\r\ry,,,\r");
    assert_eq!(rows.iter().map(Parsed::line).collect::<Vec<_>>(), [2, 4]);
}

#[test]
fn csv_refuses_single_records() {
    let mut body = format!("{HEADER}\n").into_bytes();
    body.extend(b"clicks,2026-07-01T09:00:00Z,k1\n");
    body.extend(b"clicks,2026-07-01T09:00:00Z,k\xc4\xe3,1,,\n");
    body.extend(b"clicks,2026-07-01T09:00:00Z,k3,NaN,,\n");
    body.extend(b"clicks,2026-07-01T09:00:00Z,k4,,,\n");
    body.extend("spend,2026-07-01T09:00:00Z,k5,\"1,234.5\",,\n".bytes());
    body.extend(format!("clicks,2026-07-01T09:00:00Z,{},1,,\n", "k".repeat(70_000)).bytes());
    body.extend(b"clicks,2026-07-01T09:00:00Z,k7,1,\xe5\xba\x97,\n");
    let rows = parsed(Format::Csv, &body);
    let codes: Vec<_> = rows[..6].iter().map(|parsed| refusal(parsed).code).collect();
    assert_eq!(
        codes,
        [
            RowCode::MalformedRow,
            RowCode::MalformedRow,
            RowCode::NotANumber,
            RowCode::MissingField,
            RowCode::NotANumber,
            RowCode::RowTooLong
        ]
    );
    assert!(refusal(&rows[0]).detail.contains("3 cells and the header 6"));
    assert_eq!(refusal(&rows[1]).pointer, "/key");
    assert_eq!(row(&rows[6]).channel.as_deref(), Some("店"));
    assert_eq!(row(&rows[6]).line, 8);
}

#[test]
fn a_csv_header_says_what_is_wrong_with_it() {
    for (header, says) in [
        ("metric,at,key", "`value` is missing"),
        ("metric,at,key,value,value", "`value` is there twice"),
        ("metric,at,key,value,store", "unknown column `store`"),
        ("metric;at;key;value", "by commas"),
        ("clicks,2026-07-01T09:00:00Z,k1,3", "unknown column `clicks`"),
        ("\u{0}\u{1}", "unknown column"),
    ] {
        let body = format!("{header}\nx");
        let error = parse(Format::Csv, body.as_bytes(), Limits::default(), Book::shipped()).unwrap_err();
        assert!(matches!(&error, BodyError::BadCsvHeader { detail } if detail.contains(says)), "{error}");
    }
}

#[test]
fn a_json_document_says_what_is_wrong_with_it() {
    for (body, says) in [
        ("[]", "an object with the field `samples`"),
        ("{\"samples\":{}}", "an array of samples"),
        ("{}", "missing field `samples`"),
        ("{\"samples\":[],\"dry_run\":true}", "unknown field `dry_run`"),
        ("{\"samples\":[],\"samples\":[]}", "duplicate field"),
        ("{\"samples\":[]} {}", "trailing"),
        ("{\"samples\":[{]}", "line 1"),
        ("{\"samples\":[\n{\"a\":1},\n", "line 3"),
    ] {
        let error = parse(Format::Json, body.as_bytes(), Limits::default(), Book::shipped()).unwrap_err();
        assert!(matches!(&error, BodyError::BadJson { detail } if detail.contains(says)), "{body}: {error}");
    }
    let error = parse(Format::Json, b"{\"samples\":[\"\xff\"]}", Limits::default(), Book::shipped());
    assert_eq!(error, Err(BodyError::NotUtf8 { at: 13 }));
    let wrong = format!("{{\"samples\":[3, {}]}}", with("value", "3"));
    let rows = parsed(Format::Json, wrong.as_bytes());
    assert_eq!(refusal(&rows[0]).code, RowCode::MalformedRow);
    assert_eq!(row(&rows[1]).line, 2);
}

#[test]
fn rows_are_counted_before_they_are_read() {
    let limits = Limits { max_rows: 2 };
    let lines = "{}\n\n{}\nnonsense\n";
    let three = Err(BodyError::TooManyRows { rows: 3, max: 2 });
    assert_eq!(parse(Format::Ndjson, lines.as_bytes(), limits, Book::shipped()), three);
    assert_eq!(parse(Format::Json, br#"{"samples":[{},{},{}]}"#, limits, Book::shipped()), three);
    let csv = format!("{HEADER}\na\n\nb\nc\n");
    assert_eq!(parse(Format::Csv, csv.as_bytes(), limits, Book::shipped()), three);
    assert_eq!(parsed(Format::Ndjson, b"{}\n{}").len(), 2);
    for (format, body) in [
        (Format::Ndjson, ""),
        (Format::Ndjson, "\r\n \n"),
        (Format::Csv, ""),
        (Format::Csv, "\n\n"),
        (Format::Csv, HEADER),
        (Format::Json, ""),
        (Format::Json, "\u{feff} "),
        (Format::Json, "{\"samples\":[]}"),
    ] {
        assert_eq!(parse(format, body.as_bytes(), limits, Book::shipped()), Err(BodyError::Empty), "{body}");
    }
    for format in [Format::Ndjson, Format::Csv, Format::Json] {
        assert_eq!(parse(format, b"\xff\xfem\0e\0", limits, Book::shipped()), Err(BodyError::NotUtf8 { at: 0 }));
    }
}

#[test]
fn the_content_type_names_the_format() {
    for (given, format) in [
        ("application/x-ndjson", Format::Ndjson),
        ("Text/CSV; charset=UTF-8; header=present", Format::Csv),
        ("application/json;charset=\"utf-8\"", Format::Json),
    ] {
        assert_eq!(Format::from_content_type(Some(given)), Ok(format));
    }
    for given in [None, Some(""), Some("text/html"), Some("text/csv; charset=gbk"), Some("application/jsonx")] {
        let error = Format::from_content_type(given).unwrap_err();
        assert!(error.to_string().contains("application/x-ndjson"), "{error}");
    }
}

#[test]
fn only_some_slips_get_a_proposal() {
    let body = vec![with("metric", r#""clikcs""#); 60].join("\n");
    let rows = parsed(Format::Ndjson, body.as_bytes());
    let proposals = rows.iter().filter(|row| refusal(row).detail.contains("did you mean"));
    assert_eq!(proposals.count(), 50);
}
