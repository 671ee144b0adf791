//! What row-level security costs: the service's transactions, statement for statement, as the serving role and as one
//! that the policy does not bind.

use super::Effort;
use super::reads::{self, Known, get_statement, list_statements};
use super::report::{Aim, Report, median};
use super::world::{APP_ROLE, PLAIN_ROLE, World};
use std::time::Duration;

/// Callers at once.
const CLIENTS: usize = 16;

/// Measures the transaction of a list and that of a get by id, with and without the policy.
pub(crate) async fn measure(world: &mut World, effort: Effort, report: &mut Report) {
    let known = known(world).await;
    let Some(pgbench) = &world.pgbench else {
        report.note("No pgbench on this machine, so the cost of row-level security was not measured.");
        return;
    };
    let time = Duration::from_secs(effort.seconds);
    let transactions = |statements: &dyn Fn(&reads::Owned) -> String| -> Vec<String> {
        let whole = |owned: &reads::Owned| {
            let (tenant, statements) = (owned.0.id.0, statements(owned));
            format!("BEGIN READ ONLY;\nSET LOCAL app.tenant_id = '{tenant}';\n{statements}COMMIT;\n")
        };
        known.iter().take(reads::PLANNED).map(whole).collect()
    };
    let kinds = [
        ("list of 20", transactions(&|(retailer, ids)| list_statements(retailer.id.0, ids))),
        ("get by id", transactions(&|(retailer, ids)| get_statement(retailer.id.0, ids[0]))),
    ];
    for (what, texts) in kinds {
        let scripts = pgbench.scripts(&format!("policy-{}", what.replace(' ', "-")), &texts);
        let run = async |role, time| pgbench.run(&world.login(role, ""), &scripts, CLIENTS, time).await.per_second;
        run(PLAIN_ROLE, Duration::from_secs(1)).await;
        let (mut with, mut without, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        // Twice the rounds of other questions: what is looked for is smaller than what a machine varies by.
        for round in 0..2 * effort.rounds {
            let (guarded, open) = if round % 2 == 0 {
                let first = run(APP_ROLE, time).await;
                (first, run(PLAIN_ROLE, time).await)
            } else {
                let first = run(PLAIN_ROLE, time).await;
                (run(APP_ROLE, time).await, first)
            };
            with.push(guarded);
            without.push(open);
            ratios.push(guarded / open);
        }
        let shown = [&with, &without].map(|values| format!("{:.0}/s", median(values)));
        let what = format!("transaction of a {what}, policy");
        report.line(&what, &shown[0], &shown[1], median(&ratios), "", Aim::AtLeast(0.95));
    }
}

/// The campaigns that the reads made, or new ones when the reads were not asked for.
async fn known(world: &mut World) -> Known {
    if let Some(known) = world.known.take() { known } else { reads::campaigns(world).await }
}
