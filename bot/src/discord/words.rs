//! What Discord itself shows of the bot beside its commands, in both languages: the modal, and answers that need no tenant.
//!
//! Invariant: a label is at most 45 characters. On the wire English is the name; the other language is a localisation of
//! it. The terms are those of [`crate::wording`], which its tests hold.

use tillwatch_shared::Locale;

/// The platform's name of the second language.
pub(crate) const ZH: &str = "zh-CN";

/// The words of the modal that asks for a reason, and of the answers that need no tenant.
pub(crate) struct Asking {
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
            reason: "Why?",
            hint: "Kept in the history and the audit log",
            outdated: "This button is from an older version. Use the newest message, or a command.",
            server_only: "Use the commands in your team's server.",
        },
        Locale::ZhCn => Asking {
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
    use crate::wording::terms::all_chinese;

    #[test]
    fn every_word_keeps_the_platforms_limits_and_the_terms_of_the_answers() {
        for locale in [Locale::En, Locale::ZhCn] {
            let a = asking(locale);
            assert!((1..=45).contains(&a.reason.chars().count()));
            assert!((1..=100).contains(&a.hint.chars().count()));
        }
        let asking = asking(Locale::ZhCn);
        [asking.reason, asking.hint, asking.outdated, asking.server_only].into_iter().for_each(all_chinese);
    }

    #[test]
    fn a_chinese_client_reads_chinese() {
        assert_eq!((locale_of("zh-CN"), locale_of("zh-TW")), (Locale::ZhCn, Locale::ZhCn));
        assert_eq!((locale_of("en-GB"), locale_of("de")), (Locale::En, Locale::En));
    }
}
