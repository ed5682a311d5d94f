//! The bytes of a table: which letters and which delimiter, and rows of a bounded size.
//!
//! Nothing here knows what a row means. What is guessed is shown to the clerk, never silently used.

use std::{
    fmt,
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::workbook;
use crate::{
    exit::{Failure, USAGE},
    files,
};

/// The most bytes of one row. A quote that is never closed ends here, not with the memory.
const ROW_BYTES_MAX: u64 = 1024 * 1024;
/// The most bytes of one cell of a workbook.
pub(super) const CELL_BYTES_MAX: usize = 1024 * 1024;
/// How much is read at once where letters are told apart.
const PIECE_BYTES: usize = 1 << 16;

/// How letters are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Windows1251,
}

impl Encoding {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Windows1251 => "Windows-1251",
        }
    }

    /// The text of a cell; none if a byte stands for nothing.
    pub(super) fn read(self, cell: &[u8]) -> Option<String> {
        match self {
            Self::Utf8 => std::str::from_utf8(cell).ok().map(ToOwned::to_owned),
            Self::Windows1251 => cell.iter().map(|byte| windows_1251(*byte)).collect(),
        }
    }

    /// UTF-8 if the whole file is that, else none: no other encoding can be told for sure.
    pub(super) fn find(path: &Path) -> Result<Option<Self>, Failure> {
        let unreadable = |error| files::unreadable(path, &error);
        let mut file = File::open(path).map_err(unreadable)?;
        let mut piece = vec![0; PIECE_BYTES];
        let mut kept = 0;
        let mut start = true;
        loop {
            let count = file.read(&mut piece[kept..]).map_err(unreadable)?;
            let known = &piece[..kept + count];
            if std::mem::take(&mut start)
                && (known.starts_with(b"\xff\xfe") || known.starts_with(b"\xfe\xff"))
            {
                return Err(other(path, "UTF-16"));
            }
            if known.starts_with(b"PK\x03\x04") && kept == 0 {
                return Err(other(path, "a spreadsheet or archive"));
            }
            if known.contains(&0) {
                return Err(other(path, "not text: it holds a zero byte"));
            }
            let left = match std::str::from_utf8(known) {
                Ok(_) => 0,
                Err(error) if error.error_len().is_none() && count > 0 => {
                    known.len() - error.valid_up_to()
                }
                Err(_) => return Ok(None),
            };
            if count == 0 {
                return Ok(Some(Self::Utf8));
            }
            let end = known.len();
            piece.copy_within(end - left..end, 0);
            kept = left;
        }
    }
}

fn other(path: &Path, what: &str) -> Failure {
    Failure::new(USAGE, format!("{}: {what}", path.display()))
        .help("save the table as \"CSV UTF-8\" and run the same command again; nothing was sent")
}

/// The letter that a byte stands for; 0x98 stands for none.
fn windows_1251(byte: u8) -> Option<char> {
    const MIDDLE: &str =
        "ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—\0™љ›њќћџ\u{a0}ЎўЈ¤Ґ¦§Ё©Є«¬\u{ad}®Ї°±Ііґµ¶·ё№є»јЅѕї";
    match byte {
        0..0x80 => Some(char::from(byte)),
        0x80..0xc0 => MIDDLE
            .chars()
            .nth(usize::from(byte - 0x80))
            .filter(|letter| *letter != '\0'),
        _ => char::from_u32(0x410 + u32::from(byte - 0xc0)),
    }
}

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
        Ok(match self {
            Self::Text(_, delimiter) => Rows::Text(TextRows::open(path, *delimiter)?),
            Self::Workbook(sheet) => Rows::Workbook(workbook::Rows::open(path, sheet)),
        })
    }
}

/// A row as it stands in the file.
#[derive(Default)]
pub(super) struct Raw {
    /// The first row of a file is row 1.
    pub(super) number: u64,
    pub(super) cells: csv::ByteRecord,
    /// A column, and why its cell has no text.
    pub(super) wrong: Option<(usize, &'static str)>,
}

/// Raw rows, one by one.
pub(super) enum Rows {
    Text(TextRows),
    Workbook(workbook::Rows),
}

impl Rows {
    /// The next row; none at the end. The error is a sentence without the row's number.
    pub(super) fn next(&mut self) -> Result<Option<Raw>, String> {
        match self {
            Self::Text(rows) => rows.next(),
            Self::Workbook(rows) => rows.next(),
        }
    }
}

/// Rows of text.
pub(super) struct TextRows {
    reader: csv::Reader<Bounded>,
    number: u64,
    since_last: Arc<AtomicU64>,
}

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
        let since_last = Arc::new(AtomicU64::new(0));
        let reader = csv::ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .delimiter(delimiter.byte())
            .from_reader(Bounded {
                file,
                since_last: Arc::clone(&since_last),
            });
        Ok(Self {
            reader,
            number: 0,
            since_last,
        })
    }

    fn next(&mut self) -> Result<Option<Raw>, String> {
        self.since_last.store(0, Ordering::Relaxed);
        let mut cells = csv::ByteRecord::new();
        let read = self.reader.read_byte_record(&mut cells);
        let more = read.map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(error) => error.to_string(),
            other => format!("{other:?}"),
        })?;
        self.number += 1;
        Ok(more.then_some(Raw {
            number: self.number,
            cells,
            wrong: None,
        }))
    }
}

/// A file that gives no row more than its share.
struct Bounded {
    file: File,
    since_last: Arc<AtomicU64>,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.since_last.load(Ordering::Relaxed) > ROW_BYTES_MAX {
            return Err(std::io::Error::other(format!(
                "a row is longer than {ROW_BYTES_MAX} bytes; a quote may be missing its partner"
            )));
        }
        let count = self.file.read(buffer)?;
        let _before = self.since_last.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_windows_1251_are_read() {
        let read = |bytes: &[u8]| Encoding::Windows1251.read(bytes);
        assert_eq!(
            read(b"\xd0\xe0\xe7\xf0\xe5\xf8\xe5\xed\xe8\xe5 \xb9 7").unwrap(),
            "Разрешение № 7"
        );
        assert_eq!(read(b"\xa8\xb8\xa1\xa2\xff").unwrap(), "ЁёЎўя");
        assert_eq!(read(b"\x98"), None);
        let all: Vec<u8> = (0..=255).filter(|byte| *byte != 0x98).collect();
        assert_eq!(read(&all).unwrap().chars().count(), 255);
    }

    #[test]
    fn encodings_are_told_apart_across_pieces() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        // An odd start puts a letter across the edge between two pieces.
        let text = format!("x{}", "ў".repeat(PIECE_BYTES));
        std::fs::write(&path, &text).unwrap();
        assert_eq!(Encoding::find(&path).unwrap(), Some(Encoding::Utf8));
        let mut cut = text.into_bytes();
        let _last = cut.pop();
        std::fs::write(&path, &cut).unwrap();
        assert_eq!(Encoding::find(&path).unwrap(), None);
        for (start, word) in [
            (&b"\xff\xfea\0"[..], "UTF-16"),
            (b"PK\x03\x04", "spreadsheet"),
            (b"a,b\n\0", "zero byte"),
        ] {
            std::fs::write(&path, start).unwrap();
            assert!(Encoding::find(&path).unwrap_err().what.contains(word));
        }
    }

    #[test]
    fn a_row_without_end_is_refused_within_bounds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        let mut text = b"a,\"b\n".to_vec();
        text.resize(4 * 1024 * 1024, b'x');
        std::fs::write(&path, &text).unwrap();
        let form = Form::Text(Encoding::Utf8, Delimiter::Comma);
        let refused = form.rows(&path).unwrap().next().err().unwrap();
        assert!(refused.contains("longer than 1048576 bytes"));
    }
}
