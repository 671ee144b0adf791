//! What is told of a login's second factor, in both languages. Pure.

use super::Text;
use serde::{Deserialize, Serialize};

/// What happened to a login's second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorChange {
    /// An authenticator was enrolled.
    Enrolled,
    /// It was removed by its owner.
    Removed,
    /// It was removed by the operator of the service.
    RemovedByOperator,
    /// New recovery codes were made.
    CodesRenewed,
    /// A recovery code was used.
    CodeUsed,
}

impl FactorChange {
    /// Each of them.
    pub const ALL: [Self; 5] =
        [Self::Enrolled, Self::Removed, Self::RemovedByOperator, Self::CodesRenewed, Self::CodeUsed];

    /// The mail in English; `time` is when it happened.
    pub(super) fn english(self, time: &str) -> Text {
        let (subject, happened) = match self {
            Self::Enrolled => (
                "Your Tillwatch login asks for a code now",
                "an authenticator was enrolled for the Tillwatch login with this address",
            ),
            Self::Removed => (
                "Your Tillwatch login asks for no code any more",
                "the authenticator of the Tillwatch login with this address was removed",
            ),
            Self::RemovedByOperator => (
                "Your Tillwatch login asks for no code any more",
                "the operator of the service, who was asked to, removed the authenticator of the Tillwatch login with this \
                 address",
            ),
            Self::CodesRenewed => (
                "New recovery codes for your Tillwatch login",
                "new recovery codes were made for the Tillwatch login with this address; those of before work no more",
            ),
            Self::CodeUsed => (
                "A recovery code of your Tillwatch login was used",
                "a recovery code was used instead of the authenticator of the Tillwatch login with this address",
            ),
        };
        Text {
            subject: subject.to_owned(),
            body: format!(
                "Hello,\n\n{happened}. It was on {time}.\n\nIf it was not you, ask for a new password at once \
                 (\"forgotten password\") and tell your retailer's owner.\n"
            ),
        }
    }

    /// The mail in Chinese; `time` is when it happened.
    pub(super) fn chinese(self, time: &str) -> Text {
        let (subject, happened) = match self {
            Self::Enrolled => ("您的 Tillwatch 账号已开启两步验证", "已绑定身份验证器"),
            Self::Removed => ("您的 Tillwatch 账号已关闭两步验证", "已移除身份验证器"),
            Self::RemovedByOperator => ("您的 Tillwatch 账号已关闭两步验证", "服务运营方应请求移除了身份验证器"),
            Self::CodesRenewed => ("您的 Tillwatch 账号已更新恢复码", "已生成新的恢复码，原恢复码不再有效"),
            Self::CodeUsed => ("您的 Tillwatch 账号使用了恢复码", "有人用恢复码代替身份验证器通过了验证"),
        };
        Text {
            subject: subject.to_owned(),
            body: format!(
                "您好：\n\n此邮箱的 Tillwatch 账号于 {time} 发生变更：{happened}。\n\n\
                 如果不是您本人操作，请立即通过“忘记密码”重置密码，并告知贵公司的所有者。\n"
            ),
        }
    }
}
