//! `muhr receipt refresh` and `bridge`: receipts outlive the keys that signed their checkpoints.
//!
//! Whatever a node gives is judged before the file is replaced; if it does not hold, the file stays.

use std::path::{Path, PathBuf};

use clap::Args;
use client::{coded::failed_check, durable, formats, http::Client, proven};
use messages::UserMessage;
use protocol::{
    checkpoint::Checkpoint,
    note::{NoteSignature, SignedNote},
    policy::TrustPolicy,
    receipt::Receipt,
};
use verify::Verdict;
use views::{
    auditor::renew::{BridgeView, RefreshView, RenewedFile},
    shown::Ruling,
};

use crate::{
    exit::{DONE, Failure, UNREACHABLE, in_file},
    nodes,
    output::Output,
    trust_file,
};

/// `muhr receipt refresh`.
#[derive(Debug, Args)]
pub struct ReceiptRefreshArguments {
    /// The receipts
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Address of a node, as http://127.0.0.1:7481
    #[arg(
        long,
        env = "MUHR_NODE",
        value_name = "URL",
        required_unless_present = "from"
    )]
    pub node: Option<String>,
    /// A mirror, as its address or folder, whose checkpoint has the lines of outside witnesses: they are
    /// taken over into receipts that are proven under the same checkpoint
    #[arg(long, value_name = "MIRROR")]
    pub from: Option<String>,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
}

/// `muhr receipt bridge`.
#[derive(Debug, Args)]
pub struct ReceiptBridgeArguments {
    /// The receipts
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Address of a node, or the folder of a mirror
    #[arg(long, env = "MUHR_NODE", value_name = "URL")]
    pub node: String,
    /// Trust file of the network, advanced from the epoch of the receipts
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
}

pub(crate) fn refresh(arguments: &ReceiptRefreshArguments, output: &Output) -> Result<u8, Failure> {
    let client = arguments
        .node
        .as_deref()
        .map(nodes::connect_to)
        .transpose()?;
    let mirror = arguments.from.as_deref().map(nodes::log).transpose()?;
    let trust = match (&mirror, &client) {
        // Where the mirror has all that is needed, the node may be away.
        (Some(mirror), _) => trust_file::of_log(&arguments.trust, mirror, output)?,
        (None, Some(client)) => trust_file::of_nodes(&arguments.trust, client, output)?,
        (None, None) => formats::trust(&arguments.trust)?,
    };
    let witnessed = mirror.map(|mirror| mirror.checkpoint()).transpose()?;
    let mut done = Vec::new();
    for path in &arguments.files {
        let old = formats::receipt(path)?;
        // Without a node the receipt's own checkpoint must be the mirror's.
        let same = witnessed.as_deref().and_then(|note| joined(&old, note));
        let new = match (same, &client) {
            (Some(new), _) => new,
            (None, Some(client)) => {
                let new = anew(path, &old, client, &trust)?;
                match witnessed.as_deref() {
                    Some(note) => joined(&new, note).ok_or_else(|| elsewhere(path, &new, note))?,
                    None => new,
                }
            }
            (None, None) => {
                return Err(elsewhere(
                    path,
                    &old,
                    witnessed.as_deref().unwrap_or_default(),
                ));
            }
        };
        done.push(replace(path, &new, &trust, output)?);
    }
    output.document(&RefreshView { files: done });
    Ok(DONE)
}

/// The receipt of the same entry as a node proves it now, which is no older than the one that is held.
fn anew(
    path: &Path,
    old: &Receipt,
    client: &Client,
    trust: &TrustPolicy,
) -> Result<Receipt, Failure> {
    let held = verify::receipt::judge_read(trust, old, None).facts;
    let (new, facts) = proven::receipt(client, trust, &old.entry.statement, old.opening.clone())
        .map_err(|error| {
            let failure = Failure::from(error);
            Failure {
                what: in_file(path, failure.what),
                ..failure
            }
        })?;
    // What ended since, an older proof would hide.
    if let Some(held) = held.filter(|held| held.size > facts.size) {
        let what = UserMessage::new("receipt-proven-further")
            .text("path", path.display())
            .text("held", held.size)
            .text("shown", facts.size);
        return Err(Failure::new(UNREACHABLE, what).help(UserMessage::new("help-receipt-stays")));
    }
    Ok(new)
}

/// The receipt with the lines of another note of its checkpoint; none if the note is of another checkpoint.
/// Nothing is judged here: [`replace`] does.
fn joined(receipt: &Receipt, note: &str) -> Option<Receipt> {
    let (mut own, other) = (
        SignedNote::parse(&receipt.proof.checkpoint).ok()?,
        SignedNote::parse(note).ok()?,
    );
    if own.text != other.text {
        return None;
    }
    for line in other.signatures {
        let known = |had: &NoteSignature| had.name == line.name && had.key_id == line.key_id;
        if !own.signatures.iter().any(known) {
            own.signatures.push(line);
        }
    }
    let mut joined = receipt.clone();
    joined.proof.checkpoint = own.write();
    Some(joined)
}

fn elsewhere(path: &Path, receipt: &Receipt, note: &str) -> Failure {
    let of = |note: &str| {
        let read = SignedNote::parse(note).and_then(|note| Checkpoint::parse(&note.text));
        read.map_or_else(
            |_| UserMessage::new("word-no-size"),
            |read| UserMessage::new("word-size").text("size", read.size),
        )
    };
    let (own, other) = (of(&receipt.proof.checkpoint), of(note));
    let what = UserMessage::new("receipt-under-other-checkpoint")
        .text("path", path.display())
        .part("own", own)
        .part("other", other);
    Failure::verdict(Verdict::CannotDecide, what)
        .help(UserMessage::new("help-update-mirror-witness"))
}

pub(crate) fn bridge(arguments: &ReceiptBridgeArguments, output: &Output) -> Result<u8, Failure> {
    let log = nodes::log(&arguments.node)?;
    let trust = trust_file::of_log(&arguments.trust, &log, output)?;
    let mut done = Vec::new();
    for path in &arguments.files {
        let mut receipt = formats::receipt(path)?;
        let epoch = receipt.newest().leaf.epoch;
        let past = trust.past().iter().find(|past| past.epoch == epoch);
        let past = past.ok_or_else(|| {
            let what = UserMessage::new("receipt-epoch-unknown")
                .text("path", path.display())
                .text("epoch", epoch);
            Failure::verdict(Verdict::CannotDecide, what)
                .help(UserMessage::new("help-bridge-not-needed"))
        })?;
        let size = size(&receipt)?;
        if size > past.size {
            let what = UserMessage::new("receipt-size-unknown")
                .text("path", path.display())
                .text("size", size)
                .text("epoch", epoch);
            return Err(Failure::verdict(Verdict::ProofBroken, what));
        }
        receipt.bridge = Some(log.consistency(size, past.size)?);
        done.push(replace(path, &receipt, &trust, output)?);
    }
    output.document(&BridgeView { files: done });
    Ok(DONE)
}

fn size(receipt: &Receipt) -> Result<protocol::height::LogSize, Failure> {
    let note = SignedNote::parse(&receipt.proof.checkpoint);
    let checkpoint = note.and_then(|note| Checkpoint::parse(&note.text));
    let checkpoint = checkpoint.map_err(|error| {
        let what = UserMessage::new("checkpoint-malformed").text("reason", error);
        Failure::verdict(Verdict::ProofBroken, what)
    })?;
    Ok(checkpoint.size)
}

/// Judges the new receipt, puts it in the place of the old one, and says so at once.
fn replace(
    path: &Path,
    receipt: &Receipt,
    trust: &TrustPolicy,
    output: &Output,
) -> Result<RenewedFile, Failure> {
    let text = receipt.write();
    let judged = verify::receipt::judge(trust, text.as_bytes(), None);
    let (verdict, proves) = (judged.verdict, judged.proves_entry());
    let name = path.display();
    let failed = judged.failure().cloned();
    let Some(facts) = judged.facts.filter(|_| proves) else {
        let what = failed.map_or_else(
            || UserMessage::new("file-alone").text("path", &name),
            |step| {
                UserMessage::new("file-check")
                    .text("path", &name)
                    .part("check", failed_check(&step))
            },
        );
        return Err(Failure::verdict(verdict, what).help(UserMessage::new("help-receipt-stays")));
    };
    durable::write_private(path, text.as_bytes())?;
    let renewed = RenewedFile {
        file: name.to_string(),
        verdict: Ruling(verdict),
        way: facts.way.words(),
        size: facts.size.get(),
    };
    output.say(&renewed.line());
    Ok(renewed)
}
