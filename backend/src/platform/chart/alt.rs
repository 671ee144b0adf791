//! A picture in words, for screen readers and for chats that show no pictures.

use chrono::{DateTime, Utc};

use super::{AlertChart, Band, Locale, calendar, format, text};

/// Discord's limit for an attachment's description.
const LIMIT: usize = 1_024;
/// Longest part that is a caller's text, in characters.
const PART: usize = 160;

/// Says what the picture shows, in at most 1,024 characters (UTF-16 units, as Discord counts).
///
/// Never fails: values that are not finite are left out, as is a mark that does not exist.
pub fn alt_text(chart: &AlertChart) -> String {
    let mut sentences = vec![headline(chart)];
    sentences.extend(extent(chart));
    sentences.extend(breach(chart));
    sentences.extend(line(chart));
    let glue = match chart.locale {
        Locale::En => " ",
        Locale::ZhCn => "",
    };
    cut(&sentences.join(glue))
}

fn part(words: &str) -> String {
    let words = text::clean(words);
    match words.char_indices().nth(PART) {
        Some((end, _)) => format!("{}…", words.get(..end).unwrap_or_default().trim_end()),
        None => words,
    }
}

fn headline(chart: &AlertChart) -> String {
    let (title, state, subtitle) = (part(&chart.title), part(&chart.state_label), part(&chart.subtitle));
    let quiet = |before: &str, words: String, after: &str| {
        if words.is_empty() { words } else { format!("{before}{words}{after}") }
    };
    match chart.locale {
        Locale::En => format!("Chart: {title}{}.{}", quiet(" (", state, ")"), quiet(" ", subtitle, ".")),
        Locale::ZhCn => format!("图表：{title}{}。{}", quiet("（", state, "）"), quiet("", subtitle, "。")),
    }
}

fn date(chart: &AlertChart, at: DateTime<Utc>, with_time: bool) -> String {
    calendar::full(calendar::local(at, chart.time_zone), with_time, chart.locale)
}

/// Whether the chart's times of day matter.
fn is_intraday(chart: &AlertChart) -> bool {
    let ends = chart.points.first().zip(chart.points.last());
    chart.points.len() > 1 && ends.is_some_and(|(first, last)| calendar::is_intraday(first.at, last.at))
}

fn shown(chart: &AlertChart, value: f64) -> String {
    text::clean(&format::value(value, &chart.unit, chart.locale))
}

fn extent(chart: &AlertChart) -> Option<String> {
    let (first, last) = (chart.points.first()?, chart.points.last()?);
    let values = || chart.points.iter().filter_map(|point| point.value).filter(|value| value.is_finite());
    let count = values().count();
    if count == 0 {
        return None;
    }
    let low = shown(chart, values().fold(f64::INFINITY, f64::min));
    let high = shown(chart, values().fold(f64::NEG_INFINITY, f64::max));
    let timed = is_intraday(chart);
    let (from, to) = (date(chart, first.at, timed), date(chart, last.at, timed));
    Some(match (chart.locale, count) {
        (Locale::En, 1) => format!("One value, {high}, on {to}."),
        (Locale::En, _) => {
            format!("{count} values from {from} to {to}: lowest {low}, highest {high}.")
        }
        (Locale::ZhCn, 1) => format!("{to}仅有一个数据点：{high}。"),
        (Locale::ZhCn, _) => format!("{from}至{to}共{count}个数据点：最低{low}，最高{high}。"),
    })
}

fn breach(chart: &AlertChart) -> Option<String> {
    let point = chart.points.get(chart.marked?)?;
    let value = shown(chart, point.value.filter(|value| value.is_finite())?);
    let when = date(chart, point.at, is_intraday(chart));
    let range = |band: &&Band| band.at == point.at && band.low.is_finite() && band.high.is_finite();
    let expected = chart.bands.iter().find(range).map(|band| (shown(chart, band.low), shown(chart, band.high)));
    Some(match (chart.locale, expected) {
        (Locale::En, Some((low, high))) => format!("On {when}: {value}, expected {low} to {high}."),
        (Locale::En, None) => format!("On {when}: {value}."),
        (Locale::ZhCn, Some((low, high))) => format!("{when}为{value}，预期区间{low}至{high}。"),
        (Locale::ZhCn, None) => format!("{when}为{value}。"),
    })
}

fn line(chart: &AlertChart) -> Option<String> {
    let line = chart.line.as_ref().filter(|line| line.value.is_finite())?;
    let (label, value) = (part(&line.label), shown(chart, line.value));
    Some(match chart.locale {
        Locale::En => format!("{label}: {value}."),
        Locale::ZhCn => format!("{label}：{value}。"),
    })
}

fn cut(words: &str) -> String {
    if words.encode_utf16().count() <= LIMIT {
        return words.to_owned();
    }
    let mut units = 1; // for the …
    let mut kept: String = words
        .chars()
        .take_while(|c| {
            units += c.len_utf16();
            units <= LIMIT
        })
        .collect();
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::chart::{Unit, samples};

    #[test]
    fn it_says_what_the_picture_shows() {
        assert_eq!(
            alt_text(&samples::deviation()),
            "Chart: Sales · Store 406 (Firing). 2.9 σ below the usual Saturday. 20 values from 11/2/2026 to \
             11/21/2026: lowest $3,020, highest $6,140. On 11/21/2026: $3,020, expected $5,460 to $6,700."
        );
        assert_eq!(
            alt_text(&samples::chinese()),
            "图表：双十一会员拉新 · 抖音信息流 · 营销费用累计（华东大区全部门店及小程序商城）（止损暂停）。已超止损线 2.6%，\
             活动已自动暂停。2026年11月3日 01:00至2026年11月3日 14:00共14个数据点：最低¥0.00，最高¥25.65万。\
             2026年11月3日 14:00为¥25.65万。止损线：¥25万。"
        );
    }

    #[test]
    fn it_is_never_too_long_and_never_fails() {
        let mut chart = samples::deviation();
        for text in [&mut chart.title, &mut chart.subtitle, &mut chart.state_label, &mut chart.footer] {
            *text = "🚀<b>\u{0}".repeat(10_000);
        }
        chart.unit = Unit::Number { suffix: "🚀".repeat(5_000), decimals: 255 };
        chart.points[0].value = Some(f64::NAN);
        chart.marked = Some(77);
        let words = alt_text(&chart);
        assert!(words.encode_utf16().count() <= 1_024 && words.ends_with('…'));
        assert!(!words.contains('\u{0}'));
        chart.points.clear();
        assert!(alt_text(&chart).starts_with("Chart: 🚀<b>"));
    }
}
