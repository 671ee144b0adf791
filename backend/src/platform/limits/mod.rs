//! Limits: how many requests a minute a tenant, a token and an address may send, and how many are worked on at once.
//!
//! Vocabulary: an *allowance* is what is left of a rate ([`rate`], pure); a *turn* is a place among the requests in hand
//! ([`turns`]), and [`OneEach`] a place for what is costly. Cast: two counters behind one trait, [`memory`] and [`redis`], held to one contract by the same tests.
//! Invariants: Redis is asked for a moment only; when it is away or slow, each process counts for itself, and no request
//! fails for it; keys are hashes and go away by themselves; a request that one limit refuses uses up no other.
//! The limits are lossy on purpose. What must hold without loss, the throttle of sign-in, is in PostgreSQL.

mod memory;
mod one_each;
mod rate;
mod redis;
mod turns;

use crate::error::{Error, Result};
use crate::platform::clock;
use crate::platform::hex::hex;
use hmac::{Hmac, Mac as _};
use memory::Memory;
use redis::Redis;
use sha2::Sha256;
use tillwatch_shared::errors::Code;
use tillwatch_shared::ids::TenantId;

pub use one_each::OneEach;
pub use rate::{Rate, Standing};
pub use turns::{Seat, Turn};

/// What may be sent unless a tenant or a token has a limit of its own.
#[derive(Clone, Copy, Debug)]
pub struct LimitsConfig {
    /// Requests a minute of one tenant.
    pub of_tenant: u32,
    /// Requests a minute of one API token.
    pub of_token: u32,
    /// Requests a minute of one client's address without a credential that works.
    pub of_address: u32,
    /// Requests of one tenant in hand at once, in this process.
    pub concurrent: u32,
    /// Requests in hand at once in this process, of all.
    pub concurrent_total: u32,
}

/// Whose requests are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A tenant's.
    Tenant,
    /// An API token's.
    Token,
    /// Those from a client's address.
    Address,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Tenant, Self::Token, Self::Address];

    /// Its name in the headers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Token => "token",
            Self::Address => "address",
        }
    }
}

/// One allowance that a request is taken from.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Whose it is.
    pub kind: Kind,
    /// Who exactly.
    pub name: String,
    /// Requests a minute, if it is not the usual number.
    pub per_minute: Option<u32>,
}

/// The key of an allowance: tells nothing of who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    kind: Kind,
    hash: [u8; 16],
}

impl Key {
    fn text(self) -> String {
        format!("tillwatch:rate:{}:{}", self.kind.as_str(), hex(&self.hash))
    }
}

/// Keeps allowances.
trait Counter {
    /// Whether every allowance holds a request at `now`, in microseconds since 1970, and how each stands; if all do and
    /// it shall be `spent`, one is taken from each. `None` when it cannot be said in time.
    async fn take(&self, now: u64, wishes: &[(Key, Rate)], spent: bool) -> Option<(bool, Vec<Standing>)>;
}

/// The limits of the process.
pub struct Limits {
    config: LimitsConfig,
    salt: [u8; 32],
    memory: Memory,
    shared: Option<Redis>,
    turns: turns::Turns,
}

/// What became of a request's count, or how it would be.
#[derive(Clone, Debug)]
pub struct Counted {
    /// Whether it may go on.
    pub allowed: bool,
    /// How each allowance stands now.
    pub standings: Vec<(Kind, Standing)>,
}

impl Counted {
    /// The refusal, if it may not go on.
    ///
    /// # Errors
    /// 429 with `Retry-After`.
    pub fn check(&self) -> Result<()> {
        let Some((kind, standing)) = self.standings.iter().max_by_key(|(_, standing)| standing.retry_in()) else {
            return Ok(());
        };
        if self.allowed {
            return Ok(());
        }
        let whose = match kind {
            Kind::Tenant => "This retailer sends",
            Kind::Token => "This API token sends",
            Kind::Address => "Your address sends",
        };
        let wait = standing.retry_in().max(1);
        let mut refused = Error::new(
            Code::TooManyRequests,
            format!(
                "{whose} more requests than it may; see `RateLimit-Policy`. Wait {wait} s, then go on more slowly."
            ),
        );
        refused.retry_after = u32::try_from(wait).ok();
        Err(refused)
    }
}

impl Limits {
    /// The limits of `config`; allowances are shared with the processes that have the same Redis and `salt`.
    ///
    /// # Errors
    /// When the address of Redis cannot be understood.
    pub fn new(config: LimitsConfig, salt: [u8; 32], redis_url: Option<&str>) -> ::redis::RedisResult<Self> {
        let turns = turns::Turns::new(config.concurrent_total, turns::PATIENCE);
        let shared = redis_url.map(|url| Redis::connect(url, redis::LONGEST)).transpose()?;
        Ok(Self { config, salt, memory: Memory::default(), shared, turns })
    }

    /// Takes one request from the allowances of `subjects`.
    pub async fn count(&self, subjects: &[Subject]) -> Counted {
        self.ask(subjects, true).await
    }

    /// How the allowances of `subjects` stand; nothing is taken.
    pub async fn look(&self, subjects: &[Subject]) -> Counted {
        self.ask(subjects, false).await
    }

    async fn ask(&self, subjects: &[Subject], spent: bool) -> Counted {
        let now = u64::try_from(clock::now().timestamp_micros()).unwrap_or_default();
        let wishes: Vec<(Key, Rate)> = subjects.iter().map(|subject| (self.key(subject), self.rate(subject))).collect();
        let (allowed, standings) = self.take(now, &wishes, spent).await;
        Counted { allowed, standings: subjects.iter().map(|subject| subject.kind).zip(standings).collect() }
    }

    async fn take(&self, now: u64, wishes: &[(Key, Rate)], spent: bool) -> (bool, Vec<Standing>) {
        if let Some(shared) = &self.shared
            && let Some(taken) = shared.take(now, wishes, spent).await
        {
            return taken;
        }
        // Memory always answers.
        self.memory.take(now, wishes, spent).await.unwrap_or((true, Vec::new()))
    }

    fn rate(&self, subject: &Subject) -> Rate {
        let usual = match subject.kind {
            Kind::Tenant => self.config.of_tenant,
            Kind::Token => self.config.of_token,
            Kind::Address => self.config.of_address,
        };
        Rate::per_minute(subject.per_minute.unwrap_or(usual))
    }

    fn key(&self, subject: &Subject) -> Key {
        // Keyed, since the addresses that there are can all be tried. HMAC takes a key of any length.
        let mut hash = [0; 16];
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.salt) {
            mac.update(subject.kind.as_str().as_bytes());
            mac.update(b"\0");
            mac.update(subject.name.as_bytes());
            hash.copy_from_slice(&mac.finalize().into_bytes()[..16]);
        }
        Key { kind: subject.kind, hash }
    }

    /// Requests of a tenant that are worked on at once, where its own number is `own`.
    pub fn concurrent(&self, own: Option<u32>) -> u32 {
        own.unwrap_or(self.config.concurrent)
    }

    /// How many requests a minute a tenant may make; `own` is the number it has of its own.
    pub fn of_tenant(&self, own: Option<u32>) -> u32 {
        own.unwrap_or(self.config.of_tenant)
    }

    /// A place among all requests of the process.
    ///
    /// # Errors
    /// 503 when it has as many as it can hold.
    pub fn seat(&self) -> Result<Seat> {
        self.turns.seat()
    }

    /// The next turn of a tenant's requests, for one that takes `weight` places.
    ///
    /// # Errors
    /// 429 when too many of them wait already, or none became free in time.
    pub async fn turn(&self, tenant: TenantId, concurrent: Option<u32>, weight: u32) -> Result<Turn> {
        self.turns.turn(tenant, self.concurrent(concurrent), weight).await
    }
}

#[cfg(test)]
mod tests;
