//! The rows of a table: each fit to be sent, or refused by number and column (`judge`).
//!
//! A table is read twice: once whole before anything is sent, so that an unreadable file sends nothing,
//! and once row by row. A row that is not the same the second time stops the run.

mod judge;

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use messages::UserMessage;
use protocol::{commitment::Fields, hash::DocumentHash, name::Date, record::RecordId};
use regex_lite::Regex;

use super::{
    TableError, TableTrouble,
    columns::{Columns, Wanted},
    encoding::Encoding,
    excel_dates::DateColumns,
    hidden::Hidden,
    number_shapes::NumberShapes,
    source::{Form, Raw, Rows},
    twins::{Twins, TwinsOf},
};

/// Letters of a cell that are kept of a row too long to be one.
pub(super) const KEPT_BYTES: usize = 1024;

/// A row that can be registered. The first row of the file, with the names of the columns, is row 1.
#[derive(Clone, Debug)]
pub struct Row {
    /// As a spreadsheet counts, from 1.
    pub number: u64,
    /// Name of its receipt, without the extension.
    pub name: String,
    /// The number.
    pub record: RecordId,
    /// Statement of that entry.
    pub content: RowContent,
    /// The legal date that the row declares.
    pub effective: Option<Date>,
}

/// Content of a row: cells, or a document.
#[derive(Clone, Debug)]
pub enum RowContent {
    /// The cells, by the names of their columns.
    Fields(Fields),
    /// The hash of its document.
    Document(DocumentHash),
}

/// A table being read.
pub struct Table {
    path: PathBuf,
    form: Form,
    /// None between the two readings: only one of them has its memory.
    rows: Option<Rows>,
    columns: Columns,
    dates: DateColumns,
    /// Pattern of every number, if one is given.
    numbers: Option<Regex>,
    remarks: Vec<UserMessage>,
    unlike: Vec<(u64, String)>,
    /// Of each row, in order.
    prints: Vec<u64>,
    next: usize,
}

/// How rows are judged beyond what a table always asks.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Rows and columns that a spreadsheet does not show are read all the same.
    pub hidden: bool,
    /// Pattern of every number.
    pub numbers: Option<Regex>,
}

/// A row that cannot be registered.
#[derive(Clone, Debug)]
pub struct UnfitRow {
    /// As a spreadsheet counts, from 1.
    pub number: u64,
    /// The number, if that can be read.
    pub record: Option<RecordId>,
    /// The name of the column to look at; empty where it is the row.
    pub column: String,
    /// Why, as one stable word.
    pub code: &'static str,
    /// Reason, for people.
    pub reason: UserMessage,
    /// The cells of the row, for whoever mends it.
    pub cells: Vec<String>,
}

impl Table {
    /// Opens a table, finds the columns that are wanted, and reads it whole once.
    pub(super) fn open(
        path: &Path,
        wanted: Wanted<'_>,
        form: Form,
        rules: Rules,
    ) -> Result<Self, TableError> {
        let mut first = form.rows(path)?;
        let columns = Columns::read(path, &mut first, wanted, &form)?;
        let mut table = Self {
            path: path.to_owned(),
            rows: None,
            dates: DateColumns::of(&columns.names, form.is_1904()),
            form,
            columns,
            numbers: rules.numbers,
            remarks: Vec::new(),
            unlike: Vec::new(),
            prints: Vec::new(),
            next: 0,
        };
        let mut shapes = NumberShapes::default();
        let mut twins = Twins::default();
        let mut hidden = Hidden::default();
        while let Some(row) = raw(path, &mut first)? {
            let cells = table.cells(&row)?;
            table.dates.know(&cells);
            if row.wrong.is_none() && cells.len() == table.columns.names.len() {
                shapes.know(row.number, &table.columns.number(&cells));
                if let Ok(number) = table.columns.record(&cells) {
                    twins.know(row.number, number);
                }
            }
            hidden.know(&row);
            table.prints.push(print(&row));
        }
        drop(first);
        if table.prints.is_empty() {
            return Err(TableTrouble::NoRows.of(path));
        }
        hidden.columns = table.columns.hidden(&table.form);
        if let Some(what) = hidden.found() {
            if !rules.hidden {
                return Err(TableTrouble::Hidden { what }.of(path));
            }
            table
                .remarks
                .push(UserMessage::new("hidden-read-too").part("what", what));
        }
        let alike = table.alike(&twins)?;
        table.remarks.extend(alike);
        let unlike = shapes.unlike().into_iter();
        table.unlike = unlike
            .map(|(row, number)| (row, number.to_owned()))
            .collect();
        let mut second = table.form.rows(path)?;
        let _header = raw(path, &mut second)?;
        table.rows = Some(second);
        Ok(table)
    }

    /// The numbers that look alike, with those before them, which are read once more: only their rows are known.
    fn alike(&self, twins: &Twins) -> Result<Option<UserMessage>, TableError> {
        let mut before = BTreeMap::new();
        let wanted = twins.found().iter().map(|twin| twin.first);
        let wanted: BTreeSet<u64> = wanted.collect();
        let Some(last) = wanted.last() else {
            return Ok(None);
        };
        let mut rows = self.form.rows(&self.path)?;
        let _header = raw(&self.path, &mut rows)?;
        while let Some(row) = raw(&self.path, &mut rows)? {
            if row.number > *last {
                break;
            }
            if wanted.contains(&row.number) {
                let number = self.columns.record(&self.cells(&row)?);
                before.extend(number.ok().map(|number| (row.number, number)));
            }
        }
        Ok(twins.remark(TwinsOf::Rows, |row| before.get(&row).cloned()))
    }

    /// How it is written.
    #[must_use]
    pub const fn form(&self) -> &Form {
        &self.form
    }

    /// Remarks on the whole table before it is sent.
    #[must_use]
    pub fn remarks(&self) -> &[UserMessage] {
        &self.remarks
    }

    /// The rows whose numbers are unlike all others, with these.
    #[must_use]
    pub fn unlike(&self) -> &[(u64, String)] {
        &self.unlike
    }

    /// The names of its columns.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns.names
    }

    /// How many rows it has below the names.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.prints.len() as u64
    }

    /// The next row, or why it is not fit; none at the end.
    ///
    /// # Errors
    /// [`TableError`] where the file changed since it was opened.
    pub fn next_row(&mut self) -> Result<Option<Result<Row, UnfitRow>>, TableError> {
        let known = self.prints.get(self.next);
        self.next += 1;
        let read = self.rows.as_mut().map_or(Ok(None), Rows::next);
        let row = match (read, known) {
            (Ok(None), None) => return Ok(None),
            (Ok(Some(row)), Some(known)) if *known == print(&row) => row,
            _ => {
                return Err(TableTrouble::Changed { row: self.next }.of(&self.path));
            }
        };
        let cells = self.cells(&row)?;
        Ok(Some(self.judge(&row, cells).map_err(|unfit| *unfit)))
    }

    /// The cells of a row, without remarks. A file with other letters than its encoding has is refused whole.
    fn cells(&self, row: &Raw) -> Result<Vec<String>, TableError> {
        let mut cells = Vec::with_capacity(row.cells.len());
        let fields = row.cells.iter().enumerate();
        for (_, cell) in fields.filter(|(at, _)| !self.columns.remarks.contains(at)) {
            let column = self
                .columns
                .names
                .get(cells.len())
                .map_or("beyond the last", String::as_str);
            let encoding = self.form.encoding();
            let cell = encoding.read(cell).ok_or_else(|| {
                let place = UserMessage::new("column-by-name").text("column", column);
                not_text(&self.path, row.number, place, encoding)
            })?;
            cells.push(self.columns.original(cell));
        }
        Ok(cells)
    }
}

/// The next row; a file that cannot be read to its end is refused whole.
pub(super) fn raw(path: &Path, rows: &mut Rows) -> Result<Option<Raw>, TableError> {
    let row = rows.next();
    row.map_err(|what| TableTrouble::Row(what).of(path))
}

fn print(row: &Raw) -> u64 {
    let mut hasher = DefaultHasher::new();
    row.number.hash(&mut hasher);
    row.wrong.hash(&mut hasher);
    for cell in &row.cells {
        cell.hash(&mut hasher);
    }
    hasher.finish()
}

pub(super) fn not_text(
    path: &Path,
    row: u64,
    place: UserMessage,
    encoding: Encoding,
) -> TableError {
    let trouble = TableTrouble::Cell {
        row,
        place,
        encoding,
        // What would make other letters of them than were meant is no way out.
        may_be_windows_1251: encoding == Encoding::Utf8 && Encoding::may_be_windows_1251(path),
    };
    trouble.of(path)
}

#[cfg(test)]
mod tests;
