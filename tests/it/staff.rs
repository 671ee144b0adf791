//! The retailer's settings and its staff, as those who may see them do.

use crate::harness::Tenant;
use crate::harness::tenant::text;
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::{Permission, Role};

#[tokio::test]
async fn the_settings_are_read_by_whoever_may() {
    let retailer = Tenant::sign_up().await;
    let settings = retailer.owner.get("/v1/tenant").await.ok();
    let since = settings["created_at"].clone();
    assert_eq!(
        settings,
        json!({
            "id": retailer.id, "name": retailer.name, "locale": "en", "time_zone": "America/New_York", "currency": "USD",
            "fiscal_week_start": "mon", "quiet_hours": null, "residency": null, "resume_needs_two": false, "plan": "trial", "state": "active",
            "created_at": since, "version": 1,
        })
    );
    let partner = retailer.partner(&[Permission::TenantRead]).await;
    assert_eq!(partner.get("/v1/tenant").await.ok(), settings);
    retailer.partner(&[]).await.get("/v1/tenant").await.refused(Code::PermissionDenied);
}

#[tokio::test]
async fn the_staff_are_listed_by_name_role_and_state_without_addresses() {
    let retailer = Tenant::sign_up().await;
    let marketer = retailer.staff(Role::Marketer).await;
    retailer.add_staff(Role::Viewer).await;
    let disable =
        format!("UPDATE staff SET disabled_at = now() WHERE tenant_id = '{}' AND role = 'viewer'", retailer.id.0);
    retailer.database.execute(&disable).await;
    let mut seen: Vec<Value> = Vec::new();
    let mut query = "?limit=2".to_owned();
    loop {
        let answer = marketer.get(&format!("/v1/staff{query}")).await;
        assert!(!answer.text().contains('@'), "{}", answer.text());
        let page = answer.ok();
        seen.extend(page["data"].as_array().expect("a list").clone());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("?limit=2&cursor={cursor}");
    }
    let told = |staff: &Value| ["name", "role", "state"].map(|field| text(&staff[field]).to_owned()).join(", ");
    let told: Vec<String> = seen.iter().map(told).collect();
    assert_eq!(told, ["Olive Owner, owner, active", "A marketer, marketer, active", "A viewer, viewer, disabled"]);
    for staff in &seen {
        let path = format!("/v1/staff/{}", text(&staff["id"]));
        assert_eq!(&marketer.get(&path).await.ok(), staff);
        Tenant::sign_up().await.owner.get(&path).await.refused(Code::NotFound);
    }
    retailer.staff(Role::ServiceAgent).await.get("/v1/staff").await.refused(Code::PermissionDenied);
}

#[tokio::test]
async fn a_timeline_names_who_acknowledged() {
    let retailer = Tenant::sign_up().await;
    let campaign = retailer.active_campaign("Coupons").await;
    retailer.stop_loss(&campaign, 100).await;
    let row =
        json!({ "metric": "spend", "at": "2026-02-03T15:00:00Z", "key": "k", "campaign": campaign, "value": 150 });
    let taken = retailer.owner.post("/v1/samples", json!({ "samples": [row] })).await.ok();
    let alert = text(&taken["stopped"][0]["alert"]).to_owned();
    let marketer = retailer.staff(Role::Marketer).await;
    marketer.post(&format!("/v1/alerts/{alert}/acknowledge"), json!({})).await.ok();
    let timeline = retailer.owner.get(&format!("/v1/alerts/{alert}/timeline")).await.ok();
    let named = |step: &Value| (text(&step["event"]).to_owned(), step["actor_name"].as_str().map(str::to_owned));
    let steps: Vec<_> = timeline["data"].as_array().expect("steps").iter().map(named).collect();
    assert!(steps.contains(&("opened".to_owned(), None)), "{steps:?}");
    assert!(steps.contains(&("acknowledged".to_owned(), Some("A marketer".to_owned()))), "{steps:?}");
}
