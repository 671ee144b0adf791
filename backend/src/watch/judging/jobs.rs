//! Deferred work of judging.

use super::{closed, stop_loss};
use crate::app::App;
use crate::error::{Error, Result};
use crate::plan::campaigns::CAMPAIGN_CHANGED;
use crate::plan::goals::jobs::{GOAL_ENDED, GoalEnded};
use crate::platform::clock::now;
use crate::platform::http::who::Who;
use crate::platform::jobs::JobKind;
use crate::platform::wake::Topic;
use crate::watch::rules::JUDGE_RULE;
use chrono::NaiveDate;
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use tillwatch_shared::ids::RuleId;

/// The job that judges the rules on some metrics.
pub const JUDGE_DAYS: &str = "judge_days";

/// The kinds of job of this domain.
pub fn kinds() -> Vec<JobKind> {
    vec![
        JobKind { name: JUDGE_DAYS, perform: judge_days },
        JobKind { name: JUDGE_RULE, perform: judge_rule },
        JobKind { name: CAMPAIGN_CHANGED, perform: campaign_changed },
        JobKind { name: GOAL_ENDED, perform: goal_ended },
    ]
}

#[derive(Deserialize)]
struct Days {
    metrics: Vec<String>,
    #[serde(default)]
    closed: Option<NaiveDate>,
}

fn judge_days(app: &App, who: Who, payload: serde_json::Value) -> LocalBoxFuture<'_, Result<()>> {
    Box::pin(async move {
        let days: Days = serde_json::from_value(payload).map_err(Error::internal)?;
        closed::judge_touched(app, &who, &days.metrics, days.closed).await
    })
}

#[derive(Deserialize)]
struct OneRule {
    rule_id: RuleId,
}

fn judge_rule(app: &App, who: Who, payload: serde_json::Value) -> LocalBoxFuture<'_, Result<()>> {
    Box::pin(async move {
        let OneRule { rule_id } = serde_json::from_value(payload).map_err(Error::internal)?;
        closed::judge_rule(app, &who, rule_id, None).await
    })
}

fn campaign_changed(app: &App, who: Who, payload: serde_json::Value) -> LocalBoxFuture<'_, Result<()>> {
    Box::pin(async move {
        let change = serde_json::from_value(payload).map_err(Error::internal)?;
        app.db.write(&who, async |tx| stop_loss::after_change(tx, &who, change, now()).await).await?;
        app.wake(Topic::Deliveries);
        Ok(())
    })
}

fn goal_ended(app: &App, who: Who, payload: serde_json::Value) -> LocalBoxFuture<'_, Result<()>> {
    Box::pin(async move {
        let GoalEnded { goal_id } = serde_json::from_value(payload).map_err(Error::internal)?;
        closed::judge_goal(app, &who, goal_id).await
    })
}
