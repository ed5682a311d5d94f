//! A batch of an archive: what its receipts share, once, and its rows. From these every receipt is made, the same
//! text as the node's with the opening in it.

use std::{
    fs::File,
    io::{self, ErrorKind, Read, Seek, SeekFrom},
};

use messages::UserMessage;
use protocol::{
    batch_receipts::BatchReceipts,
    entry::Entry,
    opening::Opening,
    receipt::{self, Receipt},
};

use super::records::{BatchHeader, Header};

/// A batch that was read.
pub(super) struct StoredBatch {
    shared: BatchReceipts,
    entries: Vec<Entry>,
    openings: Vec<Option<Opening>>,
    /// Where the line before each row begins.
    headers: Vec<u64>,
}

impl StoredBatch {
    /// Reads the batch that begins at a place.
    pub(super) fn read(file: &mut File, start: u64) -> io::Result<Self> {
        let Some((Header::Batch(batch), at)) = Header::at(file, start)? else {
            return Err(damaged());
        };
        let shared = shared_at(file, batch, at)?;
        let shared = BatchReceipts::parse(&shared).map_err(|_| damaged())?;
        let mut read = Self {
            shared,
            entries: Vec::with_capacity(batch.rows),
            openings: Vec::with_capacity(batch.rows),
            headers: Vec::with_capacity(batch.rows),
        };
        let mut next = at + batch.shared as u64;
        for _ in 0..batch.rows {
            let Some((Header::Row(key, bytes, _), at)) = Header::at(file, next)? else {
                return Err(damaged());
            };
            let head = super::take_from(file, (at, bytes))?;
            let (entry, opening) = receipt::shown(&head).map_err(|_| damaged())?;
            if entry.statement.key != key {
                return Err(damaged());
            }
            read.headers.push(next);
            read.entries.push(entry);
            read.openings.push(opening);
            next = at + bytes as u64;
        }
        Ok(read)
    }

    /// The receipt of the row whose line begins at a place.
    pub(super) fn receipt(&self, header: u64) -> Option<String> {
        let number = self.headers.iter().position(|at| *at == header)?;
        let receipt = self.shared.unfold(&self.entries)?.receipt(number)?;
        self.opened(number, receipt)
    }

    /// All receipts, each with the place at which the line before its row begins.
    pub(super) fn receipts(&self) -> Option<Vec<(u64, String)>> {
        let receipts = (0..).zip(self.shared.receipts(&self.entries)?);
        let opened = receipts.map(|(number, receipt)| {
            let header = self.headers.get(number).copied();
            header.zip(self.opened(number, receipt))
        });
        let opened: Vec<(u64, String)> = opened.collect::<Option<_>>()?;
        (opened.len() == self.entries.len()).then_some(opened)
    }

    fn opened(&self, number: usize, mut receipt: Receipt) -> Option<String> {
        receipt.opening = self.openings.get(number)?.clone();
        Some(receipt.write())
    }
}

/// That no receipts can be made of what is there.
pub(super) fn damaged() -> io::Error {
    let what = UserMessage::new("archive-batch-damaged");
    io::Error::new(ErrorKind::InvalidData, what)
}

/// What the receipts of a batch share.
pub(super) fn shared_at(file: &mut File, batch: BatchHeader, at: u64) -> io::Result<Vec<u8>> {
    let _place = file.seek(SeekFrom::Start(at))?;
    let mut shared = vec![0; batch.shared];
    file.read_exact(&mut shared)?;
    Ok(shared)
}
