//! The mails in Chinese.

use super::{Letter, Text, name, time};
use tillwatch_shared::permissions::Role;
use tillwatch_shared::watch::Severity;

impl Letter {
    pub(super) fn chinese(&self, link: &str) -> Text {
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
            Self::AlertEscalated { alert, rule, severity, since } => {
                let (rule, since) = (name(rule), time(*since));
                let severity = match severity {
                    Severity::Critical => "严重",
                    Severity::Warning => "警告",
                    Severity::Info => "提示",
                };
                Text {
                    subject: format!("预警无人认领：{rule}"),
                    body: format!(
                        "您好：\n\n预警“{rule}”（{severity}）自 {since} 起告警，至今无人认领。\n\n\
                         请在聊天中认领（alerts ack {alert}）或通过 API 认领，也可请同事处理。\n"
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
