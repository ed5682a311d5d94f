//! How a table is opened: what kind of file it is, and how it is written where nobody has said so.

use std::{path::Path, sync::Arc};

use super::{
    TableError, TableTrouble,
    columns::{self, Wanted},
    csv_rows,
    encoding::Encoding,
    file_kind,
    rows::{Rules, Table},
    source::{Delimiter, Form},
    workbook,
};

/// How a table is written, as far as somebody has said so.
#[derive(Clone, Debug, Default)]
pub struct Written<'a> {
    /// The encoding of a CSV file.
    pub encoding: Option<Encoding>,
    /// Delimiter of its cells.
    pub delimiter: Option<Delimiter>,
    /// The sheet of a workbook; else the first.
    pub sheet: Option<&'a str>,
}

/// A table that was opened, and how it was found out how it is written.
pub struct Opened {
    /// The table.
    pub table: Table,
    /// How many sheets its workbook has; none for text.
    pub sheets: Option<usize>,
    /// True if its encoding was told by its letters.
    pub is_told_by_letters: bool,
    /// Alphabet that its letters look like, where somebody has said otherwise.
    pub looks_like: Option<&'static str>,
}

/// Opens the table at `path` and reads it whole once.
///
/// # Errors
/// [`TableError`], of which [`TableError::Unfit`] names what is wrong with the whole of it.
pub fn open(
    path: &Path,
    wanted: Wanted<'_>,
    written: &Written<'_>,
    rules: Rules,
) -> Result<Opened, TableError> {
    file_kind::refuse_others(path)?;
    if workbook::is_one(path) {
        if written.encoding.is_some() || written.delimiter.is_some() {
            return Err(TableTrouble::TextOfWorkbook.of(path));
        }
        let (sheet, sheets) = workbook::find(path, written.sheet, rules.hidden)?;
        let form = Form::Workbook(Arc::new(sheet));
        return Ok(Opened {
            table: Table::open(path, wanted, form, rules)?,
            sheets: Some(sheets),
            is_told_by_letters: false,
            looks_like: None,
        });
    }
    if written.sheet.is_some() {
        return Err(TableTrouble::SheetOfText.of(path));
    }
    let told = written.encoding;
    let (found, looks_like) = match told {
        Some(encoding) => (told, encoding.check(path)?),
        None => (Encoding::find(path)?, None),
    };
    // Where nothing tells what the letters are, the first that is not UTF-8 is refused by its place.
    let encoding = found.unwrap_or(Encoding::Utf8);
    let delimiter = match written.delimiter {
        Some(delimiter) => delimiter,
        None => match csv_rows::told(path)? {
            Some(delimiter) => delimiter,
            None => columns::find_delimiter(path, wanted, encoding)?,
        },
    };
    let form = Form::Text(encoding, delimiter);
    Ok(Opened {
        table: Table::open(path, wanted, form, rules)?,
        sheets: None,
        is_told_by_letters: told.is_none() && encoding == Encoding::Windows1251,
        looks_like,
    })
}
