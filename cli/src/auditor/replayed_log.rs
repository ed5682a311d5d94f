//! The whole log that a command line names, read and believed, with a bar that shows how far it is.
//!
//! The work of believing it is the library's (`client::log::whole`).

use client::{
    durable,
    log::{
        Log, LogError,
        whole::{self, Whole},
    },
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ledger::replay::ReplayBlock;
use messages::UserMessage;
use protocol::{note::NOTE_BYTES_MAX, policy::TrustPolicy};
use verify::checkpoint::Trusted;

use crate::{
    arguments::Reading,
    exit::{Failure, in_file},
    nodes,
    output::Output,
    trust_file,
};

/// Reads the log that somebody named, up to its newest checkpoint or the one that was named. Gives the
/// checkpoint's note too.
pub(super) fn of(
    reading: &Reading,
    output: &Output,
    seen: &mut dyn FnMut(&ReplayBlock),
) -> Result<(Whole, String), Failure> {
    let log = nodes::log_of(&reading.node)?;
    let trust = trust_file::of_log(&reading.trust, &log, output)?;
    let note = match &reading.checkpoint {
        Some(path) => {
            let bytes = durable::read(path, NOTE_BYTES_MAX)?;
            String::from_utf8_lossy(&bytes).into_owned()
        }
        None => log.checkpoint()?,
    };
    let trusted = match &reading.checkpoint {
        Some(path) => whole::judge(&trust, &note).map_err(|error| {
            let failure = Failure::from(error);
            let what = in_file(path, failure.what.clone());
            Failure { what, ..failure }
        }),
        None => whole::judge(&trust, &note).map_err(|error| failed(&log, error)),
    }?;
    let whole = read(&trust, &log, trusted, output, seen)?;
    Ok((whole, note))
}

/// Failure for a log that was not believed. Of a folder its files are named, and what to do where they were spoilt.
pub(super) fn failed(log: &Log, error: LogError) -> Failure {
    let is_checkpoint = matches!(error, LogError::Checkpoint(_));
    let is_of_file = error.verdict().is_some();
    let failure = Failure::from(error);
    let Log::Folder(folder) = log else {
        return failure;
    };
    if !is_of_file {
        return failure;
    }
    let (place, help) = if is_checkpoint {
        let place = folder.join("checkpoint");
        (place, UserMessage::new("help-mirror-checkpoint"))
    } else {
        (folder.clone(), UserMessage::new("help-mirror-mend"))
    };
    Failure {
        what: in_file(&place, failure.what),
        help: failure.help.or(Some(help)),
        ..failure
    }
}

/// Reads the log up to a checkpoint. `seen` gets each block after it was executed; what it gathers is
/// to be believed only once this has given the whole.
pub(super) fn read(
    trust: &TrustPolicy,
    log: &Log,
    trusted: Trusted,
    output: &Output,
    seen: &mut dyn FnMut(&ReplayBlock),
) -> Result<Whole, Failure> {
    let bar = progress(output, trusted.checkpoint().size.get());
    let whole = whole::read(trust, log, trusted, &mut |block| {
        bar.inc(block.leaf().entries.saturating_add(1));
        seen(block);
    })
    .map_err(|error| failed(log, error))?;
    bar.finish_and_clear();
    Ok(whole)
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
