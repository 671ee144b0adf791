//! Pictures of alerts: what was measured, what was expected, and where it broke.
//!
//! A picture is built in straight steps, each its own file and each pure:
//! `prepare` refuses what cannot be drawn and thins what is too dense, `scale` and `calendar`
//! choose round ticks for values and times, `format` writes numbers and dates as the reader's
//! language does, `text` knows the embedded font (what it can draw and how wide it is),
//! `svg` draws the card and `plot` its inside, for whose labels `place` finds room, and `alt` says the same in words.
//! [`alert_png`] then renders the SVG with the font that is part of the program, so a picture
//! looks the same on every machine and needs no file, clock or network.
//!
//! Invariants: the same chart gives the same bytes; no text of a caller reaches the SVG without
//! being cleaned and escaped; no glyph is ever blank (what the font lacks is drawn as □);
//! nothing that a picture would misrepresent is drawn at all ([`ChartError`]).

mod alt;
mod calendar;
mod format;
mod place;
mod plot;
mod prepare;
#[cfg(test)]
mod samples;
mod scale;
mod svg;
mod text;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use resvg::{tiny_skia, usvg};

pub use alt::alt_text;
pub use format::{Unit, in_full};
pub use svg::alert_svg;

/// Width of the card in logical pixels.
pub const WIDTH: u16 = 800;
/// Height of the card in logical pixels.
pub const HEIGHT: u16 = 450;
/// Width of the PNG in pixels: one and a half per logical pixel is sharp on a phone's screen.
pub const PNG_WIDTH: u16 = WIDTH / 2 * 3;
/// Height of the PNG in pixels.
pub const PNG_HEIGHT: u16 = HEIGHT / 2 * 3;

/// Language of the words and of the forms of dates and numbers in a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Locale {
    /// English: `11/21`, `12.3M`.
    En,
    /// Simplified Chinese: `11月21日`, `1230万`.
    ZhCn,
}

/// Where an alert stands; it decides the colour of the accents, never the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChartState {
    /// Firing (告警中).
    Firing,
    /// Nobody is told for a while (静默).
    Silenced,
    /// Somebody took it (已认领).
    Acknowledged,
    /// The value is back where it should be (已恢复).
    Resolved,
    /// The campaign was paused by its stop-loss line (止损暂停).
    Stopped,
}

/// One measured value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Start of the period that was measured.
    pub at: DateTime<Utc>,
    /// The value in the chart's [`Unit`]; `None` is a gap, drawn as a break in the line.
    pub value: Option<f64>,
}

/// Where a chart's expected values come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExpectedBy {
    /// They were reckoned from what came before (预期值).
    Reckoning,
    /// They are what was measured a week before (上周同期).
    LastWeek,
    /// They are what was measured at another time before (对比值).
    Earlier,
    /// They lead to a target in time (应达进度).
    Plan,
}

/// The range that was expected at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// Start of the period.
    pub at: DateTime<Utc>,
    /// Lower edge, in the chart's [`Unit`].
    pub low: f64,
    /// Upper edge, in the chart's [`Unit`]; not below `low`.
    pub high: f64,
}

/// A fixed line that must not be crossed: a threshold or a stop-loss line.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Height of the line, in the chart's [`Unit`].
    pub value: f64,
    /// What the line is called; its value is written behind it.
    pub label: String,
}

/// Everything a picture of an alert shows. Texts come ready in the reader's language.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertChart {
    /// Headline, such as the metric's and campaign's names; shortened with … when too wide.
    pub title: String,
    /// One quieter line below it; may be empty.
    pub subtitle: String,
    /// Chooses the accent colour.
    pub state: ChartState,
    /// The state in words, shown as a badge; may be empty.
    pub state_label: String,
    /// Measured values in order of time; at least one must have a value.
    pub points: Vec<Point>,
    /// Expected ranges in order of time; may be empty.
    pub bands: Vec<Band>,
    /// The line that must not be crossed.
    pub line: Option<Line>,
    /// Expected values in order of time, drawn dashed.
    pub expectation: Option<Vec<(DateTime<Utc>, f64)>>,
    /// Where they come from, which the key says.
    pub expected_by: ExpectedBy,
    /// Index in `points` of the breach, which gets a marker with its value.
    pub marked: Option<usize>,
    /// How values are written.
    pub unit: Unit,
    /// The time zone whose days and hours are shown.
    pub time_zone: Tz,
    /// The reader's language.
    pub locale: Locale,
    /// Small print below the plot, such as the source; may be empty.
    pub footer: String,
}

/// Why a picture cannot be drawn. The alert itself is still worth sending, without a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChartError {
    /// No point has a value.
    #[error("a chart needs at least one value")]
    Empty,
    /// NaN or an infinity among the values.
    #[error("a chart's values must be finite")]
    NotFinite,
    /// A magnitude above 10^15, where a double no longer tells cents apart.
    #[error("a chart's values must stay within 10^15")]
    OutOfRange,
    /// Points, bands or expectation are not in order of time.
    #[error("a chart's points must be in order of time")]
    OutOfOrder,
    /// A band whose lower edge is above its upper edge.
    #[error("a band's lower edge must not be above its upper edge")]
    BandUpsideDown,
    /// `marked` names no point, or a gap.
    #[error("the marked point does not exist or has no value")]
    NoSuchMark,
    /// More than 50,000 points, bands or expected values.
    #[error("a chart takes at most 50,000 points")]
    TooManyPoints,
    /// The renderer refused the drawing: a defect of this module.
    #[error("the picture could not be rendered")]
    Render,
}

/// The picture as PNG of [`PNG_WIDTH`] × [`PNG_HEIGHT`] pixels, transparent outside its round corners.
///
/// Takes tens of milliseconds of CPU, so call it off the threads that serve requests.
///
/// # Errors
/// As [`alert_svg`]; [`ChartError::Render`] if the renderer fails.
pub fn alert_png(chart: &AlertChart) -> Result<Vec<u8>, ChartError> {
    let drawing = alert_svg(chart)?;
    let options = usvg::Options {
        font_family: text::FAMILY.to_owned(),
        fontdb: Arc::clone(text::database()),
        ..usvg::Options::default()
    };
    let tree = usvg::Tree::from_str(&drawing, &options).map_err(|_| ChartError::Render)?;
    let scale = f32::from(PNG_WIDTH) / f32::from(WIDTH);
    let mut pixels = tiny_skia::Pixmap::new(u32::from(PNG_WIDTH), u32::from(PNG_HEIGHT)).ok_or(ChartError::Render)?;
    let transform = tiny_skia::Transform::from_scale(scale, scale);
    resvg::render(&tree, transform, &mut pixels.as_mut());
    let mut rgba = pixels.data().to_vec();
    for (straight, pixel) in rgba.chunks_exact_mut(4).zip(pixels.pixels()) {
        // The renderer multiplies colours by their opacity, PNG does not; only the rim differs.
        if !pixel.is_opaque() {
            let colour = pixel.demultiply();
            straight.copy_from_slice(&[colour.red(), colour.green(), colour.blue(), colour.alpha()]);
        }
    }
    encode(&rgba).map_err(|_| ChartError::Render)
}

/// Flat drawings shrink to a quarter of what the renderer's own fast encoder makes of them.
fn encode(rgba: &[u8]) -> Result<Vec<u8>, png::EncodingError> {
    let mut file = Vec::with_capacity(64 * 1024);
    let mut encoder = png::Encoder::new(&mut file, u32::from(PNG_WIDTH), u32::from(PNG_HEIGHT));
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_compression(png::Compression::Default);
    encoder.set_filter(png::FilterType::NoFilter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(rgba)?;
    writer.finish()?;
    Ok(file)
}

#[cfg(test)]
mod tests;
