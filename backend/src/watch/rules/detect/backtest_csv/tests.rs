use std::fmt::Write as _;

use chrono::NaiveDateTime;
use proptest::prelude::*;

use super::*;

fn back(input: &[u8], options: &BacktestOptions) -> Result<(String, Summary), BacktestError> {
    let mut output = Vec::new();
    let summary = run(input, &mut output, options)?;
    Ok((String::from_utf8(output).unwrap(), summary))
}

fn over_100() -> BacktestOptions {
    BacktestOptions { kind: RuleKind::Threshold, side: Side::Above, line: Some(100.0), ..BacktestOptions::default() }
}

fn two_sigma() -> BacktestOptions {
    BacktestOptions { kind: RuleKind::Deviation, ..BacktestOptions::default() }
}

fn refused(input: &[u8]) -> String {
    back(input, &over_100()).unwrap_err().to_string()
}

#[test]
fn rows_come_back_as_written_with_score_and_fired() {
    let input = "\u{feff}timestamp,value\r\n2024-03-01,50\r\n\"2024-03-02 00:00\", 1e2 \r\n2024-03-03T00:00:00,200.0\r\n\r\n2024-03-04,\r\n2024-03-05,10";
    let (output, summary) = back(input.as_bytes(), &over_100()).unwrap();
    assert_eq!(
        output,
        "timestamp,value,score,fired\n\
         2024-03-01,50,0.333333,false\n\
         2024-03-02 00:00, 1e2 ,0.500000,true\n\
         2024-03-03T00:00:00,200.0,0.666667,false\n\
         2024-03-04,,0.000000,false\n\
         2024-03-05,10,0.090909,false\n"
    );
    assert_eq!((summary.buckets, summary.episodes, summary.without_value), (5, 1, 1));
    assert_eq!(summary.cadence_seconds, Some(86_400));
}

#[test]
fn the_two_sigma_rule_compares_the_same_weekday_and_hour() {
    // Ten weeks of hours: nights sell 5, days 100, give or take; one dead evening in the tenth week.
    let start: NaiveDateTime = "2024-01-01T00:00:00".parse().unwrap();
    let mut input = String::from("timestamp,value\n");
    for hour in 0..24 * 70_i64 {
        let usual = if (8..22).contains(&(hour % 24)) { 100 } else { 5 } + (hour / 24 * 7) % 3;
        let value = if hour == 24 * 65 + 19 { 4 } else { usual };
        writeln!(input, "{}+08:00,{value}", (start + TimeDelta::hours(hour)).format("%Y-%m-%dT%H:%M:%S")).unwrap();
    }
    let (output, summary) = back(input.as_bytes(), &two_sigma()).unwrap();
    let fired: Vec<&str> = output.lines().filter(|line| line.ends_with(",true")).collect();
    assert_eq!(fired.len(), 1, "{summary}");
    assert!(fired[0].starts_with("2024-03-06T19:00:00+08:00,4,0.9"), "{fired:?}");
    assert_eq!((summary.too_little_history, summary.cadence_seconds), (24 * 42, Some(3_600)));

    // With no rule named the learned anomaly judges: it needs no six weeks.
    let (output, summary) = back(input.as_bytes(), &BacktestOptions::default()).unwrap();
    let fired: Vec<&str> = output.lines().filter(|line| line.ends_with(",true")).collect();
    assert_eq!(fired.len(), 1, "{summary}");
    assert!(fired[0].starts_with("2024-03-06T19:00:00+08:00,4,0."), "{fired:?}");
    assert_eq!((summary.too_little_history, summary.episodes, summary.judged), (20, 1, 24 * 70 - 20));
}

#[test]
fn the_learned_anomaly_takes_a_clock_as_it_runs() {
    // A log without offsets in the night when summer time ends: two o'clock comes twice, and one row is there twice.
    let mut input = String::from("timestamp,value\n");
    let start: NaiveDateTime = "2024-10-20T00:00:00".parse().unwrap();
    for half_hour in 0..48 * 7 + 6 {
        writeln!(input, "{},{}", start + TimeDelta::minutes(30 * half_hour), 20 + half_hour % 3).unwrap();
    }
    input.push_str("2024-10-27T02:00:00,21\n2024-10-27T02:30:00,20\n2024-10-27T02:30:00,21\n2024-10-27T03:00:00,22\n");
    let (output, summary) = back(input.as_bytes(), &BacktestOptions::default()).unwrap();
    assert_eq!((output.lines().count(), summary.episodes), (1 + 48 * 7 + 6 + 4, 0));
    assert!(back(input.as_bytes(), &two_sigma()).unwrap_err().to_string().contains("earlier than the row before"));
    for unsorted in ["2024-10-27,1\n2024-10-26,1\n", "2024-10-27T02:30:00Z,1\n2024-10-27T02:00:00Z,1\n"] {
        let refused = back(unsorted.as_bytes(), &BacktestOptions::default()).unwrap_err().to_string();
        assert!(refused.contains("sort the rows by time"), "{refused}");
    }
}

#[test]
fn each_fault_names_line_and_column() {
    for (input, message) in [
        (
            "2024-03-01,x",
            "line 1, column 2 (value): \"x\" is not a number (leave the field empty where nothing was reported)",
        ),
        ("timestamp,value\n2024-03-01,NaN", "line 2, column 2 (value): \"NaN\" is not a number"),
        ("2024-03-01,1e300", "line 1, column 2 (value): \"1e300\" is too large"),
        ("2024-03-01,1\n03/02/2024,1", "line 2, column 1 (timestamp): \"03/02/2024\" is not a timestamp"),
        ("2024-03-01,1\n2024-02-30,1", "line 2, column 1 (timestamp): \"2024-02-30\" is not a timestamp"),
        ("2024-03-01,1\n\n2024-03-01,1", "line 3, column 1 (timestamp): \"2024-03-01\" is there twice"),
        ("2024-03-02,1\n2024-03-01,1", "line 2, column 1 (timestamp): \"2024-03-01\" is earlier than the row before"),
        ("2024-03-01,1\n2024-03-02T00:00:00Z,1", "line 2, column 1 (timestamp): \"2024-03-02T00:00:00Z\" and the rows"),
        ("timestamp,value,store\n", "line 1: 3 column(s), expected two"),
        ("2024-03-01,1,2\n", "line 1: 3 column(s), expected two"),
        ("2024-03-01;1\n", "line 1: 1 column(s), expected two separated by a comma"),
        ("date,sales\n", "line 1: a header must read timestamp,value; found \"date,sales\""),
        ("timestamp,value\ntimestamp,value\n", "line 2, column 1 (timestamp): \"timestamp\" is not a timestamp"),
        ("\"2024-03-01,1\n2024-03-02,1", "line 1: a quotation mark is opened and not closed"),
    ] {
        let refused = refused(input.as_bytes());
        assert!(refused.starts_with(message), "{input:?}: {refused}");
    }
    assert_eq!(refused(b"2024-03-01,1\n2024-03-02,\xff"), "line 2: not UTF-8 text");
    assert_eq!(refused(&vec![b'9'; 100_000]), "line 1: longer than 4096 bytes");
    assert!(refused(&[b','; 4_000]).starts_with("line 1: 64 column(s)"));
}

#[test]
fn moments_decide_the_order_and_the_written_clock_the_season() {
    // The hour that the end of summer time repeats: same clock, another moment.
    let (output, _) = back(b"2024-10-27T02:30:00+02:00,1\n2024-10-27T02:30:00+01:00,1\n", &over_100()).unwrap();
    assert_eq!(output.lines().count(), 3);
    assert!(refused(b"2024-10-27T02:30:00+01:00,1\n2024-10-27T02:31:00+02:00,1\n").contains("earlier"));
}

#[test]
fn an_empty_file_is_an_empty_result() {
    for input in ["", "timestamp,value\n"] {
        let (output, summary) = back(input.as_bytes(), &BacktestOptions::default()).unwrap();
        assert_eq!((output.as_str(), summary.buckets), ("timestamp,value,score,fired\n", 0));
    }
}

#[test]
fn settings_are_refused_before_the_input_is_read() {
    let no_line = BacktestOptions { line: None, ..over_100() };
    assert_eq!(back(b"rubbish", &no_line).unwrap_err().to_string(), "line is required");
    let bad_k = BacktestOptions { k: 0.0, ..two_sigma() };
    assert_eq!(back(b"rubbish", &bad_k).unwrap_err().to_string(), "k must be more than 0");
    assert_eq!("week".parse(), Ok(SeasonLength::Week));
    assert!("both".parse::<Side>().is_err() && "cusum".parse::<RuleKind>().is_err() && "x".parse::<Method>().is_err());
}

#[test]
fn a_closed_output_is_an_error_of_the_output() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let error = run(&b"2024-03-01,1"[..], Closed, &over_100()).unwrap_err();
    assert!(matches!(error, BacktestError::Output(cause) if cause.kind() == io::ErrorKind::BrokenPipe));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_changed_or_missing_future_leaves_the_past_rows_alone(
        past in prop::collection::vec(-50..50_i32, 10..100),
        one in prop::collection::vec(-500..500_i32, 0..30),
        other in prop::collection::vec(-500..500_i32, 0..30),
    ) {
        let start: NaiveDateTime = "2024-01-01T00:00:00".parse().unwrap();
        let rows = |future: &[i32], options: &BacktestOptions| {
            let mut input = String::new();
            for (value, n) in past.iter().chain(future).zip(0..) {
                writeln!(input, "{},{value}", start + TimeDelta::days(n)).unwrap();
            }
            let (output, _) = back(input.as_bytes(), options).unwrap();
            assert_eq!(output.lines().count(), 1 + past.len() + future.len(), "one row out for each row in");
            output.lines().take(1 + past.len()).map(str::to_owned).collect::<Vec<_>>()
        };
        for options in [BacktestOptions::default(), two_sigma()] {
            prop_assert_eq!(rows(&one, &options), rows(&other, &options));
        }
    }

    #[test]
    fn no_input_makes_it_panic(input in prop::collection::vec(any::<u8>(), 0..200), text in "[-0-9T:,Z+ \"\n.e]{0,80}") {
        let _ = back(&input, &over_100());
        let _ = back(text.as_bytes(), &over_100());
        let _ = back(text.as_bytes(), &BacktestOptions::default());
    }
}
