//! What the node does around the machine, in small: it signs, stores, fetches, gossips and catches up.

use std::collections::{BTreeSet, VecDeque};

use protocol::{
    hash::{BlockId, sha256},
    height::Height,
};

use super::{Body, Event, Net};
use crate::{Commit, Effect, Input, Machine, Message, Safety, SignedProposal, tests::world::World};

const HELD_PROPOSALS_MAX: usize = 8;
const POLL_MS: u64 = 2_000;

pub(super) struct Host {
    pub(super) machine: Option<Machine>,
    life: u32,
    /// What is on disk.
    saved: Option<Safety>,
    pub(super) chain: Vec<(BlockId, Commit)>,
    disk: BTreeSet<BlockId>,
    mempool: BTreeSet<u64>,
    held: Vec<SignedProposal>,
}

impl Host {
    pub(super) fn new(world: &World, index: usize) -> Self {
        let me = world.set.key(index as u16);
        let set = world.set.clone();
        Self {
            machine: Some(Machine::new(world.chain, set, me, Height::new(1), None)),
            life: 0,
            saved: None,
            chain: Vec::new(),
            disk: BTreeSet::new(),
            mempool: BTreeSet::new(),
            held: Vec::new(),
        }
    }

    fn height(&self) -> u64 {
        self.chain.len() as u64 + 1
    }
}

impl Net {
    pub(super) fn happen(&mut self, event: Event) {
        match event {
            Event::Arrive { to, message } => self.arrive(to, message),
            Event::Answer { to, block, commit } => self.answer(to, block, commit),
            Event::Gossip { to, entry } => self.gossip(to, entry),
            Event::Timer { at, life, timer } => {
                if self.hosts[at].life == life {
                    self.feed(at, Input::Elapsed(timer));
                }
            }
            Event::Known { at, life, block } => {
                if self.hosts[at].life == life {
                    self.known(at, block);
                }
            }
            Event::Poll { at } => self.poll(at),
            Event::Crash { at } => {
                let host = &mut self.hosts[at];
                host.life += 1;
                host.machine = None;
                host.held.clear();
            }
            Event::Restart { at } => self.restart(at),
        }
    }

    fn restart(&mut self, at: usize) {
        let (world, host) = (&self.world, &mut self.hosts[at]);
        if host.machine.is_some() {
            return;
        }
        let me = world.set.key(at as u16);
        let height = Height::new(host.height());
        let (set, saved) = (world.set.clone(), host.saved.clone());
        host.machine = Some(Machine::new(world.chain, set, me, height, saved));
        self.feed(at, Input::Start);
        let waits = !self.hosts[at].mempool.is_empty();
        self.feed(at, Input::Pending(waits));
    }

    fn gossip(&mut self, to: usize, entry: u64) {
        let taken = |(block, _): &(BlockId, Commit)| self.bodies[block].entries.contains(&entry);
        let host = &self.hosts[to];
        if host.machine.is_none() {
            // The clerk tries again until somebody takes it.
            self.push(1_000, Event::Gossip { to, entry });
            return;
        }
        if host.chain.iter().any(taken) || !self.hosts[to].mempool.insert(entry) {
            return;
        }
        for peer in 0..self.hosts.len() {
            if peer != to
                && let Some(after) = self.flight(to, peer)
                && self.hosts[peer].machine.is_some()
            {
                self.push(after, Event::Gossip { to: peer, entry });
            }
        }
        self.feed(to, Input::Pending(true));
    }

    /// Every 2 s one peer is asked how far it is and told what waits here.
    fn poll(&mut self, at: usize) {
        self.push(POLL_MS, Event::Poll { at });
        let peer = self.rng.index(self.hosts.len());
        if self.hosts[at].machine.is_none() || self.hosts[peer].machine.is_none() {
            return;
        }
        let Some(after) = self.flight(peer, at) else {
            return;
        };
        let waiting: Vec<u64> = self.hosts[at].mempool.iter().copied().collect();
        for entry in waiting {
            self.push(after, Event::Gossip { to: peer, entry });
        }
        let have = self.hosts[at].chain.len();
        let more: Vec<_> = self.hosts[peer].chain.iter().skip(have).cloned().collect();
        for (step, (block, commit)) in more.into_iter().enumerate() {
            let to = at;
            self.push(after + step as u64, Event::Answer { to, block, commit });
        }
    }

    fn answer(&mut self, to: usize, block: BlockId, commit: Commit) {
        if self.hosts[to].machine.is_some() && self.hosts[to].height() == commit.height.get() {
            self.known(to, block);
            self.feed(to, Input::Commit(self.world.verified(commit)));
        }
    }

    fn known(&mut self, at: usize, block: BlockId) {
        self.hosts[at].disk.insert(block);
        let valid = self.is_valid(at, &block);
        self.feed(at, Input::BlockKnown { block, valid });
    }

    fn is_valid(&self, at: usize, block: &BlockId) -> bool {
        let body = &self.bodies[block];
        let host = &self.hosts[at];
        let before = host.chain.iter().map(|(block, _)| &self.bodies[block]);
        body.height == host.height()
            && !body.entries.is_empty()
            && before
                .clone()
                .all(|past| past.entries.is_disjoint(&body.entries))
    }

    fn arrive(&mut self, to: usize, message: Message) {
        let (height, signer) = match &message {
            Message::Proposal(p) => (p.statement.height, Some(p.signer)),
            Message::Vote(vote) => (vote.statement.height, Some(vote.signer)),
            Message::Polka(polka) => (polka.height, None),
            Message::Commit(commit) => (commit.height, None),
        };
        let here = self.hosts[to].height();
        if self.hosts[to].machine.is_none() {
            return;
        }
        if height.get() < here {
            // Whoever is behind is told the decision.
            let decided = self.hosts[to].chain.get(height.get() as usize - 1).cloned();
            let behind = signer.and_then(|key| self.world.set.index_of(&key));
            if let (Some((block, commit)), Some(behind)) = (decided, behind)
                && let Some(after) = self.flight(to, usize::from(behind))
            {
                let to = usize::from(behind);
                self.push(after, Event::Answer { to, block, commit });
            }
            return;
        }
        if let Message::Proposal(proposal) = message {
            self.take_proposal(to, proposal);
        } else {
            let input = self.world.input(message, true, true);
            self.feed(to, input);
        }
    }

    /// The block comes with the proposal here. Its time is always right.
    fn take_proposal(&mut self, to: usize, proposal: SignedProposal) {
        let host = &mut self.hosts[to];
        if proposal.statement.height.get() > host.height() {
            host.held.truncate(HELD_PROPOSALS_MAX - 1);
            host.held.push(proposal);
            return;
        }
        let block = proposal.statement.block;
        host.disk.insert(block);
        let valid = self.is_valid(to, &block);
        let input = self.world.input(Message::Proposal(proposal), valid, true);
        self.feed(to, input);
    }

    fn feed(&mut self, at: usize, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let Some(machine) = &mut self.hosts[at].machine else {
                return;
            };
            let mut effects = VecDeque::from(machine.step(input));
            while let Some(effect) = effects.pop_front() {
                self.perform(at, effect, &mut inputs, &mut effects);
            }
            let Some(machine) = &self.hosts[at].machine else {
                return;
            };
            self.rounds_max = self.rounds_max.max(machine.round().get());
        }
    }

    fn perform(
        &mut self,
        at: usize,
        effect: Effect,
        inputs: &mut VecDeque<Input>,
        effects: &mut VecDeque<Effect>,
    ) {
        let life = self.hosts[at].life;
        match effect {
            Effect::Persist(safety) => self.hosts[at].saved = Some(safety),
            Effect::Propose(proposal) => {
                let signed = self.world.sign(at as u16, proposal);
                self.broadcast(at, &Message::Proposal(signed.clone()));
                let valid = self.is_valid(at, &signed.statement.block);
                let own = self.world.input(Message::Proposal(signed), valid, true);
                inputs.push_back(own);
            }
            Effect::Vote(vote) => {
                let signed = Message::Vote(self.world.sign(at as u16, vote));
                self.broadcast(at, &signed);
                inputs.push_back(self.world.input(signed, true, true));
            }
            Effect::BroadcastPolka(polka) => self.broadcast(at, &Message::Polka(polka)),
            Effect::Rebroadcast(messages) => {
                for message in messages {
                    self.broadcast(at, &message);
                }
            }
            Effect::Schedule { timer, after_ms } => {
                self.push(after_ms, Event::Timer { at, life, timer });
            }
            Effect::Build { round, .. } => {
                let block = self.build(at);
                inputs.extend(block.map(|block| Input::Built { round, block }));
            }
            Effect::Fetch { block, .. } => {
                let after = if self.hosts[at].disk.contains(&block) {
                    Some(1)
                } else {
                    self.flight(at, at)
                };
                if let Some(after) = after {
                    self.push(after, Event::Known { at, life, block });
                }
            }
            Effect::Evidence(evidence) => panic!("all are honest: {evidence:?}"),
            Effect::Alarm(alarm) => panic!("alarm: {alarm:?}"),
            Effect::Decide(commit) => effects.extend(self.decide(at, commit, inputs)),
        }
    }

    fn build(&mut self, at: usize) -> Option<BlockId> {
        let host = &mut self.hosts[at];
        let body = Body {
            height: host.height(),
            entries: host.mempool.iter().copied().take(5).collect(),
        };
        let hash = sha256(&[format!("{at} {} {body:?}", self.now).as_bytes()]);
        let block = BlockId::new(hash);
        if body.entries.is_empty() {
            return None;
        }
        host.disk.insert(block);
        self.bodies.insert(block, body);
        Some(block)
    }

    fn decide(&mut self, at: usize, commit: Commit, inputs: &mut VecDeque<Input>) -> Vec<Effect> {
        assert!(self.is_valid(at, &commit.block), "decided an invalid block");
        let host = &mut self.hosts[at];
        assert!(
            host.disk.contains(&commit.block),
            "decided a block it has not"
        );
        for entry in &self.bodies[&commit.block].entries {
            host.mempool.remove(entry);
        }
        host.chain.push((commit.block, commit));
        host.saved = None;
        let height = Height::new(host.height());
        let Some(machine) = &mut host.machine else {
            return Vec::new();
        };
        let effects = machine.advance(height, self.world.set.clone());
        inputs.push_back(Input::Pending(!host.mempool.is_empty()));
        for proposal in std::mem::take(&mut host.held) {
            if proposal.statement.height == height {
                self.push(
                    0,
                    Event::Arrive {
                        to: at,
                        message: Message::Proposal(proposal),
                    },
                );
            }
        }
        effects
    }
}
