//! The clock of a simulated host: it runs too fast or too slowly, and somebody sets it.
//!
//! Its moments only ever grow, as those of a real machine do; the time of day jumps.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use node::host::{Clock, Moment, Sleep};
use protocol::height::TimeMs;

/// The time of day at which every simulation begins: a little after the genesis.
pub(super) const BEGINS_MS: u64 = 1_795_430_400_000 + 1_000;
const MILLION: i128 = 1_000_000;

#[derive(Debug, Default)]
struct State {
    /// What no host knows: the true time, in microseconds since the simulation began.
    true_us: u64,
    drift_ppm: i64,
    offset_ms: i64,
    alarm: Option<(Moment, Waker)>,
}

/// One host's clock. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct SimClock(Arc<Mutex<State>>);

impl SimClock {
    pub(super) fn new(drift_ppm: i64, offset_ms: i64) -> Self {
        let clock = Self::default();
        clock.with(|state| (state.drift_ppm, state.offset_ms) = (drift_ppm, offset_ms));
        clock
    }

    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Says what time it truly is, and wakes whoever has waited for it.
    pub(super) fn turn(&self, true_us: u64) {
        let due = self.with(|state| {
            state.true_us = true_us;
            let now = moment(state);
            state.alarm.take_if(|(at, _)| *at <= now)
        });
        if let Some((_, waker)) = due {
            waker.wake();
        }
    }

    /// Somebody sets the time of day.
    pub(super) fn set_offset(&self, offset_ms: i64) {
        self.with(|state| state.offset_ms = offset_ms);
    }

    /// The true time at which somebody waits to be woken.
    pub(super) fn alarm_us(&self) -> Option<u64> {
        self.with(|state| {
            let (at, _) = state.alarm.as_ref()?;
            let rate = MILLION + i128::from(state.drift_ppm);
            let us = i128::try_from(at.get().as_micros()).ok()? * MILLION;
            u64::try_from((us + rate - 1) / rate).ok()
        })
    }

    /// Nobody waits any more: the host is down.
    pub(super) fn forget_alarm(&self) {
        self.with(|state| state.alarm = None);
    }
}

fn moment(state: &State) -> Moment {
    let rate = MILLION + i128::from(state.drift_ppm);
    let us = i128::from(state.true_us) * rate / MILLION;
    Moment::new(Duration::from_micros(u64::try_from(us).unwrap_or(0)))
}

impl Clock for SimClock {
    fn now(&self) -> TimeMs {
        self.with(|state| {
            let passed = u64::try_from(moment(state).get().as_millis()).unwrap_or(0);
            TimeMs::new((BEGINS_MS + passed).saturating_add_signed(state.offset_ms))
        })
    }

    fn moment(&self) -> Moment {
        self.with(|state| moment(state))
    }

    fn sleep_until(&self, at: Moment) -> Sleep {
        Box::pin(Wait {
            clock: self.clone(),
            at,
        })
    }
}

/// The driver has one wait at a time, so the newest is the only one that counts.
struct Wait {
    clock: SimClock,
    at: Moment,
}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.clock.with(|state| {
            if moment(state) >= self.at {
                return Poll::Ready(());
            }
            state.alarm = Some((self.at, context.waker().clone()));
            Poll::Pending
        })
    }
}
