//! The key that a command line names, opened: its passphrase comes from a file, or is asked for on a terminal
//! without echo.
//!
//! The work of a passphrase is the library's (`client::keys`); it is never printed, logged or kept.

use std::path::Path;

use client::{
    durable,
    keys::{self, KeyFileError, KeyTrouble, LoadedKey},
};
use messages::UserMessage;
use protocol::keyfile::KeyFile;
use zeroize::Zeroizing;

use crate::{
    exit::{Failure, USAGE, words},
    output::Output,
    terminal,
};

/// A new passphrase has at least so many characters: whoever has the file may try for years.
const CHARACTERS_MIN: usize = 10;

/// Which key is meant, and how it opens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeySource<'a> {
    pub(crate) path: &'a Path,
    /// A service's: it must be plain.
    pub(crate) is_service: bool,
    pub(crate) passphrase: Option<&'a Path>,
}

/// Reads a key file that nobody else can read.
pub(crate) fn read(source: &KeySource<'_>, output: &Output) -> Result<LoadedKey, Failure> {
    let asked = words(&UserMessage::new("ask-passphrase").text("path", source.path.display()));
    let found = if source.is_service {
        keys::read_plain(source.path).map_err(NotRead::Key)
    } else {
        keys::read(source.path, || {
            known(source.passphrase, &asked, output).map_err(NotRead::Passphrase)
        })
    };
    found.map_err(|error| match error {
        NotRead::Passphrase(failure) => failure,
        NotRead::Key(error) => {
            let is_no_file = matches!(
                error.trouble,
                KeyTrouble::Unreadable(_) | KeyTrouble::Folder | KeyTrouble::TooLong
            );
            let failure = Failure::from(error);
            if is_no_file {
                failure.help(UserMessage::new("help-name-key-file"))
            } else {
                failure
            }
        }
    })
}

/// Why a key was not read.
enum NotRead {
    Key(KeyFileError),
    Passphrase(Failure),
}

impl From<KeyFileError> for NotRead {
    fn from(error: KeyFileError) -> Self {
        Self::Key(error)
    }
}

/// Returns whether a key of this purpose is a person's. The others are opened by a node, which nobody sits before.
pub(crate) fn is_person_s(purpose: &str) -> bool {
    matches!(purpose, "clerk" | "admin" | "recovery" | "report")
}

/// Writes a new key file that opens with a passphrase, which is asked for or stands in a file.
pub(crate) fn write(
    path: &Path,
    file: &KeyFile,
    passphrase: Option<&Path>,
    output: &Output,
) -> Result<(), Failure> {
    durable::must_be_new(path)?;
    let passphrase = chosen(passphrase, path, output)?;
    Ok(keys::write(path, file, &passphrase)?)
}

/// Puts the same key under another passphrase. A crash leaves the old file or the new one, never a part.
pub(crate) fn rewrite(
    path: &Path,
    file: &KeyFile,
    passphrase: Option<&Path>,
    output: &Output,
) -> Result<(), Failure> {
    let passphrase = chosen(passphrase, path, output)?;
    Ok(keys::rewrite(path, file, &passphrase)?)
}

/// The passphrase of a file that has one.
fn known(
    file: Option<&Path>,
    question: &str,
    output: &Output,
) -> Result<Zeroizing<String>, Failure> {
    match file {
        Some(file) => Ok(keys::passphrase(file)?),
        None if terminal::answers(output) => terminal::secret(question),
        None => Err(nobody_to_ask(UserMessage::new("passphrase-no-terminal"))),
    }
}

/// The passphrase that a file is to have: on a terminal it is asked for twice.
fn chosen(file: Option<&Path>, of: &Path, output: &Output) -> Result<Zeroizing<String>, Failure> {
    let passphrase = match file {
        Some(file) => keys::passphrase(file)?,
        None if terminal::answers(output) => {
            let first = terminal::secret(&words(
                &UserMessage::new("ask-new-passphrase").text("path", of.display()),
            ))?;
            let again = terminal::secret(&words(&UserMessage::new("ask-same-again")))?;
            if first != again {
                return Err(Failure::new(USAGE, UserMessage::new("passphrases-differ"))
                    .help(UserMessage::new("help-again")));
            }
            first
        }
        None => {
            return Err(
                nobody_to_ask(UserMessage::new("new-passphrase-no-terminal"))
                    .help(UserMessage::new("help-passphrase-file-or-plain")),
            );
        }
    };
    if passphrase.chars().count() < CHARACTERS_MIN {
        let what = UserMessage::new("passphrase-too-short").text("characters-min", CHARACTERS_MIN);
        return Err(Failure::new(USAGE, what).help(UserMessage::new("help-passphrase-words")));
    }
    Ok(passphrase)
}

/// Failure where a passphrase is needed and there is nobody to ask.
fn nobody_to_ask(what: UserMessage) -> Failure {
    Failure::new(USAGE, what).help(UserMessage::new("help-passphrase-file-or-variable"))
}
