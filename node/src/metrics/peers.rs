//! What is measured of each peer. The label is the peer's name, which the genesis or the settings give.

use std::sync::atomic::AtomicU64;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};

/// Which peer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct PeerName {
    /// The agency or observer.
    pub peer: String,
}

/// How each peer stands.
#[derive(Clone, Debug, Default)]
pub struct PeerMetrics {
    /// 1 if it is reached, else 0.
    pub reached: Family<PeerName, Gauge>,
    /// Seconds since something was last heard from it; absent until something was.
    pub silent: Family<PeerName, Gauge<f64, AtomicU64>>,
    /// The height it last told.
    pub height: Family<PeerName, Gauge>,
    /// Seconds by which its clock is ahead of this one; absent while it is not known.
    pub clock: Family<PeerName, Gauge<f64, AtomicU64>>,
}

impl PeerMetrics {
    /// Adds them to a registry.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "peer_reached",
            "1 if something was heard from the peer lately, else 0",
            self.reached.clone(),
        );
        registry.register(
            "peer_silent_seconds",
            "Seconds since something was last heard from the peer",
            self.silent.clone(),
        );
        registry.register(
            "peer_chain_height",
            "Height that the peer last told",
            self.height.clone(),
        );
        registry.register(
            "peer_clock_offset_seconds",
            "Seconds by which the clock of the peer is ahead of this one",
            self.clock.clone(),
        );
    }
}
