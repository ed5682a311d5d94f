//! `muhr receipt refresh` and `bridge`: receipts outlive the keys that signed their checkpoints.
//!
//! Whatever a node gives is judged before the file is replaced; if it does not hold, the file stays.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use protocol::{checkpoint::Checkpoint, note::SignedNote, policy::TrustPolicy, receipt::Receipt};
use serde_json::json;
use verify::{Verdict, receipt::Judgement};

use crate::{
    arguments::{ReceiptBridgeArguments, ReceiptRefreshArguments},
    client::Client,
    exit::{DONE, Failure},
    files,
    log::Log,
    output::Output,
};

/// How long a node may take to say that an entry is final.
const WAIT: Duration = Duration::from_secs(10);

pub(crate) fn refresh(arguments: &ReceiptRefreshArguments, output: &Output) -> Result<u8, Failure> {
    let trust = files::trust(&arguments.trust)?;
    let client = Client::new(&arguments.node)?;
    let mut done = Vec::new();
    for path in &arguments.files {
        let old = files::receipt(path)?;
        let id = old.entry.statement.id().to_hex();
        let bytes = client.receipt(&id, Instant::now() + WAIT)?;
        let bytes = bytes.ok_or_else(|| {
            Failure::verdict(
                Verdict::Pending,
                format!("{}: not final there", path.display()),
            )
        })?;
        let mut new = Receipt::parse(&bytes).map_err(|error| {
            Failure::verdict(Verdict::ProofBroken, format!("the node's receipt: {error}"))
        })?;
        if new.entry.statement != old.entry.statement {
            return Err(Failure::verdict(
                Verdict::ProofBroken,
                "the node's receipt is of another entry",
            ));
        }
        new.opening = old.opening;
        done.push(replace(path, &new, &trust, output)?);
    }
    output.data(&json!({"schema": "muhr/receipt-refresh/1", "files": done}));
    Ok(DONE)
}

pub(crate) fn bridge(arguments: &ReceiptBridgeArguments, output: &Output) -> Result<u8, Failure> {
    let trust = files::trust(&arguments.trust)?;
    let log = Log::open(&arguments.node)?;
    let mut done = Vec::new();
    for path in &arguments.files {
        let mut receipt = files::receipt(path)?;
        let epoch = receipt.newest().leaf.epoch;
        let past = trust.past().iter().find(|past| past.epoch == epoch);
        let past = past.ok_or_else(|| {
            let what = format!(
                "{}: it is of epoch {epoch}, and the trust file does not say how that ended",
                path.display()
            );
            Failure::verdict(Verdict::CannotDecide, what)
                .help("a receipt of the present epoch needs no bridge; else advance a trust file from that epoch")
        })?;
        let size = size(&receipt)?;
        if size > past.size {
            let what = format!(
                "{}: size {size} is not one that the log had in epoch {epoch}",
                path.display()
            );
            return Err(Failure::verdict(Verdict::ProofBroken, what));
        }
        receipt.bridge = Some(log.consistency(size, past.size)?);
        done.push(replace(path, &receipt, &trust, output)?);
    }
    output.data(&json!({"schema": "muhr/receipt-bridge/1", "files": done}));
    Ok(DONE)
}

fn size(receipt: &Receipt) -> Result<protocol::height::LogSize, Failure> {
    let note = SignedNote::parse(&receipt.proof.checkpoint);
    let checkpoint = note.and_then(|note| Checkpoint::parse(&note.text));
    let checkpoint =
        checkpoint.map_err(|error| Failure::verdict(Verdict::ProofBroken, error.to_string()))?;
    Ok(checkpoint.size)
}

/// Judges the new receipt and puts it in the place of the old one.
fn replace(
    path: &Path,
    receipt: &Receipt,
    trust: &TrustPolicy,
    output: &Output,
) -> Result<serde_json::Value, Failure> {
    let text = receipt.write();
    let Judgement {
        verdict,
        steps,
        facts,
    } = verify::receipt::judge(trust, text.as_bytes(), None);
    let name = path.display();
    let Some(facts) = facts else {
        let failed = steps.iter().find(|step| !step.ok);
        let what = failed.map_or_else(String::new, |step| format!(": {}", step.detail));
        return Err(Failure::verdict(verdict, format!("{name}{what}"))
            .help("the receipt stays as it was; ask another agency's node"));
    };
    files::write(path, text.as_bytes())?;
    let way = facts.way.words();
    output.text(&format!("{}  {name}  ({way})", output.verdict(verdict)));
    Ok(json!({
        "file": name.to_string(), "verdict": verdict.words(), "way": way, "size": facts.size.get(),
    }))
}
