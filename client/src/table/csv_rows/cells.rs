//! The cells of a row of CSV text: where one ends and what it holds, `csv-core` says, which alone understands quotes.
//!
//! It is fed line by line, so that a row which goes on in the next line is known. What it lets pass is found by
//! writing a quoted cell as it should stand: if that is not what stands there, text goes on behind its closing quote.

use csv_core::{ReadFieldResult, Reader, ReaderBuilder};

/// The cells of a row while its lines go by.
pub(super) struct Cells {
    delimiter: u8,
    reader: Reader,
    cells: csv::ByteRecord,
    /// The cell that is read: its bytes so far, and where it begins in the row.
    cell: Vec<u8>,
    filled: usize,
    begins: usize,
    /// The first cell that goes on behind its closing quote, and the first that holds a line end.
    behind: Option<usize>,
    broken: Option<usize>,
}

impl Cells {
    pub(super) fn new(delimiter: u8) -> Self {
        let mut reader = ReaderBuilder::new().delimiter(delimiter).build();
        // It leaves out a byte order mark where it begins to read. Here it begins with a blank line, which it leaves
        // out too: the mark of a file is known already, and a second one is text.
        let _none = reader.read_field(b"\n", &mut [0]);
        Self {
            delimiter,
            reader,
            cells: csv::ByteRecord::new(),
            cell: Vec::new(),
            filled: 0,
            begins: 0,
            behind: None,
            broken: None,
        }
    }

    /// How many cells have ended.
    pub(super) fn count(&self) -> usize {
        self.cells.len()
    }

    /// The cells of the row that has ended; of these the first that goes on behind its closing quote, and the first
    /// that holds a line end. What comes next is another row.
    pub(super) fn take(&mut self) -> (csv::ByteRecord, Option<usize>, Option<usize>) {
        let cells = std::mem::take(&mut self.cells);
        self.begins = 0;
        (cells, self.behind.take(), self.broken.take())
    }

    /// Takes the line of a row that begins at `start` and ends with it. Whether the row goes on in the next.
    pub(super) fn line(&mut self, row: &[u8], start: usize) -> bool {
        let line = row.get(start..).unwrap_or_default();
        let text = super::content(line);
        if start == 0 && !text.contains(&b'"') {
            for cell in text.split(|byte| *byte == self.delimiter) {
                self.cells.push_field(cell);
            }
            return false;
        }
        let ended = self.feed(row, start) || (text.len() == line.len() && self.feed_end(row));
        if !ended {
            let _first = self.broken.get_or_insert(self.cells.len());
        }
        !ended
    }

    /// Feeds a line with its end, if it has one. Whether the row has ended.
    fn feed(&mut self, row: &[u8], start: usize) -> bool {
        let mut at = start;
        while let Some(rest) = row.get(at..).filter(|rest| !rest.is_empty()) {
            let (result, read) = self.read(rest);
            at += read;
            if let ReadFieldResult::Field { record_end } = result {
                // One byte ends a cell, or a line.
                let raw = row.get(self.begins..at - 1).unwrap_or_default();
                self.end(raw);
                self.begins = at;
                if record_end {
                    return true;
                }
            }
        }
        false
    }

    /// The last line of a file may have no end.
    fn feed_end(&mut self, row: &[u8]) -> bool {
        let (result, _) = self.read(b"\n");
        let ended = matches!(result, ReadFieldResult::Field { .. });
        if ended {
            self.end(row.get(self.begins..).unwrap_or_default());
        }
        ended
    }

    fn read(&mut self, bytes: &[u8]) -> (ReadFieldResult, usize) {
        // No cell is longer than what it is written as.
        let room = self.filled + bytes.len();
        if self.cell.len() < room {
            self.cell.resize(room, 0);
        }
        let into = self.cell.get_mut(self.filled..).unwrap_or_default();
        let (result, read, filled) = self.reader.read_field(bytes, into);
        self.filled += filled;
        (result, read)
    }

    /// A cell has ended, which stands so in the file.
    fn end(&mut self, raw: &[u8]) {
        let cell = self.cell.get(..self.filled).unwrap_or_default();
        if raw.starts_with(b"\"") && !is_closed(raw, cell) {
            let _first = self.behind.get_or_insert(self.cells.len());
        }
        self.cells.push_field(cell);
        self.filled = 0;
    }
}

/// Returns whether a quoted cell ends with its closing quote: it is as long as this text is in quotes, each quote of it doubled.
/// With text behind the closing quote it is that long only if none of that is a quote; then it does not end with one.
fn is_closed(raw: &[u8], cell: &[u8]) -> bool {
    let quotes = cell.iter().filter(|byte| **byte == b'"').count();
    raw.ends_with(b"\"") && raw.len() == cell.len() + quotes + 2
}
