//! The way of one chunk of rows: sign, keep, send, wait, verify, write. How they are sent, many under one
//! signature, is in `batches`.

use std::time::{Duration, Instant};

use api::RECEIPTS_MAX;
use protocol::{
    commitment::Secret,
    entry::{Authorship, Entry, Operation, Statement},
    height::Version,
    name::RegistryName,
    opening::{Content, Opening},
    pending::Pending,
    receipt::Receipt,
    record::RecordId,
};

use verify::{Verdict, memory::Memory};

use super::{
    Outcome,
    receipts::Receipts,
    rows::{Row, Values},
    upsert::{Found, Upsert},
};
use crate::{
    clerk::{
        journal::Journal,
        submission::{self, Clerk},
    },
    client::of_problem,
    exit::{CONFLICT, Failure},
    files,
};

/// How long one request waits for receipts before the entries are handed in again.
const WAIT_MS: u64 = 3_000;

/// What all chunks share.
pub(super) struct Trip {
    pub(super) clerk: Clerk,
    pub(super) registry: RegistryName,
    pub(super) receipts: Receipts,
    pub(super) journal: Journal,
    /// Whether what is registered is amended.
    pub(super) upsert: Option<Upsert>,
    pub(super) timeout: u64,
}

/// What became of a chunk; a failure that is not a row's stops the run.
pub(super) struct Done {
    pub(super) outcomes: Vec<Outcome>,
    pub(super) failure: Option<Failure>,
}

impl Done {
    pub(super) const fn failed(failure: Failure) -> Self {
        Self {
            outcomes: Vec::new(),
            failure: Some(failure),
        }
    }
}

/// A row with its entry.
pub(super) struct Traveller {
    row: u64,
    name: String,
    id: String,
    pub(super) pending: Pending,
}

impl Trip {
    pub(super) fn travel(&self, rows: Vec<Row>) -> Done {
        let mut outcomes = Vec::new();
        let mut travellers = Vec::new();
        let mut fresh = Vec::new();
        let mut failure = None;
        for row in rows {
            let number = row.number;
            let record = row.record.clone();
            let prepared = match &failure {
                None => self.prepare(row),
                Some(_) => Ok(Prepared::Left),
            };
            match prepared {
                Ok(Prepared::Travels(traveller, is_fresh)) => match self.kept(&traveller) {
                    Some(outcome) => outcomes.push(outcome),
                    None => {
                        fresh.extend(is_fresh.then_some(travellers.len()));
                        travellers.push(*traveller);
                    }
                },
                Ok(Prepared::Decided(outcome)) => outcomes.push(*outcome),
                Ok(Prepared::Left) => outcomes.push(pending(number, record)),
                Err(stopped) => {
                    failure = Some(stopped);
                    outcomes.push(pending(number, record));
                }
            }
        }
        let kept = fresh
            .iter()
            .filter_map(|at| travellers.get(*at))
            .map(|traveller| &traveller.pending);
        let is_new = fresh.len() == travellers.len();
        let result = self
            .journal
            .keep(kept)
            .and_then(|()| self.send(&mut travellers, &mut outcomes, is_new));
        // Whoever is left has been kept but has no receipt: the next run goes on with the same entry.
        let left = travellers.into_iter();
        outcomes.extend(left.map(|left| pending(left.row, left.pending.opening.record)));
        Done {
            outcomes,
            failure: failure.or(result.err()),
        }
    }

    /// The entry of an earlier run if the row has not changed since, else a new one.
    fn prepare(&self, row: Row) -> Result<Prepared, Failure> {
        let secret = Secret::new(files::random()?);
        let content = match row.content {
            Values::Fields(fields) => Content::Fields { fields, secret },
            Values::Document(document) => Content::Document {
                document,
                salt: secret,
            },
        };
        let opening = Opening {
            record: row.record,
            content: Some(content),
        };
        let key = opening.record.key(&self.registry);
        let travels = |pending: Pending, is_fresh| {
            let id = pending.entry.statement.id().to_hex();
            let traveller = Traveller {
                row: row.number,
                name: row.name.clone(),
                id,
                pending,
            };
            Ok(Prepared::Travels(Box::new(traveller), is_fresh))
        };
        let earlier = self.journal.earlier(&key);
        if let Some(earlier) =
            earlier.filter(|earlier| submission::same_content(&earlier.opening, &opening))
        {
            return travels(earlier, false);
        }
        let (version, amends) = match &self.upsert {
            None => (Version::new(1), None),
            Some(upsert) => match upsert.judge(&self.clerk, &self.registry, &key, &opening)? {
                Found::New => (Version::new(1), None),
                Found::Changed(version, previous, references) => {
                    let reason = upsert.reason.clone();
                    (version, Some((previous, reason, references)))
                }
                Found::Unchanged(version) => {
                    let outcome = Outcome {
                        version: Some(version.get()),
                        ..Outcome::not_done(
                            row.number,
                            Some(opening.record),
                            "unchanged",
                            String::new(),
                        )
                    };
                    return Ok(Prepared::Decided(Box::new(outcome)));
                }
                Found::Not(status, reason) => {
                    let outcome = not_done(row.number, &row.name, &opening, status, reason);
                    return Ok(Prepared::Decided(Box::new(outcome)));
                }
            },
        };
        let statement = Statement {
            operation: amends
                .as_ref()
                .map_or(Operation::Register, |_| Operation::Amend),
            registry: self.registry.clone(),
            key,
            version,
            previous: amends.as_ref().map(|(previous, ..)| *previous),
            effective: None,
            reason: amends.as_ref().map(|(_, reason, _)| reason.clone()),
            references: amends.map_or_else(Vec::new, |(.., references)| references),
            commitment: opening.content.as_ref().map(Content::commit),
            author: self.clerk.name.clone(),
            expires: self.clerk.expires,
        };
        let authorship = Authorship::Batched;
        let entry = Entry {
            statement,
            authorship,
        };
        travels(Pending { entry, opening }, true)
    }

    /// What a receipt that is there already says: one of this very entry that still verifies is the
    /// answer, and that of another entry is never written over.
    fn kept(&self, traveller: &Traveller) -> Option<Outcome> {
        let statement = &traveller.pending.entry.statement;
        let bytes = self.receipts.find(&traveller.name, &statement.key)?;
        let receipt = Receipt::parse(&bytes).ok()?;
        if receipt.entry.statement == *statement {
            submission::accept(&self.clerk.trust, &traveller.pending, &bytes).ok()?;
            return Some(self.anchored(traveller));
        }
        let reason = format!(
            "{} is or holds the receipt of another entry; anchor this table with another --out",
            self.receipts.path(&traveller.name).display()
        );
        Some(of_traveller(traveller, "conflict", reason))
    }

    fn anchored(&self, traveller: &Traveller) -> Outcome {
        let statement = &traveller.pending.entry.statement;
        let record = Some(traveller.pending.opening.record.clone());
        let status = match statement.operation {
            Operation::Amend => "amended",
            _ => "anchored",
        };
        Outcome {
            version: Some(statement.version.get()),
            receipt: Some(self.receipts.path(&traveller.name)),
            ..Outcome::not_done(traveller.row, record, status, String::new())
        }
    }

    /// Hands in and fetches in turn until nobody waits any more. A node that has lost its memory, or is
    /// asked in place of another, learns of the entries again; time runs out only where nothing moves.
    fn send(
        &self,
        travellers: &mut Vec<Traveller>,
        outcomes: &mut Vec<Outcome>,
        is_new: bool,
    ) -> Result<(), Failure> {
        let patience = Duration::from_secs(self.timeout);
        if !is_new {
            self.fetch(travellers, outcomes, 0)?;
        }
        let mut until = Instant::now() + patience;
        while !travellers.is_empty() {
            let before = travellers.len();
            self.hand_in(travellers, outcomes, patience)?;
            self.fetch(travellers, outcomes, WAIT_MS)?;
            if travellers.len() < before {
                until = Instant::now() + patience;
            } else if Instant::now() >= until {
                let what = format!("no entry became final within {} s", self.timeout);
                return Err(Failure::verdict(Verdict::Pending, what).help(
                    "run the same command again: it sends the same entries; `muhr network status` says who is missing",
                ));
            }
        }
        Ok(())
    }

    /// Fetches what is final; verifies and writes it.
    fn fetch(
        &self,
        travellers: &mut Vec<Traveller>,
        outcomes: &mut Vec<Outcome>,
        wait_ms: u64,
    ) -> Result<(), Failure> {
        let mut answers = Vec::with_capacity(travellers.len());
        for some in travellers.chunks(RECEIPTS_MAX) {
            let ids: Vec<String> = some.iter().map(|traveller| traveller.id.clone()).collect();
            answers.extend(self.clerk.client.receipts(&ids, wait_ms)?);
        }
        let mut waiting = Vec::new();
        // Most of them come under one checkpoint, and in one batch.
        let memory = Memory::new(&self.clerk.trust);
        for (traveller, answer) in std::mem::take(travellers).into_iter().zip(answers) {
            match (answer.receipt, answer.problem) {
                (Some(receipt), _) => {
                    let (text, _) =
                        submission::accept(&memory, &traveller.pending, receipt.as_bytes())?;
                    let key = traveller.pending.entry.statement.key;
                    self.receipts.keep(&traveller.name, key, text.as_bytes())?;
                    outcomes.push(self.anchored(&traveller));
                }
                (None, Some(problem)) => outcomes.push(refused(&traveller, &of_problem(&problem))),
                (None, None) => waiting.push(traveller),
            }
        }
        *travellers = waiting;
        Ok(())
    }
}

/// What is to be done with a row.
enum Prepared {
    /// Its entry is sent; whether it is new.
    Travels(Box<Traveller>, bool),
    Decided(Box<Outcome>),
    /// The run has stopped before it.
    Left,
}

fn pending(row: u64, record: RecordId) -> Outcome {
    let reason = "no receipt yet; run the same command again".to_owned();
    Outcome::not_done(row, Some(record), "pending", reason)
}

pub(super) fn refused(traveller: &Traveller, failure: &Failure) -> Outcome {
    let status = if failure.code == CONFLICT {
        "conflict"
    } else {
        "refused"
    };
    of_traveller(traveller, status, failure.what.clone())
}

fn of_traveller(traveller: &Traveller, status: &'static str, reason: String) -> Outcome {
    let opening = &traveller.pending.opening;
    not_done(traveller.row, &traveller.name, opening, status, reason)
}

/// What somebody must mend, with the row itself.
fn not_done(
    row: u64,
    name: &str,
    opening: &Opening,
    status: &'static str,
    reason: String,
) -> Outcome {
    let cells = match &opening.content {
        Some(Content::Fields { fields, .. }) => super::cells(fields),
        _ => vec![name.to_owned()],
    };
    Outcome {
        cells,
        ..Outcome::not_done(row, Some(opening.record.clone()), status, reason)
    }
}
