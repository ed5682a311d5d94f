//! `muhr trust advance` and `extend`: from a trust file to the next, and to one's own.

use std::path::{Path, PathBuf};

use clap::Args;
use client::{
    coded::failed_check,
    durable, formats,
    http::Client,
    trust_chain::{self, ChainError, TrustStep},
};
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
    arguments::trimmed,
    exit::{CONFIGURATION, DONE, Failure, USAGE},
    nodes,
    output::Output,
    terminal, trust_file,
};

/// `muhr trust advance`.
#[derive(Debug, Args)]
pub struct TrustAdvanceArguments {
    /// The trust file
    pub file: PathBuf,
    /// Proofs of changes, in their order; else nodes are asked for them
    #[arg(value_name = "PROOF")]
    pub proofs: Vec<PathBuf>,
    /// Addresses of nodes, joined by commas: all must know the same trust file
    #[arg(
        long,
        env = "MUHR_NODE",
        value_name = "URL",
        value_delimiter = ',',
        value_parser = trimmed
    )]
    pub node: Vec<String>,
    /// The eight words of a trust file that recovery keys opened after a disaster, as agencies have read them out
    #[arg(long, value_name = "WORDS")]
    pub words: Option<String>,
    /// Lists every check, also those that hold
    #[arg(long)]
    pub steps: bool,
    /// Where the next trust file goes; if not said, into the place of FILE, which is kept beside as FILE.epoch-N
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
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
    if let Some(out) = &arguments.out {
        durable::must_be_new(out)?;
    }
    let held = formats::trust(&arguments.file)?;
    let steps = match (arguments.proofs.as_slice(), arguments.node.as_slice()) {
        ([], []) => {
            return Err(Failure::new(USAGE, UserMessage::new("advance-by-nothing"))
                .help(UserMessage::new("help-proofs-or-node")));
        }
        ([], nodes) => {
            let client = nodes::connect(nodes)?;
            by_nodes(arguments, &client, &held, output)?
        }
        (proofs, _) => by_files(arguments, &held, proofs, output)?,
    };
    let Some(last) = steps.last() else {
        let epoch = held.epoch().unwrap_or_default();
        output.note(&UserMessage::new("note-trust-in-force").text("epoch", epoch));
        output.view(&view(&arguments.file, &held, &steps));
        return Ok(DONE);
    };
    let written = match &arguments.out {
        Some(out) => {
            durable::write_unless_there(out, last.text.as_bytes())?;
            out
        }
        None => {
            let kept = trust_file::replace(&arguments.file, &held, last)?;
            output.note(&UserMessage::new("note-trust-kept").text("path", kept.display()));
            &arguments.file
        }
    };
    output.view(&view(written, &last.trust, &steps));
    Ok(DONE)
}

fn view(file: &Path, last: &TrustPolicy, steps: &[TrustStep]) -> TrustAdvanceView {
    let epochs = steps.iter().map(|step| Advanced {
        epoch: step.trust.epoch().map(|epoch| epoch.get()),
        sha256: step.trust.hash().to_hex(),
        words: spoken(step.trust.hash().as_bytes()),
        opened_by: step.trust.opened_by().map(OpenedBy::word),
    });
    TrustAdvanceView {
        file: file.display().to_string(),
        origin: last.origin().to_string(),
        epochs: epochs.collect(),
        words: spoken(last.hash().as_bytes()),
    }
}

/// Walks by what nodes give. Whoever sits at a terminal may type the words of a recovery.
fn by_nodes(
    arguments: &TrustAdvanceArguments,
    client: &Client,
    held: &TrustPolicy,
    output: &Output,
) -> Result<Vec<TrustStep>, Failure> {
    let said = arguments.words.as_deref();
    match trust_chain::walk(client, held, said) {
        Err(ChainError::Recovery { epoch }) if terminal::answers(output) => {
            let question = UserMessage::new("ask-recovery-words").text("epoch", epoch);
            let typed = terminal::line(&question, output);
            Ok(trust_chain::walk(client, held, Some(&typed))?)
        }
        walked => Ok(walked?),
    }
}

/// Walks by proofs in files, each of which is judged aloud.
fn by_files(
    arguments: &TrustAdvanceArguments,
    held: &TrustPolicy,
    proofs: &[PathBuf],
    output: &Output,
) -> Result<Vec<TrustStep>, Failure> {
    let mut steps: Vec<TrustStep> = Vec::new();
    for path in proofs {
        let now = steps.last().map_or(held, |step| &step.trust);
        let bytes = durable::read(path, PROOF_BYTES_MAX)?;
        let judged = trust::advance(now, &bytes);
        let name = path.display();
        let told = told(&judged.steps);
        for line in proof_lines(&name.to_string(), judged.verdict, &told, arguments.steps) {
            output.say(&line);
        }
        if judged.verdict != Verdict::Authentic {
            let failed = judged.steps.iter().find(|step| !step.is_ok());
            let what = failed.map_or_else(
                || UserMessage::new("file-alone").text("path", &name),
                |step| {
                    UserMessage::new("file-check")
                        .text("path", &name)
                        .part("check", failed_check(step))
                },
            );
            return Err(Failure::verdict(judged.verdict, what)
                .help(UserMessage::new("help-ask-agency-for-proof")));
        }
        // Whoever gives a proof in a file has been told by whom; a recovery's words are still to be said.
        let next = trust_chain::step(now, &bytes, arguments.words.as_deref())?;
        steps.push(next);
    }
    Ok(steps)
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
