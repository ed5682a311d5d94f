//! A part of a workbook as it is unpacked, which ends where it, or what a reader holds of it at once, grows too long.
//!
//! The reader of markup keeps a whole mark or text before it says anything of it: what is too long must never reach
//! it. Not here: what the marks mean (`xlsx_limits`).

use std::io::{self, BufRead, BufReader, Read};

use messages::UserMessage;
use quick_xml::{Error as XmlError, errors::SyntaxError, events::Event};

use super::{super::source::CELL_BYTES_MAX, PIECE_BYTES};
use crate::coded::reason;

/// How the tags begin without which a part holds neither sheets nor rows.
const ROWS: [&[u8]; 2] = [b"<sheet", b":sheet"];
const ROWS_BYTES: usize = 6;

/// A part, its bounds, and where in it the reader is.
pub(super) struct Bounded<R> {
    part: BufReader<R>,
    most: u64,
    pub(super) bytes: u64,
    /// Where the cell, the text or the mark begins that a reader holds, and where the last mark or text ended.
    pub(super) held: u64,
    pub(super) last: u64,
}

impl<R: Read> Bounded<R> {
    pub(super) fn of(part: R, most: u64) -> Self {
        Self {
            part: BufReader::with_capacity(PIECE_BYTES, part),
            most,
            bytes: 0,
            held: 0,
            last: 0,
        }
    }

    pub(super) fn within(&self) -> Result<(), UserMessage> {
        if self.bytes > self.most {
            return Err(UserMessage::new("workbook-unpacks-to-more"));
        }
        if self.bytes - self.held > CELL_BYTES_MAX as u64 {
            return Err(
                UserMessage::new("workbook-cell-too-long").text("bytes-max", CELL_BYTES_MAX)
            );
        }
        Ok(())
    }

    /// A mark or text was read whole. Text goes on behind what stands for a letter, and a cell until it ends.
    pub(super) fn go_on(&mut self, event: &Event<'_>, is_cell: bool) {
        if !is_cell && !matches!(event, Event::Text(_) | Event::GeneralRef(_)) {
            self.held = self.bytes;
        }
        self.last = self.bytes;
    }

    /// Why a part is refused that the reader cannot follow.
    pub(super) fn refused(&self, error: &XmlError) -> UserMessage {
        match error {
            XmlError::Io(error) => self.within().err().unwrap_or_else(|| unpacked(error)),
            XmlError::Syntax(SyntaxError::InvalidBangMarkup) => malformed(),
            XmlError::Syntax(_) => early(),
            _ => malformed(),
        }
    }

    /// Reads a part without markup to its end.
    pub(super) fn pass_without_rows(&mut self) -> Result<(), UserMessage> {
        // The last bytes of a piece, with which such a tag may begin.
        let mut known = Vec::new();
        loop {
            self.held = self.bytes;
            self.within()?;
            let piece = self.part.fill_buf().map_err(|error| unpacked(&error))?;
            if piece.is_empty() {
                return Ok(());
            }
            known.extend_from_slice(piece);
            if known.windows(ROWS_BYTES).any(|word| ROWS.contains(&word)) {
                return Err(UserMessage::new("workbook-rows-misnamed"));
            }
            known.drain(..known.len().saturating_sub(ROWS_BYTES - 1));
            let count = piece.len();
            self.consume(count);
        }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.within().map_err(io::Error::other)?;
        self.part.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.bytes += count as u64;
        self.part.consume(count);
    }
}

pub(super) const fn malformed() -> UserMessage {
    UserMessage::new("workbook-markup-broken")
}

pub(super) const fn early() -> UserMessage {
    UserMessage::new("workbook-part-ends-early")
}

fn unpacked(error: &io::Error) -> UserMessage {
    UserMessage::new("workbook-not-unpacked").part("reason", reason(error))
}
