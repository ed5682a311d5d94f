//! Why an import stops. What to do about it is for the caller to say.

use std::path::PathBuf;

use messages::UserMessage;
use thiserror::Error;

use crate::{coded::Coded, durable::FileError, http::HttpError, submit::SubmitError};

/// Why an import stops; what is wrong with one row stops none.
#[derive(Debug, Error)]
#[error("{}", self.message())]
#[non_exhaustive]
pub enum ImportError {
    /// A file was not read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The node gave nothing that can be used.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// A proof or receipt of a node does not hold.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// Something else stands where the journal is to go.
    NotAJournal {
        /// Path of what is there.
        path: PathBuf,
    },
    /// A file that is no archive of receipts.
    NotAnArchive {
        /// Path of the file.
        path: PathBuf,
    },
    /// Rows that no batch can hold: a bug.
    NoBatch,
    /// The network decided nothing within the time of the run.
    NotFinal {
        /// The time, in seconds.
        seconds: u64,
    },
}

impl Coded for ImportError {
    fn message(&self) -> UserMessage {
        match self {
            Self::File(error) => error.message(),
            Self::Http(error) => error.message(),
            Self::Submit(error) => error.message(),
            Self::NotAJournal { path } => {
                UserMessage::new("journal-malformed").text("path", path.display())
            }
            Self::NotAnArchive { path } => {
                UserMessage::new("archive-malformed").text("path", path.display())
            }
            Self::NoBatch => UserMessage::new("batch-impossible"),
            Self::NotFinal { seconds } => {
                UserMessage::new("import-not-final").text("seconds", seconds)
            }
        }
    }
}
