//! Finding what a person means: campaigns and metrics by the words that they typed.
//!
//! The matching is pure ([`matched`]); the rest fetches what it matches on. Invariants: an id or an own key wins
//! over a name, a whole name over its start; two that fit equally well are both shown and neither is taken; only
//! what the API gave to the asker is matched or suggested.

use tillwatch_shared::Locale;
use tillwatch_shared::goals::Goal;
use tillwatch_shared::ids::{CampaignId, GoalId};
use tillwatch_shared::measure::MetricInfo;
use tillwatch_shared::plan::Campaign;
use tillwatch_shared::watch::{AlertState, ReportKind};

use super::spec::CommandSpec;
use super::{Asking, all as commands, only_you};
use crate::api::{Answer, Api};
use crate::command::Actor;
use crate::reply::{Reply, Tone};

/// How many suggestions are made.
const SUGGESTED: usize = 3;
/// How like two words must be to be suggested (Jaro-Winkler, 0 to 1).
const LIKENESS: f64 = 0.72;
/// Candidates shown when several fit.
const CANDIDATES: usize = 10;
/// Campaigns looked through for a suggestion: five full pages.
const PAGES: usize = 5;
/// The largest page.
const PAGE: u16 = 100;
/// Goals looked through: a retailer has a few.
const GOALS: u16 = 200;
/// What a chat takes: choices, and characters of each.
const CHOICES: usize = 25;
const CHOICE: usize = 100;

/// What is half typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completing {
    /// A campaign.
    Campaign,
    /// An open alert.
    Alert,
    /// A metric.
    Metric,
    /// A goal that is not archived.
    Goal,
    /// A report.
    Report,
    /// A command of the bot.
    Command,
}

/// What a text may mean among things with several names each.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// This one, by its place.
    One(usize),
    /// These fit equally well.
    Several(Vec<usize>),
    /// None fits; these come near, nearest first.
    Nearest(Vec<usize>),
}

/// Matches `typed` against the names of things: whole names first (as typed, then in any case), then the start of
/// one, then a part of one.
pub(super) fn matched(typed: &str, things: &[Vec<&str>]) -> Match {
    let folded = fold(typed);
    if folded.is_empty() {
        return Match::Nearest(Vec::new());
    }
    let with = |fits: &dyn Fn(&str) -> bool| -> Vec<usize> {
        let fit = things.iter().enumerate().filter(|(_, names)| names.iter().any(|name| fits(name)));
        fit.map(|(place, _)| place).collect()
    };
    let as_typed = typed.trim();
    let ways: [&dyn Fn(&str) -> bool; 4] =
        [&|name| name == as_typed, &|name| fold(name) == folded, &|name| fold(name).starts_with(&folded), &|name| {
            fold(name).contains(&folded)
        }];
    for way in ways {
        match with(way).as_slice() {
            [] => {}
            [one] => return Match::One(*one),
            several => return Match::Several(several.to_vec()),
        }
    }
    let mut near: Vec<(usize, f64)> = things
        .iter()
        .enumerate()
        .map(|(place, names)| {
            let like = names.iter().map(|name| strsim::jaro_winkler(&fold(name), &folded)).fold(0.0, f64::max);
            (place, like)
        })
        .filter(|(_, like)| *like >= LIKENESS)
        .collect();
    near.sort_by(|a, b| b.1.total_cmp(&a.1));
    Match::Nearest(near.into_iter().take(SUGGESTED).map(|(place, _)| place).collect())
}

/// Words that come near `typed`, nearest first.
pub(crate) fn nearest<'a>(typed: &str, words: &[&'a str]) -> Vec<&'a str> {
    let things: Vec<Vec<&str>> = words.iter().map(|word| vec![*word]).collect();
    let places = match matched(typed, &things) {
        Match::One(place) => vec![place],
        Match::Several(places) | Match::Nearest(places) => places,
    };
    places.into_iter().take(SUGGESTED).filter_map(|place| words.get(place).copied()).collect()
}

/// In small letters, with single spaces; full-width letters and spaces of Chinese keyboards become plain ones.
fn fold(text: &str) -> String {
    let plain = text.chars().map(|c| match c {
        '\u{3000}' => ' ',
        // The full-width forms stand in the order of ASCII, 0xFEE0 further on.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        other => other,
    });
    let plain: String = plain.flat_map(char::to_lowercase).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Without the quotes that a person put around a name.
fn unquoted(text: &str) -> &str {
    let text = text.trim();
    for (open, close) in [('"', '"'), ('\'', '\''), ('“', '”'), ('「', '」'), ('《', '》')] {
        if let Some(inner) = text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)) {
            return inner.trim();
        }
    }
    // A quote that was opened and forgotten.
    text.trim_start_matches(['"', '“', '「', '《']).trim_start()
}

/// The campaign that is meant, or the reply that asks which.
pub(super) async fn campaign(typed: &str, asking: &Asking<'_>) -> Answer<Result<Campaign, Reply>> {
    let typed = unquoted(typed);
    if let Ok(id) = typed.parse::<CampaignId>() {
        return asking.api.campaign(asking.actor, id).await.map(Ok);
    }
    // Names that start so are asked for; only when there is none is everything looked through.
    let page = asking.api.campaigns(asking.actor, Some(typed), PAGE, None).await?;
    let mut found = page.data;
    if found.is_empty() {
        found = all(asking).await?;
    }
    let outcome = {
        let names: Vec<Vec<&str>> = found.iter().map(campaign_names).collect();
        matched(typed, &names)
    };
    Ok(match outcome {
        // The place comes from this very list.
        Match::One(place) => Ok(found.swap_remove(place)),
        Match::Several(places) => {
            let lines: Vec<String> =
                places.iter().take(CANDIDATES).filter_map(|place| found.get(*place)).map(candidate).collect();
            Err(only_you(Tone::Plain, asking.words.ambiguous_campaign(typed, &lines)))
        }
        Match::Nearest(places) => {
            let near: Vec<String> =
                places.iter().filter_map(|place| found.get(*place)).map(|one| one.name.clone()).collect();
            Err(only_you(
                Tone::Refused,
                asking.words.unknown_campaign(typed, &near, &asking.usage(&super::campaigns::LIST)),
            ))
        }
    })
}

fn campaign_names(campaign: &Campaign) -> Vec<&str> {
    campaign.external_key.iter().map(String::as_str).chain([campaign.name.as_str()]).collect()
}

fn candidate(campaign: &Campaign) -> String {
    match &campaign.external_key {
        Some(key) => format!("{} · {key} · {}", campaign.name, campaign.id),
        None => format!("{} · {}", campaign.name, campaign.id),
    }
}

async fn all(asking: &Asking<'_>) -> Answer<Vec<Campaign>> {
    let mut found = Vec::new();
    let mut cursor = None;
    for _ in 0..PAGES {
        let page = asking.api.campaigns(asking.actor, None, PAGE, cursor.as_deref()).await?;
        found.extend(page.data);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    Ok(found)
}

/// A metric's name in this language.
pub(super) fn metric_name(metric: &MetricInfo, locale: Locale) -> &str {
    match locale {
        Locale::En => &metric.name_en,
        Locale::ZhCn => &metric.name_zh,
    }
}

/// The metric that is meant, or the reply that asks which.
pub(super) async fn metric(typed: &str, asking: &Asking<'_>) -> Answer<Result<MetricInfo, Reply>> {
    let typed = unquoted(typed);
    let mut metrics = asking.api.metrics(asking.actor).await?.data;
    let outcome = {
        let names: Vec<Vec<&str>> = metrics.iter().map(|m| vec![m.key.as_str(), &m.name_en, &m.name_zh]).collect();
        matched(typed, &names)
    };
    let locale = asking.words.locale();
    let shown = |places: &[usize], metrics: &[MetricInfo]| -> Vec<String> {
        let metrics = places.iter().take(CANDIDATES).filter_map(|place| metrics.get(*place));
        metrics.map(|metric| asking.words.aside(&metric.key, metric_name(metric, locale))).collect()
    };
    Ok(match outcome {
        Match::One(place) => Ok(metrics.swap_remove(place)),
        Match::Several(places) => {
            Err(only_you(Tone::Plain, asking.words.ambiguous_metric(typed, &shown(&places, &metrics))))
        }
        Match::Nearest(places) => Err(only_you(
            Tone::Refused,
            asking.words.unknown_metric(typed, &shown(&places, &metrics), &asking.spelled(&super::kpi::KPI, "")),
        )),
    })
}

/// The goal that is meant, among the newest; or the reply that asks or says that there is none.
pub(super) async fn goal(typed: &str, asking: &Asking<'_>) -> Answer<Result<GoalId, Reply>> {
    let typed = unquoted(typed);
    if let Ok(id) = typed.parse::<GoalId>() {
        return Ok(Ok(id));
    }
    let found = asking.api.goals(asking.actor, None, GOALS).await?.data;
    let names: Vec<Vec<&str>> = found.iter().map(|goal| vec![goal.name.as_str()]).collect();
    let at = |place: &usize| found.get(*place);
    Ok(match matched(typed, &names) {
        Match::One(place) => Ok(found[place].id),
        Match::Several(places) => {
            let some = places.iter().take(CANDIDATES).filter_map(at);
            let lines: Vec<String> = some.map(|goal| format!("{} · {}", goal.name, goal.id)).collect();
            Err(only_you(Tone::Plain, asking.words.ambiguous_goal(typed, &lines)))
        }
        Match::Nearest(places) => {
            let near: Vec<String> = places.iter().filter_map(at).map(|goal| goal.name.clone()).collect();
            Err(only_you(Tone::Refused, asking.words.unknown_goal(typed, &near, &asking.usage(&super::goals::LIST))))
        }
    })
}

/// Label and value of what a half-typed text may become.
pub(super) async fn complete(what: Completing, typed: &str, actor: &Actor, api: &Api) -> Answer<Vec<(String, String)>> {
    // The names of commands are for everybody; whoever is not linked is refused where the others are read.
    let words = super::language(actor, api).await;
    let typed = typed.trim();
    let choices: Vec<(String, String)> = match what {
        Completing::Campaign => {
            let starts = Some(typed).filter(|typed| !typed.is_empty());
            let page = api.campaigns(actor, starts, 25, None).await?;
            let label = |one: &Campaign| format!("{} · {}", cut(&one.name, 80), words.campaign_state(one.state));
            page.data.iter().map(|one| (label(one), one.id.to_string())).collect()
        }
        Completing::Alert => {
            let page = api.alerts(actor, AlertState::Firing, 25).await?;
            let label = |rule: &str, state| format!("{} · {}", cut(rule, 80), words.alert_state(state));
            let all = page.data.iter().map(|one| (label(&one.rule_name, one.state), one.id.to_string()));
            all.filter(|(label, _)| fold(label).contains(&fold(typed))).collect()
        }
        Completing::Command => {
            let label = |spec: &CommandSpec| words.pair(spec.path, spec.texts.about.of(words.locale()));
            let all = commands().map(|spec| (label(spec), spec.path.to_owned()));
            all.filter(|(label, _)| fold(label).contains(&fold(typed))).collect()
        }
        Completing::Report => {
            let names = ReportKind::ALL.iter().map(|kind| (words.report(*kind).to_owned(), kind.to_string()));
            names.filter(|(name, key)| fold(name).contains(&fold(typed)) || key.contains(&fold(typed))).collect()
        }
        Completing::Metric => {
            let metrics = api.metrics(actor).await?.data;
            let names = metrics.iter().map(|one| (metric_name(one, words.locale()).to_owned(), one.key.clone()));
            let wanted = fold(typed);
            names.filter(|(name, key)| fold(name).contains(&wanted) || key.contains(&wanted)).collect()
        }
        Completing::Goal => {
            let starts = Some(typed).filter(|typed| !typed.is_empty());
            let page = api.goals(actor, starts, 25).await?;
            let label = |one: &Goal| format!("{} · {}", cut(&one.name, 80), words.goal_state(one.state));
            page.data.iter().map(|one| (label(one), one.id.to_string())).collect()
        }
    };
    let fits = |(label, value): (String, String)| (cut(&label, CHOICE), value);
    Ok(choices.into_iter().filter(|(_, value)| value.len() <= CHOICE).take(CHOICES).map(fits).collect())
}

/// Names for a terminal's completion, as a person types them: campaigns by name, alerts by id, metrics by key.
pub(crate) async fn names(what: Completing, actor: &Actor, api: &Api) -> Answer<Vec<String>> {
    Ok(match what {
        Completing::Campaign => {
            api.campaigns(actor, None, PAGE, None).await?.data.into_iter().map(|one| one.name).collect()
        }
        Completing::Alert => {
            let firing = api.alerts(actor, AlertState::Firing, 25).await?.data;
            firing.into_iter().map(|one| one.id.to_string()).collect()
        }
        Completing::Metric => api.metrics(actor).await?.data.into_iter().map(|one| one.key).collect(),
        Completing::Goal => api.goals(actor, None, GOALS).await?.data.into_iter().map(|one| one.name).collect(),
        Completing::Report => ReportKind::ALL.iter().map(ToString::to_string).collect(),
        Completing::Command => commands().map(|spec| spec.path.to_owned()).collect(),
    })
}

fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    text.chars().take(limit.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const THINGS: [&[&str]; 4] =
        [&["coupons-18", "Autumn coupons"], &["coupons-20", "Autumn sale"], &["秋季满减"], &["Spring", "spring"]];

    fn found(typed: &str) -> Match {
        matched(typed, &THINGS.map(<[&str]>::to_vec))
    }

    #[test]
    fn a_whole_name_or_key_in_any_case_or_width_is_found() {
        assert_eq!(found("coupons-18"), Match::One(0));
        assert_eq!(found(" autumn  SALE "), Match::One(1));
        assert_eq!(found("秋季满减"), Match::One(2));
        assert_eq!(found("Ａｕｔｕｍｎ　sale"), Match::One(1));
    }

    #[test]
    fn a_start_or_part_is_enough_when_it_is_unique() {
        assert_eq!(found("autumn c"), Match::One(0));
        assert_eq!(found("秋"), Match::One(2));
        assert_eq!(found("满减"), Match::One(2));
        assert_eq!(found("autumn"), Match::Several(vec![0, 1]));
    }

    #[test]
    fn a_misspelt_name_brings_the_nearest_and_nonsense_none() {
        assert_eq!(found("Autmn sale"), Match::Nearest(vec![1]));
        assert_eq!(found("qqq"), Match::Nearest(vec![]));
        assert_eq!(found("  "), Match::Nearest(vec![]));
        assert_eq!(nearest("campagn", &["campaign", "kpi", "alerts"]), ["campaign"]);
    }

    #[test]
    fn quotes_of_either_language_are_taken_off() {
        for text in ["\"a b\"", "“a b”", "「a b」", "'a b'", " a b "] {
            assert_eq!(unquoted(text), "a b");
        }
        assert_eq!((unquoted("\"a b"), unquoted("'tis")), ("a b", "'tis"));
    }
}
