//! The rows of one chunk on their way, and the outcomes of those that end otherwise than with a receipt.

use messages::UserMessage;
use protocol::{
    opening::{Content, Opening},
    pending::Pending,
    record::RecordId,
};

use super::{RowOutcome, batches::Sent};
use crate::table::{Row, RowContent};

/// The code of a row whose receipt cannot have its place.
pub(super) const NO_PLACE: &str = "receipt-place";

/// A row with its entry.
pub(super) struct PendingRow {
    pub(super) row: u64,
    pub(super) name: String,
    pub(super) id: String,
    pub(super) pending: Pending,
}

impl PendingRow {
    pub(super) fn new(row: u64, name: String, pending: Pending) -> Self {
        let id = pending.entry.statement.id().to_hex();
        Self {
            row,
            name,
            id,
            pending,
        }
    }
}

/// The rows of one chunk on their way. Whoever is in none of its lists has an outcome: nobody is lost,
/// whatever fails.
#[derive(Default)]
pub(super) struct Chunk {
    /// In no batch that is known: asked for one by one.
    pub(super) waiting: Vec<PendingRow>,
    /// Handed in together.
    pub(super) batches: Vec<Sent>,
    /// Whose entries cannot be recorded any more, and are signed anew.
    pub(super) stale: Vec<PendingRow>,
    pub(super) outcomes: Vec<RowOutcome>,
}

impl Chunk {
    pub(super) fn len(&self) -> usize {
        let batches: usize = self.batches.iter().map(|sent| sent.rows.len()).sum();
        self.waiting.len() + self.stale.len() + batches
    }

    pub(super) fn into_rows(self) -> impl Iterator<Item = PendingRow> {
        let batches = self.batches.into_iter().flat_map(|sent| sent.rows);
        self.waiting.into_iter().chain(self.stale).chain(batches)
    }
}

/// Outcome of a row whose receipt cannot have its place: nothing is signed for it.
#[must_use]
pub fn unplaced(row: &Row, why: UserMessage) -> RowOutcome {
    let cells = match &row.content {
        RowContent::Fields(fields) => super::cells(fields),
        RowContent::Document(_) => vec![row.name.clone()],
    };
    let record = Some(row.record.clone());
    RowOutcome {
        cells,
        ..RowOutcome::not_done(row.number, record, "invalid", Some(why)).coded(NO_PLACE)
    }
}

pub(super) fn pending(row: u64, record: RecordId) -> RowOutcome {
    let reason = UserMessage::new("row-without-receipt");
    RowOutcome::not_done(row, Some(record), "pending", Some(reason))
}

pub(super) fn outcome_of(
    pending_row: &PendingRow,
    status: &'static str,
    reason: UserMessage,
) -> RowOutcome {
    let opening = &pending_row.pending.opening;
    not_done(pending_row.row, &pending_row.name, opening, status, reason)
}

/// Outcome that somebody must mend, with the row itself.
pub(super) fn not_done(
    row: u64,
    name: &str,
    opening: &Opening,
    status: &'static str,
    reason: UserMessage,
) -> RowOutcome {
    let cells = match &opening.content {
        Some(Content::Fields { fields, .. }) => super::cells(fields),
        _ => vec![name.to_owned()],
    };
    RowOutcome {
        cells,
        ..RowOutcome::not_done(row, Some(opening.record.clone()), status, Some(reason))
    }
}
