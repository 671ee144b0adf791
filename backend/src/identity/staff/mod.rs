//! Staff: the people of a retailer, by name and role.
//!
//! A *staff* is a login's place in one retailer; the login itself (its e-mail address and password) lies in the
//! directory, which no tenant's role reads, so an address is never shown here. Invariants: a staff is disabled, never
//! deleted, so that what they did keeps its name. Signing in and what a role may do are the business of
//! [`crate::identity::auth`].

pub mod routes;
mod store;

use crate::app::App;
use crate::error::Result;
use crate::platform::db::Tx;
use crate::platform::http::page::Paging;
use crate::platform::http::who::Who;
use std::collections::HashMap;
use tillwatch_shared::Page;
use tillwatch_shared::identity::StaffMember;
use tillwatch_shared::ids::{DepartmentId, StaffId, TenantId};
use uuid::Uuid;

/// A page of the staff, oldest first, the disabled ones too; of one department if named.
///
/// # Errors
/// When the database fails.
pub async fn list(
    app: &App,
    who: &Who,
    department: Option<DepartmentId>,
    paging: &Paging,
) -> Result<Page<StaffMember>> {
    let rows = app.db.read(who, async |tx| store::list(tx, who.tenant, department, paging).await).await?;
    Ok(paging.page(rows, |staff| staff.id.0, |staff| staff))
}

/// One staff.
///
/// # Errors
/// 404.
pub async fn get(app: &App, who: &Who, id: StaffId) -> Result<StaffMember> {
    app.db.read(who, async |tx| member(tx, who.tenant, id).await).await
}

/// One staff, as part of `tx`.
///
/// # Errors
/// 404.
pub async fn member(tx: &mut Tx, tenant: TenantId, id: StaffId) -> Result<StaffMember> {
    store::get(tx, tenant, id).await
}

/// The names of staff, the disabled ones too; an id that is nobody's is absent.
///
/// # Errors
/// When the database fails.
pub async fn named(tx: &mut Tx, tenant: TenantId, ids: &[Uuid]) -> Result<HashMap<Uuid, String>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    Ok(store::names(tx, tenant, ids).await?.into_iter().collect())
}
