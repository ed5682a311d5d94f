//! Opening a folder may walk over all its records; a process that was told to end does not wait for that.
//!
//! One flag for the process, as the signal is the process's: it ends, and opens nothing any more.

use std::sync::atomic::{AtomicBool, Ordering};

static TOLD: AtomicBool = AtomicBool::new(false);

/// From now on whatever is being opened ends with [`Fault::Interrupted`](crate::fault::Fault::Interrupted).
pub fn interrupt_opening() {
    TOLD.store(true, Ordering::Relaxed);
}

pub(crate) fn is_told() -> bool {
    TOLD.load(Ordering::Relaxed)
}
