//! Errors of the library at a desk: for each an exit code for scripts, and the code of the way out for people.

mod governing;
mod table;

use client::{
    coded::Coded,
    durable::FileError,
    formats::{FormatError, NotOfKind},
    http::{HttpError, RefusalClass, RootsError, TlsTrouble, said},
    import::ImportError,
    keys::{KeyFileError, KeyTrouble, NotOpened, NotSealed},
    log::LogError,
    proven::ProofError,
    submit::{InTheWay, SubmitError},
};
use messages::UserMessage;
use protocol::{entry::Operation, kind::Kind};
use verify::Verdict;

use crate::exit::{
    CONFIGURATION, CONFLICT, Failure, NOT_PERMITTED, UNEXPECTED, UNREACHABLE, USAGE,
};

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        let what = error.message();
        match error {
            FileError::Unreadable { .. } => {
                Self::new(USAGE, what).help(UserMessage::new("help-check-path"))
            }
            FileError::NotAFile { .. } => {
                Self::new(USAGE, what).help(UserMessage::new("help-save-to-file"))
            }
            FileError::InUse { .. } => {
                Self::new(USAGE, what).help(UserMessage::new("help-wait-for-other-run"))
            }
            FileError::TooLong { .. } => Self::new(USAGE, what),
            FileError::Unwritable { ref source, .. } => {
                let help = if error.lacks_folder() {
                    UserMessage::new("help-make-folder")
                } else if source.kind() == std::io::ErrorKind::AlreadyExists {
                    // More room would change nothing.
                    UserMessage::new("help-move-away-what-is-there")
                } else {
                    UserMessage::new("help-make-room")
                };
                Self::new(UNEXPECTED, what).help(help)
            }
            _ => Self::new(UNEXPECTED, what),
        }
    }
}

impl From<FormatError> for Failure {
    fn from(error: FormatError) -> Self {
        let what = error.message();
        match error {
            FormatError::File(error) => error.into(),
            FormatError::NoTrustFile { .. } => {
                Self::new(CONFIGURATION, what).help(UserMessage::new("help-give-trust-file"))
            }
            FormatError::NotA {
                wanted: Kind::Trust,
                ..
            } => Self::new(CONFIGURATION, what).help(UserMessage::new("help-get-trust-file-again")),
            FormatError::NotA { .. } => {
                Self::new(USAGE, what).help(UserMessage::new("help-give-receipt-file"))
            }
            FormatError::NoNetwork { .. } => Self::new(CONFIGURATION, what)
                .help(UserMessage::new("help-use-trust-file-of-network")),
            _ => Self::new(UNEXPECTED, what),
        }
    }
}

impl From<RootsError> for Failure {
    fn from(error: RootsError) -> Self {
        let failure = Self::new(CONFIGURATION, error.message());
        match error {
            RootsError::NoRoots => failure.help(UserMessage::new("help-install-roots")),
            RootsError::File(error) => Self {
                code: CONFIGURATION,
                ..error.into()
            },
            RootsError::NotCertificates { .. } => failure.help(UserMessage::new("help-give-pem")),
            _ => failure,
        }
    }
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        let what = error.message();
        match error {
            HttpError::Address { .. } => {
                Self::new(USAGE, what).help(UserMessage::new("help-address-form"))
            }
            HttpError::NoNode => Self::new(USAGE, what),
            HttpError::PeerPort { .. } => {
                Self::new(USAGE, what).help(UserMessage::new("help-http-port"))
            }
            HttpError::Roots(error) => error.into(),
            HttpError::TimedOut { had_others, .. } | HttpError::Unreachable { had_others, .. } => {
                Self::new(UNREACHABLE, what).help(if had_others {
                    UserMessage::new("help-no-node-answers")
                } else {
                    UserMessage::new("help-check-address")
                })
            }
            HttpError::Tls { trouble, .. } => {
                Self::new(UNREACHABLE, what).help(of_certificate(&trouble))
            }
            HttpError::TooLong { .. } => {
                Self::new(UNEXPECTED, what).help(UserMessage::new("help-no-honest-node"))
            }
            HttpError::Busy { .. } => {
                Self::new(UNREACHABLE, what).help(UserMessage::new("help-again-later"))
            }
            HttpError::Status {
                status, location, ..
            } => of_status(what, status, location.as_deref()),
            HttpError::Problem { problem } => no_answer(&problem),
            HttpError::NoAgency { .. } => {
                Self::new(USAGE, what).help(UserMessage::new("help-check-agency"))
            }
            HttpError::EndlessHistory => {
                Self::new(UNEXPECTED, what).help(UserMessage::new("help-ask-another-node"))
            }
            _ => Self::new(UNEXPECTED, what),
        }
    }
}

const fn of_certificate(trouble: &TlsTrouble) -> UserMessage {
    match trouble {
        TlsTrouble::NoConnection(_) => UserMessage::new("help-tls-no-connection"),
        TlsTrouble::UnknownAuthority => UserMessage::new("help-tls-authority"),
        TlsTrouble::Expired(_) => UserMessage::new("help-tls-expired"),
        TlsTrouble::NotValidYet(_) => UserMessage::new("help-check-clock"),
        TlsTrouble::OtherName(_) => UserMessage::new("help-tls-other-name"),
        _ => UserMessage::new("help-tls-not-good"),
    }
}

fn of_status(what: UserMessage, status: u16, location: Option<&str>) -> Failure {
    match status {
        502 | 504 => Failure::new(UNREACHABLE, what).help(UserMessage::new("help-node-down")),
        301 | 302 | 303 | 307 | 308 => {
            let failure = Failure::new(UNEXPECTED, what);
            match location {
                Some(location) => {
                    failure.help(UserMessage::new("help-redirected-to").text("location", location))
                }
                None => failure.help(UserMessage::new("help-redirected")),
            }
        }
        401 | 403 | 407 => {
            Failure::new(UNEXPECTED, what).help(UserMessage::new("help-server-asks-who"))
        }
        404 => Failure::new(UNEXPECTED, what).help(UserMessage::new("help-no-node-there")),
        _ => Failure::new(UNEXPECTED, what),
    }
}

/// Failure for a node that gives a problem instead of what it was asked for: nothing is said of a record.
fn no_answer(problem: &api::Problem) -> Failure {
    let failure = Failure::of_problem(problem);
    match failure.code {
        USAGE | UNREACHABLE => failure,
        _ => Failure::new(
            UNEXPECTED,
            UserMessage::new("node-gives-no-answer").part("said", failure.what),
        )
        .help(UserMessage::new("help-ask-another-node")),
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
    /// Failure for a node's refusal of an entry, to whoever sent it.
    pub(crate) fn of_problem(problem: &api::Problem) -> Self {
        let code = code_of(RefusalClass::of(problem));
        Self::new(code, said(problem))
    }
}

impl From<KeyFileError> for Failure {
    fn from(error: KeyFileError) -> Self {
        let path = error.path.display();
        let failure = Self::new(CONFIGURATION, error.message());
        let help = match &error.trouble {
            KeyTrouble::OthersMayRead { .. } => UserMessage::new("help-chmod").text("path", path),
            KeyTrouble::HasPassphrase => UserMessage::new("help-passphrase-file"),
            KeyTrouble::NotOpened(why) => of_sealed(*why),
            KeyTrouble::NoPassphrase => UserMessage::new("help-passphrase-on-one-line"),
            KeyTrouble::NotA(NotOfKind::Other { .. } | NotOfKind::Wrong { .. }) => {
                UserMessage::new("help-name-key-file")
            }
            _ => return failure,
        };
        failure.help(help)
    }
}

const fn of_sealed(why: NotOpened) -> UserMessage {
    match why {
        NotOpened::Damaged => UserMessage::new("help-key-from-backup"),
        NotOpened::Recipient | NotOpened::Armoured => UserMessage::new("help-key-decrypt-with-age"),
        NotOpened::Work(_) => UserMessage::new("help-key-distrust"),
        _ => UserMessage::new("help-passphrase-again"),
    }
}

impl From<NotSealed> for Failure {
    fn from(error: NotSealed) -> Self {
        match error {
            NotSealed::File(error) => error.into(),
            error => Self::new(UNEXPECTED, error.message()),
        }
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        let what = error.message();
        let judged = error.verdict();
        let failure = |what| match judged {
            Some(verdict) => Self::verdict(verdict, what),
            None => Self::new(UNEXPECTED, what),
        };
        match error {
            LogError::Http(error) => error.into(),
            LogError::File(error) => error.into(),
            LogError::Format(error) => error.into(),
            LogError::NotInMirror { .. } => {
                Self::new(UNREACHABLE, what).help(UserMessage::new("help-update-mirror"))
            }
            LogError::Diverges(_) => failure(what).help(UserMessage::new("help-keep-tiles")),
            LogError::Signatures(_) => failure(what).help(UserMessage::new("help-other-machine")),
            LogError::NoGenesis => {
                failure(what).help(UserMessage::new("help-trust-file-with-genesis"))
            }
            LogError::MirrorRoot => failure(what).help(UserMessage::new("help-ask-another-node")),
            _ => failure(what),
        }
    }
}

impl From<ProofError> for Failure {
    fn from(error: ProofError) -> Self {
        let what = error.message();
        let judged = error.verdict();
        match (error, judged) {
            (ProofError::Http(error), _) => error.into(),
            (ProofError::NoRegistry(_), _) => {
                Self::new(NOT_PERMITTED, what).help(UserMessage::new("help-check-name"))
            }
            (ProofError::NotFinal, Some(verdict)) => Self::verdict(verdict, what),
            (ProofError::Unproven(_), Some(verdict)) => {
                Self::verdict(verdict, what).help(UserMessage::new("help-ask-another-node"))
            }
            (_, Some(verdict)) => Self::verdict(verdict, what)
                .help(UserMessage::new("help-nothing-written-ask-another")),
            (_, None) => Self::new(UNEXPECTED, what),
        }
    }
}

impl From<SubmitError> for Failure {
    fn from(error: SubmitError) -> Self {
        let what = error.message();
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
                failure(UNEXPECTED, what).help(UserMessage::new("help-other-network"))
            }
            SubmitError::NeverRegistered(_) => {
                failure(UNEXPECTED, what).help(UserMessage::new("help-check-number-or-anchor"))
            }
            SubmitError::Fields(_) | SubmitError::NotAgreed => Self::new(USAGE, what),
            SubmitError::NotFinal => {
                failure(UNEXPECTED, what).help(UserMessage::new("help-again-for-receipt"))
            }
            SubmitError::NoReceipt(_) | SubmitError::OtherReceipt | SubmitError::Receipt { .. } => {
                failure(UNEXPECTED, what).help(UserMessage::new("help-ask-another-tell-auditors"))
            }
            SubmitError::NotAFile { .. } => {
                Self::new(USAGE, what).help(UserMessage::new("help-name-other-out"))
            }
            SubmitError::InTheWay { what: way, .. } => {
                Self::new(CONFLICT, what).help(out_of_the_way(&way))
            }
            SubmitError::EarlierReceipt { .. } => {
                Self::new(CONFLICT, what).help(UserMessage::new("help-other-out-own-act"))
            }
            SubmitError::FinishedEarlier { .. } => {
                Self::new(CONFLICT, what).help(UserMessage::new("help-again-own-act"))
            }
            SubmitError::RefusedButRecorded { .. } => {
                Self::new(UNEXPECTED, what).help(UserMessage::new("help-again-or-other-node"))
            }
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
                failure(code, what)
                    .help(UserMessage::new("help-signed-is-kept").text("path", kept.display()))
            }
            _ => failure(UNEXPECTED, what),
        }
    }
}

/// Way out where something stands at the place of a receipt. What was sent may be recorded whatever anybody does
/// now, and its file is all that tells what was said: never is it to be thrown away.
fn out_of_the_way(way: &InTheWay) -> UserMessage {
    match way {
        InTheWay::NoPending(_) => UserMessage::new("help-keep-unread-entry"),
        InTheWay::OtherPending {
            statement, record, ..
        } => UserMessage::new("help-keep-other-entry")
            .text("command", command(statement.operation))
            .text("record", record)
            .text("registry", &statement.registry),
        _ => UserMessage::new("help-move-away-or-other-out"),
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
        let what = error.message();
        match error {
            ImportError::File(error) => error.into(),
            ImportError::Http(error) => error.into(),
            ImportError::Submit(error) => error.into(),
            ImportError::NotAJournal { .. } => {
                Self::new(USAGE, what).help(UserMessage::new("help-choose-other-out-folder"))
            }
            ImportError::NotAnArchive { .. } => {
                Self::new(USAGE, what).help(UserMessage::new("help-archive-from-bulk"))
            }
            ImportError::NotFinal { .. } => Self::verdict(Verdict::Pending, what)
                .help(UserMessage::new("help-again-same-entries")),
            _ => Self::new(UNEXPECTED, what),
        }
    }
}
