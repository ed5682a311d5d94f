//! `muhr verify`: judges documents, receipts, dossiers, checkpoints and evidence, offline.
//!
//! A file is judged as what its bytes are, whatever it is called, and read once. All files are judged, and
//! the gravest verdict stands first and is the exit code.

use std::path::{Path, PathBuf};

use clap::Args;
use client::{durable, formats, input::InputFile};
use messages::UserMessage;
use protocol::{
    dossier::DOSSIER_BYTES_MAX, hash::DocumentHash, kind::Kind, note::NOTE_BYTES_MAX,
    policy::OpenedBy, receipt::RECEIPT_BYTES_MAX, standing::Endorsement,
};
use verify::{Judgement, Verdict, checkpoint::Trusts, dossier::Member, receipt::ReceiptFacts};
use views::{
    auditor::{
        dossier::DossierPart,
        verify::{FileView, Subject, VerifyView},
    },
    shown::Ruling,
    steps::{Step, told},
};

use crate::{
    exit::{ExitCode, Failure, USAGE, words},
    output::Output,
};

/// `muhr verify`.
#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// Documents (their receipts are beside them) or receipts
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// The receipt of the one document given
    #[arg(long, value_name = "FILE")]
    pub receipt: Option<PathBuf>,
    /// Trust file of an epoch that has ended, for receipts of its time; may be repeated
    #[arg(long, value_name = "FILE")]
    pub then: Vec<PathBuf>,
    /// How many references away from the record the others must be proven too, which takes a dossier; of a
    /// dossier all that it holds, if not said
    #[arg(long, value_name = "DEPTH", value_parser = clap::value_parser!(u8).range(0..=16))]
    pub follow: Option<u8>,
    /// Ends with 6, as pending, unless those who were asked have confirmed the version
    #[arg(long)]
    pub effective: bool,
    /// Lists every check, also those that hold
    #[arg(long)]
    pub steps: bool,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
}

/// How far a dossier is followed unless another depth is asked for.
const DEPTH_MAX: u8 = 16;

/// A judgement in words, with what only a desk knows beside what the verifier found.
struct Told {
    verdict: Verdict,
    steps: Vec<Step>,
    facts: Option<ReceiptFacts>,
}

impl From<&Judgement> for Told {
    fn from(judgement: &Judgement) -> Self {
        Self {
            verdict: judgement.verdict,
            steps: told(&judgement.steps),
            facts: judgement.facts.clone(),
        }
    }
}

struct Judge<'a> {
    arguments: &'a VerifyArguments,
    trusts: Trusts<'a>,
}

pub(crate) fn run(arguments: &VerifyArguments, output: &Output) -> Result<u8, Failure> {
    if arguments.receipt.is_some() && arguments.files.len() != 1 {
        return Err(
            Failure::new(USAGE, UserMessage::new("receipt-with-several-documents"))
                .help(UserMessage::new("help-receipt-of-file")),
        );
    }
    let trust = formats::trust(&arguments.trust)?;
    let then = arguments.then.iter().map(|path| formats::trust(path));
    let then = then.collect::<Result<Vec<_>, _>>()?;
    let judge = Judge {
        arguments,
        trusts: Trusts::new(&trust, &then),
    };
    let mut files: Vec<FileView> = arguments.files.iter().map(|file| judge.one(file)).collect();
    files.sort_by_key(|file| file.verdict.0.gravity());
    let gravest = files
        .first()
        .map_or(Verdict::Authentic, |first| first.verdict.0);
    let view = VerifyView {
        verdict: Ruling(gravest),
        exit_code: gravest.exit_code(),
        files,
    };
    output.view(&view);
    Ok(view.exit_code)
}

impl Judge<'_> {
    /// Says something of every file: one that cannot be read hides nothing of the others.
    fn one(&self, file: &Path) -> FileView {
        self.judge(file).unwrap_or_else(|failure| {
            let help = failure.help.as_ref();
            let help = help.map_or_else(String::new, |help| format!("; {}", words(help)));
            let detail = format!("{}{help}", failure.words());
            let judgement = undecided(("file", "file-readable"), detail);
            self.shown(file, Subject::Other(Kind::Unknown), &judgement)
        })
    }

    fn judge(&self, file: &Path) -> Result<FileView, Failure> {
        let input = InputFile::open(file)?;
        if let Some(receipt) = &self.arguments.receipt {
            let document = input.hash()?;
            return self.proof(file, InputFile::open(receipt)?, Some(&document));
        }
        let kind = input.kind();
        if matches!(kind, Kind::Receipt | Kind::Dossier | Kind::Evidence) {
            return self.proof(file, input, None);
        }
        let beside = durable::beside(file, ".receipt");
        if beside.exists() {
            let document = input.hash()?;
            return self.proof(file, InputFile::open(&beside)?, Some(&document));
        }
        let judgement = match kind {
            Kind::Checkpoint => {
                let bytes = input.read(NOTE_BYTES_MAX)?;
                Told::from(&verify::file::checkpoint(self.trusts.now(), &bytes))
            }
            Kind::Pending => pending(file),
            Kind::History => undecided(
                ("format", "kind-judged"),
                words(&UserMessage::new("detail-history")),
            ),
            Kind::Archive | Kind::BatchReceipts => undecided(
                ("format", "kind-judged"),
                words(&UserMessage::new("detail-many-receipts").text("found-kind", kind.word())),
            ),
            // It is called a receipt: then it is judged as one.
            _ if is_called_a_proof(file) => return self.proof(file, input, None),
            _ => without_receipt(file, &beside, kind),
        };
        Ok(self.shown(file, Subject::Other(kind), &judgement))
    }

    /// Judges a file that proves something, and the document that came with it.
    fn proof(
        &self,
        file: &Path,
        proof: InputFile,
        document: Option<&DocumentHash>,
    ) -> Result<FileView, Failure> {
        match proof.kind() {
            Kind::Dossier => {
                let bytes = proof.read(DOSSIER_BYTES_MAX)?;
                Ok(self.dossier(file, &bytes, document))
            }
            Kind::Evidence if document.is_none() => {
                let bytes = proof.read(RECEIPT_BYTES_MAX)?;
                let judgement = verify::file::evidence(self.trusts.now(), &bytes);
                let told = Told::from(&judgement);
                Ok(self.shown(file, Subject::Other(Kind::Evidence), &told))
            }
            kind => {
                let bytes = proof.read(RECEIPT_BYTES_MAX)?;
                let judged = verify::receipt::judge(self.trusts, &bytes, document);
                let mut judgement = Told::from(&judged);
                follows(&mut judgement, self.arguments.follow);
                if self.arguments.effective {
                    require_effect(&mut judgement);
                }
                let subject = match kind {
                    _ if document.is_some() => Subject::Document,
                    Kind::Receipt => Subject::ReceiptAlone,
                    other => Subject::Other(other),
                };
                Ok(self.shown(file, subject, &judgement))
            }
        }
    }

    fn dossier(&self, file: &Path, bytes: &[u8], document: Option<&DocumentHash>) -> FileView {
        let subject = match document {
            Some(_) => Subject::DocumentInDossier,
            None => Subject::DossierAlone,
        };
        if self.arguments.effective {
            let what = words(&UserMessage::new("detail-dossier-effective"));
            return self.shown(file, subject, &undecided(("effect", "effect-asked"), what));
        }
        let depth = self.arguments.follow.unwrap_or(DEPTH_MAX);
        match verify::dossier::read(bytes) {
            Ok(dossier) => {
                let members = verify::dossier::judge(self.trusts, &dossier, document, depth.into());
                self.together(file, subject, &members)
            }
            Err(judgement) => self.shown(file, subject, &Told::from(&*judgement)),
        }
    }

    /// View of a dossier: the gravest of all that is in it stands first.
    fn together(&self, file: &Path, subject: Subject, members: &[Member]) -> FileView {
        let verdict = verify::dossier::verdict(members);
        let Some((first, rest)) = members.split_first() else {
            return self.shown(
                file,
                subject,
                &undecided(
                    ("dossier", "dossier-read"),
                    words(&UserMessage::new("detail-no-receipt")),
                ),
            );
        };
        let first_told = Told::from(&first.judgement);
        FileView {
            verdict: Ruling(verdict),
            exit_code: verdict.exit_code(),
            dossier: Some(DossierPart::of(first.into(), rest)),
            ..self.shown(file, subject, &first_told)
        }
    }

    fn shown(&self, file: &Path, subject: Subject, judgement: &Told) -> FileView {
        FileView {
            file: file.display().to_string(),
            subject,
            verdict: Ruling(judgement.verdict),
            exit_code: judgement.verdict.exit_code(),
            steps: judgement.steps.clone(),
            facts: judgement.facts.as_ref().map(Into::into),
            dossier: None,
            all_steps: self.arguments.steps,
            // That an epoch was opened after a disaster is said beside every verdict by its trust file.
            by_recovery: self.trusts.now().opened_by() == Some(OpenedBy::Recovery),
        }
    }
}

/// Returns whether its name says that a file proves something.
fn is_called_a_proof(file: &Path) -> bool {
    let ending = file.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| {
        ["receipt", "dossier"]
            .iter()
            .any(|proof| ending.eq_ignore_ascii_case(proof))
    })
}

/// A receipt alone proves nothing of what it rests on: whoever asks for that has no answer yet.
fn follows(judgement: &mut Told, follow: Option<u8>) {
    let rests_on = judgement.facts.as_ref().map(|facts| &facts.references);
    if follow.unwrap_or(0) == 0 || rests_on.is_none_or(Vec::is_empty) {
        return;
    }
    judgement.steps.push(Step {
        name: "references",
        code: "references-gathered",
        ok: false,
        detail: words(&UserMessage::new("detail-receipt-alone")),
    });
    judgement.verdict = judgement.verdict.graver(Verdict::CannotDecide);
}

/// A version whose confirmations are missing, came too late or are disputed is no more than pending. One of
/// which nobody was asked waits for nobody.
fn require_effect(judgement: &mut Told) {
    let Some(facts) = judgement.facts.as_ref() else {
        return;
    };
    let endorsement = facts.endorsement;
    let ok = matches!(
        endorsement,
        Endorsement::Effective(_) | Endorsement::NotAsked
    );
    if judgement.verdict == Verdict::Authentic && !ok {
        judgement.verdict = Verdict::Pending;
    }
    judgement.steps.push(Step {
        name: "effect",
        code: "effect",
        ok,
        detail: words(&UserMessage::new("detail-effect").text("word", endorsement.word())),
    });
}

fn undecided(check: (&'static str, &'static str), detail: String) -> Told {
    nothing(Verdict::CannotDecide, check, detail)
}

fn pending(path: &Path) -> Told {
    let detail = words(&UserMessage::new("detail-pending").text("path", path.display()));
    nothing(Verdict::Pending, ("receipt", "entry-decided"), detail)
}

/// A judgement for which there was nothing to check.
fn nothing(verdict: Verdict, (name, code): (&'static str, &'static str), detail: String) -> Told {
    Told {
        verdict,
        steps: vec![Step {
            name,
            code,
            ok: false,
            detail,
        }],
        facts: None,
    }
}

fn without_receipt(file: &Path, receipt: &Path, kind: Kind) -> Told {
    let on_its_way: PathBuf = durable::beside(receipt, ".pending");
    if on_its_way.exists() {
        return pending(&on_its_way);
    }
    let is = match kind {
        Kind::Unknown | Kind::Pdf | Kind::Zip | Kind::Html | Kind::Picture => String::new(),
        kind => words(
            &UserMessage::new("detail-file-is")
                .text("path", file.display())
                .text("found-kind", kind.word()),
        ),
    };
    let detail = words(
        &UserMessage::new("detail-no-receipt-at")
            .text("is", is)
            .text("path", receipt.display()),
    );
    undecided(("receipt", "receipt-given"), detail)
}
