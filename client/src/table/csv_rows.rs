//! Rows of CSV text, each with the number that a spreadsheet gives it, and what quotes make doubtful.
//!
//! Where a cell ends, `csv-core` says (`cells`), line by line; lines are counted here. It reads what RFC 4180 allows, and besides it line ends of all three kinds, rows of unequal length, and
//! quotes within a cell that does not begin with one. What quotes make doubtful is never believed: a file
//! that ends within quotes is refused whole, and a row whose quoted cell swallows what would be rows, or
//! goes on behind its closing quote, comes out with the reason why it is wrong. Why rows are no library's:
//! docs/decisions/0030-csv-quotes.md. Not here: letters (`encoding`), and what a row means (`rows`).

mod cells;
mod start;

use crate::{coded::reason, durable::FileError};
use std::{
    fs::File,
    io::{BufRead, BufReader, Seek, SeekFrom},
    path::Path,
};

use messages::UserMessage;

pub(super) use self::start::told;
use self::{cells::Cells, start::start};
use super::{
    TableError,
    cell_errors::QUOTES,
    source::{ROW_BYTES_MAX, Raw, Wrong},
};

/// Bytes that are read at once.
const PIECE_BYTES: usize = 1 << 16;

const SWALLOWED: UserMessage = UserMessage::new("quotes-swallow-rows");
const BEHIND: UserMessage = UserMessage::new("quotes-text-behind");

/// Rows of a text, each with the number that a spreadsheet gives it.
pub(super) struct CsvRows<R = BufReader<File>> {
    input: R,
    delimiter: u8,
    /// Number of the row that is read next.
    row: u64,
    /// Cells of the first row, once it is known.
    width: Option<usize>,
    cells: Box<Cells>,
    /// The row as it stands in the file, and where its lines begin.
    text: Vec<u8>,
    lines: Vec<usize>,
}

impl CsvRows {
    pub(super) fn open(path: &Path, delimiter: u8) -> Result<Self, TableError> {
        let unreadable = |error| FileError::unreadable(path, error);
        let file = File::open(path).map_err(unreadable)?;
        let mut input = BufReader::with_capacity(PIECE_BYTES, file);
        let (skipped, _) = start(&mut input).map_err(unreadable)?;
        let _place = input.seek(SeekFrom::Start(skipped)).map_err(unreadable)?;
        Ok(Self::of(input, delimiter))
    }
}

impl<R: BufRead> CsvRows<R> {
    fn of(input: R, delimiter: u8) -> Self {
        Self {
            input,
            delimiter,
            row: 1,
            width: None,
            cells: Box::new(Cells::new(delimiter)),
            text: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// The next row that is not blank; none at the end. The error does not name the file.
    pub(super) fn next(&mut self) -> Result<Option<Raw>, UserMessage> {
        loop {
            self.text.clear();
            self.lines.clear();
            let ended = self.row()?;
            if ended && self.text.is_empty() {
                return Ok(None);
            }
            let number = self.row;
            self.row += 1;
            if !content(&self.text).is_empty() {
                return Ok(Some(self.finish(number)));
            }
        }
    }

    /// Reads the lines of one row. Whether the file has ended.
    fn row(&mut self) -> Result<bool, UserMessage> {
        let mut goes_on = false;
        loop {
            let start = self.text.len();
            self.lines.push(start);
            self.line()?;
            if self.text.len() == start {
                return match goes_on {
                    false => Ok(true),
                    true => Err(UserMessage::new("quote-never-closed")
                        .text("row", self.row)
                        .text("column", self.cells.count() + 1)),
                };
            }
            // A blank line between rows is none.
            if !goes_on && content(&self.text).is_empty() {
                return Ok(false);
            }
            goes_on = self.cells.line(&self.text, start);
            if !goes_on {
                return Ok(false);
            }
        }
    }

    /// Takes the next line of the file, with its end.
    fn line(&mut self) -> Result<(), UserMessage> {
        let failed = |error: std::io::Error| {
            UserMessage::new("row-unreadable").part("reason", reason(&error))
        };
        loop {
            let piece = self.input.fill_buf().map_err(failed)?;
            if piece.is_empty() {
                return Ok(());
            }
            let end = piece.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let count = end.map_or(piece.len(), |at| at + 1);
            self.text
                .extend_from_slice(piece.get(..count).unwrap_or_default());
            self.input.consume(count);
            if self.text.len() > ROW_BYTES_MAX {
                return Err(UserMessage::new("row-too-long-quote")
                    .text("row", self.row)
                    .text("bytes-max", ROW_BYTES_MAX));
            }
            if end.is_none() {
                continue;
            }
            // A line feed behind a carriage return ends the same line.
            let next = self.input.fill_buf().map_err(failed)?;
            if self.text.last() == Some(&b'\r') && next.first() == Some(&b'\n') {
                self.input.consume(1);
                self.text.push(b'\n');
            }
            return Ok(());
        }
    }

    fn finish(&mut self, number: u64) -> Raw {
        let (mut cells, behind, broken) = self.cells.take();
        if self.width.is_none() && cells.iter().any(|cell| !cell.is_empty()) {
            self.width = Some(count(&cells, 1));
        }
        let width = self.width.unwrap_or(1);
        let swallowed = broken.filter(|_| self.swallows(width));
        // A cell that holds rows is named before one with text behind it: that is where it began.
        let wrong = match (swallowed, behind) {
            (Some(column), _) => Some((column, SWALLOWED)),
            (None, Some(column)) => Some((column, BEHIND)),
            (None, None) => None,
        };
        let wrong = wrong.map(|(column, what)| Wrong {
            column,
            code: QUOTES,
            what,
        });
        if let Some(wrong) = &wrong {
            cells = mark(&cells, wrong.column);
        }
        Raw {
            number,
            cells,
            wrong,
            ..Raw::default()
        }
    }

    /// Returns whether a line of this row, but for its first, has delimiters enough to be a row of `width` cells by itself.
    fn swallows(&self, width: usize) -> bool {
        let ends = self.lines.iter().skip(1).copied();
        let ends = ends.chain([self.text.len()]);
        let lines = self.lines.iter().zip(ends).skip(1);
        let lines =
            lines.map(|(start, end)| content(self.text.get(*start..end).unwrap_or_default()));
        { lines }.any(|line| {
            let cells = line.split(|byte| *byte == self.delimiter).count();
            !line.is_empty() && cells >= width
        })
    }
}

/// Cells with a mark on one: fed back as it is, it is refused again.
fn mark(cells: &csv::ByteRecord, column: usize) -> csv::ByteRecord {
    let cell = |(at, cell): (usize, &[u8])| match at == column {
        true => [b"#QUOTES ", cell].concat(),
        false => cell.to_vec(),
    };
    cells.iter().enumerate().map(cell).collect()
}

/// A line without its end.
fn content(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// How many cells a row has without the empty ones at its end, but at least `width` of them if it has so many.
pub(super) fn count(cells: &csv::ByteRecord, width: usize) -> usize {
    let filled = cells.iter().rposition(|cell| !cell.is_empty());
    filled.map_or(0, |at| at + 1).max(width.min(cells.len()))
}

#[cfg(test)]
mod tests;
