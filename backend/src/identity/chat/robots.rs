//! Chat robots: a retailer's alerts posted by an address that its chat group gave, where nobody can answer.
//!
//! Invariants: the address and the secret are kept sealed and shown to the bot alone, with a delivery that is to be posted;
//! an address is one of its chat's, so that nothing is ever sent elsewhere; adding one asks for a fresh sign-in, since
//! alerts leave the house by it.

use super::store::robots;
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::directory;
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use crate::platform::sealed::{Place, Sealer};
use crate::platform::validate::Checks;
use serde_json::json;
use std::collections::HashMap;
use tillwatch_shared::ids::{ChatServerId, TenantId};
use tillwatch_shared::watch::{AddRobot, ChatServer, RobotAddress, Severity, Transport};

/// A retailer has at most so many.
const MOST: i64 = 50;

/// Adds a robot: alerts are posted by it from now on.
///
/// # Errors
/// 422 with every wrong field; 409 beyond 50 robots.
pub async fn add(app: &App, who: &Who, wish: AddRobot) -> Result<ChatServer> {
    check(&wish)?;
    let (id, at) = (ChatServerId::new(), now());
    let robot = RobotAddress { address: wish.address.trim().to_owned(), secret: wish.secret };
    let plain = serde_json::to_vec(&robot).map_err(Error::internal)?;
    let sealed = app.sealer.seal(place(who.tenant, id), &plain)?;
    let server = ChatServer {
        id,
        transport: wish.transport,
        server_ref: id.to_string(),
        channel_ref: wish.name.trim().to_owned(),
        minimum_severity: wish.minimum_severity,
        created_at: at,
    };
    app.db
        .write(who, async |tx| {
            if robots::count(tx, who.tenant).await? >= MOST {
                return Err(Error::conflict("A retailer has at most 50 chat robots. Unlink one that is not needed."));
            }
            directory::add_chat_server(tx, server.transport.as_str(), &server.server_ref, who.tenant).await?;
            robots::insert(tx, who.tenant, &server, &sealed).await?;
            let after = Some(json!({
                "transport": server.transport, "name": server.channel_ref, "minimum_severity": server.minimum_severity,
            }));
            let object = Some(id.to_string());
            audit::record(tx, who, Entry { action: "chat.robot_added", object, after, ..Entry::default() }).await
        })
        .await?;
    Ok(server)
}

fn check(wish: &AddRobot) -> Result<()> {
    let mut checks = Checks::default();
    checks.line("/name", &wish.name, 1, 64);
    if wish.transport.is_robot() {
        let begins = wish.transport.robot_addresses().join("` or `");
        let detail = format!("Is not the address of a robot of this chat: those begin with `{begins}`. Copy it whole.");
        checks.ensure(wish.transport.is_robot_address(wish.address.trim()), "/address", "invalid", &detail);
    } else {
        let detail = "Is no chat of robots. Takes slack, feishu, dingtalk or wecom; Discord is linked by `/link`.";
        checks.refuse("/transport", "invalid", detail);
    }
    checks.optional_text("/secret", wish.secret.as_deref(), 1, 128);
    let signs = matches!(wish.transport, Transport::Feishu | Transport::Dingtalk);
    checks.ensure(signs || wish.secret.is_none(), "/secret", "unknown", "This chat's robots have no signing secret.");
    checks.done()
}

/// Sets from which severity on alerts go to a chat server; `false` when it was so. What is open there stays.
///
/// # Errors
/// 404.
pub async fn route(app: &App, who: &Who, id: ChatServerId, minimum: Severity) -> Result<bool> {
    app.db
        .write(who, async |tx| {
            let before = robots::severity(tx, who.tenant, id).await?.ok_or_else(|| Error::not_found("chat server"))?;
            if before == minimum.as_str() {
                return Ok(false);
            }
            robots::set_severity(tx, who.tenant, id, minimum).await?;
            let (before, after) =
                (Some(json!({ "minimum_severity": before })), Some(json!({ "minimum_severity": minimum })));
            let object = Some(id.to_string());
            audit::record(tx, who, Entry { action: "chat.server_routed", object, before, after, ..Entry::default() })
                .await?;
            Ok(true)
        })
        .await
}

/// Where the robots of a retailer post, by their ids, for the bot. One whose seal does not open is left out and told to
/// the log.
///
/// # Errors
/// When the database fails.
pub async fn addresses(
    tx: &mut Tx,
    sealer: &Sealer,
    tenant: TenantId,
    ids: &[String],
) -> Result<HashMap<String, RobotAddress>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let opened = |(id, server, sealed): (ChatServerId, String, Vec<u8>)| {
        let plain = sealer.open(place(tenant, id), &sealed);
        let robot = plain.and_then(|plain| serde_json::from_slice(&plain).map_err(Error::internal));
        let robot = robot.inspect_err(|error| tracing::error!(robot = %id, %error, "a robot's address does not open"));
        Some((server, robot.ok()?))
    };
    Ok(robots::sealed(tx, tenant, Some(ids)).await?.into_iter().filter_map(opened).collect())
}

/// Seals under the current key what is sealed under the one before. What opens under neither is left, and told to the log.
///
/// # Errors
/// When the database fails.
pub(super) async fn reseal(tx: &mut Tx, sealer: &Sealer, tenant: TenantId) -> Result<()> {
    for (id, _, sealed) in robots::sealed(tx, tenant, None).await? {
        match sealer.reseal(place(tenant, id), &sealed) {
            Ok(None) => {}
            Ok(Some(anew)) => robots::set_sealed(tx, tenant, id, &anew).await?,
            Err(error) => tracing::error!(robot = %id, %error, "no key opens a robot's address: add the robot anew"),
        }
    }
    Ok(())
}

fn place(tenant: TenantId, id: ChatServerId) -> Place<'static> {
    Place { tenant: Some(tenant), purpose: "chat robot", object: id.0 }
}
