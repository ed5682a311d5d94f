//! The bytes of a table: how it is written, what stands between its cells, and rows of a bounded size.
//!
//! Nothing here knows what a row means, and nothing which letters its bytes are (`encoding`).

use std::{
    collections::VecDeque,
    fmt,
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

use super::{encoding::Encoding, workbook};
use crate::{exit::Failure, files};

/// The most bytes of one row. A quote that is never closed ends here, not with the memory.
pub(super) const ROW_BYTES_MAX: usize = 1024 * 1024;
/// The most bytes of one cell of a workbook.
pub(super) const CELL_BYTES_MAX: usize = 1024 * 1024;

/// What stands between cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delimiter {
    Comma,
    Semicolon,
    Tab,
}

impl Delimiter {
    pub(super) const ALL: [Self; 3] = [Self::Comma, Self::Semicolon, Self::Tab];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Comma => "comma",
            Self::Semicolon => "semicolon",
            Self::Tab => "tab",
        }
    }

    const fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }
}

/// How a table is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Text(Encoding, Delimiter),
    /// The name of the sheet.
    Workbook(String),
}

impl fmt::Display for Form {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(encoding, delimiter) => {
                write!(
                    out,
                    "{}, {} between cells",
                    encoding.name(),
                    delimiter.name()
                )
            }
            Self::Workbook(sheet) => write!(out, "a workbook, sheet \"{sheet}\""),
        }
    }
}

impl Form {
    pub(super) const fn encoding(&self) -> Encoding {
        match self {
            Self::Text(encoding, _) => *encoding,
            Self::Workbook(_) => Encoding::Utf8,
        }
    }

    pub(super) fn rows(&self, path: &Path) -> Result<Rows, Failure> {
        Ok(Rows::of(match self {
            Self::Text(_, delimiter) => Source::Text(TextRows::open(path, *delimiter)?),
            Self::Workbook(sheet) => Source::Workbook(workbook::Rows::open(path, sheet)),
        }))
    }
}

/// A row as it stands in the file.
#[derive(Default)]
pub(super) struct Raw {
    /// As a spreadsheet counts: the first row of a file is row 1, and a blank one is one too.
    pub(super) number: u64,
    pub(super) cells: csv::ByteRecord,
    /// The first cell that has no text.
    pub(super) wrong: Option<Wrong>,
}

/// Why a cell has no text.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) struct Wrong {
    /// Its place among all columns.
    pub(super) column: usize,
    pub(super) code: &'static str,
    pub(super) what: &'static str,
}

/// Raw rows, one by one. Blank ones are left out, but between those of a table of one column, where a blank
/// row is one without a value.
pub(super) struct Rows {
    source: Source,
    /// Columns of the first row.
    width: Option<usize>,
    /// The number of the row that was given last.
    last: u64,
    held: Option<Raw>,
}

enum Source {
    Text(TextRows),
    Workbook(workbook::Rows),
}

impl Rows {
    const fn of(source: Source) -> Self {
        Self {
            source,
            width: None,
            last: 0,
            held: None,
        }
    }

    /// The next row; none at the end. The error is a sentence without the file's name.
    pub(super) fn next(&mut self) -> Result<Option<Raw>, String> {
        let next = match (self.held.take(), &mut self.source) {
            (Some(held), _) => Some(held),
            (None, Source::Text(rows)) => rows.next()?,
            (None, Source::Workbook(rows)) => rows.next()?,
        };
        let Some(raw) = next else {
            return Ok(None);
        };
        let width = *self.width.get_or_insert(raw.cells.len());
        if width == 1 && self.last > 0 && raw.number > self.last + 1 {
            self.held = Some(raw);
            self.last += 1;
            return Ok(Some(Raw {
                number: self.last,
                cells: csv::ByteRecord::from(vec![""]),
                wrong: None,
            }));
        }
        self.last = raw.number;
        Ok(Some(raw))
    }
}

/// Rows of text.
struct TextRows(csv::Reader<Counted>);

impl TextRows {
    fn open(path: &Path, delimiter: Delimiter) -> Result<Self, Failure> {
        let unreadable = |error| files::unreadable(path, &error);
        let mut file = File::open(path).map_err(unreadable)?;
        let mut mark = Vec::new();
        file.by_ref()
            .take(3)
            .read_to_end(&mut mark)
            .map_err(unreadable)?;
        let skipped = if mark == b"\xef\xbb\xbf" { 3 } else { 0 };
        file.seek(SeekFrom::Start(skipped)).map_err(unreadable)?;
        let reader = csv::ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .delimiter(delimiter.byte())
            .from_reader(Counted::new(file, delimiter.byte()));
        Ok(Self(reader))
    }

    fn next(&mut self) -> Result<Option<Raw>, String> {
        self.0.get_mut().since_last = 0;
        let mut cells = csv::ByteRecord::new();
        let read = self.0.read_byte_record(&mut cells);
        let more = read.map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(error) => error.to_string(),
            other => format!("{other:?}"),
        })?;
        if !more {
            return Ok(None);
        }
        let number = self.0.get_mut().starts.pop_front();
        let number = number.ok_or("its rows cannot be counted")?;
        Ok(Some(Raw {
            number,
            cells,
            wrong: None,
        }))
    }
}

/// Where in a row the next byte stands, as the reader of rows takes it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Row,
    Cell,
    Bare,
    Quoted,
    /// Behind a quote within quotes: the cell's last, or the first of two that stand for one.
    Quote,
}

/// A file that gives no row more than its share, and knows in which row of the file each begins: the reader
/// of rows leaves blank ones out without a word.
struct Counted {
    file: File,
    delimiter: u8,
    since_last: usize,
    place: Place,
    after_return: bool,
    /// The row that is being read.
    row: u64,
    /// Of those read ahead.
    starts: VecDeque<u64>,
}

impl Counted {
    const fn new(file: File, delimiter: u8) -> Self {
        Self {
            file,
            delimiter,
            since_last: 0,
            place: Place::Row,
            after_return: false,
            row: 1,
            starts: VecDeque::new(),
        }
    }

    fn step(&mut self, byte: u8) {
        let after_return = std::mem::replace(&mut self.after_return, byte == b'\r');
        if self.place == Place::Quoted {
            if byte == b'"' {
                self.place = Place::Quote;
            }
            return;
        }
        if matches!(byte, b'\r' | b'\n') {
            // A line feed behind a carriage return ends the same row.
            if !(byte == b'\n' && after_return && self.place == Place::Row) {
                self.row += 1;
            }
            self.place = Place::Row;
            return;
        }
        if self.place == Place::Row {
            self.starts.push_back(self.row);
        }
        self.place = match (self.place, byte) {
            (_, byte) if byte == self.delimiter => Place::Cell,
            (Place::Row | Place::Cell | Place::Quote, b'"') => Place::Quoted,
            _ => Place::Bare,
        };
    }
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.since_last > ROW_BYTES_MAX {
            let row = self.row;
            return Err(std::io::Error::other(format!(
                "row {row} is longer than {ROW_BYTES_MAX} bytes; a quote may be missing its partner"
            )));
        }
        let count = self.file.read(buffer)?;
        self.since_last += count;
        for byte in &buffer[..count] {
            self.step(*byte);
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of a text: their numbers and cells.
    fn rows(text: &[u8]) -> Vec<(u64, Vec<String>)> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        std::fs::write(&path, text).unwrap();
        let mut rows = Form::Text(Encoding::Utf8, Delimiter::Comma)
            .rows(&path)
            .unwrap();
        let mut found = Vec::new();
        while let Some(raw) = rows.next().unwrap() {
            let cells = raw.cells.iter();
            let cells = cells.map(|cell| String::from_utf8(cell.to_vec()).unwrap());
            found.push((raw.number, cells.collect()));
        }
        found
    }

    fn numbers(text: &str) -> Vec<u64> {
        let found = rows(text.as_bytes());
        found.into_iter().map(|(number, _)| number).collect()
    }

    #[test]
    fn a_row_has_the_number_that_a_spreadsheet_gives_it() {
        for end in ["\n", "\r\n", "\r"] {
            let with = |text: &str| text.replace('\n', end);
            assert_eq!(numbers(&with("n,a\n1,x\n\n\n2,y\n3,z")), [1, 2, 5, 6]);
            assert_eq!(numbers(&with("\n\nn,a\n1,x\n\n")), [3, 4]);
            // A new line within a cell is no new row, however the cell goes on.
            let quoted = with("n,a\n\"1\n\n\",x\n\n2,\"\"\"\n\"\"\"\n3,\"y\"z\n4,a\"b\n5,c");
            assert_eq!(numbers(&quoted), [1, 2, 4, 5, 6, 7], "{quoted:?}");
        }
        let ahead: String = (0..100_000).map(|row| format!("{row},x\n\n")).collect();
        let found = numbers(&format!("n,a\n{ahead}"));
        assert_eq!((found.len(), found.last()), (100_001, Some(&200_000)));
    }

    #[test]
    fn in_a_table_of_one_column_a_blank_row_has_no_value() {
        let found = rows(b"n\n1\n\n\n2\n\n\n");
        let cells = |at: usize| (found[at].0, found[at].1[0].as_str());
        assert_eq!(found.len(), 5);
        assert_eq!(
            [cells(1), cells(2), cells(3), cells(4)],
            [(2, "1"), (3, ""), (4, ""), (5, "2")]
        );
    }

    #[test]
    fn a_row_without_end_is_refused_within_bounds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        let mut text = b"a,b\n\n1,\"b\n".to_vec();
        text.resize(4 * 1024 * 1024, b'x');
        std::fs::write(&path, &text).unwrap();
        let form = Form::Text(Encoding::Utf8, Delimiter::Comma);
        let mut rows = form.rows(&path).unwrap();
        assert!(rows.next().unwrap().is_some());
        let refused = rows.next().err().unwrap();
        assert!(
            refused.contains("row 3 is longer than 1048576 bytes"),
            "{refused}"
        );
    }
}
