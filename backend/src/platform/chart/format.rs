//! Numbers as the reader writes them.
//!
//! English groups by thousands and shortens to M, B and T; Chinese groups by thousands below
//! 100,000 and shortens to 万 (10^4), 亿 (10^8) and 万亿 (10^12). Money carries its currency's
//! decimals only where they matter, below 1,000.

use super::Locale;

/// How a chart's values are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unit {
    /// Money in major units (dollars, not cents).
    Money {
        /// ISO 4217 code, such as `CNY`.
        currency: String,
    },
    /// A share: 0.032 is written `3.2%`.
    Percent,
    /// A plain number.
    Number {
        /// Written directly behind the number, such as `人` or ` visits`; may be empty.
        suffix: String,
        /// Decimals of values below 1,000; at most 6 are used.
        decimals: u8,
    },
}

/// A divisor and the word for it, largest first.
type Magnitudes = [(f64, &'static str); 3];
const ENGLISH: Magnitudes = [(1e12, "T"), (1e9, "B"), (1e6, "M")];
const CHINESE: Magnitudes = [(1e12, "万亿"), (1e8, "亿"), (1e4, "万")];

/// Symbols by ISO 4217 code: (code, English, Chinese). Signs that the font lacks are not listed;
/// a currency that is not listed is written with its code.
const SYMBOLS: [(&str, &str, &str); 11] = [
    ("CNY", "CN¥", "¥"),
    ("USD", "$", "US$"),
    ("EUR", "€", "€"),
    ("GBP", "£", "£"),
    ("JPY", "¥", "JP¥"),
    ("HKD", "HK$", "HK$"),
    ("TWD", "NT$", "NT$"),
    ("SGD", "S$", "S$"),
    ("AUD", "A$", "A$"),
    ("CAD", "CA$", "CA$"),
    ("KRW", "₩", "₩"),
];

/// One value for a label, as exact as a person wants to read it.
pub(super) fn value(value: f64, unit: &Unit, locale: Locale) -> String {
    let shown = shown(value, unit);
    // From 100,000 on a Chinese reader expects 万; an English one reads 1,234,567 well.
    let (divisor, word) = magnitude(shown.abs(), locale, 10.0);
    let scaled = shown / divisor;
    let decimals = if divisor > 1.0 { 2 } else { label_decimals(shown.abs(), unit) };
    let mut digits = grouped(scaled.abs(), decimals);
    if divisor > 1.0 {
        trim_zeros(&mut digits);
    }
    assemble(scaled < 0.0, &digits, word, unit, locale)
}

/// The labels of an axis: all in the same magnitude, with the decimals that tell ticks apart.
///
/// A suffix of more than two characters is left to the values: repeated on each tick it is noise.
pub(super) fn ticks(values: &[f64], step: f64, unit: &Unit, locale: Locale) -> Vec<String> {
    let largest = values.iter().fold(0.0, |most: f64, tick| most.max(tick.abs()));
    let least = if locale == Locale::ZhCn { 10.0 } else { 1.0 };
    let (divisor, word) = magnitude(shown(largest, unit), locale, least);
    let mut decimals = step_decimals(shown(step, unit) / divisor);
    if let (Unit::Money { currency }, true) = (unit, divisor <= 1.0 && decimals > 0) {
        decimals = decimals.max(currency_decimals(currency));
    }
    let bare = Unit::Number { suffix: String::new(), decimals: 0 };
    let wordy = matches!(unit, Unit::Number { suffix, .. } if suffix.chars().count() > 2);
    let unit = if wordy { &bare } else { unit };
    values
        .iter()
        .map(|tick| {
            let scaled = shown(*tick, unit) / divisor;
            let word = if scaled == 0.0 { "" } else { word };
            assemble(scaled < 0.0, &grouped(scaled.abs(), decimals), word, unit, locale)
        })
        .collect()
}

/// The number that is written: a share is written in hundredths.
fn shown(value: f64, unit: &Unit) -> f64 {
    if *unit == Unit::Percent { value * 100.0 } else { value }
}

/// The largest magnitude that the number reaches; the smallest one only from `least` of it on.
fn magnitude(number: f64, locale: Locale, least: f64) -> (f64, &'static str) {
    let table = match locale {
        Locale::En => ENGLISH,
        Locale::ZhCn => CHINESE,
    };
    let [.., (smallest, _)] = table;
    table.into_iter().find(|(divisor, _)| number >= *divisor && number >= smallest * least).unwrap_or((1.0, ""))
}

fn label_decimals(number: f64, unit: &Unit) -> usize {
    match unit {
        Unit::Money { .. } if number > 0.0 && number < 0.01 => 4,
        Unit::Money { currency } if number < 1_000.0 => currency_decimals(currency),
        Unit::Percent if number < 10.0 => 2,
        Unit::Percent if number < 1_000.0 => 1,
        Unit::Number { decimals, .. } if number < 1_000.0 => usize::from(*decimals).min(6),
        _ => 0,
    }
}

/// Decimals of the currency's minor unit (ISO 4217): two, but for those without one.
fn currency_decimals(currency: &str) -> usize {
    if matches!(currency, "JPY" | "KRW" | "VND" | "CLP" | "ISK") { 0 } else { 2 }
}

/// How many decimals write a step of 1, 2 or 5 times a power of ten exactly.
fn step_decimals(step: f64) -> usize {
    let mut decimals = 0;
    let mut scaled = step;
    while decimals < 12 && scaled < 1.0 - 1e-6 {
        scaled *= 10.0;
        decimals += 1;
    }
    decimals
}

/// A non-negative number with separators between thousands.
fn grouped(number: f64, decimals: usize) -> String {
    let plain = format!("{number:.decimals$}");
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let mut text = String::with_capacity(plain.len() + 6);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

/// A value in full, as a sentence tells it: `$1,234,567.50`, `6.25%`; at most two decimals, none of a whole one.
pub fn in_full(value: f64, unit: &Unit, locale: Locale) -> String {
    let decimals = if let Unit::Money { currency } = unit { currency_decimals(currency) } else { 2 };
    let digits = grouped(value.abs(), decimals);
    assemble(value < 0.0, digits.strip_suffix(".00").unwrap_or(&digits), "", unit, locale)
}

fn trim_zeros(digits: &mut String) {
    if digits.contains('.') {
        digits.truncate(digits.trim_end_matches('0').trim_end_matches('.').len());
    }
}

fn assemble(negative: bool, digits: &str, word: &str, unit: &Unit, locale: Locale) -> String {
    // What rounds to zero has no sign.
    let negative = negative && digits.contains(|digit: char| ('1'..='9').contains(&digit));
    let sign = if negative { "−" } else { "" };
    match unit {
        Unit::Money { currency } => {
            format!("{sign}{}{digits}{word}", currency_sign(currency, locale))
        }
        Unit::Percent => format!("{sign}{digits}{word}%"),
        Unit::Number { suffix, .. } => format!("{sign}{digits}{word}{suffix}"),
    }
}

fn currency_sign(currency: &str, locale: Locale) -> String {
    SYMBOLS.iter().find(|(code, ..)| *code == currency).map_or_else(
        || format!("{currency} "),
        |(_, english, chinese)| match locale {
            Locale::En => (*english).to_owned(),
            Locale::ZhCn => (*chinese).to_owned(),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::chart::text::has_glyph;

    fn money(currency: &str) -> Unit {
        Unit::Money { currency: currency.to_owned() }
    }

    fn number(suffix: &str, decimals: u8) -> Unit {
        Unit::Number { suffix: suffix.to_owned(), decimals }
    }

    #[test]
    fn values_read_as_people_write_them() {
        let en = |v, unit: &Unit| value(v, unit, Locale::En);
        let zh = |v, unit: &Unit| value(v, unit, Locale::ZhCn);
        let (usd, cny) = (money("USD"), money("CNY"));
        assert_eq!(en(12.5, &usd), "$12.50");
        assert_eq!(en(1_234.56, &usd), "$1,235");
        assert_eq!(en(-1_234_567.0, &usd), "−$1,234,567");
        assert_eq!(en(12_345_678.0, &usd), "$12.35M");
        assert_eq!(en(0.0042, &usd), "$0.0042");
        assert_eq!(en(-0.000_001, &usd), "$0.0000");
        assert_eq!(en(900.0, &money("JPY")), "¥900");
        assert_eq!(en(5.0, &money("CHF")), "CHF 5.00");
        assert_eq!(zh(99_999.0, &cny), "¥99,999");
        assert_eq!(zh(123_456.0, &cny), "¥12.35万");
        assert_eq!(zh(1_200_000_000.0, &cny), "¥12亿");
        assert_eq!(zh(1e15, &cny), "¥1,000万亿");
        assert_eq!(en(0.0321, &Unit::Percent), "3.21%");
        assert_eq!(en(-0.256, &Unit::Percent), "−25.6%");
        assert_eq!(zh(1_024.4, &number("人", 1)), "1,024人");
        assert_eq!(en(3.25, &number(" h", 1)), "3.2 h");
    }

    #[test]
    fn ticks_share_magnitude_and_decimals() {
        let usd = money("USD");
        assert_eq!(ticks(&[0.0, 0.5, 1.0], 0.5, &usd, Locale::En), ["$0.00", "$0.50", "$1.00"]);
        assert_eq!(ticks(&[-200.0, 0.0, 200.0], 200.0, &usd, Locale::En), ["−$200", "$0", "$200"]);
        assert_eq!(ticks(&[0.0, 5e5, 1e6], 5e5, &usd, Locale::En), ["$0.0", "$0.5M", "$1.0M"]);
        assert_eq!(ticks(&[0.0, 5e4, 1e5], 5e4, &money("CNY"), Locale::ZhCn), ["¥0", "¥5万", "¥10万"]);
        assert_eq!(ticks(&[0.0, 20.0], 20.0, &number(" orders", 0), Locale::En), ["0", "20"]);
        assert_eq!(ticks(&[0.0, 20.0], 20.0, &number("人", 0), Locale::ZhCn), ["0人", "20人"]);
        assert_eq!(ticks(&[0.0, 0.005, 0.01], 0.005, &Unit::Percent, Locale::En), ["0.0%", "0.5%", "1.0%"]);
    }

    #[test]
    fn the_font_has_every_sign() {
        for (code, english, chinese) in SYMBOLS {
            assert!(code.chars().chain(english.chars()).chain(chinese.chars()).all(has_glyph), "{code}");
        }
        for (_, word) in ENGLISH.into_iter().chain(CHINESE) {
            assert!(word.chars().all(has_glyph), "{word}");
        }
        assert!("0123456789,.−% ".chars().all(has_glyph));
    }
}
