//! A retailer in Shanghai: everything is said in Chinese, in its own currency and terms.

use super::{Chat, OWNER};
use crate::harness::eventually;
use crate::harness::tenant::Style;

const SHANGHAI: Style = Style { locale: "zh-CN", time_zone: "Asia/Shanghai", currency: "CNY" };

#[tokio::test]
async fn a_chinese_retailer_reads_and_acts_in_chinese() {
    let (chat, bot) = Chat::with_bot(SHANGHAI).await;
    chat.fake.set_locale(OWNER, "zh-CN");
    let autumn = chat.costly("秋季满减").await;
    chat.stopped("双十一大促", 1_250.0).await;

    let stop = chat.shown(&["告警中", "止损线", "双十一大促（已暂停）", "¥1,250.00"]).await;
    let labels: Vec<String> = stop.buttons().into_iter().map(|(label, _)| label).collect();
    assert_eq!(labels, ["活动未在进行", "认领", "查看"]);
    let answer = chat.fake.press(stop.id, &stop.button("认领"), OWNER).await.reply().await.read();
    assert!(answer.contains("已认领：Stop at 1000"), "{answer}");
    chat.shown(&["👀 已认领", "双十一大促"]).await;
    // The launch of the campaign may be told behind the alert that its cost raised.
    let told = async || {
        let (_, lines) = chat.fake.thread_of(stop.id)?;
        let behind_time = |line: &String| line.split_once(" · ").map(|(_, what)| what.to_owned());
        let lines: Vec<String> = lines.iter().filter_map(behind_time).filter(|line| !line.contains("启动")).collect();
        (lines.len() == 2).then_some(lines)
    };
    assert_eq!(
        eventually("both lines", told).await,
        ["🔔 触发预警 · 营销费用：¥1,250.00 · 止损线：¥1,000.00 · 营销活动已因此暂停。", "👀 已认领（Olive Owner）"]
    );

    let costly = chat.shown(&["秋季满减（进行中）", "高于阈值"]).await;
    let modal = chat.fake.press(costly.id, &costly.button("暂停活动"), OWNER).await.modal().await;
    assert_eq!(modal.json["title"], "暂停营销活动");
    let answer = chat.fake.submit_modal(&modal, &[("reason", "成本过高")]).await.reply().await.read();
    assert!(answer.contains("已暂停：秋季满减"), "{answer}");
    assert_eq!(chat.campaign(&autumn).await["state_reason"], "成本过高");
    chat.shown(&["秋季满减（已暂停）"]).await;
    let choices = chat.fake.autocomplete(OWNER, "campaign resume", "campaign", "秋").await;
    assert_eq!(choices, [("秋季满减 · 已暂停".to_owned(), autumn.clone())]);
    let wish = [("campaign", "秋季"), ("reason", "已调整预算")];
    let answer = chat.fake.slash(OWNER, "campaign resume", &wish).await.reply().await.read();
    assert!(answer.contains("已恢复：秋季满减"), "{answer}");

    let kpi = chat.fake.slash(OWNER, "kpi", &[]).await.reply().await.read();
    assert!(kpi.contains("的指标") && kpi.contains("营销费用：¥1,250.00"), "{kpi}");
    let alerts = chat.fake.slash(OWNER, "alerts list", &[]).await.reply().await.read();
    assert!(alerts.contains("未恢复的预警（2）") && alerts.contains("已认领"), "{alerts}");
    let help = chat.fake.slash(OWNER, "help", &[]).await.reply().await.read();
    assert!(help.contains("可用命令") && !help.contains("What you can type"), "{help}");
    assert_eq!(chat.one_message_each().await, 2);
    chat.close(bot).await;
}
