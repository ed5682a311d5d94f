//! Why an import stops. What to do about it is for the caller to say.

use std::path::PathBuf;

use thiserror::Error;

use crate::{durable::FileError, http::HttpError, submit::SubmitError};

/// Why an import stops; what is wrong with one row stops none.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ImportError {
    /// A file was not read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The node gave nothing that can be used.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// What a node gave does not hold.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// Something else stands where the journal is to go.
    #[error("{}: is there already, and no journal", path.display())]
    NotAJournal {
        /// Path of what is there.
        path: PathBuf,
    },
    /// A file that is no archive of receipts.
    #[error("{}: not an archive of receipts", path.display())]
    NotAnArchive {
        /// Path of the file.
        path: PathBuf,
    },
    /// Rows that no batch can hold: a bug.
    #[error("rows that make no batch")]
    NoBatch,
    /// The network decided nothing within the time of the run.
    #[error("no entry became final within {seconds} s")]
    NotFinal {
        /// The time, in seconds.
        seconds: u64,
    },
}
