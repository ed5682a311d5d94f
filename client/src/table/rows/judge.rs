//! The judgement of one row: a record, or what is wrong with it.

use messages::UserMessage;
use protocol::{
    commitment::{FIELD_BYTES_MAX, FIELDS_MAX, Fields},
    name::Date,
    record::{BadRecordId, RecordId},
};

use super::{
    super::{cell_errors, charset, encoding::Encoding, number_shapes, source::Raw},
    KEPT_BYTES, Row, RowContent, Table, UnfitRow,
};
use crate::{coded::Coded, time};

/// The code of a row that is no record.
const NO_RECORD: &str = "no-record";
/// Flaw of a row: a column, a code and a reason.
struct Flaw {
    column: String,
    code: &'static str,
    reason: UserMessage,
}

impl Flaw {
    fn of(column: &str, code: &'static str, what: UserMessage) -> Self {
        Self {
            column: column.to_owned(),
            code,
            reason: UserMessage::new("row-column")
                .text("column", column)
                .part("trouble", what),
        }
    }
}

impl Table {
    pub(super) fn judge(&self, row: &Raw, mut cells: Vec<String>) -> Result<Row, Box<UnfitRow>> {
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
                reason: UserMessage::new("row-without-number"),
                cells: Vec::new(),
            })),
        }
    }

    /// Flaw by which a cell has no value, or a row not as many as it should; a mark takes the place of
    /// what would pass for a value the next time.
    fn flaw(&self, row: &Raw, cells: &mut [String]) -> Option<Flaw> {
        if let Some(wrong) = &row.wrong {
            let column = self.columns.name(wrong.column);
            return Some(Flaw::of(&column, wrong.code, wrong.what.clone()));
        }
        let (found, all) = (row.cells.len(), self.columns.all);
        if found != all {
            return Some(Flaw {
                column: String::new(),
                code: "cell-count",
                reason: UserMessage::new("row-cell-count")
                    .text("found", found)
                    .text("all", all),
            });
        }
        if let Some(at) = self.other_letters(row) {
            let cell = cells.get_mut(at)?;
            *cell = cell_errors::marked("LETTERS", cell);
            let what = UserMessage::new("cell-is-utf8");
            return Some(Flaw::of(
                &self.columns.names[at],
                cell_errors::TWO_ALPHABETS,
                what,
            ));
        }
        if cells.iter().eq(&self.columns.names) {
            let what = UserMessage::new("row-repeats-names");
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

    /// Flaw of a number that is a text like any other.
    fn no_number(&self, cells: &[String]) -> Option<Flaw> {
        let names = &self.columns.key_names;
        if let Some(pattern) = &self.numbers {
            let number = self.columns.number(cells);
            let what = UserMessage::new("number-unlike-pattern");
            return (!pattern.is_match(&number)).then(|| Flaw::of(names, "unlike-pattern", what));
        }
        let first = cells.get(*self.columns.key.first()?)?;
        if number_shapes::is_no_number(first) {
            let what = UserMessage::new("number-is-none");
            return Some(Flaw::of(names, NO_RECORD, what));
        }
        let mut key = self.columns.key.iter();
        let at = key.find(|at| {
            cells
                .get(**at)
                .is_some_and(|cell| cell_errors::is_whole_fraction(cell))
        })?;
        let what = UserMessage::new("number-with-fraction");
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
            let what = UserMessage::new("number-invalid").text("reason", error);
            Flaw::of(&columns.key_names, code, what)
        })?;
        *record = Some(found);
        let mut effective = None;
        if let Some(at) = columns.effective {
            let read = time::of_cell(cell(&at).unwrap_or_default());
            effective =
                read.map_err(|error| Flaw::of(&columns.names[at], "bad-date", error.message()))?;
        }
        let fields = columns.names.iter().cloned().zip(cells.iter().cloned());
        let fields = Fields::new(fields.collect()).map_err(|error| Flaw {
            column: String::new(),
            // Their names and their number were judged with the first row.
            code: "too-long",
            reason: UserMessage::new("fields-invalid").text("reason", error),
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
