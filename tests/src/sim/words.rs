//! Messages, as somebody between the nodes sees and makes them.

use node::{
    network::Lane,
    wire::{self, ConsensusMessage, SyncMessage},
};

pub(super) fn consensus(bytes: &[u8]) -> Option<ConsensusMessage> {
    wire::decode(bytes, wire::CONSENSUS_BYTES_MAX).ok()
}

pub(super) fn sync(bytes: &[u8]) -> Option<SyncMessage> {
    wire::decode(bytes, wire::SYNC_BYTES_MAX).ok()
}

/// Whether a message is one of those that are only sent while a block is being decided.
pub(super) fn is_of_a_block(lane: Lane, bytes: &[u8]) -> bool {
    let is_of_a_block = |message| {
        matches!(
            message,
            ConsensusMessage::Proposal(..)
                | ConsensusMessage::Vote(_)
                | ConsensusMessage::Polka(_)
                | ConsensusMessage::Commit(_)
        )
    };
    lane == Lane::Consensus && consensus(bytes).is_some_and(is_of_a_block)
}

/// What kind of message it is, by its first bytes: the version, then the kind's number.
pub(super) fn kind(lane: Lane, bytes: &[u8]) -> &'static str {
    const CONSENSUS: [&str; 6] = ["proposal", "vote", "polka", "commit", "cosign", "log line"];
    const SYNC: [&str; 9] = [
        "status",
        "get blocks",
        "blocks",
        "get entries",
        "entries asked for",
        "get compact block",
        "compact block",
        "get cosigns",
        "cosigns",
    ];
    let names: &[&'static str] = match lane {
        Lane::Consensus => &CONSENSUS,
        Lane::Entries => &["entries told"],
        Lane::Sync => &SYNC,
    };
    let number = match lane {
        Lane::Entries => 0,
        _ => bytes.get(1).copied().unwrap_or(u8::MAX).into(),
    };
    names.get(number).copied().unwrap_or("no message")
}
