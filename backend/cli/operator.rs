//! What the operator of an installation does with the audit logs: verify them, in the database and in exports.
//!
//! It reads through the service's own roles and use cases, in each retailer's own transaction.

use super::inside::Inside;
use super::{Failure, say};
use clap::{Args, Subcommand};
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use tillwatch_backend::app::App;
use tillwatch_backend::config::Config;
use tillwatch_backend::identity::audit::canon::Hash;
use tillwatch_backend::identity::audit::seal::{Trusted, parse_hex};
use tillwatch_backend::identity::audit::{file, seal, sealing};
use tillwatch_backend::identity::directory;
use tillwatch_backend::identity::tenants::{self, operator};
use tillwatch_backend::platform::clock::now;
use tillwatch_backend::platform::hex::hex;
use tillwatch_backend::platform::http::who::Who;
use tillwatch_shared::audit::AuditFault;
use tillwatch_shared::ids::TenantId;

/// What `tillwatch audit` takes.
#[derive(Subcommand)]
pub(super) enum AuditCommand {
    /// Verify the seals and entries in the database; exit code 1 and the first bad one when something is wrong.
    Verify(VerifyArgs),
    /// Verify an export without the service.
    VerifyFile(VerifyFileArgs),
}

/// What `tillwatch audit verify` takes.
#[derive(Args)]
pub(super) struct VerifyArgs {
    /// One retailer by its id (`ten_…`), or all.
    #[arg(long, value_name = "ID", default_value = "all")]
    tenant: String,
    /// A head that an earlier run printed: it must still be in the chain, so that nothing behind it was cut off.
    #[arg(long, value_name = "HASH")]
    expect_head: Option<String>,
}

/// What `tillwatch audit verify-file` takes.
#[derive(Args)]
pub(super) struct VerifyFileArgs {
    /// The export, unpacked.
    file: PathBuf,
    /// A public key that `GET /v1/audit-entries/verification` published; may be given several times. Not given: those
    /// that the file itself names.
    #[arg(long, value_name = "KEY")]
    public_key: Vec<String>,
}

/// Seals that are verified at once.
const AT_ONCE: i64 = 10;

/// The retailer of this id, which is there, or every one for `all`.
pub(super) async fn chosen(app: &App, text: &str) -> Result<Vec<TenantId>, Failure> {
    if text != "all" {
        let tenant = text.parse::<TenantId>().map_err(|error| format!("--tenant: {error}"))?;
        operator::standing(app, &Who::system(tenant, "operator", "operator")).await?;
        return Ok(vec![tenant]);
    }
    let mut all: Vec<TenantId> = Vec::new();
    directory::each_tenant(app, "list retailers", async |tenant| {
        all.push(tenant);
        Ok(())
    })
    .await?;
    Ok(all)
}

/// The commands that need the database.
pub(super) async fn audit(config: Config, command: AuditCommand) -> Result<(), Failure> {
    let AuditCommand::Verify(args) = command else { return Ok(()) };
    let head =
        args.expect_head.as_deref().map(|text| parse_hex(text).ok_or("--expect-head: takes 64 hexadecimal digits"));
    let head = head.transpose()?;
    if head.is_some() && args.tenant == "all" {
        return Err("--expect-head: say of which retailer with --tenant.".into());
    }
    let inside = Inside::enter(&config).await?;
    let outcome = verify(&inside.app, &args.tenant, head).await;
    inside.leave().await?;
    outcome
}

/// Verifies the log of one retailer or of all.
async fn verify(app: &App, wanted: &str, head: Option<Hash>) -> Result<(), Failure> {
    let tenants = chosen(app, wanted).await?;
    let mut broken = 0_usize;
    for tenant in &tenants {
        let who = Who::system(*tenant, "operator", "audit-verify");
        if let Some(wrong) = whole(app, &who, head.as_ref()).await? {
            say(&format!("{tenant} broken: {wrong}"))?;
            broken += 1;
        }
    }
    if broken > 0 {
        return Err(format!("{broken} of {} audit logs are not as they were sealed.", tenants.len()).into());
    }
    Ok(())
}

/// Verifies one retailer's log from end to end and prints its head; the first thing that is wrong.
async fn whole(app: &App, who: &Who, noted: Option<&Hash>) -> Result<Option<String>, Failure> {
    let shown = |fault: AuditFault| Some(format!("{} {}", fault.kind, fault.detail));
    let mut after = 0;
    let last = loop {
        let part = sealing::verify(app, who, after, AT_ONCE).await?;
        if let Some(fault) = part.fault {
            return Ok(shown(fault));
        }
        match part.next {
            Some(next) => after = next,
            None => break part,
        }
    };
    if let Some(noted) = noted
        && !sealing::holds_head(app, who, noted).await?
    {
        return Ok(shown(seal::head_lost(&hex(noted))));
    }
    let begun = tenants::get(app, who).await?.created_at;
    if let Some(since) = sealing::overdue(app, who, begun, now()).await? {
        return Ok(Some(format!(
            "nothing was sealed since {}: no worker runs (`tillwatch up`, or `tillwatch work`), or seals were removed.",
            since.to_rfc3339()
        )));
    }
    let head = last.head.map_or_else(|| "none".to_owned(), |head| head.hash);
    let (seals, unsealed) = (last.verified_through, last.unsealed);
    say(&format!("{} intact: seals {seals}, head {head}, unsealed {unsealed}", who.tenant))?;
    Ok(None)
}

/// Verifies an export.
pub(super) fn verify_file(args: &VerifyFileArgs) -> Result<(), Failure> {
    let mut trusted = Trusted::default();
    for text in &args.public_key {
        trusted.add(Trusted::parse(text).ok_or("--public-key: takes 32 bytes as base64url, as they were published.")?);
    }
    let trusted = (!args.public_key.is_empty()).then_some(trusted);
    let wrong = |error: &dyn std::fmt::Display| -> Failure { format!("{}: {error}", args.file.display()).into() };
    let opened = File::open(&args.file).map_err(|error| wrong(&error))?;
    let report = file::verify(BufReader::new(opened), trusted).map_err(|error| wrong(&error))?;
    let (head, end) = (&report.head, &report.end);
    say(&format!(
        "{} intact: entries {}, seals {}, unsealed {}",
        head.tenant, end.entries, end.seals, report.unsealed
    ))?;
    say(&format!("from {} to {}", head.from.to_rfc3339(), end.next.unwrap_or(head.to).to_rfc3339()))?;
    if report.own_keys {
        for key in &head.keys {
            say(&format!("key {} {} is the file's own: compare it with the published one", key.kid, key.public_key))?;
        }
    }
    Ok(())
}
