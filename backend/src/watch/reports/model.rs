//! When reports are due, and what of the campaigns and figures is told in them. Pure.

use chrono::{
    DateTime, Datelike as _, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _, Utc, Weekday,
};
use chrono_tz::Tz;
use tillwatch_shared::ids::{CampaignId, ChatServerId};
use tillwatch_shared::measure::Kpi;
use tillwatch_shared::plan::CampaignState;
use tillwatch_shared::watch::{ReportCampaign, ReportCampaigns, ReportKind};

/// Campaigns that a report names of each sort.
const NAMED: usize = 10;
/// A campaign is due so many days before its last one.
const DUE_WITHIN: i64 = 7;
/// The share of its budget from which on a campaign is near it.
const NEAR: f64 = 0.9;
/// Days of a week.
const WEEK: u64 = 7;
/// The metrics of a retailer's pulse, the most telling first.
const PULSE: [&str; 5] = ["sales", "revenue", "orders", "visits", "spend"];

/// When and where a report appears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Schedule {
    /// Which report.
    pub(super) kind: ReportKind,
    /// Whether it appears at all.
    pub(super) enabled: bool,
    /// The minute of the local day.
    pub(super) minute: i32,
    /// In which chat server; the one that was linked first where it is none, or is linked no more.
    pub(super) chat_server: Option<ChatServerId>,
    /// Since when it is so; absent while it is as usual.
    pub(super) changed_at: Option<DateTime<Utc>>,
    /// Grows with every change.
    pub(super) version: i64,
}

impl Schedule {
    /// As it is until somebody changes it: at nine, the weekly one half an hour later.
    pub(super) fn usual(kind: ReportKind) -> Self {
        let minute = match kind {
            ReportKind::Daily => 9 * 60,
            ReportKind::Weekly => 9 * 60 + 30,
        };
        Self { kind, enabled: true, minute, chat_server: None, changed_at: None, version: 1 }
    }
}

/// In which zone and weeks a retailer lives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Calendar {
    /// Its time zone.
    pub(super) zone: Tz,
    /// The first day of its fiscal week.
    pub(super) week_start: Weekday,
}

impl Calendar {
    /// The local day of `at`.
    pub(super) fn day(self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    /// The first day of the week that `day` lies in.
    pub(super) fn week_of(self, day: NaiveDate) -> NaiveDate {
        let begun = day.weekday().days_since(self.week_start);
        day.checked_sub_days(Days::new(begun.into())).unwrap_or(day)
    }

    /// When a report is due on `day`; `None` on a day that is not its own.
    fn due_on(self, schedule: &Schedule, day: NaiveDate) -> Option<DateTime<Utc>> {
        let own = schedule.kind == ReportKind::Daily || self.week_of(day) == day;
        let minute = TimeDelta::minutes(schedule.minute.into());
        own.then(|| self.instant(day.and_time(NaiveTime::MIN) + minute))
    }

    /// A local time; where the clocks skip it, the first one after, in steps of half an hour.
    fn instant(self, local: NaiveDateTime) -> DateTime<Utc> {
        let mut later = (0..=4).map(|halves| local + TimeDelta::minutes(30 * halves));
        let first = later.find_map(|time| self.zone.from_local_datetime(&time).earliest());
        first.map_or_else(|| local.and_utc(), |time| time.to_utc())
    }

    /// When a report is due next, after `now`.
    pub(super) fn next(self, schedule: &Schedule, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let today = self.day(now);
        let days = (0..=WEEK + 1).filter_map(|ahead| today.checked_add_days(Days::new(ahead)));
        days.filter_map(|day| self.due_on(schedule, day)).find(|due| *due > now)
    }

    /// When a report was due last, not after `now`.
    pub(super) fn last(self, schedule: &Schedule, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let today = self.day(now);
        let days = (0..=WEEK + 1).filter_map(|back| today.checked_sub_days(Days::new(back)));
        days.filter_map(|day| self.due_on(schedule, day)).find(|due| *due <= now)
    }
}

/// What a report needs to know of a campaign.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    /// Its id.
    pub(super) id: CampaignId,
    /// Its name.
    pub(super) name: String,
    /// Its state.
    pub(super) state: CampaignState,
    /// Why it is in that state.
    pub(super) state_reason: Option<String>,
    /// Its first day.
    pub(super) starts_on: Option<NaiveDate>,
    /// Its last day.
    pub(super) ends_on: Option<NaiveDate>,
    /// Its spend as a share of its budget.
    pub(super) spent_share: Option<f64>,
}

/// The campaigns of a morning, by what there is to do about them.
#[derive(Clone, Debug)]
pub(super) struct Sorted {
    /// How many run.
    pub(super) running: u32,
    /// Those whose first day it is.
    pub(super) starting: ReportCampaigns,
    /// Those whose last day it is.
    pub(super) ending: ReportCampaigns,
    /// Those that are paused.
    pub(super) paused: ReportCampaigns,
    /// Those that end within a week, or go on beyond their last day.
    pub(super) due: ReportCampaigns,
    /// Those that have spent most of their budget.
    pub(super) near_budget: ReportCampaigns,
}

/// The campaigns of the morning of `today`.
pub(super) fn sorted(all: &[Planned], today: NaiveDate) -> Sorted {
    let runs = |one: &Planned| one.state == CampaignState::Active;
    let held = |one: &Planned| one.state == CampaignState::Paused;
    let of = |wanted: &dyn Fn(&Planned) -> bool| some(all.iter().filter(|one| wanted(one)));
    let days_left = |one: &Planned| one.ends_on.map(|last| (last - today).num_days());
    let begins = |one: &Planned| one.starts_on == Some(today);
    Sorted {
        running: number(all.iter().filter(|one| runs(one)).count()),
        starting: of(&|one| begins(one) && (runs(one) || one.state == CampaignState::Scheduled)),
        ending: of(&|one| (runs(one) || held(one)) && days_left(one) == Some(0)),
        paused: of(&held),
        due: of(&|one| {
            let left = days_left(one).filter(|left| *left != 0);
            (runs(one) || held(one)) && left.is_some_and(|left| left <= DUE_WITHIN)
        }),
        near_budget: of(&|one| runs(one) && one.spent_share.is_some_and(|share| share >= NEAR)),
    }
}

/// Figures with those of the retailer's pulse first, since a report shows only so many; the others stay in their order.
pub(super) fn pulse_first(mut kpis: Vec<Kpi>) -> Vec<Kpi> {
    kpis.sort_by_key(|kpi| PULSE.iter().position(|key| kpi.metric == *key).unwrap_or(PULSE.len()));
    kpis
}

fn some<'a>(of: impl Iterator<Item = &'a Planned>) -> ReportCampaigns {
    let mut all: Vec<&Planned> = of.collect();
    // What ends first is named first; what has no end last.
    all.sort_by_key(|one| (one.ends_on.unwrap_or(NaiveDate::MAX), one.name.clone()));
    let first = all.iter().take(NAMED).map(|one| ReportCampaign {
        id: one.id,
        name: one.name.clone(),
        state: one.state,
        state_reason: one.state_reason.clone(),
        ends_on: one.ends_on,
        spent_share: one.spent_share,
    });
    ReportCampaigns { total: number(all.len()), first: first.collect() }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
