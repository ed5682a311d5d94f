//! Files in Muhr's own formats: a trust file and a receipt, read within their bounds.
//!
//! Nothing is judged here (`verify`); what is no such file is named by what it is.

mod not_of_kind;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use messages::UserMessage;
use protocol::{
    chain_id::NetworkId,
    kind::Kind,
    policy::TrustPolicy,
    receipt::{RECEIPT_BYTES_MAX, Receipt},
};
use thiserror::Error;

pub use self::not_of_kind::NotOfKind;
use crate::{
    coded::{Coded, reason},
    durable::{self, FileError},
};

/// Why a file is not what it was given as.
#[derive(Debug, Error)]
#[error("{}", self.message())]
#[non_exhaustive]
pub enum FormatError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// There is no trust file there, or none that can be read.
    NoTrustFile {
        /// Path of the file.
        path: PathBuf,
        /// Error of the system.
        source: io::Error,
    },
    /// It is of another kind, was re-written by another program, or is wrong.
    NotA {
        /// Path of the file.
        path: PathBuf,
        /// Kind that it was given as.
        wanted: Kind,
        /// Trouble with it.
        trouble: NotOfKind,
    },
    /// A trust file of a log that is none of Muhr's: what is signed names its network.
    NoNetwork {
        /// Path of the file.
        path: PathBuf,
    },
}

impl Coded for FormatError {
    fn message(&self) -> UserMessage {
        match self {
            Self::File(error) => error.message(),
            Self::NoTrustFile { path, source } => UserMessage::new("trust-file-unreadable")
                .text("path", path.display())
                .part("reason", reason(source)),
            Self::NotA { path, trouble, .. } => UserMessage::new("file-not-of-kind")
                .text("path", path.display())
                .part("trouble", trouble.message()),
            Self::NoNetwork { path } => {
                UserMessage::new("trust-file-without-network").text("path", path.display())
            }
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
