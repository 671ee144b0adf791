//! `cargo bench`: what the service costs, as ratios to the bare PostgreSQL under it, measured in one run.
//!
//! Cast: [`world`] (a PostgreSQL of its own, with fsync on, the service, retailers), [`http`] and [`load`] (callers),
//! [`pgbench`] (PostgreSQL's own load generator, the yardstick of reads), one module for each question, [`report`]
//! (the table). Method, figures and their limits: `docs/performance.md`.
//!
//! Invariants: both sides of a ratio run in the same process tree, on the same data, in turns (A B B A …), so that a
//! machine which gets slower slows both; what is quoted is the median; nothing is asserted about time; nothing leaves
//! loopback, and everything that was started ends with the run.
//!
//! `cargo bench` runs all; `cargo bench -- reads samples` only those; `cargo bench -- --quick` shorter rounds;
//! `cargo bench -- detector` needs no PostgreSQL.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a broken bench must fail loudly")]
// Milliseconds and counts are shown, not computed with.
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

#[path = "../corpus/mod.rs"]
mod corpus;
mod crowd;
mod detector;
#[path = "../it/fake_discord/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the integration tests use all of it, and its own tests run there")]
mod fake_discord;
mod http;
mod load;
mod memory;
mod message;
mod noisy;
mod pgbench;
mod policy;
mod reads;
mod report;
mod samples;
mod sign_in;
mod world;

use report::Report;
use world::World;

/// The program's allocator, since its service runs in this process.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The questions, in the order in which they are asked: the samples last, since PostgreSQL writes what they bring to
/// its files for minutes, which would be measured with whatever comes next.
const QUESTIONS: [&str; 8] = ["sign_in", "reads", "policy", "message", "memory", "noisy", "crowd", "samples"];

/// The one that needs no service, and is asked before there is one.
const DETECTOR: &str = "detector";

/// How long things run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Rounds of each side of a ratio.
    pub(crate) rounds: usize,
    /// Seconds of a round of reads.
    pub(crate) seconds: u64,
    /// Requests of a round of samples.
    pub(crate) requests: usize,
    /// Seconds over which the breaches of the message bench are spread.
    pub(crate) spread: u64,
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let quick = words.iter().any(|word| word == "--quick");
    let asked: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.starts_with("--")).collect();
    if let Some(unknown) = asked.iter().find(|word| !QUESTIONS.contains(word) && **word != DETECTOR) {
        eprintln!("no such bench: {unknown}. There are: {DETECTOR}, {}", QUESTIONS.join(", "));
        std::process::exit(2);
    }
    let effort = if quick {
        Effort { rounds: 2, seconds: 2, requests: 5, spread: 15 }
    } else {
        Effort { rounds: 5, seconds: 5, requests: 10, spread: 60 }
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let mut report = Report::default();
        if asked.is_empty() || asked.contains(&DETECTOR) {
            eprintln!("{DETECTOR} …");
            detector::measure(&mut report);
        }
        if asked == [DETECTOR] {
            println!("{report}");
            return;
        }
        let mut world = World::start().await;
        for question in QUESTIONS {
            if !asked.is_empty() && !asked.contains(&question) {
                continue;
            }
            eprintln!("{question} …");
            match question {
                "sign_in" => sign_in::measure(&mut world, effort, &mut report).await,
                "reads" => reads::measure(&mut world, effort, &mut report).await,
                "policy" => policy::measure(&mut world, effort, &mut report).await,
                "samples" => samples::measure(&mut world, effort, &mut report).await,
                "crowd" => crowd::measure(&mut world, effort, &mut report).await,
                "noisy" => noisy::measure(&mut world, effort, &mut report).await,
                "message" => message::measure(&mut world, effort, &mut report).await,
                _ => memory::measure(&mut world, effort, &mut report).await,
            }
        }
        println!("{report}");
        world.stop().await;
    });
}
