//! Back-test (回测): a rule replayed over what is stored, as it would have judged then.
//!
//! The very code that judges live says what each closed figure would have been ([`super::series`]); nothing is written
//! but that a person has seen it. Vocabulary: an *episode* is one breach, from the figure that would have raised the alert
//! to the one that would have resolved it. What a pause would have saved is the campaign's spend from the end of the
//! figure that fired first until the end of the campaign's last day, or of the window if that is sooner; what it would
//! have lost is the campaign's conversions in the same time. Both are upper bounds: what would have been bought without
//! the campaign is lost to nobody, and somebody might have resumed it. Late data are judged as they are known today.

use super::change::rule_of;
use super::series::{Calendar, How, Prepared};
use super::{check_scope, model, reached_rule, reading, store, wire_figures};
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::audit::{self, Entry};
use crate::identity::tenants;
use crate::measure::metrics::{self, Metric};
use crate::measure::samples::calendar::{day_end, is_sane};
use crate::measure::samples::query;
use crate::plan::campaigns;
use crate::platform::clock::now;
use crate::platform::db::Tx;
use crate::platform::http::who::Who;
use crate::platform::validate::Checks;
use crate::watch::rules::detect::Verdict;
use chrono::{DateTime, TimeDelta, Utc};
use tillwatch_shared::ids::{CampaignId, ChannelId, RuleId, TenantId};
use tillwatch_shared::quantity::Quantity;
use tillwatch_shared::watch::{
    BacktestEpisode, BacktestPause, BacktestWindow, PreviewRule, Rule, RuleBacktest, RuleBucket,
};

/// Episodes that an answer shows.
const MOST_EPISODES: usize = 200;

/// What a rule that is not saved yet would have done.
///
/// # Errors
/// 422 with every wrong field of the rule, or of the window.
pub async fn preview(app: &App, who: &Who, request: PreviewRule) -> Result<RuleBacktest> {
    let at = now();
    let book = metrics::read_book_of(app, who, [request.rule.spec.metric()]).await?;
    model::check_new(&request.rule, &book).map_err(|refused| within(refused, "/rule"))?;
    let rule = rule_of(request.rule, at);
    let asked = Asked::new(&rule, &request.window, "/window", at)?;
    app.db
        .read(who, async |tx| {
            check_scope(tx, who, &rule).await.map_err(|refused| within(refused, "/rule"))?;
            replay(tx, who.tenant, &rule, &asked).await
        })
        .await
}

/// A refusal of a part of the body, with its fields by their place in the whole.
fn within(mut refused: Error, part: &str) -> Error {
    for field in &mut refused.fields {
        field.pointer.insert_str(0, part);
    }
    refused
}

/// What a rule would have done; it counts as back-tested as it is from then on.
///
/// # Errors
/// 404, 409 when it is archived, 422 for a window that cannot be replayed.
pub async fn run(app: &App, who: &Who, id: RuleId, window: BacktestWindow) -> Result<RuleBacktest> {
    let at = now();
    let (rule, found) = app
        .db
        .read(who, async |tx| {
            let rule = reached_rule(tx, who, id, false).await?;
            let asked = Asked::new(&rule, &window, "", at)?;
            let found = replay(tx, who.tenant, &rule, &asked).await?;
            Ok((rule, found))
        })
        .await?;
    app.db
        .write(who, async |tx| {
            let now_it_is = reached_rule(tx, who, id, true).await?;
            if now_it_is.archived_at.is_some() {
                return Err(Error::conflict("This rule is archived: it can be read, not changed. Make another one."));
            }
            // What was changed meanwhile was not looked at.
            let is_same = (&now_it_is.spec, now_it_is.timing) == (&rule.spec, rule.timing);
            // Nor was anything, where nothing could be judged.
            if is_same && found.judged > 0 {
                store::set_backtested(tx, who.tenant, id, at).await?;
            }
            let after = serde_json::json!({ "from": found.from, "to": found.to, "fired": found.fired });
            let object = Some(id.to_string());
            let entry = Entry { action: "rule.backtested", object, after: Some(after), ..Entry::default() };
            audit::record(tx, who, entry).await
        })
        .await?;
    Ok(found)
}

/// What is asked, checked.
struct Asked {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    conversions: &'static Metric,
}

impl Asked {
    /// `place` is where the window stands in the body.
    fn new(rule: &Rule, window: &BacktestWindow, place: &str, at: DateTime<Utc>) -> Result<Self> {
        let hours = rule.timing.bucket == RuleBucket::Hour;
        let (usual, most) = if hours { (31, 92) } else { (182, 400) };
        let to = window.to.filter(|to| is_sane(*to)).unwrap_or(at).min(at);
        let from = window.from.unwrap_or_else(|| to - TimeDelta::days(usual));
        let mut checks = Checks::default();
        let pointer = |field: &str| format!("{place}/{field}");
        let sane = window.to.is_none_or(is_sane);
        checks.ensure(sane, &pointer("to"), "out_of_range", "Goes from the year 2000 to 2199.");
        checks.ensure(is_sane(from), &pointer("from"), "out_of_range", "Goes from the year 2000 to 2199.");
        checks.ensure(
            from < to,
            &pointer("from"),
            "out_of_range",
            "The window is empty: it has to begin before it ends.",
        );
        let short = to - from <= TimeDelta::days(most);
        let detail = format!("At most {most} days can be replayed at once. Ask for a shorter window.");
        checks.ensure(short, &pointer("from"), "out_of_range", &detail);
        let of_ratio = metrics::find(rule.spec.metric()).and_then(model::cost_ratio).map(|(_, actions)| actions);
        let key = window.conversions.as_deref().unwrap_or(of_ratio.unwrap_or("orders"));
        let conversions = metrics::find(key).filter(|metric| metric.is_sum());
        let detail = "Takes the key of a sum: `GET /v1/metrics` lists them.";
        checks.ensure(conversions.is_some(), &pointer("conversions"), "unknown_metric", detail);
        checks.done()?;
        let conversions = conversions.ok_or_else(|| Error::internal("a metric that was found is gone"))?;
        Ok(Self { from, to, conversions })
    }
}

/// Replays a rule.
async fn replay(tx: &mut Tx, tenant: TenantId, rule: &Rule, asked: &Asked) -> Result<RuleBacktest> {
    let Asked { from, to, .. } = *asked;
    let book = metrics::book_of(tx, tenant, [rule.spec.metric()]).await?;
    let Some(metric) = book.find(rule.spec.metric()) else {
        return Err(Error::internal(format!("no metric `{}`", rule.spec.metric())));
    };
    let settings = tenants::settings(tx, tenant).await?;
    let how = How { spec: &rule.spec, timing: &rule.timing, zone: settings.time_zone };
    let calendar = how.calendar();
    let first = calendar.start_of(from);
    let last = last_closed(calendar, to);
    let scope = reading::Scope { channel: rule.channel, campaign: rule.campaign, per_channel: rule.per_channel };
    let plan = reading::plan(tx, tenant, how, rule.campaign).await?;
    let span = how.begin_of_reading(first, plan.as_ref())..calendar.end_of(last);
    let counted = reading::series(tx, tenant, how, &metric, scope, span).await?;
    // Behind the newest of all nothing is known to be missing.
    let newest = counted.iter().filter_map(|(_, rows)| rows.last().map(|one| one.start)).max();
    let prepared = Prepared::new(how, counted, plan, newest.unwrap_or(last).min(last));
    let channels: Vec<Option<ChannelId>> = prepared.newest().map(|(channel, _)| channel).collect();
    let mut found = Found::default();
    for (place, channel) in channels.iter().enumerate() {
        found.add(*channel, prepared.judge(place, first, false));
    }
    found.episodes.sort_by_key(|episode| (episode.opened, episode.channel));
    let fired = found.episodes.first().map(|episode| calendar.end_of(episode.opened));
    let pause = match rule.campaign.zip(fired) {
        Some((campaign, at)) => Some(pause(tx, tenant, campaign, at, asked, &settings).await?),
        None => None,
    };
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let (fired, series) = (count(found.episodes.len()), count(channels.len()));
    found.episodes.truncate(MOST_EPISODES);
    let Found { judged, not_judged, episodes } = found;
    Ok(RuleBacktest { from: first, to, series, judged, not_judged, fired, episodes, pause })
}

/// The newest day or hour that is over at `to`.
fn last_closed(calendar: Calendar, to: DateTime<Utc>) -> DateTime<Utc> {
    // One that ends at `to` is over.
    calendar.before(calendar.start_of(to))
}

/// What was found in the series so far.
#[derive(Default)]
struct Found {
    judged: u32,
    not_judged: u32,
    episodes: Vec<BacktestEpisode>,
}

impl Found {
    /// Adds what the rule says of a series.
    fn add(&mut self, channel: Option<ChannelId>, verdicts: Vec<(DateTime<Utc>, Verdict)>) {
        let mut open: Option<BacktestEpisode> = None;
        for (start, verdict) in verdicts {
            match &verdict {
                Verdict::NoData(_) => self.not_judged += 1,
                _ => self.judged += 1,
            }
            match (&verdict, &mut open) {
                (Verdict::Firing(figures), None) => {
                    open = Some(BacktestEpisode {
                        channel,
                        opened: start,
                        resolved: None,
                        figures_in_breach: 1,
                        figures: wire_figures(figures),
                        worst_score: figures.score,
                    });
                }
                (Verdict::Firing(figures), Some(episode)) => {
                    episode.figures_in_breach += 1;
                    episode.worst_score = episode.worst_score.max(figures.score);
                }
                (Verdict::Quiet(_) | Verdict::Recovered(_), Some(_)) => {
                    self.episodes.extend(open.take().map(|over| BacktestEpisode { resolved: Some(start), ..over }));
                }
                _ => {}
            }
        }
        self.episodes.extend(open);
    }
}

/// What a pause at `at` would have saved and lost.
async fn pause(
    tx: &mut Tx,
    tenant: TenantId,
    campaign: CampaignId,
    at: DateTime<Utc>,
    asked: &Asked,
    settings: &tenants::Settings,
) -> Result<BacktestPause> {
    let ends_on = campaigns::plan_of(tx, tenant, campaign).await?.ends_on;
    let end = ends_on.map_or(asked.to, |day| day_end(settings.time_zone, day).min(asked.to));
    let until = end.max(at);
    let Some(spend) = metrics::find("spend") else { return Err(Error::internal("no metric `spend`")) };
    let (spent, spend_saved) = before_and_in(tx, tenant, campaign, spend, at, until).await?;
    let (_, conversions_lost) = before_and_in(tx, tenant, campaign, asked.conversions, at, until).await?;
    let (conversions, currency) = (asked.conversions.key.to_owned(), settings.currency.clone());
    Ok(BacktestPause { campaign, at, until, spent, spend_saved, conversions, conversions_lost, currency })
}

/// A campaign's sum of a metric before `from`, and from there until `to`.
async fn before_and_in(
    tx: &mut Tx,
    tenant: TenantId,
    campaign: CampaignId,
    metric: &Metric,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<(Quantity, Quantity)> {
    let growth = query::campaign_series(tx, tenant, campaign, metric, from, to).await?;
    let end = growth.hours.last().map_or(growth.before, |(_, total)| *total);
    Ok((growth.before, Quantity::from_e4(end.e4().saturating_sub(growth.before.e4()))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::rules::detect::{Figures, NoDataReason};

    fn at(hour: u32) -> DateTime<Utc> {
        format!("2026-03-01T{hour:02}:00:00Z").parse().unwrap()
    }

    #[test]
    fn breaches_become_episodes_and_silence_ends_none() {
        let figures = |score| Figures { score, ..Figures::default() };
        let mut found = Found::default();
        found.add(
            None,
            vec![
                (at(0), Verdict::Quiet(figures(0.1))),
                (at(1), Verdict::Firing(figures(0.6))),
                (at(2), Verdict::NoData(NoDataReason::NoValue)),
                (at(3), Verdict::Firing(figures(0.9))),
                (at(4), Verdict::Holding(figures(0.4))),
                (at(5), Verdict::Recovered(figures(0.2))),
                (at(6), Verdict::Firing(figures(0.7))),
            ],
        );
        assert_eq!((found.judged, found.not_judged, found.episodes.len()), (6, 1, 2));
        let (first, second) = (&found.episodes[0], &found.episodes[1]);
        assert_eq!((first.opened, first.resolved, first.figures_in_breach), (at(1), Some(at(5)), 2));
        assert_eq!(
            (first.worst_score.to_bits(), first.figures.score.to_bits()),
            (0.9_f64.to_bits(), 0.6_f64.to_bits())
        );
        assert_eq!((second.opened, second.resolved), (at(6), None));
    }

    #[test]
    fn a_day_is_replayed_when_it_is_over() {
        let calendar = Calendar { zone: chrono_tz::Asia::Shanghai, bucket: RuleBucket::Day };
        let midnight: DateTime<Utc> = "2026-02-28T16:00:00Z".parse().unwrap();
        assert_eq!(last_closed(calendar, midnight), midnight - TimeDelta::days(1));
        assert_eq!(last_closed(calendar, midnight - TimeDelta::seconds(1)), midnight - TimeDelta::days(2));
        assert_eq!(last_closed(calendar, midnight + TimeDelta::hours(23)), midnight - TimeDelta::days(1));
    }
}
