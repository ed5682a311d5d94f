//! From a folder to a running node, and to its orderly end.
//!
//! Start: configuration, ledger (checked against the register, which outlives the database), safety
//! record, network, HTTP, driver. Any fault on the way or later ends the process with a sentence.

use std::{path::Path, sync::Arc};

use ledger::Ledger;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
};

use crate::{
    config::{BadConfig, Config},
    cosigner::{Cosigner, Register},
    driver::{Driver, Start},
    durable::{Durable, Found},
    host::Host,
    http,
    ingest::{Door, Jobs},
    network::{self, Events, Handle, Peer, Received, Setup},
    shared::{Parts, Shared, describe},
    wire,
};

/// Why a node ended.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// It cannot start from what its operator gave it.
    #[error(transparent)]
    Config(#[from] BadConfig),
    /// This machine's trouble.
    #[error("{0}")]
    Fault(String),
}

/// Runs the node in `dir` until `stop` is told or a fault ends it.
pub async fn run(dir: &Path, stop: oneshot::Receiver<()>) -> Result<(), Ended> {
    let config = Config::read(dir)?;
    let fault = |reason: String| Ended::Fault(reason);
    let data = dir.join("data");
    std::fs::create_dir_all(&data)
        .map_err(|error| fault(format!("{}: {error}", data.display())))?;
    let chain = config.genesis.chain();
    // The lock on the folder is the ledger's, so it is opened before anything is written.
    let register_path = data.join("register");
    let expected = if register_path.exists() {
        Register::open(&register_path, chain).map_err(fault)?.last()
    } else {
        None
    };
    let ledger = Ledger::open(
        &data.join("ledger"),
        &config.genesis,
        expected.map(|last| (last.size, last.root)),
    )
    .map_err(|error| fault(describe(&error)))?;
    let register = Register::open(&register_path, chain).map_err(fault)?;
    let safety = Durable::open(&data.join("safety")).map_err(|error| fault(error.to_string()))?;
    let listener = TcpListener::bind(config.http).await.map_err(|error| {
        fault(format!("cannot listen on {}: {error}; is another node running, or the address in node.toml wrong?", config.http))
    })?;
    let setup = Setup {
        secret: config.peer.clone(),
        listen: config.p2p,
        peers: peers(&config),
    };
    let network = network::start(setup)
        .await
        .map_err(|error| fault(error.to_string()))?;
    let http_address = config.http;
    let kept = Kept {
        ledger,
        register,
        safety,
    };
    let Assembled {
        start,
        jobs,
        entries,
    } = assemble(Host::real(), config, kept, network);
    let shared = Arc::clone(&start.shared);
    tokio::spawn(jobs.work(Arc::clone(&shared)));
    tokio::spawn(take_told(Arc::clone(&shared), entries));
    let (over, is_over) = mpsc::channel(1);
    let driver = drive(start, is_over).map_err(fault)?;
    tracing::info!(event = "started", chain = %shared.genesis.chain(), http = %http_address, p2p = %shared.network.listening(), height = %shared.ledger.head().height());
    serve(&shared, listener, stop).await;
    drop(over);
    let _joined = tokio::task::spawn_blocking(move || driver.join()).await;
    let failed = shared.failed.borrow().clone();
    failed.map_or(Ok(()), |reason| Err(Ended::Fault(reason)))
}

/// What a node keeps on disk, open.
#[derive(Debug)]
pub struct Kept {
    /// The blocks and the state.
    pub ledger: Ledger,
    /// What was last cosigned.
    pub register: Register,
    /// The safety record's file and what stood in it.
    pub safety: (Durable, Found),
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

/// Puts a node together from what is on disk and a network with the [`peers`] of `config`.
#[must_use]
pub fn assemble(host: Host, config: Config, kept: Kept, network: (Handle, Events)) -> Assembled {
    let (network, mut events) = network;
    let keys = config.validator.as_ref();
    let mine = keys.map(|keys| (keys.agency.clone(), keys.cosign.clone()));
    let agency = keys.map(|keys| keys.agency.clone());
    let publisher = config.publisher.clone();
    let mut cosigner = Cosigner::new(&config.genesis, mine, publisher, kept.register);
    if let Some(published) = kept.ledger.published() {
        cosigner.remember(&published.note);
    }
    let names = peers(&config).into_iter().map(|peer| peer.name);
    let (door, jobs) = Door::open();
    let shared = Shared::new(Parts {
        host,
        genesis: config.genesis.clone(),
        agency,
        ledger: kept.ledger,
        network,
        peers: names.collect(),
        door,
    });
    let (_, closed) = mpsc::channel(1);
    let entries = std::mem::replace(&mut events.entries, closed);
    let start = Start {
        shared,
        config,
        cosigner,
        safety: kept.safety,
        events,
    };
    Assembled {
        start,
        jobs,
        entries,
    }
}

/// The other agencies' nodes, then the observers.
#[must_use]
pub fn peers(config: &Config) -> Vec<Peer> {
    let mine = config.validator.as_ref().map(|keys| &keys.agency);
    let agencies = config
        .genesis
        .agencies
        .iter()
        .filter(|agency| Some(&agency.name) != mine);
    let agencies = agencies.map(|agency| Peer {
        name: agency.name.to_string(),
        key: agency.peer.key,
        address: config.peers.get(&agency.name).copied(),
    });
    let observers = config.observers.iter().map(|(name, key)| Peer {
        name: name.clone(),
        key: *key,
        address: None,
    });
    agencies.chain(observers).collect()
}

/// Entries that peers tell of go through the same door as everybody's.
pub async fn take_told(shared: Arc<Shared>, mut entries: mpsc::Receiver<Received>) {
    while let Some(received) = entries.recv().await {
        match wire::decode::<wire::EntriesMessage>(&received.bytes, wire::ENTRIES_BYTES_MAX) {
            Ok(wire::EntriesMessage(told)) => shared.door.told(told).await,
            Err(error) => tracing::warn!(event = "bad-message", peer = received.peer.get(), %error),
        }
    }
}

/// Starts the driver on a thread of its own: its syncs must delay nothing else.
fn drive(start: Start, over: mpsc::Receiver<()>) -> Result<std::thread::JoinHandle<()>, String> {
    let shared = Arc::clone(&start.shared);
    let (driver, events) = Driver::new(start)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|error| error.to_string())?;
    let work = move || {
        let turned = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            runtime.block_on(driver.run(events, over))
        }));
        if turned.is_err() {
            shared.fail_with("the driver has panicked: a bug; restart the node and report the log");
        }
    };
    std::thread::Builder::new()
        .name("driver".to_owned())
        .spawn(work)
        .map_err(|error| error.to_string())
}

/// Serves HTTP until told to stop or failed. Open requests have a moment to end.
async fn serve(shared: &Arc<Shared>, listener: TcpListener, stop: oneshot::Receiver<()>) {
    let mut failed = shared.failed.subscribe();
    let ending = async move {
        tokio::select! {
            _ = stop => {}
            _ = failed.wait_for(Option::is_some) => {}
        }
    };
    let (ended, has_ended) = oneshot::channel();
    let ending = async move {
        ending.await;
        let _gone = ended.send(());
    };
    let server =
        axum::serve(listener, http::router(Arc::clone(shared))).with_graceful_shutdown(ending);
    let grace = async {
        let _told = has_ended.await;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    };
    tokio::select! {
        result = server => {
            if let Err(error) = result {
                shared.fail_with(&format!("the HTTP server ended: {error}"));
            }
        }
        () = grace => {}
    }
}
