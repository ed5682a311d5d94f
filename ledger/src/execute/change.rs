//! The block of a change that agencies have agreed on: that one leaf, and what it makes of the directory.
//!
//! Its block leaf still names the trust file before: it is decided and cosigned by the agencies before.

use std::{collections::BTreeMap, sync::Arc};

use protocol::{
    block::BlockLeaf,
    entry::Entry,
    epoch::Change,
    governance::ProposedChange,
    hash::IndexKey,
    height::LeafIndex,
    merkle::leaf_hash,
    name::AgencyName,
    state::{OpeningState, ProposalEnd, ProposalState, value_hash},
};

use super::{
    BlockParameters, Executed, InvalidBlock, NotExecuted,
    draft::{SealedBlock, seal},
};
use crate::{
    directory::Directory,
    fault::Fault,
    head::Head,
    rules::{
        self,
        governance::due::{Due, DueChange},
    },
};

/// The block that makes the change that is due.
pub(super) fn execute(
    head: &Head,
    proposal: BlockParameters,
    due: &Due,
    change: &DueChange,
) -> Result<Executed, Fault> {
    let directory = head.directory();
    let mut values = rules::change::values(directory, &change.change);
    values.extend(endings(head, due));
    let index = LeafIndex::new(head.size().get());
    let place = (head.height().next(), index);
    let mut end = |author: &AgencyName, end: ProposalEnd| {
        values.extend(ending(directory, author, end, place.0));
    };
    end(&change.author, ProposalEnd::Made);
    if let ProposedChange::Epoch(_) = &change.change {
        // Ballots name no epoch: none may outlive the one in which it was cast.
        for (_, other) in directory.open_proposals() {
            let author = &other.statement.author;
            if *author != change.author && !due.ended.iter().any(|(ended, _)| ended == author) {
                end(author, ProposalEnd::Overtaken);
            }
        }
        let opening = OpeningState {
            proposal: change.proposal,
            height: place.0,
            index,
            marked: None,
        };
        values.insert(OpeningState::index_key(), opening.write());
    }
    seal_alone(head, proposal, change.change.write().into_bytes(), values)
}

/// The block of a change after a disaster.
pub(super) fn recover(
    head: &Head,
    proposal: BlockParameters,
    change: &Change,
) -> Result<Executed, NotExecuted> {
    let directory = head.directory();
    rules::change::judge_recovery(directory, change).map_err(InvalidBlock::from)?;
    let mut values = rules::change::epoch_values(directory.network(), change);
    let bytes = change.write().into_bytes();
    let height = head.height().next();
    for (_, other) in directory.open_proposals() {
        let author = &other.statement.author;
        values.extend(ending(directory, author, ProposalEnd::Overtaken, height));
    }
    let opening = OpeningState {
        proposal: Entry::id_of_parsed(&bytes),
        height,
        index: LeafIndex::new(head.size().get()),
        marked: None,
    };
    values.insert(OpeningState::index_key(), opening.write());
    Ok(seal_alone(head, proposal, bytes, values)?)
}

/// The values of the proposals that end when a block begins.
pub(super) fn endings(head: &Head, due: &Due) -> BTreeMap<IndexKey, String> {
    let ended = due.ended.iter();
    let height = head.height().next();
    ended
        .filter_map(|(author, end)| ending(head.directory(), author, *end, height))
        .collect()
}

fn ending(
    directory: &Directory,
    author: &AgencyName,
    end: ProposalEnd,
    height: protocol::height::Height,
) -> Option<(IndexKey, String)> {
    let state = directory.last_proposal(author)?.ended(end, height);
    Some((ProposalState::index_key(author), state.write()))
}

fn seal_alone(
    head: &Head,
    proposal: BlockParameters,
    bytes: Vec<u8>,
    values: BTreeMap<IndexKey, String>,
) -> Result<Executed, Fault> {
    let before = head.directory();
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
