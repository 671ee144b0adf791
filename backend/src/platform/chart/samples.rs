//! Charts for the tests: each shows one thing a picture must get right.

use chrono::{DateTime, Duration, Utc};

use super::{AlertChart, Band, ChartState, ExpectedBy, Line, Locale, Point, Unit};

fn start() -> DateTime<Utc> {
    // Midnight in New York.
    DateTime::from_timestamp(1_793_595_600, 0).expect("a time")
}

/// A chart of daily values with nothing around them.
pub(super) fn plain(values: &[f64]) -> AlertChart {
    let mut at = start();
    let points = values.iter().map(|value| {
        let point = Point { at, value: Some(*value) };
        at += Duration::days(1);
        point
    });
    AlertChart {
        title: "Sales · Store 406".to_owned(),
        subtitle: "2.9 σ below the usual Saturday".to_owned(),
        state: ChartState::Firing,
        state_label: "Firing".to_owned(),
        points: points.collect(),
        bands: Vec::new(),
        line: None,
        expectation: None,
        expected_by: ExpectedBy::Reckoning,
        marked: values.len().checked_sub(1),
        unit: Unit::Money { currency: "USD".to_owned() },
        time_zone: chrono_tz::America::New_York,
        locale: Locale::En,
        footer: "Northfield Grocers · America/New_York".to_owned(),
    }
}

/// A value below its expected range.
pub(super) fn deviation() -> AlertChart {
    let values = [
        4_180.0, 4_320.0, 4_050.0, 4_610.0, 5_320.0, 6_140.0, 5_480.0, 4_230.0, 4_410.0, 4_120.0, 4_700.0, 5_260.0,
        6_020.0, 5_610.0, 4_150.0, 4_290.0, 4_210.0, 4_550.0, 5_190.0, 3_020.0,
    ];
    let usual = [4_200.0, 4_350.0, 4_100.0, 4_620.0, 5_250.0, 6_080.0, 5_500.0];
    let mut chart = plain(&values);
    let expected = || chart.points.iter().zip(usual.iter().cycle());
    let bands = expected().map(|(point, mean)| Band { at: point.at, low: mean - 620.0, high: mean + 620.0 }).collect();
    let expectation = expected().map(|(point, mean)| (point.at, *mean)).collect();
    chart.bands = bands;
    chart.expectation = Some(expectation);
    chart
}

/// A campaign's cost that passes its stop-loss line.
pub(super) fn stop_loss() -> AlertChart {
    let mut chart = plain(&[
        0.0, 182.0, 350.5, 610.0, 840.0, 1_190.0, 1_420.0, 1_900.0, 2_260.0, 2_790.0, 3_180.0, 3_905.0, 4_480.0,
        5_130.0,
    ]);
    chart.title = "Campaign 18 · Coupon cost".to_owned();
    chart.subtitle = "Paused by its stop-loss line, $130 over".to_owned();
    chart.state = ChartState::Stopped;
    chart.state_label = "Stopped".to_owned();
    chart.line = Some(Line { value: 5_000.0, label: "Stop-loss line".to_owned() });
    chart
}

/// The same in Chinese, in hours, in hundreds of thousands.
pub(super) fn chinese() -> AlertChart {
    let mut chart = stop_loss();
    chart.title = "双十一会员拉新 · 抖音信息流 · 营销费用累计（华东大区全部门店及小程序商城）".to_owned();
    chart.subtitle = "已超止损线 2.6%，活动已自动暂停".to_owned();
    chart.state_label = "止损暂停".to_owned();
    chart.footer = "沪上优选 · 来源：巨量引擎 · 亚洲/上海".to_owned();
    chart.line = Some(Line { value: 250_000.0, label: "止损线".to_owned() });
    chart.unit = Unit::Money { currency: "CNY".to_owned() };
    chart.time_zone = chrono_tz::Asia::Shanghai;
    chart.locale = Locale::ZhCn;
    for (point, hours) in chart.points.iter_mut().zip(0..) {
        point.at = start() + Duration::hours(hours + 12);
        point.value = point.value.map(|value| value * 50.0);
    }
    chart
}

/// So many values, a minute apart, with a band.
pub(super) fn dense(count: u32) -> AlertChart {
    let mut chart = plain(&[]);
    for minute in 0..count {
        let at = start() + Duration::minutes(i64::from(minute));
        let value = (f64::from(minute) / 900.0).sin() * 50.0 + f64::from(minute % 17);
        chart.points.push(Point { at, value: Some(value) });
        chart.bands.push(Band { at, low: -60.0, high: 70.0 });
    }
    chart.unit = Unit::Number { suffix: String::new(), decimals: 0 };
    chart
}
