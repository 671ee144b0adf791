//! Reading a list page by page while it grows: no row that was there at the start is missed or comes twice.
//!
//! The lists are those of the document. One whose rows can be made by a POST is read here while a thousand are made; the
//! others stand in [`MADE_OTHERWISE`] with what makes their rows. A list that is neither is missed by its name.

#![expect(clippy::expect_used, reason = "tests")]

use crate::harness::tenant::{patiently, unique};
use crate::harness::{Client, Tenant};
use crate::openapi::{document, operations};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tillwatch_shared::errors::Code;

/// Rows that a list has before it is read.
const BEFORE: usize = 60;
/// Rows that are made while it is read.
const MEANWHILE: usize = 1_000;
/// Rows on a page.
const PAGE: usize = 3;
/// How many are made at the same time.
const AT_ONCE: usize = 10;

/// Lists whose rows come from elsewhere than a POST of their own, and are paged by the same code.
const MADE_OTHERWISE: &[(&str, &str)] = &[
    ("staff_list", "a person who joins"),
    ("invitations_list", "somebody who is invited; a retailer has a few"),
    ("auth_sessions_list", "a sign-in of one's own"),
    ("jobs_list", "an import or an export; a few at a time"),
    ("chat_list", "a chat user who redeems a code"),
    ("chat_list_own", "a chat user who redeems a code of one's own"),
    ("chat_list_servers", "a chat server that is linked; a retailer has a few"),
    ("alerts_list", "a rule that fires"),
    ("alerts_timeline", "what happens to an alert"),
    ("deliveries_list", "an alert on its way to the chat"),
    ("campaigns_history", "a campaign that changes its state"),
    ("silences_list", "a silence; a retailer has a few"),
    ("maintenance_windows_list", "a maintenance window; a retailer has a few"),
    ("rules_evaluations", "a rule that judges"),
    ("goals_list", "a goal; a retailer has a few"),
    ("goals_history", "a change of a goal"),
    ("goal_proposals_list", "a month that went otherwise than planned"),
    ("rules_versions", "a change of a rule"),
    ("departments_list", "a department; a retailer has a few"),
    ("roles_list", "a role of its own; a retailer has a few"),
    ("webhooks_list", "a webhook; a retailer has a few"),
    ("webhooks_messages", "an event on its way to a webhook"),
    ("webhooks_deliveries", "a try to send to a webhook"),
    ("feeds_list", "a feed; a retailer has a few"),
    ("feeds_runs", "a fetch of a feed"),
    ("events_list", "whatever happens"),
    ("subjects_list", "samples that name them"),
    ("benchmarks_list", "values that are loaded many at a time"),
    ("series_get", "samples; its pages end in time, series and key, and have tests of their own"),
];

/// A row of a list, made by a POST there; `None` for a list whose rows are made otherwise.
fn row(operation: &str, number: u32) -> Option<(&'static str, Value)> {
    Some(match operation {
        // Every change has an entry in the audit log.
        "channels_list" | "audit_list" => {
            ("/v1/channels", json!({ "name": format!("Shop {number}"), "kind": "store" }))
        }
        "campaigns_list" => ("/v1/campaigns", json!({ "name": format!("Coupons {number}") })),
        "rules_list" => {
            let spec = json!({ "kind": "threshold", "metric": "sales", "side": "below", "line": 1 });
            ("/v1/rules", json!({ "name": format!("Rule {number}"), "severity": "info", "spec": spec }))
        }
        "api_tokens_list" => {
            ("/v1/api-tokens", json!({ "name": format!("Feed {number}"), "scopes": ["samples:write"] }))
        }
        _ => return None,
    })
}

/// The lists of the document: path and operation id.
fn lists(document: &Value) -> Vec<(String, String)> {
    let pages = |operation: &Value| {
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        parameters.iter().any(|parameter| parameter["name"] == "cursor")
    };
    let all = operations(document).into_iter().filter(|(_, _, operation)| pages(operation));
    all.map(|(path, _, operation)| (path, operation["operationId"].as_str().unwrap_or_default().to_owned())).collect()
}

/// Makes `number` rows, some at a time.
async fn make(client: &Client, operation: &str, number: usize) {
    let mut left = number;
    while left > 0 {
        let some = left.min(AT_ONCE);
        let made = (0..some).map(|_| async {
            let (path, wish) = row(operation, unique()).expect("a list with rows of its own");
            patiently(async || client.post(path, &wish).await).await.ok();
        });
        futures_util::future::join_all(made).await;
        left -= some;
    }
}

fn ids(page: &Value) -> Vec<String> {
    let rows = page["data"].as_array().expect("rows");
    rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
}

/// Every id of a list, in one go of large pages.
async fn whole(client: &Client, path: &str) -> BTreeSet<String> {
    let (mut all, mut question) = (BTreeSet::new(), format!("{path}?limit=200"));
    loop {
        let page = patiently(async || client.get(&question).await).await.ok();
        all.extend(ids(&page));
        let Some(cursor) = page["next_cursor"].as_str() else { return all };
        question = format!("{path}?limit=200&cursor={cursor}");
    }
}

#[tokio::test]
async fn no_row_that_was_there_is_missed_or_repeated_while_a_thousand_are_made() {
    let lists = lists(&document());
    let readable =
        lists.iter().filter(|(_, operation)| row(operation, 0).is_some()).map(|(path, operation)| async move {
            let retailer = Tenant::sign_up().await;
            let more = format!("UPDATE tenants SET limit_api_tokens = 5000 WHERE tenant_id = '{}'", retailer.id.0);
            retailer.database.execute(&more).await;
            let owner = retailer.owner;
            make(&owner, operation, BEFORE).await;
            let before = whole(&owner, path).await;
            assert!(before.len() >= BEFORE, "{operation}");
            let (mut seen, mut question, mut made) = (Vec::new(), Some(format!("{path}?limit={PAGE}")), 0);
            let steps = before.len().div_ceil(PAGE);
            while let Some(asked) = question {
                // The page is read in the middle of the writes, not between them.
                let some = MEANWHILE.div_ceil(steps).min(MEANWHILE - made);
                let (page, ()) =
                    tokio::join!(patiently(async || owner.get(&asked).await), make(&owner, operation, some));
                made += some;
                let page = page.ok();
                seen.extend(ids(&page));
                question = page["next_cursor"].as_str().map(|cursor| format!("{path}?limit={PAGE}&cursor={cursor}"));
            }
            assert_eq!(made, MEANWHILE, "{operation}: all were made while it was read");
            let once: BTreeSet<String> = seen.iter().cloned().collect();
            assert_eq!(once.len(), seen.len(), "{operation}: a row came twice");
            let missed: Vec<&String> = before.difference(&once).collect();
            assert!(missed.is_empty(), "{operation}: missed {missed:?}");
        });
    assert_eq!(futures_util::future::join_all(readable).await.len(), 5);
}

#[test]
fn every_list_is_read_here_or_says_who_makes_its_rows() {
    for (path, operation) in lists(&document()) {
        let elsewhere = MADE_OTHERWISE.iter().any(|(known, _)| *known == operation);
        assert!(
            row(&operation, 0).is_some() != elsewhere,
            "{operation} ({path}): say in tests/it/paging.rs how a row is made"
        );
    }
}

#[tokio::test]
async fn a_page_is_asked_for_in_one_way_everywhere() {
    let owner = Tenant::sign_up().await.owner;
    let campaign = Tenant::sign_up().await;
    for (path, operation) in lists(&document()) {
        if path.contains('{') || operation == "series_get" {
            continue;
        }
        for limit in ["0", "201"] {
            let refused = owner.get(&format!("{path}?limit={limit}")).await.refused(Code::ValidationFailed);
            assert_eq!(refused["errors"][0]["pointer"], "?limit", "{operation}");
        }
        for wrong in ["limit=many", "limit=-1", "limit=1&limit=2", "limit=1&colour=red", "cursor=a&cursor=b"] {
            owner.get(&format!("{path}?{wrong}")).await.refused(Code::MalformedQuery);
        }
        for cursor in ["", "x", "%E9%97%A8", "Zm9v", &"A".repeat(4000)] {
            owner.get(&format!("{path}?cursor={cursor}")).await.refused(Code::InvalidCursor);
        }
    }
    // A cursor belongs to its list, its filter and its retailer.
    make(&campaign.owner, "campaigns_list", 2).await;
    let cursor = campaign.owner.get("/v1/campaigns?limit=1").await.ok()["next_cursor"].clone();
    let cursor = cursor.as_str().expect("a cursor");
    campaign.owner.get(&format!("/v1/campaigns?cursor={cursor}")).await.ok();
    campaign.owner.get(&format!("/v1/channels?cursor={cursor}")).await.refused(Code::InvalidCursor);
    campaign.owner.get(&format!("/v1/campaigns?cursor={cursor}&state=draft")).await.refused(Code::InvalidCursor);
    owner.get(&format!("/v1/campaigns?cursor={cursor}")).await.refused(Code::InvalidCursor);
}
