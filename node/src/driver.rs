//! The driver: the one place where keys, clock, disk and wire meet the machine.
//!
//! One thread with a loop of its own, so that nothing else delays a vote and its syncs delay nobody
//! else. Facts come in (messages, timers, waiting entries, catch-up); the machine answers with orders;
//! `perform` carries them out in order. Order on disk: the candidate block and the safety record before
//! a vote leaves; block, state and certificate in one batch; then the register; then the cosignature;
//! then the answer to clients. A crash at any point comes back through the ordinary start.

mod asking;
mod candidates;
mod catchup;
mod clock;
mod contest;
mod doubt;
mod messages;
mod perform;
mod proposals;
mod publish;
mod signer;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use consensus::{Evidence, Input, Machine, Safety, Timer, ValidatorSet};
use protocol::{
    checkpoint::Checkpoint,
    codec,
    hash::ChainId,
    height::{Height, LogSize},
    key::PublicKey,
    name::AgencyName,
};
use tokio::sync::mpsc;

use self::{
    candidates::Candidates,
    catchup::{CatchUp, Checked},
    doubt::Doubt,
    proposals::Proposals,
    signer::Signer,
};
use crate::{
    config::Config,
    cosigner::{Cosigner, Worth},
    durable::{Durable, Found},
    host::Moment,
    network::{Events, Lane, PeerEvent, PeerIndex, Received},
    shared::Shared,
};

/// Version byte of the safety record.
const SAFETY_VERSION: u8 = 1;
/// How often peers are told how far this node is.
const STATUS_EVERY: Duration = Duration::from_secs(2);
/// How often an unchanged head is cosigned again, so that its age shows that we live.
const COSIGN_EVERY: Duration = Duration::from_secs(300);

/// What the driver starts from.
#[derive(Debug)]
pub struct Start {
    /// The shared parts.
    pub shared: Arc<Shared>,
    /// What the operator said.
    pub config: Config,
    /// Cosignatures, with the register open.
    pub cosigner: Cosigner,
    /// The safety record's file and what stood in it.
    pub safety: (Durable, Found),
    /// What comes from peers.
    pub events: Events,
}

/// The driver's state.
pub struct Driver {
    shared: Arc<Shared>,
    chain: ChainId,
    validators: ValidatorSet,
    /// Agencies by their voting keys.
    agencies: BTreeMap<PublicKey, AgencyName>,
    machine: Machine,
    signer: Option<Signer>,
    safety: Durable,
    candidates: Candidates,
    proposals: Proposals,
    catchup: CatchUp,
    cosigner: Cosigner,
    timers: BTreeMap<(Moment, u64), Timer>,
    timer_number: u64,
    peers: Vec<PeerState>,
    height_since: Moment,
    /// When peers are told how far this node is, and the height at which they were told last.
    status_at: Moment,
    status_height: Height,
    /// When the head is cosigned again.
    recosign_at: Moment,
    evidence_dir: std::path::PathBuf,
    /// Checkpoints of the last blocks, the newest last.
    recent: VecDeque<(Height, Checkpoint)>,
    line: publish::LineWait,
    /// The size that was last published, and what its note was worth.
    shown: (LogSize, Worth),
    doubt: Doubt,
    /// Orders that wait to be carried out.
    orders: VecDeque<consensus::Effect>,
}

/// What is known of one peer.
#[derive(Clone, Copy, Debug, Default)]
struct PeerState {
    height: Height,
    cosigned: LogSize,
    /// The height whose certificate it was last told, so that it is told once.
    told_commit: Height,
    /// The height of which it has another block, once it was asked how it decided that.
    contested: Option<Height>,
    /// Until when others are asked for blocks first.
    left_alone_until: Option<Moment>,
}

enum Fact {
    Consensus(Received),
    Sync(Received),
    Peer(PeerEvent),
    Pending,
    Due,
    Catchup,
    Checked(Checked),
    Over,
}

impl Driver {
    /// Starts from what is on disk. The machine's height follows the ledger's head; a safety record
    /// that cannot be read in full silences the validator until the network has gone past it.
    pub fn new(start: Start) -> Result<(Self, Events), String> {
        let Start {
            shared,
            config,
            cosigner,
            safety,
            events,
        } = start;
        let genesis = &shared.genesis;
        let chain = genesis.chain();
        let keys = genesis
            .agencies
            .iter()
            .map(|agency| agency.vote.key)
            .collect();
        let validators = ValidatorSet::new(keys).map_err(|error| error.to_string())?;
        let agencies = genesis
            .agencies
            .iter()
            .map(|agency| (agency.vote.key, agency.name.clone()))
            .collect();
        let height = shared.ledger.head().height().next();
        let (file, found) = safety;
        let is_recordless = found == Found::Nothing && config.validator.is_some();
        let asks = is_recordless && validators.quorum() > 1;
        let record = if asks {
            // Until the others have said how far they are: never.
            Some(Safety::observe_until(chain, Height::new(u64::MAX)))
        } else {
            remembered(chain, height, found)?
        };
        let me = config.validator.as_ref().map(|keys| keys.vote.public());
        let machine = Machine::new(chain, validators.clone(), me, height, record);
        let signer = config
            .validator
            .map(|keys| Signer::new(chain, keys.agency, keys.vote));
        let peers = vec![PeerState::default(); shared.peers.len()];
        let shown = (*shared.published.borrow(), Worth::default());
        let began = shared.host.moment();
        let driver = Self {
            chain,
            validators,
            agencies,
            machine,
            signer,
            safety: file,
            candidates: Candidates::default(),
            proposals: Proposals::default(),
            catchup: CatchUp::new(),
            cosigner,
            timers: BTreeMap::new(),
            timer_number: 0,
            peers,
            height_since: began,
            status_at: began,
            status_height: Height::ZERO,
            recosign_at: began + COSIGN_EVERY,
            evidence_dir: config.dir.join("evidence"),
            recent: VecDeque::new(),
            line: publish::LineWait::default(),
            shown,
            doubt: Doubt::new(asks),
            orders: VecDeque::new(),
            shared,
        };
        Ok((driver, events))
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
                checked = self.catchup.ready.recv() => checked.map_or(Fact::Over, Fact::Checked),
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
    }

    /// Says again what was said before the last stop.
    fn recover(&mut self) {
        self.restore_candidates();
        self.feed(Input::Start);
        self.perform_all();
        self.cosign_head();
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
        let timer = self.timers.keys().next().map(|(at, _)| *at);
        let often = self.status_at.min(self.recosign_at);
        let rare = [timer, self.line_deadline(), self.gather_deadline()];
        rare.into_iter().flatten().fold(often, Moment::min)
    }

    /// Does the most urgent thing that is due; each of them puts off its own next time.
    fn on_due(&mut self) {
        let now = self.shared.host.moment();
        let is_due = |at: Option<Moment>| at.is_some_and(|at| at <= now);
        if is_due(self.timers.keys().next().map(|(at, _)| *at)) {
            self.on_timer(now);
        } else if is_due(self.line_deadline()) {
            self.publish_without_line();
        } else if is_due(self.gather_deadline()) {
            self.ask_for_entries();
        } else if is_due(Some(self.status_at)) {
            self.status_at = now + STATUS_EVERY;
            self.tell_status();
        } else if is_due(Some(self.recosign_at)) {
            self.recosign_at = now + COSIGN_EVERY;
            self.cosign_head();
        }
    }

    fn on_timer(&mut self, now: Moment) {
        while let Some(entry) = self.timers.first_entry()
            && entry.key().0 <= now
        {
            let timer = entry.remove();
            self.feed(Input::Elapsed(timer));
        }
    }

    fn schedule(&mut self, timer: Timer, after_ms: u64) {
        self.timer_number = self.timer_number.wrapping_add(1);
        let at = self.shared.host.moment() + Duration::from_millis(after_ms);
        self.timers.insert((at, self.timer_number), timer);
    }

    fn show_progress(&self) {
        let mut progress = self.shared.progress();
        progress.round = self.machine.round().get();
        progress.step = self.machine.step_now().name();
        progress.turned_ms = self.shared.host.now().get();
        progress.not_voting = if self.signer.is_some() && !self.machine.speaks() {
            Some(if self.machine.is_halted() {
                "an alarm has stopped voting; see the log".to_owned()
            } else {
                self.doubt
                    .reason()
                    .unwrap_or_else(|| "its own record of votes is ahead of its blocks".to_owned())
            })
        } else {
            None
        };
    }

    fn on_peer(&mut self, event: &PeerEvent) {
        match event {
            PeerEvent::Connected(peer) => {
                tracing::info!(event = "peer-connected", peer = self.peer_name(*peer));
                self.greet(*peer);
            }
            PeerEvent::Disconnected(peer) => {
                tracing::info!(event = "peer-disconnected", peer = self.peer_name(*peer));
                // A question that was on its way is asked again.
                if let Some(state) = self.peers.get_mut(peer.get()) {
                    state.contested = None;
                }
            }
            PeerEvent::Fault(reason) => self.shared.fail_with(reason),
        }
    }

    fn peer_name(&self, peer: PeerIndex) -> &str {
        self.shared
            .peers
            .get(peer.get())
            .map_or("?", String::as_str)
    }

    /// The peer whose agency votes with `key`.
    fn peer_of(&self, key: &PublicKey) -> Option<PeerIndex> {
        let name = self.agencies.get(key)?;
        self.shared
            .peers
            .iter()
            .position(|peer| peer == name.as_str())
            .map(PeerIndex::new)
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
        let text = format!("{evidence:#?}\n");
        let name = protocol::text::hex(&protocol::hash::sha256(&[text.as_bytes()])[..8]);
        tracing::error!(
            event = "evidence",
            file = name,
            "a validator has broken the rules"
        );
        let path = self.evidence_dir.join(format!("{name}.evidence"));
        let bytes = codec::encode(SAFETY_VERSION, evidence);
        let kept = std::fs::create_dir_all(&self.evidence_dir)
            .and_then(|()| std::fs::write(&path, &bytes))
            .and_then(|()| std::fs::write(path.with_extension("txt"), text));
        if let Err(error) = kept {
            tracing::error!(event = "evidence-lost", %error);
        }
    }
}

/// The safety record of the last run. A record that may have lost its newest words makes the node
/// follow in silence until the network is past any height at which it can have voted.
fn remembered(chain: ChainId, height: Height, found: Found) -> Result<Option<Safety>, String> {
    let decode = |value: &[u8]| {
        codec::decode::<Safety>(SAFETY_VERSION, value, crate::durable::VALUE_BYTES_MAX).map_err(
            |error| {
                format!(
                    "the safety record cannot be read ({error}); this node must not vote with it"
                )
            },
        )
    };
    match found {
        Found::Value(value) => decode(&value).map(Some),
        Found::Doubtful(value) => {
            // A validator speaks only at the height after its last block: the lost words are of the
            // height of the readable record, of the next one, or of the ledger's.
            let above = decode(&value)?.height.next().max(height).next();
            tracing::error!(event = "safety-doubtful", %above, "the newest safety record cannot be read; following in silence");
            Ok(Some(Safety::observe_until(chain, above)))
        }
        Found::Nothing => Ok(None),
    }
}
