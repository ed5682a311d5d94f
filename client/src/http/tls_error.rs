//! Errors of TLS: this machine's settings, and the certificates of nodes.

use std::path::PathBuf;

use messages::UserMessage;
use thiserror::Error;

use crate::{coded::Coded, durable::FileError};

/// Why TLS cannot be begun: this machine's settings.
#[derive(Debug, Error)]
#[error("{}", self.message())]
#[non_exhaustive]
pub enum RootsError {
    /// Neither the system nor a file gives an authority's certificate.
    NoRoots,
    /// The file with an authority's certificates cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file with an authority's certificates is no file of such.
    NotCertificates {
        /// Path of the file.
        path: PathBuf,
    },
    /// The file with an authority's certificates holds one that cannot be used.
    BadCertificate {
        /// Path of the file.
        path: PathBuf,
        /// Trouble with it, in the words of the TLS library.
        reason: String,
    },
    /// The file with an authority's certificates holds none.
    NoCertificate {
        /// Path of the file.
        path: PathBuf,
    },
}

impl Coded for RootsError {
    fn message(&self) -> UserMessage {
        match self {
            Self::NoRoots => UserMessage::new("roots-missing"),
            Self::File(error) => error.message(),
            Self::NotCertificates { path } => {
                UserMessage::new("certificates-malformed").text("path", path.display())
            }
            Self::BadCertificate { path, reason } => UserMessage::new("certificate-unusable")
                .text("path", path.display())
                .text("reason", reason),
            Self::NoCertificate { path } => {
                UserMessage::new("certificates-missing").text("path", path.display())
            }
        }
    }
}

/// Trouble with the certificate or the connection of a node.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{}", self.message())]
#[non_exhaustive]
pub enum TlsTrouble {
    /// No TLS connection at all.
    NoConnection(String),
    /// An authority that is none of this machine's.
    UnknownAuthority,
    /// Past its last day.
    Expired(String),
    /// Before its first day.
    NotValidYet(String),
    /// Made for another name.
    OtherName(String),
    /// Anything else.
    NotGood(String),
}

impl Coded for TlsTrouble {
    fn message(&self) -> UserMessage {
        match self {
            Self::NoConnection(reason) => {
                UserMessage::new("tls-no-connection").text("reason", reason)
            }
            Self::UnknownAuthority => UserMessage::new("tls-unknown-authority"),
            Self::Expired(reason) => UserMessage::new("tls-expired").text("reason", reason),
            Self::NotValidYet(reason) => {
                UserMessage::new("tls-not-valid-yet").text("reason", reason)
            }
            Self::OtherName(reason) => UserMessage::new("tls-other-name").text("reason", reason),
            Self::NotGood(reason) => UserMessage::new("tls-not-good").text("reason", reason),
        }
    }
}
