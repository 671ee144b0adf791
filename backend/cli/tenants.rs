//! What the operator of an installation does with its retailers.
//!
//! Everything goes through the service's own roles and use cases, in the retailer's own transaction, and is audited as
//! the system's doing from `operator`. Saying something again changes nothing.

use super::Failure;
use super::operator::{chosen, inside};
use clap::{Args, Subcommand};
use std::io::Write as _;
use tillwatch_backend::app::App;
use tillwatch_backend::config::Config;
use tillwatch_backend::identity::tenants::operator::{self, operator as acting};
use tillwatch_backend::identity::{limits, tenants};
use tillwatch_backend::platform::clock::now;
use tillwatch_backend::platform::http::who::Who;
use tillwatch_backend::watch::deliveries;
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
    let (service, app) = inside(&config).await?;
    let outcome = perform(&app, command).await;
    service.stop().await;
    outcome
}

async fn perform(app: &App, command: TenantCommand) -> Result<(), Failure> {
    let request = format!("operator-{}", JobId::new());
    let changed = match command {
        TenantCommand::List => {
            for tenant in chosen(app, "all").await? {
                let settings = tenants::get(app, &acting(tenant, &request)).await?;
                writeln!(std::io::stdout(), "{tenant} {} {} {}", settings.state, settings.plan, settings.name)?;
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
            // Before anybody may claim them: the time of the rest does not count against what waited.
            deliveries::rested(app, id, now()).await?;
            operator::resume(app, &who, &reason).await?
        }
    };
    Ok(writeln!(std::io::stdout(), "{}", if changed { "changed" } else { "nothing changed" })?)
}

async fn show(app: &App, who: &Who) -> Result<(), Failure> {
    // A retailer that is not there is said so first.
    operator::standing(app, who).await?;
    let (settings, used) = (tenants::get(app, who).await?, limits::get(app, who).await?);
    let mut out = std::io::stdout();
    writeln!(out, "{} {} {} {}", settings.id, settings.state, settings.plan, settings.name)?;
    writeln!(out, "{} {} {} since {}", settings.locale, settings.time_zone, settings.currency, settings.created_at)?;
    for (name, limit) in [
        ("requests per minute", &used.requests_per_minute),
        ("concurrent requests", &used.concurrent_requests),
        ("samples per day", &used.samples_per_day),
        ("staff", &used.staff),
        ("API tokens", &used.api_tokens),
    ] {
        let Limit { limit, used, own } = limit;
        let used = used.map_or(String::new(), |used| format!("{used} of "));
        writeln!(out, "{name}: {used}{limit}{}", if *own { " (its own)" } else { "" })?;
    }
    Ok(())
}
