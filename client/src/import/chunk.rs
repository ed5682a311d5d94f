//! The rows of one chunk on their way, and the outcomes of those that end otherwise than with a receipt.

use messages::UserMessage;
use protocol::{
    entry::{Authorship, Entry},
    height::Height,
    name::ClerkName,
    opening::{Content, Opening},
    pending::{self, Pending},
    receipt,
    record::RecordId,
};

use super::{RowOutcome, batches::Sent};
use crate::table::{Row, RowContent};

/// Room for most receipts up to their proofs.
const HEAD_BYTES: usize = 1024;
/// The code of a row whose receipt cannot have its place.
pub(super) const NO_PLACE: &str = "receipt-place";

/// A row with its entry, written once: it is hashed, kept and sent in that form.
pub(super) struct PendingRow {
    pub(super) row: u64,
    pub(super) name: String,
    pub(super) pending: Pending,
    /// This run itself has made the commitment of the opening, and the key of its number: both need no second look.
    pub(super) is_committed: bool,
    /// Its receipt up to the proofs.
    head: String,
    /// Where the entry begins in it.
    entry_at: usize,
    /// Bytes of the entry.
    entry_bytes: usize,
}

impl PendingRow {
    /// A row that travels, whatever covered its entry before.
    pub(super) fn new(row: u64, name: String, pending: Pending, is_committed: bool) -> Self {
        let mut pending_row = Self {
            row,
            name,
            pending,
            is_committed,
            head: String::new(),
            entry_at: 0,
            entry_bytes: 0,
        };
        pending_row.write();
        pending_row
    }

    fn write(&mut self) {
        self.pending.entry.authorship = Authorship::Batched;
        let Pending { entry, opening } = &self.pending;
        let entry = entry.write();
        self.head = String::with_capacity(HEAD_BYTES);
        self.entry_at = receipt::write_head(&mut self.head, &entry, Some(opening));
        self.entry_bytes = entry.len();
    }

    /// Says the same anew, by this author and until this height.
    pub(super) fn renew(&mut self, author: &ClerkName, expires: Height) {
        let statement = &mut self.pending.entry.statement;
        statement.author = author.clone();
        statement.expires = expires;
        self.write();
    }

    /// Its receipt up to the proofs.
    pub(super) fn head(&self) -> &str {
        &self.head
    }

    /// The entry as it stands in the log.
    pub(super) fn entry(&self) -> &str {
        let end = self.entry_at + self.entry_bytes;
        self.head.get(self.entry_at..end).unwrap_or_default()
    }

    /// The identity of its entry.
    pub(super) fn id(&self) -> String {
        Entry::id_of_parsed(self.entry().as_bytes()).to_hex()
    }

    /// The text of what is pending.
    pub(super) fn pending_text(&self) -> String {
        let (_, rest) = self.head.split_once('\n').unwrap_or_default();
        [pending::FIRST, "\n", rest].concat()
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

pub(super) fn left(row: u64, record: RecordId) -> RowOutcome {
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
