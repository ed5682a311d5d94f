//! What the accept loop counts, for metrics.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

/// Why a connection was ended or not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turned {
    /// No room, and every connection had a request in hand.
    Full,
    /// It was quiet longest when another came.
    Room,
    /// The head of a request was not complete in time.
    Head,
    /// It was idle too long.
    Idle,
    /// The answer was not taken in time.
    Answer,
    /// The system could not accept it.
    System,
}

impl Turned {
    const fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Room => "room",
            Self::Head => "head",
            Self::Idle => "idle",
            Self::Answer => "answer",
            Self::System => "system",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Why {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ConnectionKind {
    class: &'static str,
}

/// What serving one HTTP port comes to.
#[derive(Debug, Default)]
pub struct ServingCounts {
    open: Gauge,
    turned: Family<Why, Counter>,
    busy: Family<ConnectionKind, Counter>,
    /// Bytes of requests' bodies in flight.
    pub(crate) body_bytes: Gauge,
    /// Bytes of costly answers in flight.
    pub(crate) answer_bytes: Gauge,
}

impl ServingCounts {
    /// Shows them on a metrics page.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "http_connections",
            "HTTP connections that are open",
            self.open.clone(),
        );
        registry.register(
            "http_connections_turned_away",
            "HTTP connections that were ended or not taken by this side, by reason",
            self.turned.clone(),
        );
        registry.register(
            "http_busy",
            "Requests that were answered 503 because too many of their class were in hand",
            self.busy.clone(),
        );
        registry.register(
            "http_body_bytes",
            "Bytes of requests' bodies in flight",
            self.body_bytes.clone(),
        );
        registry.register(
            "http_answer_bytes",
            "Bytes of costly answers that their clients have not taken yet",
            self.answer_bytes.clone(),
        );
    }

    pub(super) fn set_open(&self, count: usize) {
        self.open.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    pub(crate) fn count_busy(&self, class: &'static str) {
        self.busy.get_or_create(&ConnectionKind { class }).inc();
    }

    pub(super) fn turn_away(&self, reason: Turned) {
        self.turned
            .get_or_create(&Why {
                reason: reason.word(),
            })
            .inc();
    }
}
