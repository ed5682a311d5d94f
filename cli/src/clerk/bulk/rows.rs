//! The rows of a table: each fit to be sent, or refused by number and column.
//!
//! A table is read twice: once whole before anything is sent, so that an unreadable file sends nothing,
//! and once row by row. A row that is not the same the second time stops the run.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use protocol::{
    commitment::{DOCUMENT_FIELD, Fields},
    hash::DocumentHash,
    record::RecordId,
};

use super::{
    Outcome,
    source::{Delimiter, Encoding, Form, Raw, Rows},
};
use crate::{
    cells,
    exit::{Failure, USAGE},
};

/// Columns that begin so are this program's own remarks in a file of errors, and no fields.
pub(super) const REMARK: &str = "muhr:";

/// A row that can be registered. The first row of the file, with the names of the columns, is row 1.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) number: u64,
    /// What its receipt is called, without the extension.
    pub(super) name: String,
    pub(crate) record: RecordId,
    pub(crate) content: Values,
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
    rows: Rows,
    columns: Columns,
    /// Of each row, in order.
    prints: Vec<u64>,
    next: usize,
}

/// What the first row says.
struct Columns {
    /// Names, without this program's remarks.
    names: Vec<String>,
    /// Where remarks stand among all columns.
    remarks: Vec<usize>,
    all: usize,
    key: Vec<usize>,
}

impl Table {
    /// Opens a table, finds the columns of the record's number, and reads it whole once.
    pub(super) fn open(path: &Path, record: &str, form: Form) -> Result<Self, Failure> {
        let columns = Columns::read(path, record, &form)?;
        let mut first = form.rows(path)?;
        let mut table = Self {
            path: path.to_owned(),
            rows: form.rows(path)?,
            form,
            columns,
            prints: Vec::new(),
            next: 0,
        };
        let _header = raw(path, &mut first)?;
        while let Some(row) = raw(path, &mut first)? {
            let _cells = table.cells(&row)?;
            table.prints.push(print(&row));
        }
        let _header = raw(path, &mut table.rows)?;
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
        let row = match (self.rows.next(), known) {
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

    fn judge(&self, row: &Raw, cells: Vec<String>) -> Result<Row, Box<Outcome>> {
        let (number, found) = (row.number, row.cells.len());
        let names = &self.columns.names;
        let invalid = |column: String, reason: String, cells: Vec<String>| {
            Box::new(Outcome {
                column,
                cells,
                ..Outcome::not_done(number, None, "invalid", reason)
            })
        };
        if let Some((at, what)) = row.wrong {
            let column = self.columns.name(at);
            let reason = format!("column {column}: {what}");
            return Err(invalid(column, reason, cells));
        }
        if found != self.columns.all {
            let reason = format!("{found} cells where the first row has {}", self.columns.all);
            return Err(invalid(String::new(), reason, cells));
        }
        for (column, cell) in names.iter().zip(&cells) {
            if let Some(what) = spoilt(cell) {
                let reason = format!("column {column}: {what}");
                return Err(invalid(column.clone(), reason, cells));
            }
        }
        let key: Vec<&String> = self
            .columns
            .key
            .iter()
            .filter_map(|at| cells.get(*at))
            .collect();
        let key_names: Vec<&str> = self
            .columns
            .key
            .iter()
            .filter_map(|at| names.get(*at))
            .map(String::as_str)
            .collect();
        let key_names = key_names.join(", ");
        if key.iter().any(|cell| shortened(cell)) {
            let reason = format!(
                "column {key_names}: a number that a spreadsheet has shortened; format the column as text and enter it again"
            );
            return Err(invalid(key_names, reason, cells));
        }
        let record = match RecordId::new(key.into_iter().map(String::as_str)) {
            Ok(record) => record,
            Err(error) => {
                let reason = format!("column {key_names}: {error}");
                return Err(invalid(key_names, reason, cells));
            }
        };
        let fields = names.iter().cloned().zip(cells.iter().cloned()).collect();
        match Fields::new(fields) {
            Ok(fields) => Ok(Row {
                number,
                name: format!("{number:07}"),
                record,
                content: Values::Fields(fields),
            }),
            Err(error) => {
                let mut outcome = invalid(String::new(), error.to_string(), cells);
                outcome.record = Some(record);
                Err(outcome)
            }
        }
    }
}

/// The next row; a file that cannot be read to its end is refused whole.
fn raw(path: &Path, rows: &mut Rows) -> Result<Option<Raw>, Failure> {
    rows.next().map_err(|error| wrong(path, &error))
}

impl Columns {
    fn read(path: &Path, record: &str, form: &Form) -> Result<Self, Failure> {
        let encoding = form.encoding();
        let header = raw(path, &mut form.rows(path)?)?.unwrap_or_default();
        if let Some((at, what)) = header.wrong {
            let number = at + 1;
            return Err(wrong(path, &format!("row 1, column {number}: {what}")));
        }
        let header = header.cells;
        let mut names: Vec<String> = Vec::new();
        let mut remarks = Vec::new();
        for (at, name) in header.iter().enumerate() {
            let number = at + 1;
            let name = encoding
                .read(name)
                .ok_or_else(|| not_text(path, 1, &format!("column {number}"), encoding))?;
            if name.starts_with(REMARK) {
                remarks.push(at);
                continue;
            }
            if name.is_empty() || names.contains(&name) || name == DOCUMENT_FIELD {
                return Err(wrong(
                    path,
                    &format!("row 1, column {number}: the name is empty, repeated or \"document\""),
                )
                .help("give each column a name of its own"));
            }
            names.push(name);
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
        let key = record.split(',').map(find).collect::<Result<_, _>>()?;
        Ok(Self {
            names,
            remarks,
            all: header.len(),
            key,
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
    record: &str,
    encoding: Encoding,
) -> Result<Delimiter, Failure> {
    let mut found: Vec<(Delimiter, usize)> = Vec::new();
    let mut refused = None;
    for delimiter in Delimiter::ALL {
        match Columns::read(path, record, &Form::Text(encoding, delimiter)) {
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

/// What a spreadsheet leaves in place of a value.
fn spoilt(cell: &str) -> Option<&'static str> {
    const ERRORS: [&str; 7] = [
        "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#N/A", "#NULL!",
    ];
    let cell = cell.trim();
    if cell.len() > 1 && cell.starts_with('=') {
        Some("a formula, not its value; save the values and run again")
    } else if ERRORS.contains(&cell) {
        Some("a spreadsheet's error in place of a value")
    } else if cell.starts_with("####") && cell.bytes().all(|byte| byte == b'#') {
        Some("a value that a spreadsheet could not show in its narrow column")
    } else {
        None
    }
}

/// Digits, a fraction and a power of ten: 3.0E+13 was once a number with all its digits.
fn shortened(cell: &str) -> bool {
    let Some((digits, power)) = cell.trim().split_once(['E', 'e']) else {
        return false;
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let whole = digits.split(['.', ',']);
    whole.clone().count() <= 2
        && whole.into_iter().all(is_number)
        && power.strip_prefix('+').is_some_and(is_number)
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

    #[test]
    fn what_a_spreadsheet_spoils_is_noticed() {
        for cell in ["=A1+B1", " #REF! ", "#N/A", "########"] {
            assert!(spoilt(cell).is_some(), "{cell}");
        }
        for cell in ["", "=", "#12", "N/A", "a=b"] {
            assert!(spoilt(cell).is_none(), "{cell}");
        }
        assert!(shortened("3.0E+13") && shortened("1,2e+5") && shortened("7E+9"));
        for cell in ["E-12", "12E", "1.2.3E+4", "A7E+9", "12345", "7E9"] {
            assert!(!shortened(cell), "{cell}");
        }
    }

    #[test]
    fn delimiters_are_found_by_the_columns_of_the_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        let open = |text: &str, record: &str| {
            std::fs::write(&path, text).unwrap();
            let delimiter = find_delimiter(&path, record, Encoding::Utf8)?;
            Table::open(&path, record, Form::Text(Encoding::Utf8, delimiter))
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
            let mut table = Table::open(&path, "n", form.clone()).ok().unwrap();
            std::fs::write(&path, later).unwrap();
            table.rows = form.rows(&path).unwrap();
            let _header = table.rows.next();
            assert!(table.next_row().unwrap().unwrap().is_ok());
            let mut last = table.next_row();
            while matches!(last, Ok(Some(_))) {
                last = table.next_row();
            }
            assert!(last.unwrap_err().what.contains("changed while"), "{later}");
        }
    }
}
