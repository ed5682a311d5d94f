//! Several heights of one chain, each with validators of its own. Each height is a walk; hosts go on from
//! one to the next as they decide it, each in its own time, through crashes, and with the note on disk.
//!
//! Here is what the node does at the boundary: blocks are applied and cosigned, notes come and are synced,
//! messages of the next height are kept until it begins, and whoever is behind is helped. Beside the laws
//! of a walk: a block is decided by the set of its height; in the hold nothing is said and nothing decided;
//! nobody speaks who is not in the set; whoever has applied a height has the note of the one before.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{codec, key::PublicKey};

use super::{Packet, Seen, Walk, Weather, node::Node};
use crate::{
    Commit, EarlyKind, EarlyMessage, EarlyMessages, Input, Machine, Message, Safety,
    ValidatorHistory,
    tests::{
        actors::{Actor, HABITS, What, retired::Retired},
        seeds::{each_seed, leave_figures, seeds},
        world::{self, Random, World, key_of},
    },
};

/// Agencies in all, and keys that one of them uses one after another.
const PEOPLE: usize = 11;
const FIRST_HEIGHT: u64 = 5;
const BYTES_MAX: usize = 64 << 10;
/// Observers have numbers that no validator has.
const OBSERVER: u16 = 32;
/// Per height and validator.
const ACTIONS: usize = 190;

/// Who votes at each height: the seed of the key of each agency there, if it has one.
struct Plan {
    keys: Vec<BTreeMap<usize, u8>>,
    worlds: Vec<World>,
}

impl Plan {
    /// Some go, some come, some take another key.
    fn of(rng: &mut Random, sizes: &[usize]) -> Self {
        let mut keys: Vec<BTreeMap<usize, u8>> = Vec::new();
        let mut newest: Vec<u8> = (1..=PEOPLE as u8).collect();
        for size in sizes {
            let mut set = BTreeMap::new();
            if let Some(before) = keys.last() {
                let stays = [0, 30, 70, 100][rng.index(4)];
                for agency in before.keys() {
                    if set.len() < *size && rng.percent(stays) {
                        if rng.percent(20) {
                            newest[*agency] += PEOPLE as u8;
                        }
                        set.insert(*agency, newest[*agency]);
                    }
                }
            }
            while set.len() < *size {
                let agency = rng.index(PEOPLE);
                set.entry(agency).or_insert(newest[agency]);
            }
            keys.push(set);
        }
        let world = |(height, set): (usize, &BTreeMap<usize, u8>)| {
            World::of(set.values().copied(), FIRST_HEIGHT + height as u64)
        };
        let worlds = keys.iter().enumerate().map(world).collect();
        Self { keys, worlds }
    }

    /// The key of an agency at a height; one that is in no set is its first.
    fn key(&self, height: usize, agency: usize) -> PublicKey {
        let first = agency as u8 + 1;
        key_of(self.keys[height].get(&agency).copied().unwrap_or(first))
    }

    fn member(&self, height: usize, agency: usize) -> Option<u16> {
        let set = self.keys[height].contains_key(&agency);
        set.then(|| self.worlds[height].set.index_of(&self.key(height, agency)))?
    }

    /// Liars: at most f at each height, and as many as can be.
    fn liars(&self, rng: &mut Random) -> BTreeSet<usize> {
        let mut liars = BTreeSet::new();
        let first = rng.index(PEOPLE);
        for agency in (0..PEOPLE).map(|number| (first + number) % PEOPLE) {
            liars.insert(agency);
            let fits = |height: usize| {
                let among = liars
                    .iter()
                    .filter(|liar| self.keys[height].contains_key(liar));
                among.count() <= self.worlds[height].set.faulty_max()
            };
            if !(0..self.keys.len()).all(fits) {
                liars.remove(&agency);
            }
        }
        liars
    }
}

/// What an honest agency's host has on disk and in hand.
#[derive(Default)]
struct Host {
    /// Heights that lie behind it.
    chain: Vec<Commit>,
    cosigned: BTreeSet<usize>,
    notes: BTreeSet<usize>,
    /// One file per key.
    records: BTreeMap<PublicKey, Safety>,
    early: EarlyMessages<u16>,
}

struct Journey {
    plan: Plan,
    liars: BTreeSet<usize>,
    walks: Vec<Walk>,
    /// The node of each honest agency in each walk.
    places: Vec<BTreeMap<usize, usize>>,
    hosts: BTreeMap<usize, Host>,
    rng: Random,
    crashes: u64,
    met: Met,
}

/// How much of the boundaries was met.
#[derive(Debug, Default)]
struct Met {
    arrivals: usize,
    ends: usize,
    held: usize,
    early: usize,
    restarts_in_hold: usize,
    cut_at_commit: usize,
    cut_at_release: usize,
}

impl Met {
    fn add(&mut self, other: &Self) {
        self.arrivals += other.arrivals;
        self.ends += other.ends;
        self.held += other.held;
        self.early += other.early;
        self.restarts_in_hold += other.restarts_in_hold;
        self.cut_at_commit += other.cut_at_commit;
        self.cut_at_release += other.cut_at_release;
    }
}

fn weather(rng: &mut Random) -> Weather {
    let mut weather = Weather::of(rng);
    weather.precommit_loss = [0, 20, 60][rng.index(3)];
    weather
}

impl Journey {
    fn new(seed: u64, sizes: &[usize]) -> Self {
        let mut rng = world::random(seed);
        let plan = Plan::of(&mut rng, sizes);
        let liars = plan.liars(&mut rng);
        let mut history = ValidatorHistory::new(plan.worlds[0].set.clone());
        for pair in plan.worlds.windows(2) {
            history.change(pair[0].height, pair[1].set.clone());
        }
        let (mut walks, mut places) = (Vec::new(), Vec::new());
        for height in 0..sizes.len() {
            let lot = lot(&plan, &liars, height, &mut rng);
            let own = world::random(rng.next_u64());
            let weather = weather(&mut rng);
            let world = plan.worlds[height].clone();
            let mut walk = Walk::of(world, history.clone(), own, weather, lot);
            let honest = (0..PEOPLE).filter(|agency| !liars.contains(agency));
            let seats = honest.map(|agency| (agency, seat(&mut walk, &plan, height, agency)));
            places.push(seats.collect());
            walks.push(walk);
        }
        let honest = (0..PEOPLE).filter(|agency| !liars.contains(agency));
        let crashes = [0, 5, 20][rng.index(3)];
        Self {
            hosts: honest.map(|agency| (agency, Host::default())).collect(),
            plan,
            liars,
            walks,
            places,
            rng,
            crashes,
            met: Met::default(),
        }
    }

    fn run(&mut self) {
        for walk in &mut self.walks {
            for at in 0..walk.nodes.len() {
                walk.feed(at, Input::Pending(true));
            }
        }
        let validators: usize = self.plan.keys.iter().map(BTreeMap::len).sum();
        for _ in 0..ACTIONS * validators {
            match self.rng.index(16) {
                0 => self.catch_up(),
                1 | 2 => self.cosign_or_hear_note(),
                _ => {
                    let reached = self.hosts.values().map(|host| host.chain.len());
                    let open = reached.max().unwrap_or(0).min(self.walks.len() - 1);
                    let behind = self.rng.index(open + 1).min(self.rng.index(open + 1));
                    self.walks[open - behind].act();
                }
            }
            self.keep_early();
            self.go_on();
        }
        for walk in &mut self.walks {
            walk.check_no_honest_amnesia();
            walk.seen.rounds = walk.round_max;
        }
    }

    fn any_host(&mut self) -> usize {
        let agencies: Vec<usize> = self.hosts.keys().copied().collect();
        agencies[self.rng.index(agencies.len())]
    }

    /// A host asks another for the block that it lacks.
    fn catch_up(&mut self) {
        let (agency, peer) = (self.any_host(), self.any_host());
        let height = self.hosts[&agency].chain.len();
        let Some(commit) = self.hosts[&peer].chain.get(height).cloned() else {
            return;
        };
        let at = self.places[height][&agency];
        let block = commit.block;
        let walk = &mut self.walks[height];
        let door = walk.world.door(&Message::Commit(commit), true, true);
        walk.feed(at, Input::BlockKnown { block, valid: true });
        walk.feed(at, door.unwrap());
    }

    /// A host cosigns its newest block, or gets the note on it, if there is one.
    fn cosign_or_hear_note(&mut self) {
        let agency = self.any_host();
        let host = &self.hosts[&agency];
        let Some(height) = host.chain.len().checked_sub(1) else {
            return;
        };
        if self.rng.percent(50) {
            if self.plan.keys[height].contains_key(&agency) {
                self.hosts.get_mut(&agency).unwrap().cosigned.insert(height);
            }
            return;
        }
        let set = &self.plan.keys[height];
        let honest = self
            .hosts
            .iter()
            .filter(|(_, host)| host.cosigned.contains(&height));
        let lies = self.liars.iter().filter(|liar| set.contains_key(liar));
        let cosigned = honest.count() + lies.count();
        let told = self.hosts.values().any(|host| host.notes.contains(&height));
        let is_there = told || cosigned >= self.walks[height].world.set.quorum();
        if is_there && !host.notes.contains(&height) && height + 1 < self.walks.len() {
            self.release(agency, height);
        }
    }

    /// The note is synced: the next height begins.
    fn release(&mut self, agency: usize, height: usize) {
        self.hosts.get_mut(&agency).unwrap().notes.insert(height);
        let at = self.places[height + 1][&agency];
        let walk = &mut self.walks[height + 1];
        walk.nodes[at].is_held = false;
        if self.rng.percent(self.crashes) {
            self.met.cut_at_release += 1;
            walk.crash(at);
        } else {
            walk.feed(at, Input::Released);
        }
    }

    /// What came for a height that a host has not begun: a vote that holds already is the machine's, the
    /// rest is kept as it came.
    fn keep_early(&mut self) {
        for next in 1..self.walks.len() {
            for packet in std::mem::take(&mut self.walks[next].early) {
                let agency = self.places[next].iter().find(|(_, at)| **at == packet.to);
                let agency = *agency.unwrap().0;
                if self.hosts[&agency].chain.len() + 1 == next {
                    self.keep_one(agency, next, packet);
                }
            }
        }
    }

    fn keep_one(&mut self, agency: usize, next: usize, packet: Packet) {
        let at = self.places[next - 1][&agency];
        let now = self.walks[next - 1].world.clone();
        let message = match packet.what {
            What::Said(message) => message,
            What::Former(world, message) => {
                if let Some(vote @ Input::Vote(_)) = world.door(&message, true, true) {
                    self.walks[next - 1].feed(at, vote);
                }
                return;
            }
        };
        let (kind, height, signer) = match &message {
            Message::Vote(vote) => (EarlyKind::Vote, vote.statement.height, vote.signer),
            Message::Proposal(proposal) => {
                let said = &proposal.statement;
                (EarlyKind::Proposal, said.height, proposal.signer)
            }
            Message::Polka(_) | Message::Commit(_) => return,
        };
        if let Some(vote @ Input::Vote(_)) = now.door(&message, true, true) {
            self.walks[next - 1].feed(at, vote);
            return;
        }
        let keys: Vec<_> = self.walks[next]
            .world
            .set
            .key(packet.from)
            .into_iter()
            .collect();
        let early = EarlyMessage {
            kind,
            height,
            signer,
            bytes: codec::encode(1, &message),
        };
        let host = self.hosts.get_mut(&agency).unwrap();
        let kept = host.early.keep(packet.from, &keys, early);
        self.met.early += usize::from(kept.is_ok());
    }

    /// Hosts that have decided a height apply its block and begin the next.
    fn go_on(&mut self) {
        for height in 0..self.walks.len() {
            for (at, commit) in std::mem::take(&mut self.walks[height].arrived) {
                let agency = self.places[height].iter().find(|(_, place)| **place == at);
                if let Some((agency, _)) = agency {
                    self.arrive(*agency, height, at, commit);
                }
            }
        }
    }

    fn arrive(&mut self, agency: usize, height: usize, at: usize, commit: Commit) {
        let next = height + 1;
        let host = self.hosts.get_mut(&agency).unwrap();
        assert_eq!(host.chain.len(), height, "applied out of order");
        assert!(height == 0 || host.notes.contains(&(height - 1)), "no note");
        host.chain.push(commit);
        let node = &self.walks[height].nodes[at];
        if let (Some(key), Some(saved)) = (node.me, &node.saved) {
            host.records.insert(key, saved.clone());
        }
        self.met.arrivals += 1;
        if next == self.walks.len() {
            self.met.ends += 1;
            return;
        }
        let mut machine = node.machine.clone();
        let place = self.places[next][&agency];
        let is_held = !host.notes.contains(&height);
        self.met.held += usize::from(is_held);
        let node = &mut self.walks[next].nodes[place];
        node.is_away = false;
        node.is_held = is_held;
        node.saved = node.me.and_then(|key| host.records.get(&key).cloned());
        let begun = self.walks[next].begun(place);
        let cut = self.rng.percent(self.crashes);
        let effects = if cut {
            self.met.cut_at_commit += 1;
            host.early = EarlyMessages::default();
            machine = Machine::new(self.walks[next].world.chain, begun);
            machine.step(Input::Start)
        } else {
            machine.advance(begun)
        };
        let early = host.early.take(self.walks[next].world.height);
        let walk = &mut self.walks[next];
        walk.nodes[place].machine = machine;
        walk.obey(place, effects);
        for (_, message) in early {
            let message: Message = codec::decode(1, &message.bytes, BYTES_MAX).unwrap();
            let from = 0;
            let what = What::Said(message);
            walk.hear(from, place, &what);
        }
        walk.feed(place, Input::Pending(true));
        if is_held && self.rng.percent(self.crashes) {
            self.met.restarts_in_hold += 1;
            walk.crash(place);
        }
    }
}

/// The node of an honest agency in a walk: the one of its key, or an observer.
fn seat(walk: &mut Walk, plan: &Plan, height: usize, agency: usize) -> usize {
    let at = match plan.member(height, agency) {
        Some(key) => walk.nodes.iter().position(|node| node.key == key).unwrap(),
        None => {
            let mut observer = Node::new(&walk.world, OBSERVER + agency as u16, None);
            observer.me = Some(plan.key(height, agency));
            walk.nodes.push(observer);
            walk.nodes.len() - 1
        }
    };
    walk.nodes[at].is_away = height > 0;
    at
}

/// The liars of a height, each with a habit; some have the keys of those who have left.
fn lot(
    plan: &Plan,
    liars: &BTreeSet<usize>,
    height: usize,
    rng: &mut Random,
) -> Vec<(u16, Box<dyn Actor>)> {
    let mut lot: Vec<(u16, Box<dyn Actor>)> = Vec::new();
    for liar in liars {
        let Some(key) = plan.member(height, *liar) else {
            continue;
        };
        let before = height.checked_sub(1).filter(|_| rng.percent(40));
        let actor: Box<dyn Actor> = match before {
            Some(before) => {
                let world = plan.worlds[before].clone();
                let now = &plan.worlds[height].set;
                let own = |key: &u16| {
                    let key = world.set.key(*key).unwrap();
                    let lies = liars.iter().any(|liar| plan.key(before, *liar) == key);
                    lies || now.index_of(&key).is_none()
                };
                let keys = (0..world.set.count() as u16).filter(own).collect();
                Box::new(Retired::new(world, keys))
            }
            None => HABITS[rng.index(HABITS.len())](rng),
        };
        lot.push((key, actor));
    }
    lot
}

/// Sizes of the sets of a journey.
const JOURNEYS: [&[usize]; 6] = [
    &[4, 4],
    &[4, 5],
    &[5, 4],
    &[4, 4, 4],
    &[4, 7, 4],
    &[4, 5, 7, 4],
];
const SEEDS: u64 = 400;

#[test]
fn no_schedule_makes_a_change_of_validators_fork_or_speak_too_early() {
    let mut total = Met::default();
    let mut seen = Seen::default();
    each_seed("no_schedule_makes_a_change", SEEDS, |seed| {
        let sizes = JOURNEYS[(seed % JOURNEYS.len() as u64) as usize];
        let mut journey = Journey::new(seed, sizes);
        journey.run();
        total.add(&journey.met);
        for walk in &journey.walks {
            seen.add(&walk.seen);
        }
    });
    let walked = seeds(SEEDS).count() as u64;
    eprintln!("journeys: {walked} seeds: {total:?} {seen:?}");
    leave_figures(
        "journeys",
        &[
            ("seeds", walked),
            ("crashes", seen.crashes as u64),
            ("lies", (seen.lies + seen.refused) as u64),
            ("decisions", seen.decisions as u64),
        ],
    );
    if walked >= SEEDS {
        assert!(total.ends > 0 && total.held > 0 && total.early > 0);
        assert!(total.restarts_in_hold > 0 && total.cut_at_commit > 0);
        assert!(total.cut_at_release > 0 && seen.evidence > 0);
    }
}
