//! How receipts come: of whole batches, or one by one; each is verified before it is written.

use api::{Code, RECEIPTS_MAX};
use protocol::{batch_receipts::BatchReceipts, receipt::Receipt};
use verify::verified_cache::VerifiedCache;

use super::{
    ImportError, Uploader,
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
            let shared = match answer {
                Ok(bytes) => bytes.and_then(|bytes| BatchReceipts::parse(&bytes).ok()),
                Err(error) => {
                    chunk.batches.push(sent);
                    return Err(error.into());
                }
            };
            let mut rows = sent.rows.into_iter();
            let result = match shared
                .as_ref()
                .and_then(|shared| shared.receipts(&sent.entries))
            {
                Some(receipts) => self.take_all(receipts, &mut rows, chunk),
                None => Ok(()),
            };
            chunk.waiting.extend(rows);
            result?;
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
        let believed = submit::believe(memory, &pending_row.pending, receipt);
        let kept = believed
            .map_err(|error| NotKept::Stop(error.into()))
            .and_then(|(text, _)| {
                let key = pending_row.pending.entry.statement.key;
                self.receipts.keep(&pending_row.name, key, text.as_bytes())
            });
        match kept {
            Ok(()) => chunk.outcomes.push(self.anchored(&pending_row)),
            // Its entry is in the journal, from which the next run writes the receipt.
            Err(NotKept::Place(why)) => {
                let outcome = outcome_of(&pending_row, "pending", why);
                chunk.outcomes.push(outcome.coded(NO_PLACE));
            }
            Err(NotKept::Stop(failure)) => {
                chunk.waiting.push(pending_row);
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
        let ids: Vec<String> = some
            .iter()
            .map(|pending_row| pending_row.id.clone())
            .collect();
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
