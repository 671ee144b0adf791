//! Whether the time of a refused sign-in tells that an address has a login: a wrong password for one that has, against
//! one that has none, in turns in one run.

use super::Effort;
use super::http::{Connection, post};
use super::report::{Aim, Report, median, quantile};
use super::world::World;
use serde_json::json;
use std::time::Instant;

/// How far apart the medians may lie, in percent.
const APART: f64 = 5.0;

/// Measures refused sign-ins of known and unknown addresses.
pub(crate) async fn measure(world: &mut World, effort: Effort, report: &mut Report) {
    world.retailers(1).await;
    let superuser = world.superuser().await;
    let mut connection = Connection::open(world.address).await;
    let mut times = [Vec::new(), Vec::new()];
    let pairs = effort.rounds * 30;
    for pair in 0..pairs + 5 {
        // The throttle would soon refuse both unseen; each pair finds it as empty as the one before.
        superuser.batch_execute("TRUNCATE directory_sign_in_attempts").await.expect("the throttle's counts");
        // A B B A, so that neither is always the first behind the clearing.
        for side in if pair % 2 == 0 { [0, 1] } else { [1, 0] } {
            let email = if side == 0 {
                "owner-0@retailer.example".to_owned()
            } else {
                format!("nobody-{pair}@retailer.example")
            };
            let wish = post("/v1/sessions", "", &json!({ "email": email, "password": "not the password at all" }));
            let started = Instant::now();
            let status = connection.send(&wish).await.expect("an answer");
            let took = started.elapsed().as_secs_f64() * 1000.0;
            assert_eq!(status, 401, "both are refused alike");
            // The first pairs warm up what is made once.
            if pair >= 5 {
                times[side].push(took);
            }
        }
    }
    let [known, unknown] = times;
    let apart = (median(&known) / median(&unknown) - 1.0) * 100.0;
    let shown = [&known, &unknown].map(|times| format!("{:.2} ms", median(times)));
    let what = "refused sign-in, known against unknown address";
    report.line(what, &shown[0], &shown[1], apart.abs(), " % apart", Aim::Below(APART));
    let spread = |times: &[f64]| format!("{:.2} to {:.2} ms", quantile(times, 0.05), quantile(times, 0.95));
    report.note(format!(
        "Refused sign-ins, {pairs} of each in turns; ratio of the medians {:.4}. Nine tenths between: known {}, unknown {}.",
        median(&known) / median(&unknown),
        spread(&known),
        spread(&unknown),
    ));
}
