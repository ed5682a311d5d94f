//! Clocks compared: this machine's against those that the other agencies tell. No vote depends on it.
//!
//! Whether a proposal is timely is judged by one's own clock, so a wrong clock withholds votes. That is
//! safe, and must not be silent: its owner reads how far it is off, and the others read whose proposals
//! and cosignatures they do not take. A peer's clock is told in its status, every two seconds, on a
//! connection that proves who it is; up to f of them may lie.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use protocol::height::TimeMs;

use crate::{
    host::Moment,
    network::{HEARD_WITHIN, PeerIndex},
};

/// So far a clock may be off before it is called wrong: half of what a proposal's time allows for is
/// left to the way of messages.
pub const WRONG_MS: i64 = 500;
/// Cosignatures that are dated later than this are not taken: readers tell by them how old a receipt is.
pub const AHEAD_MS_MAX: u64 = 60_000;
/// What each peer told last: so many.
const SAMPLES_MAX: usize = 5;
/// A peer's clock counts once it was told so often: a single message may have been long on its way.
const SAMPLES_MIN: usize = 3;

/// A peer's clock, as it was told.
#[derive(Clone, Copy, Debug)]
struct Sample {
    told: TimeMs,
    came: Moment,
}

/// What peers told of their clocks.
#[derive(Debug, Default)]
pub struct Clocks(BTreeMap<PeerIndex, VecDeque<Sample>>);

impl Clocks {
    /// A peer's clock showed `told` when the message was made that came at `came`.
    pub fn note(&mut self, peer: PeerIndex, told: TimeMs, came: Moment) {
        let samples = self.0.entry(peer).or_default();
        if samples.len() >= SAMPLES_MAX {
            samples.pop_front();
        }
        samples.push_back(Sample { told, came });
    }

    /// A peer has connected anew: what it told before may be of another clock, which it had before its
    /// machine started again.
    pub fn forget(&mut self, peer: PeerIndex) {
        self.0.remove(&peer);
    }

    /// Milliseconds by which a peer's clock is ahead of this one, which shows `now` at `moment`; negative
    /// if it is behind; `None` unless it was told lately and often enough.
    ///
    /// The way of a message makes the other clock look late, never early, so the message with the
    /// shortest way is believed. A step of this clock shows at once: `now` is all that is read of it.
    #[must_use]
    pub fn ahead(&self, peer: PeerIndex, now: TimeMs, moment: Moment) -> Option<i64> {
        let samples = self.0.get(&peer)?;
        let recent = samples
            .iter()
            .filter(|sample| moment.since(sample.came) < HEARD_WITHIN + Duration::from_secs(4));
        let ahead = recent.map(|sample| {
            let since = i128::try_from(moment.since(sample.came).as_millis()).unwrap_or(i128::MAX);
            let told = i128::from(sample.told.get()).saturating_add(since);
            let ahead = told.saturating_sub(i128::from(now.get()));
            i64::try_from(ahead).unwrap_or(if ahead < 0 { i64::MIN } else { i64::MAX })
        });
        let ahead: Vec<i64> = ahead.collect();
        (ahead.len() >= SAMPLES_MIN).then(|| ahead.into_iter().max())?
    }

    /// Milliseconds by which this clock is ahead of the others', negative if it is behind: the most that
    /// `faulty` + 1 of `peers` agree on, so that one of them is right. `None` if too few are known.
    #[must_use]
    pub fn own(
        &self,
        peers: impl Iterator<Item = PeerIndex>,
        faulty: usize,
        now: TimeMs,
        moment: Moment,
    ) -> Option<i64> {
        let ahead = peers.filter_map(|peer| self.ahead(peer, now, moment));
        let mut own: Vec<i64> = ahead.map(i64::saturating_neg).collect();
        own.sort_unstable();
        let behind = own.get(faulty)?.min(&0);
        let ahead = own.iter().rev().nth(faulty)?.max(&0);
        Some(if ahead.unsigned_abs() >= behind.unsigned_abs() {
            *ahead
        } else {
            *behind
        })
    }
}

/// The time for cosignatures: this clock's, unless the others agree (`own`, as from [`Clocks::own`])
/// that it is off by more than what is tolerated of cosignatures; then theirs.
#[must_use]
pub fn agreed(now: TimeMs, own: Option<i64>) -> TimeMs {
    match own {
        Some(own) if own.unsigned_abs() > AHEAD_MS_MAX => {
            let now = i128::from(now.get()).saturating_sub(i128::from(own));
            TimeMs::new(u64::try_from(now.max(0)).unwrap_or(u64::MAX))
        }
        _ => now,
    }
}

/// `3.0 s ahead of`, `1 h 2 min behind`: where a clock stands that is `ms` ahead.
#[must_use]
pub fn in_words(ms: i64) -> String {
    let side = if ms < 0 { "behind" } else { "ahead of" };
    let ms = ms.unsigned_abs();
    let (seconds, minutes, hours) = (ms / 1000, ms / 60_000, ms / 3_600_000);
    let span = if seconds < 120 {
        format!("{seconds}.{} s", ms % 1000 / 100)
    } else if minutes < 120 {
        format!("{minutes} min {} s", seconds % 60)
    } else if hours < 48 {
        format!("{hours} h {} min", minutes % 60)
    } else {
        let days = hours / 24;
        format!("{days} days")
    };
    format!("{span} {side}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000_000;

    fn moment(ms: u64) -> Moment {
        Moment::new(Duration::from_millis(ms))
    }

    /// Peers whose clocks are so far ahead of ours, told five times on ways of up to 900 ms.
    fn clocks(ahead: &[i64]) -> Clocks {
        let mut clocks = Clocks::default();
        for (peer, ahead) in ahead.iter().enumerate() {
            for (turn, way) in [(0_u64, 900), (1, 20), (2, 400), (3, 30), (4, 600)] {
                let sent = 2000 * turn;
                let told = NOW.checked_add_signed(*ahead).unwrap() + sent;
                clocks.note(PeerIndex::new(peer), TimeMs::new(told), moment(sent + way));
            }
        }
        clocks
    }

    fn own(clocks: &Clocks, peers: usize, faulty: usize, wrong_ms: i64) -> Option<i64> {
        let now = (NOW + 9000).checked_add_signed(wrong_ms).unwrap();
        let peers = (0..peers).map(PeerIndex::new);
        clocks.own(peers, faulty, TimeMs::new(now), moment(9000))
    }

    #[test]
    fn the_shortest_way_tells_and_a_single_message_does_not() {
        let clocks = clocks(&[0, 3000, -3_600_000]);
        let now = (TimeMs::new(NOW + 9000), moment(9000));
        let ahead = |peer| clocks.ahead(PeerIndex::new(peer), now.0, now.1);
        assert_eq!(ahead(0), Some(-20));
        assert_eq!(ahead(1), Some(2980));
        assert_eq!(ahead(2), Some(-3_600_020));
        assert_eq!(ahead(3), None);
        let mut one = Clocks::default();
        one.note(PeerIndex::new(0), TimeMs::new(NOW), moment(0));
        assert_eq!(
            one.ahead(PeerIndex::new(0), TimeMs::new(NOW), moment(0)),
            None
        );
        // Whoever has said nothing for long has no clock any more.
        let later = TimeMs::new(NOW + 60_000);
        assert_eq!(clocks.ahead(PeerIndex::new(0), later, moment(60_000)), None);
    }

    /// A clock that was set back while its machine was off: its old times would be believed for long, as
    /// they look like the shortest way.
    #[test]
    fn a_peer_that_comes_again_is_judged_by_what_it_tells_then() {
        let mut clocks = clocks(&[0]);
        let peer = PeerIndex::new(0);
        clocks.forget(peer);
        let ahead = |clocks: &Clocks| clocks.ahead(peer, TimeMs::new(NOW + 16_000), moment(16_000));
        for sent in [11_000, 13_000, 15_000] {
            assert_eq!(ahead(&clocks), None);
            clocks.note(peer, TimeMs::new(NOW + sent - 3_600_000), moment(sent + 10));
        }
        assert_eq!(ahead(&clocks), Some(-3_600_010));
    }

    #[test]
    fn a_wrong_clock_is_told_by_f_plus_one_and_f_liars_make_no_right_one_wrong() {
        for wrong in [3000, 3_600_000, -3000, -3_600_000] {
            let found = own(&clocks(&[0, 0, 0]), 3, 1, wrong).unwrap();
            assert!((found - wrong).abs() < 50, "{wrong}: {found}");
            // One of three others lies, or is away.
            for others in [&[0, 0, 999_999_999][..], &[-999_999, 0, 0], &[0, 0]] {
                let found = own(&clocks(others), 3, 1, wrong).unwrap();
                assert!((found - wrong).abs() < 50, "{wrong} {others:?}: {found}");
            }
        }
        for others in [
            [0, 0, 86_400_000],
            [0, 0, -86_400_000],
            [0, 0, i64::from(i32::MAX)],
        ] {
            let found = own(&clocks(&others), 3, 1, 0).unwrap();
            assert!(found.abs() < 50, "{others:?}: {found}");
        }
        // A single voice of three says nothing.
        assert_eq!(own(&clocks(&[5_000]), 3, 1, 0), None);
        assert_eq!(own(&Clocks::default(), 3, 1, 0), None);
    }

    #[test]
    fn cosignatures_are_dated_by_the_others_only_when_this_clock_is_far_off() {
        let now = TimeMs::new(NOW);
        assert_eq!(agreed(now, None), now);
        assert_eq!(agreed(now, Some(59_000)), now);
        assert_eq!(agreed(now, Some(3_600_000)).get(), NOW - 3_600_000);
        assert_eq!(agreed(now, Some(-3_600_000)).get(), NOW + 3_600_000);
        assert_eq!(agreed(now, Some(i64::MIN)).get(), NOW + (1 << 63));
    }

    #[test]
    fn spans_are_said_as_people_say_them() {
        let said = [
            (3_040, "3.0 s ahead of"),
            (-600, "0.6 s behind"),
            (3_600_000, "60 min 0 s ahead of"),
            (-7_260_000, "2 h 1 min behind"),
            (30 * 86_400_000, "30 days ahead of"),
        ];
        for (ms, words) in said {
            assert_eq!(in_words(ms), words);
        }
    }
}
