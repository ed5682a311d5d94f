//! Passphrases: asked for on a terminal without echo, or taken from a file that only its owner can read.
//!
//! What a passphrase does is in `age.rs`; it is never printed, logged or kept.

use std::path::Path;

use zeroize::Zeroizing;

use super::{nobody_to_ask, private, wrong};
use crate::{
    exit::{Failure, USAGE},
    output::Output,
    terminal,
};

/// A new passphrase has at least so many characters: whoever has the file may try for years.
const CHARACTERS_MIN: usize = 10;

/// The passphrase of a file that has one.
pub(super) fn known(
    file: Option<&Path>,
    question: &str,
    output: &Output,
) -> Result<Zeroizing<String>, Failure> {
    match file {
        Some(file) => first_line(file),
        None if terminal::answers(output) => terminal::secret(question),
        None => Err(nobody_to_ask(
            "the key has a passphrase, and there is no terminal to ask for it",
        )),
    }
}

/// The passphrase that a file is to have: on a terminal it is asked for twice.
pub(super) fn chosen(
    file: Option<&Path>,
    of: &Path,
    output: &Output,
) -> Result<Zeroizing<String>, Failure> {
    let passphrase = match file {
        Some(file) => first_line(file)?,
        None if terminal::answers(output) => {
            let first = terminal::secret(&format!("new passphrase of {}: ", of.display()))?;
            let again = terminal::secret("the same again: ")?;
            if first != again {
                return Err(
                    Failure::new(USAGE, "the two passphrases differ; nothing was written")
                        .help("run the same command again"),
                );
            }
            first
        }
        None => {
            return Err(nobody_to_ask(
                "the key is to have a passphrase, and there is no terminal to ask for one",
            )
            .help(
                "give it in a file with --passphrase-file; a service's key is made with --plain",
            ));
        }
    };
    if passphrase.chars().count() < CHARACTERS_MIN {
        let what = format!("the passphrase has fewer than {CHARACTERS_MIN} characters");
        return Err(Failure::new(USAGE, what)
            .help("several words with spaces are easy to remember and hard to find"));
    }
    Ok(passphrase)
}

/// The first line of a file; a second one would be a mistake that only shows when it is too late.
fn first_line(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let bytes = private(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| wrong(path, "not text in UTF-8"))?;
    let line = text.strip_suffix('\n').unwrap_or(text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() || line.contains('\n') {
        return Err(wrong(path, "not a file with a passphrase")
            .help("it holds the passphrase on one line, and nothing else"));
    }
    Ok(Zeroizing::new(line.to_owned()))
}
