//! What is asked of goals, on somebody's behalf.

use super::{Answer, Api};
use crate::command::Actor;
use tillwatch_shared::Page;
use tillwatch_shared::goals::{Goal, GoalShown, GoalState};
use tillwatch_shared::ids::GoalId;

impl Api {
    /// The goals in this state, newest first.
    pub async fn goals_in(&self, actor: &Actor, state: GoalState, limit: u16) -> Answer<Page<Goal>> {
        self.get("/v1/goals", actor, &[("state", state.as_str()), ("limit", &limit.to_string())]).await
    }

    /// The goals that are not archived, newest first, or those whose name starts so.
    pub async fn goals(&self, actor: &Actor, starts_with: Option<&str>, limit: u16) -> Answer<Page<Goal>> {
        let limit = limit.to_string();
        let mut query = vec![("limit", limit.as_str())];
        query.extend(starts_with.map(|q| ("q", q)));
        self.get("/v1/goals", actor, &query).await
    }

    /// One goal, with how it stands.
    pub async fn goal(&self, actor: &Actor, id: GoalId) -> Answer<GoalShown> {
        self.get(&format!("/v1/goals/{id}"), actor, &[]).await
    }

    /// The PNG of a goal, with the words of the asker's retailer; `None` when there is nothing to draw.
    pub async fn goal_picture(&self, actor: &Actor, id: GoalId) -> Answer<Option<Vec<u8>>> {
        self.drawn(&format!("/v1/goals/{id}/picture"), actor, &[]).await
    }
}
