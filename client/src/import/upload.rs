//! The way of one chunk of rows: sign, keep, send, wait, verify, write. How they are sent, many under one
//! signature, is in `batches`.

use std::time::{Duration, Instant};

use crate::{
    durable,
    http::RefusalClass,
    proven,
    submit::{self, Clerk, Proven},
    table::{Row, RowContent},
};
use api::{Code, Problem, RECEIPTS_MAX};
use protocol::{
    batch_receipts::BatchReceipts,
    commitment::Secret,
    entry::{Authorship, Entry, Operation, Statement},
    hash::RecordKey,
    height::{Height, Version},
    name::{Date, RegistryName},
    opening::{Content, Opening},
    pending::Pending,
    receipt::Receipt,
    record::RecordId,
};

use verify::verified_cache::VerifiedCache;

use super::{
    ImportError, Journal, Receipts, RowOutcome, Upsert, batches::Sent, receipts::NotKept,
    upsert::RowState,
};

/// The code of a row whose receipt cannot have its place.
pub(super) const NO_PLACE: &str = "receipt-place";
/// How long one request waits for receipts before the entries are handed in again.
const WAIT_MS: u64 = 3_000;

/// What all chunks share.
pub struct Uploader {
    /// Who signs.
    pub clerk: Clerk,
    /// The registry of all rows.
    pub registry: RegistryName,
    /// Where receipts go.
    pub receipts: Receipts,
    /// What was signed.
    pub journal: Journal,
    /// Whether what is registered is amended.
    pub upsert: Option<Upsert>,
    /// Seconds for which a network that decides nothing is waited for.
    pub timeout: u64,
}

/// What became of a chunk; a failure that is not a row's stops the run.
pub struct ChunkOutcome {
    /// What became of its rows.
    pub outcomes: Vec<RowOutcome>,
    /// Why the run stops.
    pub failure: Option<ImportError>,
}

/// A row with its entry.
pub(super) struct PendingRow {
    row: u64,
    name: String,
    pub(super) id: String,
    pub(super) pending: Pending,
}

impl PendingRow {
    fn new(row: u64, name: String, pending: Pending) -> Self {
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
    fn len(&self) -> usize {
        let batches: usize = self.batches.iter().map(|sent| sent.rows.len()).sum();
        self.waiting.len() + self.stale.len() + batches
    }

    fn into_rows(self) -> impl Iterator<Item = PendingRow> {
        let batches = self.batches.into_iter().flat_map(|sent| sent.rows);
        self.waiting.into_iter().chain(self.stale).chain(batches)
    }
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
                Ok(RowAction::Left) => chunk.outcomes.push(pending(number, record)),
                Err(stopped) => {
                    failure = Some(stopped);
                    chunk.outcomes.push(pending(number, record));
                }
            }
        }
        let kept = fresh
            .iter()
            .filter_map(|at| chunk.waiting.get(*at))
            .map(|pending_row| &pending_row.pending);
        let is_new = fresh.len() == chunk.waiting.len();
        let result = self
            .journal
            .keep(kept)
            .and_then(|()| self.send(&mut chunk, is_new));
        let mut outcomes = std::mem::take(&mut chunk.outcomes);
        // Whoever is left has been kept but has no receipt: the next run goes on with the same entry.
        let left = chunk.into_rows();
        outcomes.extend(left.map(|left| pending(left.row, left.pending.opening.record)));
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

    /// Whether it is proven that entries with this last height can be recorded no more. A node's word is
    /// not enough: whatever is signed anew while the older may still be recorded is signed twice.
    pub(super) fn is_dead(&self, expires: Height) -> bool {
        let network = proven::network(&self.clerk.client, &self.clerk.trust);
        network.is_ok_and(|network| network.as_of_height >= expires)
    }

    /// What is to be done with a row whose entry a node refuses. That something else is there in its place,
    /// the node must prove; an entry that is there itself waits for its receipt.
    pub(super) fn refuse(&self, pending_row: PendingRow, problem: Problem, chunk: &mut Chunk) {
        let said = format!("{} ({})", problem.detail, problem.code);
        if RefusalClass::of(&problem) != RefusalClass::Conflict {
            let outcome = outcome_of(&pending_row, "refused", said);
            return chunk.outcomes.push(outcome.coded(problem.code));
        }
        let until = Instant::now() + Duration::from_secs(self.timeout);
        let (proven, _) = submit::look(&self.clerk, &pending_row.pending.entry, Some(until));
        let (status, what) = match proven {
            Proven::Recorded => return chunk.waiting.push(pending_row),
            Proven::Never(why) => ("conflict", self.taken_by(&pending_row, why.to_string())),
            Proven::Open => (
                "refused",
                format!("the node does not prove what it says: {said}"),
            ),
        };
        let outcome = outcome_of(&pending_row, status, what).coded(problem.code);
        chunk.outcomes.push(outcome);
    }

    /// Why a row has no place: most often an earlier run brought in the same row as it was before somebody edited
    /// it, and its receipt waits for that.
    fn taken_by(&self, pending_row: &PendingRow, why: String) -> String {
        let statement = &pending_row.pending.entry.statement;
        let mut earlier = self.journal.earlier(&statement.key);
        let is_own = earlier.any(|earlier| {
            earlier.entry.statement != *statement
                && submit::look(&self.clerk, &earlier.entry, None).0 == Proven::Recorded
        });
        if !is_own {
            return why;
        }
        format!(
            "{why}, which an earlier run signed for this number: put the row back as it was and run the same command again for its receipt; to change the record, amend it"
        )
    }

    /// What a node calls expired is signed anew if that is proven, and waits otherwise.
    pub(super) fn expired(&self, pending_row: PendingRow, chunk: &mut Chunk) {
        if self.is_dead(pending_row.pending.entry.statement.expires) {
            chunk.stale.push(pending_row);
        } else {
            chunk.waiting.push(pending_row);
        }
    }

    /// The entry of an earlier run if the row has not changed since, else a new one.
    fn prepare(&self, row: Row, expires: Height) -> Result<RowAction, ImportError> {
        let secret = Secret::new(durable::random()?);
        let content = match row.content {
            RowContent::Fields(fields) => Content::Fields { fields, secret },
            RowContent::Document(document) => Content::Document {
                document,
                salt: secret,
            },
        };
        let opening = Opening {
            record: row.record,
            content: Some(content),
        };
        let key = opening.record.key(&self.registry);
        let (number, name) = (row.number, row.name.clone());
        let travels = |pending: Pending, is_fresh| {
            let pending_row = Box::new(PendingRow::new(number, name, pending));
            Ok(RowAction::Travels(pending_row, is_fresh))
        };
        if let Some(earlier) = self.signed_before(&key, &opening, row.effective.as_ref()) {
            return travels(earlier, false);
        }
        let found = match &self.upsert {
            None => RowState::New,
            Some(upsert) => upsert.judge(&self.clerk, &self.registry, &key, &opening)?,
        };
        let (version, amends) = match found {
            RowState::New => (Version::new(1), None),
            RowState::Changed(version, previous, references) => {
                let reason = self.upsert.as_ref().map(|upsert| upsert.reason.clone());
                (version, reason.map(|reason| (previous, reason, references)))
            }
            RowState::Unchanged(version) => {
                let record = Some(opening.record);
                let outcome = RowOutcome {
                    version: Some(version.get()),
                    ..RowOutcome::not_done(row.number, record, "unchanged", String::new())
                };
                return Ok(RowAction::Decided(Box::new(outcome)));
            }
            RowState::Not(status, reason) => {
                let outcome = not_done(row.number, &row.name, &opening, status, reason);
                return Ok(RowAction::Decided(Box::new(outcome)));
            }
        };
        let statement = Statement {
            operation: amends
                .as_ref()
                .map_or(Operation::Register, |_| Operation::Amend),
            registry: self.registry.clone(),
            key,
            version,
            previous: amends.as_ref().map(|(previous, ..)| *previous),
            effective: row.effective.clone(),
            reason: amends.as_ref().map(|(_, reason, _)| reason.clone()),
            references: amends.map_or_else(Vec::new, |(.., references)| references),
            commitment: opening.content.as_ref().map(Content::commit),
            author: self.clerk.name.clone(),
            expires,
        };
        let authorship = Authorship::Batched;
        let entry = Entry {
            statement,
            authorship,
        };
        travels(Pending { entry, opening }, true)
    }

    /// What an earlier run signed for the row as it is now: the newest of it, for a row may have been another in
    /// between and be what it was again. What was said before a later version is no answer to a row that is to
    /// be the version after that.
    fn signed_before(
        &self,
        key: &RecordKey,
        row: &Opening,
        effective: Option<&Date>,
    ) -> Option<Pending> {
        let mut newest = Version::new(0);
        self.journal.find(key, |earlier| {
            let statement = &earlier.entry.statement;
            newest = newest.max(statement.version);
            statement.version == newest
                && statement.effective.as_ref() == effective
                && submit::same_content(&earlier.opening, row)
        })
    }

    /// What a receipt that is there already says: one of this very entry that still verifies is the
    /// answer, and that of another entry is never written over.
    fn kept(&self, pending_row: &PendingRow) -> Option<RowOutcome> {
        let statement = &pending_row.pending.entry.statement;
        let bytes = self.receipts.find(&pending_row.name, &statement.key)?;
        let receipt = Receipt::parse(&bytes).ok()?;
        if receipt.entry.statement == *statement {
            submit::accept(&self.clerk.trust, &pending_row.pending, &bytes).ok()?;
            return Some(self.anchored(pending_row));
        }
        let reason = format!(
            "{} is or holds the receipt of another entry; anchor this table with another --out",
            self.receipts.path(&pending_row.name).display()
        );
        Some(outcome_of(pending_row, "conflict", reason))
    }

    fn anchored(&self, pending_row: &PendingRow) -> RowOutcome {
        let statement = &pending_row.pending.entry.statement;
        let record = Some(pending_row.pending.opening.record.clone());
        let status = match statement.operation {
            Operation::Amend => "amended",
            _ => "anchored",
        };
        RowOutcome {
            version: Some(statement.version.get()),
            receipt: Some(self.receipts.path(&pending_row.name)),
            ..RowOutcome::not_done(pending_row.row, record, status, String::new())
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

    /// What another clerk signed in an earlier run and is not in the log, this one cannot hand in.
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
            let statement = &mut pending_row.pending.entry.statement;
            statement.author = self.clerk.name.clone();
            statement.expires = expires;
            pending_row.id = statement.id().to_hex();
            pending_row.pending.entry.authorship = Authorship::Batched;
        }
        let renewed = chunk.stale.iter().map(|pending_row| &pending_row.pending);
        self.journal.keep(renewed)?;
        chunk.waiting.append(&mut chunk.stale);
        Ok(())
    }

    /// Fetches the receipts of whole batches. Those that no node gives as a whole are
    /// asked for one by one.
    fn fetch_batches(&self, chunk: &mut Chunk) -> Result<(), ImportError> {
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
    fn fetch(&self, chunk: &mut Chunk, wait_ms: u64) -> Result<(), ImportError> {
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

/// What is to be done with a row.
enum RowAction {
    /// Its entry is sent; whether it is new.
    Travels(Box<PendingRow>, bool),
    Decided(Box<RowOutcome>),
    /// The run has stopped before it.
    Left,
}

/// What becomes of a row whose receipt cannot have its place: nothing is signed for it.
/// That the receipt of a row has no place.
#[must_use]
pub fn unplaced(row: &Row, why: String) -> RowOutcome {
    let cells = match &row.content {
        RowContent::Fields(fields) => super::cells(fields),
        RowContent::Document(_) => vec![row.name.clone()],
    };
    let record = Some(row.record.clone());
    RowOutcome {
        cells,
        ..RowOutcome::not_done(row.number, record, "invalid", why).coded(NO_PLACE)
    }
}

fn pending(row: u64, record: RecordId) -> RowOutcome {
    let reason = "no receipt yet; run the same command again".to_owned();
    RowOutcome::not_done(row, Some(record), "pending", reason)
}

fn outcome_of(pending_row: &PendingRow, status: &'static str, reason: String) -> RowOutcome {
    let opening = &pending_row.pending.opening;
    not_done(pending_row.row, &pending_row.name, opening, status, reason)
}

/// What somebody must mend, with the row itself.
fn not_done(
    row: u64,
    name: &str,
    opening: &Opening,
    status: &'static str,
    reason: String,
) -> RowOutcome {
    let cells = match &opening.content {
        Some(Content::Fields { fields, .. }) => super::cells(fields),
        _ => vec![name.to_owned()],
    };
    RowOutcome {
        cells,
        ..RowOutcome::not_done(row, Some(opening.record.clone()), status, reason)
    }
}
