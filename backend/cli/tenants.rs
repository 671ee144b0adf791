//! What the operator of an installation does with its retailers.
//!
//! Everything goes through the service's own roles and use cases, in the retailer's own transaction, and is audited as
//! the system's doing from `operator`. Saying something again changes nothing.

use super::inside::Inside;
use super::operator::chosen;
use super::{Failure, say};
use clap::{Args, Subcommand};
use tillwatch_backend::app::App;
use tillwatch_backend::config::Config;
use tillwatch_backend::identity::tenants::operator::{self, operator as acting};
use tillwatch_backend::identity::{closing, limits, tenants};
use tillwatch_backend::platform::clock::now;
use tillwatch_backend::platform::http::who::Who;
use tillwatch_backend::watch::{deliveries, webhooks};
use tillwatch_shared::closing::CloseTenant;
use tillwatch_shared::ids::{JobId, TenantId};
use tillwatch_shared::tenant::{Limit, Plan};

/// What `tillwatch tenant` takes.
#[derive(Subcommand)]
pub(super) enum TenantCommand {
    /// Every retailer: id, state, plan, name.
    List,
    /// One retailer's settings, limits and what is used of them.
    Show {
        /// The retailer (`ten_…`).
        id: TenantId,
    },
    /// Gives a retailer another plan.
    Plan {
        /// The retailer (`ten_…`).
        id: TenantId,
        /// trial, standard or enterprise.
        plan: Plan,
    },
    /// Gives a retailer limits of its own; what is not named is what its plan says.
    Limits(LimitsArgs),
    /// Suspends a retailer: within a second nobody of it gets in, and its jobs and messages wait.
    Suspend {
        /// The retailer (`ten_…`).
        id: TenantId,
        /// Why; kept in its audit log.
        #[arg(long)]
        reason: String,
    },
    /// Serves a suspended retailer again; what waited goes on.
    Resume {
        /// The retailer (`ten_…`).
        id: TenantId,
        /// Why; kept in its audit log.
        #[arg(long)]
        reason: String,
    },
    /// Closes a retailer, also one that is suspended: it can be kept open for a time, then everything of it is removed.
    Close {
        /// The retailer (`ten_…`).
        id: TenantId,
        /// Its name, exactly.
        #[arg(long, value_name = "NAME")]
        confirm: String,
        /// Why; kept in its audit log.
        #[arg(long)]
        reason: String,
    },
    /// Keeps a closing retailer open, as it was before.
    KeepOpen {
        /// The retailer (`ten_…`).
        id: TenantId,
    },
}

/// What `tillwatch tenant limits` takes.
#[derive(Args)]
pub(super) struct LimitsArgs {
    /// The retailer (`ten_…`).
    id: TenantId,
    /// Requests of a minute, of all its credentials together.
    #[arg(long)]
    requests_per_minute: Option<i64>,
    /// Requests at the same time.
    #[arg(long)]
    concurrent_requests: Option<i64>,
    /// Samples taken or corrected in a local day.
    #[arg(long)]
    samples_per_day: Option<i64>,
    /// Staff who may sign in.
    #[arg(long)]
    staff: Option<i64>,
    /// API tokens that work.
    #[arg(long)]
    api_tokens: Option<i64>,
}

/// Runs one of them.
pub(super) async fn run(config: Config, command: TenantCommand) -> Result<(), Failure> {
    let inside = Inside::enter(&config).await?;
    let outcome = perform(&inside.app, command).await;
    inside.leave().await?;
    outcome
}

async fn perform(app: &App, command: TenantCommand) -> Result<(), Failure> {
    let request = format!("operator-{}", JobId::new());
    let changed = match command {
        TenantCommand::List => {
            for tenant in chosen(app, "all").await? {
                let settings = tenants::get(app, &acting(tenant, &request)).await?;
                say(&format!("{tenant} {} {} {}", settings.state, settings.plan, settings.name))?;
            }
            return Ok(());
        }
        TenantCommand::Show { id } => return show(app, &acting(id, &request)).await,
        TenantCommand::Plan { id, plan } => operator::set_plan(app, &acting(id, &request), plan).await?,
        TenantCommand::Limits(args) => {
            let own = tenants::OwnLimits {
                requests_per_minute: args.requests_per_minute,
                concurrent_requests: args.concurrent_requests,
                samples_per_day: args.samples_per_day,
                staff: args.staff,
                api_tokens: args.api_tokens,
            };
            operator::set_limits(app, &acting(args.id, &request), own).await?
        }
        TenantCommand::Suspend { id, reason } => operator::suspend(app, &acting(id, &request), &reason).await?,
        TenantCommand::Resume { id, reason } => {
            let who = acting(id, &request);
            let before_work = async || {
                deliveries::rested(app, id, now()).await?;
                webhooks::rested(app, &who).await
            };
            operator::resume(app, &who, &reason, before_work).await?
        }
        TenantCommand::Close { id, confirm, reason } => {
            let who = acting(id, &request);
            operator::standing(app, &who).await?;
            let closing = closing::close(app, &who, CloseTenant { confirm, reason }).await?;
            say(&format!("closes at {}, erasure {}", closing.closes_at.to_rfc3339(), closing.erasure))?;
            closing.changed
        }
        TenantCommand::KeepOpen { id } => {
            let who = acting(id, &request);
            operator::standing(app, &who).await?;
            closing::keep_open(app, &who).await?
        }
    };
    Ok(say(if changed { "changed" } else { "nothing changed" })?)
}

async fn show(app: &App, who: &Who) -> Result<(), Failure> {
    // A retailer that is not there is said so first.
    operator::standing(app, who).await?;
    let (settings, used) = (tenants::get(app, who).await?, limits::get(app, who).await?);
    say(&format!("{} {} {} {}", settings.id, settings.state, settings.plan, settings.name))?;
    let (locale, zone, currency) = (settings.locale, settings.time_zone, settings.currency);
    say(&format!("{locale} {zone} {currency} since {}", settings.created_at))?;
    for (name, limit) in [
        ("requests per minute", &used.requests_per_minute),
        ("concurrent requests", &used.concurrent_requests),
        ("samples per day", &used.samples_per_day),
        ("staff", &used.staff),
        ("API tokens", &used.api_tokens),
    ] {
        let Limit { limit, used, own } = limit;
        let used = used.map_or(String::new(), |used| format!("{used} of "));
        say(&format!("{name}: {used}{limit}{}", if *own { " (its own)" } else { "" }))?;
    }
    Ok(())
}
