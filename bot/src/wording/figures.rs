//! Figures as people read them: money, percentages, counts, days and times, in either language.
//!
//! Pure. Invariants: digits are grouped by three with commas in both languages, as tills in both countries print
//! them; a figure never ends in `-0`; what is not finite is a dash.

use std::cmp::Ordering;

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use chrono_tz::Tz;
use tillwatch_shared::quantity::Quantity;
use tillwatch_shared::{Locale, Money};

/// Minor digits of a currency (ISO 4217): 0 for yen and won, 3 for dinars, else 2.
pub fn minor_digits(currency: &str) -> usize {
    Money::minor_digits(currency)
}

/// What stands before an amount. A sign that several currencies share is left to the one that most use it for.
fn currency_sign(currency: &str) -> String {
    match currency {
        "USD" => "$".to_owned(),
        "CNY" => "¥".to_owned(),
        "EUR" => "€".to_owned(),
        "GBP" => "£".to_owned(),
        "JPY" => "JP¥".to_owned(),
        "KRW" => "₩".to_owned(),
        "INR" => "₹".to_owned(),
        other => format!("{other} "),
    }
}

/// An amount in the currency's major unit, rounded to its minor digits: `$1,512.40`, `JP¥1,512`, `CHF 12.00`.
pub fn money(amount: f64, currency: &str) -> String {
    let (sign, digits) = grouped(amount, minor_digits(currency), false);
    format!("{sign}{}{digits}", currency_sign(currency))
}

/// An exact amount in the currency's major unit.
pub fn amount(quantity: Quantity, currency: &str) -> String {
    money(quantity.to_f64(), currency)
}

/// An amount in the currency's minor unit, in its major unit.
pub fn major(money: &Money) -> f64 {
    money.major()
}

/// A share of one as a percentage with one decimal: 0.042 is `4.2%`.
pub fn share(share: f64) -> String {
    let (sign, digits) = grouped(share * 100.0, 1, true);
    format!("{sign}{digits}%")
}

/// A plain number with at most `decimals` decimals.
pub fn plain(value: f64, decimals: usize) -> String {
    let (sign, digits) = grouped(value, decimals, true);
    format!("{sign}{digits}")
}

/// A figure of a metric in its unit; percentages come as 12.5 for 12.5 %.
pub fn figure(value: f64, unit: &str, currency: &str, locale: Locale) -> String {
    let chinese = locale == Locale::ZhCn;
    match unit {
        "money" => money(value, currency),
        "percent" => {
            let (sign, digits) = grouped(value, 2, false);
            format!("{sign}{digits}%")
        }
        "seconds" => format!("{} {}", plain(value, 1), if chinese { "秒" } else { "s" }),
        "milliseconds" => format!("{} {}", plain(value, 0), if chinese { "毫秒" } else { "ms" }),
        "minutes" => format!("{} {}", plain(value, 1), if chinese { "分钟" } else { "min" }),
        "days" => format!("{} {}", plain(value, 1), if chinese { "天" } else { "days" }),
        "times" if chinese => format!("{} 倍", plain(value, 2)),
        "times" => format!("{}x", plain(value, 2)),
        "points" => format!("{} {}", plain(value, 1), if chinese { "分" } else { "points" }),
        "rank" if chinese => format!("第 {} 位", plain(value, 1)),
        "rank" => format!("place {}", plain(value, 1)),
        "count" => plain(value, 1),
        _ => plain(value, 2),
    }
}

/// By how much a figure moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// (now - before) / |before|: 0.2 is up by 20 %.
    Share(f64),
    /// Percentage points, of a figure that is a percentage itself: from 2 % to 3 % is one point. That it is also half as
    /// much again would be read as 50 points.
    Points(f64),
}

impl Step {
    /// From `before` to `value` of a metric in `unit`, whose change as a share is `share`; `None` where there is nothing
    /// to compare.
    pub fn of(value: Option<f64>, before: Option<f64>, share: Option<f64>, unit: &str) -> Option<Self> {
        if unit == "percent" {
            return value.zip(before).map(|(value, before)| Self::Points(value - before));
        }
        share.map(Self::Share)
    }

    /// Up or down as it reads: what rounds to nothing is neither.
    pub fn way(self) -> Ordering {
        let (Self::Share(by) | Self::Points(by)) = self;
        if self.digits().bytes().any(|b| (b'1'..=b'9').contains(&b)) { by.total_cmp(&0.0) } else { Ordering::Equal }
    }

    /// Without its sign: `12.7%`, `1.2 points`, `1.2 个百分点`.
    pub fn size(self, locale: Locale) -> String {
        let digits = self.digits();
        match (self, locale) {
            (Self::Share(_), _) => digits,
            (Self::Points(_), Locale::ZhCn) => format!("{digits} 个百分点"),
            (Self::Points(_), Locale::En) => format!("{digits} {}", if digits == "1" { "point" } else { "points" }),
        }
    }

    /// With its sign: `+12.7%`, `−1.2 points`.
    pub fn signed(self, locale: Locale) -> String {
        let sign = match self.way() {
            Ordering::Greater => "+",
            Ordering::Equal => "±",
            Ordering::Less => "−",
        };
        format!("{sign}{}", self.size(locale))
    }

    fn digits(self) -> String {
        match self {
            Self::Share(by) => share(by.abs()),
            // As many decimals as the figure itself has.
            Self::Points(by) => plain(by.abs(), 2),
        }
    }
}

/// Sign and grouped digits; zeros at the end of the fraction are dropped when `trim` is set.
fn grouped(value: f64, decimals: usize, trim: bool) -> (&'static str, String) {
    if !value.is_finite() {
        return ("", "–".to_owned());
    }
    let text = format!("{:.decimals$}", value.abs());
    let negative = value < 0.0 && text.bytes().any(|b| (b'1'..=b'9').contains(&b));
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut digits = String::with_capacity(text.len() + text.len() / 3);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            digits.push(',');
        }
        digits.push(digit);
    }
    let fraction = if trim { fraction.trim_end_matches('0') } else { fraction };
    if !fraction.is_empty() {
        digits.push('.');
        digits.push_str(fraction);
    }
    (if negative { "−" } else { "" }, digits)
}

/// The time zone of this IANA name; UTC if the bot's tables do not know it.
pub fn zone(name: &str) -> Tz {
    name.parse().unwrap_or(Tz::UTC)
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A time of day with its date: `14 Nov 2025, 10:02`, `2025年11月14日 10:02`.
pub fn time(at: DateTime<Utc>, zone: Tz, locale: Locale) -> String {
    let at = at.with_timezone(&zone);
    let day = date(at.date_naive(), locale);
    match locale {
        Locale::En => format!("{day}, {:02}:{:02}", at.hour(), at.minute()),
        Locale::ZhCn => format!("{day} {:02}:{:02}", at.hour(), at.minute()),
    }
}

/// A day: `14 Nov 2025`, `2025年11月14日`.
pub fn date(day: NaiveDate, locale: Locale) -> String {
    match locale {
        // A month is 1 to 12.
        Locale::En => format!("{} {} {}", day.day(), MONTHS[day.month0() as usize % 12], day.year()),
        Locale::ZhCn => format!("{}年{}月{}日", day.year(), day.month(), day.day()),
    }
}

/// A day with its weekday: `Fri 14 Nov 2025`, `2025年11月14日（周五）`.
pub fn day(day: NaiveDate, locale: Locale) -> String {
    let weekday = day.weekday().num_days_from_monday() as usize % 7;
    match locale {
        Locale::En => format!("{} {}", ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][weekday], date(day, locale)),
        Locale::ZhCn => format!("{}（周{}）", date(day, locale), ["一", "二", "三", "四", "五", "六", "日"][weekday]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_its_currencys_digits_and_sign() {
        assert_eq!(money(1_234_512.4, "USD"), "$1,234,512.40");
        assert_eq!(money(-1_512.4, "CNY"), "−¥1,512.40");
        assert_eq!(money(1_512.6, "JPY"), "JP¥1,513");
        assert_eq!(money(12.0, "CHF"), "CHF 12.00");
        assert_eq!(money(1.5, "KWD"), "KWD 1.500");
        assert_eq!(money(-0.001, "USD"), "$0.00");
        assert_eq!(money(999_999.999, "USD"), "$1,000,000.00");
        assert_eq!(money(f64::NAN, "USD"), "$–");
        assert!((major(&Money { amount_minor: 150_000, currency: "USD".to_owned() }) - 1_500.0).abs() < 1e-9);
        assert!((major(&Money { amount_minor: 1_500, currency: "JPY".to_owned() }) - 1_500.0).abs() < 1e-9);
    }

    #[test]
    fn figures_read_by_unit_and_language() {
        assert_eq!(figure(12.5, "percent", "USD", Locale::En), "12.50%");
        assert_eq!(figure(1_204.0, "count", "USD", Locale::En), "1,204");
        assert_eq!(figure(1_204.44, "count", "USD", Locale::En), "1,204.4");
        assert_eq!(figure(3.2, "times", "USD", Locale::En), "3.2x");
        assert_eq!(figure(3.2, "times", "CNY", Locale::ZhCn), "3.2 倍");
        assert_eq!(figure(4.0, "seconds", "CNY", Locale::ZhCn), "4 秒");
        assert_eq!(figure(1_250.4, "milliseconds", "USD", Locale::En), "1,250 ms");
        assert_eq!(figure(12.5, "minutes", "CNY", Locale::ZhCn), "12.5 分钟");
        assert_eq!(figure(3.0, "days", "USD", Locale::En), "3 days");
        assert_eq!(figure(2.5, "something_new", "CNY", Locale::ZhCn), "2.5");
        assert_eq!(share(0.0424), "4.2%");
        assert_eq!(share(-0.1), "−10%");
    }

    #[test]
    fn a_percentage_moves_by_points_and_what_rounds_to_nothing_has_not_moved() {
        let step = |value, before: f64, unit| {
            Step::of(Some(value), Some(before), Some((value - before) / before.abs()), unit).unwrap()
        };
        assert_eq!(step(3.2, 2.0, "percent").signed(Locale::En), "+1.2 points");
        assert_eq!(step(3.2, 2.0, "percent").signed(Locale::ZhCn), "+1.2 个百分点");
        assert_eq!(step(1.0, 2.0, "percent").signed(Locale::En), "−1 point");
        assert_eq!(step(1.0, 2.0, "money").signed(Locale::En), "−50%");
        assert_eq!(Step::of(Some(1.0), Some(0.0), None, "percent"), Some(Step::Points(1.0)), "also from nothing");
        assert_eq!(Step::of(Some(1.0), Some(0.0), None, "money"), None);
        assert_eq!(Step::of(None, Some(2.0), None, "percent"), None);
        for (step, way) in [
            (step(9_999.0, 10_000.0, "money"), Ordering::Equal),
            (step(9_990.0, 10_000.0, "money"), Ordering::Less),
            (step(2.504, 2.5, "percent"), Ordering::Equal),
            (step(2.51, 2.5, "percent"), Ordering::Greater),
            (Step::Share(f64::NAN), Ordering::Equal),
        ] {
            assert_eq!(step.way(), way, "{step:?}");
        }
        assert_eq!(step(9_999.0, 10_000.0, "money").signed(Locale::En), "±0%");
    }

    #[test]
    fn days_and_times_are_those_of_the_retailers_zone() {
        let at = "2025-11-14T18:02:00Z".parse().unwrap();
        assert_eq!(time(at, zone("Asia/Shanghai"), Locale::ZhCn), "2025年11月15日 02:02");
        assert_eq!(time(at, zone("America/New_York"), Locale::En), "14 Nov 2025, 13:02");
        assert_eq!(zone("Nowhere/Atlantis"), Tz::UTC);
        let friday = NaiveDate::from_ymd_opt(2025, 11, 14).unwrap();
        assert_eq!(day(friday, Locale::En), "Fri 14 Nov 2025");
        assert_eq!(day(friday, Locale::ZhCn), "2025年11月14日（周五）");
    }
}
