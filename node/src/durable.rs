//! A small value that survives power loss: the safety record and the cosign state.
//!
//! Outside RocksDB on purpose: what a validator has signed must not be forgotten because a database
//! lost the end of its log. Two generations of two copies each; a write goes to the older generation's
//! pair and is synced before it counts. A crash can spoil the pair being written, and then the value
//! was never acted upon; a single rotten copy is outvoted by its twin. If a generation's both copies
//! are bad although the file is whole, the older one may be amnesia, and `open` says so.
//!
//! A file is made in one place and whole ([`Storage::make`]); one that is not there is never made by
//! opening it. Behind the slots is the tail area, for bytes that must be on disk before the next value
//! is: they are written without a sync of their own and ride along with the next one. Whose a file is
//! stands in its values (`protocol::sign_state`), and what they say is the node's (`sign_state`).

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Seek, SeekFrom},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use protocol::{
    planted::{self, Bug},
    sign_state::{SLOT_BYTES, TAIL_AT, read_slot, slot},
};
use thiserror::Error;

use crate::files::{create_anew, open_regular, read_bounded};

pub use protocol::sign_state::VALUE_BYTES_MAX;

/// The most bytes that are read of a file: its tail holds the blocks of one height, at most 2 MiB each.
const FILE_BYTES_MAX: usize = 1 << 30;

/// Where the tail area begins.
const TAIL: u64 = TAIL_AT as u64;

/// Trouble of this machine with the file.
#[derive(Debug, Error)]
pub enum DurableFault {
    /// The system refused.
    #[error(
        "{path}: {source}; make sure that its disk has room and may be written, then start again"
    )]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Neither generation can be read.
    #[error("{path}: nothing in it can be read; put a better copy of this very file there")]
    Rotten {
        /// The file.
        path: PathBuf,
    },
    /// A value longer than a slot: a bug of its writer.
    #[error(
        "{path}: a value of {bytes} bytes does not fit: a bug; restart the node and report the log"
    )]
    TooLong {
        /// The file.
        path: PathBuf,
        /// How long it was.
        bytes: usize,
    },
}

/// Where the bytes are: a file, or in a simulation a disk that loses power.
pub trait Medium: fmt::Debug + Send {
    /// Writes at a place. Not certain to last before [`Self::sync`].
    ///
    /// # Errors
    ///
    /// As the operating system says.
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()>;
    /// Returns once everything written lasts.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    fn sync(&self) -> io::Result<()>;
    /// All bytes from a place on.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    fn read_from(&self, at: u64) -> io::Result<Vec<u8>>;
}

impl Medium for File {
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.write_all_at(bytes, at)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn read_from(&self, at: u64) -> io::Result<Vec<u8>> {
        let mut file = self;
        file.seek(SeekFrom::Start(at))?;
        read_bounded(file, FILE_BYTES_MAX)
    }
}

/// Where a file belongs: a path, or in a simulation a place on a played disk.
pub trait Storage: fmt::Debug {
    /// The path, for people.
    fn path(&self) -> &Path;
    /// The file, if there is one.
    ///
    /// # Errors
    /// What the system said. A file that is not there is no error.
    fn find(&self) -> io::Result<Option<Box<dyn Medium>>>;
    /// Makes the whole file at once, in the place of any that is there. Returns once it lasts, with
    /// its name.
    ///
    /// # Errors
    /// What the system said.
    fn make(&self, bytes: &[u8]) -> io::Result<Box<dyn Medium>>;
}

/// A path on this machine.
#[derive(Debug)]
pub struct AtPath(pub PathBuf);

impl Storage for AtPath {
    fn path(&self) -> &Path {
        &self.0
    }

    fn find(&self) -> io::Result<Option<Box<dyn Medium>>> {
        match open_regular(&self.0, OpenOptions::new().read(true).write(true)) {
            Ok(file) => Ok(Some(Box::new(file))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Under another name until it is whole: a loss of power must not leave a part, which would look
    /// rotten. A link is not replaced: what it leads to may be away for a while only.
    fn make(&self, bytes: &[u8]) -> io::Result<Box<dyn Medium>> {
        let path = &self.0;
        if path
            .symlink_metadata()
            .is_ok_and(|found| found.is_symlink())
        {
            return Err(io::Error::other(
                "it is a link, and links are not replaced: make what it leads to, or remove it",
            ));
        }
        let part = path.with_extension("new");
        let file = create_anew(&part)?;
        file.write_all_at(bytes, 0)?;
        file.sync_all()?;
        fs::rename(&part, path)?;
        if !planted::is(Bug::FolderUnsynced) {
            let folder = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty())
                .unwrap_or(Path::new("."));
            File::open(folder)?.sync_all()?;
        }
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Box::new(file))
    }
}

/// The file, open, with the generation that was last written.
#[derive(Debug)]
pub struct Durable {
    path: PathBuf,
    file: Box<dyn Medium>,
    generation: u64,
}

/// What stood in the file.
#[derive(Debug, PartialEq, Eq)]
pub enum StoredValue {
    /// The newest value.
    Value(Vec<u8>),
    /// The newest readable value, but a newer one was there and cannot be read.
    Doubtful(Vec<u8>),
}

impl Durable {
    /// Opens the file at a place and reads its newest value; `None` if there is no file.
    ///
    /// # Errors
    /// [`DurableFault::Io`], or [`DurableFault::Rotten`] if the file is there and no value in it can be read.
    pub fn open(place: &dyn Storage) -> Result<Option<(Self, StoredValue)>, DurableFault> {
        let found = place.find().map_err(|source| DurableFault::Io {
            path: place.path().to_owned(),
            source,
        })?;
        found
            .map(|medium| Self::over(place.path(), medium))
            .transpose()
    }

    /// Makes the file with `value` as its first, in the place of any that is there.
    ///
    /// # Errors
    /// [`DurableFault::Io`].
    pub fn make(place: &dyn Storage, value: &[u8]) -> Result<Self, DurableFault> {
        let mut bytes = vec![0; TAIL_AT];
        let first = slot(1, value);
        for copy in 0..2 {
            let from = usize::try_from(offset(1, copy)).unwrap_or(usize::MAX);
            if let Some(room) = bytes.get_mut(from..from.saturating_add(first.len())) {
                room.copy_from_slice(&first);
            }
        }
        let path = place.path().to_owned();
        let file = place.make(&bytes).map_err(|source| DurableFault::Io {
            path: path.clone(),
            source,
        })?;
        Ok(Self {
            path,
            file,
            generation: 1,
        })
    }

    /// Reads the newest value of a file. `path` is for people.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn over(path: &Path, medium: Box<dyn Medium>) -> Result<(Self, StoredValue), DurableFault> {
        let slots = medium.read_from(0).map_err(|source| DurableFault::Io {
            path: path.to_owned(),
            source,
        })?;
        let (even, odd) = (read_pair(&slots, 0), read_pair(&slots, 1));
        let Some((generation, found)) = newest(even, odd) else {
            return Err(DurableFault::Rotten {
                path: path.to_owned(),
            });
        };
        Ok((
            Self {
                path: path.to_owned(),
                file: medium,
                generation,
            },
            found,
        ))
    }

    /// The path, for people.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes `value` the newest. Returns once it is on disk; any error means that nothing may be
    /// signed any more, since the state of the disk is unknown.
    ///
    /// # Errors
    ///
    /// [`DurableFault`] says which file, and what the operating system said.
    pub fn write(&mut self, value: &[u8]) -> Result<(), DurableFault> {
        let io = |source| self.fault(source);
        if value.len() > VALUE_BYTES_MAX {
            return Err(DurableFault::TooLong {
                path: self.path.clone(),
                bytes: value.len(),
            });
        }
        let generation = self.generation.saturating_add(1);
        let slot = slot(generation, value);
        let first = offset(generation % 2, 0);
        self.file.write_at(&slot, first).map_err(io)?;
        self.file
            .write_at(&slot, first.saturating_add(SLOT_BYTES as u64))
            .map_err(io)?;
        self.sync()?;
        self.generation = generation;
        Ok(())
    }

    /// Writes `bytes` into the tail area, `at` bytes from its start. Not on disk before the next
    /// [`Self::sync`] or [`Self::write`].
    ///
    /// # Errors
    ///
    /// [`DurableFault`] says which file, and what the operating system said.
    pub fn write_tail(&self, at: u64, bytes: &[u8]) -> Result<(), DurableFault> {
        self.file
            .write_at(bytes, TAIL.saturating_add(at))
            .map_err(|source| self.fault(source))
    }

    /// All bytes in the tail area.
    ///
    /// # Errors
    ///
    /// [`DurableFault`] says which file, and what the operating system said.
    pub fn read_tail(&self) -> Result<Vec<u8>, DurableFault> {
        self.file
            .read_from(TAIL)
            .map_err(|source| self.fault(source))
    }

    /// Returns once everything written is on disk.
    ///
    /// # Errors
    ///
    /// [`DurableFault`] says which file, and what the operating system said.
    pub fn sync(&self) -> Result<(), DurableFault> {
        self.file.sync().map_err(|source| self.fault(source))
    }

    fn fault(&self, source: io::Error) -> DurableFault {
        DurableFault::Io {
            path: self.path.clone(),
            source,
        }
    }
}

enum Pair {
    Empty,
    Bad,
    Good(u64, Vec<u8>),
}

fn newest(even: Pair, odd: Pair) -> Option<(u64, StoredValue)> {
    Some(match (even, odd) {
        (Pair::Good(generation, value), Pair::Empty)
        | (Pair::Empty, Pair::Good(generation, value)) => (generation, StoredValue::Value(value)),
        (Pair::Good(a, left), Pair::Good(b, right)) => {
            if a > b {
                (a, StoredValue::Value(left))
            } else {
                (b, StoredValue::Value(right))
            }
        }
        (Pair::Good(generation, value), Pair::Bad) | (Pair::Bad, Pair::Good(generation, value)) => {
            (generation, StoredValue::Doubtful(value))
        }
        // A file with nothing in it was never made here: what stood in it is lost.
        (Pair::Bad | Pair::Empty, Pair::Bad | Pair::Empty) => return None,
    })
}

const fn offset(pair: u64, copy: u64) -> u64 {
    (pair * 2 + copy) * SLOT_BYTES as u64
}

fn read_pair(slots: &[u8], pair: u64) -> Pair {
    let mut empty = true;
    let mut best: Option<(u64, Vec<u8>)> = None;
    for copy in 0..2 {
        let start = usize::try_from(offset(pair, copy)).unwrap_or(usize::MAX);
        let rest = slots.get(start..).unwrap_or_default();
        let slot = rest.get(..SLOT_BYTES).unwrap_or(rest);
        empty &= slot.len() == SLOT_BYTES && slot.iter().all(|byte| *byte == 0);
        if let Some(found) = read_slot(slot)
            && best
                .as_ref()
                .is_none_or(|(generation, _)| *generation < found.0)
        {
            best = Some(found);
        }
    }
    match best {
        Some((generation, value)) => Pair::Good(generation, value),
        None if empty => Pair::Empty,
        None => Pair::Bad,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoil(path: &Path, at: u64) {
        let file = OpenOptions::new().write(true).open(path).unwrap();
        file.write_all_at(&[0xff; 64], at).unwrap();
    }

    fn read(place: &AtPath) -> StoredValue {
        Durable::open(place).unwrap().unwrap().1
    }

    #[test]
    fn the_newest_value_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let place = AtPath(dir.path().join("record"));
        assert!(Durable::open(&place).unwrap().is_none());
        assert!(!place.0.exists(), "opening makes no file");
        let mut durable = Durable::make(&place, b"first").unwrap();
        assert_eq!(read(&place), StoredValue::Value(b"first".to_vec()));
        for round in 0..5_u8 {
            durable.write(&[round; 100]).unwrap();
            assert_eq!(read(&place), StoredValue::Value(vec![round; 100]));
        }
        assert!(matches!(
            durable.write(&vec![0; SLOT_BYTES]),
            Err(DurableFault::TooLong { .. })
        ));
    }

    #[test]
    fn what_is_written_into_the_tail_area_disturbs_no_value_and_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let place = AtPath(dir.path().join("record"));
        let mut durable = Durable::make(&place, b"new").unwrap();
        assert_eq!(durable.read_tail().unwrap(), b"");
        durable.write_tail(0, b"first").unwrap();
        durable.write_tail(5, b"second").unwrap();
        durable.write(b"value").unwrap();
        let (durable, found) = Durable::open(&place).unwrap().unwrap();
        assert_eq!(found, StoredValue::Value(b"value".to_vec()));
        assert_eq!(durable.read_tail().unwrap(), b"firstsecond");
    }

    #[test]
    fn one_rotten_copy_is_outvoted_and_two_are_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let place = AtPath(dir.path().join("record"));
        let mut durable = Durable::make(&place, b"one").unwrap();
        durable.write(b"two").unwrap();
        let pair = 0; // generation 2 stands in the even pair
        spoil(&place.0, offset(pair, 0));
        assert_eq!(read(&place), StoredValue::Value(b"two".to_vec()));
        spoil(&place.0, offset(pair, 1));
        assert_eq!(read(&place), StoredValue::Doubtful(b"one".to_vec()));
        spoil(&place.0, offset(1, 0));
        spoil(&place.0, offset(1, 1));
        assert!(matches!(
            Durable::open(&place),
            Err(DurableFault::Rotten { .. })
        ));
    }

    #[test]
    fn a_file_of_zeros_is_no_new_one() {
        let dir = tempfile::tempdir().unwrap();
        let place = AtPath(dir.path().join("record"));
        for length in [0, SLOT_BYTES, TAIL_AT] {
            fs::write(&place.0, vec![0; length]).unwrap();
            assert!(matches!(
                Durable::open(&place),
                Err(DurableFault::Rotten { .. })
            ));
        }
    }

    /// A folder of `[places]` may be one that others write in.
    #[test]
    fn a_link_in_the_place_of_the_part_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (place, victim) = (AtPath(dir.path().join("record")), dir.path().join("victim"));
        fs::write(&victim, b"another's").unwrap();
        std::os::unix::fs::symlink(&victim, dir.path().join("record.new")).unwrap();
        let mut durable = Durable::make(&place, b"first").unwrap();
        durable.write(b"second").unwrap();
        assert_eq!(fs::read(&victim).unwrap(), b"another's");
        assert!(place.0.symlink_metadata().unwrap().is_file());
        assert_eq!(read(&place), StoredValue::Value(b"second".to_vec()));
    }

    #[test]
    fn a_link_that_leads_nowhere_is_absence_and_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let place = AtPath(dir.path().join("record"));
        std::os::unix::fs::symlink(dir.path().join("not-mounted/record"), &place.0).unwrap();
        assert!(Durable::open(&place).unwrap().is_none());
        assert!(matches!(
            Durable::make(&place, b"new"),
            Err(DurableFault::Io { .. })
        ));
        assert!(place.0.symlink_metadata().unwrap().is_symlink());
    }
}
