//! Rows as senders write them, good and bad, through the whole of [`parse`]; bodies as a whole are in
//! `bodies`.

mod bodies;

use proptest::prelude::*;

use super::*;

const HEADER: &str = "metric,at,key,value,channel,campaign";

fn parsed(format: Format, body: &[u8]) -> Vec<Parsed<'_>> {
    parse(format, body, Limits::default(), Book::shipped()).unwrap()
}

fn row<'r, 'a>(parsed: &'r Parsed<'a>) -> &'r SampleRow<'a> {
    match parsed {
        Parsed::Row(row) => row,
        Parsed::Refused(refusal) => panic!("refused: {refusal:?}"),
    }
}

fn refusal<'r>(parsed: &'r Parsed<'_>) -> &'r RowRefusal {
    match parsed {
        Parsed::Refused(refusal) => refusal,
        Parsed::Row(row) => panic!("taken: {row:?}"),
    }
}

/// The refusal of a line of NDJSON.
fn refused(line: &[u8]) -> RowRefusal {
    let rows = parsed(Format::Ndjson, line);
    assert_eq!(rows.len(), 1);
    refusal(&rows[0]).clone()
}

/// A good row with one field written otherwise.
fn with(field: &str, token: &str) -> String {
    let mut members = Vec::new();
    for (name, good) in [
        ("metric", r#""clicks""#),
        ("at", r#""2026-07-01T09:00:00+08:00""#),
        ("key", r#""k1""#),
        ("value", "3"),
        (field, token),
    ] {
        // The field comes last: it replaces the good one of its name, and is left out when empty.
        members.retain(|(earlier, _)| *earlier != name);
        members.push((name, good));
    }
    let members: Vec<String> = members
        .iter()
        .filter(|(_, token)| !token.is_empty())
        .map(|(name, token)| format!("\"{name}\":{token}"))
        .collect();
    format!("{{{}}}", members.join(","))
}

#[test]
fn the_same_rows_come_out_of_each_format() {
    let a = r#"{"metric":"spend","at":"2026-07-01T09:00:00.25+08:00","key":"广告-1","value":12.3400,"channel":"抖音","campaign":"cmp_1"}"#;
    let b = r#"{"value":1e3,"key":"a \"b\", c","at":"2026-07-01T01:00:00Z","metric":"clicks","channel":null}"#;
    let ndjson = format!("{a}\n{b}\n");
    let json = format!("{{\"samples\": [{a},\n {b}]}}");
    let csv = format!(
        "{HEADER}\nspend,2026-07-01T09:00:00.25+08:00,广告-1,12.3400,抖音,cmp_1\nclicks,2026-07-01T01:00:00Z,\"a \"\"b\"\", c\",1e3,,\n"
    );
    for (format, body, first) in [(Format::Ndjson, ndjson, 1), (Format::Json, json, 1), (Format::Csv, csv, 2)] {
        let rows = parsed(format, body.as_bytes());
        assert_eq!(rows.len(), 2);
        let (one, two) = (row(&rows[0]), row(&rows[1]));
        assert_eq!((one.line, two.line), (first, first + 1));
        assert_eq!((one.metric.key, two.metric.key), ("spend", "clicks"));
        assert_eq!((&*one.key, &*two.key), ("广告-1", "a \"b\", c"));
        assert_eq!((one.channel.as_deref(), one.campaign.as_deref()), (Some("抖音"), Some("cmp_1")));
        assert_eq!((&two.channel, &two.campaign), (&None, &None));
        assert_eq!((one.value.e4(), two.value.e4()), (123_400, 10_000_000));
        assert_eq!(one.at.to_rfc3339(), "2026-07-01T01:00:00.250+00:00");
    }
}

#[test]
fn the_hot_path_borrows() {
    let body = with("channel", r#""chn_1""#);
    let rows = parsed(Format::Ndjson, body.as_bytes());
    assert!(matches!(row(&rows[0]).key, Cow::Borrowed("k1")));
    assert!(matches!(row(&rows[0]).channel, Some(Cow::Borrowed("chn_1"))));
}

#[test]
fn each_fault_has_its_code_and_place() {
    use RowCode::*;
    let long = format!("\"{}\"", "键".repeat(129));
    for (field, token, code, says) in [
        ("metric", r#""clikcs""#, UnknownMetric, "did you mean `clicks`?"),
        ("metric", r#""点击量""#, UnknownMetric, "did you mean `clicks`?"),
        ("metric", r#""zzzzzz""#, UnknownMetric, "no metric `zzzzzz`"),
        ("metric", r#""ctr""#, ComputedMetric, "send its parts `clicks` and `impressions`"),
        ("metric", r#""nps""#, ComputedMetric, "`promoters`, `detractors` and `nps_answers`"),
        ("metric", "1", WrongType, "`metric` is a number and should be a string"),
        ("metric", "", MissingField, "`metric` is missing"),
        ("at", "", MissingField, "`at` is missing"),
        ("key", "", MissingField, "`key` is missing"),
        ("value", "", MissingField, "`value` is missing"),
        ("at", r#""2026-07-01""#, InvalidTime, "RFC 3339"),
        ("at", r#""2026-07-01T09:00:00""#, InvalidTime, "offset"),
        ("at", r#""2026-02-30T09:00:00Z""#, InvalidTime, "2026-02-30"),
        ("at", r#""昨天""#, InvalidTime, "昨天"),
        ("at", "1782867600", WrongType, "a string"),
        ("at", r#""1999-12-31T23:59:59Z""#, TooOld, "before 2000"),
        ("at", r#""2000-01-01T00:00:00+08:00""#, TooOld, "before 2000"),
        ("key", r#""""#, InvalidKey, "empty"),
        ("key", r#""  ""#, InvalidKey, "empty"),
        ("key", "\"\u{3000}\"", InvalidKey, "empty"),
        ("key", r#""a\u0000b""#, InvalidKey, "U+0000"),
        ("key", "\"a\u{202e}b\"", InvalidKey, "U+202E"),
        ("key", &long, InvalidKey, "128"),
        ("key", r#""\ud800""#, MalformedRow, "not a JSON string"),
        ("key", "null", WrongType, "null"),
        ("channel", r#""""#, InvalidKey, "empty"),
        ("channel", "7", WrongType, "a number"),
        ("campaign", r#"{"id":1}"#, WrongType, "an object"),
        ("campaign", r#""a\nb""#, InvalidKey, "U+000A"),
        ("value", r#""3""#, WrongType, "`value` is a string and should be a number"),
        ("value", "true", WrongType, "a boolean"),
        ("value", "[3]", WrongType, "an array"),
        ("value", "2.5", NotWhole, "whole numbers only, it is 2.5"),
        ("value", "-1", NegativeValue, "cannot be negative"),
        ("value", "1e12", AbsurdValue, "1e11"),
        ("value", "1e999", AbsurdValue, "1e11"),
        ("value", "0.00001", TooManyDecimals, "4 decimals"),
        ("amount", "3", UnknownField, "no field `amount`"),
    ] {
        let refusal = refused(with(field, token).as_bytes());
        assert_eq!(refusal.code, code, "{field} {token}: {refusal:?}");
        assert_eq!(refusal.pointer, format!("/{field}"), "{token}");
        assert!(refusal.detail.contains(says), "{refusal:?}");
        assert!(refusal.detail.chars().count() < 200, "{refusal:?}");
    }
}

#[test]
fn a_row_that_is_no_object_is_malformed() {
    for line in [
        "{",
        "[]",
        "3",
        "null",
        "\"text\"",
        "{}x",
        "{\"metric\":}",
        "{'a':1}",
        "hello",
        &with("value", "NaN"),
        &with("value", "-Infinity"),
        &with("value", "0x10"),
        &with("value", "01"),
        &with("value", "1."),
        &with("metric", r#""clicks","metric":"clicks""#),
        &format!("{}{}", with("value", "3"), with("value", "3")),
        &"[".repeat(60_000),
    ] {
        let refusal = refused(line.as_bytes());
        assert_eq!(refusal.code, RowCode::MalformedRow, "{refusal:?}");
        assert_eq!((refusal.pointer.as_str(), refusal.line), ("", 1));
        assert!(refusal.detail.contains("at column"), "{refusal:?}");
    }
    assert_eq!(refused(b"{}").code, RowCode::MissingField);
    let escaped = refused(with("a/b~c", "1").as_bytes());
    assert_eq!((escaped.code, escaped.pointer.as_str()), (RowCode::UnknownField, "/a~1b~0c"));
}

#[test]
fn what_is_allowed_at_the_edges_is_taken() {
    let longest = format!("\"{}\"", "键".repeat(128));
    for (field, token) in [
        ("key", longest.as_str()),
        ("key", r#""\u952e \/ \ud83d\ude00""#),
        ("at", r#""2000-01-01T00:00:00Z""#),
        ("value", "0"),
        ("value", "-0.0"),
        ("value", "3.0000000"),
        ("value", "100000000000"),
        ("campaign", "null"),
        ("metric", r#""\u0063licks""#),
    ] {
        let body = with(field, token);
        row(&parsed(Format::Ndjson, body.as_bytes())[0]);
    }
    let shrinking = with("metric", r#""net_new_followers""#).replace(":3", ":-3");
    assert_eq!(row(&parsed(Format::Ndjson, shrinking.as_bytes())[0]).value.e4(), -30_000);
    let money = with("metric", r#""spend""#).replace(":3", ":3.0001");
    assert_eq!(row(&parsed(Format::Ndjson, money.as_bytes())[0]).value.e4(), 30_001);
}

#[test]
fn a_bad_line_spoils_only_itself() {
    let mut body = b"\xef\xbb\xbf".to_vec();
    body.extend(with("key", r#""a""#).bytes());
    body.extend(b"\r\n\r\n  \n\xff\xfe{\"metric\":\r\n");
    body.extend(with("key", r#""b""#).bytes());
    body.extend(b"\n");
    body.extend(vec![b'x'; 1_000_000]);
    body.extend(b"\n");
    body.extend(with("key", r#""c""#).bytes());
    let rows = parsed(Format::Ndjson, &body);
    assert_eq!(rows.iter().map(Parsed::line).collect::<Vec<_>>(), [1, 4, 5, 6, 7]);
    assert_eq!((&*row(&rows[0]).key, &*row(&rows[2]).key, &*row(&rows[4]).key), ("a", "b", "c"));
    assert_eq!(refusal(&rows[1]).code, RowCode::MalformedRow);
    assert!(refusal(&rows[1]).detail.contains("not UTF-8 at byte 0"));
    assert_eq!(refusal(&rows[3]).code, RowCode::RowTooLong);
    assert!(refusal(&rows[3]).detail.contains("1000000"));
}

#[test]
fn the_same_row_twice_is_refused_the_second_time() {
    let other_key = with("key", r#""k2""#);
    // Another spelling of the same instant and another value: still the same sample.
    let again = with("at", r#""2026-07-01T01:00:00.0000009Z""#).replace(":3", ":4");
    let elsewhere = with("channel", r#""shop""#);
    let body = [with("value", "3"), other_key, again, elsewhere].join("\n");
    let rows = parsed(Format::Ndjson, body.as_bytes());
    assert_eq!(row(&rows[0]).value.e4(), 30_000);
    row(&rows[1]);
    row(&rows[3]);
    let refusal = refusal(&rows[2]);
    assert_eq!((refusal.line, refusal.code), (3, RowCode::DuplicateKey));
    assert!(refusal.detail.starts_with("line 1 has the same"), "{refusal:?}");
}

#[test]
fn lists_of_durations_are_bounded_over_all_rows_of_a_request() {
    let list = |n: usize, of: usize| {
        let many = vec!["7"; of].join(",");
        format!(r#"{{"metric":"queue_time","at":"2026-07-01T09:00:00+08:00","key":"k{n}","value":[{many}]}}"#)
    };
    let full = row::MOST_LISTED / 1_000;
    let mut lines: Vec<String> = (0..full).map(|n| list(n, 1_000)).collect();
    lines.extend([list(full, 2), with("key", r#""single""#)]);
    let body = lines.join("\n");
    let rows = parsed(Format::Ndjson, body.as_bytes());
    assert!(rows[..full].iter().all(|row| matches!(row, Parsed::Row(row) if row.many.len() == 1_000)));
    let refused = refusal(&rows[full]);
    assert_eq!((refused.code, refused.pointer.as_str()), (RowCode::TooManyDurations, "/value"));
    assert!(matches!(rows[full + 1], Parsed::Row(_)), "what is no list is taken as before");
}

#[test]
fn the_clock_refuses_what_is_more_than_five_minutes_ahead() {
    let now: DateTime<Utc> = "2026-07-01T00:55:00Z".parse().unwrap();
    let body = [with("key", r#""at the edge""#), with("at", r#""2026-07-01T09:00:00.000001+08:00""#)].join("\n");
    let mut rows = parsed(Format::Ndjson, body.as_bytes());
    refuse_future(&mut rows, now);
    row(&rows[0]);
    let refusal = refusal(&rows[1]);
    assert_eq!((refusal.code, refusal.pointer.as_str(), refusal.line), (RowCode::FutureTime, "/at", 2));
    let result = SampleResult::from(refusal.clone());
    assert_eq!(result.code, Some(RowCode::FutureTime));
}

/// Bytes near enough to rows to get past the first check.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "\\",
            "\n",
            "\r\n",
            "\"metric\":",
            "\"clicks\"",
            "\"value\":",
            "1",
            "-",
            "e9",
            ".5",
            "null",
            "{\"samples\":[",
            "metric,at,key,value\n",
            "\"at\":",
            "\"2026-07-01T09:00:00Z\"",
            "\"key\":",
            "\u{feff}",
            "点",
            "\\ud83d",
            "\\u0000",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_bytes_panic_and_lines_rise(body in pieces()) {
        for format in [Format::Ndjson, Format::Csv, Format::Json] {
            if let Ok(rows) = parse(format, &body, Limits { max_rows: 20 }, Book::shipped()) {
                prop_assert!(!rows.is_empty() && rows.len() <= 20);
                prop_assert!(rows.windows(2).all(|pair| pair[0].line() < pair[1].line()));
            }
        }
    }

    /// Whatever key, time and value a row has, it comes out of all three formats as it went in.
    #[test]
    fn every_row_leads_back(
        key in "[a-zA-Z0-9_\\-,\"\\\\/'中文店é😀]{1,40}", second in 946_684_800_i64..4_000_000_000, micros in 0_u32..1_000_000,
        e4 in 0_i64..=1_000_000_000_000_000, offset in -14_i32..=14,
    ) {
        let at = DateTime::from_timestamp(second, micros * 1000).unwrap();
        let zone = chrono::FixedOffset::east_opt(offset * 3600).unwrap();
        let (text, value) = (at.with_timezone(&zone).to_rfc3339(), Quantity::from_e4(e4));
        let quoted = serde_json::to_string(&key).unwrap();
        let object = format!(r#"{{"metric":"spend","key":{quoted},"at":"{text}","value":{value}}}"#);
        let json = format!(r#"{{"samples":[{object}]}}"#);
        let csv = format!("key,metric,value,at\n\"{}\",spend,{value},{text}\n", key.replace('"', "\"\""));
        for (format, body) in [(Format::Ndjson, &object), (Format::Json, &json), (Format::Csv, &csv)] {
            let rows = parsed(format, body.as_bytes());
            prop_assert_eq!(rows.len(), 1);
            let row = row(&rows[0]);
            prop_assert_eq!((&*row.key, row.at, row.value), (&*key, at, value));
        }
    }
}
