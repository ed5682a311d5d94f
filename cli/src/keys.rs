//! Key files at a desk: read with or without a passphrase, made, and given another passphrase.
//!
//! A person's key lies on disk as an age file (`keys/age.rs`); a service's is plain, for nobody is there
//! to be asked. Both must be readable by their owner alone. A node reads its own keys, not these.

mod age;
mod passphrase;

use std::{
    fs::{self, File},
    io::{ErrorKind, Read},
    path::Path,
};

use protocol::keyfile::KeyFile;
use zeroize::Zeroizing;

use self::age::{NotOpened, Sealed};
use crate::{
    exit::{CONFIGURATION, Failure, USAGE},
    files,
    output::Output,
};

/// A key file, plain or not, is shorter; a passphrase too.
const BYTES_MAX: usize = 4096;

/// Which key is meant, and how it opens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) path: &'a Path,
    /// A service's: it must be plain.
    pub(crate) is_service: bool,
    pub(crate) passphrase: Option<&'a Path>,
}

/// A key file as it was read.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) file: KeyFile,
    pub(crate) is_encrypted: bool,
}

/// Reads a key file that nobody else can read.
pub(crate) fn read(place: &Place<'_>, output: &Output) -> Result<Found, Failure> {
    let path = place.path;
    let bytes = private(path).map_err(|failure| match failure.help {
        Some(_) => failure,
        None => failure.help("name a key file with --key, or make one with muhr key new"),
    })?;
    if !age::is_one(&bytes) {
        let file = KeyFile::parse(&bytes)
            .map_err(|error| wrong(path, &format!("not a key file: {error}")))?;
        return Ok(Found {
            file,
            is_encrypted: false,
        });
    }
    if place.is_service {
        return Err(wrong(
            path,
            "this key has a passphrase, and --key-file is for plain ones",
        )
        .help("name it with --key, and a file with its passphrase with --passphrase-file"));
    }
    let sealed = Sealed::parse(&bytes).map_err(|error| not_opened(path, error))?;
    let asked = format!("passphrase of {}: ", path.display());
    let passphrase = passphrase::known(place.passphrase, &asked, output)?;
    let text = sealed
        .open(&passphrase)
        .map_err(|error| not_opened(path, error))?;
    let file = KeyFile::parse(&text)
        .map_err(|error| wrong(path, &format!("no key file under the passphrase: {error}")))?;
    Ok(Found {
        file,
        is_encrypted: true,
    })
}

/// Whether a key of this purpose is a person's. The others are opened by a node, which nobody sits before.
pub(crate) fn is_person_s(purpose: &str) -> bool {
    matches!(purpose, "clerk" | "admin" | "recovery" | "report")
}

/// Writes a new key file: with a passphrase, for a person; plain, for a service.
pub(crate) fn write_plain(path: &Path, file: &KeyFile) -> Result<(), Failure> {
    let text = Zeroizing::new(file.write());
    files::write_secret(path, text.as_bytes())
}

/// Writes a new key file that opens with a passphrase, which is asked for or stands in a file.
pub(crate) fn write(
    path: &Path,
    file: &KeyFile,
    passphrase: Option<&Path>,
    output: &Output,
) -> Result<(), Failure> {
    files::must_be_new(path)?;
    let passphrase = passphrase::chosen(passphrase, path, output)?;
    files::write_secret(path, &sealed(file, &passphrase)?)
}

/// Puts the same key under another passphrase. A crash leaves the old file or the new one, never a part.
pub(crate) fn rewrite(
    path: &Path,
    file: &KeyFile,
    passphrase: Option<&Path>,
    output: &Output,
) -> Result<(), Failure> {
    let passphrase = passphrase::chosen(passphrase, path, output)?;
    // Behind a link is the file that must not stay as it was.
    let path = fs::canonicalize(path).map_err(|error| files::unreadable(path, &error))?;
    files::replace_secret(&path, &sealed(file, &passphrase)?)
}

/// The age file, after it was seen to open again: the old one may be the only copy of the key.
fn sealed(file: &KeyFile, passphrase: &str) -> Result<Vec<u8>, Failure> {
    let text = Zeroizing::new(file.write());
    let bytes = age::seal(text.as_bytes(), passphrase)?;
    let opened = Sealed::parse(&bytes).and_then(|sealed| sealed.open(passphrase));
    match opened {
        Ok(found) if *found == *text.as_bytes() => Ok(bytes),
        _ => Err(Failure::new(
            crate::exit::UNEXPECTED,
            "the encrypted key did not open again; nothing was written",
        )),
    }
}

/// Reads a short file that nobody but its owner may read.
fn private(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let file = File::open(path).map_err(|error| wrong(path, &error.to_string()))?;
    #[cfg(unix)]
    {
        let found = file
            .metadata()
            .map_err(|error| wrong(path, &error.to_string()))?;
        let mode = std::os::unix::fs::PermissionsExt::mode(&found.permissions());
        if mode & 0o077 != 0 {
            let what = format!("others may read this file (mode {:o})", mode & 0o777);
            return Err(wrong(path, &what).help(format!("run: chmod 600 {}", path.display())));
        }
    }
    // Room for all of it from the start: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(BYTES_MAX + 1));
    let mut reader = file.take(BYTES_MAX as u64 + 1);
    match reader.read_to_end(&mut bytes) {
        Ok(_) if bytes.len() <= BYTES_MAX => Ok(bytes),
        Ok(_) => Err(wrong(path, &format!("longer than {BYTES_MAX} bytes"))),
        Err(error) if error.kind() == ErrorKind::IsADirectory => {
            Err(wrong(path, "a folder, not a file"))
        }
        Err(error) => Err(wrong(path, &error.to_string())),
    }
}

fn wrong(path: &Path, what: &str) -> Failure {
    Failure::new(CONFIGURATION, format!("{}: {what}", path.display()))
}

fn not_opened(path: &Path, error: NotOpened) -> Failure {
    let (what, help) = match error {
        NotOpened::Damaged => (
            "an encrypted key file that is damaged or cut short".to_owned(),
            "take it from a backup; without one, make a new key, and let the agency end this one",
        ),
        NotOpened::Recipient => (
            "encrypted for a recipient, not with a passphrase".to_owned(),
            "decrypt it with age, then give it a passphrase with muhr key passphrase",
        ),
        NotOpened::Armoured => (
            "an age file in armour (text)".to_owned(),
            "decrypt it with age, then give it a passphrase with muhr key passphrase",
        ),
        NotOpened::Work(work) => (
            format!(
                "its passphrase asks for 2^{work} steps of scrypt, and no more than 2^{} are done",
                age::WORK_MAX
            ),
            "a file from muhr or age asks for fewer: do not trust this one",
        ),
        NotOpened::Passphrase => (
            "the passphrase is wrong".to_owned(),
            "try again; if it is lost, make a new key, and let the agency end this one",
        ),
    };
    wrong(path, &what).help(help)
}

/// What asks for a passphrase where there is nobody to ask.
fn nobody_to_ask(what: &str) -> Failure {
    Failure::new(USAGE, what.to_owned())
        .help("give it in a file, with --passphrase-file or MUHR_PASSPHRASE_FILE")
}
