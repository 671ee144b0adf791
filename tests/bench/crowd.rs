//! Whether other retailers slow one down: what 99 of 100 of a retailer's requests stay under where 10,000 retailers live,
//! against the same where 100 do.
//!
//! Two databases of one PostgreSQL, each with a service of its own, asked in turns by as many active retailers at the same
//! even pace, once the worker's first rounds over all retailers are done. The others are copies of one of the active, with
//! its campaigns, samples, rollups and rules under ids of retailers of their own: they fill tables and indexes, and the
//! rounds of the worker visit them.

use super::Effort;
use super::http::{Connection, post, request};
use super::noisy::{Asked, round, same};
use super::report::{Aim, Report, quantile};
use super::world::{Retailer, World};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Retailers in all, in the two databases.
const FEW: usize = 100;
const MANY: usize = 10_000;
/// Those that ask.
const ACTIVE: usize = 8;
/// Campaigns of each retailer, and hours of samples.
const CAMPAIGNS: usize = 5;
const HOURS: usize = 48;

/// Copies everything of one retailer to as many new ones, table by table as the catalogue lists them: its own rows, and
/// what the directory knows of it. Keys that may exist only once (addresses, secrets) stay with the first.
const COPIES: &str = "
    SET session_replication_role = replica;
    CREATE TEMP TABLE crowd AS SELECT gen_random_uuid() AS id FROM generate_series(1, $copies);
    DO $do$
    DECLARE place record;
    BEGIN
        FOR place IN
            SELECT c.oid::regclass AS name, k.attname AS key,
                   coalesce((SELECT string_agg(', ' || quote_ident(a.attname), '' ORDER BY a.attnum) FROM pg_attribute a
                    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
                      AND a.attidentity = '' AND a.attname <> k.attname), '') AS others
            FROM pg_class c JOIN pg_attribute k ON k.attrelid = c.oid AND k.attname IN ('tenant_id', 'for_tenant')
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
              AND (c.relname = 'directory_tenants' OR c.relname !~ '^(queue|directory)_')
        LOOP
            EXECUTE format('INSERT INTO %1$s (%2$I%3$s) SELECT crowd.id%3$s FROM %1$s t, crowd WHERE t.%2$I = %4$L \
                            ON CONFLICT DO NOTHING', place.name, place.key, place.others, '$model');
        END LOOP;
    END
    $do$;
    DROP TABLE crowd;
    RESET session_replication_role;
    ANALYZE;
";

/// Measures reads and samples.
pub(crate) async fn measure(world: &mut World, effort: Effort, report: &mut Report) {
    let mut few = world.beside("few").await;
    let mut many = world.beside("many").await;
    let (asks_few, asks_many) = (fill(&mut few, FEW).await, fill(&mut many, MANY).await);
    let seconds = Duration::from_secs(effort.seconds.max(3));
    few.at_rest().await;
    many.at_rest().await;
    for (what, place) in [("reads", 0), ("samples", 1)] {
        let ask =
            async |world: &World, asks: &[Vec<Asked>; 2], time| round(world.address, &asks[place], None, time).await.0;
        // Connections and plans are warm before anything counts.
        ask(&few, &asks_few, Duration::from_secs(2)).await;
        ask(&many, &asks_many, Duration::from_secs(2)).await;
        let (mut beside_few, mut beside_many) = (Vec::new(), Vec::new());
        for number in 0..effort.rounds * 2 {
            if number % 2 == 0 {
                beside_few.extend(ask(&few, &asks_few, seconds).await);
                beside_many.extend(ask(&many, &asks_many, seconds).await);
            } else {
                beside_many.extend(ask(&many, &asks_many, seconds).await);
                beside_few.extend(ask(&few, &asks_few, seconds).await);
            }
        }
        let [with_many, with_few] = [&beside_many, &beside_few].map(|times| quantile(times, 0.99));
        let shown = |p99: f64| format!("p99 {p99:.2} ms");
        let name = format!("{what} of a retailer among {MANY}, against among {FEW}");
        report.line(&name, &shown(with_many), &shown(with_few), with_many / with_few, "×", Aim::Below(1.2));
    }
    few.stop().await;
    many.stop().await;
}

/// Has this many retailers live there; what the active of them ask: lists, and samples.
async fn fill(world: &mut World, number: usize) -> [Vec<Asked>; 2] {
    let active = world.retailers(ACTIVE).await;
    let mut connection = Connection::open(world.address).await;
    let (mut lists, mut pushes) = (Vec::new(), Vec::new());
    for retailer in &active {
        live(&mut connection, retailer).await;
        lists.push(same(request("GET", "/v1/campaigns?limit=20", &retailer.owner, &[], b"")));
        let token = World::partner(&mut connection, retailer).await;
        // A sample a minute of two weeks, and again from the first.
        let push = move |number: u64| {
            let at = format!("2026-01-{:02}T{:02}:{:02}:00Z", 5 + number / 1440 % 14, number / 60 % 24, number % 60);
            let row =
                |metric: &str| json!({ "metric": metric, "at": at, "key": format!("m{number}"), "value": number % 97 });
            let rows = ["sales", "orders", "visits"].map(row);
            post("/v1/samples", &token, &json!({ "samples": rows }))
        };
        pushes.push(Arc::new(push) as Asked);
    }
    let model = active.first().expect("somebody asks").id.0.to_string();
    let copies = (number - ACTIVE).to_string();
    world.execute(&COPIES.replace("$copies", &copies).replace("$model", &model)).await;
    let client = world.superuser().await;
    let there = client.query_one("SELECT count(*) FROM tenants", &[]).await.expect("a count").get::<_, i64>(0);
    assert_eq!(usize::try_from(there).expect("a count"), number, "they all live there");
    [lists, pushes]
}

/// A retailer's everyday life: campaigns that run, a rule, hours of samples.
async fn live(connection: &mut Connection, retailer: &Retailer) {
    for number in 0..CAMPAIGNS {
        World::campaign(connection, retailer, &format!("crowd-{number}")).await;
    }
    let rule = json!({
        "name": "Low sales", "severity": "warning",
        "spec": { "kind": "threshold", "metric": "sales", "side": "below", "line": 1 },
    });
    connection.ask(&post("/v1/rules", &retailer.owner, &rule)).await;
    let row = |hour: usize| {
        let at = format!("2026-01-{:02}T{:02}:00:00Z", 1 + hour / 24, hour % 24);
        json!({ "metric": "sales", "at": at, "key": format!("h{hour}"), "value": 100 + hour })
    };
    let rows: Vec<_> = (0..HOURS).map(row).collect();
    connection.ask(&post("/v1/samples", &retailer.owner, &json!({ "samples": rows }))).await;
}
