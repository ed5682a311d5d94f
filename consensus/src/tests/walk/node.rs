//! One validator of a walk: what it orders is done here, and judged.

use std::collections::{BTreeMap, VecDeque};

use protocol::{hash::BlockId, height::Round, key::PublicKey};

use super::{Walk, What};
use crate::{
    Alarm, Commit, Effect, Evidence, HeightParameters, Input, Machine, Message, Proposal, Safety,
    SignedVote, Timer, Vote, VoteKind,
    tests::{
        actors,
        world::{World, block},
    },
    verify,
};

/// No wait is longer, in whatever round.
const WAIT_MAX_MS: u64 = 10_000;

pub(super) struct Node {
    pub(super) key: u16,
    /// Its vote key, whether it is in the set or not.
    pub(super) me: Option<PublicKey>,
    /// It has not come to this height yet.
    pub(super) is_away: bool,
    /// It has not got the note of the block before.
    pub(super) is_held: bool,
    /// Whose machine it is, and its number there, if it is no honest one's.
    pub(super) liar: Option<(usize, usize)>,
    pub(super) machine: Machine,
    pub(super) saved: Option<Safety>,
    pub(super) timers: Vec<Timer>,
    pub(super) own: VecDeque<Input>,
    pub(super) decided: bool,
    locked_round: Option<Round>,
    said: BTreeMap<(Round, VoteKind), Vote>,
    proposed: BTreeMap<Round, (BlockId, Option<Round>)>,
}

impl Node {
    pub(super) fn new(world: &World, key: u16, liar: Option<(usize, usize)>) -> Self {
        let me = world.set.key(key);
        Self {
            key,
            me,
            is_away: false,
            is_held: false,
            liar,
            machine: Machine::new(world.chain, world.begun(me, None)),
            saved: None,
            timers: Vec::new(),
            own: VecDeque::new(),
            decided: false,
            locked_round: None,
            said: BTreeMap::new(),
            proposed: BTreeMap::new(),
        }
    }

    pub(super) const fn is_honest(&self) -> bool {
        self.liar.is_none()
    }

    pub(super) fn check_sizes(&self, validators: usize) {
        let sizes = self.machine.sizes();
        assert!(sizes.early_votes <= 8 * validators, "{sizes:?}");
        assert!(sizes.rounds <= 128, "{sizes:?}");
        assert!(sizes.blocks <= 512, "{sizes:?}");
        assert!(sizes.fetching <= 128, "{sizes:?}");
    }
}

impl Walk {
    /// This height, as a host begins it after a crash.
    pub(super) fn begun(&self, at: usize) -> HeightParameters {
        let node = &self.nodes[at];
        HeightParameters {
            validators: self.history.at(self.world.height).clone(),
            is_held: node.is_held,
            ..self.world.begun(node.me, node.saved.clone())
        }
    }

    pub(super) fn perform(&mut self, at: usize, effect: Effect) {
        let node = &mut self.nodes[at];
        let in_hold = matches!(effect, Effect::Evidence(_) | Effect::Alarm(_));
        assert!(in_hold || !node.is_held, "{at} in the hold: {effect:?}");
        match effect {
            Effect::Persist(safety) => {
                let round = safety.locked.map(|lock| lock.round);
                assert!(round >= node.locked_round, "the lock went back");
                if node.locked_round.is_some() && round > node.locked_round {
                    self.seen.relocks += 1;
                }
                node.locked_round = round;
                node.saved = Some(safety);
            }
            Effect::Propose(proposal) => self.propose(at, proposal),
            Effect::Vote(vote) => self.vote(at, vote),
            Effect::BroadcastPolka(polka) => {
                self.polkas.push(polka.clone());
                self.broadcast(at, &Message::Polka(polka));
            }
            Effect::Rebroadcast(messages) => {
                for message in messages {
                    self.broadcast(at, &message);
                }
            }
            Effect::Schedule { timer, after_ms } => {
                assert!(after_ms <= WAIT_MAX_MS, "waits {after_ms} ms");
                node.timers.push(timer);
            }
            Effect::Build { round, .. } => {
                // Never the same block twice, not even after a crash: time has passed.
                let made = block(1000 + self.blocks.len() as u64);
                self.blocks.push(made);
                let block = made;
                self.nodes[at].own.push_back(Input::Built { round, block });
            }
            Effect::Fetch { block, .. } => {
                let withheld = self.actors.iter().any(|actor| !actor.gives_blocks());
                if self.rng.percent(if withheld { 10 } else { 50 }) {
                    let valid = actors::is_valid(&block);
                    let node = &mut self.nodes[at];
                    node.own.push_back(Input::BlockKnown { block, valid });
                }
            }
            Effect::Evidence(evidence) => self.accuse(evidence),
            Effect::Decide(commit) => self.decide(at, commit),
            Effect::Alarm(alarm) => {
                let forked = self.log.is_some() && matches!(alarm, Alarm::Fork { .. });
                assert!(forked || !node.is_honest(), "alarm at {at}: {alarm:?}");
            }
        }
    }

    fn accuse(&mut self, evidence: Evidence) {
        self.seen.evidence += 1;
        let verdict = evidence.verify(&self.world.chain, &self.history);
        let accused = self.world.set.index_of(&verdict.unwrap()).unwrap();
        assert!(self.liars.contains(&accused), "framed: {evidence:?}");
        self.evidence.push(evidence);
    }

    fn propose(&mut self, at: usize, proposal: Proposal) {
        let node = &mut self.nodes[at];
        assert_eq!(
            node.me,
            self.world.set.key(node.key),
            "{at} is no validator"
        );
        let saved = node
            .saved
            .as_ref()
            .and_then(|saved| saved.proposal.as_ref());
        assert_eq!(saved, Some(&proposal), "said before it was saved");
        let said = (proposal.block, proposal.valid_round());
        let first = *node.proposed.entry(proposal.round).or_insert(said);
        assert_eq!(first, said, "double proposal by {at}");
        let message = Message::Proposal(self.world.sign(node.key, proposal));
        let timely = self.rng.percent(95);
        let input = self.world.input(message.clone(), true, timely);
        self.nodes[at].own.push_back(input);
        self.broadcast(at, &message);
    }

    fn vote(&mut self, at: usize, vote: Vote) {
        let node = &mut self.nodes[at];
        assert_eq!(
            node.me,
            self.world.set.key(node.key),
            "{at} is no validator"
        );
        let saved = node.saved.as_ref().expect("said before anything was saved");
        assert_eq!(saved.key, node.me, "saved as another's");
        let saved = match vote.kind {
            VoteKind::Prevote => saved.prevote,
            VoteKind::Precommit => saved.precommit,
        };
        assert_eq!(saved, Some(vote), "said before it was saved");
        let first = *node.said.entry((vote.round, vote.kind)).or_insert(vote);
        assert_eq!(first, vote, "double vote by {at}");
        if let Some(block) = vote.block {
            assert!(actors::is_valid(&block), "voted for an invalid block");
            let fresh = vote.kind == VoteKind::Prevote && vote.valid_round.is_none();
            let late = fresh && actors::is_far_off(&block);
            assert!(!late, "prevoted a block from another time");
        }
        let precommits = node.said.values();
        let precommits = precommits.filter(|said| said.kind == VoteKind::Precommit);
        let mut blocks: Vec<_> = precommits.filter_map(|said| said.block).collect();
        blocks.dedup();
        self.seen.split_precommits += usize::from(blocks.len() > 1);
        let signed = self.world.sign(node.key, vote);
        let input = Input::Vote(self.world.verified(signed.clone()));
        node.own.push_back(input);
        if node.is_honest() {
            self.votes.push(signed.clone());
            self.check_decidable(vote);
        }
        self.broadcast(at, &Message::Vote(signed));
    }

    /// Two thirds and one more, counted anew.
    fn quorum(&self) -> usize {
        self.world.set.count() * 2 / 3 + 1
    }

    /// If the liars could make a commit of what the honest said, the block is as good as decided.
    fn check_decidable(&mut self, vote: Vote) {
        if let (VoteKind::Precommit, Some(block)) = (vote.kind, vote.block) {
            let said = |node: &&Node| {
                node.is_honest() && node.said.get(&(vote.round, vote.kind)) == Some(&vote)
            };
            let said = self.nodes.iter().filter(said).count();
            if said + self.liars.len() >= self.quorum() {
                self.agree(block);
            }
        }
    }

    fn decide(&mut self, at: usize, commit: Commit) {
        assert!(!self.nodes[at].decided, "decided twice");
        self.nodes[at].decided = true;
        self.seen.decisions += 1;
        let (chain, set) = (&self.world.chain, &self.world.set);
        assert!(verify::commit(chain, set, &commit).is_ok(), "by others");
        self.arrived.push((at, commit.clone()));
        let said = Message::Commit(commit.clone());
        self.check_said(&said);
        if let Some(log) = &mut self.log {
            log.push(said);
        }
        assert!(actors::is_valid(&commit.block), "decided an invalid block");
        if self.nodes[at].is_honest() || self.log.is_none() {
            self.agree(commit.block);
        }
    }

    fn agree(&mut self, block: BlockId) {
        let first = *self.decided.get_or_insert(block);
        self.forked |= first != block;
        assert!(self.log.is_some() || !self.forked, "FORK");
    }

    /// No message is let in that an honest validator is said to have signed and did not, and no
    /// certificate of too few.
    pub(super) fn check_said(&self, message: &Message) {
        match message {
            Message::Proposal(signed) => {
                let said = &signed.statement;
                let proposer = self.world.set.proposer(said.height, said.round);
                assert_eq!(signed.signer, proposer, "proposed out of turn");
                let key = self.world.set.index_of(&signed.signer);
                if let Some(node) = self.honest_node(key) {
                    let meant = node.proposed.get(&said.round);
                    assert_eq!(meant, Some(&(said.block, said.valid_round())), "forged");
                }
            }
            Message::Vote(vote) => {
                let key = self.world.set.index_of(&vote.signer);
                self.check_vote(key, vote.statement);
            }
            Message::Polka(polka) => self.check_votes(polka.vote(), &polka.votes),
            Message::Commit(commit) => self.check_votes(commit.vote(), &commit.votes),
        }
    }

    fn check_votes(&self, vote: Vote, votes: &crate::certificate::Votes) {
        let mut signers: Vec<u16> = votes.iter().map(|(index, _)| *index).collect();
        signers.dedup();
        assert!(signers.len() >= self.quorum(), "too few: {signers:?}");
        for signer in signers {
            self.check_vote(Some(signer), vote);
        }
    }

    fn check_vote(&self, key: Option<u16>, vote: Vote) {
        if let Some(node) = self.honest_node(key)
            && vote.height == self.world.height
        {
            let said = node.said.get(&(vote.round, vote.kind));
            assert_eq!(said, Some(&vote), "forged");
        }
    }

    fn honest_node(&self, key: Option<u16>) -> Option<&Node> {
        let of_key = |node: &&Node| Some(node.key) == key && node.is_honest();
        self.nodes.iter().find(of_key)
    }

    fn broadcast(&mut self, from: usize, message: &Message) {
        if let Some(log) = &mut self.log {
            log.push(message.clone());
        }
        for to in 0..self.nodes.len() {
            if self.reaches(from, to, message) {
                let from = self.nodes[from].key;
                self.send(from, to, What::Said(message.clone()));
            }
        }
    }

    fn reaches(&mut self, from: usize, to: usize, message: &Message) -> bool {
        let (sender, receiver) = (&self.nodes[from], &self.nodes[to]);
        if sender.key == receiver.key {
            return false;
        }
        let (key, other) = (sender.key, receiver.key);
        let rng = &mut self.rng;
        match (sender.liar, receiver.liar) {
            (None, None) => self
                .split
                .is_none_or(|sides| sides >> key & 1 == sides >> other & 1),
            (None, Some((actor, machine))) => self.actors[actor].hears(machine, key),
            (Some((actor, machine)), None) => {
                self.actors[actor].passes(machine, other, message, rng)
            }
            (Some((one, machine)), Some((two, other))) => {
                let twins = self.actors[one].machines() > 1 && self.actors[two].machines() > 1;
                !twins || machine == other
            }
        }
    }

    pub(super) fn check_no_honest_amnesia(&self) {
        for node in self.nodes.iter().filter(|node| node.is_honest()) {
            for precommit in node.said.values() {
                for prevote in node.said.values() {
                    let sign = |vote: &Vote| -> SignedVote { self.world.sign(node.key, *vote) };
                    let (precommit, prevote) = (sign(precommit), sign(prevote));
                    let evidence = Evidence::Amnesia { precommit, prevote };
                    assert!(evidence.check_shape().is_err(), "framed: {evidence:?}");
                }
            }
        }
    }
}
