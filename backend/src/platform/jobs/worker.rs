//! The worker's loop: claim, perform, delete; poll when no wake-up comes.
//!
//! A fixed number of hands do jobs side by side. A hand that becomes free takes the next job whatever the others do, so
//! a slow job holds up nothing but itself; one tenant's jobs get a few of the hands at once, so a tenant with many or
//! slow ones holds up nobody else.

use super::queue::{self, Job, Share};
use super::{JobKind, MOST_ATTEMPTS, unharmed};
use crate::app::App;
use crate::error::{Error, Result};
use crate::platform::clock::now;
use crate::platform::http::who::Who;
use crate::platform::wake::Topic;
use chrono::TimeDelta;
use futures_util::{StreamExt as _, stream};
use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;
use tillwatch_shared::ids::TenantId;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::timeout;
use uuid::Uuid;

/// A claimed job comes back after this if its worker died.
const LEASE: TimeDelta = TimeDelta::seconds(30);
/// A job is given up after this, before somebody else may have claimed it.
const LONGEST: Duration = Duration::from_secs(25);
/// Jobs done at once.
const HANDS: usize = 16;
/// Jobs of one tenant done at once.
const OF_ONE_TENANT: usize = 4;
/// With fewer free hands than this, a claim waits a breath for more: many jobs a claim is what makes it cheap.
const WORTH_A_CLAIM: usize = 4;
const BREATH: Duration = Duration::from_millis(20);
/// How often the queue is looked at without a wake-up.
const POLL: Duration = Duration::from_millis(500);

/// Works the queue until `stopping` turns true; then finishes the jobs in hand.
pub async fn run(app: &App, kinds: &[JobKind], stopping: watch::Receiver<bool>) {
    let hands = Hands::default();
    let (give, given) = mpsc::unbounded_channel();
    let jobs = stream::unfold(given, async |mut given| given.recv().await.map(|job| (job, given)));
    let working = jobs.for_each_concurrent(None, async |job: Job| {
        if let Err(error) = perform(app, kinds, &job).await {
            // Its lease ends by the clock, and then it is done again.
            tracing::warn!(kind = job.kind, %error, "a job's outcome could not be written down");
        }
        hands.free(job.tenant);
    });
    // Side by side, so that a claim never waits for a job nor a job for a claim.
    tokio::join!(claim_on(app, &hands, give, stopping), working);
}

/// Claims for free hands until the end.
async fn claim_on(app: &App, hands: &Hands, give: mpsc::UnboundedSender<Job>, mut stopping: watch::Receiver<bool>) {
    while !*stopping.borrow() {
        // A time-out is fine: then the few free hands claim.
        let _ = timeout(BREATH, hands.until_free(WORTH_A_CLAIM)).await;
        let claimed = if hands.left() == 0 { Ok(0) } else { claim(app, hands, &give).await };
        match claimed {
            // There may be more.
            Ok(1..) => {}
            Ok(0) => tokio::select! {
                () = app.wake.wait(Topic::Jobs, POLL) => {}
                () = hands.freed.notified() => {}
                _ = stopping.changed() => {}
            },
            Err(error) => {
                tracing::warn!(%error, "the job queue cannot be reached");
                tokio::time::sleep(POLL).await;
            }
        }
    }
}

async fn claim(app: &App, hands: &Hands, give: &mpsc::UnboundedSender<Job>) -> Result<usize> {
    let share = Share { most: hands.left(), of_one: OF_ONE_TENANT, in_hand: hands.taken.borrow().clone() };
    let jobs = app.db.system("claim jobs", async |tx| queue::claim(tx, now(), LEASE, &share).await).await?;
    let count = jobs.len();
    for job in jobs {
        hands.take(job.tenant);
        // The other end is open as long as this one.
        let _ = give.send(job);
    }
    Ok(count)
}

/// Who is being worked for.
#[derive(Default)]
struct Hands {
    taken: RefCell<HashMap<Uuid, usize>>,
    freed: Notify,
}

impl Hands {
    fn left(&self) -> usize {
        HANDS.saturating_sub(self.taken.borrow().values().sum())
    }

    fn take(&self, tenant: Uuid) {
        *self.taken.borrow_mut().entry(tenant).or_default() += 1;
    }

    fn free(&self, tenant: Uuid) {
        let mut taken = self.taken.borrow_mut();
        if let Some(own) = taken.get_mut(&tenant) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&tenant);
            }
        }
        self.freed.notify_one();
    }

    async fn until_free(&self, enough: usize) {
        while self.left() < enough {
            self.freed.notified().await;
        }
    }
}

async fn perform(app: &App, kinds: &[JobKind], job: &Job) -> Result<()> {
    let who = Who::system(TenantId(job.tenant), "job", &job.request_id);
    let work = async {
        match kinds.iter().find(|kind| kind.name == job.kind) {
            Some(kind) => (kind.perform)(app, who, job.payload.clone()).await,
            None => Err(Error::internal(format!("no such kind of job: {}", job.kind))),
        }
    };
    let outcome = timeout(LONGEST, unharmed(work)).await;
    let late = |_| Err(Error::internal(format!("it took longer than {} s", LONGEST.as_secs())));
    match outcome.unwrap_or_else(late) {
        Ok(()) => app.db.system("finish a job", async |tx| queue::done(tx, job).await).await,
        Err(error) => {
            let (kind, attempt) = (&job.kind, job.attempt);
            tracing::warn!(kind, attempt, of = MOST_ATTEMPTS, request_id = job.request_id, %error, "a job failed");
            app.db.system("put a failed job back", async |tx| queue::failed(tx, job, &error, now()).await).await
        }
    }
}
