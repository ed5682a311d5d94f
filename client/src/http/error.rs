//! Why a node, or a server before it, gave nothing that can be used. Whose fault it is, and what to do about
//! it, is for the caller to say.

use api::Problem;
use messages::UserMessage;
use thiserror::Error;

use super::{RootsError, TlsTrouble, said};
use crate::coded::Coded;

/// Why a request to a node came to nothing.
#[derive(Debug, Error)]
#[error("{}", self.message())]
#[non_exhaustive]
pub enum HttpError {
    /// An address that is none of a node.
    Address {
        /// As it was given.
        node: String,
    },
    /// No address at all.
    NoNode,
    /// TLS cannot be begun on this machine.
    #[error(transparent)]
    Roots(#[from] RootsError),
    /// No whole answer within the time of one request.
    TimedOut {
        /// Address of the node.
        node: String,
        /// The time of one request.
        seconds: u64,
        /// True if other nodes were given, and gave no answer either.
        had_others: bool,
    },
    /// No connection, or one that broke.
    Unreachable {
        /// Address of the node.
        node: String,
        /// True if other nodes were given, and gave no answer either.
        had_others: bool,
        /// Error of the transport.
        source: Box<ureq::Error>,
    },
    /// A node is there, and this is where it talks to its peers.
    PeerPort {
        /// The address.
        node: String,
    },
    /// A connection whose other side did not prove who it is.
    Tls {
        /// Address of the node.
        node: String,
        /// Trouble with it.
        trouble: TlsTrouble,
    },
    /// An answer beyond the bound of its kind.
    TooLong {
        /// Address of the node.
        node: String,
        /// The bound, in bytes.
        bytes_max: usize,
    },
    /// An answer in another form than `docs/protocol.md` gives it.
    NotOurs {
        /// Address of the node.
        node: String,
        /// Error of the reader.
        source: serde_json::Error,
    },
    /// Answers for more or fewer entries than were asked for.
    OtherNumber {
        /// Address of the node.
        node: String,
    },
    /// The node has no room now, and had none as long as it was asked.
    Busy {
        /// Address of the node.
        node: String,
    },
    /// A status without a problem document: of a server between here and the node.
    Status {
        /// Address of the node.
        node: String,
        /// HTTP status.
        status: u16,
        /// Where it sends to instead.
        location: Option<String>,
    },
    /// A problem document in place of what was asked for.
    Problem {
        /// As the node gave it; its words are foreign text.
        problem: Problem,
    },
    /// The node knows no agency of that name.
    NoAgency {
        /// Address of the node.
        node: String,
        /// The name asked for.
        agency: String,
    },
    /// A history of more pages than a record can have.
    EndlessHistory,
    /// A checkpoint that is no text.
    NotUtf8,
    /// A request could not be written.
    Unwritten(#[source] serde_json::Error),
}

impl Coded for HttpError {
    fn message(&self) -> UserMessage {
        match self {
            Self::Address { node } => UserMessage::new("node-address-invalid").text("node", node),
            Self::NoNode => UserMessage::new("node-missing"),
            Self::Roots(error) => error.message(),
            Self::TimedOut { node, seconds, .. } => UserMessage::new("node-timed-out")
                .text("node", node)
                .text("seconds", seconds),
            Self::Unreachable { node, source, .. } => UserMessage::new("node-unreachable")
                .text("node", node)
                .text("reason", source),
            Self::PeerPort { node } => UserMessage::new("node-peer-port").text("node", node),
            Self::Tls { node, trouble } => UserMessage::new("node-tls")
                .text("node", node)
                .part("trouble", trouble.message()),
            Self::TooLong { node, bytes_max } => UserMessage::new("answer-too-long")
                .text("node", node)
                .text("bytes-max", bytes_max),
            Self::NotOurs { node, source } => UserMessage::new("answer-malformed")
                .text("node", node)
                .text("reason", source),
            Self::OtherNumber { node } => {
                UserMessage::new("answer-count-differs").text("node", node)
            }
            Self::Busy { node } => UserMessage::new("node-busy").text("node", node),
            Self::Status {
                node,
                status: status @ (502 | 504),
                ..
            } => UserMessage::new("node-behind-gateway")
                .text("node", node)
                .text("status", status),
            Self::Status { node, status, .. } => UserMessage::new("node-http-status")
                .text("node", node)
                .text("status", status),
            Self::Problem { problem } => said(problem),
            Self::NoAgency { node, agency } => UserMessage::new("agency-unknown")
                .text("node", node)
                .text("agency", agency),
            Self::EndlessHistory => UserMessage::new("history-endless"),
            Self::NotUtf8 => UserMessage::new("checkpoint-not-utf8"),
            Self::Unwritten(error) => UserMessage::new("request-unwritten").text("reason", error),
        }
    }
}
