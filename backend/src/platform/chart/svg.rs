//! The card as SVG: header with the state's badge, plot, small print and key.
//!
//! The card brings its own light ground with a hairline, so that it reads the same on Discord's
//! light and dark themes. Type is large, since a phone shows the card at less than half size.

use std::fmt::Write as _;

use super::{AlertChart, ChartError, ChartState, ExpectedBy, HEIGHT, Locale, WIDTH, plot, prepare, text};

/// Ink of titles and values.
pub(super) const INK: &str = "#1d2433";
/// Ink of everything quieter; 4.5:1 on the card and better.
pub(super) const QUIET: &str = "#5a6478";
/// Lines of the grid.
pub(super) const GRID: &str = "#e6e9ef";
/// The card's ground.
pub(super) const GROUND: &str = "#ffffff";
/// The measured series and its band.
pub(super) const SERIES: &str = "#2b5fd9";
/// Lines that must not be crossed, and what crossed them.
pub(super) const DANGER: &str = "#d3261b";

/// Distance of texts from the card's left and right edges.
pub(super) const MARGIN: f64 = 36.0;
const TITLE: f64 = 30.0;
const SUBTITLE: f64 = 21.0;
const BADGE: f64 = 20.0;
const SMALL: f64 = 17.0;
/// Height of the small print's base line.
const FOOT: f64 = 428.0;

/// A text to be written; its words are already drawable.
pub(super) struct Label<'a> {
    /// The words.
    pub(super) words: &'a str,
    /// Where its start, middle or end stands.
    pub(super) x: f64,
    /// Its base line.
    pub(super) y: f64,
    /// Font size.
    pub(super) size: f64,
    /// Colour.
    pub(super) ink: &'a str,
    /// `start`, `middle` or `end`.
    pub(super) anchor: &'static str,
    /// Thickened: the font comes in one weight.
    pub(super) strong: bool,
}

/// The SVG that is being written.
pub(super) struct Canvas(String);

impl Canvas {
    /// Appends one element.
    pub(super) fn add(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.0.write_fmt(element);
        self.0.push('\n');
    }

    /// Appends a text.
    pub(super) fn label(&mut self, label: &Label<'_>) {
        let Label { words, x, y, size, ink, anchor, strong } = label;
        if words.is_empty() {
            return;
        }
        let weight = if *strong {
            format!(r#" stroke="{ink}" stroke-width="{:.2}" stroke-linejoin="round""#, size * 0.028)
        } else {
            String::new()
        };
        let words = text::escape(words);
        self.add(format_args!(
            r#"<text x="{x:.1}" y="{y:.1}" font-size="{size}" fill="{ink}" text-anchor="{anchor}"{weight}>{words}</text>"#
        ));
    }
}

/// `M` and `L` commands through the spots.
pub(super) fn path(spots: &[(f64, f64)]) -> String {
    let mut path = String::with_capacity(spots.len() * 14);
    for (index, (x, y)) in spots.iter().enumerate() {
        let command = if index == 0 { 'M' } else { 'L' };
        // Writing to a String cannot fail.
        let _ = write!(path, "{command}{x:.1} {y:.1}");
    }
    path
}

/// Colours of a state: ink of its badge, ground of its badge.
fn accent(state: ChartState) -> (&'static str, &'static str) {
    match state {
        ChartState::Firing => ("#b3211a", "#fdeceb"),
        ChartState::Silenced => ("#475467", "#eef1f5"),
        ChartState::Acknowledged => ("#8a4b08", "#fdf1dc"),
        ChartState::Resolved => ("#12694a", "#e3f5ec"),
        ChartState::Stopped => ("#5b2a9d", "#f1eafb"),
    }
}

/// Words of the key; the rest of a picture's words are the caller's.
pub(super) struct Words {
    /// Names the band.
    pub(super) band: &'static str,
    /// Names the dashed line.
    pub(super) expectation: &'static str,
}

/// The key in the reader's language.
pub(super) fn words(locale: Locale, by: ExpectedBy) -> Words {
    match locale {
        Locale::En => Words {
            band: "Expected range",
            expectation: match by {
                ExpectedBy::Reckoning => "Expected",
                ExpectedBy::LastWeek => "A week before",
                ExpectedBy::Earlier => "Before",
                ExpectedBy::Plan => "On pace",
            },
        },
        Locale::ZhCn => Words {
            band: "预期区间",
            expectation: match by {
                ExpectedBy::Reckoning => "预期值",
                ExpectedBy::LastWeek => "上周同期",
                ExpectedBy::Earlier => "对比值",
                ExpectedBy::Plan => "应达进度",
            },
        },
    }
}

/// The picture as SVG 1.1 of [`WIDTH`] × [`HEIGHT`], for font family `Noto Sans SC`.
///
/// # Errors
/// Every [`ChartError`] but `Render`: a chart that would show nothing, or something untrue.
pub fn alert_svg(chart: &AlertChart) -> Result<String, ChartError> {
    let prepared = prepare::prepare(chart)?;
    let mut canvas = Canvas(String::with_capacity(32 * 1024));
    canvas.add(format_args!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="'{}', sans-serif" role="img">"#,
        text::FAMILY
    ));
    canvas.add(format_args!("<title>{}</title>", text::escape(&text::drawable(&chart.title))));
    let (ink, _) = accent(chart.state);
    canvas.add(format_args!(
        r##"<clipPath id="card"><rect x="1" y="1" width="{w}" height="{h}" rx="18"/></clipPath><rect x="1" y="1" width="{w}" height="{h}" rx="18" fill="{GROUND}"/><rect x="0" y="0" width="10" height="{HEIGHT}" fill="{ink}" clip-path="url(#card)"/><rect x="1" y="1" width="{w}" height="{h}" rx="18" fill="none" stroke="#d5dae3" stroke-width="1.5"/>"##,
        w = WIDTH - 2,
        h = HEIGHT - 2,
    ));
    header(&mut canvas, chart);
    plot::draw(&mut canvas, chart, &prepared);
    footer(&mut canvas, chart, &prepared);
    canvas.0.push_str("</svg>\n");
    Ok(canvas.0)
}

/// Title and subtitle on the left, badge on the right.
fn header(canvas: &mut Canvas, chart: &AlertChart) {
    let right = f64::from(WIDTH) - MARGIN;
    let state = text::fit(&chart.state_label, BADGE, 240.0);
    let mut title_end = right;
    if !state.is_empty() {
        let (ink, ground) = accent(chart.state);
        let w = text::width(&state, BADGE) + 52.0;
        let x = right - w;
        title_end = x - 20.0;
        canvas.add(format_args!(
            r#"<rect x="{x:.1}" y="22" width="{w:.1}" height="38" rx="19" fill="{ground}"/><circle cx="{:.1}" cy="41" r="6" fill="{ink}"/>"#,
            x + 22.0
        ));
        canvas.label(&Label { words: &state, x: x + 36.0, y: 48.0, size: BADGE, ink, anchor: "start", strong: true });
    }
    let title = text::fit(&chart.title, TITLE, title_end - MARGIN);
    canvas.label(&Label { words: &title, x: MARGIN, y: 52.0, size: TITLE, ink: INK, anchor: "start", strong: true });
    let subtitle = text::fit(&chart.subtitle, SUBTITLE, right - MARGIN);
    canvas.label(&Label {
        words: &subtitle,
        x: MARGIN,
        y: 87.0,
        size: SUBTITLE,
        ink: QUIET,
        anchor: "start",
        strong: false,
    });
}

/// The key on the right, the small print in what room is left.
fn footer(canvas: &mut Canvas, chart: &AlertChart, prepared: &prepare::Prepared) {
    let mut end = f64::from(WIDTH) - MARGIN;
    let words = words(chart.locale, chart.expected_by);
    let middle = FOOT - SMALL * 0.36;
    if !prepared.bands.is_empty() {
        end = key_entry(canvas, words.band, end);
        canvas.add(format_args!(
            r#"<rect x="{end:.1}" y="{:.1}" width="26" height="14" rx="3" fill="{SERIES}" fill-opacity="0.18"/>"#,
            middle - 7.0
        ));
        end -= 24.0;
    }
    if !prepared.expectation.is_empty() {
        end = key_entry(canvas, words.expectation, end);
        canvas.add(format_args!(
            r#"<path d="M{end:.1} {middle:.1}h26" stroke="{QUIET}" stroke-width="2.5" stroke-dasharray="7 5"/>"#
        ));
        end -= 24.0;
    }
    let print = text::fit(&chart.footer, SMALL, end - MARGIN);
    canvas.label(&Label { words: &print, x: MARGIN, y: FOOT, size: SMALL, ink: QUIET, anchor: "start", strong: false });
}

/// Writes one name of the key so that it ends at `end`; returns where its swatch of 26 starts.
fn key_entry(canvas: &mut Canvas, name: &str, end: f64) -> f64 {
    canvas.label(&Label { words: name, x: end, y: FOOT, size: SMALL, ink: QUIET, anchor: "end", strong: false });
    end - text::width(name, SMALL) - 34.0
}
