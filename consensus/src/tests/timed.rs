//! A network with a clock: loss, delay, partitions and crashes until a moment, good weather after
//! it. Then every entry must be decided everywhere, each block must hold entries, and the network
//! must fall silent. The host here does what the node does: gossip, catch-up, fetching, one record, and
//! at a change of validators cosignatures, the note and the hold.

mod changes;
mod host;

use std::collections::{BTreeMap, BTreeSet};

use protocol::{hash::BlockId, height::Height, key::PublicKey};

use super::{
    seeds::{each_seed, leave_figures, seeds},
    world::{self, Random, World},
};
use crate::{Commit, Message, Timer, ValidatorSet};
use host::Host;

const MINUTE: u64 = 60_000;

/// An entry above this one changes the validators: to the first set after the first, and so on.
const CHANGES: u64 = 1 << 32;

/// What a block holds.
#[derive(Clone, Debug)]
pub(super) struct Body {
    height: u64,
    entries: BTreeSet<u64>,
}

impl Body {
    /// Number of the set that votes after it, if it changes that.
    fn change(&self) -> Option<usize> {
        let changes = self.entries.range(CHANGES..).next();
        changes.map(|entry| (entry - CHANGES) as usize)
    }
}

#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "a test's queue is short")]
enum Event {
    Arrive {
        to: usize,
        from: usize,
        message: Message,
    },
    /// A cosignature on the block of a height.
    Cosign {
        to: usize,
        height: u64,
        by: usize,
    },
    /// The note on it.
    Note {
        to: usize,
        height: u64,
    },
    Answer {
        to: usize,
        block: BlockId,
        commit: Commit,
    },
    Gossip {
        to: usize,
        entry: u64,
    },
    Timer {
        at: usize,
        life: u32,
        timer: Timer,
    },
    Known {
        at: usize,
        life: u32,
        block: BlockId,
    },
    Poll {
        at: usize,
    },
    Crash {
        at: usize,
    },
    Restart {
        at: usize,
    },
}

fn height_of(message: &Message) -> Height {
    match message {
        Message::Proposal(proposal) => proposal.statement.height,
        Message::Vote(vote) => vote.statement.height,
        Message::Polka(polka) => polka.height,
        Message::Commit(commit) => commit.height,
    }
}

/// A network of honest machines.
pub(super) struct Net {
    /// The keys of all hosts.
    keys: Vec<PublicKey>,
    /// Who votes at first, and after each change.
    sets: Vec<ValidatorSet>,
    rng: Random,
    now: u64,
    events: BTreeMap<(u64, u64), Event>,
    events_made: u64,
    hosts: Vec<Host>,
    bodies: BTreeMap<BlockId, Body>,
    /// When the weather turns good.
    good_from: u64,
    /// Which side each one is on while the weather is bad and the cable is cut.
    sides: Vec<usize>,
    /// Never speaks to those: a liar of the quiet kind. It hears everybody.
    shuns: BTreeMap<usize, BTreeSet<usize>>,
    /// What is said at that height comes to that host so much later.
    late: Option<(Height, usize, u64)>,
    spoken_last: u64,
    rounds_max: u64,
    entries: BTreeSet<u64>,
}

impl Net {
    /// Hosts that all vote; their numbers are those of their keys.
    pub(super) fn new(n: usize, seed: u64, good_from: u64) -> Self {
        let set = World::new(n).set;
        Self::of(set.keys().to_vec(), vec![set], seed, good_from)
    }

    /// Hosts with these keys. The first set votes until a block changes that.
    fn of(keys: Vec<PublicKey>, sets: Vec<ValidatorSet>, seed: u64, good_from: u64) -> Self {
        let n = keys.len();
        let host = |key: &PublicKey| Host::new(*key, sets[0].clone());
        let mut net = Self {
            hosts: keys.iter().map(host).collect(),
            keys,
            sets,
            rng: world::random(seed),
            now: 0,
            events: BTreeMap::new(),
            events_made: 0,
            bodies: BTreeMap::new(),
            good_from,
            sides: vec![0; n],
            shuns: BTreeMap::new(),
            late: None,
            spoken_last: 0,
            rounds_max: 0,
            entries: BTreeSet::new(),
        };
        for at in 0..n {
            let first = net.rng.below(2_000);
            net.push(first, Event::Poll { at });
        }
        net
    }

    /// Cuts the network in two while the weather is bad.
    pub(super) fn cut(&mut self, sides: &[usize]) {
        self.sides = sides.to_vec();
    }

    /// Lets `who` never speak to `whom`.
    pub(super) fn shun(&mut self, who: usize, whom: &[usize]) {
        self.shuns.insert(who, whom.iter().copied().collect());
    }

    pub(super) fn submit(&mut self, after: u64, to: usize, entry: u64) {
        self.entries.insert(entry);
        self.push(after, Event::Gossip { to, entry });
    }

    pub(super) fn crash(&mut self, after: u64, at: usize, back_after: Option<u64>) {
        self.push(after, Event::Crash { at });
        if let Some(back) = back_after {
            self.push(after + back, Event::Restart { at });
        }
    }

    fn push(&mut self, after: u64, event: Event) {
        self.events_made += 1;
        self.events
            .insert((self.now + after, self.events_made), event);
    }

    pub(super) fn run_until(&mut self, end: u64) {
        while let Some(entry) = self.events.first_entry() {
            if entry.key().0 > end {
                break;
            }
            self.now = entry.key().0;
            let event = entry.remove();
            self.happen(event);
        }
        self.now = end;
    }

    fn bad_weather(&self) -> bool {
        self.now < self.good_from
    }

    /// How long a message takes from one to the other, unless it is lost.
    fn flight(&mut self, from: usize, to: usize) -> Option<u64> {
        if !self.bad_weather() {
            return Some(self.rng.between(5, 59));
        }
        let lost = self.sides[from] != self.sides[to] || self.rng.percent(25);
        (!lost).then(|| self.rng.between(5, 2_999))
    }

    fn send(&mut self, from: usize, to: usize, message: &Message) {
        let shunned = self.shuns.get(&from).is_some_and(|whom| whom.contains(&to));
        if from != to
            && !shunned
            && let Some(after) = self.flight(from, to)
        {
            let message = message.clone();
            let late = self
                .late
                .filter(|(height, slow, _)| (*height, *slow) == (height_of(&message), to));
            let after = after + late.map_or(0, |(.., late)| late);
            self.push(after, Event::Arrive { to, from, message });
        }
    }

    fn broadcast(&mut self, from: usize, message: &Message) {
        self.spoken_last = self.now;
        for to in 0..self.hosts.len() {
            self.send(from, to, message);
        }
    }

    pub(super) fn decided(&self, at: usize) -> usize {
        self.hosts[at].chain.len()
    }

    pub(super) fn spoken_last(&self) -> u64 {
        self.spoken_last
    }

    pub(super) fn rounds_max(&self) -> u64 {
        self.rounds_max
    }

    /// All that are alive hold the same chain with every entry once, and nobody has anything to say.
    #[track_caller]
    pub(super) fn check_all_is_decided(&self, dead: &[usize]) {
        let alive: Vec<&Host> = (0..self.hosts.len())
            .filter(|at| !dead.contains(at))
            .map(|at| &self.hosts[at])
            .collect();
        for host in &alive {
            let mut found = BTreeSet::new();
            for (block, _) in &host.chain {
                for entry in &self.bodies[block].entries {
                    assert!(found.insert(*entry), "entry {entry} twice");
                }
            }
            let lost: Vec<_> = self.entries.difference(&found).collect();
            let status = host.machine.as_ref().map(crate::Machine::status);
            assert!(lost.is_empty(), "not decided: {lost:?} {status:#?}");
        }
        self.check_agreement();
        let silent_for = self.now.saturating_sub(self.spoken_last);
        assert!(silent_for > MINUTE, "spoke {silent_for} ms ago");
    }

    #[track_caller]
    pub(super) fn check_agreement(&self) {
        for a in &self.hosts {
            for b in &self.hosts {
                for ((one, _), (two, _)) in a.chain.iter().zip(&b.chain) {
                    assert_eq!(one, two, "FORK");
                }
            }
        }
    }
}

/// Random storms; up to f validators die for good or shun others. Says how many crashes there were.
fn storm(n: usize, seed: u64) -> u64 {
    let mut net = Net::new(n, seed, 40_000);
    let mut rng = world::random(seed ^ 0xabcd);
    if rng.percent(50) {
        let sides: Vec<usize> = (0..n).map(|_| rng.index(2)).collect();
        net.cut(&sides);
    }
    for entry in 0..rng.between(1, 24) {
        let to = rng.index(n);
        net.submit(rng.below(60_000), to, entry);
    }
    let crashes = rng.index(6) as u64;
    for _ in 0..crashes {
        let at = rng.index(n);
        let back = rng.between(1, 19_999);
        net.crash(rng.below(40_000), at, Some(back));
    }
    let mut dead = Vec::new();
    for _ in 0..net.sets[0].faulty_max() {
        let at = rng.index(n);
        if rng.percent(50) {
            let whom: Vec<usize> = (0..n).filter(|_| rng.percent(50)).collect();
            net.shun(at, &whom);
            break;
        }
        net.crash(70_000, at, None);
        dead.push(at);
    }
    net.run_until(10 * MINUTE);
    net.check_all_is_decided(&dead);
    crashes + dead.len() as u64
}

#[test]
fn after_a_storm_everything_is_decided_and_the_network_falls_silent() {
    let mut crashes = 0;
    for n in [4, 5, 7] {
        each_seed("after_a_storm", 150, |seed| crashes += storm(n, seed));
    }
    let storms = 3 * seeds(150).count() as u64;
    leave_figures("storms", &[("seeds", storms), ("crashes", crashes)]);
}

#[test]
fn nothing_is_said_while_nothing_waits() {
    let mut net = Net::new(4, 1, 0);
    net.run_until(10 * MINUTE);
    assert_eq!(net.spoken_last(), 0);
    assert!((0..4).all(|at| net.decided(at) == 0));
}

#[test]
fn in_good_weather_an_entry_is_decided_in_one_round() {
    let mut net = Net::new(4, 2, 0);
    for entry in 0..20 {
        net.submit(entry * 700, (entry % 4) as usize, entry);
    }
    net.run_until(2 * MINUTE);
    net.check_all_is_decided(&[]);
    assert_eq!(net.rounds_max(), 0);
    assert!(net.spoken_last() < 15_000);
}
