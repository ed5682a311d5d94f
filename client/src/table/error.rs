//! Why a table is refused whole. What to do about it is for the caller to say.

use std::path::{Path, PathBuf};

use messages::UserMessage;
use protocol::commitment::FIELDS_MAX;
use thiserror::Error;

use super::{
    column_names::{BadName, SimilarColumn},
    columns::shown,
    encoding::Encoding,
};
use crate::{coded::Coded, durable::FileError};

/// Why a table is refused whole.
#[derive(Debug, Error)]
#[error("{}", self.message())]
#[non_exhaustive]
pub enum TableError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is read, and is no table that can be used.
    Unfit {
        /// Path of the table.
        path: PathBuf,
        /// Trouble with it.
        #[source]
        trouble: Box<TableTrouble>,
    },
}

/// Trouble with a table.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{}", self.message())]
#[non_exhaustive]
pub enum TableTrouble {
    /// Nothing but blanks.
    Empty,
    /// A file of another kind.
    OtherKind {
        /// Kind of the file.
        kind: UserMessage,
        /// Way to make a table of it.
        way_out: WayOut,
    },
    /// Text in an alphabet that is not read.
    OtherAlphabet(&'static str),
    /// UTF-16, or no text.
    NotText(UserMessage),
    /// UTF-8 that was called Windows-1251.
    IsUtf8,
    /// A cell that has no text in the encoding of the table.
    Cell {
        /// The row, from 1.
        row: u64,
        /// The column.
        place: UserMessage,
        /// The encoding.
        encoding: Encoding,
        /// True if it may be Windows-1251.
        may_be_windows_1251: bool,
    },
    /// A row that cannot be read, for which the whole is refused.
    Row(UserMessage),
    /// A first line that names a separator that is not read.
    Separator {
        /// Letter that it names.
        separator: char,
    },
    /// A first row that two separators split into as many columns.
    Delimiter,
    /// A first row without names.
    NoColumns,
    /// A cell of the first row that has no text.
    Header {
        /// The row, from 1.
        row: u64,
        /// The column, from 1.
        column: usize,
        /// Trouble with the cell.
        what: UserMessage,
    },
    /// A name in UTF-8 in a table that is Windows-1251.
    HeaderIsUtf8 {
        /// The row, from 1.
        row: u64,
        /// The column, from 1.
        column: usize,
    },
    /// A name that no column can have.
    Name {
        /// The row, from 1.
        row: u64,
        /// The column, from 1.
        column: usize,
        /// Trouble with its name.
        name: BadName,
    },
    /// More columns than a record has fields.
    TooManyColumns {
        /// The row, from 1.
        row: u64,
    },
    /// A file of rows to mend of a folder of documents.
    ListsFiles,
    /// A column that is wanted and not there.
    NoColumn {
        /// The name wanted.
        name: String,
        /// A column whose name only looks like it.
        similar: Option<SimilarColumn>,
        /// The names of all columns.
        columns: Vec<String>,
    },
    /// Names of columns, and no row.
    NoRows,
    /// Rows or columns that a spreadsheet does not show.
    Hidden {
        /// Rows and columns that are hidden.
        what: UserMessage,
    },
    /// The file changed between two readings.
    Changed {
        /// The row, from 1.
        row: usize,
    },
    /// No workbook that can be read.
    Workbook(UserMessage),
    /// A sheet was named, and the table is text, which has none.
    SheetOfText,
    /// An encoding or a delimiter was named, and the table is a workbook, which tells both.
    TextOfWorkbook,
    /// A sheet that is not there, or is no table.
    Sheet {
        /// Trouble with the sheet.
        what: UserMessage,
        /// The names of all sheets.
        sheets: Vec<String>,
    },
}

impl Coded for TableError {
    fn message(&self) -> UserMessage {
        match self {
            Self::File(error) => error.message(),
            Self::Unfit { path, trouble } => UserMessage::new("table-unfit")
                .text("path", path.display())
                .part("trouble", trouble.message()),
        }
    }
}

impl Coded for TableTrouble {
    fn message(&self) -> UserMessage {
        match self {
            Self::Empty => UserMessage::new("table-empty"),
            Self::OtherKind { kind, .. } => kind.clone(),
            Self::OtherAlphabet(alphabet) => {
                UserMessage::new("table-of-other-alphabet").text("alphabet", alphabet)
            }
            Self::IsUtf8 => UserMessage::new("table-is-utf8"),
            Self::Cell {
                row,
                place,
                encoding,
                ..
            } => UserMessage::new("table-cell-undecodable")
                .text("row", row)
                .part("place", place.clone())
                .text("encoding", encoding.name()),
            Self::NotText(what) | Self::Row(what) | Self::Workbook(what) => what.clone(),
            Self::Sheet { what, .. } => what.clone(),
            Self::SheetOfText => UserMessage::new("table-text-without-sheets"),
            Self::TextOfWorkbook => UserMessage::new("table-workbook-without-encoding"),
            Self::Separator { separator } => UserMessage::new("table-separator-unknown")
                .text("separator", separator.escape_default()),
            Self::Delimiter => UserMessage::new("table-delimiter-unclear"),
            Self::NoColumns => UserMessage::new("table-names-no-columns"),
            Self::Header { row, column, what } => UserMessage::new("table-header-cell")
                .text("row", row)
                .text("column", column)
                .part("trouble", what.clone()),
            Self::HeaderIsUtf8 { row, column } => UserMessage::new("table-header-is-utf8")
                .text("row", row)
                .text("column", column),
            Self::Name { row, column, name } => UserMessage::new("table-column-name")
                .text("row", row)
                .text("column", column)
                .part("trouble", name.message()),
            Self::TooManyColumns { row } => UserMessage::new("table-too-many-columns")
                .text("row", row)
                .text("columns-max", FIELDS_MAX),
            Self::ListsFiles => UserMessage::new("table-lists-files"),
            Self::NoColumn {
                name,
                similar: None,
                ..
            } => UserMessage::new("table-lacks-column").text("name", name),
            Self::NoColumn {
                name,
                similar: Some(similar),
                ..
            } => UserMessage::new("table-column-looks-alike")
                .text("name", name)
                .text("column", similar.column)
                .text("similar", shown(&similar.name))
                .text("letters", &similar.letters),
            Self::NoRows => UserMessage::new("table-without-rows"),
            Self::Hidden { what } => UserMessage::new("table-hides").part("what", what.clone()),
            Self::Changed { row } => UserMessage::new("table-changed").text("row", row),
        }
    }
}

impl TableTrouble {
    /// This trouble of the table at `path`.
    pub(super) fn of(self, path: &Path) -> TableError {
        TableError::Unfit {
            path: path.to_owned(),
            trouble: Box::new(self),
        }
    }
}

/// Way to make a table of a file of another kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WayOut {
    /// The own program saves it as a workbook or CSV.
    SaveAs,
    /// Another file was meant.
    GiveTable,
    /// It holds other files.
    Unpack,
    /// The own program exports the table as CSV.
    ExportTable,
    /// It is a table that is exported as CSV.
    Export,
    /// The password must be taken off.
    TakePasswordOff,
}
