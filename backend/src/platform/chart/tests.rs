//! The pictures as a reader gets them.

use proptest::prelude::*;
use resvg::usvg::roxmltree;

use super::*;

/// Every text that an SVG writes, as a reader sees it.
fn texts(chart: &AlertChart) -> Vec<String> {
    let svg = alert_svg(chart).expect("drawable");
    let tree = roxmltree::Document::parse(&svg).expect("well-formed XML");
    let written = tree.descendants().filter(|node| node.has_tag_name("text"));
    written.filter_map(|node| node.text()).map(str::to_owned).collect()
}

fn count(chart: &AlertChart, needle: &str) -> usize {
    alert_svg(chart).expect("drawable").matches(needle).count()
}

#[test]
fn a_png_of_the_stated_size() {
    let png = alert_png(&samples::deviation()).expect("rendered");
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    let side = |at: usize| u32::from_be_bytes([png[at], png[at + 1], png[at + 2], png[at + 3]]);
    assert_eq!((side(16), side(20)), (u32::from(PNG_WIDTH), u32::from(PNG_HEIGHT)));
    assert!(png.len() < 100_000, "{} bytes", png.len());
}

#[test]
fn the_text_is_really_drawn() {
    let ink = |chart: &AlertChart| alert_png(chart).expect("rendered").len();
    let mut mute = samples::chinese();
    for text in [&mut mute.title, &mut mute.subtitle, &mut mute.state_label, &mut mute.footer] {
        text.clear();
    }
    // Words cost bytes in a PNG: a font that is not found would leave both the same.
    assert!(ink(&samples::chinese()) > ink(&mute) + 5_000);
}

#[test]
fn the_labels_say_what_happened() {
    let seen = texts(&samples::stop_loss());
    for words in ["Stopped", "Campaign 18·Coupon cost", "Stop-loss line $5,000", "$5,130", "$0", "$6,000", "11/15"] {
        assert!(seen.iter().any(|text| text == words), "{words} is missing from {seen:?}");
    }
    let seen = texts(&samples::chinese());
    for words in ["止损暂停", "止损线 ¥25万", "¥25.65万", "¥0", "¥30万", "12:00"] {
        assert!(seen.iter().any(|text| text == words), "{words} is missing from {seen:?}");
    }
    assert!(seen.iter().any(|text| text.starts_with("双十一会员拉新") && text.ends_with('…')), "{seen:?}");
}

#[test]
fn a_key_only_names_what_is_there() {
    assert!(texts(&samples::deviation()).iter().any(|text| text == "Expected range"));
    assert!(!texts(&samples::stop_loss()).iter().any(|text| text.starts_with("Expected")));
}

#[test]
fn hostile_names_stay_text() {
    let mut chart = samples::stop_loss();
    let hostile = "</text><script>alert(1)</script>&amp;\"'<!--\u{0}\u{8}]]>";
    let read = "</text><script>alert(1)</script>&amp;\"'<!--]]>";
    for text in [&mut chart.title, &mut chart.subtitle, &mut chart.footer] {
        hostile.clone_into(text);
    }
    chart.state_label = "\"/><x".to_owned();
    chart.line = Some(Line { value: 5_000.0, label: hostile.to_owned() });
    chart.unit = Unit::Money { currency: "<&>".to_owned() };
    let seen = texts(&chart);
    assert!(seen.iter().filter(|text| text.contains("<script>")).count() >= 3, "{seen:?}");
    assert!(seen.iter().any(|text| text == read) && seen.iter().any(|text| text == "\"/><x"));
    let svg = alert_svg(&chart).expect("drawable");
    assert!(!svg.contains("<script") && !svg.contains("<x"));
    alert_png(&chart).expect("rendered");
}

#[test]
fn every_fixed_word_has_its_glyphs() {
    for locale in [Locale::En, Locale::ZhCn] {
        for by in [ExpectedBy::Reckoning, ExpectedBy::LastWeek, ExpectedBy::Earlier, ExpectedBy::Plan] {
            let words = svg::words(locale, by);
            for text in [words.band, words.expectation] {
                assert!(text.chars().all(text::has_glyph), "{text}");
            }
        }
    }
    let states = "告警中 已认领 已恢复 止损暂停 止损线 阈值 预警 指标 渠道 营销活动 基线 异常 Firing Acknowledged";
    let fixed = "0123456789年月日:/−…□%σ±≤≥· ¥$€£₩";
    for c in states.chars().chain(fixed.chars()) {
        assert!(text::has_glyph(c), "{c}");
    }
}

#[test]
fn gaps_break_the_line_and_lone_values_are_dots() {
    let mut chart = samples::plain(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
    chart.marked = None;
    let line = r#"stroke-width="4""#;
    let dot = r##"r="6" fill="#2b5fd9""##;
    assert_eq!((count(&chart, line), count(&chart, dot)), (1, 0));
    chart.points[2].value = None;
    chart.points[4].value = None;
    assert_eq!((count(&chart, line), count(&chart, dot)), (2, 1));
}

#[test]
fn nothing_is_drawn_of_nothing() {
    let chart = samples::plain(&[]);
    assert_eq!(alert_svg(&chart), Err(ChartError::Empty));
    assert_eq!(alert_png(&chart), Err(ChartError::Empty));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn any_drawable_chart_is_well_formed_and_stays_on_the_card(
        values in prop::collection::vec(-1e15..1e15f64, 1..40),
        shrink in 0i32..20, mark in 0usize..40, line in prop::option::of(-1e15..1e15f64),
        title in "\\PC{0,80}",
    ) {
        let size = 10f64.powi(shrink);
        let scaled: Vec<f64> = values.iter().map(|value| value / size).collect();
        let mut chart = samples::plain(&scaled);
        chart.marked = Some(mark % scaled.len());
        chart.line = line.map(|value| Line { value: value / size, label: title.clone() });
        chart.title = title;
        let svg = alert_svg(&chart).expect("drawable");
        prop_assert!(!svg.contains("NaN") && !svg.contains("inf\""));
        let tree = roxmltree::Document::parse(&svg).expect("well-formed XML");
        for node in tree.descendants().filter(|node| node.has_tag_name("text")) {
            let number = |name| node.attribute(name).and_then(|n| n.parse::<f64>().ok()).expect("a number");
            let words = node.text().unwrap_or_default();
            let wide = text::width(words, number("font-size"));
            let left = match node.attribute("text-anchor") {
                Some("middle") => number("x") - wide / 2.0,
                Some("end") => number("x") - wide,
                _ => number("x"),
            };
            prop_assert!(left >= 0.0 && left + wide <= f64::from(WIDTH), "{words} at {left}, {wide} wide");
            prop_assert!(number("y") > 0.0 && number("y") < f64::from(HEIGHT));
        }
    }
}
