//! What the operator of an installation does with the audit logs: verify them, in the database and in exports.
//!
//! It reads through the service's own roles and use cases, in each retailer's own transaction.

use super::{Failure, parts};
use clap::{Args, Subcommand};
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use tillwatch_backend::app::App;
use tillwatch_backend::config::Config;
use tillwatch_backend::identity::audit::seal::{Trusted, parse_hex};
use tillwatch_backend::identity::audit::{file, seal, sealing};
use tillwatch_backend::identity::directory;
use tillwatch_backend::platform::hex::hex;
use tillwatch_backend::platform::http::who::Who;
use tillwatch_backend::serve::Service;
use tillwatch_backend::telemetry;
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

/// Retailers that are listed at once.
const LISTED: i64 = 200;
/// Seals that are verified at once.
const AT_ONCE: i64 = 10;

/// The service's own view of the database, without serving anything.
pub(super) async fn inside(config: &Config) -> Result<(Service, App), Failure> {
    telemetry::start("warn", config.log_json);
    let service = Service::start(parts::options(config, None, false)?).await?;
    let app = App::new(service.shared())?;
    Ok((service, app))
}

/// The retailer of this id, or every one for `all`.
pub(super) async fn chosen(app: &App, text: &str) -> Result<Vec<TenantId>, Failure> {
    if text != "all" {
        return Ok(vec![text.parse::<TenantId>().map_err(|error| format!("--tenant: {error}"))?]);
    }
    let mut all: Vec<TenantId> = Vec::new();
    loop {
        let after = all.last().copied();
        let page = app.db.system("list retailers", async |tx| directory::tenants(tx, after, LISTED).await).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
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
    let (service, app) = inside(&config).await?;
    let mut broken = 0_usize;
    let tenants = chosen(&app, &args.tenant).await?;
    for tenant in &tenants {
        let who = Who::system(*tenant, "operator", "audit-verify");
        let mut fault = whole(&app, &who).await?;
        if let (None, Some(head)) = (&fault, &head)
            && !sealing::holds_head(&app, &who, head).await?
        {
            fault = Some(seal::head_lost(&hex(head)));
        }
        if let Some(fault) = fault {
            println!("{tenant} broken: {} {}", fault.kind, fault.detail);
            broken += 1;
        }
    }
    service.stop().await;
    if broken > 0 {
        return Err(format!("{broken} of {} audit logs are not as they were sealed.", tenants.len()).into());
    }
    Ok(())
}

/// Verifies one retailer's log from end to end and prints its head; the first thing that is wrong.
async fn whole(app: &App, who: &Who) -> Result<Option<AuditFault>, Failure> {
    let mut after = 0;
    loop {
        let part = sealing::verify(app, who, after, AT_ONCE).await?;
        if part.fault.is_some() {
            return Ok(part.fault);
        }
        let Some(next) = part.next else {
            let head = part.head.map_or_else(|| "none".to_owned(), |head| head.hash);
            println!("{} intact: seals {}, head {head}, unsealed {}", who.tenant, part.verified_through, part.unsealed);
            return Ok(None);
        };
        after = next;
    }
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
    println!("{} intact: entries {}, seals {}, unsealed {}", head.tenant, end.entries, end.seals, report.unsealed);
    println!("from {} to {}", head.from.to_rfc3339(), end.next.unwrap_or(head.to).to_rfc3339());
    if report.own_keys {
        for key in &head.keys {
            println!("key {} {} is the file's own: compare it with the published one", key.kid, key.public_key);
        }
    }
    Ok(())
}
