//! Reports over HTTP.

use crate::app::App;
use crate::endpoint;
use crate::error::{Error, Result};
use crate::platform::http::authorized::{Authorized, may};
use crate::platform::http::body::Body;
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::params::{IfMatch, Params, PathId};
use crate::platform::http::reply::Reply;
use actix_web::HttpResponse;
use actix_web::web::ThinData;
use chrono::{Datelike as _, NaiveDate};
use serde::Deserialize;
use tillwatch_shared::ids::ChannelId;
use tillwatch_shared::watch::{
    DailyReport, ReportKind, ReportSchedule, ReportSchedules, UpdateReportSchedule, WeeklyReport,
};

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![
        endpoint!(daily),
        endpoint!(weekly),
        endpoint!(weekly_picture),
        endpoint!(metric_picture),
        endpoint!(schedules),
        endpoint!(change),
    ]
}

/// What may be asked of the daily report.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DailyParams {
    /// Of the morning of this day; today unless given. What is open and what runs is told as it is now.
    #[param(max_length = 10, example = "2026-07-01")]
    day: Option<String>,
}

/// What may be asked of the weekly report.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct WeeklyParams {
    /// Of the fiscal week that this day lies in; the last complete one unless given.
    #[param(max_length = 10, example = "2026-07-01")]
    day: Option<String>,
}

/// What may be asked of a metric's picture.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct MetricParams {
    /// The metric's key.
    #[param(max_length = 64, example = "sales")]
    metric: String,
    /// Only this channel; everything together unless given. Whoever is narrowed to several channels names one.
    channel: Option<ChannelId>,
}

/// Shows the report of a morning: yesterday, today, what is blocked, what is due.
#[utoipa::path(get, path = "/v1/reports/daily", operation_id = "reports_daily", tag = "reports", params(DailyParams),
    responses((status = 200, body = DailyReport)))]
async fn daily(
    who: Authorized<may::ReportsRead>,
    app: ThinData<App>,
    params: Params<DailyParams>,
) -> Result<Reply<DailyReport>> {
    let day = date(params.0.day.as_deref())?;
    Ok(Reply::ok(super::daily(&app, &who, day).await?))
}

/// Shows the report of a fiscal week beside the week before.
#[utoipa::path(get, path = "/v1/reports/weekly", operation_id = "reports_weekly", tag = "reports", params(WeeklyParams),
    responses((status = 200, body = WeeklyReport)))]
async fn weekly(
    who: Authorized<may::ReportsRead>,
    app: ThinData<App>,
    params: Params<WeeklyParams>,
) -> Result<Reply<WeeklyReport>> {
    let day = date(params.0.day.as_deref())?;
    Ok(Reply::ok(super::weekly(&app, &who, day).await?))
}

/// Draws the weekly report: the metric of the retailer's pulse over four weeks.
#[utoipa::path(get, path = "/v1/reports/weekly-picture", operation_id = "reports_weekly_picture", tag = "reports",
    params(WeeklyParams), responses((status = 200, body = [u8], content_type = "image/png"),
    (status = 404, description = "There is nothing to draw.")))]
async fn weekly_picture(
    who: Authorized<may::ReportsRead>,
    app: ThinData<App>,
    params: Params<WeeklyParams>,
) -> Result<HttpResponse> {
    let day = date(params.0.day.as_deref())?;
    drawn(super::picture::weekly(&app, &who, day).await?)
}

/// Draws a metric over four weeks, beside the same weekdays a week before.
#[utoipa::path(get, path = "/v1/reports/metric-picture", operation_id = "reports_metric_picture", tag = "reports",
    params(MetricParams), responses((status = 200, body = [u8], content_type = "image/png"),
    (status = 404, description = "There is nothing to draw.")))]
async fn metric_picture(
    who: Authorized<may::MetricsRead>,
    app: ThinData<App>,
    params: Params<MetricParams>,
) -> Result<HttpResponse> {
    let Params(MetricParams { metric, channel }) = params;
    drawn(super::picture::metric(&app, &who, &metric, channel).await?)
}

fn drawn(png: Option<Vec<u8>>) -> Result<HttpResponse> {
    let png = png.ok_or_else(|| Error::not_found("picture"))?;
    Ok(HttpResponse::Ok().content_type("image/png").body(png))
}

/// Lists when and where each report appears.
#[utoipa::path(get, path = "/v1/report-schedules", operation_id = "reports_list_schedules", tag = "reports",
    responses((status = 200, body = ReportSchedules)))]
async fn schedules(who: Authorized<may::ReportsRead>, app: ThinData<App>) -> Result<Reply<ReportSchedules>> {
    Ok(Reply::ok(super::schedules(&app, &who).await?))
}

/// Changes when and where a report appears: `daily` or `weekly`. Needs `If-Match` with the version that the list told.
#[utoipa::path(patch, path = "/v1/report-schedules/{id}", operation_id = "reports_update_schedule", tag = "reports",
    params(("id" = ReportKind, Path), ("If-Match" = String, Header, description = "The version that was read.")),
    request_body = UpdateReportSchedule, responses((status = 200, body = ReportSchedule)))]
async fn change(
    who: Authorized<may::ReportsWrite>,
    app: ThinData<App>,
    id: PathId<ReportKind>,
    version: IfMatch,
    body: Body<UpdateReportSchedule>,
) -> Result<Reply<ReportSchedule>> {
    let schedule = super::change(&app, &who, id.0, &version, body.0).await?;
    Ok(Reply::ok(schedule).versioned(|schedule| schedule.version))
}

/// A date as a caller wrote it.
fn date(text: Option<&str>) -> Result<Option<NaiveDate>> {
    let refused = |_| Error::field("?day", "invalid", "Takes a date, such as 2026-07-01.");
    let day: Option<NaiveDate> = text.map(str::parse).transpose().map_err(refused)?;
    match day {
        Some(day) if !(2000..=2198).contains(&day.year()) => {
            Err(Error::field("?day", "out_of_range", "Lies in the years 2000 to 2198."))
        }
        day => Ok(day),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_a_date_of_our_times() {
        assert_eq!(date(None).unwrap(), None);
        assert_eq!(date(Some("2026-11-22")).unwrap(), "2026-11-22".parse().ok());
        for wrong in ["", "yesterday", "2026-13-01", "1999-12-31", "2199-01-01"] {
            assert_eq!(date(Some(wrong)).unwrap_err().fields[0].pointer, "?day", "{wrong}");
        }
    }
}
