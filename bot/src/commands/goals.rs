//! `goals list | show`.

use futures_util::future::try_join_all;
use tillwatch_shared::Locale;
use tillwatch_shared::goals::{Goal, GoalOutlook, GoalProgress, GoalShown, GoalState};
use tillwatch_shared::permissions::Permission;

use super::reports::shows_pictures;
use super::spec::{CommandSpec, GroupSpec, OptionSpec, Run, Texts, both};
use super::{Asking, Completing, find};
use crate::api::Answer;
use crate::reply::{Picture, Reply, Tone};
use crate::wording::figures::{date, figure, share};

/// Goals of a list: each is asked for by itself.
const SHOWN: usize = 10;

/// Which one.
const GOAL: OptionSpec = OptionSpec::text("goal", "目标", both("Name or id", "名称或编号"))
    .required()
    .completing(Completing::Goal)
    .example("NAME");

/// `goals list`
pub(super) static LIST: CommandSpec = CommandSpec::new(
    "goals list",
    "列表",
    Texts {
        about: both("List the goals that are pursued", "列出执行中的目标"),
        line: both("the goals that are pursued, with pace and forecast", "执行中的目标及其进度与预测"),
        help: both(
            "Pace is what was brought against what was to be brought by now. The forecast is where the goal will be at its deadline, if it goes on as in the last weeks.",
            "进度为目前实际与目前应达到之比。预测为照最近几周的情况，截止时将达到多少。",
        ),
    },
    Run::Staff { needs: |_| Permission::GoalsRead, run: |_, asking| Box::pin(list(asking)) },
)
.bare(str::is_empty);

/// `goals show GOAL`
static SHOW: CommandSpec = CommandSpec::new(
    "goals show",
    "查看",
    Texts {
        about: both("Show a goal with pace and forecast", "查看某个目标的进度与预测"),
        line: both("one goal: pace, forecast, what a draft lacks", "单个目标：进度、预测，以及草稿尚缺的内容"),
        help: both(
            "A goal is found by its id (gol_…), its name, or a part of it, in any case.",
            "可用编号（gol_…）、名称或名称的一部分查找，不区分大小写。",
        ),
    },
    Run::Staff { needs: |_| Permission::GoalsRead, run: |given, asking| Box::pin(show(given.wanted(&GOAL), asking)) },
)
.options(&[GOAL]);

/// `goals …`
pub(crate) static GOALS: GroupSpec = GroupSpec {
    name: "goals",
    also: &["goal"],
    zh_name: "目标",
    about: both("Goals: list, show", "目标：列表、查看"),
    commands: &[&LIST, &SHOW],
};

/// The goals that are pursued, a line each with pace and forecast, and how many are drafts.
async fn list(asking: &Asking<'_>) -> Answer<Reply> {
    let words = asking.words;
    let active = asking.api.goals_in(asking.actor, GoalState::Active, 200).await?.data;
    if active.is_empty() {
        let said = words.no_goals();
        return Ok(Reply::say(Tone::Plain, said.title, said.body));
    }
    let asked = active.iter().take(SHOWN).map(|goal| asking.api.goal(asking.actor, goal.id));
    let goals = try_join_all(asked).await?;
    let mut lines: Vec<String> = goals.iter().map(|goal| line(goal, asking)).collect();
    if active.len() > SHOWN {
        lines.push(words.more(active.len() - SHOWN));
    }
    lines.push(words.goals_hint(&asking.usage(&SHOW)));
    Ok(Reply::say(Tone::Plain, words.goals(active.len()), lines.join("\n")))
}

fn line(shown: &GoalShown, asking: &Asking<'_>) -> String {
    let (words, locale) = (asking.words, asking.words.locale());
    let goal = &shown.goal;
    let until = goal.ends_on.map(|day| words.goal_until(&date(day, locale))).unwrap_or_default();
    let Some(progress) = &shown.progress else { return format!("○ {}", goal.name) };
    let mut parts = vec![format!("{} {}", mark(progress.outlook), goal.name), so_far(goal, progress, asking)];
    parts.extend(progress.pace.map(|pace| words.goal_pace(&share(pace))));
    parts.push(words.outlook(progress.outlook).to_owned());
    parts.push(until);
    parts.join(" · ")
}

/// `$4,120.00 of $10,000.00`, in the reader's language.
fn so_far(goal: &Goal, progress: &GoalProgress, asking: &Asking<'_>) -> String {
    let words = asking.words;
    let text = |value: f64| print(value, progress, words.locale());
    let value = progress.value.map_or_else(|| words.no_figure().to_owned(), text);
    let target = goal.target.map_or_else(|| words.no_figure().to_owned(), |target| text(target.to_f64()));
    words.goal_so_far(&value, &target, progress.aim)
}

fn print(value: f64, progress: &GoalProgress, locale: Locale) -> String {
    figure(value, &progress.unit, &progress.currency, locale)
}

const fn mark(outlook: GoalOutlook) -> &'static str {
    match outlook {
        GoalOutlook::OnTrack => "🟢",
        GoalOutlook::AtRisk => "🟠",
        GoalOutlook::OffTrack => "🔴",
        GoalOutlook::NotEnoughData => "⚪",
    }
}

const fn tone(outlook: GoalOutlook) -> Tone {
    match outlook {
        GoalOutlook::OnTrack => Tone::Good,
        GoalOutlook::AtRisk | GoalOutlook::OffTrack => Tone::Warning,
        GoalOutlook::NotEnoughData => Tone::Plain,
    }
}

/// One goal: how it stands, with its picture where the chat shows one, or what a draft lacks; and the correction that waits.
async fn show(typed: &str, asking: &Asking<'_>) -> Answer<Reply> {
    let id = match find::goal(typed, asking).await? {
        Ok(id) => id,
        Err(reply) => return Ok(reply),
    };
    let shown = asking.api.goal(asking.actor, id).await?;
    let mut reply = described(&shown, asking);
    if let Some(progress) = shown.progress.as_ref().filter(|_| shows_pictures(asking)) {
        // The words are the matter; without the picture they still are told.
        let png = asking.api.goal_picture(asking.actor, id).await.unwrap_or_default();
        let alt = asking.words.goal_alt(&shown.goal.name, progress.forecast.is_some());
        reply.picture = png.map(|png| Picture { png, alt });
    }
    Ok(reply)
}

fn described(shown: &GoalShown, asking: &Asking<'_>) -> Reply {
    let (words, locale) = (asking.words, asking.words.locale());
    let zh = locale == Locale::ZhCn;
    let goal = &shown.goal;
    let metric = if zh { &shown.metric_zh } else { &shown.metric_en };
    let mut reply = Reply::say(Tone::Plain, goal.name.clone(), words.goal_state(goal.state));
    let labels = words.goal_labels();
    if let Some(progress) = &shown.progress {
        let text = |value: f64| print(value, progress, locale);
        reply.tone = tone(progress.outlook);
        reply = reply
            .field(labels.so_far, so_far(goal, progress, asking), true)
            .field(labels.expected, text(progress.expected), true)
            .field(labels.pace, progress.pace.map(share).unwrap_or_default(), true)
            .field(labels.outlook, words.outlook(progress.outlook), true);
        if let Some(forecast) = &progress.forecast {
            let value = words.goal_forecast(&text(forecast.value), &text(forecast.low_80), &text(forecast.high_80));
            reply = reply.field(labels.forecast, value, true);
        }
        reply = reply.field(labels.through, date(progress.through, locale), true);
    }
    reply = reply.field(labels.metric, metric.clone().unwrap_or_default(), true);
    let days = goal.starts_on.zip(goal.ends_on);
    let days = days.map(|(first, last)| words.dates(Some(&date(first, locale)), Some(&date(last, locale))));
    reply = reply
        .field(labels.days, days.unwrap_or_default(), true)
        .field(labels.owner, shown.owner_name.clone().unwrap_or_default(), true)
        .field(labels.relevance, goal.relevance.clone(), false);
    if let Some(check) = shown.check.as_ref().filter(|check| !check.complete) {
        let gaps = check.lines.iter().filter(|line| !line.passed);
        let gaps: Vec<&str> = gaps.map(|line| if zh { &line.detail_zh } else { &line.detail_en }.as_str()).collect();
        reply = reply.field(labels.missing, gaps.join("\n"), false);
    }
    if let Some(proposal) = &shown.proposal {
        let reason = if zh { &proposal.reason_zh } else { &proposal.reason_en };
        reply = reply.field(labels.proposal, reason.clone(), false);
    }
    reply.field(labels.id, goal.id.to_string(), true)
}

#[cfg(test)]
mod tests;
