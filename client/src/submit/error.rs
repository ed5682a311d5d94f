//! Why an entry did not come to its receipt. What to do about it is for the caller to say.

use std::path::PathBuf;

use api::Problem;
use protocol::{
    commitment::BadFields,
    entry::Operation,
    height::Version,
    name::{Origin, RegistryName},
    text::Malformed,
};
use thiserror::Error;
use verify::{CheckStep, Verdict};

use super::{InTheWay, Never};
use crate::{coded::Coded, durable::FileError, http::HttpError, proven::ProofError};

/// Why an entry did not come to its receipt.
#[derive(Debug, Error)]
#[error("{}", self.message())]
#[non_exhaustive]
pub enum SubmitError {
    /// A file was not read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The node gave nothing that can be used.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// A proof that a node must give does not hold.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The node is of a network of another name.
    OtherOrigin {
        /// Address of the node.
        node: String,
        /// The network, as it says.
        theirs: String,
        /// The trust file's.
        mine: Origin,
    },
    /// The node is of another network of the same name.
    OtherChain {
        /// Address of the node.
        node: String,
        /// The name of both.
        mine: Origin,
    },
    /// The proof of a record's history does not hold.
    History {
        /// The verdict.
        verdict: Verdict,
        /// The check that failed.
        step: Option<Box<CheckStep>>,
    },
    /// It is proven that the record was never registered.
    NeverRegistered(RegistryName),
    /// Fields that cannot be committed to.
    Fields(#[source] BadFields),
    /// The person who was asked has not agreed; nothing was signed.
    NotAgreed,
    /// The entry was accepted, and its receipt has not come in time.
    NotFinal,
    /// The node's receipt cannot be read.
    NoReceipt(#[source] Malformed),
    /// The node's receipt is of another entry.
    OtherReceipt,
    /// The node's receipt does not verify.
    Receipt {
        /// The verdict.
        verdict: Verdict,
        /// The check that failed.
        step: Option<Box<CheckStep>>,
    },
    /// A folder or device stands where a file is needed.
    NotAFile {
        /// Path of what is there.
        path: PathBuf,
    },
    /// Something else stands where the receipt is to go.
    InTheWay {
        /// Path of what is there.
        path: PathBuf,
        /// Kind of what is there.
        what: InTheWay,
    },
    /// The receipt of an earlier act of the same words stands where this one's is to go.
    EarlierReceipt {
        /// Path of the receipt.
        path: PathBuf,
        /// Operation of that act.
        operation: Operation,
        /// The version that it made.
        version: Version,
    },
    /// The earlier act has its receipt by now, and nothing else was signed.
    FinishedEarlier {
        /// Path of the receipt.
        path: PathBuf,
        /// Operation of that act.
        operation: Operation,
        /// The version that it made.
        version: Version,
    },
    /// A node refuses an entry that stands in the log.
    RefusedButRecorded {
        /// Problem that the node gave.
        problem: Box<Problem>,
    },
    /// The entry is refused, and it is proven that it can never be recorded, for the reason that the node gives.
    Refused {
        /// Problem that the node gave.
        problem: Box<Problem>,
    },
    /// The entry is refused, and it is proven that it can never be recorded, for another reason.
    Never(Never),
    /// The entry is refused, and it may be recorded yet. It is kept.
    ByWord {
        /// Problem that the node gave.
        problem: Box<Problem>,
        /// True if what the node says of the clerk is proven.
        is_proven: bool,
        /// Path of what was signed.
        kept: PathBuf,
    },
}
