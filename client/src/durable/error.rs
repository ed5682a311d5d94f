//! Why a file was not read or written. What to do about it is for the caller to say.

use std::{
    io,
    path::{Path, PathBuf},
};

use messages::UserMessage;
use thiserror::Error;

use crate::coded::{Coded, reason};

/// Why a file was not read or written.
#[derive(Debug, Error)]
#[error("{}", self.message())]
#[non_exhaustive]
pub enum FileError {
    /// It cannot be opened or read.
    Unreadable {
        /// Path of the file.
        path: PathBuf,
        /// Error of the system.
        source: io::Error,
    },
    /// It is longer than anything of its kind.
    TooLong {
        /// Path of the file.
        path: PathBuf,
        /// The bound, in bytes.
        bytes_max: usize,
    },
    /// It is a folder, a pipe or a device.
    NotAFile {
        /// Path of what is there.
        path: PathBuf,
        /// True if it is a folder.
        is_folder: bool,
    },
    /// It cannot be made or written.
    Unwritable {
        /// Path of the file.
        path: PathBuf,
        /// Error of the system.
        source: io::Error,
    },
    /// Another process has it.
    InUse {
        /// Path of the lock.
        path: PathBuf,
    },
    /// The system has no random bytes.
    NoRandom(#[source] io::Error),
}

/// The folder that a file was to be in, if that is what is missing.
fn missing_folder<'a>(path: &'a Path, error: &io::Error) -> Option<&'a Path> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    folder.filter(|folder| error.kind() == io::ErrorKind::NotFound && !folder.exists())
}

impl Coded for FileError {
    fn message(&self) -> UserMessage {
        match self {
            Self::Unreadable { path, source } => UserMessage::new("file-unreadable")
                .text("path", path.display())
                .part("reason", reason(source)),
            Self::TooLong { path, bytes_max } => UserMessage::new("file-too-long")
                .text("path", path.display())
                .text("bytes-max", bytes_max),
            Self::NotAFile {
                path,
                is_folder: true,
            } => UserMessage::new("file-is-folder").text("path", path.display()),
            Self::NotAFile { path, .. } => {
                UserMessage::new("file-is-device").text("path", path.display())
            }
            Self::Unwritable { path, source } => match missing_folder(path, source) {
                Some(folder) => UserMessage::new("file-without-folder")
                    .text("path", path.display())
                    .text("folder", folder.display()),
                None => UserMessage::new("file-unwritable")
                    .text("path", path.display())
                    .part("reason", reason(source)),
            },
            Self::InUse { path } => UserMessage::new("file-in-use").text("path", path.display()),
            Self::NoRandom(error) => {
                UserMessage::new("random-bytes-missing").part("reason", reason(error))
            }
        }
    }
}

impl FileError {
    /// That `path` cannot be read.
    #[must_use]
    pub fn unreadable(path: &Path, source: io::Error) -> Self {
        Self::Unreadable {
            path: path.to_owned(),
            source,
        }
    }

    /// That `path` cannot be written.
    #[must_use]
    pub fn unwritable(path: &Path, source: io::Error) -> Self {
        Self::Unwritable {
            path: path.to_owned(),
            source,
        }
    }

    /// Returns whether a folder on the way to the file is missing.
    #[must_use]
    pub fn lacks_folder(&self) -> bool {
        match self {
            Self::Unwritable { path, source } => missing_folder(path, source).is_some(),
            _ => false,
        }
    }
}
