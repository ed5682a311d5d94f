//! Load by whoever means no good: silent connections, bodies without end, costly questions, and a peer
//! that floods. Held to a share of one core, so that what it costs others is theirs and not its own: each
//! part has a thread and a quarter of the share, and takes it evenly (`pace`).
//!
//! Whatever the other side ends is opened again: the load stays what was asked for.

pub mod child;
mod http;
mod pace;
mod peer;
mod standing;

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use serde::{Deserialize, Serialize};
use tokio::{runtime::Builder, sync::watch, task::JoinSet};

use self::pace::Pace;

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

/// A part of the load.
#[derive(Clone, Copy, Debug)]
enum Part {
    Silent,
    Bodies,
    Readers,
    Flood,
}

impl Part {
    const ALL: [Self; 4] = [Self::Silent, Self::Bodies, Self::Readers, Self::Flood];

    /// Begins all of it on this runtime.
    fn begin(self, spec: &Spec, pace: &Pace, tasks: &mut JoinSet<()>) {
        if let Self::Flood = self {
            if let Some(key) = &spec.key {
                peer::flood(key, &spec.peers, pace, tasks);
            }
            return;
        }
        for (place, to) in (0..).zip(&spec.http) {
            match self {
                Self::Silent => {
                    for count in 0..spec.silent {
                        tasks.spawn(http::be_silent(*to, place, count, pace.clone()));
                    }
                }
                Self::Bodies => {
                    for count in 0..spec.bodies {
                        tasks.spawn(http::send_without_end(*to, place, count, pace.clone()));
                    }
                }
                Self::Readers => {
                    for count in 0..spec.readers {
                        let question = spec.questions[count % spec.questions.len()].clone();
                        tasks.spawn(http::ask_on(*to, place, count, question, pace.clone()));
                    }
                }
                Self::Flood => {}
            }
        }
    }

    fn press(self, spec: &Spec, tally: &Arc<Tally>, mut stop: watch::Receiver<bool>) {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let share = spec.share.map(|share| share / Self::ALL.len() as f64);
            let (pace, governor) = Pace::new(share, Arc::clone(tally));
            let mut tasks = JoinSet::new();
            self.begin(spec, &pace, &mut tasks);
            tokio::select! {
                _told = stop.wait_for(|stop| *stop) => {}
                () = governor => {}
            }
        });
    }
}

/// Presses until `stop` is told or dropped.
pub fn press(spec: &Spec, tally: &Arc<Tally>, stop: &watch::Receiver<bool>) {
    let _most = node::descriptors::raise();
    thread::scope(|scope| {
        for part in Part::ALL {
            scope.spawn(move || part.press(spec, tally, stop.clone()));
        }
    });
}
