//! A retailer made from an extract, through the ordinary use cases: sign-up, channels, campaigns, history, rules, and
//! the console's link. Made again, it finds what is there.

use super::CONSOLE_USER;
use super::extract::{DemoCampaign, DemoRow, Extract};
use crate::app::App;
use crate::error::{Error, Result};
use crate::identity::{auth, chat, tenants};
use crate::measure::metrics;
use crate::measure::samples::query;
use crate::plan::campaigns::{self, model::Verb};
use crate::plan::channels;
use crate::platform::http::who::{Actor, PermissionSet, Who};
use crate::watch::ingest;
use crate::watch::ingest::parse::{Parsed, SampleRow};
use crate::watch::rules;
use chrono::{DateTime, Utc};
use serde_json::json;
use std::borrow::Cow;
use tillwatch_shared::Money;
use tillwatch_shared::errors::Code;
use tillwatch_shared::identity::{SignIn, SignUp, Signed};
use tillwatch_shared::ids::CampaignId;
use tillwatch_shared::plan::{CampaignState, ChannelStage, CreateCampaign, CreateChannel};
use tillwatch_shared::quantity::Quantity;
use tillwatch_shared::watch::{CreateRule, RedeemCode, RuleSpec, Severity, Transport};

/// Rows sent in one request.
const BATCH: usize = 5_000;

/// How to sign in to a demo retailer.
#[derive(Clone, Debug)]
pub struct SignInHint {
    /// The retailer's name.
    pub retailer: String,
    /// The owner's address.
    pub email: String,
    /// A campaign that a stop-loss will stop.
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
    let sign_in = SignIn { email: email.clone(), password: password.to_owned(), tenant: None };
    let (signed, fresh) = match auth::sign_in(app, sign_in, None, "demo").await {
        Ok(signed) => (signed, false),
        Err(error) if error.code == Code::SignInFailed => (sign_up(app, extract, &email, password).await?, true),
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
    if fresh {
        make(app, &who, &shifted).await?;
    }
    link_console(app, &who, server).await?;
    // What was sent before the process stopped ends somewhere in the newest day: that day is sent again.
    let Some(sales) = metrics::find("sales") else { return Err(Error::internal("no metric `sales`")) };
    let newest = app.db.read(&who, async |tx| query::last_day(tx, who.tenant, zone, sales).await).await?;
    let rows = shifted
        .rows
        .iter()
        .filter(|row| row.at >= shifted.replay_from)
        .filter(|row| newest.is_none_or(|day| row.at.with_timezone(&zone).date_naive() >= day))
        .cloned()
        .collect();
    let campaign = shifted.campaigns.iter().filter(|c| c.stop_loss_minor.is_some()).max_by_key(|c| c.budget_minor);
    let campaign = campaign.map(|c| c.name.clone()).unwrap_or_default();
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
    auth::sign_up(app, request, "demo").await.map_err(|error| match error.code {
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
        request_id: "demo".to_owned(),
    })
}

/// Channels, campaigns, history, and only then the rules: they judge from here on.
async fn make(app: &App, who: &Who, extract: &Extract) -> Result<()> {
    let mut all = Vec::new();
    for channel in &extract.channels {
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
    let mut lines = Vec::new();
    for campaign in &extract.campaigns {
        let request = CreateCampaign {
            name: campaign.name.clone(),
            external_key: Some(campaign.key.clone()),
            objective: String::new(),
            channels: all.clone(),
            starts_on: Some(campaign.starts_on),
            ends_on: Some(campaign.ends_on),
            budget: Some(Money { amount_minor: campaign.budget_minor, currency: extract.currency.clone() }),
        };
        let made = campaigns::create(app, who, request).await?;
        campaigns::change_state(app, who, made.id, Verb::Launch, "Demo").await?;
        if campaign.stop_loss_minor.is_none() {
            // It ended before the replay begins.
            campaigns::change_state(app, who, made.id, Verb::Complete, "Demo").await?;
        }
        debug_assert_ne!(made.state, CampaignState::Cancelled);
        lines.push((made.id, campaign));
    }
    let history: Vec<&DemoRow> = extract.rows.iter().filter(|row| row.at < extract.replay_from).collect();
    for batch in history.chunks(BATCH) {
        send(app, who, batch).await?;
    }
    make_rules(app, who, extract, &lines).await
}

async fn make_rules(app: &App, who: &Who, extract: &Extract, lines: &[(CampaignId, &DemoCampaign)]) -> Result<()> {
    let zh = extract.locale == "zh-CN";
    for (id, campaign) in lines {
        let Some(minor) = campaign.stop_loss_minor else { continue };
        let line = Quantity::from_e4(minor * 100);
        let name = if zh { format!("止损线：{}", campaign.name) } else { format!("Stop-loss: {}", campaign.name) };
        let spec = RuleSpec::StopLoss { metric: "spend".to_owned(), line, minimum_spend: Quantity::ZERO };
        rule(app, who, name, spec, Some(*id), false, Severity::Critical).await?;
    }
    let low: RuleSpec = serde_json::from_value(json!({
        "kind": "deviation", "metric": "sales", "side": "below", "minimum_volume": 100.0
    }))
    .map_err(Error::internal)?;
    let name =
        if zh { "销售额低于同星期平均水平2个标准差" } else { "Sales far below the same weekday" };
    rule(app, who, name.to_owned(), low, None, true, Severity::Warning).await?;
    if !zh {
        let floor = json!({ "kind": "threshold", "metric": "sales", "side": "below", "line": 9000.0 });
        let floor = serde_json::from_value(floor).map_err(Error::internal)?;
        rule(app, who, "Daily sales under $9,000".to_owned(), floor, None, false, Severity::Warning).await?;
    }
    Ok(())
}

async fn rule(
    app: &App,
    who: &Who,
    name: String,
    spec: RuleSpec,
    campaign: Option<CampaignId>,
    per_channel: bool,
    severity: Severity,
) -> Result<()> {
    let request = CreateRule { name, spec, channel: None, campaign, per_channel, severity };
    rules::create(app, who, request).await?;
    Ok(())
}

/// The person at the console acts as the owner.
async fn link_console(app: &App, who: &Who, server: &str) -> Result<()> {
    let code = chat::issue_code(app, who).await?.code;
    let request = RedeemCode {
        code,
        transport: Transport::Console,
        server: server.to_owned(),
        channel: "console".to_owned(),
        user: CONSOLE_USER.to_owned(),
    };
    chat::redeem(app, &request, "demo").await?;
    Ok(())
}

/// Sends rows as a partner would, each under a key of its own.
pub(super) async fn send(app: &App, who: &Who, rows: &[&DemoRow]) -> Result<()> {
    let rows = rows.iter().map(|row| sample(row)).collect::<Result<Vec<_>>>()?;
    let answer = ingest::take(app, who, rows).await?;
    match answer.results.iter().find_map(|result| result.detail.as_deref()) {
        Some(detail) => Err(Error::internal(format!("a demo row was refused: {detail}"))),
        None => Ok(()),
    }
}

fn sample(row: &DemoRow) -> Result<Parsed<'_>> {
    Ok(Parsed::Row(SampleRow {
        line: 1,
        metric: metrics::find(&row.metric).ok_or_else(|| Error::internal("the demo names an unknown metric"))?,
        at: row.at,
        key: Cow::Owned(format!("{}/{}/{}", row.channel, row.campaign.as_deref().unwrap_or("-"), key_time(row.at))),
        channel: Some(Cow::Borrowed(&row.channel)),
        campaign: row.campaign.as_deref().map(Cow::Borrowed),
        value: Quantity::parse(&format!("{:.2}", row.value)).map_err(Error::internal)?,
    }))
}

fn key_time(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%S").to_string()
}
