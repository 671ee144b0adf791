//! Versions: each state that a rule was in, with who made it so. Alerts name the version that raised them.

use super::{reached_rule, store};
use crate::app::App;
use crate::error::Result;
use crate::identity::staff;
use crate::platform::db::Tx;
use crate::platform::http::page::PageParams;
use crate::platform::http::who::Who;
use chrono::{DateTime, Utc};
use tillwatch_shared::Page;
use tillwatch_shared::ids::{RuleId, StaffId};
use tillwatch_shared::watch::{Rule, RuleVersion};
use uuid::Uuid;

/// Keeps what a change made of a rule, as part of its transaction. Of a rule from before versions were kept, what it was
/// until then is kept too, as the service's own note: who made it so is not known.
///
/// # Errors
/// When the database fails.
pub(super) async fn keep_change(tx: &mut Tx, who: &Who, was: &Rule, is: &Rule, at: DateTime<Utc>) -> Result<()> {
    let unknown = Who::system(who.tenant, "unknown", &who.request_id);
    store::keep_version(tx, &unknown, was, was.created_at).await?;
    store::keep_version(tx, who, is, at).await
}

/// A page of a rule's versions, newest first.
///
/// # Errors
/// 404; 422 for a bad limit, 400 for a cursor of another list.
pub async fn list(app: &App, who: &Who, id: RuleId, page: &PageParams) -> Result<Page<RuleVersion>> {
    let paging = page.of(who.tenant, "rule versions", &id.to_string())?;
    let rows = app
        .db
        .read(who, async |tx| {
            reached_rule(tx, who, id, false).await?;
            let mut rows = store::versions(tx, who.tenant, id, &paging).await?;
            let of = |row: &RuleVersion| row.actor.as_ref()?.parse::<StaffId>().ok().map(|staff| staff.0);
            let people: Vec<Uuid> = rows.iter().filter_map(of).collect();
            let names = staff::named(tx, who.tenant, &people).await?;
            for row in &mut rows {
                row.actor_name = of(row).and_then(|person| names.get(&person).cloned());
            }
            Ok(rows)
        })
        .await?;
    Ok(paging.page(rows, |row| store::place(row.rule.version), |row| row))
}
