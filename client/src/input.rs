//! A file of the command line that is opened once and read once, from its start: a pipe gives its bytes
//! only once, and what was read a second time need not be what was looked at first.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use protocol::{
    hash::DocumentHash,
    kind::{KIND_BYTES, Kind, kind_of},
};
use sha2::{Digest, Sha256};

use crate::durable::{self, FileError};

/// A file whose first bytes were read.
#[derive(Debug)]
pub struct InputFile {
    path: PathBuf,
    /// As many as decide the kind, and one more if there are more.
    head: Vec<u8>,
    rest: File,
}

impl InputFile {
    /// Opens a file or a pipe, and waits for its first bytes.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let unreadable = |error| FileError::unreadable(path, error);
        let mut rest = File::open(path).map_err(unreadable)?;
        let mut head = Vec::new();
        let read = rest.by_ref().take(KIND_BYTES as u64 + 1);
        let _bytes = { read }.read_to_end(&mut head).map_err(unreadable)?;
        Ok(Self {
            path: path.to_owned(),
            head,
            rest,
        })
    }

    /// Kind of the file, by its bytes.
    pub fn kind(&self) -> Kind {
        kind_of(&self.head)
    }

    /// All of it if it has at most `bytes_max` bytes; of a longer one so many and one more, which every
    /// reader of that bound refuses.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn read(self, bytes_max: usize) -> Result<Vec<u8>, FileError> {
        let Self { path, head, rest } = self;
        let mut bytes = head;
        let more = (bytes_max + 1).saturating_sub(bytes.len());
        let read = rest.take(more as u64).read_to_end(&mut bytes);
        let _bytes = read.map_err(|error| FileError::unreadable(&path, error))?;
        Ok(bytes)
    }

    /// SHA-256 of all of it, whatever its length.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn hash(self) -> Result<DocumentHash, FileError> {
        let Self {
            path,
            head,
            mut rest,
        } = self;
        let mut hasher = Sha256::new();
        hasher.update(&head);
        durable::hash_rest(&path, &mut rest, hasher)
    }
}
