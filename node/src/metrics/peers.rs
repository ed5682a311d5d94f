//! What is measured of each peer. The label is the peer's name, which the state or the settings give.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
};

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
    /// Names that the page has.
    shown: Arc<Mutex<BTreeSet<String>>>,
}

impl PeerMetrics {
    /// Takes from the page who is no peer any more. What was counted of it since the start stays.
    pub fn keep_only<'a>(&self, names: impl Iterator<Item = &'a str>) {
        let now: BTreeSet<String> = names.map(str::to_owned).collect();
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        for peer in shown.difference(&now) {
            let label = PeerName { peer: peer.clone() };
            self.reached.remove(&label);
            self.silent.remove(&label);
            self.height.remove(&label);
            self.clock.remove(&label);
        }
        *shown = now;
    }

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
