//! Blocks of other peers' answers, read and authenticated: what can be checked of a block before its turn.
//!
//! Nothing here is executed, and nothing of the driver is read, so that it can be done on all cores.

use std::{borrow::Cow, sync::Arc};

use protocol::{
    authentic::{Authentic, Submission},
    block::BlockLeaf,
};

use crate::{ingest, network::PeerIndex, shared::Shared, wire::DecidedBlock};

/// An answer whose signatures were checked; `None` where a block does not hold.
#[derive(Debug)]
pub(in crate::driver) struct CheckedAnswer {
    pub(in crate::driver) blocks: Vec<Option<PreparedBlock>>,
    pub(in crate::driver) from: PeerIndex,
}

/// A block that was read.
#[derive(Debug)]
pub(in crate::driver) struct PreparedBlock {
    pub(in crate::driver) block: DecidedBlock,
    pub(in crate::driver) leaf: BlockLeaf,
    /// None if an author is not known yet: a block before it may add the key, so it is looked at again
    /// when its turn comes.
    pub(in crate::driver) entries: Option<Vec<Arc<Authentic>>>,
}

/// Parses and authenticates whole blocks, split over the cores.
pub(in crate::driver) fn prepare_all(
    shared: &Shared,
    blocks: Vec<DecidedBlock>,
) -> Vec<Option<PreparedBlock>> {
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let share = blocks.len().div_ceil(cores).max(1);
    let mut parts: Vec<Vec<DecidedBlock>> = Vec::new();
    let mut blocks = blocks.into_iter().peekable();
    while blocks.peek().is_some() {
        parts.push(blocks.by_ref().take(share).collect());
    }
    let work = |part: Vec<DecidedBlock>| {
        part.into_iter()
            .map(|block| prepare(shared, block))
            .collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = parts
            .into_iter()
            .map(|part| scope.spawn(move || work(part)))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|_| vec![None]))
            .collect()
    })
}

/// Reads a block; `None` if it is none.
pub(in crate::driver) fn prepare(shared: &Shared, block: DecidedBlock) -> Option<PreparedBlock> {
    let leaf = BlockLeaf::parse(block.leaves.last()?).ok()?;
    let entries = believe(shared, &block);
    Some(PreparedBlock {
        block,
        leaf,
        entries,
    })
}

/// The leaves of a block but its own, if the key of each author is known and made its signature.
pub(in crate::driver) fn believe(
    shared: &Shared,
    block: &DecidedBlock,
) -> Option<Vec<Arc<Authentic>>> {
    let (_, leaves) = block.leaves.split_last()?;
    let believe = |bytes: &Cow<'_, [u8]>| {
        let submission = Submission::parse(bytes).ok()?;
        ingest::authenticate(shared, submission, Submission::hash_of(bytes)).ok()
    };
    Submission::regroup(leaves).iter().map(believe).collect()
}
