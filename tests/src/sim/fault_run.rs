//! What goes wrong with hosts and links, and how it is made good again.

use std::{collections::BTreeSet, fs};

use super::{
    invariants::Broken,
    net::{AWAY_US_MAX, CONNECT_US_MAX, Event, Net},
    options::Role,
};
use crate::cluster::copy_folder;

/// Something that happens to hosts or links.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// The process of a host ends at once.
    Kill(usize),
    /// The power of a host fails at the so many-th write or sync from now.
    PowerAt(usize, u64),
    /// All lose power.
    Blackout,
    /// A host goes for good.
    Goes(usize),
    /// Hosts on different sides do not hear each other.
    Partition(Vec<bool>),
    /// The first is not heard by the second, which it hears.
    OneWay(usize, usize),
    /// All links are whole.
    Heal,
    /// Somebody sets a clock.
    SetClock(usize, i64),
    /// A copy of a disk is put aside, with the node stopped.
    BackUp(usize),
    /// The disk is replaced by that copy, or by an empty one.
    Replace(usize),
    /// The ledger is replaced by that copy; and what was signed is kept, or lost.
    ReplaceLedger(usize),
    /// The storm begins.
    Storm,
    /// The storm is over.
    Calm,
}

/// Until then all is well.
pub(super) const BEGINS_US: u64 = 2_000_000;

/// An old copy of a disk.
#[derive(Clone, Debug)]
pub(super) struct Backup {
    safety: Vec<u8>,
    cosign_state: Vec<u8>,
}

impl Net {
    /// Plans all that goes wrong by the options.
    pub(super) fn plan_storm(&mut self) {
        let options = self.options.clone();
        let end_us = options.storm_ms * 1000;
        if options.is_of_return {
            return self.plan_return(end_us);
        }
        let hosts = self.hosts.len();
        for _ in 0..options.crashes {
            let (at, host) = (
                self.chance.between(BEGINS_US, end_us),
                self.chance.index(hosts),
            );
            let operations = self.chance.between(0, 40);
            let fault = if self.chance.percent(60) {
                Fault::PowerAt(host, operations)
            } else {
                Fault::Kill(host)
            };
            self.plan(at, Event::Fault(fault));
        }
        for _ in 0..options.cuts {
            let from = self.chance.between(BEGINS_US, end_us);
            let until = self.chance.between(from, end_us);
            let fault = if self.chance.percent(60) {
                Fault::Partition((0..hosts).map(|_| self.chance.percent(50)).collect())
            } else {
                Fault::OneWay(self.chance.index(hosts), self.chance.index(hosts))
            };
            self.plan(from, Event::Fault(fault));
            self.plan(until, Event::Fault(Fault::Heal));
        }
        for _ in 0..options.clock_steps {
            let (at, host) = (
                self.chance.between(BEGINS_US, end_us),
                self.chance.index(hosts),
            );
            let skew = i64::try_from(options.skew_ms).unwrap_or(0);
            let offset = self.chance.around_zero(skew);
            self.plan(at, Event::Fault(Fault::SetClock(host, offset)));
        }
        if options.blackout {
            let at = self.chance.between(BEGINS_US, end_us);
            self.plan(at, Event::Fault(Fault::Blackout));
        }
        for host in 0..hosts {
            self.plan_role(host, end_us);
        }
        self.plan(BEGINS_US, Event::Fault(Fault::Storm));
        self.plan(end_us, Event::Fault(Fault::Calm));
    }

    /// While seat 0 and as many others as decide with one half of each twin go on, the rest lags. Then
    /// seat 0 is wiped, and hears only the rest and the other halves: by what they tell, and with their
    /// votes, it could decide once more what it has decided before.
    fn plan_return(&mut self, end_us: u64) {
        let agencies = self.options.agencies;
        let faulty = (agencies - 1) / 3;
        let mut seen = BTreeSet::new();
        let mut first_half = |seat: usize| seen.insert(seat);
        // Seats: 0 is wiped, then f twins, then f that go on, then f that lag.
        let goes_on = self.hosts.iter().map(|host| match host.seat {
            seat if seat <= faulty => first_half(seat),
            seat => seat <= 2 * faulty,
        });
        let goes_on: Vec<bool> = goes_on.collect();
        let mut hears_the_rest = goes_on.clone();
        hears_the_rest[0] = false;
        let third = (end_us - BEGINS_US) / 3;
        let (wiped, healed) = (BEGINS_US + third, end_us);
        // Both sides are apart from the first moment on, so that the rest has no block at all.
        self.plan(0, Event::Fault(Fault::Storm));
        self.plan(1, Event::Fault(Fault::Partition(goes_on)));
        self.plan(wiped, Event::Fault(Fault::Heal));
        self.plan(wiped, Event::Fault(Fault::Replace(0)));
        self.plan(wiped, Event::Fault(Fault::Partition(hears_the_rest)));
        self.plan(healed, Event::Fault(Fault::Calm));
    }

    fn plan_role(&mut self, host: usize, end_us: u64) {
        let middle = BEGINS_US.midpoint(end_us);
        let early = self.chance.between(BEGINS_US, middle);
        let late = self.chance.between(middle, end_us);
        match self.options.roles.get(&self.hosts[host].seat) {
            Some(Role::Dead) => self.plan(early, Event::Fault(Fault::Goes(host))),
            Some(Role::OldCopy) => {
                self.plan(early, Event::Fault(Fault::BackUp(host)));
                self.plan(late, Event::Fault(Fault::Replace(host)));
            }
            Some(Role::Restored) => {
                self.plan(early, Event::Fault(Fault::BackUp(host)));
                self.plan(late, Event::Fault(Fault::ReplaceLedger(host)));
            }
            Some(Role::Wiped) => self.plan(late, Event::Fault(Fault::Replace(host))),
            Some(Role::BadClock) => {
                let offset = *self.chance.pick(&[-3_600_000, -5_000, 5_000, 3_600_000]);
                self.plan(0, Event::Fault(Fault::SetClock(host, offset)));
            }
            _ => {}
        }
    }

    pub(super) fn go_wrong(&mut self, fault: Fault) -> Result<(), Broken> {
        match fault {
            Fault::Kill(host) if self.is_storm => {
                self.count("kill");
                self.go_down(host, false);
            }
            Fault::PowerAt(host, operations) if self.is_storm => {
                self.hosts[host].power.fail_after(operations);
            }
            Fault::Blackout => {
                self.count("blackout");
                for host in 0..self.hosts.len() {
                    self.go_down(host, true);
                }
            }
            Fault::Goes(host) => {
                self.count("gone");
                self.gone.insert(host);
                self.go_down(host, true);
            }
            Fault::Partition(sides) if self.is_storm => {
                self.count("partition");
                let apart = |(a, b): &(usize, usize)| sides[*a] != sides[*b];
                let pairs = self.links.keys().copied().filter(apart);
                for (a, b) in pairs.collect::<Vec<_>>() {
                    self.cut(a, b);
                }
            }
            Fault::OneWay(a, b) if self.is_storm && self.links.contains_key(&(a, b)) => {
                self.count("one-way cut");
                self.cut(a, b);
            }
            Fault::Heal => self.heal(),
            Fault::SetClock(host, offset_ms) => {
                self.count("clock set");
                self.hosts[host].clock.set_offset(offset_ms);
            }
            Fault::BackUp(host) => {
                self.go_down(host, false);
                let host = &self.hosts[host];
                let (safety, cosign_state) = (host.safety.durable(), host.cosign_state.durable());
                copy_folder(&host.dir.join("ledger"), &host.dir.join("backup"));
                let backup = Backup {
                    safety,
                    cosign_state,
                };
                self.backups.insert(host.number, backup);
            }
            Fault::Replace(host) => self.replace(host),
            Fault::ReplaceLedger(host) => self.replace_ledger(host),
            Fault::Storm => self.is_storm = true,
            Fault::Calm => self.calm(),
            _ => {}
        }
        Ok(())
    }

    fn replace(&mut self, number: usize) {
        self.count("disk replaced");
        self.go_down(number, false);
        self.laws.forget_height(number);
        let host = &mut self.hosts[number];
        let ledger = host.dir.join("ledger");
        let _gone = fs::remove_dir_all(&ledger);
        host.forget_disk();
        if let Some(backup) = self.backups.get(&number) {
            host.safety.replace(backup.safety.clone());
            host.cosign_state.replace(backup.cosign_state.clone());
            copy_folder(&host.dir.join("backup"), &ledger);
        }
    }

    /// A backup holds the ledger and never what was signed.
    fn replace_ledger(&mut self, number: usize) {
        self.count("ledger restored");
        self.go_down(number, false);
        self.laws.forget_height(number);
        let is_lost = self.chance.percent(50);
        let (is_gone, only_one) = (self.chance.percent(30), self.chance.percent(30));
        let host = &mut self.hosts[number];
        let ledger = host.dir.join("ledger");
        let _gone = fs::remove_dir_all(&ledger);
        if !is_gone {
            copy_folder(&host.dir.join("backup"), &ledger);
        }
        if is_lost && only_one {
            host.cosign_state.remove();
        } else if is_lost {
            host.forget_disk();
        }
    }

    /// A host goes down and, unless it is gone for good, comes back.
    pub(super) fn go_down(&mut self, number: usize, power: bool) {
        let host = &mut self.hosts[number];
        if host.life.is_none() {
            return;
        }
        self.laws.cosigned.forget_told(number);
        if power {
            host.lose_power();
            self.count("power cut");
        } else {
            self.hosts[number].kill();
        }
        for other in 0..self.hosts.len() {
            self.disconnect(number, other);
        }
        if !self.gone.contains(&number) {
            let after = self.chance.between(10_000, AWAY_US_MAX);
            self.plan(after, Event::Start(number));
        }
    }

    pub(super) fn start(&mut self, number: usize) -> Result<(), Broken> {
        let host = &mut self.hosts[number];
        if host.life.is_some() || self.gone.contains(&number) {
            return Ok(());
        }
        host.clock.turn(self.now_us);
        let started = host.start();
        let name = host.name.clone();
        if let Err(reason) = started {
            if self.honest.contains(&number) {
                return Err(format!("{name} does not start: {reason}"));
            }
            // Its own key has signed another log: that is its end.
            self.gone.insert(number);
            return Ok(());
        }
        for other in 0..self.hosts.len() {
            let after = self.chance.between(1_000, CONNECT_US_MAX);
            self.plan(after, Event::Connect(number, other));
        }
        self.turn_soon(number);
        Ok(())
    }

    fn is_down(&self, host: usize) -> bool {
        self.hosts[host].life.is_none()
    }

    /// Two hosts connect, or try again later.
    pub(super) fn connect(&mut self, a: usize, b: usize) {
        let (Some(there), Some(back)) = (self.links.get(&(a, b)), self.links.get(&(b, a))) else {
            return;
        };
        if self.is_down(a) || self.is_down(b) || there.is_connected() {
            return;
        }
        let (seat, other) = (self.hosts[a].seat, self.hosts[b].seat);
        if !self.hosts[a].lets_in(other) || !self.hosts[b].lets_in(seat) {
            return;
        }
        if there.is_cut || back.is_cut {
            let after = self.chance.between(100_000, 2 * CONNECT_US_MAX);
            return self.plan(after, Event::Connect(a, b));
        }
        self.join(a, b);
        for (one, other) in [(a, b), (b, a)] {
            let seat = self.hosts[other].seat;
            self.hosts[one].set_reached(seat, true);
            self.turn_soon(one);
        }
    }

    /// The connection of two hosts breaks, and what is on its way is lost.
    pub(super) fn disconnect(&mut self, a: usize, b: usize) {
        if !self.part(a, b) {
            return;
        }
        for (one, other) in [(a, b), (b, a)] {
            let seat = self.hosts[other].seat;
            let reached = (0..self.hosts.len()).any(|host| {
                let link = self.links.get(&(one, host));
                self.hosts[host].seat == seat && link.is_some_and(super::net::Link::is_connected)
            });
            self.hosts[one].set_reached(seat, reached);
            self.turn_soon(one);
        }
    }

    fn cut(&mut self, from: usize, to: usize) {
        if let Some(link) = self.links.get_mut(&(from, to)) {
            link.is_cut = true;
        }
        if self.options.noticed {
            self.reconnect(from, to);
        }
    }

    fn reconnect(&mut self, a: usize, b: usize) {
        self.disconnect(a, b);
        let after = self.chance.between(10_000, CONNECT_US_MAX);
        self.plan(after, Event::Connect(a, b));
    }

    fn heal(&mut self) {
        let cut = self.links.iter().filter(|(_, link)| link.is_cut);
        let cut: Vec<_> = cut.map(|(pair, _)| *pair).collect();
        for (a, b) in cut {
            if let Some(link) = self.links.get_mut(&(a, b)) {
                link.is_cut = false;
            }
            if self.options.noticed {
                self.reconnect(a, b);
            }
        }
    }

    /// From now on all is well, but for those that are faulty for good.
    fn calm(&mut self) {
        self.is_storm = false;
        self.heal();
        for number in 0..self.hosts.len() {
            let host = &mut self.hosts[number];
            host.power.fail_never();
            host.sync_us_max = host.sync_us_max.min(5_000);
            let role = self.options.roles.get(&host.seat);
            if role != Some(&Role::BadClock) {
                host.clock.set_offset(0);
            }
        }
    }
}
