//! A retailer made from an extract, through the ordinary use cases: sign-up, channels, campaigns, history, rules, a
//! goal, and the console's link.
//!
//! Invariants: each step looks for what is there and makes what is missing, so that a start that was broken off is
//! finished by the next one; once the replay has begun nothing is made again, so that what somebody archived or
//! disabled since stays so; the place of the replay is told by the demo's own rows, whatever others sent.

use super::CONSOLE_USER;
use super::extract::{DemoCampaign, DemoRow, Extract};
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::auth::{self, SignInOutcome};
use crate::identity::{chat, sign_up, tenants};
use crate::measure::metrics::{self, Metric};
use crate::measure::samples::query;
use crate::plan::campaigns::{self, model::Verb};
use crate::plan::channels;
use crate::plan::goals;
use crate::platform::http::client::Client;
use crate::platform::http::page::{MOST, PageParams, Paging};
use crate::platform::http::who::{Actor, PermissionSet, Quota, Reach, Who};
use crate::watch::ingest;
use crate::watch::ingest::parse::{Parsed, SampleRow};
use crate::watch::rules;
use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use serde_json::json;
use std::borrow::Cow;
use std::collections::HashSet;
use tillwatch_shared::Money;
use tillwatch_shared::errors::Code;
use tillwatch_shared::goals::{ActivateGoal, CreateGoal, GoalPeriod, GoalSpread};
use tillwatch_shared::identity::{SignIn, SignUp, Signed};
use tillwatch_shared::ids::{CampaignId, ChannelId};
use tillwatch_shared::plan::{CampaignState, ChannelStage, CreateCampaign, CreateChannel};
use tillwatch_shared::quantity::Quantity;
use tillwatch_shared::samples::SampleStatus;
use tillwatch_shared::watch::{CreateRule, RedeemCode, Severity, StopLossSpec, Timing, Transport};

/// Rows sent in one request.
const BATCH: usize = 5_000;

/// How to sign in to a demo retailer.
#[derive(Clone, Debug)]
pub struct SignInHint {
    /// The retailer's name.
    pub retailer: String,
    /// The owner's address.
    pub email: String,
    /// A campaign that runs and that no stop-loss will stop: one to pause by hand.
    pub campaign: String,
}

/// A demo retailer that is ready for its replay.
pub struct Retailer {
    /// Its owner's authority.
    pub who: Who,
    /// How to sign in.
    pub hint: SignInHint,
    /// What is still to be replayed, sorted by time.
    pub rows: Vec<DemoRow>,
}

/// Makes or finds the retailer of `extract`, with its history loaded and its console linked.
///
/// # Errors
/// When the database fails, or an account of the demo's address has another password.
pub async fn prepare(app: &App, extract: &Extract, server: &str, password: &str) -> Result<Retailer> {
    let email = format!("owner@{server}.demo.example");
    let sign_in = SignIn { email: email.clone(), password: password.to_owned(), tenant: None, code: None };
    let signed = match auth::sign_in(app, sign_in, &Client::default(), "demo").await {
        Ok(SignInOutcome::Signed(signed)) => *signed,
        Ok(SignInOutcome::Choose(_)) => return Err(Error::internal("a demo owner has places at several retailers")),
        Err(error) if error.code == Code::SignInFailed => sign_up(app, extract, &email, password).await?,
        Err(error) if error.code == Code::SecondFactorRequired => {
            return Err(Error::internal(format!(
                "the demo account {email} has a second factor, which the demo cannot show. Start with DEMO=off or `up --reset`."
            )));
        }
        Err(error) => return Err(error),
    };
    let who = owner(&signed)?;
    let (zone, anchor) = app
        .db
        .read(&who, async |tx| {
            let settings = tenants::settings(tx, who.tenant).await?;
            Ok((settings.time_zone, settings.created_at))
        })
        .await?;
    let shifted = extract.shifted(anchor);
    let newest = replayed_day(app, &who, &shifted, zone).await?;
    if newest.is_none() {
        make(app, &who, &shifted).await?;
    }
    link_console(app, &who, server).await?;
    // What was sent before the process stopped ends somewhere in the newest day: that day is sent again.
    let rows = shifted
        .rows
        .iter()
        .filter(|row| row.at >= shifted.replay_from)
        .filter(|row| newest.is_none_or(|day| row.at.with_timezone(&zone).date_naive() >= day))
        .cloned()
        .collect();
    let campaign = shifted.steadiest_campaign().map(|c| c.name.clone()).unwrap_or_default();
    Ok(Retailer { who, hint: SignInHint { retailer: shifted.name.clone(), email, campaign }, rows })
}

async fn sign_up(app: &App, extract: &Extract, email: &str, password: &str) -> Result<Signed> {
    let request = SignUp {
        retailer: extract.name.clone(),
        name: if extract.locale == "zh-CN" { "林店长".to_owned() } else { "Demo Owner".to_owned() },
        email: email.to_owned(),
        password: password.to_owned(),
        locale: extract.locale.parse().map_err(Error::internal)?,
        time_zone: extract.time_zone.name().to_owned(),
        currency: extract.currency.clone(),
    };
    sign_up::sign_up(app, request, &Client::default(), "demo").await.map_err(|error| match error.code {
        Code::AlreadyExists => Error::internal(format!(
            "the demo account {email} exists with another password (SECRET_KEY has changed). Start with DEMO=off or `up --reset`."
        )),
        _ => error,
    })
}

fn owner(signed: &Signed) -> Result<Who> {
    let staff = signed.me.staff.as_ref().ok_or_else(|| Error::internal("no staff signed in"))?;
    Ok(Who {
        tenant: signed.me.tenant.id,
        actor: Actor::Staff { id: staff.id, role: staff.role, session: Some(signed.session) },
        via: "demo".to_owned(),
        permissions: PermissionSet::of_role(staff.role),
        reach: Reach::All,
        authenticated_at: None,
        quota: Quota::default(),
        request_id: "demo".to_owned(),
        once: None,
    })
}

/// The newest local day of which the replay has sent sales; `None` before it has begun.
async fn replayed_day(app: &App, who: &Who, extract: &Extract, zone: Tz) -> Result<Option<NaiveDate>> {
    let Some(sales) = metrics::find("sales") else { return Err(Error::internal("no metric `sales`")) };
    let from = extract.replay_from;
    let sent = app.db.read(who, async |tx| query::sources(tx, who.tenant, sales, from).await).await?;
    let own: HashSet<String> = extract.rows.iter().filter(|row| row.at >= from).map(key).collect();
    let newest = sent.iter().filter(|(_, key)| own.contains(key)).map(|(at, _)| *at).max();
    Ok(newest.map(|at| at.with_timezone(&zone).date_naive()))
}

/// Channels, campaigns, history, and only then the rules: they judge from here on.
async fn make(app: &App, who: &Who, extract: &Extract) -> Result<()> {
    let channels = make_channels(app, who, extract).await?;
    let mut lines = Vec::new();
    for campaign in &extract.campaigns {
        if let Some(id) = make_campaign(app, who, extract, campaign, &channels).await? {
            lines.push((id, campaign));
        }
    }
    let history: Vec<&DemoRow> = extract.rows.iter().filter(|row| row.at < extract.replay_from).collect();
    for batch in history.chunks(BATCH) {
        for refusal in send(app, who, batch).await? {
            tracing::warn!(refusal, "a row of the demo's history was refused");
        }
    }
    make_rules(app, who, extract, &lines).await?;
    make_goal(app, who, extract).await
}

/// A goal, if it is missing: in the twelve weeks from the replay's first day a twentieth more than the last four weeks
/// promise. It stays a draft where its check finds a gap, such as figures that lie too far back before the replay.
async fn make_goal(app: &App, who: &Who, extract: &Extract) -> Result<()> {
    let zh = extract.locale == "zh-CN";
    let name = if zh { "十二周销售额" } else { "Sales of twelve weeks" }.to_owned();
    let filter = goals::Filter { q: Some(name.clone()), ..goals::Filter::default() };
    if !goals::list(app, who, &filter, &PageParams::default()).await?.data.is_empty() {
        return Ok(());
    }
    let lately = extract.replay_from - chrono::Duration::days(28)..extract.replay_from;
    let rows = extract.rows.iter().filter(|row| *row.metric == *"sales" && lately.contains(&row.at));
    let promised = rows.map(|row| row.value).sum::<f64>() * 3.0;
    let first = extract.replay_from.with_timezone(&extract.time_zone).date_naive();
    let Actor::Staff { id, .. } = who.actor else { return Err(Error::internal("the demo is a person's")) };
    let goal = goals::create(
        app,
        who,
        CreateGoal {
            name,
            metric: Some("sales".to_owned()),
            channel: None,
            campaign: None,
            baseline: None,
            target: Quantity::parse(&format!("{:.0}", (promised * 1.05 / 1_000.0).round() * 1_000.0)).ok(),
            starts_on: Some(first),
            ends_on: Some(first + Days::new(83)),
            owner: Some(id),
            relevance: if zh {
                "这十二周的销售额决定下一个十二周的预算"
            } else {
                "It pays for the budget of the twelve weeks that follow"
            }
            .to_owned(),
            campaigns: Vec::new(),
            period: GoalPeriod::default(),
            spread: GoalSpread::default(),
        },
    )
    .await?;
    match goals::activate(app, who, goal.id, ActivateGoal { achievable_anyway: None }).await {
        Err(error) if error.code != Code::ValidationFailed => Err(error),
        _ => Ok(()),
    }
}

/// The channels in use; the missing ones are made.
async fn make_channels(app: &App, who: &Who, extract: &Extract) -> Result<Vec<ChannelId>> {
    let keys: Vec<&str> = extract.channels.iter().map(|channel| channel.key.as_str()).collect();
    let found = app.db.read(who, async |tx| channels::resolve(tx, who.tenant, &keys).await).await?;
    let mut all = Vec::new();
    for channel in &extract.channels {
        match found.get(&channel.key) {
            Some(found) if found.archived => {}
            Some(found) => all.push(found.id),
            None => {
                let request = CreateChannel {
                    name: channel.name.clone(),
                    external_key: Some(channel.key.clone()),
                    kind: channel.kind.parse().map_err(Error::internal)?,
                    online: Some(channel.online),
                    domain: None,
                    stage: ChannelStage::Active,
                };
                all.push(channels::create(app, who, request).await?.id);
            }
        }
    }
    Ok(all)
}

/// The campaign, made if it is missing, running or completed; `None` when somebody has archived it.
async fn make_campaign(
    app: &App,
    who: &Who,
    extract: &Extract,
    campaign: &DemoCampaign,
    channels: &[ChannelId],
) -> Result<Option<CampaignId>> {
    let key = campaign.key.as_str();
    let found = app.db.read(who, async |tx| campaigns::resolve(tx, who.tenant, &[key]).await).await?;
    let (id, mut state) = match found.get(key) {
        Some(found) if found.archived => return Ok(None),
        Some(found) => (found.id, campaigns::get(app, who, found.id).await?.state),
        None => {
            let request = CreateCampaign {
                name: campaign.name.clone(),
                external_key: Some(campaign.key.clone()),
                objective: String::new(),
                channels: channels.to_vec(),
                starts_on: Some(campaign.starts_on),
                ends_on: Some(campaign.ends_on),
                budget: Some(Money { amount_minor: campaign.budget_minor, currency: extract.currency.clone() }),
            };
            let made = campaigns::create(app, who, request).await?;
            (made.id, made.state)
        }
    };
    if state == CampaignState::Draft {
        state = campaigns::change_state(app, who, id, Verb::Launch, "Demo").await?.campaign.state;
    }
    // Without a line it ended before the replay begins.
    if state == CampaignState::Active && campaign.stop_loss_minor.is_none() {
        campaigns::change_state(app, who, id, Verb::Complete, "Demo").await?;
    }
    Ok(Some(id))
}

/// The rules that are missing, by their names.
async fn make_rules(app: &App, who: &Who, extract: &Extract, lines: &[(CampaignId, &DemoCampaign)]) -> Result<()> {
    let paging = Paging::new(who.tenant, "rules", "", Some(MOST), None)?;
    let there: HashSet<String> =
        rules::list(app, who, false, &paging).await?.data.into_iter().map(|rule| rule.name).collect();
    for request in wanted_rules(extract, lines)? {
        if !there.contains(&request.name) {
            rules::create(app, who, request).await?;
        }
    }
    Ok(())
}

fn wanted_rules(extract: &Extract, lines: &[(CampaignId, &DemoCampaign)]) -> Result<Vec<CreateRule>> {
    let zh = extract.locale == "zh-CN";
    let daily = |name: &str, spec: serde_json::Value, per_channel| -> Result<CreateRule> {
        let spec = serde_json::from_value(spec).map_err(Error::internal)?;
        let name = name.to_owned();
        let (severity, timing) = (Severity::Warning, Timing::default());
        Ok(CreateRule {
            name,
            spec,
            channel: None,
            campaign: None,
            per_channel,
            severity,
            timing,
            quiet_hours: None,
            message: None,
        })
    };
    let mut wanted = Vec::new();
    for (id, campaign) in lines {
        let Some(minor) = campaign.stop_loss_minor else { continue };
        let line = Quantity::from_e4(minor * 100);
        wanted.push(CreateRule {
            name: if zh { format!("止损线：{}", campaign.name) } else { format!("Stop-loss: {}", campaign.name) },
            spec: StopLossSpec { metric: "spend".to_owned(), line, minimum_spend: Quantity::ZERO }.into(),
            channel: None,
            campaign: Some(*id),
            per_channel: false,
            severity: Severity::Critical,
            timing: Timing::default(),
            quiet_hours: None,
            message: None,
        });
    }
    let low = json!({ "kind": "deviation", "metric": "sales", "side": "below", "minimum_volume": 100.0 });
    let low_name =
        if zh { "销售额低于同星期平均水平2个标准差" } else { "Sales far below the same weekday" };
    wanted.push(daily(low_name, low, true)?);
    if !zh {
        let floor = json!({ "kind": "threshold", "metric": "sales", "side": "below", "line": 9000.0 });
        wanted.push(daily("Daily sales under $9,000", floor, false)?);
    }
    Ok(wanted)
}

/// The person at the console acts as the owner.
async fn link_console(app: &App, who: &Who, server: &str) -> Result<()> {
    let code = chat::issue_code(app, who).await?.code;
    let request = RedeemCode {
        code: code.ok_or_else(|| Error::internal("a code was not shown"))?,
        transport: Transport::Console,
        server: server.to_owned(),
        channel: "console".to_owned(),
        user: CONSOLE_USER.to_owned(),
    };
    chat::redeem(app, &request, "demo").await?;
    Ok(())
}

/// Sends rows as a partner would, each under a key of its own. What is refused, in words: somebody may have archived a
/// channel, and that is theirs to decide.
pub(super) async fn send(app: &App, who: &Who, rows: &[&DemoRow]) -> Result<Vec<String>> {
    let rows = rows.iter().map(|row| sample(row)).collect::<Result<Vec<_>>>()?;
    let answer = ingest::take(app, who, rows).await?;
    let refused = answer.results.into_iter().filter(|result| result.status == SampleStatus::Refused);
    Ok(refused.map(|result| result.detail.unwrap_or_default()).collect())
}

fn sample(row: &DemoRow) -> Result<Parsed<'_>> {
    Ok(Parsed::Row(SampleRow {
        line: 1,
        metric: metrics::find(&row.metric)
            .and_then(Metric::base)
            .ok_or_else(|| Error::internal("the demo names an unknown metric"))?,
        at: row.at,
        key: Cow::Owned(key(row)),
        channel: Some(Cow::Borrowed(&row.channel)),
        campaign: row.campaign.as_deref().map(Cow::Borrowed),
        period: None,
        subject: None,
        many: Vec::new(),
        value: Quantity::parse(&format!("{:.2}", row.value)).map_err(Error::internal)?,
    }))
}

/// The source key of a row: unlike any that a person would choose.
fn key(row: &DemoRow) -> String {
    format!("{}/{}/{}", row.channel, row.campaign.as_deref().unwrap_or("-"), key_time(row.at))
}

fn key_time(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%S").to_string()
}
