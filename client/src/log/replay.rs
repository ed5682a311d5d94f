//! The log of a node, read from its tiles and executed again.
//!
//! One thread fetches bundles, one for each core checks signatures, and this one executes in order.
//! The queue between them is bounded, so memory does not grow with the log.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use ledger::replay::{Divergence, RawBlock, Replay, ReplayBlock, Splitter};
use protocol::{
    genesis::Genesis,
    height::LogSize,
    merkle::{
        Hash, leaf_hash,
        tile_builder::TileBuilder,
        tiles::{self, TilePath},
    },
};

use super::{Log, LogError, leaves};

/// PartSender of the log that wait between two threads.
const WAITING_MAX: usize = 64;
/// A part ends with the block that gives it so many leaves: signatures are checked part by part, many for less.
const PART_LEAVES: usize = 256;

/// Counts of what a replay has checked.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReplayReport {
    /// Leaves read.
    pub leaves: u64,
    /// Blocks executed.
    pub blocks: u64,
    /// Entries in them.
    pub entries: u64,
    /// Tiles of hashes compared.
    pub tiles: u64,
}

type Numbered<T> = (u64, T);

/// Fetches the first `size` leaves, executes them, and compares all tiles. Gives back the replay. Each
/// block is shown to `seen` in its order, after it was executed.
pub(super) fn replay(
    log: &Log,
    genesis: &Genesis,
    size: LogSize,
    seen: &mut dyn FnMut(&ReplayBlock),
) -> Result<(Replay, ReplayReport), LogError> {
    let mut replay = Replay::new(genesis);
    let preparer = replay.preparer()?;
    let mut checked = ReplayReport::default();
    checked.tiles = pipeline(
        |raw| fetch(log, genesis, size, raw),
        |(number, part): Numbered<Vec<RawBlock>>| (number, preparer.prepare(part)),
        |done| apply(&mut replay, done, &mut checked, seen),
    )?;
    checked.leaves = replay.head().size().get();
    Ok((replay, checked))
}

/// One thread fetches, one for each core prepares, and this one executes. The failure of the executing side
/// comes first: it names what the log says, and a fetch that was broken off for it says nothing.
fn pipeline<Raw: Send, Done: Send, Fetched: Send>(
    fetch: impl FnOnce(mpsc::SyncSender<Raw>) -> Result<Fetched, LogError> + Send,
    prepare: impl Fn(Raw) -> Done + Sync,
    execute: impl FnOnce(mpsc::Receiver<Done>) -> Result<(), LogError>,
) -> Result<Fetched, LogError> {
    let cores = thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let (raw_in, raw) = mpsc::sync_channel::<Raw>(WAITING_MAX);
    let (done_in, done) = mpsc::sync_channel::<Done>(WAITING_MAX);
    // Only the preparing threads hold it: with the last of them it goes, and whoever fetches must not wait for
    // room that nobody makes.
    let raw = Arc::new(Mutex::new(raw));
    thread::scope(|scope| {
        let fetcher = scope.spawn(|| fetch(raw_in));
        for _ in 0..cores {
            let (raw, done_in, prepare) = (Arc::clone(&raw), done_in.clone(), &prepare);
            scope.spawn(move || {
                loop {
                    let next = raw.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(block) = next else { return };
                    if done_in.send(prepare(block)).is_err() {
                        return;
                    }
                }
            });
        }
        drop((raw, done_in));
        let executed = execute(done);
        // The threads end when their channels close; a fetch that failed explains an early end.
        let fetched = fetcher.join().unwrap_or(Err(LogError::Panicked));
        executed.and(fetched)
    })
}

/// Executes blocks in their order, whichever thread was done first.
fn apply(
    replay: &mut Replay,
    done: mpsc::Receiver<Numbered<Vec<Result<ReplayBlock, Divergence>>>>,
    checked: &mut ReplayReport,
    seen: &mut dyn FnMut(&ReplayBlock),
) -> Result<(), LogError> {
    let mut waiting = BTreeMap::new();
    let mut next = 0;
    for (number, part) in done {
        waiting.insert(number, part);
        while let Some(part) = waiting.remove(&next) {
            for prepared in part {
                let block = prepared?;
                replay.apply(&block)?;
                checked.blocks += 1;
                checked.entries += block.entries();
                seen(&block);
            }
            next += 1;
        }
    }
    Ok(())
}

/// Blocks on their way to the preparing threads, in parts.
struct PartSender {
    raw: mpsc::SyncSender<Numbered<Vec<RawBlock>>>,
    number: u64,
    part: Vec<RawBlock>,
    leaves: usize,
}

impl PartSender {
    /// Takes a block; false once the executing side has stopped, with a failure of its own.
    fn push(&mut self, block: RawBlock) -> bool {
        self.leaves += block.leaves.len();
        self.part.push(block);
        self.leaves < PART_LEAVES || self.send()
    }

    fn send(&mut self) -> bool {
        let part = (self.number, std::mem::take(&mut self.part));
        self.number += 1;
        self.leaves = 0;
        self.raw.send(part).is_ok()
    }
}

/// Reads the log bundle by bundle, splits it into blocks, and compares the tiles of hashes.
fn fetch(
    log: &Log,
    genesis: &Genesis,
    size: LogSize,
    raw: mpsc::SyncSender<Numbered<Vec<RawBlock>>>,
) -> Result<u64, LogError> {
    let mut parts = PartSender {
        raw,
        number: 0,
        part: Vec::new(),
        leaves: 0,
    };
    let fetched = fetch_parts(log, genesis, size, &mut parts);
    // Before a failure, too: what the blocks say themselves comes first.
    parts.send();
    fetched
}

fn fetch_parts(
    log: &Log,
    genesis: &Genesis,
    size: LogSize,
    parts: &mut PartSender,
) -> Result<u64, LogError> {
    let mut splitter = Splitter::default();
    let mut built = TileBuilder::default();
    let mut compared = 0;
    // Those that the leaves lead to must be those that the node serves.
    let mut compare = |path: TilePath, hashes: &[Hash]| {
        if log.tile(path)? != hashes.concat() {
            return Err(LogError::OtherTile(path));
        }
        compared += 1;
        Ok(())
    };
    let mut has_genesis = false;
    let mut index = 0;
    while let Some(width) = tiles::width_at(0, index, size) {
        let bundle = log.tile(TilePath::Entries { index, width })?;
        for leaf in leaves(&bundle, index, width)? {
            built.push(&leaf_hash(&leaf), &mut compare)?;
            let Some(block) = splitter.push(leaf)? else {
                continue;
            };
            if !has_genesis {
                Replay::new(genesis).check_genesis(&block)?;
                has_genesis = true;
                continue;
            }
            if !parts.push(block) {
                return Ok(compared);
            }
        }
        index += 1;
    }
    if splitter.is_amid() {
        return Err(LogError::WithinBlock);
    }
    for (path, hashes) in built.partials() {
        compare(path, hashes)?;
    }
    Ok(compared)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Longer than any machine needs; what has not ended by then never will.
    const WATCHDOG: Duration = Duration::from_secs(60);

    /// How a pipeline ends that is fed more blocks than may wait, in a thread that is left behind if it hangs.
    fn ending(
        execute: fn(mpsc::Receiver<usize>) -> Result<(), LogError>,
    ) -> Result<usize, LogError> {
        let (ended_in, ended) = mpsc::channel();
        let _runner = thread::spawn(move || {
            let fetch = |raw: mpsc::SyncSender<usize>| {
                Ok((0..WAITING_MAX * 20)
                    .take_while(|number| raw.send(*number).is_ok())
                    .count())
            };
            ended_in.send(pipeline(fetch, |number| number, execute))
        });
        ended.recv_timeout(WATCHDOG).expect("the pipeline hangs")
    }

    #[test]
    fn a_bad_leaf_before_more_blocks_than_may_wait_ends_the_replay() {
        let failure = ending(|done| {
            let _first = done.recv();
            Err(LogError::OtherRoot)
        });
        assert!(matches!(failure, Err(LogError::OtherRoot)));
        // The same when nothing is read of what was prepared.
        let unread = ending(|_| Err(LogError::WithinBlock));
        assert!(matches!(unread, Err(LogError::WithinBlock)));
        let all = ending(|done| {
            assert_eq!(done.iter().count(), WAITING_MAX * 20);
            Ok(())
        });
        assert_eq!(all.unwrap(), WAITING_MAX * 20);
    }
}
