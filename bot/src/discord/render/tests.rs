//! What [`super`] makes of replies, looked at as the JSON that the platform gets.

use super::*;
use crate::reply::{Field, Picture};
use serde_json::{Value, json};
use tillwatch_shared::ids::{AlertId, CampaignId};

fn reply() -> Reply {
    Reply {
        tone: Tone::Critical,
        title: "Spend over the line".to_owned(),
        body: "Paused at $1,512".to_owned(),
        fields: vec![Field { name: "Line".to_owned(), value: "$1,500".to_owned(), inline: true }],
        picture: None,
        buttons: Vec::new(),
        footer: None,
        private: false,
    }
}

fn sent(reply: &Reply) -> Value {
    serde_json::to_value(new_message(reply, "11GqZx0000000000000000")).unwrap()
}

fn characters(embed: &Value) -> usize {
    let text = |v: &Value| v.as_str().unwrap_or_default().chars().count();
    let fields =
        embed["fields"].as_array().unwrap().iter().map(|f| text(&f["name"]) + text(&f["value"])).sum::<usize>();
    text(&embed["title"]) + text(&embed["description"]) + text(&embed["footer"]["text"]) + fields
}

#[test]
fn a_message_carries_its_nonce_and_pings_nobody() {
    let sent = sent(&reply());
    assert_eq!(sent["nonce"], "11GqZx0000000000000000");
    assert_eq!(sent["enforce_nonce"], true);
    assert_eq!(sent["allowed_mentions"]["parse"], json!([]));
    assert_eq!(sent["embeds"][0]["title"], "Spend over the line");
    assert_eq!(sent["embeds"][0]["fields"][0], json!({"name": "Line", "value": "$1,500", "inline": true}));
    for edit in [
        serde_json::to_value(edited_message(&reply())).unwrap(),
        serde_json::to_value(final_answer(&reply())).unwrap(),
        serde_json::to_value(private_answer(&reply())).unwrap(),
    ] {
        assert_eq!(edit["allowed_mentions"]["parse"], json!([]), "{edit}");
        assert_eq!(edit["attachments"], json!([]), "an edit removes the old picture: {edit}");
    }
}

#[test]
fn names_are_shown_as_text() {
    let mut r = reply();
    r.title = "**Big** <@123> @everyone".to_owned();
    r.body = "[free](https://evil.example) `x` ||y||".to_owned();
    let embed = &sent(&r)["embeds"][0];
    assert_eq!(embed["title"], r"\*\*Big\*\* \<\@123\> \@everyone");
    assert_eq!(embed["description"], r"\[free\](https\://evil.example) \`x\` \|\|y\|\|");
}

#[test]
fn the_longest_reply_keeps_every_limit_and_says_that_it_was_cut() {
    let mut r = reply();
    r.title = "*".repeat(400);
    r.body = "告_".repeat(4000);
    r.footer = Some("f".repeat(400));
    r.fields = (0..40)
        .map(|i| Field { name: format!("{i}{}", "n".repeat(400)), value: "*v".repeat(2000), inline: false })
        .collect();
    let embed = &sent(&r)["embeds"][0];
    let fields = embed["fields"].as_array().unwrap();
    assert!(characters(embed) <= TOTAL, "{}", characters(embed));
    assert!(!fields.is_empty() && fields.len() <= FIELDS);
    assert!(embed["title"].as_str().unwrap().ends_with('…'));
    assert!(embed["description"].as_str().unwrap().ends_with('…'));
    assert!(fields.last().unwrap()["value"].as_str().unwrap().ends_with('…'));
    for field in fields {
        assert!(n(field["name"].as_str().unwrap()) <= FIELD_NAME && n(field["value"].as_str().unwrap()) <= FIELD_VALUE);
    }
}

#[test]
fn an_empty_field_is_made_invisible_since_the_platform_refuses_it() {
    let mut r = reply();
    r.fields[0].value = " ".to_owned();
    assert_eq!(sent(&r)["embeds"][0]["fields"][0]["value"], BLANK);
}

#[test]
fn a_picture_is_a_file_with_its_description_inside_the_embed() {
    let mut r = reply();
    r.picture = Some(Picture { png: vec![1, 2, 3], alt: "a".repeat(2000) });
    let sent = sent(&r);
    assert_eq!(sent["embeds"][0]["image"]["url"], "attachment://alert.png");
    assert_eq!(sent["attachments"][0]["filename"], "alert.png");
    assert_eq!(n(sent["attachments"][0]["description"].as_str().unwrap()), ALT);
    r.picture = Some(Picture { png: vec![0; FILE + 1], alt: String::new() });
    assert_eq!(self::sent(&r)["embeds"][0]["image"], Value::Null, "too large for the platform: shown without");
}

#[test]
fn buttons_stand_five_to_a_row_each_once() {
    let mut r = reply();
    let (alert, campaign) = (AlertId::new(), CampaignId::new());
    let button = |action, label: &str, disabled| Button { label: label.to_owned(), action, disabled };
    r.buttons = vec![
        button(Action::Pause(campaign), "Pause", false),
        button(Action::Acknowledge(alert), "Acknowledge", true),
        button(Action::Open(alert), &"o".repeat(100), false),
        button(Action::Open(alert), "again", false),
    ];
    r.buttons.extend((0..4).map(|_| button(Action::Open(AlertId::new()), "Open", false)));
    let rows = sent(&r)["components"].clone();
    assert_eq!(
        rows.as_array().unwrap().iter().map(|row| row["components"].as_array().unwrap().len()).collect::<Vec<_>>(),
        [5, 2]
    );
    let first = &rows[0]["components"];
    assert_eq!(
        first[0],
        json!({"type": 2, "custom_id": format!("v1:pause:{campaign}"), "style": 4, "label": "Pause", "disabled": false})
    );
    assert_eq!((first[1]["style"].clone(), first[1]["disabled"].clone()), (json!(1), json!(true)));
    assert_eq!(n(first[2]["label"].as_str().unwrap()), LABEL);
}
