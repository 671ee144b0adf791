//! What Discord itself shows of the bot, in both languages: command names and descriptions, the modal.
//!
//! Invariant: a name is at most 32 characters, lower case, unique under its parent; a description 100; a modal's
//! title and labels 45. English is the name on the wire; the other language is a localisation of it. The terms are those
//! of [`crate::wording`], which its tests hold.

use tillwatch_shared::Locale;

/// The platform's name of the second language.
pub(crate) const ZH: &str = "zh-CN";

/// The words of one command or option: its place (`campaign pause reason`), and name and descriptions.
pub(crate) struct Words {
    /// The English names from the top, separated by spaces.
    pub(crate) path: &'static str,
    /// The Chinese name.
    pub(crate) zh_name: &'static str,
    /// The English description.
    pub(crate) en: &'static str,
    /// The Chinese description.
    pub(crate) zh: &'static str,
}

const fn words(path: &'static str, zh_name: &'static str, en: &'static str, zh: &'static str) -> Words {
    Words { path, zh_name, en, zh }
}

/// Every command, subcommand and option.
pub(crate) const ALL: &[Words] = &[
    words("link", "绑定", "Link yourself to your staff account with a one-time code", "用一次性绑定码绑定您的员工账号"),
    words("link code", "绑定码", "The code that you were shown after signing in", "登录后获得的一次性绑定码"),
    words("campaign", "营销活动", "Campaigns: list, show, pause, resume", "营销活动：列表、查看、暂停、恢复"),
    words("campaign list", "列表", "List the campaigns, running ones first", "列出营销活动，进行中的在前"),
    words("campaign list page", "页码", "Which page of the list", "列表的第几页"),
    words("campaign show", "查看", "Show a campaign with its spend and history", "查看某个营销活动的花费与历史"),
    words("campaign show campaign", "营销活动", "Name, key or id", "名称、编码或编号"),
    words("campaign pause", "暂停", "Pause a campaign now", "立即暂停营销活动"),
    words("campaign pause campaign", "营销活动", "Name, key or id", "名称、编码或编号"),
    words("campaign pause reason", "原因", "Why; you are asked when you leave it out", "暂停的原因；留空时会再询问"),
    words("campaign resume", "恢复", "Resume a paused campaign", "恢复已暂停的营销活动"),
    words("campaign resume campaign", "营销活动", "Name, key or id", "名称、编码或编号"),
    words("campaign resume reason", "原因", "Why; you are asked when you leave it out", "恢复的原因；留空时会再询问"),
    words("kpi", "指标", "The key figures of the last day", "最近一天的关键指标"),
    words("kpi metric", "指标", "One metric; all of them if left out", "某一个指标；留空则显示全部"),
    words("alerts", "预警", "Alerts: list, show, acknowledge, silence", "预警：列表、查看、认领、静默"),
    words("alerts list", "列表", "List the open alerts", "列出未恢复的预警"),
    words("alerts show", "查看", "Show an alert with its timeline", "查看某条预警及其时间线"),
    words("alerts show alert", "预警", "Number in the last list, or id", "最近一次列表中的编号，或预警编号"),
    words("alerts ack", "认领", "Acknowledge an alert: you take care of it", "认领预警：由您跟进"),
    words("alerts ack alert", "预警", "Number in the last list, or id", "最近一次列表中的编号，或预警编号"),
    words("alerts why", "为什么", "Why you got an alert, or did not", "为什么收到或没有收到某条预警"),
    words("alerts why alert", "预警", "Number in the last list, or id", "最近一次列表中的编号，或预警编号"),
    words("alerts silence", "静默", "Silence an alert for a while", "静默预警一段时间"),
    words("alerts silence alert", "预警", "Number in the last list, or id", "最近一次列表中的编号，或预警编号"),
    words("alerts silence duration", "时长", "30m, 2h or 1d; an hour if left out", "30分钟、2小时或1天；留空为1小时"),
    words("alerts silence reason", "原因", "Why; you are asked when you leave it out", "静默的原因；留空时会再询问"),
    words("goals", "目标", "Goals: list, show", "目标：列表、查看"),
    words("goals list", "列表", "List the goals that are pursued", "列出执行中的目标"),
    words("goals show", "查看", "Show a goal with pace and forecast", "查看某个目标的进度与预测"),
    words("goals show goal", "目标", "Name or id", "名称或编号"),
    words("budget", "预算", "What the campaigns have spent of their budgets", "各营销活动的预算使用情况"),
    words("digest", "站会", "The stand-up: yesterday, today, blocked, due", "每日站会：昨日、今日、受阻、到期"),
    words("report", "周报", "The last week beside the one before", "上周与前一周对比"),
    words("schedule", "报告时间", "When and where the reports appear", "报告自动发送的时间与地点"),
    words("schedule report", "报告", "daily or weekly; both are shown if left out", "日报或周报；留空则显示两者"),
    words("schedule at", "时间", "A time such as 08:30, or on, or off", "如 08:30，或 开启、关闭"),
    words("schedule here", "此处", "Let it appear in this server", "在此服务器中发送"),
    words("help", "帮助", "What the bot can do", "机器人能做什么"),
];

/// The words of one place.
pub(crate) fn at(path: &str) -> Option<&'static Words> {
    ALL.iter().find(|w| w.path == path)
}

/// The words of the modal that asks for a reason, and of the answers that need no tenant.
pub(crate) struct Asking {
    /// The title when pausing.
    pub(crate) pause: &'static str,
    /// The title when resuming.
    pub(crate) resume: &'static str,
    /// The title when silencing an alert.
    pub(crate) silence: &'static str,
    /// The label of the input.
    pub(crate) reason: &'static str,
    /// What the empty input says.
    pub(crate) hint: &'static str,
    /// A button or form of an older version was used.
    pub(crate) outdated: &'static str,
    /// A command outside of any server.
    pub(crate) server_only: &'static str,
}

/// In the reader's language.
pub(crate) fn asking(locale: Locale) -> Asking {
    match locale {
        Locale::En => Asking {
            pause: "Pause campaign",
            resume: "Resume campaign",
            silence: "Silence alert",
            reason: "Why?",
            hint: "Kept in the history and the audit log",
            outdated: "This button is from an older version. Use the newest message, or a command.",
            server_only: "Use the commands in your team's server.",
        },
        Locale::ZhCn => Asking {
            pause: "暂停营销活动",
            resume: "恢复营销活动",
            silence: "静默预警",
            reason: "原因",
            hint: "会记入历史和审计日志",
            outdated: "此按钮来自旧版本。请使用最新的消息，或改用命令。",
            server_only: "请在团队的服务器中使用命令。",
        },
    }
}

/// The language of a user's client; it is known before the tenant is.
pub(crate) fn locale_of(client: &str) -> Locale {
    if client.starts_with("zh") { Locale::ZhCn } else { Locale::En }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_word_keeps_the_platforms_limits() {
        let mut seen = HashSet::new();
        for w in ALL {
            assert!(seen.insert(w.path), "{} twice", w.path);
            let parent = w.path.rsplit_once(' ').map_or("", |p| p.0);
            assert!(
                seen.is_superset(&HashSet::from([parent]).difference(&HashSet::from([""])).copied().collect()),
                "{} before its parent",
                w.path
            );
            assert!((1..=32).contains(&w.zh_name.chars().count()) && !w.zh_name.contains(' '));
            for text in [w.en, w.zh] {
                assert!((1..=100).contains(&text.chars().count()), "{text}");
            }
        }
        for locale in [Locale::En, Locale::ZhCn] {
            let a = asking(locale);
            assert!([a.pause, a.resume, a.silence, a.reason].iter().all(|t| (1..=45).contains(&t.chars().count())));
            assert!((1..=100).contains(&a.hint.chars().count()));
        }
    }

    #[test]
    fn the_terms_are_those_of_the_answers() {
        let asking = asking(Locale::ZhCn);
        let more = [
            asking.pause,
            asking.resume,
            asking.silence,
            asking.reason,
            asking.hint,
            asking.outdated,
            asking.server_only,
        ];
        for text in ALL.iter().flat_map(|w| [w.zh_name, w.zh]).chain(more) {
            assert_eq!(crate::wording::not_ours(text), None, "{text}");
        }
    }

    #[test]
    fn names_are_unique_under_their_parent_in_both_languages() {
        let names: HashSet<(String, &str)> = ALL
            .iter()
            .map(|w| (w.path.rsplit_once(' ').map_or(String::new(), |p| p.0.to_owned()), w.zh_name))
            .collect();
        assert_eq!(names.len(), ALL.len());
    }

    #[test]
    fn a_chinese_client_reads_chinese() {
        assert_eq!((locale_of("zh-CN"), locale_of("zh-TW")), (Locale::ZhCn, Locale::ZhCn));
        assert_eq!((locale_of("en-GB"), locale_of("de")), (Locale::En, Locale::En));
    }
}
