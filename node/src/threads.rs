//! Threads of a node: consensus has its own, and whoever serves clients runs behind it.
//!
//! The runtime of the process carries network, peers' entries and signals. Serving has another, whose
//! threads the scheduler puts behind: a flood of requests takes what consensus leaves of the cores.

use std::io;

use rustix::process::{getpriority_process, setpriority_process};
use tokio::runtime::{Builder, Handle, Runtime};

use crate::limits;

/// Threads of their own for some work. Dropped, they end without being waited for.
#[derive(Debug)]
pub struct Threads {
    handle: Handle,
    runtime: Option<Runtime>,
}

impl Threads {
    /// Threads that serve clients.
    ///
    /// # Errors
    /// When the system starts no more threads.
    pub fn serving() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(half_the_cores())
            .thread_name("serving")
            .on_thread_start(|| step_behind(limits::SERVING_NICE))
            .enable_all()
            .build()?;
        Ok(Self::over(runtime))
    }

    /// At most `most` threads that make costly answers, one piece of work each.
    ///
    /// # Errors
    /// When the system starts no more threads.
    pub fn reading(most: usize) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(most)
            .thread_name("reading")
            .on_thread_start(|| step_behind(limits::READING_NICE))
            .build()?;
        Ok(Self::over(runtime))
    }

    fn over(runtime: Runtime) -> Self {
        Self {
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
        }
    }

    /// Where work is handed in.
    #[must_use]
    pub const fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Half of the cores, and at least one.
#[must_use]
pub fn half_the_cores() -> usize {
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    (cores / 2).max(1)
}

/// Puts the calling thread behind others by `more` steps. Linux counts by thread; where it is refused,
/// the thread keeps the priority of the process, which costs only the order of the queue.
fn step_behind(more: i32) {
    let now = getpriority_process(None).unwrap_or(0);
    let _refused = setpriority_process(None, now.saturating_add(more).min(19));
}
