//! Errors of key files: of one that is read, and of one that is put under a passphrase.

use std::{io, path::PathBuf};

use messages::UserMessage;
use protocol::text::Malformed;
use thiserror::Error;

use super::{BYTES_MAX, NotOpened};
use crate::{
    coded::{Coded, reason},
    durable::FileError,
    formats::NotOfKind,
};

/// Why a key file was not read or made.
#[derive(Debug, Error)]
#[error("{}", self.message())]
pub struct KeyFileError {
    /// Path of the file.
    pub path: PathBuf,
    /// Trouble with it.
    #[source]
    pub trouble: KeyTrouble,
}

/// Trouble with a key file, or with the file of its passphrase.
#[derive(Debug, Error)]
#[error("{}", self.message())]
#[non_exhaustive]
pub enum KeyTrouble {
    /// It cannot be opened or read.
    Unreadable(#[source] io::Error),
    /// A folder.
    Folder,
    /// Longer than any key file.
    TooLong,
    /// The permissions let others read it.
    OthersMayRead {
        /// The permissions, nine bits.
        mode: u32,
    },
    /// No key file.
    NotA(#[source] NotOfKind),
    /// A service's key must be plain, for nobody is there to be asked.
    HasPassphrase,
    /// An encrypted key file that does not open.
    NotOpened(#[source] NotOpened),
    /// The text that opened is no key file.
    NoKeyInside(#[source] Malformed),
    /// A key of another purpose than was needed.
    Purpose {
        /// The purpose in the file.
        found: String,
        /// The purpose needed.
        wanted: &'static str,
    },
    /// A passphrase that is no text.
    NotText,
    /// Not one line with a passphrase.
    NoPassphrase,
}

impl Coded for KeyFileError {
    fn message(&self) -> UserMessage {
        UserMessage::new("key-trouble")
            .text("path", self.path.display())
            .part("trouble", self.trouble.message())
    }
}

impl Coded for KeyTrouble {
    fn message(&self) -> UserMessage {
        match self {
            Self::Unreadable(error) => {
                UserMessage::new("key-unreadable").part("reason", reason(error))
            }
            Self::Folder => UserMessage::new("key-is-folder"),
            Self::TooLong => UserMessage::new("key-too-long").text("bytes-max", BYTES_MAX),
            Self::OthersMayRead { mode } => {
                UserMessage::new("key-readable-by-others").text("mode", format_args!("{mode:o}"))
            }
            Self::NotA(trouble) => trouble.message(),
            Self::HasPassphrase => UserMessage::new("key-has-passphrase"),
            Self::NotOpened(why) => why.message(),
            Self::NoKeyInside(malformed) => {
                UserMessage::new("key-malformed-inside").text("reason", malformed)
            }
            Self::Purpose { found, wanted } => UserMessage::new("key-of-other-purpose")
                .text("found", found)
                .text("wanted", wanted),
            Self::NotText => UserMessage::new("passphrase-not-text"),
            Self::NoPassphrase => UserMessage::new("passphrase-missing"),
        }
    }
}

/// Why a key was not put under a passphrase. Nothing was written.
#[derive(Debug, Error)]
#[error("{}", self.message())]
#[non_exhaustive]
pub enum NotSealed {
    /// The file could not be written, or the system gives no random bytes.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file that was made did not open again: a bug, or broken memory.
    DidNotOpen,
}

impl Coded for NotSealed {
    fn message(&self) -> UserMessage {
        match self {
            Self::File(error) => error.message(),
            Self::DidNotOpen => UserMessage::new("key-did-not-open-again"),
        }
    }
}
