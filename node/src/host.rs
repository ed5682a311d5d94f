//! What a node takes from its machine besides files and sockets: the time of day, and threads.
//!
//! Only here because a simulation of many nodes has one thread and turns the clocks itself.

use std::{
    fmt,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use protocol::height::TimeMs;

/// Tells the time of day.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Now.
    fn now(&self) -> TimeMs;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug)]
struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> TimeMs {
        let passed = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        TimeMs::new(u64::try_from(passed.as_millis()).unwrap_or(u64::MAX))
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
            clock: Arc::new(SystemClock),
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

    /// Whether work may be done on other threads.
    #[must_use]
    pub const fn has_threads(&self) -> bool {
        self.has_threads
    }
}
