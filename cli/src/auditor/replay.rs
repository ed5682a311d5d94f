//! The log of a node, read from its tiles and executed again.
//!
//! One thread fetches bundles, one for each core checks signatures, and this one executes in order.
//! What waits between them is bounded, so memory does not grow with the log.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError, mpsc},
    thread,
};

use ledger::replay::{Divergence, Prepared, RawBlock, Replay, Splitter};
use protocol::{
    genesis::Genesis,
    height::LogSize,
    merkle::{
        self, Hash, leaf_hash,
        tiles::{self, TILE_WIDTH, TilePath},
    },
};
use verify::Verdict;

use crate::{exit::Failure, log::Log};

/// Blocks that wait between two threads.
const WAITING_MAX: usize = 64;

/// What a replay has checked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Checked {
    pub(super) leaves: u64,
    pub(super) blocks: u64,
    pub(super) entries: u64,
    pub(super) tiles: u64,
}

type Numbered<T> = (u64, T);

/// Fetches the first `size` leaves, executes them, and compares all tiles. Gives back the replay. Each
/// block is shown to `seen` in its order, after it was executed.
pub(super) fn replay(
    log: &Log,
    genesis: &Genesis,
    size: LogSize,
    seen: &mut dyn FnMut(&Prepared),
) -> Result<(Replay, Checked), Failure> {
    let mut replay = Replay::new(genesis);
    let preparer = replay.preparer();
    let cores = thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let (raw_in, raw) = mpsc::sync_channel::<Numbered<RawBlock>>(WAITING_MAX);
    let (done_in, done) = mpsc::sync_channel::<Numbered<Result<Prepared, Divergence>>>(WAITING_MAX);
    let raw = Mutex::new(raw);
    let mut checked = Checked::default();
    thread::scope(|scope| {
        let fetcher = scope.spawn(|| fetch(log, genesis, size, raw_in));
        for _ in 0..cores {
            let (raw, done_in, preparer) = (&raw, done_in.clone(), preparer.clone());
            scope.spawn(move || {
                loop {
                    let next = raw.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((number, block)) = next else { return };
                    if done_in.send((number, preparer.prepare(block))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done_in);
        let applied = apply(&mut replay, done, &mut checked, seen);
        // The threads end when their channels close; a fetch that failed explains an early end.
        let fetched = fetcher.join().unwrap_or_else(|_| {
            Err(Failure::new(
                crate::exit::UNEXPECTED,
                "the fetching thread panicked: a bug",
            ))
        });
        applied?;
        checked.tiles = fetched?;
        Ok(())
    })?;
    checked.leaves = replay.head().size().get();
    Ok((replay, checked))
}

/// Executes blocks in their order, whichever thread was done first.
fn apply(
    replay: &mut Replay,
    done: mpsc::Receiver<Numbered<Result<Prepared, Divergence>>>,
    checked: &mut Checked,
    seen: &mut dyn FnMut(&Prepared),
) -> Result<(), Failure> {
    let mut waiting = BTreeMap::new();
    let mut next = 1;
    for (number, prepared) in done {
        waiting.insert(number, prepared);
        while let Some(prepared) = waiting.remove(&next) {
            let block = prepared.map_err(|divergence| diverges(&divergence))?;
            replay
                .apply(&block)
                .map_err(|divergence| diverges(&divergence))?;
            checked.blocks += 1;
            checked.entries += block.entries();
            seen(&block);
            next += 1;
        }
    }
    Ok(())
}

fn diverges(divergence: &Divergence) -> Failure {
    Failure::verdict(
        Verdict::ProofBroken,
        format!("the log departs from its rules at {divergence}"),
    )
    .help("keep a copy of the node's tiles and show it to the other agencies")
}

/// Reads the log bundle by bundle, splits it into blocks, and compares the tiles of hashes.
fn fetch(
    log: &Log,
    genesis: &Genesis,
    size: LogSize,
    raw: mpsc::SyncSender<Numbered<RawBlock>>,
) -> Result<u64, Failure> {
    let broken = |what: String| Failure::verdict(Verdict::ProofBroken, what);
    let mut splitter = Splitter::default();
    let mut compare = Tiles::default();
    let mut number = 0;
    let mut index = 0;
    while let Some(width) = tiles::width_at(0, index, size) {
        let bundle = log.tile(TilePath::Entries { index, width })?;
        let leaves = tiles::parse_bundle(&bundle)
            .map_err(|error| broken(format!("bundle {index}: {error}")))?;
        if leaves.len() != usize::from(width) {
            return Err(broken(format!(
                "bundle {index} has {} leaves where it should have {width}",
                leaves.len()
            )));
        }
        for leaf in leaves {
            compare.push(log, *leaf_hash(&leaf).as_bytes())?;
            let Some(block) = splitter
                .push(leaf)
                .map_err(|divergence| diverges(&divergence))?
            else {
                continue;
            };
            if number == 0 {
                Replay::new(genesis)
                    .check_genesis(&block)
                    .map_err(|divergence| diverges(&divergence))?;
            } else if raw.send((number, block)).is_err() {
                // The executing side has stopped with a failure of its own.
                return Ok(compare.compared);
            }
            number += 1;
        }
        index += 1;
    }
    if splitter.is_amid() {
        return Err(broken("the checkpoint ends within a block".to_owned()));
    }
    compare.rest(log)?;
    Ok(compare.compared)
}

/// The tiles that the leaves lead to, compared with those that the node serves.
#[derive(Debug, Default)]
struct Tiles {
    levels: Vec<(u64, Vec<Hash>)>,
    compared: u64,
}

impl Tiles {
    fn push(&mut self, log: &Log, mut hash: Hash) -> Result<(), Failure> {
        let mut level = 0;
        loop {
            if self.levels.len() <= level {
                self.levels.push((0, Vec::new()));
            }
            let Some((index, hashes)) = self.levels.get_mut(level) else {
                return Ok(());
            };
            hashes.push(hash);
            if hashes.len() < TILE_WIDTH as usize {
                return Ok(());
            }
            let full = std::mem::take(hashes);
            let at = *index;
            *index += 1;
            self.compare(log, level, at, &full)?;
            hash = merkle::fold(&full);
            level += 1;
        }
    }

    fn rest(&mut self, log: &Log) -> Result<(), Failure> {
        for (level, (index, hashes)) in std::mem::take(&mut self.levels).into_iter().enumerate() {
            if !hashes.is_empty() {
                self.compare(log, level, index, &hashes)?;
            }
        }
        Ok(())
    }

    fn compare(
        &mut self,
        log: &Log,
        level: usize,
        index: u64,
        hashes: &[Hash],
    ) -> Result<(), Failure> {
        let path = TilePath::Hashes {
            level: u8::try_from(level).unwrap_or(u8::MAX),
            index,
            width: u16::try_from(hashes.len()).unwrap_or(u16::MAX),
        };
        if log.tile(path)? != hashes.concat() {
            return Err(Failure::verdict(
                Verdict::ProofBroken,
                format!("{path} is not what the leaves lead to"),
            ));
        }
        self.compared += 1;
        Ok(())
    }
}
