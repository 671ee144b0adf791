//! The built program at a prompt: a rule tried on a file, the settings, and errors that name what is wrong.

#![expect(clippy::unwrap_used, reason = "tests")]

use crate::harness::program::tillwatch;
use crate::harness::tenant::unique;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Output;
use tillwatch_backend::config::SETTINGS;

/// A file that goes with its test.
struct Kept(PathBuf);

impl Kept {
    fn new(content: impl AsRef<[u8]>) -> Self {
        let name = format!("tillwatch-backtest-{}-{}.csv", std::process::id(), unique());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, content).unwrap();
        Self(path)
    }

    fn backtest(&self, more: &[&str]) -> Output {
        tillwatch(&["backtest"]).arg(&self.0).args(more).output().unwrap()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // Nobody minds a file that is gone already.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[track_caller]
fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{}", errors(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Ten weeks of days with a weekly season and a little noise; the 66th is a collapse, one has no figure.
fn ten_weeks() -> Vec<(String, String)> {
    let first = chrono::NaiveDate::from_ymd_opt(2026, 1, 5).unwrap();
    (0..70)
        .map(|i: u32| {
            let day = first + chrono::TimeDelta::days(i.into());
            let weekend = if i % 7 >= 5 { 300 } else { 0 };
            let value = match i {
                20 => String::new(),
                65 => "150.50".to_owned(),
                _ => (1000 + weekend + i * 37 % 50).to_string(),
            };
            (day.to_string(), value)
        })
        .collect()
}

#[test]
fn a_rule_is_tried_on_a_file() {
    let days = ten_weeks();
    let file = days.iter().fold("timestamp,value\n".to_owned(), |mut text, (day, value)| {
        writeln!(text, "{day},{value}").unwrap();
        text
    });
    let file = Kept::new(file);
    let once = file.backtest(&["--rule", "deviation"]);
    let rows = succeeded(&once);
    let mut lines = rows.lines();
    assert_eq!(lines.next(), Some("timestamp,value,score,fired"));
    let lines: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    assert_eq!(lines.len(), days.len(), "a row for each row");
    for (line, (day, value)) in lines.iter().zip(&days) {
        assert_eq!(line[..2], [day.as_str(), value.as_str()], "given back as written");
        let score: f64 = line[2].parse().unwrap();
        assert!((0.0..=1.0).contains(&score), "{line:?}");
        assert_eq!(line[3] == "true", day == "2026-03-11", "only the collapse fires: {line:?}");
        assert!(line[3] != "true" || score > 0.5, "{line:?}");
    }
    assert!(errors(&once).contains('1'), "the summary counts the episode: {}", errors(&once));
    let again = file.backtest(&["--rule", "deviation"]);
    assert_eq!((again.stdout, again.stderr), (once.stdout, once.stderr), "the same every time");

    let above = succeeded(&file.backtest(&["--rule", "threshold", "--side", "above", "--line", "1300"]));
    let fired: Vec<&str> = above.lines().filter(|line| line.ends_with(",true")).collect();
    assert_eq!(fired.len(), 10, "each weekend is an episode: {fired:?}");
}

/// Twenty days of cost per click by the hour, a cent or two with a wave; one hour costs ten times as much, one has no figure.
fn clicks() -> String {
    let first = chrono::NaiveDate::from_ymd_opt(2026, 1, 5).unwrap().and_time(chrono::NaiveTime::MIN);
    (0..480_u32).fold("timestamp,value\n".to_owned(), |mut text, hour| {
        let time = first + chrono::TimeDelta::hours(hour.into());
        let cents = 12 + (hour % 24) / 8 + hour * 7 % 5;
        match hour {
            100 => writeln!(text, "{time},").unwrap(),
            400 => writeln!(text, "{time},{}", f64::from(cents) / 10.0).unwrap(),
            _ => writeln!(text, "{time},{}", f64::from(cents) / 100.0).unwrap(),
        }
        text
    })
}

#[test]
fn with_no_rule_named_the_learned_anomaly_judges() {
    let input = clicks();
    let file = Kept::new(&input);
    let once = file.backtest(&[]);
    let rows = succeeded(&once);
    let lines: Vec<Vec<&str>> = rows.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(lines[0], ["timestamp", "value", "score", "fired"]);
    assert_eq!(lines.len(), 481, "a row for each row");
    for (line, given) in lines.iter().zip(input.lines()).skip(1) {
        assert_eq!(line[..2].join(","), given, "given back as written");
        let score: f64 = line[2].parse().unwrap();
        let spike = line[0] == "2026-01-21 16:00:00";
        assert_eq!(line[3], if spike { "true" } else { "false" }, "{line:?}");
        assert_eq!(score >= 0.5, spike, "{line:?}");
        assert!((0.0..=1.0).contains(&score), "{line:?}");
    }
    let said = errors(&once);
    for part in
        ["480 rows, one every hour", "459 judged, 20 with too little history, 1 without a value", "fired 1 time"]
    {
        assert!(said.contains(part), "{said}");
    }
    let again = file.backtest(&["--rule", "learned"]);
    assert_eq!((again.stdout, again.stderr), (once.stdout, once.stderr), "the same every time, named or not");
}

#[test]
fn what_the_learned_anomaly_cannot_read_is_named_and_what_it_can_is_read() {
    // Unsorted, Chinese, words for numbers; nothing at all, too little, a constant, the same moment twice.
    for (content, place) in [
        ("2026-01-05,1\n2026-01-03,1\n", "line 2, column 1 (timestamp): \"2026-01-03\" is earlier than the row before"),
        ("时间,数值\n2026-01-05,1\n", "line 1: a header must read timestamp,value; found \"时间,数值\""),
        ("2026-01-05,一千\n", "line 1, column 2 (value): \"一千\" is not a number"),
        ("二〇二六年,1\n", "is not a timestamp"),
        ("2026-01-05,NaN\n", "\"NaN\" is not a number"),
        ("2026-01-05,1e101\n", "\"1e101\" is too large"),
    ] {
        let refused = Kept::new(content).backtest(&[]);
        assert_eq!(refused.status.code(), Some(1), "{content}");
        assert!(errors(&refused).contains(place), "{content}: {}", errors(&refused));
    }
    let fine =
        ["", "timestamp,value\n", "2026-01-05,1\n", "2026-01-05,1\n2026-01-05,2\n", "2026-01-05,-1e99\n2026-01-06,\n"];
    for content in fine {
        let rows = succeeded(&Kept::new(content).backtest(&[]));
        assert_eq!(rows.lines().count(), 1 + content.lines().filter(|line| line.starts_with('2')).count(), "{content}");
        assert!(!rows.contains("true"), "{rows}");
    }
    let mixed = Kept::new("2026-01-05,1\n").backtest(&["--sigmas", "3"]);
    assert!(errors(&mixed).contains("--sigmas is no setting of the learned anomaly"), "{}", errors(&mixed));
    let unknown = Kept::new("2026-01-05,1\n").backtest(&["--rule", "magic"]);
    assert!(errors(&unknown).contains("learned, deviation, threshold"), "{}", errors(&unknown));
    let help = tillwatch(&["backtest", "--help"]).output().unwrap();
    let help = succeeded(&help);
    for column in ["timestamp  as it was written", "score      how alarming", "fired      true at the first row"] {
        assert!(help.contains(column), "{help}");
    }
}

#[test]
fn a_file_that_does_not_fit_is_refused_by_line_and_column() {
    for (content, place) in [
        ("timestamp,value\n2026-01-05,1\n2026-01-06,abc\n", "line 3, column 2 (value): \"abc\" is not a number"),
        ("2026-01-05,1\nyesterday,2\n", "line 2, column 1 (timestamp): \"yesterday\" is not a timestamp"),
        ("day,sales\n2026-01-05,1\n", "line 1: a header must read timestamp,value"),
        ("2026-01-05,1,2\n", "line 1: 3 column(s)"),
        ("2026-01-05,1\n2026-01-04,1\n", "is earlier than the row before"),
        ("2026-01-05,1\n2026-01-05,1\n", "is there twice"),
    ] {
        let file = Kept::new(content);
        let refused = file.backtest(&["--rule", "deviation", "--min-history", "2"]);
        assert_eq!(refused.status.code(), Some(1), "{content}");
        let said = errors(&refused);
        assert!(said.contains(place) && said.contains(&file.0.display().to_string()), "{content}: {said}");
    }
    let file = Kept::new(b"2026-01-05,\xff\n");
    assert!(errors(&file.backtest(&[])).contains("line 1: not UTF-8 text"));
    let missing = tillwatch(&["backtest", "/nowhere/at-all.csv"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(1));
    assert!(errors(&missing).contains("/nowhere/at-all.csv"), "{}", errors(&missing));
    let lineless = Kept::new("2026-01-05,1\n").backtest(&["--rule", "threshold"]);
    assert!(errors(&lineless).contains("line is required") && lineless.stdout.is_empty(), "{}", errors(&lineless));
}

#[test]
fn the_settings_are_listed_and_secrets_are_not() {
    let secret = "0123456789abcdef".repeat(4);
    let mut config = tillwatch(&["config"]);
    config.env("SECRET_KEY", &secret).env("DISCORD_TOKEN", "very-secret-token").env("PORT", "0").env("LOG", "warn");
    let shown = succeeded(&config.output().unwrap());
    for setting in SETTINGS {
        let line = shown.lines().find(|line| line.split_whitespace().next() == Some(setting.name));
        let line = line.unwrap_or_else(|| panic!("{} is not listed", setting.name));
        assert!(line.contains(setting.help), "{line}");
    }
    assert_eq!(shown.lines().count(), SETTINGS.len());
    assert!(!shown.contains(&secret) && !shown.contains("very-secret-token"), "{shown}");
    let of = |name: &str| shown.lines().find(|line| line.starts_with(name)).unwrap();
    assert!(of("PORT").contains("environment") && of("HOST").contains("default"), "{shown}");
}

#[test]
fn a_setting_that_cannot_be_used_is_named() {
    for (name, value) in [("PORT", "70000"), ("PORT", "http"), ("DEMO", "maybe"), ("SECRET_KEY", "too short")] {
        for command in ["up", "serve", "config"] {
            let refused = tillwatch(&[command]).env(name, value).output().unwrap();
            let said = errors(&refused);
            assert_eq!(refused.status.code(), Some(1), "{command} with {name}={value}: {said}");
            assert!(said.contains(&format!("{name}:")), "{said}");
            assert!(name != "SECRET_KEY" || !said.contains(value), "{said}");
        }
    }
    // Every wrong setting at once; and what asks for none works all the same.
    let both = tillwatch(&["config"]).env("PORT", "x").env("HTTP_WORKERS", "0").output().unwrap();
    assert!(errors(&both).contains("PORT:") && errors(&both).contains("HTTP_WORKERS:"), "{}", errors(&both));
    let file = Kept::new("2026-01-05,1\n");
    succeeded(&tillwatch(&["backtest"]).arg(&file.0).env("PORT", "x").output().unwrap());
    let settings = Kept::new("PORT=0\nPROT=1\n");
    let mut unknown = tillwatch(&["config", "--config"]);
    let unknown = unknown.arg(&settings.0).output().unwrap();
    assert!(!unknown.status.success() && errors(&unknown).contains("`PROT` is no setting"), "{}", errors(&unknown));
}
