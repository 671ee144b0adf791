//! `campaign list | show | pause | resume`.

use std::collections::HashSet;

use tillwatch_shared::errors::Code;
use tillwatch_shared::permissions::Permission;
use tillwatch_shared::plan::{Campaign, CampaignState, Channel, ResumeAsked};

use super::spec::{CommandSpec, GroupSpec, OptionSpec, Run, Texts, both};
use super::{Asking, Completing, find, only_you};
use crate::api::{Answer, ApiError};
use crate::command::Action;
use crate::reply::{Button, Reply, Tone};
use crate::wording::figures::{amount, date, major, money, share};
use crate::wording::{By, Change, Label};

/// Campaigns on one page of the list.
const SHOWN: usize = 20;
/// Campaigns that are asked for at once, the service's most, and how often at most.
const PAGE: u16 = 200;
const PAGES: usize = 5;
/// Characters of a reason.
const REASON: usize = 500;

/// Which one.
const NAME: OptionSpec = OptionSpec::text("campaign", "营销活动", both("Name, key or id", "名称、编码或编号"))
    .required()
    .completing(Completing::Campaign)
    .example("NAME");
/// Which page of the list, from 1.
const NUMBER: OptionSpec = OptionSpec::number("page", "页码", both("Which page of the list", "列表的第几页"));

/// Why it is paused.
const PAUSED_FOR: OptionSpec = OptionSpec::reason("暂停的原因；留空时会再询问");
/// Why it is resumed.
const RESUMED_FOR: OptionSpec = OptionSpec::reason("恢复的原因；留空时会再询问");

/// `campaign list [PAGE]`; beyond the last page it is the last.
pub(crate) static LIST: CommandSpec = CommandSpec::new(
    "campaign list",
    "列表",
    Texts {
        about: both("List the campaigns, running ones first", "列出营销活动，进行中的在前"),
        line: both("all campaigns with state and spend, running ones first", "全部营销活动的状态与花费，进行中的在前"),
        help: both(
            "Each line tells the state, since when, and the spend against the budget. A number after it asks for a further page: campaign list 2",
            "每行显示状态、起始时间，以及花费占预算的比例。其后加数字可查看其他页：campaign list 2",
        ),
    },
    Run::Staff {
        needs: |_| Permission::CampaignsRead,
        run: |given, asking| Box::pin(list(given.number(&NUMBER).unwrap_or(1), asking)),
    },
)
.options(&[NUMBER])
.bare(str::is_empty);

/// `campaign show NAME`
static SHOW: CommandSpec = CommandSpec::new(
    "campaign show",
    "查看",
    Texts {
        about: both("Show a campaign with its spend and history", "查看某个营销活动的花费与历史"),
        line: both("one campaign: state, spend, dates, channels", "单个营销活动：状态、花费、日期、渠道"),
        help: both(
            "A campaign is found by its id, its own key, its name, or the first letters of either, in any case. If several fit, you are asked which one.",
            "可用编号、自有编码、名称，或名称与编码的开头查找，不区分大小写。若有多个匹配，会请您选择。",
        ),
    },
    Run::Staff {
        needs: |_| Permission::CampaignsRead,
        run: |given, asking| Box::pin(show(given.wanted(&NAME), asking)),
    },
)
.options(&[NAME]);

/// `campaign pause NAME because REASON`
pub(crate) static PAUSE: CommandSpec = CommandSpec::new(
    "campaign pause",
    "暂停",
    Texts {
        about: both("Pause a campaign now", "立即暂停营销活动"),
        line: both("stop a campaign's spend, with a reason", "暂停营销活动，须填写原因"),
        help: both(
            "Needs a reason, which is kept in the history and the audit log. Pausing twice changes nothing. Quote a name that has the word “because” in it.",
            "须填写原因，原因会写入历史与审计日志。重复暂停不会产生变化。名称中含有 because 时请加引号。",
        ),
    },
    Run::Staff {
        needs: |_| Permission::CampaignsPause,
        run: |given, asking| Box::pin(change(Change::Pause, given.wanted(&NAME), given.reason(), asking)),
    },
)
.options(&[NAME, PAUSED_FOR])
.short(&["pause"])
.asks("pause", both("Pause campaign", "暂停营销活动"));

/// `campaign resume NAME because REASON`
pub(crate) static RESUME: CommandSpec = CommandSpec::new(
    "campaign resume",
    "恢复",
    Texts {
        about: both("Resume a paused campaign", "恢复已暂停的营销活动"),
        line: both("let a paused campaign run again, with a reason", "恢复已暂停的营销活动，须填写原因"),
        help: both(
            "Needs a reason. After a stop-loss, check the figures first: the line still stands, and the next cost over it pauses the campaign again.",
            "须填写原因。若由止损暂停，请先核对数据：止损线仍然有效，费用再次越线会再次暂停。",
        ),
    },
    Run::Staff {
        needs: |_| Permission::CampaignsResume,
        run: |given, asking| Box::pin(change(Change::Resume, given.wanted(&NAME), given.reason(), asking)),
    },
)
.options(&[NAME, RESUMED_FOR])
.short(&["resume"])
.asks("resume", both("Resume campaign", "恢复营销活动"));

/// `campaign …`
pub(crate) static CAMPAIGN: GroupSpec = GroupSpec {
    name: "campaign",
    also: &["campaigns"],
    zh_name: "营销活动",
    about: both("Campaigns: list, show, pause, resume", "营销活动：列表、查看、暂停、恢复"),
    commands: &[&LIST, &SHOW, &PAUSE, &RESUME],
};

/// A page of all campaigns, a line each: what runs first, then what is paused, then the rest, newest first.
async fn list(page: usize, asking: &Asking<'_>) -> Answer<Reply> {
    let words = asking.words;
    let (all, more) = in_order(asking).await?;
    if all.is_empty() {
        let said = words.no_campaigns();
        return Ok(Reply::say(Tone::Plain, said.title, said.body));
    }
    let pages = all.len().div_ceil(SHOWN);
    let page = page.clamp(1, pages);
    let mut lines: Vec<String> = all.iter().skip((page - 1) * SHOWN).take(SHOWN).map(|one| line(one, asking)).collect();
    if pages > 1 {
        let next = (page < pages).then(|| asking.spelled(&LIST, &(page + 1).to_string()));
        lines.push(words.page(page, pages, next.as_deref()));
    }
    Ok(Reply::say(Tone::Plain, words.campaigns(all.len(), more), lines.join("\n")))
}

/// The campaigns in the list's order, and whether there are more than were looked through.
async fn in_order(asking: &Asking<'_>) -> Answer<(Vec<Campaign>, bool)> {
    let (active, paused, every) = tokio::try_join!(
        looked_through(Some(CampaignState::Active), asking),
        looked_through(Some(CampaignState::Paused), asking),
        looked_through(None, asking),
    )?;
    let more = active.1 || paused.1 || every.1;
    let mut seen = HashSet::new();
    // A campaign whose state changes between the questions is listed once.
    let all = active.0.into_iter().chain(paused.0).chain(every.0).filter(|one| seen.insert(one.id)).collect();
    Ok((all, more))
}

/// The campaigns in this state, or in any, and whether there are more.
pub(super) async fn looked_through(state: Option<CampaignState>, asking: &Asking<'_>) -> Answer<(Vec<Campaign>, bool)> {
    let (mut found, mut cursor) = (Vec::new(), None);
    for _ in 0..PAGES {
        let page = match state {
            Some(state) => asking.api.campaigns_in(asking.actor, state, PAGE, cursor.as_deref()).await?,
            None => asking.api.campaigns(asking.actor, None, PAGE, cursor.as_deref()).await?,
        };
        found.extend(page.data);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok((found, false));
        }
    }
    Ok((found, true))
}

fn line(campaign: &Campaign, asking: &Asking<'_>) -> String {
    let state = asking.words.campaign_state(campaign.state);
    let since = asking.words.since(state, &asking.time(campaign.state_since));
    format!("{} {} · {since} · {}", mark(campaign.state), campaign.name, spent(campaign, asking))
}

pub(super) const fn mark(state: CampaignState) -> &'static str {
    match state {
        CampaignState::Active => "▶",
        CampaignState::Paused => "⏸",
        CampaignState::Draft | CampaignState::InReview | CampaignState::Scheduled => "○",
        CampaignState::Completed | CampaignState::Cancelled => "■",
    }
}

/// Spend, budget, and the share of it.
pub(super) fn spent(campaign: &Campaign, asking: &Asking<'_>) -> String {
    let currency = campaign.budget.as_ref().map_or(asking.me.tenant.currency.as_str(), |budget| &budget.currency);
    let spend = amount(campaign.spend, currency);
    match &campaign.budget {
        Some(budget) => {
            let limit = major(budget);
            // A budget of nothing is overspent by anything: a dash.
            let part = if limit > 0.0 { share(campaign.spend.to_f64() / limit) } else { "–".to_owned() };
            asking.words.spent(&spend, Some((&money(limit, currency), &part)))
        }
        None => asking.words.spent(&spend, None),
    }
}

/// One campaign with all that is known of it.
async fn show(typed: &str, asking: &Asking<'_>) -> Answer<Reply> {
    let campaign = match find::campaign(typed, asking).await? {
        Ok(campaign) => campaign,
        Err(reply) => return Ok(reply),
    };
    let words = asking.words;
    // Names of channels are a help, not the matter: without them the rest is still told.
    let channels = if campaign.channels.is_empty() {
        Vec::new()
    } else {
        asking.api.channels(asking.actor).await.map(|page| page.data).unwrap_or_default()
    };
    let stopped = campaign.stopped_by.map(|_| words.stopped_by());
    let objective = Some(campaign.objective.as_str()).filter(|text| !text.is_empty());
    let body = stopped.into_iter().chain(objective).collect::<Vec<_>>().join("\n");
    let tone = if campaign.stopped_by.is_some() { Tone::Critical } else { tone(campaign.state) };
    let mut reply = facts(
        Reply::say(tone, format!("{} {}", mark(campaign.state), campaign.name), body),
        &campaign,
        asking,
    )
    .field(words.label(Label::Channels), channel_names(&campaign, &channels, asking), false);
    if let Some(key) = &campaign.external_key {
        reply = reply.field(words.label(Label::Key), key, true);
    }
    reply = reply.field(words.label(Label::Id), campaign.id.to_string(), true);
    if campaign.state == CampaignState::Active {
        let label = words.label(Label::ButtonPause).to_owned();
        reply.buttons.push(Button { label, action: Action::Pause(campaign.id), disabled: false });
    }
    Ok(reply)
}

const fn tone(state: CampaignState) -> Tone {
    match state {
        CampaignState::Active => Tone::Good,
        CampaignState::Paused => Tone::Warning,
        _ => Tone::Plain,
    }
}

fn channel_names(campaign: &Campaign, channels: &[Channel], asking: &Asking<'_>) -> String {
    let names: Vec<&str> =
        channels.iter().filter(|one| campaign.channels.contains(&one.id)).map(|one| one.name.as_str()).collect();
    match (names.as_slice(), campaign.channels.len()) {
        (_, 0) => asking.words.label(Label::None).to_owned(),
        ([], count) => count.to_string(),
        (some, count) if some.len() < count => {
            format!("{}\n{}", some.join("\n"), asking.words.more(count - some.len()))
        }
        (all, _) => all.join("\n"),
    }
}

/// State, since when, why, spend and dates, each in a field.
fn facts(reply: Reply, campaign: &Campaign, asking: &Asking<'_>) -> Reply {
    let (words, locale) = (asking.words, asking.words.locale());
    let day = |day| date(day, locale);
    let (from, to) = (campaign.starts_on.map(day), campaign.ends_on.map(day));
    reply
        .field(words.label(Label::State), words.campaign_state(campaign.state), true)
        .field(words.label(Label::Since), asking.time(campaign.state_since), true)
        .field(words.label(Label::Spend), spent(campaign, asking), true)
        .field(words.label(Label::Reason), campaign.state_reason.as_deref().unwrap_or_default(), false)
        .field(words.label(Label::Dates), words.dates(from.as_deref(), to.as_deref()), true)
}

/// Pauses or resumes.
async fn change(change: Change, typed: &str, reason: Option<&str>, asking: &Asking<'_>) -> Answer<Reply> {
    let words = asking.words;
    let campaign = match find::campaign(typed, asking).await? {
        Ok(campaign) => campaign,
        Err(reply) => return Ok(reply),
    };
    let Some(reason) = reason else {
        let spec = match change {
            Change::Pause => &PAUSE,
            Change::Resume => &RESUME,
        };
        let example = asking.spelled(spec, campaign.external_key.as_deref().unwrap_or(&campaign.name));
        return Ok(only_you(Tone::Plain, words.reason_needed(change, &campaign.name, &example)));
    };
    if reason.chars().count() > REASON {
        return Ok(only_you(Tone::Refused, words.reason_too_long(REASON)));
    }
    let done = match change {
        Change::Pause => asking.api.pause(asking.actor, campaign.id, reason).await,
        Change::Resume => asking.api.resume(asking.actor, campaign.id, reason).await,
    };
    let done = match done {
        Ok(done) => done,
        Err(error) => return conflict(error, change, campaign, asking).await,
    };
    let (now, since) = (&done.campaign, asking.time(done.campaign.state_since));
    if let Some(asked) = now.resume_asked.as_ref().filter(|_| change == Change::Resume && !done.changed) {
        return Ok(second_wanted(now, asked, asking));
    }
    let said = if done.changed {
        words.changed(change, &now.name, &By::You, &since)
    } else {
        words.already(change, &now.name, &set_by(now, asking).await, &since)
    };
    let tone = match (done.changed, change) {
        (false, _) => Tone::Plain,
        (true, Change::Pause) => Tone::Warning,
        (true, Change::Resume) => Tone::Good,
    };
    Ok(facts(Reply::say(tone, said.title, said.body), now, asking))
}

/// Where two people resume, the first one's wish is told to all, with the button for the second.
fn second_wanted(campaign: &Campaign, asked: &ResumeAsked, asking: &Asking<'_>) -> Reply {
    let words = asking.words;
    let by = asking.staff(asked.by, None);
    let said = words.second_wanted(&campaign.name, &by, &asking.time(asked.at), &asked.reason);
    let mut reply = facts(Reply::say(Tone::Warning, said.title, said.body), campaign, asking);
    let label = words.label(Label::ButtonResume).to_owned();
    reply.buttons.push(Button { label, action: Action::Resume(campaign.id), disabled: false });
    reply
}

/// A refusal by state tells the state, as it is now.
async fn conflict(error: ApiError, change: Change, before: Campaign, asking: &Asking<'_>) -> Answer<Reply> {
    if error.code() != Some(Code::StateConflict) {
        return Err(error);
    }
    let now = asking.api.campaign(asking.actor, before.id).await.unwrap_or(before);
    let said = asking.words.cannot(change, &now.name, now.state);
    Ok(facts(only_you(Tone::Refused, said), &now, asking))
}

/// Who brought the campaign into its state, by its history.
async fn set_by(campaign: &Campaign, asking: &Asking<'_>) -> By {
    let Ok(history) = asking.api.history(asking.actor, campaign.id).await else {
        // It is a side note: without it the answer is still true.
        return By::Colleague;
    };
    let step = history.data.iter().find(|step| step.to == campaign.state && step.from != Some(step.to));
    step.map_or(By::System, |step| asking.actor_of(&step.actor_kind, step.actor.as_deref(), step.actor_name.as_deref()))
}
