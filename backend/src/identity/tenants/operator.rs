//! What only the operator of the service changes: plan, limits, suspension. Everything can be said again and then
//! changes nothing.

use super::model::{OwnLimits, Standing};
use super::store;
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::directory;
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use crate::platform::validate::Checks;
use serde_json::{Value, json};
use tillwatch_shared::ids::TenantId;
use tillwatch_shared::tenant::{Plan, TenantState};

/// The operator, in one retailer.
pub fn operator(tenant: TenantId, request_id: &str) -> Who {
    Who::system(tenant, "operator", request_id)
}

/// How a retailer stands.
///
/// # Errors
/// 404 for a retailer that is not there.
pub async fn standing(app: &App, who: &Who) -> Result<Standing> {
    app.db.write(who, async |tx| store::lock_standing(tx, who.tenant).await).await
}

/// Gives a retailer another plan; `false` when it has it.
///
/// # Errors
/// 404 for a retailer that is not there.
pub async fn set_plan(app: &App, who: &Who, plan: Plan) -> Result<bool> {
    app.db
        .write(who, async |tx| {
            let before = store::lock_standing(tx, who.tenant).await?.plan;
            if before == plan {
                return Ok(false);
            }
            store::set_plan(tx, who.tenant, plan).await?;
            record(tx, who, "tenant.plan_changed", None, json!({ "plan": before }), json!({ "plan": plan })).await?;
            Ok(true)
        })
        .await
}

/// Gives a retailer limits of its own in place of those it had; `false` when they are the same.
///
/// # Errors
/// 404 for a retailer that is not there, 422 for a number below zero.
pub async fn set_limits(app: &App, who: &Who, own: OwnLimits) -> Result<bool> {
    let mut checks = Checks::default();
    for (pointer, figure) in [
        ("/requests_per_minute", own.requests_per_minute),
        ("/concurrent_requests", own.concurrent_requests),
        ("/samples_per_day", own.samples_per_day),
        ("/staff", own.staff),
        ("/api_tokens", own.api_tokens),
    ] {
        checks.ensure(figure.is_none_or(|figure| figure >= 0), pointer, "out_of_range", "A limit is 0 or more.");
    }
    checks.done()?;
    app.db
        .write(who, async |tx| {
            let before = store::lock_standing(tx, who.tenant).await?.own;
            if before == own {
                return Ok(false);
            }
            store::set_limits(tx, who.tenant, &own).await?;
            record(tx, who, "tenant.limits_changed", None, shown(&before), shown(&own)).await?;
            Ok(true)
        })
        .await
}

fn shown(own: &OwnLimits) -> Value {
    json!({
        "requests_per_minute": own.requests_per_minute, "concurrent_requests": own.concurrent_requests,
        "samples_per_day": own.samples_per_day, "staff": own.staff, "api_tokens": own.api_tokens,
    })
}

/// Suspends a retailer: within a second nobody of it gets in anywhere, and its work waits. `false` when it is suspended.
///
/// # Errors
/// 404 for a retailer that is not there, 409 for one that is being closed, 422 for a reason that is missing or too long.
pub async fn suspend(app: &App, who: &Who, reason: &str) -> Result<bool> {
    let changed = change_state(app, who, TenantState::Suspended, "tenant.suspended", reason).await?;
    // After the state, and each time anew: who is cut short between the two says it again.
    app.db.system("let work rest", async |tx| directory::rest(tx, who.tenant, now()).await).await?;
    Ok(changed)
}

/// Serves a suspended retailer again; `false` when it is served. `before_work` is done when it is certain and before its
/// work goes on: the time of the rest does not count against what waited.
///
/// # Errors
/// 404 for a retailer that is not there, 409 for one that is being closed, 422 for a reason that is missing or too long.
pub async fn resume(app: &App, who: &Who, reason: &str, before_work: impl AsyncFnOnce() -> Result<()>) -> Result<bool> {
    let changed = change_state(app, who, TenantState::Active, "tenant.resumed", reason).await?;
    // Each time anew: who is cut short between the two says it again.
    if app.db.system("whether work rests", async |tx| directory::rests(tx, who.tenant).await).await? {
        before_work().await?;
    }
    app.db.system("let work go on", async |tx| directory::wake(tx, who.tenant).await).await?;
    Ok(changed)
}

async fn change_state(app: &App, who: &Who, state: TenantState, action: &str, reason: &str) -> Result<bool> {
    let mut checks = Checks::default();
    checks.text("/reason", reason, 1, 500);
    checks.done()?;
    app.db
        .write(who, async |tx| {
            let before = store::lock_standing(tx, who.tenant).await?.state;
            if before == state {
                return Ok(false);
            }
            if before == TenantState::Closing {
                return Err(Error::conflict("This retailer is being closed. An owner may stop that first."));
            }
            store::set_state(tx, who.tenant, state, now()).await?;
            record(tx, who, action, Some(reason), json!({ "state": before }), json!({ "state": state })).await?;
            Ok(true)
        })
        .await
}

async fn record(tx: &mut Tx, who: &Who, action: &str, reason: Option<&str>, was: Value, is: Value) -> Result<()> {
    let object = Some(who.tenant.to_string());
    audit::record(tx, who, Entry { action, object, reason, before: Some(was), after: Some(is) }).await
}
