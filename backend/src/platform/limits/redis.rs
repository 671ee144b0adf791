//! Allowances that every process with the same Redis shares.
//!
//! One task keeps a connection; whoever counts uses it if it is there and asks nobody else for long. Invariant: no
//! request waits for longer than it was told to, and after one that did, none does until Redis was reached anew.

use super::rate::{Rate, Standing};
use super::{Counter, Key};
use crate::platform::tally::Tally;
use redis::aio::MultiplexedConnection;
use redis::{Client, RedisResult};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// A count that takes longer is made in this process instead.
pub(super) const LONGEST: Duration = Duration::from_millis(50);
/// A connection that takes longer to open is given up.
const OPENING: Duration = Duration::from_secs(1);
/// Pause before a lost Redis is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// A Redis that is away is told of once in a while.
static AWAY: Tally = Tally::new(Duration::from_secs(30));

/// The arithmetic of [`super::rate::take`], where the states are: `ARGV` is now, then step and window of each key, then
/// 1 if it is spent. A key outlives its allowance by a minute, for processes whose clocks differ.
const TAKE: &str = r"
local now, allowed, states = tonumber(ARGV[1]), 1, {}
for i = 1, #KEYS do
  local step, window = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local state = tonumber(redis.call('GET', KEYS[i]) or '0') or 0
  states[i] = math.min(math.max(state, now), now + window)
  if states[i] + step - now > window then allowed = 0 end
end
if allowed == 1 and ARGV[#ARGV] == '1' then
  for i = 1, #KEYS do
    states[i] = states[i] + tonumber(ARGV[2 * i])
    local left = math.ceil((states[i] - now) / 1000) + 60000
    redis.call('SET', KEYS[i], string.format('%.0f', states[i]), 'PX', left)
  end
end
table.insert(states, 1, allowed)
return states";

/// The shared allowances.
#[derive(Debug)]
pub(super) struct Redis {
    longest: Duration,
    open: Arc<RwLock<Option<MultiplexedConnection>>>,
    lost: Arc<Notify>,
    keeping: JoinHandle<()>,
}

impl Redis {
    /// Begins to connect on the present runtime; a count takes no longer than `longest`.
    pub(super) fn connect(url: &str, longest: Duration) -> RedisResult<Self> {
        let client = Client::open(url)?;
        let (open, lost) = (Arc::default(), Arc::<Notify>::default());
        let keeping = tokio::spawn(keep(client, Arc::clone(&open), Arc::clone(&lost)));
        Ok(Self { longest, open, lost, keeping })
    }

    fn away(&self, why: &str) {
        self.lost.notify_waiters();
        if let Some(times) = AWAY.count("rate limits", Instant::now()) {
            tracing::warn!(why, times, "Redis is away; each process counts its own requests");
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.keeping.abort();
    }
}

async fn keep(client: Client, open: Arc<RwLock<Option<MultiplexedConnection>>>, lost: Arc<Notify>) {
    let set = |connection| *open.write().unwrap_or_else(PoisonError::into_inner) = connection;
    loop {
        match timeout(OPENING, client.get_multiplexed_async_connection()).await {
            Ok(Ok(connection)) => {
                let gone = lost.notified();
                set(Some(connection));
                gone.await;
                set(None);
            }
            Ok(Err(error)) => tracing::debug!(%error, "Redis is away"),
            Err(_) => tracing::debug!("Redis does not answer"),
        }
        tokio::time::sleep(AGAIN).await;
    }
}

impl Counter for Redis {
    async fn take(&self, now: u64, wishes: &[(Key, Rate)], spent: bool) -> Option<(bool, Vec<Standing>)> {
        let connection = self.open.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(mut connection) = connection else {
            self.away("it is not reached");
            return None;
        };
        let mut command = redis::cmd("EVAL");
        command.arg(TAKE).arg(wishes.len());
        for (key, _) in wishes {
            command.arg(key.text());
        }
        command.arg(now);
        for (_, rate) in wishes {
            command.arg(rate.step()).arg(rate.window());
        }
        command.arg(u8::from(spent));
        match timeout(self.longest, command.query_async::<Vec<u64>>(&mut connection)).await {
            Ok(Ok(answer)) if answer.len() == wishes.len() + 1 => {
                let states = answer.iter().skip(1);
                let standings = wishes.iter().zip(states).map(|((_, rate), state)| Standing::new(*rate, *state, now));
                Some((answer.first() == Some(&1), standings.collect()))
            }
            Ok(Ok(_)) => {
                self.away("it answers something else");
                None
            }
            Ok(Err(error)) => {
                self.away(&error.to_string());
                None
            }
            Err(_) => {
                self.away("it is slow");
                None
            }
        }
    }
}
