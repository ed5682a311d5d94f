//! Rows of CSV text: the one place that understands quotes.
//!
//! It reads what RFC 4180 allows, and besides it line ends of all three kinds, rows of unequal length, and
//! quotes within a cell that does not begin with one. What quotes make doubtful is never believed: a file
//! that ends within quotes is refused whole, and a row whose quoted cell swallows what would be rows, or
//! goes on behind its closing quote, comes out with the reason why it is wrong. Why this is no library:
//! docs/decisions/0030-csv-quotes.md. Not here: letters (`encoding`), and what a row means (`rows`).

use crate::durable::FileError;
use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use super::{
    TableError, TableTrouble,
    cell_errors::QUOTES,
    source::{Delimiter, ROW_BYTES_MAX, Raw, Wrong},
};

/// Bytes that are read at once.
const PIECE_BYTES: usize = 1 << 16;
/// How spreadsheets mark UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// What a first line begins with that says what stands between cells, and is no row.
const SEPARATOR: &[u8] = b"sep=";

const SWALLOWED: &str = "quoted text holds line ends and what would be whole rows: a quote is missing or too many; where the text is meant, put spaces in place of its line ends";
const BEHIND: &str =
    "text stands behind a closing quote: a quote is missing, too many, or not doubled";

/// Where in a row the next byte stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CsvState {
    /// At the first byte of a cell.
    Start,
    Bare,
    Quoted,
    /// Behind a quote within quotes: the cell's last, or the first of two that stand for one.
    Quote,
    /// Behind the closing quote.
    Behind,
}

/// Rows of a text, each with the number that a spreadsheet gives it.
pub(super) struct CsvRows<R = BufReader<File>> {
    input: R,
    delimiter: u8,
    /// Number of the row that is read next.
    row: u64,
    /// Cells of the first row, once it is known.
    width: Option<usize>,
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
    const fn of(input: R, delimiter: u8) -> Self {
        Self {
            input,
            delimiter,
            row: 1,
            width: None,
            text: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// The next row that is not blank; none at the end. The error is a sentence without the file's name.
    pub(super) fn next(&mut self) -> Result<Option<Raw>, String> {
        loop {
            self.text.clear();
            self.lines.clear();
            let mut cells = Cells::new(self.delimiter);
            let ended = self.row(&mut cells)?;
            if ended && self.text.is_empty() {
                return Ok(None);
            }
            let number = self.row;
            self.row += 1;
            if !content(&self.text).is_empty() {
                return Ok(Some(self.finish(cells, number)));
            }
        }
    }

    /// Reads the lines of one row. Whether the file has ended.
    fn row(&mut self, cells: &mut Cells) -> Result<bool, String> {
        loop {
            let start = self.text.len();
            self.lines.push(start);
            self.line()?;
            let line = self.text.get(start..).unwrap_or_default();
            if line.is_empty() {
                return match cells.quoted() {
                    false => Ok(true),
                    true => Err(format!(
                        "row {}, column {}: a quote opens here and is never closed",
                        self.row,
                        cells.cells.len() + 1
                    )),
                };
            }
            if !cells.line(line) {
                return Ok(false);
            }
        }
    }

    /// Takes the next line of the file, with its end.
    fn line(&mut self) -> Result<(), String> {
        let failed = |error: std::io::Error| error.to_string();
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
                let row = self.row;
                return Err(format!(
                    "row {row} is longer than {ROW_BYTES_MAX} bytes; a quote may be missing its partner"
                ));
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

    fn finish(&mut self, cells: Cells, number: u64) -> Raw {
        let Cells {
            mut cells,
            behind,
            broken,
            ..
        } = cells;
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
        if let Some(wrong) = wrong {
            cells = mark(&cells, wrong.column);
        }
        Raw {
            number,
            cells,
            wrong,
            ..Raw::default()
        }
    }

    /// Whether a line of this row, but for its first, has delimiters enough to be a row of `width` cells by itself.
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

/// What a first line like `sep=;` says stands between cells, if there is one.
pub(super) fn told(path: &Path) -> Result<Option<Delimiter>, TableError> {
    let unreadable = |error| FileError::unreadable(path, error);
    let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
    let (_, separator) = start(&mut file).map_err(unreadable)?;
    let Some(separator) = separator else {
        return Ok(None);
    };
    let known = Delimiter::of(separator).ok_or_else(|| {
        let separator = char::from(separator);
        TableTrouble::Separator { separator }.of(path)
    });
    known.map(Some)
}

/// How many bytes stand before the first row, and the separator that they name.
fn start(input: &mut impl BufRead) -> std::io::Result<(u64, Option<u8>)> {
    let mut start = Vec::new();
    let mut most = input.take(BYTE_ORDER_MARK.len() as u64 + SEPARATOR.len() as u64 + 3);
    let _count = most.read_to_end(&mut start)?;
    let mark = match start.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => start.len() - rest.len(),
        None => 0,
    };
    let separator = separator(start.get(mark..).unwrap_or_default());
    let line = separator.map_or(0, |(_, length)| length);
    Ok(((mark + line) as u64, separator.map(|(byte, _)| byte)))
}

/// What a first line like `sep=;` says stands between cells, and the bytes of that line with its end.
fn separator(text: &[u8]) -> Option<(u8, usize)> {
    let head = text.get(..SEPARATOR.len())?;
    let (separator, rest) = text.get(SEPARATOR.len()..)?.split_first()?;
    let end = match rest {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        [] => 0,
        _ => return None,
    };
    let is_one = head.eq_ignore_ascii_case(SEPARATOR) && !matches!(separator, b'\r' | b'\n');
    is_one.then_some((*separator, SEPARATOR.len() + 1 + end))
}

/// The same cells with a mark on one: fed back as it is, it is refused again.
fn mark(cells: &csv::ByteRecord, column: usize) -> csv::ByteRecord {
    let cell = |(at, cell): (usize, &[u8])| match at == column {
        true => [b"#QUOTES ", cell].concat(),
        false => cell.to_vec(),
    };
    cells.iter().enumerate().map(cell).collect()
}

/// The cells of a row while its lines go by.
struct Cells {
    delimiter: u8,
    place: CsvState,
    cells: csv::ByteRecord,
    cell: Vec<u8>,
    /// The first cell that goes on behind its closing quote, and the first that holds a line end.
    behind: Option<usize>,
    broken: Option<usize>,
}

impl Cells {
    fn new(delimiter: u8) -> Self {
        Self {
            delimiter,
            place: CsvState::Start,
            cells: csv::ByteRecord::new(),
            cell: Vec::new(),
            behind: None,
            broken: None,
        }
    }

    const fn quoted(&self) -> bool {
        matches!(self.place, CsvState::Quoted)
    }

    /// Takes a line with its end. Whether the row goes on in the next.
    fn line(&mut self, line: &[u8]) -> bool {
        let text = content(line);
        if self.place == CsvState::Start && !text.contains(&b'"') {
            for cell in text.split(|byte| *byte == self.delimiter) {
                self.cells.push_field(cell);
            }
            return false;
        }
        for byte in text {
            self.step(*byte);
        }
        if self.quoted() {
            let _first = self.broken.get_or_insert(self.cells.len());
            self.cell
                .extend_from_slice(line.get(text.len()..).unwrap_or_default());
            return true;
        }
        self.end();
        false
    }

    fn end(&mut self) {
        self.cells.push_field(&self.cell);
        self.cell.clear();
        self.place = CsvState::Start;
    }

    fn step(&mut self, byte: u8) {
        match (self.place, byte) {
            (CsvState::Quoted, b'"') => self.place = CsvState::Quote,
            (CsvState::Quoted, _) => self.cell.push(byte),
            (_, byte) if byte == self.delimiter => self.end(),
            (CsvState::Start, b'"') => self.place = CsvState::Quoted,
            (CsvState::Quote, b'"') => {
                self.place = CsvState::Quoted;
                self.cell.push(byte);
            }
            (CsvState::Quote | CsvState::Behind, _) => {
                let _first = self.behind.get_or_insert(self.cells.len());
                self.place = CsvState::Behind;
                self.cell.push(byte);
            }
            (CsvState::Start | CsvState::Bare, _) => {
                self.place = CsvState::Bare;
                self.cell.push(byte);
            }
        }
    }
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
mod tests {
    use super::*;

    type Row = (u64, Vec<String>, Option<usize>);

    fn read(text: &[u8]) -> Result<Vec<Row>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        std::fs::write(&path, text).unwrap();
        let mut rows = CsvRows::open(&path, b',').unwrap();
        let mut found = Vec::new();
        while let Some(raw) = rows.next()? {
            let cells = raw.cells.iter();
            let cells = cells.map(|cell| String::from_utf8(cell.to_vec()).unwrap());
            found.push((
                raw.number,
                cells.collect(),
                raw.wrong.map(|wrong| wrong.column),
            ));
        }
        Ok(found)
    }

    fn numbers(text: &str) -> Vec<u64> {
        let found = read(text.as_bytes()).unwrap();
        found.into_iter().map(|(number, ..)| number).collect()
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
    fn well_formed_rows_are_read_as_by_the_csv_library() {
        const PARTS: [&str; 9] = [
            "a",
            ",",
            "\n",
            "\r\n",
            "\"\"",
            "\"x,y\"",
            "\"\"\"q\"\"\"",
            "б",
            " ",
        ];
        let mut texts = vec![String::new()];
        for _ in 0..5 {
            let longer = texts
                .iter()
                .flat_map(|text| PARTS.map(|part| format!("{text}{part}")));
            texts = longer.collect();
            for text in &texts {
                let mut theirs = csv::ReaderBuilder::new();
                let theirs = theirs.flexible(true).has_headers(false);
                let theirs = theirs.from_reader(text.as_bytes()).into_byte_records();
                let theirs: Vec<csv::ByteRecord> = theirs.map(Result::unwrap).collect();
                let mut rows = CsvRows::of(text.as_bytes(), b',');
                let ours = std::iter::from_fn(|| rows.next().unwrap());
                let ours: Vec<Raw> = ours.collect();
                // What is no well-formed text is marked, and not the same.
                if ours.iter().all(|raw| raw.wrong.is_none()) {
                    let ours = ours.iter().map(|raw| &raw.cells);
                    assert!(ours.eq(&theirs), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn what_quotes_make_doubtful_is_named() {
        for (text, place) in [
            ("n,a\n1,\"x\n2,y\n", "row 2, column 2"),
            ("n,\"a\n1,x\n2,y\n", "row 1, column 2"),
            ("n,a\n\n1,\"x\"\n2,\"y\"\"", "row 4, column 2"),
            ("\"n", "row 1, column 1"),
            ("n,a\n1,x\n\"", "row 3, column 1"),
        ] {
            let refused = read(text.as_bytes()).unwrap_err();
            assert!(refused.starts_with(place), "{text:?}: {refused}");
            assert!(refused.contains("is never closed"));
        }
        for (text, row, column) in [
            // One row swallowed, several, one that is split alone, one with an empty quoted cell.
            ("n,a\n1,\"x\n2,y\"\n3,z\n", 1, 1),
            ("n,a,b\n1,\"x,p\n2,y,q\n3,z\",r\n", 1, 1),
            ("n,a\n1,\"x\n2,\",y\"\n", 1, 1),
            ("n,a,b\n1,\"x\n2,\"\",q\",z\n", 1, 1),
            ("n,a\n1,\"x\n2,y,,\"\n", 1, 1),
            ("n\n\"1\n2\"\n", 1, 0),
            // The first row too.
            ("n,\"a\n1,x\n2,y\"\n3,z\n", 0, 1),
            // Text behind a closing quote.
            ("n,a\n1,\"x\"y\n", 1, 1),
            ("n,a\n\"1\"2,\"x\" \n", 1, 0),
            ("n,a\n1,\"x\n2,\"y\"\n", 1, 1),
        ] {
            let found = read(text.as_bytes()).unwrap();
            assert_eq!(found[row].2, Some(column), "{text:?}: {found:?}");
            assert!(found[row].1[column].starts_with("#QUOTES "), "{found:?}");
        }
        for fine in [
            "n,a\n1,\"two\nlines\"\n",
            "n,a\n1,\"say \"\"yes\"\"\"\n",
            "n,a\n1,12\" pipe\n",
            "n,a,b,c\n1,\"x, y\n5 z\",c,d\n",
        ] {
            let found = read(fine.as_bytes()).unwrap();
            assert!(found.iter().all(|row| row.2.is_none()), "{fine:?}");
        }
    }

    #[test]
    fn a_row_without_end_is_refused_within_bounds() {
        let mut text = b"a,b\n\n1,\"b\n".to_vec();
        text.resize(4 * 1024 * 1024, b'x');
        let refused = read(&text).unwrap_err();
        let words = "row 3 is longer than 1048576 bytes";
        assert!(refused.contains(words), "{refused}");
    }

    #[test]
    fn a_line_that_says_what_stands_between_cells_is_no_row() {
        for (text, found) in [
            (&b"sep=;\nn"[..], Some((b';', 6))),
            (b"SEP=\t\r\nn", Some((b'\t', 7))),
            (b"sep=,", Some((b',', 5))),
            (b"sep=;;\n", None),
            (b"sep=\n", None),
            (b"separator,a\n", None),
        ] {
            assert_eq!(separator(text), found);
        }
        for text in [&b"\xef\xbb\xbfsep=,\r\nn,a\r\n1,x"[..], b"sep=,\nn,a\n1,x"] {
            let found = read(text).unwrap();
            assert_eq!(found[0], (1, vec!["n".to_owned(), "a".to_owned()], None));
            assert_eq!(found[1].0, 2);
        }
    }
}
