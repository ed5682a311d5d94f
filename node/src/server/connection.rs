//! One connection: what it is doing, since when, and what ends it.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use super::{
    budget::{BudgetShare, GiveWay},
    counts::{ServingCounts, Turned},
};
use crate::limits;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// A request's head is awaited, on a new connection or after its first byte.
    Head,
    /// Nothing is awaited.
    Idle,
    /// The rest of a request's body is awaited.
    Body,
    /// A request is in hand.
    InHand,
    /// Its answer is being sent.
    Answering,
}

impl Phase {
    const ALL: [Self; 5] = [
        Self::Head,
        Self::Idle,
        Self::Body,
        Self::InHand,
        Self::Answering,
    ];

    /// How long it may last.
    const fn within(self) -> Option<Duration> {
        match self {
            Self::Head => Some(Duration::from_secs(limits::HTTP_HEAD_SECONDS)),
            Self::Idle => Some(Duration::from_secs(limits::HTTP_IDLE_SECONDS)),
            // A body has the timer of whoever reads it, who answers it.
            Self::Body | Self::InHand => None,
            Self::Answering => Some(Duration::from_secs(limits::HTTP_ANSWER_SECONDS)),
        }
    }

    /// How long it must have lasted before the connection makes room for another: at once where nothing
    /// but its client is awaited, never where the node is at work.
    const fn stays(self) -> Option<Duration> {
        match self {
            Self::Head | Self::Idle | Self::Body => Some(Duration::ZERO),
            Self::InHand => None,
            Self::Answering => Some(Duration::from_secs(limits::HTTP_ANSWER_STAYS_SECONDS)),
        }
    }

    const fn lateness(self) -> Turned {
        match self {
            Self::Head => Turned::Head,
            Self::Idle | Self::Body | Self::InHand => Turned::Idle,
            Self::Answering => Turned::Answer,
        }
    }
}

/// One connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) address: IpAddr,
    began: Instant,
    /// Milliseconds since `began` at which the phase was entered, times eight, and the phase.
    state: AtomicU64,
    /// Milliseconds since `began` at which it was told to make room, and one; 0 if it was not.
    told: AtomicU64,
    changed: Notify,
    /// All of an answer has been handed over, and what the system has not taken of it is still ours.
    is_handed_over: AtomicBool,
    /// Bytes of a next request came before the answer had been taken.
    is_ahead: AtomicBool,
    /// Whom to tell when the body that is awaited has to make room.
    awaited: Mutex<Weak<GiveWay>>,
    /// What the answer that is being taken holds of the budget.
    holds: Mutex<Weak<BudgetShare>>,
    counts: Arc<ServingCounts>,
}

impl Connection {
    pub(super) fn new(address: IpAddr, began: Instant, counts: Arc<ServingCounts>) -> Self {
        let connection = Self {
            address,
            began,
            state: AtomicU64::new(0),
            told: AtomicU64::new(0),
            changed: Notify::new(),
            is_handed_over: AtomicBool::new(false),
            is_ahead: AtomicBool::new(false),
            awaited: Mutex::default(),
            holds: Mutex::default(),
            counts,
        };
        connection.enter(Phase::Head);
        connection
    }

    /// Milliseconds since the server began.
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX >> 3)
    }

    /// A phase begins.
    fn enter(&self, phase: Phase) {
        let state = (self.now() << 3) | phase as u64;
        self.state.store(state, Ordering::Relaxed);
    }

    /// A request is in hand. Whoever was told to make room before is at work now, and stays.
    pub(super) fn take_in_hand(&self) {
        self.enter(Phase::InHand);
        self.told.store(0, Ordering::Release);
        self.is_ahead.store(false, Ordering::Relaxed);
    }

    /// A byte has come: after a silence it begins a head, and its timer.
    pub(super) fn heard(&self) {
        match self.phase().0 {
            Phase::Idle => {
                self.enter(Phase::Head);
                self.changed.notify_one();
            }
            Phase::InHand | Phase::Answering => self.is_ahead.store(true, Ordering::Relaxed),
            Phase::Head | Phase::Body => {}
        }
    }

    /// An answer begins to be taken; from now on the connection gives way with what it holds.
    pub(super) fn answer(&self, held: Option<&Arc<BudgetShare>>) {
        self.enter(Phase::Answering);
        if let Some(held) = held {
            *self.holds.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(held);
            self.changed.notify_one();
        }
    }

    /// The last of an answer has been handed over. It is taken once the system has it.
    pub(super) fn hand_over(&self) {
        self.is_handed_over.store(true, Ordering::Relaxed);
    }

    /// The system has all that was handed over: now the connection is quiet, and may be ended for another.
    pub(super) fn flushed(&self) {
        if self.is_handed_over.swap(false, Ordering::Relaxed) {
            let is_ahead = self.is_ahead.swap(false, Ordering::Relaxed);
            self.enter(if is_ahead { Phase::Head } else { Phase::Idle });
            if is_ahead || self.told.load(Ordering::Acquire) > 0 {
                self.changed.notify_one();
            }
        }
    }

    /// Ends when what is held has to be given up; never when nothing is.
    async fn gives_way(&self) {
        let told = {
            let held = self.holds.lock().unwrap_or_else(PoisonError::into_inner);
            held.upgrade().map(|held| held.told())
        };
        match told {
            Some(told) => told.gives_way().await,
            None => std::future::pending().await,
        }
    }

    /// The phase and when it began, in milliseconds since the server began.
    fn phase(&self) -> (Phase, u64) {
        let state = self.state.load(Ordering::Relaxed);
        let number = usize::try_from(state & 7).unwrap_or(0);
        let phase = Phase::ALL.get(number).copied().unwrap_or(Phase::Head);
        (phase, state >> 3)
    }

    /// Since when its client is all that it waits for, if it may be ended for another.
    pub(super) fn waits_since(&self) -> Option<u64> {
        let (phase, since) = self.phase();
        let stays = u64::try_from(phase.stays()?.as_millis()).unwrap_or(u64::MAX);
        (since.saturating_add(stays) <= self.now()).then_some(since)
    }

    /// Tells it to make room: by ending, or, where a body is awaited, by its answer.
    pub(super) fn make_room(&self) {
        self.told.store(self.now() + 1, Ordering::Release);
        if self.phase().0 == Phase::Body {
            let awaited = self.awaited.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(awaited) = awaited.upgrade() {
                awaited.tell();
            }
        }
        self.changed.notify_one();
    }

    /// How long ago it was told to make room, if it has not taken a request in hand since.
    pub(super) fn told_ago(&self) -> Option<Duration> {
        let told = self.told.load(Ordering::Acquire).checked_sub(1)?;
        Some(Duration::from_millis(self.now().saturating_sub(told)))
    }

    /// Whether it has been told to make room, and to end is all that is left to do.
    fn has_to_end(&self) -> bool {
        self.told.load(Ordering::Acquire) > 0
            && self.phase().0 != Phase::Body
            && self.waits_since().is_some()
    }

    /// Ends once the connection has to.
    pub(super) async fn overdue(&self) {
        loop {
            if self.has_to_end() {
                return;
            }
            let (phase, since) = self.phase();
            // A request in hand ends by the timers of its body and its wait; look again then.
            let within = phase
                .within()
                .unwrap_or(Duration::from_secs(limits::HTTP_IDLE_SECONDS));
            let deadline = self.began + Duration::from_millis(since) + within;
            let is_over = deadline <= Instant::now();
            if is_over && phase.within().is_some() {
                self.counts.turn_away(phase.lateness());
                return;
            }
            let look = if is_over {
                Instant::now() + within
            } else {
                deadline
            };
            tokio::select! {
                () = self.changed.notified() => {}
                () = self.gives_way() => {
                    self.counts.turn_away(Turned::Answer);
                    return;
                }
                () = tokio::time::sleep_until(look) => {}
            }
        }
    }
}

/// The connection by which a request has come, for whoever reads its body.
#[derive(Clone, Debug)]
pub(crate) struct BodySource(Arc<Connection>);

impl BodySource {
    pub(super) const fn new(connection: Arc<Connection>) -> Self {
        Self(connection)
    }

    /// The rest of the body is awaited from now on: whoever holds `held` gives way to newcomers.
    pub(crate) fn wait(&self, held: &BudgetShare) -> BodyWait<'_> {
        let told = Arc::downgrade(&held.told());
        *self
            .0
            .awaited
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = told;
        self.0.enter(Phase::Body);
        BodyWait(&self.0)
    }
}

/// A body that is awaited, until this is dropped.
#[derive(Debug)]
pub(crate) struct BodyWait<'a>(&'a Connection);

impl BodyWait<'_> {
    /// More of it has come: the wait begins anew.
    pub(crate) fn goes_on(&self) {
        self.0.enter(Phase::Body);
    }
}

impl Drop for BodyWait<'_> {
    fn drop(&mut self) {
        self.0.take_in_hand();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection() -> Connection {
        let began = Instant::now() - Duration::from_secs(3600);
        Connection::new(IpAddr::from([192, 0, 2, 7]), began, Arc::default())
    }

    /// The phase of `connection` began so much earlier.
    fn age(connection: &Connection, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap() << 3;
        connection.state.fetch_sub(by, Ordering::Relaxed);
    }

    #[test]
    fn what_waits_for_its_client_makes_room_and_what_is_at_work_does_not() {
        let connection = connection();
        assert!(connection.waits_since().is_some(), "a head is awaited");
        connection.take_in_hand();
        age(&connection, Duration::from_secs(1000));
        assert!(connection.waits_since().is_none(), "a request is in hand");
        connection.enter(Phase::Body);
        assert!(connection.waits_since().is_some(), "a body is awaited");
        connection.answer(None);
        connection.hand_over();
        assert!(connection.waits_since().is_none(), "an answer is young");
        age(
            &connection,
            Duration::from_secs(limits::HTTP_ANSWER_STAYS_SECONDS),
        );
        assert!(connection.waits_since().is_some(), "nobody takes it");
        connection.answer(None);
        connection.flushed();
        assert!(connection.waits_since().is_some(), "it is idle");
    }

    #[test]
    fn whoever_asks_something_after_it_was_told_stays() {
        let connection = connection();
        connection.make_room();
        assert!(connection.has_to_end());
        connection.take_in_hand();
        assert!(!connection.has_to_end() && connection.told_ago().is_none());
        // Told in the moment in which it took the request: it ends behind the answer.
        connection.make_room();
        assert!(!connection.has_to_end());
        connection.answer(None);
        assert!(!connection.has_to_end());
        connection.hand_over();
        connection.flushed();
        assert!(connection.has_to_end());
    }

    #[test]
    fn a_head_that_began_before_the_answer_was_taken_has_the_timer_of_heads() {
        let connection = connection();
        connection.take_in_hand();
        connection.answer(None);
        connection.heard();
        connection.hand_over();
        connection.flushed();
        assert_eq!(connection.phase().0, Phase::Head);
        connection.take_in_hand();
        connection.answer(None);
        connection.hand_over();
        connection.flushed();
        assert_eq!(connection.phase().0, Phase::Idle);
    }
}
