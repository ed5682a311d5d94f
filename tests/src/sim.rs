//! Whole nodes in one thread: mempool, proposer, driver, execution, RocksDB, catch-up and cosign
//! register are the real ones; clocks, links and the disk are played from a seed, and so are the
//! nodes that lie. After every step the laws of `sim/laws.rs` are checked.
//!
//! First a storm, then calm: then every entry must become final within [`FINAL_WITHIN_MS`], all
//! nodes must stand at one block, and nobody may go on talking of blocks. The same seed gives the
//! same trace. Not here: sockets, HTTP, threads within a node, and RocksDB's own files, which are
//! real and lie in a folder.

mod actors;
mod chance;
mod clerks;
mod clock;
mod disk;
mod fault_run;
mod host;
mod invariants;
mod net;
mod options;
mod words;

use std::{collections::BTreeMap, path::Path};

use protocol::{policy::TrustPolicy, state::Limits};

use self::{
    clerks::{Clerks, State},
    clock::{BEGINS_MS, SimClock},
    host::{Host, Seats},
    invariants::Laws,
    net::{Event, Net},
};
use crate::world;

pub use self::options::{Options, Role};

/// After the storm, or after it was brought, an entry is final within so long.
pub const FINAL_WITHIN_MS: u64 = 120_000;
/// So long after the last entry nobody speaks of blocks any more.
pub const SILENT_WITHIN_MS: u64 = 30_000;
/// How long the silence is listened to.
const LISTENS_MS: u64 = 60_000;
/// Clerks go on for so long after the storm.
const AFTER_STORM_MS: u64 = 10_000;

/// What came of one seed.
#[derive(Clone, Debug)]
pub struct Report {
    /// Hash of all that was said and done, in its order.
    pub trace: String,
    /// Blocks decided.
    pub heights: u64,
    /// Entries with a receipt.
    pub receipts: u64,
    /// Steps of nodes.
    pub steps: u64,
    /// Messages between nodes.
    pub messages: u64,
    /// What went wrong, by kind.
    pub faults: BTreeMap<String, u64>,
    /// The greatest round in which a block was decided.
    pub rounds_max: u64,
    /// The longest that an entry took after the storm, in simulated milliseconds.
    pub final_ms_max: u64,
    /// Proofs of misbehaviour that nodes kept.
    pub accusations: u64,
    /// Simulated milliseconds.
    pub simulated_ms: u64,
}

/// Runs one simulation in an empty folder.
///
/// # Errors
///
/// The broken law, in words.
pub fn run(options: &Options, dir: &Path) -> Result<Report, String> {
    let mut net = build(options, dir);
    let calm_ms = options.storm_ms;
    for host in 0..net.hosts.len() {
        net.start(host)?;
    }
    for number in net.actors.keys().copied().collect::<Vec<_>>() {
        net.plan(200_000, Event::Act(number));
    }
    net.plan_storm();
    plan_clerks(&mut net);
    let until = calm_ms + AFTER_STORM_MS;
    net.run_until(until)?;
    let last = until + FINAL_WITHIN_MS;
    while !net.clerks.open().is_empty() && net.now_ms() < last {
        net.run_until(net.now_ms() + 500)?;
    }
    check_final(&net)?;
    let quiet_from = net.now_ms() + SILENT_WITHIN_MS;
    net.run_until(quiet_from + LISTENS_MS)?;
    check_end(&mut net, quiet_from)?;
    Ok(report(&net))
}

fn build(options: &Options, dir: &Path) -> Net {
    let mut chance = chance::of(options.seed ^ 0x0005_1700_0000);
    let limits = Limits {
        block_entries: options.block_entries,
        ..Limits::default()
    };
    let genesis = world::genesis_of(&world::MANY[..options.agencies], limits);
    let trust = TrustPolicy::parse(genesis.trust_file().as_bytes()).unwrap();
    let seats = Seats::new(genesis, options.observers);
    let mut hosts = Vec::new();
    let of_seat = |seat: usize| {
        let twins = options.roles.get(&seat) == Some(&Role::Twin);
        std::iter::repeat_n(seat, if twins { 2 } else { 1 })
    };
    for seat in (0..seats.count()).flat_map(of_seat) {
        let number = hosts.len();
        let skew = i64::try_from(options.skew_ms).unwrap_or(0);
        let clock = SimClock::new(chance.around_zero(100), chance.around_zero(skew));
        let dir = dir.join(number.to_string());
        std::fs::create_dir_all(&dir).unwrap();
        let mut host = Host::new(number, seat, &seats, dir, clock, chance::fork(&mut chance));
        host.sync_us_max = options.sync_us;
        hosts.push(host);
    }
    let breaks_rules = |(seat, role): (&usize, &Role)| (!role.keeps_rules()).then_some(*seat);
    let faulty = options.roles.iter().filter_map(breaks_rules).collect();
    let mut laws = Laws::new(&seats, &faulty);
    // Drift adds at most 100 ppm of a few minutes.
    laws.skew_ms = 2 * options.skew_ms + 50;
    let has_old_copy = |host: &&Host| options.roles.get(&host.seat) == Some(&Role::OldCopy);
    for host in hosts.iter().filter(has_old_copy) {
        laws.cosigned.has_old_copy(host.number);
    }
    let at_observers = options.roles.range(seats.agencies()..);
    laws.unheard = at_observers.map(|(seat, _)| *seat).collect();
    let names = (0..seats.agencies()).map(|seat| seats.name(seat)).collect();
    let batch_max = usize::try_from(options.block_entries - 1).unwrap_or(1);
    let clerks = Clerks::new(trust, names, batch_max, chance::fork(&mut chance));
    let honest = hosts.iter().filter(|host| !faulty.contains(&host.seat));
    let honest = honest.map(|host| host.number).collect();
    let mut actors = BTreeMap::new();
    for host in &hosts {
        let role = options.roles.get(&host.seat);
        if let Some(actor) =
            role.and_then(|role| actors::of(*role, &seats, chance::fork(&mut chance)))
        {
            actors.insert(host.number, actor);
        }
    }
    let chance = chance::fork(&mut chance);
    let mut net = Net::new(options.clone(), seats, hosts, laws, clerks, chance);
    (net.honest, net.actors) = (honest, actors);
    net
}

fn plan_clerks(net: &mut Net) {
    let until = net.options.storm_ms + AFTER_STORM_MS;
    for _ in 0..net.options.entries {
        let at_ms = net.chance.between(fault_run::BEGINS_US / 1000, until);
        let agency = net.chance.index(net.seats.agencies());
        let to = [(); 2].map(|()| net.chance.index(net.hosts.len()));
        let errands = if net.chance.percent(10) {
            net.clerks.rivals(agency, to, at_ms).to_vec()
        } else {
            vec![net.clerks.register(agency, to[0], at_ms)]
        };
        for errand in errands {
            net.plan(at_ms * 1000, Event::Tend(errand));
        }
    }
}

/// Every entry has its receipt; of two for one version exactly one.
fn check_final(net: &Net) -> Result<(), String> {
    let open = net.clerks.open();
    // One that waits for its mark, beside f liars that say nothing, is one more than may be lost: there
    // safety is asked, and that the network goes on is not.
    if !open.is_empty() && net.options.is_of_return {
        return Ok(());
    }
    if !open.is_empty() {
        let states = net.hosts.iter().map(Host::describe).collect::<Vec<_>>();
        let open: Vec<_> = open
            .iter()
            .map(|errand| (errand.id, &errand.state))
            .collect();
        return Err(format!(
            "L1: {} entries are not final {FINAL_WITHIN_MS} ms after the storm: {open:?}\n{}",
            open.len(),
            states.join("\n")
        ));
    }
    for pair in net.clerks.errands.windows(2) {
        let [a, b] = pair else { continue };
        let rivals = a.has_rival && b.has_rival && a.record == b.record;
        if rivals && (a.state == State::Done) == (b.state == State::Done) {
            return Err(format!(
                "P5: of two rivals, {:?} and {:?}",
                a.state, b.state
            ));
        }
    }
    Ok(())
}

fn check_end(net: &mut Net, quiet_from: u64) -> Result<(), String> {
    if net.spoke_us > quiet_from * 1000 && net.clerks.open().is_empty() {
        return Err(format!(
            "L1: somebody speaks of a block {} ms after the last entry was final",
            net.spoke_us / 1000 + SILENT_WITHIN_MS - quiet_from
        ));
    }
    let present = |host: &&Host| net.honest.contains(&host.number) && host.life.is_some();
    let hosts: Vec<&Host> = net.hosts.iter().filter(present).collect();
    let heights: Vec<_> = hosts.iter().filter_map(|host| host.standing()).collect();
    if heights.windows(2).any(|pair| pair[0] != pair[1]) {
        let states: Vec<_> = net.hosts.iter().map(Host::describe).collect();
        return Err(format!(
            "L2: not all have come together\n{}",
            states.join("\n")
        ));
    }
    let true_ms = BEGINS_MS + net.now_ms();
    for host in hosts {
        net.laws.judge_receipts(host)?;
        if net.options.roles.get(&host.seat) != Some(&Role::BadClock) {
            net.laws.judge_dates(host, true_ms)?;
        }
    }
    Ok(())
}

fn report(net: &Net) -> Report {
    let storm = net.options.storm_ms;
    let took = |errand: &clerks::Errand| errand.ended_ms.saturating_sub(errand.began_ms.max(storm));
    let done = net.clerks.errands.iter();
    let faults = net.counts.faults.iter();
    let counted = |(name, count): (&&str, &u64)| ((*name).to_owned(), *count);
    Report {
        trace: protocol::text::hex(&net.trace),
        heights: net.laws.decided.len() as u64 - 1,
        receipts: net.laws.receipts.len() as u64,
        steps: net.counts.steps,
        messages: net.counts.messages,
        faults: faults.map(counted).collect(),
        rounds_max: net.laws.rounds_max,
        final_ms_max: done.map(took).max().unwrap_or(0),
        accusations: net.laws.accusations() as u64,
        simulated_ms: net.now_ms(),
    }
}
