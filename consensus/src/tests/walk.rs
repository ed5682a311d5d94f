//! An asynchronous scheduler without a clock: it delivers, drops, duplicates and reorders messages,
//! fires any timer at any time, crashes validators between any two effects, and lets Byzantine
//! validators say anything to anyone and complete the quorums of the honest ones. Safety only.

use std::collections::{BTreeMap, VecDeque};

use protocol::{hash::BlockId, height::Round};

use super::world::{Rng, World, block};
use crate::{
    Commit, Effect, Evidence, Input, Machine, Message, Polka, Proposal, Safety, SignedVote, Step,
    Timer, TimerKind, Vote, VoteKind,
};

const ACTIONS: usize = 700;
const PACKETS_MAX: usize = 100;
const SEEDS: u64 = 1_000;

struct Node {
    machine: Machine,
    saved: Option<Safety>,
    timers: Vec<Timer>,
    own: VecDeque<Input>,
    decided: bool,
    locked_round: Option<Round>,
    said: BTreeMap<(Round, VoteKind), Vote>,
    proposed: BTreeMap<Round, (BlockId, Option<Round>)>,
}

/// How hostile one seed's network is, in percent.
struct Weather {
    loss: u64,
    /// Lost polkas keep locks hidden.
    polka_loss: u64,
    /// Lost precommits put the decision off, so that later rounds get to contradict it.
    precommit_loss: u64,
    timers: usize,
    /// Per action and per effect.
    crashes: u64,
}

impl Weather {
    fn of(rng: &mut Rng) -> Self {
        let mut pick = |choices: [u64; 3]| choices[rng.below(3)];
        Self {
            loss: pick([0, 5, 20]),
            polka_loss: pick([0, 70, 100]),
            precommit_loss: pick([50, 80, 100]),
            timers: pick([8, 16, 40]) as usize,
            crashes: pick([0, 0, 2]),
        }
    }
}

pub(super) struct Walk {
    world: World,
    weather: Weather,
    rng: Rng,
    liars: Vec<u16>,
    nodes: BTreeMap<u16, Node>,
    packets: Vec<(u16, Message)>,
    votes: Vec<SignedVote>,
    polkas: Vec<Polka>,
    blocks: Vec<BlockId>,
    round_max: u64,
    decided: Option<BlockId>,
    pub(super) seen: Seen,
}

/// How deep the walks went: a walk that never locks proves nothing.
#[derive(Default, Debug)]
pub(super) struct Seen {
    decisions: usize,
    relocks: usize,
    split_precommits: usize,
    evidence: usize,
    crashes: usize,
    rounds: u64,
}

impl Walk {
    pub(super) fn new(n: usize, seed: u64) -> Self {
        let world = World::new(n);
        let mut rng = Rng::new(seed);
        let start = rng.below(n) as u16;
        let liars = (0..world.set.faulty_max() as u16)
            .map(|i| (start + i) % n as u16)
            .collect::<Vec<_>>();
        let node = |index| {
            let me = world.set.key(index);
            let set = world.set.clone();
            Node {
                machine: Machine::new(world.chain, set, me, world.height, None),
                saved: None,
                timers: Vec::new(),
                own: VecDeque::new(),
                decided: false,
                locked_round: None,
                said: BTreeMap::new(),
                proposed: BTreeMap::new(),
            }
        };
        let honest = (0..n as u16).filter(|index| !liars.contains(index));
        Self {
            nodes: honest.map(|index| (index, node(index))).collect(),
            world,
            weather: Weather::of(&mut rng),
            rng,
            liars,
            packets: Vec::new(),
            votes: Vec::new(),
            polkas: Vec::new(),
            blocks: vec![block(1), block(2)],
            round_max: 0,
            decided: None,
            seen: Seen::default(),
        }
    }

    pub(super) fn run(&mut self) {
        for index in self.honest() {
            self.feed(index, Input::Pending(true));
        }
        for _ in 0..ACTIONS {
            match self.rng.below(82 + self.weather.timers) {
                0..60 => self.deliver(),
                60..66 => self.lie_in_proposal(),
                66..71 => self.lie_in_vote(),
                71..82 => self.complete_a_quorum(),
                _ => self.fire_timer(),
            }
            if self.rng.percent(self.weather.crashes) {
                let index = self.any_honest();
                self.crash(index);
            }
        }
        self.check_no_honest_amnesia();
        self.seen.rounds = self.round_max;
    }

    fn honest(&self) -> Vec<u16> {
        self.nodes.keys().copied().collect()
    }

    fn any_honest(&mut self) -> u16 {
        let honest = self.honest();
        honest[self.rng.below(honest.len())]
    }

    fn deliver(&mut self) {
        if self.packets.is_empty() {
            return;
        }
        let at = self.rng.below(self.packets.len());
        let (to, message) = if self.rng.percent(10) {
            self.packets[at].clone()
        } else {
            self.packets.swap_remove(at)
        };
        let loss = match &message {
            Message::Polka(_) => self.weather.polka_loss,
            Message::Vote(vote)
                if vote.statement.kind == VoteKind::Precommit && vote.statement.block.is_some() =>
            {
                self.weather.precommit_loss
            }
            Message::Commit(_) => self.weather.precommit_loss,
            _ => self.weather.loss,
        };
        if !self.rng.percent(loss) {
            let timely = self.rng.percent(95);
            if let Some(input) = self.world.door(&message, true, timely) {
                self.feed(to, input);
            }
        }
    }

    fn fire_timer(&mut self) {
        let index = self.any_honest();
        let timers = &mut self.nodes.get_mut(&index).unwrap().timers;
        if timers.is_empty() {
            return;
        }
        let at = self.rng.below(timers.len());
        // Repetitions are frequent enough in each round; what ends a round is rare.
        if timers[at].kind != TimerKind::Resend || self.rng.percent(30) {
            let timer = timers.swap_remove(at);
            self.feed(index, Input::Elapsed(timer));
        }
    }

    fn crash(&mut self, index: u16) {
        let node = self.nodes.get_mut(&index).unwrap();
        if node.decided {
            return;
        }
        self.seen.crashes += 1;
        let (chain, set) = (self.world.chain, self.world.set.clone());
        let me = self.world.set.key(index);
        node.machine = Machine::new(chain, set, me, self.world.height, node.saved.clone());
        node.timers.clear();
        node.own.clear();
        self.feed(index, Input::Start);
        self.feed(index, Input::Pending(true));
    }

    fn feed(&mut self, index: u16, input: Input) {
        let node = self.nodes.get_mut(&index).unwrap();
        let effects = node.machine.step(input);
        self.round_max = self.round_max.max(node.machine.round().get());
        for effect in effects {
            if self.rng.percent(self.weather.crashes) {
                self.crash(index);
                return;
            }
            self.perform(index, effect);
        }
        while let Some(own) = self.nodes.get_mut(&index).unwrap().own.pop_front() {
            self.feed(index, own);
        }
    }

    fn perform(&mut self, index: u16, effect: Effect) {
        let node = self.nodes.get_mut(&index).unwrap();
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
            Effect::Propose(proposal) => self.propose(index, proposal),
            Effect::Vote(vote) => self.vote(index, vote),
            Effect::BroadcastPolka(polka) => {
                self.polkas.push(polka.clone());
                self.broadcast(index, &Message::Polka(polka));
            }
            Effect::Rebroadcast(messages) => {
                for message in messages {
                    self.broadcast(index, &message);
                }
            }
            Effect::Schedule { timer, .. } => node.timers.push(timer),
            Effect::Build { round, .. } => {
                let made = block(1000 + u64::from(index) * 100 + round.get());
                let block = made;
                self.blocks.push(made);
                node.own.push_back(Input::Built { round, block });
            }
            Effect::Fetch { block, .. } => {
                if self.rng.percent(50) {
                    let valid = true;
                    node.own.push_back(Input::BlockKnown { block, valid });
                }
            }
            Effect::Evidence(evidence) => {
                self.seen.evidence += 1;
                let accused = self.world.set.index_of(&evidence.accused()).unwrap();
                assert!(evidence.check_shape().is_ok());
                assert!(self.liars.contains(&accused), "framed: {evidence:?}");
            }
            Effect::Decide(commit) => self.decide(index, &commit),
            Effect::Alarm(alarm) => panic!("alarm at {index}: {alarm:?}"),
        }
    }

    fn propose(&mut self, index: u16, proposal: Proposal) {
        let node = self.nodes.get_mut(&index).unwrap();
        let saved = node
            .saved
            .as_ref()
            .and_then(|saved| saved.proposal.as_ref());
        assert_eq!(saved, Some(&proposal), "said before it was saved");
        let said = (proposal.block, proposal.valid_round());
        let first = *node.proposed.entry(proposal.round).or_insert(said);
        assert_eq!(first, said, "double proposal by {index}");
        let message = Message::Proposal(self.world.sign(index, proposal));
        let timely = self.rng.percent(95);
        let input = self.world.input(message.clone(), true, timely);
        self.nodes.get_mut(&index).unwrap().own.push_back(input);
        self.broadcast(index, &message);
    }

    fn vote(&mut self, index: u16, vote: Vote) {
        let node = self.nodes.get_mut(&index).unwrap();
        let saved = node.saved.as_ref().expect("said before anything was saved");
        let saved = match vote.kind {
            VoteKind::Prevote => saved.prevote,
            VoteKind::Precommit => saved.precommit,
        };
        assert_eq!(saved, Some(vote), "said before it was saved");
        let first = *node.said.entry((vote.round, vote.kind)).or_insert(vote);
        assert_eq!(first, vote, "double vote by {index}");
        let blocks = node
            .said
            .values()
            .filter(|said| said.kind == VoteKind::Precommit);
        let mut blocks: Vec<_> = blocks.filter_map(|said| said.block).collect();
        blocks.dedup();
        self.seen.split_precommits += usize::from(blocks.len() > 1);
        let signed = self.world.sign(index, vote);
        let input = Input::Vote(self.world.verified(signed.clone()));
        self.nodes.get_mut(&index).unwrap().own.push_back(input);
        self.votes.push(signed.clone());
        self.broadcast(index, &Message::Vote(signed));
    }

    fn decide(&mut self, index: u16, commit: &Commit) {
        let node = self.nodes.get_mut(&index).unwrap();
        assert!(!node.decided, "decided twice");
        node.decided = true;
        self.seen.decisions += 1;
        assert!(commit.votes.len() >= self.world.set.quorum());
        self.agree(commit.block);
    }

    fn broadcast(&mut self, from: u16, message: &Message) {
        for to in self.honest() {
            if to != from {
                self.send(to, message.clone());
            }
        }
    }

    fn send(&mut self, to: u16, message: Message) {
        if self.packets.len() >= PACKETS_MAX {
            let lost = self.rng.below(PACKETS_MAX);
            self.packets.swap_remove(lost);
        }
        self.packets.push((to, message));
    }

    fn send_to_some(&mut self, message: &Message) {
        for to in self.honest() {
            if self.rng.percent(50) {
                self.send(to, message.clone());
            }
        }
    }

    fn any_liar(&mut self) -> u16 {
        self.liars[self.rng.below(self.liars.len())]
    }

    fn any_round(&mut self) -> u64 {
        self.rng.between(0, self.round_max + 2)
    }

    fn lie_in_proposal(&mut self) {
        let round = self.any_round();
        let proposer = self
            .world
            .set
            .proposer(self.world.height, Round::new(round));
        let proposer = self.world.set.index_of(&proposer).unwrap();
        if !self.liars.contains(&proposer) {
            return;
        }
        let old: Vec<Polka> = self
            .polkas
            .iter()
            .filter(|p| p.round.get() < round)
            .cloned()
            .collect();
        let polka = (!old.is_empty() && self.rng.percent(60))
            .then(|| old[self.rng.below(old.len())].clone());
        let block = match &polka {
            Some(polka) => polka.block,
            None => self.blocks[self.rng.below(self.blocks.len())],
        };
        let message = Message::Proposal(self.world.signed_proposal(round, block, polka));
        self.send_to_some(&message);
    }

    fn lie_in_vote(&mut self) {
        let round = self.any_round();
        let kind = if self.rng.percent(50) {
            VoteKind::Prevote
        } else {
            VoteKind::Precommit
        };
        let block = self
            .rng
            .percent(50)
            .then(|| self.blocks[self.rng.below(self.blocks.len())]);
        let old = kind == VoteKind::Prevote && block.is_some() && round > 0;
        let valid_round = (old && self.rng.percent(30)).then(|| self.rng.between(0, round));
        let vote = self.world.vote_of(kind, round, block, valid_round);
        let by = self.any_liar();
        let message = Message::Vote(self.world.sign(by, vote));
        self.send_to_some(&message);
    }

    /// Says what some honest validator said, and makes the certificate if that is enough for one.
    fn complete_a_quorum(&mut self) {
        if self.votes.is_empty() {
            return;
        }
        let recent = self.votes.len().min(12);
        let at = self.votes.len() - 1 - self.rng.below(recent);
        let vote = self.votes[at].statement;
        for by in self.liars.clone() {
            let message = Message::Vote(self.world.sign(by, vote));
            self.send_to_some(&message);
        }
        let Some(block) = vote.block else { return };
        let honest = self.votes.iter().filter(|signed| signed.statement == vote);
        let honest = honest.map(|signed| self.world.set.index_of(&signed.signer).unwrap());
        let mut by: Vec<u16> = honest.chain(self.liars.iter().copied()).collect();
        by.sort_unstable();
        by.dedup();
        if by.len() < self.world.set.quorum() {
            return;
        }
        match vote.kind {
            VoteKind::Prevote => {
                let round = vote.round.get();
                let polka = self.world.polka_since(&by, round, block, vote.valid_round);
                self.polkas.push(polka.clone());
                self.show_to_one(Message::Polka(polka));
            }
            VoteKind::Precommit => {
                // That it could be shown is enough: whoever is shown it decides.
                self.agree(block);
                let commit = self.world.commit(&by, vote.round.get(), block);
                let to = self.any_honest();
                self.send(to, Message::Commit(commit));
            }
        }
    }

    /// Hands a polka to one validator that can lock on it, if there is one, and to nobody else.
    fn show_to_one(&mut self, message: Message) {
        let Message::Polka(polka) = &message else {
            return;
        };
        let ready = |node: &Node| {
            (node.machine.round(), node.machine.step_now()) == (polka.round, Step::Prevote)
        };
        let ready = self.nodes.iter().filter(|(_, node)| ready(node));
        let ready: Vec<u16> = ready.map(|(index, _)| *index).collect();
        if !ready.is_empty() {
            let to = ready[self.rng.below(ready.len())];
            let input = self.world.input(message, true, true);
            self.feed(
                to,
                Input::BlockKnown {
                    block: self.polkas[self.polkas.len() - 1].block,
                    valid: true,
                },
            );
            self.feed(to, input);
        }
    }

    fn agree(&mut self, block: BlockId) {
        let first = *self.decided.get_or_insert(block);
        assert_eq!(first, block, "FORK");
    }

    fn check_no_honest_amnesia(&self) {
        for (index, node) in &self.nodes {
            for precommit in node.said.values() {
                for prevote in node.said.values() {
                    let evidence = Evidence::Amnesia {
                        precommit: self.world.sign(*index, *precommit),
                        prevote: self.world.sign(*index, *prevote),
                    };
                    assert!(evidence.check_shape().is_err(), "framed: {evidence:?}");
                }
            }
        }
    }
}

/// `MUHR_SEEDS` makes the walk longer, `MUHR_SEED` replays one.
fn seeds(default: u64) -> std::ops::Range<u64> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    match number("MUHR_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("MUHR_SEEDS").unwrap_or(default),
    }
}

fn walk(n: usize) {
    let mut total = Seen::default();
    for seed in seeds(SEEDS) {
        let run = std::panic::AssertUnwindSafe(|| {
            let mut walk = Walk::new(n, seed);
            walk.run();
            walk.seen
        });
        let seen = std::panic::catch_unwind(run).unwrap_or_else(|cause| {
            eprintln!("replay: MUHR_SEED={seed} cargo test -p consensus --release n_{n}");
            std::panic::resume_unwind(cause)
        });
        total.decisions += seen.decisions;
        total.relocks += seen.relocks;
        total.split_precommits += seen.split_precommits;
        total.evidence += seen.evidence;
        total.crashes += seen.crashes;
        total.rounds += seen.rounds;
    }
    eprintln!("n = {n}: {total:?}");
    if seeds(SEEDS).count() as u64 >= SEEDS {
        assert!(total.decisions > 0 && total.relocks > 0 && total.evidence > 0);
        let split = n > 4 || total.split_precommits > 0;
        assert!(split, "no walk came near a fork");
    }
}

#[test]
fn no_schedule_makes_n_4_fork_double_vote_or_accuse_the_honest() {
    walk(4);
}

#[test]
fn no_schedule_makes_n_5_fork_double_vote_or_accuse_the_honest() {
    walk(5);
}

#[test]
fn no_schedule_makes_n_7_fork_double_vote_or_accuse_the_honest() {
    walk(7);
}
