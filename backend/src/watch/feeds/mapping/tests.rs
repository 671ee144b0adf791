use super::*;
use crate::watch::ingest::parse::MAX_ROW_BYTES;
use serde_json::json;
use std::time::Duration;
use tillwatch_shared::feeds::FeedTimeFormat;

fn mapping(value: serde_json::Value) -> FeedMapping {
    serde_json::from_value(value).unwrap()
}

fn later() -> Instant {
    Instant::now() + Duration::from_mins(10)
}

fn read_as(format: FeedFormat, mapping: &FeedMapping, text: &str) -> Result<Reading, Broken> {
    read(How { format, mapping, zone: chrono_tz::Asia::Shanghai, made_key: "made", until: later() }, text.as_bytes())
}

/// Each sample as `line metric at key value channel campaign`, each refusal as `line pointer detail`.
fn told(reading: &Reading) -> Vec<String> {
    let none = "-".to_owned();
    let sample = |sample: &Result<TextRow, RowRefusal>| match sample {
        Ok(row) => {
            let (channel, campaign) = (row.channel.as_ref().unwrap_or(&none), row.campaign.as_ref().unwrap_or(&none));
            format!("{} {} {} {} {} {channel} {campaign}", row.line, row.metric, row.at, row.key, row.value)
        }
        Err(refusal) => format!("{} {} {}", refusal.line, refusal.pointer, refusal.detail),
    };
    reading.samples.iter().map(sample).collect()
}

fn simple() -> FeedMapping {
    mapping(json!({
        "measures": [{ "value": "花费", "metric": { "constant": "spend" } }],
        "time": { "column": "日期", "format": "date" },
        "channel": { "column": "渠道" },
    }))
}

#[test]
fn a_table_as_spreadsheets_write_it_is_read_by_its_chinese_headers() {
    let text = "\u{feff}日期,渠道 ,备注,花费\r\n2026/7/1,\"店铺, 一\",\"他说\"\"好\"\"\",12.50\r\n\r\n2026年7月2日, store-2 ,,7\r\n,,,\r\n2026-07-03,,x,\r\n";
    let reading = read_as(FeedFormat::Csv, &simple(), text).unwrap();
    assert_eq!(
        told(&reading),
        ["2 spend 2026-06-30T16:00:00Z made 12.50 店铺, 一 -", "4 spend 2026-07-01T16:00:00Z made 7 store-2 -",]
    );
    assert_eq!((reading.empty, reading.columns), (1, ["日期", "渠道", "备注", "花费"].map(str::to_owned).to_vec()));
    // Whatever stands between the cells.
    for between in [";", "\t"] {
        let text = ["日期", "渠道", "花费"].join(between) + "\n" + &["20260701", "s", "1"].join(between);
        let reading = read_as(FeedFormat::Csv, &simple(), &text).unwrap();
        assert_eq!(told(&reading), ["2 spend 2026-06-30T16:00:00Z made 1 s -"], "{between:?}");
    }
}

#[test]
fn a_wide_table_makes_a_sample_of_each_figure_and_a_long_one_names_its_metric() {
    let wide = mapping(json!({
        "measures": [
            { "value": "cost", "metric": { "constant": "spend" } },
            { "value": "clicks", "metric": { "constant": "clicks" } },
        ],
        "time": { "column": "day", "format": "date", "time_zone": "America/New_York" },
        "campaign": { "constant": "coupons-18" }, "key_columns": ["ad"],
    }));
    let reading = read_as(FeedFormat::Csv, &wide, "day,ad,cost,clicks\n2026-07-01,a1,5,\n2026-07-01,,6,7\n").unwrap();
    let key = reading.samples[0].as_ref().unwrap().key.clone();
    assert_eq!(key.len(), 32);
    let told: Vec<String> = told(&reading).iter().map(|line| line.replace(&key, "KEY")).collect();
    assert_eq!(
        told,
        [
            "2 spend 2026-07-01T04:00:00Z KEY 5 - coupons-18",
            "3 /key `ad` is empty in this row",
            "3 /key `ad` is empty in this row",
        ]
    );
    assert_eq!(reading.empty, 1);
    let long = mapping(json!({
        "measures": [{ "value": "n", "metric": { "column": "what" } }],
        "time": { "column": "at", "format": "rfc3339" }, "key_columns": ["shop", "bill"],
    }));
    let text = "what,at,n,shop,bill\nsales,2026-07-01T00:00:00Z,1,ab,c\norders,2026-07-01T00:00:00Z,2,a,bc\n";
    let reading = read_as(FeedFormat::Csv, &long, text).unwrap();
    let keys: Vec<&str> = reading.samples.iter().map(|row| row.as_ref().unwrap().key.as_str()).collect();
    assert!(keys[0].len() == 32 && keys[0] != keys[1], "{keys:?}");
    assert_eq!(read_as(FeedFormat::Csv, &long, text).unwrap(), reading, "the same document makes the same samples");
}

#[test]
fn json_is_read_by_pointers_and_keeps_its_digits() {
    let deep = mapping(json!({
        "rows": "/data/a~1b", "measures": [{ "value": "/m/cost", "metric": { "constant": "spend" } }],
        "time": { "column": "t", "format": "date_time" }, "channel": { "column": "/shops/0" }, "numbers": "point_decimal",
    }));
    let text = r#"{"data":{"a/b":[
        {"t":"2026-07-01 09:30","m":{"cost":12345678901.1234},"shops":[367]},
        {"t":"2026-07-01T9:30:05","m":{"cost":"1,234.50"},"shops":["海港"]},
        {"t":"2026-07-01 09:30","m":{"cost":null},"shops":[]},
        {"t":true,"m":{"cost":1},"shops":["a"]}, {"t":"2026-07-01 09:30","m":{"cost":[1]}}, 7]}}"#;
    let reading = read_as(FeedFormat::Json, &deep, text).unwrap();
    assert_eq!(
        told(&reading),
        [
            "1 spend 2026-07-01T01:30:00Z made 12345678901.1234 367 -",
            "2 spend 2026-07-01T01:30:05Z made 1234.50 海港 -",
            "4 /at `t` is neither a text nor a number",
            "5 /value `/m/cost` is neither a number nor a text",
            "6  the row is no object of JSON of at most 65536 bytes",
        ]
    );
    assert_eq!((reading.empty, reading.columns), (1, ["m", "shops", "t"].map(str::to_owned).to_vec()));
    let flat = mapping(json!({
        "measures": [{ "value": "v", "metric": { "constant": "spend" } }], "time": { "column": "t", "format": "rfc3339" },
    }));
    let lines = "{\"t\":\"x\",\"v\":1}\n\nnonsense\n{\"t\":\"y\",\"v\":2}";
    let reading = read_as(FeedFormat::Ndjson, &flat, lines).unwrap();
    assert_eq!(reading.samples.len(), 3);
    assert_eq!(told(&reading)[1], "3  the row is no object of JSON of at most 65536 bytes");
}

#[test]
fn what_cannot_be_read_at_all_says_why() {
    use FeedFormat::{Csv, Json, Ndjson};
    let flat = mapping(json!({
        "measures": [{ "value": "v", "metric": { "constant": "spend" } }], "time": { "column": "t", "format": "rfc3339" },
        "channel": { "column": "c" },
    }));
    let fault = |format, text: &str| read_as(format, &flat, text).unwrap_err().fault;
    for (format, text, wanted) in [
        (Csv, "", FeedFault::NotCsv),
        (Csv, "<html>sign in</html>", FeedFault::MissingColumn),
        (Csv, "t,c,c,v\n", FeedFault::MissingColumn),
        (Csv, "t,v\nx,1\n", FeedFault::MissingColumn),
        (Json, "", FeedFault::NotJson),
        (Json, "[1,", FeedFault::NotJson),
        (Json, "{}", FeedFault::NotJson),
        (Json, r#"[{"t":"x","c":"y"}]"#, FeedFault::MissingColumn),
        (Json, r#"[{"c":"x","v":1}]"#, FeedFault::MissingColumn),
        (Ndjson, "<html>\nsign in\n", FeedFault::NotJson),
    ] {
        assert_eq!(fault(format, text), wanted, "{text}");
    }
    let broken = read_as(Csv, &flat, "t,v\nx,1\n").unwrap_err();
    assert_eq!((broken.columns, broken.detail.contains("`c`")), (vec!["t".to_owned(), "v".to_owned()], true));
    let gbk = read(
        How { format: Csv, mapping: &flat, zone: chrono_tz::UTC, made_key: "m", until: later() },
        b"t,c,v\n\xc8\xd5,1,2",
    );
    assert_eq!(gbk.unwrap_err().fault, FeedFault::NotUtf8);
    // Nothing yet is not wrong.
    for (format, text) in [(Csv, "t,c,v\n"), (Json, "[]"), (Ndjson, "\n")] {
        assert_eq!(read_as(format, &flat, text).unwrap().samples, [], "{text}");
    }
    let many = "x,y,1\n".repeat(MOST_SAMPLES);
    assert_eq!(read_as(Csv, &flat, &format!("t,c,v\n{many}")).unwrap().samples.len(), MOST_SAMPLES);
    assert_eq!(fault(Csv, &format!("t,c,v\n{many}x,y,1\n")), FeedFault::TooManyRows);
    // A row that is short or long spoils only itself.
    let reading = read_as(Csv, &flat, "t,c,v\nx,1\nx,y,2\nx,y,3,4\n").unwrap();
    assert_eq!(
        told(&reading),
        ["2  the row has 2 cells and the header 3", "3 spend x made 2 y -", "4  the row has 4 cells and the header 3"]
    );
}

#[test]
fn times_are_local_and_what_the_clocks_skip_is_refused() {
    use FeedTimeFormat::{Date, DateTime, Rfc3339};
    let new_york = chrono_tz::America::New_York;
    for (text, format, wanted) in [
        ("2026-07-01", Date, "2026-07-01T04:00:00Z"),
        ("2026.7.1", Date, "2026-07-01T04:00:00Z"),
        ("2026-11-01", Date, "2026-11-01T04:00:00Z"),
        ("2026/03/08 01:59", DateTime, "2026-03-08T06:59:00Z"),
        ("2026-03-08 03:00", DateTime, "2026-03-08T07:00:00Z"),
        // Shown twice: the first.
        ("2026-11-01T01:30:00.5", DateTime, "2026-11-01T05:30:00.500Z"),
        ("anything", Rfc3339, "anything"),
    ] {
        assert_eq!(texts::time(text, format, new_york).as_deref(), Ok(wanted), "{text}");
    }
    let gap = texts::time("2026-03-08 02:30", DateTime, new_york).unwrap_err();
    assert!(gap.contains("skipped by the clocks of America/New_York"), "{gap}");
    for wrong in
        ["", "1.7.2026", "07/01/2026", "2026-02-30", "26-7-1", "2026-7", "2026年7月", "20261301", "２０２６-07-01"]
    {
        assert!(texts::time(wrong, Date, new_york).is_err(), "{wrong}");
        assert!(texts::time(&format!("{wrong} 10:00"), DateTime, new_york).is_err(), "{wrong}");
    }
    for wrong in ["2026-07-01", "2026-07-01 25:00", "2026-07-01 10:00Z", "2026-07-01 10:00+08:00", "2026-07-01 下午3点"]
    {
        assert!(texts::time(wrong, DateTime, new_york).is_err(), "{wrong}");
    }
}

#[test]
fn a_comma_in_a_number_means_what_the_mapping_says() {
    use FeedNumbers::{CommaDecimal, Plain, PointDecimal};
    for (text, numbers, wanted) in [
        ("1234.5", Plain, "1234.5"),
        ("1,234.50", PointDecimal, "1234.50"),
        ("-12,345,678", PointDecimal, "-12345678"),
        ("1234567.5", PointDecimal, "1234567.5"),
        ("1.234,50", CommaDecimal, "1234.50"),
        ("0,5", CommaDecimal, "0.5"),
        // Left to the check of every sample.
        ("many", Plain, "many"),
    ] {
        assert_eq!(texts::number(text, numbers).as_deref(), Ok(wanted), "{text}");
    }
    for (text, numbers) in [
        ("1,234.50", Plain),
        ("12,34.5", PointDecimal),
        ("1,2345", PointDecimal),
        ("1.234,5", PointDecimal),
        ("0.125", CommaDecimal),
        ("-0,500", PointDecimal),
        ("000,001", PointDecimal),
        (",5", PointDecimal),
        ("1,234.", PointDecimal),
        ("¥12", PointDecimal),
        ("1,234.5", CommaDecimal),
        ("", CommaDecimal),
        ("--1", CommaDecimal),
    ] {
        let told = texts::number(text, numbers).unwrap_err();
        assert!(told.contains(" is no number "), "{told}");
    }
}

#[test]
fn objects_may_leave_out_what_is_empty() {
    let two = mapping(json!({
        "measures": [
            { "value": "/m/cost", "metric": { "constant": "spend" } }, { "value": "clicks", "metric": { "constant": "clicks" } },
        ],
        "time": { "column": "t", "format": "rfc3339" }, "campaign": { "column": "campaign" },
    }));
    let text = "{\"t\":\"x\",\"m\":{\"cost\":1}}\n{\"t\":\"x\",\"m\":null}\n";
    let reading = read_as(FeedFormat::Ndjson, &two, text).unwrap();
    assert_eq!((told(&reading), reading.empty), (vec!["1 spend x made 1 - -".to_owned()], 3));
}

#[test]
fn two_feeds_with_the_same_numbers_of_receipts_add_up() {
    let keyed = mapping(json!({
        "measures": [{ "value": "v", "metric": { "constant": "spend" } }], "time": { "column": "t", "format": "rfc3339" },
        "key_columns": ["k"],
    }));
    let key = |made_key| {
        let how = How { format: FeedFormat::Csv, mapping: &keyed, zone: chrono_tz::UTC, made_key, until: later() };
        read(how, b"t,v,k\nx,1,1001\n").unwrap().samples[0].clone().unwrap().key
    };
    assert_eq!(key("one"), key("one"));
    assert_ne!(key("one"), key("other"));
}

#[test]
fn no_document_costs_more_than_its_size() {
    let one = |columns: usize| {
        let measures: Vec<_> = (0..columns).map(|_| json!({ "value": "c", "metric": { "column": "c" } })).collect();
        mapping(json!({ "measures": measures, "time": { "column": "c", "format": "rfc3339" } }))
    };
    // A long cell is copied for none of its figures.
    let text = format!("c\n{}\n{}\n", "x".repeat(600), "x".repeat(MAX_ROW_BYTES + 1));
    let reading = read_as(FeedFormat::Csv, &one(2), &text).unwrap();
    let long = "`c` is longer than 512 bytes in this row";
    assert_eq!(
        told(&reading),
        [format!("2 /metric {long}"), format!("2 /metric {long}"), "3  the row is longer than 65536 bytes".to_owned()]
    );
    let wide = vec!["c"; 1_001].join(",");
    assert_eq!(read_as(FeedFormat::Csv, &one(1), &wide).unwrap_err().fault, FeedFault::NotCsv);
    let rows = |text: &str| vec![text; 200_000].join(",");
    let empty = read_as(FeedFormat::Json, &one(1), &format!("[{}]", rows("{}"))).unwrap_err();
    assert_eq!((empty.fault, empty.detail.contains("100,000 rows")), (FeedFault::TooManyRows, true));
    let numbers = read_as(FeedFormat::Json, &one(1), &format!("[{}]", rows("0"))).unwrap_err();
    assert!(numbers.detail.contains("10,000 samples"), "{}", numbers.detail);
    // Nor more than its time.
    let mapping = one(1);
    let how =
        How { format: FeedFormat::Csv, mapping: &mapping, zone: chrono_tz::UTC, made_key: "m", until: Instant::now() };
    std::thread::sleep(Duration::from_millis(1));
    assert!(read(how, b"c\nx\n").unwrap_err().detail.contains("takes too long"));
}
