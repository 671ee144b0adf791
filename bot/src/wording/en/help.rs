//! Help in English.

use super::super::Topic;

/// What a command does, in a few words.
pub(super) fn line(topic: Topic) -> &'static str {
    match topic {
        Topic::Link => "link yourself to your account, with a one-time code",
        Topic::CampaignList => "all campaigns with state and spend, running ones first",
        Topic::CampaignShow => "one campaign: state, spend, dates, channels",
        Topic::CampaignPause => "stop a campaign's spend, with a reason",
        Topic::CampaignResume => "let a paused campaign run again, with a reason",
        Topic::Kpi => "the figures of the last day; of one metric, the last 7 days",
        Topic::AlertsList => "open alerts, numbered",
        Topic::AlertsShow => "one alert with its timeline",
        Topic::AlertsAck => "take an alert; the team sees that you have it",
        Topic::AlertsSilence => "silence an alert for a while; a reason is needed",
        Topic::AlertsWhy => "why you got an alert, or did not",
        Topic::GoalsList => "the goals that are pursued, with pace and forecast",
        Topic::GoalsShow => "one goal: pace, forecast, what a draft lacks",
        Topic::Budget => "what the campaigns have spent of their budgets",
        Topic::Digest => "the stand-up on one screen: yesterday, today, blocked, due",
        Topic::Report => "the last week beside the one before, with a picture",
        Topic::Schedule => "when and where the reports appear by themselves",
        Topic::Help => "this list, or help on one command",
    }
}

/// What there is to know about it.
pub(super) fn text(topic: Topic) -> &'static str {
    match topic {
        Topic::Link => {
            "Sign in to Tillwatch, ask for a code (POST /v1/chat-links/code) and type it here within a few minutes. You then act with your account's rights. Someone who may manage chats links the server at the same time, and alerts appear in that channel; linking again in another channel moves them there."
        }
        Topic::CampaignList => {
            "Each line tells the state, since when, and the spend against the budget. A number after it asks for a further page: campaign list 2"
        }
        Topic::CampaignShow => {
            "A campaign is found by its id, its own key, its name, or the first letters of either, in any case. If several fit, you are asked which one."
        }
        Topic::CampaignPause => {
            "Needs a reason, which is kept in the history and the audit log. Pausing twice changes nothing. Quote a name that has the word “because” in it."
        }
        Topic::CampaignResume => {
            "Needs a reason. After a stop-loss, check the figures first: the line still stands, and the next cost over it pauses the campaign again."
        }
        Topic::Kpi => {
            "Each figure is compared with the same weekday a week before. An arrow tells the way it went, a word whether that is better."
        }
        Topic::AlertsList => "The numbers hold until your next list. Firing ones come first.",
        Topic::AlertsShow => "By the number of your last list, or by its id (alr_…).",
        Topic::AlertsAck => "By the number of your last list, or by its id (alr_…). The first who takes it has it.",
        Topic::AlertsSilence => {
            "Say for how long: 30m, 2h, 1d; an hour if you leave it out. Critical alerts for at most 4 hours, warnings for 3 days, the rest for 14 days. You are told before it ends, and what still fires then speaks. A stop-loss cannot be silenced."
        }
        Topic::AlertsWhy => {
            "Tells what it was judged by, whether a silence, maintenance, a stop-loss or a storm held it back, and what became of each message. By the number of your last list, or by its id (alr_…)."
        }
        Topic::GoalsList => {
            "Pace is what was brought against what was to be brought by now. The forecast is where the goal will be at its deadline, if it goes on as in the last weeks."
        }
        Topic::GoalsShow => "A goal is found by its id (gol_…), its name, or a part of it, in any case.",
        Topic::Budget => {
            "Campaigns that run or are paused and have a budget, those that are used up most first, beside the days that they have used."
        }
        Topic::Digest => {
            "The same report appears by itself each morning. It is about the whole retailer, so somebody who sees some channels only does not get it."
        }
        Topic::Report => "The same report appears by itself on the first day of your fiscal week.",
        Topic::Schedule => {
            "Say daily or weekly and a time, on, off, or here: schedule daily 08:30 here. Until you do, both appear in the morning in the chat that was linked first."
        }
        Topic::Help => "For example: help campaign pause",
    }
}
