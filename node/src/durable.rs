//! A small value that survives power loss: the safety record and the cosign register.
//!
//! Outside RocksDB on purpose: what a validator has signed must not be forgotten because a database
//! lost the end of its log. Two generations of two copies each; a write goes to the older generation's
//! pair and is synced before it counts. A crash can spoil the pair being written, and then the value
//! was never acted upon; a single rotten copy is outvoted by its twin. If a generation's both copies
//! are bad although the file is whole, the older one may be amnesia, and `open` says so.
//!
//! Behind the slots is room for bytes that must be on disk before the next value is: they are written
//! without a sync of their own and ride along with the next one.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use protocol::{
    hash::sha256,
    planted::{self, Bug},
};
use thiserror::Error;

/// The most bytes of one value.
pub const VALUE_BYTES_MAX: usize = SLOT_BYTES - HEADER_BYTES;
const SLOT_BYTES: usize = 16 * 1024;
const HEADER_BYTES: usize = 8 + 4 + 32;
/// A new file is so many zeros.
pub const EMPTY_BYTES: usize = 4 * SLOT_BYTES;
/// Where the room behind the slots begins.
const BEHIND: u64 = EMPTY_BYTES as u64;

/// Trouble of this machine with the file.
#[derive(Debug, Error)]
pub enum Fault {
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
    /// Neither generation can be read although the file is not new.
    #[error(
        "{path}: no readable copy is left; restore the folder's newest backup or wipe the node and let it catch up as an observer"
    )]
    Rotten {
        /// The file.
        path: PathBuf,
    },
    /// A value longer than a slot: a bug of its writer.
    #[error("{path}: a value of {bytes} bytes does not fit")]
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
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()>;
    /// Returns once everything written lasts.
    fn sync(&self) -> io::Result<()>;
    /// All bytes from a place on.
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
        let (mut file, mut bytes) = (self, Vec::new());
        file.seek(SeekFrom::Start(at))?;
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
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
pub enum Found {
    /// The file is new.
    Nothing,
    /// The newest value.
    Value(Vec<u8>),
    /// The newest readable value, but a newer one was there and cannot be read.
    Doubtful(Vec<u8>),
}

impl Durable {
    /// Opens or makes the file and reads the newest value.
    pub fn open(path: &Path) -> Result<(Self, Found), Fault> {
        let io = |source| Fault::Io {
            path: path.to_owned(),
            source,
        };
        if !path.exists() {
            make(path).map_err(io)?;
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .map_err(io)?;
        Self::over(path, Box::new(file))
    }

    /// Reads the newest value of what [`EMPTY_BYTES`] zeros were once. `path` is for people.
    pub fn over(path: &Path, medium: Box<dyn Medium>) -> Result<(Self, Found), Fault> {
        let slots = medium.read_from(0).map_err(|source| Fault::Io {
            path: path.to_owned(),
            source,
        })?;
        let (even, odd) = (read_pair(&slots, 0), read_pair(&slots, 1));
        let Some((generation, found)) = newest(even, odd) else {
            return Err(Fault::Rotten {
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

    /// Makes `value` the newest. Returns once it is on disk; any error means that nothing may be
    /// signed any more, since the state of the disk is unknown.
    pub fn write(&mut self, value: &[u8]) -> Result<(), Fault> {
        let io = |source| self.fault(source);
        if value.len() > VALUE_BYTES_MAX {
            return Err(Fault::TooLong {
                path: self.path.clone(),
                bytes: value.len(),
            });
        }
        let generation = self.generation.saturating_add(1);
        let slot = encode(generation, value);
        let first = offset(generation % 2, 0);
        self.file.write_at(&slot, first).map_err(io)?;
        self.file
            .write_at(&slot, first.saturating_add(SLOT_BYTES as u64))
            .map_err(io)?;
        self.sync()?;
        self.generation = generation;
        Ok(())
    }

    /// Writes `bytes` into the room behind, `at` bytes from its start. Not on disk before the next
    /// [`Self::sync`] or [`Self::write`].
    pub fn write_behind(&self, at: u64, bytes: &[u8]) -> Result<(), Fault> {
        self.file
            .write_at(bytes, BEHIND.saturating_add(at))
            .map_err(|source| self.fault(source))
    }

    /// All bytes in the room behind.
    pub fn read_behind(&self) -> Result<Vec<u8>, Fault> {
        self.file
            .read_from(BEHIND)
            .map_err(|source| self.fault(source))
    }

    /// Returns once everything written is on disk.
    pub fn sync(&self) -> Result<(), Fault> {
        self.file.sync().map_err(|source| self.fault(source))
    }

    fn fault(&self, source: io::Error) -> Fault {
        Fault::Io {
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

fn newest(even: Pair, odd: Pair) -> Option<(u64, Found)> {
    Some(match (even, odd) {
        (Pair::Empty, Pair::Empty) => (0, Found::Nothing),
        (Pair::Good(generation, value), Pair::Empty)
        | (Pair::Empty, Pair::Good(generation, value)) => (generation, Found::Value(value)),
        (Pair::Good(a, left), Pair::Good(b, right)) => {
            if a > b {
                (a, Found::Value(left))
            } else {
                (b, Found::Value(right))
            }
        }
        (Pair::Good(generation, value), Pair::Bad) | (Pair::Bad, Pair::Good(generation, value)) => {
            (generation, Found::Doubtful(value))
        }
        (Pair::Bad, _) | (_, Pair::Bad) => return None,
    })
}

const fn offset(pair: u64, copy: u64) -> u64 {
    (pair * 2 + copy) * SLOT_BYTES as u64
}

fn encode(generation: u64, value: &[u8]) -> Vec<u8> {
    let mut slot = Vec::with_capacity(HEADER_BYTES + value.len());
    slot.extend_from_slice(&generation.to_be_bytes());
    slot.extend_from_slice(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes());
    let check = sha256(&[&slot, value]);
    slot.extend_from_slice(&check);
    slot.extend_from_slice(value);
    slot
}

fn decode(slot: &[u8]) -> Option<(u64, Vec<u8>)> {
    let (header, rest) = slot.split_at_checked(12)?;
    let (check, rest) = rest.split_at_checked(32)?;
    let generation = u64::from_be_bytes(header.get(..8)?.try_into().ok()?);
    let length = u32::from_be_bytes(header.get(8..)?.try_into().ok()?);
    let value = rest.get(..usize::try_from(length).ok()?)?;
    (sha256(&[header, value]) == *check && generation > 0).then(|| (generation, value.to_vec()))
}

/// Written in full once, so that later writes overwrite allocated blocks: faster to sync. Under
/// another name until it is whole: a loss of power must not leave a part, which would look rotten.
fn make(path: &Path) -> io::Result<()> {
    let part = path.with_extension("new");
    let file = File::create(&part)?;
    file.write_all_at(&vec![0; EMPTY_BYTES], 0)?;
    file.sync_all()?;
    fs::rename(&part, path)?;
    if planted::is(Bug::FolderUnsynced) {
        return Ok(());
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

fn read_pair(slots: &[u8], pair: u64) -> Pair {
    let mut empty = true;
    let mut best: Option<(u64, Vec<u8>)> = None;
    for copy in 0..2 {
        let start = usize::try_from(offset(pair, copy)).unwrap_or(usize::MAX);
        let rest = slots.get(start..).unwrap_or_default();
        let slot = rest.get(..SLOT_BYTES).unwrap_or(rest);
        empty &= slot.len() == SLOT_BYTES && slot.iter().all(|byte| *byte == 0);
        if let Some(found) = decode(slot)
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

    #[test]
    fn the_newest_value_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("record");
        let (mut durable, found) = Durable::open(&path).unwrap();
        assert_eq!(found, Found::Nothing);
        for round in 0..5_u8 {
            durable.write(&[round; 100]).unwrap();
            assert_eq!(
                Durable::open(&path).unwrap().1,
                Found::Value(vec![round; 100])
            );
        }
        assert!(matches!(
            durable.write(&vec![0; SLOT_BYTES]),
            Err(Fault::TooLong { .. })
        ));
    }

    #[test]
    fn what_is_written_behind_disturbs_no_value_and_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("record");
        let (mut durable, _) = Durable::open(&path).unwrap();
        assert_eq!(durable.read_behind().unwrap(), b"");
        durable.write_behind(0, b"first").unwrap();
        durable.write_behind(5, b"second").unwrap();
        durable.write(b"value").unwrap();
        let (durable, found) = Durable::open(&path).unwrap();
        assert_eq!(found, Found::Value(b"value".to_vec()));
        assert_eq!(durable.read_behind().unwrap(), b"firstsecond");
    }

    #[test]
    fn one_rotten_copy_is_outvoted_and_two_are_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("record");
        let (mut durable, _) = Durable::open(&path).unwrap();
        durable.write(b"one").unwrap();
        durable.write(b"two").unwrap();
        let pair = 0; // generation 2 stands in the even pair
        spoil(&path, offset(pair, 0));
        assert_eq!(
            Durable::open(&path).unwrap().1,
            Found::Value(b"two".to_vec())
        );
        spoil(&path, offset(pair, 1));
        assert_eq!(
            Durable::open(&path).unwrap().1,
            Found::Doubtful(b"one".to_vec())
        );
        spoil(&path, offset(1, 0));
        spoil(&path, offset(1, 1));
        assert!(matches!(Durable::open(&path), Err(Fault::Rotten { .. })));
    }
}
