//! Where the receipts of a run go: files in a folder, or one archive.
//!
//! Returns whether a receipt can have its place is judged before its entry is signed: once that is in the log, a place
//! that cannot be had helps nobody. A folder may lie on a disk of Windows, so that no name has letters which
//! that refuses.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use messages::UserMessage;
use protocol::{hash::RecordKey, receipt::RECEIPT_BYTES_MAX};

use super::{Archive, ImportError};
use crate::{
    coded::reason,
    durable::{self, FileError, NAME_BYTES_MAX, Readers},
};

/// Ending behind the name of a row or document for its receipt.
const ENDING: &str = ".receipt";
/// Letters that no file's name has on Windows, and names that are devices there.
const NO_LETTERS: [char; 9] = ['<', '>', ':', '"', '/', '\\', '|', '?', '*'];
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
const NUMBERED_DEVICES: [&str; 2] = ["com", "lpt"];

/// Both are asked by the name of the file and by the record, and each goes by its own.
#[derive(Debug)]
pub enum Receipts {
    /// A file each, in a folder.
    Folder(PathBuf),
    /// One file for all.
    Archive(Archive),
}

/// Why a receipt was not kept.
#[derive(Debug)]
pub enum NotKept {
    /// It cannot have its place; others can have theirs.
    Place(UserMessage),
    /// Nothing can be written any more.
    Stop(ImportError),
}

impl Receipts {
    /// Opens the place of a run's receipts in its folder, which no other run may be using.
    ///
    /// # Errors
    /// [`ImportError`].
    pub fn open(out: &Path, archive: bool) -> Result<Self, ImportError> {
        let folder = folder(out);
        let made = if archive { out } else { &folder };
        fs::create_dir_all(made).map_err(|error| FileError::unwritable(made, error))?;
        Ok(if archive {
            Self::Archive(Archive::open(&out.join("receipts.archive"))?)
        } else {
            Self::Folder(folder)
        })
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        match self {
            Self::Folder(folder) => folder.join(file_name(name)),
            Self::Archive(archive) => archive.path().to_owned(),
        }
    }

    /// Why the receipt of a row cannot have its place; none if it can.
    pub(super) fn refuses(&self, name: &str) -> Option<UserMessage> {
        match self {
            Self::Folder(folder) => refuses(folder, name),
            Self::Archive(_) => None,
        }
    }

    pub(super) fn find(&self, name: &str, key: &RecordKey) -> Option<Vec<u8>> {
        match self {
            Self::Folder(_) => durable::read(&self.path(name), RECEIPT_BYTES_MAX).ok(),
            Self::Archive(archive) => archive.find(key),
        }
    }

    pub(super) fn keep(&self, name: &str, key: RecordKey, receipt: &[u8]) -> Result<(), NotKept> {
        let path = self.path(name);
        match self {
            Self::Folder(_) => durable::write_lazily(&path, receipt, Readers::Owner)
                .map_err(|error| not_kept(&path, error)),
            Self::Archive(archive) => archive.keep(key, receipt).map_err(NotKept::Stop),
        }
    }

    /// After this, no loss of power takes a receipt away. Files of a folder wait for it to the end: one by
    /// one, that would be most of a run.
    ///
    /// # Errors
    /// [`ImportError`].
    pub fn finish(&self) -> Result<(), ImportError> {
        match self {
            Self::Folder(folder) => Ok(durable::sync_within(folder)?),
            Self::Archive(archive) => archive.finish(),
        }
    }
}

/// The folder of receipts within that of a run.
#[must_use]
pub fn folder(out: &Path) -> PathBuf {
    out.join("receipts")
}

/// Why a receipt cannot have its place in a folder, whether that is there yet or not.
#[must_use]
pub fn refuses(folder: &Path, name: &str) -> Option<UserMessage> {
    let path = folder.join(file_name(name));
    let why = match fs::symlink_metadata(&path) {
        Ok(found) if found.is_file() => return None,
        Ok(found) if found.is_symlink() => UserMessage::new("link-there").into(),
        Ok(_) => UserMessage::new("folder-there").into(),
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        Err(error) => reason(&error),
    };
    Some(
        UserMessage::new("row-place-taken")
            .text("path", path.display())
            .part("why", why),
    )
}

/// Trouble with one place is no reason to leave the others.
fn not_kept(path: &Path, error: io::Error) -> NotKept {
    match error.kind() {
        ErrorKind::AlreadyExists | ErrorKind::IsADirectory | ErrorKind::InvalidFilename => {
            NotKept::Place(
                UserMessage::new("row-recorded-without-place")
                    .text("path", path.display())
                    .part("why", reason(&error)),
            )
        }
        _ => NotKept::Stop(FileError::unwritable(path, error).into()),
    }
}

/// The name of a receipt's file, which every file system takes: what one of them refuses, or finds too long,
/// gives way to a digest of the whole name.
fn file_name(name: &str) -> String {
    let most = NAME_BYTES_MAX - ENDING.len();
    let is_wrong = |letter: char| NO_LETTERS.contains(&letter) || letter.is_control();
    if name.len() <= most && !name.contains(is_wrong) && !is_device(name) {
        return format!("{name}{ENDING}");
    }
    let mut plain = name.replace(is_wrong, "_");
    if is_device(&plain) {
        plain.insert(0, '_');
    }
    let plain = durable::shortened(&plain, name.as_bytes(), most);
    format!("{plain}{ENDING}")
}

/// Returns whether Windows takes a name for that of a device, whatever stands behind its first dot.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let stem = stem.to_lowercase();
    let numbered = |device: &&str| {
        let number = stem.strip_prefix(*device).unwrap_or_default();
        let mut letters = number.chars();
        letters
            .next()
            .is_some_and(|letter| "0123456789¹²³".contains(letter))
            && letters.next().is_none()
    };
    DEVICES.contains(&stem.as_str()) || NUMBERED_DEVICES.iter().any(numbered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_has_a_name_that_every_file_system_takes() {
        for name in [
            "0000002",
            "F-1.pdf",
            "Рухсатнома № 7.pdf",
            "console",
            "com",
            "lpt10",
        ] {
            assert_eq!(file_name(name), format!("{name}.receipt"));
        }
        let long = "x".repeat(250);
        let names = [
            "12:5.pdf",
            "a?b",
            "a*b",
            "a_b\u{1}",
            "CON",
            "con.pdf",
            "nul .txt",
            "COM1.pdf",
            "lpt\u{b9}",
            "a|b",
            "a<b",
            &long,
        ];
        let mut seen: Vec<String> = names.map(file_name).into();
        for name in &seen {
            assert!(name.len() <= NAME_BYTES_MAX && name.contains('~'), "{name}");
            assert!(!name.contains(NO_LETTERS) && !is_device(name), "{name}");
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), names.len(), "two names stay two");
    }

    #[test]
    fn a_place_that_cannot_be_had_is_told_beforehand() {
        let out = tempfile::tempdir().unwrap();
        let receipts = Receipts::open(out.path(), false).unwrap();
        assert_eq!(receipts.refuses("F-1.pdf"), None);
        fs::create_dir(receipts.path("F-1.pdf")).unwrap();
        assert!(
            receipts
                .refuses("F-1.pdf")
                .unwrap()
                .to_string()
                .contains("folder-there")
        );
        let key = RecordKey::new([1; 32]);
        let kept = receipts.keep("F-1.pdf", key, b"receipt");
        assert!(matches!(kept, Err(NotKept::Place(_))), "{kept:?}");
        receipts.keep("F-2.pdf", key, b"receipt").unwrap();
        fs::write(receipts.path("F-3.pdf"), "half a receipt").unwrap();
        assert_eq!(receipts.refuses("F-3.pdf"), None);
        // Without the folder, every place can be had.
        assert_eq!(refuses(&out.path().join("none"), "F-1.pdf"), None);
    }
}
