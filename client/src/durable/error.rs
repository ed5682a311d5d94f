//! Why a file was not read or written. What to do about it is for the caller to say.

use std::{
    io,
    path::{Path, PathBuf},
};

use thiserror::Error;

/// Why a file was not read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FileError {
    /// It cannot be opened or read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// Path of the file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is longer than anything of its kind.
    #[error("{}: longer than {bytes_max} bytes", path.display())]
    TooLong {
        /// Path of the file.
        path: PathBuf,
        /// The bound, in bytes.
        bytes_max: usize,
    },
    /// It is a folder, a pipe or a device.
    #[error("{}: {}, not a file", path.display(), if *is_folder { "a folder" } else { "a pipe or a device" })]
    NotAFile {
        /// Path of what is there.
        path: PathBuf,
        /// Whether it is a folder.
        is_folder: bool,
    },
    /// It cannot be made or written.
    #[error("{}: cannot be written: {}", path.display(), reason(path, source))]
    Unwritable {
        /// Path of the file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process has it.
    #[error("{}: another run of muhr is using it", path.display())]
    InUse {
        /// Path of the lock.
        path: PathBuf,
    },
    /// The system has no random bytes.
    #[error("the system gives no random bytes: {0}")]
    NoRandom(#[source] io::Error),
}

/// The folder that a file was to be in, if that is what is missing.
fn missing_folder<'a>(path: &'a Path, error: &io::Error) -> Option<&'a Path> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    folder.filter(|folder| error.kind() == io::ErrorKind::NotFound && !folder.exists())
}

fn reason(path: &Path, error: &io::Error) -> String {
    match missing_folder(path, error) {
        Some(folder) => format!("there is no folder {}", folder.display()),
        None => error.to_string(),
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

    /// Whether a folder on the way to the file is missing.
    #[must_use]
    pub fn lacks_folder(&self) -> bool {
        match self {
            Self::Unwritable { path, source } => missing_folder(path, source).is_some(),
            _ => false,
        }
    }
}
