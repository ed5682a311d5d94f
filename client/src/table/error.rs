//! Why a table is refused whole. What to do about it is for the caller to say.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use protocol::commitment::{DOCUMENT_FIELD, FIELDS_MAX};
use thiserror::Error;

use super::{columns::shown, encoding::Encoding};
use crate::durable::FileError;

/// Why a table is refused whole.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TableError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is read, and is no table that can be used.
    #[error("{}: {trouble}", path.display())]
    Unfit {
        /// Path of the table.
        path: PathBuf,
        /// What is wrong with it.
        trouble: Box<TableTrouble>,
    },
}

/// What is wrong with a table.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TableTrouble {
    /// Nothing but blanks.
    #[error("it is empty")]
    Empty,
    /// A file of another kind.
    #[error("{kind}")]
    OtherKind {
        /// What it is, as "a PDF, and no table".
        kind: &'static str,
        /// What makes a table of it.
        way_out: WayOut,
    },
    /// Text in an alphabet that is not read.
    #[error("its letters look like {0}, which is not read")]
    OtherAlphabet(&'static str),
    /// UTF-16, or no text.
    #[error("{0}")]
    NotText(&'static str),
    /// UTF-8 that was called Windows-1251.
    #[error("it is UTF-8 from end to end, and not Windows-1251")]
    IsUtf8,
    /// A cell that has no text in the encoding of the table.
    #[error("row {row}, {place}: not {}", encoding.name())]
    Cell {
        /// The row, from 1.
        row: u64,
        /// The column, as "column 3".
        place: String,
        /// The encoding.
        encoding: Encoding,
        /// Whether it may be Windows-1251.
        may_be_windows_1251: bool,
    },
    /// A row that cannot be read, for which the whole is refused.
    #[error("{0}")]
    Row(String),
    /// A first line that names a separator that is not read.
    #[error("its first line says that '{}' stands between cells", separator.escape_default())]
    Separator {
        /// What it names.
        separator: char,
    },
    /// A first row that two separators split into as many columns.
    #[error("row 1 can be split in more than one way")]
    Delimiter,
    /// A first row without names.
    #[error("row 1 names no columns")]
    NoColumns,
    /// A cell of the first row that has no text.
    #[error("row {row}, column {column}: {what}")]
    Header {
        /// The row, from 1.
        row: u64,
        /// The column, from 1.
        column: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A name in UTF-8 in a table that is Windows-1251.
    #[error("row {row}, column {column}: its name is UTF-8, and the table is Windows-1251")]
    HeaderIsUtf8 {
        /// The row, from 1.
        row: u64,
        /// The column, from 1.
        column: usize,
    },
    /// A name that no column can have.
    #[error("row {row}, column {column}: {name}")]
    Name {
        /// The row, from 1.
        row: u64,
        /// The column, from 1.
        column: usize,
        /// What is wrong with its name.
        name: BadName,
    },
    /// More columns than a record has fields.
    #[error("row {row} names more than {FIELDS_MAX} columns")]
    TooManyColumns {
        /// The row, from 1.
        row: u64,
    },
    /// A file of rows to mend of a folder of documents.
    #[error("it lists files of a folder, and is no table")]
    ListsFiles,
    /// A column that is wanted and not there.
    #[error("there is no column \"{name}\"{}", alike(similar.as_ref()))]
    NoColumn {
        /// The name wanted.
        name: String,
        /// A column whose name only looks like it.
        similar: Option<SimilarColumn>,
        /// The names of all columns.
        columns: Vec<String>,
    },
    /// Names of columns, and no row.
    #[error("no row stands below the names of its columns")]
    NoRows,
    /// Rows or columns that a spreadsheet does not show.
    #[error("{what} hidden: whoever looks at the table does not see it")]
    Hidden {
        /// What is hidden, with its verb.
        what: String,
    },
    /// The file changed between two readings.
    #[error("row {row} or the one after it changed while the table was read")]
    Changed {
        /// The row, from 1.
        row: usize,
    },
    /// No workbook that can be read.
    #[error("{0}")]
    Workbook(String),
    /// A sheet that is not there, or is no table.
    #[error("{what}")]
    Sheet {
        /// What is wrong with it.
        what: String,
        /// The names of all sheets.
        sheets: Vec<String>,
    },
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

/// What makes a table of a file of another kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WayOut {
    /// Its own program saves it as a workbook or CSV.
    SaveAs,
    /// Another file was meant.
    GiveTable,
    /// It holds other files.
    Unpack,
    /// Its own program exports the table as CSV.
    ExportTable,
    /// It is a table that is exported as CSV.
    Export,
    /// Its password must be taken off.
    TakePasswordOff,
}

/// Why a name cannot be that of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadName {
    /// None at all.
    Missing,
    /// That of another column, from 1.
    Repeated {
        /// The name.
        name: String,
        /// The column that has it too, from 1.
        column: usize,
    },
    /// The name that is kept for a document's own hash.
    Reserved,
    /// A letter that cannot be seen.
    Invisible {
        /// The name.
        name: String,
        /// The letter.
        letter: char,
    },
}

impl fmt::Display for BadName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => write!(out, "it has no name"),
            Self::Repeated { name, column } => {
                write!(out, "its name, \"{name}\", is that of column {column} too")
            }
            Self::Reserved => write!(
                out,
                "the name \"{DOCUMENT_FIELD}\" is kept for a document's own hash"
            ),
            Self::Invisible { name, letter } => write!(
                out,
                "its name, {}, holds what cannot be seen (U+{:04X})",
                shown(name),
                u32::from(*letter)
            ),
        }
    }
}

/// A column whose name only looks like the one that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimilarColumn {
    /// The column, from 1.
    pub column: usize,
    /// Its name.
    pub name: String,
    /// The letters that differ.
    pub letters: String,
}

fn alike(similar: Option<&SimilarColumn>) -> String {
    similar.map_or_else(String::new, |similar| {
        format!(
            ": the name of column {}, {}, only looks like it ({})",
            similar.column,
            shown(&similar.name),
            similar.letters
        )
    })
}
