//! The way of one chunk of rows: sign, keep, send, wait, verify, write.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use api::EntryState;
use protocol::{
    commitment::Secret,
    entry::{Operation, Statement},
    height::Version,
    name::RegistryName,
    opening::{Content, Opening},
    pending::Pending,
    receipt::{RECEIPT_BYTES_MAX, Receipt},
};

use verify::Verdict;

use super::{Outcome, Row};
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
    pub(super) receipts: PathBuf,
    pub(super) journal: Journal,
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
struct Traveller {
    row: u64,
    id: String,
    pending: Pending,
}

impl Trip {
    pub(super) fn travel(&self, rows: Vec<Row>) -> Done {
        let mut done = Done {
            outcomes: Vec::new(),
            failure: None,
        };
        let mut travellers = Vec::new();
        let mut fresh = Vec::new();
        for row in rows {
            match self.prepare(row) {
                Ok((traveller, is_fresh)) => {
                    if let Some(outcome) = self.already_done(&traveller) {
                        done.outcomes.push(outcome);
                        continue;
                    }
                    if let Some(outcome) = self.in_the_way(&traveller) {
                        done.outcomes.push(outcome);
                        continue;
                    }
                    fresh.extend(is_fresh.then_some(travellers.len()));
                    travellers.push(traveller);
                }
                Err(failure) => done.failure = Some(failure),
            }
        }
        let kept = fresh
            .iter()
            .filter_map(|at| travellers.get(*at))
            .map(|traveller| (traveller.row, &traveller.pending));
        let result = self
            .journal
            .keep(kept)
            .and_then(|()| self.send(&mut travellers, &mut done.outcomes));
        if let Err(failure) = result {
            done.failure = done.failure.or(Some(failure));
        }
        // Whoever is left has been kept but has no receipt: the next run goes on with the same entry.
        for traveller in travellers {
            let reason = "no receipt yet; run the same command again".to_owned();
            done.outcomes.push(Outcome::not_done(
                traveller.row,
                Some(traveller.pending.opening.record),
                "pending",
                reason,
            ));
        }
        done
    }

    /// The entry of an earlier run if the row has not changed since, else a new one.
    fn prepare(&self, row: Row) -> Result<(Traveller, bool), Failure> {
        let content = Content::Fields {
            fields: row.fields,
            secret: Secret::new(files::random()?),
        };
        let opening = Opening {
            record: row.record,
            content: Some(content),
        };
        if let Some(earlier) = self
            .journal
            .earlier(row.number)
            .filter(|earlier| submission::same_content(&earlier.opening, &opening))
        {
            let id = earlier.entry.statement.id().to_hex();
            return Ok((
                Traveller {
                    row: row.number,
                    id,
                    pending: earlier,
                },
                false,
            ));
        }
        let statement = Statement {
            operation: Operation::Register,
            registry: self.registry.clone(),
            key: opening.record.key(&self.registry),
            version: Version::new(1),
            previous: None,
            effective: None,
            reason: None,
            references: Vec::new(),
            commitment: opening.content.as_ref().map(Content::commit),
            author: self.clerk.name.clone(),
            expires: self.clerk.expires,
        };
        let entry = statement.sign(&self.clerk.origin, &self.clerk.secret);
        let id = entry.statement.id().to_hex();
        Ok((
            Traveller {
                row: row.number,
                id,
                pending: Pending { entry, opening },
            },
            true,
        ))
    }

    fn receipt_path(&self, row: u64) -> PathBuf {
        self.receipts.join(format!("{row:07}.receipt"))
    }

    /// A receipt of an earlier run that still verifies and is of this very entry.
    fn already_done(&self, traveller: &Traveller) -> Option<Outcome> {
        let path = self.receipt_path(traveller.row);
        let bytes = files::read(&path, RECEIPT_BYTES_MAX).ok()?;
        let receipt = Receipt::parse(&bytes).ok()?;
        (receipt.entry.statement == traveller.pending.entry.statement).then_some(())?;
        submission::accept(&self.clerk.trust, &traveller.pending, &bytes).ok()?;
        Some(anchored(traveller, path))
    }

    /// The receipt of another entry is never written over.
    fn in_the_way(&self, traveller: &Traveller) -> Option<Outcome> {
        let path = self.receipt_path(traveller.row);
        let found = Receipt::parse(&files::read(&path, RECEIPT_BYTES_MAX).ok()?).ok()?;
        let other = found.entry.statement != traveller.pending.entry.statement;
        let reason = format!(
            "{} is the receipt of another entry; anchor this table with another --out",
            path.display()
        );
        other.then(|| not_done(traveller, "conflict", reason))
    }

    /// Hands in and fetches in turn until nobody waits any more. A node that has lost its memory, or is
    /// asked in place of another, learns of the entries again; time runs out only where nothing moves.
    fn send(
        &self,
        travellers: &mut Vec<Traveller>,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), Failure> {
        let patience = Duration::from_secs(self.timeout);
        let mut until = Instant::now() + patience;
        while !travellers.is_empty() {
            let before = travellers.len();
            self.hand_in(travellers, outcomes, patience)?;
            self.fetch(travellers, outcomes)?;
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

    fn hand_in(
        &self,
        travellers: &mut Vec<Traveller>,
        outcomes: &mut Vec<Outcome>,
        patience: Duration,
    ) -> Result<(), Failure> {
        let entries: Vec<String> = travellers
            .iter()
            .map(|traveller| traveller.pending.entry.write())
            .collect();
        let answers = self.clerk.client.submit_many(&entries, patience)?;
        let mut waiting = Vec::new();
        for (traveller, answer) in std::mem::take(travellers).into_iter().zip(answers) {
            match (answer.state, answer.problem) {
                (EntryState::Refused, Some(problem)) => {
                    outcomes.push(refused(&traveller, &of_problem(&problem)));
                }
                _ => waiting.push(traveller),
            }
        }
        *travellers = waiting;
        Ok(())
    }

    /// Fetches what is final; verifies and writes it.
    fn fetch(
        &self,
        travellers: &mut Vec<Traveller>,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), Failure> {
        if travellers.is_empty() {
            return Ok(());
        }
        let ids: Vec<String> = travellers
            .iter()
            .map(|traveller| traveller.id.clone())
            .collect();
        let answers = self.clerk.client.receipts(&ids, WAIT_MS)?;
        let mut waiting = Vec::new();
        for (traveller, answer) in std::mem::take(travellers).into_iter().zip(answers) {
            match (answer.receipt, answer.problem) {
                (Some(receipt), _) => {
                    let (receipt, _) = submission::accept(
                        &self.clerk.trust,
                        &traveller.pending,
                        receipt.as_bytes(),
                    )?;
                    let path = self.receipt_path(traveller.row);
                    files::write_lazily(&path, receipt.write().as_bytes())?;
                    outcomes.push(anchored(&traveller, path));
                }
                (None, Some(problem)) => outcomes.push(refused(&traveller, &of_problem(&problem))),
                (None, None) => waiting.push(traveller),
            }
        }
        *travellers = waiting;
        Ok(())
    }
}

fn anchored(traveller: &Traveller, receipt: PathBuf) -> Outcome {
    let record = Some(traveller.pending.opening.record.clone());
    Outcome {
        version: Some(1),
        receipt: Some(receipt),
        ..Outcome::not_done(traveller.row, record, "anchored", String::new())
    }
}

fn refused(traveller: &Traveller, failure: &Failure) -> Outcome {
    let status = if failure.code == CONFLICT {
        "conflict"
    } else {
        "refused"
    };
    not_done(traveller, status, failure.what.clone())
}

/// What somebody must mend, with the row itself.
fn not_done(traveller: &Traveller, status: &'static str, reason: String) -> Outcome {
    let opening = &traveller.pending.opening;
    let cells = match &opening.content {
        Some(Content::Fields { fields, .. }) => super::cells(fields),
        _ => Vec::new(),
    };
    Outcome {
        cells,
        ..Outcome::not_done(traveller.row, Some(opening.record.clone()), status, reason)
    }
}
