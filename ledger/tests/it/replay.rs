//! Replay: an auditor's own execution of the log agrees, and names the first leaf that does not.

use ledger::{
    Divergence, InvalidBlock, Replay,
    replay::{Departure, RawBlock, Splitter},
};
use protocol::{block::BlockLeaf, entry::Operation};

use crate::world::{Chain, register};

fn chain() -> Chain {
    let mut chain = Chain::new();
    for height in 0..20 {
        let mut statements = vec![register(height)];
        if height > 2 {
            statements.push(chain.next(Operation::Amend, height - 2));
        }
        chain.block(statements);
    }
    chain
}

pub fn replay(chain: &Chain, log: &[Vec<u8>]) -> Result<Replay, Divergence> {
    let mut replay = Replay::new(&chain.genesis);
    let mut splitter = Splitter::default();
    let mut blocks: Vec<RawBlock> = Vec::new();
    for leaf in log {
        blocks.extend(splitter.push(leaf.clone())?);
    }
    assert!(!splitter.is_amid());
    replay.check_genesis(&blocks.remove(0))?;
    let preparer = replay.preparer().unwrap();
    // Two threads, as an auditor would.
    let half = blocks.split_off(blocks.len() / 2);
    let prepare = |blocks: Vec<RawBlock>| preparer.prepare(blocks);
    let prepared = std::thread::scope(|scope| {
        let second = scope.spawn(|| prepare(half));
        let mut first = prepare(blocks);
        first.extend(second.join().unwrap());
        first
    });
    for block in prepared {
        replay.apply(&block?)?;
    }
    Ok(replay)
}

/// The whole log of a chain, replayed.
pub fn replayed(chain: &Chain) -> Replay {
    replay(chain, &chain.log).unwrap()
}

#[test]
fn a_replay_comes_to_the_same_roots() {
    let chain = chain();
    let replay = replay(&chain, &chain.log).unwrap();
    assert_eq!(replay.head().root(), chain.head.root());
    assert_eq!(replay.head().block(), chain.head.block());
    assert_eq!(replay.head().index().root(), chain.head.index_root());
    assert_eq!(replay.records().len(), 20);
}

#[test]
fn a_block_that_is_none_takes_no_verdict_of_the_next() {
    let chain = chain();
    let mut splitter = Splitter::default();
    let leaves = chain.log.iter().cloned();
    let blocks: Vec<RawBlock> = leaves
        .filter_map(|leaf| splitter.push(leaf).unwrap())
        .collect();
    let preparer = Replay::new(&chain.genesis).preparer().unwrap();
    let [mut bad, good] = [blocks[5].clone(), blocks[6].clone()];
    // Its first entries are claims already when this leaf is met.
    let last = bad.leaves.len() - 1;
    bad.leaves.insert(last, b"no leaf\n".to_vec());
    let mut alone = preparer.prepare(vec![good.clone()]);
    let mut together = preparer.prepare(vec![bad, good]);
    let [bad, good] = [0, 0].map(|at| together.remove(at));
    assert_eq!(bad.unwrap_err().index.get(), blocks[5].last().get());
    let alone = alone.remove(0).unwrap();
    assert_eq!(format!("{:?}", good.unwrap()), format!("{alone:?}"));
}

#[test]
fn a_changed_leaf_is_named() {
    let chain = chain();
    let first_version = |leaf: &Vec<u8>| String::from_utf8_lossy(leaf).contains("\nversion 1\n");
    let at = chain.log.iter().rposition(first_version).unwrap();
    for (from, to) in [
        ("version 1", "version 2"),
        ("author build/anna", "author build/anno"),
        ("muhr-entry", "muhr-entri"),
    ] {
        let mut log = chain.log.clone();
        let text = String::from_utf8(log[at].clone()).unwrap();
        assert!(text.contains(from), "{text}");
        log[at] = text.replace(from, to).into_bytes();
        let divergence = replay(&chain, &log).unwrap_err();
        assert_eq!(divergence.index.get(), at as u64, "{divergence}");
    }
}

#[test]
fn a_block_leaf_that_the_rules_do_not_lead_to_is_named() {
    let chain = chain();
    for change in [
        |leaf: &mut BlockLeaf| leaf.entries += 1,
        |leaf: &mut BlockLeaf| leaf.index = protocol::hash::IndexRoot::new([1; 32]),
        |leaf: &mut BlockLeaf| leaf.parent = None,
        |leaf: &mut BlockLeaf| leaf.height = leaf.height.next(),
    ] {
        let mut log = chain.log.clone();
        let mut leaf = BlockLeaf::parse(&log[3]).unwrap();
        change(&mut leaf);
        log[3] = leaf.write().into_bytes();
        let divergence = replay(&chain, &log).unwrap_err();
        assert!(
            matches!(divergence.what, Departure::BlockLeaf { .. }),
            "{divergence}"
        );
        assert_eq!(divergence.index.get(), 3);
    }
}

#[test]
fn a_missing_entry_and_another_genesis_are_noticed() {
    let chain = chain();
    let mut log = chain.log.clone();
    log.remove(2);
    let divergence = replay(&chain, &log).unwrap_err();
    assert!(
        matches!(divergence.what, Departure::Block(InvalidBlock::Empty)),
        "{divergence}"
    );
    let mut log = chain.log.clone();
    log[0].push(b'\n');
    let divergence = replay(&chain, &log).unwrap_err();
    assert!(
        matches!(divergence.what, Departure::OtherGenesis),
        "{divergence}"
    );
}
