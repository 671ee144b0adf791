//! The only SQL of a person's own settings.

use crate::error::{Error, Result};
use crate::platform::db::Tx;
use crate::platform::db::schema::staff;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tillwatch_shared::Locale;
use tillwatch_shared::ids::{StaffId, TenantId};
use tillwatch_shared::joining::Profile;

pub(super) async fn lock(tx: &mut Tx, tenant: TenantId, id: StaffId) -> Result<Profile> {
    let (name, role, locale, version): (String, String, Option<String>, i64) = staff::table
        .select((staff::name, staff::role, staff::locale, staff::version))
        .filter(staff::tenant_id.eq(tenant.0))
        .filter(staff::staff_id.eq(id.0))
        .for_update()
        .first(tx)
        .await?;
    let locale = locale.map(|word| word.parse().map_err(Error::internal)).transpose()?;
    Ok(Profile { id, name, role: role.parse().map_err(Error::internal)?, locale, version })
}

pub(super) async fn update(tx: &mut Tx, tenant: TenantId, profile: &Profile) -> Result<()> {
    diesel::update(staff::table.filter(staff::tenant_id.eq(tenant.0)).filter(staff::staff_id.eq(profile.id.0)))
        .set((
            staff::name.eq(&profile.name),
            staff::locale.eq(profile.locale.map(Locale::as_str)),
            staff::version.eq(profile.version),
        ))
        .execute(tx)
        .await?;
    Ok(())
}
