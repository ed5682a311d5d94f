//! The cells of one row, within their bounds, and the merged areas that reach it.

use std::collections::BTreeMap;

use calamine::Dimensions;
use messages::UserMessage;

use super::{
    super::{
        cell_errors::marked,
        source::{CELL_BYTES_MAX, ROW_BYTES_MAX, Raw, Wrong},
    },
    Sheet,
    cells::Cell,
};

/// A row while its cells go by, within its bounds.
#[derive(Default)]
pub(super) struct OneRow {
    pub(super) at: Option<u32>,
    cells: Vec<(u32, Cell)>,
    bytes: usize,
    /// The first column that may come now.
    next: u32,
}

impl OneRow {
    pub(super) fn at(at: u32) -> Self {
        Self {
            at: Some(at),
            ..Self::default()
        }
    }

    pub(super) fn push(&mut self, column: u32, cell: Cell) -> Result<(), UserMessage> {
        let row = self.at.map_or(0, |at| u64::from(at) + 1);
        if column < self.next {
            return Err(UserMessage::new("workbook-cells-out-of-order").text("row", row));
        }
        self.next = column + 1;
        let bytes = match &cell {
            Ok(text) if text.is_empty() => return Ok(()),
            Ok(text) => text.len(),
            Err(spoilt) => spoilt.mark.len(),
        };
        if bytes > CELL_BYTES_MAX {
            return Err(UserMessage::new("workbook-row-cell-too-long")
                .text("row", row)
                .text("bytes-max", CELL_BYTES_MAX));
        }
        self.bytes += bytes;
        if self.bytes > ROW_BYTES_MAX {
            return Err(UserMessage::new("workbook-row-too-long")
                .text("row", row)
                .text("bytes-max", ROW_BYTES_MAX));
        }
        self.cells.push((column, cell));
        Ok(())
    }

    pub(super) fn finish(self, sweep: &mut Sweep, sheet: &Sheet) -> Option<Raw> {
        let at = self.at?;
        let raw = sweep.row(at, self.cells)?;
        Some(Raw {
            is_hidden: sheet.facts.hides_row(at),
            ..raw
        })
    }
}

/// Knowledge of a sheet while its rows go by.
pub(super) struct Sweep {
    /// Merged areas that begin in rows to come, by their first rows.
    merged: std::iter::Peekable<std::vec::IntoIter<Dimensions>>,
    /// Of those that reach this row: their last columns and last rows, by their first columns.
    here: BTreeMap<u32, (u32, u32)>,
    /// Columns of the first row.
    width: Option<usize>,
}

impl Sweep {
    pub(super) fn over(mut merged: Vec<Dimensions>) -> Self {
        merged.sort_by_key(|area| area.start);
        Self {
            merged: merged.into_iter().peekable(),
            here: BTreeMap::new(),
            width: None,
        }
    }

    /// A row of as many cells as the first has, or more if it holds more; none if it is blank.
    fn row(&mut self, number: u32, cells: Vec<(u32, Cell)>) -> Option<Raw> {
        while let Some(area) = self.merged.next_if(|area| area.start.0 <= number) {
            let (column, last) = self.here.entry(area.start.1).or_default();
            (*column, *last) = (area.end.1.max(*column), area.end.0.max(*last));
        }
        self.here.retain(|_, (_, last)| *last >= number);
        let last = cells.last()?.0;
        let width = *self.width.get_or_insert(last as usize + 1);
        let mut texts = vec![String::new(); width.max(last as usize + 1)];
        let mut wrong = None;
        for (column, value) in cells {
            let column = column as usize;
            texts[column] = value.unwrap_or_else(|spoilt| {
                wrong.get_or_insert(Wrong {
                    column,
                    code: spoilt.code,
                    what: spoilt.what,
                });
                spoilt.mark
            });
        }
        // Each area is marked where it begins: its other cells have no values.
        for column in self.here.keys().map(|first| *first as usize) {
            if column < width {
                wrong.get_or_insert(Wrong {
                    column,
                    code: "merged",
                    what: UserMessage::new("cell-merged"),
                });
                texts[column] = marked("MERGED", &texts[column]);
            }
        }
        Some(Raw {
            number: u64::from(number) + 1,
            cells: texts.into(),
            wrong,
            is_hidden: false,
        })
    }
}
