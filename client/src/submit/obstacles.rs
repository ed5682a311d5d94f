//! Obstacles of an entry: a thing in the place of its receipt, and the proof that it can never be recorded.

use messages::UserMessage;
use protocol::{
    entry::{Operation, Statement},
    height::{Height, Version},
    record::RecordId,
    text::Malformed,
};
use thiserror::Error;

use crate::{coded::Coded, http::RefusalClass};

/// Thing that stands where a receipt, or an entry on its way to one, is to go.
#[derive(Clone, Debug, Error)]
#[error("{}", self.message())]
#[non_exhaustive]
pub enum InTheWay {
    /// Bytes that are no receipt of this network.
    NoReceipt,
    /// The receipt of something else.
    OtherReceipt(UserMessage),
    /// A file that should be an entry on its way, and cannot be read.
    NoPending(#[source] Malformed),
    /// An entry on its way for something else.
    OtherPending {
        /// By what it differs.
        what: UserMessage,
        /// Statement of that entry.
        statement: Box<Statement>,
        /// The number of its record.
        record: RecordId,
    },
}

impl Coded for InTheWay {
    fn message(&self) -> UserMessage {
        match self {
            Self::NoReceipt => UserMessage::new("way-no-receipt"),
            Self::OtherReceipt(what) => {
                UserMessage::new("way-other-receipt").part("difference", what.clone())
            }
            Self::NoPending(malformed) => {
                UserMessage::new("way-pending-malformed").text("reason", malformed)
            }
            Self::OtherPending { what, .. } => {
                UserMessage::new("way-other-pending").part("difference", what.clone())
            }
        }
    }
}

/// Why it is proven that an entry can never be recorded.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{}", self.message())]
#[non_exhaustive]
pub enum Never {
    /// The last height has passed.
    Expired {
        /// The last height at which it could be recorded.
        expires: Height,
        /// The height of the log.
        height: Height,
    },
    /// The version stands in the log with other content.
    Taken(Version),
    /// It does not follow the latest version.
    DoesNotFollow {
        /// Operation of the entry.
        operation: Operation,
        /// The latest version.
        latest: Version,
    },
    /// It is a word on a version that is not the latest any more.
    NewerVersion,
    /// It adds nothing to what its agency has said.
    SaysNothing,
}

impl Coded for Never {
    fn message(&self) -> UserMessage {
        match self {
            Self::Expired { expires, height } => UserMessage::new("never-expired")
                .text("expires", expires)
                .text("height", height),
            Self::Taken(version) => {
                UserMessage::new("never-version-taken").text("version", version)
            }
            Self::DoesNotFollow { operation, latest } => UserMessage::new("never-follows")
                .text("operation", operation.word())
                .text("latest", latest),
            Self::NewerVersion => UserMessage::new("never-newer-version"),
            Self::SaysNothing => UserMessage::new("never-says-nothing"),
        }
    }
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
