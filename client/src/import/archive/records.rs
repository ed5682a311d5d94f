//! The records of an archive: where each receipt stands, whole or as a row of its batch.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use protocol::{
    batch::BATCH_ENTRIES_MAX, batch_receipts::BATCH_RECEIPTS_BYTES_MAX, hash::RecordKey,
    receipt::RECEIPT_BYTES_MAX, text,
};

use super::{ImportError, Place, not_one};
use crate::durable::FileError;

/// First line of an archive, and that of one whose receipts are all whole.
pub(super) const HEAD: &[u8] = b"muhr-archive/v2\n";
pub(super) const HEAD_V1: &[u8] = b"muhr-archive/v1\n";
/// The most bytes of a line before a receipt, a batch or a row.
const HEADER_BYTES_MAX: u64 = 128;

/// Bytes of the line before a batch, whose numbers have fixed widths.
pub(super) const BATCH_LINE_BYTES: usize = 6 + 12 + 1 + 8 + 1 + 4 + 1;

/// The line before a record.
pub(super) enum Header {
    /// A whole receipt, of so many bytes.
    Receipt(RecordKey, usize),
    /// A batch.
    Batch(BatchHeader),
    /// A row of a batch: its bytes, and how far before its line that of the batch begins.
    Row(RecordKey, usize, u64),
}

/// The line before a batch.
#[derive(Clone, Copy)]
pub(super) struct BatchHeader {
    /// Bytes of the batch behind the line.
    pub(super) bytes: u64,
    /// Bytes of what its receipts share.
    pub(super) shared: usize,
    /// Number of its rows.
    pub(super) rows: usize,
}

impl Header {
    /// Reads a line with its line feed.
    fn read(line: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
        let words: Vec<&str> = line.split(' ').collect();
        let fixed = |word: &str, digits: usize| {
            let all = word.len() == digits && word.bytes().all(|byte| byte.is_ascii_digit());
            all.then(|| word.parse::<u64>().ok()).flatten()
        };
        let length = |word: &str| {
            let length = usize::try_from(text::number(word)?).ok()?;
            (length <= RECEIPT_BYTES_MAX).then_some(length)
        };
        match words.as_slice() {
            ["receipt", key, bytes] => {
                Some(Self::Receipt(RecordKey::from_hex(key)?, length(bytes)?))
            }
            ["row", key, bytes, back] => {
                let key = RecordKey::from_hex(key)?;
                Some(Self::Row(key, length(bytes)?, text::number(back)?))
            }
            ["batch", bytes, shared, rows] => {
                let rows = fixed(rows, 4)?;
                let shared = usize::try_from(fixed(shared, 8)?).ok()?;
                let header = BatchHeader {
                    bytes: fixed(bytes, 12)?,
                    shared,
                    rows: usize::try_from(rows).ok()?,
                };
                let fits = (1..=BATCH_ENTRIES_MAX).contains(&rows)
                    && shared <= BATCH_RECEIPTS_BYTES_MAX
                    && shared as u64 <= header.bytes;
                fits.then_some(Self::Batch(header))
            }
            _ => None,
        }
    }

    /// Reads the line that begins at a place, and where it ends.
    pub(super) fn at(file: &mut File, start: u64) -> io::Result<Option<(Self, u64)>> {
        let _place = file.seek(SeekFrom::Start(start))?;
        let mut line = Vec::new();
        let piece = file.take(HEADER_BYTES_MAX);
        let _bytes = BufReader::with_capacity(128, piece).read_until(b'\n', &mut line)?;
        let end = start + line.len() as u64;
        Ok(Self::read(&line).map(|header| (header, end)))
    }
}

/// A receipt of an archive: whole, or a row of a batch, which begins as the receipt does and ends before its proofs.
#[derive(Clone, Debug)]
pub struct Found {
    /// Key of its record.
    pub key: RecordKey,
    /// Where the bytes of the receipt or row are.
    pub place: Place,
    /// Where the batch begins that it is a row of.
    pub batch: Option<u64>,
    /// Where the line before it begins.
    pub(super) header: u64,
}

/// Goes through an archive while it is read from the beginning.
struct Scan<'a> {
    path: &'a Path,
    reader: BufReader<&'a mut File>,
    at: u64,
    length: u64,
}

impl Scan<'_> {
    fn unreadable(&self, error: io::Error) -> ImportError {
        FileError::unreadable(self.path, error).into()
    }

    /// The next line, if it is one before a record whose bytes are all there; `at` is then behind the line.
    fn header(&mut self) -> Result<Option<Header>, ImportError> {
        let mut line = Vec::new();
        let piece = self.reader.by_ref().take(HEADER_BYTES_MAX);
        let read = { piece }.read_until(b'\n', &mut line);
        let read = read.map_err(|error| self.unreadable(error))?;
        self.at += read as u64;
        let header = Header::read(&line).filter(|header| {
            let bytes = match header {
                Header::Receipt(_, bytes) | Header::Row(_, bytes, _) => *bytes as u64,
                Header::Batch(batch) => batch.bytes,
            };
            let end = self.at.checked_add(bytes);
            end.is_some_and(|end| end <= self.length)
        });
        Ok(header)
    }

    fn skip(&mut self, bytes: usize) -> Result<(), ImportError> {
        let skipped = i64::try_from(bytes).unwrap_or(i64::MAX);
        let sought = self.reader.seek_relative(skipped);
        sought.map_err(|error| self.unreadable(error))?;
        self.at += bytes as u64;
        Ok(())
    }

    /// The rows of the batch whose line was read; none if they are not what it says.
    fn rows(&mut self, start: u64, batch: BatchHeader) -> Result<Option<Vec<Found>>, ImportError> {
        let end = self.at + batch.bytes;
        self.skip(batch.shared)?;
        let mut rows = Vec::with_capacity(batch.rows);
        for _ in 0..batch.rows {
            let header = self.at;
            match self.header()? {
                Some(Header::Row(key, bytes, back)) if back == header - start => {
                    rows.push(Found {
                        key,
                        place: (self.at, bytes),
                        batch: Some(start),
                        header,
                    });
                    self.skip(bytes)?;
                }
                _ => return Ok(None),
            }
        }
        Ok((self.at == end).then_some(rows))
    }
}

/// Goes through the receipts; gives where the last ends. A batch counts whole or not at all.
pub(super) fn scan(
    path: &Path,
    file: &mut File,
    mut visit: impl FnMut(Found),
) -> Result<u64, ImportError> {
    let unreadable = |error: io::Error| FileError::unreadable(path, error);
    let length = file.metadata().map_err(unreadable)?.len();
    let _start = file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let mut scan = Scan {
        path,
        reader: BufReader::new(file),
        at: HEAD.len() as u64,
        length,
    };
    let mut head = [0; HEAD.len()];
    let read = scan.reader.read_exact(&mut head);
    if read.is_err() || !(head == *HEAD || head == *HEAD_V1) {
        return Err(not_one(path));
    }
    loop {
        let start = scan.at;
        match scan.header()? {
            Some(Header::Receipt(key, bytes)) => {
                visit(Found {
                    key,
                    place: (scan.at, bytes),
                    batch: None,
                    header: start,
                });
                scan.skip(bytes)?;
            }
            Some(Header::Batch(batch)) if head == *HEAD => match scan.rows(start, batch)? {
                Some(rows) => rows.into_iter().for_each(&mut visit),
                None => return Ok(start),
            },
            _ => return Ok(start),
        }
    }
}
