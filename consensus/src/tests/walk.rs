//! An asynchronous scheduler without a clock: it delivers, drops, duplicates and reorders messages,
//! fires any timer at any time, crashes validators between any two effects and restarts them from
//! their record, and gives Byzantine validators (`actors`) turns. Safety only; liveness is `timed`'s.
//!
//! After each step: one decided block, no honest word twice in two ways, nothing said before it was
//! saved, no lock going back, nobody honest accused, no word accepted that its signer never said,
//! bounded memory. A walk is of one height; a journey goes through several, whose validators differ.

mod journey;
mod node;
mod tests;

use protocol::{hash::BlockId, height::Round};

use super::{
    actors::{self, Actor, HABITS, Scene, Speech, What},
    world::{self, Random, World, block},
};
use crate::{
    Commit, Effect, Evidence, Input, Machine, Message, Polka, RoundStep, SignedVote, TimerKind,
    ValidatorHistory, VoteKind,
};
use node::Node;

/// Per validator.
const ACTIONS: usize = 175;
const PACKETS_MAX: usize = 25;

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
    /// How often entries turn out not to be there, or to be there again.
    refusals: u64,
}

impl Weather {
    fn of(rng: &mut Random) -> Self {
        let mut pick = |choices: [u64; 3]| choices[rng.index(3)];
        Self {
            loss: pick([0, 5, 20]),
            polka_loss: pick([0, 70, 100]),
            precommit_loss: pick([50, 80, 100]),
            timers: pick([8, 16, 40]) as usize,
            crashes: pick([0, 0, 2]),
            refusals: pick([0, 0, 2]),
        }
    }

    const CALM: Self = Self {
        loss: 0,
        polka_loss: 0,
        precommit_loss: 0,
        timers: 8,
        crashes: 0,
        refusals: 0,
    };
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
    /// Words of liars that were let in, and those that were not.
    lies: usize,
    refused: usize,
}

/// Something on its way, and the validator whose connection it comes by.
#[derive(Clone)]
struct Packet {
    from: u16,
    to: usize,
    what: What,
}

impl Seen {
    fn add(&mut self, other: &Self) {
        self.decisions += other.decisions;
        self.relocks += other.relocks;
        self.split_precommits += other.split_precommits;
        self.evidence += other.evidence;
        self.crashes += other.crashes;
        self.rounds += other.rounds;
        self.lies += other.lies;
        self.refused += other.refused;
    }
}

pub(super) struct Walk {
    world: World,
    /// Who votes at this height and at others of the journey, as a host knows it.
    history: ValidatorHistory,
    weather: Weather,
    rng: Random,
    liars: Vec<u16>,
    actors: Vec<Box<dyn Actor>>,
    nodes: Vec<Node>,
    packets: Vec<Packet>,
    /// What came to hosts that are still at the height before.
    early: Vec<Packet>,
    /// Hosts that have decided, and how, until the journey takes them on.
    arrived: Vec<(usize, Commit)>,
    votes: Vec<SignedVote>,
    polkas: Vec<Polka>,
    blocks: Vec<BlockId>,
    /// All that was ever said, if more than f lie and the question is who.
    log: Option<Vec<Message>>,
    round_max: u64,
    decided: Option<BlockId>,
    forked: bool,
    /// Bit i: validator i is on the second side, and only twins hear both.
    split: Option<u64>,
    /// Performed so far, and the one before which its validator crashes.
    effects: usize,
    crash_before: Option<usize>,
    evidence: Vec<Evidence>,
    pub(super) seen: Seen,
}

impl Drop for Walk {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let names: Vec<_> = self.actors.iter().map(|actor| actor.name()).collect();
            eprintln!("liars: {:?}, {}", self.liars, names.join(", "));
        }
    }
}

impl Walk {
    /// Half of the seeds have conflicters only, the other half a mixed lot.
    pub(super) fn new(n: usize, seed: u64) -> Self {
        let mut rng = world::random(seed);
        let faulty = World::new(n).set.faulty_max();
        let start = rng.index(n);
        let weather = Weather::of(&mut rng);
        let mixed = rng.percent(50);
        let mut lot = Vec::new();
        for i in 0..faulty {
            let habit = HABITS[rng.index(HABITS.len())];
            let actor = if mixed {
                habit(&mut rng)
            } else {
                actors::conflicter()
            };
            lot.push((((start + i) % n) as u16, actor));
        }
        Self::with(n, rng, weather, lot)
    }

    fn with(n: usize, rng: Random, weather: Weather, lot: Vec<(u16, Box<dyn Actor>)>) -> Self {
        let world = World::new(n);
        let history = ValidatorHistory::new(world.set.clone());
        Self::of(world, history, rng, weather, lot)
    }

    fn of(
        world: World,
        history: ValidatorHistory,
        rng: Random,
        weather: Weather,
        lot: Vec<(u16, Box<dyn Actor>)>,
    ) -> Self {
        let (liars, actors): (Vec<u16>, Vec<_>) = lot.into_iter().unzip();
        let mut nodes = Vec::new();
        for key in 0..world.set.count() as u16 {
            match liars.iter().position(|liar| *liar == key) {
                None => nodes.push(Node::new(&world, key, None)),
                Some(actor) => {
                    for machine in 0..actors[actor].machines() {
                        nodes.push(Node::new(&world, key, Some((actor, machine))));
                    }
                }
            }
        }
        Self {
            world,
            history,
            weather,
            rng,
            liars,
            actors,
            nodes,
            packets: Vec::new(),
            early: Vec::new(),
            arrived: Vec::new(),
            votes: Vec::new(),
            polkas: Vec::new(),
            blocks: vec![block(1), block(2)],
            log: None,
            round_max: 0,
            decided: None,
            forked: false,
            split: None,
            effects: 0,
            crash_before: None,
            evidence: Vec::new(),
            seen: Seen::default(),
        }
    }

    pub(super) fn run(&mut self) {
        for at in 0..self.nodes.len() {
            self.feed(at, Input::Pending(true));
        }
        for _ in 0..ACTIONS * self.world.set.count() {
            self.act();
        }
        self.check_no_honest_amnesia();
        self.seen.rounds = self.round_max;
    }

    /// Lets one thing happen, of whatever kind.
    fn act(&mut self) {
        match self.rng.index(82 + self.weather.timers) {
            0..60 => self.deliver(),
            60..82 => self.lie(),
            _ => self.fire_timer(),
        }
        let any = self.rng.index(self.nodes.len());
        if self.rng.percent(self.weather.crashes) {
            self.crash(any);
        }
        if self.rng.percent(self.weather.refusals) {
            let waits = self.rng.percent(50);
            self.feed(any, Input::Pending(waits));
        }
    }

    /// Gives one liar a turn.
    fn lie(&mut self) {
        if self.liars.is_empty() {
            return;
        }
        let which = self.rng.index(self.liars.len());
        let me = self.liars[which];
        let votes = |node: &&Node| node.is_honest() && self.world.set.key(node.key).is_some();
        let honest: Vec<_> = self.nodes.iter().filter(votes).collect();
        let places = honest
            .iter()
            .map(|node| (node.key, node.machine.round(), node.machine.step_now()));
        let places: Vec<(u16, Round, RoundStep)> = places.collect();
        let scene = Scene {
            world: &self.world,
            me,
            liars: &self.liars,
            honest: &places,
            votes: &self.votes,
            polkas: &self.polkas,
            blocks: &self.blocks,
            round_max: self.round_max,
        };
        let speeches = self.actors[which].act(&scene, &mut self.rng);
        for speech in speeches {
            self.utter(me, speech);
        }
    }

    fn utter(&mut self, from: u16, speech: Speech) {
        if let (What::Said(message), Some(log)) = (&speech.what, &mut self.log) {
            log.push(message.clone());
        }
        if let What::Said(Message::Polka(polka)) = &speech.what
            && speech.now
        {
            self.polkas.push(polka.clone());
        }
        for key in speech.to {
            let Some(at) = self.nodes.iter().position(|node| node.key == key) else {
                continue;
            };
            if speech.now {
                if let What::Said(Message::Polka(polka)) = &speech.what {
                    let (block, valid) = (polka.block, actors::is_valid(&polka.block));
                    self.feed(at, Input::BlockKnown { block, valid });
                }
                self.hear(from, at, &speech.what);
            } else {
                self.send(from, at, speech.what.clone());
            }
        }
    }

    fn send(&mut self, from: u16, to: usize, what: What) {
        if self.packets.len() >= PACKETS_MAX * self.world.set.count() {
            let lost = self.rng.index(self.packets.len());
            self.packets.swap_remove(lost);
        }
        self.packets.push(Packet { from, to, what });
    }

    fn deliver(&mut self) {
        if self.packets.is_empty() {
            return;
        }
        let at = self.rng.index(self.packets.len());
        let Packet { from, to, what } = if self.rng.percent(10) {
            self.packets[at].clone()
        } else {
            self.packets.swap_remove(at)
        };
        let loss = match &what {
            What::Said(Message::Polka(_)) => self.weather.polka_loss,
            What::Said(Message::Vote(vote))
                if vote.statement.kind == VoteKind::Precommit && vote.statement.block.is_some() =>
            {
                self.weather.precommit_loss
            }
            What::Said(Message::Commit(_)) => self.weather.precommit_loss,
            _ => self.weather.loss,
        };
        if !self.rng.percent(loss) {
            self.hear(from, to, &what);
        }
    }

    /// A message comes to the door of a host.
    fn hear(&mut self, from: u16, to: usize, what: &What) {
        if self.nodes[to].is_away {
            let what = what.clone();
            self.early.push(Packet { from, to, what });
            return;
        }
        let (valid, timely) = match what {
            What::Said(Message::Proposal(proposal)) => {
                let block = &proposal.statement.block;
                let timely = actors::is_timely(block, &mut self.rng);
                (actors::is_valid(block), timely)
            }
            _ => (true, true),
        };
        let input = match what {
            What::Said(message) => self.world.door(message, valid, timely),
            What::Former(world, message) => world.door(message, valid, timely),
        };
        let Some(input) = input else {
            self.seen.refused += 1;
            return;
        };
        if let What::Said(message) = what {
            self.check_said(message);
        }
        self.seen.lies += 1;
        self.feed(to, input);
    }

    fn fire_timer(&mut self) {
        let at = self.rng.index(self.nodes.len());
        let timers = &mut self.nodes[at].timers;
        if timers.is_empty() {
            return;
        }
        let which = self.rng.index(timers.len());
        // Repetitions are frequent enough in each round; what ends a round is rare.
        if timers[which].kind != TimerKind::Resend || self.rng.percent(30) {
            let timer = timers.swap_remove(which);
            self.feed(at, Input::Elapsed(timer));
        }
    }

    fn crash(&mut self, at: usize) {
        if self.nodes[at].decided || self.nodes[at].is_away {
            return;
        }
        self.seen.crashes += 1;
        let begun = self.begun(at);
        let node = &mut self.nodes[at];
        node.machine = Machine::new(self.world.chain, begun);
        node.timers.clear();
        node.own.clear();
        self.feed(at, Input::Start);
        self.feed(at, Input::Pending(true));
    }

    fn feed(&mut self, at: usize, input: Input) {
        if !self.nodes[at].is_away {
            let effects = self.nodes[at].machine.step(input);
            self.obey(at, effects);
        }
    }

    /// Performs what a machine orders, and gives it back what it has said.
    fn obey(&mut self, at: usize, effects: Vec<Effect>) {
        self.nodes[at].check_sizes(self.world.set.count());
        self.round_max = self.round_max.max(self.nodes[at].machine.round().get());
        for effect in effects {
            let now = self.crash_before == Some(self.effects);
            self.effects += 1;
            if now || self.rng.percent(self.weather.crashes) {
                self.crash(at);
                return;
            }
            self.perform(at, effect);
        }
        while let Some(own) = self.nodes[at].own.pop_front() {
            self.feed(at, own);
        }
    }
}
