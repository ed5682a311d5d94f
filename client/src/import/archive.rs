//! Many receipts in one file, with an index at its end: what a bulk run with `--archive` writes.
//!
//! ```text
//! muhr-archive/v2
//! receipt KEY LENGTH        the record's key in hexadecimal, and the bytes of the receipt that follow
//! batch LENGTH SHARED ROWS  the receipts of a batch, in so many bytes: what they share, in SHARED bytes, as the
//!                           node has given it (`muhr-batch-receipts/v1`); and then the rows in their order
//! row KEY LENGTH BACK       a receipt up to its proofs, and how far before this line its batch begins
//! …
//! KEY OFFSET                the index: half of each key, and where the line before its receipt begins; fixed
//! …                         widths, in the order of the keys
//! index OFFSET COUNT        where the index begins, and its lines
//! ```
//!
//! The receipts alone are the archive: an index that a kill has cut off is made again from them, and of a batch
//! that it has cut, nothing counts. A receipt taken out is judged like any other; nothing here is believed. In
//! version 1 all receipts are whole, and the index is another; it is read without that, and going on with it makes
//! it one of version 2.

mod records;
mod stored_batch;

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use crate::durable::{self, FileError};
use messages::UserMessage;
use protocol::{hash::RecordKey, receipt::RECEIPT_BYTES_MAX, text};

pub use self::records::Found;
use self::{
    records::{BATCH_LINE_BYTES, HEAD, HEAD_V1, Header, scan},
    stored_batch::StoredBatch,
};
use super::ImportError;

/// Bytes of a line of the index, and of the last line.
const LINE_BYTES: u64 = 32 + 1 + 16 + 1;
const LAST_BYTES: u64 = 6 + 16 + 1 + 16 + 1;

/// Receipts are written so many bytes at a time, and a batch, which mostly has more, as soon as it is there. What a kill
/// takes is asked for again by the next run.
const PIECE_BYTES: usize = 1 << 18;
/// Room for most batches.
const BATCH_BYTES: usize = 2 << 20;
/// Batches whose receipts are kept once one of them was asked for: those of a run that is run again are asked for in
/// the order of the rows, by a few threads.
const BATCHES_MAX: usize = 4;

/// Where the bytes of a receipt or row begin, and how many they are.
pub type Place = (u64, usize);

/// Half of a key: enough to tell records apart, and there may be millions.
type Half = [u8; 16];

/// The receipts of one batch that nobody has asked for yet, by their lines.
type MadeReceipts = BTreeMap<u64, String>;

/// An archive, open for reading and appending.
#[derive(Debug)]
pub struct Archive {
    path: PathBuf,
    inner: Mutex<ArchiveState>,
    /// By the place of the batch, the newest last.
    made: Mutex<Vec<(u64, MadeReceipts)>>,
}

#[derive(Debug)]
struct ArchiveState {
    file: File,
    /// Where the line before the newest receipt of each record begins.
    places: BTreeMap<Half, u64>,
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
        let mut places = BTreeMap::new();
        let mut end = HEAD.len() as u64;
        if length >= end {
            end = scan(path, &mut file, |found| {
                let _older = places.insert(half(&found.key), found.header);
            })?;
        }
        file.set_len(end).map_err(unwritable)?;
        // The receipts of version 1 are of version 2 too.
        file.rewind().map_err(unwritable)?;
        file.write_all(HEAD).map_err(unwritable)?;
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
            made: Mutex::default(),
        })
    }

    /// Path of its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the receipt of a record is here.
    pub fn holds(&self, key: &RecordKey) -> bool {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.places.contains_key(&half(key))
    }

    /// The receipt of a record, if it is here.
    pub fn find(&self, key: &RecordKey) -> Option<Vec<u8>> {
        let start = {
            let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            let start = *inner.places.get(&half(key))?;
            inner.flush().ok()?;
            start
        };
        let mut file = File::open(&self.path).ok()?;
        match Header::at(&mut file, start).ok()?? {
            (Header::Receipt(found, bytes), at) if found == *key => {
                take_from(&mut file, (at, bytes)).ok()
            }
            (Header::Row(found, _, back), _) if found == *key => {
                self.made(&mut file, start.checked_sub(back)?, start)
            }
            _ => None,
        }
    }

    /// A receipt of a batch, made with all others of it, which are asked for next.
    fn made(&self, file: &mut File, batch: u64, header: u64) -> Option<Vec<u8>> {
        let taken = || {
            let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            let (_, receipts) = made.iter_mut().find(|(start, _)| *start == batch)?;
            receipts.remove(&header)
        };
        if let Some(text) = taken() {
            return Some(text.into_bytes());
        }
        let mut receipts: MadeReceipts = { StoredBatch::read(file, batch).ok()? }
            .receipts()?
            .into_iter()
            .collect();
        let text = receipts.remove(&header);
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.retain(|(start, _)| *start != batch);
        if made.len() >= BATCHES_MAX {
            let _oldest = made.remove(0);
        }
        made.push((batch, receipts));
        text.map(String::into_bytes)
    }

    /// Adds a receipt; a later one of the same record takes its place in the index.
    ///
    /// # Errors
    /// [`ImportError`].
    pub fn keep(&self, key: RecordKey, receipt: &[u8]) -> Result<(), ImportError> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let header = inner.end;
        let line = format!("receipt {} {}\n", key.to_hex(), receipt.len());
        inner.add(&[line.as_bytes(), receipt]);
        let _older = inner.places.insert(half(&key), header);
        self.written(&mut inner)
    }

    /// Adds the receipts of a batch, by what they share, and each up to its proofs, in the order of the batch.
    ///
    /// # Errors
    /// [`ImportError`].
    pub fn keep_batch<'a>(
        &self,
        shared: &[u8],
        rows: impl Iterator<Item = (RecordKey, &'a [u8])>,
    ) -> Result<(), ImportError> {
        let mut batch = Vec::with_capacity(BATCH_BYTES);
        batch.resize(BATCH_LINE_BYTES, b' ');
        batch.extend_from_slice(shared);
        let mut headers = Vec::new();
        for (key, head) in rows {
            let back = batch.len();
            headers.push((half(&key), back as u64));
            batch.extend_from_slice(b"row ");
            batch.extend_from_slice(key.to_hex().as_bytes());
            batch.extend_from_slice(format!(" {} {back}\n", head.len()).as_bytes());
            batch.extend_from_slice(head);
        }
        let bytes = batch.len() - BATCH_LINE_BYTES;
        let line = format!(
            "batch {bytes:012} {:08} {:04}\n",
            shared.len(),
            headers.len()
        );
        batch[..BATCH_LINE_BYTES].copy_from_slice(line.as_bytes());
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let start = inner.end;
        inner.add(&[&batch]);
        let headers = headers.into_iter().map(|(key, at)| (key, start + at));
        inner.places.extend(headers);
        self.written(&mut inner)
    }

    /// Writes what waits, if that is so much.
    fn written(&self, inner: &mut ArchiveState) -> Result<(), ImportError> {
        if inner.waiting.len() >= PIECE_BYTES {
            let written = inner.flush();
            written.map_err(|error| FileError::unwritable(&self.path, error))?;
        }
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
            for (half, start) in &inner.places {
                writeln!(out, "{} {start:016}", text::hex(half))?;
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
    fn add(&mut self, parts: &[&[u8]]) {
        for part in parts {
            self.waiting.extend_from_slice(part);
            self.end += part.len() as u64;
        }
    }

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

fn half(key: &RecordKey) -> Half {
    let mut half = Half::default();
    half.copy_from_slice(&key.as_bytes()[..16]);
    half
}

fn not_one(path: &Path) -> ImportError {
    ImportError::NotAnArchive {
        path: path.to_owned(),
    }
}

/// All receipts of an archive in their order, also those that newer ones have replaced.
pub struct Contents {
    /// The receipts, in their order.
    pub receipts: Vec<Found>,
    /// Where the last of them ends.
    pub end: u64,
    /// A receipt or batch that is not whole follows.
    pub torn: bool,
}

/// Contents of an archive.
///
/// # Errors
/// [`ImportError`].
pub fn contents(path: &Path) -> Result<Contents, ImportError> {
    let unreadable = |error: std::io::Error| FileError::unreadable(path, error);
    let mut file = File::open(path).map_err(unreadable)?;
    let mut receipts = Vec::new();
    let end = scan(path, &mut file, |found| receipts.push(found))?;
    let _place = file.seek(SeekFrom::Start(end)).map_err(unreadable)?;
    let mut next = Vec::new();
    let read = file.take(8).read_to_end(&mut next);
    let _bytes = read.map_err(unreadable)?;
    let torn = next == b"receipt " || next.starts_with(b"batch ");
    Ok(Contents {
        receipts,
        end,
        torn,
    })
}

/// The receipt or row that is at a place: enough to know what it says.
///
/// # Errors
///
/// As the operating system says.
pub fn take(path: &Path, place: Place) -> std::io::Result<Vec<u8>> {
    take_from(&mut File::open(path)?, place)
}

/// What the receipts of a batch share, as the node has given it, by the place where the batch begins.
///
/// # Errors
///
/// As the operating system says; of another place, that it is none.
pub fn shared(path: &Path, batch: u64) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    match Header::at(&mut file, batch)? {
        Some((Header::Batch(header), at)) => stored_batch::shared_at(&mut file, header, at),
        _ => Err(std::io::ErrorKind::InvalidData.into()),
    }
}

fn take_from(file: &mut File, (start, length): Place) -> std::io::Result<Vec<u8>> {
    let _place = file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    let most = length.min(RECEIPT_BYTES_MAX) as u64;
    let _read = file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Takes one receipt out of an archive: by its index, or by going through it where that is not there.
///
/// # Errors
/// [`ImportError`].
pub fn extract(path: &Path, key: &RecordKey) -> Result<Option<Vec<u8>>, ImportError> {
    let unreadable = |error: std::io::Error| FileError::unreadable(path, error);
    let mut file = File::open(path).map_err(unreadable)?;
    let mut head = [0; HEAD.len()];
    let is_read = file.read_exact(&mut head).is_ok();
    if !is_read || !(head == *HEAD || head == *HEAD_V1) {
        return Err(not_one(path));
    }
    let index = match head == *HEAD {
        true => index_of(&mut file).map_err(unreadable)?,
        false => None,
    };
    let place = match index {
        Some(lines) => search(&mut file, lines, key).map_err(unreadable)?,
        None => {
            let mut newest = None;
            let _end = scan(path, &mut file, |found| {
                if found.key == *key {
                    newest = Some(found.header);
                }
            })?;
            newest
        }
    };
    let taken = place.map(|place| extract_at(&mut file, place, key));
    Ok(taken.transpose().map_err(unreadable)?.flatten())
}

/// The receipt of a record whose line begins at a place.
fn extract_at(file: &mut File, start: u64, key: &RecordKey) -> std::io::Result<Option<Vec<u8>>> {
    match Header::at(file, start)? {
        Some((Header::Receipt(found, bytes), at)) if found == *key => {
            take_from(file, (at, bytes)).map(Some)
        }
        Some((Header::Row(found, _, back), _)) if found == *key => {
            let batch = StoredBatch::read(file, start.saturating_sub(back))?;
            let receipt = batch.receipt(start);
            let receipt = receipt.ok_or_else(stored_batch::damaged)?;
            Ok(Some(receipt.into_bytes()))
        }
        _ => Ok(None),
    }
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
    (start, count): (u64, u64),
    key: &RecordKey,
) -> std::io::Result<Option<u64>> {
    let wanted = text::hex(&half(key));
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
                return Ok(words.next().and_then(|word| word.parse().ok()));
            }
            _ => high = middle,
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
