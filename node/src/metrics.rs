//! Counters for Prometheus. No label ever holds a record, a clerk or a document.

use std::sync::atomic::AtomicU64;

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

/// Why an entry was not let in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Code {
    /// The stable code of the refusal.
    pub code: String,
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
    /// Validators reached, this one included.
    pub reached: Gauge,
    /// Entries not let in, by code.
    pub refused: Family<Code, Counter>,
    /// Seconds from the start of a height to its commit.
    pub decide_seconds: Histogram,
    /// Seconds that a commit took on disk.
    pub commit_seconds: Histogram,
    /// Bytes sent to peers.
    pub sent_bytes: Counter<u64, AtomicU64>,
    /// Evidence of misbehaviour of validators.
    pub evidence: Counter,
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
        };
        let mut registry = Registry::with_prefix("muhr");
        registry.register(
            "chain_height",
            "Height of the last block",
            metrics.height.clone(),
        );
        registry.register("log_size_leaves", "Leaves in the log", metrics.size.clone());
        registry.register(
            "published_size_leaves",
            "Size of the newest checkpoint with a quorum",
            metrics.published.clone(),
        );
        registry.register(
            "entries",
            "Entries recorded since the start",
            metrics.entries.clone(),
        );
        registry.register(
            "blocks",
            "Blocks committed since the start",
            metrics.blocks.clone(),
        );
        registry.register(
            "extra_rounds",
            "Rounds after the first that were needed",
            metrics.rounds.clone(),
        );
        registry.register(
            "waiting_entries",
            "Entries that wait for a block",
            metrics.waiting.clone(),
        );
        registry.register(
            "validators_reached",
            "Validators reached, this one included",
            metrics.reached.clone(),
        );
        registry.register(
            "entries_refused",
            "Entries not let in, by code",
            metrics.refused.clone(),
        );
        registry.register(
            "decide_seconds",
            "From the start of a height to its commit",
            metrics.decide_seconds.clone(),
        );
        registry.register(
            "commit_seconds",
            "Time of a commit on disk",
            metrics.commit_seconds.clone(),
        );
        registry.register(
            "sent_bytes",
            "Bytes sent to peers",
            metrics.sent_bytes.clone(),
        );
        registry.register(
            "evidence",
            "Proofs of misbehaviour of validators",
            metrics.evidence.clone(),
        );
        metrics.registry = registry;
        metrics
    }
}

impl Metrics {
    /// The page for Prometheus.
    #[must_use]
    pub fn page(&self) -> String {
        let mut page = String::new();
        match encode(&mut page, &self.registry) {
            Ok(()) => page,
            Err(std::fmt::Error) => String::new(),
        }
    }

    /// Counts a refusal.
    pub fn count_refusal(&self, code: &str) {
        self.refused
            .get_or_create(&Code {
                code: code.to_owned(),
            })
            .inc();
    }
}
