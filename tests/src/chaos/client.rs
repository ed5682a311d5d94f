//! Clients that expect their nodes to fail: every answer may be missing, none may be wrong.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use api::EntryState;
use client::http::{self, ConnectOptions};
use tests::load::{Load, Ready};

/// Longer than any answer takes that the nodes are asked to wait for.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// How long a node is given to come to a receipt in one question.
const RECEIPT_MOMENT: Duration = Duration::from_millis(500);
/// How long a client asks for one receipt before it goes on to another entry.
const RECEIPT_WITHIN: Duration = Duration::from_secs(5);
const RETRY: Duration = Duration::from_millis(20);

/// A receipt that a client has read.
#[derive(Clone, Debug)]
pub(crate) struct Ack {
    pub(crate) ready: Ready,
    pub(crate) receipt: String,
}

/// A client of one node.
#[derive(Clone, Debug)]
pub(crate) struct Client(http::Client);

impl Client {
    pub(crate) fn new(url: String) -> Self {
        let options = ConnectOptions {
            timeout: ANSWER_WITHIN,
            ..ConnectOptions::default()
        };
        Self(http::Client::new(&[url], &options).unwrap())
    }

    /// The status and body of a page, if the node answers.
    pub(crate) fn get(&self, path: &str) -> Option<(u16, String)> {
        self.0.page(path).ok()
    }

    /// Whether the node has taken the entry.
    pub(crate) fn submit(&self, entry: &Ready) -> bool {
        let refused = self.0.submit(&entry.text, Instant::now());
        refused.is_ok_and(|problem| problem.is_none())
    }

    /// The receipt of an entry, if the node has one within a moment.
    pub(crate) fn receipt(&self, entry: &Ready) -> Option<String> {
        let until = Instant::now() + RECEIPT_MOMENT;
        let found = self.0.receipt(&entry.id.to_hex(), until).ok()??;
        String::from_utf8(found).ok()
    }

    /// Where an entry stands in the log of this node, if it is final there.
    pub(crate) fn index(&self, entry: &Ready) -> Option<u64> {
        let answer = self.0.entry(&entry.id.to_hex()).ok()?;
        answer.index.filter(|_| answer.state == EntryState::Final)
    }

    /// How the node is doing, if it answers.
    pub(crate) fn status(&self) -> Option<api::Status> {
        self.0.status().ok()
    }

    /// Its newest checkpoint: size and root.
    pub(crate) fn checkpoint(&self) -> Option<(u64, String)> {
        let note = self.0.checkpoint().ok()?;
        let mut lines = note.lines().skip(1);
        Some((lines.next()?.parse().ok()?, lines.next()?.to_owned()))
    }
}

/// Clients at work, until this is dropped.
#[derive(Debug)]
pub(crate) struct Traffic {
    stop: Arc<AtomicBool>,
    workers: Vec<JoinHandle<()>>,
    acks: Arc<Mutex<Vec<Ack>>>,
}

impl Traffic {
    /// Starts so many clients, each with a node of its own to begin with.
    pub(crate) fn start(load: &Arc<Load>, clients: &[Client], workers: usize) -> Self {
        let (stop, acks) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let start = |number: usize| {
            let (load, stop, acks) = (Arc::clone(load), Arc::clone(&stop), Arc::clone(&acks));
            let mut clients = clients.to_vec();
            let turn = number % clients.len();
            clients.rotate_left(turn);
            thread::spawn(move || work(&load, &clients, &stop, &acks))
        };
        Self {
            workers: (0..workers).map(start).collect(),
            stop,
            acks,
        }
    }

    /// The receipts read so far.
    pub(crate) fn acks(&self) -> Vec<Ack> {
        self.acks.lock().unwrap().clone()
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for worker in self.workers.drain(..) {
            let _ended = worker.join();
        }
    }
}

/// One entry after another: handed to one node, its receipt read from the next.
fn work(load: &Load, clients: &[Client], stop: &AtomicBool, acks: &Mutex<Vec<Ack>>) {
    let stopped = || stop.load(Ordering::Relaxed);
    let mut turn = clients.iter().cycle();
    while !stopped() {
        let entry = load.sign_one();
        while !stopped() && !turn.next().unwrap().submit(&entry) {
            thread::sleep(RETRY);
        }
        let since = Instant::now();
        while !stopped() && since.elapsed() < RECEIPT_WITHIN {
            if let Some(receipt) = turn.next().unwrap().receipt(&entry) {
                acks.lock().unwrap().push(Ack {
                    ready: entry,
                    receipt,
                });
                break;
            }
            thread::sleep(RETRY);
        }
    }
}
