//! What a clock has to say of a proposal's time (proposer-based timestamps).

use protocol::height::{Round, TimeMs};

/// How far two honest clocks may be apart.
const PRECISION_MS: u64 = 500;
/// How long a proposal may take on its way, in round 0.
const DELAY_MS: u64 = 5_000;

/// Whether a fresh proposal of `round` with this time is near enough to `now`, the moment it came.
/// The allowance for the way grows by a tenth each round, so that a slow network still gets there.
pub(super) fn is_timely(time: TimeMs, now: TimeMs, round: Round) -> bool {
    let mut delay = DELAY_MS;
    for _ in 0..round.get().min(100) {
        delay = delay.saturating_add(delay / 10);
    }
    let (time, now) = (time.get(), now.get());
    time <= now.saturating_add(PRECISION_MS)
        && now <= time.saturating_add(PRECISION_MS).saturating_add(delay)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proposal_from_the_future_or_the_past_is_not_timely() {
        let timely = |time: u64, now: u64, round: u64| {
            is_timely(TimeMs::new(time), TimeMs::new(now), Round::new(round))
        };
        assert!(timely(10_000, 10_000, 0));
        assert!(timely(10_500, 10_000, 0));
        assert!(!timely(10_501, 10_000, 0));
        assert!(timely(10_000, 15_500, 0));
        assert!(!timely(10_000, 15_501, 0));
        assert!(timely(10_000, 16_000, 1));
    }
}
