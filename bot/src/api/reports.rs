//! What is asked of reports, on somebody's behalf.

use super::{Answer, Api, ApiError, BUSY_PAUSES, LARGEST_PICTURE};
use crate::command::Actor;
use tillwatch_shared::errors::Code;
use tillwatch_shared::watch::{
    DailyReport, ReportKind, ReportSchedule, ReportSchedules, UpdateReportSchedule, WeeklyReport,
};

impl Api {
    /// The report of this morning.
    pub async fn daily_report(&self, actor: &Actor) -> Answer<DailyReport> {
        self.get("/v1/reports/daily", actor, &[]).await
    }

    /// The report of the last complete week.
    pub async fn weekly_report(&self, actor: &Actor) -> Answer<WeeklyReport> {
        self.get("/v1/reports/weekly", actor, &[]).await
    }

    /// The PNG of that week; `None` when there is none.
    pub async fn weekly_picture(&self, actor: &Actor) -> Answer<Option<Vec<u8>>> {
        self.drawn("/v1/reports/weekly-picture", actor, &[]).await
    }

    /// The PNG of a metric's last four weeks; `None` when there is none.
    pub async fn metric_picture(&self, actor: &Actor, metric: &str) -> Answer<Option<Vec<u8>>> {
        self.drawn("/v1/reports/metric-picture", actor, &[("metric", metric)]).await
    }

    /// When and where each report appears.
    pub async fn report_schedules(&self, actor: &Actor) -> Answer<ReportSchedules> {
        self.get("/v1/report-schedules", actor, &[]).await
    }

    /// Changes when and where a report appears, which was at this version.
    pub async fn schedule_report(
        &self,
        actor: &Actor,
        kind: ReportKind,
        version: i64,
        change: &UpdateReportSchedule,
    ) -> Answer<ReportSchedule> {
        let ask = |http: &reqwest::Client, url: String| {
            http.patch(url).header("If-Match", format!("\"{version}\"")).json(change)
        };
        self.send(&format!("/v1/report-schedules/{kind}"), Some(actor), ask).await
    }

    pub(super) async fn drawn(&self, path: &str, actor: &Actor, query: &[(&str, &str)]) -> Answer<Option<Vec<u8>>> {
        let ask = |http: &reqwest::Client, url: String| http.get(url).query(query);
        match self.send_raw(path, Some(actor), &BUSY_PAUSES, ask).await {
            Ok(png) if png.len() > LARGEST_PICTURE => Err(ApiError::Unexpected("the picture is too large".to_owned())),
            Ok(png) => Ok(Some(png)),
            Err(error) if error.code() == Some(Code::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
