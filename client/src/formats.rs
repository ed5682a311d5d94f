//! Files in Muhr's own formats: a trust file and a receipt, read within their bounds.
//!
//! Nothing is judged here (`verify`); what is no such file is named by what it is.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use protocol::{
    chain_id::NetworkId,
    kind::{Kind, kind_of},
    policy::TrustPolicy,
    receipt::{RECEIPT_BYTES_MAX, Receipt},
    rewritten,
};
use thiserror::Error;

use crate::durable::{self, FileError};

/// Why a file is not what it was given as.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FormatError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// There is no trust file there, or none that can be read.
    #[error("{}: {source}", path.display())]
    NoTrustFile {
        /// Path of the file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is of another kind, was re-written by another program, or is wrong.
    #[error("{}: {trouble}", path.display())]
    NotA {
        /// Path of the file.
        path: PathBuf,
        /// What it was given as.
        wanted: Kind,
        /// What is wrong with it.
        trouble: NotOfKind,
    },
    /// A trust file of a log that is none of Muhr's: what is signed names its network.
    #[error(
        "{}: names no network of Muhr: its log is none, or it has no \"#: genesis\" line",
        path.display()
    )]
    NoNetwork {
        /// Path of the file.
        path: PathBuf,
    },
}

/// What is wrong with bytes that are no good file of the kind wanted.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NotOfKind {
    /// Mail or an editor has changed them; they would be good without that.
    #[error("{}", rewritten::SENTENCE)]
    Rewritten,
    /// They are of that kind, or of none that is known, and wrong.
    #[error("not {}: {reason}", wanted.words())]
    Wrong {
        /// The kind wanted.
        wanted: Kind,
        /// Why they cannot be read.
        reason: String,
    },
    /// They are of another kind.
    #[error("not {}: it is {}", wanted.words(), found.words())]
    Other {
        /// The kind wanted.
        wanted: Kind,
        /// What they are.
        found: Kind,
    },
}

impl NotOfKind {
    /// What to say of `bytes` that are no good `wanted`, for the reason `error`; `reads` tries them again
    /// with what other programs do to text undone.
    pub fn of(
        wanted: Kind,
        bytes: &[u8],
        error: &dyn std::fmt::Display,
        reads: impl Fn(&[u8]) -> bool,
    ) -> Self {
        if rewritten::is_rewritten(bytes, reads) {
            return Self::Rewritten;
        }
        let found = kind_of(bytes);
        if found == wanted || found == Kind::Unknown {
            let reason = error.to_string();
            Self::Wrong { wanted, reason }
        } else {
            Self::Other { wanted, found }
        }
    }
}

/// Reads the receipt at `path`.
///
/// # Errors
/// [`FormatError::File`] and [`FormatError::NotA`].
pub fn receipt(path: &Path) -> Result<Receipt, FormatError> {
    let bytes = durable::read(path, RECEIPT_BYTES_MAX)?;
    Receipt::parse(&bytes).map_err(|error| FormatError::NotA {
        path: path.to_owned(),
        wanted: Kind::Receipt,
        trouble: NotOfKind::of(Kind::Receipt, &bytes, &error, |bytes| {
            Receipt::parse(bytes).is_ok()
        }),
    })
}

/// Reads the trust file at `path`.
///
/// # Errors
/// [`FormatError::NoTrustFile`] and [`FormatError::NotA`].
pub fn trust(path: &Path) -> Result<TrustPolicy, FormatError> {
    let bytes = fs::read(path).map_err(|source| FormatError::NoTrustFile {
        path: path.to_owned(),
        source,
    })?;
    TrustPolicy::parse(&bytes).map_err(|error| FormatError::NotA {
        path: path.to_owned(),
        wanted: Kind::Trust,
        trouble: NotOfKind::of(Kind::Trust, &bytes, &error, |bytes| {
            TrustPolicy::parse(bytes).is_ok()
        }),
    })
}

/// The network of a trust file, as whatever is signed for it names it; `path` is the file's, for the error.
///
/// # Errors
/// [`FormatError::NoNetwork`].
pub fn network(trust: &TrustPolicy, path: &Path) -> Result<NetworkId, FormatError> {
    trust.network_id().ok_or_else(|| FormatError::NoNetwork {
        path: path.to_owned(),
    })
}
