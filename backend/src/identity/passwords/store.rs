//! The only SQL of what a new password does to a staff; the passwords themselves lie in the directory.

use crate::error::{Error, Result};
use crate::platform::db::Tx;
use crate::platform::db::schema::{staff, tenants};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::Locale;
use tillwatch_shared::ids::{StaffId, TenantId};

/// The language of a staff who may work here; `None` for one who may not, or is not there any more.
pub(super) async fn working(tx: &mut Tx, tenant: TenantId, id: StaffId) -> Result<Option<Locale>> {
    let found: Option<(Option<String>, String)> = staff::table
        .inner_join(tenants::table.on(tenants::tenant_id.eq(staff::tenant_id)))
        .select((staff::locale, tenants::locale))
        .filter(staff::tenant_id.eq(tenant.0))
        .filter(staff::staff_id.eq(id.0))
        .filter(staff::disabled_at.is_null())
        .first(tx)
        .await
        .optional()?;
    found.map(|(own, retailers)| own.unwrap_or(retailers).parse().map_err(Error::internal)).transpose()
}

/// Notes at `now` that the password of `password_at` is settled; `false` when it, or a newer one, is. Whoever opens a
/// session waits for this, and sees it.
pub(super) async fn mark(
    tx: &mut Tx,
    tenant: TenantId,
    id: StaffId,
    password_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let marked = diesel::update(
        staff::table
            .filter(staff::tenant_id.eq(tenant.0))
            .filter(staff::staff_id.eq(id.0))
            .filter(staff::password_settled.is_null().or(staff::password_settled.lt(password_at))),
    )
    // The second is what the release before asks for.
    .set((staff::password_settled.eq(password_at), staff::password_changed_at.eq(now)))
    .execute(tx)
    .await?;
    Ok(marked > 0)
}
