//! Drives etcd or PostgreSQL in a closed loop: so many clients, each of which hands in its next entries when
//! the last are durable. `bench --peers` starts the servers and this program, and reads one line of figures.
//!
//! It says `ready` when connections stand and all entries are made and signed, and begins when it is told a
//! line: whoever counts the servers' CPU counts what the load alone took.

mod entries;
mod etcd;
mod postgres;

use std::{
    io::BufRead,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};

use crate::entries::Entry;

/// What was asked for.
pub struct Options {
    /// Addresses of the servers, over which the connections are spread.
    at: Vec<String>,
    /// Loops that hand in at the same time.
    clients: usize,
    /// Connections that the clients share.
    connections: usize,
    /// Entries that are handed in together.
    batch: usize,
    /// Bytes of an entry with its signature.
    bytes: usize,
    seconds: f64,
    /// Entries that are made beforehand: what bounds a run that is faster than expected.
    entries: usize,
}

/// Something that takes entries.
pub trait Target: Clone + Send + Sync + 'static {
    /// Returns when all of them are durable as the server promises it.
    fn put(&self, entries: &[Entry]) -> impl Future<Output = Result<(), String>> + Send;
}

/// Seconds of a clock of the kernel.
pub fn clock(id: ClockId) -> f64 {
    let now = clock_gettime(id);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// Nanoseconds of CPU that signature checks took.
pub static CHECKING: AtomicU64 = AtomicU64::new(0);
/// Requests that a server was too busy for, and that were made again.
pub static AGAIN: AtomicU64 = AtomicU64::new(0);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name);
        let found = place.and_then(|place| arguments.get(place + 1));
        found.unwrap_or_else(|| panic!("{name} is missing")).clone()
    };
    let number = |name: &str| value(name).parse::<usize>().unwrap();
    let options = Options {
        at: value("--at").split(',').map(ToOwned::to_owned).collect(),
        clients: number("--clients"),
        connections: number("--connections"),
        batch: number("--batch"),
        bytes: number("--bytes"),
        seconds: value("--seconds").parse().unwrap(),
        entries: number("--entries"),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let entries = entries::make(options.entries, options.bytes);
    match value("--system").as_str() {
        "etcd" => runtime
            .block_on(async { drive(etcd::connect(&options).await, entries, &options).await }),
        "postgres" => {
            runtime.block_on(async {
                drive(postgres::connect(&options).await, entries, &options).await
            });
        }
        other => panic!("no system {other}"),
    }
}

async fn drive<T: Target>(targets: Vec<T>, entries: Vec<Entry>, options: &Options) {
    println!("ready");
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).unwrap();
    let (entries, next) = (Arc::new(entries), Arc::new(AtomicUsize::new(0)));
    let cpu = clock(ClockId::ProcessCPUTime);
    let begun = Instant::now();
    let deadline = begun + Duration::from_secs_f64(options.seconds);
    let clients: Vec<_> = (0..options.clients)
        .map(|client| {
            let target = targets[client % targets.len()].clone();
            let (entries, next, batch) = (entries.clone(), next.clone(), options.batch);
            tokio::spawn(async move {
                let mut taken = Vec::new();
                while Instant::now() < deadline {
                    let at = next.fetch_add(batch, Ordering::Relaxed);
                    let Some(mine) = entries.get(at..at + batch) else {
                        break;
                    };
                    let asked = Instant::now();
                    target.put(mine).await.unwrap();
                    taken.push(asked.elapsed().as_secs_f64() * 1000.0);
                }
                taken
            })
        })
        .collect();
    let mut taken = Vec::new();
    for client in clients {
        taken.extend(client.await.unwrap());
    }
    let seconds = begun.elapsed().as_secs_f64();
    let count = (taken.len() * options.batch) as f64;
    taken.sort_by(f64::total_cmp);
    let at = |part: f64| taken[((taken.len() as f64 - 1.0) * part).round() as usize];
    println!(
        "{{\"entries\": {count}, \"seconds\": {seconds}, \"p50_ms\": {}, \"p99_ms\": {}, \"check_us\": {}, \"driver_us\": {}, \"again\": {}}}",
        at(0.5),
        at(0.99),
        CHECKING.load(Ordering::Relaxed) as f64 / 1e3 / count,
        (clock(ClockId::ProcessCPUTime) - cpu) * 1e6 / count,
        AGAIN.load(Ordering::Relaxed),
    );
}
