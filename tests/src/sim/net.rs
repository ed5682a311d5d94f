//! The world of a simulation: hosts, the links between them, and one list of what happens next.
//!
//! One thread; whatever happens at one moment happens in the order in which it was planned.

use std::collections::{BTreeMap, BTreeSet};

use node::network::{CUT_FOR, Lane};
use protocol::hash::sha256;
use testkit::Random;

use super::{
    actors::{Actor, Scene},
    clerks::Clerks,
    clock::BEGINS_MS,
    fault_run::{Backup, Fault},
    host::{Done, Host, Seats, Sent},
    invariants::{Broken, Laws},
    options::Options,
    words,
};

/// Until a node turns to what has come: other things may come meanwhile.
const TURN_US_MAX: u64 = 2_000;
/// How long a new connection takes at most.
pub(super) const CONNECT_US_MAX: u64 = 500_000;
/// How long a crashed node is away at most.
pub(super) const AWAY_US_MAX: u64 = 8_000_000;

/// The most messages of one simulation, many times what any needs: beyond it, answers ask for answers.
const MESSAGES_MAX: u64 = 500_000;

/// How often an actor does something unasked.
const ACT_US: u64 = 50_000;

/// What happens.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// A message arrives, if its connection still stands.
    Arrive {
        from: usize,
        to: usize,
        lane: Lane,
        bytes: Vec<u8>,
        connection: u64,
    },
    /// A host turns to whatever it has to do.
    Turn(usize),
    /// Two hosts connect if they can.
    Connect(usize, usize),
    /// A host starts its node.
    Start(usize),
    /// A clerk looks after its errand.
    Tend(usize),
    /// An actor does something unasked.
    Act(usize),
    /// Something goes wrong, or right again.
    Fault(Fault),
}

/// From one host to another.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Link {
    /// The number of the connection, if there is one.
    connection: Option<u64>,
    /// Nothing gets through in this direction.
    pub(super) is_cut: bool,
    /// When the last message of each lane arrives, so that order is kept.
    last_us: [u64; 3],
}

impl Link {
    pub(super) const fn is_connected(&self) -> bool {
        self.connection.is_some()
    }
}

/// What a simulation counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    pub(super) steps: u64,
    pub(super) messages: u64,
    /// Messages by their kind.
    pub(super) said: BTreeMap<&'static str, u64>,
    pub(super) faults: BTreeMap<&'static str, u64>,
}

/// Everything.
pub(super) struct Net {
    pub(super) options: Options,
    pub(super) seats: Seats,
    pub(super) hosts: Vec<Host>,
    pub(super) actors: BTreeMap<usize, Box<dyn Actor>>,
    pub(super) links: BTreeMap<(usize, usize), Link>,
    pub(super) laws: Laws,
    pub(super) clerks: Clerks,
    pub(super) chance: Random,
    pub(super) counts: Counts,
    pub(super) now_us: u64,
    pub(super) is_storm: bool,
    /// When an honest node last spoke of a block.
    pub(super) spoke_us: u64,
    pub(super) trace: [u8; 32],
    /// Hosts whose words and deeds are judged.
    pub(super) honest: BTreeSet<usize>,
    pub(super) gone: BTreeSet<usize>,
    pub(super) backups: BTreeMap<usize, Backup>,
    turn_at: BTreeMap<usize, u64>,
    busy_until: BTreeMap<usize, u64>,
    events: BTreeMap<(u64, u64), Event>,
    planned: u64,
    connections: u64,
}

impl Net {
    pub(super) fn new(
        options: Options,
        seats: Seats,
        hosts: Vec<Host>,
        laws: Laws,
        clerks: Clerks,
        chance: Random,
    ) -> Self {
        let numbers = 0..hosts.len();
        let pairs = numbers
            .clone()
            .flat_map(|a| numbers.clone().map(move |b| (a, b)));
        let links = pairs.filter(|(a, b)| hosts[*a].seat != hosts[*b].seat);
        Self {
            links: links.map(|pair| (pair, Link::default())).collect(),
            options,
            seats,
            hosts,
            actors: BTreeMap::new(),
            laws,
            clerks,
            chance,
            counts: Counts::default(),
            now_us: 0,
            is_storm: false,
            spoke_us: 0,
            trace: [0; 32],
            honest: BTreeSet::new(),
            gone: BTreeSet::new(),
            backups: BTreeMap::new(),
            turn_at: BTreeMap::new(),
            busy_until: BTreeMap::new(),
            events: BTreeMap::new(),
            planned: 0,
            connections: 0,
        }
    }

    pub(super) const fn now_ms(&self) -> u64 {
        self.now_us / 1000
    }

    pub(super) fn plan(&mut self, after_us: u64, event: Event) {
        self.planned += 1;
        self.events
            .insert((self.now_us + after_us, self.planned), event);
    }

    pub(super) fn count(&mut self, fault: &'static str) {
        *self.counts.faults.entry(fault).or_default() += 1;
    }

    /// Gives two hosts a connection.
    pub(super) fn join(&mut self, a: usize, b: usize) {
        self.connections += 1;
        for pair in [(a, b), (b, a)] {
            if let Some(link) = self.links.get_mut(&pair) {
                link.connection = Some(self.connections);
                link.last_us = [0; 3];
            }
        }
    }

    /// Takes it away. False if there was none.
    pub(super) fn part(&mut self, a: usize, b: usize) -> bool {
        let mut was = false;
        for pair in [(a, b), (b, a)] {
            if let Some(link) = self.links.get_mut(&pair) {
                was |= link.connection.take().is_some();
            }
        }
        was
    }

    fn note(&mut self, parts: &[&[u8]]) {
        let mut all: Vec<&[u8]> = vec![&self.trace];
        let now = self.now_us.to_be_bytes();
        all.push(&now);
        all.extend(parts);
        self.trace = sha256(&all);
    }

    /// Lets everything happen that is planned until then.
    pub(super) fn run_until(&mut self, until_ms: u64) -> Result<(), Broken> {
        while let Some(next) = self.events.first_entry()
            && next.key().0 <= until_ms * 1000
        {
            self.now_us = next.key().0;
            let event = next.remove();
            self.happen(event)?;
            if self.counts.messages > MESSAGES_MAX {
                let (said, ms) = (&self.counts.said, self.now_ms());
                return Err(format!("after {ms} ms nodes drown in messages: {said:?}"));
            }
        }
        self.now_us = until_ms * 1000;
        Ok(())
    }

    fn happen(&mut self, event: Event) -> Result<(), Broken> {
        match event {
            Event::Arrive {
                from,
                to,
                lane,
                bytes,
                connection,
            } => {
                let stands = self.links[&(from, to)].connection == Some(connection);
                if stands {
                    self.arrive(from, to, lane, bytes, connection);
                }
            }
            Event::Turn(host) => self.turn(host)?,
            Event::Connect(a, b) => self.connect(a, b),
            Event::Start(host) => self.start(host)?,
            Event::Tend(errand) => self.tend(errand)?,
            Event::Act(host) => self.act(host),
            Event::Fault(fault) => self.go_wrong(fault)?,
        }
        Ok(())
    }

    fn arrive(&mut self, from: usize, to: usize, lane: Lane, bytes: Vec<u8>, connection: u64) {
        let seat = self.hosts[from].seat;
        let bytes = match self.actors.get_mut(&to) {
            None => Some(bytes),
            Some(actor) => {
                let mut scene = Scene::new(&self.seats, &self.hosts[to], self.now_us);
                let heard = actor.hears(&mut scene, seat, lane, bytes);
                let said = scene.said;
                self.send_all(to, said, 0);
                heard
            }
        };
        let Some(bytes) = bytes else { return };
        self.laws.hears(to, seat, BEGINS_MS + self.now_ms());
        if self.hosts[to].hand(seat, lane, bytes.clone()) {
            self.laws.cosigned.is_told(&self.hosts[to], lane, &bytes);
            self.turn_soon(to);
        } else if self.hosts[to].life.is_some() {
            // The inbox is full: the bytes wait in the stream.
            let event = Event::Arrive {
                from,
                to,
                lane,
                bytes,
                connection,
            };
            self.plan(5_000, event);
        }
    }

    pub(super) fn turn_soon(&mut self, host: usize) {
        let after = self.chance.between(0, TURN_US_MAX);
        self.turn_at(host, self.now_us + after);
    }

    fn turn_at(&mut self, host: usize, at_us: u64) {
        let busy = self.busy_until.get(&host).copied().unwrap_or(0);
        let at = at_us.max(busy).max(self.now_us);
        let planned = self.turn_at.get(&host).copied();
        if planned.is_none_or(|planned| planned > at) {
            self.turn_at.insert(host, at);
            self.plan(at - self.now_us, Event::Turn(host));
        }
    }

    /// One step of one host, and everything that must hold after it.
    fn turn(&mut self, number: usize) -> Result<(), Broken> {
        if self.turn_at.get(&number) != Some(&self.now_us) {
            return Ok(());
        }
        self.turn_at.remove(&number);
        let host = &mut self.hosts[number];
        if host.life.is_none() {
            return Ok(());
        }
        self.counts.steps += 1;
        host.clock.turn(self.now_us);
        let done = host.step();
        let spent = host.power.take_spent_us();
        self.busy_until.insert(number, self.now_us + spent);
        self.judge(number, &done)?;
        for (errand, answers) in &done.answers {
            let (now, honest) = (self.now_ms(), self.honest.contains(&number));
            self.clerks.hear(*errand, answers, now, honest)?;
        }
        self.cut_off(number, &done.cuts)?;
        self.follow(number, &done);
        let Done { sent, .. } = done;
        self.laws.note_proposals(&sent, BEGINS_MS + self.now_ms());
        self.say(number, sent, spent);
        self.end_of_turn(number)
    }

    /// I14: an honest node cuts off nobody who keeps the rules. Whoever is cut off comes back later.
    fn cut_off(&mut self, number: usize, cuts: &[usize]) -> Result<(), Broken> {
        for seat in cuts {
            let others = (0..self.hosts.len()).filter(|other| self.hosts[*other].seat == *seat);
            for other in others.collect::<Vec<_>>() {
                if self.honest.contains(&number) && self.honest.contains(&other) {
                    let (name, other) = (&self.hosts[number].name, &self.hosts[other].name);
                    return Err(format!("I14: {name} cuts off {other}, which is honest"));
                }
                self.count("cut off");
                self.disconnect(number, other);
                let after = u64::try_from(CUT_FOR.as_micros()).unwrap_or(u64::MAX);
                self.plan(after, Event::Connect(number, other));
            }
        }
        Ok(())
    }

    /// A host has other peers: who is none any more is cut off, who is new is connected with.
    fn follow(&mut self, number: usize, done: &Done) {
        for other in 0..self.hosts.len() {
            let seat = self.hosts[other].seat;
            if done.unlisted.contains(&seat) {
                self.disconnect(number, other);
            }
            if done.listed.contains(&seat) {
                let after = self.chance.between(1000, CONNECT_US_MAX);
                self.plan(after, Event::Connect(number, other));
            }
        }
    }

    fn judge(&mut self, number: usize, done: &Done) -> Result<(), Broken> {
        let host = &self.hosts[number];
        if !self.honest.contains(&number) {
            return self.laws.judge_old_copy(host, done);
        }
        if host.power.spoke_after_failure() {
            return Err(format!(
                "I11: {} spoke after its disk had failed",
                host.name
            ));
        }
        let true_ms = BEGINS_MS + self.now_ms();
        self.laws.judge(host, done, true_ms)?;
        let speaks = |(_, lane, bytes): &Sent| words::is_of_a_block(*lane, bytes);
        if done.sent.iter().any(speaks) {
            self.spoke_us = self.now_us;
        }
        Ok(())
    }

    fn end_of_turn(&mut self, number: usize) -> Result<(), Broken> {
        let host = &self.hosts[number];
        if host.power.is_off() {
            self.go_down(number, true);
            return Ok(());
        }
        if let Some(reason) = host.failure() {
            if self.honest.contains(&number) {
                return Err(format!("{} has stopped: {reason}", host.name));
            }
            self.go_down(number, false);
            return Ok(());
        }
        if let Some(at) = host.clock.alarm_us() {
            self.turn_at(number, at);
        }
        Ok(())
    }

    /// A clerk looks after its errand, and again in a while.
    fn tend(&mut self, errand: usize) -> Result<(), Broken> {
        let now = self.now_ms();
        let Self {
            clerks,
            hosts,
            honest,
            laws,
            ..
        } = self;
        if let Some(host) = clerks.tend(errand, hosts, honest, laws, now)? {
            self.turn_soon(host);
        }
        if !clerks_done(&self.clerks, errand) {
            self.plan(250_000, Event::Tend(errand));
        }
        Ok(())
    }

    /// The words of a node go out, bent if it is not honest.
    fn say(&mut self, number: usize, sent: Vec<Sent>, after_us: u64) {
        let Some(actor) = self.actors.get_mut(&number) else {
            return self.send_all(number, sent, after_us);
        };
        let mut scene = Scene::new(&self.seats, &self.hosts[number], self.now_us);
        for (to, lane, bytes) in sent {
            actor.says(&mut scene, to, lane, bytes);
        }
        let said = scene.said;
        self.laws.note_proposals(&said, BEGINS_MS + self.now_ms());
        self.send_all(number, said, after_us);
    }

    fn act(&mut self, number: usize) {
        if let Some(actor) = self.actors.get_mut(&number) {
            let mut scene = Scene::new(&self.seats, &self.hosts[number], self.now_us);
            actor.acts(&mut scene);
            let said = scene.said;
            self.send_all(number, said, 0);
            self.plan(ACT_US, Event::Act(number));
        }
    }

    fn send_all(&mut self, from: usize, sent: Vec<Sent>, after_us: u64) {
        for (seat, lane, bytes) in sent {
            let hosts = 0..self.hosts.len();
            let of_seat: Vec<usize> = hosts.filter(|to| self.hosts[*to].seat == seat).collect();
            for to in of_seat {
                self.carry(from, to, lane, &bytes, after_us);
            }
        }
    }

    fn carry(&mut self, from: usize, to: usize, lane: Lane, bytes: &[u8], after_us: u64) {
        let Some(link) = self.links.get(&(from, to)).copied() else {
            return;
        };
        let Some(connection) = link.connection.filter(|_| !link.is_cut) else {
            return;
        };
        self.counts.messages += 1;
        *self
            .counts
            .said
            .entry(words::kind(lane, bytes))
            .or_default() += 1;
        let ends = [
            u8::try_from(from).unwrap_or(0),
            u8::try_from(to).unwrap_or(0),
        ];
        self.note(&[&ends, bytes]);
        let (loss, doubled, delay_ms) = if self.is_storm {
            let options = &self.options;
            (options.loss, options.doubled, options.delay_ms)
        } else {
            (0, 0, 20)
        };
        if self.chance.percent(loss) {
            return self.count("lost");
        }
        let copies = if self.chance.percent(doubled) { 2 } else { 1 };
        for _ in 0..copies {
            let mut after = after_us + self.chance.between(200, delay_ms * 1000);
            if self.options.in_order
                && let Some(link) = self.links.get_mut(&(from, to))
            {
                let last = &mut link.last_us[lane as usize];
                *last = (self.now_us + after).max(*last);
                after = *last - self.now_us;
            }
            let event = Event::Arrive {
                from,
                to,
                lane,
                bytes: bytes.to_vec(),
                connection,
            };
            self.plan(after, event);
        }
        if copies > 1 {
            self.count("doubled");
        }
    }
}

fn clerks_done(clerks: &Clerks, errand: usize) -> bool {
    clerks.errands[errand].is_over()
}
