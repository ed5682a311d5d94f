//! The log: JSON lines on stderr, of the level that the environment or the settings ask for.

mod filter;
mod writer;

use std::sync::Arc;

use tracing_subscriber::EnvFilter;

pub use self::{
    filter::{BadFilter, check_filter},
    writer::{LineWriter, LogWriter, dropped},
};

/// What is logged unless it is said: our own words. What libraries log, strangers can cause.
const UNLESS_SAID: &str = "off,node=info";

/// What is logged, while the program runs.
#[derive(Clone)]
pub struct Levels {
    /// The environment's word, which settings do not change.
    is_fixed: bool,
    set: Arc<dyn Fn(EnvFilter) + Send + Sync>,
}

impl std::fmt::Debug for Levels {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Levels")
    }
}

impl Levels {
    /// Begins to log to `log` as `MUHR_LOG` says, which stands in `said`; without it, from `info` on.
    ///
    /// # Errors
    /// If `said` is no filter.
    pub fn begin(log: &LogWriter, said: Option<&str>) -> Result<Self, BadFilter> {
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_env_filter(check_filter(said.unwrap_or(UNLESS_SAID))?)
            .with_writer(log.clone())
            .with_filter_reloading();
        let handle = subscriber.reload_handle();
        subscriber.init();
        Ok(Self {
            is_fixed: said.is_some(),
            set: Arc::new(move |filter| {
                // The subscriber lives as long as the process.
                let _gone = handle.reload(filter);
            }),
        })
    }

    /// Logs as the settings say, unless the environment has said it.
    pub fn set(&self, setting: Option<&str>) {
        if !self.is_fixed
            && let Ok(filter) = check_filter(setting.unwrap_or(UNLESS_SAID))
        {
            (self.set)(filter);
        }
    }
}
