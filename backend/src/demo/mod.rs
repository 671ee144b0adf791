//! The demo retailers: real weeks of a US grocer and a small generated Chinese retailer, loaded up to a date and
//! replayed from there, as a partner would send them.
//!
//! Cast: [`extract`] (the figures, embedded), [`retailer`] (a retailer made from an extract: channels, campaigns, rules,
//! history), [`replay`] (the following weeks, day by day, so that rules fire on what really happened). Everything goes
//! through the ordinary use cases: the demo has no rights of its own and writes no SQL. Invariants: times are
//! moved by whole weeks, fixed by when the demo was first loaded, so that a restart goes on where it was; sending
//! again what was sent changes nothing.

pub mod extract;
pub mod replay;
pub mod retailer;

use crate::app::{App, Shared};
use crate::error::{Error, Result};
use extract::Extract;
use retailer::{Retailer, SignInHint};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// The console server of the US grocer.
pub const US_SERVER: &str = "us";
/// The console server of the Chinese retailer.
pub const CN_SERVER: &str = "cn";
/// The console user that is linked to both owners.
pub const CONSOLE_USER: &str = "you";

/// How the demo is run.
#[derive(Clone, Debug)]
pub struct DemoOptions {
    /// How long one day of the replay takes.
    pub day: Duration,
    /// The password of both demo owners: made per installation, never the same on two.
    pub password: String,
}

/// Who can sign in, once both retailers are loaded; or why they could not be.
pub type Ready = Result<Vec<SignInHint>>;

/// Loads the demo retailers on a thread of their own and replays them until the process stops. What is received is who
/// can sign in, once both are loaded.
///
/// # Errors
/// When the thread cannot be started.
pub fn start(shared: Arc<Shared>, options: DemoOptions) -> Result<oneshot::Receiver<Ready>> {
    let (ready, receiver) = oneshot::channel();
    std::thread::Builder::new()
        .name("demo".to_owned())
        .spawn(move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => {
                    // Nobody waits any more when the receiver is gone.
                    let _ = ready.send(Err(Error::internal(error)));
                    return;
                }
            };
            runtime.block_on(run(shared, options, ready));
        })
        .map_err(Error::internal)?;
    Ok(receiver)
}

async fn run(shared: Arc<Shared>, options: DemoOptions, ready: oneshot::Sender<Ready>) {
    let mut stopping = shared.stopping.clone();
    let prepared = async {
        let app = App::new(shared)?;
        let us = retailer::prepare(&app, &read(Extract::us_grocer())?, US_SERVER, &options.password).await?;
        let cn = retailer::prepare(&app, &read(Extract::cn_retailer())?, CN_SERVER, &options.password).await?;
        Ok((app, [us, cn]))
    };
    // A process that stops while it loads has nobody left who waits to hear of it.
    let prepared: Result<(App, [Retailer; 2])> = tokio::select! {
        _ = stopping.wait_for(|stop| *stop) => return,
        prepared = prepared => prepared,
    };
    let (app, retailers) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => {
            let _ = ready.send(Err(error));
            return;
        }
    };
    let hints = retailers.iter().map(|retailer| retailer.hint.clone()).collect();
    let _ = ready.send(Ok(hints));
    let [us, cn] = retailers;
    tokio::select! {
        _ = stopping.wait_for(|stop| *stop) => {}
        () = async { tokio::join!(replay::run(&app, us, options.day), replay::run(&app, cn, options.day)); } => {}
    }
}

fn read(extract: std::result::Result<Extract, extract::ExtractError>) -> Result<Extract> {
    extract.map_err(Error::internal)
}
