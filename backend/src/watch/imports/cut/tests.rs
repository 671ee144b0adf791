use super::*;
use crate::measure::metrics::Book;
use crate::watch::ingest::parse::{Limits, Parsed, parse, parse_piece};

/// Reads `text` in windows of `window` bytes and batches of `most` rows, as the job does.
fn in_pieces(format: Format, text: &[u8], window: usize, most: usize) -> Result<Vec<(u32, String)>, Broken> {
    let mut place = Place::default();
    let mut rows = Vec::new();
    while place.offset < text.len() as u64 {
        let from = usize::try_from(place.offset).unwrap();
        let end = text.len().min(from + window);
        // The place is kept between two batches.
        place = serde_json::from_value(serde_json::to_value(&place).unwrap()).unwrap();
        let piece = cut(format, &text[from..end], end == text.len(), most, &mut place)?;
        assert!(place.offset > from as u64, "each batch gets further");
        match parse_piece(format, &piece.text, Limits { max_rows: most }, Book::shipped(), |line| piece.line(line)) {
            Ok(parsed) => rows.extend(parsed.iter().map(shown)),
            Err(BodyError::Empty) => {}
            Err(error) => return Err(error.into()),
        }
        rows.extend(piece.too_long.map(|refusal| shown(&Parsed::Refused(refusal))));
    }
    Ok(rows)
}

fn shown(row: &Parsed<'_>) -> (u32, String) {
    match row {
        Parsed::Row(row) => (row.line, row.key.to_string()),
        Parsed::Refused(refusal) => (refusal.line, format!("{:?}", refusal.code)),
    }
}

fn whole(format: Format, text: &[u8]) -> Vec<(u32, String)> {
    parse(format, text, Limits::default(), Book::shipped()).unwrap().iter().map(shown).collect()
}

const AT: &str = "2026-01-05T10:00:00Z";

#[test]
fn a_file_in_pieces_reads_as_the_whole() {
    let object = |n: usize| format!(r#"{{"metric":"sales","at":"{AT}","key":"订单 {n} \"]}},","value":{n}}}"#);
    let lines: String = (0..40).map(|n| format!("{}{}", object(n), ["\n", "\r\n", "\n\n", "\nbad\n"][n % 4])).collect();
    let elements: Vec<String> = (0..40).map(|n| if n % 7 == 3 { "[1, \"]\"]".to_owned() } else { object(n) }).collect();
    let json = format!("\u{feff} {{ \"samples\" : [ {} ] }} \n", elements.join(" ,\n"));
    let record =
        |n: usize| format!("sales,{AT},\"订单 {n}\r\n\"\"x\"\", y\",{n}{}", ["\n", "\r\n", "\n\n", ",more\n"][n % 4]);
    let csv = format!("\u{feff}\nmetric,at,key,value\r\n{}sales,{AT},last,1", (0..40).map(record).collect::<String>());
    for (format, text) in [(Format::Ndjson, &lines), (Format::Json, &json), (Format::Csv, &csv)] {
        let expected = whole(format, text.as_bytes());
        assert!(expected.len() >= 40);
        for (window, most) in [(200, 1), (200, 100), (333, 3), (1_000, 7), (100_000, 7), (100_000, 1000)] {
            let seen = in_pieces(format, text.as_bytes(), window, most).unwrap();
            assert_eq!(seen, expected, "{format:?} in windows of {window} and batches of {most}");
        }
    }
}

#[test]
fn a_huge_line_is_refused_by_itself() {
    let object = |n: usize| format!("{{\"metric\":\"sales\",\"at\":\"{AT}\",\"key\":\"{n}\",\"value\":{n}}}\n");
    let huge = "x".repeat(MAX_ROW_BYTES * 5);
    for end in ["", "\n"] {
        let text = format!("{}{huge}\n{}{huge}{end}", object(1), object(2));
        let seen = in_pieces(Format::Ndjson, text.as_bytes(), MAX_ROW_BYTES * 2, 100).unwrap();
        let row = |line: u32, what: &str| (line, what.to_owned());
        assert_eq!(seen, [row(1, "1"), row(2, "RowTooLong"), row(3, "2"), row(4, "RowTooLong")]);
    }
}

#[test]
fn what_cannot_be_told_apart_ends_with_a_sentence() {
    let fails = |format, text: &str| in_pieces(format, text.as_bytes(), 300, 10).unwrap_err().to_string();
    let open = format!("metric,at,key,value\nsales,{AT},a,1\nsales,{AT},\"b,1\n{}", "sales,x,y,z\n".repeat(100));
    assert!(fails(Format::Csv, &open).contains("begins in line 3"), "{}", fails(Format::Csv, &open));
    assert!(fails(Format::Csv, "metric,when\n1,2\n").contains("unknown column"));
    for text in [
        "[]",
        "{\"rows\":[]}",
        "{\"samples\":[{}",
        "{\"samples\":[{} {}]}",
        "{\"samples\":[{}]",
        "{\"samples\":[{}]} x",
        "{\"samples\":[{},]}",
        &format!("{{\"samples\":[{{}},{{\"key\":\"{}\"}}]}}", "x".repeat(1000)),
    ] {
        assert!(fails(Format::Json, text).contains("{\"samples\":[…]}"), "{text}");
    }
    assert_eq!(in_pieces(Format::Json, b"{\"samples\":[]}", 300, 10).unwrap(), []);
    assert_eq!(in_pieces(Format::Csv, b"\xff\xfem\0", 300, 10), Err(Broken::Body(BodyError::NotUtf8 { at: 0 })));
}
