//! Key files at a desk: read with or without a passphrase, made, and given another passphrase.
//!
//! A person's key lies on disk as an age file (`keys/age.rs`); a service's is plain, for nobody is there
//! to be asked. Both must be readable by their owner alone. A node reads its own keys, not these. Nobody is
//! asked anything here: whoever reads a key says where its passphrase comes from.

mod age;
mod error;

use std::{
    fs::{self, File},
    io::Read,
    path::Path,
};

use protocol::{
    keyfile::KeyFile,
    kind::{Kind, kind_of},
    rewritten,
};
use zeroize::Zeroizing;

use self::age::AgeFile;
pub use self::{
    age::{NotOpened, WORK_MAX},
    error::{KeyFileError, KeyTrouble, NotSealed},
};
use crate::{
    durable::{self, FileError},
    formats::NotOfKind,
};

/// A key file, plain or not, is shorter; a passphrase too.
const BYTES_MAX: usize = 4096;

/// A key file as it was read.
#[derive(Debug)]
pub struct LoadedKey {
    /// The key, its holder and its purpose.
    pub file: KeyFile,
    /// True if it lay under a passphrase.
    pub is_encrypted: bool,
}

/// Reads the key file at `path` of a service, which has no passphrase: nobody is there to be asked.
///
/// # Errors
/// [`KeyFileError`], of which [`KeyTrouble::HasPassphrase`].
pub fn read_plain(path: &Path) -> Result<LoadedKey, KeyFileError> {
    read(path, || {
        Err(KeyFileError {
            path: path.to_owned(),
            trouble: KeyTrouble::HasPassphrase,
        })
    })
}

/// Reads the key file at `path`, which nobody but its owner may read. `ask` is called for the passphrase of
/// one that has one.
///
/// # Errors
/// [`KeyFileError`], and whatever `ask` gives.
pub fn read<E: From<KeyFileError>>(
    path: &Path,
    ask: impl FnOnce() -> Result<Zeroizing<String>, E>,
) -> Result<LoadedKey, E> {
    let wrong = |trouble| KeyFileError {
        path: path.to_owned(),
        trouble,
    };
    let bytes = private(path, must_be_key)?;
    if !age::is_one(&bytes) {
        let file = KeyFile::parse(&bytes).map_err(|error| wrong(no_key(&bytes, &error)))?;
        return Ok(LoadedKey {
            file,
            is_encrypted: false,
        });
    }
    let sealed = AgeFile::parse(&bytes).map_err(|error| {
        if rewritten::is_rewritten(&bytes, |bytes| AgeFile::parse(bytes).is_ok()) {
            return wrong(KeyTrouble::NotA(NotOfKind::Rewritten));
        }
        wrong(KeyTrouble::NotOpened(error))
    })?;
    let text = sealed
        .open(&ask()?)
        .map_err(|error| wrong(KeyTrouble::NotOpened(error)))?;
    let file = KeyFile::parse(&text).map_err(|error| wrong(KeyTrouble::NoKeyInside(error)))?;
    Ok(LoadedKey {
        file,
        is_encrypted: true,
    })
}

/// Returns whether a key of this purpose is a person's. The others are opened by a node, which nobody sits before.
pub fn is_person_s(purpose: &str) -> bool {
    matches!(purpose, "clerk" | "admin" | "recovery" | "report")
}

/// Writes a new key file without a passphrase, for a service.
///
/// # Errors
/// [`FileError::Unwritable`], also where something is there.
pub fn write_plain(path: &Path, file: &KeyFile) -> Result<(), FileError> {
    let text = Zeroizing::new(file.write());
    durable::write_secret(path, text.as_bytes())
}

/// Writes a new key file that opens with `passphrase`.
///
/// # Errors
/// [`NotSealed`].
pub fn write(path: &Path, file: &KeyFile, passphrase: &str) -> Result<(), NotSealed> {
    Ok(durable::write_secret(path, &sealed(file, passphrase)?)?)
}

/// Puts the same key under another passphrase. A crash leaves the old file or the new one, never a part.
///
/// # Errors
/// [`NotSealed`].
pub fn rewrite(path: &Path, file: &KeyFile, passphrase: &str) -> Result<(), NotSealed> {
    // Behind a link is the file that must not stay as it was.
    let path = fs::canonicalize(path).map_err(|error| FileError::unreadable(path, error))?;
    Ok(durable::write_private(&path, &sealed(file, passphrase)?)?)
}

/// The age file, after it was seen to open again: the old one may be the only copy of the key.
fn sealed(file: &KeyFile, passphrase: &str) -> Result<Vec<u8>, NotSealed> {
    let text = Zeroizing::new(file.write());
    let bytes = age::seal(text.as_bytes(), passphrase)?;
    let opened = AgeFile::parse(&bytes).and_then(|sealed| sealed.open(passphrase));
    match opened {
        Ok(found) if *found == *text.as_bytes() => Ok(bytes),
        _ => Err(NotSealed::DidNotOpen),
    }
}

/// The passphrase in the file at `path`: its first line. A second one would be a mistake that only shows
/// when it is too late.
///
/// # Errors
/// [`KeyFileError`].
pub fn passphrase(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    let wrong = |trouble| KeyFileError {
        path: path.to_owned(),
        trouble,
    };
    let bytes = private(path, |_| Ok(()))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| wrong(KeyTrouble::NotText))?;
    let line = text.strip_suffix('\n').unwrap_or(text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() || line.contains('\n') {
        return Err(wrong(KeyTrouble::NoPassphrase));
    }
    Ok(Zeroizing::new(line.to_owned()))
}

/// Trouble of bytes that are no key file.
fn no_key(bytes: &[u8], error: &dyn std::fmt::Display) -> KeyTrouble {
    let reads = |bytes: &[u8]| KeyFile::parse(bytes).is_ok() || AgeFile::parse(bytes).is_ok();
    KeyTrouble::NotA(NotOfKind::of(Kind::Key, bytes, error, reads))
}

/// Refuses what is plainly no key file: a document that was given for one is not to be hidden from others, but to be
/// named.
fn must_be_key(bytes: &[u8]) -> Result<(), KeyTrouble> {
    match KeyFile::parse(bytes) {
        Err(error) if kind_of(bytes) != Kind::Key => Err(no_key(bytes, &error)),
        _ => Ok(()),
    }
}

/// Reads a short file that nobody but its owner may read, if that is what it is by its first bytes.
fn private(
    path: &Path,
    must_be: impl FnOnce(&[u8]) -> Result<(), KeyTrouble>,
) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    read_private(path, must_be).map_err(|trouble| KeyFileError {
        path: path.to_owned(),
        trouble,
    })
}

fn read_private(
    path: &Path,
    must_be: impl FnOnce(&[u8]) -> Result<(), KeyTrouble>,
) -> Result<Zeroizing<Vec<u8>>, KeyTrouble> {
    let file = File::open(path).map_err(KeyTrouble::Unreadable)?;
    let found = file.metadata().map_err(KeyTrouble::Unreadable)?;
    if found.is_dir() {
        return Err(KeyTrouble::Folder);
    }
    // Room for all of it from the start: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(BYTES_MAX + 1));
    let mut reader = file.take(BYTES_MAX as u64 + 1);
    let read = reader.read_to_end(&mut bytes);
    let _count = read.map_err(KeyTrouble::Unreadable)?;
    must_be(&bytes)?;
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyTrouble::OthersMayRead { mode });
        }
    }
    if bytes.len() > BYTES_MAX {
        return Err(KeyTrouble::TooLong);
    }
    Ok(bytes)
}
