//! `muhr report check`: whether a report is as it was signed. Not here: whether it is right, which making
//! it again tells.

use std::path::PathBuf;

use clap::Args;
use client::durable;
use messages::UserMessage;
use protocol::note::{ALGORITHM_ED25519, NOTE_BYTES_MAX, NoteKey};
use verify::Verdict;
use views::{
    auditor::report_check::{ReportCheckView, SealedFile},
    shown::Ruling,
};

use super::seal::Seal;
use crate::{
    exit::{ExitCode, Failure, USAGE, in_file},
    output::Output,
};

/// `muhr report check FILE`.
#[derive(Debug, Args)]
pub struct ReportCheckArguments {
    /// The report.note of a report, with the report's files beside it
    pub file: PathBuf,
    /// Whose signature it must bear, as adliya+1a2b3c4d+AR...; muhr key show tells it
    #[arg(long, value_name = "VKEY")]
    pub signer: String,
}

pub(crate) fn run(arguments: &ReportCheckArguments, output: &Output) -> Result<u8, Failure> {
    let signer = NoteKey::parse(&arguments.signer)
        .ok()
        .filter(|key| key.algorithm == ALGORITHM_ED25519);
    let signer = signer.ok_or_else(|| {
        Failure::new(USAGE, UserMessage::new("signer-invalid"))
            .help(UserMessage::new("help-signer"))
    })?;
    let path = &arguments.file;
    let broken = |what: UserMessage| Failure::verdict(Verdict::ProofBroken, in_file(path, what));
    let note = durable::read(path, NOTE_BYTES_MAX)?;
    let seal = Seal::believe(&String::from_utf8_lossy(&note), &signer)
        .map_err(|error| broken(UserMessage::new("report-note-malformed").text("reason", error)))?
        .ok_or_else(|| {
            broken(UserMessage::new("report-signature-missing").text("name", &signer.name))
        })?;
    let mut verdict = Verdict::Authentic;
    let mut judged = Vec::new();
    for (name, hash) in &seal.files {
        let file = path.with_file_name(name);
        let state = match file.is_file() {
            false => "missing",
            true if durable::hash(&file)?.as_bytes() == hash => "as signed",
            true => "altered",
        };
        // What is missing may be anything: that is graver than one change that is known.
        verdict = match state {
            "missing" => Verdict::CannotDecide,
            "altered" if verdict == Verdict::Authentic => Verdict::Altered,
            _ => verdict,
        };
        judged.push(SealedFile {
            file: name.clone(),
            state,
        });
    }
    let checkpoint = &seal.checkpoint;
    output.view(&ReportCheckView {
        verdict: Ruling(verdict),
        exit_code: verdict.exit_code(),
        signer: signer.name,
        origin: checkpoint.origin.to_string(),
        size: checkpoint.size.get(),
        root: checkpoint.root.to_string(),
        files: judged,
    });
    Ok(verdict.exit_code())
}
