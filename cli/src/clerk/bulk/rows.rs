//! The rows of a table: read one by one, each fit to be sent or refused by number and column.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use protocol::{
    commitment::{DOCUMENT_FIELD, Fields},
    record::RecordId,
};

use super::Outcome;
use crate::{
    exit::{Failure, USAGE},
    files,
};

/// A row that can be registered. The first row of the file, with the names of the columns, is row 1.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) number: u64,
    pub(super) record: RecordId,
    pub(super) fields: Fields,
}

/// A table being read.
pub(super) struct Table {
    path: PathBuf,
    reader: csv::Reader<File>,
    columns: Vec<String>,
    key_columns: Vec<usize>,
    number: u64,
    bytes: u64,
}

impl Table {
    /// Opens a table and finds the columns of the record's number.
    pub(super) fn open(path: &Path, record: &str) -> Result<Self, Failure> {
        let file = File::open(path).map_err(|error| files::unreadable(path, &error))?;
        let bytes = file.metadata().map(|found| found.len()).unwrap_or(0);
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
        let wrong = |what: String| Failure::new(USAGE, format!("{}: {what}", path.display()));
        let header = reader
            .byte_headers()
            .map_err(|error| wrong(error.to_string()))?
            .clone();
        let mut columns = Vec::new();
        for (number, name) in (1..).zip(&header) {
            let name = name
                .strip_prefix(b"\xef\xbb\xbf")
                .filter(|_| number == 1)
                .unwrap_or(name);
            let name = std::str::from_utf8(name)
                .map_err(|_| not_utf8(path, 1, &format!("column {number}")))?;
            if name.is_empty()
                || columns.iter().any(|known| known == name)
                || name == DOCUMENT_FIELD
            {
                return Err(wrong(format!(
                    "row 1, column {number}: the name is empty, repeated or \"document\""
                ))
                .help("give each column a name of its own"));
            }
            columns.push(name.to_owned());
        }
        let find = |name: &str| {
            let missing = || {
                wrong(format!("there is no column \"{name}\""))
                    .help(format!("the columns are: {}", columns.join(", ")))
            };
            columns
                .iter()
                .position(|column| column == name)
                .ok_or_else(missing)
        };
        let key_columns = record.split(',').map(find).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            path: path.to_owned(),
            reader,
            columns,
            key_columns,
            number: 1,
            bytes,
        })
    }

    /// A guess, for the progress bar.
    pub(super) fn rows_expected(&self) -> u64 {
        let mut counter = match File::open(&self.path) {
            Ok(file) => csv::ReaderBuilder::new().flexible(true).from_reader(file),
            Err(_) => return self.bytes / 100,
        };
        let mut record = csv::ByteRecord::new();
        let mut rows = 0;
        while counter.read_byte_record(&mut record).unwrap_or(false) {
            rows += 1;
        }
        rows
    }

    /// The next row, or why it is not fit; none at the end. A file that is not UTF-8 is refused whole.
    pub(super) fn next_row(&mut self) -> Result<Option<Result<Row, Outcome>>, Failure> {
        let mut record = csv::ByteRecord::new();
        self.number += 1;
        let number = self.number;
        let more = self.reader.read_byte_record(&mut record);
        if !more.map_err(|error| {
            Failure::new(
                USAGE,
                format!("{}: row {number}: {error}", self.path.display()),
            )
        })? {
            return Ok(None);
        }
        let mut cells = Vec::with_capacity(record.len());
        for (at, cell) in record.iter().enumerate() {
            let column = self
                .columns
                .get(at)
                .map_or("beyond the last", String::as_str);
            cells.push(
                std::str::from_utf8(cell)
                    .map_err(|_| not_utf8(&self.path, number, &format!("column \"{column}\"")))?,
            );
        }
        Ok(Some(self.judge(number, &cells)))
    }

    fn judge(&self, number: u64, cells: &[&str]) -> Result<Row, Outcome> {
        let invalid = |reason: String| Outcome::not_done(number, None, "invalid", reason);
        if cells.len() != self.columns.len() {
            return Err(invalid(format!(
                "{} cells where the first row has {}",
                cells.len(),
                self.columns.len()
            )));
        }
        let key = self
            .key_columns
            .iter()
            .filter_map(|at| cells.get(*at).copied());
        let record = RecordId::new(key).map_err(|error| {
            let names: Vec<&str> = self
                .key_columns
                .iter()
                .filter_map(|at| self.columns.get(*at))
                .map(String::as_str)
                .collect();
            invalid(format!("column {}: {error}", names.join(", ")))
        })?;
        let fields = self
            .columns
            .iter()
            .cloned()
            .zip(cells.iter().map(|cell| (*cell).to_owned()))
            .collect();
        let fields = Fields::new(fields).map_err(|error| {
            Outcome::not_done(number, Some(record.clone()), "invalid", error.to_string())
        })?;
        Ok(Row {
            number,
            record,
            fields,
        })
    }
}

fn not_utf8(path: &Path, row: u64, place: &str) -> Failure {
    Failure::new(
        USAGE,
        format!("{}: row {row}, {place}: not UTF-8", path.display()),
    )
    .help("save the table as \"CSV UTF-8\" and run the same command again; nothing was sent")
}
