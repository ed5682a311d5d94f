//! `muhr trust advance` and `extend`: from a trust file to the next, and to one's own.

use std::path::PathBuf;

use clap::Args;
use client::{coded::failed_check, durable, formats};
use messages::UserMessage;
use protocol::{
    epoch::PROOF_BYTES_MAX,
    policy::{OpenedBy, TrustPolicy},
    text::hex,
};
use verify::{Verdict, trust};
use views::{
    auditor::trust::{Advanced, TrustAdvanceView, TrustExtendView, proof_lines, spoken},
    steps::told,
};

use super::outside::OutsideWitness;
use crate::{
    exit::{CONFIGURATION, DONE, Failure, USAGE},
    output::Output,
};

/// `muhr trust advance`.
#[derive(Debug, Args)]
pub struct TrustAdvanceArguments {
    /// The trust file
    pub file: PathBuf,
    /// Proofs of changes, in their order
    #[arg(required = true, value_name = "PROOF")]
    pub proofs: Vec<PathBuf>,
    /// Lists every check, also those that hold
    #[arg(long)]
    pub steps: bool,
    /// Where the next trust file goes; keep the one before for receipts of its time
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// `muhr trust extend`.
#[derive(Debug, Args)]
pub struct TrustExtendArguments {
    /// The network's trust file
    pub file: PathBuf,
    /// A witness, its key and its address, as court=court.example/w1+1a2b3c4d+BA...,https://court.example/; may be repeated
    #[arg(long = "witness", required = true, value_name = "NAME=VKEY,URL")]
    pub witnesses: Vec<String>,
    /// How many of the witnesses must sign
    #[arg(long, default_value_t = 1, value_name = "COUNT")]
    pub need: usize,
    /// Where it goes
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

pub(crate) fn advance(arguments: &TrustAdvanceArguments, output: &Output) -> Result<u8, Failure> {
    let mut held = formats::trust(&arguments.file)?;
    let mut text = None;
    let mut epochs = Vec::new();
    for path in &arguments.proofs {
        let step = trust::advance(&held, &durable::read(path, PROOF_BYTES_MAX)?);
        let name = path.display();
        let steps = told(&step.steps);
        for line in proof_lines(&name.to_string(), step.verdict, &steps, arguments.steps) {
            output.say(&line);
        }
        let next = step.next.filter(|_| step.verdict == Verdict::Authentic);
        let Some(next) = next else {
            let failed = step.steps.iter().find(|step| !step.is_ok());
            let what = failed.map_or_else(
                || UserMessage::new("file-alone").text("path", &name),
                |step| {
                    UserMessage::new("file-check")
                        .text("path", &name)
                        .part("check", failed_check(step))
                },
            );
            return Err(Failure::verdict(step.verdict, what)
                .help(UserMessage::new("help-ask-agency-for-proof")));
        };
        held = TrustPolicy::parse(next.as_bytes()).map_err(|error| {
            Failure::verdict(
                Verdict::ProofBroken,
                UserMessage::new("epoch-proof-malformed")
                    .text("path", name)
                    .text("reason", error),
            )
        })?;
        epochs.push(Advanced {
            epoch: held.epoch().map(|epoch| epoch.get()),
            sha256: held.hash().to_hex(),
            words: spoken(held.hash().as_bytes()),
            opened_by: held.opened_by().map(OpenedBy::word),
        });
        text = Some(next);
    }
    let text = text.unwrap_or_default();
    durable::write_unless_there(&arguments.out, text.as_bytes())?;
    output.view(&TrustAdvanceView {
        file: arguments.out.display().to_string(),
        origin: held.origin().to_string(),
        epochs,
        words: spoken(held.hash().as_bytes()),
    });
    Ok(DONE)
}

pub(crate) fn extend(arguments: &TrustExtendArguments, output: &Output) -> Result<u8, Failure> {
    let base = formats::trust(&arguments.file)?;
    if base.base().is_some() {
        return Err(Failure::new(
            CONFIGURATION,
            UserMessage::new("trust-file-own-already").text("path", arguments.file.display()),
        )
        .help(UserMessage::new("help-network-trust-file")));
    }
    let witnesses = OutsideWitness::all(&arguments.witnesses)?;
    let lines: String = witnesses.iter().map(OutsideWitness::line).collect();
    let names: Vec<&str> = witnesses.iter().map(|witness| witness.name).collect();
    let bytes = durable::read(&arguments.file, protocol::policy::POLICY_BYTES_MAX)?;
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
            UserMessage::new("witnesses-make-no-trust-file").text("reason", error),
        )
        .help(UserMessage::new("help-witnesses"))
    })?;
    durable::write_unless_there(&arguments.out, own.as_bytes())?;
    output.view(&TrustExtendView {
        file: arguments.out.display().to_string(),
        base: base.hash().to_hex(),
        witnesses: read.witnesses().len(),
        need: arguments.need,
        outside: names.len(),
    });
    Ok(DONE)
}
