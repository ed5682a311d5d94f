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
