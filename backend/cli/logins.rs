//! What the operator of an installation does for a person's login.
//!
//! Everything goes through the service's own roles and use cases, is audited at each of the person's retailers as the
//! system's doing from `operator`, and told to the person by mail.

use super::inside::Inside;
use super::{Failure, say};
use clap::Subcommand;
use tillwatch_backend::config::Config;
use tillwatch_backend::identity::auth::operator;
use tillwatch_shared::ids::JobId;

/// What `tillwatch login` takes.
#[derive(Subcommand)]
pub(super) enum LoginCommand {
    /// Removes the second factor of somebody who lost the authenticator and the recovery codes. Make sure by other means
    /// who asks.
    RemoveSecondFactor {
        /// The address that they sign in with.
        email: String,
        /// Why; kept in the audit logs of their retailers.
        #[arg(long)]
        reason: String,
    },
}

/// Runs one of them.
pub(super) async fn run(config: Config, command: LoginCommand) -> Result<(), Failure> {
    let inside = Inside::enter(&config).await?;
    let LoginCommand::RemoveSecondFactor { email, reason } = command;
    let request = format!("operator-{}", JobId::new());
    let outcome = operator::remove_second_factor(&inside.app, &email, &reason, &request).await;
    inside.leave().await?;
    Ok(say(if outcome? { "changed" } else { "nothing changed" })?)
}
