//! Why a witness does not start, or ends.

use std::{io, path::PathBuf};

use protocol::{codec::DecodeError, text::Malformed};
use thiserror::Error;

use crate::{config::BadConfig, descriptors, durable};

/// Why a witness does not start, or ends.
#[derive(Debug, Error)]
pub enum WitnessFault {
    /// The trust file is an old one.
    #[error(
        "the trust file has no \"#: genesis\" line, so the cosign state cannot say which network it is of; take a newer one from an agency"
    )]
    NoGenesis,
    /// The key's holder cannot stand in a note.
    #[error("\"{}\" is no name for a key in notes: 1 to 255 printable ASCII characters other than + and #; make a key with such a name", .0.escape_default())]
    BadName(String),
    /// A file or folder cannot be read or made.
    #[error("{path}; make sure that it is there, and may be read and written by this user")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file that is given as trust file is none.
    #[error("{path}: not a trust file; take one from an agency")]
    NotTrust {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Malformed,
    },
    /// The key file.
    #[error(transparent)]
    Key(#[from] BadConfig),
    /// The disk of the cosign state.
    #[error(transparent)]
    Durable(#[from] durable::DurableFault),
    /// The newest value of the cosign state is damaged.
    #[error(
        "{0}: its newest value cannot be read; this key must not sign again: make a new one with: muhr key new"
    )]
    Unreadable(PathBuf),
    /// The cosign state holds what this program does not write.
    #[error("{path}: run the version that wrote it")]
    Unknown {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// The cosign state is another's.
    #[error(
        "{0}: this file remembers what another key, or this key on another network, has signed; give each witness a folder of its own"
    )]
    Foreign(PathBuf),
    /// Reading its files has panicked.
    #[error("reading the files has panicked: a bug; restart the witness and report the log")]
    Panicked(#[source] tokio::task::JoinError),
    /// The system allows too few open files.
    #[error(transparent)]
    TooFewFiles(#[from] descriptors::TooFew),
    /// The port cannot be had.
    #[error(
        "cannot listen on {address}; is another program running there, or the address not this machine's?"
    )]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The server has ended by itself.
    #[error("the HTTP server ended; restart the witness and report the log")]
    Server(#[source] io::Error),
}

impl WitnessFault {
    /// A file or folder that cannot be read or made.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |source| Self::File { path, source }
    }
}
