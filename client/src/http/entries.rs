//! Entries handed in, and what a node gives for them. Whatever is sent may be sent twice: the same entry twice
//! is one entry.

use std::time::{Duration, Instant};

use api::{Code, EntryAnswer, EntryState, Problem, ReceiptAnswer, ReceiptsRequest};
use protocol::{batch_receipts::BATCH_RECEIPTS_BYTES_MAX, merkle::tiles};

use super::{
    ANSWER_BYTES_MAX, Backoff, Client, EntryEvidence, HttpError, WAIT_MS, answer::HttpAnswer,
};

impl Client {
    /// Hands in one entry; waits out a busy node until `until`. An entry that was taken has no problem.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn submit(&self, entry: &str, until: Instant) -> Result<Option<Problem>, HttpError> {
        let mut backoff = Backoff::new(until);
        loop {
            let answer = self.post("/v1/entries", "text/plain; charset=utf-8", entry.as_bytes())?;
            match answer.come_back() {
                Some(asked_ms) if !answer.is_success() && backoff.wait(asked_ms) => continue,
                _ => {}
            }
            if !answer.is_success() {
                return answer.refusal().map(Some).ok_or_else(|| answer.problem());
            }
            let given: EntryAnswer = answer.json()?;
            return Ok(given.problem.filter(|_| given.state == EntryState::Refused));
        }
    }

    /// Waits for the receipt of an entry until `until`; none if it is still pending then.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn receipt(&self, id: &str, until: Instant) -> Result<Option<Vec<u8>>, HttpError> {
        match self.evidence(id, until)? {
            EntryEvidence::Some(bytes) => Ok(Some(bytes)),
            EntryEvidence::NotYet => Ok(None),
            EntryEvidence::Never(problem) => Err(HttpError::Problem { problem }),
        }
    }

    /// Evidence of an entry; that there will be none is an answer too.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn evidence(&self, id: &str, until: Instant) -> Result<EntryEvidence, HttpError> {
        let mut backoff = Backoff::new(until);
        loop {
            let left = u64::try_from(until.saturating_duration_since(Instant::now()).as_millis())
                .unwrap_or(u64::MAX);
            let path = format!("/v1/entries/{id}/receipt?wait={}", left.min(WAIT_MS));
            let answer = self.get(&path, ANSWER_BYTES_MAX)?;
            match answer.status {
                200 => return Ok(EntryEvidence::Some(answer.bytes)),
                // A node waits before it says so; one that does not is not asked without a pause.
                202 if backoff.wait(None) => {}
                202 => return Ok(EntryEvidence::NotYet),
                _ => match answer.come_back() {
                    Some(asked_ms) if backoff.wait(asked_ms) => {}
                    Some(_) => return Err(answer.problem()),
                    None => {
                        let refusal = answer.refusal().map(EntryEvidence::Never);
                        return refusal.ok_or_else(|| answer.problem());
                    }
                },
            }
        }
    }

    /// Hands in many entries, once; a busy node takes some of them, or none.
    ///
    /// # Errors
    /// [`HttpError`], of which [`HttpError::Busy`] where it takes no request at all now.
    pub fn submit_bundle(&self, entries: &[&str]) -> Result<Vec<EntryAnswer>, HttpError> {
        self.post_bundle(entries)?.answers(entries.len())
    }

    fn post_bundle(&self, entries: &[&str]) -> Result<HttpAnswer, HttpError> {
        let bundle = tiles::write_bundle(entries);
        self.post("/v1/bundles", "application/octet-stream", &bundle)
    }

    /// Hands in many entries. A busy node is waited out as long as it takes some within `patience`.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn submit_many(
        &self,
        entries: &[String],
        patience: Duration,
    ) -> Result<Vec<EntryAnswer>, HttpError> {
        let mut answers: Vec<Option<EntryAnswer>> = vec![None; entries.len()];
        let mut backoff = Backoff::new(Instant::now() + patience);
        loop {
            let pairs = entries.iter().zip(&mut answers);
            let (texts, places): (Vec<&str>, Vec<_>) = pairs
                .filter(|(_, answer)| answer.is_none())
                .map(|(entry, answer)| (entry.as_str(), answer))
                .unzip();
            let open = texts.len();
            if open == 0 {
                return Ok(answers.into_iter().flatten().collect());
            }
            let answer = self.post_bundle(&texts)?;
            let refused = answer.come_back().filter(|_| !answer.is_success());
            let (taken, asked_ms) = match refused {
                Some(asked_ms) => (0, asked_ms),
                None => take(answer.answers(open)?, places),
            };
            // Whoever takes some is asked on, with new patience.
            if taken > 0 {
                backoff = Backoff::new(Instant::now() + patience);
            }
            if taken < open && !backoff.wait(asked_ms) {
                return Err(match refused {
                    Some(_) => answer.problem(),
                    None => HttpError::Busy { node: answer.node },
                });
            }
        }
    }

    /// Hands in a batch; waits out a busy node. A batch that was taken has no problem.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn submit_batch(
        &self,
        batch: &str,
        patience: Duration,
    ) -> Result<Option<Problem>, HttpError> {
        let mut backoff = Backoff::new(Instant::now() + patience);
        loop {
            let answer = self.post("/v1/entries", "text/plain; charset=utf-8", batch.as_bytes())?;
            if answer.is_success() {
                return Ok(None);
            }
            if let Some(asked_ms) = answer.come_back() {
                if backoff.wait(asked_ms) {
                    continue;
                }
                return Err(answer.problem());
            }
            return answer.refusal().map(Some).ok_or_else(|| answer.problem());
        }
    }

    /// Receipts of at most `RECEIPTS_MAX` entries, as far as they are final within `wait_ms`.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn receipts(&self, ids: &[String], wait_ms: u64) -> Result<Vec<ReceiptAnswer>, HttpError> {
        let body = serde_json::to_vec(&ReceiptsRequest { ids: ids.to_vec() })
            .map_err(HttpError::Unwritten)?;
        let path = format!("/v1/receipts?wait={wait_ms}");
        let answer = self.post(&path, "application/json", &body)?;
        answer.answers(ids.len())
    }

    /// The receipts of a batch, if it is final within `wait_ms`; none also where this node knows nothing of
    /// the batch, or will not say more: its entries can still be asked for one by one.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn batch_receipts(&self, id: &str, wait_ms: u64) -> Result<Option<Vec<u8>>, HttpError> {
        let path = format!("/v1/entries/{id}/batch-receipts?wait={wait_ms}");
        let answer = self.get(&path, BATCH_RECEIPTS_BYTES_MAX)?;
        Ok((answer.status == 200).then_some(answer.bytes))
    }
}

/// Puts answers in their places, but those that say that the node is busy: how many, and when to come back.
fn take(given: Vec<EntryAnswer>, places: Vec<&mut Option<EntryAnswer>>) -> (usize, Option<u64>) {
    let (mut taken, mut asked_ms) = (0, None);
    for (place, given) in places.into_iter().zip(given) {
        let problem = given.problem.as_ref();
        match problem.filter(|problem| problem.is(Code::Busy)) {
            Some(problem) => asked_ms = asked_ms.max(problem.retry_ms),
            None => {
                taken += 1;
                *place = Some(given);
            }
        }
    }
    (taken, asked_ms)
}
