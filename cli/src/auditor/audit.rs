//! `muhr audit`: the whole log again, with nothing but the trust file.
//!
//! Checked: the quorum behind the checkpoint, the genesis against the trust file, every signature,
//! every rule, every block leaf with its index root, every tile of hashes, and the root.

use client::{
    durable, formats,
    log::whole::{self, Whole},
};
use protocol::policy::TrustPolicy;
use serde_json::json;
use verify::checkpoint;

use super::{replayed_log, watch};
use crate::{
    arguments::AuditOne,
    exit::{DONE, Failure},
    nodes,
    output::{Output, iso, local},
};

pub(crate) fn run(arguments: &AuditOne, output: &Output) -> Result<u8, Failure> {
    let trust = formats::trust(&arguments.trust)?;
    let log = nodes::log(&arguments.url)?;
    let note = log.checkpoint()?;
    let trusted = whole::judge(&trust, &note)?;
    if let Some(path) = &arguments.against {
        let earlier = durable::read(path, protocol::note::NOTE_BYTES_MAX)?;
        let earlier = String::from_utf8_lossy(&earlier);
        checkpoint::judge(&trust, &earlier).map_err(|error| {
            Failure::verdict(error.verdict(), format!("{}: {error}", path.display()))
        })?;
        watch::continues(&trust, &log, &earlier, &note, &arguments.evidence)?;
    }
    let whole = replayed_log::read(&trust, &log, trusted, output, &mut |_| {})?;
    show(output, arguments, &trust, &whole);
    Ok(DONE)
}

fn show(output: &Output, arguments: &AuditOne, trust: &TrustPolicy, whole: &Whole) {
    let Whole {
        trusted,
        replay,
        checked,
        seconds,
        ..
    } = whole;
    let (head, records) = (replay.head(), replay.records().len());
    let cosigners = trusted.cosigners().iter().map(|(name, _)| name.as_str());
    let (agencies, witnesses): (Vec<&str>, Vec<&str>) =
        cosigners.partition(|name| trust.agencies().contains(name));
    let rate = if *seconds > 0.0 {
        checked.entries as f64 / seconds
    } else {
        0.0
    };
    output.data(&json!({
        "schema": "muhr/audit/1", "url": arguments.url, "origin": trusted.checkpoint().origin.as_str(), "size": checked.leaves,
        "root": trusted.checkpoint().root.to_string(), "blocks": checked.blocks, "entries": checked.entries, "records": records,
        "tiles": checked.tiles, "height": head.height().get(), "time": iso(head.time().get()), "cosigners": agencies, "witnesses": witnesses,
        "seconds": seconds, "entries_per_second": rate, "verdict": "no contradiction",
    }));
    output.text(&format!(
        "✔ no contradiction in the log of {}",
        trusted.checkpoint().origin
    ));
    output.text(&format!(
        "  checkpoint of size {}, cosigned by {} of the agencies: {}",
        checked.leaves,
        agencies.len(),
        agencies.join(", ")
    ));
    if !witnesses.is_empty() {
        let (count, names) = (witnesses.len(), witnesses.join(", "));
        output.text(&format!("  and by {count} outside witnesses: {names}"));
    }
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
