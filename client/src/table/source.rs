//! The bytes of a table: how it is written, what stands between its cells, and rows of a bounded size.
//!
//! Nothing here knows what a row means, and nothing which letters its bytes are (`encoding`).

use std::{path::Path, sync::Arc};

use messages::UserMessage;

use super::{
    TableError,
    csv_rows::{self, CsvRows},
    encoding::Encoding,
    workbook::{self, Sheet},
};

/// The most bytes of one row. A quote that is never closed ends here, not with the memory.
pub(super) const ROW_BYTES_MAX: usize = 1024 * 1024;
/// The most bytes of one cell of a workbook.
pub(super) const CELL_BYTES_MAX: usize = 1024 * 1024;

/// Delimiter of cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delimiter {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// The tabulator.
    Tab,
}

impl Delimiter {
    pub(super) const ALL: [Self; 3] = [Self::Comma, Self::Semicolon, Self::Tab];

    /// The name that people know.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Comma => "comma",
            Self::Semicolon => "semicolon",
            Self::Tab => "tab",
        }
    }

    pub(super) fn of(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.byte() == byte)
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
pub enum Form {
    /// CSV.
    Text(Encoding, Delimiter),
    /// A sheet of a workbook.
    Workbook(Arc<Sheet>),
}

impl Form {
    /// How it is written, for whoever is to confirm it.
    #[must_use]
    pub fn message(&self) -> UserMessage {
        match self {
            Self::Text(encoding, delimiter) => UserMessage::new("form-text")
                .text("encoding", encoding.name())
                .text("delimiter", delimiter.name()),
            Self::Workbook(sheet) => UserMessage::new("form-workbook").text("sheet", &sheet.name),
        }
    }

    pub(super) const fn encoding(&self) -> Encoding {
        match self {
            Self::Text(encoding, _) => *encoding,
            Self::Workbook(_) => Encoding::Utf8,
        }
    }

    /// Returns whether days are counted from 1904.
    pub(super) fn is_1904(&self) -> bool {
        matches!(self, Self::Workbook(sheet) if sheet.is_1904)
    }

    pub(super) fn rows(&self, path: &Path) -> Result<Rows, TableError> {
        Ok(Rows::of(match self {
            Self::Text(_, delimiter) => Source::Text(CsvRows::open(path, delimiter.byte())?),
            Self::Workbook(sheet) => Source::Workbook(workbook::WorkbookRows::open(path, sheet)),
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
    /// A spreadsheet does not show it.
    pub(super) is_hidden: bool,
}

/// Why a cell has no text.
#[derive(Clone, Debug, Hash)]
pub(super) struct Wrong {
    /// The place among all columns.
    pub(super) column: usize,
    pub(super) code: &'static str,
    pub(super) what: UserMessage,
}

/// Raw rows, one by one, of text and workbooks alike: empty cells at the end of the first row are no columns,
/// and those of another row beyond its columns no cells. Rows in which nothing stands are blank and left out,
/// but between those of a table of one column, where a blank row is one without a value.
pub(super) struct Rows {
    source: Source,
    /// Columns of the first row.
    width: Option<usize>,
    /// The number of the row that was given last.
    last: u64,
    held: Option<Raw>,
}

enum Source {
    Text(CsvRows),
    Workbook(workbook::WorkbookRows),
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

    /// The next row; none at the end. The error does not name the file.
    pub(super) fn next(&mut self) -> Result<Option<Raw>, UserMessage> {
        let next = match self.held.take() {
            Some(held) => Some(held),
            None => self.filled()?,
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
                ..Raw::default()
            }));
        }
        self.last = raw.number;
        Ok(Some(raw))
    }

    /// The next row in which something stands.
    fn filled(&mut self) -> Result<Option<Raw>, UserMessage> {
        loop {
            let next = match &mut self.source {
                Source::Text(rows) => rows.next()?,
                Source::Workbook(rows) => rows.next()?,
            };
            let Some(mut raw) = next else {
                return Ok(None);
            };
            let cells = csv_rows::count(&raw.cells, self.width.unwrap_or_default());
            raw.cells.truncate(cells);
            if raw.wrong.is_some() || raw.cells.iter().any(|cell| !cell.is_empty()) {
                return Ok(Some(raw));
            }
        }
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

    #[test]
    fn in_a_table_of_one_column_a_blank_row_has_no_value() {
        for end in ["", ","] {
            let text = format!("n{end}\n1\n\n\n2{end}\n\n{end}\n");
            let found = rows(text.as_bytes());
            let cells = |at: usize| (found[at].0, found[at].1[0].as_str());
            assert_eq!(found.len(), 5);
            assert_eq!(
                [cells(1), cells(2), cells(3), cells(4)],
                [(2, "1"), (3, ""), (4, ""), (5, "2")]
            );
        }
    }

    #[test]
    fn empty_cells_at_the_end_of_a_row_are_no_cells_and_rows_of_them_no_rows() {
        let found = rows(b",,,\nn,a,b,,\n1,x\n2,x,,,,,\n,,,\n\"\",,\n3,x,y,,z\n,,\n");
        let cells: Vec<(u64, &[String])> = found
            .iter()
            .map(|(row, cells)| (*row, &cells[..]))
            .collect();
        let wanted = [
            (2, &["n", "a", "b"][..]),
            (3, &["1", "x"]),
            (4, &["2", "x", ""]),
            (7, &["3", "x", "y", "", "z"]),
        ];
        assert_eq!(cells.len(), wanted.len());
        for ((row, cells), (number, texts)) in cells.into_iter().zip(wanted) {
            assert_eq!(row, number);
            assert!(cells.iter().eq(texts), "{cells:?}");
        }
    }
}
