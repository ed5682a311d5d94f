//! The way of one chunk of rows: sign, keep, send, wait, verify, write. How they are signed is in `prepare`, how they
//! are sent, many under one signature, in `batches`, and how their receipts come in `fetch`.

use std::time::{Duration, Instant};

use api::Problem;
use messages::UserMessage;
use protocol::{height::Height, name::RegistryName};

use super::{
    ImportError, Journal, Receipts, RowOutcome, Upsert,
    chunk::{Chunk, PendingRow, left, outcome_of, unplaced},
    prepare::RowAction,
};
use crate::{
    coded::Coded,
    http::{RefusalClass, said},
    proven,
    submit::{self, Clerk, Proven},
    table::Row,
};

/// How long one request waits for receipts before the entries are handed in again.
pub(super) const WAIT_MS: u64 = 3_000;

/// State that all chunks share.
pub struct Uploader {
    /// Who signs.
    pub clerk: Clerk,
    /// The registry of all rows.
    pub registry: RegistryName,
    /// Where receipts go.
    pub receipts: Receipts,
    /// Journal of what was signed.
    pub journal: Journal,
    /// True if what is registered is amended.
    pub upsert: Option<Upsert>,
    /// Seconds for which a network that decides nothing is waited for.
    pub timeout: u64,
}

/// Outcome of a chunk; a failure that is not a row's stops the run.
pub struct ChunkOutcome {
    /// Outcomes of its rows.
    pub outcomes: Vec<RowOutcome>,
    /// Why the run stops.
    pub failure: Option<ImportError>,
}

impl Uploader {
    /// Brings the rows of one chunk to their receipts.
    #[must_use]
    pub fn upload(&self, rows: Vec<Row>) -> ChunkOutcome {
        let mut chunk = Chunk::default();
        let mut fresh = Vec::new();
        let mut failure = None;
        let expires = self.expires();
        for row in rows {
            let number = row.number;
            let record = row.record.clone();
            let prepared = match (&failure, self.receipts.refuses(&row.name)) {
                (Some(_), _) => Ok(RowAction::Left),
                (None, Some(why)) => Ok(RowAction::Decided(Box::new(unplaced(&row, why)))),
                (None, None) => self.prepare(row, expires),
            };
            match prepared {
                Ok(RowAction::Travels(pending_row, is_fresh)) => match self.kept(&pending_row) {
                    Some(outcome) => chunk.outcomes.push(outcome),
                    None => {
                        fresh.extend(is_fresh.then_some(chunk.waiting.len()));
                        chunk.waiting.push(*pending_row);
                    }
                },
                Ok(RowAction::Decided(outcome)) => chunk.outcomes.push(*outcome),
                Ok(RowAction::Left) => chunk.outcomes.push(left(number, record)),
                Err(stopped) => {
                    failure = Some(stopped);
                    chunk.outcomes.push(left(number, record));
                }
            }
        }
        let kept = fresh.iter().filter_map(|at| chunk.waiting.get(*at));
        let is_new = fresh.len() == chunk.waiting.len();
        let result = self
            .journal
            .keep(kept)
            .and_then(|()| self.send(&mut chunk, is_new));
        let mut outcomes = std::mem::take(&mut chunk.outcomes);
        // Whoever is left has been kept but has no receipt: the next run goes on with the same entry.
        let rows = chunk.into_rows();
        outcomes.extend(rows.map(|row| left(row.row, row.pending.opening.record)));
        ChunkOutcome {
            outcomes,
            failure: failure.or(result.err()),
        }
    }

    /// The last height of what is signed now: a run may take longer than an entry lives.
    fn expires(&self) -> Height {
        let network = proven::network(&self.clerk.client, &self.clerk.trust);
        network.map_or(self.clerk.expires, |network| {
            proven::last_height(&network).max(self.clerk.expires)
        })
    }

    /// Returns whether it is proven that entries with this last height can be recorded no more. A node's word is
    /// not enough: whatever is signed anew while the older may still be recorded is signed twice.
    pub(super) fn is_dead(&self, expires: Height) -> bool {
        let network = proven::network(&self.clerk.client, &self.clerk.trust);
        network.is_ok_and(|network| network.as_of_height >= expires)
    }

    /// Decides about a row whose entry a node refuses. That something else is there in its place,
    /// the node must prove; an entry that is there itself waits for its receipt.
    pub(super) fn refuse(&self, pending_row: PendingRow, problem: Problem, chunk: &mut Chunk) {
        let said = said(&problem);
        if RefusalClass::of(&problem) != RefusalClass::Conflict {
            let outcome = outcome_of(&pending_row, "refused", said);
            return chunk.outcomes.push(outcome.coded(problem.code));
        }
        let until = Instant::now() + Duration::from_secs(self.timeout);
        let (proven, _) = submit::look(&self.clerk, &pending_row.pending.entry, Some(until));
        let (status, what) = match proven {
            Proven::Recorded => return chunk.waiting.push(pending_row),
            Proven::Never(why) => ("conflict", self.taken_by(&pending_row, why.message())),
            Proven::Open => (
                "refused",
                UserMessage::new("row-refusal-unproven").part("said", said),
            ),
        };
        let outcome = outcome_of(&pending_row, status, what).coded(problem.code);
        chunk.outcomes.push(outcome);
    }

    /// Why a row has no place: most often an earlier run brought in the same row as it was before somebody edited
    /// it, and its receipt waits for that.
    fn taken_by(&self, pending_row: &PendingRow, why: UserMessage) -> UserMessage {
        let statement = &pending_row.pending.entry.statement;
        let mut earlier = self.journal.earlier(&statement.key);
        let is_own = earlier.any(|earlier| {
            earlier.entry.statement != *statement
                && submit::look(&self.clerk, &earlier.entry, None).0 == Proven::Recorded
        });
        if !is_own {
            return why;
        }
        UserMessage::new("row-taken-by-earlier-run").part("why", why)
    }

    /// Decides about an entry that a node calls expired: it is signed anew if that is proven, and waits otherwise.
    pub(super) fn expired(&self, pending_row: PendingRow, chunk: &mut Chunk) {
        if self.is_dead(pending_row.pending.entry.statement.expires) {
            chunk.stale.push(pending_row);
        } else {
            chunk.waiting.push(pending_row);
        }
    }

    /// Hands in and fetches in turn until nobody waits any more. A node that has lost its memory, or is
    /// asked in place of another, learns of the entries again; time runs out only where nothing moves.
    fn send(&self, chunk: &mut Chunk, is_new: bool) -> Result<(), ImportError> {
        let patience = Duration::from_secs(self.timeout);
        if !is_new {
            self.fetch(chunk, 0)?;
            self.part_with_foreign(chunk);
        }
        let mut until = Instant::now() + patience;
        while chunk.len() > 0 {
            let before = chunk.len();
            self.renew(chunk)?;
            self.hand_in(chunk, patience)?;
            self.fetch_batches(chunk)?;
            self.fetch(chunk, WAIT_MS)?;
            if chunk.len() < before {
                until = Instant::now() + patience;
            } else if Instant::now() >= until {
                let seconds = self.timeout;
                return Err(ImportError::NotFinal { seconds });
            }
        }
        Ok(())
    }

    /// Takes out entries that another clerk signed in an earlier run and that are not in the log: this one cannot hand them in.
    fn part_with_foreign(&self, chunk: &mut Chunk) {
        let own = |pending_row: &PendingRow| {
            pending_row.pending.entry.statement.author == self.clerk.name
        };
        let (waiting, foreign) = std::mem::take(&mut chunk.waiting)
            .into_iter()
            .partition(own);
        chunk.waiting = waiting;
        let foreign: Vec<PendingRow> = foreign;
        chunk.stale.extend(foreign);
    }

    /// Signs anew what cannot be recorded any more: the same content, with another last height. Should the
    /// older entry be in the log after all, the newer is refused, so there is never more than one.
    fn renew(&self, chunk: &mut Chunk) -> Result<(), ImportError> {
        if chunk.stale.is_empty() {
            return Ok(());
        }
        let expires = self.expires();
        for pending_row in &mut chunk.stale {
            pending_row.renew(&self.clerk.name, expires);
        }
        self.journal.keep(&chunk.stale)?;
        chunk.waiting.append(&mut chunk.stale);
        Ok(())
    }
}
