//! Reports: what a retailer reads in chat without asking, each morning for the stand-up (每日站会) and on the first day of
//! its fiscal week (周报).
//!
//! A report is a notice of [`deliveries`] like any other, so that it is never lost nor told twice whatever is killed: the
//! notice is unique by kind and day, and what it says is read when the bot takes it. Cast: `model` (pure: when one is due,
//! which campaigns are told), `picture` (a metric beside its week before), the sweep in `jobs`, which has due reports told
//! by a job of their own time. Until somebody changes it, each report appears in the morning in the chat server that was
//! linked first; where no chat is linked there is none. Invariants: a report is about the whole retailer, so nobody whose
//! permissions are narrowed to channels reads one; one that is late by more than [`LATE`] is not told any more, also when
//! it waited for the bot, nor one that was due before the chat was linked or the schedule changed; a report holds no
//! figure of a single shopper.

pub mod jobs;
mod model;
pub mod picture;
pub mod routes;
mod store;

use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::chat::{self, Server};
use crate::identity::tenants;
use crate::measure::samples::calendar::day_start;
use crate::measure::samples::{query, spans};
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::params::IfMatch;
use crate::platform::http::who::Who;
use crate::platform::jobs::queue;
use crate::platform::time_of_day;
use crate::platform::validate::Checks;
use crate::platform::wake::Topic;
use crate::watch::deliveries::{self, Once};
use chrono::{DateTime, Datelike as _, Days, NaiveDate, TimeDelta, Utc};
use model::{Calendar, Schedule};
use serde_json::json;
use std::collections::HashMap;
use tillwatch_shared::ids::{ChatServerId, TenantId};
use tillwatch_shared::permissions::Permission;
use tillwatch_shared::watch::{
    DailyReport, NoticeKind, ReportKind, ReportPlace, ReportRule, ReportSchedule, ReportSchedules,
    UpdateReportSchedule, WeeklyReport,
};

/// How late a report is still told.
const LATE: TimeDelta = TimeDelta::hours(6);
/// How far ahead reports are put into the queue.
const AHEAD: TimeDelta = TimeDelta::minutes(30);
/// Rules that a report names.
const NAMED: usize = 5;
/// Days of a week.
const WEEK: u64 = 7;

/// When and where each report appears; where one may, for those who may change it.
///
/// # Errors
/// When the database fails.
pub async fn schedules(app: &App, who: &Who) -> Result<ReportSchedules> {
    let at = now();
    app.db
        .read(who, async |tx| {
            let (calendar, servers) = place(tx, who.tenant, false).await?;
            let mut all = Vec::with_capacity(ReportKind::ALL.len());
            for kind in ReportKind::ALL {
                all.push(shown(&current(tx, who.tenant, *kind).await?, calendar, &servers, at));
            }
            // Where the chats are is for those who choose among them.
            let among = servers.iter().filter(|_| who.may(Permission::ReportsWrite));
            let places = among.map(|server| {
                Ok(ReportPlace {
                    chat_server: ChatServerId(server.id),
                    transport: server.transport.parse().map_err(Error::internal)?,
                    server_ref: server.server_ref.clone(),
                    channel_ref: server.channel_ref.clone(),
                })
            });
            Ok(ReportSchedules { data: all, places: places.collect::<Result<_>>()? })
        })
        .await
}

/// Changes when and where a report appears. When nothing differs, nothing is written and the version stays.
///
/// # Errors
/// 412 when `version` is stale, 422 with every wrong field, a chat server that is not linked among them.
pub async fn change(
    app: &App,
    who: &Who,
    kind: ReportKind,
    version: &IfMatch,
    wanted: UpdateReportSchedule,
) -> Result<ReportSchedule> {
    let at = now();
    let changed = app
        .db
        .write(who, async |tx| {
            tenants::lock(tx, who.tenant).await?;
            let before = current(tx, who.tenant, kind).await?;
            version.check(before.version)?;
            let (calendar, servers) = place(tx, who.tenant, false).await?;
            let mut after = checked(&before, &wanted, &servers)?;
            if after != before {
                after.version += 1;
                store::save(tx, who.tenant, &after, at).await?;
                after.changed_at = Some(at);
                let told = |one: &Schedule| json!({ "enabled": one.enabled, "at": time_of_day::show(one.minute), "chat_server": one.chat_server });
                let object = Some(kind.to_string());
                let (before, told) = (Some(told(&before)), Some(told(&after)));
                let entry = Entry { action: "report.scheduled", object, before, after: told, ..Entry::default() };
                audit::record(tx, who, entry).await?;
                plan(tx, who, &after, &calendar, &servers, at).await?;
            }
            Ok(shown(&after, calendar, &servers, at))
        })
        .await?;
    app.wake(Topic::Jobs);
    Ok(changed)
}

/// A schedule with a change.
fn checked(before: &Schedule, wanted: &UpdateReportSchedule, servers: &[Server]) -> Result<Schedule> {
    let mut checks = Checks::default();
    let minute = wanted.at.as_deref().map(time_of_day::parse);
    checks.ensure(minute != Some(None), "/at", "invalid", "Takes a local time of 24 hours, such as 08:30.");
    let linked = |id: ChatServerId| servers.iter().any(|server| server.id == id.0);
    let known = wanted.chat_server.flatten().is_none_or(linked);
    let detail = "No such chat server is linked. `GET /v1/chat-servers` lists them.";
    checks.ensure(known, "/chat_server", "not_found", detail);
    checks.done()?;
    Ok(Schedule {
        enabled: wanted.enabled.unwrap_or(before.enabled),
        minute: minute.flatten().unwrap_or(before.minute),
        chat_server: wanted.chat_server.unwrap_or(before.chat_server),
        ..before.clone()
    })
}

async fn current(tx: &mut Tx, tenant: TenantId, kind: ReportKind) -> Result<Schedule> {
    Ok(store::schedule(tx, tenant, kind).await?.unwrap_or_else(|| Schedule::usual(kind)))
}

/// The retailer's calendar and its chat servers, the first linked first.
async fn place(tx: &mut Tx, tenant: TenantId, held: bool) -> Result<(Calendar, Vec<Server>)> {
    let zone = tenants::settings(tx, tenant).await?.time_zone;
    let week_start = tenants::week_start(tx, tenant).await?;
    let servers = if held { chat::servers_held(tx, tenant).await? } else { chat::servers(tx, tenant).await? };
    Ok((Calendar { zone, week_start }, servers))
}

/// Where a report appears.
fn server<'a>(schedule: &Schedule, servers: &'a [Server]) -> Option<&'a Server> {
    let chosen = schedule.chat_server.and_then(|id| servers.iter().find(|server| server.id == id.0));
    chosen.or(servers.first())
}

fn shown(schedule: &Schedule, calendar: Calendar, servers: &[Server], at: DateTime<Utc>) -> ReportSchedule {
    let appears = schedule.enabled && !servers.is_empty();
    ReportSchedule {
        kind: schedule.kind,
        enabled: schedule.enabled,
        at: time_of_day::show(schedule.minute),
        chat_server: schedule.chat_server,
        next_at: calendar.next(schedule, at).filter(|_| appears),
        version: schedule.version,
    }
}

/// What makes the report of `due` the one that it is.
fn once(tenant: TenantId, kind: ReportKind, day: NaiveDate, due: DateTime<Utc>) -> Once {
    let kind = match kind {
        ReportKind::Daily => NoticeKind::DailyReport,
        ReportKind::Weekly => NoticeKind::WeeklyReport,
    };
    Once { kind, about: tenant.0, step: day.num_days_from_ce(), of: due }
}

/// Has the reports of a retailer told whose time has come or comes soon.
async fn plan_all(tx: &mut Tx, who: &Who, at: DateTime<Utc>) -> Result<()> {
    let (calendar, servers) = place(tx, who.tenant, false).await?;
    if servers.is_empty() {
        return Ok(());
    }
    for kind in ReportKind::ALL {
        let schedule = current(tx, who.tenant, *kind).await?;
        plan(tx, who, &schedule, &calendar, &servers, at).await?;
    }
    Ok(())
}

/// Puts the report that is due next, and one that is late, into the queue.
async fn plan(
    tx: &mut Tx,
    who: &Who,
    schedule: &Schedule,
    calendar: &Calendar,
    servers: &[Server],
    at: DateTime<Utc>,
) -> Result<()> {
    let Some(server) = server(schedule, servers).filter(|_| schedule.enabled) else { return Ok(()) };
    let next = calendar.next(schedule, at).filter(|due| *due <= at + AHEAD);
    let since = schedule.changed_at.map_or(server.created_at, |changed| changed.max(server.created_at));
    let late = calendar.last(schedule, at).filter(|due| *due >= since && *due >= at - LATE);
    for due in late.into_iter().chain(next) {
        let (kind, day) = (schedule.kind, calendar.day(due));
        if deliveries::was_told(tx, who.tenant, &once(who.tenant, kind, day, due)).await? {
            continue;
        }
        let payload = json!({ "kind": kind, "due": due });
        let one = format!("report {} {kind} {due}", who.tenant);
        queue::enqueue_once(tx, who, jobs::TELL, &payload, due.max(at), &one).await?;
    }
    Ok(())
}

/// Tells the report that is due at `due`, if that is still so and it was not told.
///
/// # Errors
/// When the database fails.
async fn tell(app: &App, who: &Who, kind: ReportKind, due: DateTime<Utc>) -> Result<()> {
    let at = now();
    let told = app
        .db
        .write(who, async |tx| {
            let (calendar, servers) = place(tx, who.tenant, true).await?;
            let schedule = current(tx, who.tenant, kind).await?;
            // The schedule may have changed since it was put into the queue.
            let still = schedule.enabled && calendar.next(&schedule, due - TimeDelta::microseconds(1)) == Some(due);
            let Some(server) = server(&schedule, &servers).filter(|_| still && at - due <= LATE) else {
                return Ok(false);
            };
            deliveries::tell(tx, who, &once(who.tenant, kind, calendar.day(due), due), server, at).await
        })
        .await?;
    if told {
        app.wake(Topic::Deliveries);
    }
    Ok(())
}

/// The daily report of the morning of `day`, today's unless given.
///
/// # Errors
/// When the database fails.
pub async fn daily(app: &App, who: &Who, day: Option<NaiveDate>) -> Result<DailyReport> {
    let at = now();
    let (calendar, day) = on(app, who, day, at).await?;
    let yesterday = day.checked_sub_days(Days::new(1)).unwrap_or(day);
    let kpis = query::kpis(app, who, Some(&yesterday.to_string()), None, None).await?;
    app.db
        .read(who, async |tx| {
            let (from, to) = (day_start(calendar.zone, yesterday), day_start(calendar.zone, day));
            let [raised, resolved, _] = store::counts(tx, who.tenant, from, to).await?;
            let (untaken, untaken_first) = store::firing(tx, who.tenant).await?;
            let sorted = model::sorted(&store::campaigns(tx, who.tenant).await?, day);
            Ok(DailyReport {
                day,
                currency: kpis.currency.clone(),
                kpis: model::pulse_first(kpis.data.iter().filter(|kpi| kpi.value.is_some()).cloned().collect()),
                raised,
                resolved,
                running: sorted.running,
                starting: sorted.starting,
                ending: sorted.ending,
                paused: sorted.paused,
                untaken,
                untaken_first,
                due: sorted.due,
                near_budget: sorted.near_budget,
            })
        })
        .await
}

/// The report of the week that `day` lies in, of the last complete week unless given.
///
/// # Errors
/// When the database fails.
pub async fn weekly(app: &App, who: &Who, day: Option<NaiveDate>) -> Result<WeeklyReport> {
    let at = now();
    let (calendar, today) = on(app, who, None, at).await?;
    let wanted = day.or_else(|| today.checked_sub_days(Days::new(WEEK))).unwrap_or(today);
    let first_day = calendar.week_of(wanted);
    app.db
        .read(who, async |tx| {
            let after = |days: u64| first_day.checked_add_days(Days::new(days)).unwrap_or(first_day);
            let (from, to) = (day_start(calendar.zone, first_day), day_start(calendar.zone, after(WEEK)));
            let kpis = model::pulse_first(spans::beside_the_days_before(tx, who.tenant, first_day, WEEK).await?);
            let [raised, resolved, stopped] = store::counts(tx, who.tenant, from, to).await?;
            let rules = counted(store::rules(tx, who.tenant, from, to).await?);
            let currency = tenants::settings(tx, who.tenant).await?.currency;
            // The first that was counted stands for the week.
            let drawn = kpis.iter().find(|kpi| kpi.value.is_some()).cloned();
            Ok(WeeklyReport {
                first_day,
                last_day: after(WEEK - 1),
                currency,
                kpis,
                raised,
                resolved,
                stopped,
                rules,
                drawn,
            })
        })
        .await
}

/// The retailer's calendar, and the day that is asked for.
async fn on(app: &App, who: &Who, day: Option<NaiveDate>, at: DateTime<Utc>) -> Result<(Calendar, NaiveDate)> {
    let calendar = app
        .db
        .read(who, async |tx| {
            let zone = tenants::settings(tx, who.tenant).await?.time_zone;
            Ok(Calendar { zone, week_start: tenants::week_start(tx, who.tenant).await? })
        })
        .await?;
    Ok((calendar, day.unwrap_or_else(|| calendar.day(at))))
}

/// The rules by how many alerts bear their name, the most first.
fn counted(names: Vec<String>) -> Vec<ReportRule> {
    let mut counts: HashMap<String, u32> = HashMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    let mut rules: Vec<ReportRule> = counts.into_iter().map(|(name, alerts)| ReportRule { name, alerts }).collect();
    rules.sort_by(|a, b| b.alerts.cmp(&a.alerts).then_with(|| a.name.cmp(&b.name)));
    rules.truncate(NAMED);
    rules
}

/// What a delivered report says: that of the local day of `due`.
///
/// # Errors
/// When the database fails.
pub async fn delivered(
    app: &App,
    who: &Who,
    kind: NoticeKind,
    due: DateTime<Utc>,
) -> Result<(Option<DailyReport>, Option<WeeklyReport>)> {
    Ok(match kind {
        NoticeKind::DailyReport => {
            let (_, day) = on(app, who, None, due).await?;
            (Some(daily(app, who, Some(day)).await?), None)
        }
        NoticeKind::WeeklyReport => (None, Some(weekly(app, who, Some(week_before(app, who, due).await?)).await?)),
        _ => (None, None),
    })
}

/// Whether a notice of `kind` that was due at `due` is a report that is not told any more at `at`: what is open and what
/// runs it would tell as of then.
pub fn is_late(kind: NoticeKind, due: DateTime<Utc>, at: DateTime<Utc>) -> bool {
    matches!(kind, NoticeKind::DailyReport | NoticeKind::WeeklyReport) && at - due > LATE
}

/// A day of the week that a report of `due` tells.
async fn week_before(app: &App, who: &Who, due: DateTime<Utc>) -> Result<NaiveDate> {
    let (_, day) = on(app, who, None, due).await?;
    Ok(day.checked_sub_days(Days::new(WEEK)).unwrap_or(day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_that_spoke_most_come_first() {
        let names = ["a", "b", "b", "c", "c", "c", "d", "e", "f"].map(str::to_owned).to_vec();
        let told: Vec<(String, u32)> = counted(names).into_iter().map(|rule| (rule.name, rule.alerts)).collect();
        let wanted = [("c", 3), ("b", 2), ("a", 1), ("d", 1), ("e", 1)].map(|(name, count)| (name.to_owned(), count));
        assert_eq!(told, wanted);
        assert_eq!(counted(Vec::new()), Vec::new());
    }

    #[test]
    fn only_reports_grow_too_old_to_be_told() {
        let due = DateTime::UNIX_EPOCH;
        for kind in [NoticeKind::DailyReport, NoticeKind::WeeklyReport] {
            assert!(!is_late(kind, due, due + LATE));
            assert!(is_late(kind, due, due + LATE + TimeDelta::seconds(1)));
        }
        assert!(!is_late(NoticeKind::Escalation, due, due + TimeDelta::days(2)));
    }
}
