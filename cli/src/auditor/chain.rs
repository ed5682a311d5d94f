//! `muhr trust advance` and `extend`: from a trust file to the next, and to one's own.

use protocol::{
    epoch::PROOF_BYTES_MAX,
    note::{ALGORITHM_COSIGNATURE, NoteKey},
    policy::{OpenedBy, TrustPolicy},
    text::hex,
    words,
};
use serde_json::json;
use verify::{Verdict, trust};

use crate::{
    arguments::{TrustAdvanceArguments, TrustExtendArguments},
    exit::{CONFIGURATION, DONE, Failure, USAGE},
    files,
    output::Output,
};

pub(crate) fn advance(arguments: &TrustAdvanceArguments, output: &Output) -> Result<u8, Failure> {
    let mut held = files::trust(&arguments.file)?;
    let mut text = None;
    let mut epochs = Vec::new();
    for path in &arguments.proofs {
        let step = trust::advance(&held, &files::read(path, PROOF_BYTES_MAX)?);
        let name = path.display();
        output.text(&format!("{}  {name}", output.verdict(step.verdict)));
        output.steps(&step.steps);
        let next = step.next.filter(|_| step.verdict == Verdict::Authentic);
        let Some(next) = next else {
            let what = step.steps.iter().find(|step| !step.ok);
            let what = what.map_or_else(String::new, |step| format!(": {}", step.detail));
            return Err(Failure::verdict(step.verdict, format!("{name}{what}"))
                .help("nothing was written; ask another agency for the proof"));
        };
        held = TrustPolicy::parse(next.as_bytes())
            .map_err(|error| Failure::verdict(Verdict::ProofBroken, format!("{name}: {error}")))?;
        epochs.push(json!({
            "epoch": held.epoch().map(|epoch| epoch.get()), "sha256": hex(held.hash().as_bytes()),
            "words": words::fingerprint(held.hash().as_bytes()).join(" "),
            "opened_by": held.opened_by().map(OpenedBy::word),
        }));
        text = Some(next);
    }
    let text = text.unwrap_or_default();
    files::write(&arguments.out, text.as_bytes())?;
    output.data(&json!({
        "schema": "muhr/trust-advance/1", "file": arguments.out.display().to_string(),
        "origin": held.origin(), "epochs": epochs,
    }));
    let words = words::fingerprint(held.hash().as_bytes()).join(" ");
    output.text(&format!("{}: {words}", arguments.out.display()));
    Ok(DONE)
}

pub(crate) fn extend(arguments: &TrustExtendArguments, output: &Output) -> Result<u8, Failure> {
    let base = files::trust(&arguments.file)?;
    if base.base().is_some() {
        return Err(Failure::new(
            CONFIGURATION,
            format!(
                "{} is one of somebody's own already",
                arguments.file.display()
            ),
        )
        .help("start from the trust file that the network made"));
    }
    let mut names = Vec::new();
    let mut lines = String::new();
    for witness in &arguments.witnesses {
        let (name, vkey) = witness.split_once('=').unwrap_or_default();
        let key = NoteKey::parse(vkey).filter(|key| key.algorithm == ALGORITHM_COSIGNATURE);
        if key.is_none() {
            return Err(Failure::new(
                USAGE,
                format!("\"{witness}\" is not NAME=VKEY of a witness"),
            )
            .help("muhr key show of the witness's key file shows its vkey"));
        }
        lines += &format!("witness {name} {vkey}\n");
        names.push(name);
    }
    let bytes = files::read(&arguments.file, protocol::policy::POLICY_BYTES_MAX)?;
    let text = String::from_utf8_lossy(&bytes);
    let (mut head, mut past, mut quorum) = (String::new(), String::new(), "");
    for line in text.lines() {
        match line.strip_prefix("quorum ") {
            Some(name) => quorum = name.trim(),
            None if line.starts_with("#: past ") => past += &format!("{line}\n"),
            None => head += &format!("{line}\n"),
        }
    }
    let own = format!(
        "#: base {}\n{head}{lines}group outside {} {}\ngroup both all {quorum} outside\nquorum both\n{past}",
        hex(base.hash().as_bytes()),
        arguments.need,
        names.join(" "),
    );
    let read = TrustPolicy::parse(own.as_bytes()).map_err(|error| {
        Failure::new(
            USAGE,
            format!("these witnesses make no trust file: {error}"),
        )
        .help(
            "every witness has a name and a key of its own, and --need is not more than there are",
        )
    })?;
    files::write(&arguments.out, own.as_bytes())?;
    output.data(&json!({
        "schema": "muhr/trust-extend/1", "file": arguments.out.display().to_string(),
        "base": hex(base.hash().as_bytes()), "witnesses": read.witnesses().len(), "need": arguments.need,
    }));
    output.text(&format!(
        "{}: the agencies as before, and {} of {} witnesses",
        arguments.out.display(),
        arguments.need,
        names.len()
    ));
    Ok(DONE)
}
