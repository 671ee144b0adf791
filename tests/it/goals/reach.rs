//! Goals of channels and campaigns, and who sees them.

use super::{all, day, each, fed, in_shanghai, made};
use crate::authority::{give, staff_id};
use crate::harness::eventually;
use crate::harness::feed::{feed, of, sample};
use crate::harness::tenant::text;
use serde_json::{Value, json};
use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Role;

#[tokio::test]
async fn a_narrowed_caller_sees_and_makes_the_goals_of_their_channel_alone() {
    let retailer = in_shanghai().await;
    let (inside, outside) = (retailer.channel("南京路店").await, retailer.channel("淮海路店").await);
    let abroad = retailer.campaign("Elsewhere").await;
    let mine = made(&retailer, json!({ "name": "Inside", "channel": inside, "campaigns": [abroad] })).await;
    // It was the whole retailer's once, with its figures.
    let narrowed = made(&retailer, json!({ "name": "Once wide" })).await;
    retailer.owner.patch(&narrowed, 1, json!({ "channel": inside, "name": "Narrow" })).await.ok();
    retailer.owner.patch(&narrowed, 2, json!({ "name": "Narrow still" })).await.ok();
    // Of a campaign on their channel something was counted elsewhere.
    let wish = json!({ "name": "Fair", "external_key": "fair", "channels": [inside] });
    let fair = text(&retailer.owner.post("/v1/campaigns", wish).await.ok()["id"]).to_owned();
    for (channel, value) in [(&inside, 10), (&outside, 5)] {
        let at = format!("{}T04:00:00Z", day(-1));
        let rows = of("channel", channel, [sample("sales", &at, "fair", value)]);
        let taken = feed(&retailer.owner, &of("campaign", &fair, rows)).await.ok();
        assert_eq!(taken["refused"], 0, "{taken}");
    }
    let days = json!({ "name": "Fair", "campaign": fair, "starts_on": day(-5), "ends_on": day(14) });
    let of_fair = made(&retailer, days).await;
    let theirs = made(&retailer, json!({ "name": "Outside", "channel": outside })).await;
    let whole = made(&retailer, json!({ "name": "All of it" })).await;
    let staff = retailer.staff(Role::Marketer).await;
    give(&retailer, &staff_id(&staff).await, json!({ "channels": [inside] })).await.ok();
    eventually("the reach to be narrowed", async || {
        (staff.get("/v1/me").await.ok()["channels"] == json!([inside])).then_some(())
    })
    .await;
    let listed = staff.get("/v1/goals").await.ok();
    assert_eq!(all(&listed["data"], "name"), ["Fair", "Narrow still", "Inside"]);
    assert_eq!(listed["data"][2]["campaigns"], json!([]), "what is out of reach is not named");
    for (caller, value) in [(&retailer.owner, 15.0), (&staff, 10.0)] {
        let progress = caller.get(&of_fair).await.ok()["progress"].clone();
        assert_eq!(progress["value"], value, "{progress}");
        let periods = caller.get(&format!("{of_fair}/periods")).await.ok();
        let brought: f64 = all(&periods["data"], "value").iter().filter_map(Value::as_f64).sum();
        assert!((brought - value).abs() < 1e-9, "{periods}");
    }
    let history = staff.get(&format!("{narrowed}/history?limit=2")).await.ok();
    assert_eq!(all(&history["data"], "step"), ["changed", "changed"], "{history}");
    let cursor = history["next_cursor"].as_str().unwrap();
    let older = staff.get(&format!("{narrowed}/history?limit=2&cursor={cursor}")).await.ok();
    assert_eq!(older["data"], json!([]), "what it was before it was theirs");
    for place in [&theirs, &whole] {
        staff.get(place).await.refused(Code::NotFound);
        staff.post(&format!("{place}/archive"), json!({})).await.refused(Code::NotFound);
    }
    let shown = staff.get(&mine).await.ok();
    assert_eq!(shown["goal"]["name"], "Inside");
    let changed = staff.patch(&mine, 1, json!({ "relevance": "It is our shop." })).await.ok();
    assert_eq!((&changed["version"], &changed["campaigns"]), (&json!(2), &json!([])));
    staff.patch(&mine, 2, json!({ "campaigns": [abroad] })).await.refused(Code::ValidationFailed);
    assert_eq!(retailer.owner.get(&mine).await.ok()["goal"]["campaigns"], json!([abroad]), "it is still linked");
    let refused = staff.post("/v1/goals", json!({ "name": "Mine" })).await.refused(Code::ValidationFailed);
    assert_eq!(refused["errors"][0]["pointer"], "/channel");
    let refused = staff.post("/v1/goals", json!({ "name": "Mine", "channel": outside })).await;
    assert_eq!(refused.refused(Code::ValidationFailed)["errors"][0]["code"], "not_found");
    staff.post("/v1/goals", json!({ "name": "Mine", "channel": inside })).await.ok();
}

#[tokio::test]
async fn a_goal_counts_what_its_channel_brought_and_nothing_else() {
    let retailer = in_shanghai().await;
    let channel = retailer.channel("南京路店").await;
    let at = |number: i64| format!("{}T04:00:00Z", day(number));
    let rows: Vec<_> = (-30..0).map(|number| sample("sales", &at(number), "c", 10)).collect();
    feed(&retailer.owner, &of("channel", &channel, rows)).await.ok();
    fed(&retailer, "sales", each(-30, -1, 500.0)).await;
    let days = json!({ "starts_on": day(-5), "ends_on": day(14) });
    let mut of_channel = days.clone();
    of_channel["channel"] = json!(channel);
    let narrow = made(&retailer, of_channel).await;
    let whole = made(&retailer, days).await;
    for (place, value) in [(narrow, 50.0), (whole, 2_550.0)] {
        assert_eq!(retailer.owner.get(&place).await.ok()["progress"]["value"], value, "{place}");
    }
    for query in [format!("?channel={channel}"), "?metric=sales&q=%E7%A7%8B".to_owned()] {
        let found = retailer.owner.get(&format!("/v1/goals{query}")).await.ok();
        assert!(!found["data"].as_array().unwrap().is_empty(), "{query}");
    }
    assert_eq!(retailer.owner.get("/v1/goals?metric=orders").await.ok()["data"], json!([]));
}
