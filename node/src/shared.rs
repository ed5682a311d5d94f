//! What the parts of a running node share: the ledger, the waiting entries, the ways to one another.
//!
//! The driver alone commits; everybody reads.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use ledger::Ledger;
use protocol::{
    height::{Height, LogSize},
    key::group::GroupVerifier,
    name::AgencyName,
};
use tokio::sync::{Notify, watch};

use crate::{
    breaches::Breaches,
    disks::Disks,
    epoch::Epochs,
    host::{Host, Moment},
    ingest::Ingest,
    mempool::Mempool,
    metrics::Metrics,
    network,
    wire::Silence,
};

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
    /// Peers that hang up as soon as this node has proven who it is: its key is not in their set.
    pub not_known_to: BTreeSet<String>,
    /// Peers that do not vote, and why, as they told.
    pub silent: BTreeMap<String, Silence>,
    /// When the driver last went through its loop.
    pub turned: Moment,
    /// Since when entries have waited without a block.
    pub waits_since: Option<Moment>,
    /// Milliseconds by which this clock is ahead of the others', if enough of them are known.
    pub clock_ms: Option<i64>,
    /// Milliseconds by which each peer's clock is ahead of this one.
    pub clocks: BTreeMap<String, i64>,
    /// What an operator should know, a sentence each.
    pub warnings: Vec<String>,
}

/// The shared parts.
#[derive(Debug)]
pub struct Shared {
    /// The machine.
    pub host: Host,
    /// The agencies, their keys and the quorum in force.
    pub epochs: Epochs,
    /// Text of all agencies' acceptances of the genesis, if they are here.
    pub acceptances: Option<String>,
    /// This node's agency; none for an observer.
    pub agency: Option<AgencyName>,
    /// The blocks and the state.
    pub ledger: Ledger,
    /// The peers.
    pub network: network::Handle,
    /// Names of the peers, in the order of their numbers.
    pub peers: Vec<String>,
    /// Where entries come in.
    pub ingest: Ingest,
    /// Checks signatures.
    pub signatures: GroupVerifier,
    /// Where it keeps what must last.
    pub disks: Disks,
    /// Counters.
    pub metrics: Metrics,
    /// What peers did wrong.
    pub breaches: Breaches,
    /// Size of the newest checkpoint with a quorum of cosignatures.
    pub published: watch::Sender<LogSize>,
    /// Set once this machine cannot go on; the process then ends.
    pub failed: watch::Sender<Option<String>>,
    /// Told when entries begin to wait.
    pub pending: Notify,
    is_ending: AtomicBool,
    waiting: Mutex<Mempool>,
    progress: Mutex<Progress>,
}

/// What [`Shared::new`] puts together.
#[derive(Debug)]
pub struct Parts {
    /// The machine.
    pub host: Host,
    /// The agencies, their keys and the quorum in force.
    pub epochs: Epochs,
    /// Text of all agencies' acceptances of the genesis, if they are here.
    pub acceptances: Option<String>,
    /// This node's agency.
    pub agency: Option<AgencyName>,
    /// The blocks and the state.
    pub ledger: Ledger,
    /// The peers.
    pub network: network::Handle,
    /// Their names.
    pub peers: Vec<String>,
    /// Where entries come in.
    pub ingest: Ingest,
    /// Checks signatures.
    pub signatures: GroupVerifier,
    /// Where it keeps what must last.
    pub disks: Disks,
}

impl Shared {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: Parts) -> Arc<Self> {
        let Parts {
            host,
            epochs,
            acceptances,
            agency,
            ledger,
            network,
            peers,
            ingest,
            signatures,
            disks,
        } = parts;
        let published = ledger
            .published()
            .map_or(LogSize::ZERO, |published| published.head.size());
        Arc::new(Self {
            host,
            epochs,
            acceptances,
            agency,
            ledger,
            network,
            breaches: Breaches::new(peers.len()),
            peers,
            ingest,
            signatures,
            disks,
            metrics: Metrics::default(),
            published: watch::Sender::new(published),
            failed: watch::Sender::new(None),
            pending: Notify::new(),
            is_ending: AtomicBool::new(false),
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
    pub fn fail(&self, fault: &dyn std::error::Error) {
        self.fail_with(&describe(fault));
    }

    /// Gives up with a sentence. That it has failed stands before anything is said of it: whatever
    /// becomes of the words, the process ends.
    pub fn fail_with(&self, reason: &str) {
        self.failed.send_if_modified(|failed| {
            let first = failed.is_none();
            if first {
                *failed = Some(reason.to_owned());
            }
            first
        });
        tracing::error!(
            event = "fault",
            reason,
            "this machine is in trouble; the node stops"
        );
    }

    /// From now on its parts may end.
    pub fn begin_to_end(&self) {
        self.is_ending.store(true, Ordering::Relaxed);
    }

    /// A part of the node has ended. Unless the node is ending, it must not go on without it: a node
    /// that still takes entries and decides nothing looks alive.
    pub fn part_ended(&self, part: &str) {
        if !self.is_ending.load(Ordering::Relaxed) {
            self.fail_with(&format!(
                "{part} has ended: a bug; restart the node and report the log"
            ));
        }
    }

    /// How the validators of the network stand, as this node sees them.
    #[must_use]
    pub fn turnout(&self) -> Turnout {
        let contacts = self.network.contacts();
        let progress = self.progress();
        let is_reached = |name: &str| {
            let mut peers = self.peers.iter().zip(&contacts);
            peers.any(|(peer, contact)| contact.is_reached && peer == name)
        };
        let mut turnout = Turnout::default();
        let epoch = self.epochs.now();
        for agency in epoch.agencies().keys() {
            let name = agency.to_string();
            let silence = if Some(agency) == self.agency.as_ref() {
                progress.not_voting.clone()
            } else if is_reached(&name) {
                let told = progress.silent.get(&name);
                told.map(|silence| silence.in_words().to_owned())
            } else {
                turnout.away.push(name);
                continue;
            };
            match silence {
                Some(reason) => turnout.silent.push((name, reason)),
                None => turnout.voting += 1,
            }
        }
        turnout
    }
}

/// How the validators of a network stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turnout {
    /// How many are reached and vote.
    pub voting: usize,
    /// Those that are not reached: nothing was heard from them lately.
    pub away: Vec<String>,
    /// Those that are reached and do not vote, and why.
    pub silent: Vec<(String, String)>,
}

impl Turnout {
    /// Names of those that nothing can be decided with.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let silent = self.silent.iter().map(|(name, _)| name.clone());
        self.away.iter().cloned().chain(silent).collect()
    }

    /// The same, with the reasons of those that are silent.
    #[must_use]
    pub fn missing_in_words(&self) -> String {
        let away = self.away.iter().cloned();
        let silent = self.silent.iter();
        let silent =
            silent.map(|(name, reason)| format!("{name} is reached and does not vote: {reason}"));
        away.chain(silent).collect::<Vec<_>>().join(", ")
    }
}

/// An error with all that caused it, in one line: "cannot write" alone does not name the disk. A cause
/// that an error has already written into its own words is not repeated.
#[must_use]
pub fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let cause = error.to_string();
        if !cause.is_empty() && !text.contains(&cause) {
            // Some say nothing themselves and only pass on.
            let colon = if text.is_empty() { "" } else { ": " };
            text += &format!("{colon}{cause}");
        }
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use thiserror::Error;

    use super::*;

    #[derive(Debug, Error)]
    #[error("the outer")]
    struct Outer(#[source] Middle);

    #[derive(Debug, Error)]
    #[error("")]
    struct Silent(#[source] Middle);

    #[derive(Debug, Error)]
    #[error("the middle: {0}")]
    struct Middle(#[source] io::Error);

    #[test]
    fn every_cause_is_written_once() {
        let disk = io::Error::other("the disk is on fire");
        let text = describe(&Outer(Middle(disk)));
        assert_eq!(text, "the outer: the middle: the disk is on fire");
        let disk = io::Error::other("the disk is on fire");
        let text = describe(&Silent(Middle(disk)));
        assert_eq!(text, "the middle: the disk is on fire");
    }
}
