//! Load by whoever means no good: silent connections, bodies without end, costly questions, and a peer
//! that floods. Held to a share of one core, so that what it costs others is theirs and not its own.
//!
//! Whatever the other side ends is opened again: the load stays what was asked for.

pub mod child;
mod http;
mod peer;
mod standing;

use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use tokio::{runtime::Builder, sync::watch, task::JoinSet};

pub use self::standing::{Standing, ask};

/// What is pressed on, and how hard.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Spec {
    /// HTTP ports.
    pub http: Vec<SocketAddr>,
    /// Connections to each that say nothing, a quarter of them after half a head.
    pub silent: usize,
    /// Connections to each that send all of a body but its end.
    pub bodies: usize,
    /// Connections to each that ask one question after the other.
    pub readers: usize,
    /// Whole requests; each reader has one of them.
    pub questions: Vec<String>,
    /// Peers that are flooded, with their ids.
    pub peers: Vec<(SocketAddr, String)>,
    /// The key file of an allowed peer, by which they are.
    pub key: Option<PathBuf>,
    /// The part of one core that all this may use; none for no bound.
    pub share: Option<f64>,
}

/// What became of the load.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Connections that were made.
    pub opened: AtomicU64,
    /// Connections that the other side ended or refused.
    pub ended: AtomicU64,
    /// Bytes of bodies that were sent.
    pub sent_bytes: AtomicU64,
    /// Questions that were answered.
    pub answered: AtomicU64,
    /// Questions that were answered 503.
    pub busy: AtomicU64,
    /// Questions that were answered otherwise.
    pub odd: AtomicU64,
    /// Bytes that the flooding peer has sent.
    pub flooded_bytes: AtomicU64,
}

impl Tally {
    fn add(counter: &AtomicU64, count: usize) {
        counter.fetch_add(count as u64, Ordering::Relaxed);
    }
}

/// What all parts of the load share.
#[derive(Clone)]
struct Pace {
    held: watch::Receiver<bool>,
    tally: Arc<Tally>,
}

impl Pace {
    /// Waits until the share of the core allows more.
    async fn step(&mut self) {
        let _gone = self.held.wait_for(|held| !held).await;
    }
}

/// Presses until `stop` is told or dropped.
pub fn press(spec: &Spec, tally: &Arc<Tally>, stop: watch::Receiver<bool>) {
    let _most = node::descriptors::raise();
    let (hold, held) = watch::channel(false);
    let tally = Arc::clone(tally);
    let pace = Pace { held, tally };
    let floods = spec.key.as_ref();
    let floods = floods.map(|key| peer::flood(key, &spec.peers, &pace));
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(press_until(spec, pace, hold, stop));
    drop(floods);
}

async fn press_until(
    spec: &Spec,
    pace: Pace,
    hold: watch::Sender<bool>,
    mut stop: watch::Receiver<bool>,
) {
    let mut tasks = JoinSet::new();
    for (number, address) in spec.http.iter().enumerate() {
        let place = u8::try_from(number).unwrap();
        for count in 0..spec.silent {
            tasks.spawn(http::be_silent(*address, place, count, pace.clone()));
        }
        for count in 0..spec.bodies {
            tasks.spawn(http::send_without_end(*address, place, count, pace.clone()));
        }
        for count in 0..spec.readers {
            let question = spec.questions[count % spec.questions.len()].clone();
            tasks.spawn(http::ask_on(*address, place, count, question, pace.clone()));
        }
    }
    let governor = async {
        let Some(share) = spec.share else {
            return std::future::pending().await;
        };
        let (began, before) = (Instant::now(), cpu_seconds());
        loop {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let used = cpu_seconds() - before;
            hold.send_if_modified(|held| {
                let over = used > share * began.elapsed().as_secs_f64();
                std::mem::replace(held, over) != over
            });
        }
    };
    tokio::select! {
        _told = stop.wait_for(|stop| *stop) => {}
        () = governor => {}
    }
}

/// CPU seconds of this process.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat
        .rsplit_once(')')
        .unwrap()
        .1
        .split_whitespace()
        .collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}
