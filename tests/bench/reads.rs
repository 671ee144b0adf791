//! Reads over HTTP, with sign-in checked on every request, against pgbench with the same statements.
//!
//! The yardstick reads without policy and without transaction, as a role that bypasses row-level security, with the
//! ids in the statement's text: all that the service adds (HTTP, the credential, the tenant's transaction, the
//! policy, JSON) counts against it. One campaign of each retailer is read by id. Two things favour the yardstick: it reads
//! four retailers where the service reads fifty, and its caller is a C program where ours shares a runtime.

use super::Effort;
use super::http::{Connection, request};
use super::load::{Measured, load};
use super::pgbench::Yardstick;
use super::report::{Aim, Report, median};
use super::world::{PLAIN_ROLE, Retailer, World};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use tillwatch_shared::ids::{CampaignId, ChannelId};
use uuid::Uuid;

/// Retailers, and campaigns of each.
const RETAILERS: usize = 50;
const CAMPAIGNS: usize = 20;
/// Callers at once, on both sides.
const CLIENTS: usize = 16;
/// Retailers that pgbench reads: each is a statement of its own, planned once in each connection, and the planning of
/// all fifty would fill a round and flatter the service.
pub(crate) const PLANNED: usize = 4;

/// What the service reads of a campaign's row (`backend/src/plan/campaigns/store.rs`).
const COLUMNS: &str = "campaign_id, name, external_key, objective, state, state_reason, state_since, stopped_by, \
    starts_on, ends_on, budget_minor, budget_currency, archived_at, created_at, updated_at, version";

/// The statements of a list of 20: the page (one row more tells whether there is a next one), then what the campaigns
/// of the page cost and where they run.
pub(crate) fn list_statements(tenant: Uuid, campaigns: &[CampaignId]) -> String {
    let ids = campaigns.iter().map(|id| format!("'{}'", id.0)).collect::<Vec<_>>().join(", ");
    format!(
        "SELECT {COLUMNS} FROM campaigns WHERE tenant_id = '{tenant}' AND archived_at IS NULL \
         ORDER BY campaign_id DESC LIMIT {};\n\
         SELECT campaign_id, total_e4 FROM campaign_totals WHERE tenant_id = '{tenant}' AND metric = 'spend' \
         AND campaign_id = ANY (ARRAY[{ids}]::uuid[]);\n\
         SELECT campaign_id, channel_id FROM campaign_channels WHERE tenant_id = '{tenant}' \
         AND campaign_id = ANY (ARRAY[{ids}]::uuid[]) ORDER BY campaign_id, channel_id;\n",
        campaigns.len() + 1
    )
}

/// The statement of a get by id.
pub(crate) fn get_statement(tenant: Uuid, campaign: CampaignId) -> String {
    format!(
        "SELECT {COLUMNS}, \
         (SELECT total_e4 FROM campaign_totals t WHERE t.tenant_id = c.tenant_id AND t.campaign_id = c.campaign_id \
          AND t.metric = 'spend' LIMIT 1), \
         ARRAY(SELECT channel_id FROM campaign_channels h WHERE h.tenant_id = c.tenant_id \
          AND h.campaign_id = c.campaign_id ORDER BY channel_id) \
         FROM campaigns c WHERE tenant_id = '{tenant}' AND campaign_id = '{}' LIMIT 1;\n",
        campaign.0
    )
}

/// A retailer with its campaigns, newest last.
pub(crate) type Owned = (Retailer, Vec<CampaignId>);
/// All of them.
pub(crate) type Known = Vec<Owned>;

/// Makes 1,000 campaigns in 50 retailers, each with a channel and a cost.
pub(crate) async fn campaigns(world: &mut World) -> Known {
    let mut known = Vec::new();
    let mut sql = String::new();
    for retailer in world.retailers(RETAILERS).await {
        let (tenant, channel) = (retailer.id.0, ChannelId::new().0);
        write!(
            sql,
            "INSERT INTO channels (tenant_id, channel_id, name, kind, online, domain, stage, created_at, updated_at) \
             VALUES ('{tenant}', '{channel}', 'Store', 'store', false, 'public', 'active', now(), now());"
        )
        .unwrap();
        let ids: Vec<CampaignId> = (0..CAMPAIGNS).map(|_| CampaignId::new()).collect();
        for (number, id) in ids.iter().enumerate() {
            let id = id.0;
            write!(
                sql,
                "INSERT INTO campaigns (tenant_id, campaign_id, name, external_key, objective, state, state_since, \
                 starts_on, ends_on, budget_minor, budget_currency, created_at, updated_at) \
                 VALUES ('{tenant}', '{id}', 'Coupons of week {number}', 'coupons-{number}', 'conversion', 'active', \
                 now(), '2026-01-01', '2026-12-31', 150000, 'USD', now(), now()); \
                 INSERT INTO campaign_channels VALUES ('{tenant}', '{id}', '{channel}'); \
                 INSERT INTO campaign_totals VALUES ('{tenant}', '{id}', 'spend', 12000000);"
            )
            .unwrap();
        }
        known.push((retailer, ids));
    }
    world.execute(&sql).await;
    world.execute("VACUUM ANALYZE campaigns").await;
    world.execute("VACUUM ANALYZE campaign_channels").await;
    world.execute("VACUUM ANALYZE campaign_totals").await;
    known
}

/// Measures both reads.
pub(crate) async fn measure(world: &mut World, effort: Effort, report: &mut Report) {
    let known = campaigns(world).await;
    check(world, &known).await;
    let list = |(retailer, ids): &Owned| {
        let call = request("GET", &format!("/v1/campaigns?limit={CAMPAIGNS}"), &retailer.owner, &[], b"");
        (call, list_statements(retailer.id.0, ids))
    };
    let one = |(retailer, ids): &Owned| {
        let id = ids[CAMPAIGNS / 2];
        let call = request("GET", &format!("/v1/campaigns/{id}"), &retailer.owner, &[], b"");
        (call, get_statement(retailer.id.0, id))
    };
    compare(world, effort, report, "list of 20", known.iter().map(list).unzip()).await;
    compare(world, effort, report, "get by id", known.iter().map(one).unzip()).await;
    world.known = Some(known);
}

/// Both sides must give what they are thought to give, or a ratio says nothing.
async fn check(world: &World, known: &Known) {
    let mut connection = Connection::open(world.address).await;
    let (retailer, ids) = &known[0];
    let id = ids[CAMPAIGNS / 2];
    let page = connection.ask(&request("GET", "/v1/campaigns?limit=20", &retailer.owner, &[], b"")).await;
    assert_eq!(page["data"].as_array().map(Vec::len), Some(CAMPAIGNS));
    let one = connection.ask(&request("GET", &format!("/v1/campaigns/{id}"), &retailer.owner, &[], b"")).await;
    assert_eq!((&one["spend"], one["channels"].as_array().map(Vec::len)), (&serde_json::json!(1200), Some(1)));
}

async fn compare(
    world: &World,
    effort: Effort,
    report: &mut Report,
    what: &str,
    (requests, texts): (Vec<Vec<u8>>, Vec<String>),
) {
    let (requests, time) = (Arc::new(requests), Duration::from_secs(effort.seconds));
    let ours = async || load(world.address, Arc::clone(&requests), CLIENTS, time).await;
    // Connections, plans and pages are warm before anything counts.
    load(world.address, Arc::clone(&requests), CLIENTS, Duration::from_secs(1)).await;
    let Some(pgbench) = &world.pgbench else {
        let alone = ours().await;
        report.line(what, &rate(&alone), "-", alone.per_second, "/s", Aim::Nothing);
        report.note(format!("No pgbench on this machine, so {what} has no yardstick."));
        return;
    };
    let scripts = pgbench.scripts(&what.replace(' ', "-"), &texts[..PLANNED]);
    let login = world.login(PLAIN_ROLE, "");
    let theirs = async || pgbench.run(&login, &scripts, CLIENTS, time).await;
    let mut rounds: Vec<(Measured, Yardstick)> = Vec::new();
    for round in 0..effort.rounds {
        // In turns, and every other time the other way round, so that neither side always comes second.
        rounds.push(if round % 2 == 0 {
            let first = ours().await;
            (first, theirs().await)
        } else {
            let first = theirs().await;
            (ours().await, first)
        });
    }
    let of = |pair: fn(&(Measured, Yardstick)) -> (f64, f64)| {
        let (ours, theirs): (Vec<f64>, Vec<f64>) = rounds.iter().map(pair).unzip();
        let ratios: Vec<f64> = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect();
        (median(&ours), median(&theirs), median(&ratios))
    };
    let (ours, theirs, ratio) = of(|(ours, theirs)| (ours.per_second, theirs.per_second));
    report.line(
        &format!("{what}, {CLIENTS} callers"),
        &format!("{ours:.0}/s"),
        &format!("{theirs:.0}/s"),
        ratio,
        "",
        Aim::AtLeast(0.35),
    );
    let (ours, theirs, ratio) = of(|(ours, theirs)| (ours.mean, theirs.mean));
    let (ours, theirs) = (format!("{ours:.2} ms"), format!("{theirs:.2} ms"));
    report.line(&format!("{what}, mean time"), &ours, &theirs, ratio, "×", Aim::Nothing);
    let p99: Vec<f64> = rounds.iter().map(|(ours, _)| ours.p99).collect();
    report.line(&format!("{what}, p99"), &format!("{:.2} ms", median(&p99)), "", median(&p99), " ms", Aim::Nothing);
}

fn rate(measured: &Measured) -> String {
    format!("{:.0}/s, p50 {:.2} ms, p99 {:.2} ms", measured.per_second, measured.p50, measured.p99)
}
