//! From a robot's message to the alert's page, and what whoever opens it may do there.
//!
//! What the page's script does is done here by the test, with the calls and the fields that stand in the page.

use super::{Group, SLACK, posted};
use crate::harness::tenant::{PASSWORD, Style, text};
use crate::harness::{Client, Tenant};
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Role;
use tillwatch_shared::watch::Transport;

/// The call of a form of the page, with the id that it is about.
fn call(page: &str, form: &str, id: &str) -> String {
    let form = page.split(&format!("<form id=\"{form}\" data-call=\"")).nth(1).expect("a form");
    form.split('"').next().expect("a call").replace("{id}", id)
}

/// The addresses of Slack's links, by what they say.
fn links(post: &Value) -> Vec<(String, String)> {
    let row = post["blocks"].as_array().expect("blocks").last().expect("a block")["text"]["text"].clone();
    let link = |link: &str| {
        let (address, label) = link.trim_matches(['<', '>']).split_once('|').expect("a link");
        (label.to_owned(), address.to_owned())
    };
    text(&row).split(" · ").map(link).collect()
}

#[tokio::test]
async fn a_link_in_a_group_leads_to_a_page_where_whoever_signs_in_does_what_they_may() {
    let group = Group::open(Style::default(), Transport::Slack).await;
    group.robot("slack", SLACK, None).await;
    group.chat.answers(posted(Transport::Slack));
    let owner = &group.tenant.owner;
    let campaign = group.tenant.active_campaign("Autumn coupons").await;
    let wish = json!({
        "name": "Over 100 a day", "severity": "warning", "campaign": campaign,
        "spec": { "kind": "threshold", "metric": "spend", "side": "above", "line": 100.0 },
    });
    owner.post("/v1/rules", wish).await.ok();
    group.spend_on(&campaign, 3, 200.0).await;
    group.spend_on(&campaign, 2, 120.0).await;
    let post = group.chat.gets(1).await.remove(0).json();
    let links = links(&post);
    let labels: Vec<&str> = links.iter().map(|(label, _)| label.as_str()).collect();
    assert_eq!(labels, ["Open", "Acknowledge", "Pause campaign"]);
    let (address, alert) = links[0].1.split_once('#').expect("the id stands behind #");
    assert_eq!(address, format!("http://{}/alert", group.service.address));
    assert!(alert.starts_with("alr_"), "{alert}");
    assert_eq!((&links[1].1, &links[2].1), (&format!("{}/acknowledge", links[0].1), &format!("{}/pause", links[0].1)));

    // Opening it tells nothing and changes nothing.
    let nobody = group.service.anonymous();
    let of_alert = format!("/v1/alerts/{alert}");
    let before = owner.get(&of_alert).await.ok();
    let page = nobody.get("/alert").await.text();
    for (_, link) in &links {
        let path = link.split('#').next().expect("a path").replace(&format!("http://{}", group.service.address), "");
        assert_eq!(nobody.get(&path).await.text(), page, "the same page for everybody");
    }
    assert!(!page.contains("Autumn coupons") && !page.contains(alert));
    assert_eq!(owner.get(&of_alert).await.ok(), before);
    nobody.get(&of_alert).await.refused(Code::CredentialMissing);

    // Not by a wrong password, not by somebody who may only look, and not at another retailer.
    let (sign_in, acknowledge) = (call(&page, "sign-in", ""), call(&page, "acknowledge", alert));
    let pause = call(&page, "pause", &campaign);
    let email = group.tenant.add_staff(Role::Marketer).await;
    let signed = async |email: &str, password: &str| {
        let body = json!({ "email": email, "password": password });
        nobody.post(&sign_in, body).await
    };
    signed(&email, "not the password").await.refused(Code::SignInFailed);
    let as_person = |signed: &Value| -> Client { nobody.bearing(text(&signed["access_token"])) };
    let viewer = group.tenant.add_staff(Role::Viewer).await;
    let viewer = signed(&viewer, PASSWORD).await.ok();
    let may = viewer["me"]["permissions"].as_array().expect("a list");
    assert!(!may.contains(&json!("alerts:acknowledge")) && !may.contains(&json!("campaigns:pause")), "{may:?}");
    as_person(&viewer).get(&of_alert).await.ok();
    as_person(&viewer).post(&acknowledge, json!({})).await.refused(Code::PermissionDenied);
    as_person(&viewer).post(&pause, json!({ "reason": "No" })).await.refused(Code::PermissionDenied);
    let other = Tenant::sign_up_at(&group.service, Style::default()).await;
    let stranger = as_person(&signed(&other.email, PASSWORD).await.ok());
    stranger.get(&of_alert).await.refused(Code::NotFound);
    stranger.post(&acknowledge, json!({})).await.refused(Code::NotFound);
    assert_eq!(owner.get(&of_alert).await.ok(), before);

    // Whoever may does it, with a reason, in their own name; then nothing is left of the session.
    let signed = signed(&email, PASSWORD).await.ok();
    let marketer = as_person(&signed);
    assert_eq!(marketer.post(&acknowledge, json!({})).await.ok()["alert"]["acknowledged_by"]["name"], "A marketer");
    marketer.post(&pause, json!({ "reason": "" })).await.refused(Code::ValidationFailed);
    let paused = marketer.post(&pause, json!({ "reason": "It costs too much" })).await.ok();
    assert_eq!((&paused["changed"], &paused["campaign"]["state"]), (&json!(true), &json!("paused")));
    assert_eq!(marketer.post(&pause, json!({ "reason": "Again" })).await.ok()["changed"], false);
    marketer.post("/v1/sessions/sign-out", json!({})).await.ok();
    marketer.get(&of_alert).await.refused(Code::CredentialInvalid);
    for (action, object) in [("alert.acknowledged", alert), ("campaign.paused", &campaign)] {
        let entries = owner.get(&format!("/v1/audit-entries?action={action}&object={object}")).await.ok();
        let entry = &entries["data"][0];
        assert_eq!((&entry["actor"], &entry["via"]), (&signed["me"]["staff"]["id"], &json!("api")), "{entries}");
    }
    // The next message has no link for what is done.
    let last = group.chat.gets(2).await.remove(1).json();
    let labels: Vec<String> = self::links(&last).into_iter().map(|(label, _)| label).collect();
    assert!(labels.iter().all(|label| label != "Acknowledge"), "{labels:?}");
    group.close().await;
}
