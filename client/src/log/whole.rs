//! The whole log, read and believed: a checkpoint with its quorum, the genesis of the trust file, every
//! rule and signature again, and the root that the leaves lead to.
//!
//! Not here: what is wanted of it. Audits and reports look at the blocks as they pass.

use std::time::Instant;

use ledger::replay::{Replay, ReplayBlock};
use protocol::{
    genesis::Genesis,
    height::LogSize,
    merkle::tiles::{self, TilePath},
    policy::TrustPolicy,
};
use verify::checkpoint::{self, Trusted};

pub use super::replay::ReplayReport;
use super::{Log, LogError, leaves, replay};

/// A log that was read whole.
#[derive(Debug)]
pub struct Whole {
    /// The checkpoint, with its quorum.
    pub trusted: Trusted,
    /// Leaf 0.
    pub genesis: Genesis,
    /// The state after the last block.
    pub replay: Replay,
    /// Counts of what was checked.
    pub checked: ReplayReport,
    /// Seconds that it took.
    pub seconds: f64,
}

/// Judges the note of a log's checkpoint under the trust file.
///
/// # Errors
/// [`LogError::Checkpoint`].
pub fn judge(trust: &TrustPolicy, note: &str) -> Result<Trusted, LogError> {
    checkpoint::judge(trust, note).map_err(LogError::Checkpoint)
}

/// Reads the log up to a checkpoint. `seen` gets each block after it was executed; what it gathers is
/// to be believed only once this has given the whole.
///
/// # Errors
/// [`LogError`].
pub fn read(
    trust: &TrustPolicy,
    log: &Log,
    trusted: Trusted,
    seen: &mut dyn FnMut(&ReplayBlock),
) -> Result<Whole, LogError> {
    let size = trusted.checkpoint().size;
    let genesis = genesis(log, trust, size)?;
    let started = Instant::now();
    let (replay, checked) = replay::replay(log, &genesis, size, seen)?;
    let head = replay.head();
    if head.root() != trusted.checkpoint().root || head.size() != size {
        return Err(LogError::OtherRoot);
    }
    Ok(Whole {
        trusted,
        genesis,
        seconds: started.elapsed().as_secs_f64(),
        replay,
        checked,
    })
}

/// Leaf 0 must be the genesis that the trust file names.
fn genesis(log: &Log, trust: &TrustPolicy, size: LogSize) -> Result<Genesis, LogError> {
    let width = tiles::width_at(0, 0, size).ok_or(LogError::Empty)?;
    let bundle = log.tile(TilePath::Entries { index: 0, width })?;
    let leaves = leaves(&bundle, 0, width)?;
    let first = leaves.first().ok_or(LogError::Empty)?;
    let genesis = Genesis::parse(first).map_err(LogError::Genesis)?;
    match trust.genesis() {
        Some(chain) if chain == genesis.chain() => Ok(genesis),
        Some(_) => Err(LogError::OtherGenesis),
        None => Err(LogError::NoGenesis),
    }
}
