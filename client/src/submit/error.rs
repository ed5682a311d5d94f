//! Why an entry did not come to its receipt. What to do about it is for the caller to say.

use std::path::PathBuf;

use api::Problem;
use protocol::{
    commitment::BadFields,
    entry::{Operation, Statement},
    height::{Height, Version},
    name::{Origin, RegistryName},
    record::RecordId,
    text::Malformed,
};
use thiserror::Error;
use verify::{CheckStep, Verdict};

use crate::{
    durable::FileError,
    http::{HttpError, RefusalClass},
    proven::{ProofError, code},
};

/// Why an entry did not come to its receipt.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// A file was not read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The node gave nothing that can be used.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// What a node must prove is not proven.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The node is of a network of another name.
    #[error("{node} is a node of {theirs}, and the trust file is for {mine}")]
    OtherOrigin {
        /// Address of the node.
        node: String,
        /// Its network, as it says.
        theirs: String,
        /// The trust file's.
        mine: Origin,
    },
    /// The node is of another network of the same name.
    #[error(
        "{node} is a node of another network of the name {mine}: its genesis is another than the trust file's"
    )]
    OtherChain {
        /// Address of the node.
        node: String,
        /// The name of both.
        mine: Origin,
    },
    /// The proof of a record's history does not hold.
    #[error("the node's history of the record does not hold{}", code(step.as_deref()))]
    History {
        /// The verdict.
        verdict: Verdict,
        /// The check that failed.
        step: Option<Box<CheckStep>>,
    },
    /// It is proven that the record was never registered.
    #[error("the record was never registered in {0}")]
    NeverRegistered(RegistryName),
    /// Fields that cannot be committed to.
    #[error("{0}")]
    Fields(#[source] BadFields),
    /// Whoever was asked has not agreed; nothing was signed.
    #[error("not confirmed; nothing was signed")]
    NotAgreed,
    /// The entry was accepted, and its receipt has not come in time.
    #[error("the entry was accepted and is not final yet")]
    NotFinal,
    /// The node's receipt cannot be read.
    #[error("the node's receipt: {0}")]
    NoReceipt(#[source] Malformed),
    /// The node's receipt is of another entry.
    #[error("the node's receipt is of another entry")]
    OtherReceipt,
    /// The node's receipt does not verify.
    #[error("the node's receipt does not verify{}", code(step.as_deref()))]
    Receipt {
        /// The verdict.
        verdict: Verdict,
        /// The check that failed.
        step: Option<Box<CheckStep>>,
    },
    /// A folder or device stands where a file is needed.
    #[error("{}: a folder or device is there, and no file", path.display())]
    NotAFile {
        /// Path of what is there.
        path: PathBuf,
    },
    /// Something else stands where the receipt is to go.
    #[error("{}: {what}", path.display())]
    InTheWay {
        /// Path of what is there.
        path: PathBuf,
        /// What it is.
        what: InTheWay,
    },
    /// The receipt of an earlier act of the same words stands where this one's is to go.
    #[error(
        "{}: the receipt of an earlier {} is there, of version {version}, and more has happened to the record since",
        path.display(),
        operation.word()
    )]
    EarlierReceipt {
        /// Path of the receipt.
        path: PathBuf,
        /// What was done then.
        operation: Operation,
        /// The version that it made.
        version: Version,
    },
    /// The earlier act has its receipt by now, and nothing else was signed.
    #[error(
        "{}: the receipt of an earlier {}, of version {version}, which was on its way; more has happened to the record since, and nothing else was signed",
        path.display(),
        operation.word()
    )]
    FinishedEarlier {
        /// Path of the receipt.
        path: PathBuf,
        /// What was done then.
        operation: Operation,
        /// The version that it made.
        version: Version,
    },
    /// A node refuses an entry that stands in the log.
    #[error("the node refuses an entry that stands in the log: {} ({})", problem.detail, problem.code)]
    RefusedButRecorded {
        /// What the node said.
        problem: Box<Problem>,
    },
    /// The entry is refused, and it is proven that it can never be recorded, for the reason that the node gives.
    #[error("{} ({})", problem.detail, problem.code)]
    Refused {
        /// What the node said.
        problem: Box<Problem>,
    },
    /// The entry is refused, and it is proven that it can never be recorded, for another reason.
    #[error("{0}")]
    Never(Never),
    /// The entry is refused, and it may be recorded yet. It is kept.
    #[error(
        "the node refuses it{}: {} ({})",
        if *is_proven { "" } else { ", and does not prove it" },
        problem.detail,
        problem.code
    )]
    ByWord {
        /// What the node said.
        problem: Box<Problem>,
        /// Whether what the node says of the clerk is proven.
        is_proven: bool,
        /// Path of what was signed.
        kept: PathBuf,
    },
}

/// What stands where a receipt, or an entry on its way to one, is to go.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum InTheWay {
    /// Bytes that are no receipt of this network.
    #[error("something is there that is no receipt of this network")]
    NoReceipt,
    /// The receipt of something else.
    #[error("a receipt of something else is there: {0}")]
    OtherReceipt(&'static str),
    /// What should be an entry on its way, and cannot be read.
    #[error("an entry for something else is on its way: no such entry: {0}")]
    NoPending(Malformed),
    /// An entry on its way for something else.
    #[error("an entry for something else is on its way: {what}")]
    OtherPending {
        /// By what it differs.
        what: &'static str,
        /// What it says.
        statement: Box<Statement>,
        /// The number of its record.
        record: RecordId,
    },
}

/// Why it is proven that an entry can never be recorded.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Never {
    /// Its last height has passed.
    #[error("the entry could be recorded up to block {expires}, and the log is at block {height}")]
    Expired {
        /// The last height at which it could be recorded.
        expires: Height,
        /// The height of the log.
        height: Height,
    },
    /// Its version stands in the log with other content.
    #[error("version {0} of the record is taken by other content")]
    Taken(Version),
    /// It does not follow the latest version.
    #[error("{} does not follow what is recorded: version {latest} is the latest", operation.word())]
    DoesNotFollow {
        /// What it does.
        operation: Operation,
        /// The latest version.
        latest: Version,
    },
    /// It is a word on a version that is not the latest any more.
    #[error("the record has a newer version by now")]
    NewerVersion,
    /// It adds nothing to what its agency has said.
    #[error("the agency has said something of this version by now, or nothing to take back")]
    SaysNothing,
}

impl Never {
    /// The class of refusal that this amounts to.
    #[must_use]
    pub const fn class(&self) -> RefusalClass {
        match self {
            Self::Expired { .. } => RefusalClass::Usage,
            _ => RefusalClass::Conflict,
        }
    }
}

impl SubmitError {
    /// What this says of the record or the network; none where nothing was judged.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        Some(match self {
            Self::Proof(error) => return error.verdict(),
            Self::OtherOrigin { .. } | Self::OtherChain { .. } => Verdict::WrongNetwork,
            Self::History { verdict, .. } | Self::Receipt { verdict, .. } => *verdict,
            Self::NeverRegistered(_) => Verdict::NotFound,
            Self::NotFinal => Verdict::Pending,
            Self::NoReceipt(_) | Self::OtherReceipt => Verdict::ProofBroken,
            // What else has that version would show in the record's history, and does not.
            Self::ByWord { problem, .. } if RefusalClass::of(problem) == RefusalClass::Conflict => {
                Verdict::CannotDecide
            }
            _ => return None,
        })
    }

    /// Whether the node is away, or gives no answer of this protocol: another one may do better.
    #[must_use]
    pub fn is_of_the_node(&self) -> bool {
        match self {
            Self::Http(error) => error.is_of_the_node(),
            Self::Proof(error) => error.is_of_the_node(),
            _ => false,
        }
    }
}
