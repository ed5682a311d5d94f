//! One simulated host: a real node, whole but for sockets, on a disk and a clock that are played.
//!
//! The node's three tasks are polled here, in one fixed order, until none has anything left to do.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use node::{
    config::{Config, Places},
    driver::Driver,
    epoch::Epochs,
    host::Host as Machine,
    ingest::{IngestAnswer, take_from_peers},
    keys::OwnKeys,
    network::{self, Carrier, CarrierOrder, Lane, ListedPeer, PeerIndex},
    peers::peers_of,
    run::{self, Assembled, OpenedFiles},
    shared::{Shared, describe},
    sign_state::{self, Declared, FilePlaces, Keys, Shelf},
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
    /// Seats that are its peers since this step, and seats that are none any more.
    pub(super) listed: Vec<usize>,
    pub(super) unlisted: Vec<usize>,
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
    /// Seats of all peers that the node has had, in the order in which it numbers them.
    peers: Vec<Option<usize>>,
    /// Seats of those that may connect now.
    lets_in: BTreeSet<usize>,
    /// Name of each seat, and the key that names it on the wire.
    seats: Vec<(String, PublicKey)>,
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

    fn peer_key(&self, seat: usize) -> PublicKey {
        agency_secret(&self.name(seat), "peer").public()
    }

    fn observers(&self) -> Vec<(String, PublicKey)> {
        let seats = self.agencies()..self.count();
        seats
            .map(|seat| (self.name(seat), self.peer_key(seat)))
            .collect()
    }
}

/// The two files of a host, which has one key of each kind.
struct SimShelf {
    safety: SimPlace,
    cosign: SimPlace,
}

impl Shelf for SimShelf {
    fn safety(&self, _: &PublicKey) -> FilePlaces {
        FilePlaces {
            belongs: Box::new(self.safety.clone()),
            before: None,
        }
    }

    fn cosign(&self, _: &PublicKey) -> FilePlaces {
        FilePlaces {
            belongs: Box::new(self.cosign.clone()),
            before: None,
        }
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
        let all = (0..seats.count()).map(|seat| (seats.name(seat), seats.peer_key(seat)));
        Self {
            number,
            seat,
            peers: Vec::new(),
            lets_in: BTreeSet::new(),
            seats: all.collect(),
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
        }
    }

    fn config(&self) -> Config {
        let nowhere = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let agency = self.genesis.agencies.get(self.seat);
        let own = |purpose: &str| {
            let secret = agency.map(|_| agency_secret(&self.name, purpose));
            secret.into_iter().collect()
        };
        let publisher = (self.seat == 0).then(|| secret("publisher"));
        Config {
            dir: self.dir.clone(),
            genesis: self.genesis.clone(),
            agency: agency.map(|agency| agency.name.clone()),
            keys: OwnKeys {
                peer: agency_secret(&self.name, "peer"),
                other_peers: Vec::new(),
                vote: own("vote"),
                cosign: own("cosign"),
                publisher: publisher.into_iter().collect(),
            },
            p2p: nowhere,
            p2p_addresses: Vec::new(),
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
        let (network, events, mut carrier) =
            network::carried(&[], &machine).map_err(|fault| describe(&fault))?;
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
        let shelf = SimShelf {
            safety: place("safety", &self.safety),
            cosign: place("cosign-state", &self.cosign_state),
        };
        let asked = Declared {
            dir: self.dir.clone(),
            // Its operator knows when a disk was replaced.
            is_declared_lost: config.agency.is_some()
                && (!self.safety.is_there() || !self.cosign_state.is_there()),
            nonce: ReturnNonce::new(nonce),
        };
        let sign_state = sign_state::open(&shelf, &self.genesis, &Keys::of(&config.keys), &asked)
            .map_err(|no| no.to_string())?;
        let ledger = sign_state::open_ledger(&self.dir.join("ledger"), &self.genesis, &sign_state)
            .map_err(|fault| describe(&fault))?;
        self.log.mark();
        let head = ledger.head();
        let epochs = Epochs::open(&self.genesis, head.directory());
        let list = peers_of(head.directory(), &config.peer_settings(), &[]);
        let listed = network.set_peers(&list.peers);
        listed.map_err(|fault| describe(&fault))?;
        self.begin_to_follow(&mut carrier);
        let kept = OpenedFiles {
            ledger,
            sign_state,
            epochs: epochs.map_err(|fault| describe(&fault))?,
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
        let peer = self.peers.iter().position(|peer| *peer == Some(seat));
        peer.map(PeerIndex::new)
    }

    /// The seat of a peer of that name.
    pub(super) fn seat_of(&self, name: &str) -> usize {
        let mut seats = self.seats.iter();
        seats.position(|(known, _)| known == name).unwrap()
    }

    /// Whether a host of that seat may connect.
    pub(super) fn lets_in(&self, seat: usize) -> bool {
        self.lets_in.contains(&seat)
    }

    /// The node starts with the peers that its carrier is told of.
    fn begin_to_follow(&mut self, carrier: &mut Carrier) {
        self.peers.clear();
        self.lets_in.clear();
        while let Some(CarrierOrder::Peers(listed)) = carrier.take_order() {
            let _first = self.follow(&listed);
        }
    }

    /// The node has these peers from now on. Seats that are new among them, and seats that are gone.
    fn follow(&mut self, listed: &[ListedPeer]) -> (Vec<usize>, Vec<usize>) {
        let mut now = BTreeSet::new();
        for peer in listed {
            let number = peer.number.get();
            let seat = self.seats.iter().position(|(_, key)| *key == peer.key);
            self.peers.resize(self.peers.len().max(number + 1), None);
            self.peers[number] = seat;
            now.extend(seat);
        }
        let before = std::mem::replace(&mut self.lets_in, now);
        let new = self.lets_in.difference(&before).copied().collect();
        let gone = before.difference(&self.lets_in).copied().collect();
        (new, gone)
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
        for _ in 0..POLLS_MAX {
            let any = self.poll_tasks(&mut done);
            self.take_orders(&mut done);
            self.take_words(&mut done);
            if !any {
                return done;
            }
        }
        panic!("{} never rests", self.name);
    }

    /// Polls whatever has something to do. False if nothing has.
    fn poll_tasks(&mut self, done: &mut Done) -> bool {
        let Some(life) = &mut self.life else {
            return false;
        };
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
        any && !self.power.is_off()
    }

    /// What the node orders of its network.
    fn take_orders(&mut self, done: &mut Done) {
        let carrier = |host: &mut Self| host.life.as_mut()?.carrier.take_order();
        while let Some(order) = carrier(self) {
            match order {
                CarrierOrder::Cut(peer) => done.cuts.extend(self.peers[peer.get()]),
                CarrierOrder::Peers(listed) => {
                    let (new, gone) = self.follow(&listed);
                    done.listed.extend(new);
                    done.unlisted.extend(gone);
                }
                // Who a host is, is its seat.
                CarrierOrder::Identity(_) => {}
            }
        }
    }

    fn take_words(&mut self, done: &mut Done) {
        let Some(life) = &mut self.life else {
            return;
        };
        let mut context = Context::from_waker(Waker::noop());
        while let Poll::Ready((peer, lane, bytes)) = life.carrier.poll_sent(&mut context) {
            let seat = self.peers[peer.get()];
            let sent = seat.map(|seat| (seat, lane, bytes.to_vec()));
            done.sent.extend(sent);
        }
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
