//! What a node takes from its machine besides files and sockets: time, waiting, and threads.
//!
//! Only here because a simulation of many nodes has one thread and turns the clocks itself.

use std::{
    fmt,
    ops::Add,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use protocol::height::TimeMs;

/// A wait that ends by itself.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A moment on the clock that nobody sets: how long the host has been there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Duration);

impl Moment {
    /// So long after the host began.
    #[must_use]
    pub const fn new(after: Duration) -> Self {
        Self(after)
    }

    /// The time that has passed since the host began.
    #[must_use]
    pub const fn get(self) -> Duration {
        self.0
    }

    /// The time that has passed since `earlier`.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, after: Duration) -> Self {
        Self(self.0.saturating_add(after))
    }
}

/// Tells the time, and when a moment has come.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The time of day, as it is set.
    fn now(&self) -> TimeMs;
    /// The moment, which only ever grows.
    fn moment(&self) -> Moment;
    /// Ends at `at`.
    fn sleep_until(&self, at: Moment) -> Sleep;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug)]
struct SystemClock {
    began: Instant,
}

impl Clock for SystemClock {
    fn now(&self) -> TimeMs {
        let passed = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        TimeMs::new(u64::try_from(passed.as_millis()).unwrap_or(u64::MAX))
    }

    fn moment(&self) -> Moment {
        Moment(self.began.elapsed())
    }

    fn sleep_until(&self, at: Moment) -> Sleep {
        let at = self.began.checked_add(at.get());
        Box::pin(async move {
            match at {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        })
    }
}

/// The machine under a node.
#[derive(Clone, Debug)]
pub struct Host {
    clock: Arc<dyn Clock>,
    has_threads: bool,
}

impl Host {
    /// This machine.
    #[must_use]
    pub fn real() -> Self {
        Self {
            clock: Arc::new(SystemClock {
                began: Instant::now(),
            }),
            has_threads: true,
        }
    }

    /// One thread, on which all work is done where it arises, and this clock.
    #[must_use]
    pub fn single_threaded(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            has_threads: false,
        }
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn now(&self) -> TimeMs {
        self.clock.now()
    }

    /// The moment.
    #[must_use]
    pub fn moment(&self) -> Moment {
        self.clock.moment()
    }

    /// The time that has passed since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: Moment) -> Duration {
        self.moment().since(earlier)
    }

    /// Ends at `at`.
    #[must_use]
    pub fn sleep_until(&self, at: Moment) -> Sleep {
        self.clock.sleep_until(at)
    }

    /// Whether work may be done on other threads.
    #[must_use]
    pub const fn has_threads(&self) -> bool {
        self.has_threads
    }
}
