//! The driver: the one place where keys, clock, disk and wire meet the machine.
//!
//! One thread with a loop of its own, so that nothing else delays a vote and its syncs delay nobody
//! else. Facts come in (messages, timers, waiting entries, catch-up); the machine answers with orders;
//! `effects` carries them out in order. Order on disk: the candidate block and the safety record before
//! a vote leaves; block, state and certificate in one batch; then the register; then the cosignature;
//! then the answer to clients. A crash at any point comes back through the ordinary start.

mod block_requests;
mod blocks;
mod candidates;
mod catchup;
pub(crate) mod clock;
mod effects;
mod evidence;
mod fork;
mod gathering;
mod hello;
mod messages;
mod peer_book;
mod progress;
mod proposals;
mod publish;
mod publisher;
mod schedule;
mod sign_guard;
mod sign_state_recovery;
mod signer;
#[cfg(test)]
pub(crate) mod workbench;

use std::{collections::VecDeque, sync::Arc};

use consensus::{Evidence, Input, Machine};
use protocol::{hash::ChainId, key::PublicKey};
use tokio::sync::mpsc;

use self::{
    candidates::Candidates,
    catchup::{CatchUp, prepare::CheckedAnswer},
    evidence::EvidenceFolder,
    peer_book::{ConnectionLine, PeerBook},
    proposals::Proposals,
    publisher::Publisher,
    schedule::{DueWork, Schedule},
    sign_guard::{AtStart, SignGuard},
    signer::Signer,
};
use crate::{
    breaches::Breach,
    config::Config,
    cosigner::CheckpointCosigner,
    epoch::EpochState,
    host::Moment,
    network::{Events, Lane, PeerEvent, PeerIndex, Received},
    shared::Shared,
    sign_state::{SafetyBody, SafetyFile},
    wire::Hello,
};

/// Version byte of certificates in the ledger and of evidence.
const SAFETY_VERSION: u8 = 1;

/// What the driver starts from.
#[derive(Debug)]
pub struct Start {
    /// The shared parts.
    pub shared: Arc<Shared>,
    /// What the operator said.
    pub config: Config,
    /// Cosignatures, with the register open.
    pub cosigner: CheckpointCosigner,
    /// The safety record's file.
    pub safety: SafetyFile,
    /// What stood in it, and whether something newer cannot be read.
    pub found: (SafetyBody, bool),
    /// What comes from peers.
    pub events: Events,
}

/// The driver's state.
pub struct Driver {
    shared: Arc<Shared>,
    chain: ChainId,
    hello: Hello,
    epoch: Arc<EpochState>,
    machine: Machine,
    guard: SignGuard,
    candidates: Candidates,
    proposals: Proposals,
    catchup: CatchUp,
    publisher: Publisher,
    peers: PeerBook,
    schedule: Schedule,
    /// What was last shown of the node, and since when it waits for a block.
    shown_progress: progress::ShownProgress,
    evidence: EvidenceFolder,
    watch: clock::Watch,
    /// Orders that wait to be carried out.
    orders: VecDeque<consensus::Effect>,
    /// A fork was found, and the peers have been told.
    is_parting: bool,
}

/// What a key says that is asked to contradict its own words.
#[cfg(test)]
pub(crate) fn a_contradiction() -> impl std::error::Error + Send + Sync + 'static {
    signer::WouldContradict::example()
}

enum Fact {
    Consensus(Received),
    Sync(Received),
    Peer(PeerEvent),
    Pending,
    Due,
    Catchup,
    Checked(CheckedAnswer),
    Over,
}

impl Driver {
    /// Starts from what is on disk. The machine's height follows the ledger's head. A validator says
    /// nothing before it knows all that it has said (`sign_guard`).
    #[must_use]
    pub fn new(start: Start) -> (Self, Events) {
        let Start {
            shared,
            config,
            cosigner,
            safety,
            found,
            events,
        } = start;
        let chain = shared.ledger.head().directory().network().chain;
        let epoch = shared.epochs.now();
        let validators = epoch.validators();
        let height = shared.ledger.head().height().next();
        let size = shared.ledger.head().size();
        let at_start = AtStart {
            found,
            behind: cosigner.cosigned().filter(|last| last.size > size),
            listens: validators.quorum() > 1,
        };
        let peer_key = config.peer.public();
        let signer = config
            .validator
            .map(|keys| Signer::new(chain, keys.agency, keys.vote));
        let guard = SignGuard::new(chain, signer, peer_key, safety, at_start);
        let record = guard.is_validator().then(|| guard.silent_record());
        let machine = Machine::new(chain, validators.clone(), guard.public(), height, record);
        let peers = PeerBook::new(&shared.peers);
        let publisher = Publisher::new(cosigner, *shared.published.borrow());
        let driver = Self {
            chain,
            hello: hello::hello(&config.genesis),
            epoch,
            machine,
            guard,
            candidates: Candidates::default(),
            proposals: Proposals::default(),
            catchup: CatchUp::new(),
            publisher,
            peers,
            schedule: Schedule::new(shared.host.moment()),
            shown_progress: progress::ShownProgress::at(shared.host.now()),
            evidence: EvidenceFolder::new(config.dir.join("evidence")),
            watch: clock::Watch::default(),
            orders: VecDeque::new(),
            is_parting: false,
            shared,
        };
        (driver, events)
    }

    /// Turns until the node fails or `over` is dropped.
    pub async fn run(mut self, mut events: Events, mut over: mpsc::Receiver<()>) {
        self.recover();
        let mut failed = self.shared.failed.subscribe();
        let shared = Arc::clone(&self.shared);
        while failed.borrow_and_update().is_none() {
            let due = self.next_due();
            let busy = self.catchup.has_work();
            let fact = tokio::select! {
                biased;
                _ = over.recv() => Fact::Over,
                _ = failed.changed() => Fact::Over,
                message = events.consensus.recv() => message.map_or(Fact::Over, Fact::Consensus),
                () = shared.host.sleep_until(due) => Fact::Due,
                event = events.peers.recv() => event.map_or(Fact::Over, Fact::Peer),
                () = shared.pending.notified() => Fact::Pending,
                message = events.sync.recv() => message.map_or(Fact::Over, Fact::Sync),
                checked = self.catchup.checked() => checked.map_or(Fact::Over, Fact::Checked),
                () = std::future::ready(()), if busy => Fact::Catchup,
            };
            match fact {
                Fact::Over => break,
                Fact::Consensus(received) => self.on_consensus(&received),
                Fact::Sync(received) => self.on_sync(received),
                Fact::Peer(event) => self.on_peer(&event),
                Fact::Pending => self.on_pending(),
                Fact::Due => self.on_due(),
                Fact::Catchup => self.catch_up_one(),
                Fact::Checked(checked) => self.on_checked(checked),
            }
            self.perform_all();
            self.show_progress();
        }
        if self.is_parting {
            // The network carries on while its queues are held.
            let told = shared.host.moment() + fork::TOLD_WITHIN;
            shared.host.sleep_until(told).await;
        }
    }

    /// Says again what was said before the last stop.
    fn recover(&mut self) {
        self.restore_candidates();
        self.say_if_shorter();
        self.feed(Input::Start);
        self.perform_all();
        self.check_behind();
        self.check_return();
        self.cosign_head();
        self.speak_when_clear();
        self.hand_in_mark();
        self.on_pending();
        self.perform_all();
        self.show_progress();
    }

    /// Gives the machine a fact and queues its orders.
    fn feed(&mut self, input: Input) {
        let effects = self.machine.step(input);
        self.orders.extend(effects);
    }

    fn on_pending(&mut self) {
        self.complete_proposals();
        let waits = !self.shared.mempool().is_empty();
        self.feed(Input::Pending(waits));
    }

    /// The next moment at which something is due by itself.
    fn next_due(&self) -> Moment {
        let rare = [self.publisher.line_deadline(), self.gather_deadline()];
        let often = self.schedule.next();
        rare.into_iter().flatten().fold(often, Moment::min)
    }

    /// Does the most urgent thing that is due; each of them puts off its own next time.
    fn on_due(&mut self) {
        let now = self.shared.host.moment();
        let is_due = |at: Option<Moment>| at.is_some_and(|at| at <= now);
        if self.schedule.has_elapsed(now) {
            while let Some(timer) = self.schedule.take_elapsed(now) {
                self.feed(Input::Elapsed(timer));
            }
        } else if is_due(self.publisher.line_deadline()) {
            self.publish_without_line();
        } else if is_due(self.gather_deadline()) {
            self.ask_for_entries();
        } else {
            match self.schedule.take_due(now) {
                Some(DueWork::Status) => {
                    self.tell_status();
                    self.hand_in_mark();
                }
                Some(DueWork::Cosign) => self.cosign_head(),
                None => {}
            }
        }
    }

    fn on_peer(&mut self, event: &PeerEvent) {
        match event {
            PeerEvent::Connected(peer) => {
                self.watch.forget(*peer);
                let now = self.shared.host.moment();
                let line = self.peers.note_connection(*peer, true, now);
                self.tell_of_connections(line);
                self.greet(*peer);
            }
            PeerEvent::Disconnected(peer) => {
                let now = self.shared.host.moment();
                let line = self.peers.note_connection(*peer, false, now);
                self.tell_of_connections(line);
                let name = self.peer_name(*peer).to_owned();
                self.shared.progress().silent.remove(&name);
            }
            PeerEvent::NotKnown(peer) => {
                let name = self.peer_name(*peer).to_owned();
                tracing::warn!(
                    event = "not-known-there",
                    peer = name,
                    "they do not know us yet: our key may not be in their set"
                );
                self.shared.progress().not_known_to.insert(name);
            }
            PeerEvent::Fault(fault) => self.shared.fail(fault),
        }
    }

    fn tell_of_connections(&self, lines: impl IntoIterator<Item = ConnectionLine>) {
        for line in lines {
            let (peer, changes) = (self.peer_name(line.peer), line.changes);
            if line.is_up {
                tracing::info!(event = "peer-connected", peer, changes);
            } else {
                tracing::info!(event = "peer-disconnected", peer, changes);
            }
        }
    }

    /// Tells what the last lines have left out.
    fn tell_of_peers(&mut self) {
        let lines = self.peers.connection_lines(self.shared.host.moment());
        self.tell_of_connections(lines);
        self.shared.tell_breaches();
    }

    fn peer_name(&self, peer: PeerIndex) -> &str {
        self.peers.name(peer)
    }

    /// Counts a bad message of a peer.
    fn breach(&self, peer: PeerIndex, breach: Breach, detail: &dyn std::fmt::Display) {
        self.shared.breach(peer, breach, detail);
    }

    /// Whether the peer is an agency that votes. Observers are heard on the other lanes only.
    fn is_validator(&self, peer: PeerIndex) -> bool {
        let name = self.peer_name(peer);
        self.epoch.is_validator(name)
    }

    /// The peer whose agency votes with `key`.
    fn peer_of(&self, key: &PublicKey) -> Option<PeerIndex> {
        self.peers.named(self.epoch.agency_of(key)?.as_str())
    }

    /// Whether this machine is in trouble: then nothing more may be said or done.
    fn has_failed(&self) -> bool {
        self.shared.failed.borrow().is_some()
    }

    fn send<T: serde::Serialize>(&self, peer: PeerIndex, lane: Lane, message: &T) {
        if self.has_failed() {
            return;
        }
        let bytes = crate::wire::encode(message);
        if let Err(error) = self.shared.network.send(peer, lane, bytes.into()) {
            tracing::debug!(event = "not-sent", peer = self.peer_name(peer), %error);
        }
    }

    fn broadcast<T: serde::Serialize>(&self, lane: Lane, message: &T) {
        if self.has_failed() {
            return;
        }
        self.shared
            .network
            .broadcast(lane, crate::wire::encode(message).into());
    }

    /// Keeps proof of misbehaviour in a file and tells the operators.
    fn keep_evidence(&self, evidence: &Evidence) {
        self.shared.metrics.evidence.inc();
        let file = self.evidence.keep_evidence(evidence);
        tracing::error!(event = "evidence", file, "a validator has broken the rules");
    }
}
