//! The schedule: what is due when by itself, and nothing of what is then done.
//!
//! Timers are the machine's, and end with its height. The rest comes again and again: peers are told how
//! far this node is, and an unchanged head is cosigned anew.

use std::{collections::BTreeMap, time::Duration};

use consensus::Timer;
use protocol::height::Height;

use crate::host::Moment;

/// How often peers are told how far this node is.
const STATUS_EVERY: Duration = Duration::from_secs(2);
/// How often an unchanged head is cosigned again, so that its age shows that we live.
const COSIGN_EVERY: Duration = Duration::from_secs(300);

/// What is due and no timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DueWork {
    /// Tell peers how far this node is.
    Status,
    /// Cosign the head again.
    Cosign,
}

/// When the driver turns by itself.
#[derive(Debug)]
pub(super) struct Schedule {
    /// By moment, and in the order in which they were set.
    timers: BTreeMap<(Moment, u64), Timer>,
    timer_number: u64,
    /// Since when the present height is being decided.
    height_since: Moment,
    /// When peers are told how far this node is, and the height at which they were told last.
    status_at: Moment,
    status_height: Height,
    /// When the head is cosigned again.
    cosign_at: Moment,
}

impl Schedule {
    /// A schedule that begins `now`, with a status.
    pub(super) fn new(now: Moment) -> Self {
        Self {
            timers: BTreeMap::new(),
            timer_number: 0,
            height_since: now,
            status_at: now,
            status_height: Height::ZERO,
            cosign_at: now + COSIGN_EVERY,
        }
    }

    /// Sets a timer of the machine.
    pub(super) fn set(&mut self, timer: Timer, at: Moment) {
        self.timer_number = self.timer_number.wrapping_add(1);
        self.timers.insert((at, self.timer_number), timer);
    }

    /// Forgets all timers: the machine that set them is no more.
    pub(super) fn clear_timers(&mut self) {
        self.timers.clear();
    }

    /// The next height begins.
    pub(super) fn begin_height(&mut self, now: Moment) {
        self.clear_timers();
        self.height_since = now;
    }

    /// Time that has passed since the present height began.
    pub(super) const fn height_age(&self, now: Moment) -> Duration {
        now.since(self.height_since)
    }

    /// The next moment at which something is due.
    pub(super) fn next(&self) -> Moment {
        let often = self.status_at.min(self.cosign_at);
        let timer = self.timers.keys().next().map(|(at, _)| *at);
        timer.map_or(often, |timer| timer.min(often))
    }

    /// Whether a timer has elapsed.
    pub(super) fn has_elapsed(&self, now: Moment) -> bool {
        self.timers.keys().next().is_some_and(|(at, _)| *at <= now)
    }

    /// The next timer that has elapsed.
    pub(super) fn take_elapsed(&mut self, now: Moment) -> Option<Timer> {
        let first = self.timers.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    /// What else is due; it puts off its own next time.
    pub(super) fn take_due(&mut self, now: Moment) -> Option<DueWork> {
        if self.status_at <= now {
            self.status_at = now + STATUS_EVERY;
            Some(DueWork::Status)
        } else if self.cosign_at <= now {
            self.cosign_at = now + COSIGN_EVERY;
            Some(DueWork::Cosign)
        } else {
            None
        }
    }

    /// Peers are to be told at once.
    pub(super) const fn hasten_status(&mut self, now: Moment) {
        self.status_at = now;
    }

    /// Peers are told now that this node is at `height`: whether it was there the last time too.
    pub(super) fn note_status(&mut self, height: Height) -> bool {
        std::mem::replace(&mut self.status_height, height) == height
    }
}

#[cfg(test)]
mod tests {
    use consensus::TimerKind;
    use protocol::height::Round;

    use super::*;

    fn at(ms: u64) -> Moment {
        Moment::new(Duration::from_millis(ms))
    }

    fn timer(round: u64) -> Timer {
        Timer {
            kind: TimerKind::Propose,
            height: Height::new(1),
            round: Round::new(round),
        }
    }

    #[test]
    fn timers_elapse_in_their_order_and_end_with_the_height() {
        let mut schedule = Schedule::new(at(0));
        for (round, ms) in [(1, 50), (2, 20), (3, 20), (4, 90)] {
            schedule.set(timer(round), at(ms));
        }
        assert!(schedule.has_elapsed(at(20)) && !schedule.has_elapsed(at(19)));
        let elapsed: Vec<_> = std::iter::from_fn(|| schedule.take_elapsed(at(60))).collect();
        assert_eq!(elapsed, [timer(2), timer(3), timer(1)]);
        schedule.begin_height(at(70));
        assert!(!schedule.has_elapsed(at(1000)));
        assert_eq!(schedule.height_age(at(75)), Duration::from_millis(5));
    }

    #[test]
    fn what_is_due_comes_again_and_a_status_may_be_hastened() {
        let mut schedule = Schedule::new(at(0));
        assert_eq!(schedule.next(), at(0));
        assert_eq!(schedule.take_due(at(0)), Some(DueWork::Status));
        assert_eq!(schedule.take_due(at(1999)), None);
        assert_eq!(schedule.next(), at(2000));
        schedule.set(timer(1), at(1000));
        assert_eq!(schedule.next(), at(1000));
        schedule.hasten_status(at(500));
        assert_eq!(schedule.take_due(at(500)), Some(DueWork::Status));
        assert_eq!(schedule.take_due(at(300_000)), Some(DueWork::Status));
        assert_eq!(schedule.take_due(at(300_000)), Some(DueWork::Cosign));
        assert_eq!(schedule.take_due(at(300_000)), None);
    }

    #[test]
    fn a_height_at_which_peers_were_told_before_is_noticed() {
        let mut schedule = Schedule::new(at(0));
        assert!(!schedule.note_status(Height::new(3)));
        assert!(schedule.note_status(Height::new(3)));
        assert!(!schedule.note_status(Height::new(4)));
    }
}
