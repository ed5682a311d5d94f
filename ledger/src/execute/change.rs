//! The block of a change of agencies: that one leaf, and what it makes of the directory.
//!
//! Its block leaf still names the trust file before: it is decided and cosigned by the agencies before.

use std::{collections::BTreeMap, sync::Arc};

use protocol::{
    block::BlockLeaf, epoch::Change, height::LeafIndex, merkle::leaf_hash, state::value_hash,
};

use super::{
    BlockParameters, Executed, InvalidBlock, NotExecuted,
    draft::{SealedBlock, seal},
};
use crate::{directory::Directory, head::Head, rules};

pub(super) fn execute(
    head: &Head,
    proposal: BlockParameters,
    change: &Change,
) -> Result<Executed, NotExecuted> {
    let before = head.directory();
    let values = rules::change::judge(before, change).map_err(InvalidBlock::from)?;
    let mut directory = Directory::clone(before);
    for value in values.values() {
        // The rules make nothing that the directory does not take.
        let _taken = directory.set(value);
    }
    let values_before = before.present(values.keys());
    let changes = values
        .iter()
        .map(|(key, value)| (*key, value_hash(value)))
        .collect();
    let index = head.index().update(&changes)?;
    let leaf = BlockLeaf {
        height: head.height().next(),
        time: proposal.time,
        proposer: Some(proposal.proposer),
        parent: Some(head.block()),
        entries: 1,
        index: index.root(),
        epoch: before.network().epoch,
        trust: before.network().trust,
    };
    let bytes = change.write().into_bytes();
    let log = SealedBlock {
        hashes: vec![leaf_hash(&bytes)],
        leaves: vec![bytes],
        frontier: head.frontier.clone(),
    };
    let (after, log) = seal(log, leaf, Arc::new(directory), index);
    Ok(Executed {
        head: Arc::new(after),
        first: LeafIndex::new(head.size().get()),
        leaves: log.leaves,
        hashes: log.hashes,
        ids: Vec::new(),
        records: BTreeMap::new(),
        before: BTreeMap::new(),
        values,
        values_before,
    })
}
