//! The whole log, read and believed: a checkpoint with its quorum, the genesis of the trust file, every
//! rule and signature again, and the root that the leaves lead to.
//!
//! Not here: what is wanted of it. Audits and reports look at the blocks as they pass.

use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ledger::replay::{Prepared, Replay};
use protocol::{
    genesis::Genesis,
    height::LogSize,
    merkle::tiles::{self, TilePath},
    policy::TrustPolicy,
};
use verify::{
    Verdict,
    checkpoint::{self, Trusted},
};

use super::replay::{self, Checked};
use crate::{arguments::Reading, exit::Failure, files, log::Log, output::Output};

/// A log that was read whole.
pub(super) struct Whole {
    pub(super) trusted: Trusted,
    pub(super) genesis: Genesis,
    pub(super) replay: Replay,
    pub(super) checked: Checked,
    pub(super) seconds: f64,
}

/// Judges a checkpoint under the trust file.
pub(super) fn judge(trust: &TrustPolicy, note: &str) -> Result<Trusted, Failure> {
    checkpoint::judge(trust, note).map_err(|error| {
        Failure::verdict(error.verdict(), format!("the log's checkpoint: {error}"))
    })
}

/// Reads the log that somebody named, up to its newest checkpoint or the one that was named. Gives the
/// checkpoint's note too.
pub(super) fn of(
    reading: &Reading,
    output: &Output,
    seen: &mut dyn FnMut(&Prepared),
) -> Result<(Whole, String), Failure> {
    let trust = files::trust(&reading.trust)?;
    let log = Log::of(&reading.node)?;
    let note = match &reading.checkpoint {
        Some(path) => {
            let bytes = files::read(path, protocol::note::NOTE_BYTES_MAX)?;
            String::from_utf8_lossy(&bytes).into_owned()
        }
        None => log.checkpoint()?,
    };
    let trusted = judge(&trust, &note)?;
    let whole = read(&trust, &log, trusted, output, seen)?;
    Ok((whole, note))
}

/// Reads the log up to a checkpoint. `seen` gets each block after it was executed; what it gathers is
/// to be believed only once this has given the whole.
pub(super) fn read(
    trust: &TrustPolicy,
    log: &Log,
    trusted: Trusted,
    output: &Output,
    seen: &mut dyn FnMut(&Prepared),
) -> Result<Whole, Failure> {
    let size = trusted.checkpoint().size;
    let genesis = genesis(log, trust, size)?;
    let bar = progress(output, size.get());
    let started = Instant::now();
    let (replay, checked) = replay::replay(log, &genesis, size, &mut |block| {
        bar.inc(block.leaf().entries.saturating_add(1));
        seen(block);
    })?;
    bar.finish_and_clear();
    let head = replay.head();
    if head.root() != trusted.checkpoint().root || head.size() != size {
        return Err(Failure::verdict(
            Verdict::ProofBroken,
            "the leaves do not lead to the root of the checkpoint",
        ));
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
fn genesis(log: &Log, trust: &TrustPolicy, size: LogSize) -> Result<Genesis, Failure> {
    let broken = |what: String| Failure::verdict(Verdict::ProofBroken, what);
    let width = tiles::width_at(0, 0, size).ok_or_else(|| broken("the log is empty".to_owned()))?;
    let bundle = log.tile(TilePath::Entries { index: 0, width })?;
    let leaves =
        tiles::parse_bundle(&bundle).map_err(|error| broken(format!("bundle 0: {error}")))?;
    let first = leaves
        .first()
        .ok_or_else(|| broken("the log is empty".to_owned()))?;
    let genesis = Genesis::parse(first).map_err(|error| broken(error.to_string()))?;
    match trust.genesis() {
        Some(chain) if chain == genesis.chain() => Ok(genesis),
        Some(_) => Err(Failure::verdict(
            Verdict::WrongNetwork,
            "the log begins with another genesis than the trust file names",
        )),
        None => Err(Failure::verdict(
            Verdict::CannotDecide,
            "the trust file does not name its genesis",
        )
        .help("get the trust file with its \"#: genesis\" line")),
    }
}

fn progress(output: &Output, leaves: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(
        Some(leaves),
        if output.json {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        },
    );
    let style =
        ProgressStyle::with_template("  [{bar:30}] {pos}/{len} leaves  {per_sec}  {eta} left");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
