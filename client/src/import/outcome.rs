//! Outcomes of rows: a status, and the reason, as a stable word and a message.

use std::{borrow::Cow, path::PathBuf};

use messages::UserMessage;
use protocol::record::RecordId;

use crate::table::UnfitRow;

/// Outcome of a row.
#[derive(Clone, Debug)]
pub struct RowOutcome {
    /// As a spreadsheet counts, from 1.
    pub row: u64,
    /// The number of its record, if that can be read.
    pub record: Option<RecordId>,
    /// The version that it made.
    pub version: Option<u64>,
    /// Status in one word.
    pub status: &'static str,
    /// Why, as one stable word; the status where there is no better one.
    pub code: Cow<'static, str>,
    /// Reason, for people; none where the status says it all.
    pub reason: Option<UserMessage>,
    /// Path of its receipt.
    pub receipt: Option<PathBuf>,
    /// The column to look at, if it is one.
    pub column: String,
    /// The row itself, if somebody must mend it.
    pub cells: Vec<String>,
}

impl RowOutcome {
    /// A row with which nothing was done.
    #[must_use]
    pub fn not_done(
        row: u64,
        record: Option<RecordId>,
        status: &'static str,
        reason: Option<UserMessage>,
    ) -> Self {
        Self {
            row,
            record,
            version: None,
            status,
            code: Cow::Borrowed(status),
            reason,
            receipt: None,
            column: String::new(),
            cells: Vec::new(),
        }
    }

    /// This outcome with the code of its reason.
    #[must_use]
    pub fn coded(mut self, code: impl Into<Cow<'static, str>>) -> Self {
        self.code = code.into();
        self
    }
}

impl From<UnfitRow> for RowOutcome {
    fn from(row: UnfitRow) -> Self {
        Self {
            column: row.column,
            cells: row.cells,
            ..Self::not_done(row.number, row.record, "invalid", Some(row.reason)).coded(row.code)
        }
    }
}
