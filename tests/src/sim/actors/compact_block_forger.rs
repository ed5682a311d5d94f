//! Sends true signed proposals on with forged compact blocks: another time, another order, an entry more
//! or less, another index. Nobody signs a compact block, so a false one speaks against its sender alone.
//!
//! At an observer's seat it only sends on what it hears, and speaks on a lane that is not for it. At a
//! validator's seat it also bends its own proposals, and its answers to whoever asks for a block.

use std::collections::VecDeque;

use consensus::{Commit, SignedProposal, VoteKind};
use node::{
    network::Lane,
    wire::{self, CompactBlock, ConsensusMessage, SyncMessage},
};
use protocol::{
    hash::{BlockId, IndexRoot, LeafHash, sha256},
    height::{Height, Round, TimeMs},
};
use testkit::Random;

use super::{Actor, Scene};
use crate::sim::words;

/// Proposals that it remembers, and how often it sends each on unasked.
const HEARD_MAX: usize = 4;
const AGAIN_MAX: u32 = 3;
/// It tires after so long.
const UNTIL_US: u64 = 200_000_000;

struct Heard {
    proposal: SignedProposal,
    compact: CompactBlock,
    again: u32,
}

pub(super) struct CompactBlockForger {
    chance: Random,
    heard: VecDeque<Heard>,
    /// Whether its precommits stay at home, so that whoever was deceived is needed.
    withholds: bool,
}

impl CompactBlockForger {
    pub(super) const fn new(mut chance: Random) -> Self {
        let withholds = chance.percent(50);
        Self {
            chance,
            heard: VecDeque::new(),
            withholds,
        }
    }

    fn remember(&mut self, proposal: &SignedProposal, compact: &CompactBlock) -> bool {
        let mut heard = self.heard.iter();
        if heard.any(|heard| heard.proposal == *proposal) {
            return false;
        }
        if self.heard.len() >= HEARD_MAX {
            self.heard.pop_front();
        }
        self.heard.push_back(Heard {
            proposal: proposal.clone(),
            compact: compact.clone(),
            again: 0,
        });
        true
    }

    fn bend(&mut self, compact: &CompactBlock) -> CompactBlock {
        let mut bent = compact.clone();
        let first = bent.entries.first().copied();
        match self.chance.index(7) {
            0 => bent.time = TimeMs::new(bent.time.get() + 1),
            1 => bent.time = TimeMs::new(bent.time.get() + 3_600_000),
            2 if bent.entries.len() > 1 => bent.entries.reverse(),
            3 if bent.entries.len() > 1 => {
                bent.entries.pop();
            }
            4 => bent.index = IndexRoot::new(sha256(&[b"another index"])),
            5 => {
                let nobodys = LeafHash::new(sha256(&[&self.chance.next_u64().to_be_bytes()]));
                bent.entries.push(nobodys);
            }
            _ => bent.entries.extend(first),
        }
        bent
    }

    /// One of the two lanes that a description can come by, unasked.
    fn send_bent(
        &mut self,
        scene: &mut Scene<'_>,
        to: usize,
        heard: (&SignedProposal, &CompactBlock),
    ) {
        let (proposal, compact) = heard;
        let message = ConsensusMessage::Proposal(proposal.clone(), self.bend(compact));
        scene.say(to, Lane::Consensus, wire::encode(&message));
        if self.chance.percent(30) {
            let message = SyncMessage::CompactBlock(proposal.statement.block, self.bend(compact));
            scene.say(to, Lane::Sync, wire::encode(&message));
        }
    }

    /// A decision that nobody has made. Whoever listens asks for its block.
    fn send_commit(scene: &mut Scene<'_>, to: usize, height: Height) {
        let commit = Commit {
            height: Height::new(height.get() + 1_000),
            round: Round::ZERO,
            block: BlockId::new(sha256(&[b"no such block"])),
            votes: Vec::new(),
        };
        let message = ConsensusMessage::Commit(commit);
        scene.say(to, Lane::Consensus, wire::encode(&message));
    }

    fn says_proposal(
        &mut self,
        scene: &mut Scene<'_>,
        to: usize,
        own: (SignedProposal, CompactBlock),
    ) {
        let (proposal, compact) = own;
        self.remember(&proposal, &compact);
        let bent = ConsensusMessage::Proposal(proposal.clone(), self.bend(&compact));
        let truth = ConsensusMessage::Proposal(proposal, compact);
        let messages = match self.chance.index(4) {
            0 => vec![bent, truth],
            1 => vec![truth, bent],
            2 => vec![truth],
            _ => vec![bent],
        };
        for message in messages {
            scene.say(to, Lane::Consensus, wire::encode(&message));
        }
    }
}

impl Actor for CompactBlockForger {
    fn says(&mut self, scene: &mut Scene<'_>, to: usize, lane: Lane, bytes: Vec<u8>) {
        let own = scene.validator_key();
        match lane {
            Lane::Consensus => match words::consensus(&bytes) {
                Some(ConsensusMessage::Proposal(proposal, compact)) => {
                    return self.says_proposal(scene, to, (proposal, compact));
                }
                Some(ConsensusMessage::Vote(vote))
                    if self.withholds
                        && Some(vote.signer) == own
                        && vote.statement.kind == VoteKind::Precommit =>
                {
                    return;
                }
                _ => {}
            },
            Lane::Sync => match words::sync(&bytes) {
                Some(SyncMessage::CompactBlock(block, compact)) => {
                    let message = SyncMessage::CompactBlock(block, self.bend(&compact));
                    return scene.say(to, lane, wire::encode(&message));
                }
                // Nobody can know from it how far it is, but by listening where it must not speak.
                Some(SyncMessage::Status { .. }) if own.is_none() => return,
                _ => {}
            },
            Lane::Entries => {}
        }
        scene.say(to, lane, bytes);
    }

    fn hears(
        &mut self,
        scene: &mut Scene<'_>,
        from: usize,
        lane: Lane,
        bytes: Vec<u8>,
    ) -> Option<Vec<u8>> {
        let message = (lane == Lane::Consensus).then(|| words::consensus(&bytes));
        if let Some(ConsensusMessage::Proposal(proposal, compact)) = message.flatten()
            && scene.now_us < UNTIL_US
            && self.remember(&proposal, &compact)
        {
            for seat in scene.others() {
                if seat != from {
                    self.send_bent(scene, seat, (&proposal, &compact));
                }
            }
        }
        Some(bytes)
    }

    fn acts(&mut self, scene: &mut Scene<'_>) {
        if scene.now_us > UNTIL_US {
            return;
        }
        let others = scene.others();
        let mut due = Vec::new();
        for heard in &mut self.heard {
            if heard.again < AGAIN_MAX {
                heard.again += 1;
                due.push((heard.proposal.clone(), heard.compact.clone()));
            }
        }
        for (proposal, compact) in due {
            let to = *self.chance.pick(&others);
            self.send_bent(scene, to, (&proposal, &compact));
            if scene.validator_key().is_none() {
                Self::send_commit(scene, to, compact.height);
            }
        }
    }
}
