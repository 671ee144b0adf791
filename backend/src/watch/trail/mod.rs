//! The trail: what a rule said of each day of each series, and what followed.
//!
//! Vocabulary: an *evaluation* is one rule, one series, one day; its *outcome* says what came of it: an alert was raised,
//! was open already, was resolved, or nothing had to be done. Cast: [`model`] (which outcome a verdict has; pure).
//! Invariants: the row is written by the transaction that judged; judging a day again changes its one row; what is older
//! than [`KEPT`] is forgotten. A stop-loss is judged by every write and leaves its trail on its alert alone: the way from a
//! sample to the chat is short. Who reaches a rule sees its evaluations.

pub mod jobs;
pub mod model;
pub mod routes;
mod store;

use crate::app::App;
use crate::error::{Error, Result};
use crate::plan::channels;
use crate::platform::db::Tx;
use crate::platform::http::page::Paging;
use crate::platform::http::who::Who;
use crate::watch::rules;
use chrono::TimeDelta;
use tillwatch_shared::Page;
use tillwatch_shared::ids::{RuleId, TenantId};
use tillwatch_shared::watch::Evaluation;

pub use model::Entry;

/// How long evaluations are kept.
pub const KEPT: TimeDelta = TimeDelta::days(90);

/// Keeps what a rule said, as part of `tx`.
///
/// # Errors
/// When the database fails.
pub async fn record(tx: &mut Tx, tenant: TenantId, rule: RuleId, entries: &[Entry]) -> Result<()> {
    if entries.is_empty() { Ok(()) } else { store::upsert(tx, tenant, rule, entries).await }
}

/// A page of what a rule said, newest first.
///
/// # Errors
/// 404.
pub async fn list(app: &App, who: &Who, rule: RuleId, paging: &Paging) -> Result<Page<Evaluation>> {
    let rows = app
        .db
        .read(who, async |tx| {
            if rules::find(tx, who, rule).await?.is_none() {
                return Err(Error::not_found("rule"));
            }
            let rows = store::list(tx, who.tenant, rule, paging).await?;
            let ids: Vec<_> = rows.iter().map(|row| row.channel_id).filter(|id| !id.is_nil()).collect();
            let names = channels::named(tx, who.tenant, &ids).await?;
            rows.into_iter()
                .map(|row| {
                    let channel = names.get(&row.channel_id).cloned();
                    Ok((row.evaluation_id, row.into_evaluation(channel)?))
                })
                .collect::<Result<Vec<_>>>()
        })
        .await?;
    Ok(paging.page(rows, |(id, _)| *id, |(_, evaluation)| evaluation))
}
