//! `muhr audit`: the whole log again, with nothing but the trust file.
//!
//! Checked: the quorum behind the checkpoint, the genesis against the trust file, every signature,
//! every rule, every block leaf with its index root, every tile of hashes, and the root.

use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use protocol::{
    genesis::Genesis,
    height::LogSize,
    merkle::tiles::{self, TilePath},
    policy::TrustPolicy,
};
use serde_json::json;
use verify::{
    Verdict,
    checkpoint::{self, Trusted},
};

use super::{
    replay::{self, Checked},
    watch,
};
use crate::{
    arguments::AuditOne,
    exit::{DONE, Failure},
    files,
    log::Log,
    output::{Output, iso, local},
};

pub(crate) fn run(arguments: &AuditOne, output: &Output) -> Result<u8, Failure> {
    let trust = files::trust(&arguments.trust)?;
    let log = Log::open(&arguments.url)?;
    let note = log.checkpoint()?;
    let trusted = checkpoint::judge(&trust, &note).map_err(|error| {
        Failure::verdict(error.verdict(), format!("the node's checkpoint: {error}"))
    })?;
    if let Some(path) = &arguments.against {
        let earlier = files::read(path, protocol::note::NOTE_BYTES_MAX)?;
        let earlier = String::from_utf8_lossy(&earlier);
        checkpoint::judge(&trust, &earlier).map_err(|error| {
            Failure::verdict(error.verdict(), format!("{}: {error}", path.display()))
        })?;
        watch::continues(&trust, &log, &earlier, &note, &arguments.evidence)?;
    }
    let size = trusted.checkpoint().size;
    let genesis = genesis(&log, &trust, size)?;
    let bar = progress(output, size.get());
    let started = Instant::now();
    let (replay, checked) =
        replay::replay(&log, &genesis, size, |leaves| bar.set_position(leaves))?;
    bar.finish_and_clear();
    let head = replay.head();
    if head.root() != trusted.checkpoint().root || head.size() != size {
        return Err(Failure::verdict(
            Verdict::ProofBroken,
            "the leaves do not lead to the root of the checkpoint",
        ));
    }
    let seconds = started.elapsed().as_secs_f64();
    show(
        output,
        arguments,
        &trusted,
        &checked,
        head,
        seconds,
        replay.records().len(),
    );
    Ok(DONE)
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

fn show(
    output: &Output,
    arguments: &AuditOne,
    trusted: &Trusted,
    checked: &Checked,
    head: &ledger::Head,
    seconds: f64,
    records: usize,
) {
    let names: Vec<&str> = trusted
        .cosigners()
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let rate = if seconds > 0.0 {
        checked.entries as f64 / seconds
    } else {
        0.0
    };
    output.data(&json!({
        "schema": "muhr/audit/1", "url": arguments.url, "origin": trusted.checkpoint().origin.as_str(), "size": checked.leaves,
        "root": trusted.checkpoint().root.to_string(), "blocks": checked.blocks, "entries": checked.entries, "records": records,
        "tiles": checked.tiles, "height": head.height().get(), "time": iso(head.time().get()), "cosigners": names,
        "seconds": seconds, "entries_per_second": rate, "verdict": "no contradiction",
    }));
    output.text(&format!(
        "✔ no contradiction in the log of {}",
        trusted.checkpoint().origin
    ));
    output.text(&format!(
        "  checkpoint of size {}, cosigned by {} of the agencies: {}",
        checked.leaves,
        names.len(),
        names.join(", ")
    ));
    output.text(&format!(
        "  {} blocks executed again, each block leaf and index root as the rules lead to",
        checked.blocks
    ));
    output.text(&format!(
        "  {} entries: every signature, version and permission checked; {records} records",
        checked.entries
    ));
    output.text(&format!(
        "  {} tiles of hashes and the root as the leaves lead to",
        checked.tiles
    ));
    output.text(&format!(
        "  up to block {}, {}; {rate:.0} entries a second",
        head.height(),
        local(head.time().get())
    ));
}
