//! Why a node, or a server before it, gave nothing that can be used. Whose fault it is, and what to do about
//! it, is for the caller to say.

use std::path::PathBuf;

use api::{Code, Problem};
use thiserror::Error;

use crate::durable::FileError;

/// Why a request to a node came to nothing.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HttpError {
    /// An address that is none of a node.
    #[error("\"{node}\" is not the address of a node")]
    Address {
        /// As it was given.
        node: String,
    },
    /// No address at all.
    #[error("no node is given")]
    NoNode,
    /// TLS cannot be begun on this machine.
    #[error(transparent)]
    Roots(#[from] RootsError),
    /// No whole answer within the time of one request.
    #[error("{node} did not answer in full within {seconds} s")]
    TimedOut {
        /// Address of the node.
        node: String,
        /// The time of one request.
        seconds: u64,
        /// Whether other nodes were given, and gave no answer either.
        had_others: bool,
    },
    /// No connection, or one that broke.
    #[error("{node} cannot be reached: {source}")]
    Unreachable {
        /// Address of the node.
        node: String,
        /// Whether other nodes were given, and gave no answer either.
        had_others: bool,
        /// What the transport said.
        source: Box<ureq::Error>,
    },
    /// A connection whose other side did not prove who it is.
    #[error("{node}: {trouble}")]
    Tls {
        /// Address of the node.
        node: String,
        /// What is wrong.
        trouble: TlsTrouble,
    },
    /// An answer beyond the bound of its kind.
    #[error("{node} answers with more than the {bytes_max} bytes that such an answer can have")]
    TooLong {
        /// Address of the node.
        node: String,
        /// The bound, in bytes.
        bytes_max: usize,
    },
    /// An answer in another form than `docs/protocol.md` gives it.
    #[error("{node} gave an answer that is none of Muhr's: {source}")]
    NotOurs {
        /// Address of the node.
        node: String,
        /// What does not fit.
        source: serde_json::Error,
    },
    /// Answers for more or fewer entries than were asked for.
    #[error("{node} answered for another number of entries than were sent")]
    OtherNumber {
        /// Address of the node.
        node: String,
    },
    /// The node has no room now, and had none as long as it was asked.
    #[error("{node} is busy")]
    Busy {
        /// Address of the node.
        node: String,
    },
    /// A status without a problem document: of a server between here and the node.
    #[error("{}", of_status(node, *status))]
    Status {
        /// Address of the node.
        node: String,
        /// HTTP status.
        status: u16,
        /// Where it sends to instead.
        location: Option<String>,
    },
    /// A problem document in place of what was asked for.
    #[error("{} ({})", problem.detail, problem.code)]
    Problem {
        /// As the node gave it; its words are foreign text.
        problem: Problem,
    },
    /// The node knows no agency of that name.
    #[error("{node} knows no agency of the name {agency}")]
    NoAgency {
        /// Address of the node.
        node: String,
        /// The name asked for.
        agency: String,
    },
    /// A history of more pages than a record can have.
    #[error("the node's history of the record has no end")]
    EndlessHistory,
    /// A checkpoint that is no text.
    #[error("the checkpoint is not UTF-8")]
    NotUtf8,
    /// What was to be sent could not be written.
    #[error("{0}")]
    Unwritten(#[source] serde_json::Error),
}

fn of_status(node: &str, status: u16) -> String {
    match status {
        502 | 504 => format!(
            "{node} cannot be reached: a server before it answers for it, with HTTP status {status}"
        ),
        _ => format!("{node} answered with HTTP status {status}"),
    }
}

/// What a refusal of a node means to whoever sent the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalClass {
    /// No room now.
    Busy,
    /// The clerk may not say this.
    NotPermitted,
    /// Something else was first.
    Conflict,
    /// The request is wrong.
    Usage,
    /// Anything else.
    Other,
}

impl RefusalClass {
    /// The class of a problem, by its code and HTTP status.
    #[must_use]
    pub fn of(problem: &Problem) -> Self {
        match (problem.code(), problem.status) {
            (Some(Code::Busy), _) => Self::Busy,
            (Some(Code::UnknownRegistry), _) | (_, 403) => Self::NotPermitted,
            (Some(Code::WrongPrevious | Code::WrongStatus | Code::NothingToWithdraw), _)
            | (_, 409) => Self::Conflict,
            (_, 400 | 413 | 422) => Self::Usage,
            _ => Self::Other,
        }
    }
}

impl HttpError {
    /// Whether the node is away, or gives no answer of this protocol: another one may do better.
    #[must_use]
    pub fn is_of_the_node(&self) -> bool {
        match self {
            Self::Address { .. } | Self::NoNode | Self::NoAgency { .. } | Self::Roots(_) => false,
            Self::Problem { problem } => RefusalClass::of(problem) != RefusalClass::Usage,
            _ => true,
        }
    }

    /// Whether the node answered, and with something that no node should: it may have begun anew.
    #[must_use]
    pub fn is_unexpected(&self) -> bool {
        match self {
            Self::TooLong { .. }
            | Self::NotOurs { .. }
            | Self::OtherNumber { .. }
            | Self::EndlessHistory
            | Self::NotUtf8
            | Self::Unwritten(_) => true,
            Self::Status { status, .. } => !matches!(status, 502 | 504),
            Self::Problem { problem } => !matches!(
                RefusalClass::of(problem),
                RefusalClass::Usage | RefusalClass::Busy
            ),
            _ => false,
        }
    }
}

/// Why TLS cannot be begun: this machine's settings.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RootsError {
    /// Neither the system nor a file gives an authority's certificate.
    #[error("this machine has no roots of certificates, and https:// needs some")]
    NoRoots,
    /// The file with an authority's certificates cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file with an authority's certificates holds none that can be used.
    #[error("{}: {what}", path.display())]
    NotCertificates {
        /// Path of the file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

/// What is wrong with the certificate or the connection of a node.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsTrouble {
    /// No TLS connection at all.
    #[error("no TLS connection: {0}")]
    NoConnection(String),
    /// An authority that is none of this machine's.
    #[error("its certificate is of an authority that this machine does not know")]
    UnknownAuthority,
    /// Past its last day.
    #[error("its certificate has expired: {0}")]
    Expired(String),
    /// Before its first day.
    #[error("its certificate is not valid yet: {0}")]
    NotValidYet(String),
    /// Made for another name.
    #[error("its certificate is for another name: {0}")]
    OtherName(String),
    /// Anything else.
    #[error("its certificate is not good: {0}")]
    NotGood(String),
}
