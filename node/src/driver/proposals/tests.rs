//! Slots of proposals: each validator has its own, and only what it has signed takes one.

use consensus::{Proposal, Signed, ValidatorSet};
use protocol::{
    hash::{ChainId, IndexRoot},
    height::Round,
    key::Signature,
};

use super::*;
use crate::driver::workbench::{Workbench, vote_secret};

const CAME: TimeMs = TimeMs::new(1_795_430_401_000);

fn block(number: usize) -> BlockId {
    BlockId::new([u8::try_from(number).unwrap(); 32])
}

/// A proposal of whoever's turn it is.
fn signed(
    chain: &ChainId,
    set: &ValidatorSet,
    height: u64,
    round: u64,
    block: BlockId,
) -> SignedProposal {
    let statement = Proposal {
        height: Height::new(height),
        round: Round::new(round),
        block,
        polka: None,
    };
    let signer = set.proposer(statement.height, statement.round);
    Signed {
        signature: vote_secret(&signer).sign(&statement.sign_bytes(chain)),
        statement,
        signer,
    }
}

fn compact(height: u64) -> CompactBlock {
    CompactBlock {
        height: Height::new(height),
        time: CAME,
        proposer: "adliya".to_owned(),
        index: IndexRoot::new([0; 32]),
        entries: Vec::new(),
    }
}

/// The same words, whose signature does not hold.
fn forged(mut proposal: SignedProposal, block: BlockId) -> SignedProposal {
    proposal.statement.block = block;
    proposal.signature = Signature::new([7; 64]);
    proposal
}

#[test]
fn a_validator_pushes_out_its_own_proposals_and_nobody_else_s() {
    let bench = Workbench::new();
    let (chain, set) = (bench.driver.chain, bench.driver.epoch.validators());
    let proposal = |round, block| {
        let signed = signed(&chain, set, 1, round, block);
        verify::proposal(&chain, set, &signed).unwrap()
    };
    let mut proposals = Proposals::default();
    proposals.wait(proposal(0, block(200)), CAME);
    // The proposer of the next round never rests.
    let many = 3 * PEER_PROPOSALS_MAX;
    for number in 0..many {
        proposals.wait(proposal(1, block(number)), CAME);
        // Again: it is known, and pushes out nothing.
        proposals.wait(proposal(1, block(number)), CAME);
    }
    let kept = (0..many).filter(|number| !proposals.take_waiting(&block(*number)).is_empty());
    let kept: Vec<_> = kept.collect();
    assert_eq!(kept, (many - PEER_PROPOSALS_MAX..many).collect::<Vec<_>>());
    let others = proposals.take_waiting(&block(200));
    assert_eq!(
        others.len(),
        1,
        "another validator's proposal was pushed out"
    );
    assert!(proposals.waiting.values().all(VecDeque::is_empty));
}

#[test]
fn a_proposal_that_its_signer_has_not_signed_takes_no_slot() {
    let mut bench = Workbench::new();
    let chain = bench.driver.chain;
    let epoch = Arc::clone(&bench.driver.epoch);
    let set = epoch.validators();
    let mine = bench.driver.guard.public();
    // Of this height and of the next, in a round whose proposer is a peer.
    for height in [1, 2] {
        let is_peers = |round: &u64| {
            let proposer = set.proposer(Height::new(height), Round::new(*round));
            Some(proposer) != mine
        };
        let round = (0..).find(is_peers).unwrap();
        let good = signed(&chain, set, height, round, block(1));
        let from = bench.peer(&good.signer).unwrap();
        let driver = &mut bench.driver;
        let bad = forged(good.clone(), block(2));
        let kept = |driver: &Driver| {
            let waiting = driver.proposals.waiting.values().flatten();
            let early = driver.proposals.early.values();
            let waiting = waiting.map(|(proposal, _)| proposal.get().statement.block);
            let early = early.map(|early| early.proposal.get().statement.block);
            waiting.chain(early).collect::<Vec<_>>()
        };
        driver.proposals = Proposals::default();
        let before = driver.shared.breaches.count(from);
        driver.on_proposal_message(bad.clone(), compact(height), from);
        assert_eq!(kept(driver), [], "height {height}");
        assert_eq!(driver.shared.breaches.count(from), before + 1);
        // What lacks an entry waits, so that its proposal does.
        let mut lacking = compact(height);
        lacking.entries = vec![protocol::hash::LeafHash::new([9; 32])];
        driver.on_proposal_message(good, lacking, from);
        assert_eq!(kept(driver), [block(1)], "height {height}");
        driver.on_proposal_message(bad, compact(height), from);
        assert_eq!(kept(driver), [block(1)], "height {height}");
    }
}
