use super::*;
use crate::deliver::IN_FLIGHT;
use crate::incident::incident;
use crate::testing::things::{delivery, stop_loss};
use chrono::TimeZone as _;
use tillwatch_shared::Locale;

fn robot(address: &str, secret: Option<&str>) -> RobotAddress {
    RobotAddress { address: address.to_owned(), secret: secret.map(str::to_owned) }
}

fn said(locale: Locale) -> Said {
    let page = Some("https://till.example/shop/alert#alr_1111111111111111111112".to_owned());
    let delivery = Delivery { page, ..delivery(stop_loss(), Transport::Feishu, locale) };
    Said::of(&delivery, &incident(&delivery, None))
}

/// As a notice is said, which has no page.
fn bare(locale: Locale) -> Said {
    Said { links: Vec::new(), ..said(locale) }
}

fn answer(status: u16, body: &str) -> Answer {
    Answer { status, retry_after: None, body: body.to_owned() }
}

/// What the platforms' own sample programs (Python, from the guides named in the modules) print for these moments and the
/// secret that stands in them.
#[test]
fn signatures_are_those_of_the_platforms_sample_programs() {
    assert_eq!(feishu::signed("this is secret", 1_599_360_473), "/eYKrXQBzTjUZJ3s6NX16VxGbTwmK7AEs8/FnvC1CSw=");
    let of_dingtalk = "hXZTWifRGHclNuZSKxoXc%2F%2Fsh51SWfVfRIhcdeKs63I%3D";
    assert_eq!(dingtalk::signed("this is secret", 1_599_360_473_000), of_dingtalk);
    let with_a_plus = "FFa7lqbDg9nUpjv2PsmsNQx0pUOYra%2BizTNB%2F0xfMGY%3D";
    assert_eq!(dingtalk::signed("this is secret", 1_599_360_473_001), with_a_plus);
}

#[test]
fn a_signature_stands_where_its_chat_looks_for_it() {
    let now = Utc.timestamp_millis_opt(1_599_360_473_000).unwrap();
    let said = [said(Locale::En)];
    let signed = post(Transport::Feishu, &robot("https://f", Some("this is secret")), &said, now);
    assert_eq!(signed.address, "https://f");
    assert_eq!(signed.body["timestamp"], "1599360473");
    assert_eq!(signed.body["sign"], "/eYKrXQBzTjUZJ3s6NX16VxGbTwmK7AEs8/FnvC1CSw=");
    let unsigned = post(Transport::Feishu, &robot("https://f", None), &said, now);
    assert!(unsigned.body.get("sign").is_none() && unsigned.body.get("timestamp").is_none());
    let signed = post(Transport::Dingtalk, &robot("https://d?access_token=t", Some("this is secret")), &said, now);
    let expected =
        "https://d?access_token=t&timestamp=1599360473000&sign=hXZTWifRGHclNuZSKxoXc%2F%2Fsh51SWfVfRIhcdeKs63I%3D";
    assert_eq!(signed.address, expected);
}

#[test]
fn every_chat_is_told_the_whole_incident_within_its_limits() {
    let now = Utc.timestamp_opt(0, 0).unwrap();
    for locale in [Locale::En, Locale::ZhCn] {
        let one = said(locale);
        let mut long = one.clone();
        long.reply.body = "长".repeat(4_000);
        for (chat, most) in [
            (Transport::Slack, 60_000),
            (Transport::Feishu, 20 * 1024),
            (Transport::Dingtalk, 20_000),
            (Transport::Wecom, 4_400),
        ] {
            let body = post(chat, &robot("https://r", Some("s")), std::slice::from_ref(&one), now).body.to_string();
            for part in [&one.reply.title, &one.reply.fields[0].value] {
                assert!(body.contains(part.as_str()), "{chat}: {part} in {body}");
            }
            for many in [1, 2, IN_FLIGHT] {
                let body = post(chat, &robot("https://r", Some("s")), &vec![long.clone(); many], now).body;
                assert!(body.to_string().len() <= most, "{chat}: {} bytes", body.to_string().len());
            }
        }
    }
    let many = |one: Said| wecom::post(&robot("https://r", None), &vec![one; IN_FLIGHT]).body;
    assert!(many(bare(Locale::ZhCn))["text"]["content"].as_str().unwrap().len() <= 2_048);
    assert!(many(said(Locale::ZhCn))["markdown"]["content"].as_str().unwrap().len() <= 4_096);
}

#[test]
fn links_lead_to_the_alerts_page_and_only_to_what_can_be_done() {
    let now = Utc.timestamp_opt(0, 0).unwrap();
    let page = "https://till.example/shop/alert#alr_1111111111111111111112";
    let of = |chat, said: &[Said]| post(chat, &robot("https://r", None), said, now).body;
    // Its campaign is paused already.
    let one = said(Locale::En);
    let labels: Vec<&str> = one.links.iter().map(|link| link.label.as_str()).collect();
    assert_eq!(labels, ["Open", "Acknowledge"]);
    let slack = of(Transport::Slack, std::slice::from_ref(&one));
    assert_eq!(slack["blocks"][2]["text"]["text"], format!("<{page}|Open> · <{page}/acknowledge|Acknowledge>"));
    let chinese = said(Locale::ZhCn);
    let feishu = of(Transport::Feishu, std::slice::from_ref(&chinese));
    let buttons = &feishu["card"]["elements"][1]["actions"];
    assert_eq!((&buttons[0]["text"]["content"], &buttons[0]["url"]), (&"查看".into(), &page.into()));
    assert_eq!(buttons[1]["text"]["content"], "认领");
    let card = of(Transport::Dingtalk, std::slice::from_ref(&one));
    assert_eq!(card["actionCard"]["btns"][1]["actionURL"], format!("{page}/acknowledge"));
    let two = of(Transport::Dingtalk, &[one.clone(), one.clone()]);
    let text = two["markdown"]["text"].as_str().unwrap();
    assert_eq!((text.matches("[Open](").count(), text.matches("[Acknowledge](").count()), (2, 0), "{text}");
    let wecom = of(Transport::Wecom, &[one.clone(), bare(Locale::En)]);
    let text = wecom["markdown"]["content"].as_str().unwrap();
    assert_eq!(text.matches(&format!("[Open]({page})")).count(), 1, "{text}");
    let running = Reply { buttons: vec![Button { disabled: false, ..one.reply.buttons[0].clone() }], ..one.reply };
    let delivery = Delivery { page: Some(page.to_owned()), ..delivery(stop_loss(), Transport::Slack, Locale::En) };
    assert_eq!(Said::of(&delivery, &running).links[0].address, format!("{page}/pause"));
}

#[test]
fn what_a_campaign_is_called_calls_nobody_and_links_nowhere() {
    let now = Utc.timestamp_opt(0, 0).unwrap();
    let mut reply = bare(Locale::En);
    reply.reply.title = "<!channel> <@U1> @all <https://x|y> *b* & [a](https://b)".to_owned();
    let of = |chat| post(chat, &robot("https://r", None), std::slice::from_ref(&reply), now).body;
    let slack = of(Transport::Slack);
    assert!(slack["text"].as_str().unwrap().starts_with("&lt;!channel&gt; &lt;@U1&gt;"), "{slack}");
    assert_eq!(slack["blocks"][0]["text"]["type"], "plain_text");
    assert_eq!(of(Transport::Feishu)["card"]["header"]["title"]["tag"], "plain_text");
    assert_eq!(of(Transport::Dingtalk)["at"]["isAtAll"], false);
    assert!(!of(Transport::Wecom)["text"]["content"].as_str().unwrap().contains("<@"));
    // Where links make it mark-up, nothing of it is one.
    let linked = Said { links: said(Locale::En).links, ..reply };
    let of = |chat| post(chat, &robot("https://r", None), std::slice::from_ref(&linked), now).body;
    let texts =
        [of(Transport::Dingtalk)["actionCard"]["text"].clone(), of(Transport::Wecom)["markdown"]["content"].clone()];
    for text in texts {
        let title = text.as_str().unwrap().lines().next().unwrap().to_owned();
        assert!(!title.contains(['<', '>', '[', ']', '*', '_']), "{title}");
        assert!(title.contains("［a］(https://b)"), "{title}");
    }
}

#[test]
fn an_error_is_an_error_even_with_status_200() {
    let refused = |chat, body: &str| matches!(answered(chat, &answer(200, body)), Answered::Refused { .. });
    let later =
        |chat, status, body: &str| matches!(answered(chat, &answer(status, body)), Answered::Later { after: None, .. });
    let slower = |chat, status, body: &str| {
        matches!(answered(chat, &answer(status, body)), Answered::Later { after: Some(_), .. })
    };
    assert_eq!(answered(Transport::Slack, &answer(200, "ok")), Answered::Posted);
    assert!(
        matches!(answered(Transport::Slack, &answer(404, "no_service")), Answered::Refused { said } if said == "404 no_service")
    );
    assert!(later(Transport::Slack, 200, "something else") && slower(Transport::Slack, 429, ""));
    assert_eq!(answered(Transport::Feishu, &answer(200, r#"{"code":0,"msg":"success","data":{}}"#)), Answered::Posted);
    assert_eq!(
        answered(Transport::Feishu, &answer(200, r#"{"StatusCode":0,"StatusMessage":"success"}"#)),
        Answered::Posted
    );
    let wrong = r#"{"code":19021,"msg":"sign match fail or timestamp is not within one hour from current time"}"#;
    assert!(refused(Transport::Feishu, wrong));
    assert!(slower(Transport::Feishu, 200, r#"{"code":11232,"msg":"frequency limited psm"}"#));
    for chat in [Transport::Dingtalk, Transport::Wecom] {
        assert_eq!(answered(chat, &answer(200, r#"{"errcode":0,"errmsg":"ok"}"#)), Answered::Posted);
        assert!(later(chat, 200, r#"{"errcode":-1,"errmsg":"system busy"}"#));
    }
    let Answered::Refused { said } =
        answered(Transport::Dingtalk, &answer(200, r#"{"errcode":310000,"errmsg":"sign not match"}"#))
    else {
        panic!("a wrong signature is refused for good");
    };
    assert_eq!(said, "310000 sign not match");
    assert!(slower(Transport::Dingtalk, 200, r#"{"errcode":130101,"errmsg":"send too fast"}"#));
    assert!(refused(Transport::Wecom, r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#));
    assert!(slower(Transport::Wecom, 200, r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#));
    for chat in CHATS {
        assert!(later(chat, 200, "<html>") && later(chat, 502, "") && slower(chat, 429, "<html>"), "{chat}");
        assert!(matches!(answered(chat, &answer(404, "")), Answered::Refused { .. }), "{chat}");
    }
}

#[test]
fn a_text_is_cut_between_characters_and_says_so() {
    assert_eq!(cut("商家", 6), "商家");
    assert_eq!(cut("商家商家", 8), "商…");
    assert_eq!(cut("abc", 2), "…");
}
