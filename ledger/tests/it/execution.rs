//! Blocks: building, executing, limits, and what later entries of a block see.

use ledger::{InvalidBlock, NotExecuted, Refusal, execute::BlockParameters};
use protocol::{
    authentic::Authentic,
    block::BlockLeaf,
    entry::Operation,
    height::{LeafIndex, TimeMs},
    merkle,
    name::AgencyName,
    state::{Limits, RecordState, RecordStatus},
};

use crate::world::{self, Chain, next, proposal, register, sign};

fn invalid(result: Result<ledger::Executed, NotExecuted>) -> InvalidBlock {
    match result {
        Err(NotExecuted::Invalid(invalid)) => invalid,
        other => panic!("{other:?}"),
    }
}

#[test]
fn genesis_is_one_leaf_and_its_block_leaf() {
    let chain = Chain::new();
    assert_eq!(chain.log.len(), 2);
    assert_eq!(chain.log[0], chain.genesis.write().into_bytes());
    let leaf = BlockLeaf::parse(&chain.log[1]).unwrap();
    assert_eq!((leaf.proposer, leaf.parent, leaf.entries), (None, None, 1));
    assert_eq!(leaf.index, chain.head.index_root());
    assert_eq!(chain.head.size().get(), 2);
}

#[test]
fn a_block_leaf_closes_the_block_and_names_its_parent() {
    let mut chain = Chain::new();
    let parent = chain.head.block();
    let executed = chain.block([register(1), register(2)]);
    let leaf = BlockLeaf::parse(&chain.log[4]).unwrap();
    assert_eq!(leaf, *executed.block_leaf());
    assert_eq!((leaf.entries, leaf.parent), (2, Some(parent)));
    assert_eq!(executed.first(), LeafIndex::new(2));
    assert_eq!(executed.checkpoint().size.get(), 5);
    let hashes: Vec<_> = chain
        .log
        .iter()
        .map(|leaf| merkle::leaf_hash(leaf))
        .collect();
    let mut frontier = merkle::Frontier::default();
    hashes.iter().for_each(|hash| frontier.push(*hash));
    assert_eq!(frontier.root(), chain.head.root());
}

#[test]
fn later_entries_of_a_block_see_earlier_ones() {
    let mut chain = Chain::new();
    let time = TimeMs::new(chain.head.time().get() + 1000);
    let mut states: Vec<RecordState> = Vec::new();
    let mut entries: Vec<Authentic> = Vec::new();
    for (at, operation) in [
        Operation::Register,
        Operation::Suspend,
        Operation::Correct,
        Operation::Reinstate,
    ]
    .into_iter()
    .enumerate()
    {
        let statement = next(operation, 1, states.last());
        let entry = sign(statement.clone());
        let version = statement.version;
        states.push(RecordState {
            status: RecordStatus::Active,
            version,
            content: version,
            index: LeafIndex::new(2 + at as u64),
            hash: entry.hash(),
            height: chain.head.height().next(),
            time,
            standing: None,
        });
        entries.push(entry);
    }
    let executed = ledger::execute(&chain.head, &chain.records, proposal(time), &entries).unwrap();
    chain.append(&executed);
    let state = chain.state(1).unwrap();
    assert_eq!((state.version.get(), state.content.get()), (4, 3));
    assert_eq!(state.status, RecordStatus::Active);
    assert_eq!(executed.records().len(), 1);
}

#[test]
fn a_block_with_one_refused_entry_is_invalid_as_a_whole() {
    let chain = Chain::new();
    let entries = [
        sign(register(1)),
        sign(next(Operation::Amend, 2, None)),
        sign(register(3)),
    ];
    let position = match invalid(chain.execute(&entries)) {
        InvalidBlock::Entry {
            position,
            refusal: Refusal::NotRegistered(_),
        } => position,
        other => panic!("{other}"),
    };
    assert_eq!(position, 1);
    let built = chain.build(&entries);
    assert_eq!(built.refused.len(), 1);
    assert_eq!(
        built.executed.unwrap().ids(),
        [entries[0].id(), entries[2].id()]
    );
}

#[test]
fn what_one_builds_all_others_execute_to_the_same_block() {
    let chain = Chain::new();
    let entries: Vec<Authentic> = (0..50).map(|number| sign(register(number))).collect();
    let built = chain.build(&entries).executed.unwrap();
    let proposer = built.block_leaf().proposer.clone().unwrap();
    let proposal = BlockParameters {
        proposer,
        time: built.block_leaf().time,
    };
    let executed = ledger::execute(&chain.head, &chain.records, proposal, &entries).unwrap();
    assert_eq!(executed.block(), built.block());
    assert_eq!(executed.leaves(), built.leaves());
}

#[test]
fn an_empty_block_is_invalid() {
    let chain = Chain::new();
    assert_eq!(invalid(chain.execute(&[])), InvalidBlock::Empty);
    assert!(chain.build(&[]).executed.is_none());
}

#[test]
fn time_must_advance_and_a_builder_makes_it() {
    let chain = Chain::new();
    let entry = sign(register(1));
    let at = |time| ledger::execute(&chain.head, &chain.records, proposal(time), [&entry]);
    let parent = chain.head.time();
    assert_eq!(
        invalid(at(parent)),
        InvalidBlock::Time {
            time: parent,
            parent
        }
    );
    assert!(at(parent.next()).is_ok());
    let built = chain.build(std::slice::from_ref(&entry)).executed.unwrap();
    assert_eq!(built.block_leaf().time, parent.next());
}

#[test]
fn only_a_validator_can_have_proposed() {
    let chain = Chain::new();
    let proposer = AgencyName::parse("stranger").unwrap();
    let proposal = BlockParameters {
        proposer: proposer.clone(),
        time: chain.head.time().next(),
    };
    let result = ledger::execute(&chain.head, &chain.records, proposal, [&sign(register(1))]);
    assert_eq!(invalid(result), InvalidBlock::Proposer(proposer));
}

#[test]
fn a_block_keeps_its_limits() {
    let entries: Vec<Authentic> = (0..300).map(|number| sign(register(number))).collect();
    let few = Limits {
        block_entries: 3,
        ..Limits::default()
    };
    let chain = Chain::with(world::genesis_with(few));
    assert_eq!(
        invalid(chain.execute(&entries[..4])),
        InvalidBlock::TooManyEntries { entries_max: 3 }
    );
    assert!(chain.execute(&entries[..3]).is_ok());
    let built = chain.build(&entries);
    assert_eq!(
        (built.executed.unwrap().ids().len(), built.refused.len()),
        (3, 0)
    );

    let small = Limits {
        block_bytes: 65_536,
        ..Limits::default()
    };
    let chain = Chain::with(world::genesis_with(small));
    let built = chain.build(&entries).executed.unwrap();
    let fit = built.ids().len();
    assert!(fit > 100 && fit < 300, "{fit}");
    assert!(chain.execute(&entries[..fit]).is_ok());
    assert_eq!(
        invalid(chain.execute(&entries[..=fit])),
        InvalidBlock::TooManyBytes { bytes_max: 65_536 }
    );
}

#[test]
fn a_block_that_is_not_committed_changes_nothing() {
    let mut chain = Chain::new();
    let root = chain.head.index_root();
    let dropped = chain.execute(&[sign(register(1))]).unwrap();
    assert_eq!(chain.head.index().root(), root);
    let kept = chain.block([register(2)]);
    assert_ne!(dropped.block(), kept.block());
    assert!(chain.state(1).is_none());
}
