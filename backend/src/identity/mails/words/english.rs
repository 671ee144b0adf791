//! The mails in English.

use super::{Letter, Text, name, time};
use tillwatch_shared::permissions::Role;

impl Letter {
    pub(super) fn english(&self, link: &str) -> Text {
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
            Self::AlertEscalated { alert, rule, severity, since } => {
                let (rule, since) = (name(rule), time(*since));
                Text {
                    subject: format!("Nobody has acknowledged an alert: {rule}"),
                    body: format!(
                        "Hello,\n\nthe alert \"{rule}\" ({severity}) fires since {since}, and nobody has acknowledged it.\n\n\
                         Take it in chat (alerts ack {alert}) or over the API, or ask a colleague to.\n"
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
