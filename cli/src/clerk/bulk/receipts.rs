//! Where the receipts of a run go: files in a folder, or one archive.

use std::path::{Path, PathBuf};

use protocol::{hash::RecordKey, receipt::RECEIPT_BYTES_MAX};

use crate::{clerk::archive::Archive, exit::Failure, files};

/// Both are asked by the name of the file and by the record, and each goes by its own.
#[derive(Debug)]
pub(super) enum Receipts {
    Folder(PathBuf),
    Archive(Archive),
}

impl Receipts {
    /// Opens the place of a run's receipts in its folder, which no other run may be using.
    pub(super) fn open(out: &Path, archive: bool) -> Result<Self, Failure> {
        let folder = out.join("receipts");
        let made = if archive { out } else { &folder };
        std::fs::create_dir_all(made).map_err(|error| files::unwritable(made, &error))?;
        Ok(if archive {
            Self::Archive(Archive::open(&out.join("receipts.archive"))?)
        } else {
            Self::Folder(folder)
        })
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        match self {
            Self::Folder(folder) => folder.join(format!("{name}.receipt")),
            Self::Archive(archive) => archive.path().to_owned(),
        }
    }

    pub(super) fn find(&self, name: &str, key: &RecordKey) -> Option<Vec<u8>> {
        match self {
            Self::Folder(_) => files::read(&self.path(name), RECEIPT_BYTES_MAX).ok(),
            Self::Archive(archive) => archive.find(key),
        }
    }

    pub(super) fn keep(&self, name: &str, key: RecordKey, receipt: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Folder(_) => files::write_lazily(&self.path(name), receipt),
            Self::Archive(archive) => archive.keep(key, receipt),
        }
    }

    /// After this, no loss of power takes a receipt away. Files of a folder wait for it to the end: one by
    /// one, that would be most of a run.
    pub(super) fn finish(&self) -> Result<(), Failure> {
        match self {
            Self::Folder(folder) => files::sync_within(folder),
            Self::Archive(archive) => archive.finish(),
        }
    }
}
