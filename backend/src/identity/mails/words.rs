//! What each mail says, in both languages. Pure: a letter, a language and a link in; a subject and a plain text out.

use super::factor::FactorChange;
use crate::platform::mail::one_line;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tillwatch_shared::Locale;
use tillwatch_shared::ids::ErasureId;
use tillwatch_shared::permissions::Role;

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

    fn english(&self, link: &str) -> Text {
        match self {
            Self::Invitation { retailer, inviter, role, custom_role, until } => {
                let (retailer, inviter, until) = (name(retailer), name(inviter), time(*until));
                let role = custom_role
                    .as_deref()
                    .map_or_else(|| role_en(*role).to_owned(), |role| format!("\"{}\"", name(role)));
                Text {
                    subject: format!("{inviter} invites you to {retailer} on Tillwatch"),
                    body: format!(
                        "Hello,\n\n{inviter} invites you to work at {retailer} on Tillwatch, as {role}.\n\n\
                         Join here:\n{link}\n\n\
                         The link works once and until {until}. If you have a login with this address already, join \
                         with its password.\n\nIf you do not know {inviter}, ignore this mail: nothing happens without the link.\n"
                    ),
                }
            }
            Self::PasswordReset { until } => Text {
                subject: "A new password for Tillwatch".to_owned(),
                body: format!(
                    "Hello,\n\nsomebody asked for a new password for the Tillwatch login with this address.\n\n\
                     Choose one here:\n{link}\n\n\
                     The link works once and until {}. All devices are signed out then.\n\n\
                     If it was not you, ignore this mail: your password stays as it is.\n",
                    time(*until)
                ),
            },
            Self::PasswordChanged { at } => Text {
                subject: "Your Tillwatch password was changed".to_owned(),
                body: format!(
                    "Hello,\n\nthe password of the Tillwatch login with this address was changed on {}. Other devices \
                     were signed out.\n\nIf it was not you, ask for a new password at once (\"forgotten password\") and tell \
                     your retailer's owner.\n",
                    time(*at)
                ),
            },
            Self::SecondFactorChanged { what, at } => what.english(&time(*at)),
            Self::TokenLeaked { token, rotated, source, at } => {
                let (token, at) = (name(token), time(*at));
                let found = source.as_ref().map_or_else(String::new, |source| format!(" (\"{}\")", name(source)));
                let (ended, next) = if *rotated {
                    (
                        "Only its former secret, which a rotation had replaced, was found. That one works no more; \
                         the present one goes on.",
                        "Make sure that no program of yours still uses the former secret",
                    )
                } else {
                    ("The token was revoked at once.", "Make a new token for the program that used it")
                };
                Text {
                    subject: format!("API token \"{token}\" was found in the open and ended"),
                    body: format!(
                        "Hello,\n\nsomebody found the API token \"{token}\" where it does not belong{found} and reported it \
                         on {at}. {ended}\n\n{next}, and look through the audit log for what was done with it.\n"
                    ),
                }
            }
            Self::WebhookDisabled { webhook, gone, at } => {
                let (webhook, at) = (name(webhook), time(*at));
                let why = if *gone {
                    "it answered that it is gone for good (410)"
                } else {
                    "it accepted nothing for five days"
                };
                Text {
                    subject: format!("Webhook \"{webhook}\" was disabled"),
                    body: format!(
                        "Hello,\n\nthe webhook \"{webhook}\" was disabled on {at}: {why}. Nothing is sent to it any more, \
                         and what was waiting for it was given up.\n\nOnce its receiver works, enable the webhook again and \
                         replay the events of the time that it missed.\n"
                    ),
                }
            }
            Self::TenantClosing { retailer, until, erasure } => {
                let (retailer, until) = (name(retailer), time(*until));
                Text {
                    subject: format!("{retailer} is being closed on Tillwatch"),
                    body: format!(
                        "Hello,\n\n{retailer} is being closed. Until {until} an owner can keep it open; then everything of \
                         it is removed and cannot be brought back.\n\nA signed certificate of the removal will be found \
                         under this number, which needs no login:\n{erasure}\n\n\
                         Keep this mail: it is the only place that still has the number afterwards.\n"
                    ),
                }
            }
        }
    }

    fn chinese(&self, link: &str) -> Text {
        match self {
            Self::Invitation { retailer, inviter, role, custom_role, until } => {
                let (retailer, inviter, until) = (name(retailer), name(inviter), time(*until));
                let role = custom_role.as_deref().map_or_else(|| role_zh(*role).to_owned(), name);
                Text {
                    subject: format!("{inviter}邀请您加入 Tillwatch 上的{retailer}"),
                    body: format!(
                        "您好：\n\n{inviter}邀请您以“{role}”的身份加入 Tillwatch 上的{retailer}。\n\n\
                         请点击链接加入：\n{link}\n\n\
                         链接只能使用一次，有效期至 {until}。如果您已用此邮箱注册过，请用原密码加入。\n\n\
                         如果您不认识{inviter}，请忽略本邮件；不使用链接则不会有任何变化。\n"
                    ),
                }
            }
            Self::PasswordReset { until } => Text {
                subject: "重置 Tillwatch 密码".to_owned(),
                body: format!(
                    "您好：\n\n有人为此邮箱的 Tillwatch 账号申请了重置密码。\n\n请点击链接设置新密码：\n{link}\n\n\
                     链接只能使用一次，有效期至 {}。设置后所有设备都将退出登录。\n\n\
                     如果不是您本人操作，请忽略本邮件，您的密码不会改变。\n",
                    time(*until)
                ),
            },
            Self::PasswordChanged { at } => Text {
                subject: "您的 Tillwatch 密码已更改".to_owned(),
                body: format!(
                    "您好：\n\n此邮箱的 Tillwatch 账号已于 {} 更改密码，其他设备已退出登录。\n\n\
                     如果不是您本人操作，请立即通过“忘记密码”重置，并告知贵公司的所有者。\n",
                    time(*at)
                ),
            },
            Self::SecondFactorChanged { what, at } => what.chinese(&time(*at)),
            Self::TokenLeaked { token, rotated, source, at } => {
                let (token, at) = (name(token), time(*at));
                let found = source.as_ref().map_or_else(String::new, |source| format!("（“{}”）", name(source)));
                let (ended, next) = if *rotated {
                    ("泄露的只是轮换前的旧密钥，该旧密钥已失效，现用密钥不受影响。", "请确认没有程序仍在使用旧密钥")
                } else {
                    ("该令牌已立即吊销。", "请为使用它的程序创建新令牌")
                };
                Text {
                    subject: format!("API 令牌“{token}”已泄露并被停用"),
                    body: format!(
                        "您好：\n\n有人在不该出现的地方{found}发现了 API 令牌“{token}”，并于 {at} 上报。{ended}\n\n\
                         {next}，并在审计日志中查看它被用来做了什么。\n"
                    ),
                }
            }
            Self::WebhookDisabled { webhook, gone, at } => {
                let (webhook, at) = (name(webhook), time(*at));
                let why = if *gone {
                    "接收端返回 410，表示已永久停用"
                } else {
                    "接收端已连续五天未接收任何消息"
                };
                Text {
                    subject: format!("Webhook“{webhook}”已停用"),
                    body: format!(
                        "您好：\n\nWebhook“{webhook}”已于 {at} 停用，原因：{why}。系统不再向它发送消息，待发送的消息也已放弃。\n\n\
                         接收端恢复后，请重新启用该 Webhook，并重放它错过的那段时间的事件。\n"
                    ),
                }
            }
            Self::TenantClosing { retailer, until, erasure } => {
                let (retailer, until) = (name(retailer), time(*until));
                Text {
                    subject: format!("Tillwatch 上的{retailer}即将关闭"),
                    body: format!(
                        "您好：\n\n{retailer}即将关闭。在 {until} 之前，所有者可以撤销关闭；此后其全部数据将被删除，且无法恢复。\n\n\
                         删除完成后，可凭以下编号查询签名的删除证明，无需登录：\n{erasure}\n\n\
                         请保存本邮件：届时只有这里还留有该编号。\n"
                    ),
                }
            }
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

const fn role_en(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Admin => "admin",
        Role::Marketer => "marketer",
        Role::Analyst => "analyst",
        Role::Compliance => "compliance officer",
        Role::ServiceAgent => "service agent",
        Role::Integrator => "integrator",
        Role::Viewer => "viewer",
    }
}

const fn role_zh(role: Role) -> &'static str {
    match role {
        Role::Owner => "所有者",
        Role::Admin => "管理员",
        Role::Marketer => "营销专员",
        Role::Analyst => "分析师",
        Role::Compliance => "合规专员",
        Role::ServiceAgent => "客服专员",
        Role::Integrator => "集成专员",
        Role::Viewer => "只读用户",
    }
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
