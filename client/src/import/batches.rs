//! How entries are handed in: up to 1,024 under one signature. A batch is taken whole or not at all, so a
//! row that is refused is put aside and the rest is signed again; where many are, each goes by itself.
//!
//! Nothing of a batch is kept: an entry has one identity whatever covers it, so whatever is sent twice, in
//! whichever batch, is recorded once.

use std::{collections::BTreeMap, time::Duration};

use api::{BUNDLE_ENTRIES_MAX, Code, EntryState, Problem};
use protocol::{
    authentic::Submission,
    batch::{BATCH_BYTES_MAX, BATCH_ENTRIES_MAX, BatchStatement},
    merkle,
};

use super::{
    ImportError, Uploader,
    chunk::{Chunk, PendingRow},
};

/// So many rows of a batch may be refused before the others go each by itself.
const REFUSED_MAX: usize = 16;
/// Bytes of a batch that are left to its own leaf.
const LEAF_BYTES: usize = 1024;

/// Rows that were handed in under one signature.
pub(super) struct Sent {
    /// The batch, as the node names it.
    pub(super) id: String,
    /// The rows of its entries, in their order.
    pub(super) rows: Vec<PendingRow>,
}

/// A node's answer to a batch.
enum BatchAnswer {
    /// All of it waits for a block.
    Taken {
        /// The batch, as the node names it.
        id: String,
    },
    /// One row is refused, and so nothing was taken.
    RowRefused {
        /// Place of the row, from 0.
        place: usize,
        /// Reason of the refusal.
        problem: Problem,
    },
    /// Some of it wait in an earlier batch: what comes of that is seen first.
    Contested,
    /// The last height has passed, by the node's word.
    Expired,
    /// Nothing is said of a row: each goes by itself.
    Refused,
}

impl Uploader {
    /// Hands in all who wait; whoever is refused gets an outcome.
    pub(super) fn hand_in(&self, chunk: &mut Chunk, patience: Duration) -> Result<(), ImportError> {
        let mut rest = pieces(std::mem::take(&mut chunk.waiting)).into_iter();
        let mut result = Ok(());
        for piece in rest.by_ref() {
            result = self.hand_in_piece(piece, chunk, patience);
            if result.is_err() {
                break;
            }
        }
        // Nobody is lost by a failure: whoever was not sent waits for the next run.
        chunk.waiting.extend(rest.flatten());
        result
    }

    fn hand_in_piece(
        &self,
        mut piece: Vec<PendingRow>,
        chunk: &mut Chunk,
        patience: Duration,
    ) -> Result<(), ImportError> {
        for _ in 0..REFUSED_MAX {
            if piece.len() <= 1 {
                break;
            }
            match self.submit_piece(&piece, patience) {
                Ok(BatchAnswer::Taken { id }) => {
                    let rows = piece;
                    chunk.batches.push(Sent { id, rows });
                    return Ok(());
                }
                Ok(BatchAnswer::RowRefused { place, problem }) => {
                    self.settle(piece.remove(place), of_one(problem), chunk);
                }
                Ok(BatchAnswer::Contested) => {
                    chunk.waiting.append(&mut piece);
                    return Ok(());
                }
                Ok(BatchAnswer::Expired) => {
                    let last = piece.first().map(|one| one.pending.entry.statement.expires);
                    let is_dead = last.is_some_and(|last| self.is_dead(last));
                    let to = if is_dead {
                        &mut chunk.stale
                    } else {
                        &mut chunk.waiting
                    };
                    to.append(&mut piece);
                    return Ok(());
                }
                Ok(BatchAnswer::Refused) => break,
                Err(failure) => {
                    chunk.waiting.append(&mut piece);
                    return Err(failure);
                }
            }
        }
        self.hand_in_singly(piece, chunk, patience)
    }

    /// Signs rows as one batch and hands it in.
    fn submit_piece(
        &self,
        piece: &[PendingRow],
        patience: Duration,
    ) -> Result<BatchAnswer, ImportError> {
        let first = piece.first().ok_or(ImportError::NoBatch)?;
        let first = &first.pending.entry.statement;
        let texts = piece.iter().map(PendingRow::entry);
        let statement = BatchStatement {
            author: first.author.clone(),
            count: piece.len() as u64,
            root: merkle::root_of(texts.clone().map(str::as_bytes)),
            expires: first.expires,
        };
        let leaf = statement
            .sign(&self.clerk.network, &self.clerk.secret)
            .write();
        let text: String = std::iter::once(leaf.as_str()).chain(texts).collect();
        let Some(problem) = self.clerk.client.submit_batch(&text, patience)? else {
            return Ok(BatchAnswer::Taken {
                id: Submission::id_of_parsed(text.as_bytes()).to_hex(),
            });
        };
        let row = problem.row.and_then(|row| usize::try_from(row).ok());
        let place = row.and_then(|row| row.checked_sub(1));
        Ok(match place.filter(|place| *place < piece.len()) {
            Some(place) => BatchAnswer::RowRefused { place, problem },
            None if problem.is(Code::Contested) => BatchAnswer::Contested,
            None if problem.is(Code::Expired) => BatchAnswer::Expired,
            None => BatchAnswer::Refused,
        })
    }

    fn hand_in_singly(
        &self,
        mut piece: Vec<PendingRow>,
        chunk: &mut Chunk,
        patience: Duration,
    ) -> Result<(), ImportError> {
        while !piece.is_empty() {
            let rest = piece.split_off(piece.len().min(BUNDLE_ENTRIES_MAX));
            let some = std::mem::replace(&mut piece, rest);
            let (network, secret) = (&self.clerk.network, &self.clerk.secret);
            let sign = |one: &PendingRow| one.pending.entry.statement.clone().sign(network, secret);
            let entries: Vec<String> = some.iter().map(|one| sign(one).write()).collect();
            let answers = match self.clerk.client.submit_many(&entries, patience) {
                Ok(answers) => answers,
                Err(error) => {
                    chunk.waiting.extend(some);
                    chunk.waiting.append(&mut piece);
                    return Err(error.into());
                }
            };
            for (pending_row, answer) in some.into_iter().zip(answers) {
                match (answer.state, answer.problem) {
                    (EntryState::Refused, Some(problem)) => {
                        self.settle(pending_row, problem, chunk);
                    }
                    _ => chunk.waiting.push(pending_row),
                }
            }
        }
        Ok(())
    }

    /// Decides about a row whose entry was not taken.
    fn settle(&self, pending_row: PendingRow, problem: Problem, chunk: &mut Chunk) {
        match problem.code() {
            // It is there already, or waits in a batch of an earlier run: its receipt is asked for.
            Some(Code::AlreadyThere | Code::Contested) => chunk.waiting.push(pending_row),
            Some(Code::Expired) => self.expired(pending_row, chunk),
            _ => self.refuse(pending_row, problem, chunk),
        }
    }
}

/// Problem of one entry of a batch, without what the node says of the batch: the others are handed in again
/// without it, so that to whoever reads of one row that is not true.
fn of_one(mut problem: Problem) -> Problem {
    let why = problem.detail.split_once(" of the batch: ");
    if let Some((_, why)) = why.filter(|(before, _)| before.starts_with("entry ")) {
        let why = why
            .strip_suffix(" (nothing of the batch was recorded)")
            .unwrap_or(why);
        problem.detail = why.to_owned();
    }
    problem
}

/// Those that one signature may cover: a batch and its entries have one last height.
fn pieces(rows: Vec<PendingRow>) -> Vec<Vec<PendingRow>> {
    let entries_max = usize::try_from(BATCH_ENTRIES_MAX).unwrap_or(usize::MAX);
    let mut by_height: BTreeMap<_, Vec<Vec<PendingRow>>> = BTreeMap::new();
    let mut last_bytes = BTreeMap::new();
    for pending_row in rows {
        let height = pending_row.pending.entry.statement.expires;
        let length = pending_row.entry().len();
        let pieces = by_height.entry(height).or_default();
        let bytes: &mut usize = last_bytes.entry(height).or_default();
        match pieces.last_mut() {
            Some(last)
                if last.len() < entries_max && *bytes + length + LEAF_BYTES <= BATCH_BYTES_MAX =>
            {
                *bytes += length;
                last.push(pending_row);
            }
            _ => {
                *bytes = length;
                pieces.push(vec![pending_row]);
            }
        }
    }
    by_height.into_values().flatten().collect()
}
