//! Bytes in flight: one budget for all, of which everybody takes as the bytes come.
//!
//! When it is spent, whoever holds bytes longest without being done gives way to a newcomer, once it has
//! held them for the budget's grace. So somebody who sends or takes slowly costs others nothing, and what is
//! quick always finds room and is never cut off.

use std::{
    collections::BTreeMap,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use prometheus_client::metrics::gauge::Gauge;
use tokio::{sync::Notify, time::Instant};

/// A budget of bytes.
#[derive(Debug)]
pub struct Budget {
    most: usize,
    /// Whoever has held bytes for less than this does not give way.
    grace: Duration,
    state: Mutex<BudgetState>,
    freed: Notify,
    shown: Gauge,
}

#[derive(Debug, Default)]
struct BudgetState {
    used: usize,
    next: u64,
    /// Those who would give way, in the order in which they came.
    patient: BTreeMap<u64, Holder>,
}

#[derive(Debug)]
struct Holder {
    bytes: usize,
    /// When it took its first bytes.
    since: Instant,
    told: Arc<GiveWay>,
}

/// What becomes of a wish for bytes.
enum Wish {
    Granted,
    /// Somebody has been told to give way, or will have to at that moment.
    Waits(Option<Instant>),
}

/// Whether somebody has been told to give way.
#[derive(Debug, Default)]
pub(super) struct GiveWay {
    is_told: AtomicBool,
    changed: Notify,
}

impl GiveWay {
    /// From now on the holder has to give way.
    pub(super) fn tell(&self) {
        self.is_told.store(true, Ordering::Release);
        self.changed.notify_one();
    }

    /// Ends once the holder has to give way.
    pub(super) async fn gives_way(&self) {
        while !self.is_told.load(Ordering::Acquire) {
            self.changed.notified().await;
        }
    }
}

/// There is no room, and nobody to give way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRoom;

/// A part of a budget, given back when dropped.
#[derive(Debug)]
pub struct BudgetShare {
    budget: Arc<Budget>,
    number: u64,
    bytes: usize,
    told: Arc<GiveWay>,
}

impl Budget {
    /// A budget of `most` bytes, whose use `shown` tells. Nobody gives way within `grace`.
    #[must_use]
    pub fn new(most: usize, grace: Duration, shown: Gauge) -> Arc<Self> {
        Arc::new(Self {
            most,
            grace,
            state: Mutex::default(),
            freed: Notify::new(),
            shown,
        })
    }

    fn lock(&self) -> MutexGuard<'_, BudgetState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A part of no bytes yet, whose holder gives way until it is [`BudgetShare::done`].
    #[must_use]
    pub fn begin(self: &Arc<Self>) -> BudgetShare {
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        let told = Arc::new(GiveWay::default());
        let holder = Holder {
            bytes: 0,
            since: Instant::now(),
            told: Arc::clone(&told),
        };
        state.patient.insert(number, holder);
        BudgetShare {
            budget: Arc::clone(self),
            number,
            bytes: 0,
            told,
        }
    }

    /// Adds bytes to a part if there is room; otherwise tells the longest holder to give way.
    fn wish(&self, number: u64, bytes: usize) -> Result<Wish, NoRoom> {
        let mut state = self.lock();
        if state.used.saturating_add(bytes) <= self.most {
            state.used += bytes;
            self.show(state.used);
            if let Some(holder) = state.patient.get_mut(&number) {
                if holder.bytes == 0 {
                    holder.since = Instant::now();
                }
                holder.bytes += bytes;
            }
            return Ok(Wish::Granted);
        }
        if bytes > self.most {
            return Err(NoRoom);
        }
        // Whoever holds nothing yet has nothing to give up: it waits like this one.
        let longest = state.patient.iter().find(|(_, holder)| holder.bytes > 0);
        let (longest, holder) = longest.ok_or(NoRoom)?;
        if *longest == number {
            return Err(NoRoom);
        }
        let gives_way = holder.since + self.grace;
        if gives_way > Instant::now() {
            return Ok(Wish::Waits(Some(gives_way)));
        }
        holder.told.tell();
        Ok(Wish::Waits(None))
    }

    fn show(&self, used: usize) {
        self.shown.set(i64::try_from(used).unwrap_or(i64::MAX));
    }
}

impl BudgetShare {
    /// Takes so many bytes more. Waits for whoever was told to give way.
    ///
    /// # Errors
    /// [`NoRoom`] when nobody gives way, or when it is this one's turn to.
    pub async fn take(&mut self, bytes: usize) -> Result<(), NoRoom> {
        loop {
            let mut freed = pin!(self.budget.freed.notified());
            freed.as_mut().enable();
            if self.told.is_told.load(Ordering::Acquire) {
                return Err(NoRoom);
            }
            let again = match self.budget.wish(self.number, bytes)? {
                Wish::Granted => {
                    self.bytes += bytes;
                    return Ok(());
                }
                Wish::Waits(again) => again,
            };
            tokio::select! {
                () = freed => {}
                () = self.told.changed.notified() => return Err(NoRoom),
                () = at(again) => {}
            }
        }
    }

    /// The holder is done with what was slow, and gives way no more.
    pub fn done(&self) {
        self.budget.lock().patient.remove(&self.number);
        // Whoever waits for this one to give way waits for the next one now.
        self.budget.freed.notify_waiters();
    }

    /// Ends once the holder has to give way.
    pub async fn gives_way(&self) {
        self.told.gives_way().await;
    }

    /// What tells the holder, without what it holds.
    pub(super) fn told(&self) -> Arc<GiveWay> {
        Arc::clone(&self.told)
    }
}

/// Ends at a moment; never without one.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

impl Drop for BudgetShare {
    fn drop(&mut self) {
        let mut state = self.budget.lock();
        state.patient.remove(&self.number);
        state.used = state.used.saturating_sub(self.bytes);
        self.budget.show(state.used);
        drop(state);
        self.budget.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now<T>(future: impl Future<Output = T>) -> Option<T> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match pin!(future).poll(&mut context) {
            std::task::Poll::Ready(value) => Some(value),
            std::task::Poll::Pending => None,
        }
    }

    #[test]
    fn the_longest_holder_gives_way_and_its_bytes_come_back() {
        let budget = Budget::new(100, Duration::ZERO, Gauge::default());
        let (mut first, mut second, mut third) = (budget.begin(), budget.begin(), budget.begin());
        assert_eq!(now(first.take(60)), Some(Ok(())));
        assert_eq!(now(second.take(40)), Some(Ok(())));
        assert_eq!(now(first.gives_way()), None);
        // No room: the first is told, and the third waits until it has gone.
        assert_eq!(now(third.take(50)), None);
        assert_eq!(now(first.gives_way()), Some(()));
        assert_eq!(now(first.take(1)), Some(Err(NoRoom)));
        drop(first);
        assert_eq!(now(third.take(50)), Some(Ok(())));
        // Whoever is longest there itself is the one to leave.
        assert_eq!(now(second.take(50)), Some(Err(NoRoom)));
        // Whoever is done stays; nobody is left to give way.
        second.done();
        third.done();
        let mut fourth = budget.begin();
        assert_eq!(now(fourth.take(20)), Some(Err(NoRoom)));
        drop(second);
        drop(third);
        assert_eq!(now(fourth.take(100)), Some(Ok(())));
        drop(fourth);
        assert_eq!(budget.lock().used, 0);
        assert!(budget.lock().patient.is_empty());
    }

    #[test]
    fn whoever_is_done_in_time_stays_and_the_next_one_gives_way() {
        let budget = Budget::new(100, Duration::ZERO, Gauge::default());
        let (mut first, mut second, mut third) = (budget.begin(), budget.begin(), budget.begin());
        assert_eq!(now(first.take(50)), Some(Ok(())));
        assert_eq!(now(second.take(50)), Some(Ok(())));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let mut taking = Box::pin(third.take(50));
        assert!(taking.as_mut().poll(&mut context).is_pending());
        first.done();
        assert!(taking.as_mut().poll(&mut context).is_pending());
        assert_eq!(now(second.gives_way()), Some(()));
        drop(second);
        assert!(taking.as_mut().poll(&mut context).is_ready());
    }

    #[test]
    fn more_than_the_budget_is_never_taken() {
        let budget = Budget::new(100, Duration::ZERO, Gauge::default());
        let mut greedy = budget.begin();
        assert_eq!(now(greedy.take(101)), Some(Err(NoRoom)));
        assert_eq!(now(greedy.take(100)), Some(Ok(())));
    }

    #[tokio::test]
    async fn nobody_gives_way_within_the_grace() {
        let (long, short) = (Duration::from_secs(3600), Duration::from_millis(20));
        let budget = Budget::new(100, long, Gauge::default());
        let (mut first, mut second) = (budget.begin(), budget.begin());
        assert_eq!(now(first.take(60)), Some(Ok(())));
        {
            let mut taking = pin!(second.take(50));
            assert_eq!(now(taking.as_mut()), None);
            assert_eq!(now(first.gives_way()), None, "cut off at once");
            // Whoever is done in time makes room without having been told.
            drop(first);
            assert_eq!(now(taking), Some(Ok(())));
        }
        let budget = Budget::new(100, short, Gauge::default());
        let (mut first, mut second) = (budget.begin(), budget.begin());
        assert_eq!(now(first.take(60)), Some(Ok(())));
        tokio::select! {
            _taken = second.take(50) => panic!("there is no room"),
            () = first.gives_way() => {}
        }
    }

    #[test]
    fn whoever_waits_without_bytes_is_not_the_one_to_leave() {
        let budget = Budget::new(100, Duration::ZERO, Gauge::default());
        let (mut early, mut late) = (budget.begin(), budget.begin());
        assert_eq!(now(late.take(100)), Some(Ok(())));
        let mut taking = pin!(early.take(50));
        assert_eq!(now(taking.as_mut()), None);
        assert_eq!(now(late.gives_way()), Some(()));
        drop(late);
        assert_eq!(now(taking), Some(Ok(())));
    }
}
