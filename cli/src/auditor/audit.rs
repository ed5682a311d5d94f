//! `muhr audit`: the whole log again, with nothing but the trust file.
//!
//! Checked: the quorum behind the checkpoint, the genesis against the trust file, every signature,
//! every rule, every block leaf with its index root, every tile of hashes, and the root.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use client::{
    durable,
    log::whole::{self, Whole},
};
use messages::UserMessage;
use protocol::policy::TrustPolicy;
use verify::checkpoint;
use views::auditor::audit::AuditView;

use super::{
    replayed_log,
    watch::{self, WatchArguments},
};
use crate::{
    arguments::OneOrMany,
    exit::{DONE, Failure},
    nodes,
    output::Output,
    trust_file,
};

/// `muhr audit`: one log, or the subcommand `watch`, which has arguments of its own.
pub(crate) type AuditArguments = OneOrMany<AuditOne, AuditCommand>;

/// `muhr audit URL`.
#[derive(Debug, Args)]
pub struct AuditOne {
    /// Address of a node, or the folder of a mirror
    pub url: String,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
    /// A checkpoint seen before: the log must extend it
    #[arg(long, value_name = "FILE")]
    pub against: Option<PathBuf>,
    /// Where evidence of a fork goes
    #[arg(long, default_value = "fork.evidence", value_name = "FILE")]
    pub evidence: PathBuf,
}

/// `muhr audit watch`.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Follows several nodes and ends when one contradicts itself, another, or what was seen before
    Watch(WatchArguments),
}

pub(crate) fn run(arguments: &AuditOne, output: &Output) -> Result<u8, Failure> {
    let log = nodes::log(&arguments.url)?;
    let trust = trust_file::of_log(&arguments.trust, &log, output)?;
    let note = log.checkpoint()?;
    let trusted = whole::judge(&trust, &note).map_err(|error| replayed_log::failed(&log, error))?;
    if let Some(path) = &arguments.against {
        let earlier = durable::read(path, protocol::note::NOTE_BYTES_MAX)?;
        let earlier = String::from_utf8_lossy(&earlier);
        let then = trust_file::of_note(&arguments.trust, &trust, &earlier);
        checkpoint::judge(&then, &earlier).map_err(|error| {
            Failure::verdict(
                error.verdict(),
                UserMessage::new("checkpoint-untrusted")
                    .text("path", path.display())
                    .text("reason", error),
            )
        })?;
        let (older, newer) = ((&then, &*earlier), (&trust, note.as_str()));
        watch::continues(&log, older, newer, &arguments.evidence)?;
    }
    let whole = replayed_log::read(&trust, &log, trusted, output, &mut |_| {})?;
    output.view(&view(arguments, &trust, &whole));
    Ok(DONE)
}

fn view(arguments: &AuditOne, trust: &TrustPolicy, whole: &Whole) -> AuditView {
    let Whole {
        trusted,
        replay,
        checked,
        seconds,
        ..
    } = whole;
    let (checkpoint, head) = (trusted.checkpoint(), replay.head());
    let cosigners = trusted.cosigners().iter().map(|(name, _)| name.clone());
    let agencies = trust.agencies();
    let (cosigners, witnesses) = cosigners.partition(|name| agencies.contains(&name.as_str()));
    AuditView {
        url: arguments.url.clone(),
        origin: checkpoint.origin.to_string(),
        size: checked.leaves,
        root: checkpoint.root.to_string(),
        blocks: checked.blocks,
        entries: checked.entries,
        records: replay.records().len(),
        tiles: checked.tiles,
        height: head.height().get(),
        time: head.time().into(),
        cosigners,
        witnesses,
        seconds: *seconds,
        entries_per_second: if *seconds > 0.0 {
            checked.entries as f64 / seconds
        } else {
            0.0
        },
        verdict: "no contradiction",
    }
}
