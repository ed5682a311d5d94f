//! What is known of a peer's presence: when something last came from it, and why nothing does.
//!
//! Presence is what was heard, never that a connection stands: a connection outlives its other end.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::host::{Host, Moment};

/// Nothing has come yet.
const NEVER: u64 = u64::MAX;

/// One peer's presence.
#[derive(Debug)]
pub(super) struct Presence {
    host: Host,
    /// Milliseconds since the host began, or [`NEVER`].
    at_ms: AtomicU64,
    trouble: Mutex<Option<String>>,
    /// The other ends of its connections, by the connections' names.
    addresses: Mutex<BTreeMap<String, String>>,
}

impl Presence {
    pub(super) fn new(host: Host) -> Self {
        Self {
            host,
            at_ms: AtomicU64::new(NEVER),
            trouble: Mutex::default(),
            addresses: Mutex::default(),
        }
    }

    /// Something has just come.
    pub(super) fn note(&self) {
        let now = self.host.moment().get().as_millis();
        let now = u64::try_from(now).unwrap_or(NEVER - 1);
        self.at_ms.store(now, Ordering::Relaxed);
    }

    /// How long ago something last came.
    pub(super) fn ago(&self) -> Option<Duration> {
        let at = self.at_ms.load(Ordering::Relaxed);
        (at != NEVER).then(|| self.host.since(Moment::new(Duration::from_millis(at))))
    }

    /// Why it is not reached. True if that is news.
    pub(super) fn set_trouble(&self, reason: Option<String>) -> bool {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = *trouble != reason;
        *trouble = reason;
        is_news
    }

    /// A connection begins, or ends.
    pub(super) fn set_address(&self, connection: String, address: Option<String>) {
        let mut all = self
            .addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match address {
            Some(address) => all.insert(connection, address),
            None => all.remove(&connection),
        };
    }

    /// All connections have ended.
    pub(super) fn forget_addresses(&self) {
        let mut all = self
            .addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        all.clear();
    }

    /// Each once: two connections with one node have one.
    pub(super) fn addresses(&self) -> Vec<String> {
        let all = self
            .addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let each: BTreeSet<String> = all.values().cloned().collect();
        each.into_iter().collect()
    }

    pub(super) fn trouble(&self) -> Option<String> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.clone()
    }
}
