//! The trust file that a command is given, taken to the epoch in force where a node or a mirror shows the way.
//!
//! Each step is believed because of the file before it, as `muhr trust advance` does it; what is crossed is said, and
//! the file before is kept beside. A recovery after a disaster is never crossed so: its words must be told. Offline
//! commands read the file as it is. Not here: the judgement of a step (`verify::trust`).

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use api::Code;
use client::{
    durable, formats,
    http::{Client, HttpError},
    log::Log,
    trust_chain::{self, ChainError, TrustStep},
};
use messages::UserMessage;
use protocol::{
    height::Epoch,
    policy::{OpenedBy, POLICY_BYTES_MAX, TrustPolicy},
};
use verify::checkpoint;
use views::auditor::trust::spoken;

use crate::{
    exit::{Failure, words},
    output::Output,
};

/// Whether trust files stay as they are, for the whole of this process.
static STAYS: OnceLock<()> = OnceLock::new();

/// Says that trust files stay as they are.
pub(crate) fn stays() {
    let _first = STAYS.set(());
}

/// The trust file at `path`, after it was taken to the epoch in force by what the nodes give.
pub(crate) fn of_nodes(
    path: &Path,
    client: &Client,
    output: &Output,
) -> Result<TrustPolicy, Failure> {
    taken(path, output, |held| trust_chain::walk(client, held, None))
}

/// The same by what a log gives: a node's, or a mirror's.
pub(crate) fn of_log(path: &Path, log: &Log, output: &Output) -> Result<TrustPolicy, Failure> {
    taken(path, output, |held| match log {
        Log::Node(client) => trust_chain::walk(client, held, None),
        Log::Folder(folder) => trust_chain::walk_folder(folder, held),
    })
}

fn taken(
    path: &Path,
    output: &Output,
    walk: impl FnOnce(&TrustPolicy) -> Result<Vec<TrustStep>, ChainError>,
) -> Result<TrustPolicy, Failure> {
    let held = formats::trust(path)?;
    // Somebody's own file is its owner's to build anew on the next, and one of another log has no epochs.
    let has_epochs = held.base().is_none() && held.network_id().is_some() && held.epoch().is_some();
    if !has_epochs || STAYS.get().is_some() {
        return Ok(held);
    }
    let steps = match walk(&held) {
        Ok(steps) => steps,
        // A place that knows no chain is asked for what the command is about all the same.
        Err(ChainError::Http(error)) if is_answer(&error) => return Ok(held),
        Err(error) => return Err(error.into()),
    };
    let Some(last) = steps.last() else {
        return Ok(held);
    };
    for step in &steps {
        output.note(&crossed(path, &step.trust));
    }
    match replace(path, &held, last) {
        Ok(kept) => output.note(&UserMessage::new("note-trust-kept").text("path", kept.display())),
        Err(failure) => output.note(
            &UserMessage::new("note-trust-not-replaced")
                .text("path", path.display())
                .part("reason", failure.what),
        ),
    }
    Ok(last.trust.clone())
}

/// Whether somebody answered, if not with a chain. Whoever does not answer at all gives nothing to the command either,
/// and is not waited for twice.
fn is_answer(error: &HttpError) -> bool {
    match error {
        HttpError::Problem { problem } => !problem.is(Code::Busy),
        HttpError::Status { .. }
        | HttpError::NotOurs { .. }
        | HttpError::TooLong { .. }
        | HttpError::NotUtf8 => true,
        _ => false,
    }
}

/// That an epoch was crossed, and by which words its file is known.
fn crossed(path: &Path, trust: &TrustPolicy) -> UserMessage {
    let by = match trust.opened_by() {
        Some(OpenedBy::Recovery) => UserMessage::new("opened-by-recovery"),
        _ => UserMessage::new("opened-by-agencies"),
    };
    UserMessage::new("note-trust-advanced")
        .text("path", path.display())
        .text("epoch", trust.epoch().unwrap_or_default())
        .text("by", words(&by))
        .text("words", spoken(trust.hash().as_bytes()))
}

/// The trust file by which a note that was kept is to be judged: the one in force, or one before it, which was kept
/// beside. Where none fits it is the one in force, by which the note is then refused.
pub(crate) fn of_note(path: &Path, in_force: &TrustPolicy, note: &str) -> TrustPolicy {
    if checkpoint::judge(in_force, note).is_ok() {
        return in_force.clone();
    }
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let earlier = in_force.past().iter().rev().find_map(|past| {
        let bytes = durable::read(&beside(&path, past.epoch), POLICY_BYTES_MAX).ok()?;
        let then = TrustPolicy::parse(&bytes).ok()?;
        let is_its = then.hash() == past.trust && checkpoint::judge(&then, note).is_ok();
        is_its.then_some(then)
    });
    earlier.unwrap_or_else(|| in_force.clone())
}

/// Place of the trust file of an epoch that has ended.
fn beside(path: &Path, epoch: Epoch) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".epoch-{epoch}"));
    path.with_file_name(name)
}

/// Puts the last file of a walk in the place of the one held, which is kept beside it: receipts of its time are judged
/// by it. Gives the place where it is kept.
pub(crate) fn replace(
    path: &Path,
    held: &TrustPolicy,
    last: &TrustStep,
) -> Result<PathBuf, Failure> {
    // Behind a link is the file that is meant.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let kept = beside(&path, held.epoch().unwrap_or_default());
    let before = durable::read(&path, POLICY_BYTES_MAX)?;
    let is_kept = fs::read(&kept).is_ok_and(|there| there == before);
    if !is_kept {
        durable::write(&kept, &before)?;
    }
    durable::write(&path, last.text.as_bytes())?;
    Ok(kept)
}
