//! What row-level security costs: the same transaction on two tables that differ in the policy alone.

use super::Effort;
use super::reads::{self, Known};
use super::report::{Aim, Report, median};
use super::world::{APP_ROLE, World};
use std::time::Duration;

/// Callers at once.
const CLIENTS: usize = 16;

/// Measures the service's transaction around a list, and the bare statement, with and without the policy.
pub(crate) async fn measure(world: &mut World, effort: Effort, report: &mut Report) {
    let known = known(world).await;
    let Some(pgbench) = &world.pgbench else {
        report.note("No pgbench on this machine, so the cost of row-level security was not measured.");
        return;
    };
    world
        .execute(
            "CREATE TABLE bench_guarded (LIKE campaigns INCLUDING ALL); INSERT INTO bench_guarded SELECT * FROM campaigns; \
             CREATE TABLE bench_open (LIKE campaigns INCLUDING ALL); INSERT INTO bench_open SELECT * FROM campaigns; \
             SELECT tillwatch_isolate('bench_guarded'); \
             GRANT SELECT ON bench_guarded, bench_open TO tillwatch_app; ANALYZE bench_guarded; ANALYZE bench_open",
        )
        .await;
    let time = Duration::from_secs(effort.seconds);
    let statement = |table: &str, tenant: &str| {
        format!(
            "SELECT * FROM {table} WHERE tenant_id = '{tenant}' AND archived_at IS NULL \
             ORDER BY campaign_id DESC LIMIT 21;\n"
        )
    };
    let tenants: Vec<String> =
        known.iter().take(reads::PLANNED).map(|(retailer, _)| retailer.id.0.to_string()).collect();
    let whole = |table: &str| {
        let text = |tenant: &String| {
            format!("BEGIN;\nSET LOCAL app.tenant_id = '{tenant}';\n{}COMMIT;\n", statement(table, tenant))
        };
        tenants.iter().map(text).collect::<Vec<_>>()
    };
    // The bare statement needs its tenant from the session, so there is one.
    let session = format!("-c app.tenant_id={}", tenants[0]);
    let bare = |table: &str| vec![statement(table, &tenants[0])];
    let kinds = [
        ("transaction with a list, policy", whole("bench_guarded"), whole("bench_open"), ""),
        ("list alone, policy", bare("bench_guarded"), bare("bench_open"), session.as_str()),
    ];
    for (place, (what, guarded, open, options)) in kinds.into_iter().enumerate() {
        let login = world.login(APP_ROLE, options);
        let guarded = pgbench.scripts(&format!("guarded{place}"), &guarded);
        let open = pgbench.scripts(&format!("open{place}"), &open);
        pgbench.run(&login, &open, CLIENTS, Duration::from_secs(1)).await;
        let (mut with, mut without, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..effort.rounds.max(3) {
            let run = async |scripts| pgbench.run(&login, scripts, CLIENTS, time).await.per_second;
            let (guarded, open) = if round % 2 == 0 {
                let first = run(&guarded).await;
                (first, run(&open).await)
            } else {
                let first = run(&open).await;
                (run(&guarded).await, first)
            };
            with.push(guarded);
            without.push(open);
            ratios.push(guarded / open);
        }
        let aim = if place == 0 { Aim::AtLeast(0.95) } else { Aim::Nothing };
        let shown = [&with, &without].map(|values| format!("{:.0}/s", median(values)));
        report.line(what, &shown[0], &shown[1], median(&ratios), "", aim);
    }
}

/// The campaigns that the reads made, or new ones when the reads were not asked for.
async fn known(world: &mut World) -> Known {
    if let Some(known) = world.known.take() { known } else { reads::campaigns(world).await }
}
