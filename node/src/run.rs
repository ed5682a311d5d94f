//! From a folder to a running node, and to its orderly end.
//!
//! Start: configuration, HTTP port (answering "opening"), safety record and cosign state, ledger (checked
//! against the cosign state, which outlives the database), network, HTTP, driver. Any fault on the way or
//! later ends the process with a sentence.

mod reread;

use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use ledger::Ledger;
use protocol::{
    hash::ReturnNonce,
    key::group::{self, Disagreement, GroupVerifier},
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};

use self::reread::{Fixed, Reread};

use crate::{
    config::{BadConfig, Config},
    cosigner::{CheckpointCosigner, CosignKeys},
    descriptors,
    disks::Disks,
    driver::{Driver, Start},
    epoch::Epochs,
    fault::NodeFault,
    host::Host,
    http::{self, Reads, Serving},
    ingest::{Ingest, Jobs, take_from_peers},
    logging::Levels,
    network::{self, Events, Handle, Received, Setup},
    peers::{AGENCY_PEERS_MAX, peers_of},
    server::{self, Connections},
    shared::{Parts, Shared},
    sign_state::{self, Declared, Keys, NotFit, SafetyBody, SignState},
    signals::Signals,
    threads::Threads,
};

/// Why a node ended.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// It cannot start from what its operator gave it.
    #[error(transparent)]
    Config(#[from] BadConfig),
    /// What its keys have signed is not what it finds, and only its operator knows why.
    #[error(transparent)]
    SignState(#[from] NotFit),
    /// This machine's trouble.
    #[error(transparent)]
    Fault(#[from] NodeFault),
}

/// How long a ledger that is being opened is waited for when the process is told to end.
const INTERRUPTED_WITHIN: Duration = Duration::from_secs(10);

/// Runs the node in `dir` until it is told to stop or a fault ends it. What it is told is heard at every
/// moment, and whoever asks over HTTP gets an answer from the first: opening a long ledger takes a while.
/// `is_lost` is the operator's word that what is missing of the sign state is lost for good.
///
/// # Errors
/// [`Ended`], unless it was told to stop.
pub async fn run(dir: &Path, is_lost: bool, told: Signals, levels: Levels) -> Result<(), Ended> {
    let Signals { mut stop, reread } = told;
    let read = settings(dir);
    // A file may be on a disk that does not answer, and nothing interrupts that.
    let what = "the settings were being read";
    let Some(config) = unless_told(read, &mut stop, what, Duration::ZERO).await? else {
        return Ok(());
    };
    levels.set(config.log.as_deref());
    let peers_max = AGENCY_PEERS_MAX + config.observers.len();
    let kept = descriptors::kept_back(peers_max);
    let connections_max =
        descriptors::http_connections(descriptors::raise(), kept).map_err(NodeFault::from)?;
    let serving = Threads::serving().map_err(|error| NodeFault::start("threads", error))?;
    let (listener, http_address) = listen(config.http)?;
    let opening = OpeningServer::begin(&listener, &serving, connections_max)?;
    let folder = dir.to_owned();
    let open = move || open(&folder, &config, is_lost).map(|kept| (config, kept));
    let opened = tokio::task::spawn_blocking(open);
    let what = "the ledger was being opened";
    let opened = unless_told(opened, &mut stop, what, INTERRUPTED_WITHIN).await?;
    let Some((config, kept)) = opened else {
        return Ok(());
    };
    let host = Host::real();
    let network = join(&config, &kept, &host).await?;
    let fixed = Fixed::of(&config);
    let Assembled {
        start,
        jobs,
        entries,
    } = assemble(host, config, kept, network).map_err(NodeFault::from)?;
    let shared = Arc::clone(&start.shared);
    take_entries(&shared, &serving, jobs, entries);
    let again = Reread {
        dir: dir.to_owned(),
        fixed,
        shared: Arc::clone(&shared),
        levels,
    };
    drop(serving.handle().spawn(again.work(reread)));
    let (over, is_over) = mpsc::channel(1);
    let driver = drive(start, is_over)?;
    tracing::info!(event = "started", chain = %shared.ledger.head().directory().network().chain, http = %http_address, p2p = %shared.network.listening(), height = %shared.ledger.head().height());
    let reading = Threads::reading(http::threads_max())
        .map_err(|error| NodeFault::start("threads", error))?;
    let reads = Reads::new(
        reading.handle().clone(),
        connections_max,
        Arc::clone(&shared.metrics.serving),
    );
    let connections = Connections::new(connections_max, Arc::clone(&shared.metrics.serving));
    let server = Server {
        reads,
        listener,
        connections,
        serving: &serving,
    };
    opening.end();
    serve(&shared, server, stop).await;
    shared.begin_to_end();
    drop(over);
    let _ended = driver.await;
    let failed = shared.failed.borrow().clone();
    failed.map_or(Ok(()), |met| Err(NodeFault::Met(met).into()))
}

/// Starts the network with the peers of the state.
async fn join(
    config: &Config,
    kept: &OpenedFiles,
    host: &Host,
) -> Result<(Handle, Events), NodeFault> {
    let head = kept.ledger.head();
    let setup = Setup {
        secret: config
            .keys
            .in_force(config.agency.as_ref(), &kept.epochs.now())
            .peer,
        listen: config.p2p,
        peers: peers_of(head.directory(), &config.peer_settings(), &[]).peers,
        host: host.clone(),
    };
    Ok(network::start(setup).await?)
}

/// Turns the doors for entries, behind consensus: what strangers and observers bring is checked with what is
/// left of the cores.
fn take_entries(
    shared: &Arc<Shared>,
    serving: &Threads,
    jobs: Jobs,
    entries: mpsc::Receiver<Received>,
) {
    let at_ease = serving.handle();
    let clients = jobs.clients.work(Arc::clone(shared));
    keep_alive(shared, at_ease, "the door for clients", clients);
    let peers = jobs.peers.work(Arc::clone(shared));
    keep_alive(shared, at_ease, "the door for peers", peers);
    let told = take_from_peers(Arc::clone(shared), entries);
    keep_alive(shared, at_ease, "the entries lane", told);
}

fn settings(dir: &Path) -> JoinHandle<Result<Config, Ended>> {
    let dir = dir.to_owned();
    tokio::task::spawn_blocking(move || Ok(Config::read(&dir)?))
}

/// What `work` comes to; none if the process is told to end before, and then the work is left after
/// `patience`.
async fn unless_told<T>(
    mut work: JoinHandle<Result<T, Ended>>,
    stop: &mut oneshot::Receiver<()>,
    what: &str,
    patience: Duration,
) -> Result<Option<T>, Ended> {
    tokio::select! {
        done = &mut work => done.map_err(NodeFault::Panicked)?.map(Some),
        _ = stop => {
            tracing::info!(event = "stopped", "told to end while {what}");
            ledger::interrupt_opening();
            let _late = tokio::time::timeout(patience, work).await;
            Ok(None)
        }
    }
}

/// Binds the port for clients, before anything that takes time.
fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), NodeFault> {
    let bound = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    });
    bound.map_err(|source| NodeFault::Listen { address, source })
}

/// Opens what is on disk.
fn open(dir: &Path, config: &Config, is_lost: bool) -> Result<OpenedFiles, Ended> {
    let sign_state = find_sign_state(dir, config, is_lost)?;
    let ledger = sign_state::open_ledger(&config.places.ledger, &config.genesis, &sign_state)
        .map_err(NodeFault::from)?;
    let epochs =
        Epochs::open(&config.genesis, ledger.head().directory()).map_err(NodeFault::from)?;
    config.check_keys(&epochs.now())?;
    Ok(OpenedFiles {
        ledger,
        sign_state,
        epochs,
    })
}

/// Makes the folder of what is on disk.
fn make_folder(data: &Path) -> Result<(), NodeFault> {
    std::fs::create_dir_all(data).map_err(|source| {
        let found = data.symlink_metadata();
        NodeFault::Folder {
            path: data.to_owned(),
            hint: if found.is_ok_and(|found| found.is_symlink()) {
                ", which is a link that leads nowhere"
            } else {
                ""
            },
            source,
        }
    })
}

/// What is answered while the ledger is being opened.
struct OpeningServer(watch::Sender<bool>);

impl OpeningServer {
    fn begin(listener: &TcpListener, serving: &Threads, most: usize) -> Result<Self, NodeFault> {
        let listener = listener
            .try_clone()
            .map_err(|error| NodeFault::start("the HTTP port", error))?;
        let connections = Connections::new(most, Arc::default());
        let (tell, told) = watch::channel(false);
        let router = http::opening(Instant::now());
        drop(
            serving
                .handle()
                .spawn(server::serve(listener, router, connections, told)),
        );
        Ok(Self(tell))
    }

    /// Requests in hand are still answered; who comes from now on finds the node itself.
    fn end(self) {
        self.0.send_replace(true);
    }
}

/// Turns a part for as long as the node runs; without it, panicked or over, the node ends.
fn keep_alive(
    shared: &Arc<Shared>,
    on: &tokio::runtime::Handle,
    part: &'static str,
    work: impl Future<Output = ()> + Send + 'static,
) {
    let (shared, work) = (Arc::clone(shared), on.spawn(work));
    drop(on.spawn(async move {
        let _how = work.await;
        shared.part_ended(part);
    }));
}

/// The safety records and the cosign states of the node of `config`, or why it must not start.
fn find_sign_state(dir: &Path, config: &Config, is_lost: bool) -> Result<SignState, Ended> {
    let keys = Keys::of(&config.keys);
    // Never for a validator that lacks it: what is missing may be a disk that is not mounted.
    if is_lost || keys.sign_nothing() {
        make_folder(&dir.join("data"))?;
    }
    let mut nonce = [0; 32];
    getrandom::fill(&mut nonce).map_err(|error| {
        NodeFault::start(
            "a return: no random bytes",
            std::io::Error::other(error.to_string()),
        )
    })?;
    let asked = Declared {
        dir: dir.to_owned(),
        is_declared_lost: is_lost,
        nonce: ReturnNonce::new(nonce),
    };
    let found = sign_state::open(&config.places, &config.genesis, &keys, &asked)?;
    let mut bodies = found.safety.values().map(|record| &record.body);
    if bodies.any(|body| matches!(body, SafetyBody::Returning(_))) {
        tracing::error!(
            event = "returning",
            "what this validator signed was declared lost; it signs nothing until a block holds its return mark"
        );
    }
    Ok(found)
}

/// What a node keeps on disk, open.
#[derive(Debug)]
pub struct OpenedFiles {
    /// The blocks and the state.
    pub ledger: Ledger,
    /// What this node's keys have signed.
    pub sign_state: SignState,
    /// The epoch in which the ledger stands.
    pub epochs: Epochs,
}

/// A node whose parts are put together and do not turn yet.
#[derive(Debug)]
pub struct Assembled {
    /// What the driver starts from.
    pub start: Start,
    /// The work behind the door.
    pub jobs: Jobs,
    /// What peers say on the entries lane.
    pub entries: mpsc::Receiver<Received>,
}

/// Puts a node together from what is on disk and a network of its peers ([`peers_of`]).
///
/// # Errors
///
/// [`Disagreement`] if this machine cannot be trusted to check signatures.
pub fn assemble(
    host: Host,
    config: Config,
    kept: OpenedFiles,
    network: (Handle, Events),
) -> Result<Assembled, Disagreement> {
    let signatures = GroupVerifier::new()?;
    tracing::info!(event = "signatures", arithmetic = group::backend());
    let (network, mut events) = network;
    let disks = Disks::of(config.places.ledger.clone(), kept.sign_state.paths());
    let SignState { safety, cosign } = kept.sign_state;
    let own = CosignKeys {
        agency: config.agency.clone(),
        secrets: config.keys.cosign.clone(),
        states: cosign,
        publishers: config.keys.publisher.clone(),
    };
    let mut cosigner = CheckpointCosigner::new(kept.epochs.now(), own);
    if let Some(published) = kept.ledger.published() {
        cosigner.remember(&published.note);
    }
    let (ingest, jobs) = Ingest::open();
    let shared = Shared::new(Parts {
        disks,
        host,
        epochs: kept.epochs,
        agency: config.agency.clone(),
        ledger: kept.ledger,
        network,
        settings: config.peer_settings(),
        ingest,
        signatures,
    });
    let (_, closed) = mpsc::channel(1);
    let entries = std::mem::replace(&mut events.entries, closed);
    let start = Start {
        shared,
        config,
        cosigner,
        safety,
        events,
    };
    Ok(Assembled {
        start,
        jobs,
        entries,
    })
}

/// Starts the driver on a thread of its own: its syncs must delay nothing else. What is returned ends when
/// the driver has; to wait for it takes no thread, which a system that gives none would refuse.
fn drive(start: Start, over: mpsc::Receiver<()>) -> Result<oneshot::Receiver<()>, NodeFault> {
    let (ends, has_ended) = oneshot::channel();
    let shared = Arc::clone(&start.shared);
    // Whoever still answers a client may let go of the ledger while the process ends: RocksDB would be closed
    // with its own globals gone, and abort. Nobody closes it; what is in it is on disk.
    std::mem::forget(Arc::clone(&start.shared));
    let (driver, events) = Driver::new(start);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|error| NodeFault::start("the driver", error))?;
    let work = move || {
        let turned = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            runtime.block_on(driver.run(events, over))
        }));
        if turned.is_err() {
            shared.fail_with("the driver has panicked: a bug; restart the node and report the log");
        }
        shared.part_ended("the driver");
        let _gone = ends.send(());
    };
    std::thread::Builder::new()
        .name("driver".to_owned())
        .spawn(work)
        .map_err(|error| NodeFault::start("the driver", error))?;
    Ok(has_ended)
}

/// What HTTP is served with.
struct Server<'a> {
    listener: TcpListener,
    reads: Arc<Reads>,
    connections: Arc<Connections>,
    serving: &'a Threads,
}

/// Serves HTTP until told to stop or failed. Requests in hand have a moment to end.
async fn serve(shared: &Arc<Shared>, server: Server<'_>, stop: oneshot::Receiver<()>) {
    let router = http::router(Serving {
        shared: Arc::clone(shared),
        reads: server.reads,
    });
    let (tell, told) = watch::channel(false);
    let served = server::serve(server.listener, router, server.connections, told);
    let mut served = server.serving.handle().spawn(served);
    let mut failed = shared.failed.subscribe();
    tokio::select! {
        _ = stop => tracing::info!(event = "stopped", "told to end"),
        _ = failed.wait_for(Option::is_some) => {}
        ended = &mut served => {
            let why = match ended {
                Ok(Ok(())) => "it stopped by itself".to_owned(),
                Ok(Err(error)) => error.to_string(),
                Err(error) => error.to_string(),
            };
            shared.fail_with(&format!(
                "the HTTP server ended: {why}; restart the node and report the log"
            ));
            return;
        }
    }
    tell.send_replace(true);
    let _ended = served.await;
}

#[cfg(test)]
mod tests;
