//! `digest`, `report` and `schedule`.

use tillwatch_shared::permissions::Permission;
use tillwatch_shared::watch::{ReportKind, ReportSchedule, ReportSchedules, Transport, UpdateReportSchedule};

use super::spec::{CommandSpec, OptionSpec, Run, Texts, both};
use super::{Asking, Completing, only_you};
use crate::api::Answer;
use crate::reply::{Picture, Reply, Tone};
use crate::report;

/// `digest`
pub(crate) static DIGEST: CommandSpec = CommandSpec::new(
    "digest",
    "站会",
    Texts {
        about: both("The stand-up: yesterday, today, blocked, due", "每日站会：昨日、今日、受阻、到期"),
        line: both(
            "the stand-up on one screen: yesterday, today, blocked, due",
            "每日站会一屏：昨日、今日、受阻、到期",
        ),
        help: both(
            "The same report appears by itself each morning. It is about the whole retailer, so somebody who sees some channels only does not get it.",
            "每天早上会自动发送同样的内容。内容涉及整个商家，仅能查看部分渠道的人不能使用。",
        ),
    },
    Run::Staff { needs: |_| Permission::ReportsRead, run: |_, asking| Box::pin(daily(asking)) },
)
.also(&["standup"]);

/// `report`
pub(crate) static REPORT: CommandSpec = CommandSpec::new(
    "report",
    "周报",
    Texts {
        about: both("The last week beside the one before", "上周与前一周对比"),
        line: both("the last week beside the one before, with a picture", "上周各指标与前一周对比，附走势图"),
        help: both(
            "The same report appears by itself on the first day of your fiscal week.",
            "每个财务周的第一天会自动发送同样的内容。",
        ),
    },
    Run::Staff { needs: |_| Permission::ReportsRead, run: |_, asking| Box::pin(weekly(asking)) },
);

/// Which report; both are shown if it is left out.
const WHICH: OptionSpec = OptionSpec::text(
    "report",
    "报告",
    both("daily or weekly; both are shown if left out", "日报或周报；留空则显示两者"),
)
.completing(Completing::Report)
.example("daily");
/// A time, on or off.
const AT: OptionSpec =
    OptionSpec::text("at", "时间", both("A time such as 08:30, or on, or off", "如 08:30，或 开启、关闭"))
        .at_most(20)
        .example("08:30");
/// It shall appear in the asker's chat server.
const HERE: OptionSpec =
    OptionSpec::flag("here", "此处", both("Let it appear in this server", "在此服务器中发送"), &["here", "此处"]);

/// `schedule [REPORT [TIME] [here]]`
pub(crate) static SCHEDULE: CommandSpec = CommandSpec::new(
    "schedule",
    "报告时间",
    Texts {
        about: both("When and where the reports appear", "报告自动发送的时间与地点"),
        line: both("when and where the reports appear by themselves", "报告自动发送的时间与地点"),
        help: both(
            "Say daily or weekly and a time, on, off, or here: schedule daily 08:30 here. Until you do, both appear in the morning in the chat that was linked first.",
            "写 日报 或 周报，再写时间、开启、关闭或 此处，例如：schedule 日报 08:30 此处。未设置时，两者均在早上发送到最早绑定的聊天频道。",
        ),
    },
    Run::Staff {
        needs: |given| {
            let changes = given.text(&WHICH).is_some() && (given.text(&AT).is_some() || given.flag(&HERE));
            if changes { Permission::ReportsWrite } else { Permission::ReportsRead }
        },
        run: |given, asking| Box::pin(schedule(given.text(&WHICH), given.text(&AT), given.flag(&HERE), asking)),
    },
)
.options(&[WHICH, AT, HERE]);

/// This morning's report.
async fn daily(asking: &Asking<'_>) -> Answer<Reply> {
    let told = asking.api.daily_report(asking.actor).await?;
    Ok(report::daily(&told, asking.words, asking.zone))
}

/// The last week's report, with its picture where the chat shows one.
async fn weekly(asking: &Asking<'_>) -> Answer<Reply> {
    let told = asking.api.weekly_report(asking.actor).await?;
    let mut reply = report::weekly(&told, asking.words);
    if let Some(drawn) = told.drawn.as_ref().filter(|_| shows_pictures(asking)) {
        // The words are the matter; without the picture they still are told.
        let png = asking.api.weekly_picture(asking.actor).await.unwrap_or_default();
        let alt = asking.words.metric_alt(report::name_of(drawn, asking.words.locale()));
        reply.picture = png.map(|png| Picture { png, alt });
    }
    Ok(reply)
}

/// Whether the asker's chat shows pictures: a terminal does not.
pub(super) fn shows_pictures(asking: &Asking<'_>) -> bool {
    asking.actor.transport == Transport::Discord
}

/// When and where reports appear; with a report and a time, a change of that.
async fn schedule(typed: Option<&str>, at: Option<&str>, here: bool, asking: &Asking<'_>) -> Answer<Reply> {
    let words = asking.words;
    let example = asking.usage(&SCHEDULE);
    let now = asking.api.report_schedules(asking.actor).await?;
    let Some(typed) = typed else {
        return Ok(listed(&now, asking));
    };
    let Some(kind) = kind_of(typed) else {
        return Ok(only_you(Tone::Refused, words.unknown_report(typed, &example)));
    };
    let Some(before) = now.data.iter().find(|one| one.kind == kind) else {
        return Ok(listed(&now, asking));
    };
    let mut change = UpdateReportSchedule { enabled: None, at: None, chat_server: None };
    match at {
        None if !here => return Ok(only_you(Tone::Plain, words.schedule_changed(&line(before, &now, asking)))),
        None => {}
        Some(at) => match (switched(at), time_of(at)) {
            (Some(on), _) => change.enabled = Some(on),
            (None, Some(time)) => (change.at, change.enabled) = (Some(time), Some(true)),
            (None, None) => return Ok(only_you(Tone::Refused, words.no_time(at, &example))),
        },
    }
    // Without places they may not change it: the service says so below.
    if here && !now.places.is_empty() {
        let actor = asking.actor;
        let place = now.places.iter().find(|one| one.transport == actor.transport && one.server_ref == actor.server);
        let Some(place) = place else { return Ok(only_you(Tone::Refused, words.not_a_place())) };
        change.chat_server = Some(Some(place.chat_server));
    }
    let after = asking.api.schedule_report(asking.actor, kind, before.version, &change).await?;
    let said = words.schedule_changed(&line(&after, &now, asking));
    Ok(Reply::say(Tone::Good, said.title, said.body))
}

fn listed(schedules: &ReportSchedules, asking: &Asking<'_>) -> Reply {
    let lines: Vec<String> = schedules.data.iter().map(|one| line(one, schedules, asking)).collect();
    Reply::say(Tone::Plain, asking.words.schedules(), lines.join("\n")).private()
}

fn line(one: &ReportSchedule, among: &ReportSchedules, asking: &Asking<'_>) -> String {
    let words = asking.words;
    if !one.enabled {
        return words.not_scheduled(one.kind);
    }
    let place = among.places.iter().find(|place| one.chat_server == Some(place.chat_server));
    // A server's id says little to a person: their own is here, and a robot has a name.
    let actor = asking.actor;
    let place = place.map(|place| match place.transport {
        robot if robot.is_robot() => words.aside(words.chat(robot), &place.channel_ref),
        chat if chat == actor.transport && place.server_ref == actor.server => words.here().to_owned(),
        chat => words.aside(words.chat(chat), &place.server_ref),
    });
    // Whoever may not choose among the places is not told them.
    let hidden = one.chat_server.filter(|_| among.places.is_empty());
    let place = place.or_else(|| hidden.map(|_| words.chosen_chat().to_owned()));
    let next = one.next_at.map(|at| asking.time(at));
    words.scheduled(one.kind, &one.at, place.as_deref(), next.as_deref())
}

/// The report that is meant, in either language.
fn kind_of(typed: &str) -> Option<ReportKind> {
    match typed.to_lowercase().as_str() {
        "daily" | "day" | "digest" | "日报" | "每日站会" | "站会" | "每日" => Some(ReportKind::Daily),
        "weekly" | "week" | "report" | "周报" | "每周" => Some(ReportKind::Weekly),
        _ => None,
    }
}

/// On or off, in either language.
fn switched(typed: &str) -> Option<bool> {
    match typed.to_lowercase().as_str() {
        "on" | "开启" | "打开" | "开" => Some(true),
        "off" | "关闭" | "关" => Some(false),
        _ => None,
    }
}

/// `8:30`, `08：30` or `08:30` as the service takes it.
fn time_of(typed: &str) -> Option<String> {
    let (hour, minute) = typed.split_once([':', '：'])?;
    let number = |text: &str, below: u32| {
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u32>().ok().filter(|number| digits && *number < below)
    };
    Some(format!("{:02}:{:02}", number(hour, 24)?, number(minute, 60).filter(|_| minute.len() == 2)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::commands::handle;
    use crate::testing::command;
    use crate::testing::things::{daily_report, me, weekly_report};
    use crate::testing::{FakeApi, Request, actor, discord_actor};
    use serde_json::{Value, json};
    use tillwatch_shared::Locale;
    use tillwatch_shared::permissions::Role;

    fn one(kind: &str, server: &Value) -> Value {
        json!({ "kind": kind, "enabled": true, "at": "09:00", "chat_server": server, "next_at": "2025-11-17T14:00:00Z", "version": 3 })
    }

    async fn fake(locale: Locale, server: String) -> FakeApi {
        FakeApi::start(move |request: &Request| match request.what().as_str() {
            "GET /v1/me" => (200, serde_json::to_value(me(Role::Marketer, locale)).unwrap()),
            "GET /v1/reports/daily" => (200, serde_json::to_value(daily_report()).unwrap()),
            "GET /v1/reports/weekly" => (200, serde_json::to_value(weekly_report()).unwrap()),
            "GET /v1/reports/weekly-picture" => (200, json!("png")),
            "GET /v1/report-schedules" => {
                let place =
                    json!({ "chat_server": server, "transport": "discord", "server_ref": "11", "channel_ref": "12" });
                (200, json!({ "data": [one("daily", &Value::Null), one("weekly", &Value::Null)], "places": [place] }))
            }
            "PATCH /v1/report-schedules/daily" => (200, one("daily", &request.body["chat_server"])),
            other => panic!("{other}"),
        })
        .await
    }

    fn server() -> String {
        tillwatch_shared::ids::ChatServerId(uuid::Uuid::from_u128(9)).to_string()
    }

    fn schedule(report: &str, at: &str, here: bool) -> Command {
        command("schedule", &[("report", report), ("at", at), ("here", if here { "true" } else { "" })])
    }

    #[test]
    fn reports_and_times_are_understood_in_both_languages() {
        assert_eq!(
            (kind_of("Daily"), kind_of("周报"), kind_of("monthly")),
            (Some(ReportKind::Daily), Some(ReportKind::Weekly), None)
        );
        assert_eq!((switched("OFF"), switched("开启"), switched("maybe")), (Some(false), Some(true), None));
        assert_eq!((time_of("8:30"), time_of("08：30")), (Some("08:30".to_owned()), Some("08:30".to_owned())));
        for wrong in ["24:00", "8:3", "8", "8:60", "aa:bb", "-1:30", "８:30"] {
            assert_eq!(time_of(wrong), None, "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_picture_is_fetched_only_where_it_is_shown() {
        let fake = fake(Locale::En, server()).await;
        let shown = handle(command("report", &[]), &discord_actor(), &fake.api()).await;
        assert!(shown.picture.is_some_and(|picture| picture.alt.starts_with("Sales: the last four weeks")));
        assert!(handle(command("report", &[]), &actor(), &fake.api()).await.picture.is_none());
        assert!(handle(command("digest", &[]), &actor(), &fake.api()).await.title.starts_with("Daily stand-up"));
    }

    #[tokio::test]
    async fn a_report_is_moved_switched_off_and_brought_here() {
        let (fake, server) = (fake(Locale::En, server()).await, server());
        let api = fake.api();
        let now = handle(schedule("", "", false), &discord_actor(), &api).await;
        assert_eq!(now.body.lines().count(), 2, "{}", now.body);
        assert!(
            now.private && now.body.contains("each day at 09:00, in the chat that was linked first"),
            "{}",
            now.body
        );
        let moved = handle(schedule("daily", "8:30", true), &discord_actor(), &api).await;
        assert!(moved.body.contains("in this server"), "{}", moved.body);
        let elsewhere = handle(schedule("daily", "", false), &actor(), &api).await;
        assert!(elsewhere.body.contains("in the chat that was linked first"), "{}", elsewhere.body);
        handle(schedule("站会", "关闭", false), &discord_actor(), &api).await;
        let sent: Vec<Value> =
            fake.seen().iter().filter(|one| one.method == "PATCH").map(|one| one.body.clone()).collect();
        assert_eq!(
            sent,
            [json!({ "enabled": true, "at": "08:30", "chat_server": server }), json!({ "enabled": false })]
        );
        let first = fake.seen().into_iter().find(|one| one.method == "PATCH").unwrap();
        assert_eq!(first.header("if-match"), Some("\"3\""));
    }

    #[tokio::test]
    async fn what_is_not_understood_is_told_and_changes_nothing() {
        for (locale, unknown, time, place) in [
            (Locale::En, "There is no report", "is no time", "Reports cannot appear here"),
            (Locale::ZhCn, "没有名为", "不是时间", "无法在此发送报告"),
        ] {
            let fake = fake(locale, server()).await;
            let api = fake.api();
            let title = async |command| handle(command, &actor(), &api).await.title;
            assert!(title(schedule("monthly", "8:30", false)).await.contains(unknown));
            assert!(title(schedule("daily", "soon", false)).await.contains(time));
            assert!(title(schedule("daily", "", true)).await.contains(place), "the console is not linked there");
            assert!(fake.seen().iter().all(|one| one.method == "GET"));
        }
    }
}
