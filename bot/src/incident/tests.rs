use super::*;
use crate::reply::limits;
use crate::testing::things::{delivery, deviation, in_state, stop_loss, threshold};
use tillwatch_shared::plan::CampaignState;
use tillwatch_shared::watch::Transport;

fn shown(alert: Alert, locale: Locale) -> Reply {
    incident(&delivery(alert, Transport::Discord, locale), None)
}

fn value<'a>(reply: &'a Reply, name: &str) -> &'a str {
    reply.fields.iter().find(|field| field.name == name).map_or("", |field| &field.value)
}

#[test]
fn a_stop_loss_tells_spend_line_overshoot_and_that_the_campaign_is_paused() {
    let reply = shown(stop_loss(), Locale::En);
    assert_eq!(reply.title, "⛔ firing · Coupons stop at $1,500");
    assert_eq!(
        reply.body,
        "Spend of Autumn coupons reached $1,512.40 and crossed the stop-loss line of $1,500.00 by $12.40 (0.8%). The campaign was paused at once."
    );
    assert_eq!(reply.tone, Tone::Critical);
    assert_eq!(value(&reply, "Campaign"), "Autumn coupons (paused)");
    assert_eq!(value(&reply, "Past the line"), "$12.40 (0.8%)");
    assert_eq!(value(&reply, "Judged"), "14 Nov 2025, 10:02");
    assert_eq!(value(&reply, "Retailer"), "Harbour Grocers");
    assert_eq!(reply.footer.as_deref(), Some("1111111111111111111119"));
}

#[test]
fn a_deviation_tells_value_mean_sigma_n_and_z() {
    let reply = shown(deviation(), Locale::En);
    assert_eq!(
        reply.body,
        "Conversion rate of Store 367 was 2.10% on Fri 14 Nov 2025: 2.6 standard deviations below what the last 8 days of the same weekday let expect (mean 3.40%, standard deviation 0.50%)."
    );
    assert_eq!(value(&reply, "Deviations off (z)"), "−2.6");
    assert_eq!(value(&reply, "Baseline days (n)"), "8");
    assert_eq!(value(&reply, "Quiet band"), "2.40% – 4.40%");
    assert_eq!(value(&reply, "Channel"), "Store 367");
    assert_eq!(reply.tone, Tone::Warning);
}

#[test]
fn a_threshold_tells_its_line_and_side_in_both_languages() {
    let reply = shown(threshold(), Locale::En);
    assert_eq!(
        reply.body,
        "Stock-out rate of Store 367 was 6.00% on Fri 14 Nov 2025: above the line of 5.00% by 1.00% (20%)."
    );
    let reply = shown(threshold(), Locale::ZhCn);
    assert_eq!(reply.title, "🔵 告警中 · Empty shelves");
    assert_eq!(reply.body, "2025年11月14日（周五），“Store 367”的缺货率为 6.00%，高于阈值 5.00%，超出 1.00%（20%）。");
}

#[test]
fn a_stop_loss_in_chinese_says_that_the_campaign_was_stopped() {
    let reply = shown(stop_loss(), Locale::ZhCn);
    assert!(reply.body.contains("已达 $1,512.40，越过止损线 $1,500.00"), "{}", reply.body);
    assert!(reply.body.contains("止损暂停"));
    assert_eq!(value(&reply, "营销活动"), "Autumn coupons（已暂停）");
}

#[test]
fn buttons_follow_the_states_of_alert_and_campaign() {
    let dead =
        |alert: Alert| -> Vec<bool> { shown(alert, Locale::En).buttons.iter().map(|button| button.disabled).collect() };
    let mut running = stop_loss();
    running.campaign.as_mut().unwrap().state = CampaignState::Active;
    assert_eq!(dead(running.clone()), [false, false, false]);
    assert_eq!(dead(stop_loss()), [true, false, false], "a paused campaign is not paused again");
    assert_eq!(dead(in_state(running.clone(), AlertState::Acknowledged)), [false, true, false]);
    assert_eq!(dead(in_state(running, AlertState::Resolved)), [false, true, false]);
    assert_eq!(dead(deviation()), [false, false, false], "no campaign, no pause: acknowledge, silence, open");
}

#[test]
fn states_show_who_has_it_and_when_it_ended() {
    let taken = shown(in_state(stop_loss(), AlertState::Acknowledged), Locale::En);
    assert!(taken.title.starts_with("👀 acknowledged"));
    assert!(taken.body.ends_with("Taken by Tom, 14 Nov 2025, 10:02."));
    assert_eq!(taken.tone, Tone::Critical);
    let over = shown(in_state(stop_loss(), AlertState::Resolved), Locale::En);
    assert!(over.title.starts_with("✅ resolved"));
    assert!(over.body.ends_with("Back to normal since 14 Nov 2025, 10:02."));
    assert_eq!(over.tone, Tone::Good);
}

#[test]
fn the_longest_names_stay_within_a_messages_limits() {
    for alert in [stop_loss(), deviation(), threshold()] {
        for state in [AlertState::Firing, AlertState::Acknowledged, AlertState::Resolved] {
            for locale in [Locale::En, Locale::ZhCn] {
                let mut alert = in_state(alert.clone(), state);
                alert.rule_name = "规".repeat(400);
                if let Some(campaign) = &mut alert.campaign {
                    campaign.name = "n".repeat(5_000);
                }
                let reply = shown(alert, locale);
                assert!(reply.title.chars().count() <= limits::TITLE && reply.body.chars().count() <= limits::BODY);
                assert!(reply.size() <= limits::TOTAL && reply.fields.len() <= limits::FIELDS);
                assert!(reply.buttons.iter().all(|button| button.label.chars().count() <= limits::LABEL));
                assert!(reply.buttons.iter().all(|button| button.action.custom_id().len() <= 100));
                assert_eq!(reply.footer.as_ref().unwrap().len(), 22, "the nonce is never cut");
            }
        }
    }
}

#[test]
fn own_words_come_first_with_their_figures_and_silence_is_no_recovery() {
    let alert = Alert {
        message: Some("{place}：{metric} {value}（{overshoot}），请联系林店长 {{!}}".to_owned()),
        no_data_since: Some("2025-11-15T05:00:00Z".parse().unwrap()),
        ..threshold()
    };
    assert_eq!(
        shown(alert.clone(), Locale::ZhCn).body,
        "Store 367：缺货率 6.00%（1.00%），请联系林店长 {!}\n\
         2025年11月14日（周五），“Store 367”的缺货率为 6.00%，高于阈值 5.00%，超出 1.00%（20%）。\n\
         自2025年11月15日 00:00起无数据，是否恢复尚不可知。"
    );
    let english = shown(alert.clone(), Locale::En).body;
    assert!(english.ends_with("\nNo data since 15 Nov 2025, 00:00: whether it is over is not known."), "{english}");
    let over = in_state(alert, AlertState::Resolved);
    assert!(!shown(over, Locale::En).body.contains("No data since"), "it is known then");
}

#[test]
fn a_window_of_hours_or_days_is_told_as_such() {
    use tillwatch_shared::watch::Timing;
    let week = Alert { timing: Timing { window: 7, ..Timing::default() }, ..threshold() };
    assert!(
        shown(week, Locale::En)
            .body
            .starts_with("Stock-out rate of Store 367 was 6.00% in the 7 days to Fri 14 Nov 2025")
    );
    let hour = Alert { timing: Timing { bucket: RuleBucket::Hour, ..Timing::default() }, ..threshold() };
    assert!(shown(hour, Locale::ZhCn).body.starts_with("2025年11月14日 10:02起的一小时，“Store 367”的缺货率"));
}

#[test]
fn missing_data_counts_days_and_a_budget_tells_where_it_ends() {
    use tillwatch_shared::watch::{BudgetPaceSpec, Figures, MissingDataSpec};
    let missing = MissingDataSpec { metric: "sales".to_owned(), grace: 1 };
    let figures = Figures { value: 2.0, line: Some(2.0), score: 0.5, ..Figures::default() };
    let silent = Alert { spec: missing.into(), unit: "money".to_owned(), figures, ..threshold() };
    let reply = shown(silent, Locale::En);
    assert_eq!(
        reply.body,
        "No data for Stock-out rate of Store 367: 2 expected and none came, the last of them on Fri 14 Nov 2025."
    );
    assert_eq!(value(&reply, "Value"), "2", "days, not dollars");

    let side = tillwatch_shared::watch::Side::Above;
    let pace = BudgetPaceSpec { side, percent: 20.0, recover_percent: None, minimum_days: 3 };
    let figures = Figures {
        value: 480.0,
        expected: Some(400.0),
        line: Some(480.0),
        forecast: Some(1_200.0),
        score: 0.5,
        ..Figures::default()
    };
    let fast = Alert { spec: pace.into(), figures, paused_campaign: false, ..stop_loss() };
    let reply = shown(fast.clone(), Locale::En);
    assert_eq!(value(&reply, "Forecast at the end"), "$1,200.00");
    assert!(
        reply.body.ends_with("20% above its plan of $400.00 for the days gone. At this pace it ends at $1,200.00.")
    );
    assert!(shown(fast.clone(), Locale::ZhCn).body.contains("高于预算进度 $400.00（偏差 20%）"));
    // A rule that was told to pause says that it did.
    let paused = Alert { paused_campaign: true, ..fast };
    assert!(shown(paused.clone(), Locale::En).body.ends_with("ends at $1,200.00.\nThe campaign was paused for it."));
    assert!(shown(paused, Locale::ZhCn).body.ends_with("营销活动已因此暂停。"));
}
