//! The rows of a table: each fit to be sent, or refused by number and column.
//!
//! A table is read twice: once whole before anything is sent, so that an unreadable file sends nothing,
//! and once row by row. A row that is not the same the second time stops the run.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use protocol::{
    commitment::{BadFields, DOCUMENT_FIELD, FIELD_BYTES_MAX, FIELDS_MAX, Fields},
    hash::DocumentHash,
    name::Date,
    record::{BadRecordId, RecordId},
};

use super::{
    Outcome,
    encoding::Encoding,
    serials::Serials,
    source::{Delimiter, Form, Raw, Rows},
    spoilt,
};
use crate::{
    cells, date,
    exit::{Failure, USAGE},
};

/// Columns that begin so are this program's own remarks in a file of errors, and no fields.
pub(super) const REMARK: &str = "muhr:";
/// Letters of a cell that are kept of a row too long to be one.
const KEPT_BYTES: usize = 1024;

/// A row that can be registered. The first row of the file, with the names of the columns, is row 1.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) number: u64,
    /// What its receipt is called, without the extension.
    pub(super) name: String,
    pub(crate) record: RecordId,
    pub(crate) content: Values,
    /// The legal date that the row declares.
    #[allow(
        dead_code,
        reason = "the journey of a row to its entry is being rewritten, and takes it up"
    )]
    pub(crate) effective: Option<Date>,
}

/// What a row says: cells, or a document.
#[derive(Clone, Debug)]
pub(crate) enum Values {
    Fields(Fields),
    Document(DocumentHash),
}

/// A table being read.
pub(crate) struct Table {
    path: PathBuf,
    pub(super) form: Form,
    /// None between the two readings: only one of them has its memory.
    rows: Option<Rows>,
    columns: Columns,
    serials: Serials,
    /// Of each row, in order.
    prints: Vec<u64>,
    next: usize,
}

/// The columns that something is to be taken from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    /// Of the record's number, joined by commas.
    pub(crate) record: &'a str,
    /// Of the legal date.
    pub(crate) effective: Option<&'a str>,
}

/// What the first row says.
struct Columns {
    /// Names, without this program's remarks.
    names: Vec<String>,
    /// Where remarks stand among all columns.
    remarks: Vec<usize>,
    all: usize,
    key: Vec<usize>,
    /// The names of those of the key.
    key_names: String,
    effective: Option<usize>,
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
    pub(super) fn open(path: &Path, wanted: Wanted<'_>, form: Form) -> Result<Self, Failure> {
        let mut first = form.rows(path)?;
        let columns = Columns::read(path, &mut first, wanted, &form)?;
        let mut table = Self {
            path: path.to_owned(),
            rows: None,
            serials: Serials::of(&columns.names),
            form,
            columns,
            prints: Vec::new(),
            next: 0,
        };
        while let Some(row) = raw(path, &mut first)? {
            let cells = table.cells(&row)?;
            table.serials.know(&cells);
            table.prints.push(print(&row));
        }
        drop(first);
        let mut second = table.form.rows(path)?;
        let _header = raw(path, &mut second)?;
        table.rows = Some(second);
        Ok(table)
    }

    pub(crate) fn columns(&self) -> &[String] {
        &self.columns.names
    }

    pub(crate) fn rows(&self) -> u64 {
        self.prints.len() as u64
    }

    /// The next row, or why it is not fit; none at the end.
    pub(crate) fn next_row(&mut self) -> Result<Option<Result<Row, Outcome>>, Failure> {
        let known = self.prints.get(self.next);
        self.next += 1;
        let read = self.rows.as_mut().map_or(Ok(None), Rows::next);
        let row = match (read, known) {
            (Ok(None), None) => return Ok(None),
            (Ok(Some(row)), Some(known)) if *known == print(&row) => row,
            _ => {
                let what = format!(
                    "{}: row {} or the one after it changed while the table was read",
                    self.path.display(),
                    self.next
                );
                return Err(Failure::new(USAGE, what)
                    .help("close the table in other programs and run the same command again"));
            }
        };
        let cells = self.cells(&row)?;
        let judged = self.judge(&row, cells);
        Ok(Some(judged.map_err(|outcome| *outcome)))
    }

    /// The cells of a row, without remarks. A file with other letters than its encoding has is refused whole.
    fn cells(&self, row: &Raw) -> Result<Vec<String>, Failure> {
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
                not_text(&self.path, row.number, &place, encoding)
            })?;
            cells.push(self.columns.original(cell));
        }
        Ok(cells)
    }

    fn judge(&self, row: &Raw, mut cells: Vec<String>) -> Result<Row, Box<Outcome>> {
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
                content: Values::Fields(fields),
                effective,
            }),
            (Err(flaw), record) => Err(Box::new(Outcome {
                column: flaw.column,
                cells: kept(cells),
                ..Outcome::not_done(row.number, record, "invalid", flaw.reason).coded(flaw.code)
            })),
            (Ok(_), None) => Err(Box::new(Outcome::not_done(
                row.number,
                None,
                "invalid",
                "it has no number".to_owned(),
            ))),
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
        for (at, (column, cell)) in self.columns.names.iter().zip(cells).enumerate() {
            if let Some((code, what)) = spoilt::find(cell) {
                return Some(Flaw::of(column, code, what));
            }
            if let Some(what) = self.serials.find(at, cell) {
                *cell = spoilt::marked("SERIAL", cell);
                return Some(Flaw::of(column, "serial-date", what));
            }
            if self.columns.key.contains(&at) && spoilt::shortened(cell) {
                let what = "a number that a spreadsheet has shortened; format the column as text and enter it again";
                return Some(Flaw::of(column, "shortened", what));
            }
        }
        None
    }

    /// The record's number, and what else the row says.
    fn read(
        &self,
        cells: &[String],
        record: &mut Option<RecordId>,
    ) -> Result<(Fields, Option<Date>), Flaw> {
        let columns = &self.columns;
        let cell = |at: &usize| cells.get(*at).map(String::as_str);
        let found = RecordId::new(columns.key.iter().filter_map(cell)).map_err(|error| {
            let code = match error {
                BadRecordId::Empty { .. } => "empty-key",
                BadRecordId::TooLong { .. } => "too-long",
                BadRecordId::Invisible { .. } | BadRecordId::Parts => "bad-key",
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
            code: match error {
                BadFields::TooLong => "too-long",
                _ => "bad-fields",
            },
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
            *cell = spoilt::cut(cell);
        }
    }
    // More cells than any table has columns: the rest is no value of any.
    cells.truncate(2 * FIELDS_MAX);
    cells.shrink_to_fit();
    cells
}

/// The next row; a file that cannot be read to its end is refused whole.
fn raw(path: &Path, rows: &mut Rows) -> Result<Option<Raw>, Failure> {
    rows.next().map_err(|error| wrong(path, &error))
}

impl Columns {
    fn read(
        path: &Path,
        rows: &mut Rows,
        wanted: Wanted<'_>,
        form: &Form,
    ) -> Result<Self, Failure> {
        let encoding = form.encoding();
        let header = raw(path, rows)?.unwrap_or_default();
        let row = header.number.max(1);
        if let Some(found) = header.wrong {
            let (number, what) = (found.column + 1, found.what);
            return Err(wrong(path, &format!("row {row}, column {number}: {what}")));
        }
        let header = header.cells;
        let mut names: Vec<String> = Vec::new();
        let mut remarks = Vec::new();
        for (at, name) in header.iter().enumerate() {
            let number = at + 1;
            let name = encoding
                .read(name)
                .ok_or_else(|| not_text(path, row, &format!("column {number}"), encoding))?;
            if name.starts_with(REMARK) {
                remarks.push(at);
                continue;
            }
            if name.is_empty() || names.contains(&name) || name == DOCUMENT_FIELD {
                let what = format!(
                    "row {row}, column {number}: the name is empty, repeated or \"document\""
                );
                return Err(wrong(path, &what).help("give each column a name of its own"));
            }
            names.push(name);
            if names.len() > FIELDS_MAX {
                let what = format!("row {row} names more than {FIELDS_MAX} columns");
                return Err(
                    wrong(path, &what).help("take out the columns that are not of the record")
                );
            }
        }
        if names.is_empty() && !remarks.is_empty() {
            return Err(wrong(path, "it lists files of a folder, and is no table")
                .help("mend those files, and anchor the folder again"));
        }
        if !remarks.is_empty() {
            names = names.iter().map(|name| cells::original(name)).collect();
        }
        let find = |name: &str| {
            let missing = || {
                wrong(path, &format!("there is no column \"{name}\""))
                    .help(format!("the columns are: {}", names.join(", ")))
            };
            names
                .iter()
                .position(|column| column == name)
                .ok_or_else(missing)
        };
        let key: Vec<usize> = wanted
            .record
            .split(',')
            .map(find)
            .collect::<Result<_, _>>()?;
        let effective = wanted.effective.map(find).transpose()?;
        let key_names: Vec<_> = key.iter().map(|at| names[*at].as_str()).collect();
        Ok(Self {
            key_names: key_names.join(", "),
            names,
            remarks,
            all: header.len(),
            key,
            effective,
        })
    }

    /// A cell as it was before it was written to a file of errors, if this is one.
    fn original(&self, cell: String) -> String {
        match self.remarks.is_empty() {
            true => cell,
            false => cells::original(&cell),
        }
    }

    /// The name of the column that stands at a place among all columns.
    fn name(&self, at: usize) -> String {
        let before = self.remarks.iter().filter(|remark| **remark < at).count();
        let name = self.names.get(at - before);
        name.cloned()
            .unwrap_or_else(|| "beyond the last".to_owned())
    }
}

/// The delimiter with which the columns of the number are found; of several the one that makes most columns.
pub(super) fn find_delimiter(
    path: &Path,
    wanted: Wanted<'_>,
    encoding: Encoding,
) -> Result<Delimiter, Failure> {
    let mut found: Vec<(Delimiter, usize)> = Vec::new();
    let mut refused = None;
    for delimiter in Delimiter::ALL {
        let form = Form::Text(encoding, delimiter);
        match Columns::read(path, &mut form.rows(path)?, wanted, &form) {
            Ok(columns) => found.push((delimiter, columns.all)),
            // The comma's reasons are told: it is what a table has unless somebody says otherwise.
            Err(failure) => refused = refused.or(Some(failure)),
        }
    }
    // Where no delimiter occurs all make one column, and the first, the comma, is as good as any.
    let most = found.iter().map(|(_, columns)| *columns).max();
    let mut best = found
        .into_iter()
        .filter(|(_, columns)| Some(*columns) == most);
    match (best.next(), best.next()) {
        (Some((_, columns)), Some(_)) if columns > 1 => {
            Err(wrong(path, "row 1 can be split in more than one way")
                .help("say what stands between cells with --delimiter comma, semicolon or tab"))
        }
        (Some((delimiter, _)), _) => Ok(delimiter),
        (None, _) => Err(refused.unwrap_or_else(|| wrong(path, "row 1 names no columns"))),
    }
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

fn wrong(path: &Path, what: &str) -> Failure {
    Failure::new(USAGE, format!("{}: {what}", path.display()))
}

fn not_text(path: &Path, row: u64, place: &str, encoding: Encoding) -> Failure {
    let help = match encoding {
        Encoding::Utf8 => {
            "if it was saved as Windows-1251, add --encoding windows-1251; else save the table as \"CSV UTF-8\" and run the same command again; nothing was sent"
        }
        Encoding::Windows1251 => {
            "save the table as \"CSV UTF-8\" and run the same command again; nothing was sent"
        }
    };
    wrong(
        path,
        &format!("row {row}, {place}: not {}", encoding.name()),
    )
    .help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            Table::open(&path, of(record), Form::Text(Encoding::Utf8, delimiter))
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
        assert!(refused.what.contains("more than one way"));
        let refused = open("n;a\n", "m").err().unwrap();
        assert!(refused.what.contains("no column \"m\""));
    }

    #[test]
    fn a_table_that_changes_while_it_is_read_stops_the_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        for later in ["n,a\n1,x\n2,z\n", "n,a\n1,x\n", "n,a\n1,x\n2,y\n3,z\n"] {
            std::fs::write(&path, "n,a\n1,x\n2,y\n").unwrap();
            let form = Form::Text(Encoding::Utf8, Delimiter::Comma);
            let mut table = Table::open(&path, of("n"), form.clone()).ok().unwrap();
            std::fs::write(&path, later).unwrap();
            let mut rows = form.rows(&path).unwrap();
            let _header = rows.next();
            table.rows = Some(rows);
            assert!(table.next_row().unwrap().unwrap().is_ok());
            let mut last = table.next_row();
            while matches!(last, Ok(Some(_))) {
                last = table.next_row();
            }
            assert!(last.unwrap_err().what.contains("changed while"), "{later}");
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
            Table::open(&path, Wanted { record, effective }, form)
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
        assert!(refused.what.contains("no column \"since\""));
    }
}
