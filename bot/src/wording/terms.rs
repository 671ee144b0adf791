//! What the tests hold every text to: its language's letters, and the trade's terms.

/// What stays Latin in a Chinese text: commands and addresses as they are typed, and names.
const LATIN: [&str; 23] = [
    "PATCH /v1/campaigns/{id}",
    "schedule",
    "POST /v1/chat-links/code",
    "POST /v1/campaigns",
    "POST /v1/samples",
    "POST /v1/goals",
    "gol_",
    "GET 1",
    "campaign list",
    "campaign pause",
    "because",
    "BOT_PRIVATE_KEY",
    "DISCORD_TOKEN",
    "Discord",
    "UTF-8",
    "Tillwatch",
    "kpi",
    "help",
    "Tab",
    "quit",
    "alr_",
    "（n）",
    "（z）",
];

/// A Chinese character.
pub(crate) fn han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// No English is left in a Chinese text.
#[track_caller]
pub(crate) fn all_chinese(text: &str) {
    let rest = LATIN.iter().fold(text.to_owned(), |rest, latin| rest.replace(latin, ""));
    assert!(!rest.chars().any(|c| c.is_ascii_alphabetic()), "English in Chinese: {text}");
    assert!(text.chars().any(han) || text.chars().all(|c| !c.is_alphabetic()), "not Chinese: {text}");
    assert_eq!(not_ours(text), None, "{text}");
}

/// A word of the text that is not one of ours: another module's name for a thing that has a name already. The terms are
/// the trade's: 商家, 员工账号, 认领, 绑定, 绑定码, 编码 (a key), 编号 (an id), 时间线; the reader is 您.
pub(crate) fn not_ours(text: &str) -> Option<&'static str> {
    const OTHERS: [&str; 10] = ["租户", "成员", "确认收到", "关联", "验证码", "你", "经过", "序号", " ID", "告警列表"];
    OTHERS.into_iter().find(|other| text.contains(other))
}
