//! What the errors of the library mean at a desk: an exit code for scripts, and the way out for people.

mod table;

use client::{
    durable::FileError,
    formats::FormatError,
    http::{HttpError, RefusalClass, RootsError, TlsTrouble},
    import::ImportError,
    keys::{KeyFileError, KeyTrouble, NotOpened, NotSealed},
    log::LogError,
    proven::ProofError,
    submit::{InTheWay, SubmitError},
};
use protocol::{entry::Operation, kind::Kind};
use verify::{CheckStep, Verdict};
use views::steps::detail;

use crate::exit::{
    CONFIGURATION, CONFLICT, Failure, NOT_PERMITTED, UNEXPECTED, UNREACHABLE, USAGE,
};

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        let what = error.to_string();
        match error {
            FileError::Unreadable { .. } => {
                Self::new(USAGE, what).help("check the path and who may read it")
            }
            FileError::NotAFile { .. } => {
                Self::new(USAGE, what).help("save it to a file first, and name that")
            }
            FileError::InUse { .. } => {
                Self::new(USAGE, what).help("wait until that one ends, or choose another folder")
            }
            FileError::TooLong { .. } => Self::new(USAGE, what),
            FileError::Unwritable { ref source, .. } => {
                let help = if error.lacks_folder() {
                    "make the folder or choose another, then run the same command again: nothing is lost"
                } else if source.kind() == std::io::ErrorKind::AlreadyExists {
                    // More room would change nothing.
                    "name another file or folder, or move away what is there, then run the same command again: nothing is lost"
                } else {
                    "make room or choose another folder, then run the same command again: nothing is lost"
                };
                Self::new(UNEXPECTED, what).help(help)
            }
            _ => Self::new(UNEXPECTED, what),
        }
    }
}

impl From<FormatError> for Failure {
    fn from(error: FormatError) -> Self {
        let what = error.to_string();
        match error {
            FormatError::File(error) => error.into(),
            FormatError::NoTrustFile { .. } => Self::new(CONFIGURATION, what)
                .help("give the network's trust file with --trust"),
            FormatError::NotA {
                wanted: Kind::Trust,
                ..
            } => Self::new(CONFIGURATION, what).help("get it again from an agency you trust"),
            FormatError::NotA { .. } => {
                Self::new(USAGE, what).help("give the receipt's own file, as permit.pdf.receipt")
            }
            FormatError::NoNetwork { .. } => Self::new(CONFIGURATION, what).help(
                "what is signed names both; use the network's own trust file, or one built on it with muhr trust extend",
            ),
            _ => Self::new(UNEXPECTED, what),
        }
    }
}

impl From<RootsError> for Failure {
    fn from(error: RootsError) -> Self {
        let failure = Self::new(CONFIGURATION, error.to_string());
        match error {
            RootsError::NoRoots => {
                failure.help("install them (ca-certificates), or give a file of them with --ca")
            }
            RootsError::File(error) => Self {
                code: CONFIGURATION,
                ..error.into()
            },
            RootsError::NotCertificates { .. } => failure.help(
                "give the certificate of the authority in PEM, as -----BEGIN CERTIFICATE-----",
            ),
            _ => failure,
        }
    }
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        let what = error.to_string();
        match error {
            HttpError::Address { .. } => {
                Self::new(USAGE, what).help("give it as http://127.0.0.1:7481")
            }
            HttpError::NoNode => Self::new(USAGE, what),
            HttpError::Roots(error) => error.into(),
            HttpError::TimedOut { had_others, .. } | HttpError::Unreachable { had_others, .. } => {
                Self::new(UNREACHABLE, what).help(if had_others {
                    "none of the nodes given answers; run the same command again later"
                } else {
                    "check the address, or ask another agency's node"
                })
            }
            HttpError::Tls { trouble, .. } => {
                Self::new(UNREACHABLE, what).help(of_certificate(&trouble))
            }
            HttpError::TooLong { .. } => {
                Self::new(UNEXPECTED, what).help("it is no honest node; ask another agency's")
            }
            HttpError::Busy { .. } => {
                Self::new(UNREACHABLE, what).help("run the same command again later")
            }
            HttpError::Status {
                status, location, ..
            } => of_status(what, status, location.as_deref()),
            HttpError::Problem { problem } => no_answer(&problem),
            HttpError::NoAgency { .. } => Self::new(USAGE, what)
                .help("check the name; muhr network status names the agencies of the network"),
            HttpError::EndlessHistory => {
                Self::new(UNEXPECTED, what).help("ask another agency's node")
            }
            _ => Self::new(UNEXPECTED, what),
        }
    }
}

const fn of_certificate(trouble: &TlsTrouble) -> &'static str {
    match trouble {
        TlsTrouble::NoConnection(_) => {
            "check that https:// is spoken there, and by whom; a proxy may stand in between"
        }
        TlsTrouble::UnknownAuthority => {
            "if the agency has an authority of its own, get its certificate from the agency and give it with --ca FILE, or in MUHR_CA"
        }
        TlsTrouble::Expired(_) => "the agency must renew it; check this machine's clock too",
        TlsTrouble::NotValidYet(_) => "check this machine's clock",
        TlsTrouble::OtherName(_) => {
            "give the node by the name in its certificate; if that is what you did, somebody else answers there"
        }
        _ => "ask the agency for a good one",
    }
}

fn of_status(what: String, status: u16, location: Option<&str>) -> Failure {
    match status {
        502 | 504 => Failure::new(UNREACHABLE, what).help(
            "the node is down or not started yet; try again later, or ask another agency's node",
        ),
        301 | 302 | 303 | 307 | 308 => {
            let failure = Failure::new(UNEXPECTED, what);
            match location {
                Some(location) => failure.help(format!(
                    "it sends to {location}, and muhr follows nobody: give the address that is meant to --node"
                )),
                None => failure.help("it sends elsewhere; give the node's own address to --node"),
            }
        }
        401 | 403 | 407 => Failure::new(UNEXPECTED, what).help(
            "a server before the node asks who you are, and nodes never do; let it pass requests to the node, or give the node's own address to --node",
        ),
        404 => Failure::new(UNEXPECTED, what)
            .help("no node answers there; check the address, and the path if a server passes it on"),
        _ => Failure::new(UNEXPECTED, what),
    }
}

/// What it means that a node gives a problem instead of what it was asked for: nothing is said of a record.
fn no_answer(problem: &api::Problem) -> Failure {
    let failure = Failure::of_problem(problem);
    match failure.code {
        USAGE | UNREACHABLE => failure,
        _ => Failure::new(
            UNEXPECTED,
            format!("the node gives no answer: {}", failure.what),
        )
        .help("ask another agency's node"),
    }
}

/// The exit code of a class of refusal.
pub(crate) const fn code_of(class: RefusalClass) -> u8 {
    match class {
        RefusalClass::Busy => UNREACHABLE,
        RefusalClass::NotPermitted => NOT_PERMITTED,
        RefusalClass::Conflict => CONFLICT,
        RefusalClass::Usage => USAGE,
        RefusalClass::Other => UNEXPECTED,
    }
}

impl Failure {
    /// What a node's refusal of an entry means to whoever sent it.
    pub(crate) fn of_problem(problem: &api::Problem) -> Self {
        let code = code_of(RefusalClass::of(problem));
        Self::new(code, format!("{} ({})", problem.detail, problem.code))
    }
}

impl From<KeyFileError> for Failure {
    fn from(error: KeyFileError) -> Self {
        let path = error.path.display();
        let failure = Self::new(CONFIGURATION, error.to_string());
        let help = match &error.trouble {
            KeyTrouble::OthersMayRead { .. } => format!("run: chmod 600 {path}"),
            KeyTrouble::HasPassphrase => {
                "name it with --key, and a file with its passphrase with --passphrase-file"
                    .to_owned()
            }
            KeyTrouble::NotOpened(why) => of_sealed(*why).to_owned(),
            KeyTrouble::NoPassphrase => {
                "it holds the passphrase on one line, and nothing else".to_owned()
            }
            _ => return failure,
        };
        failure.help(help)
    }
}

const fn of_sealed(why: NotOpened) -> &'static str {
    match why {
        NotOpened::Damaged => {
            "take it from a backup; without one, make a new key, and let the agency end this one"
        }
        NotOpened::Recipient | NotOpened::Armoured => {
            "decrypt it with age, then give it a passphrase with muhr key passphrase"
        }
        NotOpened::Work(_) => "a file from muhr or age asks for fewer: do not trust this one",
        _ => "try again; if it is lost, make a new key, and let the agency end this one",
    }
}

impl From<NotSealed> for Failure {
    fn from(error: NotSealed) -> Self {
        match error {
            NotSealed::File(error) => error.into(),
            error => Self::new(UNEXPECTED, error.to_string()),
        }
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        let what = error.to_string();
        let judged = error.verdict();
        let failure = |what| match judged {
            Some(verdict) => Self::verdict(verdict, what),
            None => Self::new(UNEXPECTED, what),
        };
        match error {
            LogError::Http(error) => error.into(),
            LogError::File(error) => error.into(),
            LogError::Format(error) => error.into(),
            LogError::NotInMirror { .. } => Self::new(UNREACHABLE, what)
                .help("bring the mirror up to date with muhr log mirror"),
            LogError::Diverges(_) => failure(what)
                .help("keep a copy of the node's tiles and show it to the other agencies"),
            LogError::NoGenesis => {
                failure(what).help("get the trust file with its \"#: genesis\" line")
            }
            LogError::MirrorRoot => failure(what).help("ask another agency's node"),
            _ => failure(what),
        }
    }
}

/// A sentence, and behind it what the check found that failed.
fn with_detail(sentence: &str, step: Option<&CheckStep>) -> String {
    let detail = step.map(detail).unwrap_or_default();
    format!("{sentence}: {detail}")
}

/// What an error says; of a check that failed, in a sentence.
fn in_words(error: &ProofError) -> String {
    match error {
        ProofError::Unproven(unproven) => format!(
            "the node does not prove what it says: {}: {}",
            unproven.step.check.part(),
            detail(&unproven.step)
        ),
        ProofError::Receipt { step, .. } => {
            with_detail("the node's receipt does not hold", step.as_deref())
        }
        error => error.to_string(),
    }
}

impl From<ProofError> for Failure {
    fn from(error: ProofError) -> Self {
        let what = in_words(&error);
        let judged = error.verdict();
        match (error, judged) {
            (ProofError::Http(error), _) => error.into(),
            (ProofError::NoRegistry(_), _) => Self::new(NOT_PERMITTED, what).help("check its name"),
            (ProofError::NotFinal, Some(verdict)) => Self::verdict(verdict, what),
            (ProofError::Unproven(_), Some(verdict)) => {
                Self::verdict(verdict, what).help("ask another agency's node")
            }
            (_, Some(verdict)) => {
                Self::verdict(verdict, what).help("nothing was written; ask another agency's node")
            }
            (_, None) => Self::new(UNEXPECTED, what),
        }
    }
}

/// The same of a submission.
fn submit_in_words(error: &SubmitError) -> String {
    match error {
        SubmitError::History { step, .. } => with_detail(
            "the node's history of the record does not hold",
            step.as_deref(),
        ),
        SubmitError::Receipt {
            step: Some(step), ..
        } => format!(
            "the node's receipt does not verify: {}: {}",
            step.check.part(),
            detail(step)
        ),
        error => error.to_string(),
    }
}

impl From<SubmitError> for Failure {
    fn from(error: SubmitError) -> Self {
        let what = submit_in_words(&error);
        let judged = error.verdict();
        let failure = |code, what| match judged {
            Some(verdict) => Self::verdict(verdict, what),
            None => Self::new(code, what),
        };
        match error {
            SubmitError::File(error) => error.into(),
            SubmitError::Http(error) => error.into(),
            SubmitError::Proof(error) => error.into(),
            SubmitError::OtherOrigin { .. } | SubmitError::OtherChain { .. } => {
                failure(UNEXPECTED, what)
                    .help("use the trust file of that network, or a node of yours")
            }
            SubmitError::NeverRegistered(_) => failure(UNEXPECTED, what)
                .help("check the number, or register it with muhr anchor"),
            SubmitError::Fields(_) | SubmitError::NotAgreed => Self::new(USAGE, what),
            SubmitError::NotFinal => failure(UNEXPECTED, what).help(
                "run the same command again to get the receipt: it sends the same entry; `muhr network status` says who is missing",
            ),
            SubmitError::NoReceipt(_)
            | SubmitError::OtherReceipt
            | SubmitError::Receipt { .. } => failure(UNEXPECTED, what)
                .help("ask another agency's node for the receipt, and tell the auditors"),
            SubmitError::NotAFile { .. } => {
                Self::new(USAGE, what).help("name another file with --out")
            }
            SubmitError::InTheWay { what: way, .. } => {
                Self::new(CONFLICT, what).help(out_of_the_way(&way))
            }
            SubmitError::EarlierReceipt { .. } => Self::new(CONFLICT, what).help(
                "name another file with --out: the earlier receipt stays, and this is signed as an act of its own",
            ),
            SubmitError::FinishedEarlier { .. } => Self::new(CONFLICT, what).help(
                "run the command again with another file for --out to sign this as an act of its own",
            ),
            SubmitError::RefusedButRecorded { .. } => Self::new(UNEXPECTED, what).help(
                "run the same command again, or with another agency's node, to get its receipt",
            ),
            SubmitError::Refused { problem } => Self::of_problem(&problem),
            SubmitError::Never(why) => Self::new(code_of(why.class()), what),
            SubmitError::ByWord {
                problem,
                is_proven,
                kept,
            } => {
                let code = match RefusalClass::of(&problem) {
                    RefusalClass::NotPermitted if !is_proven => UNEXPECTED,
                    class => code_of(class),
                };
                failure(code, what).help(format!(
                    "what was signed is kept in {}, since the node might hand it in yet; the same command takes it up again, also with another agency's node",
                    kept.display()
                ))
            }
            _ => failure(UNEXPECTED, what),
        }
    }
}

/// What to do about what stands where a receipt is to go. What was sent may be recorded whatever anybody does
/// now, and its file is all that tells what was said: never is it to be thrown away.
fn out_of_the_way(way: &InTheWay) -> String {
    match way {
        InTheWay::NoPending(_) => "keep it, since it may hold the secret of an entry that was sent: move it to another folder, or name another file with --out".to_owned(),
        InTheWay::OtherPending {
            statement, record, ..
        } => format!(
            "keep it: the entry may be recorded yet, and only this file holds its secret. First finish it, with the command that it was for and what that was given then: muhr {} of {record} in {}; or name another file with --out for this one",
            command(statement.operation),
            statement.registry
        ),
        _ => "move it away first, or name another file with --out".to_owned(),
    }
}

/// The command that makes such an entry.
const fn command(operation: Operation) -> &'static str {
    match operation {
        Operation::Register => "anchor",
        other => other.word(),
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        let what = error.to_string();
        match error {
            ImportError::File(error) => error.into(),
            ImportError::Http(error) => error.into(),
            ImportError::Submit(error) => error.into(),
            ImportError::NotAJournal { .. } => {
                Self::new(USAGE, what).help("choose another folder with --out")
            }
            ImportError::NotAnArchive { .. } => Self::new(USAGE, what)
                .help("muhr anchor bulk --archive writes one: receipts.archive in its folder"),
            ImportError::NotFinal { .. } => Self::verdict(Verdict::Pending, what).help(
                "run the same command again: it sends the same entries; `muhr network status` says who is missing",
            ),
            _ => Self::new(UNEXPECTED, what),
        }
    }
}
