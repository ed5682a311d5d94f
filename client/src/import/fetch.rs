//! How receipts come: of whole batches, or one by one; each is verified before it is written.

use api::{Code, RECEIPTS_MAX};
use protocol::{batch_receipts::BatchReceipts, entry::Entry, receipt::Receipt};
use verify::{receipt::ProvenBatch, verified_cache::VerifiedCache};

use super::{
    ImportError, Receipts, Uploader,
    batches::Sent,
    chunk::{Chunk, NO_PLACE, PendingRow, outcome_of},
    receipts::NotKept,
    upload::WAIT_MS,
};
use crate::submit;

impl Uploader {
    /// Fetches the receipts of whole batches. Those that no node gives as a whole are
    /// asked for one by one.
    pub(super) fn fetch_batches(&self, chunk: &mut Chunk) -> Result<(), ImportError> {
        while let Some(sent) = chunk.batches.pop() {
            let answer = self.clerk.client.batch_receipts(&sent.id, WAIT_MS);
            let bytes = match answer {
                Ok(bytes) => bytes.unwrap_or_default(),
                Err(error) => {
                    chunk.batches.push(sent);
                    return Err(error.into());
                }
            };
            self.take_batch(sent, &bytes, chunk)?;
        }
        Ok(())
    }

    /// Judges what a node gives for a batch, all of it together where all of it holds.
    fn take_batch(&self, sent: Sent, bytes: &[u8], chunk: &mut Chunk) -> Result<(), ImportError> {
        let rows = sent.rows;
        let entries: Vec<Entry> = rows.iter().map(|row| row.pending.entry.clone()).collect();
        let shared = BatchReceipts::parse(bytes).ok();
        let unfolded = shared.as_ref().and_then(|shared| shared.unfold(&entries));
        let Some(unfolded) = unfolded else {
            chunk.waiting.extend(rows);
            return Ok(());
        };
        let is_proven = ProvenBatch::judge(&self.clerk.trust, &unfolded)
            .is_some_and(|proven| opens(&proven, &rows));
        match &self.receipts {
            Receipts::Archive(archive) if is_proven => {
                let heads = rows.iter().map(|row| {
                    let key = row.pending.entry.statement.key;
                    (key, row.head().as_bytes())
                });
                let kept = archive.keep_batch(bytes, heads);
                if let Err(failure) = kept {
                    chunk.waiting.extend(rows);
                    return Err(failure);
                }
                let outcomes = rows.iter().map(|row| self.anchored(row));
                chunk.outcomes.extend(outcomes);
                Ok(())
            }
            _ => {
                let mut rows = rows.into_iter();
                let receipts = unfolded.receipts();
                let result = match receipts {
                    Some(receipts) if is_proven => self.keep_each(receipts, &mut rows, chunk),
                    Some(receipts) => self.take_all(receipts, &mut rows, chunk),
                    None => Ok(()),
                };
                chunk.waiting.extend(rows);
                result
            }
        }
    }

    /// Writes receipts that are proven.
    fn keep_each(
        &self,
        receipts: impl Iterator<Item = Receipt>,
        rows: &mut impl Iterator<Item = PendingRow>,
        chunk: &mut Chunk,
    ) -> Result<(), ImportError> {
        for mut receipt in receipts {
            let Some(row) = rows.next() else {
                return Ok(());
            };
            receipt.opening = Some(row.pending.opening.clone());
            self.keep(&receipt.write(), row, chunk)?;
        }
        Ok(())
    }

    fn take_all(
        &self,
        receipts: impl Iterator<Item = Receipt>,
        rows: &mut impl Iterator<Item = PendingRow>,
        chunk: &mut Chunk,
    ) -> Result<(), ImportError> {
        let memory = VerifiedCache::new(&self.clerk.trust);
        for receipt in receipts {
            let Some(pending_row) = rows.next() else {
                return Ok(());
            };
            self.take(&memory, receipt, pending_row, chunk)?;
        }
        Ok(())
    }

    /// Verifies a receipt and writes it.
    fn take(
        &self,
        memory: &VerifiedCache<'_>,
        receipt: Receipt,
        pending_row: PendingRow,
        chunk: &mut Chunk,
    ) -> Result<(), ImportError> {
        match submit::believe(memory, &pending_row.pending, receipt) {
            Ok((text, _)) => self.keep(&text, pending_row, chunk),
            Err(error) => {
                chunk.waiting.push(pending_row);
                Err(error.into())
            }
        }
    }

    /// Writes a receipt that is proven.
    fn keep(&self, text: &str, row: PendingRow, chunk: &mut Chunk) -> Result<(), ImportError> {
        let key = row.pending.entry.statement.key;
        match self.receipts.keep(&row.name, key, text.as_bytes()) {
            Ok(()) => chunk.outcomes.push(self.anchored(&row)),
            // Its entry is in the journal, from which the next run writes the receipt.
            Err(NotKept::Place(why)) => {
                let outcome = outcome_of(&row, "pending", why);
                chunk.outcomes.push(outcome.coded(NO_PLACE));
            }
            Err(NotKept::Stop(failure)) => {
                chunk.waiting.push(row);
                return Err(failure);
            }
        }
        Ok(())
    }

    /// Fetches what is final, one by one; verifies and writes it.
    pub(super) fn fetch(&self, chunk: &mut Chunk, wait_ms: u64) -> Result<(), ImportError> {
        let mut asked = std::mem::take(&mut chunk.waiting).into_iter();
        let mut result = Ok(());
        while result.is_ok() && asked.len() > 0 {
            let some = asked.by_ref().take(RECEIPTS_MAX).collect();
            result = self.fetch_some(some, chunk, wait_ms);
        }
        chunk.waiting.extend(asked);
        result
    }

    fn fetch_some(
        &self,
        some: Vec<PendingRow>,
        chunk: &mut Chunk,
        wait_ms: u64,
    ) -> Result<(), ImportError> {
        let ids: Vec<String> = some.iter().map(PendingRow::id).collect();
        let answers = match self.clerk.client.receipts(&ids, wait_ms) {
            Ok(answers) => answers,
            Err(error) => {
                chunk.waiting.extend(some);
                return Err(error.into());
            }
        };
        // Most of them come under one checkpoint, and in one batch.
        let memory = VerifiedCache::new(&self.clerk.trust);
        let mut result = Ok(());
        for (pending_row, answer) in some.into_iter().zip(answers) {
            match (answer.receipt, answer.problem) {
                (Some(text), _) if result.is_ok() => {
                    result = match submit::read(text.as_bytes()) {
                        Ok(receipt) => self.take(&memory, receipt, pending_row, chunk),
                        Err(error) => {
                            chunk.waiting.push(pending_row);
                            Err(error.into())
                        }
                    };
                }
                (None, Some(problem)) if problem.is(Code::Expired) => {
                    self.expired(pending_row, chunk);
                }
                (None, Some(problem)) => self.refuse(pending_row, problem, chunk),
                _ => chunk.waiting.push(pending_row),
            }
        }
        result
    }
}

/// Whether the openings show what the entries commit to: of what this run has committed to itself that is known.
fn opens(proven: &ProvenBatch<'_>, rows: &[PendingRow]) -> bool {
    let mut numbered = rows.iter().enumerate();
    numbered.all(|(number, row)| row.is_committed || proven.opens(number, &row.pending.opening))
}
