//! The figures of the two demo retailers, as they lie in `backend/demo`.
//!
//! Cast: [`Extract`] is one retailer's channels, campaigns and rows; [`Extract::us_grocer`] reads the real US grocer,
//! [`Extract::cn_retailer`] the made-up Chinese one. Rows before [`Extract::replay_from`] are history, the others are
//! replayed live. [`Extract::shifted`] brings everything up to the present by whole weeks.
//!
//! Invariants, checked by [`Extract::parse`]: rows are sorted by time, channel, campaign and metric and no two share
//! all four; values are finite and not negative; every key named by a row is described. A metric is given either for
//! channels alone or for channel and campaign, never both, so that sums over campaigns count nothing twice.
//!
//! Pure: the files are part of the program, and time is an argument.

use std::collections::HashSet;
use std::io::Read;
use std::sync::Arc;

use chrono::{DateTime, LocalResult, NaiveDate, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use flate2::read::GzDecoder;
use serde::Deserialize;

/// Why an extract could not be read. With the files of the repository this happens only after a bad regeneration.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// The description is no JSON, or lacks a field.
    #[error("demo description: {0}")]
    About(#[from] serde_json::Error),
    /// The rows cannot be unpacked or are no CSV of the five columns.
    #[error("demo rows: {0}")]
    Rows(#[from] csv::Error),
    /// A row breaks one of the module's invariants.
    #[error("demo rows, line {line}: {reason}")]
    Row {
        /// Line in the unpacked file; the header is line 1.
        line: u64,
        /// What is wrong, in English.
        reason: &'static str,
    },
}

/// A place where the demo retailer sells.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoChannel {
    /// The name by which rows call it, for example `store-367`.
    pub key: String,
    /// What a person reads, in the retailer's language.
    pub name: String,
    /// One of the channel kinds, in `snake_case`: `store`, `mini_program`, `live_stream`, `community_group`.
    pub kind: String,
    /// Whether shoppers reach it online.
    pub online: bool,
}

/// A campaign of the demo retailer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoCampaign {
    /// The name by which rows call it, for example `campaign-18`.
    pub key: String,
    /// What a person reads, in the retailer's language.
    pub name: String,
    /// First day, in the retailer's time zone.
    pub starts_on: NaiveDate,
    /// Last day, in the retailer's time zone.
    pub ends_on: NaiveDate,
    /// Planned spend in minor units of the retailer's currency (cents, fen).
    pub budget_minor: i64,
    /// Suggested stop-loss line on the campaign's total spend, in minor units; none where it ended before the replay.
    pub stop_loss_minor: Option<i64>,
}

/// One figure of one hour: what `POST /v1/samples` takes.
#[derive(Debug, Clone, PartialEq)]
pub struct DemoRow {
    /// Start of the hour (US grocer) or time of the report (Chinese retailer).
    pub at: DateTime<Utc>,
    /// Key of the channel.
    pub channel: Arc<str>,
    /// Key of the campaign, where the metric is a campaign's.
    pub campaign: Option<Arc<str>>,
    /// Key of the metric, for example `sales`.
    pub metric: Arc<str>,
    /// Money in major units with two decimals (dollars, yuan); everything else a count.
    pub value: f64,
}

impl DemoRow {
    fn key(&self) -> (DateTime<Utc>, &str, &str, &str) {
        let campaign = self.campaign.as_deref().unwrap_or("");
        (self.at, &self.channel, campaign, &self.metric)
    }
}

/// All that the demo knows of one retailer.
#[derive(Debug, Clone, PartialEq)]
pub struct Extract {
    /// The retailer's name, in its own language.
    pub name: String,
    /// `en` or `zh-CN`.
    pub locale: String,
    /// The zone in which its days and weekdays are meant.
    pub time_zone: Tz,
    /// ISO 4217 code of every amount.
    pub currency: String,
    /// Where it sells, busiest first.
    pub channels: Vec<DemoChannel>,
    /// What it ran.
    pub campaigns: Vec<DemoCampaign>,
    /// The figures, sorted by time.
    pub rows: Vec<DemoRow>,
    /// Rows from here on are for the replay; a midnight in `time_zone`.
    pub replay_from: DateTime<Utc>,
}

/// The description file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    name: String,
    locale: String,
    time_zone: Tz,
    currency: String,
    replay_from: DateTime<Utc>,
    channels: Vec<DemoChannel>,
    campaigns: Vec<DemoCampaign>,
}

/// One line of the row file, still borrowed from it.
#[derive(Deserialize)]
struct Line<'a> {
    at: DateTime<Utc>,
    channel: &'a str,
    campaign: &'a str,
    metric: &'a str,
    value: f64,
}

/// Keeps one copy of each key: tens of thousands of rows share a few dozen.
#[derive(Default)]
struct Keys(HashSet<Arc<str>>);

impl Keys {
    fn shared(&mut self, key: &str) -> Arc<str> {
        if let Some(known) = self.0.get(key) {
            return Arc::clone(known);
        }
        let new: Arc<str> = key.into();
        self.0.insert(Arc::clone(&new));
        new
    }
}

impl Extract {
    /// The real one: a US grocer's stores and coupon mailings, May to December 2017, USD. See `backend/demo/README.md`.
    pub fn us_grocer() -> Result<Self, ExtractError> {
        Self::parse(include_bytes!("../../demo/us-grocer.json"), include_bytes!("../../demo/us-grocer.csv.gz"))
    }

    /// The made-up one: a Chinese retailer, March to May 2025, CNY. See `backend/demo/README.md`.
    pub fn cn_retailer() -> Result<Self, ExtractError> {
        Self::parse(include_bytes!("../../demo/cn-retailer.json"), include_bytes!("../../demo/cn-retailer.csv.gz"))
    }

    /// Reads a description (JSON) and its rows (gzip CSV: at, channel, campaign, metric, value) and checks the
    /// module's invariants.
    ///
    /// # Errors
    /// Names the file and, for a row, the line.
    pub fn parse(about: &[u8], packed: &[u8]) -> Result<Self, ExtractError> {
        let about: About = serde_json::from_slice(about)?;
        let rows = read_rows(GzDecoder::new(packed), &about)?;
        Ok(Self {
            name: about.name,
            locale: about.locale,
            time_zone: about.time_zone,
            currency: about.currency,
            channels: about.channels,
            campaigns: about.campaigns,
            rows,
            replay_from: about.replay_from,
        })
    }

    /// The campaign that runs to the end of the replay and stays farthest below its stop-loss line, in money. `None` if
    /// every one is stopped.
    pub fn steadiest_campaign(&self) -> Option<&DemoCampaign> {
        let last = self.rows.last()?.at.with_timezone(&self.time_zone).date_naive();
        let running = self.campaigns.iter().filter(|campaign| campaign.ends_on >= last);
        let below = running.filter_map(|campaign| {
            let spend = self.rows.iter().filter(|row| &*row.metric == "spend");
            let own = spend.filter(|row| row.campaign.as_deref() == Some(campaign.key.as_str()));
            let left = minor_units(campaign.stop_loss_minor?) - own.map(|row| row.value).sum::<f64>();
            (left > 0.0).then_some((left, campaign))
        });
        below.max_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, campaign)| campaign)
    }

    /// The same figures moved by a whole number of weeks, as near to `now` as leaves every row before it.
    ///
    /// Moved on the retailer's own clock, so that a day keeps its weekday, its midnight and its sum across a change
    /// to or from daylight saving time. Where such a change swallows an hour, or two hours fall together, their rows
    /// become one with the sum of both values (every metric here is a sum).
    #[must_use]
    pub fn shifted(&self, now: DateTime<Utc>) -> Self {
        let Some(last) = self.rows.last().map(|row| row.at) else {
            return self.clone();
        };
        // Down to strictly before `now`, from one week more than plain subtraction says: daylight saving time may put the
        // row an hour earlier or later than that.
        let mut weeks = (now - last).num_seconds().div_euclid(7 * 24 * 3600) + 1;
        for _ in 0..3 {
            if self.moved(last, weeks) >= now {
                weeks -= 1;
            }
        }

        let mut rows: Vec<DemoRow> =
            self.rows.iter().map(|row| DemoRow { at: self.moved(row.at, weeks), ..row.clone() }).collect();
        rows.sort_by(|a, b| a.key().cmp(&b.key()));
        rows.dedup_by(|later, kept| {
            let same = later.key() == kept.key();
            if same {
                kept.value = cents(kept.value + later.value);
            }
            same
        });

        let days = TimeDelta::try_weeks(weeks).unwrap_or_default();
        let day = |day: NaiveDate| day.checked_add_signed(days).unwrap_or(day);
        Self {
            campaigns: self
                .campaigns
                .iter()
                .map(|campaign| DemoCampaign {
                    starts_on: day(campaign.starts_on),
                    ends_on: day(campaign.ends_on),
                    ..campaign.clone()
                })
                .collect(),
            rows,
            replay_from: self.moved(self.replay_from, weeks),
            name: self.name.clone(),
            locale: self.locale.clone(),
            time_zone: self.time_zone,
            currency: self.currency.clone(),
            channels: self.channels.clone(),
        }
    }

    /// `at` moved by whole weeks on the retailer's wall clock. An hour that does not exist becomes the next one, an
    /// hour that exists twice its first; a date outside the calendar stays where it was.
    fn moved(&self, at: DateTime<Utc>, weeks: i64) -> DateTime<Utc> {
        let zone = self.time_zone;
        let wall = at.with_timezone(&zone).naive_local();
        let Some(wall) = TimeDelta::try_weeks(weeks).and_then(|by| wall.checked_add_signed(by)) else {
            return at;
        };
        match zone.from_local_datetime(&wall) {
            LocalResult::Single(moved) | LocalResult::Ambiguous(moved, _) => moved.to_utc(),
            LocalResult::None => wall
                .checked_add_signed(TimeDelta::hours(1))
                .and_then(|wall| zone.from_local_datetime(&wall).earliest())
                .map_or(at, |moved| moved.to_utc()),
        }
    }
}

/// Minor units (cents, fen) in major ones.
#[expect(clippy::cast_precision_loss, reason = "a campaign's budget is far below 2^53 cents")]
fn minor_units(amount: i64) -> f64 {
    amount as f64 / 100.0
}

/// Rounds to two decimals, so that adding two amounts leaves an amount.
fn cents(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn read_rows(unpacked: impl Read, about: &About) -> Result<Vec<DemoRow>, ExtractError> {
    let channels: HashSet<&str> = about.channels.iter().map(|c| c.key.as_str()).collect();
    let campaigns: HashSet<&str> = about.campaigns.iter().map(|c| c.key.as_str()).collect();
    let mut keys = Keys::default();
    // Metrics seen, with whether they belong to campaigns.
    let mut of_campaigns: HashSet<(Arc<str>, bool)> = HashSet::new();
    let mut rows: Vec<DemoRow> = Vec::new();

    let mut reader = csv::Reader::from_reader(unpacked);
    let headers = reader.headers()?.clone();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record)? {
        let line = record.position().map_or(0, csv::Position::line);
        let wrong = |reason| ExtractError::Row { line, reason };
        let read: Line<'_> = record.deserialize(Some(&headers))?;
        if !channels.contains(read.channel) {
            return Err(wrong("unknown channel"));
        }
        if !read.campaign.is_empty() && !campaigns.contains(read.campaign) {
            return Err(wrong("unknown campaign"));
        }
        if !read.value.is_finite() || read.value < 0.0 {
            return Err(wrong("a value is a finite number from 0 up"));
        }
        let row = DemoRow {
            at: read.at,
            channel: keys.shared(read.channel),
            campaign: (!read.campaign.is_empty()).then(|| keys.shared(read.campaign)),
            metric: keys.shared(read.metric),
            value: read.value,
        };
        let of_campaign = row.campaign.is_some();
        if of_campaigns.contains(&(Arc::clone(&row.metric), !of_campaign)) {
            return Err(wrong("a metric is given with and without a campaign"));
        }
        of_campaigns.insert((Arc::clone(&row.metric), of_campaign));
        if rows.last().is_some_and(|before| before.key() >= row.key()) {
            return Err(wrong("not sorted, or the same key twice"));
        }
        rows.push(row);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests;
