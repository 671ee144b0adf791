//! Series and KPIs over HTTP. (Samples come in through the wing that also judges them.)

use super::query::{self, SeriesQuestion};
use crate::app::App;
use crate::endpoint;
use crate::error::{Error, Result};
use crate::platform::http::authorized::{Authorized, may};
use crate::platform::http::endpoint::Endpoint;
use crate::platform::http::params::Params;
use crate::platform::http::reply::Reply;
use actix_web::web::ThinData;
use serde::Deserialize;
use tillwatch_shared::benchmarks::BenchmarkGroup;
use tillwatch_shared::ids::{CampaignId, ChannelId};
use tillwatch_shared::measure::{Kpis, Resolution, Series};

/// Points a page has unless asked otherwise.
const USUAL: u32 = 500;
/// Points a page has at most.
const MOST: u32 = 1_000;

/// The endpoints.
pub fn routes() -> Vec<Endpoint> {
    vec![endpoint!(series), endpoint!(kpis)]
}

/// What may be asked of a series.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SeriesParams {
    /// The metric's key.
    #[param(max_length = 64, example = "sales")]
    metric: String,
    /// Only this channel; all channels together unless given. Whoever is narrowed to several channels names one, or a
    /// campaign.
    channel: Option<ChannelId>,
    /// Only this campaign; everything together unless given.
    campaign: Option<CampaignId>,
    /// Only this content item, keyword or product: its kind, a colon, its key.
    #[param(max_length = 140, example = "product:sku-1042")]
    subject: Option<String>,
    /// How wide a point is; days unless asked otherwise. What is computed has no raw samples.
    resolution: Option<Resolution>,
    /// The group of retailers whose newest reference value is shown beside (`POST /v1/benchmarks`).
    benchmark: Option<BenchmarkGroup>,
    /// Where it begins: an RFC 3339 time, or a date of the retailer's time zone. Unless given: 30 days, 48 hours or
    /// (raw) 24 hours before the end; 12 weeks or 12 months of wider points.
    #[param(max_length = 40, example = "2026-07-01")]
    from: Option<String>,
    /// Where it ends: a time, which is not in it, or a date, which is. Unless given: now. At most 400 days of days,
    /// 31 of hours, 7 of samples, five years of weeks and ten of months can be read at once.
    #[param(max_length = 40)]
    to: Option<String>,
    /// Points on a page; 500 unless asked otherwise.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where the page before ended.
    #[param(max_length = 800)]
    cursor: Option<String>,
}

/// Shows a metric over time: samples, hours, days, weeks or months, oldest first. Ratios and formulas are computed from
/// the values of each point; `kind` and `note` say how a point came about.
#[utoipa::path(get, path = "/v1/series", operation_id = "series_get", tag = "metrics", params(SeriesParams),
    responses((status = 200, body = Series)))]
async fn series(
    who: Authorized<may::MetricsRead>,
    app: ThinData<App>,
    params: Params<SeriesParams>,
) -> Result<Reply<Series>> {
    let Params(SeriesParams { metric, channel, campaign, subject, resolution, benchmark, from, to, limit, cursor }) =
        params;
    let limit = limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(Error::field("?limit", "out_of_range", format!("`limit` goes from 1 to {MOST}.")));
    }
    let resolution = resolution.unwrap_or(Resolution::Day);
    let question =
        SeriesQuestion { metric, channel, campaign, subject, resolution, group: benchmark, from, to, limit, cursor };
    Ok(Reply::ok(query::series(&app, &who, &question).await?))
}

/// What may be asked of the KPI screen.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct KpisParams {
    /// The day, in the retailer's time zone. Unless given: the day before the newest on which anything was counted, which
    /// is the last complete one; where nothing was counted on it, the newest.
    #[param(max_length = 10, example = "2026-07-01")]
    day: Option<String>,
    /// Only this channel; everything together unless given. Whoever is narrowed to several channels names one.
    channel: Option<ChannelId>,
    /// The group of retailers whose newest reference values are shown beside (`POST /v1/benchmarks`).
    benchmark: Option<BenchmarkGroup>,
}

/// Shows every metric of one day beside the same weekday a week before.
#[utoipa::path(get, path = "/v1/kpis", operation_id = "kpis_get", tag = "metrics", params(KpisParams),
    responses((status = 200, body = Kpis)))]
async fn kpis(
    who: Authorized<may::MetricsRead>,
    app: ThinData<App>,
    params: Params<KpisParams>,
) -> Result<Reply<Kpis>> {
    let Params(KpisParams { day, channel, benchmark }) = params;
    Ok(Reply::ok(query::kpis(&app, &who, day.as_deref(), channel, benchmark).await?))
}
