//! Blocks of other peers' answers, read and authenticated: what can be checked of a block before its turn.
//!
//! Nothing here is executed, and nothing of the driver is read, so that it can be done on all cores.

use std::{borrow::Cow, sync::Arc};

use protocol::{
    authentic::{Authentic, Submission, Unverified},
    block::BlockLeaf,
    governance::ProposedChange,
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
    std::thread::scope(|scope| {
        let threads: Vec<_> = parts
            .into_iter()
            .map(|part| scope.spawn(move || prepare_some(shared, part)))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|_| vec![None]))
            .collect()
    })
}

/// Reads blocks, and checks the signatures of all of them together; `None` for what is no block.
pub(in crate::driver) fn prepare_some(
    shared: &Shared,
    blocks: Vec<DecidedBlock>,
) -> Vec<Option<PreparedBlock>> {
    let believed = believe(shared, &blocks);
    let blocks = blocks.into_iter().zip(believed);
    let prepared = blocks.map(|(block, entries)| {
        let leaf = BlockLeaf::parse(block.leaves.last()?).ok()?;
        Some(PreparedBlock {
            block,
            leaf,
            entries,
        })
    });
    prepared.collect()
}

/// The leaves of each block but its own, if the key of each author is known and made its signature.
pub(in crate::driver) fn believe(
    shared: &Shared,
    blocks: &[DecidedBlock],
) -> Vec<Option<Vec<Arc<Authentic>>>> {
    let read: Vec<Option<Vec<Unverified>>> = blocks.iter().map(read).collect();
    let counts: Vec<Option<usize>> = read
        .iter()
        .map(|read| read.as_ref().map(Vec::len))
        .collect();
    let all = read.into_iter().flatten().flatten().collect();
    let mut believed = ingest::authenticate_all(shared, all).into_iter();
    let of_block = |count: Option<usize>| {
        // All of a block's are taken, whatever becomes of the first: the next block's follow.
        let of_block: Vec<_> = believed.by_ref().take(count?).collect();
        of_block.into_iter().map(Result::ok).collect()
    };
    counts.into_iter().map(of_block).collect()
}

fn read(block: &DecidedBlock) -> Option<Vec<Unverified>> {
    let (_, leaves) = block.leaves.split_last()?;
    // A change that was agreed on is not handed around: every node makes it from its own log, and what
    // it makes is compared with the certificate.
    if let [change] = leaves
        && ProposedChange::is_start(change)
    {
        return Some(Vec::new());
    }
    let read = |bytes: &Cow<'_, [u8]>| Unverified::parse(bytes.as_ref()).ok();
    Submission::regroup(leaves).iter().map(read).collect()
}
