//! What is drawn: the chart's values checked, and thinned where they are denser than pixels.
//!
//! Thinning cuts a series into stretches and keeps of each its first, last, lowest and highest
//! value, its first gap, and the marked one: no peak that raised an alert can vanish.

use chrono::{DateTime, Duration, Utc};

use super::{AlertChart, Band, ChartError, Point};

/// More points than this are thinned.
const DENSE: usize = 500;
/// More than this are refused: they are a mistake, and cost memory before they cost a picture.
const TOO_MANY: usize = 50_000;
/// Stretches that a dense series is cut into; each keeps at most five points.
const STRETCHES: usize = 96;
/// The largest magnitude.
const LARGEST: f64 = 1e15;

/// A time with its value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Dot {
    /// When.
    pub(super) at: DateTime<Utc>,
    /// How much.
    pub(super) value: f64,
}

/// A chart that can be drawn.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Prepared {
    /// Measured values without gaps; between two runs there is a gap. None is empty.
    pub(super) runs: Vec<Vec<Dot>>,
    /// Expected ranges.
    pub(super) bands: Vec<Band>,
    /// Expected values.
    pub(super) expectation: Vec<Dot>,
    /// The breach.
    pub(super) mark: Option<Dot>,
    /// Start and end of what is shown; never the same.
    pub(super) times: (DateTime<Utc>, DateTime<Utc>),
    /// Lowest and highest of everything that is shown.
    pub(super) values: (f64, f64),
}

/// Checks and thins a chart.
pub(super) fn prepare(chart: &AlertChart) -> Result<Prepared, ChartError> {
    let expected = chart.expectation.as_deref().unwrap_or_default();
    if [chart.points.len(), chart.bands.len(), expected.len()].into_iter().any(|n| n > TOO_MANY) {
        return Err(ChartError::TooManyPoints);
    }
    let ordered = chart.points.is_sorted_by_key(|point| point.at)
        && chart.bands.is_sorted_by_key(|band| band.at)
        && expected.is_sorted_by_key(|(at, _)| *at);
    if !ordered {
        return Err(ChartError::OutOfOrder);
    }
    let values = value_range(chart, expected)?;
    if chart.bands.iter().any(|band| band.low > band.high) {
        return Err(ChartError::BandUpsideDown);
    }
    let mark = chart.marked.map(|index| marked_dot(&chart.points, index)).transpose()?;
    Ok(Prepared {
        runs: runs(&thin(&chart.points, chart.marked)),
        bands: thin_bands(&chart.bands),
        expectation: thin_expectation(expected),
        mark,
        times: time_range(chart, expected).ok_or(ChartError::Empty)?,
        values,
    })
}

fn value_range(chart: &AlertChart, expected: &[(DateTime<Utc>, f64)]) -> Result<(f64, f64), ChartError> {
    let measured = chart.points.iter().filter_map(|point| point.value);
    if measured.clone().next().is_none() {
        return Err(ChartError::Empty);
    }
    let shown = measured
        .chain(chart.bands.iter().flat_map(|band| [band.low, band.high]))
        .chain(expected.iter().map(|(_, value)| *value))
        .chain(chart.line.iter().map(|line| line.value));
    let mut range = (f64::INFINITY, f64::NEG_INFINITY);
    for value in shown {
        if !value.is_finite() {
            return Err(ChartError::NotFinite);
        }
        if value.abs() > LARGEST {
            return Err(ChartError::OutOfRange);
        }
        range = (range.0.min(value), range.1.max(value));
    }
    Ok(range)
}

fn time_range(chart: &AlertChart, expected: &[(DateTime<Utc>, f64)]) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let times = || {
        let points = chart.points.iter().map(|point| point.at);
        let bands = chart.bands.iter().map(|band| band.at);
        points.chain(bands).chain(expected.iter().map(|(at, _)| *at))
    };
    let (from, to) = (times().min()?, times().max()?);
    if from < to {
        return Some((from, to));
    }
    // One moment alone stands in the middle of three days.
    let around = Duration::hours(36);
    Some((from.checked_sub_signed(around)?, to.checked_add_signed(around)?))
}

fn marked_dot(points: &[Point], index: usize) -> Result<Dot, ChartError> {
    let point = points.get(index).ok_or(ChartError::NoSuchMark)?;
    let value = point.value.ok_or(ChartError::NoSuchMark)?;
    Ok(Dot { at: point.at, value })
}

fn thin(points: &[Point], marked: Option<usize>) -> Vec<Point> {
    if points.len() <= DENSE {
        return points.to_vec();
    }
    let length = points.len().div_ceil(STRETCHES);
    let mut kept: Vec<usize> = marked.into_iter().collect();
    for start in (0..points.len()).step_by(length) {
        let stretch = start..points.len().min(start + length);
        let by_value = |a: &usize, b: &usize| {
            let (a, b) = (points[*a].value, points[*b].value);
            a.unwrap_or_default().total_cmp(&b.unwrap_or_default())
        };
        let measured = || stretch.clone().filter(|index| points[*index].value.is_some());
        kept.extend(measured().min_by(by_value));
        kept.extend(measured().max_by(by_value));
        kept.extend(stretch.clone().find(|index| points[*index].value.is_none()));
        kept.extend([stretch.start, stretch.end - 1]);
    }
    kept.sort_unstable();
    kept.dedup();
    kept.into_iter().map(|index| points[index]).collect()
}

fn thin_bands(bands: &[Band]) -> Vec<Band> {
    let length = if bands.len() > DENSE { bands.len().div_ceil(DENSE) } else { 1 };
    let envelope = |stretch: &[Band]| {
        let first = stretch.first()?;
        let widen =
            |sum: Band, band: &Band| Band { at: sum.at, low: sum.low.min(band.low), high: sum.high.max(band.high) };
        Some(stretch.iter().fold(*first, widen))
    };
    bands.chunks(length).filter_map(envelope).collect()
}

fn thin_expectation(expected: &[(DateTime<Utc>, f64)]) -> Vec<Dot> {
    let points: Vec<Point> = expected.iter().map(|(at, value)| Point { at: *at, value: Some(*value) }).collect();
    runs(&thin(&points, None)).into_iter().flatten().collect()
}

fn runs(points: &[Point]) -> Vec<Vec<Dot>> {
    points
        .split(|point| point.value.is_none())
        .filter(|run| !run.is_empty())
        .map(|run| run.iter().filter_map(|point| Some(Dot { at: point.at, value: point.value? })).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::chart::samples;

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        let refused = |change: &dyn Fn(&mut AlertChart)| {
            let mut chart = samples::deviation();
            change(&mut chart);
            prepare(&chart).expect_err("refused")
        };
        assert_eq!(refused(&|c| c.points.clear()), ChartError::Empty);
        assert_eq!(refused(&|c| c.points.iter_mut().for_each(|p| p.value = None)), ChartError::Empty);
        assert_eq!(refused(&|c| c.points[3].value = Some(f64::NAN)), ChartError::NotFinite);
        assert_eq!(refused(&|c| c.bands[0].high = f64::INFINITY), ChartError::NotFinite);
        assert_eq!(
            refused(&|c| c.expectation = Some(vec![(c.points[0].at, f64::NEG_INFINITY)])),
            ChartError::NotFinite
        );
        assert_eq!(
            refused(&|c| c.line = Some(super::super::Line { value: f64::NAN, label: String::new() })),
            ChartError::NotFinite
        );
        assert_eq!(refused(&|c| c.points[0].value = Some(-1.1e15)), ChartError::OutOfRange);
        assert_eq!(refused(&|c| c.points.reverse()), ChartError::OutOfOrder);
        assert_eq!(refused(&|c| c.bands[1].low = c.bands[1].high + 1.0), ChartError::BandUpsideDown);
        assert_eq!(refused(&|c| c.marked = Some(999)), ChartError::NoSuchMark);
        assert_eq!(
            refused(&|c| {
                c.points[2].value = None;
                c.marked = Some(2);
            }),
            ChartError::NoSuchMark
        );
        assert_eq!(refused(&|c| c.points = vec![c.points[0]; TOO_MANY + 1]), ChartError::TooManyPoints);
    }

    #[test]
    fn gaps_split_the_series() {
        let mut chart = samples::deviation();
        chart.points[0].value = None;
        chart.points[4].value = None;
        chart.points[6].value = None;
        let lengths: Vec<usize> = prepare(&chart).expect("drawable").runs.iter().map(Vec::len).collect();
        assert_eq!(lengths, [3, 1, chart.points.len() - 7]);
    }

    #[test]
    fn a_dense_series_is_thinned_but_keeps_its_extremes_gaps_and_mark() {
        let mut chart = samples::dense(20_000);
        chart.points[7_001].value = Some(9_999.0);
        chart.points[12_345].value = Some(-9_999.0);
        chart.points[15_001].value = None;
        chart.marked = Some(3_333);
        let prepared = prepare(&chart).expect("drawable");
        let dots: Vec<Dot> = prepared.runs.iter().flatten().copied().collect();
        assert!(dots.len() <= DENSE, "{}", dots.len());
        for index in [0, 3_333, 7_001, 12_345, 19_999] {
            assert!(dots.iter().any(|dot| dot.at == chart.points[index].at), "{index} is gone");
        }
        assert_eq!(prepared.runs.len(), 2);
        assert_eq!(prepared.values, (-9_999.0, 9_999.0));
        assert!(prepared.bands.len() <= DENSE);
    }
}
