//! Many receipts in one file, with an index at its end: what a bulk run with `--archive` writes.
//!
//! ```text
//! muhr-archive/v1
//! receipt KEY LENGTH        the record's key in hexadecimal, and the bytes of the receipt that follow
//! …
//! KEY OFFSET LENGTH         the index: fixed widths, in the order of the keys
//! …
//! index OFFSET COUNT        where the index begins, and its lines
//! ```
//!
//! The receipts alone are the archive: an index that a kill has cut off is made again from them. A
//! receipt taken out is judged like any other; nothing here is believed.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use crate::durable::{self, FileError};
use messages::UserMessage;
use protocol::{hash::RecordKey, receipt::RECEIPT_BYTES_MAX};

use super::ImportError;

const HEAD: &[u8] = b"muhr-archive/v1\n";
/// Bytes of a line of the index, and of the last line.
const LINE_BYTES: u64 = 64 + 1 + 16 + 1 + 8 + 1;
const LAST_BYTES: u64 = 6 + 16 + 1 + 16 + 1;
/// The most bytes of a line before a receipt.
const HEADER_BYTES_MAX: u64 = 128;

/// Receipts are written so many bytes at a time. What a kill takes is asked for again by the next run.
const PIECE_BYTES: usize = 1 << 20;

/// Where a receipt's bytes begin, and how many they are.
pub type Place = (u64, usize);

/// An archive, open for reading and appending.
#[derive(Debug)]
pub struct Archive {
    path: PathBuf,
    inner: Mutex<ArchiveState>,
}

#[derive(Debug)]
struct ArchiveState {
    file: File,
    places: BTreeMap<RecordKey, Place>,
    /// Where the next receipt goes; the last of what is before it waits to be written.
    end: u64,
    waiting: Vec<u8>,
    /// A writing failed: what is appended to half a receipt cannot be found.
    broken: bool,
}

impl Archive {
    /// Opens an archive, or makes an empty one. Its index is cut off until it is finished again.
    ///
    /// # Errors
    /// [`ImportError`].
    pub fn open(path: &Path) -> Result<Self, ImportError> {
        let unwritable = |error| FileError::unwritable(path, error);
        let opened = durable::open_private(path, OpenOptions::new().read(true).write(true));
        let mut file = opened.map_err(unwritable)?;
        let length = file.metadata().map_err(unwritable)?.len();
        let (places, end) = if length < HEAD.len() as u64 {
            file.write_all(HEAD).map_err(unwritable)?;
            (BTreeMap::new(), HEAD.len() as u64)
        } else {
            places(path, &mut file)?
        };
        file.set_len(end).map_err(unwritable)?;
        let inner = ArchiveState {
            file,
            places,
            end,
            waiting: Vec::new(),
            broken: false,
        };
        Ok(Self {
            path: path.to_owned(),
            inner: Mutex::new(inner),
        })
    }

    /// Path of its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The receipt of a record, if it is here.
    pub fn find(&self, key: &RecordKey) -> Option<Vec<u8>> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (start, length) = *inner.places.get(key)?;
        inner.flush().ok()?;
        let mut bytes = vec![0; length];
        let _place = inner.file.seek(SeekFrom::Start(start)).ok()?;
        inner.file.read_exact(&mut bytes).ok()?;
        Some(bytes)
    }

    /// Adds a receipt; a later one of the same record takes its place in the index.
    ///
    /// # Errors
    /// [`ImportError`].
    pub fn keep(&self, key: RecordKey, receipt: &[u8]) -> Result<(), ImportError> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let header = format!("receipt {} {}\n", key.to_hex(), receipt.len());
        let start = inner.end + header.len() as u64;
        inner.end = start + receipt.len() as u64;
        inner.waiting.extend_from_slice(header.as_bytes());
        inner.waiting.extend_from_slice(receipt);
        if inner.waiting.len() >= PIECE_BYTES {
            let written = inner.flush();
            written.map_err(|error| FileError::unwritable(&self.path, error))?;
        }
        let _older = inner.places.insert(key, (start, receipt.len()));
        Ok(())
    }

    /// Writes the index, and waits for the disk.
    ///
    /// # Errors
    /// [`ImportError`].
    pub fn finish(&self) -> Result<(), ImportError> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let inner = &mut *inner;
        let write = |inner: &mut ArchiveState| {
            inner.flush()?;
            let _place = inner.file.seek(SeekFrom::Start(inner.end))?;
            let mut out = BufWriter::new(&inner.file);
            for (key, (start, length)) in &inner.places {
                writeln!(out, "{} {start:016} {length:08}", key.to_hex())?;
            }
            writeln!(out, "index {:016} {:016}", inner.end, inner.places.len())?;
            out.flush()?;
            drop(out);
            inner.file.sync_all()?;
            durable::sync_folder(&self.path)
        };
        if inner.broken {
            return Ok(());
        }
        Ok(write(inner).map_err(|error| FileError::unwritable(&self.path, error))?)
    }
}

impl ArchiveState {
    /// Writes what waits. Half a receipt at the end is none: whatever follows it could not be found.
    fn flush(&mut self) -> std::io::Result<()> {
        if self.broken {
            return Err(std::io::Error::other(UserMessage::new(
                "not-written-before",
            )));
        }
        let written = self.end - self.waiting.len() as u64;
        let sought = self.file.seek(SeekFrom::Start(written));
        let done = sought.and_then(|_| self.file.write_all(&self.waiting));
        self.broken = done.is_err();
        self.waiting.clear();
        done
    }
}

fn not_one(path: &Path) -> ImportError {
    ImportError::NotAnArchive {
        path: path.to_owned(),
    }
}

/// Where the newest receipt of each record is, and where the last of all ends.
fn places(path: &Path, file: &mut File) -> Result<(BTreeMap<RecordKey, Place>, u64), ImportError> {
    let mut places = BTreeMap::new();
    let end = scan(path, file, |key, place| {
        let _older = places.insert(key, place);
    })?;
    Ok((places, end))
}

/// All receipts of an archive in their order, also those that newer ones have replaced.
pub struct Contents {
    /// Where each receipt is, in their order.
    pub places: Vec<(RecordKey, Place)>,
    /// Where the last of them ends.
    pub end: u64,
    /// A receipt that is not whole follows.
    pub torn: bool,
}

/// Contents of an archive.
///
/// # Errors
/// [`ImportError`].
pub fn contents(path: &Path) -> Result<Contents, ImportError> {
    let unreadable = |error: std::io::Error| FileError::unreadable(path, error);
    let mut file = File::open(path).map_err(unreadable)?;
    let mut places = Vec::new();
    let end = scan(path, &mut file, |key, place| places.push((key, place)))?;
    let _place = file.seek(SeekFrom::Start(end)).map_err(unreadable)?;
    let mut next = Vec::new();
    let read = file.take(8).read_to_end(&mut next);
    let _bytes = read.map_err(unreadable)?;
    let torn = next == b"receipt ";
    Ok(Contents { places, end, torn })
}

/// Goes through the receipts; gives where the last ends.
fn scan(
    path: &Path,
    file: &mut File,
    mut visit: impl FnMut(RecordKey, Place),
) -> Result<u64, ImportError> {
    let unreadable = |error: std::io::Error| FileError::unreadable(path, error);
    let length = file.metadata().map_err(unreadable)?.len();
    let _start = file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let mut reader = BufReader::new(file);
    let mut head = [0; HEAD.len()];
    reader.read_exact(&mut head).map_err(|_| not_one(path))?;
    if head != *HEAD {
        return Err(not_one(path));
    }
    let mut at = HEAD.len() as u64;
    let mut line = Vec::new();
    loop {
        line.clear();
        let header = reader.by_ref().take(HEADER_BYTES_MAX);
        let read = { header }
            .read_until(b'\n', &mut line)
            .map_err(unreadable)?;
        let start = at + read as u64;
        let Some((key, bytes)) =
            header_of(&line).filter(|(_, bytes)| start + *bytes as u64 <= length)
        else {
            return Ok(at);
        };
        reader
            .seek_relative(i64::try_from(bytes).unwrap_or(i64::MAX))
            .map_err(unreadable)?;
        visit(key, (start, bytes));
        at = start + bytes as u64;
    }
}

fn header_of(line: &[u8]) -> Option<(RecordKey, usize)> {
    let line = std::str::from_utf8(line).ok()?.strip_prefix("receipt ")?;
    let (key, bytes) = line.strip_suffix('\n')?.split_once(' ')?;
    let bytes = bytes
        .parse()
        .ok()
        .filter(|bytes| *bytes <= RECEIPT_BYTES_MAX)?;
    Some((RecordKey::from_hex(key)?, bytes))
}

/// The receipt that is at a place.
///
/// # Errors
///
/// As the operating system says.
pub fn take(path: &Path, place: Place) -> std::io::Result<Vec<u8>> {
    take_from(&mut File::open(path)?, place)
}

fn take_from(file: &mut File, (start, length): Place) -> std::io::Result<Vec<u8>> {
    let _place = file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    let most = length.min(RECEIPT_BYTES_MAX) as u64;
    let _read = file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Takes one receipt out of an archive: by its index, or by going through it where a kill has cut that off.
///
/// # Errors
/// [`ImportError`].
pub fn extract(path: &Path, key: &RecordKey) -> Result<Option<Vec<u8>>, ImportError> {
    let unreadable = |error: std::io::Error| FileError::unreadable(path, error);
    let mut file = File::open(path).map_err(unreadable)?;
    let mut head = [0; HEAD.len()];
    let is_one = file.read_exact(&mut head).is_ok() && head == *HEAD;
    if !is_one {
        return Err(not_one(path));
    }
    let place = match index_of(&mut file).map_err(unreadable)? {
        Some((start, count)) => search(&mut file, start, count, key).map_err(unreadable)?,
        None => places(path, &mut file)?.0.get(key).copied(),
    };
    let taken = place.map(|place| take_from(&mut file, place));
    Ok(taken.transpose().map_err(unreadable)?)
}

/// Where the index begins and how many lines it has; none unless the last line says so and is right.
fn index_of(file: &mut File) -> std::io::Result<Option<(u64, u64)>> {
    let length = file.metadata()?.len();
    let Some(last) = length.checked_sub(LAST_BYTES) else {
        return Ok(None);
    };
    let _place = file.seek(SeekFrom::Start(last))?;
    let mut text = String::new();
    if file.take(LAST_BYTES).read_to_string(&mut text).is_err() {
        return Ok(None);
    }
    let read = || {
        let (start, count) = text
            .strip_prefix("index ")?
            .strip_suffix('\n')?
            .split_once(' ')?;
        Some((start.parse::<u64>().ok()?, count.parse::<u64>().ok()?))
    };
    Ok(read().filter(|(start, count)| {
        let lines = count.checked_mul(LINE_BYTES);
        lines.and_then(|lines| lines.checked_add(*start)) == Some(last)
    }))
}

fn search(
    file: &mut File,
    start: u64,
    count: u64,
    key: &RecordKey,
) -> std::io::Result<Option<Place>> {
    let wanted = key.to_hex();
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low.midpoint(high);
        let _place = file.seek(SeekFrom::Start(start + middle * LINE_BYTES))?;
        let mut line = String::new();
        let _bytes = Read::by_ref(file)
            .take(LINE_BYTES)
            .read_to_string(&mut line)?;
        let mut words = line.split_whitespace();
        match words.next().map(|found| found.cmp(&wanted)) {
            Some(std::cmp::Ordering::Less) => low = middle + 1,
            Some(std::cmp::Ordering::Equal) => {
                let mut number = || words.next().and_then(|word| word.parse().ok());
                return Ok(number().zip(number().and_then(|length| usize::try_from(length).ok())));
            }
            _ => high = middle,
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(of: u8) -> RecordKey {
        RecordKey::new([of; 32])
    }

    #[test]
    fn receipts_are_found_with_the_index_and_without_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("receipts.archive");
        let archive = Archive::open(&path).unwrap();
        for of in [7, 3, 9, 1, 5] {
            archive
                .keep(key(of), &vec![of; usize::from(of) * 100])
                .unwrap();
        }
        archive.keep(key(3), b"newer").unwrap();
        archive.finish().unwrap();
        drop(archive);
        let whole = std::fs::read(&path).unwrap();
        let look = || {
            for of in 0..=10 {
                let wanted = match of {
                    3 => Some(b"newer".to_vec()),
                    1 | 5 | 7 | 9 => Some(vec![of; usize::from(of) * 100]),
                    _ => None,
                };
                assert_eq!(extract(&path, &key(of)).unwrap(), wanted, "{of}");
            }
        };
        look();
        // In the order in which they were kept, older ones too.
        let all = || {
            let places = contents(&path).unwrap().places.into_iter();
            let first = places.map(|(_, place)| take(&path, place).unwrap()[0]);
            first.collect::<Vec<_>>()
        };
        assert_eq!(all(), [7, 3, 9, 1, 5, b'n']);
        // The index is cut off at any byte: what is found does not change.
        let start = whole.len() - usize::try_from(5 * LINE_BYTES + LAST_BYTES).unwrap();
        for cut in [start, start + 1, start + 91, whole.len() - 1] {
            std::fs::write(&path, &whole[..cut]).unwrap();
            look();
            assert_eq!(all().len(), 6);
        }
        // A receipt is cut: it alone is gone, and can be written again.
        std::fs::write(&path, &whole[..start - 1]).unwrap();
        assert_eq!(extract(&path, &key(9)).unwrap(), Some(vec![9; 900]));
        let archive = Archive::open(&path).unwrap();
        assert_eq!(archive.find(&key(3)), Some(vec![3; 300]));
        archive.keep(key(3), b"newer").unwrap();
        archive.finish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), whole);
        // Opened and finished once more, it is the same file.
        Archive::open(&path).unwrap().finish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), whole);
    }

    #[test]
    fn what_is_no_archive_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, b"somebody's letter, longer than the head").unwrap();
        assert!(Archive::open(&path).is_err());
        assert!(extract(&path, &key(1)).is_err());
        assert!(std::fs::read(&path).unwrap().starts_with(b"somebody"));
        // A last line that lies about the index is not followed.
        let lie = format!("muhr-archive/v1\nindex {:016} {:016}\n", 16, u64::MAX / 100);
        std::fs::write(&path, lie).unwrap();
        assert_eq!(extract(&path, &key(1)).unwrap(), None);
    }
}
