use super::terms::{all_chinese, han, not_ours};
use super::*;
use crate::testing::things::{deviation, stop_loss, threshold};
use tillwatch_shared::feeds::{FeedFault, FeedTrouble};
use tillwatch_shared::goals::{GoalAim, GoalOutlook, GoalState, ProposalState};
use tillwatch_shared::watch::{
    AlertDigest, DeliveryState, EvaluationOutcome, NoticeKind, QuietState, QuietWhy, ReportKind, Told,
};

#[expect(clippy::too_many_lines, reason = "it names everything once")]
/// Everything that can be said, with arguments that are in neither language's letters.
fn everything(words: &dyn Wording) -> Vec<String> {
    let mut all: Vec<String> = Label::ALL.iter().map(|&label| words.label(label).to_owned()).collect();
    all.extend(CampaignState::ALL.iter().map(|&state| words.campaign_state(state).to_owned()));
    all.extend(AlertState::ALL.iter().map(|&state| words.alert_state(state).to_owned()));
    all.extend(Severity::ALL.iter().map(|&severity| words.severity(severity).to_owned()));
    all.extend(Role::ALL.iter().map(|&role| words.role(role).to_owned()));
    let by = [By::You, By::Colleague, By::Token, By::Rule, By::System];
    all.extend(by.iter().flat_map(|by| [words.by(by), words.taken(by, "1")]));
    let near = ["1".to_owned(), "2".to_owned(), "3".to_owned()];
    let mut said = vec![
        words.not_linked("1"),
        words.no_text(),
        words.discord_refused(),
        words.no_campaigns(),
        words.reason_too_long(5),
        words.all_quiet(),
        words.unknown_number(3, 0, "1"),
        words.unknown_number(3, 2, "1"),
        words.not_an_alert("1", "2"),
        words.acknowledged("1"),
        words.already_acknowledged("1", &By::You, "2"),
        words.already_resolved("1", "2"),
        words.no_kpis(),
        words.second_wanted("1", &By::Colleague, "2", "3"),
        words.code_refused(),
        words.help("1"),
        words.out_of_reach(),
        words.incomplete("1"),
        words.linked("1", "2", true, false),
        words.linked("1", "2", false, true),
        words.unknown_command("1", &near, "2"),
        words.unknown_campaign("1", &near, "2"),
        words.unknown_campaign("1", &[], "2"),
        words.unknown_metric("1", &near, "2"),
        words.unknown_metric("1", &[], "2"),
        words.ambiguous_campaign("1", &near),
        words.ambiguous_metric("1", &near),
    ];
    said.extend(Input::ALL.iter().flat_map(|&input| Fault::ALL.iter().map(move |&fault| words.invalid(input, fault))));
    said.extend(Failure::ALL.iter().map(|&failure| words.failure(failure)));
    for &change in Change::ALL {
        said.extend([words.reason_needed(change, "1", "2"), words.changed(change, "1", &By::You, "2")]);
        said.push(words.already(change, "1", &By::Rule, "2"));
        said.extend(CampaignState::ALL.iter().map(|&state| words.cannot(change, "1", state)));
    }
    for &permission in Permission::ALL {
        said.push(words.may_not(permission, Some(Role::Viewer), &[Role::Owner, Role::Admin]));
        said.push(words.narrowed(permission));
    }
    all.extend(said.into_iter().flat_map(|said| [said.title, said.body]));
    for by in [Step::Share(0.1), Step::Share(0.0), Step::Points(-0.1)] {
        all.extend([None, Some(true), Some(false)].map(|better| words.moved(Move { by, better }, "1")));
        all.push(words.week_moved(by, "2"));
    }
    for alert in [stop_loss(), deviation(), threshold()] {
        let mut alert = alert;
        "1".clone_into(&mut alert.rule_name);
        "1".clone_into(&mut alert.metric_en);
        for paused in [true, false] {
            let text = || Some("1".to_owned());
            let told = Told {
                metric: "2",
                place: Some("3"),
                when: "5".to_owned(),
                value: "4".to_owned(),
                line: text(),
                overshoot: text(),
                overshoot_share: text(),
                expected: text(),
                sigma: text(),
                paused,
                ..Told::default()
            };
            all.push(alert.spec.says().said(&told, words.locale()));
        }
        all.push(words.picture_alt(&alert));
    }
    for bucket in RuleBucket::ALL {
        all.extend([1, 7].map(|window| words.when("1", window, *bucket)));
    }
    all.extend([words.silent("1"), words.paused_for_it().to_owned()]);
    all.extend(AlertStep::ALL.iter().map(|step| words.step(*step).to_owned()));
    all.extend(AlertStep::ALL.iter().filter_map(|step| words.happened(*step, Some(&By::Colleague), Some("1"))));
    all.extend(kept_quiet_and_told(words));
    all.extend(pursued(words));
    all.extend(fetched(words));
    all.extend(reported(words));
    all.extend([
        words.more(3),
        words.aside("1", "2"),
        words.here().to_owned(),
        words.request("1"),
        words.campaigns(3, false),
        words.campaigns(3, true),
        words.page(1, 2, Some("3")),
        words.page(2, 2, None),
        words.since("1", "2"),
        words.spent("1", None),
        words.spent("1", Some(("2", "3"))),
        words.dates(Some("1"), Some("2")),
        words.dates(Some("1"), None),
        words.dates(None, Some("2")),
        words.dates(None, None),
        words.stopped_by().to_owned(),
        words.open_alerts(1),
        words.open_alerts(2),
        words.alerts_hint("1", "2"),
        words.over("1"),
        words.kpis("1"),
        words.nothing_before().to_owned(),
        words.last_days("1", 7),
        words.in_all(7, "1"),
        words.no_figure().to_owned(),
        words.welcome().to_owned(),
        words.goodbye().to_owned(),
        words.shown_again().to_owned(),
        words.picture_at("1"),
        words.update("1", AlertState::Resolved, None),
        words.update("1", AlertState::Acknowledged, Some("2")),
        words.console_hint("1", Some("2")),
        words.console_hint("1", None),
    ]);
    all
}

/// What is said of quiet times, notices and the way of an alert.
fn kept_quiet_and_told(words: &dyn Wording) -> Vec<String> {
    let said = [
        words.silenced("1", "2"),
        words.already_silenced("1", "2"),
        words.cannot_silence_stop_loss("1"),
        words.silence_too_long("1"),
        words.how_long("1", "2"),
        words.silence_needs_reason("1", "2"),
        words.silence_ending("1", &By::Token, "2"),
        words.window_over("1", "2", "3"),
        words.storm(&digest(5, 0), "1"),
        words.storm(&digest(0, 5), "1"),
    ];
    let planned = QuietState::ALL.iter().flat_map(|&state| [true, false].map(|called_off| (state, called_off)));
    let planned = planned.map(|(state, called_off)| {
        words.window_announced(&Planned { state, called_off, from: "1", until: "2", by: &By::Colleague, reason: "3" })
    });
    let mut all: Vec<String> = said.into_iter().chain(planned).flat_map(|said| [said.title, said.body]).collect();
    for &why in QuietWhy::ALL {
        all.push(words.kept_quiet(why, None, None, None));
        all.push(words.kept_quiet(why, Some("1"), Some(&By::Colleague), Some("2")));
    }
    for state in DeliveryState::ALL {
        for notice in [None, Some(NoticeKind::AlertGroup), Some(NoticeKind::Escalation), Some(NoticeKind::Reminder)] {
            let route =
                Route { transport: Transport::Discord, notice, state: *state, attempts: 1, error: None, at: "1" };
            // The chat's own name is the same in every language.
            all.push(words.why_route(&route).replace("Discord", ""));
        }
    }
    all.extend(EvaluationOutcome::ALL.iter().map(|&outcome| words.outcome(outcome).to_owned()));
    all.push(words.why_never_judged().to_owned());
    all.extend([
        words.length(1_501),
        words.nothing_fired().to_owned(),
        words.many(&digest(1, 0)),
        words.of_them_open(2, 1),
        words.of_them_open(2, 0),
        words.nobody_took("1"),
        words.still_fires("1"),
        words.flapping(3, "1"),
        words.against_weeks("1", 1),
        words.against_weeks("1", 4),
        words.why_deduplicated(0),
        words.why_deduplicated(1),
        words.why_deduplicated(2),
        words.why_not_quiet().to_owned(),
        words.why_grouped("1"),
        words.why_told("1", 0),
        words.why_told("1", 1),
        words.why_told("1", 2),
        words.why_never_told().to_owned(),
        words.why_no_chat("1"),
    ]);
    all
}

/// What is said of goals.
fn pursued(words: &dyn Wording) -> Vec<String> {
    let near = ["1".to_owned(), "2".to_owned()];
    let said = [
        words.no_goals(),
        words.unknown_goal("1", &[], "2"),
        words.unknown_goal("1", &near, "2"),
        words.ambiguous_goal("1", &near),
    ];
    let mut all: Vec<String> = said.into_iter().flat_map(|said| [said.title, said.body]).collect();
    all.extend([words.goals(1), words.goals_hint("1"), words.goal_pace("1"), words.goal_until("1")]);
    all.push(words.goal_forecast("1", "2", "3"));
    all.extend(GoalState::ALL.iter().map(|&state| words.goal_state(state).to_owned()));
    all.extend(GoalOutlook::ALL.iter().map(|&outlook| words.outlook(outlook).to_owned()));
    all.extend(GoalAim::ALL.iter().map(|&aim| words.goal_so_far("1", "2", aim)));
    all.extend(words.goal_labels().all().map(str::to_owned));
    all.extend([words.correction("1"), words.how_to_decide("1", "2")]);
    all.extend(ProposalState::ALL.iter().map(|&state| words.proposal_state(state).to_owned()));
    all
}

/// What is said of feeds.
fn fetched(words: &dyn Wording) -> Vec<String> {
    let mut said = Vec::new();
    for &trouble in FeedTrouble::ALL {
        said.push(words.feed_well("1", trouble));
        said.push(words.feed_unwell("1", trouble, None, None));
        let faults = FeedFault::ALL.iter();
        said.extend(faults.map(|&fault| words.feed_unwell("1", trouble, Some(fault), Some("2"))));
    }
    said.into_iter().flat_map(|said| [said.title, said.body]).collect()
}

/// What is said of reports and budgets.
fn reported(words: &dyn Wording) -> Vec<String> {
    let said = [
        words.schedule_changed("1"),
        words.unknown_report("1", "2"),
        words.no_time("1", "2"),
        words.not_a_place(),
        words.no_budgets(),
    ];
    let mut all: Vec<String> = said.into_iter().flat_map(|said| [said.title, said.body]).collect();
    for &kind in ReportKind::ALL {
        all.extend([words.report(kind).to_owned(), words.not_scheduled(kind)]);
        all.extend([words.scheduled(kind, "1", None, None), words.scheduled(kind, "1", Some("2"), Some("3"))]);
    }
    all.extend([
        words.daily("1"),
        words.weekly("1", "2"),
        words.beside_the_week_before().to_owned(),
        words.nothing_counted().to_owned(),
        words.alerts_raised(1, 2),
        words.raised_and_resolved(1, 2),
        words.stopped_campaigns(1),
        words.running(1),
        words.begins("1"),
        words.ends("1"),
        words.held("1", None),
        words.held("1", Some("2")),
        words.untaken(1),
        words.ends_on("1", "2"),
        words.overdue("1", "2"),
        words.near_budget("1", "2"),
        words.alerts(1),
        words.alerts(2),
        words.metric_alt("1"),
        words.schedules().to_owned(),
        words.budgets(1),
    ]);
    all.extend([-1, 0, 1, 2].map(|days| words.time_used("1", days)));
    all
}

fn digest(firing: u32, resolved: u32) -> AlertDigest {
    AlertDigest {
        alerts: firing + resolved,
        firing,
        acknowledged: 0,
        resolved,
        rules: Vec::new(),
        channels: Vec::new(),
        worst: Vec::new(),
    }
}

#[test]
fn every_text_exists_in_both_languages() {
    let (english, chinese) = (everything(of(Locale::En)), everything(of(Locale::ZhCn)));
    assert_eq!(english.len(), chinese.len());
    for (english, chinese) in english.iter().zip(&chinese) {
        assert!(!english.trim().is_empty() && !chinese.trim().is_empty(), "{english:?} / {chinese:?}");
        assert!(!english.chars().any(han), "Chinese in English: {english}");
    }
}

#[test]
fn no_english_sentence_is_left_in_the_chinese() {
    for text in everything(of(Locale::ZhCn)) {
        all_chinese(&text);
    }
}

#[test]
fn the_glossarys_terms_are_used() {
    let words = of(Locale::ZhCn);
    assert_eq!(words.alert_state(AlertState::Firing), "告警中");
    assert_eq!(words.alert_state(AlertState::Acknowledged), "已认领");
    assert_eq!(words.alert_state(AlertState::Resolved), "已恢复");
    assert_eq!(words.label(Label::Campaign), "营销活动");
    assert_eq!(words.label(Label::StopLossLine), "止损线");
    assert_eq!((words.label(Label::Key), words.label(Label::Id)), ("编码", "编号"));
    for text in everything(words) {
        assert_eq!(not_ours(&text), None, "{text}");
    }
}

#[test]
fn who_is_narrowed_to_channels_is_not_told_that_the_role_lacks_it_nor_whether_a_thing_exists() {
    for (locale, narrowed) in [(Locale::En, "Your permissions are narrowed to"), (Locale::ZhCn, "您的权限仅限于")]
    {
        let words = of(locale);
        let (denied, beyond) = (words.narrowed(Permission::ReportsRead), words.out_of_reach());
        assert!(denied.body.contains(narrowed), "{denied:?}");
        assert!(beyond.body.to_lowercase().contains(&narrowed.to_lowercase()), "{beyond:?}");
        assert_eq!(denied.title, words.may_not(Permission::ReportsRead, None, &[]).title);
        assert_eq!(beyond.title, words.failure(Failure::Gone).title, "as of what is not there");
        for role in Role::ALL {
            assert!(!denied.body.contains(words.role(*role)), "{denied:?}");
        }
    }
}
