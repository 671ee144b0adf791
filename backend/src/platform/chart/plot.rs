//! The plot of a card: grid, band, expectation, line, series and the marked breach.

use chrono::{DateTime, Utc};

use super::place::{Obstacles, Rect};
use super::prepare::{Dot, Prepared};
use super::scale::Axis;
use super::svg::{Canvas, DANGER, GRID, GROUND, INK, Label, MARGIN, QUIET, SERIES, path};
use super::{AlertChart, Line, WIDTH, calendar, format, text};

const TOP: f64 = 118.0;
const BOTTOM: f64 = 358.0;
/// The series ends here: room for half a marker and half a date.
const RIGHT: f64 = 752.0;
/// The widest that a label of the value axis may be.
const WIDEST_TICK: f64 = 170.0;
const TICK: f64 = 20.0;
const LINE_LABEL: f64 = 20.0;
const MARK_LABEL: f64 = 22.0;

/// Where values and times lie on the card.
struct Frame<'a> {
    left: f64,
    axis: Axis,
    prepared: &'a Prepared,
}

impl Frame<'_> {
    fn x(&self, at: DateTime<Utc>) -> f64 {
        let (from, to) = self.prepared.times;
        let share = milliseconds(at - from) / milliseconds(to - from).max(1.0);
        self.left + share * (RIGHT - self.left)
    }

    fn y(&self, value: f64) -> f64 {
        BOTTOM - self.axis.share(value) * (BOTTOM - TOP)
    }

    fn spot(&self, dot: &Dot) -> (f64, f64) {
        (self.x(dot.at), self.y(dot.value))
    }

    /// Where labels may stand.
    fn room(&self) -> Rect {
        let x = self.left + 4.0;
        Rect { x, y: TOP - 14.0, w: f64::from(WIDTH) - 14.0 - x, h: BOTTOM - TOP + 10.0 }
    }
}

#[expect(clippy::cast_precision_loss, reason = "differences of dates stay far below 2^53 milliseconds")]
fn milliseconds(span: chrono::Duration) -> f64 {
    span.num_milliseconds() as f64
}

/// Draws everything between header and footer.
pub(super) fn draw(canvas: &mut Canvas, chart: &AlertChart, prepared: &Prepared) {
    let (low, high) = prepared.values;
    let axis = Axis::covering(low, high);
    let names: Vec<String> = format::ticks(&axis.ticks, axis.step, &chart.unit, chart.locale)
        .iter()
        .map(|name| text::fit(name, TICK, WIDEST_TICK))
        .collect();
    let widest = names.iter().map(|name| text::width(name, TICK)).fold(0.0, f64::max);
    let frame = Frame { left: MARGIN + widest + 14.0, axis, prepared };
    value_axis(canvas, &frame, &names);
    time_axis(canvas, chart, &frame);
    band(canvas, &frame);
    expectation(canvas, &frame);
    let mut obstacles = series(canvas, &frame);
    // Lines first, then labels, so that no line crosses a label.
    if let Some(line) = &chart.line {
        let y = frame.y(line.value);
        canvas.add(format_args!(
            r#"<path d="M{:.1} {y:.1}H{:.1}" stroke="{DANGER}" stroke-width="2.5"/>"#,
            frame.left,
            RIGHT + 14.0
        ));
        obstacles.add_line(&[(frame.left, y), (RIGHT, y)]);
    }
    let mark = prepared.mark.map(|dot| (dot, frame.spot(&dot)));
    if let Some((_, (x, y))) = mark {
        canvas.add(format_args!(
            r#"<path d="M{x:.1} {y:.1}V{BOTTOM}" stroke="{DANGER}" stroke-width="1.5" stroke-dasharray="2 5"/><circle cx="{x:.1}" cy="{y:.1}" r="9" fill="{DANGER}" stroke="{GROUND}" stroke-width="3"/>"#
        ));
        obstacles.add_label(Rect { x: x - 12.0, y: y - 12.0, w: 24.0, h: 24.0 });
    }
    if let Some((dot, spot)) = mark {
        mark_label(canvas, chart, &frame, &mut obstacles, &dot, spot);
    }
    if let Some(line) = &chart.line {
        line_label(canvas, chart, &frame, &obstacles, line);
    }
}

fn value_axis(canvas: &mut Canvas, frame: &Frame<'_>, names: &[String]) {
    for (tick, name) in frame.axis.ticks.iter().zip(names) {
        let y = frame.y(*tick);
        // Zero carries the eye; the other lines only help it.
        let (ink, width) = if *tick == 0.0 { ("#b9c0cd", 2.0) } else { (GRID, 1.5) };
        canvas.add(format_args!(
            r#"<path d="M{:.1} {y:.1}H{:.1}" stroke="{ink}" stroke-width="{width}"/>"#,
            frame.left,
            RIGHT + 14.0
        ));
        canvas.label(&Label {
            words: name,
            x: frame.left - 12.0,
            y: y + TICK * 0.36,
            size: TICK,
            ink: QUIET,
            anchor: "end",
            strong: false,
        });
    }
}

fn time_axis(canvas: &mut Canvas, chart: &AlertChart, frame: &Frame<'_>) {
    let (from, to) = frame.prepared.times;
    // The widest date of its form decides how many fit.
    let sample = calendar::widest_label(from, to, chart.locale);
    let mut room = RIGHT - frame.left;
    let mut most = 0;
    while room > 0.0 {
        room -= text::width(sample, TICK) + 26.0;
        most += 1;
    }
    for tick in calendar::ticks(from, to, chart.time_zone, chart.locale, most) {
        let half = text::width(&tick.label, TICK) / 2.0;
        let x = frame.x(tick.at);
        canvas.add(format_args!(r#"<path d="M{x:.1} {BOTTOM}v7" stroke="{QUIET}" stroke-width="1.5"/>"#));
        let x = x.min(f64::from(WIDTH) - 16.0 - half).max(20.0 + half);
        canvas.label(&Label {
            words: &tick.label,
            x,
            y: BOTTOM + 30.0,
            size: TICK,
            ink: QUIET,
            anchor: "middle",
            strong: false,
        });
    }
}

fn band(canvas: &mut Canvas, frame: &Frame<'_>) {
    let bands = &frame.prepared.bands;
    let upper = bands.iter().map(|band| (frame.x(band.at), frame.y(band.high)));
    let lower = bands.iter().rev().map(|band| (frame.x(band.at), frame.y(band.low)));
    let outline: Vec<(f64, f64)> = upper.chain(lower).collect();
    match bands.as_slice() {
        [] => {}
        // One range alone has no area: a broad stroke shows it.
        [only] => canvas.add(format_args!(
            r#"<path d="M{x:.1} {:.1}V{:.1}" stroke="{SERIES}" stroke-opacity="0.16" stroke-width="48"/>"#,
            frame.y(only.high),
            frame.y(only.low),
            x = frame.x(only.at)
        )),
        _ => canvas.add(format_args!(r#"<path d="{}Z" fill="{SERIES}" fill-opacity="0.14"/>"#, path(&outline))),
    }
}

fn expectation(canvas: &mut Canvas, frame: &Frame<'_>) {
    let spots: Vec<(f64, f64)> = frame.prepared.expectation.iter().map(|dot| frame.spot(dot)).collect();
    match spots.as_slice() {
        [] => {}
        [(x, y)] => canvas.add(format_args!(
            r#"<path d="M{:.1} {y:.1}h48" stroke="{QUIET}" stroke-width="2.5" stroke-dasharray="7 5"/>"#,
            x - 24.0
        )),
        _ => canvas.add(format_args!(
            r#"<path d="{}" fill="none" stroke="{QUIET}" stroke-width="2.5" stroke-dasharray="7 5" stroke-linejoin="round"/>"#,
            path(&spots)
        )),
    }
}

/// Draws the measured values and returns them as obstacles for labels.
fn series(canvas: &mut Canvas, frame: &Frame<'_>) -> Obstacles {
    let mut obstacles = Obstacles::default();
    let ground = frame.y(0.0_f64.clamp(frame.axis.low, frame.axis.high));
    // A sum that grows reads as an area; beside a band a second area would only confuse.
    let filled = frame.prepared.bands.is_empty() && frame.axis.low == 0.0;
    // A dense series drawn broadly would be a smear.
    let count: usize = frame.prepared.runs.iter().map(Vec::len).sum();
    let stroke = if count > 150 { 2.5 } else { 4.0 };
    for run in &frame.prepared.runs {
        let spots: Vec<(f64, f64)> = run.iter().map(|dot| frame.spot(dot)).collect();
        obstacles.add_line(&spots);
        let ([(first, _), ..], [.., (last, _)]) = (spots.as_slice(), spots.as_slice()) else {
            continue;
        };
        if let [(x, y)] = spots.as_slice() {
            canvas.add(format_args!(r#"<circle cx="{x:.1}" cy="{y:.1}" r="6" fill="{SERIES}"/>"#));
            continue;
        }
        let line = path(&spots);
        if filled {
            canvas.add(format_args!(
                r#"<path d="{line}L{last:.1} {ground:.1}L{first:.1} {ground:.1}Z" fill="{SERIES}" fill-opacity="0.08"/>"#
            ));
        }
        canvas.add(format_args!(
            r#"<path d="{line}" fill="none" stroke="{SERIES}" stroke-width="{stroke}" stroke-linejoin="round" stroke-linecap="round"/>"#
        ));
    }
    obstacles
}

/// The marked value and its time on a dark plate beside the marker.
fn mark_label(
    canvas: &mut Canvas,
    chart: &AlertChart,
    frame: &Frame<'_>,
    obstacles: &mut Obstacles,
    dot: &Dot,
    (x, y): (f64, f64),
) {
    let value = text::fit(&format::value(dot.value, &chart.unit, chart.locale), MARK_LABEL, 300.0);
    let local = calendar::local(dot.at, chart.time_zone);
    let (from, to) = frame.prepared.times;
    let when = if calendar::is_intraday(from, to) {
        format!("{} {}", calendar::day(local.date(), chart.locale), calendar::clock(local))
    } else {
        calendar::day(local.date(), chart.locale)
    };
    let value_width = text::width(&value, MARK_LABEL);
    let w = value_width + text::width(&when, LINE_LABEL) + 36.0;
    let h = 38.0;
    let beside = |dx: f64, dy: f64| Rect { x: x + dx, y: y + dy - h / 2.0, w, h };
    let above = -(h / 2.0 + 18.0);
    let candidates = [
        beside(-w / 2.0, above),
        beside(-w / 2.0, -above),
        beside(-w - 18.0, 0.0),
        beside(18.0, 0.0),
        beside(-w - 8.0, above),
        beside(-w - 8.0, -above),
        beside(8.0, above),
        beside(8.0, -above),
        beside(-w - 40.0, above - 24.0),
        beside(-w - 40.0, -above + 24.0),
    ];
    let Some(plate) = obstacles.best(&candidates, &frame.room()) else {
        return;
    };
    let base = plate.y + h / 2.0 + MARK_LABEL * 0.36;
    canvas.add(format_args!(
        r#"<rect x="{:.1}" y="{:.1}" width="{w:.1}" height="{h}" rx="9" fill="{INK}" stroke="{GROUND}" stroke-width="2"/>"#,
        plate.x, plate.y
    ));
    canvas.label(&Label {
        words: &value,
        x: plate.x + 13.0,
        y: base,
        size: MARK_LABEL,
        ink: GROUND,
        anchor: "start",
        strong: true,
    });
    canvas.label(&Label {
        words: &when,
        x: plate.x + w - 13.0,
        y: base,
        size: LINE_LABEL,
        ink: "#c3cad8",
        anchor: "end",
        strong: false,
    });
    obstacles.add_label(plate);
}

/// The line's name and value, above or below it, where the series is not.
fn line_label(canvas: &mut Canvas, chart: &AlertChart, frame: &Frame<'_>, obstacles: &Obstacles, line: &Line) {
    let value = format::value(line.value, &chart.unit, chart.locale);
    let name = format!("{} {value}", line.label);
    let name = text::fit(&name, LINE_LABEL, RIGHT - frame.left);
    let (w, h) = (text::width(&name, LINE_LABEL), 26.0);
    let y = frame.y(line.value);
    let middle = f64::midpoint(frame.left, RIGHT) - w / 2.0;
    let candidates: Vec<Rect> = [frame.left + 8.0, middle, RIGHT - w]
        .into_iter()
        .flat_map(|x| [Rect { x, y: y - h - 4.0, w, h }, Rect { x, y: y + 4.0, w, h }])
        .collect();
    let Some(place) = obstacles.best(&candidates, &frame.room()) else {
        return;
    };
    // A rim in the colour of the ground keeps the words readable across other lines.
    let (x, base) = (place.x, place.y + h / 2.0 + LINE_LABEL * 0.36);
    canvas.add(format_args!(
        r#"<text x="{x:.1}" y="{base:.1}" font-size="{LINE_LABEL}" aria-hidden="true" fill="none" stroke="{GROUND}" stroke-opacity="0.9" stroke-width="6" stroke-linejoin="round">{}</text>"#,
        text::escape(&name)
    ));
    canvas.label(&Label { words: &name, x, y: base, size: LINE_LABEL, ink: DANGER, anchor: "start", strong: true });
}
