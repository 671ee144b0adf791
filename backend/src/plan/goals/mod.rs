//! Goals (目标): what a metric shall reach by when, for the whole retailer, a channel or a campaign.
//!
//! Vocabulary: a goal has a *baseline*, a *target*, a first day and a *deadline*; it is decomposed into *periods*; its *pace*
//! is what it brought against what was to be expected by then; its *forecast* is where it will be at the deadline; a
//! *correction* is what a month's figures propose for the rest of it.
//!
//! Cast: [`model`] (what may stand in a goal), [`smart`] (the check), [`periods`] (decomposition), [`course`] (pace), [`forecast`],
//! [`correction`], [`words`]: pure; `figures` (what they read of what is counted), `named` (what a goal names), `activation`,
//! `editing` (people's changes of periods, archive, history), `proposals` (corrections decided), [`life`] (what each day brings
//! by itself), [`picture`], [`jobs`].
//!
//! Invariants: the periods of a sum add up to its target exactly and those of a ratio end at it, at every commit; a draft may
//! have gaps, an active goal has none; every change is a version with who made it; a correction changes a goal only when
//! a person accepts it; a metric of the retailer's own is neither archived nor given another direction while a goal on it is
//! active, which goes the metric's way ([`crate::measure::metrics`]); a caller who is narrowed to channels reaches the goals of
//! these and of campaigns that run on these alone ([`crate::identity::reach`]).

mod activation;
pub mod correction;
pub mod course;
mod editing;
mod figures;
pub mod forecast;
pub mod jobs;
pub mod life;
pub mod model;
mod named;
pub mod periods;
pub mod picture;
mod proposals;
pub mod routes;
pub mod smart;
mod store;
pub mod words;

pub use activation::activate;
pub use editing::{archive, history, periods_of, set_periods};
pub use proposals::{Decision, decide, list as list_proposals, told as proposal_told};

use super::change::{self, Changed};
use super::check_search;
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::reach::{self, Place, Within};
use crate::identity::staff;
use crate::identity::tenants::{self, Settings};
use crate::measure::metrics::Book;
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::page::PageParams;
use crate::platform::http::params::IfMatch;
use crate::platform::http::who::Who;
use crate::platform::validate::Checks;
use crate::platform::wake::Topic;
use chrono::{DateTime, NaiveDate, Utc};
use course::{Course, Standing};
use periods::Stage;
use serde_json::Value;
use smart::{Facts, Wanted};
use tillwatch_shared::Page;
use tillwatch_shared::goals::{
    CreateGoal, Goal, GoalForecast, GoalProgress, GoalShown, GoalState, GoalStep, SmartCheck, UpdateGoal,
};
use tillwatch_shared::ids::{CampaignId, ChannelId, GoalId, StaffId, TenantId};
use uuid::Uuid;

/// Goals of a retailer, the archived ones aside: each is looked at every day.
const MOST_GOALS: i64 = 200;

/// Which goals a list holds.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only those in this state; without it all but the archived ones.
    pub state: Option<GoalState>,
    /// Only those of this metric.
    pub metric: Option<String>,
    /// Only those of this channel.
    pub channel: Option<ChannelId>,
    /// Only those of this campaign.
    pub campaign: Option<CampaignId>,
    /// Only those that this staff answers for.
    pub owner: Option<StaffId>,
    /// Only those whose name begins so, in any case.
    pub q: Option<String>,
}

/// Makes a goal, as a draft.
///
/// # Errors
/// 422 with every wrong field, 409 when there are too many.
pub async fn create(app: &App, who: &Who, wanted: CreateGoal) -> Result<Goal> {
    let at = now();
    let mut checks = Checks::default();
    let mut goal = model::draft(wanted, at);
    app.db
        .write(who, async |tx| {
            // Two that are made at once must not both find the last place free.
            tenants::lock(tx, who.tenant).await?;
            let book = named::book_to_pursue(tx, who.tenant, &goal).await?;
            model::check(&goal, &book, &mut checks);
            named::check_metric(None, &goal, &book, &mut checks);
            named::check(tx, who, None, &goal, &mut checks).await?;
            checks.done()?;
            if store::count(tx, who.tenant).await? >= MOST_GOALS {
                let detail = format!("A retailer has at most {MOST_GOALS} goals. Archive one first.");
                return Err(Error::conflict(detail));
            }
            let settings = tenants::settings(tx, who.tenant).await?;
            if goal.baseline.is_none() {
                figures::measure_baseline(tx, who, &settings, (&mut goal, &book), figures::today(&settings, at))
                    .await?;
            }
            let stages = decomposed(tx, who, &settings, &goal, &book).await?;
            store::insert(tx, who.tenant, &goal).await?;
            store::set_stages(tx, who.tenant, goal.id, &stages).await?;
            store::versions::keep(tx, who, &goal, &stages, GoalStep::Created, at).await?;
            let after = serde_json::to_value(&goal).map_err(Error::internal)?;
            record(tx, who, "goal.created", &goal, None, Some(after)).await?;
            Ok(goal)
        })
        .await
}

async fn decomposed(tx: &mut Tx, who: &Who, settings: &Settings, goal: &Goal, book: &Book) -> Result<Vec<Stage>> {
    let mut checks = Checks::default();
    let stages = figures::decompose(tx, who, settings, (goal, book), &mut checks).await?;
    checks.done()?;
    Ok(stages)
}

/// A page of goals, newest first.
///
/// # Errors
/// 422 for a bad limit or search, 400 for a cursor of another list.
pub async fn list(app: &App, who: &Who, filter: &Filter, page: &PageParams) -> Result<Page<Goal>> {
    let mut checks = Checks::default();
    check_search(&mut checks, filter.q.as_deref());
    checks.optional_key("?metric", filter.metric.as_deref());
    checks.done()?;
    let paging = page.of(who.tenant, "goals", &format!("{filter:?}"))?;
    let rows = app
        .db
        .read(who, async |tx| {
            let within = reach::within(tx, who).await?;
            let goals = store::list(tx, who.tenant, within.as_ref(), filter, &paging).await?;
            Ok(goals.into_iter().map(|goal| visible(goal, within.as_ref())).collect::<Vec<_>>())
        })
        .await?;
    Ok(paging.page(rows, |goal| goal.id.0, |goal| goal))
}

/// The goal without the campaigns that a narrowed caller does not reach.
fn visible(mut goal: Goal, within: Option<&Within>) -> Goal {
    if let Some(within) = within {
        goal.campaigns.retain(|campaign| within.campaigns.contains(&campaign.0));
    }
    goal
}

/// A goal, if it is there and `who` reaches it.
async fn reached(tx: &mut Tx, who: &Who, id: GoalId, lock: bool) -> Result<Goal> {
    let goal = store::get(tx, who.tenant, id, lock).await?;
    reach::check(tx, who, Place { channel: goal.channel, campaign: goal.campaign }, "goal").await?;
    Ok(goal)
}

/// One goal with its check, how it stands, and the correction that waits.
///
/// # Errors
/// 404.
pub async fn get(app: &App, who: &Who, id: GoalId) -> Result<GoalShown> {
    let at = now();
    app.db
        .read(who, async |tx| {
            let goal = reached(tx, who, id, false).await?;
            let within = reach::within(tx, who).await?;
            let settings = tenants::settings(tx, who.tenant).await?;
            let book = named::book_of(tx, who.tenant, &goal).await?;
            let metric = model::metric(&goal, &book);
            let check = match goal.state {
                GoalState::Draft => Some(checked(tx, who, &settings, (&goal, &book), None, at).await?),
                _ => None,
            };
            let progress = progress(tx, who, &settings, (&goal, &book), figures::today(&settings, at)).await?;
            let proposal = proposals::open_of(tx, &settings, &goal, &book).await?;
            let owner: Vec<Uuid> = goal.owner.iter().map(|owner| owner.0).collect();
            let owner_name = staff::named(tx, who.tenant, &owner).await?.into_values().next();
            Ok(GoalShown {
                metric_en: metric.map(|metric| metric.name.en.to_owned()),
                metric_zh: metric.map(|metric| metric.name.zh.to_owned()),
                goal: visible(goal, within.as_ref()),
                owner_name,
                check,
                progress,
                proposal,
            })
        })
        .await
}

/// The check of a goal as it is, with `anyway` or the reason that it keeps.
async fn checked(
    tx: &mut Tx,
    who: &Who,
    settings: &Settings,
    (goal, book): (&Goal, &Book),
    anyway: Option<&str>,
    at: DateTime<Utc>,
) -> Result<SmartCheck> {
    let today = figures::today(settings, at);
    let metric = model::metric(goal, book);
    let days = match &metric {
        Some(metric) => figures::history(tx, who, settings, goal, metric, today).await?,
        None => Vec::new(),
    };
    let wanted = metric.zip(goal.target).zip(goal.starts_on.zip(goal.ends_on)).map(
        |((metric, target), (starts_on, ends_on))| Wanted {
            adds_up: metric.is_sum(),
            aim: model::aim(&metric, goal.baseline, target),
            target: target.to_f64(),
            starts_on,
            ends_on,
        },
    );
    Ok(smart::check(&Facts {
        goal,
        metric: metric.as_ref(),
        archived: metric.is_some_and(|metric| model::is_archived(metric.key, book)),
        anyway: anyway.or(goal.achievable_anyway.as_deref()),
        today,
        newest: days.last().map(|one| one.day),
        best: wanted.and_then(|wanted| smart::best(&wanted, &days, today)),
        currency: &settings.currency,
    }))
}

/// How a goal stands at the end of the last complete day with data, or of its deadline once that is over.
async fn progress(
    tx: &mut Tx,
    who: &Who,
    settings: &Settings,
    (goal, book): (&Goal, &Book),
    today: NaiveDate,
) -> Result<Option<GoalProgress>> {
    let stages = store::stages(tx, settings.id, goal.id).await?;
    let (Some(course), Some(metric)) = (model::course(goal, stages, book), model::metric(goal, book)) else {
        return Ok(None);
    };
    let days = figures::lately(tx, who, settings, goal, &metric, today).await?;
    let through = course.told_through(&days, today);
    let Standing { through, value, expected, pace, forecast, outlook } = course.standing(&days, through);
    let forecast = forecast.map(|found| GoalForecast {
        value: exact(found.value),
        low_80: exact(found.of_80.0),
        high_80: exact(found.of_80.1),
        low_95: exact(found.of_95.0),
        high_95: exact(found.of_95.1),
        weeks: u32::try_from(found.weeks).unwrap_or(u32::MAX),
    });
    let (value, expected, pace) = (value.map(exact), exact(expected), pace.map(exact));
    let (unit, currency) = (metric.unit.code().to_owned(), settings.currency.clone());
    Ok(Some(GoalProgress { aim: course.aim, through, value, expected, pace, forecast, outlook, unit, currency }))
}

/// A computed figure as it is told: in ten-thousandths, as all stored ones are.
fn exact(figure: f64) -> f64 {
    (figure * 10_000.0).round() / 10_000.0
}

/// A goal as arithmetic sees it, for rules; `None` while metric, target or days are missing.
///
/// # Errors
/// 404; when the database fails.
pub async fn course_of(tx: &mut Tx, tenant: TenantId, id: GoalId) -> Result<Option<Course>> {
    let goal = store::get(tx, tenant, id, false).await?;
    let book = named::book_of(tx, tenant, &goal).await?;
    let stages = store::stages(tx, tenant, id).await?;
    Ok(model::course(&goal, stages, &book))
}

/// A goal that `who` reaches, if there is such a one.
///
/// # Errors
/// When the database fails.
pub async fn find(tx: &mut Tx, who: &Who, id: GoalId) -> Result<Option<Goal>> {
    match reached(tx, who, id, false).await {
        Err(error) if error.code == tillwatch_shared::errors::Code::NotFound => Ok(None),
        found => found.map(Some),
    }
}

/// Changes a goal. When nothing differs, nothing is written and the version stays.
///
/// # Errors
/// 404, 412 when `version` is stale, 409 when the goal is over, 422 for what cannot stand in it.
pub async fn update(app: &App, who: &Who, id: GoalId, version: &IfMatch, wanted: UpdateGoal) -> Result<Goal> {
    let at = now();
    let (goal, overtaken) = app
        .db
        .write(who, async |tx| {
            let before = reached(tx, who, id, true).await?;
            version.check(before.version)?;
            let within = reach::within(tx, who).await?;
            let shown = visible(before.clone(), within.as_ref());
            let wished = model::changed(&shown, wanted);
            let mut after = named::with_hidden(&wished, &before, &shown);
            let book = named::book_to_pursue(tx, who.tenant, &after).await?;
            let mut checks = Checks::default();
            model::check(&after, &book, &mut checks);
            match before.state {
                GoalState::Draft => named::check_metric(Some(&before), &after, &book, &mut checks),
                GoalState::Active => model::check_settled(&before, &after, &mut checks),
                over => return Err(is_over(over)),
            }
            named::check(tx, who, Some(&shown), &wished, &mut checks).await?;
            checks.done()?;
            let settings = tenants::settings(tx, who.tenant).await?;
            if model::is_measured_anew(&before, &after) {
                figures::measure_baseline(tx, who, &settings, (&mut after, &book), figures::today(&settings, at))
                    .await?;
            }
            if before.state == GoalState::Active {
                model::check_way(&before, &after, &book)?;
            }
            let Some(Changed { before: was, after: is }) = change::between(&before, &after).map_err(Error::internal)?
            else {
                return Ok((shown, false));
            };
            let harder = (before.target, before.ends_on) != (after.target, after.ends_on);
            if before.state == GoalState::Active && harder {
                activation::insist(&checked(tx, who, &settings, (&after, &book), None, at).await?)?;
            }
            let mut overtaken = false;
            let stages = if model::is_decomposed_anew(&before, &after) {
                overtaken = proposals::supersede(tx, who, id, at).await?;
                decomposed(tx, who, &settings, &after, &book).await?
            } else {
                store::stages(tx, who.tenant, id).await?
            };
            after.version += 1;
            after.updated_at = at.max(before.updated_at);
            keep(tx, who, &after, &stages, GoalStep::Changed).await?;
            record(tx, who, "goal.changed", &after, Some(was), Some(is)).await?;
            Ok((visible(after, within.as_ref()), overtaken))
        })
        .await?;
    if overtaken {
        app.wake(Topic::Jobs);
    }
    Ok(goal)
}

/// Writes a locked goal with its periods, as a version of its own.
async fn keep(tx: &mut Tx, who: &Who, goal: &Goal, stages: &[Stage], step: GoalStep) -> Result<()> {
    store::update(tx, who.tenant, goal).await?;
    store::set_stages(tx, who.tenant, goal.id, stages).await?;
    store::versions::keep(tx, who, goal, stages, step, goal.updated_at).await
}

/// A goal that is over cannot be changed.
fn is_over(state: GoalState) -> Error {
    Error::conflict(format!("The goal is `{state}`: it can be read, not changed. Make another one."))
}

async fn record(
    tx: &mut Tx,
    who: &Who,
    action: &str,
    goal: &Goal,
    before: Option<Value>,
    after: Option<Value>,
) -> Result<()> {
    audit::record(tx, who, Entry { action, object: Some(goal.id.to_string()), reason: None, before, after }).await
}
