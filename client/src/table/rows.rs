//! The rows of a table: each fit to be sent, or refused by number and column.
//!
//! A table is read twice: once whole before anything is sent, so that an unreadable file sends nothing,
//! and once row by row. A row that is not the same the second time stops the run.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use crate::date;
use protocol::{
    commitment::{FIELD_BYTES_MAX, FIELDS_MAX, Fields},
    hash::DocumentHash,
    name::Date,
    record::{BadRecordId, RecordId},
};
use regex_lite::Regex;

use super::{
    TableError, TableTrouble, cell_errors, charset,
    columns::{Columns, Wanted},
    encoding::Encoding,
    excel_dates::DateColumns,
    hidden::Hidden,
    number_shapes::{self, NumberShapes},
    source::{Form, Raw, Rows},
    twins::Twins,
};

/// The code of a row that is no record.
const NO_RECORD: &str = "no-record";
/// Letters of a cell that are kept of a row too long to be one.
pub(super) const KEPT_BYTES: usize = 1024;

/// A row that can be registered. The first row of the file, with the names of the columns, is row 1.
#[derive(Clone, Debug)]
pub struct Row {
    /// As a spreadsheet counts, from 1.
    pub number: u64,
    /// What its receipt is called, without the extension.
    pub name: String,
    /// Its number.
    pub record: RecordId,
    /// What it says.
    pub content: RowContent,
    /// The legal date that the row declares.
    pub effective: Option<Date>,
}

/// What a row says: cells, or a document.
#[derive(Clone, Debug)]
pub enum RowContent {
    /// Its cells, by the names of their columns.
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
    /// What every number is like, if that is said.
    numbers: Option<Regex>,
    remarks: Vec<String>,
    unlike: Vec<(u64, String)>,
    /// Of each row, in order.
    prints: Vec<u64>,
    next: usize,
}

/// How rows are judged beyond what a table always asks.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// What a spreadsheet does not show is read all the same.
    pub hidden: bool,
    /// What every number is like.
    pub numbers: Option<Regex>,
}

/// A row that cannot be registered.
#[derive(Clone, Debug)]
pub struct UnfitRow {
    /// As a spreadsheet counts, from 1.
    pub number: u64,
    /// Its number, if that can be read.
    pub record: Option<RecordId>,
    /// The name of the column to look at; empty where it is the row.
    pub column: String,
    /// Why, as one stable word.
    pub code: &'static str,
    /// Why, for people.
    pub reason: String,
    /// The cells of the row, for whoever mends it.
    pub cells: Vec<String>,
}

/// What is wrong with a row: a column, a code and a sentence.
struct Flaw {
    column: String,
    code: &'static str,
    reason: String,
}

impl Flaw {
    fn of(column: &str, code: &'static str, what: impl std::fmt::Display) -> Self {
        Self {
            column: column.to_owned(),
            code,
            reason: format!("column {column}: {what}"),
        }
    }
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
        if let Some(what) = hidden.words() {
            if !rules.hidden {
                return Err(TableTrouble::Hidden { what }.of(path));
            }
            table
                .remarks
                .push(format!("{what} hidden, and read all the same"));
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
    fn alike(&self, twins: &Twins) -> Result<Option<String>, TableError> {
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
        Ok(twins.words("row", |row| before.get(&row).cloned()))
    }

    /// How it is written.
    #[must_use]
    pub const fn form(&self) -> &Form {
        &self.form
    }

    /// What is to be said of the whole table before it is sent.
    #[must_use]
    pub fn remarks(&self) -> &[String] {
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
                let place = format!("column \"{column}\"");
                not_text(&self.path, row.number, place, encoding)
            })?;
            cells.push(self.columns.original(cell));
        }
        Ok(cells)
    }

    fn judge(&self, row: &Raw, mut cells: Vec<String>) -> Result<Row, Box<UnfitRow>> {
        let mut record = None;
        let read = match self.flaw(row, &mut cells) {
            Some(flaw) => Err(flaw),
            None => self.read(&cells, &mut record),
        };
        match (read, record) {
            (Ok((fields, effective)), Some(record)) => Ok(Row {
                number: row.number,
                name: format!("{:07}", row.number),
                record,
                content: RowContent::Fields(fields),
                effective,
            }),
            (Err(flaw), record) => Err(Box::new(UnfitRow {
                number: row.number,
                record,
                column: flaw.column,
                code: flaw.code,
                reason: flaw.reason,
                cells: kept(cells),
            })),
            (Ok(_), None) => Err(Box::new(UnfitRow {
                number: row.number,
                record: None,
                column: String::new(),
                code: "invalid",
                reason: "it has no number".to_owned(),
                cells: Vec::new(),
            })),
        }
    }

    /// What makes that a cell has no value, or a row not as many as it should; a mark takes the place of
    /// what would pass for a value the next time.
    fn flaw(&self, row: &Raw, cells: &mut [String]) -> Option<Flaw> {
        if let Some(wrong) = row.wrong {
            let column = self.columns.name(wrong.column);
            return Some(Flaw::of(&column, wrong.code, wrong.what));
        }
        let (found, all) = (row.cells.len(), self.columns.all);
        if found != all {
            return Some(Flaw {
                column: String::new(),
                code: "cell-count",
                reason: format!("{found} cells where the first row has {all}"),
            });
        }
        if let Some(at) = self.other_letters(row) {
            let cell = cells.get_mut(at)?;
            *cell = cell_errors::marked("LETTERS", cell);
            let what = "written in UTF-8, and the table in Windows-1251; save the whole table as \"CSV UTF-8\"";
            return Some(Flaw::of(
                &self.columns.names[at],
                cell_errors::TWO_ALPHABETS,
                what,
            ));
        }
        if cells.iter().eq(&self.columns.names) {
            let what = "the names of the columns again, and no record";
            return Some(Flaw::of(&self.columns.key_names, NO_RECORD, what));
        }
        for (at, (column, cell)) in self.columns.names.iter().zip(&mut *cells).enumerate() {
            if let Some((code, what)) = cell_errors::find(cell) {
                return Some(Flaw::of(column, code, what));
            }
            if let Some(what) = self.dates.find(at, cell) {
                *cell = cell_errors::marked("SERIAL", cell);
                return Some(Flaw::of(column, "serial-date", what));
            }
        }
        self.no_number(cells)
    }

    /// The first cell, without remarks, whose letters are written otherwise than the table's.
    fn other_letters(&self, row: &Raw) -> Option<usize> {
        if self.form.encoding() != Encoding::Windows1251 {
            return None;
        }
        let cells = row.cells.iter().enumerate();
        let mut fields = cells.filter(|(at, _)| !self.columns.remarks.contains(at));
        fields.position(|(_, cell)| charset::holds_utf8(cell))
    }

    /// What is wrong with a number that is a text like any other.
    fn no_number(&self, cells: &[String]) -> Option<Flaw> {
        let names = &self.columns.key_names;
        if let Some(pattern) = &self.numbers {
            let number = self.columns.number(cells);
            let what = "not like --strict-numbers says that numbers are";
            return (!pattern.is_match(&number)).then(|| Flaw::of(names, "unlike-pattern", what));
        }
        let first = cells.get(*self.columns.key.first()?)?;
        if number_shapes::is_no_number(first) {
            let what = "what stands for no value or before a sum, and no number";
            return Some(Flaw::of(names, NO_RECORD, what));
        }
        let mut key = self.columns.key.iter();
        let at = key.find(|at| {
            cells
                .get(**at)
                .is_some_and(|cell| cell_errors::is_whole_fraction(cell))
        })?;
        let what = "a whole number with a fraction of nought behind it, as some programs write; write it without";
        Some(Flaw::of(&self.columns.names[*at], "fraction", what))
    }

    /// The record's number, and what else the row says.
    fn read(
        &self,
        cells: &[String],
        record: &mut Option<RecordId>,
    ) -> Result<(Fields, Option<Date>), Flaw> {
        let columns = &self.columns;
        let cell = |at: &usize| cells.get(*at).map(String::as_str);
        let found = columns.record(cells).map_err(|error| {
            let code = match error {
                BadRecordId::Empty { .. } => "empty-key",
                BadRecordId::TooLong { .. } => "too-long",
                BadRecordId::Invisible { .. } | BadRecordId::Escape { .. } | BadRecordId::Parts => {
                    "bad-key"
                }
            };
            Flaw::of(&columns.key_names, code, error)
        })?;
        *record = Some(found);
        let mut effective = None;
        if let Some(at) = columns.effective {
            let read = date::read(cell(&at).unwrap_or_default());
            effective = read.map_err(|what| Flaw::of(&columns.names[at], "bad-date", what))?;
        }
        let fields = columns.names.iter().cloned().zip(cells.iter().cloned());
        let fields = Fields::new(fields.collect()).map_err(|error| Flaw {
            column: String::new(),
            // Their names and their number were judged with the first row.
            code: "too-long",
            reason: error.to_string(),
        })?;
        Ok((fields, effective))
    }
}

/// The cells of a row to mend. One too long to be a record is not kept whole for every row of a table.
fn kept(mut cells: Vec<String>) -> Vec<String> {
    let bytes = |cells: &[String]| -> usize { cells.iter().map(String::len).sum() };
    if bytes(&cells) > FIELD_BYTES_MAX {
        for cell in cells.iter_mut().filter(|cell| cell.len() > KEPT_BYTES) {
            *cell = cell_errors::cut(cell);
        }
    }
    // More cells than any table has columns: the rest is no value of any.
    cells.truncate(2 * FIELDS_MAX);
    cells.shrink_to_fit();
    cells
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

pub(super) fn not_text(path: &Path, row: u64, place: String, encoding: Encoding) -> TableError {
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
mod tests {
    use super::{
        super::{columns::find_delimiter, source::Delimiter},
        *,
    };

    fn of(record: &str) -> Wanted<'_> {
        let effective = None;
        Wanted { record, effective }
    }

    #[test]
    fn delimiters_are_found_by_the_columns_of_the_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        let open = |text: &str, record: &str| {
            std::fs::write(&path, text).unwrap();
            let delimiter = find_delimiter(&path, of(record), Encoding::Utf8)?;
            let form = Form::Text(Encoding::Utf8, delimiter);
            Table::open(&path, of(record), form, Rules::default())
        };
        for (text, delimiter) in [
            ("\u{feff}\"n\";a;b\n1;\"x\ny\";2\n", Delimiter::Semicolon),
            ("n\ta,b\n1\tx\n", Delimiter::Tab),
            ("n,a;b\n1,x\n", Delimiter::Comma),
            ("n\n1\n", Delimiter::Comma),
        ] {
            let table = open(text, "n").ok().unwrap();
            assert_eq!(table.form, Form::Text(Encoding::Utf8, delimiter), "{text}");
            assert_eq!(table.rows(), 1, "{text}");
        }
        let refused = open("n,a;n;c,d\n", "n").err().unwrap();
        assert!(refused.to_string().contains("more than one way"));
        let refused = open("n;a\n", "m").err().unwrap();
        assert!(refused.to_string().contains("no column \"m\""));
    }

    #[test]
    fn the_reason_is_that_of_the_delimiter_which_finds_the_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        for (text, words) in [
            ("number;a;;b\n1;x;y;z\n", "column 3: it has no name"),
            (
                "number;a;a\n1;x;y\n",
                "column 3: its name, \"a\", is that of column 2 too",
            ),
            (
                "number;document\n1;x\n",
                "column 2: the name \"document\" is kept",
            ),
            (
                "number;a\u{200b}\n1;x\n",
                "holds what cannot be seen (U+200B)",
            ),
            ("number;\"a\nb\"\n1;x\n", "\"a<U+000A>b\""),
            ("number;\"a\n1;x\n", "row 1, column 2: a quote opens here"),
            ("nomer;a;b\n1;x;y\n", "there is no column \"number\""),
            ("number\n", "no row stands below"),
            ("number;a\n;\n;;;\n", "no row stands below"),
        ] {
            std::fs::write(&path, text).unwrap();
            let found = find_delimiter(&path, of("number"), Encoding::Utf8);
            let opened = found.and_then(|delimiter| {
                let form = Form::Text(Encoding::Utf8, delimiter);
                Table::open(&path, of("number"), form, Rules::default())
            });
            let refused = opened.err().unwrap();
            assert!(refused.to_string().contains(words), "{text:?}: {refused}");
        }
        std::fs::write(&path, "number\u{a0};a;b\n1;x;y\n").unwrap();
        let refused = find_delimiter(&path, of("number"), Encoding::Utf8).unwrap_err();
        let TableError::Unfit { trouble, .. } = refused else {
            panic!("{refused}")
        };
        let TableTrouble::NoColumn { columns, .. } = *trouble else {
            panic!("{trouble}")
        };
        assert_eq!(columns, ["\"number<U+00A0>\"", "a", "b"]);
        // A blank after a comma, as people write lists.
        std::fs::write(&path, "number;issuer\n1;x\n").unwrap();
        assert!(find_delimiter(&path, of("number, issuer"), Encoding::Utf8).is_ok());
    }

    #[test]
    fn a_table_that_changes_while_it_is_read_stops_the_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        for later in ["n,a\n1,x\n2,z\n", "n,a\n1,x\n", "n,a\n1,x\n2,y\n3,z\n"] {
            std::fs::write(&path, "n,a\n1,x\n2,y\n").unwrap();
            let form = Form::Text(Encoding::Utf8, Delimiter::Comma);
            let mut table = Table::open(&path, of("n"), form.clone(), Rules::default())
                .ok()
                .unwrap();
            std::fs::write(&path, later).unwrap();
            let mut rows = form.rows(&path).unwrap();
            let _header = rows.next();
            table.rows = Some(rows);
            assert!(table.next_row().unwrap().unwrap().is_ok());
            let mut last = table.next_row();
            while matches!(last, Ok(Some(_))) {
                last = table.next_row();
            }
            assert!(
                last.unwrap_err().to_string().contains("changed while"),
                "{later}"
            );
        }
    }

    #[test]
    fn the_date_of_a_row_is_taken_from_its_column() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        let text = "n,from,issued\n1,2026-11-23,x\n2,23.11.2026 09:12,x\n3,,x\n4,23/11/2026,x\n5,46349,x\n";
        std::fs::write(&path, text).unwrap();
        let open = |effective| {
            let record = "n";
            let form = Form::Text(Encoding::Utf8, Delimiter::Comma);
            Table::open(&path, Wanted { record, effective }, form, Rules::default())
        };
        let mut table = open(Some("from")).ok().unwrap();
        let mut next = || match table.next_row().unwrap().unwrap() {
            Ok(row) => row.effective.map(|date| date.as_str().to_owned()),
            Err(outcome) => Some(format!("{} {}", outcome.code, outcome.column)),
        };
        let found: Vec<_> = (0..5).map(|_| next()).collect();
        let found: Vec<_> = found.iter().map(Option::as_deref).collect();
        let date = Some("2026-11-23");
        let wrong = Some("bad-date from");
        assert_eq!(found, [date, date, None, wrong, Some("serial-date from")]);
        // Nobody has named the column: its cells are fields like all others, whatever they are.
        let mut plain = open(None).ok().unwrap();
        let first = plain.next_row().unwrap().unwrap();
        assert_eq!(first.unwrap().effective, None);
        let refused = open(Some("since")).err().unwrap();
        assert!(refused.to_string().contains("no column \"since\""));
    }
}
