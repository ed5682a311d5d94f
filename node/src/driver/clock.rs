//! What a clock has to say of a proposal's time (proposer-based timestamps), and of itself.
//!
//! Nothing here is said in silence: whoever withholds a vote because of a clock names the clock.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use consensus::SignedProposal;
use protocol::height::{Round, TimeMs};

use super::Driver;
use crate::{
    clocks::{self, Clocks, WRONG_MS, in_words},
    host::Moment,
    network::PeerIndex,
};

/// How far two honest clocks may be apart.
const PRECISION_MS: u64 = 500;
/// How long a proposal may take on its way, in round 0.
const DELAY_MS: u64 = 5_000;
/// For so long it is said that somebody's proposals or cosignatures were dated wrongly.
const SAID_FOR: Duration = Duration::from_secs(600);

/// What is known of clocks, and what was last said of them.
#[derive(Debug, Default)]
pub(super) struct Watch {
    clocks: Clocks,
    /// Milliseconds by which this clock is ahead of the others'.
    own: Option<i64>,
    is_wrong: bool,
    /// Peers whose clocks are off from the others'.
    wrong: BTreeSet<PeerIndex>,
    /// Agencies whose last proposal was not timely: by how much its time was ahead of this clock's.
    untimely: BTreeMap<String, (i64, Moment)>,
    /// Agencies whose last proposal came late, and no clock that they tell of is why.
    late: BTreeMap<String, LateProposal>,
    /// Agencies whose last cosignature was dated too far ahead, and by how much.
    early: BTreeMap<String, (i64, Moment)>,
}

/// A proposal that came long after the time that it names.
#[derive(Clone, Copy, Debug)]
struct LateProposal {
    time: TimeMs,
    ahead_ms: i64,
    at: Moment,
    /// One with another time came late before it, and none in time between.
    is_again: bool,
}

impl Watch {
    /// A proposal came late and no clock is why: after an outage one does. Whether that was said of it for the
    /// first time: of a second one in a row, whose maker dates them wrongly or is too far away.
    fn note_late(&mut self, agency: &str, time: TimeMs, ahead_ms: i64, at: Moment) -> bool {
        let before = self.late.get(agency);
        let was_again = before.is_some_and(|before| before.is_again);
        let is_again = was_again || before.is_some_and(|before| before.time != time);
        let late = LateProposal {
            time,
            ahead_ms,
            at,
            is_again,
        };
        self.late.insert(agency.to_owned(), late);
        is_again && !was_again
    }

    /// A fresh proposal of an agency was timely.
    fn note_timely(&mut self, agency: &str) {
        self.untimely.remove(agency);
        self.late.remove(agency);
    }

    /// What is to be said of proposals.
    fn of_proposals(&self) -> Vec<String> {
        let untimely = self.untimely.iter().map(|(agency, (ahead, _))| {
            format!(
                "proposals of {agency} are not timely: the last was dated {} this clock",
                in_words(*ahead)
            )
        });
        let late = self.late.iter().filter(|(_, late)| late.is_again);
        let late = late.map(|(agency, late)| {
            format!(
                "proposals of {agency} come late: the last was dated {} this clock, and the time that its node tells does not explain it",
                in_words(late.ahead_ms)
            )
        });
        untimely.chain(late).collect()
    }

    /// Forgets what was last seen long ago.
    fn forget_old(&mut self, now: Moment) {
        let is_new = |at: &Moment| now.since(*at) <= SAID_FOR;
        self.untimely.retain(|_, (_, at)| is_new(at));
        self.early.retain(|_, (_, at)| is_new(at));
        self.late.retain(|_, late| is_new(&late.at));
    }

    /// A peer has connected anew.
    pub(super) fn forget(&mut self, peer: PeerIndex) {
        self.clocks.forget(peer);
    }

    /// A cosignature of that date was taken: its agency dates them rightly again, unless it was made
    /// before the one that was not.
    fn in_time(&mut self, agency: &str, seconds: u64, now: TimeMs, moment: Moment) {
        let Some((_, at)) = self.early.get(agency) else {
            return;
        };
        let made = Duration::from_secs(seconds.saturating_add(1));
        if made.saturating_add(moment.since(*at)) >= Duration::from_millis(now.get()) {
            self.early.remove(agency);
        }
    }
}

/// A proposal that was not timely when it came.
#[derive(Clone, Copy, Debug)]
struct Untimely {
    time: TimeMs,
    came: TimeMs,
    /// Milliseconds by which its maker's clock is ahead of this one, as that was told lately.
    maker: Option<i64>,
}

impl Untimely {
    /// Whether that is a clock's doing, and not that of the way or of an outage, after which a proposal is brought
    /// again that was made before: no way makes a time lie ahead; one that lies behind tells of a clock only if
    /// the proposal was fresh by its maker's own.
    fn is_of_clock(&self, round: Round) -> bool {
        let shifted = |ms: i64| TimeMs::new(self.came.get().saturating_add_signed(ms));
        let is_fresh = |ms: i64| is_timely(self.time, shifted(ms), round);
        ahead_ms(self.time, self.came) > 0 || self.maker.is_some_and(is_fresh)
    }
}

/// Milliseconds by which `time` is ahead of `now`.
fn ahead_ms(time: TimeMs, now: TimeMs) -> i64 {
    let ahead = i128::from(time.get()).saturating_sub(i128::from(now.get()));
    i64::try_from(ahead).unwrap_or(if ahead < 0 { i64::MIN } else { i64::MAX })
}

/// Whether a validator whose clock is so far ahead of this one finds this node's proposals timely.
pub(crate) const fn finds_timely(ahead_ms: i64) -> bool {
    const LATE: i64 = (PRECISION_MS + DELAY_MS).cast_signed();
    const EARLY: i64 = PRECISION_MS.cast_signed();
    -EARLY <= ahead_ms && ahead_ms <= LATE
}

impl Driver {
    /// Whether a proposal that came at `came` is timely; if not, that is said to operators.
    pub(super) fn judge_time(
        &mut self,
        proposal: &SignedProposal,
        time: TimeMs,
        came: TimeMs,
    ) -> bool {
        let round = proposal.statement.round;
        let is_timely = is_timely(time, came, round);
        // A time with a polka was judged by a quorum, when it was fresh.
        if proposal.statement.polka.is_none()
            && let Some(agency) = self.epoch.agency_of(&proposal.signer)
        {
            let agency = agency.to_string();
            if is_timely {
                self.watch.note_timely(&agency);
            } else {
                let (now, at) = (self.shared.host.now(), self.shared.host.moment());
                let maker = self.peer_of(&proposal.signer);
                let maker = maker.and_then(|peer| self.watch.clocks.ahead(peer, now, at));
                let told = Untimely { time, came, maker };
                self.note_untimely(agency, told, round);
            }
        }
        is_timely
    }

    /// A fresh proposal of an agency gets no vote. Whoever withholds it says so, and names a clock only where it
    /// tells of one.
    fn note_untimely(&mut self, agency: String, told: Untimely, round: Round) {
        let ahead = ahead_ms(told.time, told.came);
        let at = self.shared.host.moment();
        if !told.is_of_clock(round) {
            if self.watch.note_late(&agency, told.time, ahead, at) {
                tracing::warn!(
                    event = "late-proposals",
                    agency,
                    ahead_ms = ahead,
                    "proposals of this agency come long after the time that they name, so they get no vote"
                );
                return;
            }
            tracing::info!(
                event = "late-proposal",
                agency,
                ahead_ms = ahead,
                "a proposal of this agency came long after it was made, so it gets no vote"
            );
            return;
        }
        self.watch.late.remove(&agency);
        let before = self.watch.untimely.insert(agency.clone(), (ahead, at));
        if before.is_none() {
            tracing::warn!(
                event = "untimely",
                agency,
                ahead_ms = ahead,
                "proposals of this agency are not timely by this clock, so they get no vote"
            );
        }
    }

    /// A cosignature is dated too far ahead to be taken.
    pub(super) fn note_early(&mut self, agency: &str, seconds: u64) {
        let now = self.shared.host.now();
        let ahead = ahead_ms(TimeMs::new(seconds.saturating_mul(1000)), now);
        let at = self.shared.host.moment();
        if self
            .watch
            .early
            .insert(agency.to_owned(), (ahead, at))
            .is_none()
        {
            tracing::warn!(
                event = "cosigned-ahead",
                agency,
                ahead_ms = ahead,
                "cosignatures of this agency are dated ahead of time and not taken"
            );
        }
    }

    /// A cosignature was taken.
    pub(super) fn note_in_time(&mut self, agency: &str, seconds: u64) {
        let (now, moment) = (self.shared.host.now(), self.shared.host.moment());
        self.watch.in_time(agency, seconds, now, moment);
    }

    /// A peer has told the time of its clock.
    pub(super) fn note_clock(&mut self, peer: PeerIndex, told: TimeMs) {
        self.watch
            .clocks
            .note(peer, told, self.shared.host.moment());
    }

    /// The time for cosignatures.
    pub(super) fn agreed_now(&self) -> TimeMs {
        clocks::agreed(self.shared.host.now(), self.watch.own)
    }

    /// Compares the clocks; what has changed is logged, how they stand is shown.
    pub(super) fn compare_clocks(&mut self) {
        let (now, moment) = (self.shared.host.now(), self.shared.host.moment());
        let numbered = || self.shared.peers.iter().enumerate();
        let agencies = numbered().filter(|(_, name)| self.epoch.is_validator(name));
        let agencies = agencies.map(|(number, _)| PeerIndex::new(number));
        let faulty = self.epoch.validators().faulty_max();
        let own = self.watch.clocks.own(agencies, faulty, now, moment);
        self.watch.own = own;
        let ahead: BTreeMap<String, i64> = numbered()
            .filter_map(|(number, name)| {
                let ahead = self
                    .watch
                    .clocks
                    .ahead(PeerIndex::new(number), now, moment)?;
                Some((name.clone(), ahead))
            })
            .collect();
        self.say_own_clock(own);
        self.say_peers_clocks(&ahead, own.unwrap_or(0));
        self.watch.forget_old(moment);
        let mut warnings = self.clock_warnings(&ahead);
        warnings.extend(self.key_warnings());
        let mut progress = self.shared.progress();
        progress.clock_ms = own;
        progress.clocks = ahead;
        progress.warnings = warnings;
    }

    /// Once when the clock becomes wrong and once when it is right again; not for each wave between.
    fn say_own_clock(&mut self, own: Option<i64>) {
        let Some(own) = own else { return };
        let bound = if self.watch.is_wrong {
            WRONG_MS / 2
        } else {
            WRONG_MS
        };
        let is_wrong = own.unsigned_abs() >= bound.unsigned_abs();
        if std::mem::replace(&mut self.watch.is_wrong, is_wrong) == is_wrong {
            return;
        }
        if is_wrong {
            tracing::error!(
                event = "clock-wrong",
                ahead_ms = own,
                "this machine's clock is {} the others'; set it, or proposals and votes are lost",
                in_words(own)
            );
        } else {
            tracing::info!(
                event = "clock-right",
                ahead_ms = own,
                "this machine's clock agrees with the others'"
            );
        }
    }

    /// `own` is by how much this clock is ahead of the others', so that it is not laid to them.
    fn say_peers_clocks(&mut self, ahead: &BTreeMap<String, i64>, own: i64) {
        for (number, name) in self.shared.peers.iter().enumerate() {
            let peer = PeerIndex::new(number);
            let off = ahead.get(name).map(|ahead| ahead.saturating_add(own));
            let is_wrong = off.is_some_and(|off| off.unsigned_abs() >= WRONG_MS.unsigned_abs());
            if is_wrong && self.watch.wrong.insert(peer) {
                let off = off.unwrap_or_default();
                tracing::warn!(
                    event = "peer-clock-wrong",
                    peer = name,
                    ahead_ms = off,
                    "the clock of {name} is {} the others'",
                    in_words(off)
                );
            } else if !is_wrong {
                self.watch.wrong.remove(&peer);
            }
        }
    }

    fn clock_warnings(&self, ahead: &BTreeMap<String, i64>) -> Vec<String> {
        let watch = &self.watch;
        let mut warnings = Vec::new();
        if let Some(own) = watch.own.filter(|_| watch.is_wrong) {
            warnings.push(format!(
                "the clock of this machine is {} the others'; set it, or its proposals and votes are lost",
                in_words(own)
            ));
        }
        for peer in &watch.wrong {
            let name = self.peer_name(*peer);
            let off = ahead.get(name).copied().unwrap_or_default();
            let off = off.saturating_add(watch.own.unwrap_or(0));
            warnings.push(format!(
                "the clock of {name} is {} the others'",
                in_words(off)
            ));
        }
        warnings.extend(watch.of_proposals());
        for (agency, (ahead, _)) in &watch.early {
            warnings.push(format!(
                "cosignatures of {agency} are not taken: the last was dated {} this clock",
                in_words(*ahead)
            ));
        }
        warnings
    }
}

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
    fn a_later_cosignature_that_is_in_time_ends_the_word_of_the_early_one() {
        let (came, now) = (Moment::new(Duration::from_secs(10)), 1_000_000);
        let mut watch = Watch::default();
        watch.early.insert("soliq".to_owned(), (3_600_000, came));
        let at = |after: u64| Moment::new(Duration::from_secs(10 + after));
        // Twenty seconds later: one of before is told by somebody, then it dates one by a right clock.
        let later = TimeMs::new((now + 20) * 1000);
        watch.in_time("soliq", now - 60, later, at(20));
        assert!(watch.early.contains_key("soliq"));
        watch.in_time("kadastr", now + 20, later, at(20));
        assert!(watch.early.contains_key("soliq"));
        watch.in_time("soliq", now + 19, later, at(20));
        assert!(watch.early.is_empty());
    }

    /// Whoever dates its proposals behind and tells a right clock, or is very far away.
    #[test]
    fn proposals_that_come_late_again_and_again_are_told_of() {
        let mut watch = Watch::default();
        let at = |seconds| Moment::new(Duration::from_secs(seconds));
        let late = |watch: &mut Watch, time, seconds| {
            watch.note_late("soliq", TimeMs::new(time), -300_000, at(seconds))
        };
        // Once, as after an outage, also when it is brought twice.
        assert!(!late(&mut watch, 1, 10));
        assert!(!late(&mut watch, 1, 11));
        assert!(watch.of_proposals().is_empty());
        assert!(late(&mut watch, 2, 12));
        assert!(!late(&mut watch, 3, 13));
        let said = watch.of_proposals();
        assert!(
            said[0].starts_with("proposals of soliq come late"),
            "{said:?}"
        );
        assert!(said[0].contains("5 min 0 s behind this clock"), "{said:?}");
        watch.note_timely("kadastr");
        assert_eq!(watch.of_proposals().len(), 1);
        watch.note_timely("soliq");
        assert!(watch.of_proposals().is_empty());
        // And not for ever.
        assert!(!late(&mut watch, 4, 20));
        assert!(late(&mut watch, 5, 21));
        watch.forget_old(at(21 + SAID_FOR.as_secs()));
        assert_eq!(watch.of_proposals().len(), 1);
        watch.forget_old(at(22 + SAID_FOR.as_secs()));
        assert!(watch.of_proposals().is_empty());
    }

    #[test]
    fn a_proposal_that_is_brought_again_after_an_outage_accuses_no_clock() {
        let told = |time: u64, maker: Option<i64>| {
            let (time, came) = (TimeMs::new(time), TimeMs::new(10_000_000));
            let told = Untimely { time, came, maker };
            assert!(!is_timely(time, came, Round::ZERO));
            told.is_of_clock(Round::ZERO)
        };
        // Made five minutes ago by a clock that is right, or is not known (again) yet.
        assert!(!told(9_700_000, Some(0)));
        assert!(!told(9_700_000, Some(-400)));
        assert!(!told(9_700_000, None));
        // Made just now, by a clock that is five minutes behind.
        assert!(told(9_700_000, Some(-300_000)));
        // By such a clock, and five minutes ago.
        assert!(!told(9_400_000, Some(-300_000)));
        // What is dated ahead was made by a clock that is.
        assert!(told(10_300_000, Some(300_000)));
        assert!(told(10_300_000, None));
    }

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
