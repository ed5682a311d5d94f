//! `muhr trust advance` and `extend`: from a trust file to the next, and to one's own.

use std::path::PathBuf;

use clap::Args;
use client::{coded::failed_check, durable, formats};
use messages::UserMessage;
use protocol::{
    epoch::PROOF_BYTES_MAX,
    name::{is_policy_name, is_policy_url, is_reserved},
    note::{ALGORITHM_COSIGNATURE, NoteKey},
    policy::{OpenedBy, TrustPolicy},
    text::hex,
};
use verify::{Verdict, trust};
use views::{
    auditor::trust::{Advanced, TrustAdvanceView, TrustExtendView, proof_lines, spoken},
    steps::told,
};

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
    durable::write(&arguments.out, text.as_bytes())?;
    output.view(&TrustAdvanceView {
        file: arguments.out.display().to_string(),
        origin: held.origin().to_string(),
        epochs,
        words: spoken(held.hash().as_bytes()),
    });
    Ok(DONE)
}

/// Name and line of a witness from `NAME=VKEY,URL`. Other people's parsers of trust files want the address.
fn witness_line(argument: &str) -> Result<(&str, String), Failure> {
    let shown = argument.escape_debug();
    let usage = |what: UserMessage| Failure::new(USAGE, what);
    let parts = argument.split_once('=').and_then(|(name, rest)| {
        let at = rest.find(",http://").or_else(|| rest.find(",https://"))?;
        let (vkey, url) = rest.split_at_checked(at)?;
        Some((name, vkey, url.strip_prefix(',')?))
    });
    let parts = parts.filter(|(_, _, url)| is_policy_url(url));
    let (name, vkey, url) = parts.ok_or_else(|| {
        usage(UserMessage::new("witness-argument-invalid").text("argument", shown))
            .help(UserMessage::new("help-witness-argument"))
    })?;
    if is_reserved(name) || !is_policy_name(name) {
        return Err(usage(
            UserMessage::new("witness-name-invalid").text("name", name.escape_debug()),
        )
        .help(UserMessage::new("help-witness-name")));
    }
    let key = NoteKey::parse(vkey).map_err(|error| {
        usage(
            UserMessage::new("witness-key-invalid")
                .text("name", name)
                .text("reason", error),
        )
        .help(UserMessage::new("help-witness-key"))
    })?;
    if key.algorithm != ALGORITHM_COSIGNATURE {
        let what = UserMessage::new("witness-key-algorithm")
            .text("name", name)
            .text("algorithm", format_args!("{:02x}", key.algorithm))
            .text("wanted", format_args!("{ALGORITHM_COSIGNATURE:02x}"));
        return Err(usage(what));
    }
    Ok((name, format!("witness {name} {vkey} {url}\n")))
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
    let mut names = Vec::new();
    let mut lines = String::new();
    for witness in &arguments.witnesses {
        let (name, line) = witness_line(witness)?;
        lines += &line;
        names.push(name);
    }
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
    durable::write(&arguments.out, own.as_bytes())?;
    output.view(&TrustExtendView {
        file: arguments.out.display().to_string(),
        base: base.hash().to_hex(),
        witnesses: read.witnesses().len(),
        need: arguments.need,
        outside: names.len(),
    });
    Ok(DONE)
}
