//! The arithmetic of a rate limit: the generic cell rate algorithm (ITU-T I.371), in whole microseconds. Pure.
//!
//! A limit is an *allowance* that fills evenly: `n` a minute fill one place every `60 s / n`, and a sixth of a minute's
//! requests fit in, so that a burst passes and a flood does not. All that is kept is one number, the moment at which
//! the allowance is full again; a request moves it on by one step, and whoever would move it beyond a whole window from
//! now is refused. Invariant: whatever stands in the state (a clock that was moved, a limit that was lowered), nobody
//! waits for longer than one window.

/// Microseconds of a minute.
const MINUTE: u64 = 60_000_000;

/// So many requests a minute, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate(u32);

impl Rate {
    /// The most that a limit can be set to, a minute.
    pub const MOST: u32 = 1_000_000;

    /// A rate of 1 to [`Self::MOST`] requests a minute; what lies outside is brought inside.
    pub fn per_minute(requests: u32) -> Self {
        Self(requests.clamp(1, Self::MOST))
    }

    /// Requests that an untouched allowance holds.
    pub fn burst(self) -> u32 {
        (self.0 / 6).max(1)
    }

    /// Microseconds after which one more request is allowed.
    pub(super) fn step(self) -> u64 {
        MINUTE / u64::from(self.0)
    }

    /// Microseconds in which an empty allowance fills.
    pub(super) fn window(self) -> u64 {
        self.step() * u64::from(self.burst())
    }

    /// The same in seconds, rounded up.
    pub fn window_seconds(self) -> u64 {
        seconds(self.window())
    }
}

/// Whether several allowances at `now` hold one request each; if so, and if it shall be `spent`, takes it from all of
/// them. `states` are the moments at which each is full, before and after; an allowance that nobody has touched is 0.
pub(super) fn take(states: &mut [u64], rates: &[Rate], now: u64, spent: bool) -> bool {
    for (state, rate) in states.iter_mut().zip(rates) {
        *state = (*state).clamp(now, now + rate.window());
    }
    let allowed = states.iter().zip(rates).all(|(state, rate)| *state + rate.step() - now <= rate.window());
    if allowed && spent {
        for (state, rate) in states.iter_mut().zip(rates) {
            *state += rate.step();
        }
    }
    allowed
}

/// How an allowance stands behind a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The limit.
    pub rate: Rate,
    /// Microseconds until it is full.
    wait: u64,
}

impl Standing {
    /// The allowance that is full at `state`.
    pub(super) fn new(rate: Rate, state: u64, now: u64) -> Self {
        Self { rate, wait: state.saturating_sub(now).min(rate.window()) }
    }

    /// One that nobody has used.
    pub fn full(rate: Rate) -> Self {
        Self { rate, wait: 0 }
    }

    /// Requests that would pass at once.
    pub fn left(self) -> u64 {
        (self.rate.window() - self.wait) / self.rate.step()
    }

    /// Seconds until it is full, rounded up.
    pub fn full_in(self) -> u64 {
        seconds(self.wait)
    }

    /// Seconds until one request passes, rounded up: 0 when one does now.
    pub fn retry_in(self) -> u64 {
        seconds((self.wait + self.rate.step()).saturating_sub(self.rate.window()))
    }
}

fn seconds(micros: u64) -> u64 {
    micros.div_ceil(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: u64 = 1_800_000_000_000_000;

    /// Whether one request at each of these moments passes.
    fn run(rate: Rate, moments: &[u64]) -> Vec<bool> {
        let mut state = [0];
        moments.iter().map(|at| take(&mut state, &[rate], *at, true)).collect()
    }

    #[test]
    fn a_burst_passes_and_what_is_beyond_waits_its_step() {
        let rate = Rate::per_minute(60);
        assert_eq!((rate.burst(), rate.window_seconds()), (10, 10));
        let mut state = [0];
        let left = |state: &[u64]| Standing::new(rate, state[0], NOW).left();
        for before in (1..=10).rev() {
            assert_eq!(left(&state), before);
            assert!(take(&mut state, &[rate], NOW, true));
        }
        let empty = Standing::new(rate, state[0], NOW);
        assert_eq!((empty.left(), empty.full_in(), empty.retry_in()), (0, 10, 1));
        assert!(!take(&mut state, &[rate], NOW, true) && !take(&mut state, &[rate], NOW + 999_999, true));
        assert!(take(&mut state, &[rate], NOW + 1_000_000, true));
        assert!(take(&mut state, &[rate], NOW + 11_000_000, true), "and it fills again");
        assert_eq!(Standing::new(rate, 0, NOW), Standing { rate, wait: 0 });
    }

    #[test]
    fn a_request_that_one_limit_refuses_costs_the_other_nothing() {
        let rates = [Rate::per_minute(600), Rate::per_minute(1)];
        let mut states = [0, 0];
        assert!(take(&mut states, &rates, NOW, true));
        let before = states;
        for _ in 0..5 {
            assert!(!take(&mut states, &rates, NOW, true));
        }
        assert_eq!(states, before);
        let [tenant, token] = [0, 1].map(|place| Standing::new(rates[place], states[place], NOW));
        assert_eq!((tenant.left(), tenant.retry_in()), (99, 0));
        assert_eq!((token.left(), token.retry_in()), (0, 60));
    }

    #[test]
    fn a_limit_outside_the_range_is_brought_inside() {
        assert_eq!(Rate::per_minute(0), Rate::per_minute(1));
        assert_eq!(Rate::per_minute(u32::MAX), Rate::per_minute(Rate::MOST));
        assert!(Rate::per_minute(u32::MAX).step() > 0);
    }

    proptest! {
        #[test]
        fn no_stretch_of_time_lets_more_pass_than_it_may(
            per_minute in 1_u32..50_000,
            pauses in proptest::collection::vec(0_u64..3_000_000, 1..300),
        ) {
            let rate = Rate::per_minute(per_minute);
            let mut at = NOW;
            let moments: Vec<u64> = pauses.iter().map(|pause| { at += pause; at }).collect();
            let passed: Vec<u64> =
                run(rate, &moments).iter().zip(&moments).filter(|(ok, _)| **ok).map(|(_, at)| *at).collect();
            for (first, from) in passed.iter().enumerate() {
                for (last, to) in passed.iter().enumerate().skip(first) {
                    let most = u64::from(rate.burst()) + (to - from) / rate.step();
                    prop_assert!((last - first + 1) as u64 <= most);
                }
            }
        }

        #[test]
        fn an_even_stream_at_the_limit_always_passes(per_minute in 1_u32..100_000, requests in 1_u64..500) {
            let rate = Rate::per_minute(per_minute);
            let moments: Vec<u64> = (0..requests).map(|place| NOW + place * rate.step()).collect();
            prop_assert!(run(rate, &moments).iter().all(|passed| *passed));
        }

        #[test]
        fn whoever_waits_as_told_passes_whatever_stood_in_the_state(state in 0_u64..u64::MAX / 2, per_minute in 1_u32..100_000) {
            let rate = Rate::per_minute(per_minute);
            let mut states = [state];
            if !take(&mut states, &[rate], NOW, true) {
                let standing = Standing::new(rate, states[0], NOW);
                prop_assert!(standing.retry_in() <= rate.window_seconds());
                prop_assert!(take(&mut states, &[rate], NOW + standing.retry_in() * 1_000_000, true));
            }
        }
    }
}
