//! `budget`: what the campaigns that run or are paused have spent of their budgets, beside the time that they have used.

use chrono::NaiveDate;
use tillwatch_shared::permissions::Permission;
use tillwatch_shared::plan::{Campaign, CampaignState};

use super::Asking;
use super::campaigns::{looked_through, mark, spent};
use super::spec::{CommandSpec, Run, Texts, both};
use crate::api::Answer;
use crate::reply::{Reply, Tone};
use crate::wording::figures::{major, share};

/// Campaigns on one screen.
const SHOWN: usize = 20;
/// The share of a budget from which on a campaign is a matter of concern.
const NEAR: f64 = 0.9;

/// `budget`
pub(crate) static BUDGET: CommandSpec = CommandSpec::new(
    "budget",
    "预算",
    Texts {
        about: both("What the campaigns have spent of their budgets", "各营销活动的预算使用情况"),
        line: both("what the campaigns have spent of their budgets", "各营销活动的预算使用情况"),
        help: both(
            "Campaigns that run or are paused and have a budget, those that are used up most first, beside the days that they have used.",
            "进行中或已暂停且设有预算的营销活动，已用比例高的在前，并与时间进度对照。",
        ),
    },
    Run::Staff { needs: |_| Permission::CampaignsRead, run: |_, asking| Box::pin(screen(asking)) },
)
.also(&["budgets"]);

/// The budgets, those that are used up most first.
async fn screen(asking: &Asking<'_>) -> Answer<Reply> {
    let words = asking.words;
    let (active, paused) = tokio::try_join!(
        looked_through(Some(CampaignState::Active), asking),
        looked_through(Some(CampaignState::Paused), asking),
    )?;
    let with = active.0.into_iter().chain(paused.0).filter_map(|one| Some((used(&one)?, one)));
    let mut all: Vec<(f64, Campaign)> = with.collect();
    if all.is_empty() {
        let said = words.no_budgets();
        return Ok(Reply::say(Tone::Plain, said.title, said.body));
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.name.cmp(&b.1.name)));
    let today = chrono::Utc::now().with_timezone(&asking.zone).date_naive();
    let mut lines: Vec<String> = all.iter().take(SHOWN).map(|(_, one)| line(one, today, asking)).collect();
    if all.len() > SHOWN {
        lines.push(words.more(all.len() - SHOWN));
    }
    let tone = if all[0].0 >= NEAR { Tone::Warning } else { Tone::Plain };
    Ok(Reply::say(tone, words.budgets(all.len()), lines.join("\n")))
}

/// The share of its budget that a campaign has spent; none without a budget, or with one of nothing.
fn used(campaign: &Campaign) -> Option<f64> {
    let budget = major(campaign.budget.as_ref()?);
    (budget > 0.0).then(|| campaign.spend.to_f64() / budget)
}

fn line(campaign: &Campaign, today: NaiveDate, asking: &Asking<'_>) -> String {
    let time = time_used(campaign, today)
        .map(|(part, left)| format!(" · {}", asking.words.time_used(&share(part), left)))
        .unwrap_or_default();
    format!("{} {} · {}{time}", mark(campaign.state), campaign.name, spent(campaign, asking))
}

/// The share of its days that a campaign has used, today among them, and how many are left; none without both ends.
fn time_used(campaign: &Campaign, today: NaiveDate) -> Option<(f64, i64)> {
    let (first, last) = (campaign.starts_on?, campaign.ends_on?);
    let (all, gone) = ((last - first).num_days() + 1, (today - first).num_days() + 1);
    #[expect(clippy::cast_precision_loss, reason = "days of a campaign")]
    let part = gone.clamp(0, all) as f64 / all.max(1) as f64;
    Some((part, (last - today).num_days()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::handle;
    use crate::testing::command;
    use crate::testing::things::{campaign, me};
    use crate::testing::{FakeApi, Request, actor};
    use serde_json::json;
    use tillwatch_shared::Locale;
    use tillwatch_shared::permissions::Role;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_that_runs_counts_as_used() {
        let mut one = campaign(5, "Autumn", None, CampaignState::Active);
        assert_eq!(time_used(&one, day("2025-11-05")), None, "no days");
        (one.starts_on, one.ends_on) = (Some(day("2025-11-01")), Some(day("2025-11-10")));
        assert_eq!(time_used(&one, day("2025-11-05")), Some((0.5, 5)));
        assert_eq!(time_used(&one, day("2025-11-10")), Some((1.0, 0)));
        assert_eq!(time_used(&one, day("2025-11-12")), Some((1.0, -2)));
        assert_eq!(time_used(&one, day("2025-10-20")), Some((0.0, 21)), "it has not begun");
    }

    #[tokio::test]
    async fn what_is_used_up_most_comes_first_and_what_has_no_budget_is_left_out() {
        let many = |locale| async move {
            FakeApi::start(move |request: &Request| {
                let mut near = campaign(6, "双十一", None, CampaignState::Active);
                near.budget.as_mut().unwrap().amount_minor = 160_000;
                let mut none = campaign(7, "No budget", None, CampaignState::Active);
                none.budget = None;
                let answer = match request.what().as_str() {
                    "GET /v1/me" => serde_json::to_value(me(Role::Viewer, locale)).unwrap(),
                    _ if request.target.contains("state=active") => {
                        json!({ "data": [campaign(5, "Autumn", None, CampaignState::Active), near, none] })
                    }
                    _ => json!({ "data": [] }),
                };
                (200, answer)
            })
            .await
        };
        let reply = handle(command("budget", &[]), &actor(), &many(Locale::En).await.api()).await;
        assert_eq!((reply.title.as_str(), reply.tone), ("Budgets (2)", Tone::Warning));
        let lines: Vec<&str> = reply.body.lines().collect();
        assert!(lines[0].contains("双十一") && lines[0].contains("(94.5%)"), "{lines:?}");
        assert!(lines[1].contains("Autumn") && lines[1].contains("(75.6%)"), "{lines:?}");
        let zh = handle(command("budget", &[]), &actor(), &many(Locale::ZhCn).await.api()).await;
        assert!(zh.title.starts_with("预算"), "{}", zh.title);
    }
}
