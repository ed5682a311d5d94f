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
    acceptances,
    config::{BadConfig, Config},
    cosigner::CheckpointCosigner,
    descriptors,
    disks::Disks,
    driver::{Driver, Start},
    durable::AtPath,
    epoch::{EpochState, Epochs},
    fault::NodeFault,
    host::Host,
    http::{self, Reads, Serving},
    ingest::{Ingest, Jobs, take_from_peers},
    logging::Levels,
    network::{self, Events, Handle, Peer, Received, Setup},
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
    let kept = descriptors::kept_back(first_peers(&config)?);
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
    let setup = Setup {
        secret: config.peer.clone(),
        listen: config.p2p,
        peers: peers(&config, &kept.epochs.now()),
        host: host.clone(),
    };
    let network = network::start(setup).await.map_err(NodeFault::from)?;
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
    let ledger =
        sign_state::open_ledger(&config.places.ledger, &config.genesis, &sign_state.cosign)
            .map_err(NodeFault::from)?;
    let height = ledger.head().height();
    let acceptances =
        acceptances::at_start(dir, &config.genesis, height).map_err(NodeFault::from)?;
    let epochs =
        Epochs::open(&config.genesis, ledger.head().directory()).map_err(NodeFault::from)?;
    Ok(OpenedFiles {
        ledger,
        sign_state,
        epochs,
        acceptances,
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

/// The safety record and the cosign state of the node of `config`, or why it must not start.
fn find_sign_state(dir: &Path, config: &Config, is_lost: bool) -> Result<SignState, Ended> {
    let places = &config.places;
    let keys = Keys::of(config);
    // Never for a validator that lacks it: what is missing may be a disk that is not mounted.
    if is_lost || keys.sign_nothing {
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
    let (safety, cosign) = (
        AtPath(places.safety.clone()),
        AtPath(places.cosign_state.clone()),
    );
    let found = sign_state::open(&safety, &cosign, &config.genesis, keys, &asked)?;
    if let SafetyBody::Returning(_) = found.body {
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
    /// Text of all agencies' acceptances of the genesis, if they are here.
    pub acceptances: Option<String>,
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

/// Puts a node together from what is on disk and a network with the [`peers`] of `config` and the epoch.
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
    let keys = config.validator.as_ref();
    let mine = keys.map(|keys| (keys.agency.clone(), keys.cosign.clone()));
    let agency = keys.map(|keys| keys.agency.clone());
    let publisher = config.publisher.clone();
    let SignState {
        safety,
        body,
        is_doubtful,
        cosign,
    } = kept.sign_state;
    let epoch = kept.epochs.now();
    let mut cosigner = CheckpointCosigner::new(Arc::clone(&epoch), mine, publisher, cosign);
    if let Some(published) = kept.ledger.published() {
        cosigner.remember(&published.note);
    }
    let names = peers(&config, &epoch).into_iter().map(|peer| peer.name);
    let (ingest, jobs) = Ingest::open();
    let shared = Shared::new(Parts {
        disks: Disks::of(&config.places),
        host,
        epochs: kept.epochs,
        acceptances: kept.acceptances,
        agency,
        ledger: kept.ledger,
        network,
        peers: names.collect(),
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
        found: (body, is_doubtful),
        events,
    };
    Ok(Assembled {
        start,
        jobs,
        entries,
    })
}

/// The nodes of the epoch's other agencies, then the observers.
#[must_use]
pub fn peers(config: &Config, epoch: &EpochState) -> Vec<Peer> {
    let mine = config.validator.as_ref().map(|keys| &keys.agency);
    let agencies = epoch.agencies().values();
    let agencies = agencies.filter(|agency| Some(&agency.name) != mine);
    let agencies = agencies.map(|agency| Peer {
        name: agency.name.to_string(),
        key: agency.peer,
        address: config.peers.get(&agency.name).cloned(),
    });
    let observers = config.observers.iter().map(|(name, key)| Peer {
        name: name.clone(),
        key: *key,
        address: None,
    });
    agencies.chain(observers).collect()
}

/// How many peers there are by the settings and the genesis: the ledger is not open yet.
fn first_peers(config: &Config) -> Result<usize, NodeFault> {
    let first = EpochState::first(&config.genesis)?;
    Ok(peers(config, &first).len())
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
