//! What each mail says, in both languages. Pure: a letter, a language and a link in; a subject and a plain text out.

use super::factor::FactorChange;
mod chinese;
mod english;

use crate::platform::mail::one_line;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tillwatch_shared::Locale;
use tillwatch_shared::ids::{AlertId, ErasureId};
use tillwatch_shared::permissions::Role;
use tillwatch_shared::watch::Severity;

/// Characters of a name that a mail shows.
const NAME: usize = 120;

/// What a mail is about. It holds names and times, never a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Letter {
    /// Somebody is asked to join a retailer.
    Invitation {
        /// The retailer's name.
        retailer: String,
        /// Who asks.
        inviter: String,
        /// What the invited person will be.
        role: Role,
        /// The name of the role of the retailer's own that they will have instead.
        #[serde(default)]
        custom_role: Option<String>,
        /// Until when the link works.
        until: DateTime<Utc>,
    },
    /// Somebody, who may be its owner, has forgotten a login's password.
    PasswordReset {
        /// Until when the link works.
        until: DateTime<Utc>,
    },
    /// A login has a new password.
    PasswordChanged {
        /// Since when.
        at: DateTime<Utc>,
    },
    /// A login's second factor was changed, or a recovery code stood in for it.
    SecondFactorChanged {
        /// What happened.
        what: FactorChange,
        /// When.
        at: DateTime<Utc>,
    },
    /// An API token was found where it does not belong, and was ended.
    TokenLeaked {
        /// The token's name.
        token: String,
        /// Only its secret before the last rotation was found: the token goes on with its present one.
        rotated: bool,
        /// Where it was found, in the finder's words.
        source: Option<String>,
        /// When it ended.
        at: DateTime<Utc>,
    },
    /// A webhook that accepts nothing any more was disabled.
    WebhookDisabled {
        /// The webhook's name.
        webhook: String,
        /// It said that it is gone for good; otherwise it accepted nothing for days.
        gone: bool,
        /// Since when.
        at: DateTime<Utc>,
    },
    /// Nobody has taken an alert in hand.
    AlertEscalated {
        /// Its id.
        alert: AlertId,
        /// The name of its rule.
        rule: String,
        /// How loud it is.
        severity: Severity,
        /// Since when it fires.
        since: DateTime<Utc>,
    },
    /// A retailer is being closed.
    TenantClosing {
        /// Its name.
        retailer: String,
        /// Until when it can be kept open.
        until: DateTime<Utc>,
        /// Under which the certificate will be found.
        erasure: ErasureId,
    },
}

/// A worded mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub body: String,
}

impl Letter {
    /// The template's name in the database.
    pub const fn template(&self) -> &'static str {
        match self {
            Self::Invitation { .. } => "invitation",
            Self::PasswordReset { .. } => "password_reset",
            Self::PasswordChanged { .. } => "password_changed",
            Self::SecondFactorChanged { .. } => "second_factor_changed",
            Self::TokenLeaked { .. } => "token_leaked",
            Self::WebhookDisabled { .. } => "webhook_disabled",
            Self::AlertEscalated { .. } => "alert_escalated",
            Self::TenantClosing { .. } => "tenant_closing",
        }
    }

    /// The page that its link opens; `None` for a mail without a link.
    pub const fn page(&self) -> Option<&'static str> {
        match self {
            Self::Invitation { .. } => Some("join"),
            Self::PasswordReset { .. } => Some("new-password"),
            _ => None,
        }
    }

    /// The mail in this language, with its link where it has one.
    pub fn text(&self, locale: Locale, link: &str) -> Text {
        match locale {
            Locale::En => self.english(link),
            Locale::ZhCn => self.chinese(link),
        }
    }
}

/// A name as a mail may show it: one line, of bounded length, and nothing that a mail program turns into a link, since
/// whoever chooses it need not be known to who reads it.
fn name(text: &str) -> String {
    let line = one_line(text).replace("://", " ");
    // A dot between two letters makes an address of it (`evil.example`).
    let mut shown = String::new();
    let mut letters = line.chars().take(NAME).peekable();
    while let Some(letter) = letters.next() {
        shown.push(letter);
        if letter == '.' && letters.peek().is_some_and(|next| !next.is_whitespace()) {
            shown.push(' ');
        }
    }
    shown
}

/// To the minute, in UTC: the reader's time zone is not known.
fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn letters(retailer: &str, inviter: &str) -> Vec<Letter> {
        let (retailer, inviter) = (retailer.to_owned(), inviter.to_owned());
        let of_factor = FactorChange::ALL.iter().map(|what| Letter::SecondFactorChanged { what: *what, at: at() });
        let others = vec![
            Letter::Invitation {
                retailer: retailer.clone(),
                inviter: inviter.clone(),
                role: Role::Marketer,
                custom_role: None,
                until: at(),
            },
            Letter::PasswordReset { until: at() },
            Letter::PasswordChanged { at: at() },
            Letter::TokenLeaked { token: retailer.clone(), rotated: false, source: Some(inviter.clone()), at: at() },
            Letter::TokenLeaked { token: retailer.clone(), rotated: true, source: None, at: at() },
            Letter::WebhookDisabled { webhook: retailer.clone(), gone: true, at: at() },
            Letter::WebhookDisabled { webhook: inviter.clone(), gone: false, at: at() },
            Letter::AlertEscalated {
                alert: AlertId(uuid::Uuid::nil()),
                rule: retailer.clone(),
                severity: Severity::Critical,
                since: at(),
            },
            Letter::TenantClosing { retailer, until: at(), erasure: ErasureId(uuid::Uuid::nil()) },
        ];
        others.into_iter().chain(of_factor).collect()
    }

    #[test]
    fn every_letter_exists_in_both_languages_with_its_link() {
        let link = "https://till.example/join#token=twl_x";
        for letter in letters("Harbour Grocers", "Mei Lin") {
            let [en, zh] = [Locale::En, Locale::ZhCn].map(|locale| letter.text(locale, link));
            assert!(en.subject.is_ascii() && en.body.is_ascii() && en.body.contains("2027-01-15 08:00 UTC"), "{en:?}");
            for text in [&zh.subject, &zh.body] {
                assert!(text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{text}");
            }
            for text in [&en, &zh] {
                assert_eq!(text.body.contains(link), letter.page().is_some(), "{text:?}");
                assert!(text.subject.chars().count() <= 300 && !text.subject.contains('\n'));
            }
        }
    }

    #[test]
    fn a_name_of_any_characters_stays_a_name_on_one_line() {
        let bad = "Evil\r\nBcc: a@b.example\n\nClick https://evil.example/now \u{7}";
        for letter in letters(bad, &"李".repeat(500)) {
            for locale in [Locale::En, Locale::ZhCn] {
                let text = letter.text(locale, "https://till.example/join#token=twl_x");
                assert!(!text.subject.contains(['\n', '\r', '\u{7}']), "{text:?}");
                assert!(!text.body.contains("\nBcc") && !text.body.contains("evil.example"), "{text:?}");
                assert!(!text.body.contains(&"李".repeat(NAME + 1)), "{text:?}");
            }
        }
        assert_eq!(name("Müller & Söhne Co. 北京店"), "Müller & Söhne Co. 北京店");
    }

    #[test]
    fn a_letter_is_kept_and_read_again() {
        for letter in letters("商店", "李雷") {
            let kept = serde_json::to_value(&letter).unwrap();
            assert_eq!(kept.as_object().unwrap().keys().collect::<Vec<_>>(), [letter.template()]);
            assert_eq!(serde_json::from_value::<Letter>(kept).unwrap(), letter);
        }
    }
}
