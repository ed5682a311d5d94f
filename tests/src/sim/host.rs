//! One simulated host: a real node, whole but for sockets, on a disk and a clock that are played.
//!
//! The node's three tasks are polled here, in one fixed order, until none has anything left to do.

use std::{
    path::PathBuf,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use node::{
    config::{Config, Places, ValidatorKeys},
    driver::Driver,
    epoch::{EpochState, Epochs},
    host::Host as Machine,
    ingest::{IngestAnswer, take_from_peers},
    network::{self, Carrier, Lane, PeerIndex},
    run::{self, Assembled, OpenedFiles},
    shared::{Shared, describe},
    sign_state::{self, Declared, Keys},
};
use protocol::{
    genesis::Genesis,
    hash::{ChainId, ReturnNonce},
    height::{Height, LogSize},
    key::PublicKey,
    sign_state::Owner,
};
use testkit::Random;
use tokio::sync::mpsc;

use super::{
    chance,
    clock::SimClock,
    disk::{Log, Power, SimFile, SimPlace},
};
use crate::world::{agency_secret, secret};

/// Rounds of polling after which a node is taken for one that never rests.
const POLLS_MAX: usize = 100_000;

type Task = Pin<Box<dyn Future<Output = ()>>>;
type Errand = Pin<Box<dyn Future<Output = Vec<IngestAnswer>>>>;

/// Says that whoever it was given to has something to do.
#[derive(Debug)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Flag {
    fn raised() -> Arc<Self> {
        Arc::new(Self(AtomicBool::new(true)))
    }

    fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

/// A message that a node has handed over: to which seat, on which lane.
pub(super) type Sent = (usize, Lane, Vec<u8>);

/// What a host did in one step.
#[derive(Default)]
pub(super) struct Done {
    pub(super) sent: Vec<Sent>,
    /// Answers at the door, by the number of the errand.
    pub(super) answers: Vec<(usize, Vec<IngestAnswer>)>,
    /// Seats whose connections it cut.
    pub(super) cuts: Vec<usize>,
}

/// A node that runs.
pub(super) struct Life {
    pub(super) shared: Arc<Shared>,
    carrier: Carrier,
    /// A task that has ended is not there any more.
    tasks: Vec<(Option<Task>, Arc<Flag>)>,
    errands: Vec<(usize, Errand, Arc<Flag>)>,
    _over: mpsc::Sender<()>,
}

/// One machine with its disk and its clock. Two of them may have one seat: twins.
pub(super) struct Host {
    pub(super) number: usize,
    /// Which agency or observer it is.
    pub(super) seat: usize,
    /// Seats of the peers, in the order in which the node numbers them.
    pub(super) peers: Vec<usize>,
    pub(super) name: String,
    genesis: Genesis,
    observers: Vec<(String, PublicKey)>,
    pub(super) dir: PathBuf,
    pub(super) clock: SimClock,
    pub(super) power: Power,
    pub(super) safety: SimFile,
    pub(super) cosign_state: SimFile,
    pub(super) log: Log,
    pub(super) life: Option<Life>,
    pub(super) lives: u64,
    pub(super) sync_us_max: u64,
    pub(super) chance: Random,
}

/// Who sits where: agencies in the order of the genesis, then observers.
#[derive(Clone, Debug)]
pub(super) struct Seats {
    pub(super) genesis: Genesis,
    pub(super) chain: ChainId,
    pub(super) observers: usize,
}

impl Seats {
    pub(super) fn new(genesis: Genesis, observers: usize) -> Self {
        let chain = genesis.chain();
        Self {
            genesis,
            chain,
            observers,
        }
    }

    pub(super) fn agencies(&self) -> usize {
        self.genesis.agencies.len()
    }

    pub(super) fn count(&self) -> usize {
        self.agencies() + self.observers
    }

    pub(super) fn name(&self, seat: usize) -> String {
        match self.genesis.agencies.get(seat) {
            Some(agency) => agency.name.to_string(),
            None => format!("observer-{}", seat - self.agencies()),
        }
    }

    fn observers(&self) -> Vec<(String, PublicKey)> {
        let names = (self.agencies()..self.count()).map(|seat| self.name(seat));
        names
            .map(|name| (name.clone(), agency_secret(&name, "peer").public()))
            .collect()
    }
}

impl Host {
    pub(super) fn new(
        number: usize,
        seat: usize,
        seats: &Seats,
        dir: PathBuf,
        clock: SimClock,
        chance: Random,
    ) -> Self {
        let is_observer = seat >= seats.agencies();
        let (power, log) = (Power::default(), Log::new(&dir.join("ledger")));
        let name = seats.name(seat);
        // As `muhr network create` leaves it.
        let blank = |purpose: &str| {
            let owner = Owner {
                chain: seats.chain,
                key: agency_secret(&name, purpose).public(),
            };
            (!is_observer).then(|| owner.blank_file())
        };
        let mut host = Self {
            number,
            seat,
            peers: Vec::new(),
            name: seats.name(seat),
            genesis: seats.genesis.clone(),
            observers: if is_observer {
                Vec::new()
            } else {
                seats.observers()
            },
            dir,
            clock,
            safety: SimFile::new(&power, None, blank("vote")),
            cosign_state: SimFile::new(&power, Some(log.clone()), blank("cosign")),
            power,
            log,
            life: None,
            lives: 0,
            sync_us_max: 0,
            chance,
        };
        let seat_of = |name: &String| (0..seats.count()).find(|seat| seats.name(*seat) == *name);
        let first = EpochState::first(&host.genesis).unwrap();
        let names = run::peers(&host.config(), &first);
        let names = names.into_iter().map(|peer| peer.name);
        host.peers = names.filter_map(|name| seat_of(&name)).collect();
        host
    }

    fn config(&self) -> Config {
        let nowhere = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let agency = self.genesis.agencies.get(self.seat);
        let keys = agency.map(|agency| ValidatorKeys {
            agency: agency.name.clone(),
            vote: agency_secret(&self.name, "vote"),
            cosign: agency_secret(&self.name, "cosign"),
        });
        Config {
            dir: self.dir.clone(),
            genesis: self.genesis.clone(),
            validator: keys,
            peer: agency_secret(&self.name, "peer"),
            publisher: (self.seat == 0).then(|| secret("publisher")),
            p2p: nowhere,
            http: nowhere,
            log: None,
            peers: std::collections::BTreeMap::new(),
            observers: self.observers.iter().cloned().collect(),
            places: Places::in_folder(&self.dir),
        }
    }

    /// Starts the node from what is on its disk, as `node::run` does.
    pub(super) fn start(&mut self) -> Result<(), String> {
        assert!(self.life.is_none(), "{} runs already", self.name);
        let machine = Machine::single_threaded(Arc::new(self.clock.clone()));
        let (network, events, carrier) = network::carried(self.peers.len(), &machine);
        self.lives += 1;
        let mut chance = chance::fork(&mut self.chance);
        let mut nonce = [0; 32];
        nonce[..8].copy_from_slice(&chance.between(1, u64::MAX / 2).to_be_bytes());
        self.power
            .switch_on(network.clone(), chance, self.sync_us_max);
        let config = self.config();
        let place = |name: &str, file: &SimFile| SimPlace {
            path: self.dir.join(name),
            file: file.clone(),
        };
        let asked = Declared {
            dir: self.dir.clone(),
            // Its operator knows when a disk was replaced.
            is_declared_lost: config.validator.is_some()
                && (!self.safety.is_there() || !self.cosign_state.is_there()),
            nonce: ReturnNonce::new(nonce),
        };
        let sign_state = sign_state::open(
            &place("safety", &self.safety),
            &place("cosign-state", &self.cosign_state),
            &self.genesis,
            Keys::of(&config),
            &asked,
        )
        .map_err(|no| no.to_string())?;
        let ledger =
            sign_state::open_ledger(&self.dir.join("ledger"), &self.genesis, &sign_state.cosign)
                .map_err(|fault| describe(&fault))?;
        self.log.mark();
        let epochs = Epochs::open(&self.genesis, ledger.head().directory());
        let kept = OpenedFiles {
            ledger,
            sign_state,
            epochs: epochs.map_err(|fault| describe(&fault))?,
            acceptances: None,
        };
        let Assembled {
            start,
            jobs,
            entries,
        } = run::assemble(machine, config, kept, (network, events))
            .map_err(|disagreement| disagreement.to_string())?;
        let shared = Arc::clone(&start.shared);
        let (driver, events) = Driver::new(start);
        let (over, is_over) = mpsc::channel(1);
        let tasks: [Task; 3] = [
            Box::pin(jobs.work(Arc::clone(&shared))),
            Box::pin(take_from_peers(Arc::clone(&shared), entries)),
            Box::pin(driver.run(events, is_over)),
        ];
        self.life = Some(Life {
            shared,
            carrier,
            tasks: tasks.map(|task| (Some(task), Flag::raised())).into(),
            errands: Vec::new(),
            _over: over,
        });
        Ok(())
    }

    /// The process ends at once; what was not synced is another matter.
    pub(super) fn kill(&mut self) {
        let Some(life) = self.life.take() else {
            return;
        };
        self.clock.forget_alarm();
        let Life {
            shared,
            tasks,
            errands,
            ..
        } = life;
        drop((tasks, errands));
        let shared = Arc::into_inner(shared);
        assert!(shared.is_some(), "something of {} lives on", self.name);
    }

    /// The process ends and the disk forgets what was not synced.
    pub(super) fn lose_power(&mut self) {
        self.kill();
        self.safety.lose_unsynced(&mut self.chance);
        self.cosign_state.lose_unsynced(&mut self.chance);
        self.log.lose_unsynced(&mut self.chance);
    }

    /// A new disk is put in; the ledger's folder is the caller's.
    pub(super) fn forget_disk(&self) {
        self.safety.remove();
        self.cosign_state.remove();
    }

    fn peer_of(&self, seat: usize) -> Option<PeerIndex> {
        let peer = self.peers.iter().position(|peer| *peer == seat);
        peer.map(PeerIndex::new)
    }

    /// Hands the node a message from a seat. False if it has no room or is down.
    pub(super) fn hand(&self, from: usize, lane: Lane, bytes: Vec<u8>) -> bool {
        match (&self.life, self.peer_of(from)) {
            (Some(life), Some(peer)) => life.carrier.deliver(peer, lane, bytes),
            _ => false,
        }
    }

    /// Says whether a seat can be reached.
    pub(super) fn set_reached(&self, seat: usize, is_up: bool) {
        if let (Some(life), Some(peer)) = (&self.life, self.peer_of(seat)) {
            life.carrier.set_connected(peer, is_up);
        }
    }

    /// Brings entries to the door; the answer comes with a later step.
    pub(super) fn submit(&mut self, errand: usize, entries: Vec<Vec<u8>>) {
        let Some(life) = &mut self.life else {
            return;
        };
        let shared = Arc::clone(&life.shared);
        let door = async move { shared.ingest.submit(entries).await };
        life.errands.push((errand, Box::pin(door), Flag::raised()));
    }

    /// Lets the node do all that it can do now.
    pub(super) fn step(&mut self) -> Done {
        let mut done = Done::default();
        let Some(life) = &mut self.life else {
            return done;
        };
        let nobody = Waker::noop();
        for _ in 0..POLLS_MAX {
            let mut any = false;
            for (task, flag) in &mut life.tasks {
                let Some(running) = task.as_mut().filter(|_| flag.take()) else {
                    continue;
                };
                any = true;
                let waker = Waker::from(Arc::clone(flag));
                if running
                    .as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_ready()
                {
                    *task = None;
                }
            }
            life.errands.retain_mut(|(number, errand, flag)| {
                if self.power.is_off() || !flag.take() {
                    return true;
                }
                any = true;
                let waker = Waker::from(Arc::clone(flag));
                match errand.as_mut().poll(&mut Context::from_waker(&waker)) {
                    Poll::Ready(answers) => {
                        done.answers.push((*number, answers));
                        false
                    }
                    Poll::Pending => true,
                }
            });
            // Without power nothing is left to do, whatever waits.
            any &= !self.power.is_off();
            let mut context = Context::from_waker(nobody);
            while let Poll::Ready((peer, lane, bytes)) = life.carrier.poll_sent(&mut context) {
                done.sent
                    .push((self.peers[peer.get()], lane, bytes.to_vec()));
            }
            while let Some(peer) = life.carrier.take_cut() {
                done.cuts.push(self.peers[peer.get()]);
            }
            if !any {
                return done;
            }
        }
        panic!("{} never rests", self.name);
    }

    /// What has stopped the node, if anything has.
    pub(super) fn failure(&self) -> Option<String> {
        let life = self.life.as_ref()?;
        life.shared.failed.borrow().clone()
    }
}

/// Where a node stands: height, size of the log, and size of the newest published checkpoint.
type Standing = (Height, LogSize, LogSize);

impl Host {
    /// Where the node stands, if it runs.
    pub(super) fn standing(&self) -> Option<Standing> {
        let shared = &self.life.as_ref()?.shared;
        let head = shared.ledger.head();
        let published = *shared.published.borrow();
        Some((head.height(), head.size(), published))
    }

    /// A line for whoever looks for the reason of a failure.
    pub(super) fn describe(&self) -> String {
        let Some(life) = &self.life else {
            return format!("{}: down", self.name);
        };
        let progress = life.shared.progress();
        format!(
            "{}: {:?} round {} {} waiting {} reached {:?} {}",
            self.name,
            self.standing(),
            progress.round,
            progress.step,
            life.shared.mempool().len(),
            life.shared.network.contacts(),
            progress.not_voting.clone().unwrap_or_default(),
        )
    }
}
