//! What the parts of a running node share: the ledger, the waiting entries, the ways to one another.
//!
//! The driver alone commits; everybody reads.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ledger::{Ledger, fault::Fault};
use protocol::{
    genesis::Genesis,
    height::{Height, LogSize},
    name::AgencyName,
};
use tokio::sync::{Notify, watch};

use crate::{host::Host, ingest::Door, mempool::Mempool, metrics::Metrics, network};

/// How the driver and the peers are doing, for status pages.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Round of the height being decided.
    pub round: u64,
    /// Step of that round.
    pub step: &'static str,
    /// Why this node does not vote, if it does not.
    pub not_voting: Option<String>,
    /// Height and cosigned size that each peer last told.
    pub peers: BTreeMap<String, (Height, LogSize)>,
    /// Milliseconds since 1970 when the driver last went through its loop.
    pub turned_ms: u64,
}

/// The shared parts.
#[derive(Debug)]
pub struct Shared {
    /// The machine.
    pub host: Host,
    /// The network's first leaf.
    pub genesis: Genesis,
    /// This node's agency; none for an observer.
    pub agency: Option<AgencyName>,
    /// The blocks and the state.
    pub ledger: Ledger,
    /// The peers.
    pub network: network::Handle,
    /// Names of the peers, in the order of their numbers.
    pub peers: Vec<String>,
    /// Where entries come in.
    pub door: Door,
    /// Counters.
    pub metrics: Metrics,
    /// Size of the newest checkpoint with a quorum of cosignatures.
    pub published: watch::Sender<LogSize>,
    /// Set once this machine cannot go on; the process then ends.
    pub failed: watch::Sender<Option<String>>,
    /// Told when entries begin to wait.
    pub pending: Notify,
    waiting: Mutex<Mempool>,
    progress: Mutex<Progress>,
}

/// What [`Shared::new`] puts together.
#[derive(Debug)]
pub struct Parts {
    /// The machine.
    pub host: Host,
    /// The network's first leaf.
    pub genesis: Genesis,
    /// This node's agency.
    pub agency: Option<AgencyName>,
    /// The blocks and the state.
    pub ledger: Ledger,
    /// The peers.
    pub network: network::Handle,
    /// Their names.
    pub peers: Vec<String>,
    /// Where entries come in.
    pub door: Door,
}

impl Shared {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: Parts) -> Arc<Self> {
        let Parts {
            host,
            genesis,
            agency,
            ledger,
            network,
            peers,
            door,
        } = parts;
        let published = ledger
            .published()
            .map_or(LogSize::ZERO, |published| published.head.size());
        Arc::new(Self {
            host,
            genesis,
            agency,
            ledger,
            network,
            peers,
            door,
            metrics: Metrics::default(),
            published: watch::Sender::new(published),
            failed: watch::Sender::new(None),
            pending: Notify::new(),
            waiting: Mutex::default(),
            progress: Mutex::default(),
        })
    }

    /// The waiting entries. Held for moments only: never across a check of a signature or a write.
    pub fn mempool(&self) -> MutexGuard<'_, Mempool> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the driver is doing.
    pub fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the driver that entries wait.
    pub fn wake_driver(&self) {
        self.pending.notify_one();
    }

    /// Gives up: a machine in trouble must stop rather than go on in doubt.
    pub fn fail(&self, fault: &Fault) {
        self.fail_with(&describe(fault));
    }

    /// Gives up with a sentence.
    pub fn fail_with(&self, reason: &str) {
        tracing::error!(
            event = "fault",
            reason,
            "this machine is in trouble; the node stops"
        );
        self.failed.send_if_modified(|failed| {
            let first = failed.is_none();
            if first {
                *failed = Some(reason.to_owned());
            }
            first
        });
    }

    /// Validators of the network that this node does not reach.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let connected = self.network.connected();
        let reached = |name: &str| {
            self.agency
                .as_ref()
                .is_some_and(|agency| agency.as_str() == name)
                || self
                    .peers
                    .iter()
                    .zip(&connected)
                    .any(|(peer, up)| *up && peer == name)
        };
        self.genesis
            .agencies
            .iter()
            .map(|agency| agency.name.to_string())
            .filter(|name| !reached(name))
            .collect()
    }
}

/// An error with what caused it: "cannot write" alone does not name the disk.
#[must_use]
pub fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text += &format!(": {error}");
        source = error.source();
    }
    text
}
