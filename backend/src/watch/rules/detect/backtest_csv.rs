//! Back-test on a plain file: `timestamp,value` in, `timestamp,value,score,fired` out.
//!
//! Cast: [`BacktestOptions`] (the rule), [`run`] (the whole way), `rows` (the input, line by line), [`BacktestError`] (where
//! it stopped) and [`Fault`] (why).
//!
//! Input: UTF-8 (a byte order mark is fine), one row a line, two columns; a header `timestamp,value` may lead. Timestamps:
//! RFC 3339, `YYYY-MM-DD HH:MM[:SS]` or `YYYY-MM-DD`, ascending, each once; with an offset everywhere or nowhere. Seasons
//! follow the wall clock as it is written. An empty value means that nothing was reported. Blank lines are skipped. The
//! learned anomaly, which any export is thrown at, is less strict about the order: a moment may come again, and times
//! without an offset may go back by the hour of an autumn.
//!
//! Output: a header, then one row for each input row; timestamp and value are given back as they were written, the score
//! has six decimals (0 for a row that could not be judged), `fired` is `true` at the first row of an episode.
//!
//! Invariants
//! - Streaming: memory does not grow with the file. No line is longer than [`LONGEST_LINE`], no field spans lines.
//! - Causal: how far apart the rows are is read off the first [`CADENCE_ROWS`] *timestamps*; apart from that a row
//!   depends on rows before it only.
//! - Nothing is guessed: a row that does not fit stops the run with its line and column.

use std::fmt;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::str::FromStr;

use chrono::TimeDelta;

use super::{Bucket, Deviation, Method, Replay, ReplayRule, RuleError, Season, SeasonLength, Side, Summary, Threshold};
use rows::{Order, Row, Rows};

mod rows;

/// Rows whose distances tell the cadence.
pub const CADENCE_ROWS: usize = 1_025;
/// Longest line accepted, in bytes.
pub const LONGEST_LINE: usize = 4_096;
/// Largest size of a value: its square still is a finite number.
const LARGEST_VALUE: f64 = 1e100;

/// Which rule is replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RuleKind {
    /// The learned anomaly, which has one fixed setting.
    #[default]
    Learned,
    /// The 2-sigma rule.
    Deviation,
    /// A fixed line.
    Threshold,
}

impl FromStr for RuleKind {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        match text {
            "learned" => Ok(Self::Learned),
            "deviation" => Ok(Self::Deviation),
            "threshold" => Ok(Self::Threshold),
            _ => Err(RuleError::UnknownWord { field: "kind", expected: "learned, deviation, threshold" }),
        }
    }
}

/// What to replay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BacktestOptions {
    /// The rule's kind; the learned anomaly by default, which looks at none of the rest.
    pub kind: RuleKind,
    /// Which side is bad; below by default.
    pub side: Side,
    /// The line of a threshold, in the file's unit; required for one.
    pub line: Option<f64>,
    /// The recovery line of a threshold; by default 2 % back.
    pub recovery_line: Option<f64>,
    /// Sigmas to the line of a deviation; 2 by default.
    pub k: f64,
    /// Sigmas to its recovery line; half of `k` by default.
    pub k_recover: Option<f64>,
    /// Comparable rows looked back upon; 8 by default.
    pub window: u32,
    /// Comparable rows needed; 6 by default.
    pub min_history: u32,
    /// Mean and sigma (the default), or median and MAD.
    pub method: Method,
    /// Which rows are comparable; same weekday and time of day by default.
    pub season: SeasonLength,
}

impl Default for BacktestOptions {
    fn default() -> Self {
        let rule = Deviation::default();
        Self {
            kind: RuleKind::default(),
            side: rule.side,
            line: None,
            recovery_line: None,
            k: rule.k,
            k_recover: rule.k_recover,
            window: rule.window,
            min_history: rule.min_history,
            method: rule.method,
            season: SeasonLength::Week,
        }
    }
}

impl BacktestOptions {
    /// The rule for rows that are `cadence` apart (one row alone has no cadence, nor a need for it).
    fn rule(&self, cadence: Option<TimeDelta>) -> Result<ReplayRule, RuleError> {
        match self.kind {
            RuleKind::Learned => Ok(ReplayRule::Learned),
            RuleKind::Threshold => {
                let line = self.line.ok_or(RuleError::Missing { field: "line" })?;
                let rule = Threshold::new(self.side, line);
                Ok(ReplayRule::Threshold(Threshold { recovery_line: self.recovery_line, ..rule }))
            }
            RuleKind::Deviation => Ok(ReplayRule::Deviation(Deviation {
                side: self.side,
                k: self.k,
                k_recover: self.k_recover,
                window: self.window,
                min_history: self.min_history,
                method: self.method,
                season: cadence.map_or(Season::None, |cadence| Season::of_cadence(self.season, cadence)),
                ..Deviation::default()
            })),
        }
    }
}

/// Why a back-test stopped. Rows before the fault may have been written already.
#[derive(Debug, thiserror::Error)]
pub enum BacktestError {
    /// The rule's settings make no sense.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// A line of the input does not fit.
    #[error("line {line}{}: {fault}", column_name(*column))]
    Line {
        /// Its number, from 1.
        line: u64,
        /// The column, from 1, where one is to blame.
        column: Option<u8>,
        /// What is wrong.
        fault: Fault,
    },
    /// The input cannot be read.
    #[error("cannot read the input: {0}")]
    Input(#[source] io::Error),
    /// The output cannot be written (a closed pipe among others: see its kind).
    #[error("cannot write the result: {0}")]
    Output(#[source] io::Error),
}

/// What is wrong with a line. Texts quoted from the file are cut short.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The line is longer than [`LONGEST_LINE`].
    #[error("longer than {LONGEST_LINE} bytes")]
    TooLong,
    /// Not UTF-8.
    #[error("not UTF-8 text")]
    NotUtf8,
    /// A quoted field that does not end on its line.
    #[error("a quotation mark is opened and not closed")]
    OpenQuote,
    /// Not two columns.
    #[error("{found} column(s), expected two separated by a comma: timestamp,value")]
    Columns {
        /// Columns found.
        found: usize,
    },
    /// A first line of words that are not the header.
    #[error("a header must read timestamp,value; found {0}")]
    Header(Excerpt),
    /// Not a timestamp of a known form.
    #[error("{0} is not a timestamp (2024-03-31, 2024-03-31 18:00, 2024-03-31 18:00:00 or 2024-03-31T18:00:00+08:00)")]
    Timestamp(Excerpt),
    /// Some timestamps have an offset from UTC and some have none.
    #[error("{0} and the rows before differ: give all timestamps an offset from UTC, or none")]
    MixedOffsets(Excerpt),
    /// The same moment as in the row before.
    #[error("{0} is there twice")]
    Duplicate(Excerpt),
    /// Earlier than the row before.
    #[error("{0} is earlier than the row before; sort the rows by time")]
    OutOfOrder(Excerpt),
    /// Not a number.
    #[error("{0} is not a number (leave the field empty where nothing was reported)")]
    Number(Excerpt),
    /// A number too large to be squared.
    #[error("{0} is too large")]
    TooLarge(Excerpt),
}

/// The beginning of a field, quoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt(String);

impl Excerpt {
    fn of(text: &str) -> Self {
        Self(text.chars().take(40).collect())
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

fn column_name(column: Option<u8>) -> &'static str {
    match column {
        None => "",
        Some(1) => ", column 1 (timestamp)",
        Some(_) => ", column 2 (value)",
    }
}

/// Replays a rule over a file.
///
/// # Errors
/// Settings that make no sense, a line that does not fit, input that cannot be read, output that cannot be written.
pub fn run(input: impl Read, output: impl Write, options: &BacktestOptions) -> Result<Summary, BacktestError> {
    // Settings are refused before a byte is read.
    Replay::new(options.rule(None)?)?;
    let order = if options.kind == RuleKind::Learned { Order::Loose } else { Order::Strict };
    let mut rows = Rows::new(BufReader::with_capacity(1 << 16, input), order);
    let mut head = Vec::new();
    while head.len() < CADENCE_ROWS
        && let Some(row) = rows.next()?
    {
        head.push(row);
    }
    let cadence = median_gap(&head);
    let mut replay = Replay::new(options.rule(cadence)?)?;
    let mut output = BufWriter::with_capacity(1 << 16, output);
    writeln!(output, "timestamp,value,score,fired").map_err(BacktestError::Output)?;
    let mut write = |row: &Row| {
        let bucket = row.value.map_or_else(|| Bucket::missing(row.local), |value| Bucket::plain(row.local, value));
        let step = replay.step(&bucket);
        let score = step.verdict.score();
        writeln!(output, "{},{},{score:.6},{}", row.stamp, row.figure, step.fired).map_err(BacktestError::Output)
    };
    for row in head {
        write(&row)?;
    }
    while let Some(row) = rows.next()? {
        write(&row)?;
    }
    output.flush().map_err(BacktestError::Output)?;
    Ok(replay.finish().with_cadence(cadence))
}

/// The middle one of the distances between rows: holes in the data do not move it.
fn median_gap(rows: &[Row]) -> Option<TimeDelta> {
    let mut gaps: Vec<TimeDelta> = rows.windows(2).map(|pair| pair[1].instant - pair[0].instant).collect();
    gaps.sort_unstable();
    gaps.get(gaps.len() / 2).copied()
}

#[cfg(test)]
mod tests;
