//! Many records at once: rows signed, kept in a journal, sent in batches, and brought to their receipts.
//!
//! The journal and the receipts are the only memory. A run that is cut short at any point is run again: the same
//! rows send the same entries and get the same receipts, and a bad row stops no other. Not here: how rows are
//! read (`table`).

pub mod archive;
mod batches;
mod chunk;
mod error;
mod fetch;
mod journal;
mod left_behind;
mod outcome;
mod prepare;
mod receipt_index;
mod receipts;
mod upload;
mod upsert;

pub use self::{
    archive::Archive,
    chunk::unplaced,
    error::ImportError,
    journal::Journal,
    left_behind::LeftBehind,
    outcome::RowOutcome,
    receipt_index::Earlier,
    receipts::{NotKept, Receipts, folder, refuses},
    upload::{ChunkOutcome, Uploader},
    upsert::Upsert,
};

/// The cells of a row, in the order of its columns.
#[must_use]
pub fn cells(fields: &protocol::commitment::Fields) -> Vec<String> {
    let values = fields.as_slice().iter();
    values.map(|(_, value)| value.clone()).collect()
}
