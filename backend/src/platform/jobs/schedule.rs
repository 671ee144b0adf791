//! The sweeps' loop: each a first time after the start, none together with another, and then at its own pace; a failure
//! or a panic is logged and the next round tries again.

use super::{Sweep, unharmed};
use crate::app::App;
use futures_util::future::join_all;
use std::time::Duration;
use tokio::sync::watch;

/// What rests for at least so long between two rounds is housekeeping, which nobody waits for at a start.
const HOUSEKEEPING: Duration = Duration::from_hours(1);
/// The first rounds of housekeeping are spread over so much. Not over their whole periods: what is started anew more
/// often than that would never do them.
const SPREAD: Duration = Duration::from_mins(10);
/// The first rounds of the others follow each other so soon.
const BREATH: Duration = Duration::from_millis(200);

/// Does every sweep again and again until `stopping` turns true; ends between two rounds.
pub async fn run(app: &App, sweeps: &[Sweep], stopping: &watch::Receiver<bool>) {
    let rounds = sweeps.iter().zip(first_rounds(sweeps));
    join_all(rounds.map(|(sweep, first)| repeat(app, *sweep, first, stopping.clone()))).await;
}

/// How long after the start each sweep has its first round: a process starts when it is busiest, and rounds over all
/// retailers that began at once would take its connections. By the sweeps' places alone, so that every start is alike.
fn first_rounds(sweeps: &[Sweep]) -> Vec<Duration> {
    let keeps_house = |sweep: &&Sweep| sweep.every >= HOUSEKEEPING;
    let apart = SPREAD / u32::try_from(sweeps.iter().filter(keeps_house).count() + 1).unwrap_or(u32::MAX);
    let (mut soon, mut later) = (Duration::ZERO, apart);
    let first = |sweep: &Sweep| {
        let (next, step) = if keeps_house(&sweep) { (&mut later, apart) } else { (&mut soon, BREATH) };
        let at = *next;
        *next += step;
        at
    };
    sweeps.iter().map(first).collect()
}

async fn repeat(app: &App, sweep: Sweep, first: Duration, mut stopping: watch::Receiver<bool>) {
    let mut rest = first;
    while !*stopping.borrow() {
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            changed = stopping.changed() => {
                // Without a sender nobody can say when to stop, and nobody is left to work for.
                if changed.is_err() { return }
                continue;
            }
        }
        if let Err(error) = unharmed(async { (sweep.perform)(app).await }).await {
            tracing::warn!(sweep = sweep.name, %error, "a sweep failed");
        }
        rest = sweep.every;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    fn every(minutes: u64) -> Sweep {
        Sweep { name: "a sweep", every: Duration::from_mins(minutes), perform: |_| async { Ok(()) }.boxed_local() }
    }

    #[test]
    fn no_two_begin_at_once_and_housekeeping_waits_some_minutes_whatever_its_period() {
        let sweeps = [every(1), every(360), every(15), every(60), every(360)];
        let first = first_rounds(&sweeps);
        let seconds = Duration::from_secs;
        assert_eq!(first, [Duration::ZERO, seconds(150), BREATH, seconds(300), seconds(450)]);
        assert_eq!(first, first_rounds(&sweeps), "every start is alike");
        assert_eq!(first_rounds(&[every(1)]), [Duration::ZERO], "what somebody waits for begins at once");
        assert!(first_rounds(&[]).is_empty());
        let many = first_rounds(&[every(360); 40]);
        assert!(many.windows(2).all(|two| two[0] < two[1]) && many.iter().all(|first| *first < SPREAD), "{many:?}");
    }
}
