//! Counters for Prometheus. No label ever holds a record, a clerk or a document.

mod exposition;
mod machine;
mod peers;

use std::sync::{Arc, atomic::AtomicU64};

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::Registry,
};
use protocol::name::AgencyName;

pub use self::{
    exposition::Exposition,
    machine::MachineMetrics,
    peers::{PeerMetrics, PeerName},
};
use crate::server::ServingCounts;

/// Why an entry was not let in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct CodeLabel {
    /// The stable code of the refusal.
    pub code: String,
}

/// An agency that cosigns.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct AgencyLabel {
    /// Its name.
    pub agency: String,
}

/// A peer and a kind of bad message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct PeerBreach {
    /// Name of the peer.
    pub peer: String,
    /// The stable word of [`crate::breaches::Breach`].
    pub kind: &'static str,
}

/// All counters of a node.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Height of the last block.
    pub height: Gauge,
    /// Leaves in the log.
    pub size: Gauge,
    /// Size of the newest quorate checkpoint.
    pub published: Gauge,
    /// Entries recorded since the start.
    pub entries: Counter,
    /// Blocks committed since the start.
    pub blocks: Counter,
    /// Rounds after the first that were needed.
    pub rounds: Counter,
    /// Entries waiting.
    pub waiting: Gauge,
    /// Validators reached that vote, this one included.
    pub reached: Gauge,
    /// Entries not let in, by code.
    pub refused: Family<CodeLabel, Counter>,
    /// Seconds from the first entry or proposal that waits for a block to its commit.
    pub decide_seconds: Histogram,
    /// Seconds that a commit took on disk.
    pub commit_seconds: Histogram,
    /// Bytes sent to peers.
    pub sent_bytes: Counter<u64, AtomicU64>,
    /// Evidence of misbehaviour of validators.
    pub evidence: Counter,
    /// 1 if this node votes, else 0.
    pub votes: Gauge,
    /// Checkpoints that were published and then followed without an agency's cosignature.
    pub missed_cosignatures: Family<AgencyLabel, Counter>,
    /// Number of the epoch.
    pub epoch: Gauge,
    /// Time of the last block, in seconds since 1970.
    pub head_timestamp: Gauge<f64, AtomicU64>,
    /// How each peer stands.
    pub peers: PeerMetrics,
    /// Seconds by which this clock is ahead of the others'.
    pub clock_offset: Gauge<f64, AtomicU64>,
    /// Log lines that could not be written.
    pub log_lines_lost: Counter<u64, AtomicU64>,
    /// Serving of the HTTP port.
    pub serving: Arc<ServingCounts>,
    /// Open files, room on the disk, and limits.
    pub machine: MachineMetrics,
    /// Bad messages of peers, by kind.
    pub breaches: Family<PeerBreach, Counter>,
    /// Connections that were cut because nothing good came over them.
    pub cuts: Family<PeerName, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        let buckets = || {
            [
                0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0,
            ]
            .into_iter()
        };
        let mut metrics = Self {
            registry: Registry::default(),
            height: Gauge::default(),
            size: Gauge::default(),
            published: Gauge::default(),
            entries: Counter::default(),
            blocks: Counter::default(),
            rounds: Counter::default(),
            waiting: Gauge::default(),
            reached: Gauge::default(),
            refused: Family::default(),
            decide_seconds: Histogram::new(buckets()),
            commit_seconds: Histogram::new(buckets()),
            sent_bytes: Counter::default(),
            evidence: Counter::default(),
            votes: Gauge::default(),
            missed_cosignatures: Family::default(),
            epoch: Gauge::default(),
            head_timestamp: Gauge::default(),
            peers: PeerMetrics::default(),
            clock_offset: Gauge::default(),
            log_lines_lost: Counter::default(),
            serving: Arc::default(),
            machine: MachineMetrics::default(),
            breaches: Family::default(),
            cuts: Family::default(),
        };
        let mut registry = Registry::with_prefix("muhr");
        metrics.register_chain(&mut registry);
        metrics.register_node(&mut registry);
        metrics.registry = registry;
        metrics
    }
}

impl Metrics {
    /// How the chain stands, and what comes in.
    fn register_chain(&self, registry: &mut Registry) {
        registry.register(
            "chain_height",
            "Height of the last block",
            self.height.clone(),
        );
        registry.register("log_size_leaves", "Leaves in the log", self.size.clone());
        registry.register(
            "published_size_leaves",
            "Size of the newest checkpoint with a quorum",
            self.published.clone(),
        );
        registry.register("epoch", "Number of the epoch, from 0", self.epoch.clone());
        registry.register(
            "missed_cosignatures",
            "Checkpoints that were published, and followed by the next, without a cosignature of the agency",
            self.missed_cosignatures.clone(),
        );
        registry.register(
            "entries",
            "Entries recorded since the start",
            self.entries.clone(),
        );
        registry.register(
            "blocks",
            "Blocks committed since the start",
            self.blocks.clone(),
        );
        registry.register(
            "extra_rounds",
            "Rounds after the first that were needed",
            self.rounds.clone(),
        );
        registry.register(
            "waiting_entries",
            "Entries that wait for a block",
            self.waiting.clone(),
        );
        registry.register(
            "validators_reached",
            "Validators reached that vote, this one included",
            self.reached.clone(),
        );
    }

    /// How this node, its peers and its machine stand.
    fn register_node(&self, registry: &mut Registry) {
        registry.register(
            "entries_refused",
            "Entries not let in, by code",
            self.refused.clone(),
        );
        registry.register(
            "decide_seconds",
            "From the first entry or proposal that waits for a block to its commit",
            self.decide_seconds.clone(),
        );
        registry.register(
            "commit_seconds",
            "Time of a commit on disk",
            self.commit_seconds.clone(),
        );
        registry.register("sent_bytes", "Bytes sent to peers", self.sent_bytes.clone());
        registry.register(
            "evidence",
            "Proofs of misbehaviour of validators",
            self.evidence.clone(),
        );
        registry.register(
            "build",
            "The program",
            Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]),
        );
        registry.register(
            "votes",
            "1 if this node votes, 0 if it does not; observers never do",
            self.votes.clone(),
        );
        registry.register(
            "head_timestamp_seconds",
            "Time of the last block",
            self.head_timestamp.clone(),
        );
        self.peers.register(registry);
        registry.register(
            "clock_offset_seconds",
            "Seconds by which this clock is ahead of the others, negative if behind",
            self.clock_offset.clone(),
        );
        registry.register(
            "log_lines_lost",
            "Log lines that could not be written since the start",
            self.log_lines_lost.clone(),
        );
        self.serving.register(registry);
        self.machine.register(registry);
        registry.register(
            "peer_bad_messages",
            "Messages of peers that were dropped, by kind",
            self.breaches.clone(),
        );
        registry.register(
            "peer_cuts",
            "Connections cut because a peer sent nothing but bad messages",
            self.cuts.clone(),
        );
    }

    /// The page for Prometheus.
    #[must_use]
    pub fn page(&self) -> String {
        self.machine.look();
        let mut page = String::new();
        match encode(&mut page, &self.registry) {
            Ok(()) => page,
            Err(std::fmt::Error) => String::new(),
        }
    }

    /// Counts a peer that was cut off.
    pub fn count_cut(&self, peer: &str) {
        let peer = peer.to_owned();
        self.cuts.get_or_create(&PeerName { peer }).inc();
    }

    /// Counts a checkpoint that went by without an agency's cosignature.
    pub fn count_missed(&self, agency: &AgencyName) {
        self.missed_by(agency).inc();
    }

    /// The count of an agency, from now on on the page.
    pub fn missed_by(&self, agency: &AgencyName) -> Counter {
        let agency = agency.to_string();
        let label = AgencyLabel { agency };
        self.missed_cosignatures.get_or_create(&label).clone()
    }

    /// Counts a refusal.
    pub fn count_refusal(&self, code: &str) {
        self.refused
            .get_or_create(&CodeLabel {
                code: code.to_owned(),
            })
            .inc();
    }
}
