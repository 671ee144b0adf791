//! The hands of the job queue: claim, perform, delete; poll when no wake-up comes.
//!
//! One tenant's jobs get a few of the hands at once, so a tenant with many or slow ones holds up nobody else.

use super::hands::{self, Held, Queue, Share, in_time};
use super::queue::{self, Job};
use super::{JobKind, MOST_ATTEMPTS};
use crate::app::App;
use crate::error::{Error, Result};
use crate::platform::clock::now;
use crate::platform::http::who::Who;
use crate::platform::wake::Topic;
use chrono::TimeDelta;
use std::cell::RefCell;
use std::time::Duration;
use tillwatch_shared::ids::TenantId;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

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

/// Works the queue until `stopping` turns true; then finishes the jobs in hand.
pub async fn run(app: &App, kinds: &[JobKind], stopping: watch::Receiver<bool>) {
    hands::work(app, &Jobs { app, kinds, held: RefCell::default() }, stopping).await;
}

struct Jobs<'a> {
    app: &'a App,
    kinds: &'a [JobKind],
    held: RefCell<Held>,
}

impl Jobs<'_> {
    fn left(&self) -> usize {
        HANDS.saturating_sub(self.held.borrow().total())
    }
}

impl Queue for Jobs<'_> {
    type Piece = Job;
    const OF: &'static str = "jobs";
    const TOPIC: Topic = Topic::Jobs;
    const POLL: Duration = Duration::from_millis(500);

    async fn claim(&self, freed: &Notify) -> Result<Vec<Job>> {
        let enough = async {
            while self.left() < WORTH_A_CLAIM {
                freed.notified().await;
            }
        };
        // A time-out is fine: then the few free hands claim.
        let _ = timeout(BREATH, enough).await;
        if self.left() == 0 {
            return Ok(Vec::new());
        }
        let share = Share { most: self.left(), of_one: OF_ONE_TENANT, held: self.held.borrow().clone() };
        let jobs = self.app.db.system("claim jobs", async |tx| queue::claim(tx, now(), LEASE, &share).await).await?;
        let mut held = self.held.borrow_mut();
        for job in &jobs {
            held.take(job.tenant);
        }
        Ok(jobs)
    }

    async fn perform(&self, job: &Job) {
        if let Err(error) = perform(self.app, self.kinds, job).await {
            // Its lease ends by the clock, and then it is done again.
            tracing::warn!(kind = job.kind, %error, "a job's outcome could not be written down");
        }
    }

    fn free(&self, job: &Job) {
        self.held.borrow_mut().free(job.tenant);
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
    match in_time(LONGEST, work).await {
        Ok(()) => app.db.system("finish a job", async |tx| queue::done(tx, job).await).await,
        Err(error) => {
            let (kind, attempt) = (&job.kind, job.attempt);
            tracing::warn!(kind, attempt, of = MOST_ATTEMPTS, request_id = job.request_id, %error, "a job failed");
            app.db.system("put a failed job back", async |tx| queue::failed(tx, job, &error, now()).await).await
        }
    }
}
