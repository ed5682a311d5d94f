//! What the node does around the machine, in small: it signs, stores, fetches, gossips and catches up,
//! and at a change of validators it cosigns, waits for the note and takes up what came early.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use protocol::{
    codec,
    hash::{BlockId, sha256},
    height::Height,
    key::PublicKey,
};

use super::{Body, CHANGES, Event, Net, height_of};
use crate::{
    Commit, EarlyKind, EarlyMessage, EarlyMessages, Effect, HeightParameters, Input, Machine,
    Message, Safety, SignedProposal, ValidatorHistory, ValidatorSet,
    tests::world::{CHAIN, World},
};

const POLL_MS: u64 = 2_000;
const BYTES_MAX: usize = 64 << 10;

pub(super) struct Host {
    pub(super) key: PublicKey,
    pub(super) machine: Option<Machine>,
    life: u32,
    /// What is on disk.
    saved: Option<Safety>,
    pub(super) chain: Vec<(BlockId, Commit)>,
    /// When each block was decided here.
    pub(super) times: Vec<u64>,
    /// Who votes when, by the blocks of the chain.
    history: ValidatorHistory,
    /// Blocks that changed that, and whose note is on disk.
    notes: BTreeSet<u64>,
    disk: BTreeSet<BlockId>,
    mempool: BTreeSet<u64>,
    early: EarlyMessages<usize>,
    /// Cosignatures that came.
    cosigned: BTreeMap<u64, BTreeSet<usize>>,
}

impl Host {
    pub(super) fn new(key: PublicKey, first: ValidatorSet) -> Self {
        let mut host = Self {
            key,
            machine: None,
            life: 0,
            saved: None,
            chain: Vec::new(),
            times: Vec::new(),
            history: ValidatorHistory::new(first),
            notes: BTreeSet::new(),
            disk: BTreeSet::new(),
            mempool: BTreeSet::new(),
            early: EarlyMessages::default(),
            cosigned: BTreeMap::new(),
        };
        host.machine = Some(Machine::new(CHAIN, host.begun(false)));
        host
    }

    fn height(&self) -> u64 {
        self.chain.len() as u64 + 1
    }

    fn begun(&self, is_held: bool) -> HeightParameters {
        HeightParameters {
            is_held,
            ..self
                .world(self.height())
                .begun(Some(self.key), self.saved.clone())
        }
    }

    /// A height, with those who vote there as far as is known here.
    fn world(&self, height: u64) -> World {
        let height = Height::new(height);
        World {
            chain: CHAIN,
            set: self.history.at(height).clone(),
            height,
        }
    }
}

impl Net {
    pub(super) fn happen(&mut self, event: Event) {
        match event {
            Event::Arrive { to, from, message } => self.arrive(to, from, message),
            Event::Answer { to, block, commit } => self.answer(to, block, commit),
            Event::Gossip { to, entry } => self.gossip(to, entry),
            Event::Cosign { to, height, by } => {
                self.hosts[to]
                    .cosigned
                    .entry(height)
                    .or_default()
                    .insert(by);
                if self.is_cosigned(to) {
                    self.keep_note(to, height);
                }
            }
            Event::Note { to, height } => self.keep_note(to, height),
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
                host.early = EarlyMessages::default();
                host.cosigned.clear();
            }
            Event::Restart { at } => self.restart(at),
        }
    }

    fn restart(&mut self, at: usize) {
        if self.hosts[at].machine.is_some() {
            return;
        }
        let begun = self.hosts[at].begun(self.is_held(at));
        self.hosts[at].machine = Some(Machine::new(CHAIN, begun));
        self.feed(at, Input::Start);
        let waits = self.next_block(at).is_some();
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
        let waits = self.next_block(to).is_some();
        self.feed(to, Input::Pending(waits));
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
            let (to, height) = (at, commit.height.get());
            let after = after + step as u64;
            self.push(after, Event::Answer { to, block, commit });
            // A block that changes the validators travels with its note.
            if self.hosts[peer].notes.contains(&height) {
                self.push(after, Event::Note { to, height });
            }
        }
        let (to, height) = (at, have as u64);
        if self.hosts[peer].notes.contains(&height) {
            self.push(after, Event::Note { to, height });
        }
        if self.may_cosign(peer, height) {
            self.push(
                after,
                Event::Cosign {
                    to,
                    height,
                    by: peer,
                },
            );
        }
    }

    fn answer(&mut self, to: usize, block: BlockId, commit: Commit) {
        let host = &self.hosts[to];
        let height = commit.height.get();
        if host.machine.is_some() && host.height() == height {
            let world = host.world(height);
            let commit = world.door(&Message::Commit(commit), true, true);
            self.known(to, block);
            self.feed(to, commit.expect("decided by the set of its height"));
        }
    }

    fn known(&mut self, at: usize, block: BlockId) {
        self.hosts[at].disk.insert(block);
        let valid = self.is_valid(at, &block);
        self.feed(at, Input::BlockKnown { block, valid });
    }

    /// How many changes of validators lie behind a host.
    fn changes(&self, at: usize) -> u64 {
        let blocks = self.hosts[at].chain.iter();
        let changes = blocks.filter(|(block, _)| self.bodies[block].change().is_some());
        changes.count() as u64
    }

    fn is_valid(&self, at: usize, block: &BlockId) -> bool {
        let body = &self.bodies[block];
        let host = &self.hosts[at];
        let before = host.chain.iter().map(|(block, _)| &self.bodies[block]);
        let due = body
            .change()
            .is_none_or(|number| body.entries.len() == 1 && number as u64 == self.changes(at) + 1);
        due && body.height == host.height()
            && !body.entries.is_empty()
            && before
                .clone()
                .all(|past| past.entries.is_disjoint(&body.entries))
    }

    fn arrive(&mut self, to: usize, from: usize, message: Message) {
        let signer = match &message {
            Message::Proposal(proposal) => Some(proposal.signer),
            Message::Vote(vote) => Some(vote.signer),
            Message::Polka(_) | Message::Commit(_) => None,
        };
        let height = height_of(&message).get();
        let host = &self.hosts[to];
        if host.machine.is_none() {
            return;
        }
        if height < host.height() {
            // Whoever is behind is told the decision.
            let decided = host.chain.get(height as usize - 1).cloned();
            let behind = self.keys.iter().position(|key| Some(*key) == signer);
            if let (Some((block, commit)), Some(behind)) = (decided, behind)
                && let Some(after) = self.flight(to, behind)
            {
                let to = behind;
                self.push(after, Event::Answer { to, block, commit });
            }
            return;
        }
        let is_early = height > host.height();
        let input = host.world(height).door(&message, true, true);
        match (message, input) {
            (Message::Proposal(proposal), Some(_)) if !is_early => self.take_proposal(to, proposal),
            (message @ Message::Proposal(_), _) | (message, None) if is_early => {
                self.keep_early(to, from, signer, message);
            }
            (_, Some(input)) => self.feed(to, input),
            (_, None) => {}
        }
    }

    /// What cannot be judged before the next height begins is kept as it came.
    fn keep_early(&mut self, to: usize, from: usize, signer: Option<PublicKey>, message: Message) {
        let kind = match &message {
            Message::Proposal(_) => EarlyKind::Proposal,
            Message::Vote(_) => EarlyKind::Vote,
            Message::Polka(_) | Message::Commit(_) => return,
        };
        let height = height_of(&message);
        let bytes = codec::encode(1, &message);
        let Some(signer) = signer else { return };
        let early = EarlyMessage {
            kind,
            height,
            signer,
            bytes,
        };
        // What others say again in its name may be lost.
        let _kept = self.hosts[to].early.keep(from, &[self.keys[from]], early);
    }

    /// The block comes with the proposal here. Its time is always right.
    fn take_proposal(&mut self, to: usize, proposal: SignedProposal) {
        let host = &mut self.hosts[to];
        let block = proposal.statement.block;
        host.disk.insert(block);
        let world = host.world(host.height());
        let valid = self.is_valid(to, &block);
        let input = world.input(Message::Proposal(proposal), valid, true);
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
                let world = self.hosts[at].world(proposal.height.get());
                let signed = world.sign_as(self.keys[at], proposal);
                self.broadcast(at, &Message::Proposal(signed.clone()));
                let valid = self.is_valid(at, &signed.statement.block);
                inputs.push_back(world.input(Message::Proposal(signed), valid, true));
            }
            Effect::Vote(vote) => {
                let world = self.hosts[at].world(vote.height.get());
                let signed = Message::Vote(world.sign_as(self.keys[at], vote));
                self.broadcast(at, &signed);
                inputs.push_back(world.input(signed, true, true));
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

    /// What the next block would hold: the change that is due, alone, or entries.
    fn next_block(&self, at: usize) -> Option<BTreeSet<u64>> {
        let mempool = &self.hosts[at].mempool;
        let change = CHANGES + self.changes(at) + 1;
        if mempool.contains(&change) {
            return Some(BTreeSet::from([change]));
        }
        let entries = mempool.range(..CHANGES).copied().take(5);
        let entries: BTreeSet<u64> = entries.collect();
        (!entries.is_empty()).then_some(entries)
    }

    fn build(&mut self, at: usize) -> Option<BlockId> {
        let entries = self.next_block(at)?;
        let host = &mut self.hosts[at];
        let body = Body {
            height: host.height(),
            entries,
        };
        let hash = sha256(&[format!("{at} {} {body:?}", self.now).as_bytes()]);
        let block = BlockId::new(hash);
        host.disk.insert(block);
        self.bodies.insert(block, body);
        Some(block)
    }

    fn decide(&mut self, at: usize, commit: Commit, inputs: &mut VecDeque<Input>) -> Vec<Effect> {
        assert!(self.is_valid(at, &commit.block), "decided an invalid block");
        assert!(!self.is_held(at), "decided in the hold");
        let host = &mut self.hosts[at];
        assert!(
            host.disk.contains(&commit.block),
            "decided a block it has not"
        );
        let decided = host.height();
        let message = Message::Commit(commit.clone());
        let judged = host.world(decided).door(&message, true, true);
        assert!(judged.is_some(), "decided by another set");
        let body = &self.bodies[&commit.block];
        for entry in &body.entries {
            host.mempool.remove(entry);
        }
        if let Some(number) = body.change() {
            let set = self.sets[number].clone();
            host.history.change(commit.height, set);
        }
        host.chain.push((commit.block, commit));
        host.times.push(self.now);
        if self.is_cosigned(at) {
            self.hosts[at].notes.insert(decided);
        }
        let is_held = self.is_held(at);
        let begun = self.hosts[at].begun(is_held);
        let host = &mut self.hosts[at];
        let early = host.early.take(Height::new(host.height()));
        let Some(machine) = &mut host.machine else {
            return Vec::new();
        };
        let effects = machine.advance(begun);
        for (from, message) in early {
            let message = codec::decode(1, &message.bytes, BYTES_MAX).unwrap();
            self.push(
                0,
                Event::Arrive {
                    to: at,
                    from,
                    message,
                },
            );
        }
        inputs.push_back(Input::Pending(self.next_block(at).is_some()));
        self.cosign(at, decided);
        effects
    }

    /// Whether the block of `height` is this host's newest, changes the validators, and was decided by it
    /// among others.
    fn may_cosign(&self, at: usize, height: u64) -> bool {
        let host = &self.hosts[at];
        let newest = host.chain.last();
        let is_change = newest.is_some_and(|(block, _)| self.bodies[block].change().is_some());
        let set = host.history.at(Height::new(height));
        is_change && host.chain.len() as u64 == height && set.index_of(&host.key).is_some()
    }

    fn cosign(&mut self, at: usize, height: u64) {
        if self.may_cosign(at, height) {
            for to in 0..self.hosts.len() {
                if let Some(after) = self.flight(at, to) {
                    let by = at;
                    self.push(after, Event::Cosign { to, height, by });
                }
            }
        }
    }

    /// Whether a host waits for the note on its newest block.
    fn is_held(&self, at: usize) -> bool {
        let host = &self.hosts[at];
        let newest = host.chain.last();
        let is_change = newest.is_some_and(|(block, _)| self.bodies[block].change().is_some());
        is_change && !host.notes.contains(&(host.chain.len() as u64))
    }

    /// Whether a quorum of those who decided the newest block has cosigned it.
    fn is_cosigned(&self, at: usize) -> bool {
        let host = &self.hosts[at];
        let height = host.chain.len() as u64;
        let set = host.history.at(Height::new(height));
        let by = host.cosigned.get(&height).into_iter().flatten();
        let counted = by.filter(|by| set.index_of(&self.keys[**by]).is_some());
        counted.count() >= set.quorum()
    }

    /// The note is synced: a height that waited for it begins.
    fn keep_note(&mut self, at: usize, height: u64) {
        if self.is_held(at)
            && self.hosts[at].chain.len() as u64 == height
            && self.hosts[at].machine.is_some()
        {
            self.hosts[at].notes.insert(height);
            self.feed(at, Input::Released);
        }
    }
}
